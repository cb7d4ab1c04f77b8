"""Sheets to try templates with: every part that one can have, and none of them."""

from datetime import date

from broadsheet.mail.sheet import Item, Link, Section, Sheet

_ROOT = "https://papers.example.org"


def sheets() -> tuple[Sheet, ...]:
    """A full one, one of a single paper of which hardly anything is known, and one of a quiet day."""
    bare = Item("A title", "", "", "", "", (), f"{_ROOT}/paper/bare", ())
    full = Item(
        r"Sparse attention in $O(n \log n)$", "Ada Stone and Ben Hill", "20 November 2026", "PaperConf",
        r"We show that $\ell_1$ is enough.", ("a reason", "another"), f"{_ROOT}/paper/full",
        (Link("arXiv", "https://arxiv.example.org/abs/1"),),
    )  # fmt: skip
    return (
        _sheet((Section("wishes", "cs.CL", (full, bare)), Section("wild", "A wild card", (full,))), 5, 1_480),
        _sheet((Section("rising", "Rising", (bare,)),), 0, 0, "Little is new."),
        _sheet((), 0, 0, "Nothing is new."),
    )


def _sheet(sections: tuple[Section, ...], minutes: int, looked: int, *notes: str) -> Sheet:
    return Sheet(
        site="Papers", language="en", day=date(2026, 11, 20), sections=sections, notes=notes, minutes=minutes,
        looked=looked, home=f"{_ROOT}/", page=f"{_ROOT}/edition/1.a", manage=f"{_ROOT}/subscription/1.a",
        leave=f"{_ROOT}/u/1.a",
    )  # fmt: skip

"""The quick ways through `ids.url` and `text.clean` give what the long ways give."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import ids, text

PIECES = (
    "http://", "https://", "HTTPS://", "www.", "arxiv.org", "a.b", "Example.org", "localhost", ":443", ":8080", "/",
    "//", "abs", "~ada", "a_b", "%20", "%7E", "é", " ", "?", "&", "=", "utm_source=x", "ref=1", "q=1+2", "#top", ";",
    "[", "]", ".",
)  # fmt: skip


def long_way(address: str) -> str | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "_PLAIN_URL", re.compile(r"(?!)"))
        return ids.url(address)


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_an_address_that_needs_no_quoting(rest: str) -> None:
    for address in (rest, f"https://{rest}", f"https://a.example/{rest}"):
        assert ids.url(address) == long_way(address)


def test_an_address_too_long_for_an_index_is_none() -> None:
    assert ids.url("https://a.example/" + "x" * 1_982) and ids.url("https://a.example/" + "x" * 1_983) is None
    assert ids.url("https://a.example/" + "é" * 400) is None


def cleaned(raw: str) -> str:
    """`clean` without any shortcut."""
    plain = text._INVISIBLE.sub("", text._CONTROL.sub("", text._SPACE.sub(" ", raw)))
    return text._SPACE.sub(" ", unicodedata.normalize("NFC", plain)).strip()


def test_printable_text_needs_no_cleaning() -> None:
    for code in (*range(0x11000), *range(0xE0000, 0xE0200)):  # every plane that has marks, spaces or controls
        assert text.clean(f"a{chr(code)}  b ") == cleaned(f"a{chr(code)}  b ")


@pytest.mark.parametrize("raw", ["a", "a ", " a", "a  b", "a\tb", "a\0b", "a\nb", "a\x7fb", "e\u0301"])
def test_long_text_is_cleaned_like_short_text(raw: str) -> None:
    for size in (150, 250):
        around = "word " * (size // 5)
        assert text.clean(f"{around}{raw}{around}") == cleaned(f"{around}{raw}{around}")
        assert text.clean(f"{raw}{around}".strip("a")) == cleaned(f"{raw}{around}".strip("a"))

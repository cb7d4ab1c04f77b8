"""Editions for tests, put into the ledger as the program puts them there; and sheets that need no library."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from broadsheet.editions.content import Content, Part, Printed, Why, pack
from broadsheet.library import Library
from broadsheet.mail.compose import Headers
from broadsheet.mail.sheet import Item, Link, Section, Sheet
from broadsheet.store import Edition, Schedule, Subscriber, Wish

DAY = 20261120
DUE = 1_795_154_400  # seven in the morning of that day, in Berlin
ROOT = "https://papers.example.org"
WHYS = (Why("topic", {"name": "cs.CL"}), Why("search", {"name": "sparse attention"}))


def subscriber(library: Library, email: str = "ada@example.org", language: str = "en", **more: object) -> Subscriber:
    schedule = Schedule(zone="Europe/Berlin", language=language)._replace(**more)  # type: ignore[arg-type]
    return library.store.subscribers.put(email, None, schedule, [Wish("topic", "cs.CL")], DUE - 86_400)


def content(pks: Sequence[int], *quiet: Why, minutes: int = 5, looked: int = 1_480) -> Content:
    """Those papers: the first half of them for a wish, the others for what rises, the last as the wild card."""
    cut = (len(pks) + 1) // 2
    parts = (
        Part("wishes", "cs.CL", tuple(Printed(pk, WHYS) for pk in pks[:cut])),
        Part("rising", "", tuple(Printed(pk, ()) for pk in pks[cut:-1])),
        Part("wild", "", tuple(Printed(pk, ()) for pk in pks[-1:])),
    )
    return Content(tuple(part for part in parts if part.papers), quiet, minutes, looked)


def edition(library: Library, one: Subscriber, said: Content, day: int = DAY, due: int = DUE) -> Edition:
    """An edition that is ready."""
    rows = np.array([paper.pk for paper in said.papers()], "<i4").tobytes()
    made = Edition(0, one.id, day, "ready", "", due, 0, 0, 0, rows, pack(said), due - 600, None)
    assert library.store.editions.put([made]) == 1
    return library.store.editions.of(one.id, 1)[0]


# -- without a library -------------------------------------------------------------------------------------------------


def item(number: int = 1, **more: object) -> Item:
    page = f"{ROOT}/paper/p{number}"
    values: dict[str, object] = {
        "title": f"Velvet tides, part {number}", "authors": "Ada Stone, Ben Hill and 2 more",
        "when": "20 November 2026", "venue": "PaperConf",
        "summary": "We ask what velvet does at low tide, and measure it on four beaches.",
        "why": ("on cs.CL, which you follow",), "link": page,
        "links": (Link("Save", f"{page}#keep"), Link("arxiv.org", "https://arxiv.org/abs/2611.00001")),
    }  # fmt: skip
    return Item(**values | more)  # type: ignore[arg-type]


def sheet(items: Sequence[Item] = (), **more: object) -> Sheet:
    """A sheet of one section with these papers; without any, of a quiet day."""
    sections = (Section("wishes", "cs.CL", tuple(items)),) if items else ()
    values: dict[str, object] = {
        "site": "The Papers", "language": "en", "day": date(2026, 11, 20), "sections": sections,
        "notes": () if items else ("Nothing new came that fits what you follow.",), "minutes": 5 if items else 0,
        "looked": 1_480, "home": f"{ROOT}/", "page": f"{ROOT}/edition/1.aaaa", "manage": f"{ROOT}/subscription/1.bbbb",
        "leave": f"{ROOT}/u/1.cccc",
    }  # fmt: skip
    return Sheet(**values | more)  # type: ignore[arg-type]


def headers(**more: object) -> Headers:
    values: dict[str, object] = {"id": "20261120.1.x", "date": datetime.fromtimestamp(DUE, UTC)}
    return Headers(**values | more)  # type: ignore[arg-type]

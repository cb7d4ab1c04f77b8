"""What a quiet day says of the sources: closed by their own calendar, asked for nothing, or not reached."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from broadsheet.editions.announced import MOST, announced
from broadsheet.editions.content import Why
from broadsheet.library import Library, open_library
from broadsheet.store import Tally
from community_people import sql

FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)
AFTER_THANKSGIVING = date(2026, 11, 27)  # arXiv names the evening before as one without an announcement


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", env={}) as made:
        yield made


def follow(library: Library, *tables: str) -> None:
    (library.home / "broadsheet.toml").write_text("\n".join(tables))


ARXIV = '[sources.arxiv]\ncategories = ["cs.IR"]\n'
BLOG = '[sources.{0}]\nkind = "feed"\nurl = "https://{0}.example.org/feed"\n'


def ran(library: Library, job: str, at: str, *, new: int = 0, outcome: str = "nothing new", why: str = "") -> None:
    with library.store.writing() as writer:
        pk = writer.start_run(job)
        writer.count_run(pk, Tally(new=new), why=why, finished=True, outcome=outcome)
    sql(library.store, "UPDATE run SET started = :at WHERE pk = :pk", at=at, pk=pk)


def test_a_library_without_sources_says_nothing(library: Library) -> None:
    assert announced(library, SATURDAY) == ()


def test_a_weekend_and_a_holiday_of_arxiv(library: Library) -> None:
    follow(library, ARXIV)
    ran(library, "arxiv", "2026-11-20T03:40:00Z", new=412, outcome="new")
    assert announced(library, FRIDAY) == ()
    assert announced(library, date(2026, 11, 22)) == (Why("closed", {"name": "arXiv", "weekday": 6, "holiday": 0}),)
    ran(library, "arxiv", "2026-11-26T03:40:00Z", outcome="nothing new")
    found = announced(library, AFTER_THANKSGIVING)
    assert found == (Why("closed", {"name": "arXiv", "weekday": 4, "holiday": 1}),)


def test_a_source_that_was_asked_in_vain_and_one_that_was_not_reached(library: Library) -> None:
    follow(library, BLOG.format("lamps"), BLOG.format("wicks"), BLOG.format("oil"))
    ran(library, "lamps", "2026-11-20T06:00:00Z")
    ran(library, "wicks", "2026-11-15T06:00:00Z", new=3, outcome="new")
    ran(library, "wicks", "2026-11-20T06:00:00Z", outcome="failed", why="no answer")
    found = announced(library, FRIDAY)
    assert found == (
        Why("unreached", {"name": "wicks", "since": "2026-11-15"}), Why("unreached", {"name": "oil", "since": ""}),
        Why("nothing", {"name": "lamps"}),
    )  # fmt: skip
    ran(library, "lamps", "2026-11-20T06:30:00Z", new=1, outcome="new")
    assert [why.args["name"] for why in announced(library, FRIDAY)] == ["wicks", "oil"]


def test_a_source_that_is_asked_more_rarely_explains_nothing(library: Library) -> None:
    follow(library, BLOG.format("lamps"))
    ran(library, "lamps", "2026-11-17T06:00:00Z")
    assert announced(library, FRIDAY) == ()


def test_forty_silent_feeds_are_not_forty_lines(library: Library) -> None:
    follow(library, *(BLOG.format(f"blog{number}") for number in range(40)))
    assert len(announced(library, FRIDAY)) == MOST

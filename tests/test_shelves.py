"""Searches with a name, and what is new in them; lists; history: over a real library."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import querylang, shelves
from broadsheet.condition import Is, quoted
from broadsheet.errors import Mistake, NotFound
from broadsheet.library import Library, open_library
from broadsheet.store import OWNER, Saved
from corpus import ROWS, make, write

LAMP = {"title": "Lamps of the north", "abstract": "Lamps burn oil.", "authors": ["Ada Wick"], "year": 2021}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with make(tmp_path, ROWS[:30]) as one:
        yield one


def add(library: Library, *rows: dict[str, object]) -> None:
    library.add([write(library.home.parent / f"more{library.store.newest()}.jsonl", rows)])


def lamp(number: int, **more: object) -> dict[str, object]:
    return {**LAMP, "id": f"lamp{number}", "title": f"Lamps of the north, part {number}", **more}


def test_what_came_since_somebody_looked_is_new(library: Library) -> None:
    add(library, lamp(1))
    one = library.save_search("My Lamps", "lamps year:2020..")
    assert (one.name, one.query, one.sort, one.new) == ("My Lamps", "lamps year:2020..", "relevance", 0)
    add(library, lamp(2), lamp(3), lamp(4, year=1999), {"id": "other", "title": "A treatise on wells"})
    found = library.saved_search("MY LAMPS")
    assert (found.new, found.looked) == (2, found.created)
    page = library.look("my lamps")
    assert library.fresh(page, found.seen) == {"lamp2", "lamp3"}
    assert {hit.paper.key for hit in page.hits} >= {"lamp1", "lamp2", "lamp3"} and page.query.limit == 10
    (seen,) = library.saved_searches()
    assert (seen.new, library.fresh(library.look("my lamps"), seen.seen)) == (0, frozenset())


def test_a_later_page_is_no_look(library: Library) -> None:
    library.save_search("lamps", "lamps", "new")
    add(library, lamp(1), lamp(2))
    page = library.look("lamps", offset=1, limit=1, upto=library.store.newest() + 1)
    assert len(page.hits) == 1 and library.saved_search("lamps").new == 2
    with pytest.raises(Mistake, match="limit is 1000"):
        library.look("lamps", limit=1000)
    assert library.saved_search("lamps").new == 2


def test_who_looks_while_somebody_writes_does_not_wait(library: Library) -> None:
    library.settings = replace(library.settings, history=True)
    library.save_search("lamps", "lamps", "new")
    add(library, lamp(1))
    with library.store.writing():
        start = time.monotonic()
        page = library.look("lamps")
        library.remember(page)
        took = time.monotonic() - start
    assert page.total == 1 and took < 5
    assert library.saved_search("lamps").new == 1 and library.history() == (), "let go, and nothing is wrong"
    library.remember(library.look("lamps"))
    assert library.saved_search("lamps").new == 0 and len(library.history()) == 1


def test_what_is_not_indexed_when_somebody_looks_is_new_later(library: Library) -> None:
    library.save_search("lamps", "lamps", "new")
    library.add([write(library.home.parent / "late.jsonl", [lamp(1)])], index=False)
    library.look("lamps")
    assert library.saved_search("lamps").new == 0, "nobody can have been shown it"
    library.refresh()
    assert library.saved_search("lamps").new == 1


def test_a_search_saved_before_there_was_anything(tmp_path: Path) -> None:
    with open_library(tmp_path / "empty", env={}) as library:
        library.save_search("lamps", "lamps")
        assert library.look("lamps").total == 0
        add(library, lamp(1))
        assert library.saved_search("lamps").new == 1


def test_a_saved_identifier_waits_for_its_paper(library: Library) -> None:
    one = library.save_search("that one", "doi:10.5555/lamp")
    assert (one.query, one.new) == ("doi:10.5555/lamp", 0)
    add(library, lamp(1, doi="10.5555/lamp"))
    assert library.saved_search("that one").new == 1
    assert [hit.paper.title for hit in library.look("that one").hits] == [lamp(1)["title"]]
    assert library.saved_search("that one").new == 0


def test_a_misspelled_question_is_saved_as_it_was_answered(library: Library) -> None:
    add(library, lamp(1))
    assert library.search("lamsp north").mended == "lamps north"
    assert library.save_search("mended", "lamsp north").query == "lamps north"
    assert library.save_search("meant", "lamsp north", verbatim=True).query == "lamsp north"
    assert library.look("meant").mended == ""


def test_a_name_is_given_once(library: Library) -> None:
    library.save_search("Lamps", "lamps")
    assert library.save_search("LAMPS", "lamps").name == "Lamps", "the same again changes nothing"
    with pytest.raises(Mistake, match="there is a saved search 'Lamps' already, for 'lamps'"):
        library.save_search("lamps", "wells")
    with pytest.raises(Mistake, match="already"):
        library.save_search("lamps", "lamps", "new")
    library.save_search("wells", "wells")
    with pytest.raises(Mistake, match="there is a saved search 'WELLS' already"):
        library.rename_search("lamps", "WELLS")
    assert library.rename_search("lamps", "Lights").name == "Lights"
    with pytest.raises(NotFound, match=r"there is no saved search 'lamps' \(there are: Lights, wells\)"):
        library.look("lamps")
    assert library.remove_search("LIGHTS").query == "lamps"
    assert [one.name for one in library.saved_searches()] == ["wells"]


@pytest.mark.parametrize("name", ["", "  ", "a/b", "x" * 81, 'say "so"', "“so”", "\x00\x1b", "\u0301", "\u200b"])
def test_names_that_nothing_can_have(library: Library, name: str) -> None:
    wanted = "cannot be a name: it takes 1 to 80 characters, without / and quotation marks"
    with pytest.raises(Mistake, match=wanted):
        library.save_search(name, "lamps")
    with pytest.raises(Mistake, match=wanted):
        library.keep([str(ROWS[0]["id"])], name)
    library.save_search("lamps", "lamps")
    with pytest.raises(Mistake, match=wanted):
        library.rename_search("lamps", name)


@pytest.mark.parametrize(("text", "sort"), [("", "relevance"), ("  ", "new"), ('""', "new"), ("lamps", "best")])
def test_what_is_no_question_is_not_saved(library: Library, text: str, sort: str) -> None:
    with pytest.raises(Mistake, match=r"must ask for something|sort is 'best'"):
        library.save_search("lamps", text, sort)  # type: ignore[arg-type]
    assert library.saved_searches() == ()


@given(st.text(max_size=90))
def test_every_name_of_a_list_can_be_asked_for(name: str) -> None:
    try:
        called = shelves.named(name)
    except Mistake:
        return
    query = querylang.parse(f"in:{quoted(called)}")
    assert query.conditions == (Is("in", called),) and query.words == "" and query.notes == ()
    assert shelves.named(called) == called


@pytest.mark.parametrize(
    ("text", "sort", "note"),
    [
        ("journal:nature lamps", "new", "“journal:” is no field, or not any more; it was searched as words."),
        ("lamps -journal:nature", "new", "“journal:” is no field, or not any more; it was searched as words."),
        ("lamps OR journal:nature", "new", "“journal:” is no field, or not any more; it was searched as words."),
        ("autor:wick lamps", "new", "At character 1: “autor:” is no field; did you mean author:?"),
        ("has:coed lamps", "new", "“has:coed” is nothing that a paper may have"),
        ("lamps", "shine", "The order 'shine' is not known any more; relevance takes its place."),
    ],
)
def test_a_search_whose_words_mean_something_else_now(library: Library, text: str, sort: str, note: str) -> None:
    """As it stands in a library that a version with other fields and orders has written."""
    add(library, lamp(1))
    library.store.searches.save(OWNER, "old", text, sort, 0)
    library.store.searches.save(OWNER, "whole", "lamps", "new", 0)
    old, whole = library.saved_searches()
    assert sum(note in one for one in old.notes) == 1 and len(old.notes) == 1
    assert (whole.new, whole.notes) == (1, ())
    page = library.look("old")
    assert page.notes[0].startswith(old.notes[0])


def test_addresses_and_times_are_no_fields() -> None:
    for text in ("https://lamps.example.org/x wick", "12:30 trains", "lamps: wicks", "title:lamps like:x"):
        assert shelves.read(Saved("n", text, "new", "", 0, ""), OWNER).notes == ()


def test_papers_are_kept_on_lists_and_searched_there(library: Library) -> None:
    add(library, lamp(1, arxiv_id="2101.00001"), lamp(2), lamp(3))
    assert [paper.key for paper in library.keep(["lamp1", "lamp2"])] == ["lamp1", "lamp2"]
    assert [paper.key for paper in library.keep(["arXiv:2101.00001v2", "lamp3"], "SAVED")] == ["lamp3"]
    library.keep(["lamp3"], "To read")
    assert [(one.name, one.papers) for one in library.lists()] == [("saved", 3), ("To read", 1)]
    assert {hit.paper.key for hit in library.search("in:saved").hits} == {"lamp1", "lamp2", "lamp3"}
    assert [hit.paper.key for hit in library.search('lamps in:"to READ"').hits] == ["lamp3"]
    assert [paper.key for paper in library.unkeep(["lamp3", "lamp2"], "to read")] == ["lamp3"]
    assert library.kept("to read") == () and len(library.kept()) == 3
    with pytest.raises(NotFound, match=r"there is no list 'to write' \(there are: saved, To read\)"):
        library.kept("to write")
    with pytest.raises(NotFound, match="no paper has the id lamp9"):
        library.keep(["lamp2", "lamp9"], "new")
    assert [one.name for one in library.lists()] == ["saved", "To read"], "one wrong id, and nothing is kept"


def test_nothing_is_on_a_list_that_nobody_has_begun(library: Library) -> None:
    assert (library.lists(), library.kept(), library.search("in:saved").total) == ((), (), 0)
    with pytest.raises(NotFound, match="there are: none yet"):
        library.kept("talks")


def test_a_kept_paper_that_is_merged_into_another_stays_kept(library: Library) -> None:
    add(library, lamp(1), {"id": "wells", "title": "A treatise on wells"})
    library.keep(["wells"])
    library.join("lamp1", "wells")
    assert [paper.title for paper in library.kept()] == [lamp(1)["title"]]
    library.split("lamp1", 2)
    assert [paper.title for paper in library.kept()] == [lamp(1)["title"]], "the row that was there has it"
    assert library.store.check() == []


def test_history_is_off_unless_it_is_turned_on(library: Library) -> None:
    library.remember(library.search("lamps"))
    assert library.history() == ()


def test_history_notes_first_pages_of_questions(library: Library) -> None:
    library.settings = replace(library.settings, history=True)
    add(library, lamp(1))
    library.remember(library.search("lamps year:2021"))
    library.remember(library.search(library.parse("lamps", offset=10)))
    library.remember(library.search(""))
    (one,) = library.history()
    assert (one.query, one.sort, one.total) == ("lamps year:2021", "relevance", library.search("lamps year:2021").total)
    assert (library.wipe_history(), library.history()) == (1, ())

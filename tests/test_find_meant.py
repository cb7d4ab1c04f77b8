"""What a question means when it says something else: names of papers, misspelled words, papers that are missed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from broadsheet import export
from broadsheet.errors import NotFound
from broadsheet.library import Library, open_library
from broadsheet.query import Filters
from broadsheet.querylang import parse
from broadsheet.web import create_app
from corpus import make, write
from shell import broadsheet

LAMPS = [
    {
        "id": f"lamp{n}", "title": f"Paper lanterns for quiet harbours, volume {n}", "year": 2000 + n, "venue": "Lamps",
        "abstract": "We fold lanterns of oiled paper. They burn all night.", "authors": ["Ada Wick", f"Bo Flame{n}"],
        "citations": 3 * n, "code": f"https://example.org/code/{n}" if n % 2 else "",
    }
    for n in range(8)
]  # fmt: skip
WELL = {"id": "well", "title": "Differentiable wells as a layer", "abstract": "Water stands in wells.", "year": 2019}
SONG = {"id": "song", "title": "Songs of the ferry", "abstract": "A lantern hangs at the bow.", "authors": ["Cy Quill"]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("meant")
    with make(home, [*LAMPS, WELL, SONG]):
        return home / "library"


@pytest.fixture(scope="module")
def library(home: Path) -> Iterator[Library]:
    with open_library(home, env={}) as library:
        yield library


# -- straight to the paper -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["id:well", "well", "Differentiable wells as a layer", "differentiable WELLS as a layer."]
)
def test_a_name_or_a_whole_title_leads_to_its_paper(library: Library, text: str) -> None:
    assert library.straight(library.parse(text)) == "well"


@pytest.mark.parametrize(
    "text",
    [
        '-"Differentiable wells as a layer"', "-Differentiable wells as a layer", "wells as",
        "Songs of the ferry year:2019", "Differentiable wells as a layer like:song", "id:nobody",
    ],
)  # fmt: skip
def test_what_is_more_than_a_name_is_searched(library: Library, text: str) -> None:
    assert library.straight(library.parse(text)) == ""
    assert library.straight(library.parse("Differentiable wells as a layer", verbatim=True)) == ""


# -- spelling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lantrens", "lanterns"), ("lanterrns harbours", "lanterns harbours"), ("harbuors", "harbours"),
        ("paper lanterns", ""), ("wick", ""), ("hrbr", ""), ("haerboors", "harbours"), ("lamp-lantrens", ""),
    ],
)  # fmt: skip
def test_words_that_nobody_wrote_are_mended(library: Library, typed: str, meant: str) -> None:
    page = library.search(typed)
    assert page.mended == meant
    if meant:
        assert page.total == library.search(meant).total
        assert [hit.paper.key for hit in page.hits] == [hit.paper.key for hit in library.search(meant).hits]
        assert not library.search(library.parse(typed, verbatim=True)).mended


def test_what_was_mended_is_mended_everywhere(library: Library) -> None:
    asked = library.parse("lantrens")
    page = library.search(asked)
    assert len(list(export.found(library, asked))) == page.total
    assert library.finder.new_since(asked, 0) == page.total
    assert library.why_not(asked, "lamp3")[0].startswith("It is here: number")


def test_words_of_no_paper_are_said_to_be(library: Library) -> None:
    assert "No paper holds any of these words" in " ".join(library.search("xyzzy").notes)
    assert not library.search("xyzzy lanterns").notes


# -- why not ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("lanterns year:2003", "lamp4", "“year:2003” does not hold: its year is 2004."),
        ("venue:Lamps author:quill", "lamp1", "“author:quill” does not hold: its author is Ada Wick and Bo Flame1."),
        ("lanterns -paper", "lamp1", "“-paper” does not hold."),
        ("title:harbours", "song", "“title:harbours” does not hold."),
        ("has:code", "lamp2", "“has:code” does not hold."),
        ("lanterns", "lamp2", "It is here: number "),
        ("like:lamp1", "lamp1", "It is not among the 200 papers most like those that were named."),
    ],
)
def test_why_a_paper_is_not_there(library: Library, text: str, key: str, said: str) -> None:
    assert library.why_not(library.parse(text), key)[0].startswith(said)


def test_why_a_paper_that_is_not_here_is_not_there(library: Library) -> None:
    with pytest.raises(NotFound, match="nobody"):
        library.why_not(library.parse("lanterns"), "nobody")


# -- orders and facets -----------------------------------------------------------------------------------------------


def test_ten_times_the_attention_outweighs_a_year(tmp_path: Path) -> None:
    rows = [
        {"id": "old", "title": "Lantern one", "date": "2020-05-01", "citations": 100},
        {"id": "new", "title": "Lantern two", "date": "2021-06-01", "citations": 9},
        {"id": "newer", "title": "Lantern three", "date": "2021-07-01", "citations": 0},
        {"id": "dateless", "title": "Lantern four", "citations": 5_000},
    ]
    with make(tmp_path, rows) as library:
        for text in ("", "lantern", "like:newer"):
            found = [hit.paper.key for hit in library.search(library.parse(text, sort="rising")).hits]
            assert found == [key for key in ("new", "old", "newer", "dateless") if text != f"like:{key}"], text


def test_facets_are_of_the_whole_answer(library: Library) -> None:
    page = library.search(library.parse("+lanterns", facets=True, limit=1))
    assert page.total == 9
    assert page.years == {2000 + n: 1 for n in range(8)}
    assert dict(page.facets["author"])["Ada Wick"] == 8
    assert dict(page.facets["venue"]) == {"Lamps": 8}
    assert dict(page.facets["has"]) == {"abstract": 9, "code": 4}


def test_the_nearest_sentence_is_the_snippet_of_a_similar_paper(library: Library) -> None:
    (first, *_) = library.similar(["lamp1"], limit=1).hits
    assert first.snippet.text in ("We fold lanterns of oiled paper.", "They burn all night.")
    assert "Paper lanterns" in first.paper.title and first.why


def test_years_that_exclude_each_other(library: Library) -> None:
    query = parse("lanterns year:2003", filters=Filters(year_from=2005))
    assert (query.filters.year_from, query.filters.year_to) == (2003, 2003)
    assert "exclude each other" in query.notes[0]
    assert parse(query.canonical()) == query


# -- one language, four ways -----------------------------------------------------------------------------------------


def test_the_box_the_address_json_and_argv_give_one_answer(home: Path, library: Library) -> None:
    box = "lanterns +paper -ferry title:(harbours OR wells) venue:Lamps has:code year:2001..2006"
    client = TestClient(create_app(library))
    fields: dict[str, Any] = {"q": "lanterns +paper -ferry title:(harbours OR wells)", "year": "2001..2006"}
    many = {"venue": ["Lamps"], "has": ["code"]}
    asked = library.search(library.parse(box)).to_dict()
    answers = [
        client.get("/api/v1/search", params={"q": box}).json(),
        client.get("/api/v1/search", params=fields | many).json(),
        client.post("/api/v1/search", json=fields | many).json(),
        broadsheet(home, "search", box, "--json").json,
        broadsheet(
            home, "search", fields["q"], "--venue", "Lamps", "--has", "code", "--year", "2001..2006", "--json"
        ).json,
    ]
    assert asked["total"] == 3
    for answer in answers:
        assert {**answer, "took_ms": 0} == {**json.loads(json.dumps(asked)), "took_ms": 0}


def test_a_question_in_json_is_always_answered_whole(library: Library) -> None:
    client = TestClient(create_app(library))
    tag = client.get("/api/v1/search?q=lanterns").headers["etag"]
    again = client.post("/api/v1/search", json={"q": "lanterns"}, headers={"if-none-match": tag})
    assert (again.status_code, again.json()["total"]) == (200, library.search("lanterns").total)
    several: list[object] = [{"q": 5}, {"query": "lanterns"}, {"year": "soon"}, {"limit": 0}, {"has": ["lamp"]}, []]
    for wrong in several:
        assert client.post("/api/v1/search", json=wrong).status_code == 400


def test_the_page_says_what_was_mended_and_why_a_paper_is_missed(library: Library) -> None:
    client = TestClient(create_app(library))
    html = client.get("/search?q=lantrens").text
    assert "Showing results for" in html and 'verbatim=1">Search for' in html
    html = client.get("/search?q=lanterns&year=2003&missing=lamp4").text
    assert "its year is 2004" in html
    html = client.get("/search?q=lanterns&missing=nobody").text
    assert "No paper here has this identifier." in html
    assert 'class="facet"' in html and "venue=Lamps" in html


def test_another_library_knows_other_words(tmp_path: Path) -> None:
    with open_library(tmp_path / "empty", env={}) as library:
        assert library.search("lantrens").total == 0
        assert list(export.found(library, library.parse("lantrens"))) == []
        library.add([write(tmp_path / "one.jsonl", LAMPS[:3])])
        assert library.search("lantrens").mended == "lanterns"

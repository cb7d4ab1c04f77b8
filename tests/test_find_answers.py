"""What a question finds, compared with a plain reading of every record: phrases, filters, sorts, look-ups."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadsheet.errors import Mistake
from broadsheet.library import Library, open_library
from broadsheet.paper import Paper
from broadsheet.query import MAX_LIMIT, Filters, Page, Sort
from broadsheet.querylang import parse
from broadsheet.text import fold
from corpus import CATEGORIES, ROWS, VENUES, make, write


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with make(tmp_path_factory.mktemp("find")) as library:
        yield library


@pytest.fixture(scope="module")
def papers(library: Library) -> list[Paper]:
    return list(library.papers())


def everything(library: Library, text: str, filters: Filters | None = None, sort: Sort = "relevance") -> list[Paper]:
    """All that a question finds, page after page."""
    found: list[Paper] = []
    offset: int | None = 0
    while offset is not None:
        page = library.search(parse(text, filters=filters, sort=sort, offset=offset, limit=MAX_LIMIT))
        found += [hit.paper for hit in page.hits]
        offset = page.next_offset
    return found


def keys(papers: list[Paper]) -> list[str]:
    return sorted(paper.key for paper in papers)


def spoken(text: str) -> list[str]:
    """Folded words without any analysis."""
    return re.findall(r"[^\W_]+", fold(text))


def says(part: str, phrase: str) -> bool:
    return f" {' '.join(spoken(phrase))} " in f" {' '.join(spoken(part))} "


def holds(paper: Paper, phrase: str) -> bool:
    """Word for word, in that order, within the title, the abstract or one keyword."""
    return any(says(part, phrase) for part in (paper.title, paper.abstract, *paper.keywords))


def fits(paper: Paper, filters: Filters) -> bool:
    low, high = filters.year_from, filters.year_to
    dated = paper.year is not None and (low or 0) <= paper.year <= (high or 9999)
    if not dated and (low is not None or high is not None):
        return False
    if filters.authors and not any(says(name, wanted) for name in paper.authors for wanted in filters.authors):
        return False
    for values, wanted in (
        ((paper.venue,), filters.venues), (paper.categories, filters.categories), (paper.sources, filters.sources),
    ):  # fmt: skip
        if wanted and not {*map(fold, values)} & {*map(fold, wanted)}:
            return False
    return True


FILTERS = st.builds(
    Filters,
    st.none() | st.integers(1995, 2026),
    st.none() | st.integers(1995, 2026),
    st.lists(st.sampled_from([*VENUES[:-1], "paperconf"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["okafor", "Ada Okafor", "okafor ada", "LEA", "Ødegård", "nobody"]), max_size=2).map(
        tuple
    ),
    st.lists(st.sampled_from([*CATEGORIES, "CS.ai"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["jsonl", "elsewhere"]), max_size=1).map(tuple),
)


@given(filters=FILTERS)
def test_filters_alone_give_all_that_fit(library: Library, papers: list[Paper], filters: Filters) -> None:
    wanted = [paper for paper in papers if fits(paper, filters)]
    page = library.search(parse("", filters=filters, limit=MAX_LIMIT, facets=True))
    assert page.total == len(wanted)
    assert keys(everything(library, "", filters)) == keys(wanted)
    years = [paper.year for paper in wanted if paper.year]
    assert page.years == {year: years.count(year) for year in set(years)}


@given(filters=FILTERS, text=st.sampled_from(["sparse routing", "glacier", "the who", "bird songs in real time"]))
def test_whatever_the_words_every_hit_fits(library: Library, text: str, filters: Filters) -> None:
    assert all(fits(paper, filters) for paper in everything(library, text, filters))


@pytest.mark.parametrize(
    "phrase", ["river deltas", "the error on three", "under shift, study", "RIVER-deltas", "größe"]
)
@pytest.mark.parametrize("rest", ["", "study", "glacier -proof"])
def test_a_phrase_is_found_word_for_word(library: Library, papers: list[Paper], phrase: str, rest: str) -> None:
    found = everything(library, f'"{phrase}" {rest}')
    wanted = [paper for paper in papers if holds(paper, phrase) and not ("-" in rest and holds(paper, "proof"))]
    assert wanted
    assert keys(found) == keys(wanted)


def test_words_of_a_phrase_in_another_order_are_not_it(library: Library) -> None:
    page = library.search('"deltas river"')
    assert (page.total, page.hits) == (0, ())
    assert page.near == ("deltas river",)
    assert library.search(page.near[0]).hits


def test_a_phrase_does_not_reach_from_the_title_into_the_abstract(library: Library, papers: list[Paper]) -> None:
    paper = next(paper for paper in papers if paper.abstract and not paper.abstract.startswith(paper.title))
    over = f"{paper.title.split()[-1]} {paper.abstract.split()[0]}"
    assert not library.search(f'"{over}"').total
    assert not library.search('author:"okafor ada"').total, "nor from one author to the next"


@pytest.mark.parametrize("text", ["-glacier", "sparse -glacier", 'study -"river deltas" -bird', "-the", "-the -of -we"])
def test_words_left_out_are_in_no_hit(library: Library, papers: list[Paper], text: str) -> None:
    query = parse(text)
    found = everything(library, text)
    assert not [paper.key for paper in found for word in query.without if holds(paper, word)]
    if not query.words:
        assert keys(found) == keys([p for p in papers if not any(holds(p, word) for word in query.without)])


def test_a_title_with_a_word_left_out_is_not_pinned(tmp_path: Path) -> None:
    with make(tmp_path, [{"title": "Graph networks", "id": "a1"}, {"title": "Graph theory", "id": "a2"}]) as library:
        assert [paper.key for paper in everything(library, "graph -networks")] == ["a2"]


# -- orders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "study", "year:2001..2015", "author:okafor glacier"])
def test_sorts(library: Library, text: str) -> None:
    new, old, cited = (everything(library, text, sort=sort) for sort in ("new", "old", "cited"))
    dates = [(paper.date or str(paper.year or "")).replace("-", "").ljust(8, "0") for paper in new]
    assert dates == sorted(dates, reverse=True)
    dates = [(paper.date or str(paper.year or "")).replace("-", "").ljust(8, "0") for paper in old]
    assert dates == sorted(dates, key=lambda date: (date == "0" * 8, date)), "those without a date come last"
    citations = [paper.citations or 0 for paper in cited]
    assert citations == sorted(citations, reverse=True)
    assert keys(new) == keys(old) == keys(cited)


def test_the_newest_with_all_words_is_the_newest_of_all(tmp_path: Path) -> None:
    """Not of the best matches: a thousand papers say the words better than the one that came last."""
    rows = [{"title": f"Lantern lantern study {n}", "id": f"s{n}", "year": 1990 + n % 30} for n in range(1000)]
    late = {"title": "Notes", "abstract": "A study, among much else, of one lantern.", "id": "late", "year": 2024}
    half = {"title": "Lantern maps", "id": "half", "year": 2025}
    with make(tmp_path, [*rows, late, half]) as library:
        page = library.search(parse("lantern study", sort="new"))
        assert page.hits[0].paper.key == "late"
        assert page.hits[0].why
        assert (page.total, page.reach) == (1001, 1001)
        assert library.search(parse("lantern maps study", sort="new")).hits, "nobody holds all: the best there are"


@pytest.mark.parametrize("sort", ["relevance", "new", "cited"])
@pytest.mark.parametrize("text", ["sparse routing study", "", "category:cs.CL", '"the method"'])
def test_pages_together_are_the_long_list(library: Library, text: str, sort: Sort) -> None:
    long = everything(library, text, sort=sort)
    assert len({paper.key for paper in long}) == len(long)
    short: list[Paper] = []
    for offset in range(0, len(long), 7):
        page = library.search(parse(text, sort=sort, offset=offset, limit=7))
        assert page.total == len(long)
        assert page.previous_offset == (max(0, offset - 7) if offset else None)
        short += [hit.paper for hit in page.hits]
    assert [paper.key for paper in short] == [paper.key for paper in long]
    assert page.next_offset is None


def test_pages_stay_while_papers_arrive(tmp_path: Path) -> None:
    for text in ("study", "", "year:1990.."):
        with make(tmp_path / text[:1], ROWS[:200]) as library:
            before = everything(library, text)
            page = library.search(parse(text, limit=40))
            new = [{**row, "year": 2026, "id": f"new{n}"} for n, row in enumerate(ROWS[200:240])]
            library.add([write(tmp_path / "new.jsonl", new)])
            pages = [page] + [library.search(page.query.turned(at)) for at in range(40, len(before), 40)]
            assert [hit.paper.key for page in pages for hit in page.hits] == [paper.key for paper in before]
            assert everything(library, text) != before, "whoever asks anew sees the new ones"
            with open_library(library.home) as other:  # another process, which never saw the first page
                pages = [other.search(page.query.turned(at)) for at in range(0, len(before), 40)]
                shown = [hit.paper.key for page in pages for hit in page.hits]
                assert set(shown) == {paper.key for paper in before}
                assert len(shown) == len(before)


# -- look-ups ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["10.5555/MADE.7", "doi:10.5555/made.7", "https://doi.org/10.5555/made.7", "https://dx.doi.org/10.5555/Made.7"],
)
def test_a_doi_in_any_spelling_is_that_paper(library: Library, text: str) -> None:
    page = library.search(text)
    assert [hit.paper.title for hit in page.hits] == [ROWS[7]["title"]]
    assert page.hits[0].why == "doi:10.5555/made.7 is one of its identifiers"


def test_arxiv_ids_and_own_ids(library: Library) -> None:
    row = ROWS[25]
    for text in (
        row["arxiv_id"],
        f"arXiv:{row['arxiv_id']}v3",
        f"https://arxiv.org/pdf/{row['arxiv_id']}.pdf",
        row["id"],
    ):
        page = library.search(text)
        assert [hit.paper.title for hit in page.hits] == [row["title"]], text
        assert library.paper(text) == page.hits[0].paper


def test_an_own_id_that_is_a_word_of_papers_is_that_word(tmp_path: Path) -> None:
    rows = [{"id": "glacier", "title": "A key that is a word"}, {"id": "g2", "title": "Where glacier ice melts"}]
    with make(tmp_path, rows) as library:
        assert library.search("glacier").hits[0].paper.key == "g2"
        assert [hit.paper.key for hit in library.search("id:glacier").hits] == ["glacier"]
        assert [hit.paper.key for hit in library.search("g2").hits] == ["g2"]
        assert not library.search("g2 year:1999").hits


def test_ids_of_merged_copies_lead_to_the_one_paper(tmp_path: Path) -> None:
    row = ROWS[11]
    with make(tmp_path, [row]) as library:
        library.add([write(tmp_path / "copy.jsonl", [{**row, "id": "other-name", "doi": "10.5555/copy"}])])
        assert library.store.count() == 1
        for text in (row["id"], "other-name", "10.5555/copy"):
            assert [hit.paper.title for hit in library.search(text).hits] == [row["title"]]


def test_an_id_that_nobody_has_is_searched_as_words(library: Library) -> None:
    assert library.paper("10.5555/none") is None
    assert library.search("10.5555/none").query.lookup == "doi:10.5555/none"


def test_a_look_up_pays_no_heed_to_filters_and_says_so(library: Library) -> None:
    page = library.search(parse("10.5555/made.7", filters=Filters(year_from=2999)))
    assert len(page.hits) == 1
    assert "no heed to filters" in page.notes[-1]


def test_every_title_finds_its_paper_first(library: Library, papers: list[Paper]) -> None:
    for paper in papers:
        hit = library.search(paper.title).hits[0]
        assert hit.paper.key == paper.key
        assert any(signal.name == "title" for signal in hit.signals)


def test_authors_are_found_by_their_names_in_the_box(library: Library) -> None:
    for name in ("okafor", "Grace Tanaka", "kofi odegard"):
        for hit in library.search(name).hits[:5]:
            assert any(fold(name) in fold(author) for author in hit.paper.authors), name
            assert "among its authors" in hit.why


# -- strange questions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("图神经网络的研究", "strange2"), ("تعلم الآلة", "strange3"), ("\\mathcal{O}(n \\log n) bounds", "strange4"),
        ("the who", "strange7"), ("emoji parrots 🦜", "strange5"), ("GRÖSSE naiver garten", "strange1"),
        ("<script>alert('title')</script>", "strange6"), ("the who and the what" + " " * 9_000 + "!", "strange7"),
    ],
)  # fmt: skip
def test_any_script_is_a_question(library: Library, text: str, first: str) -> None:
    assert library.search(text).hits[0].paper.key == first


@pytest.mark.parametrize("text", ["!!!", "?", "🦜", "... --- ...", "§"])
def test_only_punctuation_is_said(library: Library, text: str) -> None:
    page = library.search(text)
    assert "no word to search for" in page.notes[0]
    assert page.total == library.store.count()


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "word " * 2_000, '"' * 10_000, "-" * 10_000, "year:" * 2_000, "(" * 10_000]
)
def test_ten_thousand_characters(library: Library, text: str) -> None:
    page = library.search(text)
    assert any("was cut" in note for note in page.notes)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(max_size=300) | st.text('ab"- :year2019.', max_size=60),
    filters=FILTERS,
    sort=st.sampled_from(["new", "relevance"]),
)
def test_anything_is_answered(library: Library, text: str, filters: Filters, sort: Sort) -> None:
    page = library.search(parse(text, filters=filters, sort=sort, limit=5))
    assert page.total >= len(page.hits)
    told: Page = page
    assert told.to_dict()["query"] == page.query.canonical()


# -- states --------------------------------------------------------------------------------------------------------


def test_an_empty_library(tmp_path: Path) -> None:
    with open_library(tmp_path, env={}) as library:
        for text in ("", "anything", "10.5555/none", "-x", '"a b"'):
            page = library.search(text)
            assert (page.total, page.hits, page.near) == (0, (), ())
        assert library.refresh() == 0
        assert library.search("anything").total == 0
        assert library.stats().papers == 0


def test_papers_not_indexed_yet_are_said(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:20]) as library:
        library.add([write(tmp_path / "more.jsonl", ROWS[20:22])], index=False)
        assert library.search("study").notes == ("2 changes not indexed yet; `broadsheet doctor` catches up.",)


def test_a_paper_that_is_gone_leaves_a_gap_and_no_repeat(tmp_path: Path) -> None:
    """Two rows become one work while somebody turns pages of a list that still has both."""
    with make(tmp_path, ROWS[:60]) as library:
        twin = {"title": ROWS[3]["title"], "doi": "10.5555/bridge", "authors": ["Else Where"], "year": 1901}
        library.add([write(tmp_path / "twin.jsonl", [twin])])
        before = everything(library, "")
        bridge = {"id": ROWS[3]["id"], "title": ROWS[3]["title"], "doi": "10.5555/bridge"}
        library.add([write(tmp_path / "bridge.jsonl", [bridge])], index=False)
        assert library.store.count() == len(before) - 1
        pages = [library.search(parse("", limit=7, offset=at)) for at in range(0, len(before), 7)]
        assert [page.next_offset for page in pages] == [*range(7, len(before), 7), None]
        shown = [hit.paper.key for page in pages for hit in page.hits]
        assert len(set(shown)) == len(shown) == len(before) - 1


def test_a_page_beyond_the_end_is_empty(library: Library) -> None:
    page = library.search(parse("sparse routing", offset=9_000))
    assert (page.hits, page.next_offset) == ((), None)
    assert page.total > 0


def test_nothing_fits_and_something_near_would(library: Library) -> None:
    page = library.search('author:nobody "river deltas"')
    assert page.total == 0
    assert '"river deltas"' in page.near
    assert all(library.search(near).total for near in page.near)


def test_numbers_out_of_range_are_mistakes(library: Library) -> None:
    with pytest.raises(Mistake):
        library.parse("x", limit=0)


def test_a_title_is_known_beside_a_filter(library: Library, papers: list[Paper]) -> None:
    paper = next(paper for paper in papers if paper.year and len(paper.title.split()) > 3)
    for text in (paper.title, f"{paper.title} year:{paper.year}", f"year:..{paper.year} {paper.title}"):
        best = library.search(parse(text)).hits[0]
        assert (best.paper.title, best.signals[0].name) == (paper.title, "title"), text


def test_the_oldest_first_are_those_that_have_a_date(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"title": "Delta of no year"},
        {"title": "Delta now", "year": 2020},
        {"title": "Delta then", "year": 1990},
    ]
    with make(tmp_path, rows) as library:
        assert [paper.year for paper in everything(library, "", sort="old")] == [1990, 2020, None]
        assert [paper.year for paper in everything(library, "", sort="new")] == [2020, 1990, None]


def test_what_is_beyond_the_first_of_a_list_can_be_turned_to(tmp_path: Path) -> None:
    rows = [{"title": f"Lantern study {n}", "id": f"s{n}", "year": 1990 + n % 30} for n in range(1200)]
    with make(tmp_path, rows) as library:
        for sort in ("relevance", "new", "cited"):
            found = everything(library, "lantern", sort=sort)
            assert len({paper.key for paper in found}) == len(found) == 1200

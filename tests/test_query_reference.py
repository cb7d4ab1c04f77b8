"""The library's answers against the reference: the same set of papers, every time.

Five thousand questions made by chance, the same each time; `make soak` asks a hundred times as many.
"""

import os
from collections.abc import Iterator
from datetime import date
from itertools import count, islice

import pytest

from bench.made import Maker
from broadsheet.find.lists import MOST
from broadsheet.paper import make
from broadsheet.query import FACETS, MAX_LIMIT, Filters, Query, Sort
from broadsheet.querylang import parse
from broadsheet.store import OWNER
from broadsheet.text import fold
from query_papers import LONG, Stock, stocked
from reference import counts, fits

COUNT = 5_000 * (int(os.environ.get("BROADSHEET_SOAK", "0")) or 1)
SOME = COUNT // 20  # for what is slower, and of which less is new each time
LIMITS = (MAX_LIMIT, MAX_LIMIT, 20)  # hits on a page
PARTS = 10  # so that several processes can share them
TODAY = date(2024, 3, 1)

# -- the reference itself: every rule of the language by hand ---------------------------------------------------------

WALK = make(
    "arxiv", "Learning to walk", ids=["arxiv:2401.00001"], abstract="Deltas of the rivers. A robot's first steps.",
    authors=["Ada Okafor", "Léa van der Berg"], year=2020, venue="PaperConf", categories=["cs.AI", "stat.ML"],
    keywords=["graph networks", "sparse"], links={"code": "https://papers.example/code"},
)  # fmt: skip
BE = make("crossref", "To be or not to be", ids=["doi:10.5555/be(1)"], venue="Journal of Größe", authors=["Berg Li"])
SIZE = make(
    "jsonl", "Größe: naïve walks in state-of-the-art gärten", ids=["id:size", "arxiv:2401.00002"], year=2022,
    abstract="We learn and walk the river delta.", links={"pdf": "https://papers.example/pdf"},
)  # fmt: skip
HAN = make(
    "jsonl", "图神经网络的研究", ids=["id:han"], abstract="🦜 -- !!!", year=1999, venue="PAPERCONF", authors=["王伟"]
)
NAMED = {"walk": WALK, "be": BE, "size": SIZE, "han": HAN}
CAME = {"walk": date(2024, 3, 1), "be": date(2024, 2, 23), "size": date(2024, 1, 31), "han": None}
KEPT = {"To read": WALK.ids, "Größe": ("arxiv:2401.00002", *HAN.ids)}

RULES = {
    # plain words demand nothing, all else does
    "": "walk be size han",
    "zebra": "walk be size han",
    "like:size -like:han": "walk be size han",
    "zebra +walk": "walk size",
    # a word: any form of it, in the title, the abstract or a keyword; as it stands, in a name
    "+walking": "walk size",
    "+Rivers": "walk size",
    "+network": "walk",
    "+grosse": "size",
    "+gärten": "size",
    "+berg": "walk be",
    "+bergs": "walk be",
    "+图神经网络的研究": "han",
    "+图": "",
    "+🦜": "",
    "-🦜": "walk be size han",
    # several words in one: all of them, anywhere; stop words only where there is nothing else
    "+walk/river": "walk size",
    "+walk/sparse": "walk",
    "+art-of-size": "",
    "+the-art": "size",
    "+a-river": "walk size",
    "+the": "walk size",
    "+be/or": "be",
    "+the/to": "walk",
    # phrases: the words as they stand, within the title, the abstract or one keyword
    '"learning to walk"': "walk",
    '"learn to walk"': "",
    '"TO BE"': "be",
    '"walk"': "walk size",
    '"state of the art"': "size",
    '"walk deltas"': "",
    '"graph networks"': "walk",
    '"networks sparse"': "",
    '"ada okafor"': "",
    '"!!!"': "",
    '-"to be"': "walk size han",
    # beginnings of words
    "wal*": "walk size",
    "LEARNI*": "walk",
    "gros*": "size",
    "okaf*": "",
    # fields of words
    "title:walking": "walk size",
    "title:river": "",
    "title:the": "size",
    "title:of/walk": "walk size",
    'title:"to walk"': "walk",
    "title:ga*": "size",
    "abstract:walks": "size",
    "abstract:of": "walk",
    'abstract:"the river"': "size",
    'abstract:"the rivers"': "walk",
    "abstract:sparse": "",
    "+author:berg": "walk be",
    "+author:okafor-ada": "",
    "+author:ada-okafor": "walk",
    'NOT author:"der Berg"': "be size han",
    "+author:ok*": "walk",
    "author:王伟": "han",
    "author:okafor author:li": "walk be",
    "author:ok* author:va*": "walk",
    # fields of values
    "venue:paperconf": "walk han",
    'venue:"journal of grosse"': "be",
    "venue:journal": "",
    "venue:j*": "be",
    "venue:*": "walk be han",
    "venue:paperconf venue:j*": "walk be han",
    "category:CS.ai": "walk",
    "category:stat.*": "walk",
    "source:jsonl": "size han",
    "source:jsonl source:arxiv": "walk size han",
    "has:code": "walk",
    "has:code has:pdf": "",
    "has:code OR has:pdf": "walk size",
    "has:abstract": "walk size han",
    "year:2020": "walk",
    "year:2022..2020": "walk size",
    "year:..2020": "walk han",
    "year:2021..": "size",
    "-year:1000..2999": "be",
    "added:today": "walk",
    "added:7d": "walk be",
    "added:6d": "walk",
    "added:2024-01-31": "size",
    "added:2024-01-31..2024-02-23": "be size",
    "-added:..2999-01-01": "han",
    "zebra id:size": "size",
    "zebra arxiv:2401.00002v3": "size",
    "-doi:10.5555/BE(1)": "walk size han",
    'in:"to READ"': "walk",
    "in:grosse": "size han",
    "in:nothing": "",
    # operators and brackets
    "walk AND sparse": "walk",
    "sparse OR be/or": "walk be",
    "be/or OR walk AND sparse": "walk be",
    "(be/or OR walk) AND sparse": "walk",
    "NOT walk": "be han",
    "-(walk sparse)": "be size han",
    "NOT (walk OR berg)": "han",
    "NOT NOT walk": "walk size",
    "title:(walk OR be/or) -abstract:deltas": "be",
    "year:2020..2022 -venue:paperconf": "size",
    "venue:paperconf year:2020": "walk",
}


def by_hand(query: Query) -> str:
    return " ".join(name for name, paper in NAMED.items() if fits(paper, CAME[name], KEPT, query, TODAY))


@pytest.mark.parametrize("text", RULES)
def test_the_rules(text: str) -> None:
    assert by_hand(parse(text)) == RULES[text]


def test_filters_from_elsewhere() -> None:
    assert by_hand(parse("", filters=Filters(authors=("der berg", "LI")))) == "walk be"
    assert by_hand(parse("+walk", filters=Filters(year_from=2021, has=("pdf", "abstract")))) == "size"


# -- the library against the reference -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    stock = stocked(tmp_path_factory.mktemp("query"))
    yield stock
    stock.library.close()


def maker(stock: Stock, seed: int) -> Maker:
    return Maker(stock.papers.values(), stock.added, stock.lists, stock.today, seed)


def wanted(stock: Stock, query: Query) -> set[str]:
    day = stock.today
    return {key for key, paper in stock.papers.items() if fits(paper, stock.added[key], stock.lists, query, day)}


def found(stock: Stock, query: Query) -> list[str]:
    """All that the library finds, page after page."""
    pages = (stock.library.search(query.turned(offset)) for offset in count(0, query.limit))
    first = next(pages)
    rest = islice(pages, max(0, -(-first.total // query.limit) - 1))
    keys = [hit.paper.key for page in (first, *rest) for hit in page.hits]
    assert first.total == len(keys)
    return keys


@pytest.mark.parametrize("part", range(PARTS))
def test_the_library_finds_what_the_reference_finds(stock: Stock, part: int) -> None:
    for number, made in enumerate(maker(stock, part).questions(COUNT // PARTS)):
        query = parse(made.text, asker=OWNER, filters=made.filters, sort="new", limit=LIMITS[number % len(LIMITS)])
        again = parse(query.canonical(), asker=OWNER, sort="new", limit=query.limit)
        assert (again, query.notes) == (query, ()), made.text
        keys = found(stock, again if number % 2 else query)
        assert sorted(keys) == sorted(wanted(stock, made.meant)), made.text


@pytest.mark.parametrize("sort", ["relevance", "new"])
def test_whatever_the_words_every_hit_fits(stock: Stock, sort: Sort) -> None:
    questions = maker(stock, 0)
    for made in questions.questions(SOME):
        text = f"{made.text} {questions.words()}"
        page = stock.library.search(parse(text, asker=OWNER, filters=made.filters, sort=sort, limit=MAX_LIMIT))
        assert {hit.paper.key for hit in page.hits} <= wanted(stock, made.meant), text


def test_facets_are_counted_over_the_whole_result(stock: Stock) -> None:
    for made in maker(stock, PARTS).questions(SOME):
        query = parse(made.text, asker=OWNER, filters=made.filters, sort="new", limit=1, facets=True)
        page = stock.library.search(query)
        papers = [stock.papers[key] for key in wanted(stock, made.meant)]
        assert page.facets.keys() == (set(FACETS) if papers else set()), made.text
        for field, shown in page.facets.items():
            counted = counts(papers, field)
            said = {value if field == "author" else fold(value): number for value, number in shown}
            assert said.items() <= counted.items(), made.text
            most = sorted(counted.values(), reverse=True)[: len(shown)]
            assert [number for _, number in shown] == most, made.text
            assert len(shown) == min(len(counted), MOST[field]), made.text


def test_a_run_too_long_for_a_word_keeps_its_place_in_a_phrase(stock: Stock) -> None:
    assert found(stock, parse(f'"river {LONG} deltas"')) == ["long"]
    assert "long" not in found(stock, parse('"river deltas"', limit=MAX_LIMIT))
    assert "long" not in found(stock, parse('"a walk"', limit=MAX_LIMIT))

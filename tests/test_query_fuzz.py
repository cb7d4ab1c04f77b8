"""Whatever is typed, and whatever stands in an address: an answer, or one sentence that says what is wrong.

Usually some hundreds of each; `make soak` asks a hundred times as many, a hundred thousand in all.
"""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.made import Maker
from broadsheet.errors import Mistake, NotFound
from broadsheet.library import Library, open_library
from broadsheet.query import MAX_LIMIT, MAX_OFFSET, SORTS, Filters
from broadsheet.querytokens import FIELDS
from broadsheet.web import create_app
from query_papers import papers, stocked

EXAMPLES = settings.default.max_examples if settings.default else 100
many = settings(max_examples=3 * EXAMPLES)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with stocked(tmp_path_factory.mktemp("fuzz")).library as library:
        library.save_search("every walk", "walk*")
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(library), follow_redirects=False)


# -- what may be typed -------------------------------------------------------------------------------------------------

_DAY = date(2024, 1, 31)
_PAPERS = papers()
_MAKER = Maker(_PAPERS, {paper.key: _DAY for paper in _PAPERS}, {"saved": _PAPERS[0].ids}, _DAY, 9)
MADE = [made.text for made in _MAKER.questions(200)]

STRANGE = (
    "图神经网络的研究", "图* OR 神经", "تعلم الآلة AND للنصوص", "title:النصوص*", "🦜🦜 -🐦 OR 🏳️‍🌈", "👩‍🔬*", "नमस्ते",
    r"$\mathcal{O}(n \log n)$ bounds for $x_{i}^{2}$", r"\textbf{walk} AND \emph{\"u", "{}[]\\//^~&|!%_'`;",
    "'; DROP TABLE paper; --", "<script>alert(1)</script>", "{{7*7}} ${7*7}", "[1 TO 2] walk~2 walk^3", "%00 %ff",
    'a"b"c"d"', '"unbalanced', "((((", "))))", ")(", "NOT", "AND OR NOT", "- + -- ++ -+", "-(", "+)", "*", "**",
    "a** AND b*", "year:", "year:..", "year:abc..", "year:2024..2021", "year:99999", "year:٢٠٢٤", "added:-7d",
    "added:9999y", "added:0d", "added:2024-02-30", "added:0000-01-01..", "has:", "has:everything", "venue:*",
    "venue:**", "source:\"", "author:**", "id:nobody", "id:", "doi:10.1/", "arxiv:9999.99999",
    "like:nobody -like:nobody", "like:made1 -like:made1 walk", "like:" * 30, "in:nowhere", "in:", "in:saved",
    "title:title:title:x", "title:(abstract:(walk", "-title:-walk",
)  # fmt: skip
DEEP = (
    "(" * 10_000 + "walk" + ")" * 10_000, "(" * 10_000, ")" * 10_000, "NOT " * 10_000, "-(" * 10_000 + "walk",
    "(a OR " * 10_000 + "b", "title:(" * 10_000, '"' * 10_001, "a* " * 10_000, "walk AND " * 10_000, "+walk " * 10_000,
    "-walk " * 10_000, "like:made1 " * 10_000, "walk" * 10_000, "venue:a* " * 10_000, "year:2020 OR " * 10_000,
    "(-" * 10_000,
)  # fmt: skip
_SIGNS = (*'"“()-+:*\\$\x00\u202e', "..", "AND", "OR", "NOT", *(f"{field}:" for field in FIELDS))


@st.composite
def questions(draw: st.DrawFn) -> str:
    """A question of ours with pieces taken out, doubled and put in; or anything at all."""
    text = draw(st.sampled_from((*MADE, *STRANGE)))
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        middle = draw(st.sampled_from(("", text[start:end] * 2)) | st.sampled_from(_SIGNS) | st.text(max_size=8))
        text = text[:start] + middle + text[end:]
    return draw(st.just(text) | st.text(max_size=60))


numbers = st.sampled_from((-1, 0, 1, 7, MAX_LIMIT, MAX_OFFSET, 10**9, 2**31, 10**30)) | st.integers()


def answered(library: Library, text: str, **more: Any) -> None:
    """The question is understood and answered, as often as it is asked; its page can be shown as JSON."""
    query = library.parse(text, **more)
    assert library.parse(query.canonical(), **more | {"filters": None}) == query
    page = library.search(query)
    assert len(page.hits) <= min(query.limit, page.total)
    assert {hit.paper.key for hit in library.search(query).hits} == {hit.paper.key for hit in page.hits}
    json.dumps(page.to_dict()).encode()


@many
@given(questions(), st.sampled_from(SORTS), st.booleans(), st.booleans())
def test_any_question_is_answered(library: Library, text: str, sort: str, facets: bool, verbatim: bool) -> None:
    answered(library, text, sort=sort, facets=facets, verbatim=verbatim, explain=verbatim)


@given(questions(), st.text(max_size=5), numbers, numbers, numbers)
def test_numbers_and_orders_that_are_none_are_mistakes(
    library: Library, text: str, sort: str, limit: int, offset: int, upto: int
) -> None:
    try:
        query = library.parse(text, sort=sort or "new", limit=limit, offset=offset, upto=upto)
    except Mistake as wrong:
        assert 20 < len(str(wrong)) < 1_000
    else:
        assert query.limit in range(1, MAX_LIMIT + 1) and query.offset in range(MAX_OFFSET + 1)
        assert len(library.search(query).hits) <= query.limit


@given(questions(), questions())
def test_anything_may_be_a_filter(library: Library, one: str, two: str) -> None:
    filters = Filters(venues=(one,), authors=(two, one), categories=(two,), sources=(two,), has=(one,), added=two)
    for some in (filters, Filters(authors=(one,)), Filters(venues=(one, two))):
        assert library.search(library.parse("", filters=some)).total >= 0


@given(questions(), questions())
def test_while_it_is_typed_too(library: Library, text: str, identifier: str) -> None:
    assert len(library.suggest(text, 5)) <= 5
    try:
        assert library.why_not(library.parse(text), identifier)
    except NotFound as nobody:
        assert identifier[:10].strip() in str(nobody) or not identifier.isprintable()


@pytest.mark.parametrize("text", [*STRANGE, *DEEP], ids=lambda text: text[:20])
@pytest.mark.parametrize("sort", ["relevance", "new"])
def test_strange_and_deep_questions(library: Library, client: TestClient, text: str, sort: str) -> None:
    answered(library, text, sort=sort, facets=True)
    answer = client.get("/api/v1/search?" + urlencode({"q": text[:20_000], "sort": sort, "facets": "true"}))
    assert answer.status_code == 200
    assert client.get("/search?" + urlencode({"q": text[:20_000], "sort": sort})).status_code in (200, 302)


# -- addresses ---------------------------------------------------------------------------------------------------------

FINE = {200, 302, 307, 308, 400, 404, 422}  # an answer, another address, or whose mistake it is
_ADDRESSES = (
    "/", "/search", "/search.bib", "/search.json", "/search.csv", "/search.atom", "/feed.xml", "/saved",
    "/api/v1/search",
    "/api/v1/suggest", "/api/v1/similar/made1", "/api/v1/similar/nobody", "/paper/made1", "/paper/", "/author/ada",
    "/venue/paperconf", "/saved/every walk", "/saved/nothing", "/api/v1/paper/nobody",
)  # fmt: skip
_NAMES = (
    "q", "sort", "limit", "offset", "upto", "year", "added", "venue", "author", "category", "source", "has", "facets",
    "explain", "verbatim", "missing", "view", "page", "Q", "q[]", "",
)  # fmt: skip
_VALUES = st.one_of(
    questions(),
    numbers.map(str),
    st.sampled_from(
        ("new", "cited", "best", "7d", "-7d", "2021..", "2024..2021", "abc..", "code", "true", "-1", "1e9", "٣")
    ),
)


@many
@given(st.sampled_from(_ADDRESSES), st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES), max_size=5))
def test_no_address_is_a_fault_of_ours(client: TestClient, address: str, given_: list[tuple[str, str]]) -> None:
    answer = client.get(f"{quote(address)}?{urlencode(given_)}")
    assert answer.status_code in FINE, answer.text[:500]


@given(st.sampled_from(_ADDRESSES), st.binary(max_size=40))
def test_bytes_that_are_no_text(client: TestClient, address: str, bytes_: bytes) -> None:
    for name in ("q", "venue", "offset"):
        answer = client.get(f"{quote(address)}?{name}={quote(bytes_)}")
        assert answer.status_code in FINE, answer.text[:500]


@given(
    st.sampled_from(("/paper/", "/author/", "/venue/", "/saved/", "/api/v1/paper/", "/api/v1/similar/")), questions()
)
def test_any_name_of_something(client: TestClient, address: str, name: str) -> None:
    answer = client.get(address + quote(name, safe=""))
    assert answer.status_code in FINE, answer.text[:500]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ("offset=1000000000", "offset"), ("limit=-1", "limit"), ("limit=0", "limit"),
        ("limit=99999999999999999999", "limit"), ("sort=best", "sort"), ("year=abc..", "year"), ("added=-7d", "added"),
        ("upto=-5", "upto"),
        ("has=everything", "has"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(client: TestClient, parameters: str, sentence: str) -> None:
    for address in ("/search", "/api/v1/search"):
        answer = client.get(f"{address}?q=walk&{parameters}")
        assert answer.status_code in (400, 422)
        assert sentence in answer.text


def test_years_the_wrong_way_round_are_the_years_between(client: TestClient) -> None:
    one, two = (client.get(f"/api/v1/search?q=walk&year={years}").json() for years in ("2024..2021", "2021..2024"))
    assert one["total"] == two["total"] > 0


# -- a library with nothing in it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("indexed", [False, True])
def test_an_empty_library_answers_everything(tmp_path: Path, indexed: bool) -> None:
    with open_library(tmp_path / "library", env={}) as library:
        if indexed:
            library.refresh()
        client = TestClient(create_app(library), follow_redirects=False)
        for text in (*MADE[:40], *STRANGE):
            page = library.search(library.parse(text, facets=True))
            assert (page.total, page.hits) == (0, ())
            assert not any(page.facets.values())
            assert library.suggest(text) == ()
            for address in ("/search", "/api/v1/search"):
                answer = client.get(f"{address}?{urlencode({'q': text, 'facets': 'true'})}")
                assert answer.status_code in (200, 302), text

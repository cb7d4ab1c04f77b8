"""The pages, asked over HTTP of a real library."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import QueryParams

import web_library
from broadsheet import rank, registry
from broadsheet.library import Library
from broadsheet.query import Filters, Query
from broadsheet.web import create_app, urls
from web_library import ask, text


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("web")) as library:
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(library, title="The Test Gazette"), follow_redirects=False)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[TestClient]:
    with web_library.make(tmp_path, ()) as library:
        yield TestClient(create_app(library))


# -- front page --------------------------------------------------------------------------------------------------------


def test_front_page_shows_the_newest_and_what_there_is_to_browse(client: TestClient) -> None:
    html = ask(client, "/")
    seen = text(html)
    assert "The Test Gazette" in seen
    assert "35 papers" in seen
    titles = re.findall(r'<h[23] class="title" dir="auto"><a href="/paper/([^"]+)"', html)
    assert titles[0] == "quill24"
    assert len(titles) == 13
    assert '<a href="/venue/PaperConf" dir="auto">PaperConf</a> <span>18</span>' in html
    assert 'aria-label="Papers by year, 2000 to 2024' in html
    assert 'href="/search?sort=new&amp;year=2003"' in html


def test_an_empty_library_says_how_to_fill_it(empty: TestClient) -> None:
    assert "broadsheet add papers.bib" in text(ask(empty, "/"))
    assert "broadsheet add papers.bib" in text(ask(empty, "/search?q=anything"))
    assert "no papers yet" in text(ask(empty, "/search"))


def test_an_index_that_is_behind_says_so(tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text('{"title": "Stored and not yet indexed", "abstract": "", "id": "late"}\n')
    with web_library.make(tmp_path) as library:
        library.add([more], index=False)
        client = TestClient(create_app(library))
        assert "1 change cannot be found by search yet" in text(ask(client, "/"))
        assert "1 change not indexed yet; <code>broadsheet doctor</code> catches up." in ask(
            client, "/search?q=lantern"
        )
        assert "Stored and not yet indexed" in text(ask(client, "/paper/late"))


def test_a_library_whose_index_is_empty_says_what_to_do(tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text('{"title": "Stored and not yet indexed", "id": "late"}\n')
    with web_library.make(tmp_path, ()) as library:
        library.add([more], index=False)
        client = TestClient(create_app(library))
        for address in ("/", "/search?q=stored"):
            html = ask(client, address)
            assert "Nothing can be found yet" in html and "<code>broadsheet doctor</code>" in html
            assert "No paper fits" not in html


# -- search ------------------------------------------------------------------------------------------------------------


def test_search_shows_matches_reasons_and_the_parts_of_the_score(client: TestClient) -> None:
    html = ask(client, "/search?q=lantern+routing")
    first = html.partition('<li class="item">')[2].partition("</li>")[0]
    assert "Sparse <mark>lantern routing</mark> for long document retrieval</a></h2>" in first
    assert '<a href="/author/Cleo%20Moss" dir="auto">Cleo Moss</a> and 4 more</span>' in first
    assert "<mark>Lantern routing</mark> matches full reading" in first
    assert re.search(r"<span>“(?:lantern|routing)”, “(?:lantern|routing)” in its title", first)
    assert '<details class="why">' in first
    assert '<rect class="p0"' in first
    assert re.search(r"meaning</th><td>0\.\d{3}</td><td>\w+", first)
    assert re.search(r"found in [\d.]+ ms", text(html))


def test_title_of_the_question_is_first_and_all_forms_lead_to_it(client: TestClient) -> None:
    title = "Sparse lantern routing for long document retrieval"
    for question in (title, "id:quill24", "https://example.org/abs/quill24"):
        straight = client.get(f"/search?q={quote(question)}", follow_redirects=False)
        assert straight.status_code == 302
        assert straight.headers["location"].startswith("/paper/quill24?q=")
        assert "Search for the words instead" in ask(client, straight.headers["location"])
        html = ask(client, f"/search?q={quote(question)}&verbatim=1")
        assert re.findall(r'<h[23] class="title" dir="auto"><a href="([^"]+)"', html)[0] == "/paper/quill24"


def test_filters_are_shown_and_each_can_be_removed(client: TestClient) -> None:
    html = ask(client, "/search?q=weather+venue:PaperConf&year=2004..2010&author=series")
    removals = [unescape(href) for href in re.findall(r'<a href="([^"]+)" aria-label="Remove the filter', html)]
    assert removals == [
        "/search?q=weather&venue=PaperConf&year=2004..2010",
        "/search?q=weather&author=series&year=2004..2010",
        "/search?q=weather&author=series&venue=PaperConf",
    ]
    assert 'value="weather"' in html  # the box keeps the words, the filters stand beside it
    years = [int(year) for year in re.findall(r'<time datetime="(\d+)">', html)]
    assert years and all(2004 <= year <= 2010 for year in years)


def test_filters_alone_show_the_newest(client: TestClient) -> None:
    html = ask(client, "/search?venue=Letters+of+Weather")
    years = [int(year) for year in re.findall(r'<time datetime="(\d+)">', html)]
    assert len(years) == 10
    assert years == sorted(years, reverse=True)
    assert "Best match" not in html


def test_pages_turn_both_ways_and_meet_without_gap(client: TestClient) -> None:
    first = ask(client, "/search?sort=new")
    assert 'rel="prev"' not in first
    href = unescape(re.findall(r'<a rel="next" href="([^"]+)"', first)[0])
    second = ask(client, href)
    assert '<ol class="papers results" start="11">' in second
    assert unescape(re.findall(r'<a rel="prev" href="([^"]+)"', second)[0]) == "/search?sort=new"
    keys = [re.findall(r'<h[23] class="title" dir="auto"><a href="([^"]+)"', page) for page in (first, second)]
    assert len(set(keys[0] + keys[1])) == 20


def test_sorts_say_which_is_chosen(client: TestClient) -> None:
    html = ask(client, "/search?q=weather&sort=cited")
    assert '<a href="/search?q=weather&amp;sort=cited" aria-current="true">Most cited</a>' in html
    assert '<a href="/search?q=weather">Best match</a>' in html


def test_no_question_explains_the_language_of_the_box(client: TestClient) -> None:
    html = ask(client, "/search")
    assert "What are you looking for?" in html
    assert "autofocus" in html
    assert "exactly this phrase" in html


def test_nothing_found_says_what_was_searched(client: TestClient) -> None:
    seen = text(ask(client, '/search?q=zzyzx+"not+there"+-moon'))
    assert "No paper fits" in seen
    assert "the words “zzyzx”, the phrase “not there”, without “moon”" in seen
    assert "Searched in 35 papers" in seen


def test_a_filter_that_removes_everything_is_named(client: TestClient) -> None:
    html = ask(client, "/search?q=lantern&year=2001&venue=Nowhere")
    assert "With one filter fewer" in html
    ways = dict(re.findall(r'<a href="([^"]+)">Without (\w+) <b', html))
    assert ways == {"/search?q=lantern&amp;year=2001": "venue"}


def test_filters_that_remove_everything_together_are_named(client: TestClient) -> None:
    html = ask(client, "/search?year=1901&venue=Nowhere")
    assert "without any one of them there is still nothing" in html
    assert "Remove all filters" in html


def test_a_page_past_the_end_leads_back(client: TestClient) -> None:
    html = ask(client, "/search?sort=new&offset=9000")
    assert "There are 35 results; this page would begin at number 9,001." in text(html)
    assert '<a href="/search?sort=new">Back to the first page</a>' in html


# -- one paper ---------------------------------------------------------------------------------------------------------


def test_paper_page_shows_all_that_is_known(client: TestClient) -> None:
    html = ask(client, "/paper/quill24")
    assert "<title>Sparse lantern routing for long document retrieval · The Test Gazette</title>" in html
    assert '<a href="/author/Ada%20Quill" dir="auto">Ada Quill</a>' in html
    assert '<a href="/venue/PaperConf">PaperConf</a>' in html
    assert '<a href="/search?q=%22long+documents%22" dir="auto">long documents</a>' in html
    assert '<a href="https://example.org/pdf/quill24.pdf" rel="noopener" title="example.org">PDF</a>' in html
    assert '<link rel="canonical" href="/paper/quill24">' in html
    assert "@inproceedings{quill2024sparse," in unescape(html)
    assert "Where each fact comes from" in html
    assert re.search(r"jsonl, <time[^>]*>[^<]+</time></dt><dd>abstract, authors", html)
    assert len(re.findall(r'<h3 class="title"', html.partition("Papers like this one")[2])) == 6


@pytest.mark.parametrize(
    ("alias", "canonical"),
    [
        ("https://example.org/abs/quill24", "/paper/quill24"),
        ("doi:10.1000/sorted/2023.7", "/paper/reed23"),
        ("10.1000/Sorted/2023.7", "/paper/reed23"),
        ("arxiv:hep-th/9901001", "/paper/moss22"),
        ("hep-th/9901001v2", "/paper/moss22"),
        ("url:https://example.org/a?b=1&c=2", "/paper/ash21"),
        ("url:https:/example.org/a?b=1&c=2", "/paper/ash21"),  # a proxy has joined the slashes
        ("id:quill24", "/paper/quill24"),
        ("10.1000/Sorted/2023.7.bib", "/paper/reed23.bib"),
    ],
)
def test_any_id_leads_to_the_one_address(client: TestClient, alias: str, canonical: str) -> None:
    answer = client.get(f"/paper/{quote(alias, safe='/:')}")
    assert (answer.status_code, answer.headers["location"]) == (308, canonical)
    assert client.get(canonical).status_code == 200


def test_paper_ids_with_slashes_are_their_own_address(tmp_path: Path) -> None:
    rows = [
        {"title": "One", "abstract": "", "doi": "10.1000/x/y"},
        {"title": "Two", "abstract": "", "url": "https://example.org/a/b?c=d#e"},
    ]
    with web_library.make(tmp_path, rows) as library:
        client = TestClient(create_app(library), follow_redirects=False)
        for paper in library.papers():
            html = ask(client, urls.paper(paper.key))
            assert f'<link rel="canonical" href="{urls.paper(paper.key)}">' in html


def test_references_as_files(client: TestClient) -> None:
    bib = client.get("/paper/quill24.bib")
    assert bib.headers["content-type"] == "application/x-bibtex; charset=utf-8"
    assert bib.text.startswith("@inproceedings{quill2024sparse,\n  title = {{Sparse lantern routing")
    ris = client.get("/paper/quill24.ris")
    assert ris.text.startswith("TY  - CPAPER\nTI  - Sparse lantern routing")
    assert ris.text.endswith("ER  - \n")


def test_mathematics_is_drawn_and_latex_read(client: TestClient) -> None:
    html = ask(client, "/paper/reed23")
    assert re.search(r"<h1[^>]*>Sorting by <math>.*?</math>-th differences in <math>", html)
    assert "<title>Sorting by k-th differences in O(n log n) comparisons" in html
    assert "Costs $5 to run." in html
    assert "Fréchet means of “noisy” maps" in ask(client, "/paper/ash21")


def test_hostile_papers_are_text_everywhere(client: TestClient) -> None:
    for address in ("/", "/search?q=claims+about+quotes", "/paper/moss22", "/search?sort=new"):
        html = ask(client, address)
        assert "<script>alert" not in html
        assert "<img" not in html
        assert "<i>Cleo" not in html
        assert html.count("<script") == 1
    assert "&lt;script&gt;alert(&#x27;title&#x27;)&lt;/script&gt;" in ask(client, "/paper/moss22")


def test_addresses_and_questions_are_one(library: Library) -> None:
    query = Query(words="a b", phrases=("c d",), without=("e",), sort="new", offset=20, limit=25, filters=Filters(
        2001, None, ("V & W",), ("Ada Q",), ("cs.IR",), ("jsonl",)))  # fmt: skip
    client_side = urls.search(query).partition("?")[2]
    words, changes = urls.asked(QueryParams(client_side))
    assert replace(library.parse(words, **changes), text="") == query


def test_every_signal_is_explained(client: TestClient) -> None:
    html = ask(client, "/about")
    for signal in registry.names(rank):
        assert f"<dt>{signal}</dt>" in html, f"rank/{signal}.py is not explained in about.html"


def test_crawlers_are_kept_from_questions_without_end(client: TestClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "Disallow: /search" in answer.text

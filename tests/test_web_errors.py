"""Wrong addresses, wrong input, faults of ours; and what every answer of the web has to have."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import broadsheet
import web_library
from broadsheet.errors import IndexStale, MissingExtra, Mistake, NotFound, SourceError, StoreError
from broadsheet.library import Library
from broadsheet.web import create_app
from broadsheet.web.http import status_of
from web_library import ask, text


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("web")) as library:
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(library, title="The Test Gazette"), follow_redirects=False)


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/search?q=a&year=abc", 400, "year is 'abc'; it must be a year like 2024 or a range like 2021..2024."),
        ("/search?q=a&limit=-1", 400, "limit is -1; it must be a whole number from 1 to 200"),
        ("/search?q=a&limit=ten", 400, "limit is 'ten'; it must be a whole number."),
        ("/search?q=a&offset=1000000000", 400, "offset is 1000000000; it must be a whole number from 0 to 10,000"),
        ("/search?q=a&sort=best", 400, "sort is 'best'; it must be one of relevance, new, old, cited"),
        ("/search?" + "venue=%d&" * 21 % tuple(range(21)), 400, "venue is given 21 times; at most 20"),
        ("/nowhere", 404, "There is no page at /nowhere."),
        ("/paper/nobody", 404, "No paper here is called “nobody”."),
        ("/paper/", 404, "No paper here is called “”."),
        ("/paper/%00", 404, "No paper here is called “”."),
        ("/paper/%ff%fe", 404, "No paper here is called"),
        ("/paper/" + "x" * 3000, 404, "The identifier has 3,000 characters"),
        ("/paper/<script>", 404, "No paper here is called “<script>”."),
    ],
)
def test_wrong_addresses_get_one_clear_sentence(client: TestClient, address: str, status: int, sentence: str) -> None:
    html = ask(client, address, status)
    assert sentence in text(html)
    assert "<script>" not in html


def test_a_wrong_filter_does_not_cost_the_question(client: TestClient) -> None:
    assert 'value="long &#34;exact words&#34;"' in ask(client, '/search?q=long+"exact+words"&year=soon', 400)


@pytest.mark.parametrize(
    "question",
    [
        "x" * 10_000,
        "word " * 2_000,
        "%00%01",
        "%ff%fe%fd",
        '"""',
        "-",
        '-"',
        "year:abc",
        "author:",
        "the of and",
        "?!;:",
        "%F0%9F%98%80",
        "a:b:c",
        "*",
        "AND OR NOT (",
        "\\",
        "[1 TO 2]",
        "%",
    ],
    ids=lambda question: question[:12],
)
def test_any_question_is_answered(client: TestClient, question: str) -> None:
    ask(client, f"/search?q={question}")


def test_other_methods_are_refused(client: TestClient) -> None:
    answer = client.post("/search")
    assert answer.status_code == 405
    assert "POST is not possible here." in text(answer.text)


def test_errors_have_one_table() -> None:
    kinds = (NotFound, Mistake, MissingExtra, IndexStale, StoreError, SourceError)
    assert [status_of(kind("x")) for kind in kinds] == [404, 400, 400, 503, 503, 502]


def test_a_fault_of_ours_is_a_page_and_no_detail_leaks(library: Library) -> None:
    """A library whose store was closed under it: the handler's own failure, not a mistake of the reader."""
    app = create_app(library)
    app.state.site = replace(app.state.site, library=None)
    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert answer.status_code == 500
    assert "This is a fault of the program, not yours." in text(answer.text)
    assert "NoneType" not in answer.text


def test_an_index_of_another_encoder_says_what_to_do_and_papers_are_still_shown(tmp_path: Path) -> None:
    with web_library.make(tmp_path) as library:
        home = library.home
    other = web_library.save_encoder(["quite", "other", "words"], tmp_path / "other")
    with broadsheet.open(home, flags={"encoder": str(other)}) as library:
        client = TestClient(create_app(library))
        html = ask(client, "/search?q=lantern", 503)
        assert "<code>broadsheet doctor --rebuild</code>" in html
        assert 'value="lantern"' in html
        html = ask(client, "/paper/quill24")
        assert "Papers like this one cannot be shown: The vectors were made by another encoder" in html


# -- what every response has -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/", "/search?q=a", "/paper/quill24", "/paper/none", "/about", "/static/none.css", "/api/v1/stats"]
)
def test_headers_of_every_answer(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize("address", ["/", "/search?q=lantern", "/paper/quill24", "/about", "/nowhere"])
def test_no_inline_code_no_foreign_asset_and_few_bytes(client: TestClient, address: str) -> None:
    html = client.get(address).text
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", html)
    assert "<style" not in html
    loaded = re.findall(r'<(?:link|script|img|iframe)\b[^>]*?(?:href|src)="([^"]+)"', html)
    assert loaded and all(address.startswith("/") for address in loaded)
    assert len(html) < 60_000


def test_static_files_are_named_by_content_and_kept_for_ever(client: TestClient) -> None:
    html = client.get("/").text
    for pattern in (
        r"/static/broadsheet\.\w{10}\.css",
        r"/static/broadsheet\.\w{10}\.js",
        r"/static/icon\.\w{10}\.svg",
    ):
        address = re.findall(pattern, html)[0]
        packed = client.get(address)
        plain = client.get(address, headers={"accept-encoding": "identity"})
        assert "immutable" in packed.headers["cache-control"]
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
    assert client.get("/static/../pyproject.toml").status_code == 404


def test_a_page_that_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/paper/quill24")
    again = client.get("/paper/quill24", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_link_on_our_pages_leads_somewhere(client: TestClient) -> None:
    found = set()
    for address in (
        "/",
        "/search?q=weather&venue=PaperConf&year=2001..2015",
        "/search?q=zzz&year=2001",
        "/paper/quill24",
        "/about",
        "/search",
    ):
        found |= {unescape(href) for href in re.findall(r'href="(/[^"]*)"', client.get(address).text)}
    for href in sorted(found):
        assert client.get(href).status_code == 200, href

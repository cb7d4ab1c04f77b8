"""The API: the same answers as JSON, errors that programs can read."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import web_library
from broadsheet.web import create_app


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with web_library.make(tmp_path_factory.mktemp("api")) as library:
        yield TestClient(create_app(library))


def test_search_answers_as_the_contract_says(client: TestClient) -> None:
    answer = client.get(
        "/api/v1/search", params={"q": "lantern routing", "limit": 3, "year": "2020..", "venue": "PaperConf"}
    )
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.keys() >= {"query", "total", "took_ms", "hits"}
    assert body["query"] == "lantern routing venue:PaperConf year:2020.."
    hit = body["hits"][0]
    assert hit.keys() == {"id", "title", "year", "venue", "authors", "score", "signals", "why", "snippet"}
    assert (hit["id"], hit["year"]) == ("quill24", 2024)
    assert sum(hit["signals"].values()) == pytest.approx(hit["score"], abs=1e-5)
    assert len(body["hits"]) <= 3


def test_search_turns_pages(client: TestClient) -> None:
    pages = [client.get("/api/v1/search", params={"sort": "new", "offset": offset}).json() for offset in (0, 10)]
    assert len({hit["id"] for page in pages for hit in page["hits"]}) == 20


def test_the_same_answer_is_not_sent_twice(client: TestClient) -> None:
    for address in ("/api/v1/search?q=weather", "/api/v1/paper/quill24", "/api/v1/similar/quill24"):
        tag = client.get(address).headers["etag"]
        again = client.get(address, headers={"if-none-match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b"")


def test_paper_by_any_id(client: TestClient) -> None:
    for identifier in ("reed23", "doi:10.1000/sorted/2023.7", "https://doi.org/10.1000/Sorted/2023.7"):
        body = client.get(f"/api/v1/paper/{identifier}").json()
        assert body["id"] == "reed23"
        assert body["provenance"]["title"][0] == "jsonl"


def test_similar_leaves_out_the_paper_itself(client: TestClient) -> None:
    body = client.get("/api/v1/similar/series1", params={"limit": 4}).json()
    assert len(body["hits"]) == 4
    assert "series1" not in {hit["id"] for hit in body["hits"]}


def test_suggestions_say_where_they_lead(client: TestClient) -> None:
    answer = client.get("/api/v1/suggest", params={"q": "weather ben ree", "limit": 3})
    assert answer.json() == {
        "suggestions": [
            {"kind": "author", "text": "Ben Reed", "papers": 2, "question": 'weather author:"Ben Reed"',
             "url": "/search?q=weather&author=Ben+Reed"},
        ]
    }  # fmt: skip
    assert answer.headers["cache-control"] == "private, max-age=30"
    again = client.get("/api/v1/suggest?q=weather+ben+ree&limit=3", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (paper,) = client.get("/api/v1/suggest", params={"q": "sorting by k"}).json()["suggestions"]
    assert (paper["kind"], paper["text"]) == ("title", "Sorting by k-th differences in O(n log n) comparisons")
    assert client.get(paper["url"]).status_code == 200


@pytest.mark.parametrize("typed", ["", "\x00", "author:", '"', "((((", "🦜", "x" * 5_000, "%", "'; --", "a\nb"])
def test_whatever_is_typed_may_be_sent(client: TestClient, typed: str) -> None:
    answer = client.get("/api/v1/suggest", params={"q": typed})
    assert answer.status_code == 200
    assert answer.json().keys() == {"suggestions"}


def test_stats(client: TestClient) -> None:
    body = client.get("/api/v1/stats").json()
    assert body.keys() >= {"papers", "indexed", "vectors", "last_sync", "behind", "bytes"}
    assert (body["papers"], body["behind"]) == (35, 0)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/search?q=a&limit=-1", 400, "limit"),
        ("/search?q=a&limit=201", 400, "200"),
        ("/search?q=a&limit=x", 400, "limit"),
        ("/search?q=a&offset=1000000000", 400, "offset"),
        ("/search?q=a&sort=best", 400, "'relevance', 'new', 'old', 'cited' or 'rising'"),
        ("/search?q=a&year=abc", 400, "year is 'abc'"),
        ("/search?" + "author=a&" * 21, 400, "author"),
        ("/paper/nobody", 404, "No paper here is called “nobody”."),
        ("/paper/%00", 404, "No paper here is called"),
        ("/similar/nobody", 404, "No paper here is called “nobody”."),
        ("/similar/quill24?limit=0", 400, "limit"),
        ("/suggest?limit=0", 400, "limit"),
        ("/suggest?limit=21", 400, "20"),
        ("/nothing", 404, "There is no page at /api/v1/nothing."),
    ],
)
def test_errors_are_problems(client: TestClient, address: str, status: int, words: str) -> None:
    answer = client.get(f"/api/v1{address}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() >= {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert words in body["detail"]


def test_all_wrong_parameters_are_named_at_once(client: TestClient) -> None:
    body = client.get("/api/v1/search", params={"limit": "x", "offset": "-3", "sort": "best"}).json()
    assert len(body["errors"]) == 3


def test_the_description_names_every_route(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/v1/paper/{identifier}", "/api/v1/search", "/api/v1/similar", "/api/v1/suggest"} <= paths.keys()
    names = {parameter["name"] for parameter in paths["/api/v1/search"]["get"]["parameters"] if "name" in parameter}
    assert names == {
        "q", "year", "added", "venue", "author", "category", "source", "has", "sort", "offset", "upto", "limit",
        "explain", "facets", "verbatim", "missing",
    }  # fmt: skip


PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8").replace("\\\n", " ")
CURL = re.findall(r"^    curl (.*http://localhost:8008.*)$", PAGE, re.MULTILINE)
FAMOUS = {
    "id": "famous",
    "title": "Weather of attention",
    "abstract": "",
    "arxiv_id": "1706.03762",
    "date": "2017-06-12",
}


def curl(client: TestClient, line: str) -> tuple[int, str]:
    """The answer to what a command of the docs does, as far as they use it: -X, -H, -d, -i."""
    method, headers, body, address = "GET", dict[str, str](), None, ""
    words = iter(shlex.split(line))
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word != "-i":
            address = word
    answer = client.request(method, address, headers=headers, content=body)
    return answer.status_code, answer.text


def test_the_examples_of_the_docs_work(tmp_path: Path) -> None:
    assert len(CURL) >= 6
    with web_library.make(tmp_path, [FAMOUS]) as library:
        client = TestClient(create_app(library), base_url="http://localhost:8008", client=("127.0.0.1", 5_000))
        for line in CURL:
            status, said = curl(client, line)
            assert status in (200, 201), f"{line}: {said}"

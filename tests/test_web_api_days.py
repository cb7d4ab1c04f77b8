"""Days, weeks, months, what rises and topics through the API."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

import community_people
import web_library
from broadsheet.community import trending
from broadsheet.library import Library
from broadsheet.web import create_app
from test_web_api_readers import statements

API = "/api/v1"
TODAY = datetime.now(UTC).date()


def papers() -> Iterator[dict[str, object]]:
    """Ten of today, and three of the third of January."""
    for number in range(13):
        day = TODAY.isoformat() if number < 10 else f"{TODAY.year - 1}-01-03"
        yield {
            "id": f"p{number}", "title": f"Kites in wind {number}", "abstract": "Kites.", "authors": ["Ada Stone"],
            "date": day, "year": int(day[:4]), "categories": ["cs.IR" if number % 2 else "cs.CL"],
        }  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("days"), papers(), {"edit": "all"}) as library:
        voted = [library.row(f"p{number}") for number in range(6)]
        for place, reader in enumerate(community_people.readers(library.store, 12)):
            for pk in voted[: 1 + place // 2]:
                library.store.community.vote(reader.id, pk)
        soon = int(time.time()) + 600  # nothing rises in no time
        assert trending.refresh(library.home, library.store, library.index, every=0, now=soon)
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(library))


def pages(client: TestClient, path: str) -> list[list[str]]:
    """The ids of each page."""
    found, address = [], API + path
    while address:
        body = client.get(address).json()
        found.append([hit["id"] for hit in body["hits"]])
        address = body["next"]
    return found


def test_the_calendar(client: TestClient) -> None:
    body = client.get(f"{API}/days").json()
    assert body["days"] == [{"day": TODAY.isoformat(), "papers": 10}]
    assert body["years"] == [{"year": TODAY.year, "papers": 10}, {"year": TODAY.year - 1, "papers": 3}]
    before = client.get(f"{API}/days?year={TODAY.year - 1}").json()
    assert before["days"] == [{"day": f"{TODAY.year - 1}-01-03", "papers": 3}]
    assert client.get(f"{API}/days?year=1").json()["days"] == []


def test_a_day_and_what_is_around_it(client: TestClient) -> None:
    body = client.get(f"{API}/days/latest").json()
    assert (body["period"], body["kind"], body["total"], body["after"]) == (TODAY.isoformat(), "day", 10, None)
    assert body["before"] == f"{TODAY.year - 1}-01-03"
    first = body["hits"][0]
    assert (first["id"], first["why"][:8]) == ("p0", "12 votes")
    assert sum(first["signals"].values()) == pytest.approx(first["score"], abs=1e-5)
    assert client.get(f"{API}/days/{TODAY.year - 1}-01-03").json()["total"] == 3
    for kind, name in (("weeks", f"{TODAY:%G-W%V}"), ("months", f"{TODAY:%Y-%m}")):
        assert client.get(f"{API}/{kind}/{name}").json()["total"] == 10


def test_the_pages_of_a_day_hold_each_paper_once(client: TestClient) -> None:
    whole = pages(client, "/days/latest?limit=100")
    found = pages(client, "/days/latest?limit=3")
    assert [len(page) for page in found] == [3, 3, 3, 1]
    assert [key for page in found for key in page] == whole[0]


def test_what_a_reader_hid_is_not_shown_to_that_reader(client: TestClient) -> None:
    assert client.put(f"{API}/hidden/p0").status_code == 200
    try:
        assert "p0" not in pages(client, "/days/latest?limit=100")[0]
        whole = client.get(f"{API}/days/latest?limit=100&for=all")
        assert "p0" in [hit["id"] for hit in whole.json()["hits"]]
    finally:
        client.delete(f"{API}/hidden/p0")
    assert client.get(f"{API}/days/latest").headers["cache-control"] == "private, no-cache"


def test_a_page_begins_where_the_one_before_ended_though_that_paper_goes(client: TestClient) -> None:
    first = client.get(f"{API}/days/latest?limit=4").json()
    shown = [hit["id"] for hit in first["hits"]]
    client.put(f"{API}/hidden/{shown[3]}")
    try:
        rest = [hit["id"] for hit in client.get(first["next"].replace("limit=4", "limit=50")).json()["hits"]]
        assert not set(rest) & set(shown)
        assert len(rest) >= 5
    finally:
        client.delete(f"{API}/hidden/{shown[3]}")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/days/2026-11-31", "is no day; a day is written"),
        ("/days/9999-01-01", "has not come yet"),
        ("/days/0001-01-01", "No page goes back further than 1900"),
        ("/weeks/2026-W99", "is no week"),
        ("/months/2026-13", "is no month"),
        ("/days/%00", "is no day"),
    ],
)
def test_days_that_are_none(client: TestClient, path: str, words: str) -> None:
    answer = client.get(API + path)
    assert (answer.status_code, words in answer.json()["detail"]) == (404, True)


def test_what_rises_says_every_term(client: TestClient) -> None:
    body = client.get(f"{API}/trending?window=day").json()
    assert body["measured"] and body["total"] >= 1
    first = body["hits"][0]
    assert first["id"] == "p0"
    assert first["terms"]["votes"]["count"] == 12
    assert sum(first["spark"]) >= 12
    assert first.keys() >= {"score", "why", "hot", "forecast"}
    assert sum(term["share"] for term in first["terms"].values()) == pytest.approx(first["score"], abs=1e-3)


def test_what_rises_in_a_topic(client: TestClient) -> None:
    for address in ("/trending?window=day&topic=cs.IR", "/topics/cs.IR?window=day"):
        found = [key for page in pages(client, address) for key in page]
        assert found
        assert all(int(key[1:]) % 2 for key in found)
    assert pages(client, "/topics/a%20phrase%20that%20nobody%20wrote") == [[]]
    assert len(pages(client, "/trending?window=day&limit=1")) == len(pages(client, "/trending?window=day&limit=100")[0])


def test_a_library_that_measured_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    with web_library.make(tmp_path_factory.mktemp("bare"), []) as library:
        client = TestClient(create_app(library))
        body = client.get(f"{API}/trending").json()
        assert (body["measured"], body["total"], body["hits"], body["next"]) == ("", 0, [], None)
        assert client.get(f"{API}/topics").json()["topics"] == []
        assert client.get(f"{API}/days").json()["days"] == []
        assert client.get(f"{API}/days/latest").status_code == 404
        assert client.get(f"{API}/days/{TODAY.isoformat()}").json()["hits"] == []


@pytest.mark.parametrize("path", ["/days/latest", "/trending?window=day"])
def test_a_long_page_asks_the_store_no_more_than_a_short_one(client: TestClient, library: Library, path: str) -> None:
    counts = []
    for limit in (10, 1, 5):  # the first one makes the order, which is kept a while
        with statements(library) as seen:
            assert client.get(f"{API}{path}{'&' if '?' in path else '?'}limit={limit}").status_code == 200
        counts.append(len(seen))
    assert counts[2] <= counts[1] <= counts[0]

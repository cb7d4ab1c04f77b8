"""What a reader keeps and marks, through the API: votes, what is hidden and read, lists, saved searches."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

import web_library
from broadsheet.library import Library
from broadsheet.web import create_app

API = "/api/v1"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path) as library:
        yield library


@pytest.fixture
def client(library: Library) -> TestClient:
    """A program on the library's own machine: the owner."""
    return TestClient(create_app(library), base_url="http://localhost:8008", client=("127.0.0.1", 50_000))


def asked(client: TestClient, method: str, path: str, status: int = 200, **more: Any) -> Any:
    """The body of an answer, which is a problem where *status* is one."""
    answer = client.request(method, API + path, **more)
    assert answer.status_code == status, answer.text
    if status == 204:
        return answer.content
    assert answer.headers["content-type"] == ("application/json" if status < 400 else "application/problem+json")
    return answer.json()


def pages(client: TestClient, path: str, name: str) -> list[list[Any]]:
    """All pages of a list, each reached by the `next` of the one before, which the header says too."""
    found, address = [], f"{API}{path}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert answer.headers.get("link") == (f'<{body["next"]}>; rel="next"' if body["next"] else None)
        assert answer.headers["cache-control"] == "private, no-cache"
        found.append(body[name])
        address = body["next"]
    return found


# -- marks -------------------------------------------------------------------------------------------------------------


def test_a_vote_is_given_once_and_taken_back(client: TestClient, library: Library) -> None:
    assert asked(client, "GET", "/votes/quill24") == {"id": "quill24", "voted": False, "votes": 0}
    for _ in range(2):
        assert asked(client, "PUT", "/votes/quill24") == {"id": "quill24", "voted": True, "votes": 1}
    assert asked(client, "PUT", "/votes/doi:10.1000/Sorted/2023.7")["id"] == "reed23"  # by any id
    (votes,) = pages(client, "/votes", "votes")
    assert {vote["paper"]["id"] for vote in votes} == {"reed23", "quill24"}
    assert votes[0]["paper"].keys() == {"id", "title", "authors", "year", "date", "venue", "url"}
    for _ in range(2):
        assert asked(client, "DELETE", "/votes/quill24") == {"id": "quill24", "voted": False, "votes": 0}
    assert library.store.community.tallies([library.row("reed23")])[library.row("reed23")].votes == 1


@pytest.mark.parametrize("mark", ["hidden", "read"])
def test_papers_are_hidden_and_read(client: TestClient, mark: str) -> None:
    other = {"hidden": "read", "read": "hidden"}[mark]
    for _ in range(2):
        assert asked(client, "PUT", f"/{mark}/quill24") == {"id": "quill24", mark: True, other: False}
    assert [[one["paper"]["id"] for one in page] for page in pages(client, f"/{mark}", mark)] == [["quill24"]]
    assert asked(client, "GET", f"/{mark}/quill24")[mark] is True
    for _ in range(2):
        assert asked(client, "DELETE", f"/{mark}/quill24") == {"id": "quill24", "hidden": False, "read": False}
    assert pages(client, f"/{mark}", mark) == [[]]


def test_pages_stay_whole_while_votes_come_and_go(client: TestClient, library: Library) -> None:
    for number in range(9):
        asked(client, "PUT", f"/votes/series{number}")
    first = client.get(f"{API}/votes?limit=4").json()
    seen = [one["paper"]["id"] for one in first["votes"]]
    asked(client, "PUT", "/votes/quill24")  # comes first from now on
    asked(client, "DELETE", f"/votes/{seen[3]}")  # where the next page begins
    while first["next"]:
        first = client.get(first["next"]).json()
        seen += [one["paper"]["id"] for one in first["votes"]]
    rest = {f"series{number}" for number in range(9)}
    assert (len(seen), set(seen) - {"quill24"}) == (len(set(seen)), rest)


@pytest.mark.parametrize("path", ["/votes/nobody", "/hidden/nobody", "/read/nobody", "/votes/", "/votes/%00"])
def test_marks_of_nothing(client: TestClient, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert asked(client, method, path, 404)["detail"].startswith("No paper here is called “")


def test_others_mark_nothing(library: Library) -> None:
    stranger = TestClient(create_app(library), base_url="http://papers.example", client=("192.0.2.7", 50_000))
    for method, path in (("PUT", "/votes/quill24"), ("GET", "/votes"), ("POST", "/lists")):
        body = asked(stranger, method, path, 403, json={"name": "a"} if method == "POST" else None)
        assert "Only who sits at the library's machine" in body["detail"]


# -- tags --------------------------------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    made = asked(client, "POST", "/lists", 201, json={"name": "A"})
    for path in (
        "/votes",
        "/votes/quill24",
        "/lists",
        f"/lists/{made['id']}",
        f"/lists/{made['id']}/papers",
        "/searches",
    ):
        first = client.get(API + path)
        again = client.get(API + path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "authorization" in again.headers["vary"]
    tag = client.get(f"{API}/votes/quill24").headers["etag"]
    asked(client, "PUT", "/votes/quill24")
    assert client.get(f"{API}/votes/quill24", headers={"if-none-match": tag}).status_code == 200


def test_of_two_who_change_a_list_the_second_is_told(client: TestClient) -> None:
    made = client.post(f"{API}/lists", json={"name": "A"})
    there = made.headers["location"]
    assert made.headers["etag"] == client.get(there).headers["etag"]
    tag = {"if-match": made.headers["etag"]}
    answer = client.patch(there, json={"note": "one"}, headers=tag)
    assert (answer.status_code, answer.json()["note"]) == (200, "one")
    for method, more in (("PATCH", {"json": {"note": "two"}}), ("DELETE", {})):
        late = client.request(method, there, headers=tag, **more)  # type: ignore[arg-type]
        assert (late.status_code, late.json()["title"]) == (412, "Somebody was faster")
    assert client.get(there).json()["note"] == "one"
    for fresh in (f'"other", {answer.headers["etag"]}', "*"):
        assert client.patch(there, json={"note": "two"}, headers={"if-match": fresh}).status_code in (200, 412)
    assert client.delete(there, headers={"if-match": client.get(there).headers["etag"]}).status_code == 204


# -- lists -------------------------------------------------------------------------------------------------------------


def test_a_list_from_its_beginning_to_its_end(client: TestClient, library: Library) -> None:
    made = asked(client, "POST", "/lists", 201, json={"name": "On the train", "note": "short ones"})
    assert made.items() >= {"name": "On the train", "note": "short ones", "seen_by": "private", "papers": 0}.items()
    there = f"/lists/{made['id']}"
    put = asked(client, "PUT", f"{there}/papers/quill24", json={"note": "lanterns"})
    assert (put["paper"]["id"], put["new"]) == ("quill24", True)
    assert asked(client, "PUT", f"{there}/papers/quill24", json={"note": "lamps"})["new"] is False
    assert asked(client, "PUT", f"{there}/papers/doi:10.1000/sorted/2023.7")["paper"]["id"] == "reed23"
    (entries,) = pages(client, f"{there}/papers", "papers")
    assert {(one["paper"]["id"], one["note"], one["by"]) for one in entries} == {
        ("quill24", "lamps", "owner"), ("reed23", "", "owner")
    }  # fmt: skip
    assert asked(client, "GET", there)["papers"] == 2
    assert asked(client, "DELETE", f"{there}/papers/quill24", 204) == b""
    assert asked(client, "PATCH", there, json={"name": "By train", "seen_by": "public"})["seen_by"] == "public"
    assert [one["name"] for one in asked(client, "GET", "/lists?of=all")["lists"]] == ["By train"]
    assert asked(client, "DELETE", there, 204) == b""
    assert asked(client, "GET", there, 404)["detail"] == "there is no such list here"


def test_the_pages_of_a_list(client: TestClient, library: Library) -> None:
    library.keep([f"series{number}" for number in range(11)], "Long")
    number = library.list_called("Long").id
    found = pages(client, f"/lists/{number}/papers?limit=4", "papers")
    assert [len(page) for page in found] == [4, 4, 3]
    assert len({one["paper"]["id"] for page in found for one in page}) == 11
    for name in ("b", "Äh", "c", "a"):
        library.begin_list(name, seen="public")
    named = [[one["name"] for one in page] for page in pages(client, "/lists?limit=2", "lists")]
    assert named == [["a", "Äh"], ["b", "c"], ["Long"]]
    shared = pages(client, "/lists?of=all&limit=3", "lists")
    assert [[one["name"] for one in page] for page in shared] == [["a", "c", "Äh"], ["b"]]  # the last begun first


def test_a_list_holds_no_more_than_it_says(client: TestClient) -> None:
    for wrong in ({"name": ""}, {"name": "a/b"}, {"name": "x" * 81}, {}, {"name": "a", "colour": "red"}, {"name": 7},
                  {"name": "a", "note": "x" * 2_001}, {"name": "a", "seen_by": "group"}):  # fmt: skip
        assert asked(client, "POST", "/lists", 400, json=wrong)["detail"]
    asked(client, "POST", "/lists", 201, json={"name": "A"})
    assert "already" in asked(client, "POST", "/lists", 400, json={"name": "a"})["detail"]
    assert asked(client, "GET", "/lists/99999999999", 400)["errors"]
    assert asked(client, "GET", "/lists/0", 400)["errors"]


# -- searches ----------------------------------------------------------------------------------------------------------


def test_a_search_from_its_beginning_to_its_end(client: TestClient, library: Library) -> None:
    saved = asked(client, "PUT", "/searches/Routes", json={"query": "weather routing", "sort": "new"})
    assert saved.items() >= {"name": "Routes", "query": "weather routing", "sort": "new", "new": 0}.items()
    assert asked(client, "PUT", "/searches/routes", json={"query": "weather routing", "sort": "new"}) == saved
    taken = asked(client, "PUT", "/searches/Routes", 409, json={"query": "lanterns"})
    assert "there is a saved search 'Routes' already" in taken["detail"]
    late = library.home / "late.jsonl"
    late.write_text(json.dumps({"id": "late", "title": "Weather of routing, late", "year": 2021}) + "\n")
    library.add([late])
    assert asked(client, "GET", "/searches/routes")["new"] == 1
    assert client.get(saved["url"]).status_code == 200
    assert asked(client, "PATCH", "/searches/Routes", json={"seen": 0})["new"] == 0
    assert asked(client, "PATCH", "/searches/Routes", json={"name": "Ways"})["name"] == "Ways"
    assert asked(client, "DELETE", "/searches/Ways", 204) == b""
    assert "there is no saved search" in asked(client, "DELETE", "/searches/Ways", 404)["detail"]


def test_the_pages_of_searches(client: TestClient, library: Library) -> None:
    for name in ("b", "Äh", "c", "a", "é"):
        library.save_search(name, f"weather {name}")
    found = pages(client, "/searches?limit=2", "searches")
    assert [[one["name"] for one in page] for page in found] == [["a", "Äh"], ["b", "c"], ["é"]]
    asked(client, "GET", "/searches?cursor=abc", 400)


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": "a", "sort": "best"}, {"query": "a", "extra": 1}])
def test_a_search_asks_for_something(client: TestClient, body: dict[str, object]) -> None:
    assert asked(client, "PUT", "/searches/a", 400, json=body)["errors"]


@contextmanager
def statements(library: Library) -> Iterator[list[str]]:
    """What the store is asked in the block."""
    seen: list[str] = []

    def note(*given: Any) -> None:
        seen.append(given[2])

    engine = library.store._database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_long_page_asks_the_store_no_more_than_a_short_one(client: TestClient, library: Library) -> None:
    """No question a row: as many statements for ten rows as for one."""
    ids = [f"series{number}" for number in range(10)]
    library.keep(ids, "Long")
    for key in ids:
        for mark in ("votes", "hidden", "read"):
            asked(client, "PUT", f"/{mark}/{key}")
        asked(client, "POST", "/comments", 201, json={"paper": key, "text": "Well."})
    there = f"/lists/{library.list_called('Long').id}/papers"
    for path in ("/votes", "/hidden", "/read", "/comments", "/lists", there):
        with statements(library) as few:
            asked(client, "GET", f"{path}?limit=1")
        with statements(library) as many:
            asked(client, "GET", f"{path}?limit=10")
        assert len(many) == len(few), path

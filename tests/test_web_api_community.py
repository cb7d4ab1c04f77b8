"""Comments, submissions, picks and claims through the API, by readers with tokens."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import community_people
import web_library
from broadsheet.library import Library
from broadsheet.people import tokens
from broadsheet.people.rights import SCOPES, Role
from broadsheet.web import create_app

API = "/api/v1"
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, flags={"accounts": "invite", "proxy": "http://127.0.0.1:9"}) as library:
        yield library


class People:
    """Readers of one library, each with a token."""

    def __init__(self, library: Library) -> None:
        self.library, self.app = library, create_app(library)

    def anybody(self, **headers: str) -> TestClient:
        return TestClient(self.app, base_url="https://papers.example", headers=headers, client=("192.0.2.7", 5_000))

    def reader(self, name: str, role: Role = "reader", scopes: tuple[str, ...] = SCOPES) -> TestClient:
        made = tokens.make(self.library.store, community_people.reader(self.library.store, name, role), "t", scopes)
        return self.anybody(authorization=f"Bearer {made.key}")


@pytest.fixture
def people(library: Library) -> People:
    return People(library)


def asked(client: TestClient, method: str, path: str, status: int = 200, **more: Any) -> Any:
    answer = client.request(method, API + path, **more)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_nobody_is_told_how_to_be_somebody(people: People) -> None:
    answer = people.anybody().put(f"{API}/votes/quill24")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="broadsheet"'
    assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["bs_nobody", "nobody", "", "bs_" + "a" * 5_000, "bs_\u00fc"])
def test_a_token_that_is_none(people: People, key: str) -> None:
    for method, path in (("PUT", "/votes/quill24"), ("GET", "/comments"), ("GET", "/votes")):
        answer = people.anybody().request(method, API + path, headers={b"authorization": f"Bearer {key}".encode()})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_may_do_what_its_scopes_say(people: People) -> None:
    reads, writes = people.reader("Rita", scopes=("read",)), people.reader("Walt", scopes=("write",))
    asked(reads, "GET", "/votes")
    answer = reads.put(f"{API}/votes/quill24")
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="write"'
    assert answer.json()["detail"] == "This needs a token with the scope write; this one has read."
    asked(writes, "PUT", "/votes/quill24")
    assert "scope read" in asked(writes, "GET", "/votes", 403)["detail"]
    edits = people.reader("Eve", "reader")
    assert asked(edits, "GET", "/reports", 403)["detail"] == "This needs the role editor; you are reader."


def test_a_revoked_token_opens_nothing(people: People, library: Library) -> None:
    reader = community_people.reader(library.store, "Rita")
    made = tokens.make(library.store, reader, "t", SCOPES)
    client = people.anybody(authorization=f"Bearer {made.key}")
    asked(client, "PUT", "/votes/quill24")
    tokens.revoke(library.store, reader, made.id)
    asked(client, "PUT", "/votes/quill24", 401)


# -- comments ----------------------------------------------------------------------------------------------------------


def test_a_thread(people: People) -> None:
    rita, walt = people.reader("Rita"), people.reader("Walt")
    first = asked(rita, "POST", "/comments", 201, json={"paper": "quill24", "text": "Is $x^2$ *right*?"})
    assert first.items() >= {"paper": "quill24", "by": "Rita", "answers": None, "version": 1, "gone": False}.items()
    assert "<em>right</em>" in first["html"] and "<math" in first["html"]
    again = asked(rita, "POST", "/comments", 201, json={"paper": "quill24", "text": "Is $x^2$ *right*?"})
    assert again == first  # sent twice, it is said once
    answer = asked(walt, "POST", "/comments", 201, json={"paper": "quill24", "text": "Yes.", "answers": first["id"]})
    read = asked(people.anybody(), "GET", "/comments?paper=quill24")
    assert read["comments"] == [first, answer]
    assert [one["id"] for one in asked(walt, "GET", "/comments")["comments"]] == [answer["id"], first["id"]]
    asked(walt, "PATCH", f"/comments/{first['id']}", 403, json={"text": "No."})
    asked(walt, "DELETE", f"/comments/{first['id']}", 403)
    asked(rita, "DELETE", f"/comments/{first['id']}", 204)
    asked(rita, "DELETE", f"/comments/{first['id']}", 204)
    left = asked(walt, "GET", f"/comments/{first['id']}")
    assert (left["gone"], left["text"], left["html"]) == (True, "", "")
    wrong = {"paper": "reed23", "text": "Here?", "answers": answer["id"]}
    asked(walt, "POST", "/comments", 400, json=wrong)


def test_of_two_who_change_a_comment_the_second_is_told(people: People) -> None:
    rita = people.reader("Rita")
    made = rita.post(f"{API}/comments", json={"paper": "quill24", "text": "One"})
    there = made.headers["location"]
    tag = {"if-match": made.headers["etag"]}
    assert rita.patch(there, json={"text": "Two"}, headers=tag).json()["version"] == 2
    assert rita.patch(there, json={"text": "Three"}, headers=tag).status_code == 412
    assert rita.patch(there, json={"text": "Three", "version": 1}).status_code == 409
    assert rita.get(there).json()["text"] == "Two"
    assert rita.patch(there, json={"text": "Three", "version": 2}).json()["version"] == 3


def test_comments_that_are_none(people: People) -> None:
    rita = people.reader("Rita")
    for text in ("", " ", "\u200b\u202e", "x" * 10_001, 7, None):
        asked(rita, "POST", "/comments", 400, json={"paper": "quill24", "text": text})
    for wrong in ({"text": "a"}, {"paper": "quill24"}, {"paper": "quill24", "text": "a", "by": "Walt"}):
        asked(rita, "POST", "/comments", 400, json=wrong)
    asked(rita, "POST", "/comments", 404, json={"paper": "nobody", "text": "a"})
    asked(rita, "POST", "/comments", 413, json={"paper": "quill24", "text": "x" * 1_000_000})
    asked(rita, "GET", "/comments/7", 404)
    for hostile in ("<script>alert(1)</script>", "[a](javascript:alert(1))", "![a](https://e.example/x.png)"):
        html = asked(rita, "POST", "/comments", 201, json={"paper": "quill24", "text": hostile})["html"]
        assert not [sign for sign in ("<script", 'href="javascript', "<img") if sign in html]


def test_who_says_too_much_waits(people: People) -> None:
    rita = people.reader("Rita")
    for number in range(20):
        asked(rita, "POST", "/comments", 201, json={"paper": "quill24", "text": f"Word {number}"})
    answer = rita.post(f"{API}/comments", json={"paper": "quill24", "text": "One more"})
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    found, address = [], f"{API}/comments?paper=quill24&limit=7"
    while address:
        body = rita.get(address).json()
        found.append(len(body["comments"]))
        address = body["next"]
    assert found == [7, 7, 6]


def test_what_is_reported_is_looked_at(people: People) -> None:
    rita, walt, editor = people.reader("Rita"), people.reader("Walt"), people.reader("Edda", "editor")
    one = asked(rita, "POST", "/comments", 201, json={"paper": "quill24", "text": "Buy ink!"})["id"]
    for _ in range(2):
        asked(walt, "PUT", f"/comments/{one}/report", 204, json={"why": "an advertisement"})
    (report,) = asked(editor, "GET", "/reports")["reports"]
    assert (report["comment"]["id"], report["readers"], report["why"]) == (one, 1, "an advertisement")
    asked(walt, "DELETE", f"/reports/{one}", 403)
    asked(editor, "DELETE", f"/reports/{one}", 204)
    assert asked(editor, "GET", "/reports")["reports"] == []
    asked(editor, "DELETE", f"/comments/{one}?why=advertisement", 204)
    assert asked(rita, "GET", f"/comments/{one}")["gone"] is True
    assert asked(editor, "POST", f"/comments/{one}/restore", json={})["text"] == "Buy ink!"


# -- submissions -------------------------------------------------------------------------------------------------------


def test_papers_are_brought(people: People) -> None:
    rita, walt = people.reader("Rita"), people.reader("Walt")
    done = asked(
        rita, "POST", "/submissions", 201, json={"paper": "https://doi.org/10.1000/sorted/2023.7", "note": "Neat"}
    )
    assert (done["paper"]["id"], done["first"], done["fetched"]) == ("reed23", True, False)
    assert asked(walt, "POST", "/submissions", 201, json={"paper": "10.1000/sorted/2023.7"})["first"] is False
    (mine,) = asked(rita, "GET", "/submissions")["submissions"]
    assert (mine["paper"]["id"], mine["note"]) == ("reed23", "Neat")
    assert asked(walt, "GET", "/submissions")["submissions"] == []
    assert "search" in asked(rita, "POST", "/submissions", 400, json={"paper": "Sorting by differences"})["detail"]
    assert asked(rita, "POST", "/submissions", 502, json={"paper": "arXiv:2101.00001"})["title"]
    asked(walt, "DELETE", "/submissions/reed23", 204)
    assert len(asked(rita, "GET", "/submissions")["submissions"]) == 1
    asked(rita, "DELETE", "/submissions/reed23", 204)
    assert asked(rita, "GET", "/submissions")["submissions"] == []


# -- picks -------------------------------------------------------------------------------------------------------------


def picked(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one["paper"]["id"], one["note"]) for one in body["picks"]]


def test_editors_choose_and_order(people: People) -> None:
    editor, rita, there = people.reader("Edda", "editor"), people.reader("Rita"), f"/days/{TODAY}/picks"
    asked(rita, "PUT", f"{there}/quill24", 403)
    for _ in range(2):
        assert picked(asked(editor, "PUT", f"{there}/quill24", json={"note": "Read it"})) == [("quill24", "Read it")]
    asked(editor, "PUT", f"{there}/reed23")
    moved = asked(editor, "PUT", f"{there}/reed23", json={"place": 0, "note": "First"})
    assert picked(moved) == [("reed23", "First"), ("quill24", "Read it")]
    assert asked(people.anybody(), "GET", there) == moved
    seen = editor.get(API + there).headers["etag"]
    asked(editor, "PUT", f"{there}/moss22", json={"place": 1}, headers={"if-match": seen})
    asked(editor, "PUT", f"{there}/ash21", 412, json={"place": 0}, headers={"if-match": seen})
    assert picked(asked(editor, "DELETE", f"{there}/moss22")) == picked(moved)
    asked(editor, "DELETE", f"{there}/moss22")
    asked(editor, "PUT", "/days/2026-13-01/picks/quill24", 400)
    asked(editor, "PUT", f"{there}/nobody", 404)
    asked(editor, "PUT", f"{there}/quill24?group=nobody", 404)


# -- claims ------------------------------------------------------------------------------------------------------------


def test_an_author_says_so_and_an_editor_decides(people: People) -> None:
    rita, walt, editor = people.reader("Rita"), people.reader("Walt"), people.reader("Edda", "editor")
    said = {"paper": "quill24", "author": "Ada Quill"}
    asked(rita, "POST", "/claims", 400, json={"paper": "quill24", "author": "Rita"})
    made = asked(rita, "POST", "/claims", 201, json=said)
    assert (made["state"], made["by"], made["paper"]["id"]) == ("asked", "Rita", "quill24")
    asked(rita, "GET", "/claims?of=waiting", 403)
    assert asked(editor, "GET", "/claims?of=waiting")["claims"] == [made]
    there = f"/claims/{made['id']}"
    asked(walt, "PATCH", there, 403, json={"state": "withdrawn"})
    asked(rita, "PATCH", there, 403, json={"state": "approved", "was": "asked"})
    assert "was" in asked(editor, "PATCH", there, 400, json={"state": "approved"})["detail"]
    desk = people.reader("Emil", "editor", scopes=("edit",))
    asked(desk, "PATCH", there, 403, json={"state": "withdrawn"})
    done = asked(desk, "PATCH", there, json={"state": "approved", "was": "asked", "note": "By her page"})
    assert (done["state"], done["editor"]) == ("approved", "Emil")
    asked(editor, "PATCH", there, 409, json={"state": "refused", "was": "asked"})
    assert [one["state"] for one in asked(editor, "GET", "/claims?of=decided")["claims"]] == ["approved"]
    assert asked(rita, "PATCH", there, json={"state": "withdrawn"})["state"] == "withdrawn"
    assert [one["state"] for one in asked(rita, "GET", "/claims")["claims"]] == ["withdrawn"]
    asked(rita, "PATCH", "/claims/99", 404, json={"state": "withdrawn"})

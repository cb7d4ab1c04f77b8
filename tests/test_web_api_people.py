"""Groups, one's own account, accounts and the audit log through the API."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import community_people
import web_library
from broadsheet.library import Library
from broadsheet.people import limits, sessions, tokens
from broadsheet.people.rights import SCOPES
from broadsheet.store import OWNER
from test_web_api_community import API, People, asked

FLAGS = {"accounts": "invite", "address": "https://papers.example"}
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS, FLAGS) as library:
        yield library


@pytest.fixture
def people(library: Library) -> People:
    return People(library)


# -- groups ------------------------------------------------------------------------------------------------------------


def test_a_group_from_its_beginning_to_its_end(people: People) -> None:
    rita, walt, vera = people.reader("Rita"), people.reader("Walt"), people.reader("Vera")
    made = asked(rita, "POST", "/groups", 201, json={"name": "Graph Lab", "about": "Graphs.", "seen_by": "members"})
    assert made.items() >= {"slug": "graph-lab", "role": "owner", "members": 1, "joining": "ask"}.items()
    asked(walt, "GET", "/groups/graph-lab", 404)  # only its members see it
    assert asked(rita, "PATCH", "/groups/graph-lab", json={"seen_by": "all"})["seen_by"] == "all"
    there = "/groups/graph-lab/members"
    assert asked(walt, "PUT", f"{there}/walt")["role"] == "asked"
    asked(vera, "PUT", f"{there}/Walt", 403)
    assert [one["name"] for one in asked(vera, "GET", there)["members"]] == ["Rita"]
    assert [one["role"] for one in asked(rita, "GET", there)["members"]] == ["owner", "asked"]
    assert asked(rita, "PUT", f"{there}/Walt")["role"] == "member"
    assert asked(rita, "PUT", f"{there}/Vera")["role"] == "invited"
    assert asked(vera, "PUT", f"{there}/Vera")["role"] == "member"
    assert asked(rita, "PUT", f"{there}/Vera", json={"role": "editor"})["role"] == "editor"
    asked(walt, "DELETE", f"{there}/Vera", 403)
    asked(vera, "DELETE", f"{there}/Walt", 204)
    assert [one["slug"] for one in asked(vera, "GET", "/groups?of=me")["groups"]] == ["graph-lab"]
    assert asked(walt, "GET", "/groups?of=me")["groups"] == []
    kept = asked(rita, "POST", "/lists", 201, json={"name": "To read", "group": "Graph Lab"})
    assert [one["id"] for one in asked(vera, "GET", "/groups/graph-lab/lists")["lists"]] == [kept["id"]]
    asked(vera, "PUT", "/days/2026-11-20/picks/quill24?group=graph-lab")
    (pick,) = asked(vera, "GET", "/days/2026-11-20/picks?group=graph-lab")["picks"]
    assert pick["paper"]["id"] == "quill24"
    assert asked(vera, "GET", "/days/2026-11-20/picks")["picks"] == []
    asked(walt, "PUT", "/days/2026-11-20/picks/quill24", 403)
    asked(vera, "DELETE", "/groups/graph-lab", 403)
    asked(rita, "DELETE", "/groups/graph-lab", 204)
    asked(rita, "GET", "/groups/graph-lab", 404)


def test_the_pages_of_groups_and_members(people: People) -> None:
    rita = people.reader("Rita")
    for name in ("Kites", "Looms", "Maps"):
        asked(rita, "POST", "/groups", 201, json={"name": name, "joining": "open"})
    found, address = [], f"{API}/groups?limit=2"
    while address:
        body = rita.get(address).json()
        found.append([one["name"] for one in body["groups"]])
        address = body["next"]
    assert found == [["Kites", "Looms"], ["Maps"]]
    for number in range(4):
        asked(people.reader(f"Nemo{number}x"), "PUT", f"/groups/maps/members/nemo{number}x")
    first = asked(rita, "GET", "/groups/maps/members?limit=3")
    rest = rita.get(first["next"]).json()
    assert len({one["name"] for one in (*first["members"], *rest["members"])}) == 5
    assert rest["next"] is None


@pytest.mark.parametrize(
    "body", [{}, {"name": "a"}, {"name": "x" * 61}, {"name": "api"}, {"name": "ok", "joining": "?"}]
)
def test_groups_that_cannot_be(people: People, body: dict[str, str]) -> None:
    asked(people.reader("Rita"), "POST", "/groups", 400, json=body)


def test_a_group_may_have_a_name_of_any_script(people: People) -> None:
    rita = people.reader("Rita")
    made = rita.post(f"{API}/groups", json={"name": "Ομάδα γράφων"})
    assert made.status_code == 201
    assert rita.get(made.headers["location"]).json() == made.json()
    for number in range(2):
        asked(people.reader(f"Nemo{number}x"), "PUT", f"/groups/{made.json()['slug']}/members/nemo{number}x")
    first = asked(rita, "GET", f"/groups/{made.json()['slug']}/members?limit=1")
    assert rita.get(first["next"]).status_code == 200


def test_what_all_see_of_a_reader(people: People) -> None:
    rita = people.reader("Rita")
    asked(rita, "PATCH", "/me", json={"about": "Reads <maps>."})
    asked(rita, "POST", "/lists", 201, json={"name": "Mine"})
    shared = asked(rita, "POST", "/lists", 201, json={"name": "Ours", "seen_by": "public"})
    profile = asked(people.anybody(), "GET", "/readers/rita")
    assert (profile["name"], profile["about"]) == ("Rita", "Reads <maps>.")
    assert [one["id"] for one in profile["lists"]] == [shared["id"]]
    asked(people.anybody(), "GET", "/readers/nobody", 404)


# -- me ----------------------------------------------------------------------------------------------------------------


def test_who_one_is(people: People) -> None:
    rita, walt = people.reader("Rita"), people.reader("Walt", scopes=("read", "write"))
    me = asked(rita, "GET", "/me")
    assert me.items() >= {"name": "Rita", "role": "reader", "scopes": sorted(SCOPES)}.items()
    tag = {"if-match": rita.get(f"{API}/me").headers["etag"]}
    assert asked(rita, "PATCH", "/me", json={"name": "Margarita"}, headers=tag)["name"] == "Margarita"
    asked(rita, "PATCH", "/me", 412, json={"name": "Marga"}, headers=tag)
    asked(rita, "PATCH", "/me", 400, json={"name": "WALT"})
    asked(rita, "PATCH", "/me", 400, json={"name": "а dmin"})
    assert asked(walt, "GET", "/me")["name"] == "Walt"
    asked(walt, "PATCH", "/me", 403, json={"about": "x"})


def test_tokens_make_no_larger_tokens(people: People) -> None:
    rita = people.reader("Rita", scopes=("read", "admin"))
    made = asked(rita, "POST", "/me/tokens", 201, json={"name": "export", "scopes": ["read"], "days": 7})
    assert asked(people.anybody(authorization=f"Bearer {made['key']}"), "GET", "/me")["scopes"] == ["read"]
    asked(rita, "POST", "/me/tokens", 400, json={"name": "more", "scopes": ["read", "write"]})
    asked(rita, "POST", "/me/tokens", 400, json={"name": "none", "scopes": []})
    found = asked(rita, "GET", "/me/tokens")["tokens"]
    assert [(one["name"], one["scopes"], bool(one["ends"])) for one in found] == [
        ("t", ["read", "admin"], False), ("export", ["read"], True)
    ]  # fmt: skip
    assert made["key"] not in str(found)
    asked(rita, "DELETE", f"/me/tokens/{made['id']}", 204)
    asked(rita, "DELETE", f"/me/tokens/{made['id']}", 404)
    asked(people.anybody(authorization=f"Bearer {made['key']}"), "GET", "/me", 401)


def test_a_browser_changes_things_from_our_pages_only(people: People, library: Library) -> None:
    reader = community_people.reader(library.store, "Rita")
    key = sessions.begin(library.store, reader.id, "link", AGENT)
    browser = people.anybody()
    browser.cookies.set("__Host-broadsheet", key)
    (session,) = asked(browser, "GET", "/me/sessions")["sessions"]
    assert (session["browser"], session["this"]) == ("Firefox on Linux", True)
    ours = {"origin": "https://papers.example", "sec-fetch-site": "same-origin"}
    asked(browser, "PUT", "/votes/quill24", headers=ours)
    for theirs in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        asked(browser, "DELETE", "/votes/quill24", 403, headers=theirs)
    asked(browser, "DELETE", "/me/sessions/nothing", 404, headers=ours)
    asked(browser, "DELETE", f"/me/sessions/{session['id']}", 204, headers=ours)
    asked(browser, "GET", "/me", 401)


def test_one_takes_everything_along_and_goes(people: People) -> None:
    rita = people.reader("Rita")
    asked(rita, "PUT", "/votes/quill24")
    answer = rita.get(f"{API}/me/export")
    assert (answer.headers["content-type"], "no-store" in answer.headers["cache-control"]) == ("application/zip", True)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "quill24" in archive.read("everything.json").decode()
    asked(rita, "DELETE", "/me", 400)
    asked(rita, "DELETE", "/me?name=Walt", 400)
    asked(rita, "DELETE", "/me?name=Rita", 204)
    asked(rita, "GET", "/me", 401)
    asked(people.anybody(), "GET", "/readers/Rita", 404)


# -- administration ----------------------------------------------------------------------------------------------------


def test_accounts_are_kept_in_order(people: People) -> None:
    boss, rita = people.reader("Bo", "admin"), people.reader("Rita")
    asked(rita, "GET", "/accounts", 403)
    first = asked(boss, "GET", "/accounts?limit=2")
    names = [one["name"] for one in (*first["accounts"], *boss.get(first["next"]).json()["accounts"])]
    assert names == ["owner", "Bo", "Rita"]
    assert [one["name"] for one in asked(boss, "GET", "/accounts?q=rit")["accounts"]] == ["Rita"]
    assert asked(boss, "PATCH", "/accounts/rita", json={"role": "editor"})["role"] == "editor"
    asked(rita, "GET", "/reports")
    assert asked(boss, "PATCH", "/accounts/rita", json={"state": "suspended"})["state"] == "suspended"
    asked(rita, "GET", "/me", 401)
    assert asked(boss, "PATCH", "/accounts/rita", json={"state": "active"})["state"] == "active"
    asked(boss, "PATCH", "/accounts/owner", 400, json={"role": "reader"})
    asked(boss, "PATCH", "/accounts/nobody", 404, json={"role": "reader"})
    events = asked(boss, "GET", "/audit?limit=3")
    assert [(one["by"], one["act"]) for one in events["events"]] == [
        ("Bo", "account.restore"), ("Bo", "account.suspend"), ("Bo", "account.role")
    ]  # fmt: skip
    assert {one["id"] for one in boss.get(events["next"]).json()["events"]}.isdisjoint(
        one["id"] for one in events["events"]
    )


def test_invitations(people: People) -> None:
    boss, rita = people.reader("Bo", "admin"), people.reader("Rita")
    asked(rita, "POST", "/invitations", 403, json={})
    made = asked(boss, "POST", "/invitations", 201, json={"role": "editor", "uses": 2, "days": 3})
    assert (made["email"], made["days"], "/join/" in made["link"]) == ("", 3, True)
    (one,) = asked(boss, "GET", "/invitations")["invitations"]
    assert (one["role"], one["uses"]) == ("editor", 2)
    assert asked(rita, "GET", "/invitations")["invitations"] == []
    asked(rita, "DELETE", f"/invitations/{one['id']}", 404)
    asked(boss, "DELETE", f"/invitations/{one['id']}", 204)
    assert asked(boss, "GET", "/invitations")["invitations"] == []


# -- how often ---------------------------------------------------------------------------------------------------------


def test_who_asks_too_often_waits(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "API", limits.Rate(3, 60.0))
    monkeypatch.setattr(limits, "TOKEN", limits.Rate(5, 60.0))
    some = People(people.library)
    anybody, rita, walt = some.anybody(), some.reader("Rita"), some.reader("Walt")
    assert [anybody.get(f"{API}/stats").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [rita.get(f"{API}/stats").status_code for _ in range(6)] == [200] * 5 + [429]
    assert walt.get(f"{API}/stats").status_code == 200
    assert anybody.get(f"{API}/suggest?q=w", headers={"sec-fetch-site": "same-origin"}).status_code == 200
    late = rita.get(f"{API}/stats")
    assert (late.json()["status"], 0 < int(late.headers["retry-after"]) <= 60) == (429, True)


def test_where_nobody_has_an_account_a_token_is_the_owners(tmp_path: Path) -> None:
    with web_library.make(tmp_path / "off", web_library.PAPERS) as library:
        people = People(library)
        asked(people.anybody(), "PUT", "/votes/quill24", 403)
        made = tokens.make(library.store, community_people.BOSS, "t", ("read", "write"))
        program = people.anybody(authorization=f"Bearer {made.key}")
        assert asked(program, "PUT", "/votes/quill24")["voted"] is True
        row = library.row("quill24")
        assert library.store.community.votes_of(OWNER, [row]) == {row}

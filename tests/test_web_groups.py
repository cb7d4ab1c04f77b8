"""Groups and readers on the pages: joining and leaving, roles, what a group shows to whom, what all see of a reader."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

import web_library
from broadsheet import groups
from broadsheet.errors import Mistake
from broadsheet.library import Library
from broadsheet.people import leaving
from broadsheet.people.rights import Reader
from broadsheet.store import OWNER
from community_people import BOSS, Browser, counted, sql
from people_made import account, with_accounts
from web_library import text

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path) as library:
        yield with_accounts(library)


def people(library: Library, *names: str) -> list[tuple[Reader, Browser]]:
    found = [account(library, name) for name in names]
    return [(one, Browser(library, one)) for one in found]


# -- one group ---------------------------------------------------------------------------------------------------------


def test_a_group_is_begun_joined_and_left(library: Library) -> None:
    (ada, owner), (ben, other) = people(library, "Ada", "Ben")
    there = owner.press("/groups", name="Graph Lab", about="We read <graphs>.\nOn Mondays.", seen="all", joining="ask")
    assert there == "/group/graph-lab" and "We read <graphs>." in text(owner.see(there))
    assert other.client.get("/group/Graph%20Lab").headers["location"] == there, "one address"
    assert other.client.get("/group/GRAPHLAB").headers["location"] == there
    assert "Ask to join" in other.see(there) and "Graph Lab" in text(other.see("/groups"))
    assert other.ask("/groups/1/join") == {
        "there": there, "said": "You have asked; an editor of the group lets you in.", "pressed": False, "total": None
    }  # fmt: skip
    assert "Take it back" in other.see(there) and "has asked to join" in text(owner.see(there))
    other.press("/groups/1/leave")
    assert "has asked" not in text(owner.see(there))
    other.press("/groups/1/join")
    owner.press("/groups/1/accept", reader=str(ben.id))
    assert "2 members" in text(other.see(there)) and "Leave this group" in other.see(there)
    assert other.press("/groups/1/leave") == "/groups" and "1 member" in text(other.see(there))
    owner.press("/groups/1/invite", name="ben")
    assert "You are invited" in text(other.see(there)) and other.ask("/groups/1/join")["pressed"]
    owner.press("/groups/1/hand-over", reader=str(ben.id))
    assert [(one.name, one.role) for one in library.store.teams.members(1)] == [("Ben", "owner"), ("Ada", "editor")]
    assert "Change this group" in other.see(there) and "Change this group" not in owner.see(there)
    other.press("/groups/1/change", name="Graph Lab II", about="", seen="members", joining="invite")
    assert "only its members see it" in text(owner.see("/group/graph-lab-ii"))
    assert "Tick the box" in text(other.press("/groups/1/remove", 400))
    assert other.press("/groups/1/remove", sure="1") == "/groups"
    other.see("/group/graph-lab-ii", 404)
    assert ada.id != OWNER


def test_a_group_that_only_members_see_is_not_there_for_others(library: Library) -> None:
    (_, owner), (ben, member), (_, eve) = people(library, "Ada", "Ben", "Eve")
    nobody = Browser(library)
    owner.press("/groups", name="Hidden Lab", about="hush", seen="members", joining="open")
    owner.press("/groups/1/invite", name="Ben")
    member.press("/groups/1/join")
    owner.press("/lists", name="Reading", group="Hidden Lab", seen="group")
    member.press("/list/1/put", id="quill24", note="a note")
    member.press("/kept", id="moss22", list="hidden lab/reading")
    assert [one.papers for one in library.shelves(ben.id).group_lists()] == [2]
    assert "put here by" in text(owner.see("/list/1/reading")) and "Hidden Lab" in text(member.see("/lists"))
    assert "Hidden Lab/Reading" in unescape(member.see("/paper/quill24")), "saved there from a paper's page"
    for who in (eve, nobody):
        for path in ("/group/hidden-lab", "/group/hidden-lab.atom", "/list/1", "/list/1/reading", "/list/1.bib"):
            assert "Hidden" not in who.see(path, 404).replace("hidden-lab", "").replace(" hidden", "")
        for path in ("/groups", "/lists", "/", "/reader/Ada", "/reader/Ben", "/paper/quill24"):
            assert "Hidden Lab" not in who.client.get(path).text, path
        for question in ('in:"hidden lab/reading"', 'in:"ada/reading"'):
            assert who.client.get("/api/v1/search", params={"q": question}).json()["total"] == 0
    for path in ("join", "leave", "invite", "accept", "out", "role", "change", "remove", "pick", "hand-over"):
        eve.press(f"/groups/1/{path}", 404, sure="1", name="Eve", reader="2", role="owner", id="quill24")
    assert member.client.get("/api/v1/search", params={"q": 'in:"hidden lab/reading"'}).json()["total"] == 2
    (feed,) = set(re.findall(r'href="(/feeds/[^"]+/group/1\.atom)"', unescape(member.see("/group/hidden-lab"))))
    assert len(ET.fromstring(nobody.see(feed)).findall(f"{ATOM}entry")) == 2
    owner.press("/groups/1/out", reader=str(ben.id))
    nobody.see(feed, 404)
    member.see("/list/1/reading", 404)
    member.press("/list/1/put", 404, id="late")


def test_members_keep_a_list_together(library: Library) -> None:
    (ada, owner), (_, ben), (_, eve) = people(library, "Ada", "Ben", "Eve")
    owner.press("/groups", name="Lab", joining="open")
    for who in (ben, eve):
        who.press("/groups/1/join")
    owner.press("/lists", name="Reading", group="Lab", seen="public")
    ben.press("/list/1/put", id="quill24", note="by Ben")
    eve.press("/list/1/put", id="moss22")
    assert "or an editor of Lab" in text(eve.press("/list/1/off", 403, id="quill24"))
    assert eve.press("/list/1/note", 403, id="quill24", note="x") and eve.press("/list/1/change", 403, name="x")
    eve.press("/list/1/off", id="moss22")
    owner.press("/groups/1/role", reader=str(account(library, "Eve").id), role="editor")
    eve.press("/list/1/off", id="quill24")
    eve.press("/list/1/change", name="Reading now")
    assert eve.press("/list/1/change", 403, seen="private") and eve.press("/list/1/change", 403, group="")
    ben.press("/list/1/put", id="quill24")
    owner.press("/groups/1/leave")
    (one,) = library.store.lists.of_group(1)
    assert (one.owner, one.name, one.papers) == ("Eve", "Reading now", 1), "the group's list stays with the group"
    assert library.shelves(ada.id).lists() == () and counted(library.store)


def test_editors_choose_papers_and_members_see_what_others_mean(library: Library) -> None:
    (_, owner), (ben, member), (_, eve) = people(library, "Ada", "Ben", "Eve")
    owner.press("/groups", name="Lab", joining="open")
    member.press("/groups/1/join")
    owner.press("/groups/1/pick", id="quill24", note="Read this first", day="2024-05-06")
    owner.press("/groups/1/pick", id="moss22", day="2024-05-06")
    owner.press("/groups/1/step", id="moss22", day="2024-05-06", by="up")
    page = text(eve.see("/group/lab"))
    assert "Chosen for 6 May 2024" in page and "Read this first" in page and "chosen by Ada" in page
    assert eve.see("/group/lab").index("moss22") < eve.see("/group/lab").index("quill24")
    assert "only the editors" in text(member.press("/groups/1/pick", 403, id="series1"))
    assert "is no day" in text(owner.press("/groups/1/pick", 400, id="series1", day="someday"))
    owner.press("/groups/1/unpick", id="moss22", day="2024-05-06")
    assert [one.pk for one in library.store.desk.day(20240506, 1)] == [library.row("quill24")]
    assert [one.pk for one in library.store.desk.day(20240506)] == [], "the library's own desk is another"
    library.store.community.vote(ben.id, library.row("series1"))
    library.shelves(ben.id).keep(["series2"])
    member.press("/lists", name="Open", seen="public")
    library.shelves(ben.id).keep(["series3"], "open")
    for browser in (eve, owner):
        lately = text(browser.see("/group/lab")).partition("submitted lately")[2]
        assert "voted" not in lately and "kept by 1 member" in lately and "part 2." not in lately
    for _, browser in people(library, "Cleo", "Dora"):
        browser.press("/groups/1/join")
    assert "1 member voted for it" in text(owner.see("/group/lab")) and "voted for it" not in text(
        eve.see("/group/lab")
    )
    assert len(ET.fromstring(eve.see("/group/lab.atom")).findall(f"{ATOM}entry")) == 1


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": ""}, "cannot be a name"),
        ({"name": "x"}, "2 to 60 letters"),
        ({"name": "!!!"}, "2 to 60 letters"),
        ({"name": "a/b"}, "cannot be a name"),
        ({"name": "Admin"}, "kept for the library itself"),
        ({"name": "Ada"}, "another group, or a reader, is called"),
        ({"name": "G\u0433aph Lab"}, "another group, or a reader, is called"),
        ({"name": "graph-lab"}, "another group, or a reader, is called"),
        ({"name": "Other", "seen": "some"}, "one of all, members"),
        ({"name": "Other", "joining": "never"}, "one of open, ask, invite"),
        ({"name": "Other", "about": "x" * 2001}, "2,001 characters"),
    ],
)
def test_what_is_no_group(library: Library, form: dict[str, str], sentence: str) -> None:
    ((_, ada),) = people(library, "Ada")
    ada.press("/groups", name="Graph Lab")
    assert sentence in text(ada.press("/groups", 400, **form))
    assert len(library.store.teams.all(OWNER)) == 1


def test_a_reader_cannot_take_the_name_of_a_group(library: Library) -> None:
    ((_, ada),) = people(library, "Ada")
    ada.press("/groups", name="quillers")
    with pytest.raises(Mistake):
        account(library, "Quillers")
    ada.press("/groups/1/role", 400, reader="1", role="king")
    ada.press("/groups/1/role", 404, reader="77", role="editor")
    ada.press("/groups/1/role", 400, reader="me", role="editor")
    ada.press("/groups/1/invite", 404, name="Nobody")


# -- readers -----------------------------------------------------------------------------------------------------------


def test_what_all_see_of_a_reader(library: Library) -> None:
    (ada, own), (_, other) = people(library, "Ada", "Ben")
    address = account(library, "Cleo", email="cleo@example.org")
    own.press("/lists", name="Open", note="for all", seen="public")
    own.press("/lists", name="Hush")
    own.press("/list/1/put", id="quill24")
    own.press("/groups", name="Lab")
    own.press("/groups", name="Secret Lab", seen="members")
    paper = library.paper("quill24")
    assert paper is not None
    claim = library.store.claims.ask(ada.id, library.row("quill24"), paper.authors[0])
    assert "Author of" not in other.see("/reader/Ada")
    library.store.claims.decide(OWNER, claim.id, "approved", "", "asked", own=True)
    page = text(other.see("/reader/Ada"))
    assert "Open" in page and "for all" in page and "Lab" in page and "Author of" in page and paper.title in page
    assert "Hush" not in page and "Secret Lab" not in page
    assert "Secret Lab" in text(own.see("/reader/Ada")) and "what others see" in text(own.see("/reader/Ada"))
    assert other.client.get("/reader/aDA").headers["location"] == "/reader/Ada"
    assert len(ET.fromstring(other.see("/reader/Ada.atom")).findall(f"{ATOM}entry")) == 1
    assert "example.org" not in other.see(f"/reader/{address.name}").replace("papers.example.org", "")
    for name in ("Nobody", "x" * 300, "%00"):
        other.see(f"/reader/{name}", 404)
    sql(library.store, "UPDATE account SET state = 'suspended' WHERE id = :id", id=ada.id)
    other.see("/reader/Ada", 404)


def test_who_leaves_leaves_nothing_of_lists_and_groups(library: Library) -> None:
    (ada, own), (_, ben) = people(library, "Ada", "Ben")
    own.press("/groups", name="Lab", joining="open")
    ben.press("/groups/1/join")
    own.press("/lists", name="Reading", group="Lab", seen="group")
    own.press("/list/1/put", id="quill24")
    own.press("/lists", name="Own", seen="public")
    own.press("/list/2/put", id="moss22")
    leaving.leave(library.store, ada, ada.name)
    ben.see("/list/2/own", 404)
    assert "1 paper" in text(ben.see("/list/1/reading")) and "Change this group" in ben.see("/group/lab")
    assert "put here by" not in text(ben.see("/list/1/reading"))
    assert counted(library.store) and library.store.check() == []


def test_groups_of_a_library_without_accounts(tmp_path: Path) -> None:
    with web_library.make(tmp_path) as library:
        owner = Browser(library)
        owner.press("/groups", name="Mine alone")
        assert "1 member" in text(owner.see("/group/mine-alone"))
        team = groups.found(library.store, "mine alone", BOSS.id)
        assert groups.slug(team.name) == "mine-alone" and team.role == "owner"

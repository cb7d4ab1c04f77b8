"""The editors' desk, submissions and claims on the pages; papers looked up at a service on loopback."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import loopback
import web_library
from broadsheet.community import submissions
from broadsheet.fetch import Client
from broadsheet.library import STORE_FILE, Library
from broadsheet.people import acts
from broadsheet.store import Store
from community_people import BOSS, Browser, reader, sql, with_accounts
from web_library import text

A, B, C = "series1", "series2", "series3"
DAY = "/desk/2026-11-20"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("desk")) as library:
        yield library


@pytest.fixture
def library(made: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr(made, "settings", made.settings)
    yield with_accounts(made)
    for table in ("submission", "pick", "claim", "comment", "vote", "tally", "audit", "session", "team", "member"):
        sql(made.store, f"DELETE FROM {table}")
    sql(made.store, "DELETE FROM account WHERE id > 1")


@pytest.fixture
def eve(library: Library) -> Browser:
    return Browser(library, reader(library.store, "Eve", "editor"))


@pytest.fixture
def ada(library: Library) -> Browser:
    return Browser(library, reader(library.store, "Ada"))


def chosen(browser: Browser, address: str = DAY) -> list[str]:
    """The papers of a day as the desk has them."""
    part = browser.see(address).partition('<ol class="picks"')[2].partition("</ol>")[0]
    return re.findall(r'<h3 class="title" dir="auto"><a href="/paper/(\w+)"', part)


def row(library: Library, key: str) -> str:
    return str(library.row(key))


# -- the desk ----------------------------------------------------------------------------------------------------------


def test_an_editor_chooses_orders_and_explains(eve: Browser, library: Library) -> None:
    assert re.fullmatch(r"/desk/\d{4}-\d\d-\d\d", eve.client.get("/desk").headers["location"])
    for key in (A, B, C):
        eve.press(f"{DAY}/pick", id=key)
    assert chosen(eve) == [A, B, C]
    assert eve.press(f"{DAY}/move", pk=row(library, C), move="up") == f"{DAY}#pick-{row(library, C)}"
    assert chosen(eve) == [A, C, B]
    eve.press(f"{DAY}/note", pk=row(library, C), note="Clear <b>proofs</b>.", was="")
    assert 'value="Clear &lt;b&gt;proofs&lt;/b&gt;."' in eve.see(DAY)
    page = eve.press(f"{DAY}/note", 409, pk=row(library, C), note="Mine.", was="Theirs.")
    assert "“Clear &lt;b&gt;proofs&lt;/b&gt;.”; yours was not kept yet: “Mine.”" in page
    there = eve.press(f"{DAY}/move", pk=row(library, C), move="out")
    page = eve.see(there)
    assert chosen(eve) == [A, B] and "Taken off" in page
    form = page.partition("Taken off")[0].rpartition("<form")[2]
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    eve.press(f"{DAY}/pick", **(given | {"note": "Clear proofs."}))
    assert chosen(eve) == [A, C, B] and "Clear proofs." in eve.see(DAY), "it is back where it was"


def test_a_paper_is_found_for_the_desk_by_words_and_by_id(eve: Browser) -> None:
    page = eve.see(f"{DAY}?q=weather+of+retrieval")
    assert "Found for" in page and 'name="id" value="series1"' in page
    assert 'name="id" value="series7"' in eve.see(f"{DAY}?q=series7")
    assert "Nothing else was found" in eve.see(f"{DAY}?q=zzzzqqqq")


def test_dragging_needs_the_order_that_was_seen(eve: Browser, library: Library) -> None:
    for key in (A, B, C):
        eve.press(f"{DAY}/pick", id=key)
    seen = ",".join(row(library, key) for key in (A, B, C))
    assert f'data-seen="{seen}"' in eve.see(DAY)
    assert eve.ask(f"{DAY}/put", pk=row(library, C), place="0", seen=seen)["total"] == 3
    assert chosen(eve) == [C, A, B]
    page = eve.press(f"{DAY}/put", 409, pk=row(library, B), place="0", seen=seen)
    assert "somebody else has changed this day" in page and chosen(eve) == [C, A, B]
    eve.press(f"{DAY}/put", 400, pk=row(library, B), place="x", seen=seen)
    eve.press(f"{DAY}/move", 400, pk=row(library, B), move="away")


def test_the_desk_is_for_editors_and_a_groups_desk_for_its_own(ada: Browser, eve: Browser, library: Library) -> None:
    assert ada.client.get(DAY).status_code == 403
    assert "an editor of this library" in text(ada.press(f"{DAY}/pick", 403, id=A))
    ben = reader(library.store, "Ben")
    sql(library.store, "INSERT INTO team (id, key, likeness, name, seen_by, joining, made)"
        " VALUES (7, 'lab', 'lab', 'Lab', 'all', 'open', 0)")  # fmt: skip
    sql(library.store, "INSERT INTO member (team, account, role, at) VALUES (7, :ben, 'owner', 0)", ben=ben.id)
    own = Browser(library, ben)
    own.press(f"{DAY}/pick", id=B, team="7")
    assert chosen(own, f"{DAY}?team=7") == [B] and chosen(eve) == []
    assert "only the editors of this group" in text(eve.press(f"{DAY}/pick", 403, id=A, team="7"))
    own.press(f"{DAY}/pick", 403, id=A)
    eve.press(f"{DAY}/pick", 404, id=A, team="8")


def test_a_day_to_come_has_a_desk_and_no_page_yet(eve: Browser) -> None:
    tomorrow = date.today() + timedelta(days=2)
    assert f'href="/day/{tomorrow}"' not in eve.see(f"/desk/{tomorrow}")
    assert 'href="/day/2026-11-20"' in eve.see(DAY)


def test_the_audit_log_names_what_was_done_to(eve: Browser, ada: Browser, library: Library) -> None:
    """A paper by its title, a comment by its writer, an account by its name; what has gone by its number."""
    eve.press(f"{DAY}/pick", id=A)
    eve.press(f"{DAY}/note", pk=row(library, A), note="Clear.", was="")
    ada.press("/comment", id=A, text="Rude.")
    (number,) = sql(library.store, "SELECT id FROM comment")[0]
    eve.press("/comment/remove", number=str(number), why="Rude.")
    library.store.audit.note(None, "account.role", "account 999999", "reader -> editor")
    library.store.audit.note(None, "pick", "paper 999999 on 20261120")
    found = acts.objects(library.store, library.store.audit.entries())
    paper = library.paper(A)
    assert paper is not None
    title = f"“{paper.title}”"
    assert {f"paper {row(library, A)} on 20261120": f"{title} on 2026-11-20", f"comment {number}":
            f"a comment by Ada on {title}"}.items() <= found.items()  # fmt: skip
    assert not {"account 999999", "paper 999999 on 20261120"} & found.keys()
    page = text(Browser(library, BOSS).see("/owner/audit"))
    assert f"said why a paper was picked {title} on 2026-11-20 Clear." in page and "account 999999" in page


@pytest.mark.parametrize(
    "day", ["2026-11-31", "2026-13-01", "today", "1899-01-01", "9999-12-31", "2026-11", "０２６-11-20"]
)
def test_a_day_that_is_none(eve: Browser, day: str) -> None:
    eve.see(f"/desk/{day}", 404)
    eve.press(f"/desk/{day}/pick", 404, id=A)


def test_the_owner_alone_is_the_editor(made: Library) -> None:
    owner = Browser(made, BOSS)
    owner.press(f"{DAY}/pick", id=A)
    assert chosen(owner) == [A] and "/claims" not in owner.see(DAY)
    owner.press(f"{DAY}/move", pk=row(made, A), move="out")


# -- claims ------------------------------------------------------------------------------------------------------------


def test_an_author_is_known_once_an_editor_says_so(ada: Browser, eve: Browser, library: Library) -> None:
    page = ada.see(f"/paper/{A}")
    assert "I am one of its authors" in page and "<option>Author B. Series</option>" in page
    assert ada.press("/claim", id=A, author="Author B. Series") == f"/paper/{A}#claim"
    ada.press("/claim", id=A, author="Author B. Series")
    assert "An editor will decide." in ada.see(f"/paper/{A}")
    assert "not among the authors" in text(ada.press("/claim", 400, id=A, author="Ada <b>"))
    number = re.search(r'id="claim-(\d+)"', eve.see("/claims"))
    assert number and ada.client.get("/claims").status_code == 403
    given: dict[str, Any] = {"number": number[1], "was": "asked", "note": "Met her."}
    ada.press("/claim/decide", 403, decision="approved", **given)
    assert "a claim is approved, refused" in text(eve.press("/claim/decide", 400, decision="king", **given))
    assert eve.press("/claim/decide", decision="approved", **given) == f"/claims#claim-{number[1]}"
    ada.press("/comment", id=A, text="I wrote this.")
    page = Browser(library).see(f"/paper/{A}")
    assert "Author B. Series reads here as Ada" in text(page) and 'title="Author B. Series">author</span>' in page
    assert "is approved now by Eve" in text(eve.press("/claim/decide", 409, decision="refused", **given))
    eve.press("/claim/decide", decision="refused", **(given | {"was": "approved"}))
    assert "reads here" not in Browser(library).see(f"/paper/{A}") and "Met her." in text(ada.see(f"/paper/{A}"))
    eve.press("/claim/decide", decision="asked", **(given | {"was": "refused"}))
    ada.press("/claim/withdraw", number=number[1])
    assert "I am one of its authors" in ada.see(f"/paper/{A}")
    log = text(Browser(library, BOSS).see("/owner/audit"))
    assert (
        "approved that somebody is an author Ada as Author B. Series, “Weather of retrieval, an audit in part 1”" in log
    )
    assert "let a claim to be an author wait again" in log
    done = [act for (act,) in sql(library.store, "SELECT act FROM audit WHERE act LIKE 'claim%' ORDER BY id")]
    assert done == ["claim.approved", "claim.refused", "claim.asked"]


# -- submissions -------------------------------------------------------------------------------------------------------


def test_a_paper_that_is_here_is_submitted_once(ada: Browser, library: Library) -> None:
    page = ada.press("/submit", 200, text="Weather of retrieval, an audit in part 1", note="Read <this>.")
    assert "Is it one of these?" in page and 'name="note" value="Read &lt;this&gt;."' in page
    assert page.index('name="id" value="series1"') < page.index("Submit this one")
    assert ada.press("/submit", id=A, text="x", note="Read <this>.") == f"/paper/{A}"
    assert ada.press("/submit", id=A, text="x", note="Again.") == f"/paper/{A}"
    assert sql(library.store, "SELECT pk, note FROM submission") == [(library.row(A), "Read <this>.")]


@pytest.mark.parametrize(
    "typed", [A, f" {A} ", f"http://localhost:8008/paper/{A}", f"http://localhost:8008/paper/{A}?q=x#cite"]
)
def test_a_paper_of_this_library_is_named_by_its_id_or_its_page(ada: Browser, library: Library, typed: str) -> None:
    assert ada.press("/submit", text=typed) == f"/paper/{A}"
    assert sql(library.store, "SELECT pk FROM submission") == [(library.row(A),)]


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("", 400, "Nothing was given"),
        ("2101.00001 2101.00002", 400, "This names 2 papers; submit one at a time."),
        ("x" * 3_000, 400, "2,000 are the most"),
        ("A title that nobody has heard of zzqq", 200, "a title alone cannot be looked up"),
        ("<script>alert(1)</script>", 200, "a title alone cannot be looked up"),
        ("http://127.0.0.1:1/private", 502, "Nothing of it was kept"),
        ("http://10.0.0.1/x", 502, "Nothing of it was kept"),
        ("javascript:alert(1)", 200, "a title alone cannot be looked up"),
        ("file:///etc/passwd", 200, "a title alone cannot be looked up"),
        ("/etc/passwd", 200, "a title alone cannot be looked up"),
    ],
)  # fmt: skip
def test_what_cannot_be_submitted_is_said_and_kept(
    ada: Browser, library: Library, typed: str, status: int, said: str
) -> None:
    page = ada.press("/submit", status, text=typed, note="My reason.")
    assert said in text(page) and 'value="My reason."' in page and "<script>alert" not in page
    assert sql(library.store, "SELECT * FROM submission") == []
    if len(typed) < 2_000 and "<" not in typed:
        assert f'name="text" value="{typed}"' in page


BIB = "@article{k1, title={Lanterns that were looked up}, author={Ada Stone}, year={2024}, doi={10.5555/looked.up}}\n"
TWO = BIB + "@article{k2, title={Another lantern}, author={Ada Stone}, year={2024}}\n"


@pytest.fixture
def shop(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[loopback.Server]:
    """The library with a service on loopback that it may ask."""

    def answer(asked: loopback.Asked) -> loopback.Reply:
        name = asked.path.rpartition("/")[2]
        body = {"one.bib": BIB, "two.bib": TWO, "empty.bib": ""}.get(name)
        if name == "later.bib":
            return loopback.Reply(b"", 429, {"Retry-After": "600"})
        return loopback.Reply((body or "").encode(), 404 if body is None else 200)

    with loopback.serving(answer) as server:
        client: Client = loopback.client(tmp_path / "queue", every=0.0)
        monkeypatch.setitem(library.__dict__, "client", client)
        yield server


def test_a_paper_is_looked_up_taken_in_and_submitted(ada: Browser, library: Library, shop: loopback.Server) -> None:
    there = ada.press("/submit", text=f"{shop.url}/one.bib", note="New.")
    assert there == "/paper/doi:10.5555/looked.up" and "Lanterns that were looked up" in ada.see(there)
    assert [hit.paper.key for hit in library.search("lanterns looked up").hits][:1] == ["doi:10.5555/looked.up"]
    asked = len(shop.log)
    assert ada.press("/submit", text="10.5555/looked.up", note="New.") == there and len(shop.log) == asked
    assert sql(library.store, "SELECT note FROM submission") == [("New.",)]


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("two.bib", 400, "holds more than 1 paper"),
        ("missing.bib", 502, "answered 404"),
        ("later.bib", 502, "try again later"),
    ],
)
def test_a_look_up_that_fails_loses_nothing(
    ada: Browser, library: Library, shop: loopback.Server, name: str, status: int, said: str
) -> None:
    before = library.store.count()
    page = ada.press("/submit", status, text=f"{shop.url}/{name}", note="My reason.")
    assert said in text(page) and f'value="{shop.url}/{name}"' in page and 'value="My reason."' in page
    assert library.store.count() == before and sql(library.store, "SELECT * FROM submission") == []


def test_few_look_ups_are_made_at_once(ada: Browser, shop: loopback.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "_busy", threading.BoundedSemaphore(1))
    with submissions._busy:
        assert "are being looked up just now" in ada.press("/submit", 429, text=f"{shop.url}/one.bib?2")


# -- a store that is taken ---------------------------------------------------------------------------------------------


def test_while_papers_are_added_a_vote_says_so_and_nothing_is_half_done(ada: Browser, library: Library) -> None:
    store: Store = library.store
    for part in (store.community, store.comments, store.desk, store.claims):
        part.wait = 0.1
    with sqlite3.connect(library.home / STORE_FILE) as other:
        other.execute("BEGIN IMMEDIATE")
        for path, form in (
            ("/vote", {"id": A}),
            ("/hide", {"id": A}),
            ("/claim", {"id": A, "author": "Author B. Series"}),
        ):
            page = ada.press(path, 503, **form)
            assert "Papers are being added just now, so nothing was changed" in page and "store.sqlite3" not in page
        page = ada.press("/comment", 503, id=A, text="Kept in the form.")
        assert "Kept in the form.</textarea>" in page
        assert "Read me." in ada.press("/submit", 503, id=A, text="x", note="Read me.")
        answer = ada.client.post(
            "/vote", data={"id": A}, headers={"origin": "http://localhost:8008", "accept": "application/json"}
        )
        assert answer.status_code == 503 and answer.headers["retry-after"] == "30"
        other.rollback()
    other.close()
    assert ada.ask("/vote", id=A)["total"] == 1
    assert sql(store, "SELECT count(*) FROM comment") == [(0,)]

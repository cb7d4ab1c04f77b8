"""Lists on the pages: who sees them, what their forms do, what leaves them; nothing of a private one ever shows."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

import broadsheet
import web_library
from broadsheet.library import Library
from community_people import Browser, counted, reader
from people_made import with_accounts
from web_library import text

ATOM = "{http://www.w3.org/2005/Atom}"
SECRET = "Zanzibar plans"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("lists")) as library:
        yield with_accounts(library)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path) as library:
        yield with_accounts(library)


# -- one's own ---------------------------------------------------------------------------------------------------------


def test_a_list_is_begun_filled_noted_and_removed(library: Library) -> None:
    ada = Browser(library, reader(library.store, "Ada"))
    there = ada.press("/lists", name="To read", note="For the <winter>")
    assert there == "/list/1/to-read" and ada.client.get("/list/1").headers["location"] == there
    assert ada.client.get("/list/1/other?offset=0").headers["location"] == f"{there}?offset=0"
    assert "For the <winter>" in text(ada.see(there)) and "only you see it" in ada.see(there)
    ada.press("/list/1/put", id="quill24", note="Ada said:\r\nread <b>this</b>")
    ada.press("/list/1/put", id="moss22 series1")
    page = ada.see(there)
    assert "3 papers" in text(page) and "read &lt;b&gt;this&lt;/b&gt;" in page and "<b>this</b>" not in page
    ada.press("/list/1/note", id="moss22", note="Why not")
    assert "Why not" in ada.see(there)
    off = ada.press("/list/1/off", id="moss22", offset="0")
    assert "was taken off this list" in text(ada.see(off)) and "moss22" not in ada.see(there)
    assert ada.press("/list/1/put", id="moss22") == there and "2 papers" not in text(ada.see(there))
    assert ada.press("/list/1/change", name="Réad", note="") == "/list/1/read"
    assert ada.press("/list/1/copy", name="Copy") == "/list/2/copy" and "3 papers" in text(ada.see("/list/2/copy"))
    ada.press("/list/1/move", id="quill24", to="copy")
    assert "2 papers" in text(ada.see("/list/1/read")) and "3 papers" in text(ada.see("/list/2/copy"))
    assert "Tick the box" in text(ada.press("/list/1/remove", 400))
    assert ada.press("/list/1/remove", sure="1") == "/lists" and counted(library.store)
    ada.see("/list/1/read", 404)
    assert "Copy" in text(ada.see("/lists")) and "already" in text(ada.press("/lists", 400, name="COPY"))


def test_the_button_beside_a_paper_says_what_is_so_now(library: Library) -> None:
    ada, ben = (Browser(library, reader(library.store, name)) for name in ("Ada", "Ben"))
    assert ada.ask("/save", id="quill24", want="1") == {
        "there": "/paper/quill24#keep", "said": "Saved on “saved”.", "pressed": True, "total": 1
    }  # fmt: skip
    assert ben.ask("/save", id="quill24", want="1")["total"] == 2
    assert ada.ask("/save", id="quill24", want="1")["total"] == 2, "pressed twice is once"
    ada.press("/kept", id="quill24", list="Talks")
    done = ada.ask("/save", id="quill24", want="0")
    assert done["pressed"] and done["total"] == 2 and "another one still" in done["said"]
    assert ada.ask("/kept/remove", id="quill24", list="talks")["total"] == 1
    assert ada.press("/save", at="/search?q=quill&sort=new", id="quill24", want="1") == "/search?q=quill&sort=new"
    assert ada.press("/save", at="//evil.example.org/x", id="quill24", want="1").startswith(("/#", "/paper/", "/"))
    assert not ada.press("/save", at="//evil.example.org/x", id="quill24", want="1").startswith("//")
    assert "no paper has the id" in text(ada.press("/save", 404, id="nothing", want="1"))
    assert counted(library.store)


def test_without_accounts_everything_is_the_owners(tmp_path: Path) -> None:
    with web_library.make(tmp_path) as library:
        owner = Browser(library)
        owner.press("/kept", id="quill24", list="Mine", note="as a start")
        assert "as a start" in owner.see("/list/1/mine") and "Sign in" not in owner.see("/lists")
        assert [one.name for one in library.lists()] == ["Mine"]
        assert 'href="/list/1.atom"' in owner.see("/list/1/mine"), "no key where nobody signs in"
        assert "/reader/owner" not in owner.see("/list/1/mine")


# -- nothing leaks -----------------------------------------------------------------------------------------------------


def test_a_private_list_shows_nowhere_to_others(library: Library) -> None:
    store = library.store
    mine, other = reader(store, "Ada"), reader(store, "Eve")
    ada, eve, nobody = (Browser(library, who) for who in (mine, other, None))
    ada.press("/lists", name=SECRET, note=SECRET)
    ada.press("/list/1/put", id="quill24", note=SECRET)
    ada.press("/saved", name=SECRET, q=f'in:"{SECRET}"')
    assert [hit.paper.key for hit in library.shelves(mine.id).search(f'in:"{SECRET}"').hits] == ["quill24"]
    page = unescape(ada.see("/list/1/zanzibar-plans"))
    assert SECRET in page and re.search(r'/feeds/\d+-[\w=-]+/list/1\.atom"', page)
    questions = [f'in:"{SECRET}"', f'in:"ada/{SECRET}"', f'-in:"{SECRET}" quill']
    for who in (eve, nobody):
        for path in (
            "/list/1",
            "/list/1/zanzibar-plans",
            *(f"/list/1{end}" for end in (".atom", ".json", ".rss", ".bib", ".ris", ".csv", ".jsonl")),
        ):
            assert SECRET not in who.see(path, 404)
        for path in ("/lists", "/groups", "/saved", "/reader/Ada", "/paper/quill24", "/", "/opml", "/robots.txt"):
            assert SECRET not in who.client.get(path).text, path
        for question in questions[:2]:
            for end in ("", ".atom", ".json", ".bib", ".csv"):
                assert "quill24" not in who.client.get(f"/search{end}", params={"q": question}).text
            found = who.client.get(
                "/api/v1/search", params={"q": question, "facets": "true", "missing": "quill24"}
            ).json()
            assert (found["total"], found["hits"], found.get("facets", {})) == (0, [], {})
            assert who.client.post("/api/v1/search", json={"q": question}).json()["total"] == 0
        there = who.client.get("/api/v1/search", params={"q": questions[2]}).json()
        assert "quill24" in [hit["id"] for hit in there["hits"]]
        assert who.client.get("/api/v1/suggest", params={"q": "zanz"}).json()["suggestions"] == []
    own = ada.client.get("/api/v1/suggest", params={"q": "zanz"}).json()["suggestions"]
    assert [one["kind"] for one in own] == ["saved"]
    for path, form in (
        ("/list/1/put", {"id": "moss22"}), ("/list/1/off", {"id": "quill24"}), ("/list/1/change", {"name": "x"}),
        ("/list/1/remove", {"sure": "1"}), ("/list/1/copy", {"name": "x"}), ("/list/1/note", {"id": "quill24"}),
    ):  # fmt: skip
        eve.press(path, 404, **form)
    assert nobody.press("/list/1/put", id="moss22").startswith("/sign-in")
    eve.press("/saved", name="theirs", q=f'in:"ada/{SECRET}" quill')
    assert library.shelves(other.id).look("theirs").total == 0
    assert [one.papers for one in library.shelves(mine.id).lists()] == [1]


def test_a_public_list_is_searched_by_both_names_and_changed_by_one(library: Library) -> None:
    store = library.store
    ada, eve, nobody = (Browser(library, who) for who in (reader(store, "Ada"), reader(store, "Eve"), None))
    ada.press("/lists", name="Open", seen="public")
    ada.press("/list/1/put", id="quill24 moss22")
    for who in (eve, nobody):
        assert "2 papers" in text(who.see("/list/1/open")) and "Open" in text(who.see("/lists"))
        assert who.client.get("/api/v1/search", params={"q": 'in:"ada/open"'}).json()["total"] == 2
        assert who.client.get("/api/v1/search", params={"q": "in:open"}).json()["total"] == 0, "that is one's own"
        assert "Take off" not in who.see("/list/1/open") and "Change this list" not in who.see("/list/1/open")
    assert "/search?q=in:Ada/Open" in unescape(eve.see("/list/1/open"))
    for path, form in (
        ("put", {"id": "series1"}), ("off", {"id": "quill24"}), ("note", {"id": "quill24"}), ("change", {"name": "x"}),
        ("move", {"id": "quill24", "to": "ada/open"}), ("remove", {"sure": "1"}),
    ):  # fmt: skip
        assert "only who made this list may change it" in text(eve.press(f"/list/1/{path}", 403, **form))
    assert eve.press("/list/1/copy", name="My copy") == "/list/2/my-copy"
    assert "only you see it" in eve.see("/list/2/my-copy")
    ada.press("/list/1/change", seen="private")
    eve.see("/list/1/open", 404)
    assert "2 papers" in text(eve.see("/list/2/my-copy"))


def test_every_question_of_the_web_says_who_asks() -> None:
    """`Library.parse` asks as the owner; a page that forgot to say otherwise would show the owner's lists to all."""
    sources = {file.name: file.read_text("utf-8") for file in (Path(broadsheet.__file__).parent / "web").glob("*.py")}
    calls = [(name, call) for name, source in sources.items() for call in re.findall(r"library\.parse\(.*", source)]
    assert calls and [call for call in calls if "asker=" not in call[1]] == []
    suggested = [call for source in sources.values() for call in re.findall(r"library\.suggest\((.*)\)", source)]
    assert suggested and all(call.count(",") == 2 for call in suggested), "text, limit and who asks"


# -- what leaves a list ------------------------------------------------------------------------------------------------


def test_feeds_and_files_of_a_list(library: Library) -> None:
    ada, nobody = Browser(library, reader(library.store, "Ada")), Browser(library)
    ada.press("/lists", name="Öpen & shut", seen="public")
    for key in ("quill24", "moss22"):
        ada.press("/list/1/put", id=key, note=f"Why <{key}>." if key == "moss22" else "")
    feed = ET.fromstring(nobody.see("/list/1.atom"))
    assert [
        body.partition("\n")[0] for entry in feed.iter(f"{ATOM}entry") if (body := entry.findtext(f"{ATOM}content"))
    ] == ["Why <moss22>."]
    assert "<content:encoded>&lt;p&gt;Why &amp;lt;moss22&amp;gt;.&lt;/p&gt;" in nobody.see("/list/1.rss")
    items = {item["id"].rpartition("/")[2]: item for item in json.loads(nobody.see("/list/1.json"))["items"]}
    assert items["moss22"]["content_text"].startswith("Why <moss22>.") and "Why" not in items["quill24"]["content_text"]
    assert "Öpen & shut · Ada" in str(feed.findtext(f"{ATOM}title"))
    assert len(feed.findall(f"{ATOM}entry")) == 2
    assert len(json.loads(nobody.see("/list/1.json"))["items"]) == 2
    assert len(nobody.see("/list/1.jsonl").splitlines()) == 2 and nobody.see("/list/1.bib").count("@") >= 2
    answer = nobody.client.get("/list/1.csv")
    assert "open-shut.csv" in answer.headers["content-disposition"] and answer.headers["cache-control"] == "no-cache"


def test_a_key_opens_the_feeds_of_its_reader_until_another_is_made(library: Library) -> None:
    store = library.store
    ada, eve, nobody = (Browser(library, who) for who in (reader(store, "Ada"), reader(store, "Eve"), None))
    ada.press("/lists", name="Mine")
    ada.press("/list/1/put", id="quill24")
    ada.press("/saved", name="Quills", q="quill in:mine")
    (feed,) = set(re.findall(r'href="(/feeds/[^"]+/list/1\.atom)"', unescape(ada.see("/list/1/mine"))))
    assert "quill24" in nobody.see(feed) and nobody.client.get(feed).headers["cache-control"].startswith("private")
    key = feed.split("/")[2]
    assert f"/feeds/{key}/saved/Quills.atom" in unescape(ada.see("/saved"))
    assert "quill24" in nobody.see(f"/feeds/{key}/saved/Quills.atom"), "asked as its reader asks"
    assert "quill24" not in nobody.see(f"/feeds/{key}/saved/Other.atom", 404)
    theirs = re.findall(r"/feeds/([^/]+)/", eve.see("/saved") + eve.see("/feeds.opml"))
    assert key not in theirs
    for wrong in (
        "1-x",
        "x",
        "-",
        key[:-2],
        key + "AA",
        f"1{key[1:]}" + "=",
        "9" * 40 + key[1:],
        key.replace("-", "%2F", 1),
    ):
        nobody.see(f"/feeds/{wrong}/list/1.atom", 404)
    opml = ET.fromstring(ada.see("/feeds.opml").encode())
    there = {line.get("text"): str(line.get("xmlUrl")) for line in opml.iter("outline") if line.get("xmlUrl")}
    assert opml.get("version") == "2.0" and set(there) == {"Mine", "Quills"}
    for address in there.values():
        assert "quill24" in nobody.see(address.removeprefix("http://localhost:8008"))
    assert nobody.see(f"/feeds/{key}/feeds.opml") == ada.see("/feeds.opml")
    nobody.see("/feeds.opml", 303)
    assert nobody.press("/saved/key").startswith("/sign-in")
    ada.press("/saved/key")
    nobody.see(feed, 404)
    assert key not in ada.see("/saved")


def test_the_site_has_its_feeds_as_opml(made: Library) -> None:
    answer = Browser(made).client.get("/opml")
    assert answer.headers["content-type"].startswith("text/x-opml")
    lines = [line for line in ET.fromstring(answer.text.encode()).iter("outline") if line.get("xmlUrl")]
    assert {"http://localhost:8008/feed.xml", "http://localhost:8008/trending.atom"} <= {
        str(one.get("xmlUrl")) for one in lines
    }
    for line in lines:
        assert (
            ET.fromstring(Browser(made).see(str(line.get("xmlUrl")).removeprefix("http://localhost:8008"))) is not None
        )
        assert line.get("type") == "rss" and line.get("text") == line.get("title")


# -- many --------------------------------------------------------------------------------------------------------------


def test_pages_of_a_long_list_turn(library: Library) -> None:
    ada = reader(library.store, "Ada")
    mine, browser = library.shelves(ada.id), Browser(library, ada)
    keys = [paper.key for paper in library.papers()]
    assert len(keys) < 50, "so that the test says when its library grows"
    mine.keep(keys, "Everything")
    page = browser.see("/list/1/everything?offset=10")
    assert f"{len(keys)} papers" in text(page) and 'href="/list/1/everything"' in page and 'rel="next"' not in page
    assert "The list ends before this" in browser.see("/list/1/everything?offset=900")
    assert browser.see("/list/1/everything?offset=-5") == browser.see("/list/1/everything?offset=x")
    browser.see("/list/99999999999999999999/x", 404)

"""Saved searches, lists and history on the pages: what they show, what their forms do, and who may send them."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import web_library
from broadsheet import settings
from broadsheet.errors import Mistake
from broadsheet.library import Library
from broadsheet.web import create_app, writes
from web_library import ask, text

OURS = {"origin": "http://localhost:8008", "sec-fetch-site": "same-origin"}
ATOM = "{http://www.w3.org/2005/Atom}"
QUESTION = "weather routing venue:PaperConf"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path) as library:
        yield library


def reader(library: Library, address: str = "http://localhost:8008", at: str = "127.0.0.1") -> TestClient:
    """Somebody with a browser, who follows no redirect by itself."""
    return TestClient(create_app(library), base_url=address, client=(at, 50_000), follow_redirects=False)


@pytest.fixture
def client(library: Library) -> TestClient:
    return reader(library)


def post(client: TestClient, path: str, headers: Mapping[str, str] = OURS, **form: str) -> str:
    """Where the form leads on to."""
    answer = client.post(path, data=form, headers=dict(headers))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def refused(client: TestClient, path: str, status: int, headers: Mapping[str, str] = OURS, **form: str) -> str:
    """The sentence of a page that says no."""
    answer = client.post(path, data=form, headers=dict(headers))
    assert answer.status_code == status
    return text(answer.text)


def more(library: Library, *rows: Mapping[str, object]) -> None:
    file = library.home / "late.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    library.add([file])


LATE = {"id": "late1", "title": "Weather of routing at last", "abstract": "", "venue": "PaperConf", "year": 1999}


# -- searches ----------------------------------------------------------------------------------------------------------


def test_a_search_is_saved_from_its_page_and_shown_as_saved(client: TestClient, library: Library) -> None:
    page = ask(client, f"/search?q={QUESTION}&sort=new")
    form = page.partition('action="/saved">')[2].partition("</form>")[0]
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', unescape(form)))
    assert given == {"q": QUESTION, "sort": "new"}
    there = post(client, "/saved", name="Routes", **given)
    (one,) = library.saved_searches()
    assert (one.name, one.query, one.sort, one.new) == ("Routes", QUESTION, "new", 0)
    page = ask(client, there)
    assert "Saved as Routes : nothing new since today." in text(page)
    assert "Save this search" not in page
    assert "Mark as seen" not in page
    shelf = ask(client, "/saved")
    assert f'<h3><a href="{there}" dir="auto">Routes</a></h3>' in unescape(shelf)
    assert f"{QUESTION} newest saved today" in text(shelf)


def test_looking_leaves_what_is_new_and_the_button_does_not(client: TestClient, library: Library) -> None:
    library.save_search("Routes", QUESTION)
    more(library, LATE)
    for _ in range(2):
        for address in ("/saved", "/saved/Routes", "/saved/Routes.atom"):
            client.get(address)
        page = ask(client, client.get("/saved/Routes").headers["location"])
        assert library.saved_search("Routes").new == 1
    assert "Saved as Routes : 1 new paper since today. Mark as seen" in text(page)
    assert [title for title in re.findall(r"<h2 class=\"title\".*?</h2>", page) if "New</span>" in title] == [
        title for title in re.findall(r"<h2 class=\"title\".*?</h2>", page) if "/paper/late1" in title
    ]
    assert "Routes 1 new" in text(ask(client, "/saved"))
    more(library, {**LATE, "id": "late2", "title": "Routing and weather, again"})  # while the page is read
    form = page.partition('action="/saved/seen">')[2].partition("</form>")[0]
    assert post(client, "/saved/seen", **dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))) == "/saved"
    assert library.saved_search("Routes").new == 1
    post(client, "/saved/seen", name="Routes")
    assert library.saved_search("Routes").new == 0


def test_renaming_and_removing(client: TestClient, library: Library) -> None:
    library.save_search("Routes", QUESTION)
    library.save_search("Lamps", "lantern")
    assert post(client, "/saved/rename", name="Routes", new="Ways & <means>") == "/saved"
    assert "Ways & <means>" in text(ask(client, "/saved"))
    assert "there is a saved search 'lamps' already" in refused(
        client, "/saved/rename", 400, name="Ways & <means>", new="lamps"
    )
    assert "cannot be a name" in refused(client, "/saved/rename", 400, name="Lamps", new="a/b")
    assert "there is no saved search 'Routes'" in refused(client, "/saved/remove", 404, name="Routes")
    assert post(client, "/saved/remove", name="ways & <MEANS>") == "/saved"
    assert [one.name for one in library.saved_searches()] == ["Lamps"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"q": "lantern"}, "cannot be a name"),
        ({"name": "x" * 81, "q": "lantern"}, "1 to 80 characters"),
        ({"name": "Lamps"}, "a saved search must ask for something"),
        ({"name": "Lamps", "q": "lantern", "sort": "best"}, "sort is 'best'"),
    ],
)
def test_what_cannot_be_saved_is_said(
    client: TestClient, library: Library, form: Mapping[str, str], sentence: str
) -> None:
    assert sentence in refused(client, "/saved", 400, OURS, **form)
    assert library.saved_searches() == ()


def test_a_search_that_finds_nothing_yet_can_be_saved(client: TestClient, library: Library) -> None:
    page = ask(client, "/search?q=%22zebra+crossing%22")
    assert "Save this search" in page
    there = post(client, "/saved", name="Zebras", q='"zebra crossing"')
    assert client.get("/saved/Zebras").headers["location"] == there
    assert "Saved as Zebras : nothing new" in text(ask(client, there))


def test_a_search_with_any_name_is_found(client: TestClient, library: Library) -> None:
    for number, name in enumerate(("..", "шум?", "a b.atom", "100% & #1", "seen")):
        library.save_search(name, f"weather part {number}")
    shelf = unescape(ask(client, "/saved"))
    for address in re.findall(r'href="(/saved/[^"]+)"', shelf):
        answer = client.get(address)
        assert answer.status_code == 200, address
    hrefs = re.findall(r'<h3><a href="([^"]+)"', shelf)
    assert len(hrefs) == 5
    for href in hrefs:
        assert "Saved as" in text(ask(client, href))
    assert client.get("/saved/a%20b.atom").status_code == 302  # its name, before a feed of "a b"
    assert "No search is saved here as “nobody”." in text(ask(client, "/saved/nobody", 404))


# -- their feeds -------------------------------------------------------------------------------------------------------


def test_the_feed_of_a_saved_search_begins_with_what_came_last(client: TestClient, library: Library) -> None:
    library.save_search("Routes", QUESTION)
    more(library, LATE)
    root = ET.fromstring(client.get("/saved/Routes.atom").content)
    assert root.findtext(f"{ATOM}title") == f"Routes: {QUESTION} · Broadsheet"
    names = [entry.findtext(f"{ATOM}id") or "" for entry in root.findall(f"{ATOM}entry")]
    assert names[0] == "http://localhost:8008/paper/late1"  # from 1999, and the newest here
    assert len(names) == len(set(names)) == len(library.search(library.parse(QUESTION, limit=200)).hits)
    links = {link.get("rel"): link.get("href") or "" for link in root.findall(f"{ATOM}link")}
    assert links["self"] == "http://localhost:8008/saved/Routes.atom"
    assert "Saved as" in text(ask(client, links["alternate"].removeprefix("http://localhost:8008")))
    assert client.get("/saved/routes.json").json()["items"][0]["id"] == names[0]
    assert "<guid" in client.get("/saved/routes.rss").text
    tag = client.get("/saved/Routes.atom").headers["etag"]
    assert client.get("/saved/Routes.atom", headers={"if-none-match": tag}).status_code == 304


# -- lists -------------------------------------------------------------------------------------------------------------


def test_a_paper_is_kept_and_let_go_on_its_page(client: TestClient, library: Library) -> None:
    page = ask(client, "/paper/quill24")
    assert 'name="list" list="lists" value="saved"' in page
    assert post(client, "/kept", id="quill24", list="saved") == "/paper/quill24#keep"
    assert post(client, "/kept", id="https://example.org/abs/quill24", list="To read") == "/paper/quill24#keep"
    assert [(one.name, one.papers) for one in library.lists()] == [("saved", 1), ("To read", 1)]
    page = ask(client, "/paper/quill24")
    assert "On the list saved Remove" in text(page) and "On the list To read Remove" in text(page)
    (href,) = (unescape(href) for href in re.findall(r'href="([^"]+)" dir="auto">To read<', page))
    assert "1 paper" in text(ask(client, href))
    shelf = ask(client, "/saved")
    assert f'<a href="{href}"' in unescape(shelf)
    assert post(client, "/kept/remove", id="quill24", list="to READ") == "/paper/quill24#keep"
    assert [(one.name, one.papers) for one in library.lists()] == [("saved", 1), ("To read", 0)]
    assert "no paper has the id nobody" in refused(client, "/kept", 404, id="nobody")
    assert "cannot be a name" in refused(client, "/kept", 400, id="quill24", list='"')
    assert "there is no list 'other'" in refused(client, "/kept/remove", 404, id="quill24", list="other")


# -- history -----------------------------------------------------------------------------------------------------------


def test_what_was_asked_is_shown_where_it_is_wanted_and_can_be_forgotten(client: TestClient, library: Library) -> None:
    ask(client, "/search?q=lantern")
    assert library.history() == ()
    library.settings = replace(library.settings, history=True)
    ask(client, "/search?q=lantern&sort=new")
    ask(reader(library, at="192.0.2.7"), "/search?q=somebody+else")
    assert [one.query for one in library.history()] == ["lantern"]
    assert "Asked lately lantern" in text(ask(client, "/saved"))
    assert "lantern" not in text(ask(reader(library, at="192.0.2.7"), "/saved"))
    assert post(client, "/history/forget") == "/saved"
    assert library.history() == ()
    assert "Asked lately" not in ask(client, "/saved")


# -- who may -----------------------------------------------------------------------------------------------------------


def test_an_empty_shelf_says_what_to_do(client: TestClient, library: Library) -> None:
    assert "“Save this search” stands below the results" in text(ask(client, "/saved"))
    assert "broadsheet save-search NAME WORDS" in text(ask(reader(library, at="192.0.2.7"), "/saved"))


@pytest.mark.parametrize(
    ("address", "at", "headers", "may"),
    [
        ("http://localhost:8008", "127.0.0.1", {}, True),
        ("http://127.0.0.1", "127.0.0.1", {}, True),
        ("http://[::1]:8008", "::1", {}, True),
        ("http://LOCALHOST", "::ffff:127.0.0.1", {}, True),
        ("http://localhost:8008", "192.0.2.7", {}, False),
        ("http://localhost:8008", "", {}, False),
        ("http://rebound.example.org", "127.0.0.1", {}, False),
        ("http://localhost.example.org", "127.0.0.1", {}, False),
        ("http://localhost:8008", "127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
        ("http://localhost:8008", "127.0.0.1", {"via": "1.1 front"}, False),
    ],
)
def test_the_owner_sits_at_the_machine(
    library: Library, address: str, at: str, headers: Mapping[str, str], may: bool
) -> None:
    client = reader(library, address, at)
    client.headers.update(headers)
    library.save_search("Routes", QUESTION)
    more(library, LATE)
    for page in ("/saved", "/search?q=lantern", "/paper/quill24", f"/search?q={QUESTION}"):
        html = ask(client, page)
        assert ('method="post"' in html) is may
        assert ("Saved as" in html) is (may and "PaperConf" in page)
    own = {"origin": address, "sec-fetch-site": "same-origin"}
    if may:
        post(client, "/kept", own, id="quill24")
    else:
        assert "Only who sits at the library's machine can change" in refused(client, "/kept", 403, own, id="quill24")
    assert bool(library.lists()) is may


@pytest.mark.parametrize(("edit", "may"), [("all", True), ("none", False)])
def test_the_setting_says_otherwise(library: Library, edit: str, may: bool) -> None:
    library.settings = replace(library.settings, edit=edit)
    for client in (reader(library), reader(library, "https://papers.example.org", "192.0.2.7")):
        assert ('method="post"' in ask(client, "/paper/quill24")) is may
        own = {"origin": str(client.base_url).rstrip("/")}
        if may:
            post(client, "/kept", own, id="quill24")
        else:
            assert "the setting [web] edit of this library is none" in refused(client, "/kept", 403, own, id="quill24")
    assert bool(library.lists()) is may


def test_the_setting_is_one_of_three(tmp_path: Path) -> None:
    assert settings.load(tmp_path, {}).edit == "local"
    assert settings.load(tmp_path, {"BROADSHEET_EDIT": "none"}).edit == "none"
    with pytest.raises(Mistake, match="'everybody' is not one of local, all, none"):
        settings.load(tmp_path, {"BROADSHEET_EDIT": "everybody"})


@pytest.mark.parametrize("edit", ["local", "all"])
@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://localhost:8008"}, True),
        ({"origin": "http://localhost:8008", "sec-fetch-site": "same-site"}, False),
        ({"origin": "http://localhost:8008", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://localhost:9000"}, False),
        ({"origin": "http://localhost:9000", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "https://elsewhere.example.org"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[localhost:8008"}, False),
        ({}, False),
    ],
)
def test_other_sites_cannot_make_a_reader_write(
    library: Library, edit: str, headers: Mapping[str, str], may: bool
) -> None:
    library.settings = replace(library.settings, edit=edit)
    client = reader(library)
    if may:
        post(client, "/kept", headers, id="quill24")
    else:
        assert "not sent by a page of this library" in refused(client, "/kept", 403, headers, id="quill24")
    assert bool(library.lists()) is may


@pytest.mark.parametrize(
    "path", ["/saved/seen", "/saved/rename", "/saved/remove", "/kept", "/kept/remove", "/history/forget"]
)
def test_a_form_is_not_a_page(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 405)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"id=quill24&list=" + b"x" * writes.MAX_FORM, 413, "larger than"),
        (b"\xff\xfe=\xff", 400, "cannot be read"),
        (b"&".join(b"a%d=1" % n for n in range(writes.MAX_FIELDS + 1)), 400, "cannot be read"),
        (b"", 404, "no paper has the id"),
        (b"id=quill24&list=%00", 400, "cannot be a name"),
    ],
)
def test_forms_that_no_page_sends(
    client: TestClient, library: Library, body: bytes, status: int, sentence: str
) -> None:
    answer = client.post("/kept", content=body, headers=OURS)
    assert answer.status_code == status
    assert sentence in text(answer.text)
    assert library.lists() == ()

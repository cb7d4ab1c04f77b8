"""An edition as a page and as a feed: what its letter has, for who has the key, and nothing else."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import people_made
import web_library
from broadsheet.editions import letters, links
from broadsheet.editions.content import Content, Part, Printed, Why
from broadsheet.editions.letters import Press
from broadsheet.editions.shown import Shown, paper_path, root
from broadsheet.errors import Mistake
from broadsheet.library import Library
from broadsheet.mail import languages
from broadsheet.settings import Settings
from broadsheet.store import Edition, Schedule, Subscriber, Wish
from broadsheet.web import urls
from edition_made import DAY, DUE, ROOT, content, edition, subscriber

ATOM = "{http://www.w3.org/2005/Atom}"
PAPERS = ("quill24", "reed23", "ash21", "rtl20", "series0", "series1", "series2")
FLAGS = {"address": ROOT, "sender": "The Papers <papers@example.org>"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("editions"), flags=FLAGS) as library:
        yield library


@pytest.fixture
def library(shared: Library) -> Iterator[Library]:
    """The library, without any subscriber at the end."""
    before = shared.settings
    yield shared
    shared.settings = before
    for one in shared.store.subscribers.all():
        shared.store.subscribers.remove(one.id)


def pks(library: Library, *names: str) -> list[int]:
    return [library.row(name) for name in names or PAPERS]


def key(library: Library, one: Edition) -> str:
    return links.edition_key(library.store, one)


def made(library: Library, said: Content | None = None, **more: object) -> tuple[Subscriber, Edition]:
    one = subscriber(library, **more)  # type: ignore[arg-type]
    return one, edition(library, one, said or content(pks(library)))


# -- the sheet ---------------------------------------------------------------------------------------------------------


def test_an_edition_in_the_language_of_its_reader(library: Library) -> None:
    one, row = made(library, language="de")
    sheet = Shown(library).sheet(row, one)
    assert [(part.key, part.title, len(part.items)) for part in sheet.sections] == [
        ("wishes", "cs.CL", 4), ("rising", "Im Aufstieg", 2), ("wild", "Zum Schluss etwas anderes", 1)
    ]  # fmt: skip
    first = sheet.items[0]
    assert first.title == "Sparse lantern routing for long document retrieval"
    assert first.authors == "Ada Quill, Ben Reed, Cleo Moss und 4 weitere"
    assert first.why == ("zu cs.CL, das Sie verfolgen", "gefunden von Ihrer Suche „sparse attention“")
    assert first.link == f"{ROOT}/paper/quill24"
    assert first.links[0] == ("Merken", f"{ROOT}/paper/quill24#keep")
    assert all(link.href.startswith("http") for item in sheet.items for link in item.links)
    assert (sheet.minutes, sheet.looked, sheet.day.isoformat()) == (5, 1_480, "2026-11-20")
    assert [links.opened(library.store, sheet.manage.rpartition("/")[2], "manage")] == [one]
    assert [links.opened(library.store, sheet.leave.rpartition("/")[2], "leave")] == [one]


def test_a_path_of_a_paper_is_that_of_the_pages() -> None:
    for name in ("quill24", "arxiv:2101.00001", "doi:10.1/a b/(c)", "url:https://example.org/?a=1&b=ü", "x'\"<y>#z%"):
        assert paper_path(name) == urls.paper(name)


def test_a_source_cannot_bring_an_address_that_is_none(library: Library) -> None:
    file = library.home.parent / "links.jsonl"
    bad = {"code": "javascript:alert(1)", "pdf": 'https://example.org/a"><script>', "page": "https://example.org/ok"}
    file.write_text(json.dumps({"id": "linked", "title": "Hollow drums", "links": bad}) + "\n")
    library.add([file])
    one, row = made(library, content(pks(library, "linked")))
    found = Shown(library).sheet(row, one).items[0]
    assert [link.href for link in found.links] == [f"{ROOT}/paper/linked#keep", "https://example.org/ok"]


def test_what_was_removed_or_absorbed_since(library: Library) -> None:
    library.store.subscribers.all()
    file = library.home.parent / "more.jsonl"
    rows = [{"id": f"twin{n}", "title": f"Twin moons over lake {n}", "authors": [f"N. {n}"]} for n in (1, 2)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    library.add([file])
    twins = pks(library, "twin1", "twin2")
    one, row = made(library, content([twins[1], 999_999, *pks(library, "ash21")]))
    library.join("twin1", "twin2")
    shown = Shown(library)
    assert [item.link for item in shown.sheet(row, one).items] == [f"{ROOT}/paper/twin1", f"{ROOT}/paper/ash21"]
    gone = edition(library, one, content([999_998, 999_999]), day=DAY + 1)
    with pytest.raises(Mistake, match="all papers of this edition have been removed"):
        shown.sheet(gone, one)
    with pytest.raises(Mistake, match="not kept any more"):
        shown.sheet(gone._replace(content=None), one)


def test_papers_are_read_once_for_many_editions(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    made_of = [made(library, email=f"reader{number}@example.org") for number in range(4)]
    asked: list[int] = []
    get = library.store.get

    def counted(rows: list[int]) -> object:
        asked.extend(rows)
        return get(rows)

    monkeypatch.setattr(library.store, "get", counted)
    shown = Shown(library)
    assert len({shown.sheet(row, one).page for one, row in made_of}) == 4
    assert sorted(asked) == sorted(pks(library))


QUIET = [
    Why("nothing-new", {}), Why("few", {"count": 2}), Why("closed", {"name": "arXiv", "weekday": 5, "holiday": 0}),
    Why("closed", {"name": "arXiv", "weekday": 3, "holiday": 1}), Why("nothing", {"name": "hf"}), Why("unliked", {}),
    Why("unreached", {"name": "arXiv", "since": "2026-11-18"}), Why("unreached", {"name": "arXiv", "since": ""}),
    *(Why(f"gone-{kind}", {}) for kind in ("topic", "search", "list", "author", "front")),
]  # fmt: skip
WHYS = [
    Why("topic", {"name": "cs.CL"}), Why("search", {"name": "x"}), Why("list", {"name": "x"}),
    Why("author", {"name": "Ada Stone"}), Why("near", {"title": "A $O(n)$ thing", "count": 1}),
    Why("near", {"title": "A thing", "count": 3}), Why("rising", {"count": 1}), Why("rising-now", {}),
    Why("front", {}), Why("picked", {"note": "Read this."}), Why("chosen", {}), Why("wild", {"name": "math.CO"}),
]  # fmt: skip


@pytest.mark.parametrize("language", languages.ALL)
def test_every_reason_is_a_sentence_in_every_language(library: Library, language: str) -> None:
    rows = pks(library)
    parts = tuple(
        Part("wishes", "", (Printed(pk, tuple(WHYS[at : at + 2])),))
        for at, pk in zip(range(0, 12, 2), rows, strict=False)
    )
    one, row = made(library, Content(parts, tuple(QUIET), 1, 7), language=language)
    sheet = Shown(library).sheet(row, one)
    said = [*sheet.notes, *(why for item in sheet.items for why in item.why)]
    assert len(set(said)) == len(QUIET) + len(WHYS)
    assert [sentence for sentence in said if "{" in sentence or not sentence.strip()] == []


# -- the letter --------------------------------------------------------------------------------------------------------


def test_a_letter_of_the_ledger(library: Library) -> None:
    library.settings = replace(library.settings, returns="returns@example.org")
    one, row = made(library)
    press = Press(library)
    letter = press(row, one)
    head = letter.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    found = dict(line.split(": ", 1) for line in head)
    assert letter.to == found["To"] == "ada@example.org"
    assert found["Date"] == "Fri, 20 Nov 2026 07:00:00 +0100"
    assert found["Subject"] == "Sparse lantern routing for long document retrieval, and 6 more"
    assert found["Message-ID"] == letters.message_id(library, row)
    leave = links.key_of(library.store, one, "leave")
    assert found["List-Unsubscribe"] == f"<{ROOT}/u/{leave}>, <mailto:returns+u.{leave}@example.org>"
    back = links.edition_key(library.store, row, purpose="return")
    assert letter.sender == f"returns+{back}@example.org"
    assert press(row, one) == letter
    assert Press(library)(row, one) == letter  # whoever tries it again sends the same


def test_without_a_mailbox_for_returns_nothing_is_promised(library: Library) -> None:
    one, row = made(library)
    letter = Press(library)(row, one)
    assert letter.sender == "papers@example.org"
    assert b"mailto:" not in letter.data


def test_where_links_lead() -> None:
    home = Path("/nowhere")
    assert root(Settings(home, address=f"{ROOT}/")) == ROOT
    assert root(Settings(home, port=8_080)) == "http://localhost:8080"  # the outbox, for who sits here
    with pytest.raises(Mistake, match=r"\[web\] address"):
        root(Settings(home, smtp="smtp://localhost"))


def test_what_no_letter_could_be_written_with_is_told_at_once(library: Library) -> None:
    usual = library.settings
    for changes, said in (
        ({"address": "", "smtp": "smtp://localhost"}, "address"),
        ({"dkim_key": "none.pem", "dkim_selector": "x"}, "dkim_key"),
        ({"sender": "nobody"}, "sender"),
        ({"returns": "Returns <returns@example.org>"}, "returns"),
    ):
        library.settings = replace(usual, **changes)  # type: ignore[arg-type]
        with pytest.raises(Mistake, match=said):
            Press(library)


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_letter_shows(library: Library) -> None:
    one, row = made(library, content(pks(library), Why("few", {"count": 7})))
    client = people_made.browser(library)
    answer = client.get(f"/edition/{key(library, row)}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "same-origin"
    read, sheet = web_library.text(answer.text), Shown(library).sheet(row, one)
    assert "Friday 20 November 2026 7 papers from 1,480 new ones · 5 minutes to read" in read
    assert "Little is new: 7 papers." in read
    for section in sheet.sections:
        assert section.title in read
    assert [item.link for item in sheet.items if f'href="{item.link.removeprefix(ROOT)}"' not in answer.text] == []
    assert "on cs.CL, which you follow; found by your search “sparse attention”" in read
    assert 'name="robots" content="noindex"' in answer.text
    # Whoever it is shown to can end or change nothing.
    for purpose in ("manage", "leave", "feed", "return"):
        assert links.key_of(library.store, one, purpose) not in answer.text


def test_the_page_has_buttons_for_who_is_signed_in(library: Library) -> None:
    people_made.with_accounts(library)
    _, row = made(library)
    address = f"/edition/{key(library, row)}"
    client = people_made.signed_in(people_made.browser(library), library, "Ada")
    assert client.post("/vote", data={"id": "quill24", "want": "1"}).status_code == 303
    page = client.get(address).text
    assert page.count('action="/vote"') == len(PAPERS)
    assert page.count('aria-pressed="true" aria-label="Vote for Sparse lantern routing') == 1
    assert client.get(address, headers={"if-none-match": client.get(address).headers["etag"]}).status_code == 304


def test_a_quiet_day_has_a_page(library: Library) -> None:
    _, row = made(library, Content((), (Why("nothing-new", {}),), 0, 0), language="fr")
    page = web_library.text(people_made.browser(library).get(f"/edition/{key(library, row)}").text)
    assert "Rien de nouveau ne correspond à ce que vous suivez." in page


@pytest.fixture
def opened(library: Library) -> tuple[TestClient, Subscriber, Edition]:
    return people_made.browser(library), *made(library)


def test_no_other_key_opens_it(library: Library, opened: tuple[TestClient, Subscriber, Edition]) -> None:
    client, one, row = opened
    right = key(library, row)
    wrong = [
        right[:-1] + ("a" if right[-1] != "a" else "b"), right.upper(), f"0{right}", right.split(".")[0], "x" * 5_000,
        links.key_of(library.store, one, "manage"), links.edition_key(library.store, row, purpose="return"), "1.",
    ]  # fmt: skip
    for forged in wrong:
        assert client.get(f"/edition/{forged}").status_code == 404
    library.store.subscribers.reseed(one.id)
    assert client.get(f"/edition/{right}").status_code == 404


def test_what_is_not_kept_any_more_is_said(library: Library, opened: tuple[TestClient, Subscriber, Edition]) -> None:
    client, _, row = opened
    library.store.editions.prune(DAY + 1)
    answer = client.get(f"/edition/{key(library, row)}")
    assert answer.status_code == 404
    assert "not kept any more" in answer.text


# -- the feed ----------------------------------------------------------------------------------------------------------


def feed_of(library: Library, one: Subscriber, suffix: str) -> str:
    return f"/editions/{links.key_of(library.store, one, 'feed')}{suffix}"


def test_the_feed_has_the_papers_of_the_last_editions_and_why(library: Library) -> None:
    one = subscriber(library)
    edition(library, one, content(pks(library, "ash21", "rtl20")), DAY - 1, DUE - 86_400)
    edition(library, one, content(pks(library, "quill24", "ash21")), DAY, DUE)
    edition(library, one, content(pks(library, "reed23")), 20991231, 4_102_354_800)  # its time has not come
    answer = people_made.browser(library).get(feed_of(library, one, ".atom"))
    assert answer.headers["cache-control"] == "private, no-cache"
    found = ET.fromstring(answer.content)
    entries = found.findall(f"{ATOM}entry")
    names = [(entry.findtext(f"{ATOM}id") or "").rpartition("/")[2] for entry in entries]
    assert names == ["quill24", "ash21", "rtl20"]
    assert "on cs.CL, which you follow" in (entries[0].findtext(f"{ATOM}content") or "")
    assert found.findtext(f"{ATOM}title") == "Your editions · Broadsheet"


@pytest.mark.parametrize("suffix", [".atom", ".rss", ".json"])
def test_the_feed_in_every_format(library: Library, suffix: str) -> None:
    one, _ = made(library)
    client = people_made.browser(library)
    assert client.get(feed_of(library, one, suffix)).status_code == 200
    assert client.get(f"/editions/{links.key_of(library.store, one, 'manage')}{suffix}").status_code == 404


def test_an_empty_feed_is_a_feed(library: Library) -> None:
    answer = people_made.browser(library).get(feed_of(library, subscriber(library), ".json"))
    assert answer.json()["items"] == []


# -- the preview -------------------------------------------------------------------------------------------------------


def test_an_administrator_sees_a_letter_before_it_leaves(library: Library) -> None:
    one = subscriber(library)
    client = people_made.browser(library)  # nobody has an account: whoever sits here is the owner
    page = client.get(f"/owner/mail/preview?reader={one.id}")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert "List-Unsubscribe: &lt;http" in page.text
    letter = client.get(f"/owner/mail/preview.html?reader={one.id}")
    policy = letter.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert '<h2 class="section"' in letter.text or '<p class="note"' in letter.text
    eml = client.get(f"/owner/mail/preview.eml?reader={one.id}")
    assert eml.headers["content-type"] == "message/rfc822"
    assert eml.content.startswith(b"From: The Papers <papers@example.org>\r\nTo: ada@example.org\r\n")
    assert library.store.editions.of(one.id) == []  # looking made none


def test_what_somebody_with_an_account_reads_is_theirs(library: Library) -> None:
    people_made.with_accounts(library)
    ada = people_made.account(library, "Ada of the previews")
    theirs = library.store.subscribers.put("grace@example.org", ada.id, Schedule(), [Wish("rising")], DUE)
    free = subscriber(library)
    client = people_made.browser(library)
    for suffix in ("", ".html", ".eml"):
        address = f"/owner/mail/preview{suffix}?reader="
        client.cookies.clear()
        assert client.get(f"{address}{free.id}").status_code == 303
        people_made.signed_in(client, library, "Reader of the previews")
        assert client.get(f"{address}{free.id}").status_code == 403
        people_made.signed_in(client, library, "Boss of the previews", "admin")
        assert client.get(f"{address}{free.id}").status_code == 200
        assert client.get(f"{address}{theirs.id}").status_code == 403
        assert client.get(f"{address}999999").status_code == 404
        assert client.get(f"{address}x").status_code == 404

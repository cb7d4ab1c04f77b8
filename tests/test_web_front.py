"""The front page, days, weeks, months and the archive, asked over HTTP of a real library."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

import daily_library
import web_library
from broadsheet.community.periods import KINDS, around, number
from broadsheet.library import Library
from broadsheet.store import OWNER
from broadsheet.web import days as web_days
from broadsheet.web import filling, sharing, sparks
from broadsheet.web.kept import Kept
from community_people import sql
from daily_library import back, pk, row, settled, today, vote
from people_made import account, browser, signed_in, with_accounts
from web_library import ask, text

TODAY = daily_library.TODAY_PAPERS


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with daily_library.make(tmp_path_factory.mktemp("front")) as library:
        vote(library, settled(library, 9), "today3")
        library.refresh_trends(0)
        yield library


@pytest.fixture(scope="module")
def stranger(shared: Library) -> TestClient:
    """Somebody elsewhere, whom nobody knows."""
    return browser(shared, "http://papers.example.org", at="203.0.113.9")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with daily_library.make(tmp_path) as library:
        yield library


def keys(html: str) -> list[str]:
    return re.findall(r'data-paper="([^"]+)"', html)


def more(html: str) -> str:
    found = re.search(r'<a href="([^"]+)" rel="next">More', html)
    return found[1].replace("&amp;", "&") if found else ""


# -- the front page ----------------------------------------------------------------------------------------------------


def test_the_front_page_is_the_last_day_and_says_why(stranger: TestClient) -> None:
    html = ask(stranger, "/")
    seen = text(html)
    assert "Today’s papers" in seen and len(keys(html)) == TODAY and keys(html)[0] == "today3"
    assert seen.count("Why") >= TODAY
    assert "9 votes in " in seen and "new in cs.CL" in seen
    assert "Rising this week" in seen and '<svg class="spark"' in html
    assert f'href="/day/{back(10).isoformat()}"' in html and "No source is followed yet" in seen
    assert '<link rel="alternate" type="application/atom+xml" title="Today’s papers" href="/today.atom">' in html


def test_what_editors_choose_and_readers_bring_makes_a_day(tmp_path: Path) -> None:
    """Of a library whose papers are known by their year: the chosen first, the newest below, nobody twice."""
    with daily_library.make(tmp_path, [row(f"old{n}", 0, 0, date="", year=2001 + n) for n in range(6)]) as library:
        ada = settled(library, 1)[0]
        library.store.desk.submit(ada.id, pk(library, "old1"))
        library.store.desk.pick(OWNER, number(today()), pk(library, "old4"), note="Read the proof.")
        browsing = browser(library)
        assert library.days.calendar(today().year) == {today(): 2}
        html = ask(browsing, "/")
        assert keys(html) == ["old4", "old1", "old5", "old3", "old2", "old0"]
        assert "Newest of the library, by their year" in text(html) and f"submitted by {ada.name}" in text(html)
        assert keys(ask(browsing, f"/day/{today()}")) == ["old4", "old1"]


def test_a_short_day_goes_on_with_the_one_before(tmp_path: Path) -> None:
    few = [row(f"new{n}", 0, 1) for n in range(2)]
    with daily_library.make(tmp_path, [*few, *(row(f"old{n}", 0, 12) for n in range(12))]) as library:
        html = ask(browser(library), "/")
        found = keys(html)
        assert {*found[:2]} == {"new0", "new1"} and len(found) == 10
        assert f"Before that: {around('day', back(12)).words}" in text(html)


def test_a_day_without_papers_shows_the_last_that_has_some_and_says_so(tmp_path: Path) -> None:
    with daily_library.make(tmp_path, [row(f"old{n}", 0, 12) for n in range(3)]) as library:
        html = ask(browser(library), "/")
        day = around("day", back(12))
        assert f"These are the papers of {day.words}, the last day that has any." in text(html)
        assert len(keys(html)) == 3 and "Today’s papers" not in text(html)


def test_a_library_known_by_years_shows_its_newest_and_says_so(tmp_path: Path) -> None:
    papers = [row(f"year{n}", 0, 0, date=f"200{n}", year=2000 + n) for n in range(5)]
    with daily_library.make(tmp_path, papers) as library:
        html = ask(browser(library), "/")
        assert "is not known, so there is no page of a day yet" in text(html)
        assert html.index("/paper/year4") < html.index("/paper/year3")


def test_an_empty_library_says_how_to_begin(tmp_path: Path) -> None:
    with web_library.make(tmp_path, ()) as library:
        client = browser(library)
        assert "broadsheet add papers.bib" in text(ask(client, "/"))
        for path in ("/trending", "/topics", "/archive", f"/day/{today().isoformat()}"):
            assert ask(client, path)


def test_a_vote_is_seen_by_its_voter_at_once_and_by_all_soon(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SECONDS", 0.0)
    with_accounts(library)
    ada, ben = signed_in(browser(library), library, "Ada"), browser(library)
    before = ask(ben, "/")
    assert 'data-paper="today4" data-votes="0"' in before
    pressed = ada.post("/vote", data={"id": "today4", "want": "1"}, headers={"accept": "application/json"})
    assert pressed.json()["total"] == 1
    mine = ask(ada, "/")
    assert 'data-paper="today4" data-votes="1"' in mine
    assert re.search(r'data-paper="today4".*?aria-pressed="true"', mine, re.DOTALL)
    assert 'data-paper="today4" data-votes="1"' in ask(ben, "/")
    assert 'aria-pressed="true"' not in ask(ben, "/")


def test_what_a_reader_hid_is_left_out_counted_and_shown_on_demand(library: Library) -> None:
    with_accounts(library)
    ada = signed_in(browser(library), library, "Ada")
    library.store.community.hide(account(library, "Ada").id, pk(library, "today2"))
    html = ask(ada, "/")
    assert "today2" not in keys(html) and len(keys(html)) == TODAY - 1
    assert "1 paper you hid is left out: show it" in text(html)
    day = today().isoformat()
    assert "today2" in keys(ask(ada, f"/day/{day}?hidden=show"))
    assert "today2" in keys(ask(browser(library), "/"))


def test_the_page_of_a_reader_is_nobody_elses(library: Library) -> None:
    with_accounts(library)
    ada, ben = signed_in(browser(library), library, "Ada"), signed_in(browser(library), library, "Ben")
    quills = [pk(library, f"back10-{number}") for number in (1, 4)]
    library.store.lists.keep_as(account(library, "Ada").id, "saved", quills)
    mine, his, ours = ada.get("/"), ben.get("/"), browser(library).get("/")
    assert "you saved" in text(mine.text) and "you saved" not in text(his.text) + text(ours.text)
    assert mine.headers["cache-control"] == his.headers["cache-control"] == "private, no-cache"
    assert len({mine.headers["etag"], his.headers["etag"], ours.headers["etag"]}) == 3
    assert ada.get("/", headers={"if-none-match": mine.headers["etag"]}).status_code == 304
    assert ada.get("/", headers={"if-none-match": ours.headers["etag"]}).status_code == 200


def test_everybody_gets_the_same_bytes(shared: Library, stranger: TestClient) -> None:
    first, packed = stranger.get("/", headers={"accept-encoding": "identity"}), stranger.get("/")
    assert first.headers["etag"] == packed.headers["etag"] and first.text == packed.text
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in first.headers
    assert "Cookie" in packed.headers["vary"] and packed.headers["cache-control"] == "no-cache"
    again = stranger.get("/", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content


def test_a_page_too_old_is_made_once_and_the_old_one_given_meanwhile() -> None:
    pages: Kept[int] = Kept(0.0, most=2)
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        if len(made) == 2:
            assert pages.get("a", make) == 0  # somebody else asks while it is being made
        return made[-1]

    assert pages.get("a", make) == 0 and pages.get("a", make) == 1 and made == [0, 1]
    with pytest.raises(ZeroDivisionError):
        pages.get("a", lambda: 1 // 0)
    assert pages.get("a", lambda: 7) == 7  # not kept busy by what failed
    for key in "bcd":
        pages.get(key, make)
    assert len(pages._entries) == 2


# -- periods -----------------------------------------------------------------------------------------------------------


def test_every_period_has_its_page_and_leads_on(stranger: TestClient) -> None:
    for kind in KINDS:
        period = around(kind, back(10))
        html = ask(stranger, period.path)
        assert period.words in text(html) and {f"back10-{n}" for n in range(6)} <= set(keys(html))
        assert f'href="{period.path}.atom"' in html
    html = ask(stranger, around("day", back(11)).path)
    assert f'rel="prev" href="/day/{back(20).isoformat()}"' in html
    assert f'rel="next" href="/day/{back(10).isoformat()}"' in html


def test_pages_of_a_long_period_have_everything_once(shared: Library, stranger: TestClient) -> None:
    month = around("month", today())
    path, seen = month.path, list[str]()
    while path:
        html = ask(stranger, path)
        seen += keys(html)
        assert len(keys(html)) <= filling.PAGE
        path = more(html)
    assert len(seen) == len(set(seen)) == shared.days.count(month)


def test_a_small_page_goes_on_behind_its_last_paper(shared: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = (filling.listing.__kwdefaults__ or {}) | {"size": 5}
    monkeypatch.setattr(filling.listing, "__kwdefaults__", defaults)
    client, path, seen = browser(shared), around("day", today()).path, list[str]()
    for _ in range(3):
        html = ask(client, path)
        seen += keys(html)
        path = more(html)
    assert len(set(seen)) == len(seen) == TODAY and not path
    nowhere = ask(client, around("day", today()).path + "?after=no-such-paper")
    assert keys(nowhere) == seen[:5]  # from the beginning


@pytest.mark.parametrize(
    "path",
    ["/day/2026-02-30", "/day/tomorrow", "/week/2026-W99", "/month/2026-00", "/day/9999-01-01", "/day/1066-10-14",
     "/archive/1066", "/archive/20x6", "/archive/99999", "/day/%00", "/day/2026-02-30.atom"],
)  # fmt: skip
def test_what_is_no_period_is_not_here(stranger: TestClient, path: str) -> None:
    assert ask(stranger, path, 404)


def test_an_empty_day_is_honest(shared: Library, stranger: TestClient) -> None:
    html = ask(stranger, f"/day/{back(15).isoformat()}")
    assert "No paper appeared on this day." in text(html)
    assert f'href="/day/{back(20).isoformat()}"' in html and f'href="/day/{back(11).isoformat()}"' in html


def test_an_empty_day_says_who_was_silent_and_who_failed(library: Library) -> None:
    (library.home / "broadsheet.toml").write_text('[sources.arxiv]\ncategories = ["cs.IR"]\n')
    day = next(back(days) for days in range(21, 30) if back(days).weekday() == 5)  # a Saturday: Friday has none
    here = browser(library)
    assert "arXiv announced nothing on the evening of Friday." in text(ask(here, f"/day/{day.isoformat()}"))
    site = here.app.state.site  # type: ignore[attr-defined]
    sql(
        library.store,
        "INSERT INTO run (job, started, finished, new, updated, same, failed, why, outcome)"
        " VALUES ('hf', :at, :at, 0, 0, 0, 0, 'no answer', 'failed')",
        at=f"{day.isoformat()}T10:00:00Z",
    )
    assert "hf could not be read then." in web_days.silence(site, around("day", day))
    assert web_days.silence(site, around("day", today())) == "Nothing has come yet."


# -- the archive -------------------------------------------------------------------------------------------------------


def test_the_archive_counts_every_day(stranger: TestClient) -> None:
    html = ask(stranger, f"/archive/{back(10).year}")
    assert f'href="/day/{back(10).isoformat()}"' in html
    assert re.search(rf'href="/day/{back(10).isoformat()}"[^>]*6 papers', html)
    assert f'href="/month/{back(10):%Y-%m}"' in html
    assert "18 papers of 2001 have no day" in text(ask(stranger, "/archive/2001"))
    assert "No paper of 1987 is here." in text(ask(stranger, "/archive/1987"))
    assert ask(stranger, "/archive")


def test_shades_tell_little_from_much() -> None:
    day = back(10)
    counts = {day: 1, day.replace(day=1): 1_000}
    (month,) = [one for one in sparks.months(day.year, counts, today()) if one.first.month == day.month]
    levels = {cell.day: cell.level for week in month.weeks for cell in week if cell.day}
    assert levels[day] == (1 if day.day > 1 else sparks.LEVELS) and levels[day.replace(day=1)] == sparks.LEVELS
    assert all(len(week) == 7 for week in month.weeks) and month.total == sum(counts.values())


# -- feeds -------------------------------------------------------------------------------------------------------------


def test_feeds_have_the_papers_of_their_page(stranger: TestClient) -> None:
    wanted = keys(ask(stranger, "/"))
    for path in ("/today", f"/day/{today().isoformat()}"):
        atom = ElementTree.fromstring(stranger.get(f"{path}.atom").content)
        names = [node.text or "" for node in atom.iter("{http://www.w3.org/2005/Atom}id")]
        assert [name.rpartition("/")[2] for name in names[1:]] == wanted
        assert names[0] == f"http://papers.example.org{path}.atom"
        rss = ElementTree.fromstring(stranger.get(f"{path}.rss").content)
        assert len(list(rss.iter("item"))) == TODAY
        said = json.loads(stranger.get(f"{path}.json").content)
        assert len(said["items"]) == TODAY and said["feed_url"].endswith(f"{path}.json")
    for kind in KINDS[1:]:
        assert stranger.get(f"{around(kind, today()).path}.json").status_code == 200
    assert stranger.get("/author/Author%20today3.atom").status_code == 200

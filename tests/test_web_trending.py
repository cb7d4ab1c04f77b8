"""What rises and topics: pages, feeds, and the two verbs of the command line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

import daily_library
from broadsheet.cli import cli
from broadsheet.errors import NotFound
from broadsheet.library import Library
from broadsheet.store import Reading
from broadsheet.trend import SIGNALS
from broadsheet.web import sparks, trending
from community_people import sql
from daily_library import NOW, pk, row, settled, today, vote
from people_made import account, browser, signed_in, with_accounts
from web_library import ask, text


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with daily_library.make(tmp_path_factory.mktemp("rising")) as library:
        risen(library)
        yield library


def risen(library: Library) -> None:
    """Votes for three papers, most for one; somebody elsewhere speaks of it, too."""
    voters = settled(library, 100)
    for name, some in (("today9", voters[:45]), ("today1", voters[45:53]), ("back10-2", voters[53:60])):
        vote(library, some, name)
    row = pk(library, "today9")
    for one in voters[60:]:  # others, or it would be one signal
        library.store.lists.keep_as(one.id, "saved", [row])
    sql(library.store, "UPDATE listed SET at = at - 900")
    library.store.counters.note([Reading(row, "mentions", "hf", NOW - 60, 40)])
    library.store.counters.note([Reading(pk(library, f"today{n}"), "mentions", "hf", NOW - 60, 0) for n in range(8)])
    assert library.refresh_trends(0)


@pytest.fixture(scope="module")
def stranger(shared: Library) -> TestClient:
    return browser(shared, "http://papers.example.org", at="203.0.113.9")


def keys(html: str) -> list[str]:
    return re.findall(r'data-paper="([^"]+)"', html)


# -- pages -------------------------------------------------------------------------------------------------------------


def test_what_rises_is_shown_with_every_term(stranger: TestClient) -> None:
    html = ask(stranger, "/trending")
    seen = text(html)
    assert keys(html)[0] == "today9" and "Rising this week" in seen
    assert "45 votes in " in seen and "40 saves in " in seen
    first = html.partition("<article")[2].partition("</article>")[0]
    table = first.partition('<details class="why every">')[2].partition("</details>")[0]
    found = re.findall(r'<th scope="row">.*?</svg>(\w+)</th><td>([1-9]\d*)</td>', table)
    assert sorted(found) == [("mentions", "40"), ("saves", "40"), ("votes", "45")]
    assert '<svg class="spark"' in first and 'role="img"' in first and "in its first half" in first
    assert 'href="/about/trending"' in html


def test_a_papers_own_page_has_the_terms_of_its_month(stranger: TestClient) -> None:
    html = ask(stranger, "/paper/today9")
    part = html.partition('id="attention"')[2].partition("</section>")[0]
    found = re.findall(r'<th scope="row">.*?</svg>(\w+)</th><td>([1-9]\d*)</td>', part)
    assert sorted(found) == [("mentions", "40"), ("saves", "40"), ("votes", "45")]
    assert '<svg class="spark"' in part and 'href="/about/trending"' in part and "a month’s window" in part
    assert 'id="attention"' not in ask(stranger, "/paper/year1"), "nothing happened to it"


def test_hot_takes_two_signals_and_the_page_says_what_is_missing(shared: Library, stranger: TestClient) -> None:
    found = shared.trending("week")
    assert found.pks[0] in found.hot and found.hits[0].paper.key == "today9"
    html = ask(stranger, "/trending")
    first, second, *_ = html.split("<article")[1:]
    assert ">Hot</a>" in first and "Not hot" not in first
    assert ">Hot</a>" not in second and "Not hot: " in text(f"<body>{second}")


def test_windows_and_topics_are_addresses(stranger: TestClient) -> None:
    for window in ("day", "week", "month"):
        html = ask(stranger, trending.address(window))
        assert re.search(rf'href="{re.escape(trending.address(window))}" aria-current="page"', html)
    only = ask(stranger, "/trending?topic=cs.CL")
    assert set(keys(only)) == {"today9"} and "Every topic" in text(only)
    assert set(keys(ask(stranger, "/trending?category=cs.IR&window=month"))) == {"today1"}
    assert set(keys(ask(stranger, "/trending?topic=grasping+pears&window=month"))) == {"back10-2"}
    assert "gets more attention than is usual" in text(ask(stranger, "/trending?topic=astro-ph"))
    assert "one of day, week, month" in text(ask(stranger, "/trending?window=year", 400))
    hostile = ask(stranger, "/trending?topic=%3Cscript%3Ealert(1)%3C/script%3E" + "x" * 500)
    assert "<script>alert" not in hostile


def test_the_pages_of_a_long_list_have_everything_once(shared: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trending.rising, "__defaults__", (1,))
    client, path, seen = browser(shared), "/trending", list[str]()
    while path:
        html = ask(client, path)
        seen += keys(html)
        found = re.search(r'<a href="([^"]+)" rel="next">More', html)
        path = found[1].replace("&amp;", "&") if found else ""
    assert seen == [hit.paper.key for hit in shared.trending("week", limit=50).hits] and len(seen) > 2


def test_hidden_papers_do_not_rise_for_who_hid_them(tmp_path: Path) -> None:
    with daily_library.make(tmp_path) as library:
        risen(with_accounts(library))
        ada = signed_in(browser(library), library, "Ada")
        library.store.community.hide(account(library, "Ada").id, pk(library, "today9"))
        assert "today9" not in keys(ask(ada, "/trending")) and "today9" in keys(ask(browser(library), "/trending"))


def test_before_anything_was_measured_the_page_says_so(tmp_path: Path) -> None:
    with daily_library.make(tmp_path) as library:
        assert "Nothing has been measured yet." in text(ask(browser(library), "/trending"))
        library.refresh_trends(0)
        assert "Nothing gets more attention than is usual." in text(ask(browser(library), "/trending"))


def test_the_formula_is_published_with_its_numbers(stranger: TestClient) -> None:
    seen = text(ask(stranger, "/about/trending"))
    for name in SIGNALS:
        assert (f" {name} " in seen) == (name != "opens")
    assert "Openings of papers are not counted here." in seen and "halves every 2 days in the window of a day" in seen
    assert "45 %" in text(ask(stranger, "/about/days"))


@pytest.mark.parametrize(
    ("bounds", "votes", "words"),
    [
        (None, 3, ""),
        ((110, 140, 190), 50, "Likely 140 votes in 7 days; between 110 and 190 in four cases of five"),
        ((2, 3, 9), 5, "Likely 5 votes in 7 days; between 5 and 9 in four cases of five"),  # more came meanwhile
    ],
)
def test_where_a_paper_is_heading(bounds: tuple[int, int, int] | None, votes: int, words: str) -> None:
    assert trending.heading(bounds, votes) == words


def test_a_line_says_in_words_what_it_draws() -> None:
    drawn = sparks.line((0, 1, 0, 3), sparks.told((0, 1, 0, 3), "week"))
    assert 'aria-label="What happened in this week: 1 in its first half, 3 in its second"' in drawn
    assert drawn.count(",") - 1 == 4 and "64.0,1.5" in drawn  # the last point is the highest
    assert sparks.line((), "x") == sparks.line((0, 0), "x") == sparks.line((4,), "x") == ""


# -- topics ------------------------------------------------------------------------------------------------------------


def test_topics_are_categories_and_phrases(stranger: TestClient) -> None:
    html = ask(stranger, "/topics")
    assert re.search(r'<a href="/topic/cs\.CL">cs\.CL</a> <span>\d+</span>', html)
    category = ask(stranger, "/topic/cs.CL")
    assert "category" in text(category) and "Rising" in text(category) and "/paper/today9" in category
    assert set(keys(category)) <= {"today8", "today9", "today10", "today11"} | {
        f"back{days}-{n}" for days in daily_library.DAYS_BACK for n in (1, 4)
    }
    phrase = ask(stranger, "/topic/quill%20grammar")
    assert "phrase" in text(phrase) and set(keys(phrase)) == set(keys(category))
    assert 'href="/topic/quill%20grammar.atom"' in phrase and 'href="/author/Author%20today' in phrase


@pytest.mark.parametrize("name", ["nobody%20wrote%20this", "x" * 121, "%20", "%22%22", "..%2F..%2Fetc"])
def test_what_is_no_topic_is_not_here(stranger: TestClient, name: str) -> None:
    assert ask(stranger, f"/topic/{name}", 404)


def test_the_volume_of_a_topic_is_by_month_where_months_are_known(tmp_path: Path) -> None:
    papers = [row(f"m{n}", 1, 10 + 30 * n) for n in range(9)]
    with daily_library.make(tmp_path, papers) as library:
        counts = library.months("cs.CL")
        assert sum(counts.values()) == 9 and list(counts) == sorted(counts) and len(counts) >= 8
        html = ask(browser(library), "/topic/cs.CL")
        assert "Papers by month, " in html and f'<a href="/month/{daily_library.back(40):%Y-%m}"' in html
        assert library.months("no such topic") == {}


def test_the_volume_is_by_year_where_only_years_are_known(tmp_path: Path) -> None:
    papers = [row(f"y{n}", 1, 0, date=str(2010 + n), year=2010 + n) for n in range(9)]
    with daily_library.make(tmp_path, papers) as library:
        assert library.months("cs.CL") == {}
        assert "Papers by year, 2010 to 2018" in ask(browser(library), "/topic/cs.CL")


# -- feeds -------------------------------------------------------------------------------------------------------------


def test_feeds_of_what_rises_and_of_topics(stranger: TestClient) -> None:
    rising = json.loads(stranger.get("/trending.json?window=month&topic=cs.CL").content)
    assert [item["id"].rpartition("/")[2] for item in rising["items"]] == ["today9"]
    assert rising["feed_url"] == "http://papers.example.org/trending.json?window=month&topic=cs.CL"
    assert rising["home_page_url"] == "http://papers.example.org/trending?window=month&topic=cs.CL"
    assert len(list(ElementTree.fromstring(stranger.get("/trending.rss").content).iter("item"))) >= 3
    for path in ("/topic/cs.CL", "/topic/quill%20grammar", "/author/Author%20today9"):
        for suffix in (".atom", ".rss", ".json"):
            assert stranger.get(path + suffix).status_code == 200
    assert stranger.get("/topic/no%20such%20topic.atom").status_code == 200  # somebody may write of it
    assert stranger.get("/trending.atom?window=year").status_code == 400


# -- the command line --------------------------------------------------------------------------------------------------


def run(library: Library, *words: str) -> str:
    encoder = str(library.home.parent / "tiny")
    result = CliRunner().invoke(cli, ["--home", str(library.home), "--encoder", encoder, *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_line_shows_days_and_what_rises(shared: Library) -> None:
    said = json.loads(run(shared, "feed", "--json", "-n", "3"))
    assert (said["period"], said["total"], len(said["hits"])) == (today().isoformat(), 12, 3)
    assert {"id", "title", "year", "venue", "authors", "score", "signals", "why", "snippet"} <= said["hits"][0].keys()
    week = json.loads(run(shared, "feed", f"{today():%G-W%V}", "--json"))
    assert week["kind"] == "week" and week["total"] >= 12
    rising = json.loads(run(shared, "trending", "--window", "month", "--topic", "cs.CL", "--json"))
    assert [hit["id"] for hit in rising["hits"]] == ["today9"] and rising["measured"]
    assert sum(rising["hits"][0]["signals"].values()) == pytest.approx(rising["hits"][0]["score"], rel=0.05)
    assert "hot" in run(shared, "trending", "--explain", "-n", "1") and "votes" in run(shared, "trending", "--explain")
    assert "today3" in run(shared, "feed", "-n", "50", "--explain")


def test_the_command_line_measures_where_nobody_has(tmp_path: Path) -> None:
    with daily_library.make(tmp_path) as library:
        assert json.loads(run(library, "trending", "--json"))["measured"]
        assert library.boards.current() is not None


@pytest.mark.parametrize("words", [("feed", "2026-13-01"), ("feed", "soon"), ("trending", "--window", "year")])
def test_wrong_words_are_told(shared: Library, words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, ["--home", str(shared.home), *words])
    assert isinstance(result.exception, NotFound) or result.exit_code == 2

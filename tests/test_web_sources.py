"""The page and the API of how sources fare; what a paper's page says of its copies, versions, and a retraction."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import web_library
from broadsheet.store import Tally
from broadsheet.web import create_app, health


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with web_library.make(tmp_path_factory.mktemp("sources")) as library:
        web_library.lived_in(library)
        with TestClient(create_app(library)) as client:
            yield client


def read(client: TestClient, address: str) -> str:
    return web_library.text(web_library.ask(client, address))


def test_the_page_says_first_whether_all_is_well(client: TestClient) -> None:
    page = read(client, "/sources")
    assert "journal-of-quills could not be read; the other 2 are well" in page
    assert "journal.example.org/quills.rss answered 404" in page
    assert "Asked again in 6 hours" in page
    assert "Set aside 1 record" in page and "item 3" in page and "no title" in page
    assert "jsonl" in page, "what was added by hand has its place"


def test_each_source_has_ninety_days(client: TestClient) -> None:
    html = client.get("/sources").text
    strips = re.findall(r'<svg class="strip".*?</svg>', html)
    assert len(strips) >= 3
    assert all(strip.count("<rect ") == 90 for strip in strips)
    assert 'aria-label="hf, the last 90 days: asked on 89' in html
    assert re.search(r'<rect class="failed"[^>]*><title>[^<]*: failed</title>', html)


def test_the_api_has_the_same_and_no_secret(client: TestClient) -> None:
    found = {one["name"]: one for one in client.get("/api/v1/sources").json()["sources"]}
    assert {"arxiv", "hf", "journal-of-quills"} <= set(found)
    quills = found["journal-of-quills"]
    assert (quills["state"], quills["kind"], quills["waiting"]) == ("failed", "feed", 1)
    assert len(found["hf"]["days"]) == 89 and found["hf"]["budget"] is None
    assert found["hf enrich"]["budget"] == {"spent": 0, "most": 200}
    assert all("options" not in one for one in found.values())


def test_a_library_that_follows_nothing_says_how_to_begin(tmp_path: Path) -> None:
    with web_library.make(tmp_path, []) as library, TestClient(create_app(library)) as client:
        page = read(client, "/sources")
    assert "No source is followed yet" in page and "broadsheet follow arxiv cs.IR cs.CL" in page


def test_a_paper_shows_its_copies_versions_and_likes(client: TestClient) -> None:
    page = read(client, "/paper/arxiv:2101.00001")
    assert "Made of 2 copies" in page
    assert re.search(r"2\. jsonl, 9\d\.\d % sure Quills that remember \(a title and its subtitle", page)
    assert "broadsheet split arxiv:2101.00001 NUMBER" in page
    assert re.search(
        r"Earlier versions until .*, when jsonl brought something newer title: Quills that remember: a long study", page
    )
    assert re.search(r"Perhaps the same work \d\d % sure Quills that remember, part 2", page)
    assert client.get("/paper/doi:10.5555/quills", follow_redirects=False).status_code in (301, 302, 307, 308)


def test_a_retraction_stands_above_the_abstract(client: TestClient) -> None:
    page = read(client, "/paper/wet-ink")
    assert "Retracted. The ink was dry after all" in page
    assert page.count("The ink was dry after all") == 1
    assert "Retracted" in read(client, "/search?q=ink+never+dry")


def test_a_timer_that_does_not_run_is_no_peace(tmp_path: Path) -> None:
    with web_library.make(tmp_path, []) as library:
        (library.home / "broadsheet.toml").write_text("[sources.hf]\n[sources.arxiv]\nsinse = 7\n")
        now = datetime.now(UTC)
        found = library.sources()
        assert health.headline(found, now) == "arxiv could not be read; the other is well"
        (broken,) = [one for one in found if one.name == "arxiv"]
        assert "arxiv has no such option" in broken.why
        (library.home / "broadsheet.toml").write_text("[sources.hf]\n")
        assert health.headline(library.sources(), now) == "hf has not been asked yet; `broadsheet sync` asks"
        with library.store.writing() as writer:
            writer.count_run(writer.start_run("hf"), Tally(new=3), finished=True, outcome="new")
        assert health.headline(library.sources(), now) == "The source is well; 3 papers came today"
        later = [one._replace(next="2026-01-01T00:00:00Z") for one in library.sources()]
        assert health.headline(later, now + timedelta(days=9)).startswith("hf has not been asked since ")


@pytest.mark.parametrize(
    ("ago", "said"),
    [(0, "now"), (20, "now"), (-90, "in 1 minute"), (7_300, "2 hours ago"), (-86_400, "in 24 hours")],
)
def test_moments_are_said_as_people_say_them(ago: int, said: str) -> None:
    now = datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert health.moment((now - timedelta(seconds=ago)).isoformat(), now) == said

"""Papers that are here, completed by a service on loopback: in rounds, within a budget, without harm when it fails."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

import loopback
from broadsheet import enrich, following, ingest, standing
from broadsheet.fetch import Client, Spent
from broadsheet.harvest import Report
from broadsheet.paper import make
from broadsheet.store import Store

NOW = datetime.now(UTC)


@dataclass
class OpenAlex:
    """Knows every DOI, and how often it is cited: as often as its number says."""

    statuses: list[int] = field(default_factory=list)  # of the next answers; then all is well
    asked: list[list[str]] = field(default_factory=list)

    def answer(self, request: loopback.Asked) -> loopback.Reply:
        dois = request.params["filter"].removeprefix("doi:").split("|")
        self.asked.append(dois)
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            return loopback.Reply(b"no", status)
        works = [
            {"id": f"https://openalex.org/W9{doi.rpartition('.')[2]}", "doi": f"https://doi.org/{doi}",
             "display_name": f"Paper number {doi.rpartition('.')[2]} about lamps", "authorships": [],
             "cited_by_count": int(doi.rpartition(".")[2])}
            for doi in dois
        ]  # fmt: skip
        return loopback.Reply(orjson.dumps({"results": works, "meta": {"count": len(works)}}))


@dataclass
class Desk:
    """A store of papers, a service, and a client that may ask it."""

    store: Store
    service: OpenAlex
    client: Client
    url: str
    locks: Path

    def add(self, *numbers: int) -> None:
        papers = [make("x", f"Paper number {n} about lamps", ids=[f"doi:10.5555/a.{n}"]) for n in numbers]
        ingest.run(self.store, "x", lambda skip: iter(papers[skip:]), part=str(numbers[0]))

    def one(self, budget: int = 100) -> following.Followed:
        return following.read("openalex", {"base": self.url, "budget": budget})

    def run(self, budget: int = 100, now: datetime = NOW) -> Report:
        return enrich.run(self.store, self.one(budget), self.client, locks=self.locks, now=now)

    def known(self) -> set[int]:
        """The numbers of the papers whose citations are here."""
        papers = (paper for _, paper in self.store.scan(limit=10_000))
        return {paper.citations for paper in papers if paper.citations is not None}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    service = OpenAlex()
    with loopback.serving(service.answer) as server, Store.open(tmp_path / "store.sqlite3") as store:
        yield Desk(store, service, loopback.client(tmp_path), server.url, tmp_path / "locks")


def test_every_paper_is_asked_about_once_newest_first(desk: Desk) -> None:
    desk.add(*range(1, 121))
    report = desk.run()
    assert (report.state, report.new, report.updated, report.requests) == ("updated", 0, 120, 3)
    assert desk.known() == set(range(1, 121))
    assert desk.service.asked[0][0] == "10.5555/a.120"
    again = desk.run()
    assert (again.state, again.why, again.requests) == ("not due", "every paper has been asked about", 0)
    assert again.next == (NOW + enrich.ROUND).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_is_new_comes_first_and_a_month_later_all_again(desk: Desk) -> None:
    desk.add(*range(1, 61))
    desk.run()
    desk.add(200)
    desk.service.asked.clear()
    assert desk.run().updated == 1
    assert desk.service.asked == [["10.5555/a.200"]]
    assert desk.run(now=NOW + timedelta(days=31)).requests == 2
    assert sum(map(len, desk.service.asked)) == 1 + 61


def test_a_days_budget_is_never_exceeded(desk: Desk) -> None:
    desk.add(*range(1, 201))
    assert desk.run(budget=2).requests == 2
    assert desk.known() == set(range(101, 201))
    spent = desk.run(budget=2)
    assert (spent.state, spent.requests) == ("not due", 0) and spent.why == "today's 2 requests are spent (budget)"
    assert spent.next.startswith((NOW + timedelta(days=1)).strftime("%Y-%m-%dT00:00"))
    (row,) = [one for one in standing.standings(desk.store, [desk.one(2)], desk.locks, NOW) if one.budget]
    assert row.name == "openalex enrich" and row.budget == enrich.Budget(2, 2)
    tomorrow = NOW + timedelta(days=1)
    while desk.run(budget=40, now=tomorrow).state != "not due":
        pass
    assert desk.known() == set(range(1, 201))
    assert len(desk.service.asked) <= 2 + 40


def test_tries_again_are_counted_too(desk: Desk) -> None:
    """The second try would be the third request: it is not sent, and the batch has its turn another day."""
    desk.add(*range(1, 101))
    desk.service.statuses = [200, 503]
    report = desk.run(budget=2)
    assert (report.state, report.requests, len(desk.service.asked)) == ("updated", 2, 2)
    assert desk.run(budget=40, now=NOW + timedelta(days=1)).state == "updated"
    assert desk.known() == set(range(1, 101))
    with pytest.raises(Spent, match="all 1 requests"):
        metered = desk.client.metered(1)
        for _ in range(2):
            metered.get(f"{desk.url}/works", params={"filter": "doi:10.5555/a.1"})


def test_a_service_that_is_down_does_no_harm(desk: Desk) -> None:
    desk.add(*range(1, 121))
    desk.service.statuses = [200, 401]
    report = desk.run()
    assert report.state == "failed" and "answered 401" in report.why
    assert desk.known() == set(range(71, 121)), "what came before is kept"
    waits = desk.run()
    assert (waits.state, waits.requests, waits.next) == ("failed", 0, report.next)
    later = datetime.fromisoformat(report.next)
    assert desk.run(now=later).updated == 70
    assert desk.known() == set(range(1, 121))


def test_papers_that_it_refuses_do_not_stop_the_others(desk: Desk) -> None:
    desk.add(*range(1, 151))
    desk.service.statuses = [200, 400]
    assert desk.run().state == "updated"
    assert desk.known() == {*range(101, 151), *range(1, 51)}
    assert desk.run().why == "every paper has been asked about"


def test_a_service_that_refuses_everything_is_down(desk: Desk) -> None:
    desk.add(*range(1, 301))
    desk.service.statuses = [400] * 20
    report = desk.run()
    assert report.state == "failed" and "answered 400" in report.why
    assert len(desk.service.asked) == enrich.PATIENCE

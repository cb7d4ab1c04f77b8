"""A harvest against a repository with every fault there is: each record once, whatever happens on the way."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadsheet import fetch, following, harvest
from broadsheet.fetch import Stopped, wire
from broadsheet.harvest import Report
from broadsheet.store import Run, Store
from loopback import Reply, Server, client, replies, serving
from oai_provider import ENVELOPE, Repository, name, providing

NOW = datetime(2026, 3, 5, 6, tzinfo=UTC)
SEEDS = range(int(os.environ.get("BROADSHEET_SOAK", "0")) or 6)  # `make soak` asks for a hundred
DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
from test_harvest import drive
drive(sys.argv[2], sys.argv[3])
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "BACKOFF", 0.002)
    monkeypatch.setattr(wire, "SILENCE", 0.3)


def followed(base: str, **more: object) -> following.Followed:
    table = {"categories": ["cs.IR"], "since": "2026-01-01", "daily": False, "base": base}
    return following.read("arxiv", table | more)


def harvested(folder: Path, base: str, now: datetime = NOW, **more: object) -> Report:
    with Store.open(folder / "store.sqlite3") as store, client(folder) as asker:
        return harvest.run(store, followed(base, **more), asker, locks=folder, now=now, force=True)


def drive(folder: str, base: str) -> None:
    """One run in a process of its own, to be killed."""
    fetch.BACKOFF, wire.SILENCE = 0.002, 0.3
    harvested(Path(folder), base)


def holds(folder: Path, papers: int) -> None:
    """Every record exactly once, counted once as new over all runs, and a store that agrees with itself."""
    with Store.open(folder / "store.sqlite3") as store:
        keys = sorted(paper.key for _, paper in store.scan(limit=10_000))
        assert keys == [f"arxiv:{name(number)}" for number in range(papers)]
        assert sum(run.new for run in store.runs(1_000, "arxiv")) == papers
        assert store.check() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_once_whatever_the_repository_does(tmp_path: Path, seed: int) -> None:
    repository = Repository(160, seed=seed)
    with providing(repository) as server:
        states = [""]
        while states[-1] != "new" and states[-1] != "nothing new" and len(states) < 40:
            states.append(harvested(tmp_path, server.url).state)
    holds(tmp_path, 160)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_once_though_it_is_killed(tmp_path: Path, seed: int) -> None:
    draw, kills = random.Random(seed), 0
    with providing(Repository(160, seed=seed, faults=0.25, page=3)) as server:
        for _ in range(40):
            command = [sys.executable, "-c", DRIVER, str(Path(__file__).parent), str(tmp_path), server.url]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            if kills < 4 and killed(process, server, len(server.log) + draw.randint(1, 12), draw.uniform(0, 0.03)):
                kills += 1
                continue
            with Store.open(tmp_path / "store.sqlite3") as store:
                if process.wait(60) == 0 and store.runs(1, "arxiv")[0].outcome != "failed":
                    break
    assert kills >= 2
    holds(tmp_path, 160)


def killed(process: "subprocess.Popen[bytes]", server: Server, answers: int, after: float) -> bool:
    """Kills it *after* seconds after so many answers; False when it had ended before."""
    while len(server.log) < answers:
        if process.poll() is not None:
            return False
        time.sleep(0.001)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    return process.wait() != 0


def test_the_next_harvest_asks_from_the_day_before(tmp_path: Path) -> None:
    repository = Repository(60, faults=0.0)
    with providing(repository) as server:
        assert harvested(tmp_path, server.url).state == "new"
        asked = len(server.log)
        repository.revised = {59}
        again = harvested(tmp_path, server.url)
    assert server.log[asked].params["from"] == "2026-03-04"  # a day before the answer to the open window
    assert (again.state, again.new) == ("nothing new", 0)
    holds(tmp_path, 60)


def test_a_new_version_is_an_update(tmp_path: Path) -> None:
    repository = Repository(60, faults=0.0, page=100)
    with providing(repository) as server:
        harvested(tmp_path, server.url)
        repository.revised = {3}
        with Store.open(tmp_path / "store.sqlite3") as store, store.writing() as writer:
            writer.set_cursor("arxiv", harvest.place_of(followed(server.url), "oai:cs:cs:IR"), "")
        report = harvested(tmp_path, server.url)
    assert (report.state, report.new, report.updated) == ("updated", 0, 1)


def test_what_cannot_be_taken_is_set_aside_with_its_bytes(tmp_path: Path) -> None:
    with providing(Repository(20, faults=1.0, kinds=("odd",), page=100)) as server:
        report = harvested(tmp_path, server.url)
    with Store.open(tmp_path / "store.sqlite3") as store:
        (aside,) = store.quarantined("arxiv")  # on every page, and known again each time
    assert report.state == "new" and b"oai:arXiv.org:x" in aside.raw and aside.format == "arxiv"


def test_a_failed_run_says_why_and_when_it_is_tried_again(tmp_path: Path) -> None:
    with serving(replies(Reply(b"closed", 503))) as server:
        report = harvested(tmp_path, server.url)
        with Store.open(tmp_path / "store.sqlite3") as store:
            waiting = harvest.not_due(store, followed(server.url), NOW)
            (run,) = store.runs(1, "arxiv")
    assert report.state == "failed" and "answered 503 (5 times)" in report.why and report.requests == 5
    assert waiting is not None and waiting.state == "failed" and waiting.next == run.retry == report.next
    assert (run.outcome, run.requests) == ("failed", 5)


def test_what_the_repository_says_is_wrong_is_told(tmp_path: Path) -> None:
    refused = ENVELOPE.format(at="2026-03-05", inner='<error code="badArgument">no such set</error>')
    with serving(replies(refused.encode())) as server:
        assert "badArgument: no such set" in harvested(tmp_path, server.url).why
    with serving(replies(b"<html><body>Not here</body></html>")) as server:
        assert "no answer of an OAI-PMH repository" in harvested(tmp_path, server.url).why


@pytest.mark.parametrize(
    ("kind", "said"), [("expired", "tokens expire"), ("repeated", "again and again"), ("empty", "again and again")]
)
def test_a_repository_that_never_gets_on_ends_the_run(tmp_path: Path, kind: str, said: str) -> None:
    with providing(Repository(120, faults=1.0, kinds=(kind,), page=2)) as server:
        report = harvested(tmp_path, server.url)
    assert report.state == "failed" and said in report.why and len(server.log) < 300


def test_two_processes_do_not_read_one_source_at_once(tmp_path: Path) -> None:
    with harvest.alone(harvest.lock_of(tmp_path, "arxiv")) as free:
        assert free and harvested(tmp_path, "http://127.0.0.1:9/").state == "running"
        assert harvest.under_way(tmp_path, "arxiv")
    assert not harvest.under_way(tmp_path, "arxiv")


def test_a_failure_waits_longer_each_time() -> None:
    runs = [Run(n, "x", "", "", 0, 0, 0, 0, "", "failed", 0, "2026-01-01") for n in range(20)]
    waits = [harvest.pause(runs[:n]) for n in range(12)]
    assert waits == sorted(waits) and waits[0] == harvest.AGAIN and waits[-1] == harvest.AT_MOST
    interrupted = [run._replace(retry=None) for run in runs]
    assert harvest.pause(interrupted) == harvest.AGAIN


def test_stopped_it_ends_as_interrupted(tmp_path: Path) -> None:
    with providing(Repository(20, faults=0.0)) as server, client(tmp_path) as asker:
        asker.stop()
        with Store.open(tmp_path / "store.sqlite3") as store:
            with pytest.raises(Stopped):
                harvest.run(store, followed(server.url), asker, locks=tmp_path, now=NOW, force=True)
            (run,) = store.runs(1)
            assert (run.outcome, run.why, run.retry) == ("failed", "interrupted", None)
            assert harvest.not_due(store, followed(server.url), NOW) is None, "the next run goes on at once"


def test_other_questions_begin_anew(tmp_path: Path) -> None:
    """A cursor speaks of the records that were asked for; a key or a budget changes nothing about them."""

    def place(**options: object) -> str:
        return harvest.place_of(following.read("openalex", options), "works")

    assert place() == "works" == place(key="s3cr3t", budget=7)
    assert len({place(), place(filter="a:1"), place(filter="a:2"), place(filter="a:1", since=400)}) == 4
    arxiv = [following.read("arxiv", {"categories": kept}) for kept in (["cs.IR"], ["cs.IR", "cs.CL"])]
    assert harvest.place_of(arxiv[0], "oai:cs:cs:IR") == harvest.place_of(arxiv[1], "oai:cs:cs:IR")


def test_who_only_looks_does_not_stop_a_run(tmp_path: Path) -> None:
    path, stop = harvest.lock_of(tmp_path, "arxiv"), threading.Event()

    def look() -> None:
        while not stop.is_set():
            harvest.under_way(tmp_path, "arxiv")

    watchers = [threading.Thread(target=look) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(300):
            with harvest.alone(path) as free:
                assert free
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()
    assert harvest.lock_of(tmp_path, "a enrich") != harvest.lock_of(tmp_path, "a-enrich")

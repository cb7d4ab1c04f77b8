"""The rates, proved by the servers' own logs: across threads, across processes, and after one of them is killed."""

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from broadsheet.fetch import FetchError
from broadsheet.fetch.queue import Queue
from broadsheet.fetch.rates import EVERY, RATES, Rate, rate_of
from loopback import Reply, client, replies, serving

ASKER = """
import sys, threading
from pathlib import Path
from loopback import client
asker = client(Path(sys.argv[1]), every=float(sys.argv[3]))
def ask(n):
    for k in range(int(sys.argv[4])):
        asker.get(f"{sys.argv[2]}/{sys.argv[5]}/{n}/{k}")
threads = [threading.Thread(target=ask, args=(n,)) for n in range(2)]
[t.start() for t in threads]
[t.join() for t in threads]
"""


def asker(folder: Path, url: str, every: float, times: int, name: str) -> "subprocess.Popen[bytes]":
    path = str(Path(__file__).parent)
    code = f"import sys; sys.path.insert(0, {path!r})\n{ASKER}"
    return subprocess.Popen([sys.executable, "-c", code, str(folder), url, str(every), str(times), name])


def test_processes_and_threads_stand_in_one_queue(tmp_path: Path) -> None:
    with serving(replies(Reply(b"x", pause=0.01))) as server:
        askers = [asker(tmp_path, server.url, 0.08, 3, str(n)) for n in range(3)]
        assert [process.wait(60) for process in askers] == [0, 0, 0]
    assert len(server.log) == 18 and len({asked.path for asked in server.log}) == 18
    assert min(server.gaps()) >= 0.08
    spans = sorted((asked.began, asked.ended) for asked in server.log)
    assert all(ended <= begins for (_, ended), (begins, _) in itertools.pairwise(spans))  # never two at once


def test_a_killed_process_leaves_its_place_and_the_pause(tmp_path: Path) -> None:
    reached = threading.Event()

    def answer(asked: object) -> Reply:
        first = not reached.is_set()
        reached.set()
        return Reply(b"x", pause=5.0 if first else 0.0)

    with serving(answer) as server:
        process = asker(tmp_path, server.url, 0.6, 1, "a")
        assert reached.wait(30)
        arrived = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.wait()
        client(tmp_path, every=0.6).get(server.url)
        assert time.monotonic() - arrived >= 0.5
        assert time.monotonic() - arrived < 4.5  # the dead one's lock was free at once


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_pause_counts_from_the_beginning_of_the_answer(tmp_path: Path) -> None:
    clock = Clock()
    queue, rate = Queue(tmp_path, clock, clock.sleep), Rate("g", 3.0, "")
    with queue.turn(rate, clock.now + 10) as turn:
        clock.now += 2.0  # the answer begins
        turn.from_ = clock.now
        clock.now += 1.0  # and has come whole
    with queue.turn(rate, clock.now + 10):
        assert clock.now == pytest.approx(1_000_005.0)


def test_without_an_answer_the_pause_counts_from_the_failure(tmp_path: Path) -> None:
    clock = Clock()
    queue, rate = Queue(tmp_path, clock, clock.sleep), Rate("g", 3.0, "")
    with pytest.raises(ConnectionError), queue.turn(rate, clock.now + 10):
        clock.now += 2.0  # the request may have arrived as late as this
        raise ConnectionResetError
    with queue.turn(rate, clock.now + 10):
        assert clock.now == pytest.approx(1_000_005.0)


def test_a_hold_is_for_everybody_and_too_long_a_wait_is_told(tmp_path: Path) -> None:
    clock = Clock()
    queue, rate = Queue(tmp_path, clock, clock.sleep), Rate("g", 1.0, "")
    with queue.turn(rate, clock.now + 10) as turn:
        turn.hold = clock.now + 500
    with pytest.raises(FetchError, match="500 s more") as caught, queue.turn(rate, clock.now + 10):
        pass
    assert caught.value.retry_at == 1_000_500.0
    with Queue(tmp_path, clock, clock.sleep).turn(rate, clock.now + 501):
        assert clock.now == 1_000_500.0


@pytest.mark.parametrize("text", ["", "x", "[]", "x" * 500, '{"next": "x"}', '{"next": 1e400, "written": 0}', "{}"])
def test_a_damaged_file_does_not_stop_anybody(tmp_path: Path, text: str) -> None:
    clock = Clock()
    (tmp_path / "g.turn").write_text(text)
    with Queue(tmp_path, clock, clock.sleep).turn(Rate("g", 1.0, ""), clock.now + 90_000):
        assert clock.now <= 1_086_400.0
        began = clock.now
    with Queue(tmp_path, clock, clock.sleep).turn(Rate("g", 1.0, ""), clock.now + 10):
        assert clock.now == pytest.approx(began + 1.0)  # and is whole again


def test_a_clock_that_is_put_back_blocks_nobody(tmp_path: Path) -> None:
    (tmp_path / "g.turn").write_text(json.dumps({"next": 2_000_000.0, "written": 1_999_997.0}))
    clock = Clock()
    with Queue(tmp_path, clock, clock.sleep).turn(Rate("g", 3.0, ""), clock.now + 10):
        assert clock.now <= 1_000_003.0


def test_hosts_of_one_service_are_one_group() -> None:
    hosts = ("export.arxiv.org", "rss.arxiv.org", "oaipmh.arxiv.org", "arxiv.org")
    assert {rate_of(host, 443).group for host in hosts} == {"arxiv"}
    assert rate_of("export.arxiv.org", 443).every == 3.0
    assert rate_of("eutils.ncbi.nlm.nih.gov", 443).group == "ncbi"
    assert rate_of("notarxiv.org", 443) == Rate("notarxiv.org", EVERY, rate_of("x.y", 80).said)
    assert rate_of("h", 8080).group == "h-8080"
    assert all(rate.every > 0 and rate.said for rate in RATES.values())

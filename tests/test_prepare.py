"""Large files by a second process: the same papers, however it ends."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from broadsheet import library, prepare
from broadsheet.library import open_library
from broadsheet.sources import files
from broadsheet.store import Store

_WORDS = "amber birch cedar delta ember fjord grove heath inlet jetty knoll larch marsh north otter prism".split()


def line(number: int) -> str:
    draw = random.Random(number)
    title = " ".join(draw.choices(_WORDS, k=6)) + f" {number}"
    record = {
        "id": f"{1001 + number // 90_000}.{number % 90_000:05}", "title": title, "authors": f"A. Name{number % 977}",
        "abstract": f"About {title}. " * 4, "categories": "cs.IR", "update_date": "2023-01-01",
        "doi": f"10.1234/{number}",
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
        "authors_parsed": [[f"Name{number % 977}", "A.", ""]],
    }  # fmt: skip
    return json.dumps(record)


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is read by a second process though it is small: 3,000 papers, of which 100 are there twice."""
    monkeypatch.setattr(prepare, "WORTH", 0)
    monkeypatch.setattr(library.Library, "cores", 2)
    path = tmp_path / "arxiv.json"
    lines = [line(number) for number in range(3_000)]
    again = [text.replace('"10.1234/', '"10.5678/') for text in lines[500:600]]
    path.write_text("\n".join([*lines[:2_000], "not json", *again, *lines[2_000:]]) + "\n")
    return path


def keys(home: Path) -> list[str]:
    with Store.open(home / library.STORE_FILE) as store:
        assert store.check() == []
        return sorted(paper.key for _, paper in store.scan(limit=100_000))


def test_two_processes_store_what_one_stores(snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_library(tmp_path / "two") as two:
        ((_, summary),) = two.add([snapshot], index=False).files
        papers = {paper for _, paper in two.store.scan(limit=100_000)}
    monkeypatch.setattr(library.Library, "cores", 1)
    with open_library(tmp_path / "one") as one:
        ((_, alone),) = one.add([snapshot], index=False).files
        assert {paper for _, paper in one.store.scan(limit=100_000)} == papers
    assert summary[:4] == alone[:4] == (3_000, 100, 0, 1)
    assert keys(tmp_path / "two") == keys(tmp_path / "one")


def test_the_same_again_changes_nothing(snapshot: Path, tmp_path: Path) -> None:
    with open_library(tmp_path / "home") as one:
        one.add([snapshot], index=False)
        change = one.store.change()
        ((_, summary),) = one.add([snapshot], index=False).files
        assert (summary.new, summary.updated, summary.failed, one.store.change()) == (0, 0, 1, change)


ADD = """
import sys
from broadsheet import ingest, library, prepare
prepare.WORTH, ingest.LARGE, library.Library.cores = 0, 200, 2
with library.open_library(sys.argv[1]) as one:
    one.add([sys.argv[2]], index=False)
"""


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_it_goes_on(snapshot: Path, tmp_path: Path, seed: int) -> None:
    draw, home = random.Random(seed), tmp_path / "home"
    command = [sys.executable, "-c", ADD, str(home), str(snapshot)]
    for _ in range(3):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        ends = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < ends and not (home / library.STORE_FILE).exists():
            time.sleep(0.005)
        time.sleep(draw.uniform(0.05, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True)
    assert len(keys(home)) == 3_000
    with Store.open(home / library.STORE_FILE) as store:
        assert sum(run.new for run in store.runs(100)) == 3_000


def test_when_the_parser_dies_what_was_counted_stays(snapshot: Path, tmp_path: Path) -> None:
    (file,) = files.expand([snapshot]).files
    others = _children()
    found = prepare.items(file, 0)
    next(found)
    (child,) = _children() - others
    os.kill(child, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="has died"):
        list(found)


def test_when_nobody_listens_the_parser_ends(snapshot: Path) -> None:
    (file,) = files.expand([snapshot]).files
    others = _children()
    found = prepare.items(file, 0)
    next(found)
    found.close()  # type: ignore[attr-defined]  # a generator
    assert _children() <= others


def _children() -> set[int]:
    """The processes that this one has started and that live: also what other tests share, a browser, a database."""
    return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}

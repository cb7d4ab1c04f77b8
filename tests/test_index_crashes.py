"""Indexes whose writer is killed, that two write at once, and that somebody asks all the while."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from broadsheet.errors import IndexStale
from broadsheet.index import Index
from broadsheet.library import Library, open_library
from corpus import ROWS, make, write
from test_index_steps import alike, answers, rebuilt

WORKER = Path(__file__).with_name("index_works.py")


def start(library: Library, verb: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(WORKER), str(library.home), verb]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    return out.splitlines()[-1]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Half of it indexed, half of it new."""
    with make(tmp_path, ROWS[:150]) as library:
        library.add([write(tmp_path / "more.jsonl", [*ROWS[150:], *({**ROWS[n], "venue": "Other"} for n in range(9))])],
                    index=False)  # fmt: skip
        yield library


@pytest.mark.parametrize("verb", ["refresh", "rebuild"])
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment(library: Library, verb: str, seed: int) -> None:
    chance = Random(f"{verb}{seed}")
    for _ in range(2):
        process = start(library, verb)
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        time.sleep(chance.uniform(0, 0.35))
        process.kill()
        process.communicate()
        assert library.search("sparse routing").hits, "what was committed is still there"
    library.refresh()
    assert library.index.state().seq == library.store.change()
    after = answers(library)
    alike(rebuilt(library), after)


def test_two_processes_at_once(library: Library) -> None:
    new = library.store.change() - library.index.state().seq
    one, two = start(library, "refresh"), start(library, "refresh")
    assert sorted([finish(one), finish(two)]) == ["done 0", f"done {new}"]
    after = answers(library)
    alike(rebuilt(library), after)


def test_readers_notice_nothing_of_a_rebuild(library: Library) -> None:
    """Three threads ask all the time, with new views and old ones, while the index is made anew several times."""
    library.refresh()
    wanted = {question: library.search(question).total for question in ("sparse routing", "year:2010", "okafor")}
    stop, wrong, asked = threading.Event(), list[object](), list[int]()

    def ask() -> None:
        with open_library(library.home, env={}) as mine:
            while not stop.is_set():
                try:
                    fresh = Index(library.home / "index").reader(library.encoder)
                    if fresh is None or not fresh.lexical.count == fresh.columns.count == library.store.count():
                        wrong.append(fresh)
                    for question, total in wanted.items():
                        page = mine.search(question)
                        if (page.total, bool(page.hits), page.notes) != (total, True, ()):
                            wrong.append((question, page))
                except Exception as error:  # noqa: BLE001  # it is what the test looks for
                    wrong.append(error)
                asked.append(1)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        assert finish(start(library, "rebuild")) == f"done {library.store.count()}"
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert len(asked) > 30


def test_vectors_of_another_encoder_are_said_and_mended(library: Library, tmp_path: Path) -> None:
    from web_library import save_encoder

    library.refresh()
    other = str(save_encoder(["sparse routing for river deltas"], tmp_path / "tiny"))
    with open_library(library.home, env={}, flags={"encoder": other}) as changed:
        with pytest.raises(IndexStale, match=r"another encoder than 'tiny'; `broadsheet doctor --rebuild` makes"):
            changed.search("sparse routing")
        assert changed.refresh() == changed.store.count()
        assert changed.search("sparse routing").hits
    with pytest.raises(IndexStale):
        library.search("sparse routing")


def test_a_disk_that_takes_no_more(library: Library) -> None:
    """No file may grow beyond 20 kB, for a process: one sentence, and the next one goes on."""
    doctor = [sys.executable, "-m", "broadsheet", "--home", str(library.home), "doctor", "--json"]
    limited = subprocess.run(
        ["sh", "-c", 'ulimit -f 40; exec "$@"', "sh", *doctor], capture_output=True, text=True, timeout=120
    )
    assert limited.returncode == 1 and "Traceback" not in limited.stderr
    said = {check["what"]: check["said"] for check in json.loads(limited.stdout)["checks"]}
    assert said["indexes"].startswith(f"the index in {library.home / 'index'} cannot be written (")
    assert said["indexes"].endswith("no paper is lost: put that right, and `broadsheet doctor` goes on")
    assert library.search("sparse routing").hits, "what was committed is still there"
    assert subprocess.run(doctor, capture_output=True, timeout=120).returncode == 0
    after = answers(library)
    alike(rebuilt(library), after)

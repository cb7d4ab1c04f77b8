"""Exactly once: the sender is killed at every step, and at random, before a server that does what servers do."""

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import pytest

import smtp_server
from broadsheet.library import STORE_FILE, Library
from broadsheet.store import Subscriber
from rough_server import DROP, STALL, rough, taken
from sending_library import NOW, filled, kill, opened, sender, states
from smtp_server import Paper

SEEDS = range(int(os.environ.get("BROADSHEET_SOAK", "0")) or 4)  # `make soak` asks for a hundred
READERS = 12
LIVES = 200  # of a sender in one run; far more than any seed has needed
DONE = {"sent", "unsure", "refused", "failed", "withheld"}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return smtp_server.certificate(tmp_path_factory.mktemp("tls"))


class Killer:
    """Kills the sender when the server tells of a step: while it holds the answer back."""

    def __init__(self) -> None:
        self.sender: BaseProcess | None = None
        self.steps = 0  # until it kills; 0: never
        self.at = ""  # or at this one
        self.kills: Counter[str] = Counter()

    def told(self, step: str, to: str) -> None:
        if self.sender is None:
            return
        self.steps -= 1
        if self.steps == 0 or step == self.at:
            sender, self.sender = self.sender, None
            self.kills[step] += 1
            kill(sender)


def never(step: str, to: str) -> str:
    return ""


# -- at each step ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "state", "arrived"),
    [
        ("GREETING", "ready", 0),
        ("MAIL", "ready", 0),
        ("RCPT", "ready", 0),
        ("DATA", "sending", 0),  # claimed, and not one byte of the letter has left
        ("DOT", "sending", 1),  # the server has all of it, takes it, and nobody is there to be told
        ("TAKEN", "sending", 1),  # it has taken it, and has not said so
    ],
)
@pytest.mark.parametrize("unsure", ["never-twice", "never-miss"])
def test_killed_at_a_step(paper: Paper, tmp_path: Path, step: str, state: str, arrived: int, unsure: str) -> None:
    killer, file = Killer(), tmp_path / "taken"
    with rough(paper, file, never, killer.told) as port, opened(tmp_path, port) as library:
        (reader,) = readers = filled(library, ["ada@example.org"])
        killer.at = step
        killer.sender = process = sender(tmp_path, port, paper.file, NOW, unsure)
        process.join(20)
        assert killer.kills == {step: 1}
        while len(taken(file)) < arrived:
            time.sleep(0.01)
        (edition,) = library.store.editions.of(reader.id)
        assert (edition.state, len(taken(file))) == (state, arrived)
        again = sender(tmp_path, port, paper.file, NOW + 1, unsure)
        again.join(20)
        assert again.exitcode == 0
        end, reason = states(library, readers)[reader.email]
    if state == "ready" or unsure == "never-miss":
        assert (end, len(taken(file))) == ("sent", 1 + arrived)  # twice only where the owner wants nobody missed
    else:
        assert (end, len(taken(file))) == ("unsure", arrived)
        assert reason.startswith("the program was stopped while it was being sent")


def test_killed_between_the_answer_and_the_record(paper: Paper, tmp_path: Path) -> None:
    """Another writer holds the store, so that what the server said cannot be written down before the end."""
    file, answered = tmp_path / "taken", threading.Event()

    def told(step: str, to: str) -> None:
        if step == "TAKEN":
            store.execute("BEGIN IMMEDIATE")
        elif step == "ANSWERED":
            answered.set()

    with rough(paper, file, never, told) as port, opened(tmp_path, port) as library:
        readers = filled(library, ["ada@example.org"])
        with closing(sqlite3.connect(tmp_path / STORE_FILE, isolation_level=None, check_same_thread=False)) as store:
            process = sender(tmp_path, port, paper.file, NOW)
            assert answered.wait(20)
            kill(process)
            process.join(20)
        sender(tmp_path, port, paper.file, NOW + 1).join(20)
        assert states(library, readers)["ada@example.org"][0] == "unsure"
    assert len(taken(file)) == 1


def test_two_senders_at_once_send_each_letter_once(paper: Paper, tmp_path: Path) -> None:
    file = tmp_path / "taken"
    with rough(paper, file, never, lambda step, to: None) as port, opened(tmp_path, port) as library:
        readers = filled(library, [f"reader{n}@example.org" for n in range(20)])
        both = [sender(tmp_path, port, paper.file, NOW) for _ in range(2)]
        for process in both:
            process.join(20)
        assert {state for state, _ in states(library, readers).values()} == {"sent"}
    assert sorted(one.to for one in taken(file)) == sorted(reader.email for reader in readers)


# -- at random ---------------------------------------------------------------------------------------------------------

FAULTS = {
    "GREETING": ("421 4.3.2 not now", DROP, "554 5.3.2 closed today"),
    "MAIL": ("421 4.4.2 too long", "451 4.3.0 later", "452 4.3.1 full", DROP, STALL),
    "RCPT": ("450 4.2.0 greylisted", "451 4.7.1 later", "452 4.2.2 mailbox full", "550 5.1.1 nobody here", DROP, STALL,
             "550 no", "552 5.2.2 mailbox full", "421 4.7.0 too many"),
    "DATA": ("421 4.3.0 going down", "451 4.3.0 later", "554 5.6.0 no", DROP, STALL),
    "HALF": (DROP,),
    "DOT": ("421 4.3.0 going down", "450 4.7.1 later", "451 4.3.0 later", "452 4.3.1 full", "550 5.7.1 spam",
            "552 5.3.4 too big", "554 5.7.1 no", DROP, STALL),
    "TAKEN": (DROP, STALL),
}  # fmt: skip
SHARE = {"GREETING": 0.05, "RCPT": 0.15, "DOT": 0.1, "TAKEN": 0.1}  # of steps that go wrong; the others 0.04


class Run(NamedTuple):
    """What is left of a run with faults and kills."""

    lives: int
    kills: Counter[str]
    ends: dict[str, tuple[str, str]]
    mailed: Counter[str]


def rough_run(paper: Paper, home: Path, seed: int, unsure: str = "never-twice") -> Run:
    """All that *seed* has for twelve readers, until something has become of each."""
    dice = random.Random(seed)
    killer, file = Killer(), home / "taken"
    on_the_wire = random.Random(seed + 1)  # the server's own, in its thread

    def plan(step: str, to: str) -> str:
        bad = step in FAULTS and on_the_wire.random() < SHARE.get(step, 0.04)
        return on_the_wire.choice(FAULTS[step]) if bad else ""

    with rough(paper, file, plan, killer.told, stall=0.8) as port, opened(home, port) as library:
        readers = filled(library, [f"reader{n}@{'ab'[n % 2]}.example.org" for n in range(READERS)])
        lives, now = 0, NOW
        while not _over(library, readers):
            lives += 1
            assert lives < LIVES
            now = _life(killer, dice, lambda at: sender(home, port, paper.file, at, unsure), now, library)
        return Run(lives, killer.kills, states(library, readers), Counter(one.to for one in taken(file)))


def _life(killer: Killer, dice: random.Random, begin, now: int, library: Library) -> int:  # type: ignore[no-untyped-def]
    """One sender, killed at a step, at any moment, or not at all; the time of the next one."""
    how = dice.random()
    killer.steps = dice.randint(1, 40) if how < 0.5 else 0
    killer.sender = process = begin(now)
    process.join(dice.uniform(0.02, 0.6) if how > 0.75 else 20)
    if process.exitcode is None:
        kill(process)
        process.join(20)
        killer.kills["any moment"] += 1
    killer.sender = None
    assert process.exitcode in (0, -9)
    earliest = library.store.editions.waiting()[1]
    return max(now + 1, earliest or 0) if process.exitcode == 0 else now + 1


def _over(library: Library, readers: list[Subscriber]) -> bool:
    return {state for state, _ in states(library, readers).values()} <= DONE


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_mailed_twice_or_missed_in_silence(paper: Paper, tmp_path: Path, seed: int) -> None:
    run = rough_run(paper, tmp_path, seed)
    assert max(run.mailed.values(), default=0) <= 1
    for reader, (state, reason) in run.ends.items():
        assert reason, reader
        if run.mailed[reader]:
            assert state in ("sent", "unsure"), (reader, state, reason)
        else:
            assert state != "sent", (reader, reason)


@pytest.mark.parametrize("seed", list(SEEDS)[::4])
def test_whoever_must_not_be_missed_may_be_mailed_twice(paper: Paper, tmp_path: Path, seed: int) -> None:
    run = rough_run(paper, tmp_path, 1000 + seed, "never-miss")
    for reader, (state, reason) in run.ends.items():
        assert run.mailed[reader] or state in ("refused", "failed", "unsure"), (reader, state, reason)
        assert state != "sent" or run.mailed[reader]

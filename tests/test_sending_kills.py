"""Exactly once: the sender is killed at every step, and at random, before a server that does what servers do."""

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import smtp_server
from broadsheet.library import STORE_FILE
from rough_server import rough, taken
from sending_library import NOW, filled, kill, opened, sender, states
from sending_runs import Killer, rough_run, wrong
from smtp_server import Paper

SEEDS = range(int(os.environ.get("BROADSHEET_SOAK", "0")) or 3)  # `make soak` asks for a hundred


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return smtp_server.certificate(tmp_path_factory.mktemp("tls"))


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


def test_a_ledger_of_either_database_outlives_the_sender(where: str, paper: Paper, tmp_path: Path) -> None:
    killer, file, store = Killer(), tmp_path / "taken", where if "://" in where else ""
    with rough(paper, file, never, killer.told) as port, opened(tmp_path / "there", port, store=store) as library:
        readers = filled(library, [f"reader{n}@example.org" for n in range(8)])
        killer.at = "TAKEN"
        killer.sender = process = sender(tmp_path / "there", port, paper.file, NOW, store=store)
        process.join(20)
        assert killer.kills == {"TAKEN": 1}
        now = NOW
        while library.store.editions.waiting()[0] or library.store.editions.orphans():
            now += 1  # a database server may take a moment to see that who held its lock is gone
            sender(tmp_path / "there", port, paper.file, now, store=store).join(20)
        ends = [state for state, _ in states(library, readers).values()]
    assert {*ends} == {"sent", "unsure"}
    assert 1 <= ends.count("unsure") <= 3  # as many as were on their way
    assert len({one.to for one in taken(file)}) == len(taken(file)) >= ends.count("sent") + 1


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


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_mailed_twice_or_missed_in_silence(paper: Paper, tmp_path: Path, seed: int) -> None:
    assert wrong(rough_run(paper, tmp_path, seed)) == []


@pytest.mark.parametrize("seed", list(SEEDS)[::4])
def test_whoever_must_not_be_missed_may_be_mailed_twice(paper: Paper, tmp_path: Path, seed: int) -> None:
    run = rough_run(paper, tmp_path, 1000 + seed, "never-miss")
    for reader, (state, reason) in run.ends.items():
        assert run.mailed[reader] or state in ("refused", "failed", "unsure"), (reader, state, reason)
        assert state != "sent" or run.mailed[reader]

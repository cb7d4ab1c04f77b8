"""`broadsheet work`: the real steps over a real library and a real mail server; clocks that jump, servers that fail."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import daily_library
import shell
import smtp_server
from broadsheet import fetch
from broadsheet.editions import build, heart
from broadsheet.editions.heart import State
from broadsheet.library import Library
from broadsheet.watch import BLIND, Watch
from broadsheet.work import Told, Worker, alone, deliver, due
from smtp_server import Paper, Running
from working_library import DAY, HOUR, configure, day, make, opened, seven, states, subscribe, titles, until


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return smtp_server.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def post(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("SSL_CERT_FILE", str(paper.file))
    with smtp_server.running(paper, auth=True) as made:
        yield made


@pytest.fixture
def library(tmp_path: Path, post: Running) -> Iterator[Library]:
    with make(tmp_path, post.port) as made:
        yield made


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Run:
    """A worker whose lines are kept; each `once` is what a round of it does."""

    def __init__(self, library: Library, now: int) -> None:
        self.lines: list[Told] = []
        self.clock = Clock(now)
        self.worker = Worker(library, self.lines.append, clock=self.clock, pauses=(0.01,))

    def once(self, now: int) -> bool:
        self.clock.now = now
        return self.worker.once()

    def said(self, step: str) -> list[tuple[bool, str]]:
        return [(one.ok, one.said) for one in self.lines if one.step == step]


def mailed(post: Running) -> Counter[str]:
    return Counter(str(letter["To"]) for letter in post.box.letters)


# -- rounds ------------------------------------------------------------------------------------------------------------


def test_an_edition_is_made_ahead_and_leaves_at_its_hour_once(library: Library, post: Running) -> None:
    ada, bob = subscribe(library, "ada"), subscribe(library, "bob", minute=480)
    run = Run(library, seven() - 3 * HOUR)
    assert run.once(seven() - 3 * HOUR)
    assert states(library, ada) == {}
    assert run.once(seven() - 600)
    assert states(library, ada) == {day(seven()): "ready"}
    assert not post.box.letters
    assert run.once(seven())
    assert run.once(seven() + 60)
    assert mailed(post) == {"ada@example.org": 1}
    assert states(library, ada) == {day(seven()): "sent"}
    assert states(library, bob) == {}
    assert titles(post.box.letters[0])
    assert run.said("editions") == [(True, "1 made")]
    assert run.said("letters") == [(True, "1 sent")]


def test_the_next_day_has_what_is_new_and_nothing_twice(library: Library, post: Running) -> None:
    subscribe(library, "ada")
    run = Run(library, seven())
    run.once(seven())
    first = titles(post.box.letters[0])
    subjects = enumerate(daily_library.OTHERS[:3])  # unlike each other, or one would stand for all
    daily_library.add(library, *(daily_library.row(f"late{n}", 0, 0, abstract=f"{what} " * 8) for n, what in subjects))
    run.once(seven(1))
    assert mailed(post) == {"ada@example.org": 2}
    second = titles(post.box.letters[1])
    assert {"late0", "late1", "late2"} <= second
    assert not first & second


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_was_being_sent_at_a_power_cut_is_not_in_the_next_edition(
    library: Library, post: Running, by_hand: bool
) -> None:
    ada = subscribe(library, "ada")
    (turn,) = due(library, seven())
    build.build(library, [turn], seven())
    (first,) = library.store.editions.of(ada.id)
    assert first.papers and library.store.editions.claim(first.id)
    if by_hand:
        deliver(library, seven(1))
    else:
        Run(library, seven(1)).once(seven(1))
    assert states(library, ada) == {day(seven()): "unsure", day(seven(1)): "sent"}
    second = library.store.editions.of(ada.id)[0]
    assert not set(np.frombuffer(first.papers, "<i4")) & set(np.frombuffer(second.papers, "<i4"))


def test_who_is_being_sent_an_edition_waits_with_the_next(library: Library, post: Running) -> None:
    ada = subscribe(library, "ada")
    build.build(library, due(library, seven()), seven())
    (first,) = library.store.editions.of(ada.id)
    assert library.store.editions.claim(first.id)
    with library.store.alone("sending"):  # it is: not by one that died
        Run(library, seven(1)).once(seven(1))
    assert states(library, ada) == {day(seven()): "sending"}


def test_after_days_without_a_program_one_edition_with_all_that_is_new(library: Library, post: Running) -> None:
    ada = subscribe(library, "ada")
    Run(library, seven(-6)).once(seven(-6))
    run = Run(library, seven() + 5 * HOUR)
    assert run.once(seven() + 5 * HOUR)
    assert mailed(post) == {"ada@example.org": 2}
    missed = {day(seven(-back)): "missed" for back in range(1, 6)}
    assert states(library, ada) == {day(seven(-6)): "sent", **missed, day(seven()): "sent"}
    assert run.said("editions") == [(True, "1 made; 5 editions of days before were missed")]


def test_one_that_waited_for_another_missed_nothing_meanwhile(library: Library, post: Running) -> None:
    ada = subscribe(library, "ada")
    heart.write(library.home, State(seven(-9), seven(-9), seven(-9)))
    waiting = Run(library, seven(-9))
    heart.write(library.home, State(seven(-9), seven() - 60, seven() - 60))  # by the other, until a minute ago
    assert waiting.once(seven())
    assert states(library, ada) == {day(seven()): "sent"}


def test_a_clock_that_jumps_sends_no_day_twice_and_no_flood(library: Library, post: Running) -> None:
    subscribe(library, "ada")
    run = Run(library, seven())
    for jump in (0, -3 * HOUR, -40 * HOUR, 60, 400 * DAY, 0, -5, 400 * DAY):
        run.once(seven() + jump)
    days = [str(letter["Message-ID"]).partition(".")[0] for letter in post.box.letters]
    assert len(days) == len(set(days))
    assert len(days) <= 3  # today's, the one before it, and that of the day to which the clock had jumped


# -- what fails --------------------------------------------------------------------------------------------------------


def test_a_mail_server_that_is_away_is_told_once_and_holds_up_nothing(library: Library, post: Running) -> None:
    ada = subscribe(library, "ada")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        configure(library.home, free.getsockname()[1])
        with opened(library.home) as away:
            run = Run(away, seven())
            assert not run.once(seven())
            assert not run.once(seven() + 60)
    assert [ok for ok, _ in run.said("letters")] == [False]
    assert "cannot be reached" in run.said("letters")[0][1]
    assert run.said("editions") == [(True, "1 made")]
    assert states(library, ada) == {day(seven()): "ready"}
    trouble = heart.read(library.home).steps["letters"]
    assert (trouble.ok, trouble.since) == (False, seven())
    again = Run(library, seven() + 900)  # as after a restart, with the right port
    assert again.once(seven() + 900)
    assert again.said("letters") == [(True, "works again: 1 sent")]
    assert heart.read(library.home).steps["letters"].since == 0
    assert mailed(post) == {"ada@example.org": 1}


def test_a_mailbox_that_is_away_keeps_no_letter(library: Library, post: Running) -> None:
    subscribe(library, "ada")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mailbox = f"imaps://back@localhost:{free.getsockname()[1]}"
        more = f'returns = "back@example.org"\nimap = "{mailbox}"\nimap_password = "x"\n'
        configure(library.home, post.port, more)
        with opened(library.home) as without:
            run = Run(without, seven())
            assert not run.once(seven())
    assert [ok for ok, _ in run.said("returns")] == [False]
    assert mailed(post) == {"ada@example.org": 1}


def test_a_source_that_fails_is_told_once_by_its_name(
    library: Library, post: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "BACKOFF", 0.002)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        feed = f'\n[sources.lamps]\nkind = "feed"\nurl = "http://127.0.0.1:{free.getsockname()[1]}/feed"\n'
        private = f'\n[fetch]\nprivate = ["127.0.0.1"]\nqueue = "{library.home.parent / "queue"}"\n'
        configure(library.home, post.port, private + feed)
        with opened(library.home) as following:
            run = Run(following, seven())
            assert not run.once(seven())
            assert not run.once(seven() + 60)
    assert [ok for ok, _ in run.said("sources")] == [False]
    assert run.said("sources")[0][1].startswith("lamps: ")


@contextmanager
def nobody_sees(name: str) -> Iterator[Watch]:
    """Who looks on, and breaks down at the first step."""
    if name == "sources":
        raise ValueError("the terminal is on fire")
    yield BLIND


def test_a_fault_of_ours_in_one_step_is_logged_and_keeps_no_letter(
    library: Library, post: Running, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(library, "ada")
    lines: list[Told] = []
    worker = Worker(library, lines.append, watching=nobody_sees, clock=Clock(seven()))
    assert not worker.once()
    failed = next(one for one in lines if one.step == "sources")
    assert failed.said == "ValueError: the terminal is on fire (a fault of Broadsheet itself)"
    assert "the step sources of broadsheet work" in caplog.text
    assert "Traceback" in caplog.text
    assert mailed(post) == {"ada@example.org": 1}


def test_serving_pages_says_that_nothing_sends_letters(library: Library) -> None:
    subscribe(library, "ada")
    process = shell.start(library.home, "serve", "--port", "0")
    assert process.stderr is not None
    try:
        assert process.stderr.readline().startswith("Serving ")
        assert process.stderr.readline().startswith("Nothing has been at work yet: mail leaves only while")
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_what_no_letter_could_be_written_with_is_refused_at_the_start(library: Library) -> None:
    file = library.home / "templates" / "mail" / "edition" / "subject.txt"
    file.parent.mkdir(parents=True)
    file.write_text("Papers for {{ reader_name }}\n")
    said = shell.broadsheet(library.home, "work", "--once", code=2)
    assert "reader_name" in said.err
    file.unlink()
    subscribe(library, "ada")
    toml = library.home / "broadsheet.toml"
    toml.write_text(toml.read_text().replace('address = "https://papers.example.org"\n', ""))
    said = shell.broadsheet(library.home, "work", "--once", code=2)
    assert "[web] address: letters to others need to know" in said.err


# -- a long run --------------------------------------------------------------------------------------------------------


def test_it_runs_until_it_is_stopped_and_says_that_it_is_there(library: Library, post: Running) -> None:
    subscribe(library, "ada")
    lines: list[Told] = []
    clock = Clock(seven() - 60)
    worker = Worker(library, lines.append, clock=clock, pace={"editions": 0.05, "letters": 0.05})
    with alone(library) as free:
        assert free
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            until(lambda: any(one.step == "editions" for one in lines))
            assert heart.silence(library.home, int(time.time()) + 10 * DAY) == ""  # the lock is held
            with alone(library) as second:
                assert not second
            assert not post.box.letters
            clock.now = seven()
            until(lambda: mailed(post) == {"ada@example.org": 1})
        finally:
            worker.stop()
            thread.join(20)
    assert not thread.is_alive()
    assert "nothing has been at work since" in heart.silence(library.home, seven() + 10 * DAY)


def start(home: Path) -> "subprocess.Popen[str]":
    return shell.start(home, "work", "--json")


def now_due(library: Library, names: list[str]) -> None:
    """Readers whose hour was a minute ago."""
    at = int(time.time())
    minute = (at - 60) % DAY // 60
    for name in names:
        subscribe(library, name, at - 2 * DAY, minute=minute)


def test_a_process_that_is_killed_and_one_that_takes_over(library: Library, post: Running) -> None:
    names = [f"reader{number}" for number in range(12)]
    now_due(library, names)
    first = start(library.home)
    until(lambda: len(post.box.letters) >= 3, 60)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second, third = start(library.home), None
    try:
        until(lambda: not library.store.editions.waiting()[0] and not library.store.editions.orphans(), 60)
        third = start(library.home)
        assert third.stderr is not None
        assert "this one waits" in third.stderr.readline()
        second.terminate()
        _, said = second.communicate(timeout=30)
        assert second.returncode == 0, said
        assert third.poll() is None
    finally:
        for process in (second, third):
            if process is not None and process.poll() is None:
                process.terminate()
                process.communicate(timeout=30)
    assert third.returncode == 0
    counts = mailed(post)
    assert max(counts.values()) == 1
    rows = [row for one in library.store.subscribers.all() for row in library.store.editions.of(one.id)]
    unsure = [row for row in rows if row.state == "unsure"]
    assert len(counts) + len(unsure) >= len(names)  # what was being sent when it was killed may have arrived
    assert len(unsure) <= 4  # as many as there are connections


def test_one_round_for_cron_with_lines_for_programs(library: Library, post: Running) -> None:
    now_due(library, ["ada"])
    said = shell.broadsheet(library.home, "work", "--once", "--json")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [one["step"] for one in lines if one["step"] != "rising"] == ["editions", "letters"]
    assert all(one["ok"] and set(one) == {"at", "step", "ok", "said", "seconds"} for one in lines)
    assert mailed(post) == {"ada@example.org": 1}
    assert shell.broadsheet(library.home, "work", "--once").err == ""  # nothing to do, nothing said
    with alone(library):
        assert "nothing was done" in shell.broadsheet(library.home, "work", "--once").err


def test_the_unit_for_systemd(tmp_path: Path) -> None:
    said = shell.broadsheet(tmp_path / "my papers", "work", "--systemd")
    home = str(tmp_path / "my papers")
    line = next(line for line in said.out.splitlines() if line.startswith("ExecStart="))
    assert line.endswith(f'--home "{home}" work')
    assert sys.executable.rpartition("/")[0] in line
    assert not (tmp_path / "my papers").exists()


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_todays_edition_leaves_at_once_where_it_is_asked_for(library: Library, post: Running) -> None:
    ada, bob = (subscribe(library, name, seven(), minute=1200) for name in ("ada", "bob"))
    noon = seven() + 5 * HOUR
    assert due(library, noon) == []
    done = deliver(library, noon, ada.id, at_once=True)
    assert (done.due, dict(done.sent.counts)) == (1, {"sent": 1})
    assert mailed(post) == {"ada@example.org": 1}
    again = deliver(library, noon + 60, ada.id, at_once=True)
    assert dict(again.sent.counts) == {}
    Run(library, seven() + 13 * HOUR).once(seven() + 13 * HOUR + 60)  # at eight: it was sent already
    assert mailed(post) == {"ada@example.org": 1, "bob@example.org": 1}
    assert states(library, bob) == {day(seven()): "sent"}

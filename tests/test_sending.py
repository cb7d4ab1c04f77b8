"""The ledger's runner: what becomes of editions, and the sentence that says why."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import smtp_server
from broadsheet.editions import sending, verdicts
from broadsheet.editions.sending import Letter, Sent
from broadsheet.errors import Mistake
from broadsheet.library import STORE_FILE, Library
from broadsheet.mail.send import OUTBOX, keep_as
from broadsheet.store import Edition, Schedule, Subscriber
from rough_server import DROP, STALL, rough, taken
from sending_library import DAY, HASTE, NOW, compose, filled, opened, ready, states, subscribe
from smtp_server import Paper

HOUR = 3600


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return smtp_server.certificate(tmp_path_factory.mktemp("tls"))


class World:
    """A library, its mail server, and what that is told to answer: step and receiver -> answers, each once."""

    def __init__(self, home: Path) -> None:
        self.home, self.file, self.port = home, home / "taken", 0
        self.faults: dict[tuple[str, str], list[str]] = {}
        self.seen: list[str] = []
        self.meanwhile: Callable[[str], object] = lambda step: None

    def plan(self, step: str, to: str) -> str:
        faults = self.faults.get((step, to)) or self.faults.get((step, ""))
        return faults.pop(0) if faults else ""

    def told(self, step: str, to: str) -> None:
        self.seen.append(step)
        self.meanwhile(step)

    @property
    def mailed(self) -> Counter[str]:
        return Counter(one.to for one in taken(self.file))


@pytest.fixture
def world(paper: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("SSL_CERT_FILE", str(paper.file))
    made = World(tmp_path)
    with rough(paper, made.file, made.plan, made.told, stall=1.0) as port:
        made.port = port
        yield made


@pytest.fixture
def library(world: World) -> Iterator[Library]:
    with opened(world.home, world.port, per_minute=0) as made:
        yield made


def run(library: Library, now: int = NOW) -> Sent:
    return sending.send(library, now, compose, patience=HASTE, pauses=(0.01,))


def of(library: Library, reader: Subscriber) -> Edition:
    return library.store.editions.of(reader.id)[0]


# -- sent --------------------------------------------------------------------------------------------------------------


def test_what_is_due_is_sent_once_and_the_rest_waits(library: Library, world: World) -> None:
    readers = filled(library, ["ada@example.org", "новый@xn--e1afmkfd.xn--p1ai"])
    late = subscribe(library, "bob@example.org")
    ready(library, [late], due=NOW + HOUR)
    done = run(library)
    assert (done.counts, done.stopped) == ({"sent": 2}, "")
    assert list(done.reasons) == ["localhost answered 250 2.0.0 taken"]
    assert run(library, NOW + 60).counts == {}
    assert world.mailed == {reader.email: 1 for reader in readers}
    assert [one.message for one in taken(world.file) if one.to == "ada@example.org"] == [
        f"<1.{DAY}@papers.example.org>"
    ]
    assert of(library, late).state == "ready"
    assert run(library, NOW + HOUR).counts == {"sent": 1}


def test_both_databases_keep_the_ledger(
    where: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"store": where} if "://" in where else {}
    with opened(tmp_path / "there", world.port, **more) as library:
        readers = filled(library, [f"reader{n}@example.org" for n in range(9)])
        world.faults = {("RCPT", "reader1@example.org"): ["550 5.1.1 nobody"], ("DOT", ""): [DROP, "451 later"]}
        with library.store.alone("sending") as free:
            assert free
            assert run(library).stopped == "another process is sending"
        assert run(library).counts == {"sent": 6, "refused": 1, "unsure": 1, "ready": 1}
        with library.store.alone("sending") as free, library.store.alone("bulk") as other:
            assert free and other
        assert run(library, NOW + HOUR).counts == {"sent": 1}
    assert sorted(world.mailed.values()) == [1] * 7
    assert len(readers) == 9


def test_without_a_server_editions_lie_in_the_outbox_each_once(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        (reader,) = filled(library, ["ada@example.org"])
        assert run(library).counts == {"sent": 1}
        assert of(library, reader).reason == "written into the outbox as edition-1.eml; no mail server is set"
        (other,) = filled(library, ["bob@example.org"])
        keep_as(tmp_path, "edition-2", b"of a process that died before it could say so")
        assert run(library).counts == {"sent": 1}
        assert of(library, other).state == "sent"
        (one, two) = sorted((tmp_path / OUTBOX).iterdir())
        assert (one.name, two.name) == ("edition-1.eml", "edition-2.eml")
        assert b"bob@example.org" in two.read_bytes()


def test_an_outbox_that_cannot_be_written_is_no_readers_fault(tmp_path: Path) -> None:
    (tmp_path / OUTBOX).write_text("a file where the folder should be")
    with opened(tmp_path) as library:
        (reader,) = filled(library, ["ada@example.org"])
        assert "cannot be written" in run(library).stopped
        assert of(library, reader).state == "ready"


# -- no longer wanted --------------------------------------------------------------------------------------------------


def test_who_wants_none_any_more_gets_none(library: Library, world: World) -> None:
    names = ["left", "off", "paused", "back", "spam", "owner", "gone"]
    readers = dict(zip(names, filled(library, [f"{name}@example.org" for name in names]), strict=True))
    there = library.store.subscribers
    there.reschedule(readers["off"].id, Schedule(every="off"))
    there.reschedule(readers["paused"].id, Schedule(paused=DAY))
    there.leave(readers["left"].id, NOW)
    for name, why in (("back", "bounce"), ("spam", "complaint"), ("owner", "owner")):
        there.suppress(f"{name}@example.org", why, "", NOW)
    there.remove(readers["gone"].id)
    away = subscribe(library, "until.yesterday@example.org")
    there.reschedule(away.id, Schedule(paused=DAY - 1))
    ready(library, [away])
    assert run(library).counts == {"withheld": 5, "sent": 1}
    assert world.mailed == {"until.yesterday@example.org": 1}
    reasons = {name: of(library, readers[name]).reason for name in names if name not in ("gone", "left")}
    assert reasons == {
        "off": "its reader has turned the edition off",
        "paused": "paused by its reader until 2026-11-20",
        "back": "letters to this address came back; it gets none until its reader confirms it again",
        "spam": "a letter to this address was reported as spam; it gets none any more",
        "owner": "the owner of this site sends nothing to this address",
    }
    assert of(library, readers["left"]).state == "withheld"


def test_whoever_leaves_while_the_letter_is_under_way_to_the_server_gets_none(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    world.meanwhile = lambda step: step == "RCPT" and library.store.subscribers.leave(reader.id, NOW)
    assert run(library).counts == {}
    assert (of(library, reader).state, world.mailed) == ("withheld", {})


def test_who_leaves_while_the_server_wants_a_letter_later_stays_away(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    world.faults = {("RCPT", ""): [STALL]}
    waiting = threading.Timer(0.15, lambda: library.store.subscribers.leave(reader.id, NOW))
    waiting.start()
    run(library)
    waiting.join()
    assert of(library, reader).state == "withheld"
    assert run(library, NOW + HOUR).counts == {}


def test_an_address_that_is_none_any_more(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    with closing(sqlite3.connect(world.home / STORE_FILE)) as store:
        store.execute("UPDATE subscriber SET email = 'ada@example.org> SIZE=1' WHERE id = ?", (reader.id,))
        store.commit()
    assert run(library).counts == {"refused": 1}
    assert "is no e-mail address" in of(library, reader).reason
    assert world.mailed == {}


def test_an_edition_that_cannot_be_written_says_why(library: Library) -> None:
    (reader,) = filled(library, ["ada@example.org"])

    def fails(edition: Edition, subscriber: Subscriber) -> Letter:
        raise Mistake("what this edition said is not kept any more")

    assert sending.send(library, NOW, fails, patience=HASTE).counts == {"failed": 1}
    assert of(library, reader).reason == "it could not be written: what this edition said is not kept any more"


def test_a_fault_of_ours_in_one_letter_keeps_nobody_elses(library: Library, world: World) -> None:
    readers = filled(library, ["ada@example.org", "bob@example.org", "eve@example.org"])

    def fails(edition: Edition, subscriber: Subscriber) -> Letter:
        return {"bob@example.org": compose}[subscriber.email](edition, subscriber)

    with pytest.raises(KeyError):
        sending.send(library, NOW, fails, patience=HASTE)
    ends = states(library, readers)
    assert {address: state for address, (state, _) in ends.items()} == {
        "ada@example.org": "ready", "bob@example.org": "sent", "eve@example.org": "ready"
    }  # fmt: skip
    assert ends["eve@example.org"][1] == (
        "it is tried again: a fault of Broadsheet itself (KeyError: 'eve@example.org')"
    )
    assert run(library, NOW + HOUR).counts == {"sent": 2}


# -- refused -----------------------------------------------------------------------------------------------------------


def test_an_address_that_nobody_has_gets_nothing_any_more(library: Library, world: World) -> None:
    reader, other = filled(library, ["ada@example.org", "bob@example.org"])
    world.faults = {("RCPT", reader.email): ["550 5.1.1 no such user"]}
    assert run(library).counts == {"refused": 1, "sent": 1}
    assert of(library, reader).reason == "nobody has this address: localhost answered 550 5.1.1 no such user"
    (held,) = library.store.subscribers.suppressed([reader.email, other.email]).values()
    assert (held.email, held.why, held.detail) == (reader.email, "bounce", "localhost answered 550 5.1.1 no such user")
    ready(library, [reader, other], DAY + 1, NOW + 24 * HOUR)
    assert run(library, NOW + 24 * HOUR).counts == {"withheld": 1, "sent": 1}


@pytest.mark.parametrize("answer", ["552 5.2.2 mailbox full", "550 5.7.1 not from you"])
def test_a_refusal_that_is_not_about_the_address_is_of_that_edition_alone(
    library: Library, world: World, answer: str
) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    world.faults = {("RCPT", ""): [answer]}
    assert run(library).counts == {"refused": 1}
    assert of(library, reader).reason == f"the letter was refused: localhost answered {answer}"
    ready(library, [reader], DAY + 1, NOW + 24 * HOUR)
    assert run(library, NOW + 24 * HOUR).counts == {"sent": 1}


def test_a_full_mailbox_is_tried_again_until_the_next_edition_is_near(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    world.faults = {("RCPT", ""): ["452 4.2.2 mailbox full"] * 99}
    now, pauses = NOW, []
    while of(library, reader).state == "ready":
        assert run(library, now - 1).counts == {}
        assert sum(run(library, now).counts.values()) == 1
        later = of(library, reader).next
        pauses.append(later - now)
        now = later
    assert [pause // 60 for pause in pauses[:-1]] == [5, 15, 45, 120, 360, 360]
    assert of(library, reader).reason == (
        "tried 7 times, then it was too old: localhost answered 452 4.2.2 mailbox full"
    )
    assert (of(library, reader).tries, world.mailed) == (7, {})
    assert library.store.subscribers.suppressions() == []


def test_an_edition_waits_no_longer_than_for_the_next_one(library: Library, world: World) -> None:
    old, stale = filled(library, ["ada@example.org", "bob@example.org"])
    world.faults = {("RCPT", old.email): ["450 4.2.0 greylisted"]}
    assert run(library).counts == {"ready": 1, "sent": 1}
    assert of(library, old).reason == "it is tried again: localhost answered 450 4.2.0 greylisted"
    ready(library, [old], DAY + 1, NOW + HOUR)
    ready(library, [stale], DAY + 1, NOW + 2)
    assert run(library, NOW + HOUR).counts == {"failed": 1, "sent": 2}
    before = library.store.editions.of(old.id)[1]
    assert (before.state, before.reason) == (
        "failed",
        "the next edition was made before this one could be sent; the last try: it is tried again: localhost answered "
        "450 4.2.0 greylisted",
    )
    assert world.mailed == {old.email: 1, stale.email: 2}


def test_ten_refusals_in_a_row_are_the_servers_and_nobody_is_marked(library: Library, world: World) -> None:
    readers = filled(library, [f"reader{n}@example.org" for n in range(30)])
    world.faults = {("RCPT", ""): ["550 your host is on a list"] * 15}
    done = run(library)
    assert "the last 10 letters were refused, one after the other" in done.stopped
    assert library.store.subscribers.suppressions() == []
    assert {state for state, _ in states(library, readers).values()} == {"ready"}
    world.faults = {}
    assert run(library, NOW + HOUR).counts == {"sent": 30}
    assert set(world.mailed.values()) == {1}


def test_where_nothing_is_taken_a_few_refusals_mark_nobody(library: Library, world: World) -> None:
    readers = filled(library, [f"reader{n}@example.org" for n in range(4)])
    world.faults = {("RCPT", ""): ["554 5.7.1 Relay access denied"] * 4}
    done = run(library)
    assert done.counts == {"ready": 4}
    assert "4 letters were refused, and none was taken" in done.stopped
    world.faults = {("RCPT", readers[0].email): ["554 5.7.1 no"], ("RCPT", readers[2].email): ["550 5.1.1 nobody"]}
    assert run(library, NOW + HOUR).counts == {"sent": 2, "refused": 2}


# -- the server --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ({("GREETING", ""): ["554 5.3.2 closed"] * 9}, "localhost answered 554 5.3.2 closed"),
        ({("MAIL", ""): ["550 5.7.1 not you"] * 9}, "localhost takes no letters from returns@example.org: 550"),
        ({("RCPT", ""): ["530 5.7.0 authentication required"] * 9}, "localhost takes no letters from us: 530"),
        ({("GREETING", ""): [DROP] * 99}, "cannot be reached"),
    ],
)
def test_a_server_that_refuses_us_leaves_every_edition_as_it_was(
    library: Library, world: World, faults: dict[tuple[str, str], list[str]], told: str
) -> None:
    readers = filled(library, [f"reader{n}@example.org" for n in range(8)])
    before = [of(library, reader) for reader in readers]
    world.faults = faults
    done = run(library)
    assert told in done.stopped
    assert done.counts == {}
    assert [of(library, reader) for reader in readers] == before
    world.faults = {}
    assert run(library, NOW + 60).counts == {"sent": 8}


def test_a_certificate_that_proves_nothing_leaves_every_edition_as_it_was(
    library: Library, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    before = of(library, reader)
    monkeypatch.setenv("SSL_CERT_FILE", str(world.home / "none.pem"))
    assert "no certificate that proves it" in run(library).stopped
    assert of(library, reader) == before
    assert "MAIL" not in world.seen


@pytest.mark.parametrize("fault", [("DOT", DROP), ("DOT", STALL), ("TAKEN", DROP), ("TAKEN", STALL)])
def test_what_nobody_can_know_is_decided_by_the_owner(world: World, fault: tuple[str, str]) -> None:
    step, how = fault
    arrives = step == "TAKEN"
    with opened(world.home, world.port) as library:
        (reader,) = filled(library, ["ada@example.org"])
        world.faults = {(step, ""): [how]}
        assert run(library).counts == {"unsure": 1}
        assert of(library, reader).reason.startswith("it may have arrived, and is not sent again: localhost got the wh")
        assert run(library, NOW + HOUR).counts == {}
    assert world.mailed[reader.email] == arrives
    with opened(world.home, world.port, unsure=verdicts.NEVER_MISS) as library:
        ready(library, [reader], DAY + 1)
        world.faults = {(step, ""): [how]}
        assert run(library).counts == {"ready": 1}
        assert run(library, NOW + HOUR).counts == {"sent": 1}
    assert world.mailed[reader.email] == 2 * arrives + 1


# -- clocks that jump --------------------------------------------------------------------------------------------------


def test_a_clock_that_jumped_ahead_sends_nothing_old_and_says_so(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    assert run(library, NOW + 400 * 24 * HOUR).counts == {"failed": 1}
    assert of(library, reader).reason == (
        "it could not be sent within 20 hours: the program did not run, or its mail server took nothing"
    )
    assert run(library).counts == {}  # and back: what is done is done
    assert world.mailed == {}


def test_a_try_that_was_put_off_by_a_wrong_clock_is_not_put_off_for_a_year(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    library.store.editions.settle(of(library, reader).id, "ready", "later", NOW, NOW + 365 * 24 * HOUR, 1)
    assert run(library).counts == {"sent": 1}
    ready(library, [reader], DAY + 1)
    library.store.editions.settle(of(library, reader).id, "ready", "later", NOW, NOW + 6 * HOUR, 5)
    assert run(library, NOW - 60).counts == {}
    assert world.mailed == {reader.email: 1}


def test_a_clock_that_was_put_back_sends_nothing_twice(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    assert run(library, NOW + 60).counts == {"sent": 1}
    assert run(library, NOW - HOUR).counts == {}
    assert run(library, NOW + 120).counts == {}
    assert world.mailed == {reader.email: 1}


def test_an_edition_of_a_day_years_ahead_does_not_stop_those_of_now(library: Library, world: World) -> None:
    (reader,) = filled(library, ["ada@example.org"])
    ready(library, [reader], DAY + 10_000, NOW + 365 * 24 * HOUR)  # a clock had jumped
    assert run(library).counts == {"sent": 1}
    ready(library, [reader], DAY + 1, NOW + 24 * HOUR)
    ready(library, [reader], DAY + 2, NOW + 25 * HOUR)  # made in advance, as ever
    assert run(library, NOW + 24 * HOUR).counts == {"failed": 1}
    assert world.mailed == {reader.email: 1}

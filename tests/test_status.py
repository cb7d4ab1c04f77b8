"""The one line that answers "why did I get no mail?": for every state of the ledger, and for who is not in it."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadsheet.editions import heart, letters, status
from broadsheet.editions.heart import State, Step
from broadsheet.library import Library, open_library
from broadsheet.store import Subscriber
from broadsheet.store.editions import STATES, Edition
from broadsheet.store.subscription import Schedule, Wish
from community_people import reader, sql

DAY, HOUR = 86_400, 3600
NOW = int(datetime(2026, 11, 17, 9, 0, tzinfo=UTC).timestamp())  # a Tuesday, ten o'clock in Berlin
SEVEN = NOW - 3 * HOUR
BERLIN = Schedule(zone="Europe/Berlin")
NEXT = "the next is due Wednesday 18 November, 07:00 (Europe/Berlin)"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    flags = {"smtp": "smtp://mail.example.org", "sender": "papers@example.org"}
    with open_library(tmp_path / "library", env={}, flags=flags) as made:
        heart.write(made.home, State(NOW, NOW, NOW, once=True))
        yield made


def put(library: Library, schedule: Schedule = BERLIN) -> Subscriber:
    return library.store.subscribers.put("ada@example.org", None, schedule, [Wish("rising")], NOW - 90 * DAY)


def row(library: Library, one: Subscriber, state: str, reason: str = "", **more: int) -> None:
    held = {"day": 20261117, "due": SEVEN, "tries": 0, "next": 0, **more}
    given = Edition(
        0, one.id, held["day"], state, reason, held["due"], held["tries"], held["next"], 0, b"", b"", SEVEN, SEVEN + 2
    )
    library.store.editions.put([given])


def line(library: Library, one: Subscriber, now: int = NOW) -> str:
    return status.status_line(library, one, now)


EXPECTED = {
    "ready": "the edition of Tuesday 17 November is ready, and due since Tuesday 17 November, 07:00 (Europe/Berlin)",
    "sending": "the edition of Tuesday 17 November is being sent now; if the program died in that moment, its next run "
    f"says what became of it; {NEXT}",
    "sent": "sent Tuesday 17 November, 07:00 as {id}, and taken (it says so); if it is not there, look among the junk; "
    f"{NEXT}",
    "unsure": f"the edition of Tuesday 17 November is on its way or lost: it says so; {NEXT}",
    "bounced": f"the edition of Tuesday 17 November came back: it says so; {NEXT}",
    "refused": f"the edition of Tuesday 17 November was refused: it says so; {NEXT}",
    "failed": f"the edition of Tuesday 17 November did not leave: it says so; {NEXT}",
    "skipped": f"the edition of Tuesday 17 November was left out: it says so; {NEXT}",
    "withheld": f"the edition of Tuesday 17 November was held back: it says so; {NEXT}",
    "missed": f"the edition of Tuesday 17 November was not made: it says so; {NEXT}",
}


def test_every_state_of_the_ledger_has_its_line() -> None:
    assert set(EXPECTED) == set(STATES) == set(status._SAYS)


@pytest.mark.parametrize("state", STATES)
def test_the_line_of_a_state(library: Library, state: str) -> None:
    one = put(library)
    row(library, one, state, "it says so")
    named = letters.message_id(library, library.store.editions.of(one.id)[0])
    assert re.fullmatch(r"<20261117\.1\.[0-9A-Za-z]{16}@example\.org>", named)
    assert line(library, one) == EXPECTED[state].format(id=named)


def test_before_the_first_edition(library: Library) -> None:
    assert line(library, put(library)) == f"no edition was due yet; {NEXT}"


def test_what_waits_for_its_hour_or_for_another_try(library: Library) -> None:
    one = put(library)
    row(library, one, "ready", day=20261118, due=SEVEN + DAY)
    waits = "the edition of Wednesday 18 November is ready, and waits for Wednesday 18 November, 07:00 (Europe/Berlin)"
    assert line(library, one) == waits
    sql(library.store, "UPDATE edition SET tries = 1, due = :due, next = :next, reason = :why", due=SEVEN,
        next=NOW + 2400, why="it is tried again: mail.example.org answered 451 later")  # fmt: skip
    assert line(library, one) == (
        "the edition of Wednesday 18 November has not left yet: it is tried again: mail.example.org answered 451 later;"
        " the next try is Tuesday 17 November, 10:40 (Europe/Berlin)"
    )


def test_what_should_have_left_says_why_not(library: Library) -> None:
    one = put(library)
    row(library, one, "ready")
    failing = Step(NOW, False, "mail.example.org:587 cannot be reached", NOW - HOUR)
    heart.write(library.home, State(NOW, NOW, NOW, True, {"letters": failing}))
    assert line(library, one).endswith("07:00 (Europe/Berlin): mail.example.org:587 cannot be reached")


def test_nothing_at_work_is_said_whatever_else_there_is(library: Library) -> None:
    one = put(library)
    row(library, one, "sent", "it says so")
    late = NOW + 5 * HOUR
    since = "nothing has been at work since Tuesday 17 November, 10:00 (Europe/Berlin)"
    assert line(library, one, late).endswith(f"; {since}: mail leaves only while `broadsheet work` runs")
    (library.home / heart.FILE).write_text("{half a fi")  # as after a power cut
    assert "nothing has been at work yet" in line(library, one)


def test_a_long_run_that_ended_is_missed_within_minutes(library: Library) -> None:
    for once, seconds in ((False, heart.GRACE), (True, heart.PATIENCE)):
        heart.write(library.home, State(NOW, NOW, NOW, once))
        assert heart.silence(library.home, NOW + seconds - 1) == ""
        assert heart.silence(library.home, NOW + seconds) != ""


def test_without_a_server_letters_are_in_the_outbox(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", env={}) as library:
        heart.write(library.home, State(NOW, NOW, NOW, once=True))
        one = put(library)
        assert "because no mail server is set" in line(library, one)
        row(library, one, "sent", "written into the outbox as edition-1.eml; no mail server is set")
        assert line(library, one).startswith(
            "the edition of Tuesday 17 November was written into the outbox as edition-1.eml"
        )


@pytest.mark.parametrize(
    ("why", "detail", "said"),
    [
        ("bounce", "550 no such user", "letters to it came back: 550 no such user; confirming the address again"),
        ("complaint", "abuse", "a letter to it was reported as spam (abuse); the owner can lift that"),
        ("owner", "", "the owner of this site sends nothing to it (no more is known); the owner can lift that"),
    ],
)
def test_a_suppressed_address(library: Library, why: str, detail: str, said: str) -> None:
    one = put(library)
    library.store.subscribers.suppress(one.email, why, detail, NOW - DAY)
    assert line(library, one).startswith(
        f"nothing has been sent to this address since Monday 16 November, 10:00: {said}"
    )


def test_what_its_reader_has_closed(library: Library) -> None:
    one = put(library, BERLIN._replace(paused=20261120))
    assert line(library, one) == (
        "paused by its reader until Friday 20 November; the next is due Saturday 21 November, 07:00 (Europe/Berlin)"
    )
    one = put(library, BERLIN._replace(every="off"))
    assert line(library, one).startswith("turned off by its reader")
    one = put(library)
    library.store.subscribers.want(one.id, [])
    assert line(library, one).startswith("nothing is chosen to read of")
    library.store.subscribers.leave(one.id, NOW - DAY)
    left = library.store.subscribers.at(one.id)
    assert left is not None
    assert line(library, left) == (
        "unsubscribed on Monday 16 November, 10:00; it is back as soon as its reader subscribes again"
    )


def test_a_suspended_account(library: Library) -> None:
    ada = reader(library.store, "Ada")
    one = library.store.subscribers.put("ada@example.org", ada.id, BERLIN, [Wish("rising")], NOW - DAY)
    sql(library.store, "UPDATE account SET state = 'suspended' WHERE id = :id", id=ada.id)
    assert line(library, one) == "its account is suspended; the owner can restore it"


def test_a_zone_that_is_no_more(library: Library) -> None:
    one = put(library, Schedule(zone="Mars/Olympus"))
    assert line(library, one) == (
        "no edition was due yet; the next is due Wednesday 18 November, 07:00 (UTC);"
        " the time zone 'Mars/Olympus' is not known (any more), so its hour is taken as UTC"
    )


def test_an_address_that_has_not_confirmed_or_is_unknown(library: Library) -> None:
    from broadsheet.store.subscribers import Pending

    now = int(time.time())
    assert status.of_address(library, "ada@example.org", now).startswith("this address has never asked")
    library.store.subscribers.ask(Pending("mark", "ada@example.org", "{}", "", now, now + DAY, None))
    assert status.of_address(library, "Ada@Example.org", now).startswith("not confirmed yet: a letter with a link")
    put(library)
    assert status.of_address(library, "ada@example.org", NOW).startswith("no edition was due yet")

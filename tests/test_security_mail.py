"""Attacks by mail, and on those who get it: what each of them tries fails."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import web_library
from broadsheet.editions import subscribing
from broadsheet.editions.subscribing import Wanted
from broadsheet.errors import TooOften
from broadsheet.library import Library
from broadsheet.mail import returns
from broadsheet.people import limits
from broadsheet.store import Schedule, Wish
from letters_made import manage, send
from people_made import account, browser, signed_in, with_accounts
from returned_mail import DOMAIN, RETURNS

LONG = 300_000  # letters of what somebody sends us


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS[:3]) as library:
        yield library


# -- what anybody can send to the address where letters come back ------------------------------------------------------


_HEAD = b"From: MAILER-DAEMON@mx.example.net\r\nSubject: "
_REPORT = (
    b"x\r\nContent-Type: multipart/report; boundary=q\r\n\r\n--q\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: "
)


@pytest.mark.parametrize(
    "rest",
    [
        b"x\r\nX-Failed-Recipients: " + b"a" * LONG + b"\r\n\r\nx",
        b"x\r\nX-Failed-Recipients: " + b"a@[" * (LONG // 3) + b"\r\n\r\nx",
        b"x\r\n\r\nto:" + b"a" * LONG,
        _REPORT + b"a" * LONG + b"\r\n--q--",
        b"a" * LONG + b"\r\n\r\nx",
        b"=?utf-8?q?a?= " * (1_000_000 // 14) + b"\r\n\r\nx",
        b"x\r\n\r\n" + b"-" * LONG,
    ],
    ids=["recipient", "brackets", "text", "diagnosis", "subject", "encoded", "dashes"],
)
def test_no_message_takes_the_square_of_its_length(rest: bytes) -> None:
    """One that does keeps `broadsheet work` busy for an hour, and nobody gets letters meanwhile."""
    began = time.process_time()
    returns.read(_HEAD + rest, RETURNS, DOMAIN)
    assert time.process_time() - began < 2


# -- letters that nobody asked for -------------------------------------------------------------------------------------


def ask(library: Library, to: str, place: int) -> str:
    """What comes of a stranger's request, each from another network and for something else."""
    try:
        done = subscribing.ask(library, to, Wanted(Schedule(), (Wish("topic", f"word {place}"),)), f"10.0.{place}.1")
    except TooOften:
        return "too often"
    return "sent" if done.send else "kept"


@pytest.mark.parametrize(
    "others",
    [
        ("ada+{}@example.org", "ada@example.org"),
        ("a.d.a+{}@gmail.com", "ada@gmail.com"),
        ("Ada+{}@GoogleMail.com", "ad.a@gmail.com"),
        ("+{}@example.org", "+5@example.org"),
        ("_x+{}@example.org", "_x@example.org"),
    ],
)  # fmt: skip
def test_one_mailbox_is_one_however_it_is_written(library: Library, others: tuple[str, str]) -> None:
    free = limits.SUBSCRIBING.free
    tagged, plain = others
    said = [ask(library, tagged.format(place if tagged[0] != "+" else 5), place) for place in range(free)]
    assert said == ["sent"] * free
    assert ask(library, plain, 9) == "too often"
    for other in ("ada2@example.org", "ax@example.org", "ada@other.example", "a.d.a@example.org"):
        assert ask(library, other, 9) == "sent"


def test_many_at_once_are_counted_one_after_the_other(library: Library) -> None:
    """Else as many letters as there are threads go to somebody who asked for none."""
    count, begin = 12, threading.Barrier(12)

    def one(place: int) -> str:
        begin.wait()
        return ask(library, "ada@example.org", place)

    with ThreadPoolExecutor(count) as pool:
        said = list(pool.map(one, range(count)))
    assert said.count("sent") == limits.SUBSCRIBING.free


def test_no_words_of_a_stranger_are_a_number_to_call(library: Library) -> None:
    for number in ("+1 (888) 555-0142", "1-888-555-0142", "0049.30.1234567", "8885550142"):
        (said,) = subscribing.in_letter(library, [Wish("topic", f"your account is locked call {number} now")])
        assert said == "papers about “your account is locked call … now”"
    assert subscribing.in_letter(library, [Wish("topic", "GPT 4 of 2019-2021")]) == [
        "papers about “GPT 4 of 2019-2021”"
    ]


# -- who has a letter that was passed on -------------------------------------------------------------------------------


def test_the_key_of_a_letter_opens_no_list_of_its_reader(library: Library) -> None:
    """Else whoever was sent a letter could try all numbers, and read in the next editions what nobody was shown."""
    ada = account(with_accounts(library), "Ada", "reader", "ada@example.org")
    secret = library.shelves(ada.id).begin_list("Secret plans")
    library.shelves(ada.id).save_search("Secret hopes", "quills")
    one = subscribing.begin(library, "ada@example.org", Wanted(Schedule(), (Wish("rising"),), ada.id))
    stranger, at = browser(library), manage(library, one)
    assert "there is no list" in send(stranger, f"{at}/add", 400, form={"wish-1": f"list {secret.id}"})
    for within in ("in:Secret", "ink -(IN:Secret)"):
        assert "by who is signed in" in send(stranger, f"{at}/add", 400, search=within)
    assert "Secret plans" not in stranger.get(at).text
    assert send(stranger, f"{at}/add", form={"wish-1": "personal ", "topic": "ink"}) == f"{at}?done=wish"
    form = {"wish-1": f"list {secret.id}"}
    assert (
        send(signed_in(browser(library), library, "Ada"), "/settings/inbox/add", form=form)
        == "/settings?done=wish#inbox"
    )

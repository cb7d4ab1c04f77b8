"""What came back is applied: to the edition, to the address, once; and what is forged or names nobody, to nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.editions import letters, links, returns
from broadsheet.editions.returns import Applied
from broadsheet.errors import Mistake
from broadsheet.library import Library
from broadsheet.mail.returns import Unreadable
from broadsheet.store import Name, Pending, Returned, Schedule
from returned_library import (
    DAY,
    FROM,
    HOUR,
    RETURNS,
    back,
    edition,
    envelope,
    key,
    reader,
    state,
    suppressed,
    unsubscribe,
)
from returned_mail import complaint, letter, plain, report
from sending_library import NOW, opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with opened(tmp_path / "home", sender=FROM, returns=RETURNS) as made:
        yield made


# -- bounces -----------------------------------------------------------------------------------------------------------


def test_a_bounce_for_good(library: Library) -> None:
    one = edition(library, reader(library))
    delivered = library.store.editions.histories([one.subscriber])[one.subscriber].delivered
    assert delivered.tolist() == [1]
    done = returns.apply(library, back(library, one), now=NOW + HOUR)
    assert done == Applied("bounce", one.subscriber, one.id, True, "5.1.1 550 5.1.1 no")
    came = library.store.editions.at(one.id)
    assert came is not None
    assert (came.state, came.reason) == ("bounced", "it came back: 5.1.1 550 5.1.1 no")
    assert suppressed(library) == "bounce"
    delivered = library.store.editions.histories([one.subscriber])[one.subscriber].delivered
    assert delivered.tolist() == [], "its papers are new again"
    (noted,) = library.store.subscribers.returns()
    assert noted[1:] == ("bounce", one.subscriber, one.id, "5.1.1 550 5.1.1 no", NOW + HOUR)


def test_each_message_once(library: Library) -> None:
    one = edition(library, reader(library))
    data = back(library, one)
    assert returns.apply(library, data, now=NOW).kind == "bounce"
    library.store.subscribers.lift("ada@example.net")
    again = returns.apply(library, b"Received: by another way\r\n" + data, now=NOW)
    assert (again.kind, suppressed(library)) == ("known", "")


def test_a_bounce_that_is_quicker_than_the_record(library: Library) -> None:
    one = edition(library, reader(library), state="ready")
    library.store.editions.claim(one.id)
    returns.apply(library, back(library, one), now=NOW)
    library.store.editions.settle(one.id, "sent", "", NOW)
    assert state(library, one) == "bounced"


def test_a_bounce_of_before_the_address_was_confirmed_again_stops_nothing(library: Library) -> None:
    ada = reader(library)
    one = edition(library, ada)
    store = library.store.subscribers
    store.ask(Pending("asked again", ada.email, "{}", "", NOW, NOW + 2 * DAY, None))
    assert store.confirm("asked again", Schedule(), [], NOW + DAY)
    done = returns.apply(library, back(library, one), now=NOW + 2 * DAY)
    assert (done.kind, done.suppressed, state(library, one)) == ("bounce", False, "bounced")


def test_what_was_withheld_has_not_come_back(library: Library) -> None:
    one = edition(library, reader(library), state="withheld")
    returns.apply(library, back(library, one), now=NOW)
    assert state(library, one) == "withheld"


@pytest.mark.parametrize(
    ("days", "stops"),
    [((1, 2, 3, 4, 5, 6, 7, 8), 8), ((1, 8, 15), 15), ((1, 8), 0), ((1, 2, 3), 0), ((1, 5, 7), 0), ((1, 4, 9), 9)],
)
def test_a_mailbox_that_is_full_for_a_week(library: Library, days: tuple[int, ...], stops: int) -> None:
    ada = reader(library)
    for day in days:
        one = edition(library, ada, 20261100 + day)
        done = returns.apply(library, back(library, one, "5.2.2"), now=NOW)
        assert (done.kind, state(library, one)) == ("bounce", "bounced")
        assert done.suppressed == (day == stops)


def test_one_that_arrives_between_begins_the_count_anew(library: Library) -> None:
    ada = reader(library)
    for day in range(1, 13):
        one = edition(library, ada, 20261100 + day)
        if day != 6:
            returns.apply(library, back(library, one, "5.2.2"), now=NOW)
    assert suppressed(library) == ""
    skipped = edition(library, ada, 20261113, "skipped")
    assert state(library, skipped) == "skipped"
    done = returns.apply(library, back(library, edition(library, ada, 20261114), "4.4.7"), now=NOW)
    assert done.suppressed, "a day without a letter is none that arrived"


def test_a_delay_is_counted_and_no_more(library: Library) -> None:
    one = edition(library, reader(library))
    done = returns.apply(library, back(library, one, "4.4.1", action="delayed"), now=NOW)
    assert (done.kind, done.suppressed, state(library, one), suppressed(library)) == ("delay", False, "sent", "")
    assert library.store.subscribers.returns_by_kind(0) == {"delay": 1}


# -- complaints, letters -----------------------------------------------------------------------------------------------


def test_a_complaint_stops_all(library: Library) -> None:
    one = edition(library, reader(library))
    done = returns.apply(library, complaint(returned=letter(key(library, one))), now=NOW)
    assert done == Applied("complaint", one.subscriber, one.id, True, "reported as spam (abuse)")
    held = library.store.subscribers.at(one.subscriber)
    assert held is not None
    assert (held.left, held.every, suppressed(library), state(library, one)) == (NOW, "off", "complaint", "sent")


def test_a_letter_that_unsubscribes(library: Library) -> None:
    ada = reader(library)
    data = plain("", subject="unsubscribe", by="ada@example.net", to=unsubscribe(library, ada))
    assert returns.apply(library, data, now=NOW).kind == "unsubscribe"
    held = library.store.subscribers.at(ada.id)
    assert held is not None
    assert (held.left, suppressed(library)) == (NOW, "")


# -- nobody ------------------------------------------------------------------------------------------------------------


def test_a_forged_key_is_refused_whatever_else_the_message_says(library: Library) -> None:
    ada, ben = reader(library), reader(library, "ben@example.net")
    mine, his = edition(library, ada), edition(library, ben)
    genuine = key(library, mine)
    forged = f"{links.edition_key(library.store, his).partition('.')[0]}.{genuine.partition('.')[2]}"
    page = links.edition_key(library.store, his)  # which every reader of a forwarded letter has
    for number, wrong in enumerate((forged, page, links.key_of(library.store, ben, "leave"))):
        to = f"bounces+{wrong}@papers.example.org"
        data = report(to=to, returned=letter(genuine), number=f"<{number}@mx>")
        done = returns.apply(library, data, now=NOW)
        assert (done.kind, done.subscriber) == ("unknown", None)
        assert done.said.startswith("the key in its address is forged")
    for wrong in (forged, page, links.key_of(library.store, ben, "manage"), genuine):
        unsubscribes = plain(wrong, to=f"bounces+u.{wrong}@papers.example.org")
        assert returns.apply(library, unsubscribes, now=NOW).kind == "unknown"
    assert (state(library, mine), state(library, his), suppressed(library)) == ("sent", "sent", "")
    assert len(library.store.subscribers.all()) == 2


def test_a_key_of_before_the_address_moved_opens_nothing(library: Library) -> None:
    one = edition(library, reader(library))
    data = back(library, one)
    library.store.subscribers.reseed(one.subscriber)
    assert returns.apply(library, data, now=NOW).kind == "unknown"
    assert suppressed(library) == ""


@pytest.mark.parametrize("to", [RETURNS, "papers@papers.example.org"])
def test_a_bounce_that_names_nobody_is_told_and_never_guessed(library: Library, to: str) -> None:
    one = edition(library, reader(library))
    data = plain("<ada@example.net>: 550 5.1.1 user unknown", to=to)
    done = returns.apply(library, data, now=NOW)
    assert done[:4] == ("unknown", None, None, False)
    assert done.said == "it names nobody; <…>: 550 5.1.1 user unknown"
    assert (state(library, one), suppressed(library)) == ("sent", "")
    assert library.store.subscribers.returns() == [
        Returned(library.store.subscribers.returns()[0].mark, "unknown", None, None, done.said, NOW)
    ]


def test_answers_of_machines_are_not_even_noted(library: Library) -> None:
    one = edition(library, reader(library))
    to = envelope(library, one)
    assert returns.apply(library, plain("", subject="Out of office", by="a@b.org", to=to), now=NOW).kind == "ignored"
    assert library.store.subscribers.returns() == []
    written = plain("Thank you!", subject="Re: papers", by="a@b.org", to=to)
    assert returns.apply(library, written, now=NOW).kind == "unknown"
    assert state(library, one) == "sent"


def test_the_number_of_the_letter_names_it_too(library: Library) -> None:
    """For servers that write to another address, and where letters are from the sender."""
    one = edition(library, reader(library))
    number = letters.message_id(library, one).strip("<>").partition("@")[0]
    forged = number[:-1] + ("a" if number[-1] != "a" else "b")
    for place, wrong in enumerate((forged, number.replace(f".{one.id}.", f".{one.id + 1}."), number[:-2] + "zz")):
        data = report(to="x@y.org", returned=letter("7.x", wrong), number=f"<{place}@mx>")
        assert returns.apply(library, data, now=NOW)[:2] == ("unknown", None)
    data = report(to="x@y.org", returned=letter("7.x", number.upper()))
    assert returns.apply(library, data, now=NOW)[:4] == ("bounce", one.subscriber, one.id, True)
    assert (state(library, one), suppressed(library)) == ("bounced", "bounce")


def test_a_letter_to_an_address_of_before_stops_nothing_at_the_new_one(library: Library) -> None:
    ada = library.store.accounts.add(Name("Ada", "ada", "ada"), "ada@example.net", "reader", None)
    held = library.store.subscribers.put("ada@example.net", ada.id, Schedule(), [], 5)
    one = edition(library, held)
    number = letters.message_id(library, one).strip("<>").partition("@")[0]
    library.store.accounts.set_email(ada.id, "ada@example.com", ada.id)
    done = returns.apply(library, report(to="x@y.org", returned=letter("7.x", number)), now=NOW)
    assert (done.kind, done.suppressed, state(library, one)) == ("bounce", False, "bounced")
    assert suppressed(library, "ada@example.com") == ""


def test_without_an_address_for_it_a_mailbox_may_still_be_read(tmp_path: Path) -> None:
    with opened(tmp_path / "home", sender=FROM) as library:
        one = edition(library, reader(library))
        number = letters.message_id(library, one).strip("<>").partition("@")[0]
        to_sender = report(to="papers@papers.example.org", returned=letter("7.x", number))
        assert returns.apply(library, to_sender, now=NOW).kind == "bounce"
        assert returns.read(library, NOW) == ""
    wrong = opened(tmp_path / "home", sender=FROM, returns="nowhere")
    with wrong as library, pytest.raises(Mistake, match=r"\[mail\] returns"):
        returns.apply(library, report(), now=NOW)


def test_what_is_no_message_is_said(library: Library) -> None:
    with pytest.raises(Unreadable):
        returns.apply(library, b"", now=NOW)

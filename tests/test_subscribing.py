"""Who gets letters: keys in links, the question that an address is asked, its answer; in both kinds of store."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import web_library
from broadsheet.editions import links, subscribing
from broadsheet.editions.subscribing import Wanted
from broadsheet.errors import Mistake, NotFound, TooOften
from broadsheet.library import Library
from broadsheet.mail import write
from broadsheet.people import keys, limits
from broadsheet.store import OWNER, Edition, Schedule, Store, Subscriber, Wish
from people_made import account, with_accounts

ADA, BEN = "ada@example.org", "ben@example.org"
RISING = Wish("rising")
NOW = int(time.time())
HOUR, DAY = 3_600, 86_400
SATURDAY = date(2026, 11, 21)


@pytest.fixture
def library(where: str, tmp_path: Path) -> Iterator[Library]:
    """A small library, in either kind of store."""
    with web_library.make(tmp_path, web_library.PAPERS, {"store": where if "://" in where else ""}) as made:
        yield made


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as made:
        yield made


def wanted(*some: Wish, **plan: object) -> Wanted:
    return Wanted(Schedule()._replace(**plan), some or (RISING,))  # type: ignore[arg-type]


def has(store: Store, email: str) -> set[Wish]:
    one = store.subscribers.by_email(email)
    return set(store.subscribers.wishes([one.id])[one.id]) if one else set()


def confirmed(library: Library, email: str, *some: Wish, **plan: object) -> Subscriber:
    """Somebody who asked and answered a day ago."""
    key = subscribing.ask(library, email, wanted(*some, **plan), "", NOW - DAY).key
    return subscribing.confirm(library, key, NOW - DAY)


# -- keys in links -----------------------------------------------------------------------------------------------------


@given(number=st.integers(1, 2**31 - 1))
def test_a_number_in_a_key_is_read_as_it_was_written(number: int) -> None:
    assert links._read(f"{links._written(number)}.{'a' * 16}") == (number, "a" * 16)


def test_a_key_opens_one_door_of_one_subscriber(library: Library) -> None:
    ada, ben = confirmed(library, ADA), confirmed(library, BEN)
    store = library.store
    key = links.key_of(store, ada, "manage")
    assert links.opened(store, key, "manage") == ada
    assert len(key) <= 20
    assert key == key.lower()
    for purpose in links.PURPOSES:
        if purpose != "manage":
            assert links.opened(store, key, purpose) is None
    assert links.opened(store, f"{links._written(ben.id)}.{key.partition('.')[2]}", "manage") is None
    forged = [f"0{key}", key.upper(), f" {key}", key[:-1], f"{key}a", key.replace(".", ""), key.replace(".", ".\n")]
    for wrong in (*forged, "", "0.aaaaaaaaaaaaaaaa", "zzzzzz.aaaaaaaaaaaaaaaa", "1.\0", "é.aaaaaaaaaaaaaaaa"):
        assert links.opened(store, wrong, "manage") is None
    store.subscribers.reseed(ada.id)
    assert links.opened(store, key, "manage") is None  # it was in letters of before
    fresh = store.subscribers.at(ada.id)
    assert fresh is not None
    assert links.opened(store, links.key_of(store, fresh, "manage"), "manage") == fresh
    store.subscribers.remove(ada.id)
    assert links.opened(store, links.key_of(store, fresh, "manage"), "manage") is None


def test_an_edition_has_a_key_of_its_own(library: Library) -> None:
    ada, ben, store = confirmed(library, ADA), confirmed(library, BEN), library.store
    store.editions.put([Edition(0, ada.id, 20261121, "ready", "", NOW, 0, 0, 0, b"", b"x", NOW, None)])
    (edition,) = store.editions.of(ada.id)
    key = links.edition_key(store, edition)
    assert links.opened_edition(store, key) == (edition, ada)
    assert links.edition_key(store, edition, ben) != key
    assert links.opened_edition(store, links.edition_key(store, edition, ben)) is None
    assert links.opened_edition(store, f"zz.{key.partition('.')[2]}") is None
    with pytest.raises(LookupError):
        links.edition_key(store, edition._replace(subscriber=999))


@given(st.text(max_size=40))
def test_what_anybody_types_is_no_key(text: str) -> None:
    found = links._read(text)
    assert found is None or f"{links._written(found[0])}.{found[1]}" == text


# -- asked, and answered -----------------------------------------------------------------------------------------------


def test_nothing_begins_before_the_answer_and_looking_answers_nothing(library: Library) -> None:
    asked = subscribing.ask(
        library, " ADA@Example.org ", wanted(RISING, Wish("topic", "ink"), every="week"), "10.0.0.1"
    )
    assert (asked.email, asked.send, asked.more) == (ADA, True, False)
    for _ in range(3):
        found = subscribing.opened(library, asked.key)
        assert (found.email, found.wanted.wishes) == (ADA, (RISING, Wish("topic", "ink")))
    assert library.store.subscribers.by_email(ADA) is None
    one = subscribing.confirm(library, asked.key)
    assert (one.email, one.every, one.account) == (ADA, "week", None)
    assert has(library.store, ADA) == {RISING, Wish("topic", "ink")}
    with pytest.raises(NotFound, match="has been used"):
        subscribing.confirm(library, asked.key)
    with pytest.raises(NotFound, match="none of ours"):
        subscribing.opened(library, keys.fresh())


def test_a_link_ends(library: Library) -> None:
    key = subscribing.ask(library, ADA, wanted(), "", NOW - 3 * DAY).key
    with pytest.raises(NotFound, match="3 days"):
        subscribing.confirm(library, key, NOW)
    assert library.store.subscribers.by_email(ADA) is None


def test_asking_again_never_lowers_what_somebody_has(library: Library) -> None:
    one = confirmed(library, ADA, RISING, Wish("topic", "ink"), every="day", minute=90, zone="Asia/Tokyo")
    asked = subscribing.ask(library, ADA, wanted(RISING, Wish("topic", "Paper"), every="off"), "10.0.0.9", NOW)
    assert (asked.send, asked.more, asked.wishes) == (True, True, (Wish("topic", "Paper"),))
    assert library.store.subscribers.by_email(ADA) == one  # whoever asked: nothing has changed
    assert has(library.store, ADA) == {RISING, Wish("topic", "ink")}
    done = subscribing.confirm(library, asked.key, NOW)
    assert (done.every, done.minute, done.zone) == ("day", 90, "Asia/Tokyo")
    assert has(library.store, ADA) == {RISING, Wish("topic", "ink"), Wish("topic", "Paper")}


def test_who_has_all_of_it_gets_no_letter_and_nobody_is_told(library: Library) -> None:
    confirmed(library, ADA, RISING, Wish("topic", "Ink"))
    again = subscribing.ask(library, ADA, wanted(RISING, Wish("topic", "ink")), "10.0.0.9", NOW)
    other = subscribing.ask(library, BEN, wanted(RISING, Wish("topic", "ink")), "10.0.0.9", NOW)
    assert (again.send, other.send) == (False, True)
    assert (again.wishes, len(again.key)) == (other.wishes, len(other.key))
    with pytest.raises(NotFound):
        subscribing.confirm(library, again.key, NOW + 1)


def test_how_often_one_may_ask_tells_nothing(library: Library) -> None:
    """Of an address that has it all, one that is new, and one that gets no letters: the same question is refused."""
    confirmed(library, ADA)
    library.store.subscribers.suppress(BEN, "complaint", "", NOW)
    refused = []
    for email in (ADA, BEN, "new@example.org"):
        count = 0
        with pytest.raises(TooOften):
            for count in range(10):  # how many went through
                subscribing.ask(library, email, wanted(), "", NOW + count)
        refused.append(count if email != ADA else count + 1)  # it has asked once, a day ago
    assert refused == [3, 3, 3]


def test_waits_double(library: Library) -> None:
    at = NOW
    for number in range(3):
        subscribing.ask(library, ADA, wanted(Wish("topic", f"ink {number}")), "", at)
    for wait in (900, 1_800, 3_600):
        with pytest.raises(TooOften) as told:
            subscribing.ask(library, ADA, wanted(Wish("topic", "ink")), "", at + wait - 2)
        assert told.value.after == 2
        at += wait
        subscribing.ask(library, ADA, wanted(Wish("topic", f"ink at {at}")), "", at)
    assert subscribing.ask(library, BEN, wanted(), "", at).send  # it is the address that waits, not the world


def test_waits_have_an_end() -> None:
    rate = limits.SUBSCRIBING
    limits.grown(range(NOW - 100, NOW), rate, "often", NOW + rate.longest)
    with pytest.raises(TooOften, match="24 hours"):
        limits.grown(range(NOW - 100, NOW), rate, "often", NOW)
    limits.grown([NOW - rate.window] * 50, rate, "often", NOW)  # of before


def test_a_network_waits_too(library: Library) -> None:
    for number in range(limits.SUBSCRIBING_FROM.free):
        assert subscribing.ask(library, f"reader{number}@example.org", wanted(), "10.0.0.1", NOW).send
    with pytest.raises(TooOften, match="from where you are"):
        subscribing.ask(library, ADA, wanted(), "10.0.0.1", NOW)
    assert subscribing.ask(library, ADA, wanted(), "10.0.0.2", NOW).send
    rows = library.store.subscribers.pendings(ADA)
    assert all("10.0.0" not in one.network for one in rows)  # where somebody asked from is not kept


def test_the_same_question_sends_one_letter(library: Library) -> None:
    first = subscribing.ask(library, ADA, wanted(RISING, Wish("topic", "ink")), "", NOW)
    again = subscribing.ask(library, ADA, wanted(RISING, Wish("topic", "ink")), "", NOW + 60)
    other = subscribing.ask(library, ADA, wanted(RISING), "", NOW + 61)
    assert (first.send, again.send, other.send) == (True, False, True)
    assert subscribing.confirm(library, first.key, NOW + 62).email == ADA  # the letter that there is still works
    with pytest.raises(NotFound, match="time of this link is over"):
        subscribing.confirm(library, other.key, NOW + 63)


def test_the_same_question_later_sends_another(library: Library) -> None:
    subscribing.ask(library, ADA, wanted(), "", NOW - subscribing.WINDOW - 1)
    assert subscribing.ask(library, ADA, wanted(), "", NOW).send


@pytest.mark.parametrize(("why", "send"), [("bounce", True), ("complaint", False), ("owner", False)])
def test_an_answer_lets_letters_out_that_came_back_and_no_others(library: Library, why: str, send: bool) -> None:
    store = library.store
    confirmed(library, ADA)
    open_before = subscribing.ask(library, ADA, wanted(Wish("topic", "ink")), "", NOW).key
    store.subscribers.suppress(ADA, why, "550 no such mailbox", NOW)
    assert subscribing.ask(library, ADA, wanted(Wish("topic", "paper")), "", NOW + 1).send == send
    subscribing.confirm(library, open_before, NOW + 2)
    assert (ADA in store.subscribers.suppressed([ADA])) == (not send)
    assert has(store, ADA) == {RISING, Wish("topic", "ink")}


def test_asked_for_again_with_nothing_new_it_lets_letters_out_that_came_back(library: Library) -> None:
    store = library.store
    confirmed(library, ADA)
    store.subscribers.suppress(ADA, "bounce", "550 no such mailbox", NOW)
    again = subscribing.ask(library, ADA, wanted(), "", NOW + 1)
    assert (again.send, again.wishes) == (True, (RISING,))
    subscribing.confirm(library, again.key, NOW + 2)
    assert not store.subscribers.suppressed([ADA])
    assert has(store, ADA) == {RISING}


def test_only_a_bounce_can_be_tried_again_by_its_reader(library: Library) -> None:
    one, store = confirmed(library, ADA), library.store
    for why in ("bounce", "complaint", "owner"):
        assert not subscribing.try_again(store, one)
        store.subscribers.suppress(ADA, why, "", NOW)
        assert subscribing.try_again(store, one) == (why == "bounce")


def test_who_left_is_back_with_what_was_asked_for_now(library: Library) -> None:
    one = confirmed(library, ADA, Wish("topic", "old"))
    library.store.subscribers.leave(one.id, NOW)
    asked = subscribing.ask(library, ADA, wanted(RISING, every="week"), "", NOW)
    assert (asked.send, asked.more) == (True, False)
    back = subscribing.confirm(library, asked.key, NOW + 1)
    assert (back.id, back.every, back.left) == (one.id, "week", None)
    assert has(library.store, ADA) == {RISING}


@pytest.mark.parametrize("email", ["nobody", "a@b", "ada@example.org\nBcc: eve@example.org", "", "a b@example.org"])
def test_what_is_no_address(local: Library, email: str) -> None:
    with pytest.raises(Mistake, match="no e-mail address"):
        subscribing.ask(local, email, wanted(), "", NOW)


def test_addresses_of_all_scripts_are_one_each(library: Library) -> None:
    first = subscribing.ask(library, "Zoë@Bücher.example", wanted(), "", NOW)
    assert first.email == "zoë@xn--bcher-kva.example"
    assert not subscribing.ask(library, "zoë@BÜCHER.example", wanted(), "", NOW).send
    assert subscribing.confirm(library, first.key, NOW).email == first.email


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_an_answer_makes_it_the_accounts_whose_address_it_is(library: Library) -> None:
    with_accounts(library, "open")
    ada = account(library, "Ada", email=ADA)
    one = confirmed(library, ADA, Wish("search", "quills remember"))
    assert one.account == ada.id
    (kept,) = library.store.searches.all(ada.id)
    assert kept.query == "quills remember"
    assert has(library.store, ADA) == {Wish("search", kept.name)}


def test_a_question_of_an_account_is_a_saved_search_once(local: Library) -> None:
    local.save_search("Quills", "quills remember")
    asked = [Wish("search", "quills"), Wish("search", "quills remember"), Wish("search", "ink / drops “of” it")]
    found = subscribing.named(local, OWNER, asked)
    assert found == (Wish("search", "Quills"), Wish("search", "ink drops of it"))
    assert subscribing.named(local, OWNER, found) == found
    assert subscribing.unnamed(local, OWNER, found)[0] == Wish("search", "quills remember")
    local.save_search("ink", "another thing")
    assert subscribing.named(local, OWNER, [Wish("search", "ink!")])[0].value == "ink!"


def test_an_address_of_another_accounts_subscription_stays_theirs(library: Library) -> None:
    with_accounts(library, "open")
    ada, ben = account(library, "Ada", email=ADA), account(library, "Ben", email=BEN)
    subscribing.begin(library, ADA, wanted()._replace(account=ada.id))
    with pytest.raises(Mistake, match="another reader"):
        subscribing.begin(library, ADA, wanted()._replace(account=ben.id))


def test_the_owner_alone_reads_personally_at_one_address(local: Library) -> None:
    assert subscribing.by_owner(local, ADA, wanted(RISING)).account == 0  # it may be a friend's
    personal = subscribing.by_owner(local, ADA, wanted(Wish("personal")))
    asked = subscribing.ask(local, ADA, personal, "", NOW)
    assert subscribing.confirm(local, asked.key, NOW).account == OWNER
    assert subscribing.by_owner(local, ADA, wanted(RISING)).account == OWNER
    local.save_search("Quills", "quills remember")
    other = subscribing.by_owner(local, BEN, wanted(Wish("search", "quills")))
    assert (other.account, other.wishes) == (0, (Wish("search", "quills remember"),))
    with pytest.raises(Mistake, match="another has it"):
        subscribing.by_owner(local, BEN, wanted(Wish("personal")))


def test_letters_to_the_owners_address_are_the_owners(local: Library) -> None:
    local.store.accounts.set_email(OWNER, ADA, OWNER)
    assert subscribing.by_owner(local, ADA, wanted(RISING)).account == OWNER
    assert subscribing.by_owner(local, BEN, wanted(RISING)).account == 0


def test_all_that_is_kept_can_be_taken_along(library: Library) -> None:
    one = confirmed(library, ADA, RISING)
    library.store.editions.put([Edition(0, one.id, 20261120, "sent", "250 ok", NOW, 1, 0, 9, b"", b"x", NOW, NOW)])
    told = subscribing.kept(library, one)
    assert (told["email"], told["wishes"]) == (ADA, [{"kind": "rising", "value": ""}])
    assert [(row["day"], row["state"]) for row in told["editions"]] == [(20261120, "sent")]
    assert "seed" not in str(told)


# -- the letter --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["http://spam.example.com", "spam.example.com", "see www.spam.example now", "write to me@spam.example", "HTTPS://x.y",
     "spam.example/path?q=1", "пример.испытание"],
)  # fmt: skip
def test_a_stranger_cannot_put_a_link_into_a_letter(local: Library, typed: str) -> None:
    said = subscribing.in_letter(local, [Wish(kind, typed) for kind in ("topic", "search", "author")])
    assert all("…" in one for one in said)
    assert not any(part in " ".join(said).lower() for part in ("spam.", "://", "@", "www", "x.y", "пример"))


def test_a_letter_says_what_it_is_for(local: Library) -> None:
    some = [Wish("author", f"Ada {chr(65 + number)}") for number in range(14)]
    values: dict[str, Any] = {
        "site": "Papers\r\nBcc: eve@example.org", "link": "https://papers.example.org/subscribe/confirm/k", "days": 3,
        "wishes": subscribing.in_letter(local, some), "when": "every day at 07:00 (UTC)",
    }  # fmt: skip
    first = write.letter("subscription", ADA, "papers@example.org", more=False, **values)
    assert first["bcc"] is None
    assert first["subject"].startswith("Confirm: letters from Papers")
    for part in ("plain", "html"):
        body = first.get_body((part,))
        assert body is not None
        text = body.get_content()
        assert "papers by Ada J" in text
        assert "papers by Ada K" not in text
        assert "and 4 more" in text
        assert values["link"] in text
    more = write.letter("subscription", ADA, "papers@example.org", more=True, **values)
    plain = more.get_body(("plain",))
    assert plain is not None
    assert "that you get already" in plain.get_content()
    assert "every day" not in plain.get_content()  # when is theirs, whoever asked

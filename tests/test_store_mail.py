"""Subscribers, what was asked in their name, suppression and what came back, on both databases."""

from pathlib import Path

import pytest

from broadsheet.errors import Mistake, NotFound
from broadsheet.store import Name, Pending, Returned, Schedule, Store, Subscriber, Suppressed, Wish
from broadsheet.store.subscribers import MOST_WISHES
from community_people import reader, sql
from mail_rows import CL, FAR, LG, ask, at_once, edition, one, put

# -- subscribers -------------------------------------------------------------------------------------------------------


def test_a_subscription_is_made_and_changed(store: Store) -> None:
    schedule = Schedule("week", 4, 1080, "Europe/Berlin", "de", "skip", 20261224)
    made = store.subscribers.put("ada@example.org", None, schedule, [CL, Wish("rising"), CL], 100)
    assert made[4:11] == schedule
    assert (made.email, made.account, made.made, made.confirmed, made.left) == ("ada@example.org", None, 100, 100, None)
    assert len(made.seed) == 16
    assert store.subscribers.wishes([made.id, 99]) == {made.id: [Wish("rising"), CL], 99: []}
    changed = store.subscribers.put("ada@example.org", None, Schedule(), [LG], 200)
    assert (changed.id, changed.seed, changed.every, changed.made) == (made.id, made.seed, "day", 100)
    assert store.subscribers.wishes([made.id])[made.id] == [LG]
    assert store.subscribers.by_email("ada@example.org") == store.subscribers.at(made.id) == changed
    assert store.subscribers.by_email("ada@example.com") is None
    assert [store.subscribers.at(id) for id in (0, -1, 99, 1 << 40)] == [None] * 4


def test_an_account_takes_over_what_its_address_had_and_nobody_else_does(store: Store) -> None:
    anonymous, ada, ben = put(store, "ada@example.org", CL), reader(store, "Ada"), reader(store, "Ben")
    linked = store.subscribers.put("ada@example.org", ada.id, Schedule(), [CL], 200)
    assert (linked.id, linked.account) == (anonymous.id, ada.id)
    assert store.subscribers.of_account(ada.id) == linked
    for account in (ben.id, None):
        with pytest.raises(Mistake, match="another reader's subscription"):
            store.subscribers.put("ada@example.org", account, Schedule(every="off"), [], 300)
    assert store.subscribers.of_account(ada.id) == linked
    assert store.subscribers.of_account(ben.id) is None
    with pytest.raises(NotFound, match="not here any more"):
        store.subscribers.put("new@example.org", 4711, Schedule(), [], 300)


def test_wishes_come_and_go(store: Store) -> None:
    held = put(store, "ada@example.org", CL)
    store.subscribers.add_wishes(held.id, [CL, LG])
    assert store.subscribers.drop_wish(held.id, CL)
    assert not store.subscribers.drop_wish(held.id, CL)
    assert store.subscribers.wishes([held.id])[held.id] == [LG]
    store.subscribers.want(held.id, [Wish("author", "Ada Lovelace"), Wish("front")])
    assert store.subscribers.wishes([held.id])[held.id] == [Wish("author", "Ada Lovelace"), Wish("front")]
    for wish in (Wish("spam"), Wish("author", "a" * 1_001), Wish("author", "a\0b"), Wish("author", "a\udc80")):
        with pytest.raises(Mistake, match="subscribe"):
            store.subscribers.add_wishes(held.id, [wish])
    with pytest.raises(Mistake, match=f"{MOST_WISHES} wishes"):
        store.subscribers.add_wishes(held.id, [Wish("topic", str(number)) for number in range(MOST_WISHES)])
    assert len(store.subscribers.wishes([held.id])[held.id]) == 2
    with pytest.raises(NotFound):
        store.subscribers.want(99, [CL])
    with pytest.raises(NotFound):
        store.subscribers.reschedule(99, Schedule())


def test_who_gets_editions(store: Store) -> None:
    ada, off, gone = (
        put(store, "ada@example.org"),
        put(store, "b@example.org", every="off"),
        put(store, "c@example.org"),
    )
    suspended = reader(store, "Dora")
    store.subscribers.put("d@example.org", suspended.id, Schedule(), [], 100)
    last = put(store, "e@example.org", every="week")
    store.subscribers.leave(gone.id, 300)
    store.accounts.suspend(suspended.id, 1)
    assert [one.id for one in store.subscribers.all()] == [ada.id, last.id]
    assert [one.id for one in store.subscribers.all(ada.id, 1)] == [last.id]
    store.subscribers.suppress("x@example.org", "owner", "", 1)
    assert store.subscribers.count() == {"active": 2, "off": 2, "left": 1, "suppressed": 1}
    assert [one.email for one in store.subscribers.search("D@EX")] == ["d@example.org"]
    assert len(store.subscribers.search("%")) == 0
    assert len(store.subscribers.search(limit=2)) == 2
    store.accounts.restore(suspended.id, 1)
    assert len(store.subscribers.all()) == 3
    assert store.subscribers.at(off.id) == off


def test_leaving_holds_what_is_ready_back_and_coming_back_is_as_before(store: Store) -> None:
    held = put(store, "ada@example.org", CL, every="week")
    store.editions.put([edition(held.id, 20261120, "sent"), edition(held.id, 20261121, "ready", content=b"x")])
    assert store.subscribers.leave(held.id, 300)
    assert not store.subscribers.leave(held.id, 400)
    left = store.subscribers.at(held.id)
    assert left is not None and (left.every, left.left) == ("off", 300)
    assert (one(store, held.id, 20261121)[3:5], one(store, held.id, 20261121).done) == (
        ("withheld", "its reader has unsubscribed"), 300,
    )  # fmt: skip
    assert one(store, held.id, 20261120).state == "sent"
    assert store.editions.ready(1_000, 10) == []
    assert store.subscribers.come_back(held.id)
    assert not store.subscribers.come_back(held.id)
    assert store.subscribers.at(held.id) == held
    assert store.subscribers.wishes([held.id])[held.id] == [CL]
    (ready,) = store.editions.ready(1_000, 10)
    assert (ready.day, ready.reason, ready.content) == (20261121, "", b"x")
    store.subscribers.leave(held.id, 500)
    store.subscribers.reschedule(held.id, Schedule(every="off"))
    assert store.subscribers.count()["left"] == 1
    store.subscribers.reschedule(held.id, Schedule())
    assert store.subscribers.count()["active"] == 1


# -- asked, and answered -----------------------------------------------------------------------------------------------


def test_a_question_is_answered_once(store: Store) -> None:
    ask(store, "h1")
    ask(store, "h2", made=150)
    ask(store, "h3", "ben@example.org")
    assert store.subscribers.asked("ada@example.org", "net", 0) == ([100, 150], [100, 100, 150])
    assert store.subscribers.asked("ada@example.org", "net", 100) == ([150], [150])
    assert [one.hash for one in store.subscribers.pendings("ada@example.org")] == ["h1", "h2"]
    assert store.subscribers.by_email("ada@example.org") is None
    held = store.subscribers.confirm("h1", Schedule(every="week"), [CL], 200)
    assert held is not None and (held.every, held.confirmed) == ("week", 200)
    assert store.subscribers.confirm("h1", Schedule(), [LG], 210) is None
    assert store.subscribers.confirm("h2", Schedule(), [LG], 210) is None, "the other one ended with it"
    assert store.subscribers.confirm("none", Schedule(), [LG], 210) is None
    assert store.subscribers.wishes([held.id])[held.id] == [CL]
    used = store.subscribers.pending("h1")
    assert used is not None and used.used == 200
    assert store.subscribers.pendings("ada@example.org") == []
    assert len(store.subscribers.pendings("ben@example.org")) == 1


def test_a_question_ends_and_goes(store: Store) -> None:
    ask(store, "h1", ends=199)
    assert store.subscribers.confirm("h1", Schedule(), [CL], 200) is None
    ask(store, "h2", "ben@example.org", made=100 + 8 * 86_400)
    assert store.subscribers.pending("h1") is None
    assert store.subscribers.pending("h2") is not None


def test_two_who_confirm_at_once(store: Store) -> None:
    for round in range(5):
        ask(store, f"h{round}", f"reader{round}@example.org")

        def confirm(round: int = round) -> object:
            return store.subscribers.confirm(f"h{round}", Schedule(), [CL], 200)

        found = at_once(*[confirm] * 4)
        assert [one is not None for one in found].count(True) == 1


def test_two_questions_of_one_address_answered_at_once(store: Store) -> None:
    ask(store, "h1")
    ask(store, "h2")
    found = at_once(*(lambda key=key: store.subscribers.confirm(key, Schedule(), [CL], 200) for key in ("h1", "h2")))
    assert any(found)
    assert store.subscribers.count()["active"] == 1


def test_subscribing_again_never_lowers(store: Store) -> None:
    held = put(store, "ada@example.org", CL)
    ask(store, "h1")
    assert store.subscribers.at(held.id) == held, "asking changes nothing"
    again = store.subscribers.confirm("h1", Schedule(every="week", paused=20270101), [LG], 200)
    assert again is not None and again == held._replace(confirmed=200)
    assert store.subscribers.wishes([held.id])[held.id] == [CL, LG]


def test_who_left_is_back_with_what_is_wanted_now(store: Store) -> None:
    held = put(store, "ada@example.org", CL)
    store.subscribers.leave(held.id, 150)
    ask(store, "h1")
    again = store.subscribers.confirm("h1", Schedule(every="week"), [LG], 200)
    assert again is not None and (again.id, again.every, again.left) == (held.id, "week", None)
    assert store.subscribers.wishes([held.id])[held.id] == [LG]


def test_a_letter_that_arrived_lifts_a_bounce_and_nothing_else(store: Store) -> None:
    for number, why in enumerate(("bounce", "complaint", "owner")):
        store.subscribers.suppress(f"{why}@example.org", why, "x", 100)
        ask(store, f"h{number}", f"{why}@example.org")
        assert store.subscribers.confirm(f"h{number}", Schedule(), [CL], 200)
    assert [one.why for one in store.subscribers.suppressions()] == ["complaint", "owner"]


# -- with its account --------------------------------------------------------------------------------------------------


def called(name: str) -> Name:
    return Name(name, name.lower(), name.lower())


def test_a_subscription_follows_its_account_to_another_address(store: Store) -> None:
    ada = store.accounts.add(called("Ada"), "ada@example.org", "reader", None)
    held = store.subscribers.put("ada@example.org", ada.id, Schedule(), [CL], 100)
    other = put(store, "ada@example.com", LG, Wish("search", "graphs"))
    store.editions.put([edition(held.id, 20261120, "sent", [1], content=b"a")])
    store.editions.put([edition(other.id, day, "sent", [2], content=b"b") for day in (20261119, 20261120)])
    store.accounts.set_email(ada.id, "ada@example.com", ada.id)
    moved = store.subscribers.of_account(ada.id)
    assert moved is not None and (moved.id, moved.email) == (held.id, "ada@example.com")
    assert moved.seed != held.seed, "links in letters at the old address open nothing"
    assert store.subscribers.at(other.id) is None
    assert store.subscribers.wishes([held.id])[held.id] == [CL, LG]
    assert [(one.day, one.content) for one in store.editions.of(held.id)] == [(20261120, b"a"), (20261119, b"b")]
    store.accounts.set_email(ada.id, None, ada.id)
    assert store.subscribers.of_account(ada.id) is None
    assert store.editions.of(held.id) == []


def test_a_new_address_of_an_account_is_learnt_when_it_subscribes_again(store: Store) -> None:
    ada, ben = reader(store, "Ada"), reader(store, "Ben")
    held = store.subscribers.put("ada@example.org", ada.id, Schedule(), [CL], 100)
    store.subscribers.put("ben@example.org", ben.id, Schedule(), [CL], 100)
    again = store.subscribers.put("ada@example.com", ada.id, Schedule(), [CL], 200)
    assert (again.id, again.email) == (held.id, "ada@example.com")
    with pytest.raises(Mistake, match="another reader's"):
        store.subscribers.put("ben@example.org", ada.id, Schedule(), [CL], 200)
    with pytest.raises(Mistake, match="another reader's"):
        store.subscribers.move(ada.id, "ben@example.org")
    assert store.subscribers.at(held.id) == again


def test_a_new_seed(store: Store) -> None:
    held = put(store)
    store.subscribers.reseed(held.id)
    changed = store.subscribers.at(held.id)
    assert changed is not None and changed.seed != held.seed and changed._replace(seed=held.seed) == held
    with pytest.raises(NotFound):
        store.subscribers.reseed(99)


SECRETS = ("zephyrine@example.org", "xylophones of the north", "quokka network", "wombat street")


def full(store: Store) -> Subscriber:
    """Somebody of whom there is a row in every table."""
    held = store.subscribers.put("zephyrine@example.org", None, Schedule(), [Wish("author", SECRETS[1])], 100)
    store.subscribers.ask(Pending("h", held.email, f'"{SECRETS[1]}"', SECRETS[2], 100, FAR, None))
    store.editions.put([edition(held.id, 20261120, "sent", [1], content=b"x")])
    store.subscribers.note_return(Returned("m", "bounce", held.id, 1, f"no such house in {SECRETS[3]}", 100))
    store.subscribers.suppress(held.email, "bounce", f"no such house in {SECRETS[3]}", 100)
    return held


def test_removal_leaves_no_trace(tmp_path: Path) -> None:
    def raw() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.iterdir())

    with Store.open(tmp_path / "store.sqlite3") as store:
        held = full(store)
        for number in range(400):  # others come between, so that pages are split
            other = put(store, f"reader{number}@example.org", CL)
            if number % 7 == 0:
                store.subscribers.want(held.id, [Wish("author", f"{SECRETS[1]} {number}")])
                store.subscribers.reseed(other.id)
        before = [store.subscribers.at(id) for id in range(held.id + 1, held.id + 400)]
        assert all(secret.encode() in raw() for secret in SECRETS)
        assert store.subscribers.remove(held.id)
        assert [secret for secret in SECRETS if secret.encode() in raw()] == []
        assert [store.subscribers.at(id) for id in range(held.id + 1, held.id + 400)] == before
        assert not store.subscribers.remove(held.id)
        assert put(store, "new@example.org").id > other.id, "a number is never given twice"


def test_removal_takes_all_of_one(store: Store) -> None:
    held, other = full(store), put(store, "ben@example.org", CL)
    store.editions.put([edition(other.id, 20261120, "sent", [1], content=b"y")])
    assert store.subscribers.remove(held.id)
    assert store.subscribers.suppressions() == []
    assert store.subscribers.pending("h") is None
    assert store.subscribers.returns() == [Returned("m", "bounce", None, None, "", 100)]
    assert not store.subscribers.note_return(Returned("m", "bounce", None, None, "", 100)), "it is known all the same"
    assert sql(store, "SELECT subscriber FROM content") == [(other.id,)]
    assert store.subscribers.all() == [other]


# -- suppression, and what came back -----------------------------------------------------------------------------------


def test_an_account_takes_along_what_its_address_has_without_it(store: Store) -> None:
    ada = store.accounts.add(called("Ada"), "ada@example.org", "reader", None)
    anonymous, other = put(store, "ada@example.org", CL), put(store, "ben@example.org", CL)
    ask(store, "h1")
    store.subscribers.suppress("ada@example.org", "owner", "a trap", 100)
    store.leaving.leave(ada.id, None)
    assert store.subscribers.at(anonymous.id) is None
    assert store.subscribers.pending("h1") is None
    assert store.subscribers.all() == [other]
    assert [one.why for one in store.subscribers.suppressions()] == ["owner"], "what the owner said is the owner's"


def test_suppressions_are_never_weakened(store: Store) -> None:
    assert store.subscribers.suppress("a@example.org", "bounce", "full", 100)
    assert not store.subscribers.suppress("a@example.org", "bounce", "again", 200)
    assert store.subscribers.suppress("a@example.org", "complaint", "spam", 300)
    assert not store.subscribers.suppress("a@example.org", "bounce", "x" * 999, 400)
    assert store.subscribers.suppressed(["a@example.org", "b@example.org"]) == {
        "a@example.org": Suppressed("a@example.org", "complaint", "spam", 300)
    }
    assert store.subscribers.suppress("a@example.org", "owner", "asked for it", 500)
    store.subscribers.suppress("b@example.org", "bounce", "x" * 999, 600)
    assert [one.email for one in store.subscribers.suppressions(1, "a@example.org")] == ["b@example.org"]
    assert len(store.subscribers.suppressions(1, "a@example.org")[0].detail) == 500
    assert store.subscribers.lift("a@example.org")
    assert not store.subscribers.lift("a@example.org")


def test_what_came_back_is_noted_once(store: Store) -> None:
    held = put(store)
    day = 86_400
    assert store.subscribers.note_return(Returned("m1", "bounce", held.id, 7, "5.1.1", 500 * day))
    assert not store.subscribers.note_return(Returned("m1", "unknown", None, None, "", 501 * day))
    assert store.subscribers.note_return(Returned("m2", "unknown", None, None, "", 502 * day))
    assert [one.mark for one in store.subscribers.returns()] == ["m2", "m1"]
    assert store.subscribers.returns(501 * day, 1)[0].mark == "m2"
    assert [one.edition for one in store.subscribers.returns_of(held.id)] == [7]
    assert store.subscribers.returns_by_kind(0) == {"bounce": 1, "unknown": 1}
    found = at_once(
        *[lambda: store.subscribers.note_return(Returned("m3", "delay", None, None, "", 901 * day))] * 4,
    )  # fmt: skip
    assert sorted(map(str, found)) == ["False", "False", "False", "True"]
    assert [one.mark for one in store.subscribers.returns()] == ["m3", "m2"], "400 days are enough"

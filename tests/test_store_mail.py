"""Subscribers, the ledger of editions and what came back, on both databases."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from broadsheet.errors import Mistake, NotFound
from broadsheet.paper import make
from broadsheet.store import (
    Edition,
    Name,
    Pending,
    Returned,
    Schedule,
    Store,
    Subscriber,
    Suppressed,
    Wish,
)  # fmt: skip
from broadsheet.store.subscribers import MOST_WISHES
from community_people import reader, sql

CL, LG = Wish("topic", "cs.CL"), Wish("topic", "cs.LG")
FAR = 1 << 40


def packed(*pks: int) -> bytes:
    return np.array(pks, dtype="<i4").tobytes()


def edition(
    subscriber: int, day: int, state: str = "sent", pks: Sequence[int] = (), *, upto: int = 0, due: int = 100,
    content: bytes | None = None, next: int = 0,
) -> Edition:  # fmt: skip
    return Edition(0, subscriber, day, state, "", due, 0, next, upto, packed(*pks), content, 50, None)


def put(store: Store, email: str = "ada@example.org", *wishes: Wish, every: str = "day") -> Subscriber:
    return store.subscribers.put(email, None, Schedule(every=every), wishes, 100)


def ask(store: Store, hash: str, email: str = "ada@example.org", made: int = 100, ends: int = FAR) -> None:
    store.subscribers.ask(Pending(hash, email, "{}", "net", made, ends, None))


def one(store: Store, subscriber: int, day: int) -> Edition:
    return next(edition for edition in store.editions.of(subscriber) if edition.day == day)


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """What each job gave; all begin together."""
    found: list[object] = [None] * len(jobs)
    gate = threading.Barrier(len(jobs))

    def work(place: int) -> None:
        gate.wait()
        found[place] = jobs[place]()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


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
        ("withheld", "unsubscribed"), 300,
    )  # fmt: skip
    assert one(store, held.id, 20261120).state == "sent"
    assert store.editions.ready(1_000, 10) == []
    assert store.subscribers.come_back(held.id)
    assert not store.subscribers.come_back(held.id)
    assert store.subscribers.at(held.id) == held
    assert store.subscribers.wishes([held.id])[held.id] == [CL]
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


# -- the ledger --------------------------------------------------------------------------------------------------------


def test_one_edition_a_subscriber_and_day(store: Store) -> None:
    ada, ben = put(store, "ada@example.org"), put(store, "ben@example.org")
    rows = [edition(ada.id, 20261121, "ready", [3, 1, 2], content=b"said"), edition(ben.id, 20261121, "skipped")]
    assert store.editions.put(rows) == 2
    assert store.editions.put([edition(ada.id, 20261121, "skipped", content=b"other"), edition(ada.id, 20261122)]) == 1
    assert store.editions.put([]) == 0
    kept = one(store, ada.id, 20261121)
    assert (kept.state, kept.papers, kept.content, kept.done) == ("ready", packed(3, 1, 2), b"said", None)
    assert one(store, ben.id, 20261121).done == 50
    assert store.editions.at(kept.id) == kept
    assert [store.editions.at(id) for id in (0, 999, 1 << 40)] == [None] * 3
    assert [one.day for one in store.editions.of(ada.id)] == [20261122, 20261121]
    assert store.editions.days([ada.id, ben.id], 20261122) == {(ada.id, 20261122)}
    assert len(store.editions.days([ada.id, ben.id], 0)) == 3
    assert store.editions.per_day(20261122) == {20261122: {"sent": 1}}
    assert store.editions.per_day(0)[20261121] == {"ready": 1, "skipped": 1}


def test_histories_tell_what_arrived(store: Store) -> None:
    ada, ben = put(store, "ada@example.org"), put(store, "ben@example.org")
    store.editions.put(
        [
            edition(ada.id, 20261118, "sent", [5, 2], upto=10),
            edition(ada.id, 20261119, "unsure", [3, 2], upto=20),
            edition(ada.id, 20261120, "bounced", [6], upto=30),
            edition(ada.id, 20261121, "ready", [7], upto=40),
        ]
    )
    found = store.editions.histories([ben.id, ada.id])
    assert found[ada.id].delivered.tolist() == [2, 3, 5]
    assert found[ada.id].delivered.dtype == np.int64
    assert found[ada.id][1:] == (20, 20261119, 20261121)
    assert (found[ben.id].delivered.tolist(), found[ben.id][1:]) == ([], (0, 0, 0))
    assert store.editions.histories([]) == {}


def test_papers_that_merged_count_as_delivered(store: Store) -> None:
    with store.writing() as writer:
        pks = writer.insert([make(key, f"Works of the year {key}") for key in "abcdef"])
        writer.absorb(pks[3], pks[0])
    held = put(store)
    store.editions.put([edition(held.id, 20261120, "sent", [pks[3], pks[5]])])
    assert store.editions.absorbed() == {pks[3]: pks[0]}
    assert store.editions.histories([held.id])[held.id].delivered.tolist() == [pks[0], pks[5]]
    store.editions.put([edition(held.id, 20261121, "sent", [pks[0]])])
    assert store.editions.histories([held.id])[held.id].delivered.tolist() == [pks[0], pks[5]]


def test_what_is_ready_comes_in_its_order_and_time(store: Store) -> None:
    held = put(store)
    store.editions.put(
        [
            edition(held.id, 20261120, "ready", due=300, content=b"x"),
            edition(held.id, 20261121, "ready", due=200),
            edition(held.id, 20261122, "ready", due=200, next=250),
            edition(held.id, 20261123, "ready", due=900),
        ]
    )
    assert [one.day for one in store.editions.ready(240, 10)] == [20261121]
    assert [one.day for one in store.editions.ready(500, 10)] == [20261121, 20261122, 20261120]
    assert [one.content for one in store.editions.ready(500, 10)] == [None, None, b"x"]
    assert len(store.editions.ready(500, 2)) == 2
    assert store.editions.waiting() == (4, 200)
    first = store.editions.ready(500, 1)[0]
    assert store.editions.claim(first.id)
    assert not store.editions.claim(first.id)
    assert store.editions.waiting() == (3, 250)
    assert [one.id for one in store.editions.orphans()] == [first.id]
    assert store.editions.settle(first.id, "ready", "421 busy", 500, next=800, tries=1)
    again = store.editions.at(first.id)
    assert again is not None and again[3:8] == ("ready", "421 busy", 200, 1, 800)
    assert store.editions.ready(799, 10)[0].id != first.id
    assert store.editions.claim(first.id)
    assert store.editions.settle(first.id, "sent", "", 810)
    sent = store.editions.at(first.id)
    assert sent is not None and (sent.state, sent.tries, sent.done) == ("sent", 1, 810)
    assert store.editions.orphans() == []
    assert not store.editions.settle(999, "sent", "", 810)


def test_a_bounce_that_is_quicker_than_the_record_stays(store: Store) -> None:
    held = put(store)
    store.editions.put([edition(held.id, 20261120, "ready")])
    (ready,) = store.editions.ready(500, 1)
    store.editions.claim(ready.id)
    assert store.editions.settle(ready.id, "bounced", "no such mailbox", 510)
    assert not store.editions.settle(ready.id, "sent", "", 511)
    assert one(store, held.id, 20261120).state == "bounced"
    assert store.editions.reasons(20261120) == {"no such mailbox": 1}


def test_claims_by_several_processes(where: str) -> None:
    """What two processes claim is claimed by one of them, and all is claimed."""
    with Store.open(where) as store:
        held = put(store)
        store.editions.put([edition(held.id, day, "ready") for day in range(20261001, 20261041)])
        program = (
            "import sys\nfrom broadsheet.store import Store\n"
            "with Store.open(sys.argv[1]) as store:\n"
            "    sys.stdin.readline()\n"
            "    print(*[one.id for one in store.editions.ready(1000, 100) if store.editions.claim(one.id)])\n"
        )
        started = [
            subprocess.Popen(
                [sys.executable, "-W", "error", "-c", program, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]  # fmt: skip
        time.sleep(0.5)
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        claimed = [int(id) for process in started for id in process.communicate()[0].split()]
        assert [process.returncode for process in started] == [0] * 3
        assert sorted(claimed) == sorted(one.id for one in store.editions.orphans())
        assert len(claimed) == 40


def test_pruning_takes_what_was_said_and_keeps_the_ledger(store: Store) -> None:
    held = put(store)
    store.editions.put([edition(held.id, day, "sent", [1], content=b"x") for day in (20261119, 20261120, 20261121)])
    assert store.editions.prune(20261121) == 2
    assert store.editions.prune(20261121) == 0
    assert [(one.day, one.content, one.papers) for one in store.editions.of(held.id)] == [
        (20261121, b"x", packed(1)), (20261120, None, packed(1)), (20261119, None, packed(1)),
    ]  # fmt: skip

"""The ledger of editions, on both databases."""

import subprocess
import sys
import time

import numpy as np

from broadsheet.paper import make
from broadsheet.store import Store
from mail_rows import edition, one, packed, put


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
    assert found[ada.id][1:3] == (20, 20261119)
    assert found[ada.id].again.tolist() == [6]
    nothing = found[ben.id]
    assert (nothing.delivered.tolist(), nothing[1:3], nothing.again.tolist()) == ([], (0, 0), [])
    assert store.editions.histories([]) == {}


def test_what_arrived_last_is_what_was_made_last_though_a_clock_was_years_ahead(store: Store) -> None:
    ada = put(store)
    store.editions.put([edition(ada.id, 20291120, "sent", [1], upto=10, due=10**10)])
    store.editions.put([edition(ada.id, 20261121, "sent", [2], upto=20)])
    found = store.editions.histories([ada.id])[ada.id]
    assert (found.delivered.tolist(), found.upto, found.day) == ([1, 2], 20, 20261121)


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

"""Thirty days of mail in a library, for the tests that look at pages: every state, what came back, who gets nothing."""

import random
import time

from broadsheet.editions import heart
from broadsheet.editions.heart import State, Step
from broadsheet.library import Library
from broadsheet.store import Edition, Returned, Schedule, Wish

DAY = 86_400
READERS = (
    ("ada@example.org", Schedule(zone="Europe/Berlin")),
    ("a.very.long.address.of.somebody@department.of.some.university.example.org", Schedule(every="week")),
    ("emmy@xn--gttingen-n4a.example.org", Schedule(zone="America/New_York", quiet="skip")),
    *((f"reader{number}@example.org", Schedule()) for number in range(12)),
)
# Of a hundred editions: up to which, the state, and why.
_SHARES = (
    (80, "sent", "mail.example.org answered 250 2.0.0 Ok: queued as 4F1A2"),
    (84, "refused", "nobody has this address: mail.example.org answered 550 5.1.1 no such user"),
    (88, "failed", "tried 6 times, then it was too old: mail.example.org answered 451 4.7.1 greylisted"),
    (94, "withheld", "letters to this address came back; it gets none until its reader confirms it again"),
    (97, "unsure", "the program was stopped while it was being sent: it may have arrived, and is not sent again"),
    (100, "skipped", "nothing new that fits, and its reader wants no letter then"),
)


def fill(library: Library) -> None:
    """Brings all of it in."""
    now, draw, store = int(time.time()), random.Random(7), library.store
    trouble = Step(now, False, "imap.example.org answered NO: the password is wrong", now - 7200)
    heart.write(library.home, State(now - DAY, now - 20, now, True, {"returns": trouble}))
    wishes = [Wish("rising")]
    readers = [store.subscribers.put(email, None, plan, wishes, now - 40 * DAY) for email, plan in READERS]
    rows = []
    for back in range(26):
        at = now - back * DAY
        day = int(time.strftime("%Y%m%d", time.gmtime(at)))
        for one in readers:
            share = draw.randrange(100)
            state, why = next((state, why) for most, state, why in _SHARES if share < most)
            if back == 0 and share < 40:
                state, why = "ready", ""
            if back == 9:
                state, why = "missed", "nothing was at work on that day; what was new is in the next edition"
            rows.append(Edition(0, one.id, day, state, why, at, 0, 0, 0, b"", None, at, at))
    store.editions.put(rows)
    store.subscribers.suppress("gone@example.net", "bounce", "mail.example.net answered 550 5.1.1 no such user", now)
    store.subscribers.suppress(readers[3].email, "complaint", "abuse", now - 3 * DAY)
    store.subscribers.note_return(Returned("a", "bounce", readers[1].id, 3, "5.2.2 mailbox full", now - 7000))
    store.subscribers.note_return(Returned("b", "unknown", None, None, "Holiday until Monday", now - 190_000))

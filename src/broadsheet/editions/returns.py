"""What came back is applied: to the edition that it is about, and to the address.

Each message counts once, however often and by whichever way it comes: the act first, which may be done twice, then the
note that it is done. Whom a message is about is in a key that only this library can have made; one that is forged, or
in no message at all, changes nothing and is told.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from broadsheet.editions import letters, links
from broadsheet.mail import mailbox, write
from broadsheet.mail.mailbox import Mailbox, Place, Seen
from broadsheet.mail.returns import Report, Unreadable
from broadsheet.mail.returns import read as parsed
from broadsheet.mail.server import MailError, sender
from broadsheet.mail.verp import Named
from broadsheet.people import keys
from broadsheet.store import Returned

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.store import Edition, Store, Subscriber

IN_A_ROW = 3  # editions that did not arrive, for whatever reason, and
DAYS = 7  # from the first of them to the last: then the address gets nothing any more
LOOKED = 100  # editions of a subscriber that are looked at for that
TRIES = 3  # connections to a mailbox that ends them
AT_ONCE = 1_000  # messages of a mailbox; the next reading goes on from there
_CURSOR = "mailbox"
_ARRIVED = ("sent", "unsure", "sending")
_WORDS = {
    "bounce": "did not arrive", "delay": "delayed", "complaint": "reported as spam", "unsubscribe": "unsubscribed",
    "unknown": "about nobody here", "ignored": "answers of machines", "known": "known already",
    "unreadable": "unreadable",
}  # fmt: skip


class Applied(NamedTuple):
    """What a message was, and what it changed.

    kind        bounce, delay, complaint, unsubscribe; unknown for one that says nothing that can be acted on, or names
                nobody; ignored for an answer of a machine; known for one that was applied before
    subscriber  whom it is about; None for nobody, and edition likewise
    suppressed  whether the address gets nothing from here on
    said        one sentence for the owner, without an address
    """

    kind: str
    subscriber: int | None
    edition: int | None
    suppressed: bool
    said: str


class About(NamedTuple):
    """Whom a message is about; nobody with *why* where nothing tells.

    sure  whether it went to the address that the subscriber has now, and not to one of before
    """

    subscriber: "Subscriber | None"
    edition: "Edition | None"
    sure: bool = True
    why: str = ""


# -- what comes back ---------------------------------------------------------------------------------------------------


def apply(library: "Library", data: bytes, envelope: Sequence[str] = (), now: int | None = None) -> Applied:
    """Does what the message *data* asks for; *envelope*: whom the server that has it says it was sent to.

    Raises Unreadable for what is no message, Mistake for settings that are wrong, StoreError.
    """
    store, at = library.store, int(time.time()) if now is None else now
    domain = write.mailbox(sender(library.settings)).domain
    report = parsed(data, library.settings.returns, domain, envelope)
    if report.kind == "automatic":
        return Applied("ignored", None, None, False, report.detail)
    if store.subscribers.is_known(report.mark):
        return Applied("known", None, None, False, "this message was applied before")
    about = _about(store, report)
    done = _acted(store, report, about, at)
    store.subscribers.note_return(Returned(report.mark, done.kind, done.subscriber, done.edition, done.said, at))
    return done


def _about(store: "Store", report: Report) -> About:
    """Whom a message names. An address with a key that is not genuine is believed in nothing else either."""
    for one in (*report.addressed, *report.inside):
        found = _named(store, one, report)
        if found.subscriber is not None:
            return found
        if one in report.addressed:
            return About(None, None, why="the key in its address is forged, or its subscription has moved or gone")
    forged = "its keys are forged, or their subscription has moved or gone"
    return About(None, None, why=forged if report.inside else "it names nobody")


def _named(store: "Store", one: Named, report: Report) -> About:
    """Whom one key names. Those in addresses end when a subscription moves; a Message-ID does not."""
    if one.purpose == "leave":
        return About(links.opened(store, one.key, "leave"), None)
    if one.purpose == "return":
        edition, subscriber = links.opened_edition(store, one.key, "return") or (None, None)
        return About(subscriber, edition)
    edition = store.editions.at(int(one.key.split(".")[1]))
    if edition is None or not keys.same(letters.id_of(keys.secret_of(store), edition).lower(), one.key):
        return About(None, None)
    subscriber = store.subscribers.at(edition.subscriber)
    return About(subscriber, edition, sure=subscriber is not None and subscriber.email in report.to)


def _acted(store: "Store", report: Report, about: About, now: int) -> Applied:
    subscriber, edition = about.subscriber, about.edition
    if report.kind == "other" or subscriber is None:
        return Applied("unknown", None, None, False, "; ".join(filter(None, (about.why, report.detail))))
    if report.kind == "unsubscribe":
        store.subscribers.leave(subscriber.id, now)
        return Applied("unsubscribe", subscriber.id, None, False, "unsubscribed by a letter")
    id = edition.id if edition else None
    if report.kind == "complaint" and not about.sure:  # whoever was sent an answer to the letter could write it
        return Applied("unknown", subscriber.id, id, False, f"a complaint that only quotes a letter; {report.detail}")
    if report.kind == "complaint":
        store.subscribers.suppress(subscriber.email, "complaint", report.detail, now)
        store.subscribers.leave(subscriber.id, now)
        return Applied("complaint", subscriber.id, id, True, report.detail)
    if report.kind == "delay":
        return Applied("delay", subscriber.id, id, False, report.detail)
    if edition is None:  # a letter to unsubscribe has no edition, and no bounce
        return Applied("unknown", subscriber.id, None, False, f"it names no edition; {report.detail}")
    if edition.state in _ARRIVED:
        store.editions.settle(edition.id, "bounced", f"it came back: {report.detail}", now)
    stop = about.sure and _is_over(store, report, subscriber, edition)
    if stop:
        store.subscribers.suppress(subscriber.email, "bounce", report.detail, now)
    return Applied("bounce", subscriber.id, id, stop, report.detail)


def _is_over(store: "Store", report: Report, subscriber: "Subscriber", edition: "Edition") -> bool:
    """Whether the address gets nothing any more, after *edition* came back.

    For good at once, else after IN_A_ROW editions in a row over DAYS. Not for a letter of before its reader has last
    confirmed the address, by a letter that did arrive.
    """
    if edition.done is not None and edition.done < subscriber.confirmed:
        return False
    if report.lasting:
        return True
    days = _in_a_row(store.editions.of(subscriber.id, LOOKED), edition.day)
    return len(days) >= IN_A_ROW and (_date(days[0]) - _date(days[-1])).days >= DAYS


def _in_a_row(editions: Iterable["Edition"], until: int) -> list[int]:
    """The days of the editions that did not arrive, up to the day *until*, after the last that did; newest first."""
    days = []
    for one in editions:
        if one.day > until or one.state not in ("bounced", "refused", "sent", "unsure"):
            continue
        if one.state in ("sent", "unsure"):
            break
        days.append(one.day)
    return days


def _date(day: int) -> date:
    return date(day // 10_000, day // 100 % 100, day % 100)


# -- from a mailbox ----------------------------------------------------------------------------------------------------


class Collected(NamedTuple):
    """What a reading of the mailbox did: kind -> messages, as in `Applied`; and a sentence for each unknown one."""

    counts: dict[str, int]
    unknown: list[str]

    @property
    def said(self) -> str:
        """``2 did not arrive, 1 unsubscribed``; empty for nothing."""
        return ", ".join(f"{count:,} {_WORDS[kind]}" for kind, count in self.counts.items() if count)


def read(library: "Library", now: int) -> str:
    """Reads the mailbox of the settings, if there is one: what came back, in words; empty for nothing.

    Raises Mistake, MailError, StoreError.
    """
    where = mailbox.place(library.settings)
    return collect(library, where, now).said if where else ""


def collect(library: "Library", where: Place, now: int, patience: float = mailbox.PATIENCE) -> Collected:
    """Applies what has come to the mailbox since the last time. Raises Mistake, MailError, StoreError.

    A connection that ends is made anew. A message at which it ends twice is left there, unread, and told.
    """
    reading = _Reading(library, where, now)
    for number in range(1, TRIES + 1):
        try:
            with Mailbox(where, patience) as box:
                reading.all(box)
            break
        except MailError as error:
            if error.lasting or number == TRIES:
                raise
    return Collected(dict(reading.counts), reading.unknown)


class _Reading:
    """One reading of a mailbox, over as many connections as it takes."""

    def __init__(self, library: "Library", where: Place, now: int) -> None:
        self._library, self._now = library, now
        self._part = f"{where.user}@{where.host}/{where.folder}"
        self._begun: Counter[int] = Counter()
        self.counts: Counter[str] = Counter()
        self.unknown: list[str] = []

    def all(self, box: Mailbox) -> None:
        for uid in box.new(_seen(self._library.store, self._part))[:AT_ONCE]:
            self._begun[uid] += 1
            if self._begun[uid] == TRIES:
                self._count("unreadable", f"message {uid} of the mailbox: the connection ends whenever it is read")
            elif (data := box.message(uid)) is None:
                self._count("unreadable", f"message {uid} of the mailbox cannot be read")
            else:
                self._one(data)
                if not box.finish(uid):
                    self.unknown.append(f"message {uid} was read, and the server does not let it be marked or moved")
            with self._library.store.writing() as writer:
                writer.set_cursor(_CURSOR, self._part, f"{box.validity} {uid}")

    def _one(self, data: bytes) -> None:
        try:
            done = apply(self._library, data, now=self._now)
        except Unreadable as error:
            self._count("unreadable", str(error))
        else:
            self._count(done.kind, done.said if done.kind == "unknown" else "")

    def _count(self, kind: str, said: str) -> None:
        self.counts[kind] += 1
        if said:
            self.unknown.append(said)


def _seen(store: "Store", part: str) -> Seen | None:
    held = (store.cursor(_CURSOR, part) or "").split()
    return Seen(int(held[0]), int(held[1])) if len(held) == 2 else None


def told(done: Applied) -> str:
    """A line for who hands one message over."""
    return f"{done.kind}: {done.said}{'; the address gets no more letters' if done.suppressed else ''}"

"""The ledger's runner: what is ready is sent, each edition once, and what became of it is written down.

For each letter: does its reader still want it; who it is from and to, at the server; then the claim, a row of the
ledger that says `sending`, on the disk; then the letter; then what became of it. Whoever dies between the claim and the
end leaves that row behind, and the next run decides by the owner's policy: nobody can know whether it was taken.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from broadsheet.editions import verdicts
from broadsheet.editions.verdicts import Verdict
from broadsheet.errors import Busy, Mistake, WorldError
from broadsheet.mail import courier, line
from broadsheet.mail.courier import Courier, Job
from broadsheet.mail.line import Line, Outcome, Patience
from broadsheet.mail.send import keep_as
from broadsheet.mail.server import MailError, server
from broadsheet.watch import BLIND, Watch

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.store import Edition, Store, Subscriber

LOCK = "sending"
BATCH = 500  # editions that are looked at in one go
REFUSED = 10  # letters in a row, none taken between: then it is not the readers
FEW = 3  # of a run in which none was taken
FAULTS = 10  # letters that a fault of ours kept from being written: then it is not one edition
TRIES = 5  # to write down what became of a letter, while others write to the store

_LOG = logging.getLogger(__name__)


class Letter(NamedTuple):
    """What goes to the server. *sender*: of the envelope, where bounces go; *data*: the message."""

    sender: str
    to: str
    data: bytes


class Sent(NamedTuple):
    """What a run did.

    counts   state -> editions that came to it; ``ready`` are those that are tried again
    reasons  reason -> editions
    stopped  why it ended before all was sent: one sentence; empty if it did not
    """

    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    seconds: float
    stopped: str = ""


Compose = Callable[["Edition", "Subscriber"], Letter]


def send(
    library: "Library", now: int, compose: Compose, *, stop: Callable[[], bool] = lambda: False,
    patience: Patience = line.PATIENT, pauses: tuple[float, ...] = courier.PAUSES, only: int | None = None,
    watch: Watch = BLIND,
) -> Sent:  # fmt: skip
    """Sends all editions whose time has come at *now* (Unix seconds). One process of a library at a time does.

    compose  makes the letter of an edition; a Mistake that it raises is the end of that edition, and is its reason
    stop     asked now and then: whether to end after the letters that are on their way
    only     the one subscriber to send to; everybody if None
    Raises Mistake for settings that are wrong, StoreError.
    """
    began = time.monotonic()
    with library.store.alone(LOCK) as free:
        if not free:
            return Sent({}, {}, 0.0, "another process is sending")
        watch.stage("sending", library.store.editions.waiting()[0], "letters")
        run = _Run(library, now, compose, only, watch)
        stopped = run.all(stop, patience, pauses)
        return Sent(dict(run.counts), dict(run.reasons), time.monotonic() - began, stopped)


def take_up(library: "Library", now: int) -> Mapping[str, int]:
    """Settles what a process that died was sending: state -> editions. Nothing while another one sends.

    Before editions are made: what may have arrived is in none of them.
    """
    with library.store.alone(LOCK) as free:
        settled = _settled(library.store, library.settings.unsure, now) if free else []
    return Counter(verdict.state for verdict in settled)


class _Run:
    """One run. Its methods are called by the threads of the courier."""

    def __init__(
        self, library: "Library", now: int, compose: Compose, only: int | None = None, watch: Watch = BLIND
    ) -> None:
        self._only, self._watch = only, watch
        self._store, self._settings, self._compose = library.store, library.settings, compose
        self._server = server(library.settings)
        self._now, self._began = now, time.monotonic()
        self._writing = threading.Lock()  # threads that wait for SQLite's lock wait longer than for this one
        self._ended = 0  # of those that `_more` has named, how many are not ready any more
        self._refused: list[tuple[Edition, Verdict]] = []  # in a row; written down when it is known what they mean
        self._disliked = False  # the server refuses all that we send
        self._faults: list[Exception] = []  # of ours
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def all(self, stop: Callable[[], bool], patience: Patience, pauses: tuple[float, ...]) -> str:
        """Why it ended before all was sent."""
        for verdict in _settled(self._store, self._settings.unsure, self._moment()):
            self.counts[verdict.state] += 1
            self.reasons[verdict.reason] += 1
        if self._server is None:
            return self._into_outbox(stop)
        postman = Courier(
            self._server, self._settings.connections, self._settings.per_minute, self._more, self._send,
            stop=stop, patience=patience, pauses=pauses,
        )  # fmt: skip
        stopped = ""
        try:
            stopped = postman.run()
        finally:
            count = len(self._refused)
            if count >= FEW and not self.counts["sent"]:
                self._disliked = True
                stopped = stopped or f"{count} letters were refused, and none was taken: {self._refused[-1][1].reason}"
            self._flush()
        self._raise()
        return stopped or ("asked to stop" if stop() else "")

    def _raise(self) -> None:
        """A fault of ours, now that everybody else has their letters."""
        if self._faults:
            raise self._faults[0]

    def _moment(self) -> int:
        return self._now + int(time.monotonic() - self._began)

    # -- which ---------------------------------------------------------------------------------------------------------

    def _more(self, named: Collection[int]) -> list[Job]:
        """Editions that wait, but for those *named*."""
        now = self._moment()
        if self._only is None:
            rows = self._store.editions.ready(now, len(named) - self._ended + BATCH)
        else:
            mine = self._store.editions.of(self._only)
            rows = [row for row in mine if row.state == "ready" and max(row.due, row.next) <= now]
        jobs = []
        for row in rows:
            if row.id not in named:
                subscriber = self._store.subscribers.at(row.subscriber)
                jobs.append(Job(row.id, subscriber.email.rpartition("@")[2] if subscriber else ""))
        return jobs

    # -- one letter ----------------------------------------------------------------------------------------------------

    def _send(self, way: Line, job: Job) -> None:
        """Sends one edition, if it is still wanted. Raises MailError when the server takes no letters at all."""
        if (ready := self._wanted(job.id)) is None:
            return
        edition, letter = ready
        outcome = way.envelope(letter.sender, letter.to, letter.data)
        if outcome is None:
            if not self._claim(edition.id):
                way.forget()  # its reader has left in this moment
                return
            outcome = way.body(letter.data)
        self._judge(edition, outcome, way.where.host)

    def _wanted(self, id: int) -> "tuple[Edition, Letter] | None":
        """The edition and its letter; None, and written down why, when it is not to be sent."""
        edition = self._store.editions.at(id)
        if edition is None or edition.state != "ready":
            return None
        subscriber = self._store.subscribers.at(edition.subscriber)
        verdict = self._against(edition, subscriber)
        if verdict is None and subscriber is not None:
            try:
                return edition, self._compose(edition, subscriber)
            except Mistake as error:
                verdict = Verdict("failed", f"it could not be written: {error}")
            except WorldError:
                raise
            except Exception as error:
                _LOG.exception("the letter of edition %s", edition.id)
                self._faults.append(error)
                if len(self._faults) > FAULTS:
                    raise
                verdict = verdicts.faulty(error, edition, self._moment())
        if verdict is not None:
            self._settle(edition, verdict)
        return None

    def _against(self, edition: "Edition", subscriber: "Subscriber | None") -> Verdict | None:
        if subscriber is None:
            return verdicts.unwanted(None, None, edition)
        suppressed = self._store.subscribers.suppressed([subscriber.email]).get(subscriber.email)
        account = None if subscriber.account is None else self._store.accounts.at(subscriber.account)
        active = subscriber.account is None or (account is not None and account.state == "active")
        now = self._moment()
        return (
            verdicts.unwanted(subscriber, suppressed, edition, active=active)
            or verdicts.overtaken(edition, now, self._store.editions.has_newer(edition, now))
            or verdicts.unsendable(subscriber)
        )

    def _judge(self, edition: "Edition", outcome: Outcome, host: str) -> None:
        verdict = verdicts.after(outcome, edition, host, self._moment(), self._settings.unsure)
        if verdict.state == "refused":
            self._doubt(edition, verdict)
            return
        if outcome.kind == "taken":
            self._flush()
        self._settle(edition, verdict)

    def _doubt(self, edition: "Edition", verdict: Verdict) -> None:
        """Keeps a refusal until another letter is taken. Raises MailError when the server refuses one after the other.

        A server that has put us on a list says no to every letter, and as if each address were wrong.
        """
        with self._writing:
            self._refused.append((edition, verdict))
            self._disliked = self._disliked or len(self._refused) >= REFUSED
        if self._disliked:
            self._flush()
            why = f"the last {REFUSED} letters were refused, one after the other: {verdict.reason}"
            raise MailError(why, lasting=True)

    def _flush(self) -> None:
        """Writes down the refusals that were kept: each was of that reader alone, or all were of us."""
        with self._writing:
            row, self._refused = self._refused, []
        for edition, verdict in row:
            self._settle(edition, verdicts.postponed(verdict, edition, self._moment()) if self._disliked else verdict)

    # -- the ledger ----------------------------------------------------------------------------------------------------

    def _claim(self, id: int) -> bool:
        with self._writing:
            return self._store.editions.claim(id)

    def _settle(self, edition: "Edition", verdict: Verdict) -> None:
        """Writes down what became of it."""
        now, (state, reason, later, tries, suppress) = self._moment(), verdict
        with self._writing:
            _surely(lambda: self._store.editions.settle(edition.id, state, reason, now, later, tries))
            self.counts[state] += 1
            self.reasons[reason] += 1
            self._ended += state != "ready"
            self._watch.moved(sum(self.counts.values()))
            if suppress and (subscriber := self._store.subscribers.at(edition.subscriber)):
                _surely(lambda: self._store.subscribers.suppress(subscriber.email, "bounce", suppress, now))

    # -- without a server ----------------------------------------------------------------------------------------------

    def _into_outbox(self, stop: Callable[[], bool]) -> str:
        named: set[int] = set()
        while jobs := self._more(named):
            for job in jobs:
                if stop():
                    return "asked to stop"
                named.add(job.id)
                if (ready := self._wanted(job.id)) is None:
                    continue
                edition, letter = ready
                try:  # no claim: written twice it is one file
                    path = keep_as(self._settings.home, f"edition-{edition.id}", letter.data)
                except MailError as error:  # the disk: nothing is marked on any reader
                    return str(error)
                self._settle(edition, Verdict("sent", f"written into the outbox as {path.name}; no mail server is set"))
        self._raise()
        return ""


def _settled(store: "Store", policy: str, now: int) -> list[Verdict]:
    """What becomes of editions that were being sent: whoever was sending them is dead, since we have the lock."""
    found = [(one.id, verdicts.orphaned(one, now, policy)) for one in store.editions.orphans()]
    for id, (state, reason, later, tries, _) in found:
        _surely(partial(store.editions.settle, id, state, reason, now, later, tries))
    return [verdict for _, verdict in found]


def _surely(write: Callable[[], object]) -> None:
    """Writes what must not be lost: a store that is busy is asked again."""
    for number in range(1, TRIES + 1):
        try:
            write()
            return
        except Busy:
            if number == TRIES:
                raise

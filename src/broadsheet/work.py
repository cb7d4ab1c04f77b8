"""What has to happen by itself: papers come, what rises is measured, editions are made and sent, answers are read.

Each step has a pace of its own, and the steps are in lanes that do not wait for each other: a first harvest of a year
takes hours, and the letters of seven o'clock leave meanwhile. A step that fails is told once, tried again later, and
holds up nobody. Nothing is kept in memory that a kill could lose: the ledgers of the store say what is done.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import NamedTuple

from broadsheet import harvest
from broadsheet.community.periods import number
from broadsheet.community.trending import STALE
from broadsheet.editions import build, heart, letters, returns, schedule, sending, timely
from broadsheet.editions.build import Built
from broadsheet.editions.heart import State, Step
from broadsheet.editions.sending import Sent
from broadsheet.editions.timely import Turn
from broadsheet.errors import BroadsheetError
from broadsheet.harvest import Report
from broadsheet.library import Library
from broadsheet.mail import courier
from broadsheet.text import plural
from broadsheet.watch import BLIND, Watch

BEAT = 30.0  # seconds from one sign of life to the next
NAP = 1.0  # seconds that a lane sleeps when it has nothing to do
AGAIN = 60.0  # seconds before a step that failed is tried again; twice as long after each further time
AT_MOST = 900.0
KEPT = 90  # days that what an edition said is kept
PACE: Mapping[str, float] = {
    "sources": 60.0, "index": 60.0, "rising": 60.0, "editions": 20.0, "letters": 2.0, "returns": 180.0, "tidy": 86_400.0
}  # fmt: skip
LANES = (("sources", "index", "rising"), ("editions", "tidy"), ("letters",), ("returns",))
WORDS = {
    "ready": "to be tried again", "sending": "being sent", "sent": "sent", "unsure": "may have arrived",
    "bounced": "came back", "refused": "refused", "failed": "failed", "skipped": "left out (nothing new)",
    "withheld": "held back", "missed": "missed",
}  # fmt: skip
logger = logging.getLogger(__name__)

Did = tuple[str, bool]  # what a step did, in words, empty for nothing; and whether that is what it should
Watching = Callable[[str], AbstractContextManager[Watch]]


class Told(NamedTuple):
    """One line of what happened: when (Unix seconds), which step, whether it did what it should, and in words."""

    at: int
    step: str
    ok: bool
    said: str
    seconds: float


class Worker:
    """Does all of it for one library, once or until it is stopped.

    tell      told what happened: only where something did, and a failure once until it is another one, or over
    watching  the name of a step -> who looks on while it goes on
    clock     the time, Unix seconds
    pace      step -> seconds from one time to the next, where it is not that of PACE
    pauses    seconds before the mail server is tried again that could not be reached
    """

    def __init__(
        self, library: Library, tell: Callable[[Told], None], *, watching: Watching = lambda name: nullcontext(BLIND),
        clock: Callable[[], float] = time.time, pace: Mapping[str, float] | None = None,
        pauses: tuple[float, ...] = courier.PAUSES,
    ) -> None:  # fmt: skip
        self._library, self._tell, self._watching, self._clock = library, tell, watching, clock
        self._pace, self._pauses = {**PACE, **(pace or {})}, pauses
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._state, self._failing, self._beaten = State(), dict[str, Step](), 0.0
        self._acts: Mapping[str, Callable[[Watch], Did]] = {
            "sources": self._sources, "index": self._index, "rising": self._rising, "editions": self._editions,
            "letters": self._letters, "returns": self._returns, "tidy": self._tidy,
        }  # fmt: skip

    def stop(self) -> None:
        """Ends `run` soon: between two letters, two answers of a source. Safe in a signal handler."""
        self._ended.set()
        if "client" in vars(self._library):  # it is made when it is first needed
            self._library.client.stop()

    @property
    def stopped(self) -> bool:
        return self._ended.is_set()

    def once(self) -> bool:
        """Every step in turn; whether all did what they should."""
        self._begin(once=True)
        fine = [self._step(name) for lane in LANES for name in lane if not self.stopped]
        self._beat()
        return all(fine)

    def run(self) -> None:
        """Every step at its pace, until `stop`."""
        self._begin(once=False)
        lanes = [threading.Thread(target=self._lane, args=(lane,), name=lane[-1]) for lane in LANES]
        for lane in lanes:
            lane.start()
        try:
            while not self._ended.wait(NAP) and all(lane.is_alive() for lane in lanes):
                self._beat(BEAT)
        finally:
            self.stop()
            for lane in lanes:
                lane.join()
            self._beat()

    def _begin(self, *, once: bool) -> None:
        """Takes up where the last one ended, which may have been at work until now."""
        now, last = self._now(), heart.read(self._library.home)
        self._state = last._replace(started=now, built=min(last.built, now) or now, once=once)
        self._failing = {name: step for name, step in last.steps.items() if not step.ok}
        self._beat()

    def _lane(self, names: Sequence[str]) -> None:
        due, failed = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0)
        nap = min(NAP, *(self._pace[name] for name in names))
        while not self.stopped:
            for name in names:
                if self.stopped or time.monotonic() < due[name]:
                    continue
                failed[name] = 0 if self._step(name) else failed[name] + 1
                again = min(AT_MOST, AGAIN * 2.0 ** (failed[name] - 1)) if failed[name] else 0.0
                due[name] = time.monotonic() + max(self._pace[name], again)
            self._ended.wait(nap)

    # -- one step ------------------------------------------------------------------------------------------------------

    def _step(self, name: str) -> bool:
        began = time.monotonic()
        try:
            with self._watching(name) as watch:
                said, fine = self._acts[name](watch)
        except BroadsheetError as error:
            said, fine = str(error), False
        except Exception as error:  # a fault of ours in one step must not keep everybody's letters
            logger.exception("the step %s of broadsheet work", name)
            said, fine = f"{type(error).__name__}: {error} (a fault of Broadsheet itself)", False
        if fine or not self.stopped:  # what was interrupted has not failed
            self._note(name, fine, said, time.monotonic() - began)
        return fine

    def _note(self, name: str, fine: bool, said: str, seconds: float) -> None:
        """Keeps how a step went, and tells it where that is news."""
        now = self._now()
        with self._writing:
            before = self._failing.pop(name, None)
            if before and fine:
                said = f"works again{': ' if said else ''}{said}"
            step = Step(now, fine, said, 0 if fine else before.since if before else now)
            if not fine:
                self._failing[name] = step
            if said or name not in self._state.steps:
                self._state = self._state._replace(steps={**self._state.steps, name: step})
        if said and (fine or before is None or before.said != said):
            self._beat()
            self._tell(Told(now, name, fine, said, seconds))

    def _beat(self, every: float = 0.0) -> None:
        """Says that we are there."""
        with self._writing:
            if every and time.monotonic() - self._beaten < every:
                return
            self._beaten = time.monotonic()
            self._state = self._state._replace(beat=self._now())
            with suppress(OSError):  # a full disk is told by whoever has something to keep
                heart.write(self._library.home, self._state)

    def _now(self) -> int:
        return int(self._clock())

    # -- papers --------------------------------------------------------------------------------------------------------

    def _sources(self, watch: Watch) -> Did:
        """Asks every source that can have announced something; each keeps its own calendar."""
        if not any(self._library.followed()):
            return "", True
        reports = self._library.sync(index=False)
        failed = [f"{one.name}: {one.why}" for one in reports if one.state == "failed"]
        return "; ".join(failed + [_came(one) for one in reports if one.new or one.updated]), not failed

    def _index(self, watch: Watch) -> Did:
        count = self._library.refresh(watch)
        return (f"{plural(count, 'paper')} made findable" if count else ""), True

    def _rising(self, watch: Watch) -> Did:
        self._library.refresh_trends(every=STALE)
        return "", True

    # -- mail ----------------------------------------------------------------------------------------------------------

    def _editions(self, watch: Watch) -> Did:
        """Makes what is due soon, each once; and notes the days whose time is over."""
        store, now = self._library.store, self._now()
        timely.put_right(store, now)
        found = timely.turns(store, now)
        settled = sending.take_up(self._library, now) if found else {}
        made = build.build(self._library, found, now, watch=watch) if found else None
        with self._writing:
            gone, failed = min(self._state.built, now), self._failing.get("editions")
            self._state = self._state._replace(built=now)
        missed = timely.note_missed(store, gone, now, timely.FAULTY.format(failed.said) if failed else timely.STOPPED)
        said = [told(settled), told(built_counts(made))] if made else []
        if missed:
            said.append(f"{plural(missed, 'edition')} of days before were missed")
        return "; ".join(filter(None, said)), True

    def _letters(self, watch: Watch) -> Did:
        """Sends what is due."""
        store, now = self._library.store, self._now()
        if not store.editions.ready(now, 1) and not store.editions.orphans():
            return "", True
        press = letters.Press(self._library)
        done = sending.send(self._library, now, press, stop=self._ended.is_set, watch=watch, pauses=self._pauses)
        return "; ".join(filter(None, (told(done.counts), done.stopped))), not done.stopped

    def _returns(self, watch: Watch) -> Did:
        """Reads what came back from servers and readers."""
        return returns.read(self._library, self._now()), True

    def _tidy(self, watch: Watch) -> Did:
        """Takes away what editions of long ago said; their rows in the ledger stay."""
        before = schedule.local_day("UTC", self._now() - KEPT * 86_400)
        self._library.store.editions.prune(number(before))
        return "", True


# -- by hand -----------------------------------------------------------------------------------------------------------


class Delivered(NamedTuple):
    """What `deliver` did: how many were due, what was made of them, what was sent."""

    due: int
    built: Built | None
    sent: Sent


def due(library: Library, now: int, only: int | None = None, *, at_once: bool = False) -> list[Turn]:
    """Whose edition is to be made: those whose hour has come, or with *at_once* all; of one subscriber, or of all."""
    if not at_once:
        return [turn for turn in timely.turns(library.store, now, 0) if only in (None, turn.subscriber.id)]
    return [timely.today(one, now) for one in timely.everybody(library.store) if only in (None, one.id)]


def deliver(
    library: Library, now: int, only: int | None = None, *, at_once: bool = False, watch: Watch = BLIND,
    stop: Callable[[], bool] = lambda: False,
) -> Delivered:  # fmt: skip
    """Makes and sends what is due now. Whoever has an edition of this day already gets no other. Raises Mistake."""
    found = due(library, now, only, at_once=at_once)
    sending.take_up(library, now)
    built = build.build(library, found, now, watch=watch) if found else None
    press = letters.Press(library)
    return Delivered(len(found), built, sending.send(library, now, press, only=only, stop=stop, watch=watch))


@contextmanager
def alone(library: Library) -> Iterator[bool]:
    """Whether no other process is at work on this library; as long as the block lasts, this one is."""
    with harvest.alone(harvest.lock_of(heart.locks(library.home), heart.JOB)) as free:
        yield free


def built_counts(built: Built) -> dict[str, int]:
    """State -> how many, as the ledger calls them."""
    return {"made": built.made, "skipped": built.skipped, "withheld": built.withheld}


def told(counts: Mapping[str, int]) -> str:
    """``812 sent, 3 refused``; empty for nothing."""
    return ", ".join(f"{count:,} {WORDS.get(state, state)}" for state, count in counts.items() if count)


def _came(report: Report) -> str:
    counts = Counter({"new": report.new, "updated": report.updated})
    return f"{report.name}: " + " and ".join(f"{count:,} {word}" for word, count in counts.items() if count)

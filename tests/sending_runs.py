"""A run of the sender that has everything: a server with faults at every step, and kills, until all is settled.

What happens is drawn from a seed; how the threads and processes meet is not, so a seed is not the same run twice.
"""

import random
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

from broadsheet.library import Library
from broadsheet.store import Subscriber
from rough_server import DROP, STALL, rough, taken
from sending_library import NOW, filled, kill, opened, sender, states
from smtp_server import Paper

READERS = 12
LIVES = 200  # of a sender in one run; far more than any seed has needed
DONE = {"sent", "unsure", "refused", "failed", "withheld"}


class Killer:
    """Kills the sender when the server tells of a step: while it holds the answer back."""

    def __init__(self) -> None:
        self.sender: BaseProcess | None = None
        self.steps = 0  # until it kills; 0: never
        self.at = ""  # or at this one
        self.kills: Counter[str] = Counter()

    def told(self, step: str, to: str) -> None:
        if self.sender is None:
            return
        self.steps -= 1
        if self.steps == 0 or step == self.at:
            sender, self.sender = self.sender, None
            self.kills[step] += 1
            kill(sender)


FAULTS = {
    "GREETING": ("421 4.3.2 not now", DROP, "554 5.3.2 closed today"),
    "MAIL": ("421 4.4.2 too long", "451 4.3.0 later", "452 4.3.1 full", DROP, STALL),
    "RCPT": ("450 4.2.0 greylisted", "451 4.7.1 later", "452 4.2.2 mailbox full", "550 5.1.1 nobody here", DROP, STALL,
             "550 no", "552 5.2.2 mailbox full", "421 4.7.0 too many"),
    "DATA": ("421 4.3.0 going down", "451 4.3.0 later", "554 5.6.0 no", DROP, STALL),
    "HALF": (DROP,),
    "DOT": ("421 4.3.0 going down", "450 4.7.1 later", "451 4.3.0 later", "452 4.3.1 full", "550 5.7.1 spam",
            "552 5.3.4 too big", "554 5.7.1 no", DROP, STALL),
    "TAKEN": (DROP, STALL),
}  # fmt: skip
SHARE = {"GREETING": 0.05, "RCPT": 0.15, "DOT": 0.1, "TAKEN": 0.1}  # of steps that go wrong; the others 0.04


class Run(NamedTuple):
    """What is left of a run: how many senders it took, how many were killed at which step, how often the server did
    something else than it should, what became of each reader's edition and why, whose letters the server took.
    """

    lives: int
    kills: Counter[str]
    faults: int
    ends: dict[str, tuple[str, str]]
    mailed: Counter[str]


def rough_run(paper: Paper, home: Path, seed: int, unsure: str = "never-twice") -> Run:
    """All that *seed* has for twelve readers, until something has become of each."""
    dice = random.Random(seed)
    killer, file = Killer(), home / "taken"
    on_the_wire = random.Random(seed + 1)  # the server's own, in its thread

    faults = 0

    def plan(step: str, to: str) -> str:
        nonlocal faults
        bad = step in FAULTS and on_the_wire.random() < SHARE.get(step, 0.04)
        faults += bad
        return on_the_wire.choice(FAULTS[step]) if bad else ""

    with rough(paper, file, plan, killer.told, stall=0.8) as port, opened(home, port) as library:
        readers = filled(library, [f"reader{n}@{'ab'[n % 2]}.example.org" for n in range(READERS)])
        lives, now = 0, NOW
        while not _over(library, readers):
            lives += 1
            assert lives < LIVES
            now = _life(killer, dice, lambda at: sender(home, port, paper.file, at, unsure), now, library)
        return Run(lives, killer.kills, faults, states(library, readers), Counter(one.to for one in taken(file)))


def _life(
    killer: Killer, dice: random.Random, begin: Callable[[int], BaseProcess], now: int, library: Library
) -> int:  # fmt: skip
    """One sender, killed at a step, at any moment, or not at all; the time of the next one."""
    how = dice.random()
    killer.steps = dice.randint(1, 40) if how < 0.5 else 0
    killer.sender = process = begin(now)
    process.join(dice.uniform(0.02, 0.6) if how > 0.75 else 20)
    if process.exitcode is None:
        kill(process)
        process.join(20)
        killer.kills["any moment"] += 1
    killer.sender = None
    assert process.exitcode in (0, -9)
    earliest = library.store.editions.waiting()[1]
    return max(now + 1, earliest or 0) if process.exitcode == 0 else now + 1


def wrong(run: Run) -> list[str]:
    """Who was mailed twice, or missed in silence; nobody may be."""
    found = [f"{reader} was mailed {count} times" for reader, count in run.mailed.items() if count > 1]
    for reader, (state, reason) in run.ends.items():
        if bool(run.mailed[reader]) != (state == "sent") and state != "unsure":
            found.append(f"{reader} was mailed {run.mailed[reader]} times and is {state}: {reason}")
        if not reason:
            found.append(f"{reader} is {state}, and nobody says why")
    return found


def _over(library: Library, readers: list[Subscriber]) -> bool:
    return {state for state, _ in states(library, readers).values()} <= DONE

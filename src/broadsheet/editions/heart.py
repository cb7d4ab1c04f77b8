"""Whether anything is at work: what `broadsheet work` writes down of itself, for pages, `doctor` and status lines.

A small file in the library's folder, written anew after every round, and a lock that is held while one runs. Derived:
without the file all that is forgotten is when nothing ran.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from broadsheet import harvest, sync
from broadsheet.community.periods import DAYS, MONTHS

FILE = "work.json"
JOB = "work loop"  # of the lock; no source's name has a space
GRACE = 120  # seconds in which one that ended may have begun again
PATIENCE = 2 * 3600  # seconds: a cron job that comes every hour is at work, too


class Step(NamedTuple):
    """How one step went last.

    at     when, Unix seconds
    ok     whether it did what it should
    said   what it did, or why it could not; one sentence
    since  when it began to fail; 0 while it does not
    """

    at: int
    ok: bool
    said: str
    since: int = 0


class State(NamedTuple):
    """What was at work, and when.

    started  when the process began that wrote this
    beat     when it last said that it is there
    built    up to when every edition that was due has its row; what is due after that was missed, if it is past
    once     whether it came for one round, as from cron
    steps    name -> how it went last
    """

    started: int = 0
    beat: int = 0
    built: int = 0
    once: bool = False
    steps: Mapping[str, Step] = {}  # nobody changes it


def read(home: Path) -> State:
    """The last state; an empty one where nothing has been at work, or the file is damaged."""
    try:
        held = orjson.loads((home / FILE).read_bytes())
        steps = {str(name): Step(*step) for name, step in held["steps"].items()}
        return State(int(held["started"]), int(held["beat"]), int(held["built"]), bool(held["once"]), steps)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return State()


def write(home: Path, state: State) -> None:
    """Keeps it. Raises OSError."""
    path = home / FILE
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(
        orjson.dumps(state._asdict() | {"steps": {name: list(step) for name, step in state.steps.items()}})
    )
    part.replace(path)


def locks(home: Path) -> Path:
    """The folder of the lock."""
    return home / sync.LOCKS


def beats(home: Path, now: int) -> bool:
    """Whether something is at work: a process that holds the lock, or one that came by a short while ago."""
    last = read(home)
    return harvest.under_way(locks(home), JOB) or 0 <= now - last.beat < (PATIENCE if last.once else GRACE)


def silence(home: Path, now: int, zone: str = "UTC") -> str:
    """Why nothing leaves, as a sentence; empty while something is at work."""
    if beats(home, now):
        return ""
    last = read(home).beat
    if not last:
        return "nothing has been at work yet: mail leaves only while `broadsheet work` runs"
    return f"nothing has been at work since {said(last, zone)} ({zone}): mail leaves only while `broadsheet work` runs"


def said(at: int, zone: str = "UTC") -> str:
    """``Tuesday 17 November, 07:12`` on the clocks of *zone*."""
    from broadsheet.editions.schedule import local_time

    there = local_time(zone, at)
    return f"{DAYS[there.weekday()]} {there.day} {MONTHS[there.month - 1]}, {there:%H:%M}"


def iso(at: int) -> str:
    """``2026-11-21T07:12:00Z``; empty for 0."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""

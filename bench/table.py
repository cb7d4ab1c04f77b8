"""What every bench shares: a table with the machine named, times as percentiles, peak memory.

A bench prints its table and keeps it in bench/.cache/results; with ``--write`` it also replaces the one between
``<!-- bench:NAME -->`` and ``<!-- /bench:NAME -->`` in docs/benchmarks.md.
"""

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, TypeVar

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "bench" / ".cache" / "results"
LIBRARIES = ("numpy", "scipy", "tantivy", "faiss-cpu", "sqlalchemy", "tokenizers", "fastapi", "uvicorn")


@dataclass
class Table:
    """Rows under columns; a number is written with three significant digits, or as it is when it is whole."""

    name: str
    columns: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *row: object) -> None:
        if len(row) != len(self.columns):
            raise ValueError(f"{len(row)} cells for {len(self.columns)} columns")
        self.rows.append(row)
        print("  ".join(map(cell, row)), file=sys.stderr)

    def markdown(self) -> str:
        numbers = [all(isinstance(row[i], int | float) for row in self.rows) for i in range(len(self.columns))]
        lines = [_line(self.columns), _line(["---:" if number else "---" for number in numbers])]
        lines += [_line(map(cell, row)) for row in self.rows]
        return "\n".join([*lines, "", *(f"- {note}" for note in self.notes), f"- {machine()}"]) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def machine() -> str:
    """Where and when: processor, cores, memory, system, versions, date."""
    here = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", here.read_text()) if here.exists() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model[1] if model else platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, {platform.system()} {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, {', '.join(_versions())}; {datetime.date.today()}"
    )


def _versions() -> Iterator[str]:
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def publish(table: Table, *, write: bool) -> None:
    """Prints *table* and keeps it; *write* puts it into the page too."""
    text = table.markdown()
    print(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{table.name}.md").write_text(text)
    if write:
        PAGE.write_text(spliced(PAGE.read_text(), table.name, text))


def spliced(page: str, name: str, text: str) -> str:
    """*page* with *text* between the marks of *name*. Raises ValueError when the page has no such marks."""
    start, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    head, found, rest = page.partition(start)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no {start} ... {end} in the page")
    return f"{head}{start}\n{text}{end}{tail}"


def options(description: str | None) -> argparse.ArgumentParser:
    """A parser with what every bench takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    return parser


T = TypeVar("T")


class Times(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float


def percentiles(milliseconds: Sequence[float]) -> Times:
    """By nearest rank: the smallest value that at least so many per cent are not above."""
    ordered = sorted(milliseconds)
    return Times(*(ordered[max(0, -(-len(ordered) * share // 100) - 1)] for share in (50, 99)))


def spent(ask: Callable[[T], object], questions: Iterable[T]) -> list[float]:
    """Milliseconds that *ask* takes for each of *questions*, one after the other."""
    found = []
    for question in questions:
        began = time.perf_counter()
        ask(question)
        found.append((time.perf_counter() - began) * 1000)
    return found


def timed(ask: Callable[[T], object], questions: Sequence[T], *, warm_up: int = 20) -> Times:
    """How long *ask* takes for each of *questions*; the first *warm_up* are asked, not counted."""
    return percentiles(spent(ask, questions)[warm_up:])


class Child(NamedTuple):
    """A finished child process: seconds by the clock and of processor, peak resident bytes, what it printed."""

    seconds: float
    cpu: float
    peak: int
    output: str


# The kernel counts the memory of whoever forks as the child's own peak, so a process of 10 MB does the forking.
_RELAY = """
import os, sys, time
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as report:
    print(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=report)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


def run(argv: Sequence[str | Path]) -> Child:
    """Runs *argv* to its end and measures it; raises CalledProcessError when it fails."""
    with tempfile.NamedTemporaryFile("r") as report:
        relay = [sys.executable, "-ISc", _RELAY, report.name, *map(str, argv)]
        done = subprocess.run(relay, stdout=subprocess.PIPE, text=True, check=True)
        seconds, cpu, peak = report.read().split()
    return Child(float(seconds), float(cpu), int(peak) * (1 if sys.platform == "darwin" else 1024), done.stdout)


@dataclass
class Stage:
    """Seconds by the clock and of processor, and peak resident bytes, of one stage inside this process (Linux)."""

    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0


@contextmanager
def stage() -> Iterator[Stage]:
    """Measures its block; the peak starts anew, from what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")
    found, began, used = Stage(), time.perf_counter(), time.process_time()
    yield found
    found.seconds, found.cpu = time.perf_counter() - began, time.process_time() - used
    status = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    found.peak = int(status[1]) * 1024 if status else 0

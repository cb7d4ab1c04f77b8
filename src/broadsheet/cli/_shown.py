"""How sources and their runs are shown in a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from broadsheet import console, sources
from broadsheet.text import clip, plural

if TYPE_CHECKING:
    from rich.progress import Progress

    from broadsheet.harvest import Report, Watch
    from broadsheet.standing import Standing
    from broadsheet.store import Aside
    from broadsheet.sync import Board

_MARKS = {"new": "█", "quiet": "▁", "failed": "!", "mixed": "▄", "none": "·"}
_STYLES = {"new": "green", "quiet": "green", "failed": "bold red", "mixed": "yellow", "none": "dim"}
_STRIP = 30  # days in a wide terminal, half of them in a narrow one; the page shows ninety
_WIDE = 110  # columns


class _Row:
    """One source's row of the board."""

    def __init__(self, bars: "Progress", name: str) -> None:
        self._bars = bars
        self._task = bars.add_task(name, total=None, note="asking")

    def moved(self, done: int, total: int, note: str) -> None:
        told = ", ".join(part for part in (note, f"{done:,} records") if part)
        self._bars.update(self._task, completed=done, total=total or None, note=told)


@contextmanager
def boarding() -> "Iterator[Board]":
    """Rows of progress, one a source, for as long as the block runs; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True,
    )  # fmt: skip

    def row(name: str) -> "Watch":
        return _Row(bars, name)

    with bars if bars.console.is_terminal else nullcontext():
        yield row


def show_reports(reports: "Sequence[Report]") -> None:
    for report in reports:
        console.say(f"{report.name}: {sentence(report)}")


def sentence(report: "Report") -> str:
    """What became of one source, as a person says it."""
    aside = f"; {plural(report.set_aside, 'record')} set aside" if report.set_aside else ""
    again = f"; asked again {when(report.next)}" if report.next else ""
    if report.state in ("new", "updated"):
        parts = [f"{count:,} {word}" for count, word in ((report.new, "new"), (report.updated, "updated")) if count]
        return " and ".join(parts) + aside
    if report.state == "nothing new":
        return f"nothing new{aside}{again}"
    done = f" ({report.new:,} new before that)" if report.new else ""
    return f"{report.state}: {report.why}{done}{aside}{again}"


def when(iso: str) -> str:
    """``in 3 h``, ``2 days ago``, ``now``: how far a moment (ISO 8601) is from now."""
    if not iso:
        return "never"
    seconds = (datetime.fromisoformat(iso) - datetime.now(UTC)).total_seconds()
    size = abs(seconds)
    if size < 60:
        return "now"
    per, unit = next((per, unit) for per, unit in _UNITS if size >= per)
    count = round(size / per)
    told = f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"in {told}" if seconds > 0 else f"{told} ago"


_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"))


def show_standings(found: "Sequence[Standing]") -> None:
    if not found:
        console.say(f"Nothing is followed yet. {console.program('follow', 'arxiv', 'cs.IR')} is a beginning.")
        return
    from rich.table import Table
    from rich.text import Text

    days = _STRIP if console.out().width >= _WIDE else _STRIP // 2
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("source", "last run", "did", "next", "set aside", f"{days} days"):
        grid.add_column(head, overflow="fold", no_wrap=head.endswith("days"))
    for one in found:
        strip = Text()
        for day in one.days[-days:]:
            strip.append(_MARKS[day.state], style=_STYLES[day.state])
        style = "bold red" if one.state == "failed" else ""
        told = ("now" if one.next <= _now() else when(one.next)) if one.next else ""
        did = Text(_did(one), style=style)
        grid.add_row(Text(one.name, style="bold"), when(one.last_run), did, told, _waiting(one), strip)
    console.out().print(grid)
    for one in found:
        if one.state == "failed" and one.why:
            console.say(f"{one.name}: {one.why}")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _waiting(one: "Standing") -> str:
    return f"{one.waiting:,}" if one.waiting else ""


def _did(one: "Standing") -> str:
    if one.state in ("new", "updated"):
        told = [f"{count:,} {word}" for count, word in ((one.new, "new"), (one.updated, "updated")) if count]
        did = ", ".join(told)
    else:
        did = one.state
    return did + (f"; {one.budget.spent:,} of {one.budget.most:,} requests today" if one.budget else "")


def aside_dict(aside: "Aside") -> dict[str, Any]:
    return {**aside._asdict(), "raw": aside.raw.decode(errors="replace")}


def show_quarantine(found: "Sequence[Aside]") -> None:
    if not found:
        console.say("No record is set aside.")
        return
    rows = [(a.source, a.at[:10], a.where, a.reason, clip(a.raw.decode(errors="replace"), 60)) for a in found]
    console.table(console.out(), rows, ("source", "since", "where", "why", "bytes"))
    console.say(f"After a fix: {console.program('sources', '--retry')}")


def kinds_dict() -> dict[str, Any]:
    kinds = {}
    for name, module in sources.followable().items():
        options = [{"name": row.name, "default": row.default, "sentence": row.sentence} for row in module.OPTIONS]
        kinds[name] = {**module.ABOUT._asdict(), "options": options}
    return {"kinds": kinds}


def show_kinds() -> None:
    """Every kind of source and what it can be told."""
    out = console.out()
    for name, module in sources.followable().items():
        out.print(f"[bold]{name}[/]  {module.ABOUT.what}")
        own = [row for row in module.OPTIONS if "://" not in row.usual]  # addresses are for who runs a mirror
        console.table(out, [(f"  {row.name}", row.sentence, row.usual if row.default else "") for row in own])
        out.print()
    console.say(f"For example: {console.program('follow', 'arxiv', 'cs.IR', 'cs.CL')}")

"""What the command line shows: tables for people, JSON for programs, progress on standard error."""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from broadsheet.library import Added, Stats
from broadsheet.paper import Paper
from broadsheet.query import Hit, Marked, Page
from broadsheet.text import join_names, plural
from broadsheet.watch import Watch

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

_MANY = 5  # of a kind of message for a person to read; the rest are counted


def out() -> "Console":
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def say(text: str) -> None:
    """A message for a person, on standard error: standard output is for results."""
    click.echo(text, err=True)


def print_json(data: Any) -> None:
    """One JSON document on standard output; what UTF-8 cannot hold is escaped."""
    try:
        text = orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONEncodeError:
        import json

        text = json.dumps(data, indent=2)
    click.echo(text)


class _Bar:
    """A `Watch` as a bar with rate and time left on a terminal, as a line a stage elsewhere."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._task: Any = None
        self._line = not bars.console.is_terminal
        self._told = ""
        self._start = time.monotonic()

    def stage(self, name: str, total: int, unit: str) -> None:
        self.close()
        self._start, self._told = time.monotonic(), f"{name}: {plural(total, unit.removesuffix('s'))}"
        if not self._line:
            self._task = self._bars.add_task(name, total=max(total, 1), unit=unit, note="")

    def moved(self, done: int, note: str = "") -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, note=note)
        elif note:
            self._told = f"{self._told.partition(',  ')[0]},  {note}"

    def close(self) -> None:
        """The stage is over; a log gets its one line."""
        if self._line and self._told:
            say(f"{self._told} in {time.monotonic() - self._start:.1f} s")
        self._told = ""


@contextmanager
def watching() -> Iterator[Watch]:
    """Progress for as long as the block runs."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            if not task.speed:
                return Text("")
            unit = task.fields["unit"]
            speed = f"{task.speed / 1e6:.1f} MB/s" if unit == "bytes" else f"{task.speed:,.0f} {unit}/s"
            return Text(speed, style="cyan", no_wrap=True)

    class Left(ProgressColumn):
        def render(self, task: Any) -> Text:
            seconds = task.finished_time if task.finished else task.time_remaining
            if seconds is None:
                return Text("")
            minutes, seconds = divmod(int(seconds), 60)
            return Text(f"{minutes}:{seconds:02} {'in all' if task.finished else 'left'}", no_wrap=True)

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=20), TextColumn("{task.percentage:>3.0f} %"), Rate(),
        TextColumn("{task.fields[note]}"), Left(),
        console=Console(stderr=True), transient=False,
    )  # fmt: skip
    bar = _Bar(bars)
    with bars if bars.console.is_terminal else nullcontext():
        yield bar
        bar.close()


def show_page(page: Page, explain: bool) -> None:
    """Results as a reader wants them: title, who and where, why; then what to do next."""
    console = out()
    for place, hit in enumerate(page.hits, page.query.offset + 1):
        show_hit(console, place, hit)
        if explain:
            show_parts(console, hit)
    _show_facets(console, page)
    if page.mended:
        say(f"Searched for {page.mended!r}; --verbatim searches for {page.query.words!r}.")
    for note in page.notes:
        say(note)
    _show_end(page)


def _show_facets(console: "Console", page: Page) -> None:
    """The commonest values of the whole result, a line each; years as bars."""
    from rich.markup import escape

    if years := page.years:
        most = max(years.values())
        bars = "".join("▁▂▃▄▅▆▇█"[7 * years.get(year, 0) // most] for year in range(min(years), max(years) + 1))
        console.print(f"[dim]{'year':<9}[/] {min(years)} [cyan]{bars[-200:]}[/] {max(years)}")
    for name, values in page.facets.items():
        if name != "year" and values:
            console.print(f"[dim]{name:<9}[/] " + " · ".join(f"{escape(value)} {n:,}" for value, n in values[:8]))


def show_hit(console: "Console", place: int, hit: Hit, mark: str = "") -> None:
    """One result, with a word before its authors where *mark* gives one."""
    from rich.markup import escape

    marked = f"[bold green]{mark}[/] " if mark else ""
    console.print(f"[bold cyan]{place:>2}[/]  ", _styled(hit.title, "bold"), sep="", end="\n")
    console.print(f"    {marked}[dim]{escape(byline(hit.paper))}[/]  [cyan]{escape(hit.paper.key)}[/]")
    if hit.snippet.text:
        console.print("    ", _styled(hit.snippet, ""), sep="")
    if hit.why:
        console.print(f"    [green]why[/]  {escape(hit.why)}")


def show_parts(console: "Console", hit: Hit) -> None:
    for signal in hit.signals:
        bar = "█" * round(20 * min(signal.share, 1))
        console.print(
            f"         {signal.name:<10} {signal.score:.3f} × {signal.weight:.2f} = {signal.share:.3f}  [green]{bar}[/]"
        )


def _show_end(page: Page) -> None:
    if not page.hits and page.total:
        say(f"--offset {page.query.offset:,} is beyond the last paper that can be shown; {page.total:,} fit.")
        return
    if not page.hits:
        what = page.query.canonical() or page.query.text
        say(f"No paper fits {what!r}." if what else "Nothing was asked.")
        for near in page.near:
            say(f"  near: {near}")
        return
    total = f"{page.total:,}"
    last = page.query.offset + len(page.hits)
    end = f"{page.query.offset + 1} to {last} of {total}, {page.took_ms:.1f} ms"
    say(end + (f"; more with --offset {page.next_offset}" if page.next_offset is not None else ""))


def byline(paper: Paper) -> str:
    """``RETRACTED · A, B, C and 4 more · VENUE 2024``."""
    where = " ".join(part for part in (paper.venue, str(paper.year or "")) if part)
    return " · ".join(part for part in (paper.standing.upper(), join_names(paper.authors), where) if part)


def _styled(marked: Marked, style: str) -> "Text":
    from rich.text import Text

    text = Text(marked.text, style=style)
    for start, end in marked.spans:
        text.stylize("bold yellow", start, end)
    return text


def show_paper(paper: Paper) -> None:
    from rich.text import Text

    console = out()
    console.print(Text(paper.title, style="bold"))
    console.print(Text(", ".join(paper.authors)))
    rows = [
        ("id", paper.key),
        ("also", ", ".join(identifier for identifier in paper.ids if identifier.removeprefix("id:") != paper.key)),
        ("venue", " ".join(part for part in (paper.venue, paper.date or str(paper.year or "")) if part)),
        ("categories", ", ".join(paper.categories)),
        ("keywords", ", ".join(paper.keywords)),
        ("citations", "" if paper.citations is None else f"{paper.citations:,}"),
        ("licence", paper.licence),
        *paper.links,
        *paper.extra,
        ("from", ", ".join(paper.sources)),
    ]
    table(console, [row for row in rows if row[1]])
    if paper.abstract:
        console.print()
        console.print(Text(paper.abstract))


def table(console: "Console", rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ()) -> None:
    """Columns without boxes; the first is quiet."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, show_header=bool(head), padding=(0, 2, 0, 0), header_style="dim")
    rows = list(rows)
    for number in range(len(head) or len(rows[0]) if rows else 0):
        grid.add_column(head[number] if head else "", style="dim" if number == 0 else "", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    console.print(grid)


def program(*words: str) -> str:
    """What a reader types here to call this program with *words*; its plain name is not always on the PATH."""
    called = Path(sys.argv[0])
    known = shutil.which("broadsheet") or called.name != "broadsheet"
    return shlex.join(["broadsheet" if known else os.path.relpath(called), *words])


def show_added(added: Added) -> None:
    """What became of each file, and how much of it can be found now."""
    for name, summary in added.files:
        parts = [f"{summary.new:,} new"]
        parts += [
            f"{count:,} {word}" for count, word in ((summary.updated, "updated"), (summary.same, "known")) if count
        ]
        if summary.resumed:
            parts.append(f"{summary.resumed:,} taken in earlier")
        if summary.failed:
            parts.append(f"{summary.failed:,} set aside")
        say(f"{name}: {', '.join(parts)}")
        for fault in summary.problems[:_MANY]:
            say(f"  {fault.where}: {fault.reason}")
        if summary.failed > _MANY:
            say(f"  … and {summary.failed - _MANY:,} more")
    for sentence in added.skipped[:_MANY]:
        say(f"left out: {sentence}")
    if len(added.skipped) > _MANY:
        say(f"left out: … and {plural(len(added.skipped) - _MANY, 'file')} more")
    if added.indexed:
        say(f"{plural(added.indexed, 'paper')} indexed.")


def added_dict(added: Added) -> dict[str, Any]:
    files = [
        {
            "file": name, "new": summary.new, "updated": summary.updated, "same": summary.same,
            "resumed": summary.resumed, "failed": summary.failed,
            "problems": [{"where": fault.where, "why": fault.reason} for fault in summary.problems],
        }
        for name, summary in added.files
    ]  # fmt: skip
    return {"files": files, "skipped": list(added.skipped), "indexed": added.indexed}


def show_stats(stats: Stats) -> None:
    rows = [
        ("papers", f"{stats.papers:,}"),
        ("indexed", f"{stats.indexed:,}" + (f" ({plural(stats.behind, 'change')} behind)" if stats.behind else "")),
        ("vectors", f"{stats.vectors:,} by the encoder {stats.encoder}"),
        ("last added to", stats.last_sync or "never"),
        ("set aside", f"{stats.set_aside:,}"),
        *((f"{part} on disk", size(count)) for part, count in stats.bytes.items() if count),
    ]
    table(out(), rows)


def size(count: float) -> str:
    """``12.3 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def show_figures(figures: Mapping[str, float]) -> None:
    table(out(), [(name, f"{value:,}") for name, value in figures.items()])

"""How work, editions and the way of letters are shown in a terminal, in a log, and as JSON."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from broadsheet import console
from broadsheet.community.periods import day_of, number
from broadsheet.editions import heart, letters, overview, schedule, status, timely
from broadsheet.mail import server, signing, write
from broadsheet.people import addresses
from broadsheet.text import plural
from broadsheet.watch import BLIND, Watch
from broadsheet.work import Delivered, Told, Watching, built_counts, told

if TYPE_CHECKING:
    from rich.progress import Progress

    from broadsheet.editions.timely import Turn
    from broadsheet.library import Library
    from broadsheet.mail.sheet import Sheet
    from broadsheet.store import Edition, Subscriber

UNIT = """\
# broadsheet work --systemd > ~/.config/systemd/user/broadsheet-work.service
# systemctl --user daemon-reload && systemctl --user enable --now broadsheet-work
# loginctl enable-linger    # so that it runs while you are not signed in
[Unit]
Description=Broadsheet: papers come, editions leave
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={program} --home {home} work
Restart=always
RestartSec=30
# It ends between two letters; a server may take ten minutes to answer.
TimeoutStopSec=660
Nice=5

[Install]
WantedBy=default.target
"""


def unit(home: Path | None) -> str:
    """A unit of this program for the library at *home*."""
    import os

    from broadsheet import settings

    program = shutil.which("broadsheet")
    started = _quoted(program) if program else f"{_quoted(sys.executable)} -m broadsheet"
    return UNIT.format(program=started, home=_quoted(str(settings.home(home, os.environ))))


def _quoted(word: str) -> str:
    """As systemd reads it (systemd.syntax, systemd.service: %% and $$)."""
    said = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{said}"' if any(sign in " \t\"\\'" for sign in word) else said


# -- work --------------------------------------------------------------------------------------------------------------


def beginning(library: "Library", as_json: bool) -> None:
    """What is going to happen, before anything does."""
    if as_json:
        return
    counts = library.store.subscribers.count()
    good, wrong = library.followed()
    where = server.server(library.settings)
    way = f"by {where.host}" if where else f"into {library.home / 'outbox'}, as no mail server is set"
    console.say(
        f"At work on {library.home}: {plural(len(good) + len(wrong), 'source')},"
        f" {plural(counts['active'], 'reader')}, mail {way}. (Ctrl-C stops it)"
    )


def ending(library: "Library", as_json: bool) -> None:
    """What comes next, for a person; a log and cron hear of what happened alone."""
    if as_json or not sys.stderr.isatty():
        return
    coming = timely.earliest(library.store, int(time.time()))
    when = f"the next edition is due {heart.said(coming)} UTC" if coming else "no edition is planned"
    console.say(f"Every step was done once; {when}.")


def teller(as_json: bool) -> Callable[[Told], None]:
    """Tells one line: with the hour on a terminal, without in a log (which has its own), as JSON for programs."""
    clock = sys.stderr.isatty()

    def tell(one: Told) -> None:
        if as_json:
            click.echo(json.dumps({**one._asdict(), "at": heart.iso(one.at), "seconds": round(one.seconds, 3)}))
            return
        hour = f"{datetime.fromtimestamp(one.at).astimezone():%H:%M:%S}  " if clock else ""
        took = f" ({one.seconds:,.0f} s)" if one.seconds >= 1 else ""
        console.say(f"{hour}{one.step}: {'' if one.ok else 'failed: '}{one.said}{took}")

    return tell


class _Row:
    """A step's row of progress, as a `Watch`; there while it has something to show."""

    def __init__(self, bars: "Progress", name: str) -> None:
        self._bars, self._name = bars, name
        self._task: Any = None

    def stage(self, name: str, total: int, unit: str) -> None:
        self.close()
        self._task = self._bars.add_task(f"{self._name}: {name}", total=max(total, 1), unit=unit)

    def moved(self, done: int, note: str = "") -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done)

    def close(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None


@contextmanager
def steps() -> Iterator[Watching]:
    """Rows of progress with time left, one for each step that is busy; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"), TimeRemainingColumn(), console=Console(stderr=True), transient=True,
        refresh_per_second=4,
    )  # fmt: skip

    @contextmanager
    def row(name: str) -> Iterator[Watch]:
        made = _Row(bars, name)
        try:
            yield made
        finally:
            made.close()

    if not bars.console.is_terminal:
        yield lambda name: nullcontext(BLIND)
        return
    with bars:
        yield row


# -- digest preview ----------------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """An edition that is looked at: *data* is the letter as it would leave."""

    email: str
    day: int
    sheet: "Sheet"
    message: EmailMessage
    data: bytes

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        return "" if body is None else str(body.get_content())

    def to_dict(self) -> dict[str, Any]:
        sections = [
            {"key": one.key, "title": one.title,
             "papers": [{"title": item.title, "why": list(item.why), "link": item.link} for item in one.items]}
            for one in self.sheet.sections
        ]  # fmt: skip
        return {
            "reader": self.email, "day": iso_day(self.day), "subject": self.subject, "minutes": self.sheet.minutes,
            "looked": self.sheet.looked, "notes": list(self.sheet.notes), "sections": sections, "bytes": len(self.data),
        }  # fmt: skip


def seen(library: "Library", one: "Subscriber", now: int) -> Seen:
    """The edition that *one* would get now. Raises Mistake."""
    day = number(schedule.local_day(one.zone, now))
    sheet, message = letters.preview(library, one, day, now)
    return Seen(addresses.shown(one.email), day, sheet, message, _signed(library, message))


def _signed(library: "Library", message: EmailMessage) -> bytes:
    """As it travels."""
    data, signer = letters.octets(message), signing.signer(library.settings)
    return signer.sign(data) if signer else data


def as_page(seen: Seen) -> Path:
    """Its HTML in a file that a browser can open."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".html", prefix="edition-", delete=False) as file:
        file.write(seen.html)
    return Path(file.name)


# -- digest send -------------------------------------------------------------------------------------------------------


def show_due(library: "Library", found: "Sequence[Turn]", only: int | None, now: int, as_json: bool) -> None:
    """Who would get an edition, and how many are ready already."""
    store = library.store
    known = store.editions.days([one.subscriber.id for one in found], min((one.day for one in found), default=0))
    new = [one for one in found if (one.subscriber.id, one.day) not in known]
    ready = sum(only in (None, row.subscriber) for row in store.editions.ready(now, 1_000_000))
    named = [(addresses.shown(one.subscriber.email), iso_day(one.day), one) for one in new]
    if as_json:
        due = [{"reader": email, "day": day, "due": heart.iso(one.due)} for email, day, one in named]
        console.print_json({"due": due, "ready": ready})
        return
    rows = [(email, day, heart.said(one.due, one.subscriber.zone)) for email, day, one in named]
    console.table(console.out(), rows, ("reader", "day", "due"))
    console.say(f"{plural(len(new), 'edition')} would be made, and {plural(ready, 'letter')} {_wait(ready)} already.")


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"


def show_delivered(library: "Library", done: Delivered, one: "Subscriber | None", now: int, as_json: bool) -> None:
    made = built_counts(done.built) if done.built else {}
    if as_json:
        sent = {"due": done.due, "made": made, "sent": dict(done.sent.counts), "stopped": done.sent.stopped, "by": ""}
        console.print_json(sent)
        return
    console.say(f"Made: {told(made) or 'nothing'}. Sent: {told(done.sent.counts) or 'nothing'}.")
    for reason, count in sorted(done.sent.reasons.items(), key=lambda pair: -pair[1])[:6]:
        console.say(f"  {count:,} × {reason}")
    if done.sent.stopped:
        console.say(f"It ended early: {done.sent.stopped}.")
    if one is not None:
        console.say(_sentence(status.status_line(library, one, now)))


# -- digest status -----------------------------------------------------------------------------------------------------


def show_days(library: "Library", days: int, now: int, as_json: bool) -> None:
    """What became of the editions of each day, and what holds up all of them."""
    found = overview.overview(library, now, days)
    if as_json:
        console.print_json(overview.to_dict(found))
        return
    groups = [group for group in overview.GROUPS if any(day.groups[group] for day in found.days)] or ["sent"]
    rows = [
        (day.day.isoformat(), *(f"{day.groups[group]:,}" if day.groups[group] else "·" for group in groups))
        for day in found.days if day.total
    ]  # fmt: skip
    if rows:
        console.table(console.out(), rows, ("day", *groups))
    else:
        console.say(f"No edition was made in the last {plural(days, 'day')}.")
    for name, step in found.trouble.items():
        console.say(f"{name} fails since {heart.said(step.since)} UTC: {step.said}")
    if found.silence:
        console.say(_sentence(found.silence))
    counts = found.readers
    waits = f" {plural(found.waiting, 'letter')} {_wait(found.waiting)}." if found.waiting else ""
    coming = f" The next edition is due {heart.said(found.next)} UTC." if found.next else ""
    console.say(f"{plural(counts['active'], 'reader')}, {counts.get('suppressed', 0):,} suppressed.{waits}{coming}")


def show_reader(library: "Library", email: str, days: int, now: int, as_json: bool) -> None:
    """Why there was mail for one reader or not, and the last editions."""
    line = status.of_address(library, email, now)
    one = library.store.subscribers.by_email(addresses.address(email))
    since = number(schedule.local_day("UTC", now - days * 86_400))
    rows = [row for row in (library.store.editions.of(one.id, days) if one else []) if row.day >= since]
    if as_json:
        console.print_json({"reader": email, "status": line, "editions": [_row(row) for row in rows]})
        return
    console.say(_sentence(line))
    if rows:
        told = [(iso_day(row.day), row.state, row.reason) for row in rows]
        console.table(console.out(), told, ("day", "state", "why"))


def _row(row: "Edition") -> dict[str, Any]:
    return {
        "day": iso_day(row.day), "state": row.state, "reason": row.reason, "due": heart.iso(row.due),
        "tries": row.tries, "done": heart.iso(row.done or 0), "papers": len(row.papers) // 4,
    }  # fmt: skip


def iso_day(value: int) -> str:
    """20261121 as 2026-11-21."""
    day = day_of(value)
    return day.isoformat() if day else str(value)


def _sentence(line: str) -> str:
    return f"{line[:1].upper()}{line[1:]}."


# -- mail test ---------------------------------------------------------------------------------------------------------


def test_letter(library: "Library", address: str) -> tuple[str, bytes]:
    """To whom, and the letter as it travels, signed where letters are. Raises Mistake."""
    config, to = library.settings, addresses.address(address)
    message = write.letter("test", to, config.sender, home=library.home, site=config.title)
    return to, _signed(library, message)

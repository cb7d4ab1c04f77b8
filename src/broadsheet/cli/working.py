"""The verbs that keep a library at work: work, digest, mail."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broadsheet.cli._group import cli, json_option, library_of, options_of
from broadsheet.errors import Mistake, NotFound

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.store import Subscriber
    from broadsheet.work import Worker

_OTHER = "another `broadsheet work` is at this library"
_AGAIN = 2.0  # seconds between two looks at whether it has ended


@cli.command()
@click.option("--once", is_flag=True, help="Each step once, then end: for cron.")
@click.option("--systemd", is_flag=True, help="Print a unit for systemd that keeps it running, and end.")
@options_of("fetch")
@json_option
@click.pass_context
def work(context: click.Context, /, once: bool, systemd: bool, as_json: bool, **own: Any) -> None:
    """Fetch papers when sources have announced, make the editions, and send them at their hours; until it is stopped.

    Mail leaves only while this runs. A second one on the same library waits until the first has ended.
    """
    from broadsheet import console, work
    from broadsheet.cli import _working

    if systemd:
        click.echo(_working.unit(context.obj[0]), nl=False)
        return
    library = library_of(context, create=True, **own)
    _check(library)
    with _working.steps() as watching:
        worker = work.Worker(library, _working.teller(as_json), watching=watching)
        with _stopping(worker), _turn(library, worker, wait=not once) as free:
            if not free:
                console.say(f"{_OTHER}; nothing was done.")
            elif not once:
                _working.beginning(library, as_json)
                worker.run()
            else:
                fine = worker.once()
                _working.ending(library, as_json)
                context.exit(0 if fine else 1)


def _check(library: "Library") -> None:
    """What would be found out at six in the morning. Raises Mistake."""
    from broadsheet.editions import shown
    from broadsheet.mail import compose, mailbox, server, signing, write

    server.server(library.settings)
    write.check(library.home)
    compose.check(library.home)
    signing.signer(library.settings)
    mailbox.place(library.settings)
    if library.store.subscribers.count()["active"]:
        shown.root(library.settings)


@contextmanager
def _turn(library: "Library", worker: "Worker", *, wait: bool) -> Iterator[bool]:
    """Waits until no other process is at work; False when there is one and *wait* is not set, or we are to end."""
    from broadsheet import console, work

    said = False
    while True:
        with work.alone(library) as free:
            if free or not wait or worker.stopped:
                yield free
                return
        if not said:
            console.say(f"{_OTHER}; this one waits until it has ended.")
            said = True
        time.sleep(_AGAIN)


@contextmanager
def _stopping(worker: "Worker") -> Iterator[None]:
    """The first signal ends it between two letters; a second one as any program is ended."""

    def stop(number: int, frame: object) -> None:
        worker.stop()
        for name, handler in before.items():
            signal.signal(name, handler)

    names = (signal.SIGTERM, signal.SIGINT)
    before: dict[signal.Signals, Any] = {name: signal.signal(name, stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


# -- digest ------------------------------------------------------------------------------------------------------------


@cli.group()
def digest() -> None:
    """The editions that go out by mail: look at one before it leaves, send what is due, see what became of them."""


_reader = click.option("--reader", metavar="EMAIL", default="", help="Of this reader alone.")


@digest.command()
@_reader
@click.option("--eml", type=click.Path(path_type=Path, dir_okay=False), help="Write the letter into this file.")
@click.option("--open", "in_browser", is_flag=True, help="Show its HTML in your browser.")
@json_option
@click.pass_context
def preview(context: click.Context, reader: str, eml: Path | None, in_browser: bool, as_json: bool) -> None:
    """Show the edition that a reader would get now; nothing is sent or kept. Without --reader, the owner's."""
    from broadsheet import console
    from broadsheet.cli import _working

    library = library_of(context)
    seen = _working.seen(library, _one(library, reader), int(time.time()))
    if as_json:
        console.print_json(seen.to_dict())
        return
    if eml is not None:
        _written(eml, seen.data)
        console.say(f"{eml} is the letter to {seen.email}, as it would leave.")
    if in_browser:
        path = _working.as_page(seen)
        console.say(f"{path} is its HTML.")
        click.launch(str(path))
    if eml is None and not in_browser:
        click.echo(f"To: {seen.email}\nSubject: {seen.subject}\n\n{seen.text}", nl=False)


def _written(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Mistake(f"{path} cannot be written ({error.strerror})") from error


def _one(library: "Library", email: str) -> "Subscriber":
    """The subscriber of that address; the owner's own, or the only one, where none is given. Raises Mistake."""
    from broadsheet.people import addresses
    from broadsheet.store import OWNER

    store = library.store.subscribers
    if email:
        found = store.by_email(addresses.address(email))
        if found is None:
            raise NotFound(f"{email[:80]} gets nothing here; `broadsheet subscribe {email[:80]}` changes that")
        return found
    everybody = store.all(limit=2)
    one = store.of_account(OWNER) or (everybody[0] if len(everybody) == 1 else None)
    if one is None:
        nobody = "nobody has subscribed yet; `broadsheet subscribe` is next"
        raise NotFound("whose edition? Say it with --reader EMAIL" if everybody else nobody)
    return one


@digest.command()
@_reader
@click.option("--now", "at_once", is_flag=True, help="Also those whose hour has not come: today's edition leaves now.")
@click.option("--dry-run", is_flag=True, help="Only say who would get one.")
@json_option
@click.pass_context
def send(context: click.Context, reader: str, at_once: bool, dry_run: bool, as_json: bool) -> None:
    """Make and send what is due now, once; `broadsheet work` does it by itself.

    Whoever has had an edition of today gets no second one.
    """
    from broadsheet import console, work
    from broadsheet.cli import _working

    library, now = library_of(context), int(time.time())
    _check(library)
    one = _one(library, reader) if reader else None
    only = one.id if one else None
    if dry_run:
        _working.show_due(library, work.due(library, now, only, at_once=at_once), only, now, as_json)
        return
    with work.alone(library) as free:
        if not free:
            _handed_over(library, now, only, at_once=at_once, as_json=as_json)
            return
        with console.watching() as watch:
            done = work.deliver(library, now, only, at_once=at_once, watch=watch)
    _working.show_delivered(library, done, one, now, as_json)
    if done.sent.stopped:
        context.exit(1)


def _handed_over(library: "Library", now: int, only: int | None, *, at_once: bool, as_json: bool) -> None:
    """Makes the editions, and leaves it to the process that is at work to send them."""
    from broadsheet import console, work
    from broadsheet.editions import build

    found = work.due(library, now, only, at_once=at_once)
    built = build.build(library, found, now) if found else None
    counts = work.built_counts(built) if built else {}
    if as_json:
        console.print_json({"due": len(found), "made": counts, "sent": {}, "stopped": "", "by": "work"})
    else:
        console.say(f"`broadsheet work` is running, and sends by itself: {work.told(counts) or 'nothing new is due'}.")


@digest.command("status")
@click.argument("email", required=False, default="")
@_reader
@click.option("--days", type=click.IntRange(1, 400), default=14, show_default=True, help="How many days back.")
@json_option
@click.pass_context
def status_(context: click.Context, email: str, reader: str, days: int, as_json: bool) -> None:
    """Show what became of the editions of each day; of one reader (EMAIL), why there was mail or not."""
    from broadsheet.cli import _working

    library, now = library_of(context), int(time.time())
    if one := reader or email:
        _working.show_reader(library, one, days, now, as_json)
    else:
        _working.show_days(library, days, now, as_json)


# -- mail --------------------------------------------------------------------------------------------------------------


@cli.group()
def mail() -> None:
    """The way that letters take: try it."""


@mail.command("test")
@click.argument("address")
@json_option
@click.pass_context
def test_(context: click.Context, address: str, as_json: bool) -> None:
    """Send a test letter to ADDRESS, and tell each step from the server's name to its last answer."""
    from broadsheet import console
    from broadsheet.cli import _working
    from broadsheet.mail import probe, server
    from broadsheet.mail.write import mailbox

    library = library_of(context, create=True)
    where = server.server(library.settings)
    if where is None:
        raise Mistake(
            'no mail server is set: smtp = "smtp://me@mail.example.org" and sender = "papers@example.org" under [mail]'
            " in broadsheet.toml name one"
        )
    to, data = _working.test_letter(library, address)
    heard = []
    for one in probe.probe(where, mailbox(library.settings.sender).addr_spec, to, data):
        heard.append(one)
        if not as_json:
            click.echo(f"{'ok' if one.ok else 'FAILED':6}  {one.step:10}  {one.said}")
            if one.hint:
                click.echo(f"{'':20}{one.hint}")
    if as_json:
        console.print_json({"ok": heard[-1].ok, "steps": [one._asdict() for one in heard]})
    if not heard[-1].ok:
        context.exit(1)

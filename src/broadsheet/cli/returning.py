"""The verb for what comes back: from a mail server that hands it over, from files, from a mailbox."""

import os
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, NoReturn

import click

from broadsheet.cli._group import json_option, library_of
from broadsheet.cli.working import digest
from broadsheet.errors import BroadsheetError, Mistake

if TYPE_CHECKING:
    from broadsheet.editions.returns import Applied
    from broadsheet.library import Library

AGAIN = 75  # EX_TEMPFAIL of sysexits.h: a mail server that runs us keeps the message, and tries again
_TOLD = ("ORIGINAL_RECIPIENT", "RECIPIENT")  # where Postfix says whom a message was sent to


@digest.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--imap", is_flag=True, help="Read the mailbox of the settings ([mail] imap).")
@click.option("--to", "envelope", multiple=True, metavar="ADDRESS", help="Whom the message was sent to; repeatable.")
@json_option
@click.pass_context
def returned(
    context: click.Context, files: tuple[str, ...], imap: bool, envelope: tuple[str, ...], as_json: bool
) -> None:
    """Apply what came back: bounces, complaints, letters that unsubscribe. One message on standard input, or FILES."""
    if imap:
        if files or envelope:
            raise Mistake("either --imap, or messages")
        _collect(library_of(context), as_json)
    elif files:
        library = library_of(context)
        done = []
        for file in files:
            with click.open_file(file, "rb") as opened:
                done.append(_applied(library, _bounded(opened), envelope))
        _tell(done, as_json)
    else:
        _piped(lambda: library_of(context), envelope, as_json)


def _piped(open_library: "Callable[[], Library]", envelope: tuple[str, ...], as_json: bool) -> None:
    """A message that a mail server hands over: what cannot be kept now is asked for again, nothing is sent back."""
    from broadsheet.mail.returns import Unreadable

    if sys.stdin.isatty():
        raise Mistake("give a message on standard input, files with one each, or --imap")
    data = _bounded(sys.stdin.buffer)
    told = (*envelope, *filter(None, map(os.environ.get, _TOLD)))
    try:
        done = _applied(open_library(), data, told)
    except Unreadable as error:
        click.echo(f"broadsheet: {error}", err=True)
    except BroadsheetError as error:
        _later(error)
    else:
        _tell([done], as_json)


def _later(error: BroadsheetError) -> NoReturn:
    click.echo(f"broadsheet: {error}", err=True)
    sys.exit(AGAIN)


def _bounded(file: IO[bytes]) -> bytes:
    """The beginning of a message, which is all that is used; the rest is taken, so that nobody sees us hang up."""
    from broadsheet.mail.returns import MOST

    data = file.read(MOST)
    while file.read(MOST):
        pass
    return data


def _applied(library: "Library", data: bytes, envelope: tuple[str, ...]) -> "Applied":
    from broadsheet.editions import returns

    return returns.apply(library, data, envelope)


def _tell(done: "list[Applied]", as_json: bool) -> None:
    from broadsheet import console
    from broadsheet.editions import returns

    if as_json:
        console.print_json({"messages": [one._asdict() for one in done]})
    for one in done:
        console.say(returns.told(one))


def _collect(library: "Library", as_json: bool) -> None:
    import time

    from broadsheet import console
    from broadsheet.editions import returns
    from broadsheet.mail import mailbox

    where = mailbox.place(library.settings)
    if where is None:
        raise Mistake("[mail] imap: give the mailbox, such as imaps://bounces@mail.example.org/INBOX")
    found = returns.collect(library, where, int(time.time()))
    if as_json:
        console.print_json({"counts": found.counts, "unknown": found.unknown})
    console.say(found.said or "Nothing new came back.")
    for said in found.unknown:
        console.say(f"  {said}")

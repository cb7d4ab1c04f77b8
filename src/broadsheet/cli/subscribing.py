"""The verbs about letters with new papers: subscribe, unsubscribe, subscribers. Whoever runs them is the owner."""

import csv
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from broadsheet.cli._group import cli, json_option, library_of
from broadsheet.errors import Mistake, NotFound
from broadsheet.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from broadsheet.editions.subscribing import Wanted
    from broadsheet.library import Library
    from broadsheet.store import Schedule, Subscriber, Suppressed

_SCHEDULE = ("every", "on", "at", "zone", "language", "quiet")
_COLUMNS = ("email", "state", "every", "on", "at", "zone", "language", "quiet", "until", "made", "wishes")


@cli.command()
@click.argument("email")
@click.option(
    "--topic", "topics", multiple=True, metavar="T", help="A category such as cs.CL, or a phrase; repeatable."
)
@click.option("--search", "searches", multiple=True, metavar="S", help="A saved search, or the question; repeatable.")
@click.option("--list", "lists", multiple=True, metavar="L", help="The name of a list, or its number; repeatable.")
@click.option("--author", "authors", multiple=True, metavar="A", help="The name of an author; repeatable.")
@click.option("--rising", is_flag=True, help="What is rising.")
@click.option("--front", is_flag=True, help="The page of the day.")
@click.option("--personal", is_flag=True, help="What is near to what the account votes for and saves.")
@click.option("--every", help="day, week or off (day when not given).")
@click.option("--on", metavar="WEEKDAY", help="The day of a weekly letter: monday.")
@click.option("--at", metavar="HH:MM", help="The hour, where the reader is: 07:30 (07:00 when not given).")
@click.option("--zone", help="Where the reader is: Europe/Berlin (UTC when not given).")
@click.option("--language", help="Of the letters: en.")
@click.option("--quiet", help="When there is nothing new: say, or skip.")
@click.option("--confirmed", is_flag=True, help="The address is known to want this: no letter asks it first.")
@json_option
@click.pass_context
def subscribe(
    context: click.Context, /, email: str, topics: tuple[str, ...], searches: tuple[str, ...], lists: tuple[str, ...],
    authors: tuple[str, ...], rising: bool, front: bool, personal: bool, confirmed: bool, as_json: bool,
    **when: str | None,
) -> None:  # fmt: skip
    """Send new papers to EMAIL, once a day or once a week; a letter asks there first. Repeated, it adds."""
    from broadsheet.editions import subscribing

    library = library_of(context, create=True)
    single = [(kind, "") for kind, wanted in (("rising", rising), ("front", front), ("personal", personal)) if wanted]
    many = (("topic", topics), ("search", searches), ("author", authors))
    listed = [(kind, value) for kind, values in many for value in values]
    wanted = _wanted(library, email, [*single, *listed], lists, when)
    if not confirmed:
        _ask(library, email, wanted, as_json)
        return
    to = _address(email)
    one = library.store.subscribers.by_email(to)
    has = subscribing.added(library, one, wanted.wishes)
    if not has:
        raise Mistake("say what should be sent: --topic, --search, --list, --author, --rising, --front or --personal")
    made = subscribing.begin(library, to, wanted._replace(wishes=has))
    _show(library, made, as_json, f"{to} gets letters, {_when(made)}:")


def _address(text: str) -> str:
    from broadsheet.people import addresses

    return addresses.address(text)


def _wanted(
    library: "Library", email: str, given: "Iterable[tuple[str, str]]", lists: "Iterable[str]", when: dict[str, Any]
) -> "Wanted":
    """What is asked for, as the account sees it that the address belongs to. Raises Mistake."""
    from broadsheet.editions import schedule, subscribing, wishes
    from broadsheet.store import OWNER, Schedule

    to = _address(email)
    known = library.store.accounts.by_email(to)
    off = library.settings.accounts == "off"
    sees = OWNER if off else known.id if known else 0
    numbered = [("list", one if one.isdecimal() else str(library.shelves(sees).list_called(one).id)) for one in lists]
    chosen = wishes.checked(library, sees, [*given, *numbered])
    one = library.store.subscribers.by_email(to)
    before = subscribing.schedule_of(one) if one is not None and one.every != "off" else Schedule()
    said = {name: str(when[name]) for name in _SCHEDULE if when.get(name) is not None}
    today = schedule.local_day(before.zone, int(time.time()))
    asked = subscribing.Wanted(wishes.scheduled(said, before, today), chosen, sees)
    return subscribing.by_owner(library, to, asked) if off else asked


def _ask(library: "Library", email: str, wanted: "Wanted", as_json: bool) -> None:
    """Sends the letter that asks an address."""
    from broadsheet import console
    from broadsheet.editions import schedule, subscribing
    from broadsheet.mail import send, write

    config = library.settings
    if config.smtp and not config.address:
        raise Mistake('the link in a letter needs the address of this library: address = "https://..." under [web]')
    asked = subscribing.ask(library, email, wanted, "")
    base = config.address.rstrip("/") or f"http://localhost:{config.port}"
    if asked.send:
        message = write.letter(
            "subscription", asked.email, send.sender(config), home=config.home, site=config.title,
            days=subscribing.DAYS,
            link=f"{base}/subscribe/confirm/{asked.key}", wishes=subscribing.in_letter(library, asked.wishes),
            when=schedule.told(asked.schedule), more=asked.more,
        )  # fmt: skip
        server = send.server(config)
        if server:
            send.deliver(server, message, send.signer(config))
        else:
            send.keep(library.home, message)
    if as_json:
        console.print_json({"email": asked.email, "sent": asked.send, "confirmed": False})
        return
    if not asked.send:
        console.say(f"No letter was sent: {_why_none(library, asked.email)}.")
        return
    where = "sent" if config.smtp else f"written into {library.home / 'outbox'}: no mail server is set"
    console.say(f"A letter to {asked.email} was {where}. Its link begins the letters, within {subscribing.DAYS} days.")
    console.say(f"Without asking: {console.program('subscribe', asked.email, '--confirmed')}, with the same words.")


def _why_none(library: "Library", email: str) -> str:
    if stopped := library.store.subscribers.suppressed([email]).get(email):
        return f"nothing goes to this address ({stopped.why}); `broadsheet subscribers --lift {email}` changes that"
    if library.store.subscribers.pendings(email):
        return "one was sent just now, and waits for an answer"
    return "it gets all of this already"


def _when(one: "Subscriber") -> str:
    from broadsheet.editions import schedule

    return schedule.told(one)


@cli.command()
@click.argument("email")
@click.option("--remove", is_flag=True, help="Delete all that is kept of the address, too, for good.")
@json_option
@click.pass_context
def unsubscribe(context: click.Context, email: str, remove: bool, as_json: bool) -> None:
    """Send EMAIL no more letters."""
    from broadsheet import console

    library, to = library_of(context), _address(email)
    found = library.store.subscribers.by_email(to)
    if found is None:
        raise NotFound(f"{to} gets no letters; `broadsheet subscribers` lists who does")
    if remove:
        library.store.subscribers.remove(found.id)
    else:
        library.store.subscribers.leave(found.id, int(time.time()))
    if as_json:
        console.print_json({"email": to, "state": "removed" if remove else "left"})
    elif remove:
        console.say(f"{to} gets no letters any more, and nothing is kept of it.")
    else:
        console.say(
            f"{to} gets no letters any more. To delete all of it: {console.program('unsubscribe', to, '--remove')}"
        )


@cli.command()
@click.argument("part", required=False, default="")
@click.option("--lift", metavar="EMAIL", help="Let letters go to this address again, whatever stopped them.")
@click.option("--suppress", metavar="EMAIL", help="Let no letter go to this address, whoever asks.")
@click.option("--export", "as_csv", is_flag=True, help="All of them as CSV on standard output.")
@json_option
@click.pass_context
def subscribers(
    context: click.Context, part: str, lift: str | None, suppress: str | None, as_csv: bool, as_json: bool
) -> None:
    """Show who gets letters, and which addresses get none and why; with PART those that have it in their address."""
    from broadsheet import console

    library = library_of(context)
    if lift or suppress:
        _stop(library, lift, suppress)
        return
    found = library.store.subscribers.search(part, 1_000_000)
    stopped = [one for one in _suppressed(library) if part.lower() in one.email]
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(_COLUMNS)
        writer.writerows([_cell(row[name]) for name in _COLUMNS] for row in _rows(library, found, stopped))
    elif as_json:
        rows = list(_rows(library, found, stopped))
        kept = [{**one._asdict(), "at": _moment(one.at)} for one in stopped]
        console.print_json({"counts": library.store.subscribers.count(), "subscribers": rows, "suppressed": kept})
    else:
        _table(library, found, stopped)


def _stop(library: "Library", lift: str | None, suppress: str | None) -> None:
    from broadsheet import console

    if lift and suppress:
        raise Mistake("give one of --lift and --suppress")
    to = _address(lift or suppress or "")
    if suppress:
        library.store.subscribers.suppress(to, "owner", "at the shell", int(time.time()))
        console.say(f"No letter goes to {to} from now on. To undo this: {console.program('subscribers', '--lift', to)}")
    elif library.store.subscribers.lift(to):
        console.say(f"Letters can go to {to} again.")
    else:
        raise NotFound(f"nothing stops letters to {to}")


def _suppressed(library: "Library") -> "Iterator[Suppressed]":
    after = ""
    while some := library.store.subscribers.suppressions(1_000, after):
        yield from some
        after = some[-1].email


def _rows(library: "Library", found: "list[Subscriber]", stopped: "Iterable[Suppressed]") -> "Iterator[dict[str, Any]]":
    from broadsheet.editions import subscribing, wishes

    why = {one.email: one.why for one in stopped}
    for start in range(0, len(found), 1_000):
        some = found[start : start + 1_000]
        wanted = library.store.subscribers.wishes([one.id for one in some])
        for one in some:
            told = wishes.told(subscribing.schedule_of(one), wishes.ordered(wanted.get(one.id, [])))
            state = "left" if one.left else why.get(one.email) or ("off" if one.every == "off" else "active")
            yield {"email": one.email, "state": state, **told, "made": _moment(one.made)}


def _cell(value: Any) -> str:
    """One cell of the CSV; no spreadsheet takes it for a formula."""
    text = (
        "; ".join(f"{one['kind']} {one['value']}".strip() for one in value) if isinstance(value, list) else str(value)
    )
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _table(library: "Library", found: "list[Subscriber]", stopped: "list[Suppressed]") -> None:
    from broadsheet import console
    from broadsheet.editions import wishes

    if not found and not stopped:
        example = console.program("subscribe", "ada@example.org", "--topic", "cs.CL", "--rising")
        console.say(f"Nobody gets letters yet. {example} begins one.")
        return
    wanted = library.store.subscribers.wishes([one.id for one in found])
    why = {one.email: one.why for one in stopped}
    rows = [
        (one.email, "left" if one.left else f"stopped: {why[one.email]}" if one.email in why else _when(one),
         "; ".join(wishes.sentences(library, wishes.ordered(wanted.get(one.id, [])), one.account or 0)))
        for one in found
    ]  # fmt: skip
    if rows:
        console.table(console.out(), rows, ("address", "when", "what"))
    if stopped:
        lines = [(one.email, one.why, one.detail, _moment(one.at)[:10]) for one in stopped]
        console.table(console.out(), lines, ("no letter goes to", "why", "more", "since"))
    count = library.store.subscribers.count()
    console.say(f"{plural(count['active'], 'address')} with letters, {count['left']:,} that left.")


def _moment(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _show(library: "Library", one: "Subscriber", as_json: bool, sentence: str) -> None:
    from broadsheet import console
    from broadsheet.editions import subscribing, wishes

    has = wishes.ordered(library.store.subscribers.wishes([one.id]).get(one.id, []))
    if as_json:
        plan: Schedule = subscribing.schedule_of(one)
        console.print_json({"email": one.email, "confirmed": True, **wishes.told(plan, has)})
        return
    console.say(sentence)
    for words in wishes.sentences(library, has, one.account or 0):
        console.say(f"  {words}")
    if library.store.subscribers.suppressed([one.email]):
        console.say(f"But {_why_none(library, one.email)}.")

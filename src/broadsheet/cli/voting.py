"""The verbs about what readers do: vote, hide, read, comment, submit, pick. Whoever runs them is the owner."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from broadsheet.cli._group import cli, json_option, library_of
from broadsheet.text import plural

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.people.rights import Reader

_IDS = click.argument("ids", nargs=-1, required=True)


def _owner() -> "Reader":
    from broadsheet.people.rights import Reader
    from broadsheet.store import OWNER

    return Reader(OWNER, "owner", "admin", via="machine")


def _each(library: "Library", ids: Sequence[str], act: Callable[[int], object]) -> list[str]:
    """Does *act* to each paper once; their keys. One unknown id, and nothing is done."""
    rows = list(dict.fromkeys(library.row(identifier) for identifier in ids))
    for row in rows:
        act(row)
    return [paper.key for paper in library.store.get(rows).values()]


def _told(keys: list[str], said: str, undo: str, as_json: bool) -> None:
    from broadsheet import console

    if as_json:
        console.print_json({"papers": keys})
    console.say(f"{plural(len(keys), 'paper')} {said}.")
    if keys:
        console.say(f"To undo this: {console.program(undo, *keys)}")


@cli.command()
@_IDS
@json_option
@click.pass_context
def vote(context: click.Context, ids: tuple[str, ...], as_json: bool) -> None:
    """Vote for papers, by any of their ids: one vote each, however often you say it."""
    library = library_of(context)
    keys = _each(library, ids, lambda pk: library.store.community.vote(_owner().id, pk))
    _told(keys, "voted for", "unvote", as_json)


@cli.command()
@_IDS
@json_option
@click.pass_context
def unvote(context: click.Context, ids: tuple[str, ...], as_json: bool) -> None:
    """Take your votes for papers back."""
    library = library_of(context)
    keys = _each(library, ids, lambda pk: library.store.community.vote(_owner().id, pk, want=False))
    _told(keys, "not voted for any more", "vote", as_json)


@cli.command()
@_IDS
@json_option
@click.pass_context
def hide(context: click.Context, ids: tuple[str, ...], as_json: bool) -> None:
    """Put papers out of sight: they are left out of the days, and stay in the library and in searches."""
    library = library_of(context)
    keys = _each(library, ids, lambda pk: library.store.community.hide(_owner().id, pk))
    _told(keys, "hidden", "unhide", as_json)


@cli.command()
@_IDS
@json_option
@click.pass_context
def unhide(context: click.Context, ids: tuple[str, ...], as_json: bool) -> None:
    """Let hidden papers be seen again."""
    library = library_of(context)
    keys = _each(library, ids, lambda pk: library.store.community.hide(_owner().id, pk, want=False))
    _told(keys, "in sight again", "hide", as_json)


@cli.command()
@_IDS
@click.option("--not", "undo", is_flag=True, help="Say that you have not read them.")
@json_option
@click.pass_context
def read(context: click.Context, ids: tuple[str, ...], undo: bool, as_json: bool) -> None:
    """Note that you have read papers."""
    from broadsheet import console

    library = library_of(context)
    keys = _each(library, ids, lambda pk: library.store.community.read(_owner().id, pk, want=not undo))
    if as_json:
        console.print_json({"papers": keys})
    console.say(f"{plural(len(keys), 'paper')} {'not ' if undo else ''}marked as read.")
    if not undo:
        console.say(f"To undo this: {console.program('read', '--not', *keys)}")


@cli.command()
@click.argument("id")
@click.argument("words", nargs=-1)
@click.option("--answer", type=int, metavar="NUMBER", help="The comment that this answers.")
@click.option("--remove", type=int, metavar="NUMBER", help="Take this comment away.")
@json_option
@click.pass_context
def comment(
    context: click.Context, id: str, words: tuple[str, ...], answer: int | None, remove: int | None, as_json: bool
) -> None:
    """Write WORDS about a paper, in Markdown (a hyphen reads standard input); without WORDS show what was written."""
    from broadsheet import console
    from broadsheet.community import discussion

    library = library_of(context)
    row = library.row(id)
    if remove is not None:
        discussion.remove(library.store, _owner(), remove)
        console.say(f"Comment {remove} is taken away.")
    elif words:
        text = sys.stdin.read() if words == ("-",) else " ".join(words)
        one = discussion.write(library.store, _owner(), row, text, answer)
        if as_json:
            console.print_json(one._asdict())
        console.say(f"Written: comment {one.id}.")
        console.say(f"To undo this: {console.program('comment', id, f'--remove={one.id}')}")
    else:
        _show(library, row, as_json)


def _show(library: "Library", row: int, as_json: bool) -> None:
    from rich.text import Text

    from broadsheet import console
    from broadsheet.cli._shown import when
    from broadsheet.community import discussion

    found = discussion.read(library.store, row)
    if as_json:
        console.print_json({"comments": [said.comment._asdict() for said in found.said], "more": found.more})
        return
    for said in found.said:
        one, indent = said.comment, "    " * said.depth
        console.out().print(Text(f"{indent}{one.id}  {one.name or 'gone'}, {when(_iso(one.made))}", "dim"))
        for line in (one.text if one.gone is None else "(taken away)").splitlines():
            console.out().print(Text(indent + line))
    if not found.said:
        console.say("Nothing was written about this paper yet.")


def _iso(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


@cli.command()
@click.argument("what")
@click.option("--note", default="", help="Why others should read it, in a line.")
@json_option
@click.pass_context
def submit(context: click.Context, what: str, note: str, as_json: bool) -> None:
    """Bring a paper to the others, by its id or address; one that is not here is looked up. It is named as yours."""
    from broadsheet import console
    from broadsheet.community import submissions
    from broadsheet.errors import Mistake

    library = library_of(context)
    name = submissions.wanted(what) or (what if library.paper(what) else "")
    if not name:
        raise Mistake(f"{what!r} is no id or address; `broadsheet search` finds the id of a paper that is here")
    done = submissions.submit(library, _owner(), name, note)
    key = library.store.get([done.pk])[done.pk].key
    if as_json:
        console.print_json({"paper": key, "fetched": done.fetched, "first": done.first})
    how = "was looked up and taken in" if done.fetched else "was here already"
    console.say(f"{key} {how}{'' if done.first else ', and somebody had submitted it before'}.")


@cli.command()
@click.argument("ids", nargs=-1)
@click.option("--day", default="", metavar="2026-11-20", help="The day; today when not given.")
@click.option("--note", default="", help="Why, in a line.")
@click.option("--remove", is_flag=True, help="Take these papers off the day.")
@json_option
@click.pass_context
def pick(context: click.Context, ids: tuple[str, ...], day: str, note: str, remove: bool, as_json: bool) -> None:
    """Choose papers for the front page of a day; without IDS show what is chosen."""
    from datetime import UTC, datetime

    from broadsheet import console
    from broadsheet.community import periods, picks

    library = library_of(context)
    on = picks.day_of(day) if day else periods.number(datetime.now(UTC).date())
    for row in dict.fromkeys(library.row(identifier) for identifier in ids):
        if remove:
            picks.unpick(library.store, _owner(), on, row)
        else:
            picks.pick(library.store, _owner(), on, row, note=note)
    chosen = library.store.desk.day(on)
    papers = library.store.get([one.pk for one in chosen])
    shown = [(one, papers[one.pk]) for one in chosen if one.pk in papers]
    if as_json:
        told = [{"paper": paper.key, "title": paper.title, "note": one.note} for one, paper in shown]
        console.print_json({"day": picks.written(on), "chosen": told})
        return
    rows = [(str(place), paper.key, paper.title, one.note) for place, (one, paper) in enumerate(shown, 1)]
    if rows:
        console.table(console.out(), rows, ("place", "id", "title", "why"))
    console.say(f"{plural(len(rows), 'paper')} chosen for {picks.written(on)}.")

"""The verbs about lists of papers: save, unsave, lists, and `list` for what is done with a list as a whole."""

from typing import TYPE_CHECKING

import click

from broadsheet.cli._group import cli, json_option, library_of
from broadsheet.cli.saving import program
from broadsheet.errors import Mistake
from broadsheet.text import plural

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.paper import Paper
    from broadsheet.store import List

_LIST = "saved"


@cli.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--list", "name", default=_LIST, show_default=True, help="The list; made if it is not there.")
@click.option("--note", default="", help="Why they are kept.")
@click.pass_context
def save(context: click.Context, ids: tuple[str, ...], name: str, note: str) -> None:
    """Put papers on a list of yours, by any of their ids."""
    from broadsheet import console
    from broadsheet.condition import quoted

    library = library_of(context)
    done = library.keep(ids, name, note)
    called = _called(library, name)
    console.say(f"{plural(len(done), 'paper')} put on the list {called!r}{_rest(ids, done, 'on it already')}.")
    if done:
        console.say(f"To undo this: {program('unsave', *_onto(called), ending=_keys(done))}")
    console.say(f"Next: {program('search', ending=(f'in:{quoted(called)}',))}")


@cli.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--list", "name", default=_LIST, show_default=True, help="The list.")
@click.pass_context
def unsave(context: click.Context, ids: tuple[str, ...], name: str) -> None:
    """Take papers off a list; they stay in the library."""
    from broadsheet import console

    library = library_of(context)
    called = _called(library, name)
    done = library.unkeep(ids, name)
    console.say(f"{plural(len(done), 'paper')} taken off the list {called!r}{_rest(ids, done, 'not on it')}.")
    if done:
        console.say(f"To undo this: {program('save', *_onto(called), ending=_keys(done))}")


def _called(library: "Library", name: str) -> str:
    """How a list is written; of another's, as it was asked for."""
    return name if "/" in name else library.list_name(name)


def _rest(ids: tuple[str, ...], done: "tuple[Paper, ...]", what: str) -> str:
    return f"; {len(ids) - len(done):,} {what}" if len(ids) > len(done) else ""


def _onto(name: str) -> tuple[str, ...]:
    return () if name == _LIST else (f"--list={name}",)


def _keys(papers: "tuple[Paper, ...]") -> tuple[str, ...]:
    return tuple(paper.key for paper in papers)


@cli.command()
@click.argument("name", required=False)
@json_option
@click.pass_context
def lists(context: click.Context, name: str | None, as_json: bool) -> None:
    """Show the lists that papers were put on; with NAME the papers, the last put there first."""
    from broadsheet import console
    from broadsheet.cli._shown import when
    from broadsheet.shelves import moment, told

    library = library_of(context)
    if name is not None:
        _show_list(library, name, as_json)
        return
    found = library.lists()
    if as_json:
        console.print_json({"lists": [told(one) for one in found]})
    elif not found:
        console.say(f"No paper is on a list yet. {program('save', ending=('ID',))} puts one there.")
    else:
        rows = [(one.name, f"{one.papers:,}", one.seen_by, when(moment(one.at)) if one.at else "") for one in found]
        console.table(console.out(), rows, ("list", "papers", "seen by", "last put there"))
        console.say(f"Next: {program('lists', ending=(found[0].name,))}")


def _show_list(library: "Library", name: str, as_json: bool) -> None:
    from rich.text import Text

    from broadsheet import console
    from broadsheet.condition import quoted
    from broadsheet.shelves import told_entry

    called = library.list_name(name) if "/" not in name else name
    found = library.store.lists.meant(name, library.account)
    entries = library.entries(found, limit=found.papers) if found else ()
    if as_json:
        told = [told_entry(one) for one in entries]
        console.print_json({"list": called, "note": found.note if found else "", "papers": told})
        return
    out = console.out()
    for paper, entry in entries:
        out.print(Text(paper.title, "bold"))
        out.print(Text.assemble((f"    {console.byline(paper)}  ", "dim"), (paper.key, "cyan")))
        for line in entry.note.splitlines():
            out.print(Text(f"    {line}", "italic"))
    if found and found.note:
        console.say(found.note)
    console.say(f"{plural(len(entries), 'paper')} on the list {called!r}.")
    console.say(f"To search in it: {program('search', ending=(f'in:{quoted(called)}', 'WORDS'))}")


@cli.group("list")
def list_() -> None:
    """What is done with a list: begin, show, rename, note, share, copy, move, remove."""


def _told(one: "List", as_json: bool, *sentences: str) -> None:
    from broadsheet import console
    from broadsheet.shelves import told

    if as_json:
        console.print_json(told(one))
        return
    for sentence in sentences:
        console.say(sentence)


@list_.command()
@click.argument("name")
@click.option("--note", default="", help="What it is for.")
@json_option
@click.pass_context
def begin(context: click.Context, name: str, note: str, as_json: bool) -> None:
    """Begin an empty list called NAME; `save --list` begins one, too."""
    one = library_of(context).begin_list(name, note=note)
    _told(
        one, as_json, f"The list {one.name!r} is there. Next: {program('save', f'--list={one.name}', ending=('ID',))}"
    )


@list_.command()
@click.argument("name")
@json_option
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show the papers of a list with their notes, the last put there first; WHOSE/NAME is one that others share."""
    _show_list(library_of(context), name, as_json)


@list_.command()
@click.argument("name")
@click.argument("new")
@json_option
@click.pass_context
def rename(context: click.Context, name: str, new: str, as_json: bool) -> None:
    """Call a list NEW."""
    library = library_of(context)
    before = library.list_called(name)
    after = library.change_list(before, name=new)
    undo = program("list", "rename", ending=(after.name, before.name))
    _told(after, as_json, f"{before.name!r} is called {after.name!r} now.", f"To undo this: {undo}")


@list_.command()
@click.argument("name")
@click.argument("text")
@click.option("--paper", metavar="ID", help="Say why this paper is on the list.")
@json_option
@click.pass_context
def note(context: click.Context, name: str, text: str, paper: str | None, as_json: bool) -> None:
    """Say what a list is for, or with --paper why a paper is on it; an empty TEXT takes the old note away."""
    library = library_of(context)
    one = library.list_called(name)
    if paper is None:
        _told(library.change_list(one, note=text), as_json, f"Noted at the list {one.name!r}.")
        return
    library.note_kept(one, paper, text)
    _told(one, as_json, f"Noted at {paper} on the list {one.name!r}.")


@list_.command()
@click.argument("name")
@click.argument("seen_by", type=click.Choice(("private", "group", "public")))
@click.option("--group", help="A group of yours that the list shall belong to.")
@json_option
@click.pass_context
def share(context: click.Context, name: str, seen_by: str, group: str | None, as_json: bool) -> None:
    """Say who sees a list: nobody else, the members of a group, or everybody."""
    library = library_of(context)
    one = library.change_list(library.list_called(name), seen=seen_by, group=group)
    who = {"private": "only you", "group": f"the members of {one.group}", "public": "everybody"}[one.seen_by]
    _told(one, as_json, f"The list {one.name!r} is seen by {who}.")


@list_.command()
@click.argument("name")
@click.argument("new")
@json_option
@click.pass_context
def copy(context: click.Context, name: str, new: str, as_json: bool) -> None:
    """Make a private list called NEW with the same papers and notes; WHOSE/NAME is one that others share."""
    library = library_of(context)
    one = library.copy_list(library.list_called(name), new)
    _told(one, as_json, f"{plural(one.papers, 'paper')} copied to the list {one.name!r}.")


@list_.command()
@click.argument("name")
@click.argument("other")
@click.argument("ids", nargs=-1, required=True)
@json_option
@click.pass_context
def move(context: click.Context, name: str, other: str, ids: tuple[str, ...], as_json: bool) -> None:
    """Move papers from the list NAME to the list OTHER, with their notes."""
    library = library_of(context)
    one, into = library.list_called(name), library.list_called(other)
    library.move_kept(one, ids, into)
    _told(library.list_at(into.id), as_json, f"{plural(len(ids), 'paper')} moved from {one.name!r} to {into.name!r}.")


@list_.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant.")
@json_option
@click.pass_context
def remove(context: click.Context, name: str, yes: bool, as_json: bool) -> None:
    """Remove a list for good, with its notes; its papers stay in the library."""
    library = library_of(context)
    one = library.list_called(name)
    if not yes:
        if as_json:
            raise Mistake("a list is removed for good; say --yes")
        click.confirm(
            f"Remove the list {one.name!r} with {plural(one.papers, 'paper')} for good?", abort=True, err=True
        )
    library.remove_list(one)
    _told(one, as_json, f"The list {one.name!r} is gone.")

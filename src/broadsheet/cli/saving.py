"""The verbs about what is kept: save-search, saved, save, unsave, lists, history."""

from typing import TYPE_CHECKING, cast

import click

from broadsheet.cli._group import cli, json_option, library_of
from broadsheet.errors import Mistake
from broadsheet.settings import FILE
from broadsheet.text import plural

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.paper import Paper
    from broadsheet.query import Sort
    from broadsheet.shelves import SavedSearch

_LIST = "saved"


@cli.command()
@click.argument("name")
@click.argument("query", nargs=-1, required=True)
@click.option("--sort", default="relevance", help="relevance, new, old, cited or rising.")
@click.pass_context
def save_search(context: click.Context, name: str, query: tuple[str, ...], sort: str) -> None:
    """Give a search a NAME: `saved` tells what is new in it since you last looked."""
    from broadsheet import console

    one = library_of(context).save_search(name, " ".join(query), cast("Sort", sort))
    console.say(f"Saved as {one.name!r}: {one.query}")
    for note in one.notes:
        console.say(note)
    console.say(f"What comes from now on is new in it. Next: {_program('saved', one.name)}")


@cli.command()
@click.argument("name", required=False)
@click.option("-n", "--limit", type=click.IntRange(1, 200), help="How many papers (page_size when not given).")
@click.option("--remove", is_flag=True, help="Forget this search; its papers stay.")
@click.option("--rename", "new", metavar="NEW", help="Give this search another name.")
@json_option
@click.pass_context
def saved(
    context: click.Context, name: str | None, limit: int | None, remove: bool, new: str | None, as_json: bool
) -> None:
    """Show every saved search and how much is new in it; with NAME its papers, the new ones first."""
    if (remove or new) and (name is None or (remove and new)):
        raise Mistake("give the NAME of one saved search, and one of --remove and --rename")
    library = library_of(context)
    if name is None:
        _show_searches(library.saved_searches(), as_json)
    elif remove:
        _remove(library, name)
    elif new:
        _rename(library, name, new)
    else:
        _show_papers(library, name, limit or library.settings.page_size, as_json)


def _remove(library: "Library", name: str) -> None:
    from broadsheet import console

    gone = library.remove_search(name)
    sort = () if gone.sort == "relevance" else ("--sort", gone.sort)
    console.say(f"{gone.name!r} is no longer a saved search.")
    console.say(f"To undo this: {_program('save-search', *sort, ending=(gone.name, gone.query))}")


def _rename(library: "Library", name: str, new: str) -> None:
    from broadsheet import console

    before, after = library.saved_search(name), library.rename_search(name, new)
    console.say(f"{before.name!r} is called {after.name!r} now.")
    console.say(f"To undo this: {_program('saved', f'--rename={before.name}', ending=(after.name,))}")


def _show_searches(found: "tuple[SavedSearch, ...]", as_json: bool) -> None:
    from broadsheet import console

    if as_json:
        console.print_json({"saved": [one.to_dict() for one in found]})
        return
    if not found:
        example = _program("save-search", ending=("lamps", "author:hopper lamps"))
        console.say(f"No search is saved yet. {example} is a beginning.")
        return
    rows = [(one.name, f"{one.new:,}" if one.new else "", one.query, one.sort, _ago(one)) for one in found]
    console.table(console.out(), rows, ("name", "new", "search", "order", "last looked at"))
    for one in found:
        for note in one.notes:
            console.say(f"{one.name}: {note}")
    first = max(found, key=lambda one: one.new)
    console.say(f"Next: {_program('saved', ending=(first.name,))}")


def _show_papers(library: "Library", name: str, limit: int, as_json: bool) -> None:
    """The new papers, all of them, before the best of the others; what there is by now counts as seen."""
    from broadsheet import console
    from broadsheet.query import MAX_LIMIT

    one = library.saved_search(name)
    page = library.look(name, limit=MAX_LIMIT)
    new = library.fresh(page, one.seen)
    hits = sorted(page.hits, key=lambda hit: hit.paper.key not in new)[: max(limit, len(new))]
    if as_json:
        told = [{**hit.to_dict(), "new": hit.paper.key in new} for hit in hits]
        console.print_json({**one.to_dict(), "total": page.total, "hits": told, "notes": list(page.notes)})
        return
    out = console.out()
    for place, hit in enumerate(hits, 1):
        console.show_hit(out, place, hit, "new" if hit.paper.key in new else "")
    for note in page.notes:
        console.say(note)
    more = f", {one.new - len(new):,} of them further down" if one.new > len(new) else ""
    console.say(f"{one.new:,} new since you looked {_ago(one)}{more}; {len(hits):,} of {page.total:,} shown.")
    if page.total > len(hits):
        console.say(f"All of them: {_program('search', f'--sort={page.query.sort}', ending=(one.query,))}")


def _ago(one: "SavedSearch") -> str:
    from broadsheet.cli._shown import when

    ago = when(one.looked)
    return "a moment ago" if ago == "now" else ago


@cli.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--list", "name", default=_LIST, show_default=True, help="The list; made if it is not there.")
@click.pass_context
def save(context: click.Context, ids: tuple[str, ...], name: str) -> None:
    """Put papers on a list of yours, by any of their ids."""
    from broadsheet import console
    from broadsheet.condition import quoted

    library = library_of(context)
    done = library.keep(ids, name)
    called = library.list_name(name)
    console.say(f"{plural(len(done), 'paper')} put on the list {called!r}{_rest(ids, done, 'on it already')}.")
    if done:
        console.say(f"To undo this: {_program('unsave', *_onto(called), ending=_keys(done))}")
    console.say(f"Next: {_program('search', ending=(f'in:{quoted(called)}',))}")


@cli.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--list", "name", default=_LIST, show_default=True, help="The list.")
@click.pass_context
def unsave(context: click.Context, ids: tuple[str, ...], name: str) -> None:
    """Take papers off a list; they stay in the library."""
    from broadsheet import console

    library = library_of(context)
    called = library.list_name(name)
    done = library.unkeep(ids, name)
    console.say(f"{plural(len(done), 'paper')} taken off the list {called!r}{_rest(ids, done, 'not on it')}.")
    if done:
        console.say(f"To undo this: {_program('save', *_onto(called), ending=_keys(done))}")


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
    from broadsheet.shelves.lists import moment, told

    library = library_of(context)
    if name is not None:
        _show_list(library, name, as_json)
        return
    found = library.lists()
    if as_json:
        console.print_json({"lists": [told(one) for one in found]})
    elif not found:
        console.say(f"No paper is on a list yet. {_program('save', ending=('ID',))} puts one there.")
    else:
        rows = [(one.name, f"{one.papers:,}", when(moment(one.at))) for one in found]
        console.table(console.out(), rows, ("list", "papers", "last put there"))
        console.say(f"Next: {_program('lists', ending=(found[0].name,))}")


def _show_list(library: "Library", name: str, as_json: bool) -> None:
    from rich.text import Text

    from broadsheet import console
    from broadsheet.condition import quoted

    called, papers = library.list_name(name), library.kept(name)
    if as_json:
        console.print_json({"list": called, "papers": [paper.to_dict() for paper in papers]})
        return
    out = console.out()
    for paper in papers:
        out.print(Text(paper.title, "bold"))
        out.print(Text.assemble((f"    {console.byline(paper)}  ", "dim"), (paper.key, "cyan")))
    console.say(f"{plural(len(papers), 'paper')} on the list {called!r}.")
    console.say(f"To search in it: {_program('search', ending=(f'in:{quoted(called)}', 'WORDS'))}")


@cli.command()
@click.option("-n", "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many.")
@click.option("--wipe", is_flag=True, help="Forget all of it, for good.")
@json_option
@click.pass_context
def history(context: click.Context, limit: int, wipe: bool, as_json: bool) -> None:
    """Show what was asked, the latest first. Nothing is remembered unless the setting `history` is on."""
    from broadsheet import console

    library = library_of(context)
    if wipe:
        count = library.wipe_history()
        console.say(f"{plural(count, 'question')} forgotten, for good.")
        return
    found = library.history(limit)
    if as_json:
        console.print_json({"on": library.settings.history, "history": [one._asdict() for one in found]})
        return
    if found:
        rows = [(one.at.replace("T", " ")[:16], f"{one.total:,}", one.query) for one in found]
        console.table(console.out(), rows, ("asked (UTC)", "found", "search"))
        console.say(f"To forget all of it: {_program('history', '--wipe')}")
    if not library.settings.history:
        console.say(f"History is off; history = true under [search] in {library.home / FILE} turns it on.")
    elif not found:
        console.say("Nothing has been asked yet.")


def _program(*words: str, ending: tuple[str, ...] = ()) -> str:
    """The command to type; *ending* may begin with what looks like an option."""
    from broadsheet import console

    guard = ("--",) if any(word.startswith("-") for word in ending) else ()
    return console.program(*words, *guard, *ending)

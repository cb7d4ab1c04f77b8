"""The verbs about searches that have a name, and what was asked: save-search, saved, history."""

from typing import TYPE_CHECKING, cast

import click

from broadsheet.cli._group import cli, json_option, library_of
from broadsheet.errors import Mistake
from broadsheet.settings import FILE
from broadsheet.text import plural

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.query import Sort
    from broadsheet.shelves import SavedSearch


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
    console.say(f"What comes from now on is new in it. Next: {program('saved', one.name)}")


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
    console.say(f"To undo this: {program('save-search', *sort, ending=(gone.name, gone.query))}")


def _rename(library: "Library", name: str, new: str) -> None:
    from broadsheet import console

    before, after = library.saved_search(name), library.rename_search(name, new)
    console.say(f"{before.name!r} is called {after.name!r} now.")
    console.say(f"To undo this: {program('saved', f'--rename={before.name}', ending=(after.name,))}")


def _show_searches(found: "tuple[SavedSearch, ...]", as_json: bool) -> None:
    from broadsheet import console

    if as_json:
        console.print_json({"saved": [one.to_dict() for one in found]})
        return
    if not found:
        example = program("save-search", ending=("lamps", "author:hopper lamps"))
        console.say(f"No search is saved yet. {example} is a beginning.")
        return
    rows = [(one.name, f"{one.new:,}" if one.new else "", one.query, one.sort, _ago(one)) for one in found]
    console.table(console.out(), rows, ("name", "new", "search", "order", "last looked at"))
    for one in found:
        for note in one.notes:
            console.say(f"{one.name}: {note}")
    first = max(found, key=lambda one: one.new)
    console.say(f"Next: {program('saved', ending=(first.name,))}")


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
        console.say(f"All of them: {program('search', f'--sort={page.query.sort}', ending=(one.query,))}")


def _ago(one: "SavedSearch") -> str:
    from broadsheet.cli._shown import when

    ago = when(one.looked)
    return "a moment ago" if ago == "now" else ago


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
        console.say(f"To forget all of it: {program('history', '--wipe')}")
    if not library.settings.history:
        console.say(f"History is off; history = true under [search] in {library.home / FILE} turns it on.")
    elif not found:
        console.say("Nothing has been asked yet.")


def program(*words: str, ending: tuple[str, ...] = ()) -> str:
    """The command to type; *ending* may begin with what looks like an option."""
    from broadsheet import console

    guard = ("--",) if any(word.startswith("-") for word in ending) else ()
    return console.program(*words, *guard, *ending)

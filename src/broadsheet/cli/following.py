"""The verbs about sources: follow, unfollow, sync, sources."""

from typing import TYPE_CHECKING, Any

import click

from broadsheet.cli._group import cli, json_option, library_of, options_of

if TYPE_CHECKING:
    from broadsheet.library import Library


@cli.command()
@click.argument("what", required=False)
@click.argument("words", nargs=-1)
@click.option("--as", "name", default="", help="What to call it here; its kind when not given.")
@click.option("--set", "given", multiple=True, metavar="OPTION=VALUE", help="An option of that kind of source.")
@json_option
@click.pass_context
def follow(
    context: click.Context, what: str | None, words: tuple[str, ...], name: str, given: tuple[str, ...], as_json: bool
) -> None:
    """Follow a source from now on: WHAT is its kind (arxiv, hf, crossref, zotero, ...) or the address of a feed.

    WORDS are what that kind is mostly told: `follow arxiv cs.IR cs.CL`. Without WHAT: every kind and its options.
    """
    from broadsheet import console, following
    from broadsheet.cli import _shown

    if what is None:
        if as_json:
            console.print_json(_shown.kinds_dict())
        else:
            _shown.show_kinds()
        return
    library = library_of(context, create=True)
    called, table = following.describe(what, words, given, name)
    one, changed = following.follow(library.home, called, table)
    if as_json:
        console.print_json({"name": one.name, "kind": one.kind, "options": one.shown(), "changed": list(changed)})
    else:
        again = f" Changed: {', '.join(changed)}; the other options stay." if changed else ""
        console.say(f"{one.name} is followed: {one.source.ABOUT.what}.{again}")
        console.say(f"Next: {console.program('sync', one.name)}")


@cli.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_context
def unfollow(context: click.Context, names: tuple[str, ...]) -> None:
    """Follow a source no longer; its papers stay, and following it again goes on where it was."""
    from broadsheet import console, following

    library = library_of(context)
    good, wrong = library.followed()
    for name in following.wanted([*(one.name for one in good), *wrong], names):
        following.unfollow(library.home, name)
        console.say(f"{name} is no longer followed; its papers stay.")


@cli.command()
@click.argument("names", nargs=-1)
@click.option("--now", "force", is_flag=True, help="Ask also what can have nothing new yet.")
@options_of("fetch")
@json_option
@click.pass_context
def sync(context: click.Context, /, names: tuple[str, ...], force: bool, as_json: bool, **own: Any) -> None:
    """Catch up with every followed source, or those named; then make what is new findable."""
    from broadsheet import console
    from broadsheet.cli import _shown
    from broadsheet.errors import Mistake

    library = library_of(context, create=True, **own)
    if not any(library.followed()):
        raise Mistake(
            "nothing is followed yet; `broadsheet follow arxiv cs.IR` is a beginning, `follow` alone lists all"
        )
    with _shown.boarding() as board:
        reports = library.sync(names, force=force, board=board, index=False)
    if not as_json:
        _shown.show_reports(reports)
    with console.watching() as watch:
        library.refresh(watch)
    if as_json:
        console.print_json({"sources": [report._asdict() for report in reports]})
    if any(report.state == "failed" for report in reports):
        context.exit(1)


@cli.command()
@click.argument("names", nargs=-1)
@click.option("--quarantine", is_flag=True, help="The records that could not be taken: where, why, their first bytes.")
@click.option("--retry", is_flag=True, help="Try to take them again, now.")
@json_option
@click.pass_context
def sources(context: click.Context, names: tuple[str, ...], quarantine: bool, retry: bool, as_json: bool) -> None:
    """Show every source: what its last run did, when it is asked again, its health of ninety days."""
    library = library_of(context)
    _known(library, names)
    if retry:
        _retry(library, names, as_json)
    elif quarantine:
        _quarantine(library, names, as_json)
    else:
        _stand(library, names, as_json)


def _known(library: "Library", names: tuple[str, ...]) -> None:
    """Raises NotFound for a name that no source has."""
    from broadsheet.errors import NotFound

    known = [standing.name for standing in library.sources()]
    if missing := [name for name in names if name not in known]:
        raise NotFound(f"there is no source {', '.join(missing)} here (there are: {', '.join(known) or 'none yet'})")


def _stand(library: "Library", names: tuple[str, ...], as_json: bool) -> None:
    from broadsheet import console
    from broadsheet.cli import _shown

    found = [standing for standing in library.sources() if not names or standing.name in names]
    if as_json:
        console.print_json({"sources": [standing.to_dict() for standing in found]})
    else:
        _shown.show_standings(found)


def _quarantine(library: "Library", names: tuple[str, ...], as_json: bool) -> None:
    from broadsheet import console
    from broadsheet.cli import _shown

    found = [aside for name in names or (None,) for aside in library.store.quarantined(name, 1000)]
    if as_json:
        console.print_json({"quarantine": [_shown.aside_dict(aside) for aside in found]})
    else:
        _shown.show_quarantine(found)


def _retry(library: "Library", names: tuple[str, ...], as_json: bool) -> None:
    from broadsheet import console

    tried = library.retry(names)
    with console.watching() as watch:
        library.refresh(watch)
    if as_json:
        console.print_json(tried._asdict())
    else:
        console.say(f"{tried.taken:,} taken, {tried.left:,} still cannot be read (sources --quarantine says why).")

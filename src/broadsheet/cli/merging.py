"""The verbs about one work and its copies: copies, split, join."""

from typing import TYPE_CHECKING, Any

import click
import orjson

from broadsheet.cli._group import cli, json_option, library_of

if TYPE_CHECKING:
    from broadsheet.library import Library


@cli.command()
@click.argument("identifier", metavar="ID")
@json_option
@click.pass_context
def copies(context: click.Context, identifier: str, as_json: bool) -> None:
    """Show what a paper is made of: its copies and why they are one, earlier versions, papers much like it."""
    from broadsheet import console

    library = library_of(context)
    found = _told(library, library.row(identifier))
    if as_json:
        console.print_json(found)
    else:
        _show(identifier, found)


def _told(library: "Library", pk: int) -> dict[str, Any]:
    store = library.store
    alike = store.alike(pk)
    near = store.get([one.pk for one in alike])
    return {
        "id": store.get([pk])[pk].key,
        "copies": [
            {
                "number": n,
                "at": one.at,
                "why": one.why,
                "score": one.score,
                "sources": list(one.paper.sources),
                "paper": one.paper.to_dict(),
            }
            for n, one in enumerate(store.copies(pk), 1)
        ],
        "versions": [{**before._asdict(), "before": orjson.loads(before.before)} for before in store.history(pk)],
        "alike": [
            {"id": near[one.pk].key, "title": near[one.pk].title, "score": one.score, "why": one.why}
            for one in alike
            if one.pk in near
        ],
    }


def _show(identifier: str, found: dict[str, Any]) -> None:
    from rich.text import Text

    from broadsheet import console
    from broadsheet.paper import Paper

    out = console.out()
    if not found["copies"]:
        console.say("It came in one copy.")
    for one in found["copies"]:
        paper = Paper.from_dict(one["paper"])
        out.print(Text.assemble((f"{one['number']:>2}  ", "cyan"), (paper.title, "bold")))
        out.print(Text(f"    {console.byline(paper)}", "dim"))
        out.print(Text.assemble(f"    {', '.join(one['sources'])}  ", (paper.key, "cyan")))
        if one["why"]:
            out.print(Text.assemble("    ", ("why", "green"), f"  {one['why']}{_sure(one['score'])}"))
    for one in found["versions"]:
        out.print(Text(f"until {one['at'][:10]}, when {one['source']} brought something newer"))
        console.table(out, [(f"  {name}", str(value)) for name, value in one["before"].items()])
    for one in found["alike"]:
        out.print(Text.assemble("much like ", (one["id"], "cyan"), f"  {one['title']}{_sure(one['score'])}"))
    if found["copies"]:
        console.say(f"To take one out: {console.program('split', identifier, 'NUMBER')}")


def _sure(score: float | None) -> str:
    return "" if score is None or score == 1 else f" ({score:.1%} sure)"


@cli.command()
@click.argument("identifier", metavar="ID")
@click.argument("number", type=int)
@click.pass_context
def split(context: click.Context, identifier: str, number: int) -> None:
    """Undo a merge: make copy NUMBER of a paper (see `copies`) a paper of its own again, for good."""
    from broadsheet import console

    library = library_of(context)
    kept, new = library.split(identifier, number)
    console.say(f"{kept.key} and {new.key} are two papers now, and stay so.")
    console.say(f"To undo this: {console.program('join', kept.key, new.key)}")


@cli.command()
@click.argument("identifier", metavar="ID")
@click.argument("other", metavar="OTHER")
@click.pass_context
def join(context: click.Context, identifier: str, other: str) -> None:
    """Say that two papers are one work: OTHER becomes a copy of ID."""
    from broadsheet import console

    library = library_of(context)
    paper = library.join(identifier, other)
    console.say(f"They are one paper now: {paper.key}.")
    console.say(f"To undo this: {console.program('copies', paper.key)}, then split")

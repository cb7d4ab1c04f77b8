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
    from broadsheet import console

    if not found["copies"]:
        console.say("It came in one copy.")
    rows = [
        (
            str(one["number"]), ", ".join(one["sources"]), one["paper"]["id"],
            one["paper"].get("title", ""), _sure(one["score"]), one["why"],
        )
        for one in found["copies"]
    ]  # fmt: skip
    if rows:
        console.table(console.out(), rows, ("", "from", "id", "title", "sure", "why"))
        console.say(f"To take one out: {console.program('split', identifier, 'NUMBER')}")
    for one in found["versions"]:
        console.say(f"until {one['at'][:10]} {one['source']} said: {', '.join(one['before'])}")
    for one in found["alike"]:
        console.say(f"much like {one['id']} ({_sure(one['score'])}): {one['title']}")


def _sure(score: float | None) -> str:
    return "" if score is None else f"{score:.1%}"


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

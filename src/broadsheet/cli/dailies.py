"""The verbs of the front page: feed, trending."""

from datetime import UTC, datetime

import click

from broadsheet.cli._group import cli, json_option, library_of


@cli.command()
@click.argument("when", metavar="[DATE]", required=False, default="")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=10, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0, help="How many of the first to pass over.")
@click.option("--explain", is_flag=True, help="Show what each signal added to each score.")
@json_option
@click.pass_context
def feed(context: click.Context, when: str, limit: int, offset: int, explain: bool, as_json: bool) -> None:
    """Show the papers of a day, in the order of the owner's front page.

    DATE is a day (2026-11-20), a week (2026-W47) or a month (2026-11); without it, the last day that has papers.
    """
    from broadsheet import console
    from broadsheet.store import OWNER
    from broadsheet.text import plural

    found = library_of(context).feed(when, limit=limit, offset=offset, reader=OWNER)
    if as_json:
        console.print_json(found.to_dict())
        return
    for place, hit in enumerate(found.hits, offset + 1):
        console.show_hit(console.out(), place, hit)
        if explain:
            console.show_parts(console.out(), hit)
    console.say(f"{found.period.words}: {plural(found.total, 'paper')}.")


@cli.command()
@click.option("--window", type=click.Choice(["day", "week", "month"]), default="week", show_default=True)
@click.option("--topic", default="", help="Only within a category, such as cs.CL, or a phrase.")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=10, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0, help="How many of the first to pass over.")
@click.option("--explain", is_flag=True, help="Show what each signal added to each score.")
@json_option
@click.pass_context
def trending(
    context: click.Context, window: str, topic: str, limit: int, offset: int, explain: bool, as_json: bool
) -> None:
    """Show what rises: what gets more attention than papers of its topic and age do, and by how much."""
    from broadsheet import console
    from broadsheet.text import plural

    library = library_of(context)
    library.refresh_trends()
    found = library.trending(window, topic, limit=limit, offset=offset)
    if as_json:
        console.print_json(found.to_dict())
        return
    for place, hit in enumerate(found.hits, offset + 1):
        console.show_hit(console.out(), place, hit, "hot" if found.pks[place - offset - 1] in found.hot else "")
        if explain:
            console.show_parts(console.out(), hit)
    if not found.hits:
        console.say("Nothing rises above the usual yet; votes, saves, comments and what sources count say what does.")
    elif found.at:
        at = datetime.fromtimestamp(found.at, UTC)
        console.say(f"{plural(found.total, 'paper')} with a score, measured {at:%Y-%m-%d %H:%M} UTC.")

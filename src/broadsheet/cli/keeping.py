"""The verbs that fill a library and look after it: add, doctor."""

import click

from broadsheet.cli._group import cli, json_option, library_of


@cli.command()
@click.argument("what", nargs=-1, required=True)
@click.option("--no-index", is_flag=True, help="Only store; the next `add` or `doctor` makes the papers findable.")
@json_option
@click.pass_context
def add(context: click.Context, what: tuple[str, ...], no_index: bool, as_json: bool) -> None:
    """Bring in papers from files and folders: JSON Lines, BibTeX, RIS, CSV, PDFs, saved pages; .gz and .zst too.

    An arXiv id, DOI, ACL or PubMed id is looked up: `add 2101.00001 10.1000/x`; what lies at an address is fetched. A
    hyphen reads ids and addresses from standard input, whatever text stands around them.
    """
    from broadsheet import console

    what = _given(what)
    library = library_of(context, create=True)
    with console.watching() as watch:
        added = library.add(what, watch=watch, index=not no_index)
    if as_json:
        console.print_json(console.added_dict(added))
    else:
        console.show_added(added)
        next_step = (
            "broadsheet doctor makes them findable" if no_index else "broadsheet search WORDS, or broadsheet serve"
        )
        console.say(f"Next: {next_step}")
    if not any(summary.done - summary.failed for _, summary in added.files):
        context.exit(1)


def _given(what: tuple[str, ...]) -> tuple[str, ...]:
    """*what* with the ids on standard input in place of a hyphen. Raises Mistake when there are none."""
    if "-" not in what:
        return what
    import sys

    from broadsheet import lookup
    from broadsheet.errors import Mistake

    found = lookup.names(sys.stdin.read())
    if not found:
        raise Mistake("standard input: no id and no address in it; arXiv ids, DOIs, ACL and PubMed ids are known")
    return (*(one for one in what if one != "-"), *found)


@cli.command()
@click.option("--rebuild", is_flag=True, help="Make the indexes anew from the store; readers keep the old meanwhile.")
@json_option
@click.pass_context
def doctor(context: click.Context, rebuild: bool, as_json: bool) -> None:
    """Check the library, catch the indexes up, and say what is wrong."""
    from broadsheet import checkup, console

    library = library_of(context)
    with console.watching() as watch:
        findings = checkup.examine(library, rebuild=rebuild, watch=watch)
    if as_json:
        console.print_json({"ok": all(f.ok for f in findings), "checks": [f._asdict() for f in findings]})
    else:
        console.table(console.out(), [("ok" if f.ok else "WRONG", f.what, f.said) for f in findings])
    if not all(finding.ok for finding in findings):
        context.exit(1)

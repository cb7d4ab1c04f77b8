"""The verbs that ask: search, similar, show, stats, evaluate, export."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from broadsheet import settings
from broadsheet.cli._group import cli, json_option, library_of, options_of
from broadsheet.errors import Mistake

if TYPE_CHECKING:
    from broadsheet.query import Filters, Sort


@cli.command()
@click.argument("query", nargs=-1, required=True)
@click.option("-n", "--limit", type=int, help="How many papers (page_size when not given).")
@click.option("--offset", type=int, default=0, help="How many of the best to pass over.")
@click.option("--sort", default="relevance", help="relevance, new, old, cited or rising.")
@click.option("--year", default="", help="2021, 2021..2024, 2021.. or ..2024")
@click.option("--added", default="", help="When it came: 7d, 2w, 3m, 1y, today or 2024-01-31..")
@click.option("--venue", multiple=True)
@click.option("--author", multiple=True)
@click.option("--category", multiple=True)
@click.option("--source", multiple=True)
@click.option("--has", multiple=True, help="code, pdf, abstract, data, project or video.")
@click.option("--explain", is_flag=True, help="Show what each signal added to each score.")
@click.option("--facets", is_flag=True, help="Count years, venues, authors ... of the whole result.")
@click.option("--verbatim", is_flag=True, help="Mend no spelling.")
@click.option("--why-not", metavar="ID", help="Say why this paper is not among them, or where it is.")
@options_of("search")
@json_option
@click.pass_context
def search(context: click.Context, /, query: tuple[str, ...], as_json: bool, **more: Any) -> None:
    """Find papers by words and by meaning.

    QUERY may hold "phrases", -words, +words, beginnings* of words, AND, OR, NOT, brackets, and title: abstract: author:
    venue: category: source: id: doi: has: year: added: in: like:. Put -- before a QUERY that begins with a minus.
    """
    from broadsheet import console

    own = {row.name: more[row.name] for row in settings.TABLE if row.section == "search"}
    library = library_of(context, **own)
    asked = library.parse(
        " ".join(query),
        filters=_filters(more),
        limit=library.settings.page_size if more["limit"] is None else more["limit"],
        **{name: more[name] for name in ("sort", "offset", "explain", "facets", "verbatim")},
    )
    page = library.search(asked)
    why = library.why_not(asked, more["why_not"]) if more["why_not"] else ()
    if as_json:
        console.print_json(page.to_dict() | ({"why_not": list(why)} if why else {}))
    else:
        console.show_page(page, asked.explain)
        for sentence in why:
            console.say(f"{more['why_not']}: {sentence}")
    library.remember(page)


def _filters(more: dict[str, Any]) -> "Filters":
    from broadsheet.queryparts import MANY, filters

    wrong: list[str] = []
    found = filters({name: more[name] for name in MANY} | {name: (more[name],) for name in ("year", "added")}, wrong)
    if wrong:
        raise Mistake(" ".join(f"--{one}" for one in wrong))
    return found


@cli.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--not", "without", multiple=True, metavar="ID", help="A paper that the results should be unlike.")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=10, show_default=True)
@click.option("--offset", type=click.IntRange(0, 10_000), default=0, help="How many of the nearest to pass over.")
@click.option("--sort", default="relevance", help="relevance, new, old, cited or rising: of the nearest, which first.")
@click.option("--explain", is_flag=True)
@json_option
@click.pass_context
def similar(
    context: click.Context,
    ids: tuple[str, ...],
    without: tuple[str, ...],
    limit: int,
    offset: int,
    sort: str,
    explain: bool,
    as_json: bool,
) -> None:
    """Find papers like the given ones."""
    from broadsheet import console

    page = library_of(context).similar(ids, without=without, limit=limit, offset=offset, sort=cast("Sort", sort))
    if as_json:
        console.print_json({**page.to_dict(), "query": {"like": list(ids), "not": list(without)}})
    else:
        console.show_page(page, explain)


@cli.command()
@click.argument("identifier", metavar="ID")
@json_option
@click.pass_context
def show(context: click.Context, identifier: str, as_json: bool) -> None:
    """Show one paper, by any of its ids."""
    from broadsheet import console
    from broadsheet.errors import NotFound

    paper = library_of(context).paper(identifier)
    if paper is None:
        raise NotFound(f"no paper has the id {identifier!r}; `broadsheet search` finds papers by their words")
    if as_json:
        console.print_json(paper.to_dict())
    else:
        console.show_paper(paper)


@cli.command()
@json_option
@click.pass_context
def stats(context: click.Context, as_json: bool) -> None:
    """Show what the library holds."""
    from broadsheet import console

    found = library_of(context).stats()
    if as_json:
        console.print_json(found.to_dict())
    else:
        console.show_stats(found)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@options_of("search")
@json_option
@click.pass_context
def evaluate(context: click.Context, /, file: Path, as_json: bool, **own: Any) -> None:
    """Measure search on judged queries: lines of {"query", "id"} or {"query", "relevant": {id: grade}}."""
    from broadsheet import console

    library = library_of(context, **own)
    with console.watching() as watch:
        figures = library.evaluate(file, watch).to_dict()
    if as_json:
        console.print_json(figures)
    else:
        console.show_figures(figures)


@cli.command()
@click.argument("query", nargs=-1)
@click.option("--format", "kind", default="jsonl", show_default=True, help="bibtex, ris, csv or jsonl.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, instead of standard output.")
@click.option("-n", "--limit", type=int, default=None, help="At most so many papers.")
@click.option("--sort", help="relevance, new, old, cited or rising.")
@click.pass_context
def export(
    context: click.Context, query: tuple[str, ...], kind: str, output: Path | None, limit: int | None, sort: str | None
) -> None:
    """Write papers as BibTeX, RIS, CSV or JSON Lines: the whole library, or the first 10,000 that QUERY finds."""
    from broadsheet import console, export
    from broadsheet.text import plural

    count = export.write(library_of(context), " ".join(query), kind, output, limit, cast("Sort | None", sort))
    console.say(f"{plural(count, 'paper')} written as {kind}" + (f" to {output}" if output else ""))

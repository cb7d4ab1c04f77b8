"""Every verb of the command line. The only place that constructs things; nothing heavy is imported before it is used.

Results go to standard output (with --json as one document), messages and progress to standard error. Exit code 0: done,
1: the world or the library failed, 2: the question was wrong.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from broadsheet import __version__, settings
from broadsheet.errors import BroadsheetError, Mistake

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.query import Filters

_Command = Callable[..., Any]


def _options(section: str) -> Callable[[_Command], _Command]:
    """One flag for every setting of a section: the settings table is the only list of them."""

    def add(command: _Command) -> _Command:
        for row in reversed([row for row in settings.TABLE if row.section == section]):
            kind = str if row.kind is str else row.kind
            command = click.option(row.flag, row.name, type=kind, default=None, help=row.sentence)(command)
        return command

    return add


_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="broadsheet")
@click.option("--home", type=click.Path(path_type=Path), help="The library's folder (else BROADSHEET_HOME).")
@_options("")
@click.pass_context
def cli(context: click.Context, /, home: Path | None, **flags: object) -> None:
    """A self-hosted front page for research: gather papers, find them by words and by meaning, see why."""
    context.obj = (home, flags)


def _library(context: click.Context, *, create: bool = False, home: Path | None = None, **flags: Any) -> "Library":
    from broadsheet.library import open_library

    chosen, general = context.obj
    library = open_library(chosen or home, create=create, flags={**general, **flags})
    context.call_on_close(library.close)
    return library


@cli.command()
@click.argument("what", nargs=-1, required=True)
@click.option("--no-index", is_flag=True, help="Only store; the next `add` or `doctor` makes the papers findable.")
@_json
@click.pass_context
def add(context: click.Context, what: tuple[str, ...], no_index: bool, as_json: bool) -> None:
    """Bring in papers from files and folders: JSON Lines, BibTeX, RIS, CSV, saved pages; .gz and .zst too."""
    from broadsheet import console

    library = _library(context, create=True)
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


@cli.command()
@click.argument("query", nargs=-1, required=True)
@click.option("-n", "--limit", type=int, help="How many papers (page_size when not given).")
@click.option("--offset", type=int, default=0, help="How many of the best to pass over.")
@click.option("--sort", default="relevance", help="relevance, new, old or cited.")
@click.option("--year", default="", help="2021, 2021..2024, 2021.. or ..2024")
@click.option("--venue", multiple=True)
@click.option("--author", multiple=True)
@click.option("--category", multiple=True)
@click.option("--source", multiple=True)
@click.option("--explain", is_flag=True, help="Show what each signal added to each score.")
@_options("search")
@_json
@click.pass_context
def search(context: click.Context, /, query: tuple[str, ...], as_json: bool, **more: Any) -> None:
    """Find papers by words and by meaning. QUERY may hold "phrases", -words, author: venue: category: source: year:"""
    from broadsheet import console

    own = {row.name: more[row.name] for row in settings.TABLE if row.section == "search"}
    library = _library(context, **own)
    asked = library.parse(
        " ".join(query),
        filters=_filters(**{name: more[name] for name in ("year", "venue", "author", "category", "source")}),
        sort=more["sort"],
        offset=more["offset"],
        limit=library.settings.page_size if more["limit"] is None else more["limit"],
        explain=more["explain"],
    )
    page = library.search(asked)
    if as_json:
        console.print_json(page.to_dict())
    else:
        console.show_page(page, asked.explain)


def _filters(
    year: str, venue: tuple[str, ...], author: tuple[str, ...], category: tuple[str, ...], source: tuple[str, ...]
) -> "Filters":
    from broadsheet.query import Filters
    from broadsheet.querylang import year_span

    span = year_span(year) if year else (None, None)
    if span is None:
        raise Mistake(f"--year is {year!r}; it must be a year or a range such as 2021..2024")
    return Filters(*span, venues=venue, authors=author, categories=category, sources=source)


@cli.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--not", "without", multiple=True, metavar="ID", help="A paper that the results should be unlike.")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=10, show_default=True)
@click.option("--explain", is_flag=True)
@_json
@click.pass_context
def similar(
    context: click.Context, ids: tuple[str, ...], without: tuple[str, ...], limit: int, explain: bool, as_json: bool
) -> None:
    """Find papers like the given ones."""
    from broadsheet import console

    page = _library(context).similar(ids, without=without, limit=limit)
    if as_json:
        console.print_json({**page.to_dict(), "query": {"like": list(ids), "not": list(without)}})
    else:
        console.show_page(page, explain)


@cli.command()
@click.argument("identifier", metavar="ID")
@_json
@click.pass_context
def show(context: click.Context, identifier: str, as_json: bool) -> None:
    """Show one paper, by any of its ids."""
    from broadsheet import console
    from broadsheet.errors import NotFound

    paper = _library(context).paper(identifier)
    if paper is None:
        raise NotFound(f"no paper has the id {identifier!r}; `broadsheet search` finds papers by their words")
    if as_json:
        console.print_json(paper.to_dict())
    else:
        console.show_paper(paper)


@cli.command()
@_json
@click.pass_context
def stats(context: click.Context, as_json: bool) -> None:
    """Show what the library holds."""
    from broadsheet import console

    found = _library(context).stats()
    if as_json:
        console.print_json(found.to_dict())
    else:
        console.show_stats(found)


@cli.command()
@click.option("--rebuild", is_flag=True, help="Make the indexes anew from the store; readers keep the old meanwhile.")
@_json
@click.pass_context
def doctor(context: click.Context, rebuild: bool, as_json: bool) -> None:
    """Check the library, catch the indexes up, and say what is wrong."""
    from broadsheet import checkup, console

    library = _library(context)
    with console.watching() as watch:
        findings = checkup.examine(library, rebuild=rebuild, watch=watch)
    if as_json:
        console.print_json({"ok": all(f.ok for f in findings), "checks": [f._asdict() for f in findings]})
    else:
        console.table(console.out(), [("ok" if f.ok else "WRONG", f.what, f.said) for f in findings])
    if not all(finding.ok for finding in findings):
        context.exit(1)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@_options("search")
@_json
@click.pass_context
def evaluate(context: click.Context, /, file: Path, as_json: bool, **own: Any) -> None:
    """Measure search on judged queries: lines of {"query", "id"} or {"query", "relevant": {id: grade}}."""
    from broadsheet import console

    library = _library(context, **own)
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
@click.pass_context
def export(context: click.Context, query: tuple[str, ...], kind: str, output: Path | None, limit: int | None) -> None:
    """Write papers as BibTeX, RIS, CSV or JSON Lines: the whole library, or what QUERY finds."""
    from broadsheet import console, export
    from broadsheet.text import plural

    count = export.write(_library(context), " ".join(query), kind, output, limit)
    console.say(f"{plural(count, 'paper')} written as {kind}" + (f" to {output}" if output else ""))


@cli.command()
@_options("web")
@click.pass_context
def serve(context: click.Context, /, **own: Any) -> None:
    """Serve the pages and the API until Ctrl-C."""
    _serve(_library(context, create=True, **own))


def _serve(library: "Library") -> None:
    from functools import partial

    from broadsheet.web import server

    config = library.settings
    try:
        listener = server.bind(config.host, config.port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Mistake(
            f"cannot serve on {config.host}:{config.port} ({reason}); --port 0 takes any free port"
        ) from error
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Serving {config.title} at http://{shown}:{port}/ (Ctrl-C stops it)", err=True)
    workers = config.workers or min(4, os.cpu_count() or 1)
    with suppress(KeyboardInterrupt):  # how a server is stopped
        if workers == 1:
            server.serve_on(listener, application(library))
        else:
            make = partial(_worker, config.home, {row.name: getattr(config, row.name) for row in settings.TABLE})
            library.close()
            server.serve_many(listener, make, workers)


def application(library: "Library") -> Any:
    """The web face of *library*, warmed up: the first reader waits no longer than the second."""
    from broadsheet import web
    from broadsheet.web import server

    library.warm()
    app = web.create_app(library, title=library.settings.title, page_size=library.settings.page_size)
    server.settle()
    return app


def _worker(home: Path, flags: dict[str, object]) -> Any:
    from broadsheet.library import open_library

    return application(open_library(home, env={}, flags=flags))


@cli.command()
@click.option("--data", type=click.Path(path_type=Path), help="Papers to show instead of the bundled ones.")
@click.option("--no-serve", is_flag=True, help="Stop before serving.")
@_options("web")
@click.pass_context
def demo(context: click.Context, /, data: Path | None, no_serve: bool, **own: Any) -> None:
    """A library with the bundled papers in ./demo-library, three searches with their why, then the page."""
    from broadsheet import demonstration

    library = _library(context, create=True, home=Path("demo-library"), **own)
    demonstration.run(library, data)
    if no_serve:
        from broadsheet.console import program

        click.echo(f"Ask it with:   {program('--home', str(library.home), 'search', 'WORDS')}", err=True)
        click.echo(f"Serve it with: {program('--home', str(library.home), 'serve')}", err=True)
    else:
        _serve(library)


@cli.group()
def model() -> None:
    """The encoder: what turns text into vectors."""


@model.command("list")
@_json
@click.pass_context
def model_list(context: click.Context, as_json: bool) -> None:
    """Show the encoders that this library can use."""
    from broadsheet import console, models

    found = models.available(_library(context, create=True))
    if as_json:
        console.print_json({"models": found})
    else:
        rows = [
            ("*" if row["in_use"] else "", *(str(row[key]) for key in ("name", "dim", "hash", "made"))) for row in found
        ]
        console.table(console.out(), rows, ("", "name", "dim", "hash", "how it was made"))


@model.command("train")
@click.argument("name", default="own")
@click.option("--teacher", type=click.Path(path_type=Path), help="A sentence-transformers folder to distil from.")
@click.option("--data", "-d", multiple=True, help="Files of papers to learn from, instead of the library's own.")
@click.option("--seed", type=int, default=1, show_default=True)
@_json
@click.pass_context
def model_train(
    context: click.Context, name: str, teacher: Path | None, data: tuple[str, ...], seed: int, as_json: bool
) -> None:
    """Learn an encoder from titles and abstracts, in minutes on two cores (--teacher needs the extra `train`)."""
    from broadsheet import console, models

    library = _library(context, create=True)
    with console.watching() as watch:
        report = models.train(library, name, teacher=teacher, data=data, seed=seed, watch=watch)
    if as_json:
        console.print_json(report)
    else:
        console.table(console.out(), [(key, str(value)) for key, value in report.items()])
        console.say(f"Next: broadsheet model use {name}")


@model.command("use")
@click.argument("name")
@click.pass_context
def model_use(context: click.Context, name: str) -> None:
    """Make the library use an encoder, and index it anew with that."""
    from broadsheet import console, models

    with console.watching() as watch:
        indexed = models.use(_library(context, create=True), name, watch)
    console.say(f"The library now uses {name!r}; {indexed:,} papers were encoded with it.")


@model.command("eval")
@click.argument("file", type=click.Path(path_type=Path))
@_json
@click.pass_context
def model_eval(context: click.Context, file: Path, as_json: bool) -> None:
    """Measure the encoder alone, without words, on judged queries."""
    from broadsheet import console

    library = _library(context, weight_text=0.0, weight_meaning=1.0, weight_coverage=0.0, weight_proximity=0.0)
    with console.watching() as watch:
        figures = library.evaluate(file, watch).to_dict()
    if as_json:
        console.print_json(figures)
    else:
        console.show_figures(figures)


def main() -> NoReturn:
    """The program: errors become one sentence and an exit code."""
    try:
        with cli.make_context("broadsheet", sys.argv[1:]) as context:  # `cli.main` would call a closed pipe a failure
            cli.invoke(context)
        sys.stdout.flush()
        sys.exit(0)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped. What was counted is kept; the same command goes on from there.", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except BroadsheetError as error:
        click.echo(f"broadsheet: {error}", err=True)
        sys.exit(2 if isinstance(error, Mistake) else 1)

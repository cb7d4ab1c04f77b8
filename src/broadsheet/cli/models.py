"""The verbs about the encoder: model list, train, use, eval."""

from pathlib import Path

import click

from broadsheet.cli._group import cli, json_option, library_of


@cli.group()
def model() -> None:
    """The encoder: what turns text into vectors."""


@model.command("list")
@json_option
@click.pass_context
def model_list(context: click.Context, as_json: bool) -> None:
    """Show the encoders that this library can use."""
    from broadsheet import console, models

    found = models.available(library_of(context, create=True))
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
@json_option
@click.pass_context
def model_train(
    context: click.Context, name: str, teacher: Path | None, data: tuple[str, ...], seed: int, as_json: bool
) -> None:
    """Learn an encoder from titles and abstracts, in minutes on two cores (--teacher needs the extra `train`)."""
    from broadsheet import console, models

    library = library_of(context, create=True)
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
        indexed = models.use(library_of(context, create=True), name, watch)
    console.say(f"The library now uses {name!r}; {indexed:,} papers were encoded with it.")


@model.command("eval")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def model_eval(context: click.Context, file: Path, as_json: bool) -> None:
    """Measure the encoder alone, without words, on judged queries."""
    from broadsheet import console

    library = library_of(context, weight_text=0.0, weight_meaning=1.0, weight_coverage=0.0, weight_proximity=0.0)
    with console.watching() as watch:
        figures = library.evaluate(file, watch).to_dict()
    if as_json:
        console.print_json(figures)
    else:
        console.show_figures(figures)

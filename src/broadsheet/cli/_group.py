"""The group that every verb belongs to, and what the verbs share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broadsheet import __version__, settings

if TYPE_CHECKING:
    from broadsheet.library import Library

Command = Callable[..., Any]


def options_of(section: str) -> Callable[[Command], Command]:
    """One flag for every setting of a section: the settings table is the only list of them."""

    def add(command: Command) -> Command:
        for row in reversed([row for row in settings.TABLE if row.section == section]):
            kind = str if row.kind is tuple else row.kind
            command = click.option(row.flag, row.name, type=kind, default=None, help=row.sentence)(command)
        return command

    return add


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="broadsheet")
@click.option("--home", type=click.Path(path_type=Path), help="The library's folder (else BROADSHEET_HOME).")
@options_of("")
@click.pass_context
def cli(context: click.Context, /, home: Path | None, **flags: object) -> None:
    """A self-hosted front page for research: gather papers, find them by words and by meaning, see why."""
    context.obj = (home, flags)


def library_of(context: click.Context, *, create: bool = False, home: Path | None = None, **flags: Any) -> "Library":
    from broadsheet.library import open_library

    chosen, general = context.obj
    library = open_library(chosen or home, create=create, flags={**general, **flags})
    context.call_on_close(library.close)
    return library

"""The pages of docs/ that follow from the program. `python tests/docs_pages.py` writes them; test_docs.py compares."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from broadsheet import settings

DOCS = Path(__file__).parents[1] / "docs"
_WIDTH = 100


def settings_page() -> str:
    """docs/settings.md with the table between its marks made anew."""
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    table = "".join(f"{line}\n" for line in _settings_table())
    return re.sub(r"(?s)(<!-- settings -->\n).*(<!-- /settings -->)", lambda m: m[1] + table + m[2], page)


def _settings_table() -> Iterator[str]:
    yield "| setting | environment | default | what it is |"
    yield "|---|---|---|---|"
    for row in settings.TABLE:
        name = f"`[{row.section}]` `{row.name}`" if row.section else f"`{row.name}`"
        default = f"`{row.default}`" if row.default != "" else "empty"
        takes = "" if row.kind is str else f" Takes {row.wants}."
        yield f"| {name} | `{row.env}` | {default} | {row.sentence}{takes} |"


_CLI_HEAD = """\
# The command line

Made from the program's own `--help` by `python tests/docs_pages.py`.

Verbs that print results take `--json`: JSON goes to standard output alone, progress and messages to standard error.
The exit code is 0 when it was done, 1 when it failed, 2 when it was asked wrongly.
"""


def cli_page() -> str:
    """docs/cli.md: the help of every verb."""
    from broadsheet.cli import main

    return _CLI_HEAD + "".join(_helps(main, "broadsheet", None))


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=_WIDTH, max_content_width=_WIDTH)
    text = "".join(f"    {line}".rstrip() + "\n" for line in command.get_help(context).splitlines())
    yield f"\n## {context.command_path}\n\n{text}"
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            child = command.get_command(context, verb)
            if child is not None and not child.hidden:
                yield from _helps(child, verb, context)


def verbs(command: click.Command, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """(words, command) of every verb that does something itself: ``("search",)``, ``("model", "train")``."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for verb in command.list_commands(context):
            child = command.get_command(context, verb)
            if child is not None and not child.hidden:
                yield from verbs(child, (*before, verb))
    else:
        yield before, command


PAGES = {"settings.md": settings_page, "cli.md": cli_page}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
        print(f"docs/{page}", file=sys.stderr)

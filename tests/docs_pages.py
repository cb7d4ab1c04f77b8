"""The pages of docs/ that follow from the program. `make docs` writes them; test_docs.py compares."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from fastapi import FastAPI

from broadsheet import settings, sources
from broadsheet.cli import cli
from broadsheet.sources._fields import SPELLINGS
from broadsheet.web import api, api_schema

DOCS = Path(__file__).parents[1] / "docs"
_WIDTH = {"terminal_width": 100, "max_content_width": 100}


def _between(page: str, mark: str, lines: Iterator[str]) -> str:
    """The page docs/*page* with *lines* between its two comments called *mark*."""
    text, fresh = (DOCS / page).read_text(encoding="utf-8"), "".join(f"{line}\n" for line in lines)
    return re.sub(rf"(?s)(<!-- {mark} -->\n).*(<!-- /{mark} -->)", lambda m: m[1] + fresh + m[2], text)


def settings_page() -> str:
    return _between("settings.md", "settings", _settings_table())


def _settings_table() -> Iterator[str]:
    yield "| setting | environment | default | what it is |"
    yield "|---|---|---|---|"
    for row in settings.TABLE:
        name = f"`[{row.section}]` `{row.name}`" if row.section else f"`{row.name}`"
        takes = "" if row.kind is str else f" Takes {row.wants}."
        yield f"| {name} | `{row.env}` | {_default(row)} | {row.sentence}{takes} |"


def _default(row: settings.Setting) -> str:
    return f"`{row.usual}`" if row.usual else "empty"


def formats_page() -> str:
    return _between("formats.md", "fields", _fields_table())


def _fields_table() -> Iterator[str]:
    """Which names of a field mean what, as the importers have it."""
    yield "| field | is read from |"
    yield "|---|---|"
    for field, names in SPELLINGS.items():
        if field:
            kind, _, scheme = field.partition(".")
            label = "the record's own id" if kind == "own" else f"{kind}: {scheme}" if scheme else kind
            yield f"| {label} | {', '.join(f'`{name}`' for name in names.split())} |"


def sources_page() -> str:
    return _between("sources.md", "kinds", _kinds())


def _kinds() -> Iterator[str]:
    """Every kind of source: what it brings, and its options."""
    for name, module in sources.followable().items():
        card, asked = module.ABOUT, "; completes papers that are here" if name in sources.enrichers() else ""
        yield f"### {name}\n\n[{card.name}]({card.home}): {card.what}{asked}.\n"
        yield "| option | default | what it is |"
        yield "|---|---|---|"
        for row in module.OPTIONS:
            yield f"| `{row.name}` | {_default(row)} | {row.sentence} |"
        yield ""


_CLI_HEAD = """\
# The command line

Made from the program's own `--help` by `make docs`.

Verbs that print results take `--json`: JSON goes to standard output alone, progress and messages to standard error.
The exit code is 0 when it was done, 1 when it failed, 2 when it was asked wrongly.
"""


def cli_page() -> str:
    """docs/cli.md: the help of every verb."""
    return _CLI_HEAD + "".join(_helps(cli, "broadsheet", None))


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, **{**command.context_settings, **_WIDTH})
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


def api_page() -> str:
    return _between("api.md", "resources", _resources())


def _resources() -> Iterator[str]:
    """Every route of the API by its subject, as its description has them."""
    app = FastAPI(title="Broadsheet", version="1")
    api.add(app)
    found = list(api_schema.operations(app.openapi()))
    for subject, about in api_schema.TAGS.items():
        yield f"### {subject}\n\n{about}.\n"
        yield "| request | what it does | takes |"
        yield "|---|---|---|"
        for one in found:
            if one.said["tags"] == [subject]:
                scope = "" if {} in one.said["security"] else f"`{one.said.get('x-scope', 'read')}`"
                role = one.said.get("x-role", "reader")
                who = f"{scope}, {role}" if scope and role != "reader" else scope
                path = one.path.removeprefix("/api/v1")
                yield f"| `{one.method.upper()} {path}` | {one.said['summary']} | {who} |"
        yield ""


PAGES = {
    "api.md": api_page, "settings.md": settings_page, "formats.md": formats_page, "cli.md": cli_page,
    "sources.md": sources_page,
}  # fmt: skip


if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
        print(f"docs/{page}", file=sys.stderr)

"""What `demo` shows: a library filled, three searches and why each first paper is first."""

from importlib import resources
from pathlib import Path

import click

from broadsheet import console
from broadsheet.library import Library

SEARCHES = (
    ("by words", "graph neural networks"),
    ("by meaning", "getting a quadruped to walk over rubble"),
    ("with filters", "machine translation year:2018..2022 venue:ACL"),
)


def run(library: Library, data: Path | None) -> None:
    """Fill *library* with *data* or the bundled papers, then ask; what is there already is not added again."""
    sample = resources.files("broadsheet") / "data" / "sample.jsonl.zst"
    with resources.as_file(sample) as bundled, console.watching() as watch:
        added = library.add([data or bundled], watch=watch)
    console.show_added(added)
    for name, question in SEARCHES:
        click.echo()
        click.echo(click.style(f"{name}:  broadsheet search '{question}'", bold=True))
        console.show_page(library.search(library.parse(question, limit=3)), explain=False)

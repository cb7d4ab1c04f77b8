"""The group of the verbs about editions, which several files add to."""

from broadsheet.cli._group import cli


@cli.group()
def digest() -> None:
    """The daily edition: what is in it, what was sent, what came back."""

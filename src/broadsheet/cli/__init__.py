"""Every verb of the command line. The only place that constructs things; nothing heavy is imported before it is used.

Results go to standard output (with --json as one document), messages and progress to standard error. Exit code 0: done,
1: the world or the library failed, 2: the question was wrong.
"""

import os
import sys
from typing import NoReturn

import click

from broadsheet.cli import (
    asking,
    dailies,
    following,
    keeping,
    listing,
    merging,
    models,
    people,
    returning,
    saving,
    serving,
    subscribing,
    voting,
    working,
)
from broadsheet.cli._group import cli
from broadsheet.errors import BroadsheetError, Mistake

__all__ = [
    "asking",
    "cli",
    "dailies",
    "following",
    "keeping",
    "listing",
    "main",
    "merging",
    "models",
    "people",
    "returning",
    "saving",
    "serving",
    "subscribing",
    "voting",
    "working",
]


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

"""The verbs that serve pages: serve, demo."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from broadsheet import settings
from broadsheet.cli._group import cli, library_of, options_of
from broadsheet.errors import Mistake

if TYPE_CHECKING:
    from broadsheet.library import Library


@cli.command()
@options_of("web")
@click.pass_context
def serve(context: click.Context, /, **own: Any) -> None:
    """Serve the pages and the API until Ctrl-C."""
    _serve(library_of(context, create=True, **own))


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
    _say_what_else(library)
    workers = config.workers or min(4, os.cpu_count() or 1)
    with suppress(KeyboardInterrupt):  # how a server is stopped
        if workers == 1:
            server.serve_on(listener, application(library))
        else:
            make = partial(_worker, config.home, {row.name: getattr(config, row.name) for row in settings.TABLE})
            library.close()
            server.serve_many(listener, make, workers)


def _say_what_else(library: "Library") -> None:
    """Pages are one thing, letters another: who waits for some should hear that nothing sends them."""
    from broadsheet.editions import heart

    if library.store.subscribers.count()["active"] and (silence := heart.silence(library.home, int(time.time()))):
        click.echo(f"{silence[0].upper()}{silence[1:]}.", err=True)


def application(library: "Library") -> Any:
    """The web face of *library*, warmed up: the first reader waits no longer than the second."""
    from broadsheet import web
    from broadsheet.web import server
    from broadsheet.web.clock import Clock

    server.one_heap()
    library.warm()
    app = web.create_app(library, title=library.settings.title, page_size=library.settings.page_size)
    Clock(library).start()
    server.settle()
    return app


def _worker(home: Path, flags: dict[str, object]) -> Any:
    from broadsheet.library import open_library

    return application(open_library(home, env={}, flags=flags))


@cli.command()
@click.option("--data", type=click.Path(path_type=Path), help="Papers to show instead of the bundled ones.")
@click.option("--no-serve", is_flag=True, help="Stop before serving.")
@options_of("web")
@click.pass_context
def demo(context: click.Context, /, data: Path | None, no_serve: bool, **own: Any) -> None:
    """A library with the bundled papers in ./demo-library, three searches with their why, then the page."""
    from broadsheet import demonstration

    library = library_of(context, create=True, home=Path("demo-library"), **own)
    demonstration.run(library, data)
    if no_serve:
        from broadsheet.console import program

        click.echo(f"Ask it with:   {program('--home', str(library.home), 'search', 'WORDS')}", err=True)
        click.echo(f"Serve it with: {program('--home', str(library.home), 'serve')}", err=True)
    else:
        _serve(library)

"""What every page needs, made once: the library, the templates with their helpers, the static files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request

from broadsheet import cite, ids, latex
from broadsheet.text import clip, plural
from broadsheet.web import assets, dates, facets, feeds, likes, plots, rows, typeset, urls

if TYPE_CHECKING:
    from broadsheet.library import Library


_TICKS = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Site:
    """One running web face of one library."""

    library: "Library"
    title: str
    assets: assets.Assets
    templates: Environment
    page_size: int = urls.LIMIT

    def render(self, name: str, /, **values: Any) -> bytes:
        return self.templates.get_template(name).render(values).encode()


def of(request: Request) -> Site:
    """The site that *request* came to."""
    site: Site = request.app.state.site
    return site


def root(request: Request) -> str:
    """What stands before a path in what leaves the site: its own address where the settings say it, else what is asked.

    A request can name any host; what a cache keeps of it, or a feed reader, would lead others there.
    """
    return (of(request).library.settings.address or str(request.base_url)).rstrip("/")


def build(library: "Library", title: str, page_size: int) -> Site:
    files = assets.load()
    return Site(library, title, files, _environment(files, title), page_size)


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return now().date()


def _environment(files: assets.Assets, title: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("broadsheet"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals.update(
        site_title=title,
        asset=files.url,
        urls=urls,
        likes=likes,
        plots=plots,
        rows=rows,
        facets=facets,
        today=today,
        key_of=plots.key,
        cite=cite,
        feeds=feeds,
    )
    environment.filters.update(_FILTERS)
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)  # compiled now, not under the first reader
    return environment


def _host(address: str) -> str:
    """``example.org`` of an address, for a link's words."""
    return address.partition("://")[2].partition("/")[0].removeprefix("www.")


def _safe_link(address: str) -> str:
    """*address* when a browser may follow it (http, https), else nothing: no ``javascript:``, no ``data:``."""
    return address if address.lower().startswith(("http://", "https://")) else ""


def _ticked(sentence: str) -> Markup:
    """A sentence of ours, which may have `commands` in it, with those set as code."""
    return Markup(_TICKS.sub(r"<code>\1</code>", str(escape(sentence))))


_FILTERS: Mapping[str, Any] = {
    "typeset": typeset.typeset,
    "marked": typeset.marked,
    "plain": latex.plain,
    "plural": plural,
    "clip": clip,
    "date": lambda iso: dates.shown(iso, today()),
    "written": dates.written,
    "dateline": dates.dateline,
    "number": lambda value: f"{value:,}",
    "shown_id": ids.shown,
    "host": _host,
    "web": _safe_link,
    "ticked": _ticked,
}

"""Votes, what is put out of sight, what has been read: the buttons beside a paper, and the page to undo hiding."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.errors import Mistake
from broadsheet.query import Query
from broadsheet.store.community import Shade, Totals
from broadsheet.text import plural
from broadsheet.web import site, who, writes
from broadsheet.web.http import answer
from broadsheet.web.writes import Asking, Done

SHOWN = 100  # papers on the page of what is hidden


class Marks(NamedTuple):
    """What stands beside a paper: its totals, and what this reader did with it. may: whether there are buttons."""

    may: bool
    totals: Totals
    voted: bool = False
    hidden: bool = False
    read: bool = False


def marks(request: Request, pks: Sequence[int]) -> dict[int, Marks]:
    """pk -> marks, of all papers of a page: three questions, however many papers."""
    community, reader = site.of(request).library.store.community, who.reader(request)
    totals = community.tallies(pks)
    if reader is None:
        return {pk: Marks(False, totals[pk]) for pk in pks}
    voted, shades = community.votes_of(reader.id, pks), community.shades_of(reader.id, pks)
    may = reader.may("vote")
    return {pk: Marks(may, totals[pk], pk in voted, *shades.get(pk, Shade())) for pk in pks}


def _wants(form: Mapping[str, str]) -> bool:
    """The form says how it shall be, not that it shall change: sent twice, it is the same."""
    want = form.get("want", "1")
    if want not in ("0", "1"):
        raise Mistake(f"want is 1 or 0, not {want[:20]!r}")
    return want == "1"


def _back(asking: Asking) -> str:
    """The page that the button is on, at its paper."""
    anchor = asking.form.get("at", "")
    return writes.back(asking.request) + (f"#{anchor}" if re.fullmatch(r"[\w.-]{1,80}", anchor) else "")


def _vote(asking: Asking) -> Done:
    library, want = asking.site.library, _wants(asking.form)
    done = library.store.community.vote(asking.reader.id, library.row(asking.form.get("id", "")), want)
    said = "You voted for this paper." if want else "You took your vote back."
    return Done(_back(asking), f"{said} It has {plural(done.votes, 'vote')}.", want, done.votes)


def _hide(asking: Asking) -> Done:
    library, want = asking.site.library, _wants(asking.form)
    library.store.community.hide(asking.reader.id, library.row(asking.form.get("id", "")), want)
    return Done(_back(asking), "Out of your sight." if want else "In your sight again.", want)


def _read(asking: Asking) -> Done:
    library, want = asking.site.library, _wants(asking.form)
    library.store.community.read(asking.reader.id, library.row(asking.form.get("id", "")), want)
    return Done(_back(asking), "Marked as read." if want else "Not marked as read any more.", want)


def hidden(request: Request) -> Response:
    """What this reader has put out of sight, to bring it back."""
    here, reader = site.of(request), writes.allowed(request, who.reader(request), "vote")
    store = here.library.store
    found = store.community.shaded(reader.id, "hidden", SHOWN)
    body = here.render("hidden.html", query=Query(), papers=store.get([pk for pk, _ in found]).values(), most=SHOWN)
    return answer(request, body, cache="private, no-cache")


ROUTES = [
    Route("/hidden", hidden, methods=["GET"], name="hidden"),
    Route("/vote", writes.handler(_vote, "vote"), methods=["POST"], name="vote"),
    Route("/hide", writes.handler(_hide, "vote"), methods=["POST"], name="hide"),
    Route("/read", writes.handler(_read, "vote"), methods=["POST"], name="read"),
]

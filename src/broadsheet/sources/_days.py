"""Harvests by day: where one is, as text that lasts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson

from broadsheet.fetch import Answer, FetchError

_REFUSED = (400, 404, 410, 422)  # what services say of a mark that has grown too old


def days_of(cursor: str, now: datetime, since: int) -> dict[str, Any]:
    """``from`` and ``until`` (days, ISO 8601) and ``start`` of a cursor; of a first harvest the last *since* days.

    An open ``until`` becomes today, so that a harvest that is cut off goes on in the days that it had begun with.
    """
    try:
        place = orjson.loads(cursor) if cursor else {}
    except orjson.JSONDecodeError:
        place = {}
    first = place.get("from") or (now.date() - timedelta(days=since)).isoformat()
    return {
        **place,
        "from": first,
        "until": place.get("until") or now.date().isoformat(),
        "start": place.get("start", 0),
    }


def resumed(place: dict[str, Any], ask: Callable[[dict[str, Any]], Answer]) -> tuple[dict[str, Any], Answer]:
    """The first answer of a run, and the place that it is of.

    A mark of a page that was kept from an earlier run may not be taken any more: then the days begin again.
    """
    try:
        return place, ask(place)
    except FetchError as error:
        if not place.get("page") or error.status not in _REFUSED:
            raise
        place = {**place, "page": "", "start": 0}
        return place, ask(place)

"""Harvests by day: where one is, as text that lasts."""

from datetime import datetime, timedelta
from typing import Any

import orjson


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

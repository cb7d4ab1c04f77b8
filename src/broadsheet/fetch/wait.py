"""What an answer says about when to come back: Retry-After (RFC 9110), Backoff (Zotero), RateLimit (draft-ietf-httpapi)
and the X-RateLimit headers that came before it."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from broadsheet.fetch.queue import LONGEST

_LIST = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d+)")


def asked_to_wait(headers: Mapping[str, str], now: float) -> float:
    """Seconds that the service wants to be left alone; 0 when it says nothing. Header names in lower case."""
    told = [_seconds(headers.get(name, ""), now) for name in ("retry-after", "backoff")]
    return min(max(*told, _exhausted(headers, now)), LONGEST)


def _seconds(text: str, now: float) -> float:
    """Seconds, or a date."""
    text = text.strip()
    if re.fullmatch(r"\d{1,10}(\.\d+)?", text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now) if text else 0.0
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _exhausted(headers: Mapping[str, str], now: float) -> float:
    """Until a quota that is used up begins anew."""
    if listed := headers.get("ratelimit"):
        said = dict(_LIST.findall(listed))
        remaining, reset = said.get("r", said.get("remaining")), said.get("t", said.get("reset", "0"))
    else:
        names = ("ratelimit-{}", "x-ratelimit-{}", "x-rate-limit-{}")
        found = [(headers.get(n.format("remaining")), headers.get(n.format("reset"), "0")) for n in names]
        remaining, reset = next(((left, until) for left, until in found if left is not None), (None, "0"))
    if remaining is None or not re.fullmatch(r"0+", remaining.strip()):
        return 0.0
    wait = _seconds(reset or "", now)
    return max(0.0, wait - now) if wait > 1e9 else wait  # some say when, as epoch seconds

"""What lists by date and citations are sorted by, the same in the lexical index and in the columns."""

import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from broadsheet.paper import Paper

Number = TypeVar("Number", int, npt.NDArray[np.int64])

_GOLDEN = 0x9E3779B1  # 2^32 / golden ratio, odd, so that multiplying is a permutation (Knuth, TAOCP 3, 6.4)
_BACK = pow(_GOLDEN, -1, 2**32)
LAST = 2**32 - 1
_STEPS = 16  # of `rising`, a day
FRESH = 7  # days after its date on which a paper that comes here is still new


def day_number(paper: Paper) -> int:
    """20240501 for sorting: the date as far as it is known, else the year, else 0."""
    digits = paper.date.replace("-", "")
    return int((digits + "0000")[:8]) if digits else (paper.year or 0) * 10_000


def appeared(paper: Paper, added: int) -> int:
    """20240501: the day on which a paper was news here; 20240500 or 20240000 where only a month or a year can be told.

    That is the day on which it was added (Unix seconds, UTC; 0 if nobody noted it), if its date may be within the week
    before, or is not known; else its date, as far as that is known.
    """
    day = day_number(paper)
    if not added:
        return day
    here, week_ago = _days(added // 86_400)
    latest = day + (1231 if day % 10_000 == 0 else 31 if day % 100 == 0 else 0)
    return here if not day or latest >= week_ago else day


@lru_cache(maxsize=4096)
def _days(number: int) -> tuple[int, int]:
    """A day counted from 1970, and the one a week before it, as 20240501."""
    day = datetime.fromtimestamp(number * 86_400, UTC)
    return int(f"{day:%Y%m%d}"), int(f"{day - timedelta(days=FRESH):%Y%m%d}")


def rising(paper: Paper) -> int:
    """How much attention a paper gets for its age: ten times the attention outweighs a year.

    log10(1 + citations and votes) and the days of the date, added: so the order never changes while time passes (the
    "hot" ranking of Reddit, A. Edwards 2008, with a year for its 12.5 hours). 0 for a paper without a date.
    """
    day = day_number(paper)
    if not day:
        return 0
    votes = paper.more("hf_upvotes")
    attention = (paper.citations or 0) + (int(votes) if votes.isascii() and votes.isdigit() else 0)
    days = day // 10_000 * 365.25 + max(0, day // 100 % 100 - 1) * 30.44 + day % 100
    return min(LAST, round(_STEPS * (days + 365 * math.log10(1 + attention))))


def scattered(pks: Number) -> Number:
    """Where papers of one date stand among each other, in [0, 2^32): each elsewhere, no file in a block."""
    return pks * _GOLDEN & LAST


def gathered(places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The pks that `scattered` made *places* of."""
    return (places.astype(np.uint64) * np.uint64(_BACK) & np.uint64(LAST)).astype(np.int64)

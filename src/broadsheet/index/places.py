"""What lists by date and citations are sorted by, the same in the lexical index and in the columns."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from broadsheet.paper import Paper

Number = TypeVar("Number", int, npt.NDArray[np.int64])

_GOLDEN = 0x9E3779B1  # 2^32 / golden ratio, odd, so that multiplying is a permutation (Knuth, TAOCP 3, 6.4)
_BACK = pow(_GOLDEN, -1, 2**32)
LAST = 2**32 - 1


def day_number(paper: Paper) -> int:
    """20240501 for sorting: the date as far as it is known, else the year, else 0."""
    digits = paper.date.replace("-", "")
    return int((digits + "0000")[:8]) if digits else (paper.year or 0) * 10_000


def scattered(pks: Number) -> Number:
    """Where papers of one date stand among each other, in [0, 2^32): each elsewhere, no file in a block."""
    return pks * _GOLDEN & LAST


def gathered(places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The pks that `scattered` made *places* of."""
    return (places.astype(np.uint64) * np.uint64(_BACK) & np.uint64(LAST)).astype(np.int64)

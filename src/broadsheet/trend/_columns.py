"""Columns in order: what several steps need, in the time of one sort."""

import numpy as np

from broadsheet.trend import Bools, Floats, Ints


def starts(*columns: Ints | Floats) -> Bools:
    """True in the first row of each run of equal rows."""
    first = np.ones(len(columns[0]), np.bool_)
    if len(first):
        first[1:] = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        first[1:] |= column[1:] != column[:-1]
    return first


def distinct(keys: Ints) -> Ints:
    """The different ones, ascending. For a million keys a sort takes a quarter of the time of `np.unique`'s table."""
    ordered = np.sort(keys)
    return ordered[starts(ordered)]

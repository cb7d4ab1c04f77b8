"""Signal: the paper is new. Halves every three years; off unless the owner gives it a weight."""

import numpy as np

from broadsheet.rank import Facts, Scores, Seen

HALF_LIFE = 3.0  # years


def score(facts: Facts) -> Scores:
    age = np.maximum(facts.this_year - facts.year, 0)
    return np.where(facts.year > 0, 0.5 ** (age / HALF_LIFE), 0).astype(np.float32)


def sentence(seen: Seen) -> str:
    return f"from {seen.paper.year}" if seen.paper.year else "new"

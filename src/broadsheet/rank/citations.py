"""Signal: the paper is cited. Logarithmic, full at 10,000; off unless the owner gives it a weight."""

import numpy as np

from broadsheet.rank import Facts, Scores, Seen
from broadsheet.text import plural

FULL = 10_000


def score(facts: Facts) -> Scores:
    share: Scores = np.minimum(np.log1p(facts.citations) / np.log1p(FULL), 1).astype(np.float32)
    return share


def sentence(seen: Seen) -> str:
    return f"cited {plural(seen.paper.citations or 0, 'time')}"

"""Signal: the paper is near in meaning (cosine to the question, between the candidates' usual and best)."""

import numpy as np

from broadsheet.rank import Facts, Scores, Seen


def score(facts: Facts) -> Scores:
    """Min-max over the candidates: 0 at the least near of them, 1 at the nearest."""
    known = facts.cosine[facts.cosine != 0]
    if not len(known):
        return np.zeros_like(facts.cosine)
    low, high = float(known.min()), float(known.max())
    if high <= low:
        return (facts.cosine != 0).astype(np.float32)
    return np.where(facts.cosine != 0, (facts.cosine - low) / (high - low), 0).astype(np.float32)


def sentence(seen: Seen) -> str:
    if seen.score >= 0.85:
        return "very close in meaning"
    return "close in meaning" if seen.score >= 0.5 else "related in meaning"

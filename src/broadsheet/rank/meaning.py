"""Signal: the paper is near in meaning (cosine to the question, between the candidates' usual and best)."""

from broadsheet.rank import Facts, Scores, Seen, spread


def score(facts: Facts) -> Scores:
    return spread(facts.cosine)


def sentence(seen: Seen) -> str:
    if seen.score >= 0.85:
        return "very close in meaning"
    return "close in meaning" if seen.score >= 0.5 else "related in meaning"

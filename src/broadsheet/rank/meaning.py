"""Signal: the paper is near in meaning (cosine to the question, between the candidates' usual and best)."""

from broadsheet.rank import Facts, Scores, Seen, spread


def score(facts: Facts) -> Scores:
    return spread(facts.cosine)


def sentence(seen: Seen) -> str:
    """In the words of a comparison, as the score is one: something is nearest even to a question without sense."""
    if seen.score >= 0.85:
        return "among the nearest in meaning"
    return "near in meaning" if seen.score >= 0.5 else "further off in meaning"

"""Signal: words that are neighbours in the question stand close together in the paper."""

from broadsheet.rank import Facts, Scores, Seen, spread


def score(facts: Facts) -> Scores:
    return spread(facts.proximity)


def sentence(seen: Seen) -> str:
    return "says your words together" if seen.score >= 0.5 else "says some of your words together"

"""Signal: the paper holds many of the question's words, rare ones counting more."""

from broadsheet.rank import Facts, Scores, Seen, spread


def score(facts: Facts) -> Scores:
    return spread(facts.coverage)


def sentence(seen: Seen) -> str:
    return "holds most of your words" if seen.missing else "holds all of your words"

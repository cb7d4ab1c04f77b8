"""Signal: the question is the paper's whole title."""

from broadsheet.rank import Facts, Scores, Seen


def score(facts: Facts) -> Scores:
    return facts.title


def sentence(seen: Seen) -> str:
    return "its title is what you asked for"

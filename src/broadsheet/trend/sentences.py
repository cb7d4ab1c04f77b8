"""A paper's terms as sentences for a reader."""

from broadsheet.text import plural
from broadsheet.trend import FEW_PEOPLE, NOT_ABOVE, ONE_SIGNAL, TOO_OLD, One, Term
from broadsheet.trend.forecast import Error

NOUN = {
    "votes": "vote", "saves": "save", "comments": "person commenting", "opens": "opening", "citations": "new citation",
    "stars": "new star", "mentions": "mention",
}  # fmt: skip
REASONS = {
    NOT_ABOVE: "nothing is clearly above what is usual for its topic",
    ONE_SIGNAL: "only one signal is clearly above what is usual; two independent ones are needed",
    FEW_PEOPLE: "too few people who are independent of each other are behind it",
    TOO_OLD: "it is too old for this window",
}

_NOT_ALL = "not all of these accounts are independent or long here"


def of(one: One, topic: str) -> tuple[str, ...]:
    """One sentence a signal in which something happened, the largest share first. *topic*: ``cs.CL``, or empty."""
    return tuple(sentence(term, topic) for term in one.terms if term.count >= 0.5)


def sentence(term: Term, topic: str) -> str:
    """``12 votes in 20 hours, 4.2 times what a cs.CL paper of its age gets``."""
    found = f"{_count(round(term.count), term.signal)} in {span(term.hours)}"
    paper = f"{'an' if topic[0] in 'aeioAEIO' else 'a'} {topic} paper" if topic else "a paper"
    if 0.8 <= term.ratio <= 1.25:
        said = f"about what {paper} of its age gets"
    elif term.ratio > 1:
        said = f"{term.ratio:.1f} times what {paper} of its age gets"
    else:
        said = f"less than {paper} of its age gets"
    if term.counted < 0.5 * term.count and term.signal in ("votes", "saves", "comments"):
        whose = "this account is new here" if round(term.count) == 1 else _NOT_ALL
        said += f"; counted as {max(term.counted, 0.1):.1f}, for {whose}"
    return f"{found}, {said}"


def _count(count: int, signal: str) -> str:
    if signal == "comments":
        return "1 person commenting" if count == 1 else f"{count:,} people commenting"
    return plural(count, NOUN[signal])


def why_not(one: One) -> tuple[str, ...]:
    """Why it is not hot, in plain words; empty where it is."""
    return tuple(reason for bit, reason in REASONS.items() if one.why_not & bit)


def span(hours: float) -> str:
    """``40 minutes``, ``20 hours``, ``3 days``, ``6 years``: what is nearest to how people say it."""
    if hours < 1:
        return plural(max(1, round(hours * 60)), "minute")
    if hours < 48:
        return plural(round(hours), "hour")
    days = hours / 24
    return plural(round(days), "day") if days < 730 else plural(round(days / 365.25), "year")


def forecast(now: float, low: float, likely: float, high: float, days: float = 7) -> str:
    """Where a paper is heading: votes now, and the numbers of `forecast.Ahead`."""
    votes = plural(round(now), "vote")
    if round(high) <= round(now):
        return f"{votes} now; probably no more in the next {days:g} days"
    return f"{votes} now; in {days:g} days probably {likely:,.0f}, and {low:,.0f} to {high:,.0f} in four cases of five"


def error(found: Error) -> str:
    """How far forecasts were off in the past."""
    papers = "for papers of this age " if found.age else ""
    return (
        f"{plural(found.cases, 'forecast')} {papers}could be checked: half were off by a factor of {found.factor:.1f} "
        f"or less, and {100 * found.coverage:.0f} % of the papers came to lie within the range"
    )

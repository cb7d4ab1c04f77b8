"""Why a paper stands where it does, as sentences and as parts of a score. Pure."""

from collections.abc import Mapping

from broadsheet.community.daily import WEIGHTS
from broadsheet.community.days import Order
from broadsheet.community.memory import topic_of
from broadsheet.paper import Paper
from broadsheet.query import Hit, Marked, Signal
from broadsheet.store.community import Totals
from broadsheet.text import join_names, plural
from broadsheet.trend import One, sentences


def of_day(order: Order, place: int, paper: Paper, told: str) -> Hit:
    """The paper at *place* of a day's order, with its reasons; *told*: what attention it got, empty for none."""
    said = _said(order, place, paper, told)
    signals = tuple(
        Signal(name, float(order.signals[name][place]), WEIGHTS[name], share, said.get(name, ""))
        for name, share in sorted(order.shares(place).items(), key=lambda item: -item[1])
    )
    reasons = [said[name] for name in ("pick", *(signal.name for signal in signals)) if said.get(name)]
    why = "; ".join(reasons) or _plainly(paper)
    return Hit(paper, float(order.score[place]), signals, why, Marked(paper.title))


def _said(order: Order, place: int, paper: Paper, told: str) -> Mapping[str, str]:
    pk, said = int(order.pks[place]), dict[str, str]()
    if pk in order.picks:
        note = order.picks[pk].note
        said["pick"] = f"editor’s pick: “{note}”" if note else "editor’s pick"
    if near := close(*order.near(place)):
        said["near"] = near
    elif "near" in order.signals and order.signals["near"][place]:
        said["near"] = "near to what you saved and voted for"
    if told:
        said["attention"] = told
    if pk in order.brought:
        by = order.brought[pk].name
        said["submitted"] = f"submitted by {by}" if by else "submitted by a reader"
    if paper.link("code"):
        said["code"] = "with code"
    return said


def close(saved: int, voted: int) -> str:
    """``close to 3 papers you saved``; empty for none."""
    parts = [f"{_papers(saved)} you saved"] if saved else []
    parts += [f"{_papers(voted)} you voted for"] if voted else []
    return f"close to {join_names(parts)}" if parts else ""


def _papers(count: int) -> str:
    return "a paper" if count == 1 else f"{count:,} papers"


def counts(totals: Totals) -> str:
    """``12 votes, 3 saves``; empty for none."""
    pairs = ((totals.votes, "vote"), (totals.saves, "save"), (totals.comments, "comment"))
    return ", ".join(plural(count, noun) for count, noun in pairs if count)


def _plainly(paper: Paper) -> str:
    """For a paper for which nothing speaks yet: what it is one of."""
    where = topic_of(paper) or paper.venue
    return f"new in {where}" if where else f"new from {join_names(paper.sources)}" if paper.sources else "new here"


def of_trend(one: One, paper: Paper) -> Hit:
    """A paper that trends, each term of its score as a signal."""
    topic = topic_of(paper)
    signals = tuple(
        Signal(term.signal, term.share / term.weight, term.weight, term.share, sentences.sentence(term, topic))
        for term in one.terms
        if term.count >= 0.5
    )
    return Hit(paper, one.score, signals, "; ".join(sentences.of(one, topic)[:2]), Marked(paper.title))

"""Why a paper is not where somebody expected it: what removed it, or how far down it is."""

from collections.abc import Iterator

import numpy as np

from broadsheet.condition import Node, Not, Term, leaves
from broadsheet.find.lists import DEPTH, Asked, Listing, array
from broadsheet.index.analysis import EXACT, STEMS
from broadsheet.index.lexical import Match, enough
from broadsheet.paper import Paper
from broadsheet.text import join_names


def why_not(asked: Asked, listing: Listing, pk: int, paper: Paper) -> tuple[str, ...]:
    """Sentences: every condition that the paper does not fit; else its place; else what keeps it out of the list."""
    failed = tuple(_failed(asked, pk, paper))
    if failed:
        return failed
    place = np.flatnonzero(listing.pks == pk)
    if len(place):
        return (f"It is here: number {int(place[0]) + 1:,} of {listing.total:,}.",)
    if asked.upto and pk >= asked.upto:
        return ("It came after the first page was shown; ask again.",)
    if asked.query.like or asked.query.unlike:
        return (f"It is not among the {2 * DEPTH} papers most like those that were named.",)
    return _by_words(asked, listing, pk)


def _failed(asked: Asked, pk: int, paper: Paper) -> Iterator[str]:
    query, lexical = asked.query, asked.reader.lexical
    for node in (*query.conditions, *query.filters.conditions):
        if not len(lexical.which(Match("", (node,), given=asked.given), array([pk]))):
            yield f"“{node}” does not hold{_instead(node, paper)}."


def _instead(node: Node, paper: Paper) -> str:
    """What the paper has where something else was wanted."""
    fields = {one.field for one in leaves(node)}
    if isinstance(node, Not) or len(fields) != 1:
        return ""
    said = {
        "year": str(paper.year or "unknown"), "venue": paper.venue or "unknown",
        "author": join_names(paper.authors) or "unknown", "category": ", ".join(paper.categories) or "none",
        "source": ", ".join(paper.sources), "id": ", ".join(paper.ids),
    }  # fmt: skip
    field = fields.pop()
    return f": its {field} is {said[field]}" if field in said else ""


def _by_words(asked: Asked, listing: Listing, pk: int) -> tuple[str, ...]:
    """It fits, and is neither near enough nor holds enough."""
    lexical = asked.reader.lexical
    words = list(dict.fromkeys(word for word in EXACT.analyze(asked.query.words) if STEMS.analyze(word)))
    held = [word for word in words if len(lexical.which(Match("", (Term(word),)), array([pk])))]
    lacks = ", ".join(f"“{word}”" for word in words if word not in held)
    if len(held) >= enough(len(words)):
        return (f"It answers the question, below the first {len(listing.pks):,}; narrow the question down to see it.",)
    return (
        f"It holds {len(held)} of the {len(words)} words, and {enough(len(words))} are wanted: {lacks} is not in it.",
        f"Its meaning is not among the {DEPTH} nearest.",
    )

"""The last stage: papers of one page as a reader sees them, with what matched and why."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from broadsheet import rank
from broadsheet.embed import Vectors
from broadsheet.find.lists import Asked, Listing, stem_weights
from broadsheet.index.analysis import plain_words, stem
from broadsheet.index.snippets import marked, sentences, snippet, tokens
from broadsheet.paper import Paper
from broadsheet.query import Hit
from broadsheet.rank import Seen
from broadsheet.text import fold, words

FAINTEST = "the faintest match of all"
SENTENCES = 6  # of an abstract that are compared with what is liked


def hits(asked: Asked, listing: Listing, end: int, text: str, signals: Mapping[str, float]) -> tuple[Hit, ...]:
    """The papers of a list from the question's offset to *end*, the words of *text* marked in them.

    One that was removed since the last refresh is left out.
    """
    start = asked.query.offset
    pks = listing.pks[start:end].tolist()
    papers = asked.store.get(pks)
    weights = stem_weights(text, asked.reader)
    spelled = _spelled(text)
    found = []
    for place, pk in enumerate(pks, start):
        if pk in papers:
            scores = {name: float(values[place]) for name, values in listing.scores.items()}
            found.append(_hit(papers[pk], scores, weights, spelled, signals))
    return tuple(found)


def nearest(asked: Asked, found: Sequence[Hit], vector: Vectors, text: str) -> tuple[Hit, ...]:
    """The same hits, each with the sentence of its abstract that is nearest to *vector* (dim,) as its snippet."""
    weights = stem_weights(text, asked.reader)
    parts = [sentences(hit.paper.abstract)[:SENTENCES] for hit in found]
    near = asked.encoder.encode([part for each in parts for part in each] or [""], "passage") @ vector
    shown, place = [], 0
    for hit, each in zip(found, parts, strict=True):
        if each:
            best = each[int(np.argmax(near[place : place + len(each)]))]
            hit = replace(hit, snippet=snippet(best, tokens(best, weights), weights))
        place += len(each)
        shown.append(hit)
    return tuple(shown)


def _hit(
    paper: Paper,
    scores: Mapping[str, float],
    weights: Mapping[str, float],
    spelled: Mapping[str, str],
    signals: Mapping[str, float],
) -> Hit:
    """One paper as shown: what of the question it holds, and why it is where it is."""
    in_title, in_abstract = tokens(paper.title, weights), tokens(paper.abstract, weights)
    title = {token.stem for token in in_title}
    text = {token.stem for token in in_abstract + tokens(" ".join(paper.keywords), weights)} - title
    names = _names(paper, {its: word for its, word in spelled.items() if its not in title and its not in text})
    seen = Seen(
        paper,
        0.0,
        tuple(word for its, word in spelled.items() if its in title),
        tuple(word for its, word in spelled.items() if its in text),
        tuple(word for its, word in spelled.items() if its in names),
        tuple(word for its, word in spelled.items() if its not in title | text | names),
    )
    told = rank.explain(seen, scores, signals)
    return Hit(
        paper=paper,
        score=sum((signal.share for signal in told), 0.0),
        signals=told,
        why=rank.why(told) or (FAINTEST if scores else ""),
        title=marked(paper.title, in_title),
        snippet=snippet(paper.abstract, in_abstract, weights),
    )


def _names(paper: Paper, unmatched: Mapping[str, str]) -> set[str]:
    """Which of the words that title and text do not hold are part of an author's name."""
    if not unmatched:
        return set()
    named = {name for author in paper.authors for name in words(author)}
    return {its for its, word in unmatched.items() if fold(word) in named}


def _spelled(text: str) -> dict[str, str]:
    """stem -> the word as the question has it."""
    found: dict[str, str] = {}
    for word in plain_words(text):
        if its := stem(word):
            found.setdefault(its, word)
    return found

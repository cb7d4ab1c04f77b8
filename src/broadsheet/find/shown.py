"""The last stage: papers of one page as a reader sees them, with what matched and why."""

from collections.abc import Mapping

from broadsheet import rank
from broadsheet.find.lists import Listing, searched, stem_weights
from broadsheet.index import Reader
from broadsheet.index.analysis import plain_words, stem
from broadsheet.index.snippets import marked, snippet, tokens
from broadsheet.paper import Paper
from broadsheet.query import Hit, Query
from broadsheet.rank import Seen
from broadsheet.store import Store
from broadsheet.text import fold, words

FAINTEST = "the faintest match of all"


def hits(
    store: Store, query: Query, listing: Listing, start: int, end: int, reader: Reader, signals: Mapping[str, float]
) -> tuple[Hit, ...]:
    """The papers at places *start* to *end* of a list; one that was removed since the last refresh is left out."""
    pks = listing.pks[start:end].tolist()
    papers = store.get(pks)
    weights = stem_weights(searched(query), reader)
    spelled = _spelled(searched(query))
    found = []
    for place, pk in enumerate(pks, start):
        if pk in papers:
            scores = {name: float(values[place]) for name, values in listing.scores.items()}
            found.append(_hit(papers[pk], scores, weights, spelled, signals))
    return tuple(found)


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

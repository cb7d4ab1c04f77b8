"""Papers like others and unlike others: by meaning, and by the words that tell most of them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from broadsheet import ids, rank
from broadsheet.embed import Vectors
from broadsheet.find.lists import (
    DEPTH,
    TITLE_WEIGHT,
    Asked,
    Likes,
    Listing,
    array,
    facts,
    idf,
    sort_keys,
    tally,
    whole_order,
)  # fmt: skip
from broadsheet.index.analysis import plain_words, stem
from broadsheet.paper import Paper

WEIGHTS: Mapping[str, float] = {"text": 0.4, "meaning": 0.6}  # near words in a title tell nothing of other papers
UNLIKE = 0.5  # how much a disliked paper pushes away, beside how much a liked one draws
TELLING = 24  # words of the liked papers that are looked for in others


def likes(asked: Asked) -> Likes:
    """The mean of the liked less part of the disliked (Rocchio 1971), the words of the question as one of the liked."""
    query, dense = asked.query, asked.reader.dense
    known = asked.store.resolve([*query.like, *query.unlike])
    wanted = list(dict.fromkeys(known[one] for one in query.like if one in known))
    unwanted = [known[one] for one in query.unlike if one in known and known[one] not in wanted]
    papers = asked.store.get(wanted)
    vectors = dense.take(array(wanted))
    if plain_words(query.searched):
        vectors = np.concatenate([vectors, asked.encoder.encode([query.searched], "query")])
    liked = [papers[pk] for pk in wanted if pk in papers]
    unknown = [one for one in (*query.like, *query.unlike) if one not in known]
    notes = tuple(f"No paper here has the identifier {ids.shown(one)}; it was left out." for one in unknown)
    words = " ".join([*(paper.title for paper in liked), query.searched]).strip()
    telling = f"{query.searched} {_telling(liked, asked)}"
    return Likes(toward(vectors, dense.take(array(unwanted))), words, telling, [*wanted, *unwanted], notes)


def listing(asked: Asked) -> Listing:
    """The papers nearest to what is liked, by relevance or, among these, in the order asked for."""
    query, reader, going = asked.query, asked.reader, likes(asked)
    lexical = reader.lexical.search(asked.match(going.words), DEPTH, TITLE_WEIGHT, 0.0)
    found = np.setdiff1d(np.union1d(lexical.pks, asked.near(going.vector).pks), array(list(going.given)))
    ranking = rank.rank(facts(going.words, found, lexical, going.vector, array([]), reader, closeness=False), WEIGHTS)
    keys = -ranking.total if query.sort == "relevance" else sort_keys(query, found, reader)
    order = whole_order(found, keys)
    scores = {name: values[order] for name, values in ranking.scores.items()}
    return Listing(found[order], scores, len(found), tally(asked, None, found), going.notes, True, going)


def toward(liked: Vectors, disliked: Vectors) -> Vectors:
    """A unit vector near all of *liked* (n, dim) and away from *disliked*; zero when there is nothing to go by."""
    vector = liked.mean(axis=0) if len(liked) else np.zeros(liked.shape[1], np.float32)
    if len(disliked):
        vector = vector - UNLIKE * disliked.mean(axis=0)
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)


def _telling(papers: Sequence[Paper], asked: Asked) -> str:
    """The words with the most weight (log tf x idf) in title, three times, and abstract."""
    count: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for paper in papers:
        for word in plain_words(f"{paper.title} {paper.title} {paper.title} {paper.abstract}"):
            if its := stem(word):
                count[its] += 1
                spelled.setdefault(its, word)
    weight = {its: np.log1p(times) * idf(its, asked.reader) for its, times in count.most_common(4 * TELLING)}
    return " ".join(spelled[its] for its in sorted(weight, key=lambda its: (-weight[its], its))[:TELLING])

"""What a set of papers is about: phrases of their titles that are commoner there than in the whole library.

A phrase is as good as the number of titles that have it, times the logarithm of how much commoner its rarest word is
here than there: the pointwise part of Dunning's likelihood ratio (1993), bounded, so that two titles with a word that
nobody else uses do not pass twenty on one subject. Candidates are those of `keyphrases`. Pure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log

from broadsheet.understand.keyphrases import apart, candidates, spelled

FEWEST = 4  # papers; what fewer are about can be read off their titles
SHARE = (0.0, 0.04, 0.02, 0.02)  # of the titles that must have a phrase, by its words; and two titles at least
LIFT = 30.0  # times commoner than elsewhere; more is not better
LENGTH = (0.0, 0.5, 1.3, 1.8)  # of a phrase by its words: "boltzmann machines" says more than "machines"

Known = Callable[[str], float]


def topics(titles: Sequence[str], known: Known, most: int = 12) -> tuple[str, ...]:
    """At most *most* phrases, the best first, as most of the titles spell them.

    *known* gives the share of the library's papers that hold a word, in (0, 1]. Nothing for fewer than FEWEST titles.
    """
    if len(titles) < FEWEST:
        return ()
    written: dict[str, list[list[str]]] = {}  # phrase -> its words in each title that has it
    for title in titles:
        for key, one in candidates(title, "").items():
            written.setdefault(key, []).append(one.surface)
    scores = _scores({key: len(found) for key, found in written.items()}, len(titles), known)
    best = apart(sorted(scores, key=lambda key: (-scores[key], key)), most)
    return tuple(_usual(map(spelled, written[key])) for key in best)


def _usual(spellings: Iterable[str]) -> str:
    return max(Counter(spellings).items(), key=lambda item: (item[1], item[0]))[0]


def _scores(counts: Mapping[str, int], titles: int, known: Known) -> dict[str, float]:
    """Phrase -> score, of those that enough titles have and that are commoner here than in the library."""
    found: dict[str, float] = {}
    for key, count in counts.items():
        words = key.split(" ")
        if count < max(2.0, SHARE[len(words)] * titles):
            continue
        lift = count / titles / min(map(known, words))
        if lift > 1:
            found[key] = LENGTH[len(words)] * count * log(min(lift, LIFT))
    return found

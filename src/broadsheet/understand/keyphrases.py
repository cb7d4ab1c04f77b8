"""Keyphrases of one paper from its title and abstract: no trained model, no download, the same answer every time.

Candidates are runs of up to three words between stop words and punctuation, as in RAKE (Rose et al., 2010), and their
parts. Their score is log-linear in what other methods found to tell a keyphrase: how often it occurs, times how rare
its words are (TF-IDF); how early, and whether in the title (KEA, Witten et al., 1999); how many words it has (KP-Miner,
El-Beltagy and Rafea, 2009); whether it stands alone or mostly inside one longer phrase (C-value, Frantzi et al., 2000);
and whether other papers use it as well: a term of the field is said by many, a chance neighbourhood of words by one.
Phrases that share most of their words with a better one are left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import log

from broadsheet.text import STOP_WORDS, fold

MAX_WORDS = 3
MAX_CHARACTERS = 20_000  # of an abstract; a longer one is a whole text, and its start says enough
MAX_PHRASES = 1_000_000  # remembered by `Frequencies`: about 150 MB

# Read off one half of the papers with author keywords; the other half is the test (bench/keyphrases.py).
OFTEN = 0.86
IN_TITLE = 1.2
LATE = -0.55
LENGTH = (0.0, -1.75, 1.25, 1.7)
SHARED = 0.35
RARE_WORDS = 0.42
PARTIAL = -1.95
UNKNOWN = -1.45

_TOKEN = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[^\w\s]")
_NUMBER = re.compile(r"[\d.,-]+$")
_STOP = STOP_WORDS | frozenset(
    "about above abstract achieve achieved achieves across additionally address addressed addresses addressing "
    "advance advanced advances after again aim aimed aims al all allow allowing allows almost alone along already "
    "also although among any anything application applications applied apply applying approach approaches argue "
    "argued argues aspect aspects attracted attracts available based because become becomes been before behind being "
    "below best best-known better between beyond both call called can cannot carefully case cases certain challenge "
    "challenges challenging closely code collected com combine combined combines combining common commonly compare "
    "compared comparison computationally consider considerable considerably considered considering consist consists "
    "could critical crucial current currently demonstrate demonstrated demonstrates demonstrating describe described "
    "design designed designs despite develop developed developing did different difficult difficulty directly do does "
    "doing done dramatically due during e.g each easily easy effective effectively effectiveness efficiently either "
    "enable enables enabling entirely especially essential et etc evaluate evaluated evaluation even every example "
    "examples existing experiment experimental experiments explicitly explore explored explores exploring extend "
    "extended extending extends extensive extensively extremely finally find finding first firstly focus follow "
    "following found four fully further furthermore general generally generate generated generates get github give "
    "given gives good great greatly growing had he heavily help helped helping helps hence her here high higher "
    "highly his how however http https huge i i.e identically implicitly importance important improve improved "
    "improvement improvements improves improving include includes including increase increasing increasingly insight "
    "insights instead introduce introduced introduces introducing investigate investigated investigates issue issues "
    "just key known large largely last lead leads less let like limited low lower made main mainly make makes making "
    "many many-to-many may me mean means method methods might more moreover most much must namely naturally need "
    "needed needs never new next none nor notable notably novel now number numerous obtain obtained obtaining often "
    "one only onto open order other others otherwise out outperform outperforming outperforms over overall own paper "
    "papers particular particularly per perform performance performed performing performs play plays plenty popular "
    "possible potential present presented presents previous previously prior problem problems progress prohibitively "
    "promising properly propose proposed proposes proposing prove proven provide provided provides providing publicly "
    "quite range ranges rapid rapidly rather readily real recent recently recently-proposed related relatively relies "
    "rely relying remain remaining remains remarkable remarkably report reported reports require required requires "
    "respectively result results role same second secondly see seen set several she should show show-case showcase "
    "showcases showed showing shown shows significant significantly similar simple simply since single slightly so "
    "so-called solve some specially specific specifically state state-of-art state-of-the-art still strong studied "
    "studies study studying substantial substantially success successful successfully such suffer suffering suffers "
    "suitable superior superiority task tasks technique techniques tend tends term terms than them therefore third "
    "those though three through thus together too toward towards traditional try two types typically unclear under "
    "unlike until up upon us use used useful user uses using usually utilize variety various vast very via vital vs "
    "want way ways well well-known what when where whereas whether while who whole whose why wide widely within "
    "without work works would www year years yet you your".split()
)


@dataclass(slots=True)
class Frequencies:
    """In how many papers each phrase occurs. Feed it the library once; rare phrases are forgotten when it grows."""

    papers: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    floor: int = 0  # phrases that so many papers or fewer have may have been forgotten

    def add(self, title: str, abstract: str) -> None:
        self.papers += 1
        self.counts.update(candidates(title, abstract).keys())
        if len(self.counts) > MAX_PHRASES:
            self.floor += 1
            self.counts = Counter({phrase: count for phrase, count in self.counts.items() if count > self.floor})


def frequencies(texts: Iterable[tuple[str, str]]) -> Frequencies:
    """The document frequencies of (title, abstract) pairs."""
    known = Frequencies()
    for title, abstract in texts:
        known.add(title, abstract)
    return known


def keyphrases(title: str, abstract: str = "", known: Frequencies | None = None, most: int = 5) -> tuple[str, ...]:
    """At most *most* phrases that tell what the paper is about, the best first, each spelled as the text spells it.

    *known* has the document frequencies of the library; without it every phrase is as rare as any other.
    """
    found = candidates(title, abstract)
    scores = _scores(found, known or Frequencies())
    best = apart(sorted(found, key=lambda key: (-scores[key], key)), most)
    return tuple(spelled(found[key].surface) for key in best)


def apart(ranked: Iterable[str], most: int) -> list[str]:
    """The first *most* phrases, without those that share most of their words with a better one."""
    chosen: list[str] = []
    taken: list[set[str]] = []
    for key in ranked:
        words = set(key.split())
        if any(2 * len(words & other) > min(len(words), len(other)) for other in taken):
            continue
        taken.append(words)
        chosen.append(key)
        if len(chosen) == most:
            break
    return chosen


class Candidate:
    """What one text says about a phrase: where it is first, how often alone, inside another and in the title."""

    __slots__ = ("alone", "first", "inside", "surface", "title")

    def __init__(self, first: int, surface: list[str]) -> None:
        self.first, self.surface = first, surface
        self.alone = self.inside = self.title = 0


def candidates(title: str, abstract: str) -> dict[str, Candidate]:
    """Phrase in normal form -> what the text says about it."""
    found: dict[str, Candidate] = {}
    place = _collect(found, title, 0, True)
    _collect(found, abstract[:MAX_CHARACTERS], place, False)
    return found


def _collect(found: dict[str, Candidate], text: str, place: int, in_title: bool) -> int:
    """Every part of every run in *text*; gives the place of the next token."""
    run: list[str] = []
    forms: list[str] = []
    for token in [*_TOKEN.findall(text), "."]:
        place += 1
        form = _form(token)
        if form:
            run.append(token)
            forms.append(form)
        elif run:
            _parts(found, run, forms, place - 1 - len(run), in_title)
            run, forms = [], []
    return place


def _parts(found: dict[str, Candidate], run: list[str], forms: list[str], place: int, in_title: bool) -> None:
    size = len(run)
    longest = min(size, MAX_WORDS)
    for start in range(size):
        for end in range(start + 1, min(size, start + MAX_WORDS) + 1):
            key = " ".join(forms[start:end]) if end - start > 1 else forms[start]
            one = found.get(key)
            if one is None:
                one = found[key] = Candidate(place + start, run[start:end])
            if in_title:
                one.title += 1
            elif one.title and one.title == one.alone + one.inside:
                one.surface = run[start:end]  # a title has capitals of its own; the abstract spells as usual
            if end - start == longest:
                one.alone += 1
            else:
                one.inside += 1


@lru_cache(maxsize=200_000)
def _form(token: str) -> str:
    """The word folded and in the singular; empty for a stop word, a number or a mark."""
    word = "".join(fold(token).split())  # folding takes some single characters apart into words
    if word in _STOP or len(word) < 2 or _NUMBER.match(word):
        return ""
    return singular(word)


def singular(word: str) -> str:
    """Harman's S stemmer (1991): ``queries`` -> ``query``, ``models`` -> ``model``; ``bus``, ``class`` as they are."""
    if len(word) > 3 and word.endswith("s"):
        if word.endswith("ies"):
            return word if word.endswith(("eies", "aies")) else word[:-3] + "y"
        if not word.endswith(("us", "ss", "is")):
            return word[:-1]
    return word


def _scores(found: Mapping[str, Candidate], known: Frequencies) -> dict[str, float]:
    """Phrase -> score; only the order of the scores means anything."""
    papers, counts = log(known.papers + 2), known.counts
    within: dict[str, int] = {}  # phrase -> papers that have the commonest longer phrase around it
    rarity: dict[str, float] = {}
    for key in found:
        if " " in key:
            count = counts.get(key, 0)
            for part in (key.partition(" ")[2], key.rpartition(" ")[0]):
                if count > within.get(part, 0):
                    within[part] = count
        else:
            rarity[key] = papers - log(counts.get(key, 0) + 1)
    out: dict[str, float] = {}
    for key, one in found.items():
        words = key.split(" ")
        count = counts.get(key, 0)
        score = OFTEN * log(one.alone + one.inside) + LATE * log(1 + one.first / 20) + LENGTH[len(words)]
        score += RARE_WORDS * sum([rarity[word] for word in words]) / len(words) + SHARED * log(count + 1)
        score += PARTIAL * within.get(key, 0) / (count + 1)
        if one.title and one.alone:
            score += IN_TITLE * log(1 + one.title)
        out[key] = score + UNKNOWN if count < 2 else score
    return out


def spelled(words: list[str]) -> str:
    """Lower case, but for words with a capital inside or a digit: ``BERT``, ``iPhone``, ``3D``, ``non-IID``."""
    return " ".join("-".join(map(_plain_case, word.split("-"))) for word in words)


def _plain_case(word: str) -> str:
    usual = word[1:].islower() or len(word) == 1 or (word.isupper() and len(word) > 6)  # a title all in capitals
    return word.lower() if usual and word.isalpha() else word

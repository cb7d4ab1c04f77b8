"""The whole language of the search box: conditions, facets, papers like others, suggestions while typing.

    python -m bench.query [--papers 0 1000000] [--each 320] [--made 2000] [--write]

0 stands for the real corpus. No question is asked twice, and the first 20 of each kind are not counted. The last row
has questions made by chance (`bench.made`), whole and cut up: of those, the slowest is what matters.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice

from bench import libraries, table
from bench.corpus import Record, read
from bench.made import Maker
from bench.questions import KINDS, content, sample
from broadsheet.library import Library, open_library
from broadsheet.text import surname

WARM_UP = 20
LIKED, DISLIKED = 5, 2
TYPED = 24  # characters, after which nobody waits for a suggestion
DRAWN_FROM = 1_000  # papers that questions by chance are about

Draw = Callable[[Record, random.Random], str]


def _words(paper: Record, chance: random.Random, count: int) -> list[str]:
    """*count* different words of the paper, or one of them again where it has not so many."""
    found = list(dict.fromkeys(content(f"{paper['title']} {paper['abstract']}"))) or ["nothing"]
    chance.shuffle(found)
    return (found + [found[0]] * count)[:count]


def _fields(paper: Record, chance: random.Random) -> str:
    one, two, three = _words(paper, chance, 3)
    return chance.choice(
        (
            f"title:{(content(paper['title']) or [one])[0]} abstract:{two}",
            f"author:{_author(paper, chance)} {three}",
            f'{one} abstract:{two} venue:"{paper["venue"]}"',
            f"title:{(content(paper['title']) or [one])[-1]} year:{paper['year'] - 2}..{paper['year']}",
        )
    )


def _author(paper: Record, chance: random.Random) -> str:
    return surname(chance.choice(paper.get("authors") or ["Nobody"])) or "nobody"


def _left_out(paper: Record, chance: random.Random) -> str:
    one, two, three = _words(paper, chance, 3)
    return chance.choice((f"{one} -{two}", f"{one} {two} -{three}", f"-{one} -{two} {three}"))


def _beginning(paper: Record, chance: random.Random) -> str:
    words = [word for word in _words(paper, chance, 8) if word.isalnum() and len(word) > 3] or ["nothing"]
    start = f"{words[0][: chance.randint(3, 6)]}*"
    return chance.choice((start, f"{start} {words[-1]}", f"title:{start}"))


def _operators(paper: Record, chance: random.Random) -> str:
    one, two, three, four = _words(paper, chance, 4)
    return chance.choice((f"({one} OR {two}) AND {three} NOT {four}", f"{one} AND {two} OR {three} AND {four}"))


def _filters(paper: Record, chance: random.Random) -> str:
    year = paper["year"] - chance.randint(0, 5)
    return chance.choice(("has:abstract ", "added:9y ", "")) + f"year:{year}.. author:{_author(paper, chance)}"


CONDITIONS: Mapping[str, Draw] = {
    "fields": _fields,
    "a phrase of 3 words": KINDS["a phrase of 3 words"],
    "words left out": _left_out,
    "the beginning of a word": _beginning,
    "AND, OR, NOT, brackets": _operators,
}
COUNTED: Mapping[str, Draw] = {**CONDITIONS, "words": KINDS["short, 2 or 3 words"], "filters": _filters}


def drawn(draws: Sequence[Draw], papers: Sequence[Record], chance: random.Random) -> list[str]:
    """One question a paper, each way of asking in turn, none twice."""
    return list(dict.fromkeys(draws[place % len(draws)](paper, chance) for place, paper in enumerate(papers)))


def alike(papers: Sequence[Record], chance: random.Random) -> list[str]:
    """Questions for papers like five of a venue, and unlike two of any."""
    venues: dict[str, list[Record]] = {}
    for paper in papers:
        venues.setdefault(paper["venue"], []).append(paper)
    large = [some for some in venues.values() if len(some) >= LIKED] or [[*papers]]
    found = []
    for _ in papers:
        some = chance.choice(large)
        liked = " ".join(f"like:{paper['id']}" for paper in chance.sample(some, min(LIKED, len(some))))
        found.append(f"{liked} " + " ".join(f"-like:{paper['id']}" for paper in chance.sample(papers, DISLIKED)))
    return list(dict.fromkeys(found))


def typed(papers: Sequence[Record], chance: random.Random) -> list[str]:
    """The first letters of an author, a venue or a title."""
    found = []
    for paper in papers:
        name = chance.choice(paper.get("authors") or ["Nobody"])
        whole = chance.choice((name, _author(paper, chance), paper["venue"], paper["title"])).lower()
        found.append(whole[: chance.randint(1, TYPED)])
    return list(dict.fromkeys(found))


def by_chance(library: Library, count: int, seed: int = 0) -> Iterator[str]:
    """Questions of any shape; every second one with a piece taken out and put in elsewhere."""
    chance = random.Random(seed)
    papers = list(islice(library.papers(), DRAWN_FROM))
    added = dict.fromkeys((paper.key for paper in papers), date.today())
    for place, made in enumerate(Maker(papers, added, {}, date.today(), seed).questions(count)):
        text = made.text
        if place % 2:
            start, end, at = sorted(chance.randrange(len(text) + 1) for _ in range(3))
            text = text[:start] + text[end:at] + text[start:end] * 2 + text[at:]
        yield text


def measure(result: table.Table, papers: int, each: int, made: int, *, fresh: bool) -> None:
    chance, records = random.Random(0), sample(read(libraries.corpus_of(papers)), each, 0)
    with open_library(libraries.prepared(papers, fresh=fresh)) as library:
        count = library.stats().papers
        library.warm()  # as `serve` does

        def row(kind: str, ask: Callable[[str], object], asked: Sequence[str]) -> None:
            spent = table.spent(ask, asked)[WARM_UP:]
            times = table.percentiles(spent)
            result.add(count, kind, times.p50, times.p99, max(spent), len(spent))

        def counted(text: str) -> object:
            return library.search(library.parse(text, facets=True))

        for kind, draw in CONDITIONS.items():
            row(kind, library.search, drawn([draw], records, chance))
        row("any of these, or words, or filters; all facets", counted, drawn([*COUNTED.values()], records, chance))
        row(f"like {LIKED} papers, unlike {DISLIKED}", library.search, alike(records, chance))
        row("suggestions while typing", library.suggest, typed(records, chance))
        row("made by chance, all facets", counted, list(dict.fromkeys(by_chance(library, made))))


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--papers", type=int, nargs="+", default=[0, 1_000_000])
    parser.add_argument("--each", type=int, default=320, help="questions of each kind")
    parser.add_argument("--made", type=int, default=2_000, help="questions made by chance")
    parser.add_argument("--fresh", action="store_true", help="make the libraries again")
    chosen = parser.parse_args()
    result = table.Table("query", ["papers", "question", "p50 ms", "p99 ms", "slowest ms", "asked"])
    for papers in chosen.papers:
        measure(result, papers, chosen.each, chosen.made, fresh=chosen.fresh)
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()

"""The editions of 10,000 readers over a day's papers, made by a process of its own, as `broadsheet work` has it done.

    python -m bench.editions [--readers 10000] [--papers 1500] [--write]

The library is a copy of that of `bench.communities`: every reader has an account there, and has voted. Each follows
what is near to that, what rises, and one to three of some hundred topics, searches and authors; each has had an
edition on the DAYS days before, the last of them before the last *papers* papers came.
"""

import json
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench import communities, libraries, table
from bench.corpus import CACHE
from broadsheet.community.periods import number
from broadsheet.editions import candidates
from broadsheet.library import STORE_FILE, Library, open_library
from broadsheet.store import Edition, Schedule, Wish

DAYS = 20  # editions that each has had
PAPERS = 15  # of each of those
TOPICS, SEARCHES, AUTHORS = 100, 150, 150
BUILD = """
import json, sys, time
from broadsheet.editions.build import build
from broadsheet.library import open_library
with open_library(sys.argv[1]) as library:
    day, now, turns, after = int(sys.argv[2]), int(sys.argv[3]), [], 0
    while some := library.store.subscribers.all(after):
        after = some[-1].id
        turns += [(one, day, now) for one in some]
    built = build(library, turns, now)
    print(json.dumps([built.made, built.skipped, built.withheld, built.seconds]))
"""


def prepared(readers: int, papers: int, now: int) -> Path:
    """The folder of the library, made anew: its days are counted back from now."""
    home = libraries.emptied(CACHE / "library-editions")
    shutil.copytree(communities.prepared(), home, dirs_exist_ok=True)
    with open_library(home) as library:
        library.refresh()
        library.refresh_trends(0)
        subscribe(library, readers, now)
        deliver(library, readers, papers, now)
    return home


def subscribe(library: Library, readers: int, now: int) -> None:
    chance = np.random.default_rng(17)
    wishes = wanted(library, chance)
    for account in range(2, readers + 2):
        own = [wishes[place] for place in chance.choice(len(wishes), int(chance.integers(1, 4)), replace=False)]
        given = [Wish("personal"), Wish("rising"), *own]
        library.store.subscribers.put(f"reader{account}@example.org", account, Schedule(), given, now)


def wanted(library: Library, chance: np.random.Generator) -> list[Wish]:
    """Categories and phrases, questions of three words of one title, and names; drawn from the papers of these days."""
    reader = library.index.reader()
    assert reader is not None
    recent = np.flatnonzero(reader.columns.single["appeared"] % 100)
    drawn = library.store.get(chance.choice(recent, 4 * (TOPICS + SEARCHES + AUTHORS), replace=False).tolist())
    papers = [paper for paper in drawn.values() if len(paper.title.split()) > 5 and paper.authors]
    topics = [Wish("topic", name) for name, _ in reader.columns.counts("category", TOPICS // 4)]
    topics += [Wish("topic", " ".join(paper.title.split()[-2:])) for paper in papers[: TOPICS - len(topics)]]
    papers = papers[TOPICS:]
    searches = [Wish("search", " ".join(paper.title.split()[1:4])) for paper in papers[:SEARCHES]]
    authors = [Wish("author", paper.authors[0]) for paper in papers[SEARCHES : SEARCHES + AUTHORS]]
    return list(dict.fromkeys([*topics, *searches, *authors]))


def deliver(library: Library, readers: int, papers: int, now: int) -> None:
    """What the readers have had: papers drawn from the whole library, and nothing of the last that came."""
    reader = library.index.reader()
    assert reader is not None
    chance, today = np.random.default_rng(19), datetime.fromtimestamp(now, UTC).date()
    fresh = np.flatnonzero(reader.columns.single["appeared"] >= number(today - timedelta(days=candidates.DAYS)))
    upto = int(fresh[-papers - 1])
    for back in range(DAYS, 0, -1):
        day, at = number(today - timedelta(days=back)), now - back * 86_400
        had = chance.integers(1, upto, (readers, PAPERS), dtype=np.int32).astype("<i4")
        rows = (
            Edition(0, who + 1, day, "sent", "", at, 0, 0, upto, had[who].tobytes(), None, at, at)
            for who in range(readers)
        )
        library.store.editions.put(rows)


def forget(home: Path, day: int) -> None:
    """Takes back what a run has made."""
    with closing(sqlite3.connect(home / STORE_FILE)) as base, base:
        for name in ("edition", "content"):
            base.execute(f"DELETE FROM {name} WHERE day = ?", (day,))


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--papers", type=int, default=1_500)
    chosen = parser.parse_args()
    now = int(time.time())
    home, day = prepared(chosen.readers, chosen.papers, now), number(datetime.fromtimestamp(now, UTC).date())
    result = table.Table("editions", ["run", "editions", "seconds", "processor s", "peak MB"])
    for name in ("the first", "again, from nothing", "again, with all of them there"):
        if name == "again, from nothing":
            forget(home, day)
        done = table.run([sys.executable, "-c", BUILD, home, str(day), str(now)])
        made, skipped, withheld, seconds = json.loads(done.output)
        result.add(name, made + skipped + withheld, seconds, done.cpu, done.peak / 1e6)
    with open_library(home) as library:
        result.notes += told(library, day)
    table.publish(result, write=chosen.write)


def told(library: Library, day: int) -> list[str]:
    """What stands in the editions of a day."""
    from broadsheet.editions.content import unpack

    contents = [
        unpack(made.content)
        for one in library.store.subscribers.all(0, 1_000)
        for made in library.store.editions.of(one.id, 1)
        if made.content and made.day == day
    ]
    papers = [sum(len(part.papers) for part in content.parts) for content in contents]
    with_near = np.mean([any(part.key == "near" for part in content.parts) for content in contents])
    looked = np.mean([content.looked for content in contents])
    return [
        f"an edition has {np.mean(papers):.1f} papers of {looked:,.0f} that are new for its reader; "
        f"{with_near:.0%} have something near to what the reader liked (the first 1,000 readers)"
    ]


if __name__ == "__main__":
    main()

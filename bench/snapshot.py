"""arXiv's bulk file, 3,000,000 generated records, into an empty library: records a second and memory of both processes.

    python -m bench.snapshot [--papers 3000000] [--write]

The limits are measured in the same run: the bytes only read, only parsed as JSON, and a bare SQLite insert of rows as
long.
"""

import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from bench import table

_CONSONANTS, _VOWELS = "bcdfghklmnprstvz", "aeiou"


def words(count: int, draw: random.Random) -> list[str]:
    """Made-up words, short ones first: what is drawn with a small number is common, as in a language."""
    made = dict.fromkeys("the of a in for and to with on by we is that are this from an as".split())
    while len(made) < count:
        size = draw.randint(1, 3) + len(made) * 2 // count
        syllables = (draw.choice(_CONSONANTS) + draw.choice(_VOWELS) for _ in range(size))
        made["".join(syllables) + draw.choice(("", "n", "s"))] = None
    return list(made)


class Maker:
    """Records in the shape and of the lengths of arXiv's: 75 letters of title, 1,000 of abstract, four authors."""

    def __init__(self, seed: int = 5) -> None:
        self._draw = random.Random(seed)
        self._words = words(60_000, self._draw)
        self._families = [word.capitalize() for word in words(120_000, self._draw)[1_000:]]
        names = [word.capitalize() for word in words(3_000, self._draw)[50:]]
        self._given = [f"{letter}." for letter in "ABCDEFGHIJKLMNOPRSTVW"] + names
        self._sentences = [" ".join(self._some(self._draw.randint(10, 26))) + "." for _ in range(200_000)]

    def _some(self, count: int) -> list[str]:
        """Words by Zipf's law, nearly: the logarithm of the rank is uniform."""
        top = len(self._words)
        return [self._words[int(top ** self._draw.random()) - 1] for _ in range(count)]

    def lines(self, count: int) -> Iterator[bytes]:
        draw = self._draw
        for number in range(count):
            title = " ".join(self._some(draw.randint(7, 13))).capitalize()
            people = [[draw.choice(self._families), draw.choice(self._given), ""] for _ in range(draw.randint(1, 7))]
            day = f"Mon, {1 + number % 28} Apr {2007 + number % 18} 19:18:42 GMT"
            yield orjson.dumps({
                "id": _identifier(number),
                "submitter": people[0][1] + " " + people[0][0], "authors": ", ".join(f"{g} {f}" for f, g, _ in people),
                "title": title, "comments": f"{draw.randint(4, 60)} pages, {draw.randint(1, 20)} figures",
                "journal-ref": None if number % 3 else f"J. {title[:12]} {number % 90} ({2007 + number % 18})",
                "doi": None if number % 5 > 1 else f"10.{1000 + number % 9000}/{number:x}.{draw.randrange(10**6)}",
                "report-no": None, "categories": draw.choice(("cs.LG cs.CL", "hep-ph", "math.PR", "astro-ph.GA gr-qc")),
                "license": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
                "abstract": "  " + "\n".join(draw.choices(self._sentences, k=draw.randint(5, 10))) + "\n",
                "versions": [{"version": f"v{v}", "created": day} for v in range(1, 2 + number % 2)],
                "update_date": "2023-01-01", "authors_parsed": people,
            })  # fmt: skip


def _identifier(number: int) -> str:
    """New arXiv ids in their order, 18,000 a month."""
    month, place = divmod(number, 18_000)
    return f"{7 + month // 12:02}{1 + month % 12:02}.{place + 1:05}"


@contextmanager
def family_peak(found: list[int]) -> Iterator[None]:
    """Resident bytes of this process and its children together at their highest, looked at twenty times a second."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            found[0] = max(found[0], sum(map(_resident, (os.getpid(), *_children()))))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _resident(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def limits(path: Path, count: int) -> list[tuple[str, float]]:
    """What the same bytes cost when less is done with them."""
    started = time.perf_counter()
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass
    read = time.perf_counter() - started
    started = time.perf_counter()
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)
    parsed = time.perf_counter() - started
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, path.open("rb") as file:
        base = sqlite3.connect(Path(folder) / "bare.sqlite3")
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("CREATE TABLE paper (pk INTEGER PRIMARY KEY, data TEXT)")
        while some := [(pk, line.decode()) for pk, line in zip(range(20_000), file, strict=False)]:
            with base:
                base.executemany("INSERT INTO paper (data) VALUES (?)", [(line,) for _, line in some])
        base.close()
    return [
        ("only read", read),
        ("only orjson.loads", parsed),
        ("only a bare SQLite insert", time.perf_counter() - started),
    ]


def child(path: Path, home: Path) -> None:
    from broadsheet.library import open_library

    peak = [0]
    with open_library(home) as library, family_peak(peak):
        started = time.perf_counter()
        library.add([path], index=False)
        seconds = time.perf_counter() - started
        print(json.dumps([library.store.count(), seconds, peak[0], sum(library.store.size().values())]))


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--papers", type=int, default=3_000_000)
    parser.add_argument("--child", nargs=2, type=Path, help="for the bench itself")
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    result = table.Table("snapshot", ["records", "what", "seconds", "records a second", "peak memory, MB"])
    with tempfile.TemporaryDirectory(prefix="broadsheet-snapshot-") as folder:
        path = Path(folder) / "arxiv-metadata.json"
        with path.open("wb") as file:
            for line in Maker().lines(chosen.papers):
                file.write(line + b"\n")
        for what, seconds in limits(path, chosen.papers):
            result.add(chosen.papers, what, seconds, round(chosen.papers / seconds), "")
        done = table.run([sys.executable, "-m", "bench.snapshot", "--child", str(path), str(Path(folder) / "home")])
        papers, seconds, peak, size = json.loads(done.output.splitlines()[-1])
        result.add(chosen.papers, "parsed and stored", seconds, round(chosen.papers / seconds), round(peak / 1e6))
        result.notes.append(
            f"{papers:,} papers in the end; {size / chosen.papers:,.0f} bytes a record in the store, "
            f"{path.stat().st_size / chosen.papers:,.0f} in the file"
        )
        result.notes.append("memory: anonymous pages of both processes together, at their highest")
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()

"""One question after another, in process, by kind; SQLite FTS5 and a Python scan are asked the same in the same run.

    python -m bench.latency [--papers 0 1000000] [--each 320] [--write]

0 stands for the real corpus. No question is asked twice, and the first 20 of each kind are not counted.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import libraries, table
from bench.corpus import read
from bench.peers import Fts5, Scan, Text
from bench.questions import WORDS_ONLY, ask
from broadsheet.library import open_library

PEERS_UPTO = 200_000  # papers; a scan of a million takes minutes for a few questions and tells nothing new
FTS5_ASKED, SCAN_ASKED = 120, 30  # slower by a hundred and by a thousand: fewer questions say enough


def texts(corpus: Path) -> Iterator[Text]:
    for record in read(corpus):
        yield Text(record["id"], record["title"], record["abstract"])


def measure(result: table.Table, papers: int, each: int, *, fresh: bool) -> None:
    corpus = libraries.corpus_of(papers)
    questions = ask(corpus, each)
    with open_library(libraries.prepared(papers, fresh=fresh)) as library:
        count = library.stats().papers
        library.warm()  # as `serve` does
        for kind, asked in questions.items():
            times = table.timed(library.search, asked)
            result.add(count, kind, "Broadsheet", times.p50, times.p99, len(asked) - 20)
    if papers > PEERS_UPTO:
        return
    with tempfile.TemporaryDirectory() as folder:
        fts5 = Fts5(texts(corpus), Path(folder) / "fts5.db")
        _peer(result, count, fts5, questions, FTS5_ASKED)
        fts5.close()
    _peer(result, count, Scan(texts(corpus)), questions, SCAN_ASKED)


def _peer(result: table.Table, count: int, peer: Fts5 | Scan, questions: dict[str, list[str]], most: int) -> None:
    for kind in WORDS_ONLY:
        asked, warm_up = questions[kind][:most], most // 6
        times = table.timed(peer.search, asked, warm_up=warm_up)
        result.add(count, kind, peer.name, times.p50, times.p99, len(asked) - warm_up)


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--papers", type=int, nargs="+", default=[0, 1_000_000])
    parser.add_argument("--each", type=int, default=320, help="questions of each kind")
    parser.add_argument("--fresh", action="store_true", help="make the libraries again")
    chosen = parser.parse_args()
    result = table.Table("latency", ["papers", "question", "engine", "p50 ms", "p99 ms", "asked"])
    for papers in chosen.papers:
        measure(result, papers, chosen.each, fresh=chosen.fresh)
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()

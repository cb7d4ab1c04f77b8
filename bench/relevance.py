"""How good the answers are: known items in the real corpus, and CACM's judged questions. Words, meaning, and both.

    python -m bench.relevance [--write]

CACM (3,204 abstracts of 1958 to 1979, 52 questions with judgements) has nothing to do with what the encoder was trained
on: it stands for a field that the program has never seen.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from bench import libraries, table
from bench.corpus import SHARED, Record
from broadsheet.library import open_library

WAYS: Mapping[str, Mapping[str, float]] = {
    "words": {"weight_meaning": 0.0},
    "meaning": {"weight_text": 0.0, "weight_meaning": 1.0, "weight_coverage": 0.0, "weight_proximity": 0.0},
    "both": {},
}


def smart(path: Path) -> Iterator[dict[str, str]]:
    """The records of a file in the format of the SMART collections: ``.I 1``, then ``.T`` and other fields below."""
    for record in re.split(r"(?m)^\.I ", path.read_text(encoding="latin-1"))[1:]:
        number, _, rest = record.partition("\n")
        parts = re.split(r"(?m)^\.([A-Z])\n", rest)
        yield {"I": number.strip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def cacm_papers(folder: Path) -> Iterator[Record]:
    for record in smart(folder / "cacm.all"):
        year = re.search(r"(19\d\d)", record.get("B", ""))
        yield {
            "id": f"cacm-{record['I']}",
            "title": " ".join(record["T"].split()),
            "abstract": " ".join(record.get("W", "").split()),
            "authors": [name for name in map(str.strip, record.get("A", "").splitlines()) if name],
            "venue": "CACM",
            "year": int(year[1]) if year else None,
        }


def cacm_judged(folder: Path) -> Iterator[Record]:
    """Lines for `broadsheet evaluate`; a question without any judgement is left out."""
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.text").read_text().splitlines():
        question, paper = line.split()[:2]
        relevant[str(int(question))][f"cacm-{int(paper)}"] = 1
    for record in smart(folder / "query.text"):
        if record["I"] in relevant:
            yield {"query": " ".join(record["W"].split()), "relevant": relevant[record["I"]]}


def write_lines(path: Path, records: Iterator[Record]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


def measure(result: table.Table, name: str, home: Path, judged: Path) -> None:
    for way, flags in WAYS.items():
        with open_library(home, flags=flags) as library:
            figures = library.evaluate(judged)
        rounded = [f"{value:.3f}" for value in (figures.mrr, figures.recall, figures.ndcg)]
        errors = f"± {figures.mrr_error:.3f}, {figures.ndcg_error:.3f}"
        result.add(name, way, figures.n, *rounded, errors, figures.p50_ms)


def main() -> None:
    chosen = table.options(__doc__).parse_args()
    columns = ["questions", "asked by", "n", "MRR@10", "recall@10", "nDCG@10", "standard error of MRR, nDCG", "p50 ms"]
    result = table.Table("relevance", columns)
    measure(result, "known items, 87,244 papers", libraries.prepared(0), SHARED / "data" / "tldr-dev.jsonl")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "library"
        papers = write_lines(Path(folder) / "cacm.jsonl", cacm_papers(SHARED / "data" / "cacm"))
        judged = write_lines(Path(folder) / "judged.jsonl", cacm_judged(SHARED / "data" / "cacm"))
        with open_library(home) as library:
            library.add([papers])
        measure(result, "CACM", home, judged)
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()

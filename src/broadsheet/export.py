"""Papers to files: BibTeX, RIS, CSV, JSON Lines. What is written can be added again."""

import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import orjson

from broadsheet import cite
from broadsheet.errors import Mistake, StoreError
from broadsheet.library import Library
from broadsheet.paper import Paper
from broadsheet.query import Query, Sort

COLUMNS = (
    "id",
    "title",
    "authors",
    "year",
    "venue",
    "doi",
    "url",
    "pdf",
    "keywords",
    "categories",
    "citations",
    "abstract",
)


def write(
    library: Library, question: str, kind: str, output: Path | None, limit: int | None, sort: Sort | None = None
) -> int:
    """Write the papers that *question* finds; how many. Raises Mistake, StoreError.

    Without a question and a *sort*, that is the whole library, in the order it came. A file is written beside *output*
    and renamed, so a failed export leaves no half of one.
    """
    if kind not in _FORMATS:
        raise Mistake(f"--format is {kind!r}; it must be one of {', '.join(_FORMATS)}")
    if limit is not None and limit < 1:
        raise Mistake(f"--limit is {limit}; it must be 1 or more")
    query = library.parse(question, sort=sort or "relevance")
    papers = islice(found(library, query) if question.strip() or sort else library.papers(), limit)
    if output is None:
        return _write(papers, kind, sys.stdout.buffer)
    new = output.with_name(output.name + ".new")
    try:
        with new.open("wb") as file:
            count = _write(papers, kind, file)
        new.replace(output)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise StoreError(f"{output}: cannot be written ({error.strerror or error})") from error
    return count


def found(library: Library, query: Query) -> Iterator[Paper]:
    """Every paper that answers *query*, in its order: at most MAX_OFFSET, of those that were there when it began."""
    yield from library.finder.papers(replace(query, offset=0))


def encoded(papers: Iterable[Paper], kind: str) -> Iterator[bytes]:
    """A file of *kind* (one of `KINDS`) in pieces: what it begins with, then one piece a paper."""
    head, writer = _FORMATS[kind]
    line = writer()
    yield head
    yield from map(line, papers)


def _write(papers: Iterable[Paper], kind: str, file: BinaryIO) -> int:
    count = -1  # the head is no paper
    for count, piece in enumerate(encoded(papers, kind)):  # noqa: B007  # counted to the end
        file.write(piece)
    file.flush()
    return count


def _json_line(paper: Paper) -> bytes:
    return orjson.dumps(paper.to_dict()) + b"\n"


def _csv_line(paper: Paper) -> bytes:
    doi = next((identifier.removeprefix("doi:") for identifier in paper.ids if identifier.startswith("doi:")), "")
    return _csv_row([
        paper.key, paper.title, "; ".join(paper.authors), str(paper.year or ""), paper.venue, doi, paper.link("page"),
        paper.link("pdf"), "; ".join(paper.keywords), "; ".join(paper.categories),
        "" if paper.citations is None else str(paper.citations), paper.abstract,
    ])  # fmt: skip


_FORMULA = frozenset("=+-@\t\r\n")


def _csv_row(cells: list[str]) -> bytes:
    """A spreadsheet must not run a cell: what begins like a formula gets an apostrophe (OWASP, CSV injection)."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(["'" + c if c[:1] in _FORMULA else c for c in cells])
    return line.getvalue().encode("utf-8", "replace")


def _text(entry: str) -> bytes:
    return (entry.rstrip() + "\n\n").encode("utf-8", "replace")


def _entries() -> Callable[[Paper], bytes]:
    """BibTeX whose keys differ, as one file must have them: ``quill2024sparse``, ``quill2024sparse-2``."""
    used: Counter[str] = Counter()

    def entry(paper: Paper) -> bytes:
        key = wanted = cite.cite_key(paper)
        while used[key.lower()]:  # BibTeX compares them without regard to case
            used[wanted.lower()] += 1
            key = f"{wanted}-{used[wanted.lower()]}"
        used[key.lower()] += 1
        return _text(cite.bibtex(paper, key))

    return entry


_FORMATS: dict[str, tuple[bytes, Callable[[], Callable[[Paper], bytes]]]] = {
    "jsonl": (b"", lambda: _json_line),
    "bibtex": (b"", _entries),
    "ris": (b"", lambda: lambda paper: _text(cite.ris(paper))),
    "csv": (b"\xef\xbb\xbf" + _csv_row(list(COLUMNS)), lambda: _csv_line),
}
KINDS = tuple(_FORMATS)

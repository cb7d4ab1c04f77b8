"""CSV and TSV with a line of column heads, in any of the spellings that `_fields` knows.

A cell called ``id`` is an id only when it looks like a known one (arXiv, DOI ...): tables number their rows. In a table
that ``export --format csv`` wrote it always is, and the apostrophe before what a spreadsheet would run goes again.
"""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from broadsheet import ids
from broadsheet.paper import Fault, Paper
from broadsheet.sources._fields import Draft, WrongRecord, meaning
from broadsheet.sources._lines import MAX_RAW, decode, lines
from broadsheet.text import clean

SUFFIXES = (".csv", ".tsv", ".tab")
MAX_CELL = 1 << 20  # characters: a quote that never closes swallows no more than that

_OURS = ["id", "title", "authors", "year", "venue", "doi", "url", "pdf", "keywords", "categories"]
_GUARDED = tuple(f"'{sign}" for sign in "=+-@\t\r\n")
_DELIMITERS = ",\t;|"


def sniff(head: bytes, name: str) -> float:
    first = next((line for line in decode(head).splitlines() if line.strip()), "")
    fields = {meaning(cell) for cell in _heads(first)}
    if "title" not in fields:
        return 0.0
    known = sum(not field.startswith("extra.") for field in fields)
    return 0.85 if known > 1 else 0.6 if name.endswith(SUFFIXES) else 0.2


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Paper | Fault]:
    csv.field_size_limit(MAX_CELL)
    rows = _Rows(stream)
    heads = rows.heads()
    for cells in rows:
        if skip > 0:
            skip -= 1
            continue
        raw = rows.delimiter.join(cells or [])[:MAX_RAW].encode("utf-8", "replace")[:MAX_RAW]
        try:
            if cells is None:
                raise WrongRecord(f"the quotes do not fit together ({rows.wrong})")
            yield _paper(heads, cells, source, at)
        except WrongRecord as wrong:
            yield Fault(f"line {rows.number}", str(wrong), raw)


class _Rows:
    """The rows of a table and the number of the line where each ends; None for one that is no row."""

    def __init__(self, stream: BinaryIO) -> None:
        self.number = 0
        self._lines = lines(stream)
        self.delimiter = ","
        self.wrong = ""

    def heads(self) -> list[str]:
        first = next(self._text(), "")
        self.delimiter = _delimiter(first)
        return _heads(first)

    def _text(self) -> Iterator[str]:
        for line in self._lines:
            self.number = line.number
            yield decode(line.data) + "\n"

    def __iter__(self) -> Iterator[list[str] | None]:
        # Strict, because half a quoted cell would make a wrong paper where a Fault is due.
        reader = csv.reader(self._text(), delimiter=self.delimiter, strict=True)
        while True:
            try:
                row = next(reader, [])
            except csv.Error as error:
                self.wrong = str(error)
                yield None
                continue
            if not row:
                return
            yield row


def _heads(line: str) -> list[str]:
    try:
        return [clean(cell) for cell in next(csv.reader([line], delimiter=_delimiter(line)), [])]
    except csv.Error:
        return []


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _paper(heads: list[str], cells: list[str], source: str, at: str) -> Paper:
    draft = Draft()
    ours = heads[: len(_OURS)] == _OURS
    for head, given in zip(heads, cells, strict=False):
        cell = given[1:] if ours and given.startswith(_GUARDED) else given
        if head and cell:
            if meaning(head) == "own" and ids.parse(cell) is None and not ours:
                draft.remark(head, cell)
            else:
                draft.say(head, cell)
    return draft.paper(source=source, at=at)

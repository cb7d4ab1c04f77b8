"""JSON Lines, one record a line; also a JSON array of records, and records pretty-printed one after another.

Any spelling of the fields that `_fields` knows. What `Paper.to_dict` wrote (``export --format jsonl``) comes back as
the same paper, with its provenance.
"""

import io
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import orjson

from broadsheet.paper import Fault, Paper
from broadsheet.sources._exported import is_exported, read_exported
from broadsheet.sources._fields import WrongRecord, kind_of, to_paper
from broadsheet.sources._lines import MAX_LINE, MAX_RAW, decode, lines, utf8

SUFFIXES = (".jsonl", ".json", ".ndjson", ".jl")

_START = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[{\]])")
_TITLE = re.compile(rb'"(?:paper_?|article_?)?title"\s*:', re.IGNORECASE)
_TOKEN = re.compile(rb'[\[\]{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"|"', re.DOTALL)
_LISTS = ("papers", "data", "results", "items", "records", "works", "entries", "hits")


def sniff(head: bytes, name: str) -> float:
    if _START.match(head):
        return 0.95 if _TITLE.search(head) else 0.4
    return 0.4 if name.endswith(SUFFIXES) and _TITLE.search(head) else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Paper | Fault]:
    found = pieces(utf8(stream))
    for first in found:
        records = list(_wrapped(first, source, at)) or [_read(first, source, at)]
        yield from records[skip:]
        skip -= len(records)
        break
    for piece in found:
        if skip > 0:
            skip -= 1
        else:
            yield _read(piece, source, at)


def pieces(reader: io.BufferedReader) -> "Iterator[Piece]":
    """The bytes of each record, by line or by their braces."""
    return _lines(reader) if _by_line(reader.peek(1 << 16)) else _values(reader)


class Piece(NamedTuple):
    """The bytes of one record and where they stand; *cut* when they were too many to keep."""

    where: str
    data: bytes
    cut: bool


def _by_line(head: bytes) -> bool:
    """Whether the first line is a record of its own (or was meant to be), not the start of a longer value."""
    first, end, _ = head.lstrip().partition(b"\n")
    first = first.rstrip()
    return not first.startswith(b"[") and (first.endswith(b"}") or not end or not first.startswith(b"{"))


def _lines(stream: BinaryIO) -> Iterator[Piece]:
    for line in lines(stream):
        yield Piece(f"line {line.number}", line.data, line.cut)


def _values(stream: BinaryIO) -> Iterator[Piece]:
    """Every object that stands in no other object, cut out by its braces without being parsed."""
    scan = _Scan()
    while chunk := stream.read(max(1 << 16, len(scan.buffer))):
        yield from scan.feed(chunk)
    if scan.depth:
        yield Piece(f"record {scan.count + 1}", scan.buffer, scan.cut)


class _Scan:
    """Where objects begin and end in JSON that arrives in chunks; holds about MAX_LINE bytes at most."""

    def __init__(self) -> None:
        self.buffer = b""  # from the start of the current object on
        self.at = 0  # how much of the buffer was looked at
        self.depth = 0  # brackets and braces that are open, from the current object's own on
        self.count = 0
        self.cut = False

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        self.buffer += chunk
        start, self.at, first = 0, len(self.buffer), self.at
        for match in _TOKEN.finditer(self.buffer, first):
            token = match[0]
            if token == b'"':  # a string whose end has not come yet
                self.at = match.start()
                break
            if self.depth:
                self.depth += (token in b"{[") - (token in b"}]")
                if not self.depth:
                    self.count += 1
                    yield Piece(f"record {self.count}", self.buffer[start : match.end()], self.cut)
                    self.cut = False
            elif token == b"{":
                start, self.depth = match.start(), 1
        self._forget(start if self.depth else self.at)

    def _forget(self, done: int) -> None:
        """Drop *done* bytes, which are no longer needed; of an object that is too long keep only the head."""
        self.buffer, self.at = self.buffer[done:], self.at - done
        if len(self.buffer) <= MAX_LINE:
            return
        self.cut = bool(self.depth)
        tail = self.buffer[self.at :]
        if tail:  # inside a string: its start, and whether the next character is escaped
            tail = b'"' + b"\\" * ((len(tail) - len(tail.rstrip(b"\\"))) % 2)
        self.at = min(self.at, MAX_RAW)
        self.buffer = self.buffer[: self.at] + tail


def _read(piece: Piece, source: str, at: str) -> Paper | Fault:
    try:
        if piece.cut:
            raise WrongRecord(f"longer than {MAX_LINE >> 20} MiB")
        return _paper(_loads(piece.data), source, at)
    except WrongRecord as wrong:
        return Fault(piece.where, str(wrong), piece.data[:MAX_RAW])


def _paper(record: Any, source: str, at: str) -> Paper:
    if not isinstance(record, dict):
        raise WrongRecord(f"{kind_of(record)}, not an object with a title")
    return read_exported(record) if is_exported(record) else to_paper(record, source=source, at=at)


def _wrapped(piece: Piece, source: str, at: str) -> Iterator[Paper | Fault]:
    """The records inside ``{"total": 2, "data": [{...}, {...}]}``, as services answer; nothing for other values."""
    try:
        value = {} if piece.cut else _loads(piece.data)
    except WrongRecord:
        return
    inner: list[Any] = []
    if isinstance(value, dict) and "title" not in value:
        inner = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), [])
    for number, record in enumerate(inner, 1):
        try:
            yield _paper(record, source, at)
        except WrongRecord as wrong:
            yield Fault(f"record {number}", str(wrong), json.dumps(record)[:MAX_RAW].encode())


def _loads(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(decode(data))  # slower, and takes lone surrogates, NaN and other charsets
    except RecursionError:
        raise WrongRecord("JSON nested too deeply") from None
    except ValueError:
        raise WrongRecord("not JSON") from None

"""BibTeX and BibLaTeX, entry by entry.

Our own splitter, not bibtexparser: that one wants the whole file as one string and keeps all its blocks; here memory
holds one entry. An entry whose braces never close ends where the next one begins, and is one Fault.

Braces are counted as BibTeX itself counts them, escaped or not. A cite key is local to its file, so it is no id: it is
kept as ``extra.cite_key``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple

from broadsheet.paper import Fault, Paper
from broadsheet.sources._fields import Draft, WrongRecord, natural_name
from broadsheet.sources._latex import to_text
from broadsheet.sources._lines import MAX_RAW, decode, lines
from broadsheet.text import clean

SUFFIXES = (".bib", ".bibtex")
MAX_ENTRY = 4 << 20  # characters

_KNOWN = re.compile(
    rb"^\s*@\s*(?:article|book|booklet|inbook|incollection|inproceedings|conference|manual|mastersthesis|misc|online|"
    rb"phdthesis|proceedings|report|techreport|thesis|unpublished|software|dataset)\s*[{(]",
    re.IGNORECASE | re.MULTILINE,
)
_ANY = re.compile(rb"^\s*@\s*\w+\s*[{(]", re.MULTILINE)
_START = re.compile(r"@\s*(\w+)\s*([{(])")
_FRESH = re.compile(r"\s*@\s*\w+\s*[{(]\s*[^\s,={}()\"]+\s*,\s*(?:$|[A-Za-z]\w*\s*=)")  # how an entry begins
_KEY = re.compile(r"\s*([^\s,={}\"]*)\s*(?:,|$)")
_NAME = re.compile(r"[\s,]*([A-Za-z][\w:.+/-]*)\s*=\s*")
_NEXT = re.compile(r",\s*(?=[A-Za-z][\w:.+/-]*\s*=)")
_BARE = re.compile(r"[^\s,#{}\"=]+")
_JOIN = re.compile(r"\s*#\s*")
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_MONTHS = {name: f"{n:02d}" for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DROPPED = frozenset({"file", "month", "archiveprefix", "eprinttype", "owner", "timestamp", "bibsource", "biburl"})
_RENAMED = {
    "primaryclass": "categories",
    "school": "venue",
    "eventtitle": "conference",
    "shortjournal": "journal_short",
}


def sniff(head: bytes, name: str) -> float:
    if _KNOWN.search(head):
        return 0.9
    return 0.6 if _ANY.search(head) and name.endswith(SUFFIXES) else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Paper | Fault]:
    macros: dict[str, str] = {name: name for name in _MONTHS}
    for entry in _entries(stream):
        if entry.kind == "string":
            macros.update(list(_fields(entry.body, macros))[: 10_000 - len(macros)])
        elif entry.kind not in ("comment", "preamble"):
            if skip > 0:
                skip -= 1
                continue
            try:
                yield _paper(entry, macros, source, at)
            except WrongRecord as wrong:
                yield Fault(f"line {entry.line}", str(wrong), entry.body.encode("utf-8", "replace")[:MAX_RAW])


class _Entry(NamedTuple):
    """One ``@kind{body}``; *wrong* says why it cannot be read, if so."""

    kind: str
    line: int
    body: str
    wrong: str = ""


class _Splitter:
    """Lines in, whole entries out: counts braces, and never holds more than one entry."""

    def __init__(self) -> None:
        self.kind = ""
        self.line = 0
        self.close = "}"
        self.depth = 0
        self.parts: list[str] = []
        self.size = 0

    def feed(self, number: int, text: str) -> Iterator[_Entry]:
        if self.kind and _FRESH.match(text):
            yield self.end("the braces of this entry never close")
        place = 0
        while place < len(text):
            if not self.kind:
                start = _START.search(text, place)
                if not start:
                    return
                self._begin(start, number)
                place = start.end()
            stop = self._stop(text, place)
            self._keep(text[place:stop])
            place = stop + 1
            if stop < len(text):
                yield self.end()
        self._keep("\n")

    def _begin(self, start: re.Match[str], number: int) -> None:
        self.kind, self.line = start[1].lower(), number
        self.close, self.depth = ("}", 1) if start[2] == "{" else (")", 0)

    def _stop(self, text: str, place: int) -> int:
        """Where the entry's closing brace or parenthesis stands; the end of the text if it does not."""
        for match in _BRACES[self.close].finditer(text, place):
            sign = match[0]
            if sign == ")" and self.depth == 0:
                return match.start()
            self.depth += (sign == "{") - (sign == "}")
            if self.depth == 0 and self.close == "}":
                return match.start()
        return len(text)

    def _keep(self, text: str) -> None:
        self.size += len(text)
        if self.size <= MAX_ENTRY:
            self.parts.append(text)

    def end(self, wrong: str = "") -> _Entry:
        if self.size > MAX_ENTRY:
            wrong = f"an entry of {self.size:,} characters"
        entry = _Entry(self.kind, self.line, "".join(self.parts), wrong)
        self.kind, self.parts, self.size = "", [], 0
        return entry


_BRACES = {"}": re.compile(r"[{}]"), ")": re.compile(r"[{})]")}


def _entries(stream: BinaryIO) -> Iterator[_Entry]:
    splitter = _Splitter()
    for line in lines(stream):
        yield from splitter.feed(line.number, decode(line.data))
        if line.cut and splitter.kind:  # its end went with the rest of the line
            yield splitter.end()
    if splitter.kind:
        yield splitter.end("the file ends inside this entry")


def _fields(body: str, macros: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """``name = value`` pairs in order, names in lower case; what cannot be read as one is passed over."""
    place = 0
    while match := _NAME.search(body, place):
        value, place = _value(body, match.end(), macros)
        if value:
            yield match[1].lower(), value
        following = _NEXT.search(body, place)
        if not following:
            return
        place = following.start()


def _value(body: str, place: int, macros: Mapping[str, str]) -> tuple[str, int]:
    """The value that starts at *place*, its parts joined, and where it ends."""
    parts: list[str] = []
    while True:
        part, place = _part(body, place, macros)
        parts.append(part)
        match = _JOIN.match(body, place)
        if not match:
            return "".join(parts), place
        place = match.end()


def _part(body: str, place: int, macros: Mapping[str, str]) -> tuple[str, int]:
    opened = body[place : place + 1]
    if opened in ("{", '"'):
        end = _end_of(body, place + 1, '"' if opened == '"' else "}")
        return body[place + 1 : end], end + 1
    match = _BARE.match(body, place)
    if not match:
        return "", place
    word = match[0]
    return macros.get(word.lower(), word), match.end()


def _end_of(body: str, place: int, close: str) -> int:
    depth = 0
    for match in re.compile(r'[{}"]').finditer(body, place):
        sign = match[0]
        if sign == close and depth == 0:
            return match.start()
        depth += (sign == "{") - (sign == "}")
    return len(body)


def _paper(entry: _Entry, macros: Mapping[str, str], source: str, at: str) -> Paper:
    if entry.wrong:
        raise WrongRecord(entry.wrong)
    key = _KEY.match(entry.body)
    named = bool(key and key[1])
    fields: dict[str, str] = {}
    for name, value in _fields(entry.body[key.end() :] if key and named else entry.body, macros):
        fields.setdefault(name, value)
    draft = Draft()
    draft.remark("type", entry.kind)
    if key and named:
        draft.remark("cite_key", clean(key[1]))
    _say(draft, fields)
    return draft.paper(source=source, at=at)


def _say(draft: Draft, fields: Mapping[str, str]) -> None:
    draft.authors += _names(fields.get("author", ""))
    for name, value in fields.items():
        if name in ("doi", "url", "pdf", "eprint"):  # addresses: "_" and "~" in them are no mark-up
            draft.say(name, re.sub(r"\\([_%#&~{}])", r"\1", value.strip().removeprefix("\\url{").rstrip("}")))
        elif name == "editor":
            draft.remark(name, "; ".join(_names(value)))
        elif name != "author" and name not in _DROPPED:
            draft.say(_RENAMED.get(name, name), to_text(value))
    month = _MONTHS.get(fields.get("month", "").strip().lower()[:3]) or fields.get("month", "")
    year = str(draft.lone.get("year", ""))
    if year and month.isascii() and month.isdigit() and 1 <= int(month) <= 12:
        draft.lone.setdefault("date", f"{year}-{int(month):02d}")


def _names(text: str) -> list[str]:
    """The names in an ``author`` field: parted by ``and`` outside braces; a name all in braces is taken as it is."""
    names: list[str] = []
    depth = 0
    for piece in _AND.split(text):
        if depth > 0:
            names[-1] += f" and {piece}"
        else:
            names.append(piece)
        depth += piece.count("{") - piece.count("}")
    out = []
    for name in map(str.strip, names):
        plain = clean(to_text(name))
        whole = name.startswith("{") and name.find("}") == len(name) - 1
        out.append(plain if whole else natural_name(plain))
    return [name for name in out if name.lower() != "others"]

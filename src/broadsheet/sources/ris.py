"""RIS, the exchange format of reference managers: ``TY  - JOUR`` to ``ER  -``, a tag a line.

Our own reader, not rispy: that one returns the records of the whole file at once, and does not say where each stood.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from broadsheet.paper import Fault, Paper
from broadsheet.sources._fields import Draft, WrongRecord, natural_name
from broadsheet.sources._lines import MAX_RAW, decode, lines

SUFFIXES = (".ris",)
MAX_RECORD = 4 << 20  # characters

_TAG = re.compile(r"([A-Z][A-Z0-9])\s{1,2}-(?:\s(.*)|)$", re.DOTALL)
_HEAD = re.compile(rb"\s*TY {1,2}- ?[A-Z]")
# Tags with one value: the first that a record has wins, in this order.
_ONE = (
    ("title", ("TI", "T1", "CT", "BT")),
    ("abstract", ("AB", "N2")),
    ("venue", ("T2", "JF", "JO", "BT", "JA", "J2", "T3")),
    ("year", ("PY", "Y1", "DA")),
    ("date", ("DA", "Y1", "PY")),
    ("doi", ("DO",)),
    ("url", ("UR", "LK")),
    ("pdf", ("L1",)),
)
_REMARKS = {
    "TY": "type", "ID": "cite_key", "VL": "volume", "IS": "number", "PB": "publisher", "SN": "issn", "LA": "language",
    "N1": "note", "AN": "accession", "DB": "database", "CY": "place", "ET": "edition", "SP": "start_page",
    "EP": "end_page",
}  # fmt: skip
_Tags = dict[str, list[str]]


def sniff(head: bytes, name: str) -> float:
    if _HEAD.match(head):
        return 0.95
    return 0.7 if re.search(rb"^TY {1,2}- [A-Z]", head, re.MULTILINE) else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Paper | Fault]:
    for number, tags, wrong in _records(stream):
        if skip > 0:
            skip -= 1
            continue
        try:
            if wrong:
                raise WrongRecord(wrong)
            yield _paper(tags, source, at)
        except WrongRecord as why:
            raw = "\n".join(f"{tag}  - {value}" for tag, values in tags.items() for value in values)
            yield Fault(f"line {number}", str(why), raw[:MAX_RAW].encode("utf-8", "replace")[:MAX_RAW])


def _records(stream: BinaryIO) -> Iterator[tuple[int, _Tags, str]]:
    """(line of its TY, its tags, what is wrong with it) of each record; one without ER ends where the next begins."""
    start, tags, last, size = 0, _Tags(), "", 0
    for line in lines(stream):
        text = decode(line.data)
        match = _TAG.match(text)
        if match and match[1] in ("TY", "ER") and tags:
            yield start, tags, _too_long(size)
            tags, size = {}, 0
        if match and match[1] == "ER":
            continue
        if match:
            last, text = match[1], match[2] or ""
            start = start if tags else line.number
            tags.setdefault(last, [])
        size += len(text)
        if tags and size <= MAX_RECORD:
            if match:
                tags[last].append(text)
            else:
                tags[last][-1:] = [" ".join([*tags[last][-1:], text])]  # a value that runs on over the line's end
    if tags:
        yield start, tags, _too_long(size)


def _too_long(size: int) -> str:
    return f"a record of {size:,} characters" if size > MAX_RECORD else ""


def _paper(tags: _Tags, source: str, at: str) -> Paper:
    draft = Draft()
    draft.authors += [natural_name(name) for tag in ("AU", "A1") for name in tags.get(tag, ())]
    for field, names in _ONE:
        value = next((text for tag in names for text in tags.get(tag, ()) if text.strip()), "")
        if field != "date" or "/" in value or "-" in value:
            draft.say(field, value.strip().rstrip("/") if field == "date" else value)
    draft.keywords += tags.get("KW", [])[:1_000]
    for tag, name in _REMARKS.items():
        if values := tags.get(tag):
            draft.remark(name, "; ".join(values))
    return draft.paper(source=source, at=at)

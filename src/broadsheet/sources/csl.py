"""CSL-JSON, the citation format of Zotero, Pandoc and most citation processors: a JSON array of items."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from broadsheet.sources import Record, _csl
from broadsheet.sources._json import record
from broadsheet.sources._objects import objects_of

SUFFIXES = (".json", ".csl")
_TYPE = re.compile(
    rb'"type"\s*:\s*"(?:article(?:-journal|-magazine)?|paper-conference|chapter|book|thesis|report|manuscript)"'
)


def sniff(head: bytes, name: str) -> float:
    theirs = b'"date-parts"' in head or b'"container-title"' in head or (b'"family"' in head and b'"issued"' in head)
    return 0.96 if theirs and _TYPE.search(head) and b'"message-type"' not in head else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    for number, item in enumerate(objects_of(stream), 1):
        if number > skip:
            yield record(item, _csl.said, f"record {number}", source=source, at=at)

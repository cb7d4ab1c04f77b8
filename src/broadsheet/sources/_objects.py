"""The objects of a JSON array or of JSON Lines, one by one, in constant memory."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from broadsheet.sources._lines import utf8
from broadsheet.sources.jsonl import pieces


def objects_of(stream: BinaryIO) -> Iterator[Any]:
    """Each object; the bytes' text of one that is no JSON."""
    for piece in pieces(utf8(stream)):
        try:
            yield orjson.loads(piece.data)
        except orjson.JSONDecodeError:
            yield piece.data[:4_096].decode(errors="replace")

"""JSON from services: pages and lines of it, read without trusting a single type."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from broadsheet.errors import SourceError
from broadsheet.paper import Fault, Paper
from broadsheet.sources._fields import WrongRecord, to_paper
from broadsheet.sources._lines import MAX_RAW, whole

Build = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def page(body: bytes) -> Any:
    """The value of one answer. Raises SourceError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"the answer is no JSON ({error})") from None


def text(value: Any, *path: str) -> str:
    """The text or number down a path of keys; empty when anything on the way is something else."""
    value = at(value, *path)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def objects(value: Any, *path: str) -> list[dict[str, Any]]:
    """The objects in the list down a path; what is none is left out."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def listed(value: Any, *path: str) -> list[Any]:
    """The list down a path. Raises SourceError where there is none: an error is no empty answer."""
    found = at(value, *path)
    if not isinstance(found, list):
        raise SourceError(f"the answer has no {'.'.join(path) or 'list'} in it, but {_shown(value)}")
    return found


def counted(value: Any, *path: str) -> int:
    """The whole number down a path, which may be written as text. Raises SourceError where there is none."""
    said = text(value, *path)
    if not (said.isascii() and said.isdigit()):
        raise SourceError(f"the answer has no number {'.'.join(path)} in it, but {_shown(value)}")
    return int(said)


def expect(count: int, start: int, total: int) -> None:
    """Raises SourceError for an empty page before the *total* is reached: there is more, and it did not come."""
    if not count and start < total:
        raise SourceError(f"an empty page after {start:,} of {total:,} records; tried later")


def _shown(value: Any) -> str:
    told = orjson.dumps(value, default=str).decode(errors="replace")
    return told if len(told) <= 120 else told[:120] + " ..."


def texts(value: Any, *path: str) -> list[str]:
    """The texts in the list down a path."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, str) and item] if isinstance(found, list) else []


def number(value: Any, *path: str) -> int | None:
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def records(
    stream: BinaryIO, build: Build, lists: tuple[str, ...], *, source: str, at: str, skip: int = 0
) -> Iterator[Paper | Fault]:
    """The records of a service's page (a list under one of the keys *lists*, or bare), or of a file of JSON Lines.

    *build* says in our words what one record says; it may raise WrongRecord.
    """
    for number, (where, item) in enumerate(_items(stream, lists)):
        if number >= skip:
            yield item if isinstance(item, Fault) else record(item, build, where, source=source, at=at)


def record(item: Any, build: Build, where: str, *, source: str, at: str) -> Paper | Fault:
    try:
        if not isinstance(item, dict):
            raise WrongRecord("not an object")
        return to_paper(build(item), source=source, at=at)
    except WrongRecord as wrong:
        return Fault(where, str(wrong), orjson.dumps(item)[:MAX_RAW])


def _items(stream: BinaryIO, lists: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Where and what, of each record."""
    head = stream.readline(1 << 26)
    first = _loads(head)
    if isinstance(first, dict) and not any(key in first for key in lists):  # one record a line
        yield "line 1", first
        for number, line in enumerate(stream, 2):
            if line.strip():
                value = _loads(line)
                yield f"line {number}", Fault(f"line {number}", "not JSON", line[:MAX_RAW]) if value is None else value
        return
    value = first if first is not None else page(head + whole(stream))
    found = value
    if isinstance(value, dict):
        found = next((value[key] for key in lists if key in value), [value])
    if isinstance(found, dict):
        found = [found]
    for number, item in enumerate(found if isinstance(found, list) else [], 1):
        if item is not None:
            yield f"record {number}", item


def _loads(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None

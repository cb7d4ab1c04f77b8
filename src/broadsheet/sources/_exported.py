"""Papers in the words of `Paper.to_dict`, as ``export --format jsonl`` writes them, back to equal papers."""

from collections.abc import Callable, Mapping
from typing import Any

from broadsheet import ids
from broadsheet.paper import MAX_ABSTRACT, MAX_AUTHORS, MAX_TITLE, Paper
from broadsheet.sources._fields import WrongRecord, address, kind_of
from broadsheet.text import clean


def is_exported(record: Mapping[str, Any]) -> bool:
    """Whether we wrote it: nobody else gives each field its provenance."""
    return isinstance(record.get("provenance"), dict) and isinstance(record.get("ids"), list)


def read_exported(record: Mapping[str, Any]) -> Paper:
    """An equal paper. Somebody may have edited the file: types are checked, texts cleaned; raises WrongRecord."""
    values = {name: check(name, record[name]) for name, check in _CHECKS.items() if name in record}
    if not values.get("title"):
        raise WrongRecord("no title")
    if not values["ids"]:
        raise WrongRecord("no ids")
    return Paper.from_dict(values)


def _text(limit: int) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise WrongRecord(f"{name} is {kind_of(value)}, not text")
        if len(value) > limit:
            raise WrongRecord(f"{name} has {len(value):,} characters (at most {limit:,})")
        return clean(value)

    return check


def _texts(limit: int, each: Callable[[str, Any], str]) -> Callable[[str, Any], list[str]]:
    def check(name: str, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise WrongRecord(f"{name} is {kind_of(value)}, not a list of texts")
        if len(value) > limit:
            raise WrongRecord(f"{name} has {len(value):,} items (at most {limit:,})")
        return [item for item in (each(name, item) for item in value) if item]

    return check


def _number(name: str, value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | None) or (value is not None and abs(value) >= 2**53):
        raise WrongRecord(f"{name} is {kind_of(value)}, not a whole number")
    return value


def _pairs(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise WrongRecord(f"{name} is {kind_of(value)}, not an object of texts")
    known = {clean(kind): _SHORT(f"{name}.{kind}", item) for kind, item in value.items()}
    return {kind: known[kind] for kind in sorted(known) if known[kind]}


def _links(name: str, value: Any) -> dict[str, str]:
    return {kind: href for kind, href in _pairs(name, value).items() if address(href) == href}


def _provenance(name: str, value: Any) -> dict[str, list[str]]:
    if not isinstance(value, dict) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value.values()):
        raise WrongRecord(f"{name} is not an object of [source, time] pairs")
    return {clean(field): [_SHORT(name, item) for item in pair] for field, pair in sorted(value.items())}


def _identifier(name: str, value: Any) -> str:
    text = _text(ids.MAX_URL + len("url:"))(name, value)
    return ids.own(text) if text else ""


_SHORT = _text(10_000)
_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "title": _text(MAX_TITLE), "abstract": _text(MAX_ABSTRACT), "date": _text(10), "venue": _SHORT, "licence": _SHORT,
    "ids": lambda name, value: sorted(set(_texts(1_000, _identifier)(name, value))),
    "authors": _texts(MAX_AUTHORS, _SHORT), "categories": _texts(1_000, _SHORT), "keywords": _texts(1_000, _SHORT),
    "year": _number, "version": _number, "citations": _number,
    "links": _links, "extra": _pairs, "provenance": _provenance,
}  # fmt: skip

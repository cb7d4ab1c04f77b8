"""Single papers by their ids: asked of the source that knows them, taken in like the records of a file."""

import io
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broadsheet import ingest
from broadsheet.errors import Mistake
from broadsheet.fetch import Client
from broadsheet.following import Followed
from broadsheet.paper import Fault, Gone
from broadsheet.sources import Record, files, lookups, pasted
from broadsheet.store import Store
from broadsheet.text import plural

PART = "look-up"
MOST = 50_000  # records of one address


def named(given: str | Path) -> str:
    """The canonical id that *given* spells, or the address that it is; empty when it is a file, or nothing known."""
    text = str(given).strip()
    if isinstance(given, Path) or os.path.lexists(text):
        return ""
    found = pasted.find(text)
    return found[0].wanted if len(found) == 1 else ""


def names(text: str) -> tuple[str, ...]:
    """Every id and address in a text, as `named` has them."""
    return tuple(found.wanted for found in pasted.find(text))


groups = pasted.by_source


def run(
    store: Store,
    client: Client,
    wanted: Mapping[str, Sequence[str]],
    followed: Sequence[Followed] = (),
    *,
    most: int = MOST,
) -> tuple[tuple[str, ingest.Summary], ...]:
    """Brings the papers *wanted* in (see `groups`); for each source that was asked, its name and a summary.

    An id that its source does not know is a fault in the summary. A source that is also *followed* is asked as its
    options there say. What an address has is read like a file: the page of a paper, a PDF, a bibliography of at most
    *most* papers. Raises Mistake for an address without papers, or with more than that, FetchError, StoreError.
    """
    done: list[tuple[str, ingest.Summary]] = []
    for source, values in wanted.items():
        if source == pasted.WEB:
            done += (_fetched(store, client, address, most) for address in values)
        else:
            done.append((source, _take(store, client, source, values, _options(source, followed))))
    return tuple(done)


def _fetched(store: Store, client: Client, address: str, most: int) -> tuple[str, ingest.Summary]:
    """What lies at *address*, taken in like a file of that name."""
    answer = client.get(address, headers={"Accept": "*/*"})
    with tempfile.TemporaryDirectory(prefix="broadsheet-") as folder:
        path = Path(folder) / (
            re.sub(r"[^\w.-]", "_", urlsplit(answer.url).path.rsplit("/", 1)[-1])[-80:].strip(".") or "page"
        )
        # The page's own word for its address comes first; most have none.
        own = f'\n<link rel="canonical" href="{escape(address)}">'.encode()
        path.write_bytes(answer.body + (own if b"<html" in answer.body[:2_000].lower() else b""))
        try:
            (file,) = files.expand([path]).files
        except Mistake as mistake:
            raise Mistake(str(mistake).replace(str(path), address)) from None
        records = [_at(record, path.name, address) for record in islice(file.records(), most + 1)]
    if len(records) > most:
        raise Mistake(f"{address} holds more than {plural(most, 'paper')}; give the address, or the id, of one of them")
    mark = blake2b(answer.body, digest_size=16).hexdigest()
    return address, ingest.run(store, file.format, lambda skip: records[skip:], part=address, mark=mark)


def _at(record: Record, name: str, address: str) -> Record:
    return record._replace(where=record.where.replace(name, address)) if isinstance(record, Fault) else record


def _options(source: str, followed: Sequence[Followed]) -> Mapping[str, Any]:
    usual = {row.name: row.default for row in lookups()[source].OPTIONS}
    return next((one.options for one in followed if one.kind == source), usual)


def _take(
    store: Store, client: Client, source: str, values: Sequence[str], options: Mapping[str, Any]
) -> ingest.Summary:
    # One transaction is enough for what a person pastes, and a new look-up begins at its beginning.
    answers = list(_records(client, source, values, options))
    mark = blake2b(" ".join(values).encode(), digest_size=16).hexdigest()
    return ingest.run(store, source, lambda skip: answers[skip:], part=f"{PART} {mark[:8]}", mark=mark)


def _records(client: Client, source: str, values: Sequence[str], options: Mapping[str, Any]) -> Iterator[Record]:
    """What the source says, and a fault for each paper that it says nothing about."""
    module = lookups()[source]
    missing = dict.fromkeys(f"{module.LOOKUP}:{value}".lower() for value in values)
    for step in module.lookup(client, options, values):
        for record in module.parse(io.BytesIO(step.body), source=source, at=step.at):
            known = [record.id] if isinstance(record, Gone) else [] if isinstance(record, Fault) else record.ids
            for identifier in known:
                missing.pop(identifier.lower(), None)
            yield record
    for identifier in missing:
        yield Fault(identifier, f"{module.ABOUT.name} has no such paper", b"")

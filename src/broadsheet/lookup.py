"""Single papers by their ids: asked of the source that knows them, taken in like the records of a file."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from broadsheet import ingest
from broadsheet.fetch import Client
from broadsheet.following import Followed
from broadsheet.paper import Fault, Gone
from broadsheet.sources import Record, lookups, pasted
from broadsheet.store import Store

PART = "look-up"


def named(given: str | Path) -> str:
    """The canonical id that *given* spells; empty when it is a file, or a plain address, or nothing known."""
    text = str(given).strip()
    if isinstance(given, Path) or os.path.lexists(text):
        return ""
    found = pasted.find(text)
    return found[0].id if len(found) == 1 and found[0].scheme != "url" else ""


groups = pasted.by_source


def run(
    store: Store, client: Client, wanted: Mapping[str, Sequence[str]], followed: Sequence[Followed] = ()
) -> tuple[tuple[str, ingest.Summary], ...]:
    """Brings the papers *wanted* in (see `groups`); for each source that was asked, its name and a summary.

    An id that its source does not know is a fault in the summary. A source that is also *followed* is asked as its
    options there say. Raises FetchError, StoreError.
    """
    return tuple(
        (source, _take(store, client, source, values, _options(source, followed))) for source, values in wanted.items()
    )


def _options(source: str, followed: Sequence[Followed]) -> Mapping[str, Any]:
    usual = {row.name: row.default for row in lookups()[source].OPTIONS}
    return next((one.options for one in followed if one.kind == source), usual)


def _take(
    store: Store, client: Client, source: str, values: Sequence[str], options: Mapping[str, Any]
) -> ingest.Summary:
    # One transaction is enough for what a person pastes, and a new look-up begins at its beginning.
    answers = list(_records(client, source, values, options))
    mark = blake2b(" ".join(values).encode(), digest_size=16).hexdigest()
    return ingest.run(store, source, lambda skip: answers[skip:], part=PART, mark=mark)


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

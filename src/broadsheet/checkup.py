"""What `doctor` looks at: the store, the indexes, the encoder, the settings; and what it mends on the way."""

from typing import NamedTuple

from broadsheet.errors import BroadsheetError, IndexStale
from broadsheet.library import Library
from broadsheet.text import plural
from broadsheet.watch import Watch


class Finding(NamedTuple):
    what: str
    ok: bool
    said: str


def examine(library: Library, *, rebuild: bool, watch: Watch) -> list[Finding]:
    """Every check in turn; with *rebuild* the indexes are made anew, else only brought up to date."""
    return [
        Finding("home", True, str(library.home)),
        _store(library),
        _encoder(library),
        _index(library, rebuild, watch),
        _agreement(library),
        _set_aside(library),
    ]


def _store(library: Library) -> Finding:
    problems = library.store.check()
    said = "; ".join(problems) if problems else f"{plural(library.store.count(), 'paper')} in {library.store.name}"
    return Finding("store", not problems, said)


def _encoder(library: Library) -> Finding:
    try:
        contract = library.encoder.contract
    except BroadsheetError as error:
        return Finding("encoder", False, str(error))
    return Finding("encoder", True, f"{contract.name}, {contract.dim} dimensions, {contract.hash}")


def _index(library: Library, rebuild: bool, watch: Watch) -> Finding:
    try:
        count = library.rebuild(watch) if rebuild else library.refresh(watch)
    except BroadsheetError as error:
        return Finding("indexes", False, str(error))
    if rebuild:
        return Finding("indexes", True, f"made anew from {plural(count, 'paper')}")
    return Finding("indexes", True, f"caught up with {plural(count, 'change')}" if count else "up to date")


def _agreement(library: Library) -> Finding:
    """Store and indexes must hold the same number of papers; each part of the index, too."""
    try:
        reader = library.index.reader(library.encoder)
    except (IndexStale, BroadsheetError) as error:
        return Finding("agreement", False, str(error))
    papers = library.store.count()
    counts = (
        {"words": 0, "facts": 0} if reader is None else {"words": reader.lexical.count, "facts": reader.columns.count}
    )
    wrong = {name: count for name, count in counts.items() if count != papers}
    if wrong:
        told = ", ".join(f"{name} {count:,}" for name, count in wrong.items())
        return Finding("agreement", False, f"the store has {papers:,} papers, but {told}; try doctor --rebuild")
    return Finding("agreement", True, f"store and indexes hold the same {plural(papers, 'paper')}")


def _set_aside(library: Library) -> Finding:
    failures = library.store.failures()
    if not failures:
        return Finding("set aside", True, "no record waits to be mended")
    told = ", ".join(f"{count:,} of {source}" for source, count in failures.items())
    return Finding("set aside", True, f"records that could not be taken: {told}")

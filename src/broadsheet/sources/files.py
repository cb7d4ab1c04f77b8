"""The fetch of everything that lies on this machine: files and folders to bytes, and what a file is.

Compression is told by its magic bytes, the format by the content (`sources.detect`); names only help.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from broadsheet import sources
from broadsheet.errors import Mistake, NotFound, SourceError
from broadsheet.paper import Fault
from broadsheet.sources._packed import SUFFIXES, unpacked
from broadsheet.text import plural

HEAD = 1 << 16  # bytes looked at to tell what a file is, and hashed to know it again
_SURE = 0.5  # below that a file inside a folder is left alone; one that was named is tried
_OTHER = {
    b"BZh": "bzip2: unpack it first", b"\xfd7zXZ": "xz: unpack it first", b"SQLite format 3": "an SQLite database",
}  # fmt: skip


class Found(NamedTuple):
    """The files to read, in order, and a sentence for each one inside a folder that was left out."""

    files: "tuple[File, ...]"
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class File:
    """One file of papers.

    size         bytes on disk, so the end of what `records` reports as position
    format       the name of a module of `sources`
    at           when it was last changed, ISO 8601 in UTC: what its provenance says
    fingerprint  32 hex digits; a changed file has another one
    """

    path: Path
    size: int
    format: str
    at: str
    fingerprint: str

    def records(
        self, *, source: str = "", skip: int = 0, moved: Callable[[int], None] | None = None
    ) -> Iterator[sources.Record]:
        """Its records in order, without the first *skip* of them; *moved* hears the position in bytes now and then.

        *source* is the name in the provenance; the format's name when it is empty. Raises SourceError where the bytes
        break off: every record before that place has been given.
        """
        count = 0
        try:
            with self.path.open("rb", buffering=0) as raw, unpacked(raw, moved) as stream:
                parse = sources.formats()[self.format].parse
                for record in parse(stream, source=source or self.format, at=self.at, skip=skip):
                    count += 1
                    if isinstance(record, Fault):
                        record = record._replace(where=f"{self.path.name} {record.where}")
                    yield record
        except OSError as error:
            raise SourceError(f"cannot read {self.path}: {error.strerror or error}") from error
        except SourceError as error:
            raise SourceError(f"{self.path}, after {plural(skip + count, 'record')}: {error}") from error
        if not count and not skip:
            yield Fault(self.path.name, "there are no papers in it", b"")


def expand(what: Iterable[str | Path]) -> Found:
    """The files that *what* names, folders searched through (hidden ones not), each once and with its format.

    Raises Mistake (NotFound when they are only missing) with a sentence for everything named that cannot be read.
    """
    files: dict[Path, File] = {}
    skipped: list[str] = []
    wrong: list[Mistake] = []
    for path in what:
        try:
            found = _named(path)
        except Mistake as mistake:
            wrong.append(mistake)
            continue
        files.update((file.path.resolve(), file) for file in found.files)
        skipped += found.skipped
    if wrong:
        kind = NotFound if all(isinstance(mistake, NotFound) for mistake in wrong) else Mistake
        raise kind("\n".join(map(str, wrong)))
    return Found(tuple(files.values()), tuple(skipped))


def _named(name: str | Path) -> Found:
    if not str(name).strip():
        raise Mistake("an empty name; give a file or a folder")  # as a path it would be the current folder
    path = Path(name)
    return _folder(path) if path.is_dir() else Found((_look(path, 0.0),), ())


def _folder(folder: Path) -> Found:
    files: list[File] = []
    skipped: list[str] = []
    for path in _walk(folder):
        try:
            files.append(_look(path, _SURE))
        except Mistake as mistake:
            skipped.append(str(mistake))
    if not files:
        raise Mistake(f"{folder}: no file in this folder holds papers (formats: {_known()})")
    return Found(tuple(files), tuple(skipped))


def _walk(folder: Path) -> Iterator[Path]:
    """The files below *folder* whose names could be of a known format, sorted; nothing hidden, no linked folders."""
    endings = {ending for module in sources.formats().values() for ending in module.SUFFIXES}
    for here, inside, names in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            bare = path.with_suffix("") if path.suffix.lower() in SUFFIXES else path
            if not name.startswith(".") and bare.suffix.lower() in endings:
                yield path


def _look(path: Path, sure: float) -> File:
    """What *path* is; raises Mistake with one sentence when it is nothing we read."""
    try:
        stat = path.stat()
        if not path.is_file():
            raise Mistake(f"{path}: not a regular file; give a file or a folder")
        with path.open("rb", buffering=0) as raw:
            head = raw.read(HEAD)
            raw.seek(0)
            with unpacked(raw) as stream:
                text = stream.read1(HEAD)
    except FileNotFoundError:
        raise NotFound(f"{path}: no such file or folder") from None
    except SourceError as error:
        raise Mistake(f"{path}: {error}") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Mistake(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return File(path, stat.st_size, _format(path, text, sure), _time(stat.st_mtime), _fingerprint(stat, head))


def _format(path: Path, text: bytes, sure: float) -> str:
    """The name of the format, by the first bytes inside the compression."""
    if not text.strip():
        raise Mistake(f"{path}: the file is empty")
    name = path.name.lower()
    for ending in SUFFIXES:
        name = name.removesuffix(ending)
    key, how = sources.detect(text, name)
    if key and how >= sure:
        return key
    what = next((say for magic, say in _OTHER.items() if text.startswith(magic)), "")
    raise Mistake(f"{path}: {what or 'not in a format that holds papers'} (formats: {_known()})")


def _known() -> str:
    return ", ".join(sources.formats())


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fingerprint(stat: os.stat_result, head: bytes) -> str:
    return blake2b(b"%d %d " % (stat.st_size, stat.st_mtime_ns) + head, digest_size=16).hexdigest()

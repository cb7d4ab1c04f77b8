"""The fetch of everything that lies on this machine: files and folders to bytes, and what a file is.

Compression is told by its magic bytes, the format by the content (`sources.detect`); names only help.
"""

import io
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from broadsheet import sources
from broadsheet.errors import Mistake, NotFound, SourceError
from broadsheet.paper import Fault
from broadsheet.text import plural

HEAD = 1 << 16  # bytes looked at to tell what a file is, and hashed to know it again
_SURE = 0.5  # below that a file inside a folder is left alone; one that was named is tried
_STEP = 1 << 10  # compressed bytes decoded at a time: even a bomb makes no more than 32 MiB of them at once
_PACKED = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}
_SUFFIXES = (".gz", ".zst", ".zstd")
_OTHER = {
    b"PK\x03\x04": "a zip archive: unpack it first", b"BZh": "bzip2: unpack it first",
    b"\xfd7zXZ": "xz: unpack it first",
    b"SQLite format 3": "an SQLite database",
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
            with self.path.open("rb", buffering=0) as raw, _unpacked(raw, moved) as stream:
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
    if re.match(r"https?://", str(name)):
        raise Mistake(f"{name}: an address; save what is there, and give the file")
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
            bare = path.with_suffix("") if path.suffix.lower() in _SUFFIXES else path
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
    except FileNotFoundError:
        raise NotFound(f"{path}: no such file or folder") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Mistake(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return File(path, stat.st_size, _format(path, head, sure), _time(stat.st_mtime), _fingerprint(stat, head))


def _format(path: Path, head: bytes, sure: float) -> str:
    """The name of the format, by what is inside the compression."""
    try:
        with _unpacked(io.BytesIO(head), None) as stream:
            text = stream.read1(HEAD)
    except SourceError as error:
        raise Mistake(f"{path}: {error}") from error
    if not text.strip():
        raise Mistake(f"{path}: the file is empty")
    name = path.name.lower()
    for ending in _SUFFIXES:
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


def _unpacked(raw: Any, moved: Callable[[int], None] | None) -> io.BufferedReader:
    """The plain bytes of *raw*, which is plain, gzip or Zstandard (any number of members or frames)."""
    magic = raw.read(4)
    raw.seek(0)
    kind = next((kind for start, kind in _PACKED.items() if magic.startswith(start)), "")
    return io.BufferedReader(_Stream(raw, kind, moved), 1 << 18)


class _Stream(io.RawIOBase):
    """Bytes of a file as they are inside its compression; tells how far it is, and says when the end is missing."""

    def __init__(self, raw: BinaryIO, kind: str, moved: Callable[[int], None] | None) -> None:
        self._raw, self._kind, self._moved = raw, kind, moved
        self._decoder: Any = None
        self._damage: type[Exception] = Exception  # what the decoder raises for bytes that are none of its own
        self._packed = self._ready = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # narrower than Buffer
        while not self._ready and self._more():
            pass
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _more(self) -> bool:
        """Read or decode another piece; False at the end."""
        if not self._packed:
            self._packed = memoryview(self._raw.read(HEAD))
            self._position += len(self._packed)
            if self._moved:
                self._moved(self._position)
            if not self._packed:
                self._check_end()
                return False
        if self._kind:
            self._decode()
        else:
            self._packed, self._ready = self._packed[:0], self._packed
        return True

    def _check_end(self) -> None:
        if self._decoder:
            raise SourceError(f"the {self._kind} data breaks off after {self._position:,} bytes; is the file complete?")

    def _decode(self) -> None:
        piece, self._packed = self._packed[:_STEP], self._packed[_STEP:]
        if not self._decoder:
            self._decoder, self._damage = _DECODERS[self._kind]()
        try:
            self._ready = memoryview(self._decoder.decompress(piece))
        except self._damage as error:
            raise SourceError(f"damaged {self._kind} data near byte {self._position:,} ({error})") from error
        if self._decoder.eof:
            rest = self._decoder.unused_data
            self._packed = memoryview(rest + bytes(self._packed)) if rest else self._packed
            self._decoder = None


def _gz() -> tuple[Any, type[Exception]]:
    return zlib.decompressobj(31), zlib.error


def _zst() -> tuple[Any, type[Exception]]:
    import zstandard  # here: most runs of the program never open such a file

    return zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj(), zstandard.ZstdError


_DECODERS: dict[str, Callable[[], tuple[Any, type[Exception]]]] = {"gz": _gz, "zst": _zst}

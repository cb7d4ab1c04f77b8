"""The bytes of a file as they are inside its compression: gzip, Zstandard, or a zip archive of one file.

Told by magic bytes, decoded piece by piece: whatever a bomb would unfold to, it is never in memory.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from broadsheet.errors import SourceError

SUFFIXES = (".gz", ".zst", ".zstd", ".zip")
_MAGIC = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}
_ZIP = b"PK\x03\x04"
_PIECE = 1 << 16  # compressed bytes read at a time
_STEP = 1 << 10  # compressed bytes decoded at a time: even a bomb makes no more than 32 MiB of them at once

Moved = Callable[[int], None] | None  # hears the position in the compressed bytes


def unpacked(raw: Any, moved: Moved = None) -> io.BufferedReader:
    """The plain bytes of *raw*, a file at its beginning: plain, gzip, Zstandard (any number of members or frames), zip.

    Reading raises SourceError for damage; so does this for a zip archive of anything but one file.
    """
    magic = raw.read(4)
    raw.seek(0)
    if magic == _ZIP:
        return io.BufferedReader(_Zipped(raw, moved), 1 << 18)
    kind = next((kind for start, kind in _MAGIC.items() if magic.startswith(start)), "")
    return io.BufferedReader(_Stream(raw, kind, moved), 1 << 18)


class _Zipped(io.RawIOBase):
    """The only file of a zip archive."""

    def __init__(self, raw: BinaryIO, moved: Moved) -> None:
        self._raw, self._moved = raw, moved
        try:
            archive = zipfile.ZipFile(raw)
            inside = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX")]
            if len(inside) != 1:
                raise SourceError(f"a zip archive of {len(inside):,} files: unpack it, and give the folder")
            self._file = archive.open(inside[0])
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
            raise SourceError(f"damaged zip archive ({error})") from error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # narrower than Buffer
        try:
            data = self._file.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
            raise SourceError(f"damaged zip archive ({error})") from error
        buffer[: len(data)] = data
        if self._moved:
            self._moved(self._raw.tell())
        return len(data)


class _Stream(io.RawIOBase):
    """Bytes of a file as they are inside its compression; tells how far it is, and says when the end is missing."""

    def __init__(self, raw: BinaryIO, kind: str, moved: Moved) -> None:
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
            self._packed = memoryview(self._raw.read(_PIECE))
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

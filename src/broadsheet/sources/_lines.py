"""Bytes to lines and lines to text, in bounded memory, whatever the bytes are. Shared by the formats."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from broadsheet.errors import SourceError

MAX_LINE = 16 << 20  # bytes; no paper is that long, so what is longer is read past and reported
MAX_ANSWER = 128 << 20  # bytes that are read at once
MAX_RAW = 1 << 16  # bytes of a bad record that a Fault keeps: nearly all are kept whole, and can be tried again

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the other's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)


class Line(NamedTuple):
    """One line with its number from 1. *cut* says that it was longer than MAX_LINE and only begins like this."""

    number: int
    data: bytes
    cut: bool = False


class _Recoded(io.RawIOBase):
    """UTF-16 or UTF-32 bytes as UTF-8 bytes, chunk by chunk; what cannot be decoded becomes U+FFFD."""

    def __init__(self, stream: BinaryIO, charset: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(charset)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # narrower than Buffer
        while not self._ready:
            chunk = self._stream.read(65_536)
            self._ready = self._decoder.decode(chunk, not chunk).encode("utf-8", "replace")
            if not chunk:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


def utf8(stream: BinaryIO) -> io.BufferedReader:
    """*stream* with its byte-order mark taken away and UTF-16/32 made UTF-8; other bytes pass as they are."""
    reader = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Plain(stream), 1 << 18)
    head = reader.peek(4)[:4]
    for mark, charset in _BOMS:
        if head.startswith(mark):
            reader.read(len(mark))
            if charset != "utf-8":
                return io.BufferedReader(_Recoded(reader, charset), 1 << 18)
            break
    return reader


class _Plain(io.RawIOBase):
    """Any binary stream as a raw one, so that a BufferedReader can look ahead in it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # narrower than Buffer
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Every line that is not blank, without its line end; holds at most MAX_LINE bytes of one."""
    reader = utf8(stream)
    number = 0
    while data := reader.readline(MAX_LINE + 1):
        number += 1
        cut = len(data) > MAX_LINE and not data.endswith(b"\n")
        rest = data if cut else b""
        while rest and not rest.endswith(b"\n"):
            rest = reader.readline(1 << 20)
        data = data.rstrip()
        if data:
            yield Line(number, data, cut)


def whole(stream: BinaryIO) -> bytes:
    """All of one answer. Raises SourceError beyond MAX_ANSWER: what is compressed may unfold to anything."""
    data = stream.read(MAX_ANSWER + 1)
    if len(data) > MAX_ANSWER:
        raise SourceError(f"larger than {MAX_ANSWER >> 20} MB, which no answer of a service is")
    return data


def decode(data: bytes) -> str:
    """UTF-8 where it is that, else Windows-1252, the charset of old exports. Never fails."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")

"""Files read by a second process: it parses, cleans, encodes and hashes; this one only stores.

The other process is a fresh interpreter (``python -m broadsheet.prepare``), not a fork: nothing of this one's threads,
locks and connections goes with it, and a program that uses this as a library needs no guard around its main module. Its
answers come through a pipe, which also holds it back when storing is slower; when this process dies, the pipe breaks
and it ends.
"""

import gc
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

from broadsheet import blocking
from broadsheet.errors import SourceError
from broadsheet.paper import Fault, Gone, Paper
from broadsheet.sources import Record
from broadsheet.sources.files import File
from broadsheet.store import Prepared, Unstorable, encode, mark_of

WORTH = 4 << 20  # bytes of a file from which on a second process pays for its start
FRAME = 1_000  # records in one message

Item = Prepared | Fault | Gone


def prepared(record: Record, where: str = "") -> Item:
    """A record as it will be stored; a paper that no database can hold is a fault."""
    if not isinstance(record, Paper):
        return record
    try:
        own, more = blocking.of(record.title, record.first_author)
        return Prepared(encode(record), record.ids, tuple(map(mark_of, record.ids)), own, more)
    except Unstorable as error:
        return Fault(where, str(error), b"")


def items(file: File, skip: int, moved: Callable[[int], None] | None = None) -> Iterator[Item]:
    """The records of *file* after the first *skip*, prepared by another process; *moved* hears its position in bytes.

    Raises SourceError where the bytes break off, as `File.records` does.
    """
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdin and process.stdout
            process.stdin.write(pickle.dumps((asdict(file), skip)))
            process.stdin.close()
            yield from _received(process.stdout, moved)
        finally:
            process.kill()  # harmless when it has ended


def _received(stream: IO[bytes], moved: Callable[[int], None] | None) -> Iterator[Item]:
    while True:
        try:
            position, frame, error = pickle.load(stream)
        except EOFError:
            raise RuntimeError("the process that reads the file has died; what was counted is kept") from None
        if moved:
            moved(position)
        yield from frame
        if error is not None:
            if error:
                raise SourceError(error)
            return


def main() -> None:
    """The other process: reads what to read from its standard input, writes frames to its standard output."""
    gc.disable()  # nothing here is ever part of a circle, and looking for some takes a third of the time
    fields, skip = pickle.load(sys.stdin.buffer)
    file, out = File(**fields | {"path": Path(fields["path"])}), sys.stdout.buffer
    position, frame = 0, []

    def moved(place: int) -> None:
        nonlocal position
        position = place

    error = ""
    try:
        for number, record in enumerate(file.records(skip=skip, moved=moved), skip + 1):
            frame.append(prepared(record, f"{file.path.name} record {number}"))
            if len(frame) == FRAME:
                pickle.dump((position, frame, None), out, 5)
                frame = []
    except SourceError as broken:
        error = str(broken)
    except BrokenPipeError:
        return
    pickle.dump((position, frame, error), out, 5)
    out.flush()


if __name__ == "__main__":
    main()

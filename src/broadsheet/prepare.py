"""Files read by a second process: it parses, cleans, encodes and hashes; this one only stores.

The other process is a fresh interpreter (``python -m broadsheet.prepare``), not a fork: nothing of this one's threads,
locks and connections goes with it, and a program that uses this as a library needs no guard around its main module. Its
answers come through a pipe, which also holds it back when storing is slower; when this process dies, the pipe breaks
and it ends.
"""

import gc
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from broadsheet import blocking
from broadsheet.errors import SourceError
from broadsheet.paper import Fault, Gone, Paper
from broadsheet.sources import Record
from broadsheet.sources.files import File
from broadsheet.store import Prepared, Unstorable, encode, mark_of
from broadsheet.text import surname

WORTH = 4 << 20  # bytes of a file from which on a second process pays for its start
FRAME = 1_000  # records in one message
AHEAD = 40  # messages that may wait to be stored

Item = Prepared | Fault | Gone


# What the other process sends of a paper: its row, its ids, its title and its first author. Hashes are made of those
# here: so both processes have about as much to do.
Encoded = tuple[str, tuple[str, ...], str, str]


def encoded(record: Record, file: str, number: int) -> Encoded | Fault | Gone:
    """A record as it will be stored; a paper that no database can hold is a fault."""
    if not isinstance(record, Paper):
        return record
    try:
        return encode(record), record.ids, record.title, record.authors[0] if record.authors else ""
    except Unstorable as error:
        return Fault(f"{file} record {number}", str(error), b"")


def prepared(item: Encoded | Fault | Gone) -> Item:
    if isinstance(item, Fault | Gone):
        return item
    data, ids, title, author = item
    own, more = blocking.made(title, surname(author) if author else "")
    return Prepared(data, ids, tuple([mark_of(one) for one in ids]), own, more)


def items(file: File, skip: int, moved: Callable[[int], None] | None = None) -> Iterator[Item]:
    """The records of *file* after the first *skip*, prepared by another process; *moved* hears its position in bytes.

    Raises SourceError where the bytes break off, as `File.records` does.
    """
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        arrived: queue.Queue[bytes] = queue.Queue(AHEAD)
        collecting = gc.isenabled()
        gc.disable()  # nothing of this is ever part of a circle, and looking for some takes a tenth of the time
        thread = threading.Thread(target=_receive, args=(process.stdout, arrived), name="prepare", daemon=True)
        try:
            thread.start()
            process.stdin.write(pickle.dumps((asdict(file), skip)))
            process.stdin.close()
            yield from _received(arrived, moved)
        finally:
            if collecting:
                gc.enable()
            process.kill()  # harmless when it has ended
            while thread.is_alive():  # it may wait for room; nobody wants any more
                with suppress(queue.Empty):
                    arrived.get(timeout=0.01)


def _received(arrived: "queue.Queue[bytes]", moved: Callable[[int], None] | None) -> Iterator[Item]:
    while True:
        data = arrived.get()
        if not data:
            raise RuntimeError("the process that reads the file has died; what was counted is kept")
        position, frame, error = pickle.loads(data)
        if moved:
            moved(position)
        yield from map(prepared, frame)
        if error is not None:
            if error:
                raise SourceError(error)
            return


def _receive(stream: IO[bytes], arrived: "queue.Queue[bytes]") -> None:
    """Takes messages out of the pipe while the others are stored: it holds few, and the other process must not wait."""
    while size := int.from_bytes(stream.read(8), "big"):
        data = stream.read(size)
        if len(data) < size:
            break
        arrived.put(data)
    arrived.put(b"")


def _send(message: object) -> None:
    data = pickle.dumps(message, 5)
    sys.stdout.buffer.write(len(data).to_bytes(8, "big") + data)


def main() -> None:
    """The other process: reads what to read from its standard input, writes frames to its standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the other process ends this one
    gc.disable()  # as above; here it is a third
    fields, skip = pickle.load(sys.stdin.buffer)
    file = File(**fields | {"path": Path(fields["path"])})
    position, frame, name = 0, [], file.path.name

    def moved(place: int) -> None:
        nonlocal position
        position = place

    error = ""
    try:
        for number, record in enumerate(file.records(skip=skip, moved=moved), skip + 1):
            frame.append(encoded(record, name, number))
            if len(frame) == FRAME:
                _send((position, frame, None))
                frame = []
    except SourceError as broken:
        error = str(broken)
    _send((position, frame, error))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    from broadsheet import prepare  # under its own name, which is what the other side knows its records by

    with suppress(BrokenPipeError):  # nobody listens any more
        prepare.main()
    os._exit(0)  # what is left in the buffer is for nobody, and flushing it would complain

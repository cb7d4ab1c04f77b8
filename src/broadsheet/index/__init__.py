"""Derived indexes: lexical, dense and columns of one library, kept in step with the store by its change counter.

Everything here can be deleted at any time and is rebuilt from the store. Layout of the folder::

    CURRENT                 the name of the generation that readers use
    gen-000001/state.json   what is valid: the change number reached, row counts, file names, the encoder's contract
    gen-000001/lexical/     tantivy
    gen-000001/vectors.f16  float16 rows by pk
    gen-000001/forward.u32  analysed words in order
    gen-000001/*.faiss, columns-*.npz

A refresh adds to the current generation and then replaces state.json; a rebuild fills a new generation and then
replaces CURRENT. Both are one rename, so a reader sees all of a refresh or none of it.
"""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from broadsheet.errors import IndexStale, WorldError
from broadsheet.index.columns import Columns
from broadsheet.index.dense import Dense, DenseWriter
from broadsheet.index.documents import body
from broadsheet.index.forward import Forward, ForwardWriter
from broadsheet.index.lexical import Lexical
from broadsheet.index.reader import FORMAT, Reader, State
from broadsheet.paper import Paper

if TYPE_CHECKING:
    from broadsheet.embed import Encoder
    from broadsheet.index.lexical import LexicalWriter
    from broadsheet.store import Change, Store

BATCH = 4_096
COMMIT_EVERY = 300_000  # papers; a crash costs at most so many
STALE_SHARE = 0.02  # replaced papers still counted in BM25's statistics, above which the lexical part is rebuilt
ALWAYS_REBUILD = 20_000  # papers; below, a lexical rebuild takes about a second, so statistics are kept exact

LOOKS = 5  # at files that a writer replaces
FULL = 32 << 20  # bytes free, below which a failed write is the full disk's; not every part says why it failed

Progress = Callable[[int, int], None]  # papers done, papers to do
Stamp = tuple[str, int, int]
Mask = npt.NDArray[np.bool_]
T = TypeVar("T")


def passage(paper: Paper) -> str:
    """What the encoder reads of a paper: its title three times, which says more than as many words of the abstract."""
    title = f"{paper.title}. "
    return f"{title * 3}{paper.abstract} {', '.join(paper.keywords)}"


class Index:
    """The derived indexes of one library. Any number of readers; one refresh at a time, across processes."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.folder = folder
        self.threads = threads or os.cpu_count() or 1  # that a refresh may use
        self._reader: Reader | None = None
        self._stamp: Stamp | None = None
        self._lock = threading.Lock()

    # -- reading -------------------------------------------------------------------------------------------------------

    def reader(self, encoder: "Encoder | None" = None) -> Reader | None:
        """The newest committed view, or None when nothing was ever indexed.

        Raises IndexStale when the vectors were made by another encoder than *encoder*.
        """
        with self._lock:
            stamp = self._newest()
            if stamp != self._stamp:
                self._reader = self._open() if stamp else None
                self._stamp = stamp
            found = self._reader
        if found and encoder and found.state.contract != encoder.contract.hash:
            raise IndexStale(
                f"The vectors were made by another encoder than {encoder.contract.name!r}; "
                "`broadsheet doctor --rebuild` makes them anew."
            )
        return found

    def warm(self) -> int:
        """Read the current generation once, so that questions find it in the system's cache; how many bytes it has.

        At a million papers a question touches a few hundred places of 1.3 GB: from a cold disk 20 ms and more, not 8.
        """
        size = 0
        with suppress(FileNotFoundError):  # a refresh has replaced a file meanwhile: the new one is warm
            for path in sorted(self._current().rglob("*")):
                if path.is_file():
                    with path.open("rb", buffering=0) as file:
                        while block := file.read(1 << 20):
                            size += len(block)
        return size

    def state(self) -> State:
        """What is valid now; an empty state when nothing was ever indexed, or all of it was deleted."""
        with suppress(FileNotFoundError):
            return self._following(_read_state)
        return State()

    def _newest(self) -> Stamp | None:
        """What is another one after every refresh and rebuild; None when nothing was ever indexed."""
        with suppress(FileNotFoundError):
            return self._following(_stamp)
        return None

    def _open(self) -> Reader | None:
        try:
            return self._following(_open)
        except FileNotFoundError as error:
            raise IndexStale(
                f"The index has lost its file {error.filename or error}; `broadsheet doctor --rebuild` makes it anew."
            ) from error

    def _following(self, look: Callable[[Path], T]) -> T:
        """What *look* says of the current generation; raises FileNotFoundError where there is none.

        A refresh or rebuild removes files, and the generation, whose names were read a moment ago: looking again
        finds their successors.
        """
        for _ in range(LOOKS - 1):
            with suppress(FileNotFoundError):
                return look(self._current())
        return look(self._current())

    def _current(self) -> Path:
        return self.folder / (self.folder / "CURRENT").read_text().strip()

    # -- writing -------------------------------------------------------------------------------------------------------

    def refresh(self, store: "Store", encoder: "Encoder", progress: Progress | None = None) -> int:
        """Take in all changes of the store since the last refresh; how many papers that were."""
        with self._writing():
            state = self.state()
            newest = store.change()
            if not state.seq or store.mark(state.seq) != state.mark or not _usable(state, encoder):
                return self._rebuild(store, encoder, progress)
            if newest == state.seq:
                return 0
            done = _Refresh(self, self._current(), state, store, encoder, progress).run()
            after = self.state()
            if after.stale and (after.papers < ALWAYS_REBUILD or after.stale > after.papers * STALE_SHARE):
                self._rebuild(store, encoder, progress)
            return done

    def rebuild(self, store: "Store", encoder: "Encoder", progress: Progress | None = None) -> int:
        """Make everything anew beside the current generation, then switch; readers go on meanwhile."""
        with self._writing():
            return self._rebuild(store, encoder, progress)

    def _rebuild(self, store: "Store", encoder: "Encoder", progress: Progress | None) -> int:
        number = 0
        with suppress(FileNotFoundError):
            number = int(self._current().name.removeprefix("gen-"))
        folder = self.folder / f"gen-{number + 1:06}"
        state = _read_state(folder) if (folder / "state.json").exists() else State()
        if not state.seq or store.mark(state.seq) != state.mark or not _usable(state, encoder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            state = State(contract=encoder.contract.hash, dim=encoder.contract.dim)
        done = _Refresh(self, folder, state, store, encoder, progress).run()
        _replace(self.folder / "CURRENT", folder.name.encode())
        self._clear()
        for old in self.folder.glob("gen-*"):
            if old != folder:
                old.rename(self.folder / f"old-{old.name}")  # gone at once for a reader who is just opening it
        self._clear()
        return done

    def _clear(self) -> None:
        for old in self.folder.glob("old-*"):
            shutil.rmtree(old, ignore_errors=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer across processes; a second waits. The lock goes with the process, so a crash frees it."""
        import fcntl

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "LOCK").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        except OSError as error:
            full = self.folder.exists() and shutil.disk_usage(self.folder).free < FULL
            reason = "the disk is full" if full else error.strerror or error
            raise WorldError(
                f"the index in {self.folder} cannot be written ({reason}); no paper is lost: put that right, and "
                "`broadsheet doctor` goes on"
            ) from error


class _Refresh:
    """One run over the store's changes into one generation."""

    def __init__(
        self, index: "Index", folder: Path, state: State, store: "Store", encoder: "Encoder", progress: Progress | None
    ) -> None:
        self.threads, self.folder, self.state, self.store, self.encoder = index.threads, folder, state, store, encoder
        self.progress = progress or (lambda done, total: None)
        self.columns = Columns.load(folder / state.columns) if state.columns else Columns()
        self.forward = ForwardWriter(folder, self.columns.starts, self.columns.single["words"], state.words)
        self.first = not state.seq

    def run(self) -> int:
        total = self.store.change() - self.state.seq
        writer = Lexical(self.folder / "lexical", create=True).writer(self.threads)
        grows = self.state.ivf if self.state.ivf_seq == self.state.seq else ""
        dense = DenseWriter(self.folder, self.encoder.contract.dim, self.state.rows, grows)
        crashed = writer.found_commit != self.state.commit
        stale, done, taken, since, seq = self.state.stale, 0, 0, 0, self.state.seq
        with ExitStack() as closing:
            for part in (writer, self.forward, dense):
                closing.callback(part.close)
            while changes := self.store.changes(seq, BATCH):
                kept, replaced = self._take(changes, writer, dense)
                stale += len(changes) if crashed else replaced
                seq = changes[-1].seq
                taken += kept
                done += len(changes)
                since += len(changes)
                self.progress(min(done, total), total)
                if since >= COMMIT_EVERY:
                    self._commit(writer, dense, seq, stale)
                    since = 0
            self._commit(writer, dense, seq, stale, ivf=f"ivf-{seq}.faiss")
        self.progress(total, total)
        return taken

    def _take(self, changes: "list[Change]", writer: "LexicalWriter", dense: DenseWriter) -> tuple[int, int]:
        """One batch into all parts; how many papers it has, and how many of the old it replaced or removed."""
        stale = 0
        kept = [(change.pk, change.paper) for change in changes if change.paper is not None]
        added = {change.pk: change.added for change in changes}
        gone = _pks([change.pk for change in changes if change.paper is None])
        for pk in gone.tolist():
            writer.remove(pk)
        known = self._known(gone)
        stale += int(known.sum())
        self.columns.remove(gone)
        self.forward.remove(gone)
        dense.put(gone[gone < dense.rows], np.zeros((int((gone < dense.rows).sum()), dense.dim), np.float32))
        if kept:
            pks = _pks([pk for pk, _ in kept])
            known = self._known(pks)
            for (pk, paper), before in zip(kept, known.tolist(), strict=True):
                writer.put(pk, paper, added=added[pk], replaces=before or not self.first)
            stale += int(known.sum())
            dense.put(pks, self.encoder.encode([passage(paper) for _, paper in kept], "passage"))
            self.columns.put(pks, [paper for _, paper in kept], [added[pk] for pk, _ in kept])
            self.forward.put(pks, [body(paper) for _, paper in kept])
        return len(kept), stale

    def _known(self, pks: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        live = self.columns.single["live"]
        inside = pks < len(live)
        known = np.zeros(len(pks), np.bool_)
        known[inside] = live[pks[inside]] > 0
        return known

    def _commit(self, writer: "LexicalWriter", dense: DenseWriter, seq: int, stale: int, *, ivf: str = "") -> None:
        """Everything up to *seq* becomes valid. The inverted file is brought along only when it is named."""
        commit = writer.commit()
        if ivf:
            ivf, ivf_seq = dense.build(ivf, self.columns.count, self.threads), seq
        else:
            ivf, ivf_seq = self.state.ivf, self.state.ivf_seq
        dense.flush()
        self.forward.flush()
        self.columns.starts, self.columns.single["words"] = self.forward.starts, self.forward.lengths
        columns = f"columns-{seq}.npz"
        self.columns.save(self.folder / columns)
        before = self.state
        self.state = replace(
            before,
            seq=seq,
            mark=self.store.mark(seq),
            papers=self.columns.count,
            rows=dense.rows,
            ivf=ivf,
            columns=columns,
            contract=self.encoder.contract.hash,
            dim=dense.dim,
            words=self.forward.size,
            stale=stale,
            commit=commit,
            ivf_seq=ivf_seq,
        )
        _replace(self.folder / "state.json", json.dumps(asdict(self.state)).encode())
        for name in {before.ivf, before.columns} - {self.state.ivf, self.state.columns, ""}:
            (self.folder / name).unlink(missing_ok=True)


def _pks(values: list[int]) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def _stamp(folder: Path) -> Stamp:
    file = (folder / "state.json").stat()
    return folder.name, file.st_mtime_ns, file.st_ino


def _open(folder: Path) -> Reader | None:
    state = _read_state(folder)
    if not state.columns:
        return None  # another version's format: as good as never indexed
    columns = Columns.load(folder / state.columns)
    dense = Dense(folder, state.dim, state.rows, state.ivf)
    forward = Forward(folder, columns.starts, columns.single["words"], state.words)
    return Reader(folder.name, state, Lexical(folder / "lexical"), dense, columns, forward)


def _usable(state: State, encoder: "Encoder") -> bool:
    return state.format == FORMAT and state.contract == encoder.contract.hash


def _read_state(folder: Path) -> State:
    data = json.loads((folder / "state.json").read_bytes())
    if data.get("format") != FORMAT:
        return State(format=int(data.get("format", 0)))
    return State(**data)


def _replace(path: Path, data: bytes) -> None:
    """Put *data* at *path* in one step that survives a power cut."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)

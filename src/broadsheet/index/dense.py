"""The dense index: one float16 row a paper in a memory-mapped file, and a FAISS IVF-SQ8 over it.

Row number = the paper's pk; a zero row is no vector. Up to `EXACT_ROWS` papers, and under a filter that keeps few,
every row is compared; above, an inverted file (Jegou et al. 2011) with 8-bit scalar-quantised residual-free codes
proposes candidates and the float16 rows give the final cosines, so the scores are the same either way.
"""

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from broadsheet.embed import Vectors

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FILE = "vectors.f16"
EXACT_ROWS = 50_000
NARROW_ROWS = 20_000  # a filter that keeps at most so many rows is answered by comparing them all
FIRST_EPOCH = 50_000
TRAIN_PER_LIST = 40  # rows a list for k-means, FAISS's own lower bound for a stable codebook
PROBES = 64
SCAN_BLOCK = 65_536  # rows converted to float32 at a time when scanning


class Near(NamedTuple):
    """Papers and their cosines to the question, best first, equal ones by pk; shapes (n,)."""

    pks: Pks
    cosines: Scores


def epoch_of(rows: int) -> int:
    """The row count at which the coarse quantiser was last fitted: 50,000, 100,000, 200,000 ... up to *rows*.

    Fitting on the rows below a fixed number makes an index that grew equal to one that was built at once.
    """
    epoch = FIRST_EPOCH
    while epoch * 2 <= rows:
        epoch *= 2
    return epoch


def lists_of(epoch: int) -> int:
    """Number of inverted lists: about 4 sqrt(n), as a power of two (FAISS's guideline), at most 4,096."""
    return min(4096, 1 << round(float(np.log2(4 * np.sqrt(epoch)))))


class Dense:
    """The vectors of one generation, for reading: *rows* of them are valid, *ivf* is a file name or empty."""

    def __init__(self, folder: Path, dim: int, rows: int, ivf: str) -> None:
        self.dim, self.rows = dim, rows
        mapped = (
            np.memmap(folder / FILE, np.float16, "r", shape=(rows, dim)) if rows else np.zeros((0, dim), np.float16)
        )
        self.vectors: npt.NDArray[np.float16] = mapped.view(np.ndarray)
        self._ivf_path = folder / ivf if ivf else None
        self._ivf: Any = None
        self._flat: Any = None

    def search(self, vector: "Vectors", limit: int, mask: Mask | None = None) -> Near:
        """The *limit* nearest papers by cosine to *vector* (dim,), among the rows where *mask* (rows,) is true."""
        if not self.rows or not vector.any():
            return NOWHERE
        if mask is not None:
            kept = np.flatnonzero(mask)
            if len(kept) <= NARROW_ROWS or self._ivf_path is None:
                return self._best(kept, self.cosines(vector, kept), limit)
        if self._ivf_path is None:
            return self._from_all(vector, limit)
        return self._from_lists(vector, limit, mask)

    def cosines(self, vector: "Vectors", pks: Pks) -> Scores:
        """Cosine of each of these papers, shape (len(pks),); 0 for a paper without a vector."""
        out = np.zeros(len(pks), np.float32)
        inside = np.flatnonzero((pks >= 0) & (pks < self.rows))
        for start in range(0, len(inside), SCAN_BLOCK):
            some = inside[start : start + SCAN_BLOCK]
            # Not a matrix product: for a few hundred rows BLAS wakes all cores, and loses by it under load.
            out[some] = np.einsum("ij,j->i", self.vectors[pks[some]].astype(np.float32), vector)
        return out

    def take(self, pks: Pks) -> "Vectors":
        """The vectors of these papers, float32, shape (len(pks), dim)."""
        return self.vectors[pks[(pks >= 0) & (pks < self.rows)]].astype(np.float32)

    def _from_all(self, vector: "Vectors", limit: int) -> Near:
        """Every row compared: FAISS reads the float16 rows as they are, half the bytes that a float32 copy has."""
        faiss = _faiss()
        if self._flat is None:
            flat = faiss.IndexScalarQuantizer(self.dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
            faiss.copy_array_to_vector(self.vectors.view(np.uint8).ravel(), flat.codes)
            flat.ntotal = self.rows
            faiss.omp_set_num_threads(1)  # one question is too small to share; threads serve other readers
            self._flat = flat
        _, found = self._flat.search(vector.reshape(1, -1), min(limit, self.rows))
        pks = found[0][found[0] >= 0].astype(np.int64)
        return self._best(pks, self.cosines(vector, pks), limit)

    def _best(self, pks: Pks, cosines: Scores, limit: int) -> Near:
        some = np.flatnonzero(cosines)  # a zero is a removed paper or one without a known word
        if len(some) > limit:
            edge = np.partition(cosines[some], len(some) - limit)[len(some) - limit]
            some = some[cosines[some] >= edge]
        order = some[np.lexsort((pks[some], -cosines[some]))][:limit]
        return Near(pks[order].astype(np.int64), cosines[order].astype(np.float32))

    def _from_lists(self, vector: "Vectors", limit: int, mask: Mask | None) -> Near:
        faiss = _faiss()
        if self._ivf is None:
            try:
                self._ivf = faiss.read_index(str(self._ivf_path), faiss.IO_FLAG_MMAP_IFC)  # mapped, not copied
            except RuntimeError:
                if self._ivf_path is None or self._ivf_path.exists():
                    raise
                self._ivf_path = None  # a refresh has replaced it since: this view compares all of its rows
                return self.search(vector, limit, mask)
            faiss.omp_set_num_threads(1)  # one question is too small to share; threads serve other readers
        selector = None
        if mask is not None:
            bits = np.packbits(mask, bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)
        chosen = faiss.SearchParametersIVF(nprobe=PROBES, sel=selector)
        _, found = self._ivf.search(vector.reshape(1, -1), limit, params=chosen)
        pks = found[0][found[0] >= 0].astype(np.int64)
        return self._best(pks, self.cosines(vector, pks), limit)


def _faiss() -> Any:
    """FAISS, loaded when an inverted file is really used; its wheel's type hints do not cover what we call."""
    return importlib.import_module("faiss")


NOWHERE = Near(np.zeros(0, np.int64), np.zeros(0, np.float32))


class DenseWriter:
    """Writes rows in place and the inverted file beside the old one; a state file names what is valid.

    Rows at or above the named count, and files it does not name, do not exist for readers; writing a row again after
    a crash is harmless.
    """

    def __init__(self, folder: Path, dim: int, rows: int, ivf: str) -> None:
        self._folder, self.dim, self.rows, self.ivf = folder, dim, rows, ivf
        self._epoch = epoch_of(rows)  # at which *ivf* was fitted, as it covers just these rows
        self._path = folder / FILE
        self._changed: list[Pks] = []
        mode = "r+b" if self._path.exists() else "w+b"
        self._file = self._path.open(mode)
        self._file.truncate(rows * dim * 2)

    def put(self, pks: Pks, vectors: "Vectors") -> None:
        """Set these rows; *pks* (n,) in any order, *vectors* (n, dim) of unit or zero rows."""
        if not len(pks):
            return
        order = np.argsort(pks, kind="stable")
        pks, rows = pks[order], vectors[order].astype(np.float16)
        top = int(pks[-1]) + 1
        if top > self.rows:
            self.rows = top
            self._file.truncate(top * self.dim * 2)  # the gap reads as zeros: no vectors
        starts = np.flatnonzero(np.r_[True, np.diff(pks) != 1])
        for start, end in zip(starts, [*starts[1:], len(pks)], strict=True):
            self._file.seek(int(pks[start]) * self.dim * 2)
            self._file.write(rows[start:end].tobytes())
        self._changed.append(pks)

    def flush(self) -> None:
        """Rows are on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def build(self, name: str, live: int, threads: int = 1) -> str:
        """Bring the inverted file up to the rows and write it as *name*; the name that is valid now, maybe empty."""
        self.flush()
        if live <= EXACT_ROWS:
            return ""
        rows = np.memmap(self._path, np.float16, "r", shape=(self.rows, self.dim))
        epoch = epoch_of(self.rows)
        _faiss().omp_set_num_threads(threads)
        index = self._grown(rows, epoch)
        if index is None:
            index = _fitted(rows, epoch)
            _fill(index, rows, np.arange(self.rows))
        faiss = _faiss()
        try:
            faiss.write_index(index, str(self._folder / (name + ".new")))
        except RuntimeError as error:  # what FAISS makes of a full disk
            raise OSError(str(error)) from error
        (self._folder / (name + ".new")).rename(self._folder / name)
        return name

    def _grown(self, rows: npt.NDArray[np.float16], epoch: int) -> Any:
        """The previous inverted file with the changed rows moved, or None if it must be fitted anew."""
        if not self.ivf or self._epoch != epoch:
            return None
        faiss = _faiss()
        index = faiss.read_index(str(self._folder / self.ivf))
        changed = np.unique(np.concatenate(self._changed)) if self._changed else np.zeros(0, np.int64)
        index.remove_ids(faiss.IDSelectorBatch(changed))
        _fill(index, rows, changed)
        return index

    def close(self) -> None:
        self._file.close()


def _fitted(rows: npt.NDArray[np.float16], epoch: int) -> Any:
    """An empty inverted file with its coarse quantiser learned from an even sample of the first *epoch* rows."""
    faiss = _faiss()
    lists = lists_of(epoch)
    coarse = faiss.IndexFlatIP(rows.shape[1])
    index = faiss.IndexIVFScalarQuantizer(
        coarse, rows.shape[1], lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.niter, index.cp.seed, index.cp.spherical = 8, 7, True
    step = max(1, epoch // (lists * TRAIN_PER_LIST))
    sample = rows[:epoch:step].astype(np.float32)
    sample = sample[sample.any(axis=1)]
    index.cp.min_points_per_centroid = 1
    index.train(sample)
    return index


def _fill(index: Any, rows: npt.NDArray[np.float16], pks: Pks) -> None:
    for start in range(0, len(pks), SCAN_BLOCK):
        some = pks[start : start + SCAN_BLOCK]
        block = rows[some].astype(np.float32)
        kept = block.any(axis=1)
        index.add_with_ids(block[kept], some[kept].astype(np.int64))

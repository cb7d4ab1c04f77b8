"""A static encoder: a text is the sum of its tokens' rows in a table, made unit length. No neural network at run time.

After Tulkens and van Dongen's Model2Vec (2024) for the shape and Arora et al. (2017) for the weights, which training
leaves in the lengths of the rows. The table is int8 with one scale a row, in one file of the safetensors format, which
is read here in a few lines: eight bytes of length, a JSON header, then the arrays.
"""

import hashlib
import json
import mmap
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from broadsheet.embed import Contract, Kind, Vectors
from broadsheet.embed._tokens import Read, Rows, Tokens
from broadsheet.errors import Mistake, NotFound, WorldError

if TYPE_CHECKING:
    import scipy.sparse as sp

FORMAT = "broadsheet-static"
VERSION = 1
FILE = "model.safetensors"
GENERAL = "general"  # the model in the package
MAX_LENGTH = 8_192  # characters of a passage that are read: abstracts have about 1,000
FEW = 8  # texts up to which gathering rows one by one is quicker than a sparse product
DAMPING = 0.7  # power of a count; measured in docs/encoder.md
CHUNK = 4_096  # texts whose words are held at once
HEADER_LIMIT = 1 << 20

_DTYPES: Mapping[str, type[np.generic]] = {"U8": np.uint8, "I8": np.int8, "F16": np.float16, "F32": np.float32}
_ARRAYS = {"vocabulary": ("U8", 1), "table": ("I8", 2), "scales": ("F32", 1)}


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a static encoder is, in memory.

    table    int8, shape (rows, dim); row times scale is the token's vector
    scales   float32, shape (rows,)
    made     how it was made, for people; not in the hash
    """

    name: str
    vocabulary: Sequence[bytes]
    table: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    made: str = ""


class StaticEncoder:
    """Texts to unit vectors by a token table. Safe to share between threads; the table is memory-mapped."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tokens = Tokens(parts.vocabulary)
        self._contract = Contract(parts.name, parts.table.shape[1], MAX_LENGTH, digest(parts))

    @property
    def contract(self) -> Contract:
        return self._contract

    @property
    def parts(self) -> Parts:
        return self._parts

    @property
    def made(self) -> str:
        """How it was made, for people."""
        return self._parts.made

    def encode(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """float32, shape (len(texts), dim), rows of unit length; a text without any known token is a zero row.

        Queries and passages are read alike. Holds the words of CHUNK texts at once, and nothing else that grows with
        their number but the result.
        """
        out = np.zeros((len(texts), self._contract.dim), np.float32)
        if len(texts) <= FEW:
            for row, text in enumerate(texts):
                out[row] = self._one(text)
        else:
            for start in range(0, len(texts), CHUNK):
                read = self._tokens.read(texts[start : start + CHUNK], MAX_LENGTH)
                out[start : start + CHUNK] = self._many(read)
        return unit(out)

    def _one(self, text: str) -> Vectors:
        rows, counts = self._tokens.of_text(text, MAX_LENGTH)
        weights = damp(counts) * self._parts.scales[rows]
        summed: Vectors = weights @ self._parts.table[rows].astype(np.float32)
        return summed

    def _many(self, read: Read) -> Vectors:
        """A vector for each distinct word first, then the sums: texts x words times words x dim."""
        starts = np.concatenate([[0], np.cumsum(read.lengths)])
        summed = _bags(read.words, starts) @ self._words(read.rows)
        rows, texts = self._tokens.pairs(read)
        if len(rows):
            distinct, numbers = np.unique(rows, return_inverse=True)
            starts = np.searchsorted(texts, np.arange(len(read.lengths) + 1))
            summed += _bags(numbers, starts) @ self._rows(distinct)
        result: Vectors = summed
        return result

    def _words(self, rows: Sequence[tuple[int, ...]]) -> Vectors:
        """Each word's vector: the sum of its rows'."""
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        flat = np.array([row for each in rows for row in each], np.int32)
        summed: Vectors = _bags(np.arange(len(flat)), starts) @ self._rows(flat)
        return summed

    def _rows(self, rows: Rows) -> Vectors:
        vectors = self._parts.table[rows].astype(np.float32)
        vectors *= self._parts.scales[rows, None]
        return vectors


def damp(counts: Vectors) -> Vectors:
    """What a token adds that occurs so many times in a text: less than so many times, so that none takes it over."""
    damped: Vectors = counts ** np.float32(DAMPING)
    return damped


def _bags(numbers: npt.NDArray[Any], starts: npt.NDArray[Any]) -> "sp.csr_matrix[Any]":
    """Damped counts of the *numbers* between each two *starts*: shape (len(starts) - 1, highest number + 1)."""
    import scipy.sparse as sp  # a tenth of a second that one question at the shell does not need

    shape = (len(starts) - 1, int(numbers.max(initial=-1)) + 1)
    bags = sp.csr_matrix((np.ones(len(numbers), np.float32), numbers, starts), shape=shape, copy=True)
    bags.sum_duplicates()
    bags.data = damp(bags.data)
    return bags


def unit(vectors: Vectors) -> Vectors:
    """Rows divided by their lengths, in place; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors


def digest(parts: Parts) -> str:
    """16 hex digits over everything that changes a vector: the file's layout, the vocabulary and the weights."""
    found = hashlib.sha256(f"{FORMAT} {VERSION} {MAX_LENGTH} {DAMPING} {parts.table.shape}".encode())
    for name, (_, array) in zip(_ARRAYS, _arrays(parts), strict=True):
        found.update(name.encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:16]


def quantize(vectors: Vectors) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """A table in int8 and one float32 scale a row, so that table x scale is *vectors* to half a step of 1/127."""
    scales = np.maximum(np.abs(vectors).max(1), np.float32(1e-12)).astype(np.float32) / np.float32(127)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


def load(path: Path) -> StaticEncoder:
    """The encoder in the file *path*, or in the folder *path*.

    Raises NotFound, Mistake for a file that is no such model or of another version, WorldError for a damaged one.
    """
    file = path / FILE if path.is_dir() else path
    try:
        with file.open("rb") as handle:
            if not os.fstat(handle.fileno()).st_size:
                raise WorldError(f"model {str(file)!r} is empty; copy or train it again")
            data = memoryview(mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError as error:
        raise NotFound(f"no model at {str(file)!r}; `broadsheet model train` makes one") from error
    except OSError as error:
        raise WorldError(f"cannot read model {str(file)!r}: {error.strerror}") from error
    header, body = _header(data, file)
    about = header.get("__metadata__")
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise Mistake(f"{str(file)!r} is not a Broadsheet static model (format {FORMAT!r} in its metadata)")
    if about.get("version") != str(VERSION):
        raise Mistake(
            f"model {str(file)!r} has format version {about.get('version')}, this Broadsheet reads {VERSION}; "
            "train it again with `broadsheet model train`, or use the Broadsheet that made it"
        )
    encoder = StaticEncoder(_parts(header, body, about, file))
    if encoder.contract.hash != about.get("hash"):
        raise WorldError(
            f"model {str(file)!r} is damaged: its weights hash to {encoder.contract.hash}, its header says "
            f"{about.get('hash')}; copy or train it again"
        )
    return encoder


def general() -> StaticEncoder:
    """The model that ships in the package."""
    return load(Path(str(resources.files("broadsheet.embed") / "models" / GENERAL)))


def save(parts: Parts, path: Path) -> str:
    """Write *parts* to the file *path*, beside it first, then renamed; returns the hash. Raises WorldError."""
    found = digest(parts)
    about = {"format": FORMAT, "version": str(VERSION), "name": parts.name, "hash": found, "made": parts.made}
    header: dict[str, Any] = {"__metadata__": about}
    blocks, offset = [], 0
    for name, (dtype, array) in zip(_ARRAYS, _arrays(parts), strict=True):
        blocks.append(np.ascontiguousarray(array).tobytes())
        end = offset + len(blocks[-1])
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 64)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, [len(text).to_bytes(8, "little"), text, *blocks])
    except OSError as error:
        raise WorldError(f"cannot write model {str(path)!r}: {error.strerror}") from error
    return found


def _replace(path: Path, blocks: Sequence[bytes]) -> None:
    """The file *path*, written beside and renamed, so that a reader or a crash meets the old one or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as handle:
            handle.writelines(blocks)
            handle.flush()
            os.fsync(handle.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _arrays(parts: Parts) -> list[tuple[str, npt.NDArray[Any]]]:
    """The file's arrays with their safetensors types, in the order of _ARRAYS."""
    text = np.frombuffer(b"\n".join(parts.vocabulary), np.uint8)
    arrays: list[npt.NDArray[Any]] = [text, parts.table, parts.scales]
    return [(dtype, array) for (dtype, _), array in zip(_ARRAYS.values(), arrays, strict=True)]


def _header(data: memoryview, file: Path) -> tuple[dict[str, Any], memoryview]:
    """The JSON header and the bytes after it."""
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= HEADER_LIMIT:
        raise Mistake(f"{str(file)!r} is not a model file: it does not begin with a safetensors header")
    try:
        header = json.loads(bytes(data[8 : 8 + size]))
    except ValueError as error:
        raise WorldError(f"model {str(file)!r} is damaged in its header; copy or train it again") from error
    if not isinstance(header, dict):
        raise Mistake(f"{str(file)!r} is not a model file: its header is not a JSON object")
    return header, data[8 + size :]


def _parts(header: Mapping[str, Any], body: memoryview, about: Mapping[str, str], file: Path) -> Parts:
    """The arrays, mapped where they lie. Raises WorldError when one is cut short or of the wrong shape."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, (dtype, rank) in _ARRAYS.items():
        try:
            entry = header[name]
            start, end = entry["data_offsets"]
            if entry["dtype"] != dtype or len(entry["shape"]) != rank or not 0 <= start <= end <= len(body):
                raise ValueError
            arrays[name] = np.frombuffer(body[start:end], _DTYPES[dtype]).reshape(entry["shape"])
        except (KeyError, TypeError, ValueError) as error:
            raise WorldError(f"model {str(file)!r} is damaged or cut short at its {name}; copy it again") from error
    vocabulary = arrays["vocabulary"].tobytes().split(b"\n")
    if not len(vocabulary) == len(arrays["table"]) == len(arrays["scales"]):
        raise WorldError(f"model {str(file)!r} is damaged: its tokens and its rows differ in number; copy it again")
    return Parts(about.get("name", ""), vocabulary, arrays["table"], arrays["scales"], about.get("made", ""))

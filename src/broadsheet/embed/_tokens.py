"""Text to rows of a token table: a frequent word is one row, any other is split; frequent pairs have a row too.

The work is done on UTF-8 bytes, and once for each distinct word of a batch, which is what makes a static encoder fast.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int32]

LONGEST_WORD = 64  # bytes; anything longer is not a word
PIECE = b"##"  # begins a piece that continues a word, as in WordPiece
PAIR = b" "  # between the two words of a pair
KEPT_WORDS = 1 << 17  # split words remembered between calls


def _table() -> bytes:
    """Byte to byte: letters to lower case, everything that ends a word to a space, the bytes of other scripts kept."""
    table = bytearray(b" " * 256)
    for byte in range(256):
        if chr(byte).isascii() and chr(byte).isalnum():
            table[byte] = ord(chr(byte).lower())
        elif byte >= 0x80 or byte in b"-'":
            table[byte] = byte
    return bytes(table)


_TABLE = _table()
_MARKS = re.compile("[\u0300-\u036f]+")
_NOT_WORD = re.compile(r"[^\w\x00-\x7f]+")  # those of ASCII are in the table
_JOINTS = re.compile(rb"[-']+")


def split(text: str, limit: int) -> list[bytes]:
    """The words of the first *limit* characters, lower case, without accents."""
    text = text[:limit]
    if not text.isascii():
        text = _NOT_WORD.sub(" ", _MARKS.sub("", unicodedata.normalize("NFKD", text)))
        text = text if text.isascii() else text.casefold()  # the table lowers what is ASCII
    return text.encode("utf-8", "ignore").translate(_TABLE).split()


class Read(NamedTuple):
    """Texts as numbers of distinct words, text after text.

    words     int32, shape (all words of all texts,)
    lengths   int64, shape (texts,): how many of them are each text's
    rows      rows of the table by number of the word; none for an unknown word
    """

    words: Rows
    lengths: npt.NDArray[np.int64]
    rows: list[tuple[int, ...]]


class Tokens:
    """A vocabulary, in the order of the table's rows. Safe to share between threads."""

    def __init__(self, vocabulary: Sequence[bytes]) -> None:
        self.vocabulary = vocabulary
        self._row = dict(zip(vocabulary, range(len(vocabulary)), strict=True))
        self._pairs = self._pair_rows()
        codes = sorted(self._pairs)
        self._pair_codes = np.array([*codes, np.iinfo(np.int64).max], np.int64)  # the last is never met, so a search
        self._pair_of_code = np.array([*map(self._pairs.__getitem__, codes), -1], np.int32)  # always lands on one
        self._opens = np.zeros(len(vocabulary) + 1, np.bool_)
        self._opens[np.array(codes, np.int64) // len(vocabulary)] = True
        self._split: dict[bytes, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def _pair_rows(self) -> dict[int, int]:
        """Code of two rows -> the row of the pair. Pairs come last in a vocabulary, so the search is short."""
        pairs = {}
        for row in range(len(self.vocabulary) - 1, -1, -1):
            first, pair, second = self.vocabulary[row].partition(PAIR)
            if not pair:
                break
            if first in self._row and second in self._row:
                pairs[self._row[first] * len(self.vocabulary) + self._row[second]] = row
        return pairs

    def of_word(self, word: bytes) -> tuple[int, ...]:
        """The rows of one word: its own, else those of its parts at hyphens, else of its pieces; none if unknown."""
        row = self._row.get(word)
        if row is not None:
            return (row,)
        known = self._split.get(word)
        if known is None:
            known = self._of_parts(word)
            if len(self._split) < KEPT_WORDS:
                self._split[word] = known
        return known

    def _of_parts(self, word: bytes) -> tuple[int, ...]:
        if len(word) > LONGEST_WORD:
            return ()
        rows: list[int] = []
        for part in _JOINTS.split(word):
            row = self._row.get(part)
            rows += self._pieces(part) if row is None else (row,)
        return tuple(rows)

    def _pieces(self, word: bytes) -> list[int]:
        """The longest known piece first, again and again (Wu et al. 2016); nothing when a rest is unknown."""
        rows, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                row = self._row.get(PIECE + word[start:end] if start else word[:end])
                if row is not None:
                    rows.append(row)
                    start = end
                    break
            else:
                return []
        return rows

    def of_text(self, text: str, limit: int) -> tuple[Rows, npt.NDArray[np.float32]]:
        """Rows of a text's distinct words and pairs, and how often each of those occurs; quick for a short text."""
        words = split(text, limit)
        each = {word: self.of_word(word) for word in words}
        counts = Counter(words)
        rows = [row for found in each.values() for row in found]
        times = [counts[word] for word, found in each.items() for _ in found]
        if self._pairs:
            pairs = Counter(filter(None, (self._pair(each[a], each[b]) for a, b in pairwise(words))))
            rows += pairs.keys()
            times += pairs.values()
        return np.array(rows, np.int32), np.array(times, np.float32)

    def _pair(self, first: tuple[int, ...], second: tuple[int, ...]) -> int | None:
        if len(first) == 1 == len(second):
            return self._pairs.get(first[0] * len(self.vocabulary) + second[0])
        return None

    def read(self, texts: Iterable[str], limit: int) -> Read:
        """Many texts at once."""
        number: defaultdict[bytes, int] = defaultdict()
        number.default_factory = number.__len__
        words: list[int] = []
        lengths: list[int] = []
        for text in texts:
            found = split(text, limit)
            lengths.append(len(found))
            words.extend(map(number.__getitem__, found))
        return Read(np.array(words, np.int32), np.array(lengths, np.int64), [*map(self.of_word, number)])

    def pairs(self, read: Read) -> tuple[Rows, npt.NDArray[np.int64]]:
        """Rows of the pairs of neighbours, in order, and the text of each."""
        single = np.array([rows[0] if len(rows) == 1 else -1 for rows in read.rows], np.int64)[read.words]
        text_of = np.repeat(np.arange(len(read.lengths)), read.lengths)
        near = (single[:-1] >= 0) & (single[1:] >= 0) & (text_of[:-1] == text_of[1:])
        near &= self._opens[single[:-1]]  # few words open a pair, and the search below is what takes time
        texts = text_of[:-1][near]
        codes = single[:-1][near] * len(self) + single[1:][near]
        place = np.searchsorted(self._pair_codes[:-1], codes)
        found = self._pair_codes[place] == codes
        return self._pair_of_code[place[found]], texts[found]

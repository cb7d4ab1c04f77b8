"""What the job of trending found, as files that every process maps: made anew, replaced whole, deleted at any time.

home/trending/CURRENT          the name of the folder that is valid
home/trending/000007/meta.json when it was made, and from what
home/trending/000007/week.score.npy ...
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from broadsheet.community.topics import NONE, Phrase, Rising
from broadsheet.trend import DAY, HOUR, WINDOW, Ints, One, Terms
from broadsheet.trend.forecast import Error

FOLDER = "trending"
FORMAT = 1
BUCKET = {"day": HOUR, "week": 6 * HOUR, "month": DAY}  # seconds of a point of the small plot
POINTS = {name: WINDOW[name] // size for name, size in BUCKET.items()}
_LOOKS = 3  # at a folder that is replaced meanwhile

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Window:
    """What one window says.

    terms   every term of the score; its rows are papers by number
    order   the papers with a score, the highest first
    spark   shape (n, points): what happened to each of the terms' papers, in equal steps up to now
    """

    terms: Terms
    order: Ints
    spark: Counts

    def scores(self, pks: Ints) -> Floats:
        """The scores of these papers, shape (len(pks),); 0 where nothing happened."""
        rows = self.terms.rows
        out = np.zeros(len(pks), np.float32)
        if len(rows):
            place = np.minimum(np.searchsorted(rows, pks), len(rows) - 1)
            found = rows[place] == pks
            out[found] = self.terms.score[place[found]]
        return out

    def hot(self) -> frozenset[int]:
        """The papers with a badge."""
        return frozenset(self.terms.rows[self.terms.hot].tolist())

    def one(self, pk: int) -> One | None:
        """The terms of one paper; None where nothing happened to it within the window."""
        return self.terms.one(pk)

    def points(self, pk: int) -> tuple[int, ...]:
        """The small plot of a paper, oldest first; empty where nothing happened to it."""
        rows = self.terms.rows
        place = int(np.searchsorted(rows, pk))
        found = place < len(rows) and rows[place] == pk
        return tuple(self.spark[place].tolist()) if found else ()


@dataclass(frozen=True, slots=True)
class Coming:
    """How many votes papers are likely to have `forecast.DAYS` days from now.

    rows    papers by number, ascending; those of which something can be said
    bounds  shape (len(rows), 3): the low end of the interval, the middle, the high end
    errors  how wrong such forecasts were on this library's past: of all ages first, then by age
    """

    rows: Ints
    bounds: Floats
    errors: tuple[Error, ...] = ()

    def of(self, pk: int) -> tuple[int, int, int] | None:
        """Low, likely, high; None where nothing can be said."""
        place = int(np.searchsorted(self.rows, pk))
        if place == len(self.rows) or self.rows[place] != pk:
            return None
        low, likely, high = (round(float(value)) for value in self.bounds[place])
        return low, likely, high


UNKNOWN = Coming(np.zeros(0, np.int64), np.zeros((0, 3), np.float32))


@dataclass(frozen=True, slots=True)
class Board:
    """All windows. *now* is when it was made, Unix seconds; *events* how many it was made from; *seconds* how long."""

    now: int
    windows: Mapping[str, Window]
    coming: Coming = UNKNOWN
    topics: Rising = NONE
    events: int = 0
    seconds: float = 0.0
    moved: tuple[int, ...] = ()
    stamp: str = ""  # of the index that told the papers
    name: str = field(default="", compare=False)


def save(home: Path, board: Board) -> None:
    """Makes *board* the one that is valid; readers go on with the old one until they look again."""
    folder = home / FOLDER
    number = max((int(path.name) for path in folder.glob("[0-9]*") if path.name.isdigit()), default=0) + 1
    made = folder / f"{number:06}"
    made.mkdir(parents=True)
    for name, one in board.windows.items():
        arrays: dict[str, npt.NDArray[Any]] = {**one.terms.arrays(), "order": one.order, "spark": one.spark}
        for part, array in arrays.items():
            np.save(made / f"{name}.{part}.npy", array.astype(np.float32) if array.dtype == np.float64 else array)
    np.save(made / "coming.rows.npy", board.coming.rows)
    np.save(made / "coming.bounds.npy", board.coming.bounds.astype(np.float32))
    meta = {
        "format": FORMAT, "now": board.now, "events": board.events, "seconds": board.seconds, "moved": board.moved,
        "stamp": board.stamp, "topics": board.topics, "errors": board.coming.errors,
    }  # fmt: skip
    (made / "meta.json").write_text(json.dumps(meta))
    new = folder / "CURRENT.new"
    new.write_text(made.name)
    new.replace(folder / "CURRENT")
    for old in sorted(folder.glob("[0-9]*")):
        if old.name < f"{number - 1:06}":  # the one before is being opened perhaps
            shutil.rmtree(old, ignore_errors=True)


class Boards:
    """The newest board of one library, looked up again whenever it is asked for. Safe to share between threads."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._stamp: tuple[int, int] | None = None
        self._board: Board | None = None

    def current(self) -> Board | None:
        """None where none was made yet, or it was deleted."""
        try:
            state = (self._folder / "CURRENT").stat()
        except OSError:
            self._stamp = self._board = None
            return None
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp != self._stamp:
            self._board, self._stamp = self._load(), stamp
        return self._board

    def _load(self) -> Board | None:
        for _ in range(_LOOKS):
            with suppress(OSError, ValueError, KeyError, TypeError):  # deleted, replaced, or not of our making
                return _load(self._folder / (self._folder / "CURRENT").read_text().strip())
        return None


def _load(folder: Path) -> Board | None:
    meta = json.loads((folder / "meta.json").read_text())
    if meta["format"] != FORMAT:
        return None
    windows = {name: _window(folder, name, meta["now"]) for name in WINDOW}
    span, compared, phrases = meta["topics"]
    topics = Rising(span, compared, tuple(Phrase(*phrase) for phrase in phrases))
    errors = tuple(Error(*error) for error in meta["errors"])
    coming = Coming(_mapped(folder / "coming.rows.npy"), _mapped(folder / "coming.bounds.npy"), errors)
    return Board(
        meta["now"], windows, coming, topics, meta["events"], meta["seconds"], tuple(meta["moved"]), meta["stamp"],
        folder.name,
    )  # fmt: skip


def _window(folder: Path, name: str, now: int) -> Window:
    arrays = {path.name.split(".")[1]: _mapped(path) for path in folder.glob(f"{name}.*.npy")}
    return Window(Terms.from_arrays(name, now, arrays), arrays["order"], arrays["spark"])


def _mapped(path: Path) -> npt.NDArray[Any]:
    mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r").view(np.ndarray)
    return mapped

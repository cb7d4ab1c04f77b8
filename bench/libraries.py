"""Libraries to measure: made once from a corpus, kept in bench/.cache, made again with --fresh."""

import shutil
from pathlib import Path

from bench.corpus import CACHE, REAL, remixed
from broadsheet.library import Library, open_library

_MARK = "whole"


def corpus_of(papers: int) -> Path:
    """The file with so many papers: the real ones for 0, else re-mixed ones."""
    return remixed(papers) if papers else REAL


def home_of(papers: int) -> Path:
    return CACHE / f"library-{papers or 'real'}"


def empty(papers: int) -> Path:
    """The folder for a library of so many papers, with nothing in it."""
    return emptied(home_of(papers))


def emptied(home: Path) -> Path:
    """*home*, there and with nothing in it."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return home


def mark(library: Library) -> None:
    """Notes that *library* is whole, and by which encoder."""
    (library.home / _MARK).write_text(library.encoder.contract.hash)


def prepared(papers: int, *, fresh: bool = False) -> Path:
    """The folder of a library with so many papers, all indexed.

    Made when it is not there, when the encoder is another one by now, or when *fresh* is asked for.
    """
    home = home_of(papers)
    with open_library(home) as library:
        marked = home / _MARK
        if not fresh and marked.exists() and marked.read_text() == library.encoder.contract.hash:
            return home
    empty(papers)
    with open_library(home) as library:
        library.add([corpus_of(papers)])
        mark(library)
    return home

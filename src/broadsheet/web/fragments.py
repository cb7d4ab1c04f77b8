"""Rows of papers as they are drawn, remembered: most readers see most papers in the same words.

A row is drawn with a stand-in for its reason, which differs from reader to reader, and the reason is put in its place.
What a reader did with a paper is part of what a row is remembered by.
"""

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from broadsheet.web.rows import Row

MOST = 4_000  # rows, of about 5 KB each
_STAND_IN = "the reason of this row"


class Fragments:
    """Safe to share between threads."""

    def __init__(self, templates: Environment) -> None:
        self._macros: Any = templates.get_template("_paper.html").module
        self._stand_in = ""
        self._rows: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._lock = threading.Lock()

    def row(self, entry: Row, version: tuple[object, ...], *, level: int = 3, lead: bool = False) -> Markup:
        """The row of *entry*. *version*: another one whenever its paper may say something else than before."""
        bare = replace(entry, why=_STAND_IN, signals=(), score=0.0)
        key = (version, level, lead, entry.place, entry.counts, entry.mine, entry.may, entry.badges, entry.spark)
        with self._lock:
            drawn = self._rows.get(key)
            if drawn is not None:
                self._rows.move_to_end(key)
        if drawn is None:
            drawn = str(self._macros.row(bare, level=level, lead=lead))
            with self._lock:
                self._rows[key] = drawn
                while len(self._rows) > MOST:
                    self._rows.popitem(last=False)
        if not self._stand_in:  # what it looks like says nothing of the paper
            self._stand_in = str(self._macros.why(bare))
        return Markup(drawn.replace(self._stand_in, str(self._macros.why(entry)), 1))

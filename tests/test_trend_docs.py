"""docs/trending.md publishes the formula: every number that stands there is the one that counts, none is left out."""

import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from broadsheet import trend
from broadsheet.trend import HOUR, SIGNALS, WEIGHT

PAGE = (Path(__file__).parents[1] / "docs" / "trending.md").read_text(encoding="utf-8")
WITHOUT_EFFECT = {"SAME_THING", "CELLS"}  # said in words; how much is held at once


def published() -> list[tuple[str, str]]:
    """Name and value of every row of docs/trending.md that has them."""
    return re.findall(r"^\| `?([\w.]+)`? \| ([\d., inf]+) \| ", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("name", "value"), published())
def test_what_is_published_is_what_is_done(name: str, value: str) -> None:
    said = [float(number) for number in value.split(", ")]
    room, _, constant = name.rpartition(".")
    if room:
        found = np.ravel(getattr(importlib.import_module(f"broadsheet.trend.{room}"), constant)).tolist()
    elif name in SIGNALS:
        found = [WEIGHT[SIGNALS.index(name)]]
    else:
        found = [trend.WINDOW[name] / HOUR]
    assert found == said


def test_every_constant_is_published() -> None:
    names = {name for name, _ in published()}
    assert {*SIGNALS, *trend.WINDOW} <= names
    for room in ("baseline", "counting", "forecast", "formula", "independence", "within"):
        source = inspect.getsource(importlib.import_module(f"broadsheet.trend.{room}"))
        own = set(re.findall(r"^([A-Z]{2}[A-Z_]*)(?:, [A-Z]+)* = ", source, re.MULTILINE)) - WITHOUT_EFFECT
        assert {f"{room}.{name}" for name in own} <= names


def test_half_lives_are_published() -> None:
    for window, seconds in trend.HALF_LIFE.items():
        assert f"| {window} | {trend.WINDOW[window] // HOUR} | {seconds // HOUR} |" in PAGE

"""Encoders by name: the package's own, a library's, a folder's, a third party's."""

from pathlib import Path

import pytest

from broadsheet import embed
from broadsheet.errors import UnknownName
from broadsheet.library import open_library
from corpus import ROWS, write

MODULE = '''
import numpy as np
from broadsheet.embed import Contract

class Letters:
    """A text is how often it has each letter."""
    contract = Contract("letters", 26, 10_000, "0123456789abcdef")

    def encode(self, texts, kind):
        counts = np.array([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)

def load(models):
    return Letters()
'''


def test_a_third_partys_encoder_by_its_dotted_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "letters_family").mkdir()
    (tmp_path / "letters_family" / "letters.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    with open_library(tmp_path / "library", flags={"encoder": "letters_family.letters"}, env={}) as library:
        library.add([write(tmp_path / "papers.jsonl", ROWS[:50])])
        page = library.search(ROWS[7]["title"])
        assert page.hits[0].paper.title == ROWS[7]["title"]
        assert library.index.state().contract == "0123456789abcdef"


def test_unknown_names_say_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(UnknownName, match=r"no encoder named 'yours' \(have: general, mine\)"):
        embed.load("yours", tmp_path)
    with pytest.raises(UnknownName, match=r"cannot import 'no\.such\.module'"):
        embed.load("no.such.module", tmp_path)

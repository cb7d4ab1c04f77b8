"""Text to vectors: the encoder contract, codecs, encoders, training. Knows no papers and no SQL."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from broadsheet import registry
from broadsheet.errors import UnknownName

Vectors = npt.NDArray[np.float32]
Kind = Literal["query", "passage"]


@dataclass(frozen=True, slots=True)
class Contract:
    """What an encoder promises. Vectors of different contracts never meet: `hash` is compared, not `name`.

    name         for people: ``static-general``
    dim          length of each vector
    max_length   characters of a passage that are read; the rest is ignored
    hash         16 hex digits over the weights, the tokenizer and the prefixes
    """

    name: str
    dim: int
    max_length: int
    hash: str
    query_prefix: str = ""
    passage_prefix: str = ""


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    @property
    def contract(self) -> Contract: ...

    def encode(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """float32, shape (len(texts), dim), rows of unit length; a text without any known token is a zero row."""
        ...


def load(name: str, models: Path) -> Encoder:
    """The encoder *name*: ``general`` (in the package), a model in the folder *models*, or a model's own folder.

    A dotted name is a module of a third party, whose ``load(models: Path) -> Encoder`` is called.
    """
    from broadsheet.embed import static

    if name == static.GENERAL:
        return static.general()
    folder = models / name if (models / name).is_dir() else Path(name).expanduser()
    if "." in name and not folder.exists() and not set("/\\") & set(name):
        module: Any = registry.load(sys.modules[__name__], name)
        encoder: Encoder = module.load(models)
        return encoder
    if not folder.is_dir():
        have = sorted({static.GENERAL, *(path.name for path in models.glob("*/") if not path.name.startswith("."))})
        raise UnknownName(f"no encoder named {name!r} (have: {', '.join(have)}), and no folder of that name")
    return static.load(folder)

"""What an edition says, in no language: papers by row, in parts, each with its reasons as a code and what fills it in.

It is kept in the ledger, so that the letter, the page and the feed of an edition are the same for ever, and a letter
that is tried again is the letter that was tried first.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

PARTS = ("wishes", "authors", "near", "rising", "front", "wild")  # in the order of a letter
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Why:
    """A reason: ``topic`` {name}, ``search`` {name}, ``list`` {name}, ``author`` {name}, ``near`` {title, count},
    ``rising`` {votes, ...}, ``front`` {}, ``picked`` {note}, ``wild`` {name}. `mail.languages` has the sentence.
    """

    code: str
    args: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Printed:
    """A paper by its row, and why it is there, the strongest reason first."""

    pk: int
    whys: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """*key*: one of PARTS; *name*: of the wish that it is for, where it is for one."""

    key: str
    name: str
    papers: tuple[Printed, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """parts    those with papers
    quiet    reasons why there is little or nothing: codes as of `Why`
    minutes  that reading it takes
    looked   how many papers were new
    """

    parts: tuple[Part, ...] = ()
    quiet: tuple[Why, ...] = ()
    minutes: int = 0
    looked: int = 0

    def papers(self) -> Iterator[Printed]:
        """All of them, in order."""
        for part in self.parts:
            yield from part.papers


def pack(content: Content) -> bytes:
    """As the ledger keeps it."""
    return zlib.compress(orjson.dumps(content))


def unpack(data: bytes) -> Content:
    """What `pack` packed."""
    held = orjson.loads(zlib.decompress(data))
    return Content(
        tuple(_part(one) for one in held["parts"]), tuple(_why(one) for one in held["quiet"]),
        held["minutes"], held["looked"],
    )  # fmt: skip


def _part(held: dict[str, Any]) -> Part:
    papers = tuple(Printed(one["pk"], tuple(_why(why) for why in one["whys"])) for one in held["papers"])
    return Part(held["key"], held["name"], papers)


def _why(held: dict[str, Any]) -> Why:
    return Why(held["code"], held["args"])

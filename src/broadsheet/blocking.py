"""Where to look for the same work: hashes that two copies of it mostly share, though their titles differ a little.

A copy is kept under its whole title, its title without the subtitle, and the family name of its first author with the
first and with the last words of the title: an edit of one word, or of some that stand together, leaves one of the last
two alone (Christen, Data Matching, chapter 4: blocking by several keys). What shares a block is only looked at; whether
it is the same work is decided by much more. Pure.
"""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from broadsheet.paper import Paper
from broadsheet.text import STOP_WORDS, title_key

_SUBTITLE = re.compile(r"\s*(?::|\s[–—-]{1,3}\s|\?\s|\.\s)\s*")
_VERSIONS = frozenset("v1 v2 v3 v4 version extended full long short journal preprint revised draft".split())
_DULL = STOP_WORDS | _VERSIONS
_MAIN = 0x5A17C3E9D2B48F61  # tells a title without its subtitle from a whole one
_LAST = 0x2F6E2B1  # tells last words from first ones
_SHORTEST = 12  # letters of a title without its subtitle; a shorter one says too little


def block_of(key: str) -> int:
    """A signed 64-bit hash of a normalised title. Sure to be the same in every Python and on every machine."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


class Blocks(NamedTuple):
    """What a copy is kept under (*own*), and what else to look under: copies with a subtitle more or less (*more*)."""

    own: tuple[int, ...]
    more: tuple[int, ...]


def made(title: str, surname: str) -> Blocks:
    """The blocks of a copy with this title and family name of the first author; none when the title has no words.

    The author's are cheap hashes, since millions of copies are asked for theirs, and two that meet by chance cost only
    a look: the name's in the upper half, so that an author's rows are neighbours in the table, the words' in the lower.
    """
    whole = title_key(title)
    if not whole:
        return Blocks((), ())
    key = block_of(whole)
    own, more = [key], [key ^ _MAIN]
    if main := main_title(title):
        short = block_of(main)
        own.append(short ^ _MAIN)
        more.append(short)
    said = [word for word in whole.split() if word not in _DULL]
    if surname and len(said) >= 3:
        who = (crc32(surname.encode()) - (1 << 31)) << 32
        own.append(who | crc32(f"{said[0]} {said[1]}".encode()))
        own.append(who | crc32(f"{said[-2]} {said[-1]}".encode()) ^ _LAST)
    return Blocks(tuple(own), tuple(more))


of = lru_cache(maxsize=1 << 13)(made)  # asked for to match, to decide and to write


def blocks(paper: Paper) -> tuple[int, ...]:
    """What a copy is kept under; empty when its title has no words."""
    return of(paper.title, paper.first_author).own


def near(paper: Paper) -> tuple[int, ...]:
    """What to look under for copies of the same work: its own, and those of one with a subtitle more or less."""
    own, more = of(paper.title, paper.first_author)
    return own + more


def main_title(title: str) -> str:
    """The key of the title without its subtitle; empty when it has none, or would be too short without."""
    if not (":" in title or " -" in title or "?" in title or ". " in title or "—" in title or "–" in title):
        return ""
    head = title_key(_SUBTITLE.split(title, maxsplit=1)[0])
    return head if len(head) >= _SHORTEST and " " in head and head != title_key(title) else ""

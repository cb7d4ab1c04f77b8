"""Where to look for the same work: hashes that two copies of it mostly share, though their titles differ a little.

A copy is kept under its whole title, its title without the subtitle, and the family name of its first author with the
first and with the last words of the title: an edit of one word, or of some that stand together, leaves one of the last
two alone (Christen, Data Matching, chapter 4: blocking by several keys). What shares a block is only looked at; whether
it is the same work is decided by much more. Pure.
"""

import re
from functools import lru_cache
from hashlib import blake2b

from broadsheet.paper import Paper
from broadsheet.text import STOP_WORDS, title_key

_SUBTITLE = re.compile(r"\s*(?::|\s[–—-]{1,3}\s|\?\s|\.\s)\s*")
_VERSIONS = frozenset("v1 v2 v3 v4 version extended full long short journal preprint revised draft".split())
_SHORTEST = 12  # letters of a title without its subtitle; a shorter one says too little


@lru_cache(maxsize=1 << 14)  # asked for once to match and once to write
def block_of(key: str) -> int:
    """A signed 64-bit hash of a key. Sure to be the same in every Python and on every machine."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def blocks(paper: Paper) -> tuple[int, ...]:
    """What a copy is kept under; empty when its title has no words."""
    return tuple(map(block_of, _keys(paper.title, paper.first_author)))


def near(paper: Paper) -> tuple[int, ...]:
    """What to look under for copies of the same work: its own, and those of one with a subtitle more or less."""
    own = _keys(paper.title, paper.first_author)
    if not own:
        return ()
    main = main_title(paper.title)
    more = [f"m|{own[0]}"] + ([main] if main else [])
    return tuple(map(block_of, dict.fromkeys((*own, *more))))


@lru_cache(maxsize=1 << 13)
def main_title(title: str) -> str:
    """The key of the title without its subtitle; empty when it has none, or would be too short without."""
    if not (":" in title or " -" in title or "?" in title or ". " in title or "—" in title or "–" in title):
        return ""
    head = title_key(_SUBTITLE.split(title, maxsplit=1)[0])
    return head if len(head) >= _SHORTEST and " " in head and head != title_key(title) else ""


@lru_cache(maxsize=1 << 13)
def _keys(title: str, surname: str) -> tuple[str, ...]:
    whole = title_key(title)
    if not whole:
        return ()
    main = main_title(title)
    found = [whole] + ([f"m|{main}"] if main else [])
    said = [word for word in whole.split() if word not in STOP_WORDS and word not in _VERSIONS]
    if surname and len(said) >= 3:
        found += [f"f|{surname}|{said[0]} {said[1]}", f"l|{surname}|{said[-2]} {said[-1]}"]
        if len(said) >= 5:
            found.append(f"x|{surname}|{' '.join(sorted(sorted(said, key=len)[-2:]))}")
    return tuple(found)

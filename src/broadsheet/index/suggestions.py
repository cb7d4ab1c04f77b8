"""What is offered while somebody types: authors by any of their names, venues and categories by any of their words.

And names by a number, which stands for them where they are counted.

Each is a term of the field ``suggest``: ``kind beginning-folded-text \\x1f text as shown``; the lexical index lists the
terms that begin with what was typed, and counts the papers of each.
"""

from collections.abc import Iterator
from hashlib import blake2b

from broadsheet.paper import Paper
from broadsheet.text import fold

SPLIT = "\x1f"
KINDS = {"author": "a", "venue": "v", "category": "c"}
LONGEST = 80  # characters of a value; longer ones are not offered
MOST_WORDS = 6  # of a value that it may be found by


def entries(paper: Paper) -> Iterator[str]:
    """The terms of one paper, each once."""
    found = [("author", name) for name in paper.authors]
    found += [("venue", paper.venue)] if paper.venue else []
    found += [("category", category) for category in paper.categories]
    terms = (f"{KINDS[kind]}{start}{SPLIT}{value}" for kind, value in found for start in beginnings(kind, value))
    yield from dict.fromkeys(terms)


def code(name: str) -> int:
    """The number of an author's name: 52 bits of a hash, which JSON and floats keep whole."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 12


def named(name: str) -> str:
    """The term by which a name is found by its `code`."""
    return f"{of_code(code(name))}{name}"


def of_code(number: int) -> str:
    """How the term begins that has the name of that `code` behind it."""
    return f"#{number:013x}{SPLIT}"


def beginnings(kind: str, value: str) -> Iterator[str]:
    """Each rest of the folded value that begins with a word; a name also turned: ``hinton geoffrey``."""
    if len(value) > LONGEST or SPLIT in value:
        return
    words = fold(value).split()[:MOST_WORDS]
    for place in range(len(words)):
        yield " ".join([*words[place:], *(words[:place] if kind == "author" else ())])

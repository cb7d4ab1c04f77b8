"""The marks and words of a question, one after another, with their places."""

import re
from collections.abc import Iterator
from typing import NamedTuple

ID_FIELDS = ("id", "doi", "arxiv", "acl", "openalex", "pmid", "pmcid", "hf")  # what an identifier may be asked for by
FIELDS = {
    "title": "title", "ti": "title", "abstract": "abstract", "abs": "abstract", "author": "author", "au": "author",
    "venue": "venue", "category": "category", "cat": "category", "source": "source", "has": "has", "year": "year",
    "added": "added", "like": "like", "in": "in", **{name: name for name in ID_FIELDS},
}  # fmt: skip

_NAMES = "|".join(sorted(FIELDS, key=len, reverse=True))
_TOKEN = re.compile(
    rf"""(?P<sign>(?<![^\s"“”(])[-+](?=[^\s)]))?(?:(?<![^\s"“”()+-])(?P<field>{_NAMES}):(?=[^\s)]))?"""
    r"""(?:["“”](?P<phrase>[^"“”]*)(?P<close>["“”]|$)|(?P<bracket>[()])|(?P<word>[^\s"“”()]+))""",
    re.IGNORECASE | re.ASCII,  # of all white space, `clean` leaves the blank
)
_OPERATOR = re.compile(r"AND|OR|NOT")
_ADDRESS = re.compile(r'[^\s"“”]+')  # an identifier has brackets in it: 10.1016/S0140-6736(20)30183-5


class Token(NamedTuple):
    """*kind* is ``word``, ``phrase``, ``(``, ``)``, ``AND``, ``OR`` or ``NOT``; *sign*, - or +, stands before it.

    *start* is its place in the text; *closed* is false for a phrase whose last quotation mark is missing.
    """

    kind: str
    value: str
    field: str
    sign: str
    start: int
    closed: bool = True


def tokens(text: str) -> Iterator[Token]:
    """*text* is `text.clean`. A field before a bracket or a word belongs to it, one before a blank is a word.

    A bracket inside of a word groups nothing: ``SE(3)-equivariant`` is three words.
    """
    at, grouping = 0, list[bool]()
    while match := _TOKEN.search(text, at):
        at = match.end()
        field = FIELDS.get((match["field"] or "").lower(), "")
        sign, start = match["sign"] or "", match.start()
        if match["phrase"] is not None:
            closed = bool(match["close"])
            yield Token("phrase", " ".join(match["phrase"].split()), field, sign, start, closed)
        elif (field in ID_FIELDS or field == "like") and match["bracket"] != ")":
            value, at = _address(text, match.start("word" if match["word"] is not None else "bracket"))
            yield Token("word", value, field, sign, start)
        elif match["bracket"]:
            if _groups(match, grouping):
                yield Token(match["bracket"], "", field, sign, start)
        elif not (sign or field) and _OPERATOR.fullmatch(match["word"]):
            yield Token(match["word"], match["word"], "", "", start)
        elif word := match["word"] if text[start - 1 : start] != ")" else match["word"].lstrip("-+"):
            yield Token("word", word, field, sign, start)


def _groups(match: re.Match[str], grouping: list[bool]) -> bool:
    """Whether a bracket is one of the language; *grouping* says it of those that are open."""
    if match["bracket"] == "(":
        before = match.string[match.start() - 1 : match.start()]
        grouping.append(bool(match["sign"] or match["field"]) or not before or before in ' "“”(')
        return grouping[-1]
    return grouping.pop() if grouping else True


def _address(text: str, start: int) -> tuple[str, int]:
    """What stands at *start* up to a blank, or to a bracket that closes more than it opened; and where it ends."""
    match = _ADDRESS.match(text, start)
    end, open_ = start, 0
    for end in range(start, match.end() if match else start):
        open_ += {"(": 1, ")": -1}.get(text[end], 0)
        if open_ < 0:
            return text[start:end], end
    return (match[0], match.end()) if match else ("", start)

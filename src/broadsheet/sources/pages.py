r"""Saved result pages of a paper-discovery service: the page's own lines, then a title, an abstract, a title, ...

Two renderings are known: with blank lines between and a header that ends in a date (``Mar 11``, the day the page was
saved: no date of a paper, and without a year); and without blank lines, ``Subscribe`` fused to the first title.

The service's texts lost some of their LaTeX (``1280times720``), kept some (``5.8\%``) and doubled some addresses; what
can be told from good text is put right, the rest is left alone.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from broadsheet.paper import MAX_ABSTRACT, Fault, Paper, make
from broadsheet.sources._latex import accents
from broadsheet.sources._lines import MAX_LINE, MAX_RAW, decode, lines
from broadsheet.text import clean

SUFFIXES = (".txt", ".text")
MAX_TITLE_HERE = 350  # characters; the longest of 752 titles has 144, the shortest abstract 498

_CHROME = re.compile(
    r"(?:new|Subscribe|Get trending papers in your email inbox(?: once a day)?!|by\s?AK and the research community"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2})$"
)
_BANNER = re.compile(rb"Get trending papers in your email inbox")
_FUSED = re.compile(r"Subscribe(?=\S)")

_URL = r"https?://[^\s{}<>\"]+"
_FIXES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (rf"({_URL}?)\.?/?\{{\1\.?/?\}}", r"\1"),  # X{X}
        (rf"({_URL}?)\.?\1(?=[\s.,;)]|$)", r"\1"),  # X.X
        (rf"\\?\burl\{{({_URL})\}}", r"\1"),
        (rf"(?<=\bURL)(?={_URL})", " "),
        (rf"(?<=\w:)(?={_URL})", " "),
        (r"https?://hf-mirror\.[\w.-]+/", "https://huggingface.co/"),  # a proxy that stood between
        (r"\\([%&_#])", r"\1"),
        (r"\\(?= )", ""),
        (r"\\eg\b", "e.g."),
        (r"\\ie\b", "i.e."),
        (r"\\?\b(?:textit|textbf|texttt|textsc|emph)\{([^{}]*)\}", r"\1"),
        (r"\{([=+<>-])\}", r"\1"),
        (r"``([^`']{1,200})''", r"“\1”"),
        (r"~([a-z]+)(\d{4})[a-z]+\b", r" (\1, \2)"),  # a key of \cite
        (r"(?<=\w)~(?=\()|(?<=[A-Za-z])~(?=\d)|(?<=%)~(?=\()", " "),
        (r"(?<=\d)\{times\}(?=\d)|(?<=\d)times (?=\d)|(?<=\d)times(?=\d|\b)", "×"),
        (r"\b(\d+) times (?=\1\b)|\b(\d{3,}) times (?=\d{3,}\b)", r"\1\2×"),
        (r"\bsim(?=\d)|\bsim (?=10\^)", "~"),
        (r"\bleq (?=\d)|(?<=\()le (?=\d)", "≤"),
        (r"\bgeq (?=\d)|(?<=\()ge (?=\d)", "≥"),
        (r"\bell_(?=\d)", "ℓ_"),
    )
)


def sniff(head: bytes, name: str) -> float:
    return 0.98 if _BANNER.search(head[:400]) else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Paper | Fault]:
    for number, title, abstract in _pairs(stream):
        if skip > 0:
            skip -= 1
        elif wrong := _wrong(title, abstract):
            yield Fault(f"line {number}", wrong, (title or abstract).encode("utf-8", "replace")[:MAX_RAW])
        else:
            yield make(source, repaired(title), at=at, abstract=repaired(abstract))


def repaired(text: str) -> str:
    """*text* with the service's known damage put right, where that cannot hurt good text."""
    text = accents(text)
    for pattern, to in _FIXES:
        text = pattern.sub(to, text)
    return text


def _wrong(title: str, abstract: str) -> str:
    if not title:
        return "an abstract without a title"
    if not abstract:
        return "a title without an abstract"
    return f"an abstract of {len(abstract):,} characters" if len(abstract) > MAX_ABSTRACT else ""


def _pairs(stream: BinaryIO) -> Iterator[tuple[int, str, str]]:
    """(line of the title, title, abstract). A title is short, so a missing half does not shift all the others."""
    title, where, seen = "", 0, False
    for line in lines(stream):
        text = clean(decode(line.data[: MAX_LINE >> 4]))
        if not seen:
            text = _FUSED.sub("", text)
        if not text or _CHROME.match(text):
            continue
        seen = True
        if len(text) > MAX_TITLE_HERE:
            yield where if title else line.number, title, text
            title = ""
        elif title:
            yield where, title, ""
            title, where = text, line.number
        else:
            title, where = text, line.number
    if title:
        yield where, title, ""

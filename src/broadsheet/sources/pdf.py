"""A paper as a PDF: title, authors, abstract and ids, read from its first pages by pypdf (the extra ``pdf``).

What is found is a best guess, so it comes with little trust: whatever another source says about the same paper wins.
Only the first pages are looked at, and only their first text: the reference list has other papers' ids. A file that
takes too long, or is damaged, encrypted or a scan, is set aside with that reason.
"""

import io
import logging
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from broadsheet import ids
from broadsheet.errors import MissingExtra
from broadsheet.paper import MAX_ABSTRACT, Fault
from broadsheet.sources import Record
from broadsheet.sources._fields import WrongRecord, to_paper
from broadsheet.text import clean

SUFFIXES = (".pdf",)
PAGES = 3  # that are looked at
MOST = 200 << 20  # bytes of a file that is looked at
SECONDS = 20
_TEXT = 40_000  # characters of a page
_ARXIV = re.compile(r"arXiv:\s*((?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?)", re.IGNORECASE)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+[^\s\"<>.,;)\]]")
_REFERENCES = re.compile(r"\n\s*(?:\d+\.?\s*)?(?:References|Bibliography|REFERENCES)\s*\n")
_ABSTRACT = re.compile(r"\bAbstract\b\s*[:.—–-]?\s*", re.IGNORECASE)
_AFTER = re.compile(
    r"\n\s*(?:1\.?|I\.?)?\s*(?:Introduction|INTRODUCTION|Keywords|Index Terms|CCS Concepts|Categories)\b"
)
_NO_TITLE = re.compile(
    r"^(?:untitled|microsoft word.*|powerpoint.*|slide 1|title|paper|manuscript|main|template"
    r"|.*\.(?:docx?|tex|dvi|pdf|indd|rtf))$|^\W*$",
    re.IGNORECASE,
)


def sniff(head: bytes, name: str) -> float:
    return 1.0 if head[:1024].lstrip().startswith(b"%PDF-") else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    """The one paper that the file is. Raises MissingExtra without pypdf."""
    try:
        import pypdf
    except ModuleNotFoundError as error:
        raise MissingExtra("reading a PDF needs pypdf: pip install 'broadsheet[pdf]'") from error
    if skip:
        return
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it thinks of a file is in our reason
    data = stream.read(MOST + 1)
    try:
        if len(data) > MOST:
            raise WrongRecord(f"larger than {MOST >> 20} MB")
        with _limited(SECONDS):
            said = _read(pypdf, data)
        yield to_paper(said, source=source, at=at)
    except WrongRecord as wrong:
        yield Fault("the PDF", str(wrong), data[:4_096])


def _read(pypdf: Any, data: bytes) -> dict[str, Any]:
    """What the file says. pypdf meets damaged files with many kinds of error, all of which mean the same here."""
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise WrongRecord("encrypted with a password")
        pages = [reader.pages[number] for number in range(min(PAGES, len(reader.pages)))]
        texts = [str(page.extract_text() or "")[:_TEXT] for page in pages]
        large = _largest(pages[0]) if pages else ""
        info = reader.metadata or {}
        told = str(info.get("/Title") or ""), str(info.get("/Author") or "")
    except WrongRecord:
        raise
    except _TooLong:
        raise WrongRecord(f"it could not be read in {SECONDS} s") from None
    except (Exception, RecursionError) as error:  # noqa: BLE001  # whatever a hostile file makes of a parser
        raise WrongRecord(f"damaged ({type(error).__name__})") from None
    return _said(texts, large, *told)


def _said(texts: list[str], large: str, title: str, author: str) -> dict[str, Any]:
    body = "\n".join(texts)
    if len(body.strip()) < 100:
        raise WrongRecord("no text in it; is it a scan?")
    head = _REFERENCES.split("\n".join(texts[:2]))[0]
    title = clean(title)
    if _NO_TITLE.match(title) or len(title) < 8:
        title = large
    known = [
        found
        for found in (_first_id(_ARXIV, head, "arxiv:"), _first_id(_DOI, _AFTER.split(head)[0][:6_000], "doi:"))
        if found
    ]
    names = re.split(r"\s*[;]\s*|\s*,\s*|\s+and\s+", author) if 3 < len(author) < 2_000 and "@" not in author else []
    return {"title": title, "abstract": _abstract(head), "authors": names, "ids": known}


def _first_id(pattern: re.Pattern[str], head: str, scheme: str) -> str | None:
    match = pattern.search(head)
    return ids.parse(scheme + (match[1] if match.groups() else match[0])) if match else None


def _abstract(head: str) -> str:
    start = _ABSTRACT.search(head[:8_000])
    if not start:
        return ""
    rest = head[start.end() : start.end() + 4_000]
    end = _AFTER.search(rest)
    body = rest[: end.start()] if end else rest.split("\n\n")[0]
    return re.sub(r"(\w)-\n(\w)", r"\1\2", body)[:MAX_ABSTRACT]


def _largest(page: Any) -> str:
    """The text in the largest letters of the page: mostly its title."""
    runs: list[tuple[float, str]] = []

    def visit(text: str, cm: Any, tm: Any, font: Any, size: float) -> None:
        if text.strip() and len(runs) < 5_000:
            runs.append((round(abs(size * (tm[3] or tm[0] or 1)), 1), text))

    page.extract_text(visitor_text=visit)
    sizes = {size for size, text in runs if len(text.strip()) > 2}
    for size in sorted(sizes, reverse=True)[:3]:
        title = clean(" ".join(text for run, text in runs if run == size))
        if 12 <= len(title) <= 300 and not title.lower().startswith("arxiv:"):
            return title
    return ""


class _TooLong(BaseException):  # a sentence; no Exception, since pypdf swallows those here and there
    """The time for one file is over."""


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    """Ends the block with `_TooLong` after so many seconds; only where signals can be had, in the main thread.

    Again and again, since what a signal raises inside a destructor or a callback of the garbage collector is lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

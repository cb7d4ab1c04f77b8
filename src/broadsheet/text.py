"""Plain text: what comes in is cleaned once, here, and compared by keys made here. Pure."""

import re
import unicodedata
from functools import lru_cache

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Marks that change the direction or the width of text after them: invisible, and a way to disguise a title.
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# The same of a text of several lines, but for what joins letters: Persian and emoji need it. Line breaks stay.
_UNWANTED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    r"\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
# More marks on one letter than any language has would hide the lines above and below.
_HEAP = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# For an abstract these two are five times as fast as `str.isprintable` and `in`; for a name they are slower.
_LONG = 200
_PRINTABLE = bytes(range(0x20, 0x7F))
_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")
_ASCII_WORDS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
# LaTeX's accents: a sign right before its letter, or a letter that stands apart from it (\c{c}, \v s; not \textbf).
_ACCENT = re.compile(r"\\(?:[\"'`^~=.](?=[{A-Za-z\\])|[Hcuvbdkrt](?:(?=[{\\])|\s+(?=[A-Za-z])))")
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_SUFFIXES = ("jr", "sr", "ii", "iii", "iv")
# The last word of the family name and PubMed's initials after it: "Smith AB", "Smith JP 3rd".
_INITIALS = re.compile(r"([^\W\d_]+)\s+([A-Z](?:-?[A-Z]){0,2})(?:\s+(?i:jr|sr|ii|iii|iv|2nd|3rd|4th)\.?)?\s*$")

STOP_WORDS = frozenset(
    "a an and are as at be but by for from has have if in into is it its no not of on or our such that the their "
    "then there these they this to was we were which will with".split()
)


def clean(text: str) -> str:
    """One line of text without control characters, lone surrogates or invisible direction marks, in NFC.

    Tabs and line breaks become one space.
    """
    if len(text) > _LONG and text.isascii():
        text = text.replace("\n", " ").strip()
        if "  " in text:
            text = " ".join(text.split())
        if not text.encode().translate(None, _PRINTABLE):
            return text
    elif text.isprintable():  # nearly all: then the only white space is " ", and nothing has to go
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        return _SPACE.sub(" ", text).strip() if "  " in text or text[:1] == " " or text[-1:] == " " else text
    text = _SPACE.sub(" ", text)
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def clean_lines(text: str) -> str:
    """Several lines of text without control characters, direction marks and heaps of accents, in NFC.

    Any line break becomes LF; white space at the end goes, and so do more than two empty lines in a row.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    text = _HEAP.sub(r"\1", unicodedata.normalize("NFC", _UNWANTED.sub("", text)))
    text = "\n".join(line.rstrip() for line in text.split("\n"))  # a regular expression takes the square of the time
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n")


def fold(text: str) -> str:
    """Lower case without accents, for comparing: ``Müller`` and ``muller`` are the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    if (again := decomposed.casefold()) != decomposed:  # what stood for letters, like "™", has its own case
        decomposed = unicodedata.normalize("NFKD", again)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("ø", "o")


@lru_cache(maxsize=1 << 15)  # while a batch passes, matching, deciding and writing each ask for it
def title_key(title: str) -> str:
    """What stays of a title when spelling does not matter: folded words, one space between.

    Mark-up and LaTeX commands that leave the words alone are dropped, so ``{\\em A} Test--ing`` is ``a test ing``.
    """
    if "\\" in title or "{" in title or "$" in title:
        title = _ACCENT.sub("", title)
        title = re.sub(r"\\[A-Za-z]+\s?|[{}$\\]", "", title)
    if title.isascii():
        return " ".join(title.translate(_ASCII_WORDS).split())  # the same, in a fifth of the time
    return _NOT_WORD.sub(" ", fold(title)).strip()


def words(text: str) -> list[str]:
    """The words of *text* in order, folded; hyphens and apostrophes inside a word are kept."""
    return _WORD.findall(fold(text))


@lru_cache(maxsize=65536)
def surname(author: str) -> str:
    """The folded family name of ``Ada B. Lovelace``, ``Lovelace, Ada`` or ``Lovelace AB``; empty for an empty name.

    One to three capitals at the end are initials, as PubMed writes them, when the word before is longer, has three
    letters or more and is not all capitals: so ``Li WEI``, ``Ann LEE`` and ``ADA LEE`` keep the name in capitals, while
    ``Wei LI`` is read as a Wei. Nothing in the name itself could tell.
    """
    last = author.rpartition(" ")[2]
    if last.isalpha() and len(last) > 1 and not last.isupper() and author.isascii() and "," not in author:
        family = last.lower()  # nearly all: no initials, no suffix, nothing to fold
        if family not in _SUFFIXES:
            return family
    name = fold(_without_initials(author))
    if "," in name:
        name = name.partition(",")[0]
        parts = _WORD.findall(name)
        return parts[-1] if parts else ""
    parts = _WORD.findall(name)
    while len(parts) > 1 and (_initial(parts[-1]) or parts[-1] in _SUFFIXES):
        parts.pop()  # an initial or a suffix at the end: "Lovelace A."
    return parts[-1] if parts else ""


def _without_initials(author: str) -> str:
    found = _INITIALS.search(author)
    if found and len(found[1]) > max(2, len(found[2].replace("-", ""))) and not found[1].isupper():
        return author[: found.start(2)]
    return author


def initial(author: str) -> str:
    """The folded first letter of the given names; empty when there is none."""
    return next((word[0] for word in words(author) if word != surname(author)), "")


def _initial(part: str) -> bool:
    """One letter of a script that has capitals; one sign of another script is a whole name."""
    return len(part) == 1 and part.upper() != part


def clip(text: str, limit: int) -> str:
    """At most *limit* characters, cut at a word, with an ellipsis when something was cut."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head).rstrip(" ,.;:") + "…"


def join_names(names: tuple[str, ...] | list[str], most: int = 3) -> str:
    """``A, B, C and 4 more``."""
    if len(names) <= most + 1:
        return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"


def plural(count: int, noun: str) -> str:
    """``1 paper``, ``2,345 papers``, ``3 matches``, ``4 libraries``."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        noun = noun[:-1] + "ie"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"

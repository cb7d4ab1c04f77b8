"""A paper as a reference: BibTeX and RIS. Pure."""

import re
import unicodedata

from broadsheet.paper import Paper
from broadsheet.text import STOP_WORDS, surname, words

_SPECIAL = re.compile(r"(?<!\\)([%&#])")
_JOURNAL = re.compile(r"(?i)\b(?:journal|transactions|letters|magazine|review)\b")


def cite_key(paper: Paper) -> str:
    """``quill2024sparse``: first author, year, first telling word of the title; ASCII only."""
    author = surname(paper.authors[0]) if paper.authors else "anonymous"
    telling = next((word for word in words(paper.title) if word not in STOP_WORDS), "")
    raw = unicodedata.normalize("NFKD", f"{author}{paper.year or ''}{telling}")
    return re.sub(r"[^A-Za-z0-9]", "", raw) or "paper"


def _escaped(value: str) -> str:
    """Fit for a BibTeX value: balanced braces, the characters that TeX would trip over escaped."""
    value = _SPECIAL.sub(r"\\\1", value)
    return value if _balanced(value) else re.sub(r"[{}]", "", value)


def _balanced(value: str) -> bool:
    depth = 0
    for character in value:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


def _identifiers(paper: Paper) -> dict[str, str]:
    """scheme -> value, the first of each scheme."""
    return {scheme: value for scheme, _, value in (i.partition(":") for i in reversed(paper.ids))}


def bibtex(paper: Paper, key: str = "") -> str:
    """One entry, ``@article`` for a journal, ``@inproceedings`` for another venue, else ``@misc``."""
    known = _identifiers(paper)
    journal = bool(_JOURNAL.search(paper.venue))
    kind = "article" if journal else "inproceedings" if paper.venue else "misc"
    values = {
        "title": f"{{{_escaped(paper.title)}}}",
        "author": " and ".join(_escaped(name) for name in paper.authors),
        "journal" if journal else "booktitle": _escaped(paper.venue),
        "year": str(paper.year or ""),
        "doi": known.get("doi", ""),
        "eprint": known.get("arxiv", ""),
        "archiveprefix": "arXiv" if "arxiv" in known else "",
        "url": paper.link("page") or paper.link("pdf"),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in values.items() if value]
    return "\n".join([f"@{kind}{{{key or cite_key(paper)},", *lines, "}", ""])


def ris(paper: Paper) -> str:
    """One RIS record, ended by ``ER``."""
    journal = bool(_JOURNAL.search(paper.venue))
    lines = [("TY", "JOUR" if journal else "CPAPER" if paper.venue else "GEN"), ("TI", paper.title)]
    lines += [("AU", name) for name in paper.authors]
    lines += [
        ("PY", str(paper.year or "")), ("DA", paper.date.replace("-", "/")), ("JO" if journal else "T2", paper.venue),
        ("DO", _identifiers(paper).get("doi", "")), ("UR", paper.link("page")), ("L1", paper.link("pdf")),
        ("AB", paper.abstract),
    ]  # fmt: skip
    lines += [("KW", word) for word in paper.keywords]
    return "\n".join([f"{tag}  - {value}" for tag, value in lines if value] + ["ER  - ", ""])

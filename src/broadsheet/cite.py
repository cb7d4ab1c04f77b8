"""A paper as a reference: BibTeX, RIS, a sentence. Pure."""

import re
import unicodedata

from broadsheet.paper import Paper
from broadsheet.text import STOP_WORDS, surname, words

_SPECIAL = re.compile(r"(?<!\\)([%&#])")
_PARTED = re.compile(r"\sand\s|,", re.IGNORECASE)
_JOURNAL = re.compile(r"(?i)\b(?:journal|transactions|letters|magazine|review)\b")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:.+/-]{0,80}")
_JOURNAL_TYPES = frozenset({"article", "jour", "jfull", "mgzn"})  # as BibTeX and RIS call them
MOST_NAMES = 6  # in a sentence; of more authors the first ones and "et al."
_OTHER_TYPES = frozenset({"inproceedings", "conference", "incollection", "conf", "cpaper", "chap"})


def cite_key(paper: Paper) -> str:
    """The key that its owner gave it, else ``quill2024sparse``: first author, year, first telling word of the title."""
    own = paper.more("cite_key")
    if _KEY.fullmatch(own):
        return own
    author = surname(paper.authors[0]) if paper.authors else "anonymous"
    telling = next((word for word in words(paper.title) if word not in STOP_WORDS), "")
    raw = unicodedata.normalize("NFKD", f"{author}{paper.year or ''}{telling}")
    return re.sub(r"[^A-Za-z0-9]", "", raw) or "paper"


def _escaped(value: str) -> str:
    """Fit for a BibTeX value: balanced braces, the characters that TeX would trip over escaped."""
    value = _SPECIAL.sub(r"\\\1", value)
    return value if _balanced(value) else re.sub(r"[{}]", "", value)


def _name(name: str) -> str:
    """One name; braces keep a firm's name that has "and" or a comma in it in one piece."""
    name = _escaped(name)
    return f"{{{name}}}" if _PARTED.search(name) else name


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


def _in_journal(paper: Paper) -> bool:
    kind = paper.more("type").lower()
    return kind in _JOURNAL_TYPES or (kind not in _OTHER_TYPES and bool(_JOURNAL.search(paper.venue)))


def _pages(paper: Paper) -> tuple[str, str]:
    """First and last page; the last is empty where there is but one, or an article number."""
    first, _, last = paper.more("pages").replace("--", "–").partition("–")
    return (first.strip() or paper.more("start_page"), last.strip() or paper.more("end_page"))


def bibtex(paper: Paper, key: str = "") -> str:
    """One entry, ``@article`` for a journal, ``@inproceedings`` for another venue, else ``@misc``."""
    known = _identifiers(paper)
    journal = _in_journal(paper)
    kind = "article" if journal else "inproceedings" if paper.venue else "misc"
    values = {
        "title": f"{{{_escaped(paper.title)}}}",
        "author": " and ".join(map(_name, paper.authors)),
        "journal" if journal else "booktitle": _escaped(paper.venue),
        "year": str(paper.year or ""),
        **{name: _escaped(paper.more(name)) for name in ("volume", "number")},
        "pages": _escaped("--".join(page for page in _pages(paper) if page)),
        "publisher": _escaped(paper.more("publisher")),
        "doi": known.get("doi", ""),
        "eprint": known.get("arxiv", ""),
        "archiveprefix": "arXiv" if "arxiv" in known else "",
        "url": paper.link("page") or paper.link("pdf"),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in values.items() if value]
    return "\n".join([f"@{kind}{{{key or cite_key(paper)},", *lines, "}", ""])


def ris(paper: Paper) -> str:
    """One RIS record, ended by ``ER``."""
    journal = _in_journal(paper)
    first, last = _pages(paper)
    lines = [("TY", "JOUR" if journal else "CPAPER" if paper.venue else "GEN"), ("TI", paper.title)]
    lines += [("AU", name) for name in paper.authors]
    lines += [
        ("PY", str(paper.year or "")), ("DA", paper.date.replace("-", "/")), ("JO" if journal else "T2", paper.venue),
        ("VL", paper.more("volume")), ("IS", paper.more("number")), ("SP", first), ("EP", last),
        ("PB", paper.more("publisher")), ("ID", paper.more("cite_key")),
        ("DO", _identifiers(paper).get("doi", "")), ("UR", paper.link("page")), ("L1", paper.link("pdf")),
        ("AB", paper.abstract),
    ]  # fmt: skip
    lines += [("KW", word) for word in paper.keywords]
    return "\n".join([f"{tag}  - {value}" for tag, value in lines if value] + ["ER  - ", ""])


def sentence(paper: Paper, title: str = "") -> str:
    """A reference as it stands in a text: authors, year, title, venue, and where it is to be had.

    *title* is the title as readers see it, where the paper's own has LaTeX in it.
    """
    volume, number = paper.more("volume"), paper.more("number")
    volume += f"({number})" if volume and number else ""
    pages = "–".join(filter(None, _pages(paper)))
    year = f"({paper.year})" if paper.year else ""
    parts = [[_names(paper.authors), year], [title or paper.title]] if paper.authors else [[title or paper.title, year]]
    said = [" ".join(filter(None, part)) for part in parts] + [", ".join(filter(None, (paper.venue, volume, pages)))]
    stopped = [part if part[-1] in ".?!" else f"{part}." for part in said if part]
    return " ".join(filter(None, [*stopped, address(paper)]))


def _names(names: tuple[str, ...]) -> str:
    """``A``, ``A and B``, ``A, B and C``; of more than MOST_NAMES the first ones, et al."""
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} et al."
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def address(paper: Paper) -> str:
    """Where the paper is to be had: its DOI, else arXiv, else its page."""
    known = _identifiers(paper)
    if "doi" in known:
        return f"https://doi.org/{known['doi']}"
    return f"https://arxiv.org/abs/{known['arxiv']}" if "arxiv" in known else paper.link("page") or paper.link("pdf")

"""Copies of real papers as other sources would bring them: planted duplicates, with the edits that were made."""

import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace

from broadsheet.paper import Paper
from broadsheet.text import STOP_WORDS

Edit = Callable[[Paper, random.Random], Paper]
_VERSIONS = (" (v2)", " (extended version)", " (full version)", ", revised version", " [preprint version]")


def typo(paper: Paper, draw: random.Random) -> Paper:
    """One or two letters left out, doubled or exchanged."""
    title = paper.title
    for _ in range(draw.randint(1, 2)):
        place = draw.randrange(1, max(2, len(title) - 1))
        kind = draw.randrange(3)
        tail = title[place + 1 :]
        title = (
            title[:place]
            + ("", title[place] * 2, title[place : place + 2][::-1])[kind]
            + (tail[1:] if kind == 2 else tail)
        )
    return replace(paper, title=title)


def word(paper: Paper, draw: random.Random) -> Paper:
    """One word of the title left out, or another one in its place."""
    said = paper.title.split()
    if len(said) < 6:
        return replace(paper, title=paper.title.lower())
    place = draw.randrange(len(said))
    said[place : place + 1] = (
        [] if draw.random() < 0.6 else [draw.choice(("novel", "general", "approach", "efficient"))]
    )
    return replace(paper, title=" ".join(said))


def case(paper: Paper, draw: random.Random) -> Paper:
    title = draw.choice((paper.title.upper(), paper.title.title(), paper.title.lower()))
    return replace(paper, title=title.replace("-", draw.choice((" ", "–", "-"))))


def accents(paper: Paper, draw: random.Random) -> Paper:
    """No accents, in the names and in the title."""

    def bare(text: str) -> str:
        return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))

    return replace(paper, title=bare(paper.title), authors=tuple(map(bare, paper.authors)))


def subtitle(paper: Paper, draw: random.Random) -> Paper:
    head = paper.title.split(": ")[0]
    return replace(paper, title=head) if len(head.split()) >= 3 else case(paper, draw)


def initials(paper: Paper, draw: random.Random) -> Paper:
    """``Ada B. Lovelace`` as ``A. B. Lovelace``, ``Lovelace, A. B.`` or ``Lovelace AB``; a long list is cut."""
    style = draw.randrange(3)
    found = []
    for name in paper.authors[: draw.choice((1, 3, 99, 99))]:
        *given, family = name.split() or [""]
        letters = [part[0] for part in given if part[0].isalpha()]
        if not letters:
            found.append(name)
        elif style == 0:
            found.append(" ".join([*(f"{letter}." for letter in letters), family]))
        else:
            found.append(
                f"{family}, {' '.join(f'{letter}.' for letter in letters)}"
                if style == 1
                else f"{family} {''.join(letters)}"
            )
    return replace(paper, authors=tuple(found))


def latex(paper: Paper, draw: random.Random) -> Paper:
    said = [f"{{{part}}}" if part[:1].isupper() and draw.random() < 0.5 else part for part in paper.title.split()]
    if draw.random() < 0.3 and said:
        place = draw.randrange(len(said))
        said[place] = f"\\emph{{{said[place]}}}"
    return replace(paper, title=" ".join(said).replace("&", "\\&"))


def version(paper: Paper, draw: random.Random) -> Paper:
    return replace(paper, title=paper.title + draw.choice(_VERSIONS))


EDITS: Mapping[str, Edit] = {
    "typo": typo, "word": word, "case": case, "accents": accents, "subtitle": subtitle, "initials": initials,
    "latex": latex, "version": version,
}  # fmt: skip


def planted(paper: Paper, number: int, draw: random.Random) -> tuple[str, Paper]:
    """A copy of *paper* as another source would have it, and the names of the edits: one, sometimes two.

    Its ids are another source's; its year is often another; its abstract is cut, changed at its start or missing.
    """
    names = draw.sample(list(EDITS), 1 if draw.random() < 0.75 else 2)
    for name in names:
        paper = EDITS[name](paper, draw)
    year = paper.year + draw.choice((0, 0, 0, 1, -1)) if paper.year else None
    identifier = draw.choice(
        (f"doi:10.5555/planted.{number}", f"openalex:w9{number:08}", f"url:https://example.org/p/{number}")
    )
    copy = replace(paper, ids=(identifier,), year=year, date="", venue="" if draw.random() < 0.5 else paper.venue)
    copy = replace(copy, abstract=_abstract(paper.abstract, draw), links=(), extra=(), keywords=())
    return "+".join(sorted(names)), copy


def _abstract(text: str, draw: random.Random) -> str:
    said = text.split()
    kind = draw.random()
    if kind < 0.25:
        return ""
    if kind < 0.5:
        return " ".join(said[: max(20, len(said) // 2)])
    if kind < 0.7:
        return " ".join(part for part in said if part in STOP_WORDS or draw.random() > 0.1)
    return text

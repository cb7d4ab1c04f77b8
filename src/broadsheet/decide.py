"""Which copies are one work: what to do with one new copy, and what a whole batch of them will do to the store.

Everything here but `Plan.write` is pure: it sees what the store knows (`store.Known`), never the store.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal, NamedTuple

from broadsheet.ids import of_title
from broadsheet.paper import Paper, merge
from broadsheet.store import Known, Writer
from broadsheet.text import STOP_WORDS, clip, initial, surname, title_key, words

# Schemes whose ids name one work each: two different ones speak against the same work.
_NAMING = ("arxiv", "doi", "acl", "pmid", "openalex")


class Decision(NamedTuple):
    """What is to be done with one new copy.

    insert    a new paper, *paper*
    same      nothing: row *pk* says it all already
    touch     row *pk* gets *paper*, which differs only in when somebody said so
    update    row *pk* gets *paper*; the rows *absorbed* were the same work and go
    conflict  nothing, for the *reason*
    ignore    nothing: it is a word about a paper that is not here
    """

    kind: Literal["insert", "same", "touch", "update", "conflict", "ignore"]
    paper: Paper
    pk: int = 0
    absorbed: tuple[int, ...] = ()
    reason: str = ""


def decide(new: Paper, known: Known) -> Decision:
    """What to do with the copy *new*, given everything in the store that shares an id or a title with it. Pure."""
    named = sorted({known.ids[identifier] for identifier in new.ids if identifier in known.ids}, key=_age)
    for pk in named:
        if reason := clash(new, known.papers[pk]):
            return Decision("conflict", new, pk, reason=reason)
    if reason := _bridge(new, named, known):
        return Decision("conflict", new, named[0], reason=reason)
    others = [pk for pk in known.titles.get(title_key(new.title), ()) if pk not in named]
    alike = [pk for pk in others if same_work(new, known.papers[pk])]
    # Of two or more alike nobody can say which one it is.
    if len(alike) == 1 and not any(clash(known.papers[pk], known.papers[alike[0]]) for pk in named):
        named = sorted([*named, *alike], key=_age)
    if not named:
        return Decision("insert", new)
    return _join(new, named, known)


def _bridge(new: Paper, named: Sequence[int], known: Known) -> str:
    """Why the rows that the ids of *new* name cannot be one work, as a sentence; empty when they can."""
    for one, two in combinations(named, 2):
        if clash(known.papers[one], known.papers[two]):
            rows = (
                f"{min(i for i in new.ids if known.ids.get(i) == pk)} is {clip(known.papers[pk].title, 80)!r} "
                f"by {_first(known.papers[pk])}"
                for pk in (one, two)
            )
            return "this record has the ids of two works: " + ", and ".join(rows)
    return ""


def apart(new: Paper, known: Known) -> Paper:
    """*new* without the addresses that belong to another work, so that it can stand beside it.

    An address is the one id that works may share without anybody's fault: the page of a conference, of a lab. Pure.
    """
    lent = {
        identifier for identifier in new.ids
        if identifier.startswith("url:") and identifier in known.ids and clash(new, known.papers[known.ids[identifier]])
    }  # fmt: skip
    if not lent:
        return new
    left = tuple(identifier for identifier in new.ids if identifier not in lent)
    return replace(new, ids=left or (of_title(title_key(new.title), new.first_author, new.year),))


def _age(pk: int) -> tuple[bool, int]:
    """Rows of the store first, the oldest of them first; then the rows of this batch (negative) as they came."""
    return pk < 0, abs(pk)


def _join(new: Paper, pks: Sequence[int], known: Known) -> Decision:
    pk, *absorbed = pks
    old = known.papers[pk]
    merged = old
    for copy in (*(known.papers[other] for other in absorbed), new):
        merged = merge(merged, copy)
    if absorbed:
        return Decision("update", merged, pk, tuple(absorbed))
    if merged == old:
        return Decision("same", old, pk)
    return Decision("touch" if _undated(merged) == _undated(old) else "update", merged, pk)


def _undated(paper: Paper) -> Paper:
    return replace(paper, provenance=tuple((name, origin._replace(at="")) for name, origin in paper.provenance))


def same_work(a: Paper, b: Paper) -> bool:
    """Whether two papers of one normalised title are one work: the same first author, years at most one apart.

    Where an author or a year is missing, or the title is one that many works have ("Preface") and naming ids differ,
    the title must be distinctive or the abstracts agree. A distinctive title that comes back a year later under another
    naming id and with another abstract is a series: the yearly report of a task, of a lab.
    """
    if a.first_author and b.first_author and a.first_author != b.first_author:
        return False
    if a.year is not None and b.year is not None and abs(a.year - b.year) > 1:
        return False
    if distinctive(a.title):
        return not (a.year != b.year and _named_apart(a, b) and _disagree(a.abstract, b.abstract))
    whole = bool(a.first_author and b.first_author) and a.year is not None and b.year is not None
    return (whole and not _named_apart(a, b)) or _agree(a.abstract, b.abstract)


def distinctive(title: str) -> bool:
    """Whether a title is long enough that two works hardly share it by chance."""
    key = title_key(title)
    return len(key) >= 20 and key.count(" ") >= 3


def _named_apart(a: Paper, b: Paper) -> bool:
    """Whether some scheme gives the two different names."""
    for scheme in _NAMING:
        one, two = ({i for i in paper.ids if i.startswith(f"{scheme}:")} for paper in (a, b))
        if one and two and not one & two:
            return True
    return False


def _agree(a: str, b: str) -> bool:
    """Whether two abstracts share most of their words; an abstract of a few words says nothing."""
    one, two = set(words(a)), set(words(b))
    return min(len(one), len(two)) >= 8 and len(one & two) >= 0.6 * len(one | two)


def _disagree(a: str, b: str) -> bool:
    """Whether both abstracts say enough to compare them, and say different things."""
    return min(len(set(words(a))), len(set(words(b)))) >= 8 and not _agree(a, b)


def clash(new: Paper, old: Paper) -> str:
    """Why two papers with an id in common cannot be one work, as a sentence; empty when they can.

    An address alone is a weak id: a lab has one page for all its papers, so a common author says nothing there.
    """
    both = set(new.ids) & set(old.ids)
    shared = min(both, default="")
    if title_key(new.title) == title_key(old.title):
        return _nameless_clash(new, old)
    if both and all(identifier.startswith("url:") for identifier in both):
        if _really_resemble(new.title, old.title):
            return ""
    elif _resemble(new.title, old.title) or _share_an_author(new.authors, old.authors):
        return ""
    return (
        f"{shared or old.key} is already {clip(old.title, 80)!r} by {_first(old)}, and this record gives it to "
        f"{clip(new.title, 80)!r} by {_first(new)}"
    )


def _nameless_clash(new: Paper, old: Paper) -> str:
    """Two records that have nothing but the same short title, and yet say different things."""
    if new.authors or distinctive(new.title) or any(not i.startswith("t:") for i in {*new.ids} & {*old.ids}):
        return ""
    if not (new.abstract and old.abstract) or new.abstract == old.abstract or _agree(new.abstract, old.abstract):
        return ""
    return f"there is already a paper {clip(old.title, 80)!r} without author or id, with another abstract"


def _first(paper: Paper) -> str:
    return paper.authors[0] if paper.authors else "nobody"


def _resemble(a: str, b: str) -> bool:
    """Whether the shorter title shares half of its words with the longer one."""
    one, two = set(title_key(a).split()), set(title_key(b).split())
    return 2 * len(one & two) >= min(len(one), len(two))


def _really_resemble(a: str, b: str) -> bool:
    """Whether the longer title shares half of its words with the shorter one, stop words apart."""
    one, two = ({word for word in title_key(title).split() if word not in STOP_WORDS} for title in (a, b))
    return 2 * len(one & two) >= max(len(one), len(two), 1)


def _share_an_author(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether a family name is in both, with the same initial or with none in one of them: Wangs are many."""
    known: dict[str, set[str]] = {}
    for name in two:
        known.setdefault(surname(name), set()).add(initial(name))
    found = ((initial(name), known.get(surname(name))) for name in one)
    return any(theirs and (not first or {first, ""} & theirs) for first, theirs in found)


def _word(new: Paper, known: Known) -> Decision:
    """What to do with a word about a paper (`paper.Gone`): nothing when the paper is not here."""
    pk = next((known.ids[identifier] for identifier in new.ids if identifier in known.ids), 0)
    return _join(new, [pk], known) if pk else Decision("ignore", new)


class Plan:
    """What one batch will do to the store: decisions, each seen by the next.

    New papers have negative pks until they are written.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self.counts = {"insert": 0, "same": 0, "touch": 0, "update": 0, "conflict": 0, "ignore": 0}
        self._new: dict[int, None] = {}
        self._changed: dict[int, bool] = {}  # row of the store -> whether only dates changed
        self._absorbed: list[tuple[int, int]] = []
        self._copies: list[tuple[int, Paper]] = []

    def take(self, copy: Paper) -> Decision:
        copy = apart(copy, self.known)
        decision = decide(copy, self.known) if copy.title else _word(copy, self.known)
        self.counts[decision.kind] += 1
        if decision.kind == "insert":
            pk = -1 - len(self.known.papers)
            self._new[pk] = None
        elif decision.kind in ("touch", "update"):
            pk = decision.pk
            if pk > 0:
                self._changed[pk] = self._changed.get(pk, True) and decision.kind == "touch"
            for gone in decision.absorbed:
                self._absorb(gone, pk)
        elif decision.kind == "same":
            pk = decision.pk
        else:
            return decision
        self.known.papers[pk] = decision.paper
        self._lead(pk, copy)
        return decision

    def _lead(self, pk: int, copy: Paper) -> None:
        """Lets the ids and the title of *copy* lead to row *pk*, for the rest of the batch and in the store."""
        strange = [identifier for identifier in copy.ids if self.known.ids.get(identifier) != pk]
        self.known.ids.update(dict.fromkeys(strange, pk))
        key = title_key(copy.title)
        if untitled := bool(key) and pk not in self.known.titles.get(key, ()):
            self.known.titles.setdefault(key, []).append(pk)
        if strange or untitled:
            self._copies.append((pk, copy))

    def _absorb(self, gone: int, into: int) -> None:
        for identifier, pk in self.known.ids.items():
            if pk == gone:
                self.known.ids[identifier] = into
        for pks in self.known.titles.values():
            if gone in pks:
                pks[:] = dict.fromkeys(into if pk == gone else pk for pk in pks)
        self._copies = [(into if pk == gone else pk, copy) for pk, copy in self._copies]
        self._changed.pop(gone, None)
        if gone > 0:
            self._absorbed.append((gone, into))
        else:
            del self._new[gone]

    def write(self, writer: Writer) -> None:
        papers = self.known.papers
        pks = dict(zip(self._new, writer.insert([papers[pk] for pk in self._new]), strict=True))
        writer.replace([(pk, papers[pk]) for pk, dates_only in self._changed.items() if not dates_only])
        writer.touch([(pk, papers[pk]) for pk, dates_only in self._changed.items() if dates_only])
        for gone, into in self._absorbed:
            writer.absorb(gone, into)
        # A copy that is its row word for word was remembered with the row.
        writer.remember([(pks.get(pk, pk), copy) for pk, copy in self._copies if papers[pk] is not copy])

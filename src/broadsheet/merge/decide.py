"""Which copies are one work: what to do with one new copy. Pure: it sees what the store knows, never the store."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Literal, NamedTuple

from broadsheet.blocking import block_of, near
from broadsheet.ids import of_title
from broadsheet.merge import likeness
from broadsheet.paper import Paper, merge
from broadsheet.store import Known
from broadsheet.text import STOP_WORDS, clip, initial, surname, title_key, words

MOST_KIN = 5  # links of one paper
COMPARED = 12  # rows compared with a new copy in full; a series of reports by one group has dozens of like titles
# Schemes whose ids name one work each: two different ones speak against the same work.
_NAMING = ("arxiv", "doi", "acl", "pmid", "openalex")


class Kin(NamedTuple):
    """A row that is much like the new copy and yet not surely the same work."""

    pk: int
    score: float
    why: str


class Joined(NamedTuple):
    """Why a copy is held to be the work of a row: by an id that both have (1.0), or by likeness."""

    score: float
    why: str


class Decision(NamedTuple):
    """What is to be done with one new copy.

    insert    a new paper, *paper*
    same      nothing: row *pk* says it all already
    touch     row *pk* gets *paper*, which differs only in when somebody said so
    update    row *pk* gets *paper*; the rows *absorbed* were the same work and go
    conflict  nothing, for the *reason*
    ignore    nothing: it is a word about a paper that is not here
    *joined* is why an update is one, *bridge* why the absorbed rows belong to it, *kin* what the paper is to be linked
    with.
    """

    kind: Literal["insert", "same", "touch", "update", "conflict", "ignore"]
    paper: Paper
    pk: int = 0
    absorbed: tuple[int, ...] = ()
    reason: str = ""
    joined: "Joined | None" = None
    bridge: "Joined | None" = None
    kin: tuple[Kin, ...] = ()


def decide(new: Paper, known: Known) -> Decision:
    """What to do with the copy *new*, given all in the store that shares an id or a block with it. Pure."""
    named = sorted({known.ids[identifier] for identifier in new.ids if identifier in known.ids}, key=_age)
    for pk in named:
        if reason := clash(new, known.papers[pk]):
            return Decision("conflict", new, pk, reason=reason)
    if reason := _bridge(new, named, known):
        return Decision("conflict", new, named[0], reason=reason)
    bridge = Joined(1.0, "one record has the ids of both") if len(named) > 1 else None
    others = [pk for pk in _near(new, known) if pk not in named and not _apart(new, known.papers[pk], known)]
    found = _alike(new, others, known)
    joined = Joined(1.0, f"both are {_shared(new, known.papers[named[0]])}") if named else None
    kin = found.kin
    if found.same and all(_compatible(known.papers[pk], known.papers[found.same.pk], known) for pk in named):
        same = Joined(found.same.score, found.same.why)
        bridge = bridge or same
        named, joined = sorted([*named, found.same.pk], key=_age), joined or same
    elif found.same:
        kin = (found.same, *kin)
    if not named:
        return Decision("insert", new, kin=kin)
    return _join(new, named, known)._replace(
        joined=joined, bridge=bridge, kin=tuple(one for one in kin if one.pk not in named)
    )


class _Found(NamedTuple):
    same: Kin | None
    kin: tuple[Kin, ...]


def _near(new: Paper, known: Known) -> list[int]:
    """The rows that share a block with *new*."""
    return sorted({pk for block in near(new) for pk in known.blocks.get(block, ())}, key=_age)


def _alike(new: Paper, pks: Sequence[int], known: Known) -> _Found:
    """The one row that is the same work, if it is clear which, and the rows to link with.

    Of two or more that are the same nobody can say which one it is, unless one of them is much surer.
    """
    titled = known.blocks.get(block_of(title_key(new.title)), ())  # some copy of them, not always the one that shows
    exact = [pk for pk in pks if pk in titled]
    same = [pk for pk in exact if same_work(new, known.papers[pk])]
    looked = dict.fromkeys([*same[:1], *_nearest(new, pks, known)])
    scored = sorted(((likeness.likeness(new, known.papers[pk]), pk) for pk in looked), reverse=True)
    score = {pk: value for value, pk in scored}
    if not exact:
        same = [pk for value, pk in scored if value >= likeness.SAME]
        if len(same) > 1 and score[same[0]] - score[same[1]] > 0.1:
            same = same[:1]
    chosen = same[0] if len(same) == 1 else 0
    links = [pk for value, pk in scored if value >= likeness.KIN and pk != chosen and pk not in exact][:MOST_KIN]
    links += [pk for pk in exact if pk in score and pk != chosen and distinctive(new.title)][:MOST_KIN]
    found = {pk: Kin(pk, round(score[pk], 4), likeness.why(new, known.papers[pk])) for pk in (chosen, *links) if pk}
    return _Found(found.get(chosen), tuple(found[pk] for pk in dict.fromkeys(links)))


def _nearest(new: Paper, pks: Sequence[int], known: Known) -> Sequence[int]:
    """Those of *pks* whose titles are most like that of *new*; the oldest of equals."""
    if len(pks) <= COMPARED:
        return pks
    near = sorted((-likeness.nearness(new, known.papers[pk]), place) for place, pk in enumerate(pks))
    return [pks[place] for _, place in near[:COMPARED]]


def _apart(new: Paper, old: Paper, known: Known) -> bool:
    """Whether somebody has said that the two are two works."""
    if not known.apart:
        return False
    pairs = [(one, two) for one in (*new.ids, _nameless(new)) for two in old.ids]
    return any((one, two) in known.apart or (two, one) in known.apart for one, two in pairs)


def _strange(one: Paper, two: Paper, known: Known) -> bool:
    """Whether two rows are not to be joined by whatever record shows up between them."""
    return _apart(one, two, known) or bool(clash(one, two))


def _compatible(one: Paper, two: Paper, known: Known) -> bool:
    """Whether two rows that a record is like may be one work: what tells them apart is not outweighed by the record."""
    if _strange(one, two, known):
        return False
    if title_key(one.title) == title_key(two.title):
        return same_work(one, two)
    return not likeness.vetoed(one, two)


def _nameless(paper: Paper) -> str:
    """The id it has when no other is left for it."""
    return of_title(title_key(paper.title), paper.first_author, paper.year)


def _shared(new: Paper, old: Paper) -> str:
    return min(set(new.ids) & set(old.ids), default="named alike")


def _bridge(new: Paper, named: Sequence[int], known: Known) -> str:
    """Why the rows that the ids of *new* name cannot be one work, as a sentence; empty when they can."""
    for one, two in combinations(named, 2):
        if _strange(known.papers[one], known.papers[two], known):
            rows = (
                f"{min(i for i in new.ids if known.ids.get(i) == pk)} is {clip(known.papers[pk].title, 80)!r} "
                f"by {_first(known.papers[pk])}"
                for pk in (one, two)
            )
            return "this record has the ids of two works: " + ", and ".join(rows)
    return ""


def apart(new: Paper, known: Known) -> Paper:
    """*new* without the ids that belong to another work, so that it can stand beside it. Pure.

    An address is the one id that works may share without anybody's fault: the page of a conference, of a lab. And where
    somebody has taken this work out of another paper, the ids that both had have stayed there.
    """
    lent = {
        identifier for identifier in new.ids
        if identifier.startswith("url:") and identifier in known.ids and clash(new, known.papers[known.ids[identifier]])
    }  # fmt: skip
    name = _nameless(new)
    for stayed, went in known.apart:
        if stayed in new.ids and went in (*new.ids, name):
            lent.add(stayed)
        elif stayed in new.ids and went.startswith("t:") and _nearer(new, went, stayed, known):
            # It went without an id, and its title has changed since.
            lent.add(stayed)
            name = went
    if not lent:
        return new
    left = tuple(identifier for identifier in new.ids if identifier not in lent)
    return replace(new, ids=left or (name,))


def _nearer(new: Paper, one: str, two: str, known: Known) -> bool:
    """Whether *new* is more like the row that has the id *one* than like the row that has *two*."""
    pks = known.ids.get(one), known.ids.get(two)
    if pks[0] is None or pks[1] is None or pks[0] == pks[1]:
        return False
    return _most_alike(new, pks[0], known) > _most_alike(new, pks[1], known)


def _most_alike(new: Paper, pk: int, known: Known) -> float:
    """How like *new* the copy of the row is that is most like it."""
    copies = [copy.paper for copy in known.copies.get(pk, ())]
    return max(likeness.likeness(new, paper) for paper in (known.papers[pk], *copies))


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


def word(new: Paper, known: Known) -> Decision:
    """What to do with a word about a paper (`paper.Gone`): nothing when the paper is not here."""
    pk = next((known.ids[identifier] for identifier in new.ids if identifier in known.ids), 0)
    return _join(new, [pk], known) if pk else Decision("ignore", new)

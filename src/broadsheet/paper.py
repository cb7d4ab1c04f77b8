"""The record: one work, whatever copies of it exist. Frozen; built by sources, merged by `merge`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, NamedTuple

from broadsheet import ids as idents
from broadsheet.text import clean, fold, surname, title_key

MAX_TITLE = 2_000  # characters; a longer title is a mis-parsed file, refused by sources
MAX_ABSTRACT = 100_000
MAX_AUTHORS = 10_000
STANDINGS = ("retracted", "withdrawn", "deleted")  # keys of `extra`, the gravest first; the value is the reason

# How far each source is believed about a field's value when two disagree; unlisted sources count 50.
TRUST: Mapping[str, int] = {"manual": 90, "crossref": 70, "acl": 70, "pubmed": 70, "arxiv": 60, "pages": 20}


class Origin(NamedTuple):
    """Where a value came from: the source's name and when it said so (ISO 8601, UTC; may be empty)."""

    source: str
    at: str


class Fault(NamedTuple):
    """One record of a batch that is no paper: where it stands, what is wrong with it, and its bytes, to set aside.

    where   for a person: ``papers.jsonl line 17``
    reason  one sentence
    raw     the record as it came; may be empty when there is nothing to show
    """

    where: str
    reason: str
    raw: bytes


class Gone(NamedTuple):
    """A source's word that a record is no longer to be had: deleted from a repository, withdrawn, retracted.

    id      canonical
    status  ``deleted``, ``withdrawn`` or ``retracted``
    reason  one sentence for a reader; may be empty
    origin  who says so, and when
    """

    id: str
    status: str
    reason: str
    origin: Origin

    @property
    def word(self) -> "Paper":
        """The same as a record to merge with the paper's own: it says nothing but this."""
        name = f"extra.{self.status}"
        said = ((self.status, clean(self.reason) or "yes"),)
        return Paper("", (self.id,), extra=said, provenance=((name, self.origin),))


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper. Every string is clean (`text.clean`); every id canonical (`ids`); build it with `make`.

    ids         canonical ids, sorted; at least one
    date        first public date, ISO ``2024-05-01`` (or ``2024-05``, ``2024``), empty if unknown
    categories  sorted; arXiv categories and the like
    keywords    sorted case-insensitively
    links       kind -> address; kinds: page, pdf, code, project, data, video, ...
    extra       anything else a source says, as strings: status, track, journal_ref, ...
    provenance  field (``title``, ``links.pdf``, ``extra.track``) -> Origin
    """

    title: str
    ids: tuple[str, ...]
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    date: str = ""
    venue: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    licence: str = ""
    version: int | None = None
    citations: int | None = None
    extra: tuple[tuple[str, str], ...] = ()
    provenance: tuple[tuple[str, Origin], ...] = ()

    @property
    def key(self) -> str:
        """The id that names the paper everywhere, without ``id:``: ``corl2022-x``, ``arxiv:2101.00001``."""
        return idents.shown(idents.best(self.ids))

    @property
    def first_author(self) -> str:
        """The folded family name of the first author; empty when there is none."""
        return surname(self.authors[0]) if self.authors else ""

    @property
    def title_key(self) -> str:
        return title_key(self.title)

    def link(self, kind: str) -> str:
        return dict(self.links).get(kind, "")

    def more(self, name: str) -> str:
        """A value of `extra`, or an empty string."""
        return dict(self.extra).get(name, "")

    @property
    def standing(self) -> str:
        """``retracted``, ``withdrawn`` or ``deleted`` when some source says so, else empty.

        What a repository has deleted and gives again later is no longer deleted: mistakes of that kind are put right.
        """
        said = dict(self.extra)
        found = (status for status in STANDINGS if status in said)
        return next((status for status in found if status != "deleted" or not self._given_again()), "")

    def _given_again(self) -> bool:
        """Whether the source that deleted it has had a record of it since."""
        said = dict(self.provenance).get("extra.deleted")
        return said is not None and any(by.source == said.source and by.at > said.at for _, by in self.provenance)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that contributed, sorted."""
        return tuple(sorted({origin.source for _, origin in self.provenance}))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, empty values left out; `from_dict` reads it back to an equal paper."""
        out: dict[str, Any] = {"id": self.key}
        for field in fields(self):
            value = getattr(self, field.name)
            if value or value == 0:
                out[field.name] = _PLAIN.get(field.name, _same)(value)
        return out

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Paper":
        """The paper that `to_dict` wrote. For our own files: values are trusted, not cleaned."""
        values = {f.name: data[f.name] for f in fields(Paper) if f.name in data}
        for name in ("ids", "authors", "categories", "keywords"):
            values[name] = tuple(values.get(name, ()))
        values["links"] = tuple(values.get("links", {}).items())
        values["extra"] = tuple(values.get("extra", {}).items())
        values["provenance"] = tuple((k, Origin(*v)) for k, v in values.get("provenance", {}).items())
        return Paper(**values)


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "ids": list, "authors": list, "categories": list, "keywords": list, "links": dict, "extra": dict,
    "provenance": lambda pairs: {k: list(v) for k, v in pairs},
}  # fmt: skip

SCALARS = ("title", "abstract", "authors", "year", "date", "venue", "licence", "version", "citations")


def make(
    source: str,
    title: str,
    *,
    at: str = "",
    ids: Iterable[str] = (),
    abstract: str = "",
    authors: Iterable[str] = (),
    year: int | None = None,
    date: str = "",
    venue: str = "",
    categories: Iterable[str] = (),
    keywords: Iterable[str] = (),
    links: Mapping[str, str] | None = None,
    licence: str = "",
    version: int | None = None,
    citations: int | None = None,
    extra: Mapping[str, str] | None = None,
) -> Paper:
    """A clean paper from one source's raw strings; *ids* are canonical already, more are found in *links*.

    Does not judge: a source checks that there is a title and that sizes are sane, and raises SourceError.
    """
    names = tuple(filter(None, map(clean, authors)))
    addresses = {kind: href for kind, href in sorted(links.items()) if href} if links else {}
    known = set(ids)
    for kind in ("page", "pdf"):
        found = idents.from_url(addresses[kind]) if kind in addresses else None
        if found and (kind == "page" or not found.startswith("url:")):
            known.add(found)
    title = clean(title)
    if not known:
        known.add(idents.of_title(title_key(title), surname(names[0]) if names else "", year))
    values: dict[str, Any] = {
        "title": title, "abstract": clean(abstract), "authors": names, "year": year, "date": date,
        "venue": clean(venue), "licence": clean(licence), "version": version, "citations": citations,
    }  # fmt: skip
    facts = {name: clean(value) for name, value in sorted(extra.items()) if value} if extra else {}
    said = [name for name in SCALARS if (value := values[name]) or value == 0]
    said += [f"links.{kind}" for kind in addresses] + [f"extra.{name}" for name in facts]
    return Paper(
        **values,
        ids=tuple(sorted(known)),
        categories=tuple(sorted(set(filter(None, map(clean, categories))))) if categories else (),
        keywords=_keywords(map(clean, keywords)) if keywords else (),
        links=tuple(addresses.items()),
        extra=tuple(facts.items()),
        provenance=_provenance(tuple(said), Origin(source, at)),
    )


@lru_cache(maxsize=4096)
def _provenance(said: tuple[str, ...], origin: Origin) -> tuple[tuple[str, Origin], ...]:
    """One tuple for all the papers of a batch that say the same fields: a third of the memory of a record."""
    return tuple((name, origin) for name in sorted(said))


def _keywords(items: Iterable[str]) -> tuple[str, ...]:
    """One spelling of each (the smallest), sorted without regard to case."""
    chosen: dict[str, str] = {}
    for item in items:
        folded = fold(item)
        if folded and (folded not in chosen or item < chosen[folded]):
            chosen[folded] = item
    return tuple(chosen[k] for k in sorted(chosen))


def merge(a: Paper, b: Paper) -> Paper:
    """Both copies as one paper: idempotent, commutative, associative, and no field that either had is lost.

    Sets are united. A field with one value takes the one whose origin ranks higher: the more trusted source,
    then the later word, then (so that the order never matters) the longer and the larger value.
    """
    if a == b:
        return a
    one, two = dict(a.provenance), dict(b.provenance)
    origins: dict[str, Origin] = {}
    chosen: dict[str, Any] = {}
    for name in SCALARS:
        chosen[name] = _pick(name, getattr(a, name), getattr(b, name), one, two, origins)
    for group in ("links", "extra"):
        left, right = dict(getattr(a, group)), dict(getattr(b, group))
        chosen[group] = tuple(
            (kind, _pick(f"{group}.{kind}", left.get(kind), right.get(kind), one, two, origins))
            for kind in sorted(left.keys() | right.keys())
        )
    return Paper(
        **chosen,
        ids=_merge_ids(a.ids + b.ids),
        categories=tuple(sorted({*a.categories, *b.categories})),
        keywords=_keywords(a.keywords + b.keywords),
        provenance=tuple(sorted(origins.items())),
    )


def _merge_ids(both: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(both)))


def _pick(
    name: str, left: Any, right: Any, one: Mapping[str, Origin], two: Mapping[str, Origin], out: dict[str, Origin]
) -> Any:
    """The better of two values of the field *name*; its origin goes to *out*."""
    ranked = []
    for value, origin in ((left, one.get(name, NOWHERE)), (right, two.get(name, NOWHERE))):
        if value not in ("", None, ()):
            size = len(value) if isinstance(value, str | tuple) else 0
            ranked.append(((TRUST.get(origin.source, 50), origin.at, size, value, origin.source), origin))
    if not ranked:
        return left if left is not None else right
    best, origin = max(ranked, key=lambda pair: pair[0])
    out[name] = origin
    return best[3]


NOWHERE = Origin("", "")

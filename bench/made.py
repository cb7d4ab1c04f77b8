"""Questions made by chance whose meaning is known: a tree of conditions is drawn first, then written in the language.

Most values come from one paper, so that a question finds something, and the rest from others, so that it does not find
everything.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from broadsheet.condition import And, Is, Node, Not, Or, Term, leaves
from broadsheet.ids import shown
from broadsheet.paper import Paper
from broadsheet.query import Filters, Query, years_text
from broadsheet.queryparts import HAS, MAX_PREFIXES
from broadsheet.querytokens import FIELDS
from broadsheet.text import fold

_PIECE = re.compile(r'[^\s"“”()]+')  # what the language takes for one word
_QUOTE = re.compile('["“”]')
_PREFIX = re.compile(r"[^\W_]{2,}")
_READ = re.compile(r"[-+].*|AND|OR|NOT|.*[:*].*")  # what it takes for something else than a word
_SHORT = {field: [name for name, full in FIELDS.items() if full == field] for field in FIELDS.values()}
_NOWHERE = ("zebra", "nowhere", "Nemo", "2031")
_MOST = 1_900  # characters
_BLANKS = (" ", " ", " ", "  ", "\t", "\n ")

Lists = Mapping[str, Collection[str]]  # the name of a list -> the ids of the papers on it


class Made(NamedTuple):
    """*text*, with *filters* from elsewhere, asks for what *meant* has as conditions."""

    text: str
    filters: Filters
    meant: Query


class Maker:
    """Makes questions about papers, the same for a seed. *added*: key -> the day it came, *lists*: name -> ids."""

    def __init__(
        self,
        papers: Iterable[Paper],
        added: Mapping[str, date | None],
        lists: Lists,
        today: date,
        seed: int,
    ) -> None:
        self._papers, self._added, self._lists, self._today = [*papers], added, lists, today
        self._chance = Random(seed)
        self._paper = self._papers[0]  # of which most values are

    def questions(self, count: int) -> Iterator[Made]:
        for _ in range(count):
            made = self._question()
            while not _readable(made):
                made = self._question()
            yield made

    def words(self) -> str:
        """Some plain words of one paper."""
        found = [word for word in _PIECE.findall(f"{self._paper.title} {self._paper.abstract}") if _is_word(word)]
        return " ".join(self._chance.sample(found, min(len(found), self._chance.randint(1, 4))) or _NOWHERE[:1])

    def _question(self) -> Made:
        self._paper = self._chance.choice(self._papers)
        where = tuple(
            self._tree(self._chance.choice((0, 0, 1, 2, 4))) for _ in range(self._chance.choice((0, 1, 1, 2)))
        )
        filters = self._filters() if not where or self._chance.random() < 0.4 else Filters()
        typed = self._chance.random() < 0.7
        writer = _Writer(self._chance)
        clauses = [writer.clause(node) for node in where] + (writer.filters(filters) if typed else [])
        self._chance.shuffle(clauses)
        text = "".join(clause + self._chance.choice(_BLANKS) for clause in clauses)
        return Made(text, Filters() if typed else filters, Query(where=where, filters=filters))

    # -- trees ---------------------------------------------------------------------------------------------------------

    def _tree(self, depth: int) -> Node:
        if not depth or self._chance.random() < 0.15:
            return self._leaf()
        if self._chance.random() < 0.2:
            return Not(self._tree(depth - 1))
        kind: type[And] | type[Or] = self._chance.choice((And, Or))
        if self._chance.random() < 0.2:
            return kind(tuple(self._alike()))
        return kind(tuple(self._tree(depth - 1) for _ in range(self._chance.choice((2, 2, 3)))))

    def _alike(self) -> list[Node]:
        """Leaves of one field, which may be written once."""
        first = self._leaf()
        found: list[Node] = [first]
        while len(found) < 3:
            one = self._leaf()
            if one.field == first.field:
                found.append(one)
        return found

    def _leaf(self) -> Term | Is:
        draw = self._chance.choice((self._word, self._word, self._phrase, self._phrase, self._prefix, self._value))
        return draw()

    def _some(self) -> Paper:
        """The paper that the question is about, or another one."""
        return self._paper if self._chance.random() < 0.9 else self._chance.choice(self._papers)

    def _text(self, field: str) -> str:
        """Some text of a field; of any when none is named."""
        paper = self._some()
        texts: Mapping[str, Sequence[str]] = {
            "title": (paper.title,), "abstract": (paper.abstract,), "author": paper.authors,
            "": (paper.title, paper.abstract, *paper.keywords),
        }  # fmt: skip
        return self._chance.choice(texts[field] or ("",))

    def _field(self) -> str:
        """One that has a text, mostly none in particular."""
        there = ["", "", "title", *(["abstract"] if self._paper.abstract else ["title"])]
        return self._chance.choice([*there, *(["author"] if self._paper.authors else [])])

    def _word(self) -> Term:
        field = self._field()
        found = [word for word in map(self._spelled, _PIECE.findall(self._text(field))) if _is_word(word)]
        return Term(self._chance.choice(found or _NOWHERE), field, "word")

    def _phrase(self) -> Term:
        field = self._field()
        found = [piece for piece in _QUOTE.sub(" ", self._text(field)).split() if "*" not in piece] or ["not", "there"]
        start = self._chance.randrange(len(found))
        words = found[start : start + self._chance.choice((1, 2, 2, 3))]
        if self._chance.random() < 0.1:
            words.reverse()
        return Term(self._spelled(" ".join(words)), field, "phrase")

    def _prefix(self) -> Term:
        field = self._field()
        found = _PREFIX.findall(self._text(field)) or ["zeb"]
        word = self._chance.choice(found)
        return Term(self._spelled(word[: self._chance.randint(2, len(word))]), field, "prefix")

    def _spelled(self, text: str) -> str:
        """The same, in other letters."""
        how = self._chance.random()
        other = text.upper() if how < 0.1 else fold(text) if how < 0.2 else f"{text}s" if how < 0.25 else text
        return other if other.strip() else text

    # -- values --------------------------------------------------------------------------------------------------------

    def _value(self) -> Is:
        field = self._chance.choice(("venue", "category", "source", "has", "year", "added", "id", "in"))
        return Is(field, self._value_of(field))

    def _value_of(self, field: str) -> str:
        if field in ("venue", "category", "source"):
            return self._whole(field)
        if field == "has":
            links = [kind for kind, _ in self._some().links if kind in HAS]
            return self._chance.choice(links or HAS)
        if field == "year":
            return years_text(*self._years())
        if field == "added":
            return self._spell()
        ids = self._some().ids
        on = [name for name, listed in self._lists.items() if {*ids} & {*listed}]
        return self._chance.choice(ids if field == "id" else on or ["no such list"])

    def _whole(self, field: str) -> str:
        paper = self._some()
        found = {"venue": (paper.venue,), "category": paper.categories, "source": paper.sources}[field]
        value = self._spelled(self._chance.choice(found or _NOWHERE) or _NOWHERE[1])
        how = self._chance.random()
        return f"{value[: self._chance.randint(1, len(value))].strip()}*" if how < 0.3 else value

    def _years(self) -> tuple[int | None, int | None]:
        low, high = sorted(self._some().year or self._chance.randint(1990, 2030) for _ in range(2))
        return self._chance.choice(((low, low), (low, high), (low, high), (low, None), (None, high)))

    def _spell(self) -> str:
        """A span of days, as ``added:`` takes it."""
        came = [self._added[self._some().key] or self._today for _ in "ab"]
        low, high = sorted(day + timedelta(days=self._chance.choice((-1, 0, 0, 1))) for day in came)
        back = f"{max(0, (self._today - low).days)}d"
        return self._chance.choice(
            (
                "today",
                "1d",
                "2w",
                "3m",
                "1y",
                back,
                f"{low}",
                f"{low}..",
                f"..{high}",
                f"{low}..{high}",
                f"{high}..{low}",
            )
        )

    def _filters(self) -> Filters:
        chosen = self._chance.sample(("authors", "venue", "category", "source", "has", "year", "added"), 2)
        chosen = chosen[: self._chance.randint(1, 2)]

        def many(field: str) -> tuple[str, ...]:
            count = self._chance.choice((1, 1, 2)) if field in chosen else 0
            return tuple(dict.fromkeys(self._value_of(field) for _ in range(count)))

        names = [self._name() for _ in range(self._chance.choice((1, 1, 2)))] if "authors" in chosen else ()
        years = self._years() if "year" in chosen else (None, None)
        added = self._spell() if "added" in chosen else ""
        return Filters(*years, many("venue"), tuple(names), many("category"), many("source"), many("has"), added)

    def _name(self) -> str:
        name = self._text("author") or "Nobody"
        words = name.split()
        part = self._chance.choice((name, words[-1], words[0], " ".join(words[-2:])))
        start = _PREFIX.match(part)
        return f"{start[0][:3]}*" if start and self._chance.random() < 0.2 else self._spelled(part)


class _Writer:
    """A tree in the language of the search box, in one of the ways in which it can be written."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def clause(self, node: Node) -> str:
        """A condition as a part of the question, where a word by itself is a wish and most fields are filters."""
        if isinstance(node, (Term, Is)):
            return f"+{self._leaf(node)}"
        return self._series(node) if self._chance.random() < 0.7 else f"+{self._bracket(node)}"

    def filters(self, filters: Filters) -> list[str]:
        found = [
            self._named(field, value)
            for field, values in (
                ("author", filters.authors), ("venue", filters.venues), ("category", filters.categories),
                ("source", filters.sources), ("has", filters.has),
            ) for value in values
        ]  # fmt: skip
        if years := years_text(filters.year_from, filters.year_to):
            found.append(self._named("year", years))
        return [*found, *([self._named("added", filters.added)] if filters.added else [])]

    def _series(self, node: Node) -> str:
        """Parts with operators between them; a part that binds less tightly stands in brackets."""
        if isinstance(node, Or):
            return " OR ".join(self._series(part) if isinstance(part, And) else self._unit(part) for part in node.nodes)
        return " AND ".join(map(self._unit, node.nodes)) if isinstance(node, And) else self._unit(node)

    def _unit(self, node: Node) -> str:
        if isinstance(node, Not):
            return self._not(node.node)
        if isinstance(node, (And, Or)):
            return self._bracket(node)
        return f"{'+' if self._chance.random() < 0.1 else ''}{self._leaf(node)}"

    def _not(self, node: Node) -> str:
        if self._chance.random() < 0.5 or isinstance(node, Not):
            return f"NOT {self._unit(node)}"
        return f"-{self._leaf(node) if isinstance(node, (Term, Is)) else self._bracket(node)}"

    def _bracket(self, node: Node) -> str:
        """The node in brackets. Within them all clauses hold together, so AND may be left out."""
        field = _common(node)
        if field and self._chance.random() < 0.7:
            return f"{self._field(field)}:({self._inner(_bare(node, field))})"
        return f"({self._inner(node)})"

    def _inner(self, node: Node) -> str:
        if isinstance(node, And) and self._chance.random() < 0.5:
            return " ".join(map(self._unit, node.nodes))
        return self._series(node)

    def _leaf(self, node: Term | Is) -> str:
        if isinstance(node, Is):
            return self._named(node.field, node.value)
        text = f'"{node.text}"' if node.kind == "phrase" else f"{node.text}{'*' if node.kind == 'prefix' else ''}"
        return f"{self._field(node.field)}:{text}" if node.field else text

    def _named(self, field: str, value: str) -> str:
        """A field and its value: identifiers as they are shown, years backwards, quotation marks where none need be."""
        if field == "id":
            return f"id:{shown(value)}"
        if field == "year" and self._chance.random() < 0.2:
            value = "..".join(reversed(value.split(".."))) if re.fullmatch(r"\d+\.\.\d+", value) else value
        if field in ("has", "in") and self._chance.random() < 0.2:
            value = value.upper()
        quote = any(sign in value for sign in " ()") or value[0] in "+-" or self._chance.random() < 0.1
        written = f'"{value}"' if quote else value
        return f"{self._field(field)}:{written}" if field else written

    def _field(self, field: str) -> str:
        name = self._chance.choice(_SHORT[field])
        return name.upper() if self._chance.random() < 0.1 else name


def _common(node: Node) -> str:
    """The field of all the leaves, when they have one and it may stand before a bracket."""
    fields = {leaf.field for leaf in leaves(node)}
    return fields.pop() if len(fields) == 1 and not fields & {"", "id"} else ""


def _bare(node: Node, field: str) -> Node:
    """The same without the field, which stands before the bracket."""
    if isinstance(node, (And, Or)):
        return type(node)(tuple(_bare(part, field) for part in node.nodes))
    if isinstance(node, Not):
        return Not(_bare(node.node, field))
    return Term(node.text, "", node.kind) if isinstance(node, Term) else Is("", node.value)


def _is_word(piece: str) -> bool:
    return not _READ.fullmatch(piece)


def _readable(made: Made) -> bool:
    """Whether all of the question is read, and is more than an identifier, which would be looked up."""
    found = [leaf for node in made.meant.where for leaf in leaves(node)]
    prefixes = sum(1 for leaf in found if isinstance(leaf, Term) and leaf.kind == "prefix")
    typed = made.meant.filters and not made.filters
    alone = len(set(found)) == 1 and isinstance(found[0], Is) and found[0].field == "id" and not typed
    return prefixes <= MAX_PREFIXES and len(found) <= 100 and len(made.text) <= _MOST and not alone

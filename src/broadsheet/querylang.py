"""What a person types becomes a `Query`; nothing typed is an error.

Plain words are wishes: any of them helps, meaning helps too. Everything else is a condition: ``"exact phrase"``,
``-word``, ``+word``, ``transf*``, ``a AND b``, ``a OR b``, ``NOT a``, ``( )``, and fields: ``title:`` ``abstract:``
``author:`` ``venue:`` ``category:`` ``source:`` ``id:`` ``doi:`` ``has:`` ``year:2021..2024`` ``added:7d`` ``in:``;
``like:ID`` and ``-like:ID`` ask for papers like others. What cannot be understood as written is searched as words, and
a note says where and why.

    question = clause*                   all must hold; plain words and like: only rank
    clause   = all ("OR" all)*
    all      = one ("AND" one)*
    one      = ("NOT" | "-" | "+")? (word | word* | "phrase" | field:one | "(" question ")")
"""

import re

from broadsheet import ids
from broadsheet.condition import QUOTE, And, Is, Node, Not, Or, Term, joined, negated
from broadsheet.errors import Mistake
from broadsheet.query import FACETS, MAX_LIMIT, MAX_OFFSET, MAX_WORDS, SORTS, Filters, Query, Sort
from broadsheet.queryparts import Problem, Reading, leaf, year_span
from broadsheet.querytokens import Token, tokens
from broadsheet.text import clean

__all__ = ["MAX_TEXT", "parse", "year_span"]

MAX_TEXT = 2_000  # characters of a question that are read
MAX_DEPTH = 40  # brackets in brackets
_SCHEMED = re.compile(r"(?:arxiv|doi|acl|openalex|pmid|hf): \S+", re.IGNORECASE | re.ASCII)


def parse(
    text: str,
    *,
    filters: Filters | None = None,
    sort: Sort = "relevance",
    offset: int = 0,
    limit: int = 10,
    upto: int = 0,
    explain: bool = False,
    facets: bool = False,
    verbatim: bool = False,
    asker: int = 0,
) -> Query:
    """The question in *text*, with *filters* from elsewhere (flags, URL parameters) joined to those it names.

    Raises Mistake, naming everything wrong at once, for a sort, offset or limit out of range.
    """
    _check(sort, offset, limit, upto)
    read = Reading()
    whole = clean(text)
    if len(whole) > MAX_TEXT:
        whole = whole[:MAX_TEXT]
        read.note(f"The question was cut after {MAX_TEXT:,} characters.")
    lookup = _id(whole)
    if not lookup:
        _Parser(whole, read).run()
        lookup = read.only_id or (_id(" ".join(read.words)) if read.only_words else "")
        if lookup:  # an id within empty quotes, say
            read.words, read.where = [], []
    if len(read.words) > MAX_WORDS:
        read.note(f"Only the first {MAX_WORDS} words were searched.")
        del read.words[MAX_WORDS:]
    return Query(
        text=whole,
        words=" ".join(read.words),
        phrases=tuple(dict.fromkeys(read.phrases)),
        without=tuple(dict.fromkeys(read.without)),
        where=tuple(dict.fromkeys(read.where)),
        like=tuple(dict.fromkeys(read.like)),
        unlike=tuple(dict.fromkeys(read.unlike)),
        lookup=lookup,
        filters=_joined(read, filters or Filters()),
        sort=sort,
        offset=offset,
        limit=limit,
        upto=upto,
        explain=explain,
        facets=FACETS if facets else (),
        verbatim=verbatim,
        asker=asker,
        notes=tuple(dict.fromkeys(read.notes)),
    )


def _id(text: str) -> str:
    """The canonical id that *text* is, else empty. A blank may stand only behind a scheme: ``doi: 10.1000/x``."""
    whole = " " not in text or _SCHEMED.fullmatch(text)
    return (ids.parse(text) or "") if whole and not QUOTE.search(text) else ""


class _Group:
    """What stood in brackets: clauses that no operator has joined yet."""

    def __init__(self, clauses: "list[Node | _Group]") -> None:
        self.clauses = clauses


class _Parser:
    """Recursive descent over the tokens; at most MAX_DEPTH deep."""

    def __init__(self, text: str, read: Reading) -> None:
        self._text, self._read = text, read
        self._tokens = _shallow(list(tokens(text)), read)
        self._at = 0
        self._turned = False  # inside of an odd number of negations

    def run(self) -> None:
        for one in self._clauses("", 0):
            self._take(one)

    # -- what was understood, taken over -------------------------------------------------------------------------------

    def _take(self, one: "Node | _Group") -> None:
        """A clause of the question itself."""
        if isinstance(one, _Group):  # brackets that nothing is joined to say nothing
            for clause in one.clauses:
                self._take(clause)
        elif isinstance(one, Term) and one.field == "" and one.kind == "word":
            self._read.words.append(one.text)
        elif not self._read.filter(one):
            self._require(one)

    def _require(self, node: Node) -> None:
        """A condition; what has a place of its own in a `Query` goes there."""
        for part in node.nodes if isinstance(node, And) else (node,):
            if isinstance(part, Term) and part.kind == "phrase" and not part.field:
                self._read.phrases.append(part.text)
            elif isinstance(part, Not) and isinstance(part.node, Term) and _left_out(part.node):
                self._read.without.append(part.node.text)
            else:
                self._read.require(part)

    # -- the grammar ---------------------------------------------------------------------------------------------------

    def _clauses(self, field: str, depth: int) -> "list[Node | _Group]":
        found: list[Node | _Group] = []
        while (token := self._peek()) is not None:
            if token.kind == ")":
                if depth:
                    break
                self._next()
                self._read.problem(Problem(token.start, ")", "closes nothing", "it was left out"))
            elif token.kind in ("AND", "OR"):
                self._next()
                self._read.problem(Problem(token.start, token.kind, "has nothing before it", "it was left out"))
            elif (one := self._or(field, depth)) is not None:
                found.append(one)
        return found

    def _or(self, field: str, depth: int) -> "Node | _Group | None":
        return self._series("OR", field, depth)

    def _and(self, field: str, depth: int) -> "Node | _Group | None":
        return self._series("AND", field, depth)

    def _series(self, word: str, field: str, depth: int) -> "Node | _Group | None":
        """Parts with *word* between them."""
        below = self._and if word == "OR" else self._one
        parts = [below(field, depth)]
        while (token := self._peek()) is not None and token.kind == word:
            self._next()
            after = self._peek()
            if after is None or after.kind in (")", "AND", "OR"):
                self._read.problem(Problem(token.start, word, "has nothing after it", "it was left out"))
                continue
            parts.append(below(field, depth))
        some = [part for part in parts if part is not None]
        if len(some) < len(parts) > 1:
            self._read.note(f"{word} joins conditions; like: and what was left out are none, and stand by themselves.")
        if len(some) < 2:
            return some[0] if some else None
        return _meant(joined(Or if word == "OR" else And, [self._hard(part) for part in some]))

    def _one(self, field: str, depth: int) -> "Node | _Group | None":
        token, turns = self._next(), 0
        while token.kind == "NOT":
            after = self._peek()
            if after is None or after.kind in (")", "AND", "OR"):
                self._read.problem(Problem(token.start, "NOT", "has nothing after it", "it was left out"))
                return None
            token, turns = self._next(), turns + 1
        self._turned ^= turns % 2 == 1
        one = self._unit(token, field, depth)
        self._turned ^= turns % 2 == 1
        for _ in range(turns % 2 or (2 if turns else 0)):
            one = None if one is None else negated(self._hard(one))
        return _meant(one) if turns and one is not None and not isinstance(one, _Group) else one

    def _unit(self, token: Token, field: str, depth: int) -> "Node | _Group | None":
        """A word, a phrase, or what stands in brackets, with the sign before it."""
        if token.kind == "(":
            return self._group(token, field, depth)
        inner = token.field or field
        if inner == "like":
            self._read.likes(token, self._turned)
            return None
        one = leaf(inner, token, self._read)
        return one if one is None or not token.sign else self._signed(token.sign, one)

    def _group(self, token: Token, field: str, depth: int) -> "Node | _Group | None":
        self._turned ^= token.sign == "-"
        clauses = self._clauses(token.field or field, depth + 1)
        self._turned ^= token.sign == "-"
        if self._peek() is None:
            self._read.problem(Problem(token.start, "(", "is never closed", "it was closed at the end"))
        else:
            self._next()
        if not clauses:
            return None
        group = _Group(clauses)
        return self._signed(token.sign, group) if token.sign else group

    def _signed(self, sign: str, one: "Node | _Group") -> Node:
        node = self._hard(one)
        if sign == "-":
            return _meant(negated(node))
        return And((node,)) if isinstance(node, (Term, Is)) else node

    def _hard(self, one: "Node | _Group") -> Node:
        """A part of an operator's: all of what stands in brackets must hold."""
        if isinstance(one, _Group):
            return joined(And, [self._hard(clause) for clause in one.clauses])
        return one.nodes[0] if isinstance(one, And) and len(one.nodes) == 1 else one

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]


def _shallow(found: list[Token], read: Reading) -> list[Token]:
    """The tokens without brackets that nest too deep."""
    depth, kept = 0, []
    for token in found:
        if token.kind == "(":
            depth += 1
        if token.kind not in "()" or depth <= MAX_DEPTH:
            kept.append(token)
        if token.kind == ")":
            depth = max(0, depth - 1)
    if len(kept) < len(found):
        read.note(f"Brackets nest more than {MAX_DEPTH} deep; the inner ones were left out.")
    return kept


def _meant(node: Node) -> Node:
    """A condition as an operator gives it: an `And` of one, where a word by itself is a wish and a field a filter."""
    return And((node,)) if isinstance(node, (Term, Is)) else node


def _left_out(term: Term) -> bool:
    """Whether the term, negated, has its place among the words to leave out: they are phrases when they have blanks."""
    return term.field == "" and (term.kind == "word" or (term.kind == "phrase" and " " in term.text))


def _joined(read: Reading, two: Filters) -> Filters:
    """The filters of the question and those beside it: alternatives united, years that both have."""
    one = read.filters()

    def both(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(getattr(one, name) + getattr(two, name)))

    years = (
        two.year_from if two.year_from is not None else one.year_from,
        two.year_to if two.year_to is not None else one.year_to,
    )
    if None not in years and years[0] > years[1] and any(read.years):  # type: ignore[operator]  # neither is None
        years = read.years
        read.note("The years in the question and those beside it exclude each other; those in the question were used.")
    return Filters(
        *years, venues=both("venues"), authors=both("authors"), categories=both("categories"),
        sources=both("sources"), has=both("has"), added=two.added or one.added,
    )  # fmt: skip


def _check(sort: Sort, offset: int, limit: int, upto: int) -> None:
    wrong: list[str] = []
    if sort not in SORTS:
        wrong.append(f"sort is {sort!r}; it must be one of {', '.join(SORTS)}")
    if not 1 <= limit <= MAX_LIMIT:
        wrong.append(f"limit is {limit!r}; it must be a whole number from 1 to {MAX_LIMIT}")
    if not 0 <= offset <= MAX_OFFSET:
        wrong.append(f"offset is {offset!r}; it must be a whole number from 0 to {MAX_OFFSET:,}")
    if not 0 <= upto < 2**31:
        wrong.append(f"upto is {upto!r}; it must be a whole number, as the first page's links have it")
    if wrong:
        raise Mistake("; ".join(wrong) + ".")

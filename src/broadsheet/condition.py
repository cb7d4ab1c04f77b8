"""What a paper must be, as a tree: `Term` and `Is` are the leaves, `Not`, `And`, `Or` join them. Pure data.

``str(node)`` is the condition in the language of the search box; `querylang` reads it back to an equal tree.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Union

QUOTE = re.compile('["“”]')
Kind = Literal["word", "phrase", "prefix"]
Node = Union["Term", "Is", "Not", "And", "Or"]


@dataclass(frozen=True, slots=True)
class Term:
    """Words that occur in a field.

    word     all words of *text*, in whatever form: stems, or names of an author
    phrase   the words of *text* as they stand, one after another
    prefix   a word that begins with *text*
    """

    text: str
    field: str = ""
    kind: Kind = "word"

    def __str__(self) -> str:
        name = f"{self.field}:" if self.field else ""
        return f'{name}"{self.text}"' if self.kind == "phrase" else f"{name}{self.text}{_STAR[self.kind]}"


@dataclass(frozen=True, slots=True)
class Is:
    """A field that has a value: ``venue`` ``category`` ``source`` (folded, ``acl*`` for a beginning), ``has``, ``year``
    (a range), ``added`` (a span of days), ``id`` (a canonical identifier), ``in`` (a list's name)."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}:{quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Not:
    node: Node

    def __str__(self) -> str:
        return f"-({self.node})" if isinstance(self.node, (And, Or, Not)) else f"-{self.node}"


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(f"({node})" if isinstance(node, Or) else str(node) for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(str(node) for node in self.nodes)


_STAR = {"word": "", "prefix": "*"}


def unquoted(value: str) -> str:
    """*value* with blanks for its quotation marks."""
    return " ".join(QUOTE.sub(" ", value).split()) if QUOTE.search(value) else value


def quoted(value: str) -> str:
    """*value* as it stands behind a colon; there is no way to write a quotation mark in it."""
    value = unquoted(value)
    return f'"{value}"' if not value or any(sign in value for sign in " ()") else value


def clause(node: Node) -> str:
    """*node* as a part of a question by itself, where a bare word would only be wished for."""
    return f"+{node}" if _wished(node) else str(node)


def _wished(node: Node) -> bool:
    """Whether a question reads the node as something else than a condition when no plus stands before it."""
    if isinstance(node, Term):
        return node.field == "author" or (node.field == "" and node.kind != "prefix")
    return isinstance(node, Is) and node.field not in ("id", "in")


def joined(kind: type[And] | type[Or], nodes: Iterable[Node]) -> Node:
    """The nodes as one: joined ones of the same kind taken in, each once; a single one stays itself."""
    flat: dict[Node, None] = {}
    for node in nodes:
        flat.update(dict.fromkeys(node.nodes if isinstance(node, kind) else (node,)))
    return next(iter(flat)) if len(flat) == 1 else kind(tuple(flat))


def negated(node: Node) -> Node:
    return node.node if isinstance(node, Not) else Not(node)


def author(name: str) -> Term:
    """The condition that a filter by *name* is: words of a name, or the beginning of one (``hint*``)."""
    name = unquoted(name) or name
    if name.endswith("*") and len(name) > 2 and name[:-1].isalnum():
        return Term(name[:-1], "author", "prefix")
    return Term(name, "author", "phrase" if any(sign in name for sign in " ()") else "word")


def leaves(node: Node) -> Iterator["Term | Is"]:
    if isinstance(node, (And, Or)):
        for part in node.nodes:
            yield from leaves(part)
    elif isinstance(node, Not):
        yield from leaves(node.node)
    else:
        yield node


def wanted(node: Node) -> Iterator[Term]:
    """The words that a paper may be found by: of no field but the text's, and not under a `Not`."""
    if isinstance(node, (And, Or)):
        for part in node.nodes:
            yield from wanted(part)
    elif isinstance(node, Term) and node.kind != "prefix" and node.field != "author":
        yield node

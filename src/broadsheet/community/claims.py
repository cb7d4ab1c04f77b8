"""Readers who are authors: they say so, an editor decides, and can decide otherwise."""

from typing import cast, get_args

from broadsheet.community.discussion import need, reason
from broadsheet.errors import Mistake, NotFound
from broadsheet.people.rights import Reader
from broadsheet.store import Store
from broadsheet.store.claims import Claim, State
from broadsheet.text import clip

DECISIONS = ("approved", "refused", "asked")


def ask(store: Store, reader: Reader, pk: int, author: str) -> Claim:
    """*reader* claims to be *author*, a name as the paper has it. Raises NotFound, Mistake."""
    paper = store.get([pk]).get(pk)
    if paper is None:
        raise NotFound("this paper is not in the library any more")
    if author not in paper.authors:
        raise Mistake(
            f"{clip(author, 80)!r} is not among the authors of this paper; choose the name as the paper has it"
        )
    return store.claims.ask(reader.id, pk, author)


def withdraw(store: Store, reader: Reader, number: int) -> Claim:
    """Takes one's own claim back. Raises NotFound, Forbidden."""
    return store.claims.withdraw(reader.id, number)


def decide(store: Store, reader: Reader, number: int, decision: str, note: str, was: str) -> Claim:
    """An editor's *decision*: approved, refused, or asked, which lets it wait again. *was*: what the editor saw.

    Raises NotFound, Forbidden, Mistake, and Conflict when another editor was faster.
    """
    need(reader, "moderate")
    if decision not in DECISIONS or was not in get_args(State):
        raise Mistake(f"a claim is {', '.join(DECISIONS[:2])}, or asked again; {clip(decision, 40)!r} is none of these")
    own = reader.may("people")  # an administrator answers to nobody here
    return store.claims.decide(reader.id, number, cast("State", decision), reason(note), was, own=own)

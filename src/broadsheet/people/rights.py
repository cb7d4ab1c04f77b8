"""Who asks, and what they may do. Pure.

A role is for a person, a scope for a program that acts for one: a token may do what its scopes and its reader's role
both allow.
"""

from typing import Literal, NamedTuple, get_args

Role = Literal["reader", "editor", "admin"]
Scope = Literal["read", "write", "edit", "admin"]
Act = Literal["keep", "vote", "comment", "submit", "claim", "join", "self", "pick", "moderate", "people"]

ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[Scope, ...] = get_args(Scope)

# What each act takes: the least role, and the scope that a token needs for it. `self` is one's own account.
NEEDS: dict[Act, tuple[Role, Scope]] = {
    "keep": ("reader", "write"),
    "vote": ("reader", "write"),
    "comment": ("reader", "write"),
    "submit": ("reader", "write"),
    "claim": ("reader", "write"),
    "join": ("reader", "write"),
    "self": ("reader", "admin"),
    "pick": ("editor", "edit"),
    "moderate": ("editor", "edit"),
    "people": ("admin", "admin"),
}


class Reader(NamedTuple):
    """One account, as it asks.

    scopes  what a token may do; None for the person, who may do all that the role may
    via     machine (the owner, where there are no accounts), session or token
    """

    id: int
    name: str
    role: Role = "reader"
    scopes: frozenset[str] | None = None
    via: Literal["machine", "session", "token"] = "session"

    def may(self, act: Act) -> bool:
        role, scope = NEEDS[act]
        return ROLES.index(self.role) >= ROLES.index(role) and (self.scopes is None or scope in self.scopes)


def may(reader: Reader | None, act: Act) -> bool:
    """Whether *reader* may do *act*; nobody may do nothing."""
    return reader is not None and reader.may(act)

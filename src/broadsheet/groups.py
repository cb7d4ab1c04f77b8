"""Groups of readers: a lab, a reading group. Who may do what with them.

Everybody may begin a group and owns it then. Owners say what it is called, who sees it and how one joins; owners and
editors choose its papers and let people in; members keep its lists. A group that only its members see is none for
everybody else.
"""

import re
from typing import Literal, get_args

from broadsheet.errors import Forbidden, Mistake, NotFound
from broadsheet.people import names
from broadsheet.shelves import named, noted
from broadsheet.store import Member, Store, Team
from broadsheet.store.teams import Called
from broadsheet.text import clean, clip, fold

SeenBy = Literal["all", "members"]
Joining = Literal["open", "ask", "invite"]
Role = Literal["member", "editor", "owner"]
SEEN: tuple[SeenBy, ...] = get_args(SeenBy)
JOINING: tuple[Joining, ...] = get_args(Joining)
ROLES: tuple[Role, ...] = get_args(Role)
SHORTEST, LONGEST = 2, 60  # characters of a name
_WORD = re.compile(r"[^\W_]+")
_EDITORS = "only an editor or an owner of this group may do that"
_OWNERS = "only an owner of this group may do that"


def slug(name: str) -> str:
    """How the name of a group is written in an address: ``graph-lab``. A name has a letter or a digit."""
    return "-".join(_WORD.findall(fold(name)))


def found(store: Store, name: str, account: int) -> Team:
    """The group of that name or slug, however it is written. Raises NotFound, also for one that *account* sees not."""
    wanted = clean(name)[: 2 * LONGEST]
    team = store.teams.named(wanted, account) or store.teams.like(_likeness(wanted), account)
    if team is None:
        raise NotFound(f"there is no group “{clip(wanted, 80)}” here")
    return team


def begin(store: Store, account: int, name: str, about: str = "", seen: str = "all", joining: str = "ask") -> Team:
    """A new group, which *account* owns. Raises Mistake."""
    called = _called(name, about, seen, joining)
    number = store.teams.create(account, called)
    if not number:
        raise Mistake(_taken(called.name))
    return at(store, number, account)


def change(
    store: Store, account: int, team: Team, *, name: str | None = None, about: str | None = None,
    seen: str | None = None, joining: str | None = None,
) -> Team:  # fmt: skip
    """Describe a group anew; None leaves things as they are. Raises Forbidden, Mistake."""
    _own(team)
    called = _called(
        team.name if name is None else name, team.about if about is None else about, seen or team.seen_by,
        joining or team.joining,
    )  # fmt: skip
    if not store.teams.change(team.id, called):
        raise Mistake(_taken(called.name))
    return at(store, team.id, account)


def at(store: Store, number: int, account: int) -> Team:
    """The group of that number. Raises NotFound, also for one that *account* does not see."""
    team = store.teams.at(number, account)
    if team is None:
        raise NotFound("there is no such group here")
    return team


def invite(store: Store, team: Team, reader: str) -> str:
    """Ask a reader into a group, by name; what they are now: invited, or a member who had asked. Raises Forbidden."""
    if not team.edits:
        raise Forbidden(_EDITORS)
    return store.teams.invite(team.id, clean(reader)[:LONGEST])


def accept(store: Store, team: Team, account: int) -> None:
    """Let somebody in who has asked. Raises Forbidden, NotFound."""
    if not team.edits:
        raise Forbidden(_EDITORS)
    if member(store, team, account).role == "asked":
        store.teams.give(team.id, account, "member")


def give(store: Store, team: Team, account: int, role: str) -> None:
    """Make a member something else; another owner is made this way, too. Raises Forbidden, Mistake, NotFound."""
    _own(team)
    if role not in ROLES:
        raise Mistake(f"a role is one of {', '.join(ROLES)}, not {clip(clean(role), 40)!r}")
    if member(store, team, account).role not in ROLES:
        raise Mistake("who has only asked or was only invited has no role yet")
    store.teams.give(team.id, account, role)


def hand_over(store: Store, team: Team, owner: int, heir: int) -> None:
    """Make another member the owner, and the owner an editor. Raises Forbidden, Mistake, NotFound."""
    give(store, team, heir, "owner")
    if owner != heir:
        store.teams.give(team.id, owner, "editor")


def put_out(store: Store, team: Team, by: int, account: int) -> None:
    """Take somebody out of a group, or send away who has asked. Raises Forbidden, NotFound.

    Editors do so with members, owners with everybody.
    """
    wanted = member(store, team, account)
    if by != account and not (team.edits and (team.role == "owner" or wanted.role not in ("editor", "owner"))):
        raise Forbidden(_OWNERS if team.edits else _EDITORS)
    store.teams.leave(team.id, account)


def remove(store: Store, team: Team) -> None:
    """The group goes; its lists are private ones of who made them. Raises Forbidden."""
    _own(team)
    store.teams.remove(team.id)


def member(store: Store, team: Team, account: int) -> Member:
    """Somebody in a group, or on the way into it. Raises NotFound."""
    one = store.teams.member(team.id, account)
    if one is None:
        raise NotFound("this reader is not in the group")
    return one


def _own(team: Team) -> None:
    if team.role != "owner":
        raise Forbidden(_OWNERS)


def _called(name: str, about: str, seen: str, joining: str) -> Called:
    called = named(name)
    if not SHORTEST <= len(called) <= LONGEST or not slug(called):
        raise Mistake(f"the name {clip(called, 40)!r} does not do; a group's name has {SHORTEST} to {LONGEST} letters")
    if fold(called) in names.RESERVED:
        raise Mistake(f"the name {called!r} is kept for the library itself; take another one")
    if seen not in SEEN:
        raise Mistake(f"who sees a group is one of {', '.join(SEEN)}, not {clip(clean(seen), 40)!r}")
    if joining not in JOINING:
        raise Mistake(f"how one joins is one of {', '.join(JOINING)}, not {clip(clean(joining), 40)!r}")
    return Called(called, fold(called), _likeness(called), noted(about), seen, joining)


def _likeness(name: str) -> str:
    return names.likeness(name.replace(" ", ""))


def _taken(name: str) -> str:
    return f"another group, or a reader, is called {clip(name, 40)!r} or much like it; take another name"

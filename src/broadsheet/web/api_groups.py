"""Groups of readers, and readers themselves as all see them, for programs."""

from typing import Annotated, Literal, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi import Body as Given
from fastapi import Path as At
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet import groups
from broadsheet.errors import NotFound
from broadsheet.groups import Joining, Role, SeenBy
from broadsheet.people import names
from broadsheet.people.rights import Reader
from broadsheet.shelves import MAX_NOTE
from broadsheet.store import Account, Member, Team
from broadsheet.text import clip
from broadsheet.web import groups as pages
from broadsheet.web import site
from broadsheet.web.api_lists import Listed, told_list
from broadsheet.web.api_models import Body, Next, Time, closed, moment
from broadsheet.web.api_parts import (
    LIMIT,
    Anybody,
    Cursor,
    Limit,
    Needs,
    changed,
    cut,
    given,
    gone,
    listed,
    place,
    unchanged,
)
from broadsheet.web.api_schema import OPEN, errors, right

router = APIRouter(prefix="/api/v1", tags=["groups"], default_response_class=JSONResponse)

Joiner = Annotated[Reader, Depends(Needs("join"))]
Slug = Annotated[str, At(max_length=200, description="As its address has it (graph-lab), or its name")]
Name = Annotated[str, At(max_length=200, description="A reader's name")]
CALLED = Field(min_length=groups.SHORTEST, max_length=groups.LONGEST)


@closed
class Group(TypedDict):
    """A group: who sees it, how one joins, and what you are in it."""

    slug: str
    name: str
    about: str
    seen_by: SeenBy
    joining: Joining
    members: int
    role: Annotated[str, Field(description="Yours: owner, editor, member, asked, invited; empty for none")]
    made: Time
    url: str


@closed
class Groups(TypedDict):
    groups: Annotated[list[Group], Field(description="By name")]
    next: Next


@closed
class OneMember(TypedDict):
    """Somebody in a group, or on the way into it."""

    name: str
    role: str
    since: Time


@closed
class Members(TypedDict):
    members: Annotated[list[OneMember], Field(description="Owners first, then who is longest in it")]
    next: Next


@closed
class GroupLists(TypedDict):
    lists: list[Listed]


@closed
class Profile(TypedDict):
    """What all see of a reader."""

    name: str
    about: str
    since: Time
    groups: list[Group]
    lists: Annotated[list[Listed], Field(description="The public ones")]


class NewGroup(Body):
    name: Annotated[str, CALLED]
    about: Annotated[str, Field(max_length=MAX_NOTE)] = ""
    seen_by: SeenBy = "all"
    joining: Joining = "ask"


class GroupChange(Body):
    """What is not given stays as it is."""

    name: Annotated[str, CALLED] | None = None
    about: Annotated[str, Field(max_length=MAX_NOTE)] | None = None
    seen_by: SeenBy | None = None
    joining: Joining | None = None


class MemberChange(Body):
    role: Annotated[Role | None, Field(description="What a member becomes; an owner says so")] = None


@router.get("/groups", summary="The groups that you see, or are in", response_model=Groups, openapi_extra=OPEN)
def every(
    request: Request,
    account: Anybody,
    of: Annotated[Literal["me", "all"], Param(description="Those that you are in, or on the way into; or all")] = "all",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response:
    teams, after = site.of(request).library.store.teams, place(request, cursor, str)
    if of == "all":
        found = teams.all(account, after=after[0] if after else "", limit=limit + 1)
    else:
        mine = sorted(teams.of(account) if account else [], key=lambda team: team.key)
        found = [team for team in mine if after is None or team.key > after[0]][: limit + 1]
    shown, last = cut(found, limit, lambda team: (team.key,))
    return listed(request, "groups", [_group(team) for team in shown], last)


@router.post("/groups", summary="Begin a group", status_code=201, response_model=Group, openapi_extra=right("join"))
def begin(request: Request, reader: Joiner, new: NewGroup) -> Response:
    store = site.of(request).library.store
    made = _group(groups.begin(store, reader.id, new.name, new.about, new.seen_by, new.joining))
    return changed(made, 201, location=f"/api/v1/groups/{quote(made['slug'])}")


@router.get("/groups/{slug}", summary="One group", response_model=Group, responses=errors(404), openapi_extra=OPEN)
def one(request: Request, account: Anybody, slug: Slug) -> Response:
    return given(request, _group(_team(request, slug, account)))


@router.patch("/groups/{slug}", summary="Describe a group anew", response_model=Group, responses=errors(404, 412),
              openapi_extra=right("join"))  # fmt: skip
def change(request: Request, reader: Joiner, slug: Slug, new: GroupChange) -> Response:
    store, team = site.of(request).library.store, _team(request, slug, reader.id)
    unchanged(request, _group(team))
    return changed(_group(groups.change(
        store, reader.id, team, name=new.name, about=new.about, seen=new.seen_by, joining=new.joining
    )))  # fmt: skip


@router.delete("/groups/{slug}", summary="A group goes; its lists are private ones of who made them", status_code=204,
               responses=errors(404, 412), openapi_extra=right("join"))  # fmt: skip
def remove(request: Request, reader: Joiner, slug: Slug) -> Response:
    team = _team(request, slug, reader.id)
    unchanged(request, _group(team))
    groups.remove(site.of(request).library.store, team)
    return gone()


@router.get("/groups/{slug}/lists", summary="The lists of a group", response_model=GroupLists, responses=errors(404),
            openapi_extra=OPEN)  # fmt: skip
def lists(request: Request, account: Anybody, slug: Slug) -> Response:
    found = site.of(request).library.store.lists.of_group(_team(request, slug, account).id, account)
    return given(request, GroupLists(lists=[told_list(each) for each in found]))


# -- members -----------------------------------------------------------------------------------------------------------


@router.get("/groups/{slug}/members", summary="Who is in a group; to its editors also who waits",
            response_model=Members, responses=errors(404), openapi_extra=OPEN)  # fmt: skip
def members(request: Request, account: Anybody, slug: Slug, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    team, after = _team(request, slug, account), place(request, cursor, int, int, int)
    found = site.of(request).library.store.teams.members(team.id, limit=MANY)
    some = [each for each in found if (each.role in groups.ROLES or team.edits)]
    shown, last = cut([each for each in some if after is None or _rank(each) > after][: limit + 1], limit, _rank)
    return listed(request, "members", [_member(each) for each in shown], last)


@router.put("/groups/{slug}/members/{name}", summary="Join; as an editor invite, or let in; as an owner give a role",
            response_model=OneMember, responses=errors(404), openapi_extra=right("join"))  # fmt: skip
def put(
    request: Request, reader: Joiner, slug: Slug, name: Name, new: Annotated[MemberChange | None, Given()] = None
) -> Response:
    store, team, whom = site.of(request).library.store, _team(request, slug, reader.id), _account(request, name)
    role = new.role if new else None
    before = store.teams.member(team.id, whom.id)
    if whom.id == reader.id and role is None:
        store.teams.join(team.id, reader.id)
    elif before is None or not team.edits:  # who is on the way into a group is told to its editors alone
        groups.invite(store, team, whom.name)
    elif before.role == "asked":
        groups.accept(store, team, whom.id)
    if role is not None and (before is None or before.role != role):
        groups.give(store, team, whom.id, role)
    return changed(_member(groups.member(store, team, whom.id)))


@router.delete("/groups/{slug}/members/{name}", summary="Leave; as an editor put somebody out", status_code=204,
               responses=errors(404), openapi_extra=right("join"))  # fmt: skip
def put_out(request: Request, reader: Joiner, slug: Slug, name: Name) -> Response:
    team, whom = _team(request, slug, reader.id), _account(request, name)
    groups.put_out(site.of(request).library.store, team, reader.id, whom.id)
    return gone()


@router.get("/readers/{name}", summary="What all see of a reader", response_model=Profile,
            responses=errors(404), openapi_extra=OPEN)  # fmt: skip
def profile(request: Request, account: Anybody, name: Name) -> Response:
    store, who = site.of(request).library.store, _account(request, name)
    value = Profile(
        name=who.name, about=who.about, since=moment(who.made),
        groups=[_group(team) for team in store.teams.shown(who.id, account)],
        lists=[told_list(each) for each in store.lists.of_reader(who.id)],
    )  # fmt: skip
    return given(request, value)


MANY = 10_000  # members of a group that are looked through
_ORDER = ("owner", "editor", "member")


def _rank(one: Member) -> tuple[int, int, int]:
    """The order in which the store has them."""
    return _ORDER.index(one.role) if one.role in _ORDER else len(_ORDER), one.at, one.account


def _team(request: Request, slug: str, account: int) -> Team:
    return groups.found(site.of(request).library.store, slug, account)


def _account(request: Request, name: str) -> Account:
    """Raises NotFound, also for somebody who is suspended or gone."""
    found = site.of(request).library.store.accounts.named(names.key(name)) if len(name) <= names.LONGEST else None
    if found is None or found.state != "active":
        raise NotFound(f"There is no reader “{clip(name, 40)}” here.")
    return found


def _group(team: Team) -> Group:
    return Group(
        slug=groups.slug(team.name), name=team.name, about=team.about, seen_by=cast("SeenBy", team.seen_by),
        joining=cast("Joining", team.joining), members=team.members, role=team.role, made=moment(team.made),
        url=pages.address(team),
    )  # fmt: skip


def _member(one: Member) -> OneMember:
    return OneMember(name=one.name, role=one.role, since=moment(one.at))

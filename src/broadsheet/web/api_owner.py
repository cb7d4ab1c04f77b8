"""For administrators' programs: who has an account, who is invited, and what was done."""

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends
from fastapi import Path as At
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.errors import Forbidden, NotFound
from broadsheet.people import acts, addresses, invitations, names
from broadsheet.people.rights import Reader, Role
from broadsheet.store import Account
from broadsheet.text import clip, fold
from broadsheet.web import site
from broadsheet.web.account import sent
from broadsheet.web.api_models import Body, Next, Time, closed, moment
from broadsheet.web.api_parts import LIMIT, Cursor, Limit, Needs, changed, cut, given, gone, listed, place, unchanged
from broadsheet.web.api_schema import errors, right
from broadsheet.web.writes import Asking

router = APIRouter(prefix="/api/v1", tags=["administration"], default_response_class=JSONResponse)

Admin = Annotated[Reader, Depends(Needs("people"))]
Self = Annotated[Reader, Depends(Needs("self"))]
State = Literal["active", "suspended"]
Name = Annotated[str, At(max_length=200, description="A reader's name")]


@closed
class OneAccount(TypedDict):
    """An account."""

    id: int
    name: str
    email: Annotated[str, Field(description="Empty for none")]
    role: Role
    state: State
    since: Time


@closed
class Accounts(TypedDict):
    accounts: Annotated[list[OneAccount], Field(description="In the order in which they were made")]
    next: Next


@closed
class Event(TypedDict):
    """One row of the audit log."""

    id: int
    at: Time
    by: Annotated[str, Field(description="Empty for nobody, or an account that has gone")]
    act: str
    words: Annotated[str, Field(description="The act in words")]
    object: str
    to: Annotated[str, Field(description="The object as it is called today; empty for what has gone")]
    detail: str


@closed
class Audit(TypedDict):
    events: Annotated[list[Event], Field(description="The latest first")]
    next: Next


@closed
class Invitation(TypedDict):
    """An invitation that can still be used; its link is told only when it is made."""

    id: str
    email: Annotated[str, Field(description="Where it was sent; empty for one that was handed over")]
    role: str
    uses: int
    made: Time
    ends: Time


@closed
class Invitations(TypedDict):
    invitations: list[Invitation]


@closed
class Invited(TypedDict):
    """A new invitation: the link to hand over, or the address that it was sent to."""

    link: str
    email: str
    days: int


class AccountChange(Body):
    """What is not given stays as it is."""

    role: Role | None = None
    state: State | None = None


class NewInvitation(Body):
    email: Annotated[str, Field(max_length=300, description="Where to send it; empty for a link to hand over")] = ""
    role: Role = "reader"
    uses: Annotated[int, Field(ge=1, le=invitations.MOST_USES)] = 1
    days: Annotated[int, Field(ge=1, le=invitations.LONGEST)] = invitations.DAYS


# -- accounts ----------------------------------------------------------------------------------------------------------


@router.get("/accounts", summary="Who has an account", response_model=Accounts, openapi_extra=right("people"))
def accounts(
    request: Request,
    reader: Admin,
    q: Annotated[str, Param(max_length=80, description="What is in the name, or in the address")] = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response:
    after = place(request, cursor, int)
    found = site.of(request).library.store.accounts.some(limit + 1, after[0] if after else 0, fold(q))
    shown, last = cut(found, limit, lambda one: (one.id,))
    return listed(request, "accounts", [_told(one) for one in shown], last)


@router.get("/accounts/{name}", summary="One account", response_model=OneAccount, responses=errors(404),
            openapi_extra=right("people"))  # fmt: skip
def account(request: Request, reader: Admin, name: Name) -> Response:
    return given(request, _told(_named(request, name)))


@router.patch("/accounts/{name}", summary="Give another role, suspend, or restore", response_model=OneAccount,
              responses=errors(404, 412), openapi_extra=right("people"))  # fmt: skip
def change(request: Request, reader: Admin, name: Name, new: AccountChange) -> Response:
    store, before = site.of(request).library.store, _named(request, name)
    unchanged(request, _told(before))
    if new.role is not None and new.role != before.role:
        store.accounts.set_role(before.id, new.role, reader.id)
    if new.state is not None and new.state != before.state:
        act = store.accounts.suspend if new.state == "suspended" else store.accounts.restore
        act(before.id, reader.id)
    return changed(_told(_named(request, name)))


@router.get("/audit", summary="What was done by whom", response_model=Audit, openapi_extra=right("people"))
def audit(request: Request, reader: Admin, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    before = place(request, cursor, int)
    store = site.of(request).library.store
    found = store.audit.entries(limit + 1, before[0] if before else 0)
    shown, last = cut(found, limit, lambda one: (one.id,))
    objects = acts.objects(store, shown)
    rows = [
        Event(id=one.id, at=moment(one.at), by=one.name, act=one.act, words=acts.words(one), object=one.object,
              to=objects.get(one.object, ""), detail=one.detail)
        for one in shown
    ]  # fmt: skip
    return listed(request, "events", rows, last)


# -- invitations -------------------------------------------------------------------------------------------------------


@router.get("/invitations", summary="Invitations that can still be used: yours, an administrator's all",
            response_model=Invitations, openapi_extra=right("self"))  # fmt: skip
def pending(request: Request, reader: Self) -> Response:
    found = invitations.pending(site.of(request).library.store)
    rows = [
        Invitation(id=one.hash[:SHOWN], email=addresses.shown(one.email), role=one.role, uses=one.uses,
                   made=moment(one.made), ends=moment(one.ends))
        for one in found
        if reader.may("people") or one.by == reader.id
    ]  # fmt: skip
    return given(request, Invitations(invitations=rows))


@router.post("/invitations", summary="Invite somebody", status_code=201, response_model=Invited,
             openapi_extra=right("self"))  # fmt: skip
def invite(request: Request, reader: Self, new: NewInvitation) -> Response:
    here = site.of(request)
    if not invitations.may(here.library.settings, reader):
        raise Forbidden("An administrator of this library can invite somebody.")
    made = invitations.make(
        here.library.store, reader, email=new.email, role=new.role, uses=new.uses, days=new.days
    )  # fmt: skip
    told = sent(Asking(here, reader, {}, request), made)
    return changed(Invited(link=told["link"], email=told["email"], days=made.days), 201)


@router.delete("/invitations/{invitation}", summary="Revoke an invitation", status_code=204, responses=errors(404),
               openapi_extra=right("self"))  # fmt: skip
def revoke(request: Request, reader: Self, invitation: str) -> Response:
    invitations.revoke(site.of(request).library.store, reader, invitation)
    return gone()


SHOWN = 16  # signs of an invitation's mark that name it


def _named(request: Request, name: str) -> Account:
    found = site.of(request).library.store.accounts.named(names.key(name)) if len(name) <= names.LONGEST else None
    if found is None:
        raise NotFound(f"There is no reader “{clip(name, 40)}” here.")
    return found


def _told(one: Account) -> OneAccount:
    return OneAccount(
        id=one.id, name=one.name, email=addresses.shown(one.email or ""), role=cast("Role", one.role),
        state=cast("State", one.state), since=moment(one.made),
    )  # fmt: skip

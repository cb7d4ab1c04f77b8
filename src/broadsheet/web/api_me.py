"""One's own account, for programs: profile, tokens, browsers that are signed in, all that is kept, and going."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.errors import NotFound
from broadsheet.people import addresses, keys, leaving, signin, tokens
from broadsheet.people.rights import Reader, Role, Scope
from broadsheet.store import Account
from broadsheet.text import clean
from broadsheet.web import cookies, site
from broadsheet.web.account import ABOUT
from broadsheet.web.api_models import Body, Time, closed, moment
from broadsheet.web.api_parts import Needs, Number, changed, given, gone, unchanged
from broadsheet.web.api_schema import errors, right

router = APIRouter(prefix="/api/v1", tags=["me"], default_response_class=JSONResponse)

Asker = Annotated[Reader, Depends(Needs())]
Self = Annotated[Reader, Depends(Needs("self"))]
EVER = Field(description="ISO 8601 in UTC; empty for never")


@closed
class Me(TypedDict):
    """Who you are here."""

    name: str
    role: Role
    email: Annotated[str, Field(description="Empty for none")]
    about: str
    since: Time
    scopes: Annotated[list[str] | None, Field(description="What the token may do; null for the person")]


@closed
class Token(TypedDict):
    """A token of yours, without itself."""

    id: int
    name: str
    scopes: list[str]
    made: Time
    used: Annotated[str, EVER]
    ends: Annotated[str, EVER]


@closed
class Tokens(TypedDict):
    tokens: list[Token]


@closed
class Made(TypedDict):
    """A new token; its key is told this once."""

    id: int
    key: str


@closed
class Session(TypedDict):
    """A browser that is signed in."""

    id: str
    browser: str
    how: Annotated[str, Field(description="link, passkey, oidc, invitation or shell")]
    this: Annotated[bool, Field(description="Whether it is the one that asks")]
    begun: Time
    seen: Time
    ends: Time


@closed
class Sessions(TypedDict):
    sessions: list[Session]


class MeChange(Body):
    """What is not given stays as it is."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    about: Annotated[str, Field(max_length=ABOUT)] | None = None


class NewToken(Body):
    name: Annotated[str, Field(min_length=1, max_length=80, description="What it is for")]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4, description="What it may do")]
    days: Annotated[int, Field(ge=0, le=tokens.LONGEST, description="How long it lasts; 0: until it is revoked")] = 0


@router.get("/me", summary="Who you are here", response_model=Me)
def me(request: Request, reader: Asker) -> Response:
    return given(request, _me(request, reader))


@router.patch("/me", summary="Call yourself otherwise, say something else about yourself", response_model=Me,
              responses=errors(412), openapi_extra=right("self"))  # fmt: skip
def change(request: Request, reader: Self, new: MeChange) -> Response:
    unchanged(request, _me(request, reader))
    before = _account(request, reader)
    name = signin.called(before.name if new.name is None else new.name)
    about = before.about if new.about is None else clean(new.about)
    site.of(request).library.store.accounts.describe(reader.id, name, about)
    return changed(_me(request, reader))


@router.delete("/me", summary="Delete your account and all that is yours, for good", status_code=204,
               openapi_extra=right("self"))  # fmt: skip
def leave(
    request: Request, reader: Self,
    name: Annotated[str, Param(max_length=200, description="Your name, typed once more: you mean it")],
) -> Response:  # fmt: skip
    leaving.leave(site.of(request).library.store, reader, name)
    return gone()


@router.get("/me/export", summary="All that is kept of you, as an archive", response_class=Response,
            responses={200: {"content": {"application/zip": {}}}}, openapi_extra=right("self"))  # fmt: skip
def export(request: Request, reader: Self) -> Response:
    here = site.of(request)
    body = leaving.exported(here.library.store, reader, here.title)
    headers = {"content-disposition": 'attachment; filename="broadsheet.zip"', "cache-control": "private, no-store"}
    return Response(body, 200, headers, "application/zip")


# -- tokens and sessions -----------------------------------------------------------------------------------------------


@router.get("/me/tokens", summary="Your tokens", response_model=Tokens, openapi_extra=right("self"))
def all_tokens(request: Request, reader: Self) -> Response:
    found = site.of(request).library.store.credentials.tokens(reader.id)
    rows = [
        Token(id=one.id, name=one.name, scopes=one.scopes.split(), made=moment(one.made), used=moment(one.used),
              ends=moment(one.ends))
        for one in found
    ]  # fmt: skip
    return given(request, Tokens(tokens=rows))


@router.post("/me/tokens", summary="Make a token that may do no more than you", status_code=201, response_model=Made,
             openapi_extra=right("self"))  # fmt: skip
def make(request: Request, reader: Self, new: NewToken) -> Response:
    made = tokens.make(site.of(request).library.store, reader, new.name, new.scopes, new.days)
    return changed(Made(id=made.id, key=made.key), 201)


@router.delete("/me/tokens/{number}", summary="Revoke a token", status_code=204, responses=errors(404),
               openapi_extra=right("self"))  # fmt: skip
def revoke(request: Request, reader: Self, number: Number) -> Response:
    tokens.revoke(site.of(request).library.store, reader, number)
    return gone()


@router.get("/me/sessions", summary="Browsers that are signed in as you", response_model=Sessions,
            openapi_extra=right("self"))  # fmt: skip
def sessions(request: Request, reader: Self) -> Response:
    this = keys.mark(cookies.read(request, cookies.SESSION))
    found = site.of(request).library.store.entrances.sessions(reader.id)
    rows = [
        Session(id=one.hash, browser=one.agent, how=one.how, this=one.hash == this, begun=moment(one.made),
                seen=moment(one.seen), ends=moment(one.ends))
        for one in found
    ]  # fmt: skip
    return given(request, Sessions(sessions=rows))


@router.delete("/me/sessions/{session}", summary="Sign a browser out", status_code=204, responses=errors(404),
               openapi_extra=right("self"))  # fmt: skip
def end(request: Request, reader: Self, session: str) -> Response:
    if not site.of(request).library.store.entrances.end(reader.id, session):
        raise NotFound("That browser is signed out already.")
    return gone()


def _account(request: Request, reader: Reader) -> Account:
    found = site.of(request).library.store.accounts.at(reader.id)
    if found is None:
        raise NotFound("This account is not here any more.")
    return found


def _me(request: Request, reader: Reader) -> Me:
    one = _account(request, reader)
    scopes: Sequence[str] | None = None if reader.scopes is None else sorted(reader.scopes)
    return Me(
        name=one.name, role=reader.role, email=addresses.shown(one.email or ""), about=one.about,
        since=moment(one.made), scopes=None if scopes is None else list(scopes),
    )  # fmt: skip

"""For administrators' programs: how mail fares, why a reader got none, which addresses get nothing, what came back."""

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends
from fastapi import Path as At
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.editions import overview, schedule, status
from broadsheet.people import addresses
from broadsheet.people.rights import Reader
from broadsheet.store import Suppressed
from broadsheet.text import clean
from broadsheet.web import site
from broadsheet.web.api_models import Body, Next, Time, closed, moment
from broadsheet.web.api_parts import LIMIT, Cursor, Limit, Needs, changed, cut, given, gone, listed, place
from broadsheet.web.api_schema import right

router = APIRouter(prefix="/api/v1", tags=["administration"], default_response_class=JSONResponse)

Admin = Annotated[Reader, Depends(Needs("people"))]
Email = Annotated[str, At(min_length=3, max_length=254, description="An address")]
State = Literal[
    "ready", "sending", "sent", "unsure", "bounced", "refused", "failed", "skipped", "withheld", "missed"
]  # fmt: skip


@closed
class Failing(TypedDict):
    """A step of `broadsheet work` that does not do what it should."""

    step: str
    since: Time
    why: str


@closed
class MailDay(TypedDict):
    """A day of readers' calendars, and what became of its editions."""

    day: str
    states: Annotated[dict[State, int], Field(description="docs/mail.md says what each means")]


@closed
class Mail(TypedDict):
    """How mail fares."""

    at_work: Annotated[bool, Field(description="Whether `broadsheet work` is there, without which nothing leaves")]
    why: Annotated[str, Field(description="Why it is not; empty while it is")]
    beat: Annotated[Time, Field(description="When it was last heard of")]
    server: Annotated[str, Field(description="Empty where letters are written into the outbox")]
    failing: list[Failing]
    waiting: Annotated[int, Field(description="Letters that are ready, and wait for their hour or for another try")]
    next: Annotated[Time, Field(description="When the next edition of anybody is due")]
    readers: Annotated[dict[Literal["active", "off", "left", "suppressed"], int], Field(description="How many")]
    days: Annotated[list[MailDay], Field(description="Of the last thirty, those with editions; the oldest first")]


@closed
class OneReader(TypedDict):
    """Somebody who gets letters."""

    id: int
    email: str
    when: Annotated[str, Field(description="In words")]
    status: Annotated[str, Field(description="Why there was no mail, or that there was, and what is next")]


@closed
class Readers(TypedDict):
    readers: Annotated[list[OneReader], Field(description="By address")]


@closed
class OneReturn(TypedDict):
    """Something that came back."""

    at: Time
    kind: Literal["bounce", "delay", "complaint", "unsubscribe", "unknown"]
    email: Annotated[str, Field(description="Whom it is about; empty for nobody we know")]
    detail: str


@closed
class Returns(TypedDict):
    returned: Annotated[list[OneReturn], Field(description="The latest first")]


@closed
class Stopped(TypedDict):
    """An address that gets nothing."""

    email: str
    why: Literal["bounce", "complaint", "owner"]
    detail: str
    since: Time


@closed
class AllStopped(TypedDict):
    suppressed: Annotated[list[Stopped], Field(description="By address")]
    next: Next


class Why(Body):
    detail: Annotated[str, Field(max_length=200, description="Why nothing goes there; for administrators to read")] = ""


@router.get("/mail", summary="How mail fares", response_model=Mail, openapi_extra=right("people"))
def mail(request: Request, reader: Admin) -> Response:
    found = overview.overview(site.of(request).library, _now())
    counts = {name: found.readers.get(name, 0) for name in ("active", "off", "left", "suppressed")}
    days = [MailDay(day=one.day.isoformat(), states=cast("dict[State, int]", dict(one.states)))
            for one in found.days if one.total]  # fmt: skip
    failing = [Failing(step=name, since=moment(one.since), why=one.said) for name, one in found.trouble.items()]
    return given(request, {
        "at_work": not found.silence, "why": found.silence, "beat": moment(found.beat), "server": found.server,
        "failing": failing, "waiting": found.waiting, "next": moment(found.next), "readers": counts, "days": days,
    })  # fmt: skip


@router.get("/mail/readers", summary="Who gets letters, and why one did not come", response_model=Readers,
            openapi_extra=right("people"))  # fmt: skip
def readers(
    request: Request,
    reader: Admin,
    q: Annotated[str, Param(max_length=80, description="What is in the address")] = "",
    limit: Limit = LIMIT,
) -> Response:
    library, now = site.of(request).library, _now()
    rows = [
        OneReader(id=one.id, email=addresses.shown(one.email), when=schedule.told(one),
                  status=status.status_line(library, one, now))
        for one in library.store.subscribers.search(clean(q), limit)
    ]  # fmt: skip
    return given(request, Readers(readers=rows))


@router.get("/mail/returned", summary="What came back", response_model=Returns, openapi_extra=right("people"))
def returned(request: Request, reader: Admin, limit: Limit = LIMIT) -> Response:
    store = site.of(request).library.store
    found = store.subscribers.returns(limit=limit)
    about = {one.subscriber: store.subscribers.at(one.subscriber) for one in found if one.subscriber}
    rows = [
        {"at": moment(one.at), "kind": one.kind, "detail": one.detail,
         "email": addresses.shown(whose.email) if (whose := about.get(one.subscriber or 0)) else ""}
        for one in found
    ]  # fmt: skip
    return given(request, {"returned": rows})


# -- addresses that get nothing ----------------------------------------------------------------------------------------


@router.get("/mail/suppressed", summary="Addresses that get nothing", response_model=AllStopped,
            openapi_extra=right("people"))  # fmt: skip
def suppressed(request: Request, reader: Admin, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    after = place(request, cursor, str)
    found = site.of(request).library.store.subscribers.suppressions(limit + 1, after[0] if after else "")
    shown, last = cut(found, limit, lambda one: (one.email,))
    return listed(request, "suppressed", [_told(one) for one in shown], last)


@router.put("/mail/suppressed/{email}", summary="Send nothing to an address", response_model=Stopped,
            openapi_extra=right("people"))  # fmt: skip
def stop(request: Request, reader: Admin, email: Email, new: Why) -> Response:
    """One that gets nothing for another reason already gets nothing for this one from here on."""
    store, named = site.of(request).library.store, addresses.address(email)
    if store.subscribers.suppress(named, "owner", clean(new.detail), _now()):
        store.audit.note(reader.id, "mail.stop")
    return changed(_told(store.subscribers.suppressed([named])[named]))


@router.delete("/mail/suppressed/{email}", summary="Let letters go to an address again", status_code=204,
               openapi_extra=right("people"))  # fmt: skip
def lift(request: Request, reader: Admin, email: Email) -> Response:
    store = site.of(request).library.store
    if store.subscribers.lift(addresses.address(email)):
        store.audit.note(reader.id, "mail.lift")
    return gone()


def _told(one: Suppressed) -> Stopped:
    why = cast("Literal['bounce', 'complaint', 'owner']", one.why)
    return Stopped(email=addresses.shown(one.email), why=why, detail=one.detail, since=moment(one.at))


def _now() -> int:
    return int(site.now().timestamp())

"""Letters with new papers, for programs: one's own subscription, and asking for one in the name of an address."""

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.editions import schedule, subscribing
from broadsheet.editions import wishes as wanting
from broadsheet.editions.subscribing import Wanted
from broadsheet.editions.wishes import Every, Kind, Quiet
from broadsheet.errors import Mistake, NotFound
from broadsheet.people import addresses
from broadsheet.people.rights import Reader
from broadsheet.store import Account, Schedule, Subscriber, Wish
from broadsheet.web import site, subscribe, who
from broadsheet.web.api_models import Body, Time, closed, moment
from broadsheet.web.api_parts import Anybody, Needs, changed, given, gone
from broadsheet.web.api_schema import OPEN, errors, right

router = APIRouter(prefix="/api/v1", tags=["letters"], default_response_class=JSONResponse)

Self = Annotated[Reader, Depends(Needs("self"))]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Clock = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Of the local day: 07:30")]
Zone = Annotated[str, Field(min_length=1, max_length=60, description="Of the IANA database: Europe/Berlin, UTC")]
Language = Annotated[str, Field(min_length=2, max_length=12, description="Of the letters: en")]
Until = Annotated[
    str, Field(max_length=10, description="The last day of a holiday, ISO 8601: nothing comes before; empty for none")
]
_VALUE = (
    "topic: a category or a phrase; search: the name of a saved search, or a question; list: its number; author: a "
    "name; front: the number of a group, or nothing for the page of the day; of the others nothing"
)


@closed
class Want(TypedDict):
    """One thing to read of."""

    kind: Kind
    value: str
    words: Annotated[str, Field(description="The same in words")]


@closed
class Subscription(TypedDict):
    """What comes into an inbox, and when."""

    email: str
    every: Every
    on: Annotated[Weekday, Field(description="Of a weekly letter")]
    at: Clock
    zone: str
    language: str
    quiet: Annotated[Quiet, Field(description="When there is nothing new: say so, or skip")]
    until: Until
    wishes: list[Want]
    next: Annotated[Time, Field(description="When the next letter is due")]
    left: Annotated[Time, Field(description="When it was unsubscribed")]


@closed
class Told(TypedDict):
    """The same for every address."""

    email: str
    said: str


class Wishing(Body):
    kind: Kind
    value: Annotated[str, Field(max_length=wanting.LONGEST, description=_VALUE)] = ""


class Plan(Body):
    """What letters should come."""

    every: Every = "day"
    on: Annotated[Weekday, Field(description="Of a weekly letter")] = "monday"
    at: Clock = "07:00"
    zone: Zone = "UTC"
    language: Language = "en"
    quiet: Annotated[Quiet, Field(description="When there is nothing new: say so, or skip")] = "say"
    until: Until = ""
    wishes: Annotated[list[Wishing], Field(max_length=wanting.MOST, description="What to read of")] = []  # noqa: RUF012


class NewSubscription(Plan):
    email: Annotated[str, Field(min_length=3, max_length=254, description="Where letters should go")]


@router.get("/me/subscription", summary="What comes into your inbox", response_model=Subscription,
            responses=errors(404), openapi_extra=right("self"))  # fmt: skip
def mine(request: Request, reader: Self) -> Response:
    return given(request, _told(request, _own(request, reader)))


@router.put("/me/subscription", summary="Say what should come into your inbox", response_model=Subscription,
            responses=errors(404), openapi_extra=right("self"))  # fmt: skip
def put(request: Request, reader: Self, plan: Plan) -> Response:
    library, account = site.of(request).library, _account(request, reader)
    subscribe.refuse(library, reader)
    had = subscribing.of_account(library.store, account)
    if library.settings.accounts == "off" and had is None:
        raise Mistake("without accounts an address is asked by a letter first: POST /api/v1/subscriptions sends it")
    email = had.email if had is not None else account.email
    if not email:
        raise Mistake("your account has no address that letters could go to")
    wanted = Wanted(_schedule(plan), _wishes(request, reader.id, plan), reader.id)
    return changed(_told(request, subscribing.begin(library, email, wanted)))


@router.delete("/me/subscription", summary="Remove what comes into your inbox, and all that is kept of it, for good",
               status_code=204, openapi_extra=right("self"))  # fmt: skip
def remove(request: Request, reader: Self) -> Response:
    store = site.of(request).library.store
    found = subscribing.of_account(store, _account(request, reader))
    if found is not None:
        store.subscribers.remove(found.id)
    return gone()


@router.post("/subscriptions", summary="Ask for letters to an address, which has to confirm it by one",
             status_code=202, response_model=Told, openapi_extra=OPEN)  # fmt: skip
def ask(request: Request, account: Anybody, new: NewSubscription) -> Response:
    """Nothing changes until the button behind the letter's link is pressed. Every address is answered the same."""
    library = site.of(request).library
    subscribe.refuse(library, who.reader(request))
    wanted = Wanted(_schedule(new), _wishes(request, 0, new))
    asked = subscribe.send(request, new.email, wanted)
    said = "If letters can go there, and something in this is new for it, one is on its way: its link confirms it."
    return changed(Told(email=addresses.shown(asked.email), said=said), 202)


def _schedule(plan: Plan) -> Schedule:
    fields = ("every", "on", "at", "zone", "language", "quiet", "until")
    today = schedule.local_day(plan.zone, int(site.now().timestamp()))
    return wanting.scheduled({name: str(getattr(plan, name)) for name in fields}, Schedule(), today)


def _wishes(request: Request, account: int, plan: Plan) -> tuple[Wish, ...]:
    return wanting.checked(site.of(request).library, account, [(one.kind, one.value) for one in plan.wishes])


def _account(request: Request, reader: Reader) -> Account:
    found = site.of(request).library.store.accounts.at(reader.id)
    if found is None:
        raise NotFound("This account is not here any more.")
    return found


def _own(request: Request, reader: Reader) -> Subscriber:
    found = subscribing.of_account(site.of(request).library.store, _account(request, reader))
    if found is None:
        raise NotFound("You get no letters.")
    return found


def _told(request: Request, one: Subscriber) -> Subscription:
    library = site.of(request).library
    has = wanting.ordered(library.store.subscribers.wishes([one.id]).get(one.id, []))
    said = wanting.told(subscribing.schedule_of(one), ())
    coming = schedule.upcoming(one, int(site.now().timestamp()))
    sentences = wanting.sentences(library, has, one.account or 0)
    rows = [{**wish._asdict(), "words": words} for wish, words in zip(has, sentences, strict=True)]
    found = said | {
        "email": addresses.shown(one.email), "wishes": rows, "next": moment(coming[1] if coming else 0),
        "left": moment(one.left),
    }  # fmt: skip
    return cast("Subscription", found)

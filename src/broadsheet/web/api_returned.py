"""For a mail server that hands over what comes back: bounces, complaints, letters that unsubscribe."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.editions import returns
from broadsheet.people.rights import Reader
from broadsheet.web import site
from broadsheet.web.api_gate import LETTER
from broadsheet.web.api_models import closed
from broadsheet.web.api_parts import Needs, changed
from broadsheet.web.api_schema import right

router = APIRouter(prefix="/api/v1", tags=["administration"], default_response_class=JSONResponse)

Admin = Annotated[Reader, Depends(Needs("people"))]


@closed
class Returned(TypedDict):
    """What a message was, and what it changed."""

    kind: Annotated[
        Literal["bounce", "delay", "complaint", "unsubscribe", "unknown", "ignored", "known"],
        Field(description="unknown: it names nobody; ignored: a machine's answer; known: it was applied before"),
    ]
    suppressed: Annotated[bool, Field(description="Whether the address gets no letters from here on")]
    detail: Annotated[str, Field(description="One sentence, without an address")]


@router.post("/mail/returned", summary="Apply a message that came back", response_model=Returned,
             openapi_extra=right("people"))  # fmt: skip
def returned(
    request: Request,
    reader: Admin,
    message: Annotated[bytes, Body(media_type=LETTER, description="The whole message (RFC 5322)")],
    to: Annotated[str, Param(max_length=320, description="Whom it was sent to, where the server knows")] = "",
) -> Response:
    """A bounce, a complaint, or a letter that unsubscribes. Sent twice, it counts once."""
    done = returns.apply(site.of(request).library, message, (to,) if to else ())
    return changed(Returned(kind=done.kind, suppressed=done.suppressed, detail=done.said))  # type: ignore[typeddict-item]

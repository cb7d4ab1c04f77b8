"""The same answers for programs: JSON under ``/api/v1``, one file a subject. Errors are RFC 9457 problems."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, FastAPI

from broadsheet.web import (
    api_days,
    api_desk,
    api_groups,
    api_lists,
    api_mail,
    api_marks,
    api_me,
    api_owner,
    api_papers,
    api_returned,
    api_schema,
    api_searches,
    api_subscriptions,
    api_talk,
)
from broadsheet.web.api_gate import Gate

ROUTERS: Sequence[APIRouter] = (
    api_papers.router, api_days.router, api_marks.router, api_talk.router, api_lists.router, api_searches.router,
    api_groups.router, api_desk.router, api_me.router, api_subscriptions.router,
    api_owner.router, api_mail.router, api_returned.router,
)  # fmt: skip


def add(app: FastAPI) -> None:
    """Put the API before the pages of *app*, with its description."""
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = partial(api_schema.described, app)  # type: ignore[method-assign]  # FastAPI's way to change it


def guard(app: FastAPI) -> None:
    """Put the API's door before all that *app* has by now, also before what packs answers: HEAD needs their size."""
    app.add_middleware(Gate, routes=[route for router in ROUTERS for route in router.routes])

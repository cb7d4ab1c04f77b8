"""The description of the API (OpenAPI 3.1): what FastAPI finds in the routes, and what holds for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from broadsheet.people.rights import NEEDS, Act
from broadsheet.web.http import JSON, PROBLEM

ABOUT = """\
Everything that the pages of a library show and do, for programs. A library whose setting `[people] accounts` is off
needs no token on its own machine: whoever sits there is its owner. Else a token of your account says who you are:
`Authorization: Bearer bs_...`.

Lists come in pages: `next` (and the header `Link`, rel="next") is the address of the next one. Every answer to GET has
an `ETag`; send it back as `If-None-Match` and get 304 while nothing has changed, or as `If-Match` with a change and get
412 when somebody was faster. Errors are problems (RFC 9457).
"""
TAGS = {
    "papers": "Questions, papers, and what is like them",
    "front page": "Days, weeks and months; what is rising; topics",
    "marks": "A reader's votes, and what they have hidden or read",
    "talk": "Comments",
    "shelves": "Lists of papers, searches with a name",
    "groups": "Labs and reading groups",
    "curation": "Submissions, an editor's picks, authors' claims",
    "me": "One's own account, tokens and sessions",
    "letters": "New papers in one's inbox",
    "administration": "Accounts, invitations, and who did what",
    "library": "What it holds, and where that comes from",
}
_PROBLEM = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Always about:blank: the status says which kind it is"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "One sentence: what, what it got, what would be right"},
        "errors": {"type": "array", "items": {"type": "string"}, "description": "One for each wrong parameter"},
    },
}
_SAID = {
    400: "Something asked is wrong; `errors` names all of it",
    401: "Nobody knows who asks: a token is missing, wrong, over or revoked",
    403: "The role, or the token's scope, does not allow it; or a page of another site sent it",
    404: "It is not here",
    409: "It stands against what is there already",
    412: "It has been changed since: If-Match names another state",
    413: "The body is too large",
    415: "The body is not JSON",
    429: "Too often; Retry-After says for how many seconds",
    502: "A service elsewhere that was asked has failed",
    503: "The library is busy or being made ready; try again",
}
_TAG = {"description": "Stands for this state", "schema": {"type": "string"}}
_IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The ETag of what you have: 304 while it is still so",
}  # fmt: skip
_IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The ETag of what you read: 412 when somebody has changed it since",
}  # fmt: skip
_SESSION = {
    "type": "apiKey", "in": "cookie", "name": "__Host-broadsheet",
    "description": "Of a browser that is signed in (over plain http: broadsheet); changes only from pages of the site.",
}  # fmt: skip
_WAIT = {"description": "Seconds to wait", "schema": {"type": "integer"}}
_LINK = {"description": 'The next page (RFC 8288, rel="next"), where there is one', "schema": {"type": "string"}}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can fail in these ways, beside those that every one of its kind can."""
    return {status: {"description": _SAID[status]} for status in statuses}


class Operation(NamedTuple):
    """One route of a description: its path, its method in small letters, what is said of it."""

    path: str
    method: str
    said: dict[str, Any]


OPEN = {"x-open": True}  # a route, as `openapi_extra`: a token is not needed, and says more


def right(act: Act) -> dict[str, Any]:
    """What a route takes from who asks, as `openapi_extra`."""
    role, scope = NEEDS[act]
    return {"x-role": role, "x-scope": scope}


def described(app: FastAPI) -> dict[str, Any]:
    """The whole description, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    found = get_openapi(
        title=app.title, version=app.version, description=ABOUT, routes=app.routes,
        tags=[{"name": name, "description": said} for name, said in TAGS.items()],
    )  # fmt: skip
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of 422, which we do not send
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    parts["parameters"] = {"IfNoneMatch": _IF_NONE_MATCH, "IfMatch": _IF_MATCH}
    parts.setdefault("securitySchemes", {})["session"] = _SESSION
    for one in operations(found):
        _complete(one.method, one.said)
    app.openapi_schema = found
    return found


def operations(description: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in description["paths"].items():
        for method, said in item.items():
            yield Operation(path, method, said)


def _complete(method: str, said: dict[str, Any]) -> None:
    """What follows from the kind of operation, and would be the same words at each."""
    for parameter in said.get("parameters", ()):
        parameter["schema"] = _sent(parameter["schema"])
    _secure(said)
    answers = said["responses"]
    answers.pop("422", None)
    for status in _errors(method):
        answers.setdefault(str(status), {"description": _SAID[status]})
    for status, answer in answers.items():
        if int(status) >= 400:
            answer["content"] = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if status in ("429", "503"):
            answer["headers"] = {"Retry-After": _WAIT}
    if method == "get" and JSON in answers["200"]["content"]:
        answers["200"]["headers"] = {"ETag": _TAG} | ({"Link": _LINK} if _is_list(said) else {})
        answers["304"] = {"description": "You have it already"}
        said.setdefault("parameters", []).append({"$ref": "#/components/parameters/IfNoneMatch"})
    if "412" in answers:
        said.setdefault("parameters", []).append({"$ref": "#/components/parameters/IfMatch"})


def _secure(said: dict[str, Any]) -> None:
    """Who may ask: with a token, signed in, or (where no right is named) anybody."""
    must = said.get("security") and not said.pop("x-open", False)
    said["security"] = [{"token": []}, {"session": []}, *([] if must else [{}])]
    if scope := said.get("x-scope"):
        needed = f"Needs the role {said['x-role']}, and of a token the scope `{scope}`."
        said["description"] = f"{said.get('description', '')}\n\n{needed}".strip()


def _sent(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter can be: nothing in an address is null; one that is not given is not there."""
    some = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return some[0] | rest if len(some) == 1 else schema


def _errors(method: str) -> Sequence[int]:
    return (400, 401, 403, 429, 503) if method == "get" else (400, 401, 403, 413, 415, 429, 503)


def _is_list(said: Mapping[str, Any]) -> bool:
    return any(one.get("name") == "cursor" for one in said.get("parameters", ()))

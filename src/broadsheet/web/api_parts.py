"""What the API's routes share: who asks, pages by cursor, tags that keep two writers apart, numbers and names."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import orjson
from fastapi import Depends, Path, Security
from fastapi import Query as Param
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from broadsheet import ids
from broadsheet.errors import Mistake, NotFound
from broadsheet.people.rights import NEEDS, Act, Reader
from broadsheet.text import clean
from broadsheet.web import pages, site, who, writes
from broadsheet.web.api_models import Brief, brief
from broadsheet.web.http import JSON, answer, dumps, fingerprint

PRIVATE = "private, no-cache"
LIMIT, MAX_LIMIT = 20, 100
MAX_CURSOR = 400  # characters
MAX_NUMBER = 2**31 - 1  # rows of a table are counted by 32 bits

Row = TypeVar("Row")

Limit = Annotated[int, Param(ge=1, le=MAX_LIMIT, description="How many at most")]
Cursor = Annotated[
    str, Param(max_length=MAX_CURSOR, description="Where the page before ended: its `next` has it; none for the first")
]
Number = Annotated[int, Path(ge=1, le=MAX_NUMBER)]
Identifier = Annotated[str, Path(description="Any id of a paper: arxiv:1706.03762, doi:10.1000/1, ...")]


# -- who asks ----------------------------------------------------------------------------------------------------------

_TOKEN = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token of your account, `bs_...`, with the scopes it needs."
)


class Needs:
    """A dependency of a route: the reader who asks, when they may do *act*; without one, when they may read."""

    def __init__(self, act: Act | None = None) -> None:
        self._act = act

    def __call__(self, request: Request, token: Annotated[object, Security(_TOKEN)] = None) -> Reader:
        reader = known(request)
        role, scope = NEEDS[self._act] if self._act else ("reader", "read")
        if reader.scopes is not None and scope not in reader.scopes:
            raise _narrow(reader.scopes, scope)
        if self._act and not reader.may(self._act):
            raise HTTPException(403, f"This needs the role {role}; you are {reader.role}.")
        return reader


def known(request: Request, token: Annotated[object, Security(_TOKEN)] = None) -> Reader:
    """The reader who asks, whatever they may do: what is asked decides what it takes."""
    return who.reader(request) or _nobody(request)


def anybody(request: Request, token: Annotated[object, Security(_TOKEN)] = None) -> int:
    """The account that asks for what all may see, some of it only one's own; 0 for somebody whom nobody knows."""
    reader = who.reader(request)
    if reader is not None and reader.scopes is not None and "read" not in reader.scopes:
        raise _narrow(reader.scopes, "read")
    return who.asker(request)


def somebody(request: Request, token: Annotated[object, Security(_TOKEN)] = None) -> int:
    """As `anybody`, for what only a reader has."""
    return anybody(request) or _nobody(request)


Account = Annotated[int, Depends(somebody)]
Anybody = Annotated[int, Depends(anybody)]


def _nobody(request: Request) -> NoReturn:
    if site.of(request).library.settings.accounts == "off":
        writes.allowed(request, None, "self")  # raises, with the sentence of the pages
    sentence = "Say who you are: by a token of your account, in the header `Authorization: Bearer bs_...`."
    raise HTTPException(401, sentence, {"www-authenticate": 'Bearer realm="broadsheet"'})


def _narrow(scopes: frozenset[str], scope: str) -> HTTPException:
    has = ", ".join(sorted(scopes)) or "none"
    challenge = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}  # RFC 6750, section 3.1
    return HTTPException(403, f"This needs a token with the scope {scope}; this one has {has}.", challenge)


# -- papers ------------------------------------------------------------------------------------------------------------


def one_paper(request: Request) -> tuple[int, str]:
    """The row and the key of the paper that the address names, by any of its ids. Raises NotFound."""
    return row_of(request, pages.identifier(request))


def row_of(request: Request, identifier: str) -> tuple[int, str]:
    """The row and the key of the paper with this id, in any spelling. Raises NotFound."""
    library, asked = site.of(request).library, clean(identifier)
    found = ids.own(asked)
    pk = library.store.resolve([found]).get(found)
    paper = library.store.get([pk]).get(pk) if pk else None
    if pk is None or paper is None:
        raise NotFound(f"No paper here is called “{asked[:200]}”.")
    return pk, paper.key


def keys(request: Request, pks: Sequence[int]) -> dict[int, str]:
    """Row -> the key of its paper; a row that is gone is left out."""
    return {pk: paper.key for pk, paper in site.of(request).library.store.get(list(dict.fromkeys(pks))).items()}


def briefs(request: Request, pks: Sequence[int]) -> dict[int, Brief]:
    """Row -> what a list says of its paper; a row that is gone is left out."""
    return {pk: brief(paper) for pk, paper in site.of(request).library.store.get(list(dict.fromkeys(pks))).items()}


# -- answers -----------------------------------------------------------------------------------------------------------


def given(request: Request, value: Any, *, private: bool = True) -> Response:
    """*value* as JSON, or 304 for who has it; *private* when another reader would be told something else."""
    return _varying(answer(request, dumps(value), JSON, cache=PRIVATE if private else "no-cache"), private)


def changed(value: Any, status: int = 200, *, location: str = "") -> Response:
    """What there is after a change, with the tag that the next one can name."""
    body = dumps(value)
    headers = {"etag": tag(value), "cache-control": "no-store"} | ({"location": location} if location else {})
    return Response(body, status, headers, JSON)


def gone() -> Response:
    """It is not there (any more), whether it was before or not: DELETE is idempotent."""
    return Response(status_code=204, headers={"cache-control": "no-store"})


def _varying(response: Response, private: bool) -> Response:
    if private:
        response.headers["vary"] = "authorization, cookie"
    return response


def tag(value: Any) -> str:
    """The entity tag of *value* as JSON."""
    return f'W/"{fingerprint(dumps(value))}"'


def unchanged(request: Request, value: Any) -> None:
    """Raises HTTPException 412 when If-Match names another state than *value*: somebody was faster.

    RFC 9110 compares If-Match strongly, which a weak tag never is equal by. Ours are weak only because a body may be
    sent compressed; each stands for one state and no other, so they are compared without the mark of weakness.
    """
    wanted = request.headers.get("if-match", "").strip()
    if not wanted or wanted == "*":
        return
    if tag(value).removeprefix("W/") not in (one.strip().removeprefix("W/") for one in wanted.split(",")):
        raise HTTPException(412, "It has been changed since you read it. Read it again, and repeat the change if it "
                                 "is still wanted.")  # fmt: skip


# -- pages by cursor ---------------------------------------------------------------------------------------------------

Place = tuple[int | str, ...]  # the keys of the last thing of a page, in the order that things are listed by


def place(request: Request, cursor: str, *kinds: type[int] | type[str]) -> Any:
    """Behind what the page begins: a tuple of *kinds*, None for the first page.

    Raises Mistake for a cursor that this list did not give.
    """
    return _read(cursor, _list_of(request), kinds) if cursor else None


def behind(rows: Sequence[Row], after: Place | None, key: Callable[[Row], Place]) -> list[Row]:
    """Those of *rows*, the largest *key* first, that come after the place *after*."""
    return [row for row in rows if after is None or key(row) < after]


def cut(rows: Sequence[Row], limit: int, key: Callable[[Row], Place]) -> tuple[Sequence[Row], Place | None]:
    """A page of *rows*, which are one more than *limit* where there is a next page; and where that begins."""
    return rows[:limit], key(rows[limit - 1]) if len(rows) > limit else None


def listed(
    request: Request, name: str, rows: Sequence[Any], end: Place | None, *, private: bool = True, **more: Any
) -> Response:
    """A page of a list: its rows under *name*, and where the next one is (RFC 8288); *end* is None on the last page.

    A cursor is a place, not a count: what is added or taken away meanwhile neither repeats a row nor skips one.
    """
    following = _next(request, end) if end is not None else None
    response = given(request, {name: rows, "next": following, **more}, private=private)
    if following:
        response.headers["link"] = f'<{following}>; rel="next"'
    return response


def _next(request: Request, last: Place) -> str:
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    pairs.append(("cursor", _write(last, _list_of(request))))
    return f"{_path(request)}?{urlencode(pairs)}"


def _path(request: Request) -> str:
    """The path as it was asked, signs escaped."""
    path: str = request.scope["path"]
    return quote(path, safe="/:@")


def _list_of(request: Request) -> bytes:
    """Which list it is: the path, and all that chooses among its rows."""
    chosen = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in ("cursor", "limit"))
    return orjson.dumps([_path(request), chosen])


def _write(place: Place, of: bytes) -> str:
    body = orjson.dumps(place)
    return urlsafe_b64encode(_mark(of, body) + body).rstrip(b"=").decode()


def _read(cursor: str, of: bytes, kinds: Sequence[type]) -> Place:
    try:
        raw = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise _forged() from error
    body = raw[_MARK:]
    if raw[:_MARK] != _mark(of, body):
        raise _forged()
    place = orjson.loads(body)
    if [type(value) for value in place] != list(kinds):
        raise _forged()
    return tuple(place)


_MARK = 6  # bytes


def _mark(of: bytes, body: bytes) -> bytes:
    """Tells the cursors of one list from those of others, and from noise.

    It is no secret: a place in a list says no more than the list does, which its reader may read anyway.
    """
    return blake2b(of + b"\0" + body, digest_size=_MARK, person=b"broadsheet").digest()


def _forged() -> Mistake:
    return Mistake("The cursor is none that this list gave; ask without one for the first page, and follow its `next`.")

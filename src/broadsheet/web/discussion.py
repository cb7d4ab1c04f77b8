"""What is said of a paper, on its page; and small pages that need no script: to answer, change, report, take away."""

import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.community import discussion
from broadsheet.community.discussion import MOST_TEXT, PAGE, Discussion
from broadsheet.errors import BroadsheetError, Busy, Conflict, Mistake, NotFound
from broadsheet.paper import Paper
from broadsheet.people.rights import Reader, may
from broadsheet.query import Query
from broadsheet.store import Store
from broadsheet.store.comments import Comment
from broadsheet.web import health, markdown, site, urls, who, writes
from broadsheet.web.http import PAGE as HTML
from broadsheet.web.http import answer, sentence, status_of
from broadsheet.web.site import Site
from broadsheet.web.writes import Asking, Done

MOST_FORM = 200_000  # bytes: MOST_TEXT characters of any script, as a form writes them
Doing = Literal["write", "answer", "edit", "remove", "report"]
_DOING = ("answer", "edit", "report", "remove")


class Talk(NamedTuple):
    """What a paper's page shows of its discussion.

    notes  whether nobody has an account: what the owner writes are notes
    may    whether this reader may write; moderates: and take away what others wrote
    me     the account of this reader, 0 for nobody
    """

    notes: bool
    may: bool
    moderates: bool
    me: int
    discussion: Discussion
    total: int


def talk(request: Request, pk: int, total: int) -> Talk:
    """The discussion of a paper that has *total* comments; ``comments=12`` in the address: those after number 12."""
    library, reader = site.of(request).library, who.reader(request)
    notes = library.settings.accounts == "off"
    if not are_shown(request):
        return Talk(notes, False, False, 0, Discussion(()), 0)
    found = discussion.read(library.store, pk, number(request.query_params.get("comments", "")))
    me = reader.id if reader else 0
    return Talk(notes, may(reader, "comment"), may(reader, "moderate") and not notes, me, found, total)


def are_shown(request: Request) -> bool:
    """Whether this reader may see what was written: where nobody has an account, the owner's notes are the owner's."""
    return site.of(request).library.settings.accounts != "off" or who.reader(request) is not None


def number(text: str) -> int:
    """A number of a comment or claim in a form or an address; 0 for anything else."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def moment(at: int) -> str:
    """``20 minutes ago``; beyond two days the date."""
    return health.moment(iso(at), site.now())


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def place(store: Store, one: Comment, key: str) -> str:
    """The address of a comment on the page of its paper."""
    first = store.comments.of(one.pk, 0, PAGE)
    later = bool(first) and one.id > first[-1].id
    return f"{urls.paper(key)}{'?' + urlencode({'comments': one.id - 1}) if later else ''}#comment-{one.id}"


def _paper_of(here: Site, one: Comment) -> Paper:
    paper = here.library.store.get([one.pk]).get(one.pk)
    if paper is None:
        raise NotFound(f"there is no comment {one.id}")
    return paper


# -- pages -------------------------------------------------------------------------------------------------------------


def permalink(request: Request) -> Response:
    """To a comment, wherever it stands now."""
    here = site.of(request)
    one = here.library.store.comments.one(request.path_params["number"])
    if not are_shown(request):
        raise NotFound(f"there is no comment {one.id}")
    there = place(here.library.store, one, _paper_of(here, one).key)
    return RedirectResponse(there, 302, {"cache-control": "no-cache"})


def doing(request: Request) -> Response:
    """The form to answer, change, report or take away one comment."""
    here, what = site.of(request), request.path_params["doing"]
    if what not in _DOING:
        raise NotFound(f"There is no page at {request.url.path[:200]}.")
    reader = writes.allowed(request, who.reader(request), "comment")
    one = here.library.store.comments.one(request.path_params["number"])
    if one.gone is not None:
        raise NotFound("this comment has been taken away")
    body = _form(here, reader, what, _paper_of(here, one), one, text=one.text if what == "edit" else "")
    return answer(request, body, cache="private, no-cache")


def moderation(request: Request) -> Response:
    """What readers reported and what was taken away, for editors."""
    here, store = site.of(request), site.of(request).library.store
    writes.allowed(request, who.reader(request), "moderate")
    reported, gone = store.comments.reported(), store.comments.taken_away()
    papers = store.get(list({one.comment.pk for one in reported} | {one.pk for one in gone}))
    body = here.render(
        "moderation.html", query=Query(), reported=reported, gone=gone, papers=papers, html=markdown.html,
        moment=moment, iso=iso,
    )  # fmt: skip
    return answer(request, body, cache="private, no-cache")


def _form(
    here: Site, reader: Reader, what: Doing, paper: Paper, one: Comment | None, *, text: str,
    said: str = "", preview: bool = False, theirs: str = "",
) -> bytes:  # fmt: skip
    return here.render(
        "comment.html", query=Query(), doing=what, paper=paper, one=one, text=text, said=said, theirs=theirs,
        preview=markdown.html(text[:MOST_TEXT]) if preview else "", html=markdown.html, most=MOST_TEXT, moment=moment,
        iso=iso, own=one is not None and one.account == reader.id, notes=here.library.settings.accounts == "off",
    )  # fmt: skip


# -- forms -------------------------------------------------------------------------------------------------------------


def _comment(asking: Asking) -> Done | Response:
    """A new comment; with ``preview`` only how it would look."""
    store, form = asking.site.library.store, asking.form
    pk = asking.site.library.row(form.get("id", ""))
    text, parent = form.get("text", ""), number(form.get("parent", "")) or None
    one = store.comments.one(parent) if parent else None
    if form.get("preview"):
        return _again(asking, "answer" if one else "write", pk, one, preview=True)
    try:
        done = discussion.write(store, asking.reader, pk, text, parent)
    except (Mistake, Busy) as error:
        return _again(asking, "answer" if one else "write", pk, one, error)
    return _done(asking, done, "Written.")


def _edit(asking: Asking) -> Done | Response:
    store, form = asking.site.library.store, asking.form
    one = store.comments.one(number(form.get("number", "")))
    if form.get("preview"):
        return _again(asking, "edit", one.pk, one, preview=True)
    try:
        done = discussion.edit(store, asking.reader, one.id, form.get("text", ""), number(form.get("version", "")))
    except (Mistake, Busy) as error:
        return _again(asking, "edit", one.pk, store.comments.one(one.id), error)
    return _done(asking, done, "Changed.")


def _again(
    asking: Asking, what: Doing, pk: int, one: Comment | None, error: BroadsheetError | None = None, *,
    preview: bool = False,
) -> Response:  # fmt: skip
    """The form once more, with all that was typed, and what is wrong; of a comment that was changed both texts."""
    if error and (writes.is_quiet(asking.request) or isinstance(error, NotFound)):
        raise error
    paper = asking.site.library.store.get([pk]).get(pk)
    if paper is None:
        raise NotFound("this paper is not in the library any more")
    text = asking.form.get("text", "")[: 2 * MOST_TEXT]
    theirs = one.text if one and isinstance(error, Conflict) else ""
    if one and preview:  # it is still the version that was opened that will be changed
        one = one._replace(version=number(asking.form.get("version", "")) or one.version)
    said = sentence(error) if error else ""
    body = _form(asking.site, asking.reader, what, paper, one, text=text, said=said, preview=preview, theirs=theirs)
    return Response(body, status_of(error) if error else 200, {"cache-control": "no-store"}, HTML)


def _remove(asking: Asking) -> Done:
    store, form = asking.site.library.store, asking.form
    done = discussion.remove(store, asking.reader, number(form.get("number", "")), form.get("why", ""))
    return _settled(asking, done, "Taken away.")


def _restore(asking: Asking) -> Done:
    store, form = asking.site.library.store, asking.form
    done = discussion.restore(store, asking.reader, number(form.get("number", "")), form.get("why", ""))
    return _settled(asking, done, "Put back.")


def _report(asking: Asking) -> Done:
    store, form = asking.site.library.store, asking.form
    done = discussion.report(store, asking.reader, number(form.get("number", "")), form.get("why", ""))
    return _done(asking, done, "Reported: an editor will look at it.")


def _keep(asking: Asking) -> Done:
    store, form = asking.site.library.store, asking.form
    discussion.keep(store, asking.reader, number(form.get("number", "")), form.get("why", ""))
    return Done("/moderation", "It stays.")


def _settled(asking: Asking, one: Comment, said: str) -> Done:
    """Back to where it was settled: the editors' page, or the paper."""
    if writes.back(asking.request).partition("?")[0] == "/moderation":
        return Done("/moderation", said)
    return _done(asking, one, said)


def _done(asking: Asking, one: Comment, said: str) -> Done:
    store = asking.site.library.store
    total = store.community.tallies([one.pk])[one.pk].comments
    return Done(place(store, one, _paper_of(asking.site, one).key), said, total=total)


FORMS = {"/comment/edit": _edit, "/comment/remove": _remove, "/comment/report": _report}
EDITORS = {"/comment/restore": _restore, "/comment/keep": _keep}
ROUTES = [
    Route("/moderation", moderation, methods=["GET"], name="moderation"),
    Route("/comment", writes.handler(_comment, "comment", MOST_FORM), methods=["POST"], name="comment"),
    *(
        Route(path, writes.handler(act, "comment", MOST_FORM), methods=["POST"], name=path)
        for path, act in FORMS.items()
    ),
    *(Route(path, writes.handler(act, "moderate"), methods=["POST"], name=path) for path, act in EDITORS.items()),
    Route("/comment/{number:int}", permalink, methods=["GET"], name="one-comment"),
    Route("/comment/{number:int}/{doing}", doing, methods=["GET"], name="doing-comment"),
]

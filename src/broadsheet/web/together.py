"""What a paper's page shows of its readers: votes and marks, the discussion, its authors who read here."""

from typing import Any

from starlette.requests import Request

from broadsheet.paper import Paper
from broadsheet.web import claims, discussion, markdown, rows, site, votes, who


def of_paper(request: Request, pk: int, paper: Paper) -> dict[str, Any]:
    """The values of ``_discussion.html`` and ``_claim.html``; *entry* is the paper as a row with its buttons."""
    library, reader = site.of(request).library, who.reader(request)
    marks = votes.marks(request, [pk])[pk]
    saved = reader is not None and pk in library.store.lists.holding([pk], reader.id)
    sign_in = reader is None and library.settings.accounts != "off"  # who presses a button is asked to sign in first
    talk = discussion.talk(request, pk, marks.totals.comments)
    entry = rows.Row(
        paper, counts=rows.Counts(marks.totals.votes, talk.total),
        mine=rows.Mine(marks.voted, saved, marks.hidden, marks.read), may=marks.may or sign_in,
    )  # fmt: skip
    return {
        "entry": entry, "talk": talk, "claiming": claims.claiming(request, pk, paper), "markdown": markdown.html,
        "moment": discussion.moment, "iso": discussion.iso,
    }  # fmt: skip

"""A library with a community in it, for the tests that look at pages: papers of these days with every kind of title and
author, votes, comments, lists, a group, what an editor chose. And the addresses of every page.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import lively_mail
from broadsheet import groups
from broadsheet.community import claims, picks
from broadsheet.library import Library
from broadsheet.people.rights import Reader
from broadsheet.store import OWNER
from people_made import account

TODAY = datetime.now(UTC).date()

_LONG = (
    "An account of the sort that committees write, in which every noun is followed by another noun, every claim by its "
    "qualification, and a reader who only wanted to know whether to open it is told of the method, of the data, of how "
    "many languages there were, and of who paid: a retrospective"
)
_WHAT = "Ink dries at a rate that depends on the paper. We measured it on nine kinds of paper, and it does. "


def papers() -> list[Mapping[str, Any]]:
    """Of today and of the days before; our own words."""
    crowd = [f"{letter}. {name}" for letter in "ABCDEFGHIJKLM" for name in ("Petrel", "Ibis", "Marten", "Galley")]
    rows: list[dict[str, Any]] = [
        {"title": "Ink that dries on nine kinds of paper", "abstract": _WHAT * 6, "authors": ["Ada Stone", "Ben Hill"],
         "links": {"code": "https://code.example.org/ink"}, "citations": 12},
        {"title": _LONG, "abstract": _WHAT, "authors": ["Ida Committee"]},
        {"title": "Blots in $O(n \\log n)$: that $\\sum_{i=1}^{n} x_i^2 \\le \\frac{1}{2}\\|A\\|_F$ holds for ink",
         "abstract": "We bound $$\\int_0^1 f(x)\\,dx = \\frac{\\pi}{4}.$$ It costs \\$5.", "authors": ["Zoë Löß"]},
        {"title": "The drop that was weighed by everybody", "abstract": _WHAT, "authors": crowd},
        {"title": "דיו ונייר: סקירה", "abstract": "אנו בודקים דיו על נייר.", "authors": ["דנה לוי", "Ada Stone"]},
        {"title": "A drop without an abstract", "authors": ["Ben Hill"]},
        {"title": "Identifiers_of_https://ink.example.org/a/very/long/path/that/is/never/broken/at/all/and/goes/on",
         "abstract": "i" * 260, "authors": ["Supercali" * 8]},
        {"title": "Yesterday's ink", "abstract": _WHAT, "authors": ["Ada Stone"]},
    ]  # fmt: skip
    days = [0] * 7 + [1]
    return [
        {"id": f"ink{number}", "year": day.year, "date": day.isoformat(), "categories": ["cs.IK"], "venue": "Drops"}
        | row
        for number, (row, back) in enumerate(zip(rows, days, strict=True))
        for day in [TODAY - timedelta(days=back)]
    ]


def fill(library: Library) -> None:
    """Brings all of it in."""
    file = library.home.parent / "lively.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in papers()))
    library.add([file])
    owner = Reader(OWNER, "owner", "admin", via="machine")
    readers = [account(library, name) for name in ("Ada", "Cleo of the north", "נועה")]
    _press(library, owner, readers)
    _talk(library, readers)
    _arrange(library, owner, readers)
    lively_mail.fill(library)
    library.refresh_trends(0)


def _press(library: Library, owner: Reader, readers: list[Reader]) -> None:
    community = library.store.community
    for number, name in enumerate(("ink0", "ink2", "ink4", "moss22", "quill24")):
        for reader in [owner, *readers][: 4 - number % 3]:
            community.vote(reader.id, library.row(name))
    community.hide(owner.id, library.row("ink6"))
    community.read(owner.id, library.row("ink2"))


def _talk(library: Library, readers: list[Reader]) -> None:
    comments, (ada, cleo, noa), pk = library.store.comments, readers, library.row("ink0")
    words = "Does it *really*?\n\n- on blotting paper\n- on `vellum`\n\n> depends on the paper\n\n$O(n)$, see [us](https://a.example.org)."
    first = comments.write(ada.id, pk, words, limited=False)
    second = comments.write(cleo.id, pk, "It does. " * 40, first.id, limited=False)
    comments.write(noa.id, pk, "תודה, זה ברור עכשיו.", second.id, limited=False)
    gone = comments.write(cleo.id, pk, "I take this back.", limited=False)
    comments.write(ada.id, pk, "Why?", gone.id, limited=False)
    comments.remove(cleo.id, gone.id)
    comments.report(noa.id, first.id, "off topic")
    claims.ask(library.store, ada, pk, "Ada Stone")


def _arrange(library: Library, owner: Reader, readers: list[Reader]) -> None:
    store, day = library.store, picks.day_of(TODAY.isoformat())
    picks.pick(store, owner, day, library.row("ink1"), note="It says the most about the least.")
    picks.pick(store, owner, day, library.row("ink3"))
    number = store.lists.begin(readers[0].id, "What we read on Thursdays", seen_by="public", note="In this order.")
    store.lists.keep(number, [library.row(name) for name in ("ink0", "ink4", "quill24")], readers[0].id, "Read part 3.")
    groups.begin(store, readers[0].id, "The blotting room", "We read what nobody else reads.")


# name -> address. The owner's own library, without accounts:
PAGES = {
    "front": "/",
    "search": "/search?q=weather+retrieval&year=2001..2015",
    "ask": "/search",
    "nothing": "/search?q=lantern&year=1999",
    "paper": "/paper/quill24",
    "formula": "/paper/reed23",
    "hostile": "/paper/moss22",
    "discussion": "/paper/ink0",
    "crowd": "/paper/ink3",
    "long-title": "/paper/ink1",
    "author": "/author/Ben%20Reed",
    "venue": "/venue/PaperConf",
    "nobody": "/author/Ben%20Red",
    "likes": "/search?q=like:series8+-like:series3+weather",
    "about": "/about",
    "about-days": "/about/days",
    "about-trending": "/about/trending",
    "missing": "/paper/nobody",
    "sources": "/sources",
    "mail": "/owner/mail",
    "saved": "/saved",
    "saved-search": "/search?q=weather+retrieval+venue%3APaperConf&saved=Retrieval",
    "copies": "/paper/arxiv:2101.00001",
    "retracted": "/paper/wet-ink",
    "day": f"/day/{TODAY}",
    "day-before": f"/day/{TODAY - timedelta(days=1)}",
    "silent-day": f"/day/{TODAY - timedelta(days=40)}",
    "month": f"/month/{TODAY:%Y-%m}",
    "archive": "/archive",
    "trending": "/trending",
    "topics": "/topics",
    "topic": "/topic/cs.IK",
    "lists": "/lists",
    "list": "/list/1",
    "groups": "/groups",
    "group": "/group/the-blotting-room",
    "reader": "/reader/Ada",
    "hidden": "/hidden",
    "submit": "/submit",
    "desk": "/desk",
    "claims": "/claims",
    "moderation": "/moderation",
    "answer": "/comment/1/answer",
    "remove": "/comment/1/remove",
    "settings": "/settings",
    "subscribe": "/subscribe?topic=cs.IK&rising=1&author=Ada+Stone",
}
# The same library with accounts, for an administrator who is signed in ...
SIGNED_IN = {
    "club-front": "/",
    "club-discussion": "/paper/ink0",
    "club-settings": "/settings",
    "club-people": "/owner/people",
    "club-audit": "/owner/audit",
    "club-mail": "/owner/mail",
    "club-lists": "/lists",
    "club-group": "/group/the-blotting-room",
}
# ... and for somebody whom nobody knows.
STRANGER = {
    "stranger-front": "/",
    "stranger-paper": "/paper/ink0",
    "sign-in": "/sign-in",
    "stranger-subscribe": "/subscribe",
    "sign-in-over": "/sign-in/no-such-key",
    "join-over": "/join/no-such-key",
}

"""Letters with new papers, for the tests of their pages: a browser's forms, what was sent, who is subscribed."""

import email
import email.policy
import re
from collections.abc import Mapping
from html import unescape

from fastapi.testclient import TestClient

from broadsheet.editions import links, subscribing
from broadsheet.editions.subscribing import Wanted
from broadsheet.library import Library
from broadsheet.store import Schedule, Subscriber, Wish
from people_made import HERE
from web_library import text

NONE: Mapping[str, str] = {}
ADA, BEN = "ada@example.org", "ben@example.org"
FORM = {"wish-1": "rising ", "topic": "weather of ink", "every": "week", "on": "friday", "at": "06:45",
        "zone": "Asia/Tokyo", "language": "en", "quiet": "skip"}  # fmt: skip


def send(client: TestClient, path: str, status: int = 303, form: Mapping[str, str] = NONE, **more: str) -> str:
    """Where a form of a page of ours leads on to; what the page says where it leads nowhere."""
    at = str(client.base_url).rstrip("/")
    answer = client.post(path, data={**form, **more}, headers={"origin": at, "sec-fetch-site": "same-origin"})
    assert answer.status_code == status, text(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"] if status == 303 else unescape(text(answer.text))


def letters(client: TestClient, library: Library) -> list[email.message.EmailMessage]:
    client.app.state.doors.post.settle()  # type: ignore[attr-defined]
    files = sorted((library.home / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def link(client: TestClient, library: Library) -> str:
    """The path of the link in the last letter."""
    body = letters(client, library)[-1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"{re.escape(HERE)}(/subscribe/confirm/\S+)", body.get_content())
    assert found is not None
    return found[1]


def subscribed(library: Library, to: str = ADA, *some: Wish, **plan: object) -> Subscriber:
    wanted = Wanted(Schedule()._replace(**plan), some or (Wish("rising"), Wish("topic", "weather of ink")))  # type: ignore[arg-type]
    return subscribing.begin(library, to, wanted)


def manage(library: Library, one: Subscriber) -> str:
    return links.manage("", links.key_of(library.store, one, "manage"))


def leave(library: Library, one: Subscriber) -> str:
    return links.leave("", links.key_of(library.store, one, "leave"))


def now(library: Library, one: Subscriber) -> Subscriber:
    found = library.store.subscribers.at(one.id)
    assert found is not None
    return found


def wishes(library: Library, one: Subscriber) -> set[Wish]:
    return set(library.store.subscribers.wishes([one.id])[one.id])

"""Letters with new papers, for programs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import web_library
from broadsheet.library import Library
from broadsheet.store import Wish
from letters_made import ADA, BEN, letters, link, send, subscribed
from people_made import account, browser, token, with_accounts


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        yield library


def told(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_programs_change_ones_own(library: Library) -> None:
    with_accounts(library, "open")
    ada = account(library, "Ada", email=ADA)
    client = browser(library)
    client.headers.update({"authorization": f"Bearer {token(library, 'Ada', 'read admin')}"})
    assert "You get no letters" in told(client.get("/api/v1/me/subscription"), 404)["detail"]
    plan = {"every": "week", "on": "friday", "at": "06:45", "zone": "asia/tokyo",
            "wishes": [{"kind": "rising"}, {"kind": "personal"}, {"kind": "topic", "value": "ink"}]}  # fmt: skip
    made = told(client.put("/api/v1/me/subscription", json=plan))
    assert (made["email"], made["zone"], made["left"]) == (ADA, "Asia/Tokyo", "")
    assert [one["words"] for one in made["wishes"]] == [
        "papers about “ink”", "what is rising", "what is near to what you vote for and save",
    ]  # fmt: skip
    assert told(client.get("/api/v1/me/subscription")) == made
    wrong = told(client.put("/api/v1/me/subscription", json={**plan, "zone": "Mars"}), 400)
    assert "the time zone 'Mars'" in wrong["detail"]
    assert told(client.get("/api/v1/me/subscription")) == made
    assert client.delete("/api/v1/me/subscription").status_code == 204
    assert client.delete("/api/v1/me/subscription").status_code == 204
    assert library.store.subscribers.of_account(ada.id) is None


def test_a_token_needs_its_scope(library: Library) -> None:
    with_accounts(library, "open")
    account(library, "Ada", email=ADA)
    client = browser(library)
    client.headers.update({"authorization": f"Bearer {token(library, 'Ada', 'read write')}"})
    answer = client.put("/api/v1/me/subscription", json={"wishes": [{"kind": "rising"}]})
    assert answer.status_code == 403
    assert 'scope="admin"' in answer.headers["www-authenticate"]


def test_programs_ask_for_an_address_and_learn_nothing(library: Library) -> None:
    client = browser(library)
    body = {"email": ADA, "every": "week", "wishes": [{"kind": "rising"}, {"kind": "topic", "value": "ink"}]}
    said = told(client.post("/api/v1/subscriptions", json=body), 202)
    subscribed(library, BEN, Wish("rising"), Wish("topic", "ink"))
    other = told(client.post("/api/v1/subscriptions", json={**body, "email": BEN}), 202)
    assert said["said"] == other["said"]
    assert [one["to"] for one in letters(client, library)] == [ADA]
    send(client, link(client, library))
    one = library.store.subscribers.by_email(ADA)
    assert one is not None
    assert one.every == "week"
    wrong = told(client.post("/api/v1/subscriptions", json={**body, "email": "nobody"}), 400)
    assert "no e-mail address" in wrong["detail"]
    assert (
        "choose at least one" in told(client.post("/api/v1/subscriptions", json={"email": ADA}), 400)["detail"].lower()
    )
    personal = {"email": ADA, "wishes": [{"kind": "personal"}]}
    assert "needs an account" in told(client.post("/api/v1/subscriptions", json=personal), 400)["detail"]


def test_without_accounts_the_owners_own_begins_with_a_letter(library: Library) -> None:
    client = browser(library)
    answer = client.put("/api/v1/me/subscription", json={"wishes": [{"kind": "rising"}]})
    assert "asked by a letter first" in told(answer, 400)["detail"]

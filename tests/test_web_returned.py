"""What a mail server hands over by HTTP: a message, from who may, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import web_library
from broadsheet.editions import links
from broadsheet.library import Library
from broadsheet.mail import verp
from broadsheet.store import Edition, Schedule
from broadsheet.web import api_gate
from people_made import browser, token, with_accounts
from returned_mail import plain, report

ADDRESS = "/api/v1/mail/returned"
LETTER = {"content-type": "message/rfc822"}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path) as made:
        yield with_accounts(made, sender="papers@papers.example.org", returns="bounces@papers.example.org")


@pytest.fixture
def client(library: Library) -> TestClient:
    return browser(library, at="192.0.2.7")


def bearer(library: Library, name: str = "Ada", scopes: str = "admin", role: str = "admin") -> dict[str, str]:
    return {**LETTER, "authorization": f"Bearer {token(library, name, scopes, role)}"}  # type: ignore[arg-type]


def bounce(library: Library) -> tuple[str, bytes]:
    """The address that a letter of ours was from, and a report to it."""
    reader = library.store.subscribers.put("ada@example.net", None, Schedule(), [], 1)
    library.store.editions.put([Edition(0, reader.id, 20261120, "sent", "", 5, 0, 0, 0, b"", None, 5, 6)])
    (edition,) = library.store.editions.of(reader.id)
    to = verp.envelope("bounces@papers.example.org", links.edition_key(library.store, edition, reader, "return"))
    return to, report(to=to, returned="Subject: hidden\n")


def test_a_message_is_applied_once(library: Library, client: TestClient) -> None:
    _, data = bounce(library)
    headers = bearer(library)
    answer = client.post(ADDRESS, content=data, headers=headers)
    assert (answer.status_code, answer.json()) == (
        200, {"kind": "bounce", "suppressed": True, "detail": "5.1.1 550 5.1.1 <…>: user unknown"},
    )  # fmt: skip
    assert list(library.store.subscribers.suppressed(["ada@example.net"])) == ["ada@example.net"]
    assert client.post(ADDRESS, content=data, headers=headers).json()["kind"] == "known"


def test_the_server_may_say_whom_it_was_sent_to(library: Library, client: TestClient) -> None:
    to, data = bounce(library)
    hidden = data.replace(to.encode(), b"bounces@papers.example.org")
    assert client.post(ADDRESS, content=hidden, params={"to": to}, headers=bearer(library)).json()["kind"] == "bounce"


def test_one_that_names_nobody_is_taken_all_the_same(library: Library, client: TestClient) -> None:
    answer = client.post(ADDRESS, content=plain("550 no", to="x@y.org"), headers=bearer(library))
    assert (answer.status_code, answer.json()["kind"]) == (200, "unknown")
    told = client.post(ADDRESS, content=b"", headers=bearer(library))
    assert (told.status_code, "body" in told.text or "no message" in told.text) == (400, True)


def test_who_may(library: Library, client: TestClient) -> None:
    _, data = bounce(library)
    assert client.post(ADDRESS, content=data, headers=LETTER).status_code == 401
    for headers in (bearer(library, "Ada", "read write"), bearer(library, "Ben", "admin", "reader")):
        assert client.post(ADDRESS, content=data, headers=headers).status_code == 403
    page = {**LETTER, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert client.post(ADDRESS, content=data, headers=page).status_code == 403
    assert library.store.subscribers.suppressed(["ada@example.net"]) == {}


def test_what_is_no_letter(library: Library, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = bearer(library)
    answer = client.post(ADDRESS, content=b"{}", headers=headers | {"content-type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (
        415, "Content-Type must be message/rfc822; it is 'application/json'.",
    )  # fmt: skip
    letter = client.post("/api/v1/search", content=b"From: x", headers=headers)
    assert (letter.status_code, "application/json" in letter.json()["detail"]) == (415, True)
    monkeypatch.setattr(api_gate, "MAX_LETTER", 1_000)
    large = client.post(ADDRESS, content=report(returned="x" * 1_000), headers=headers)
    assert (large.status_code, large.json()["detail"]) == (413, "The body is larger than 1,000 bytes.")


def test_any_bytes(library: Library, client: TestClient) -> None:
    data = b"From: MAILER-DAEMON@x\r\nSubject: \xff\xfe\r\n\r\n550 \x00\x80\r\n"
    assert client.post(ADDRESS, content=data, headers=bearer(library)).json()["kind"] == "unknown"

"""Coming in on the pages: letters and their links, invitations, who is told what."""

import email
import email.policy
import re
import time
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import people_made
import web_library
from broadsheet.library import Library
from broadsheet.people import invitations, keys, limits, sessions
from broadsheet.store import OWNER
from people_made import HERE, OURS, account, browser, signed_in, with_accounts
from test_people_accounts import later
from web_library import ask, text

ADA = "ada@example.org"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        yield with_accounts(library)


def knock(client: TestClient, path: str, status: int, headers: Mapping[str, str] = OURS, **form: str) -> str:
    """What is said to a form."""
    answer = client.post(path, data=form, headers=dict(headers))
    assert answer.status_code == status, text(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    return unescape(text(answer.text))


def letters(client: TestClient, library: Library) -> list[email.message.EmailMessage]:
    """What has been sent so far, oldest first."""
    client.app.state.doors.post.settle()  # type: ignore[attr-defined]
    files = sorted((library.home / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def link(client: TestClient, library: Library, part: str = "/sign-in/") -> str:
    """The path of the link in the last letter."""
    body = letters(client, library)[-1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"{re.escape(HERE)}({part}\S+)", body.get_content())
    assert found is not None
    return found[1]


def is_in(client: TestClient) -> bool:
    return client.get("/settings").status_code == 200


def test_a_letter_signs_in_once(library: Library) -> None:
    account(library, "Ada", email=ADA)
    client = browser(library)
    page = ask(client, "/sign-in?then=/saved")
    assert 'name="then" value="/saved"' in page
    assert "Look into your mail" in knock(client, "/sign-in", 200, email=" ADA@Example.org ", then="/saved")
    there = link(client, library)
    (letter,) = letters(client, library)
    assert (letter["to"], letter["subject"]) == (ADA, "Sign in to Broadsheet")
    for _ in range(3):  # a mail program looks at every link
        assert "Sign in as Ada" in text(ask(client, there))
    assert not is_in(client)
    answer = client.post(there, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/saved")
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("broadsheet="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # plain http, to this machine
    assert is_in(client)
    again = browser(library)
    assert "This link has been used" in text(ask(again, there, 404))
    assert "This link has been used" in knock(again, there, 404, elsewhere="1")
    assert not is_in(again)


def test_the_key_of_a_session_is_new_with_every_sign_in(library: Library) -> None:
    client = signed_in(browser(library), library, "Ada")
    before = client.cookies["broadsheet"]
    library.store.accounts.set_email(account(library, "Ada").id, ADA, None)
    knock(client, "/sign-in", 200, email=ADA)
    client.post(link(client, library), headers=OURS)
    assert client.cookies["broadsheet"] != before
    assert sessions.of_cookie(library.store, before) is None
    assert len(library.store.entrances.sessions(account(library, "Ada").id)) == 1


def test_nobody_is_told_who_has_an_account(library: Library) -> None:
    account(library, "Ada", email=ADA)
    library.store.accounts.suspend(account(library, "Ben", email="ben@example.org").id, OWNER)
    told, cookies, rows = [], [], []
    for address in (ADA, "ben@example.org", "who@example.org"):
        client = browser(library)
        answer = client.post("/sign-in", data={"email": address}, headers=OURS)
        told.append((answer.status_code, answer.text.replace(address, "THEM")))
        cookies.append([re.sub("=[^;]*", "", line) for line in answer.headers.get_list("set-cookie")])
        rows.append(len(letters(client, library)))
    assert told[0] == told[1] == told[2]
    assert cookies[0] == cookies[1] == cookies[2]
    assert rows == [1, 1, 1]  # one letter in all


def test_another_browser_has_to_say_that_it_asked(library: Library) -> None:
    account(library, "Ada", email=ADA)
    client = browser(library)
    knock(client, "/sign-in", 200, email=ADA)
    there, other = link(client, library), browser(library)
    page = ask(other, there)
    assert "This link was not asked for in this browser." in text(page)
    assert "was not asked for in this browser" in knock(other, there, 403)
    assert not is_in(other)
    assert other.post(there, data={"elsewhere": "1"}, headers=OURS).headers["location"] == "/"
    assert is_in(other)


def test_links_end_and_cannot_be_made_up(library: Library) -> None:
    account(library, "Ada", email=ADA)
    client = browser(library)
    knock(client, "/sign-in", 200, email=ADA)
    there = link(client, library)
    forged = f"/sign-in/{keys.fresh()}"
    for path in (forged, there[:-1], there + "A", "/sign-in/" + "x" * 5_000, "/sign-in/%00", "/sign-in/é"):
        assert "This link is none of ours" in text(ask(client, path, 404))
        assert "none of ours" in knock(client, path, 404, elsewhere="1")
    later(library.store, "UPDATE ticket SET ends = :now", now=int(time.time()))
    assert "The time of this link is over: it lasts 15 minutes." in text(ask(client, there, 404))
    assert "time of this link is over" in knock(client, there, 404)
    assert 'href="/sign-in"' in ask(client, there, 404)  # and a way on
    assert not is_in(client)


def test_an_invitation_is_no_sign_in_link_and_the_other_way_round(library: Library) -> None:
    made = invitations.make(library.store, account(library, "owner"))
    client = browser(library)
    assert "none of ours" in knock(client, f"/sign-in/{made.key}", 404, elsewhere="1", name="Eve")
    account(library, "Ada", email=ADA)
    knock(client, "/sign-in", 200, email=ADA)
    join = link(client, library).replace("/sign-in/", "/join/")
    assert "This is no invitation" in knock(client, join, 404, name="Eve")
    assert library.store.accounts.count() == 2


def test_letters_are_limited(library: Library) -> None:
    client = browser(library)
    for _ in range(limits.LETTERS[0]):
        knock(client, "/sign-in", 200, email=ADA)
    answer = browser(library).post("/sign-in", data={"email": ADA}, headers=OURS)  # another process, another browser
    assert answer.status_code == 429
    assert 800 < int(answer.headers["retry-after"]) <= 900
    assert "letters were sent to this address just now" in text(answer.text)
    for number in range(limits.FROM_NETWORK[0] - limits.LETTERS[0]):
        knock(browser(library), "/sign-in", 200, email=f"somebody{number}@example.org")
    assert "too many letters were asked for" in knock(browser(library), "/sign-in", 429, email="one@example.org")
    knock(browser(library, at="127.0.0.2"), "/sign-in", 200, email="one@example.org")
    later(library.store, "UPDATE ticket SET made = made - 4000")
    knock(browser(library), "/sign-in", 200, email=ADA)


def test_tries_at_the_doors_are_limited(library: Library) -> None:
    client = browser(library)
    for _ in range(limits.DOOR.burst):
        knock(client, f"/sign-in/{keys.fresh()}", 404)
    answer = client.post(f"/sign-in/{keys.fresh()}", headers=OURS)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 6


@pytest.mark.parametrize(
    "wrong", ["", "ada", "ada@", "@example.org", "a b@example.org", "ada@example.org\nBcc: b@c.de"]
)
def test_what_is_no_address_gets_no_letter(library: Library, wrong: str) -> None:
    client = browser(library)
    assert "is no e-mail address" in knock(client, "/sign-in", 400, email=wrong)
    assert letters(client, library) == []


def test_where_all_may_come_a_letter_makes_an_account(library: Library) -> None:
    with_accounts(library, "open")
    client = browser(library)
    knock(client, "/sign-in", 200, email="новый@пример.рф")
    there = link(client, library)
    assert "Make your account" in text(ask(client, there))
    for name, said in (
        ("", "give the name"),
        ("o", "2 to 30"),
        ("0wner", "kept for the library"),
        ("a b", "cannot be"),
    ):
        assert said in knock(client, there, 400, name=name)
    account(library, "Grace")
    assert "looks like it, is taken" in knock(client, there, 400, name="grace")
    assert client.post(there, data={"name": "Cleo"}, headers=OURS).status_code == 303
    found = library.store.accounts.named("cleo")
    assert found is not None
    assert (found.role, found.email) == ("reader", "новый@xn--e1afmkfd.xn--p1ai")
    assert "новый@пример.рф" in client.get("/settings").text


def test_two_letters_make_one_account(library: Library) -> None:
    with_accounts(library, "open")
    client, other = browser(library), browser(library)
    knock(client, "/sign-in", 200, email=ADA)
    first = link(client, library)
    knock(other, "/sign-in", 200, email=ADA)
    second = link(other, library)
    assert client.post(first, data={"name": "Ada"}, headers=OURS).status_code == 303
    assert "has been used, or a later one was" in knock(other, second, 404, name="Eve")
    assert library.store.accounts.count() == 2


def test_without_an_invitation_nobody_comes_in(library: Library) -> None:
    client = browser(library)
    knock(client, "/sign-in", 200, email=ADA)
    assert letters(client, library) == []
    invitations.make(library.store, account(library, "owner"), email=ADA, role="editor")
    knock(client, "/sign-in", 200, email=ADA)  # who lost the invitation asks like everybody
    assert client.post(link(client, library), data={"name": "Ada"}, headers=OURS).status_code == 303
    found = library.store.accounts.named("ada")
    assert found is not None
    assert (found.role, found.email) == ("editor", ADA)


def test_an_invitation_by_link(library: Library) -> None:
    made = invitations.make(library.store, account(library, "owner"), uses=2, days=1)
    client = browser(library)
    page = ask(client, f"/join/{made.key}")
    assert "owner invites you" in text(page)
    assert client.post(f"/join/{made.key}", data={"name": "Ada"}, headers=OURS).headers["location"] == "/settings?new=1"
    assert "Give an address or add a passkey now" in text(ask(client, "/settings?new=1"))
    other = browser(library)
    assert "is taken" in knock(other, f"/join/{made.key}", 400, name="АDA".replace("А", "A"))
    other.post(f"/join/{made.key}", data={"name": "Ben"}, headers=OURS)
    assert is_in(other)
    assert "This invitation has been used" in text(ask(client, f"/join/{made.key}", 404))
    assert "has been used" in knock(browser(library), f"/join/{made.key}", 404, name="Cleo")


def test_an_invitation_ends_and_is_revoked(library: Library) -> None:
    owner = account(library, "owner")
    made, other = (invitations.make(library.store, owner) for _ in range(2))
    invitations.revoke(library.store, owner, keys.mark(made.key))
    assert "This is no invitation, or it was revoked" in text(ask(browser(library), f"/join/{made.key}", 404))
    later(library.store, "UPDATE ticket SET ends = :now", now=int(time.time()))
    assert "The time of this invitation is over" in text(ask(browser(library), f"/join/{other.key}", 404))


def test_without_accounts_there_is_nothing_to_sign_in_to(library: Library) -> None:
    with_accounts(library, "off")
    client = browser(library)
    assert "There is nothing to sign in to" in text(ask(client, "/sign-in"))
    assert "There are no accounts in this library" in knock(client, "/sign-in", 400, email=ADA)
    assert client.get("/settings").status_code == 200  # the owner, at the machine


@pytest.mark.parametrize(("address", "carried"), [("http://papers.example.org", False), (HERE, True)])
def test_over_plain_http_nobody_signs_in_from_elsewhere(library: Library, address: str, carried: bool) -> None:
    with_accounts(library, address="https://papers.example.com")
    client, ours = browser(library, address), {"origin": address, "sec-fetch-site": "same-origin"}
    page = text(ask(client, "/sign-in"))
    assert ("came over plain http" in page) is not carried
    knock(client, "/sign-in", 200 if carried else 403, ours, email=ADA)
    if not carried:
        with_accounts(library, plain_http=True)
        knock(client, "/sign-in", 200, ours, email=ADA)


def test_over_https_the_cookie_is_the_hosts_own(library: Library) -> None:
    with_accounts(library, address="https://papers.example.org")
    account(library, "Ada", email=ADA)
    client = browser(library, "https://papers.example.org")
    ours = {"origin": "https://papers.example.org", "sec-fetch-site": "same-origin"}
    knock(client, "/sign-in", 200, ours, email=ADA)
    body = letters(client, library)[-1].get_body(("plain",))
    assert body is not None
    found = re.search(r"https://papers\.example\.org(/sign-in/\S+)", body.get_content())
    assert found is not None
    answer = client.post(found[1], headers=ours)
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("__Host-broadsheet="))
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in browser(library).get("/").headers


def test_links_lead_to_no_host_that_somebody_else_names(library: Library) -> None:
    account(library, "Ada", email=ADA)
    with_accounts(library, plain_http=True)
    evil = browser(library, "http://evil.example.net")
    ours = {"origin": "http://evil.example.net", "sec-fetch-site": "same-origin"}
    assert "needs to know where this library is" in knock(evil, "/sign-in", 400, ours, email=ADA)
    assert letters(evil, library) == []


@pytest.mark.parametrize(
    "then", ["https://evil.example.net", "//evil.example.net", "/\\evil.example.net", "x", "/a\nb"]
)
def test_signing_in_leads_nowhere_else(library: Library, then: str) -> None:
    account(library, "Ada", email=ADA)
    client = browser(library)
    knock(client, "/sign-in", 200, email=ADA, then=then)
    assert client.post(link(client, library), headers=OURS).headers["location"] == "/"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/x", "/join/x", "/sign-out", "/sign-in/passkey/done"])
@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example.net"}, {"sec-fetch-site": "cross-site"}])
def test_other_sites_cannot_press_the_buttons(library: Library, path: str, headers: Mapping[str, str]) -> None:
    client = browser(library)
    answer = client.post(path, data={"email": ADA}, headers=dict(headers))
    assert answer.status_code == 403
    assert "not sent by a page of this library" in text(answer.text)


def test_signing_out(library: Library) -> None:
    client = signed_in(browser(library), library, "Ada")
    key = client.cookies["broadsheet"]
    assert client.post("/sign-out", headers=OURS).headers["location"] == "/"
    assert sessions.of_cookie(library.store, key) is None
    client.cookies.set("broadsheet", key, "localhost.local", "/")
    assert not is_in(client)
    assert people_made.browser(library).post("/sign-out", headers=OURS).status_code == 303  # twice does no harm

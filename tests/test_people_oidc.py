"""Signing in with another provider: a real one on loopback, honest and not."""

import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey

import oidc_provider
import web_library
from broadsheet.library import Library
from broadsheet.people import invitations, oidc
from broadsheet.store import OWNER
from oidc_provider import CLIENT, SECRET, Provider
from people_made import OURS, account, browser, signed_in, with_accounts
from web_library import ask, text

ADA = {"sub": "ada-17", "email": "ada@example.org", "email_verified": True, "preferred_username": "ada.stone"}


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    with oidc_provider.running() as provider:
        yield provider


@pytest.fixture
def provider(served: Provider) -> Provider:
    served.person, served.changed, served.signed = dict(ADA), {}, None
    return served


@pytest.fixture
def library(provider: Provider, tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        more = {"oidc_issuer": provider.issuer, "oidc_client": CLIENT, "oidc_secret": SECRET, "oidc_name": "Our login"}
        yield with_accounts(library, "open", **more)


def set_out(client: TestClient, **form: str) -> str:
    """Where the browser is sent to sign in."""
    answer = client.post("/sign-in/oidc", data=form, headers=OURS)
    assert answer.status_code == 200, text(answer.text)
    (there,) = re.findall(r'href="(http://127[^"]+)"', answer.text)
    assert answer.headers["refresh"] == f"0; url={unescape(there)}"
    return unescape(there)


def come_back(client: TestClient, brought: dict[str, str], status: int = 303) -> str:
    """Where it goes on to, or what is said."""
    page = client.get("/sign-in/back", params=brought)
    assert page.status_code == 200
    assert brought["state"] in page.text
    answer = client.post("/sign-in/back", data=brought, headers=OURS)
    assert answer.status_code == status, text(answer.text)
    return answer.headers["location"] if status == 303 else unescape(text(answer.text))


def test_whom_the_provider_knows_comes_in(provider: Provider, library: Library) -> None:
    client = browser(library)
    assert "Sign in with Our login" in ask(client, "/sign-in")
    assert come_back(client, provider.sign_in(set_out(client, then="/saved"))) == "/settings?new=1&then=%2Fsaved"
    found = library.store.accounts.by_email("ada@example.org")
    assert found is not None
    assert found.name == "ada.stone"
    assert library.store.credentials.known_as(provider.issuer, "ada-17") == found.id
    again = browser(library)
    provider.person["email"] = "moved@example.org"  # the same person there, whatever their address
    assert come_back(again, provider.sign_in(set_out(again, then="/saved"))) == "/saved"
    assert "ada.stone" in ask(again, "/settings")
    assert library.store.accounts.count() == 2


WRONG: dict[str, dict[str, object]] = {
    "another's nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example.net"},
    "another audience": {"aud": "another library"},
    "another audience besides": {"aud": ["library", "another"], "azp": "another"},
    "over": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "from tomorrow": {"iat": int(time.time()) + 86_400},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_for_us_is_not_believed(provider: Provider, library: Library, what: str) -> None:
    provider.changed = WRONG[what]
    client = browser(library)
    said = come_back(client, provider.sign_in(set_out(client)), 502)
    assert "cannot be believed" in said or "is for somebody else" in said
    assert client.get("/settings").status_code == 303
    assert library.store.accounts.count() == 1


@pytest.mark.parametrize("how", ["forged", "unsigned", "confused", "changed_after"])
@pytest.mark.filterwarnings("ignore:.*:joserfc.errors.SecurityWarning")
def test_what_is_not_signed_by_the_provider_is_not_believed(provider: Provider, library: Library, how: str) -> None:
    provider.signed = getattr(provider, how)
    client = browser(library)
    assert "cannot be believed" in come_back(client, provider.sign_in(set_out(client)), 502)
    assert library.store.accounts.count() == 1


def test_new_keys_of_the_provider_are_asked_for(provider: Provider, library: Library) -> None:
    client = browser(library)
    come_back(client, provider.sign_in(set_out(client)))
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    again = browser(library)
    assert come_back(again, provider.sign_in(set_out(again))) == "/"


def test_a_state_works_once_and_in_the_browser_that_set_out(provider: Provider, library: Library) -> None:
    client, other = browser(library), browser(library)
    brought = provider.sign_in(set_out(client))
    assert "this browser did not set out" in come_back(other, brought, 400)
    set_out(other)
    assert "this browser did not set out" in come_back(other, brought, 400)
    door = client.cookies["broadsheet-door"]
    come_back(client, brought)
    client.cookies.set("broadsheet-door", door, "localhost.local", "/")
    assert "this was done already" in come_back(client, brought, 400)
    assert "did not set out" in come_back(client, {"state": "x" * 43, "code": "code0"}, 400)
    assert "not signed you in" in text(ask(client, "/sign-in/back?error=access_denied", 400))


def test_a_code_that_is_made_up_signs_nobody_in(provider: Provider, library: Library) -> None:
    client = browser(library)
    state = provider.sign_in(set_out(client))["state"]
    assert "invalid_grant" in come_back(client, {"state": state, "code": "made up"}, 502)


def test_an_account_is_linked_by_who_is_signed_in(provider: Provider, library: Library) -> None:
    with_accounts(library, "invite")
    client = signed_in(browser(library), library, "Ada")
    assert "Link Our login" in ask(client, "/settings")
    assert come_back(client, provider.sign_in(set_out(client))) == "/settings?done=linked"
    again = browser(library)
    assert come_back(again, provider.sign_in(set_out(again))) == "/"
    assert "Ada" in ask(again, "/settings")
    assert "could not come in again" in text(client.post("/settings/unlink", data={"issuer": provider.issuer}).text)
    library.store.accounts.set_email(account(library, "Ada").id, "ada@example.org", None)
    assert client.post("/settings/unlink", data={"issuer": provider.issuer}).status_code == 303
    assert library.store.credentials.known_as(provider.issuer, "ada-17") is None


def test_an_address_links_only_where_all_may_come(provider: Provider, library: Library) -> None:
    ada = account(library, "Ada", email="ada@example.org")
    with_accounts(library, "invite")
    client = browser(library)
    assert "link this one in the settings" in come_back(client, provider.sign_in(set_out(client)), 400)
    with_accounts(library, "open")
    provider.person["email_verified"] = False
    assert "one needs an invitation" in come_back(client, provider.sign_in(set_out(client)), 400)
    provider.person["email_verified"] = "true"  # a text is no yes
    assert "one needs an invitation" in come_back(client, provider.sign_in(set_out(client)), 400)
    provider.person["email_verified"] = True
    assert come_back(client, provider.sign_in(set_out(client))) == "/"
    assert library.store.credentials.known_as(provider.issuer, "ada-17") == ada.id


def test_invitations_hold_there_too(provider: Provider, library: Library) -> None:
    with_accounts(library, "invite")
    client, owner = browser(library), account(library, "owner")
    assert "one needs an invitation" in come_back(client, provider.sign_in(set_out(client)), 400)
    made = invitations.make(library.store, owner, role="editor")
    come_back(client, provider.sign_in(set_out(client, join=made.key)))
    assert account(library, "ada.stone").role == "editor"
    provider.person = {"sub": "ben-3", "email": "ben@example.org", "email_verified": True, "name": "ada.stone"}
    other = browser(library)
    assert "has been used" in come_back(other, provider.sign_in(set_out(other, join=made.key)), 404)
    invitations.make(library.store, owner, email="ben@example.org")
    come_back(other, provider.sign_in(set_out(other)))
    assert account(library, "ada.stone-2").role == "reader"  # the name was taken
    assert invitations.pending(library.store) == []


def test_who_is_suspended_does_not_come_in(provider: Provider, library: Library) -> None:
    client = browser(library)
    come_back(client, provider.sign_in(set_out(client)))
    library.store.accounts.suspend(account(library, "ada.stone").id, OWNER)
    again = browser(library)
    assert "suspended" in come_back(again, provider.sign_in(set_out(again)), 404)


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("http://login.example.org", "must have an https address"),
        ("http://127.0.0.1:1", "cannot be reached"),
        ("ftp://login.example.org", "must have an https address"),
    ],
)
def test_a_provider_that_cannot_be_asked_is_said(library: Library, issuer: str, said: str) -> None:
    with_accounts(library, "open", oidc_issuer=issuer)
    answer = browser(library).post("/sign-in/oidc", headers=OURS)
    assert answer.status_code == 502
    assert said in text(answer.text)


def test_a_provider_that_calls_itself_otherwise_is_refused(provider: Provider, library: Library) -> None:
    oidc._provider.cache_clear()
    with_accounts(library, "open", oidc_issuer=provider.issuer + "/")
    answer = browser(library).post("/sign-in/oidc", headers=OURS)
    assert (answer.status_code, "oidc_issuer must be that" in text(answer.text)) == (502, True)

"""The settings of a reader, and the pages of administrators."""

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from starlette.routing import Route

import web_library
from broadsheet.library import Library
from broadsheet.people import invitations, keys, sessions
from broadsheet.store import OWNER, Passkey
from people_made import account, browser, signed_in, token, with_accounts
from test_people_accounts import later
from test_web_signin import letters, link
from web_library import ask, text


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        yield with_accounts(library)


@pytest.fixture
def ada(library: Library) -> TestClient:
    return signed_in(browser(library), library, "Ada")


@pytest.fixture
def admin(library: Library) -> TestClient:
    account(library, "Boss", "admin", "boss@example.org")
    return signed_in(browser(library), library, "Boss", "admin")


def post(client: TestClient, path: str, **form: str) -> str:
    """Where a form leads on to."""
    answer = client.post(path, data=form)
    assert answer.status_code == 303, text(answer.text)
    return answer.headers["location"]


def said(client: TestClient, path: str, status: int, **form: str) -> str:
    """What a page says that a form is answered with."""
    answer = client.post(path, data=form)
    assert answer.status_code == status, text(answer.text)
    return unescape(text(answer.text))


def id_of(library: Library, name: str) -> int:
    return account(library, name).id


# -- profile and address -----------------------------------------------------------------------------------------------


def test_the_profile(ada: TestClient, library: Library) -> None:
    assert "Your profile is changed." in text(
        ask(ada, post(ada, "/settings/profile", name="Áda", about="I <b>read</b>"))
    )
    found = library.store.accounts.at(id_of(library, "ada"))
    assert found is not None
    assert (found.name, found.about) == ("Áda", "I <b>read</b>")
    assert "I &lt;b&gt;read&lt;/b&gt;" in ada.get("/settings").text
    account(library, "Ben")
    page = said(ada, "/settings/profile", 400, name="ben", about="kept")
    assert "looks like it, is taken" in page
    assert 'value="kept"' in ada.post("/settings/profile", data={"name": "ben", "about": "kept"}).text
    assert "500 are the most" in said(ada, "/settings/profile", 400, name="Ada", about="x" * 501)


def test_a_new_address_has_to_be_proven(ada: TestClient, library: Library) -> None:
    store, id = library.store, id_of(library, "Ada")
    account(library, "Ben", email="ben@example.org")
    assert "letter" in post(ada, "/settings/address", email="Ada@Example.org")
    there = link(ada, library, "/settings/address/")
    assert "From now on your letters go to ada@example.org" in text(ask(ada, there))
    assert store.accounts.at(id) == account_now(library, id, None)
    other = signed_in(browser(library), library, "Ben")
    assert "for another account" in text(ask(other, there, 404))
    assert "for another account" in said(other, there, 404)
    assert "Your address is changed." in text(ask(ada, post(ada, there)))
    assert account_now(library, id, "ada@example.org")
    assert "has been used" in said(ada, there, 404)
    before = len(letters(ada, library))
    assert "letter" in post(ada, "/settings/address", email="ben@example.org")  # nobody is told whose it is
    assert len(letters(ada, library)) == before
    assert "is no e-mail address" in said(ada, "/settings/address", 400, email="ada@")
    assert "could not come in again" in said(ada, "/settings/address", 400, email="")
    store.credentials.add_passkey(Passkey("id", id, "phone", b"", 0, 0, None))
    post(ada, "/settings/address", email="")
    assert account_now(library, id, None)


def account_now(library: Library, id: int, email: str | None) -> object:
    found = library.store.accounts.at(id)
    assert found is not None
    assert found.email == email
    return found


# -- sessions, passkeys, tokens ----------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended(ada: TestClient, library: Library) -> None:
    phone, desk = (signed_in(browser(library), library, "Ada") for _ in range(2))
    page = ask(ada, "/settings")
    assert page.count("Firefox on Linux") >= 3
    assert page.count("this one") == 1
    mark = keys.mark(phone.cookies["broadsheet"])
    other = signed_in(browser(library), library, "Ben")
    assert "signed out already" in said(other, "/settings/session", 404, session=mark)  # not one's own
    assert "That browser is signed out." in text(ask(ada, post(ada, "/settings/session", session=mark)))
    assert phone.get("/settings").headers["location"] == "/sign-in?then=%2Fsettings"
    post(ada, "/settings/sessions")
    assert desk.get("/settings").status_code == 303
    assert ada.get("/settings").status_code == 200


def test_passkeys_have_names(ada: TestClient, library: Library) -> None:
    id, now = id_of(library, "Ada"), int(time.time())
    library.store.credentials.add_passkey(Passkey("abc", id, "phone", b"", 0, now, None))
    post(ada, "/settings/passkey/name", passkey="abc", name="My <phone>")
    assert "My &lt;phone&gt;" in ask(ada, "/settings")
    other = signed_in(browser(library), library, "Ben")
    for path in ("/settings/passkey/name", "/settings/passkey/remove"):
        assert "not here any more" in said(other, path, 404, passkey="abc", name="mine")
    assert "The passkey is removed." in text(ask(ada, post(ada, "/settings/passkey/remove", passkey="abc")))
    assert library.store.credentials.passkeys(id) == []


def test_a_token_is_shown_once(ada: TestClient, library: Library) -> None:
    form = {"name": "nightly", "scope-read": "1", "scope-write": "1", "days": "30"}
    answer = ada.post("/settings/token", data=form)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (key,) = re.findall(r"bs_[\w-]{43}", answer.text)
    assert key not in ask(ada, "/settings")
    reader = sessions.of_token(library.store, key)
    assert reader is not None
    assert reader.scopes == frozenset(("read", "write"))
    (one,) = library.store.credentials.tokens(reader.id)
    assert one.ends is not None
    assert "The token is revoked." in text(ask(ada, post(ada, "/settings/token/revoke", token=str(one.id))))
    assert sessions.of_token(library.store, key) is None
    for wrong in ({"name": "", "scope-read": "1"}, {"name": "x"}, {"name": "x", "scope-read": "1", "days": "soon"}):
        assert said(ada, "/settings/token", 400, **wrong)


def test_a_token_is_known_on_the_api_and_nowhere_else(library: Library) -> None:
    key, client = token(library, "Ada", "read write admin"), browser(library)
    assert client.get("/settings", headers={"authorization": f"Bearer {key}"}).status_code == 303
    form = {"name": "Eve", "about": ""}
    answer = client.post("/settings/profile", data=form, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 403
    with_accounts(library, "off")  # and the owner's programs need no accounts
    answer = client.get("/api/v1/me", headers={"authorization": "Bearer bs_nobody"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


# -- taking all along, and going ---------------------------------------------------------------------------------------


def test_taking_everything_along(ada: TestClient, library: Library) -> None:
    answer = ada.get("/settings/everything.zip")
    assert answer.headers["content-disposition"].endswith('.zip"')
    assert answer.headers["cache-control"] == "no-store"
    told = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("everything.json"))
    assert [row["name"] for row in told["profile"]] == ["Ada"]
    there = browser(library).get("/settings/everything.zip").headers["location"]
    assert there.startswith("/sign-in?then=")


def test_going(ada: TestClient, library: Library) -> None:
    phone = signed_in(browser(library), library, "Ada")
    assert "type your name, Ada" in said(ada, "/settings/leave", 400, name="yes")
    assert "Your account is deleted" in said(ada, "/settings/leave", 200, name="ada")
    for client in (ada, phone):
        assert client.get("/settings").status_code == 303
    assert library.store.accounts.count() == 1
    boss = signed_in(browser(library), library, "Boss", "admin")
    assert "last administrator who can sign in" in said(boss, "/settings/leave", 400, name="Boss")


# -- inviting ----------------------------------------------------------------------------------------------------------


def test_readers_invite_where_the_owner_lets_them(ada: TestClient, library: Library) -> None:
    assert "Invite somebody" not in ask(ada, "/settings")
    assert "an administrator of this library can invite" in said(ada, "/settings/invite", 400, email="")
    with_accounts(library, may_invite="reader")
    (there,) = re.findall(r"http://localhost:8008/join/[\w-]{43}", ada.post("/settings/invite", data={}).text)
    assert "Ada invites you" in text(ask(browser(library), there))
    page = said(ada, "/settings/invite", 200, email="Cleo@example.org")
    assert "A letter is on its way to cleo@example.org" in page
    assert letters(ada, library)[-1]["to"] == "cleo@example.org"
    (one, _) = invitations.pending(library.store)
    ben = signed_in(browser(library), library, "Ben")
    assert "not here any more" in said(ben, "/settings/invite/revoke", 404, invitation=one.hash)
    post(ada, "/settings/invite/revoke", invitation=one.hash)
    assert len(invitations.pending(library.store)) == 1


# -- administrators ----------------------------------------------------------------------------------------------------


def test_administrators_look_after_people(admin: TestClient, library: Library) -> None:
    ada = signed_in(browser(library), library, "Ada")
    id = str(id_of(library, "Ada"))
    page = text(ask(admin, "/owner/people"))
    assert "3 accounts" in page
    assert "Ada" not in text(ask(admin, "/owner/people?q=bos")).partition("Invitations")[0].partition("Find")[2]
    assert post(admin, "/owner/people/role", account=id, role="editor") == "/owner/people"
    assert account(library, "Ada").role == "editor"
    assert "a role is one of" in said(admin, "/owner/people/role", 400, account=id, role="king")
    post(admin, "/owner/people/suspend", account=id)
    assert ada.get("/settings").status_code == 303  # at once
    post(admin, "/owner/people/restore", account=id)
    signed_in(ada, library, "Ada")
    assert ada.get("/settings").status_code == 200
    assert "type the name, Ada" in said(admin, "/owner/people/remove", 400, account=id, name="Eve")
    post(admin, "/owner/people/remove", account=id, name="ada")
    assert ada.get("/settings").status_code == 303
    assert "not here any more" in said(admin, "/owner/people/suspend", 404, account=id)
    boss = str(id_of(library, "Boss"))
    for path in ("suspend", "role", "remove"):
        assert "last administrator" in said(
            admin, f"/owner/people/{path}", 400, account=boss, role="reader", name="Boss"
        )
        assert "owner" in said(admin, f"/owner/people/{path}", 400, account=str(OWNER), role="reader", name="owner")
    log = text(ask(admin, "/owner/audit"))
    assert "Boss was suspended account" in log
    assert "reader -> editor" in log


def test_administrators_invite(admin: TestClient, library: Library) -> None:
    answer = admin.post("/owner/people/invite", data={"role": "editor", "uses": "3", "days": "2", "email": ""})
    (there,) = re.findall(r"http://localhost:8008/join/[\w-]{43}", answer.text)
    assert there not in ask(admin, "/owner/people")
    (one,) = invitations.pending(library.store)
    assert (one.role, one.uses) == ("editor", 3)
    assert "1 to 1,000 times" in said(admin, "/owner/people/invite", 400, role="reader", uses="0", days="2")
    assert "A letter is on its way" in said(
        admin, "/owner/people/invite", 200, role="reader", uses="1", days="2", email="ben@example.org"
    )
    for one in invitations.pending(library.store):
        post(admin, "/owner/people/revoke", invitation=one.hash)
    assert invitations.pending(library.store) == []


@pytest.mark.parametrize("role", ["reader", "editor"])
def test_nobody_else_may(library: Library, role: str) -> None:
    client = signed_in(browser(library), library, "Ada", role)  # type: ignore[arg-type]
    for path in ("/owner/people", "/owner/audit"):
        assert "more than your account may do" in text(ask(client, path, 403))
        assert browser(library).get(path).headers["location"] == f"/sign-in?then={path.replace('/', '%2F')}"
    for path in ("role", "suspend", "restore", "remove", "invite", "revoke"):
        answer = client.post(f"/owner/people/{path}", data={"account": "1", "role": "admin"})
        assert answer.status_code == 403


# -- what holds for every page -----------------------------------------------------------------------------------------


def gets(client: TestClient) -> Iterator[str]:
    """An address of every page and every answer of the API that is asked for with GET."""
    filled = {"identifier": "moss22", "name": "x", "key": keys.fresh()}
    for route in client.app.router.routes:  # type: ignore[attr-defined]
        if isinstance(route, Route) and "GET" in (route.methods or ()):
            yield re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: filled.get(found[1], "1"), route.path)


def content(library: Library) -> Mapping[str, list[tuple[object, ...]]]:
    with library.store._database.reading() as connection:
        tables = set(sa.inspect(connection).get_table_names()) - {"secret"}  # keys are made when they are first needed
        return {
            table: [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}"))] for table in tables
        }


def inline(html: str) -> list[str]:
    """Scripts and styles that stand in a page itself."""
    found: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            names = [name for name, _ in attrs]
            if tag == "style" or (tag == "script" and "src" not in names):
                found.append(tag)
            found.extend(name for name in names if name == "style" or name.startswith("on"))

    Tags().feed(html)
    return found


Make = Callable[[Library], TestClient]
WHO: Mapping[str, Make] = {
    "nobody": browser,
    "reader": lambda library: signed_in(browser(library), library, "Ada"),
    "admin": lambda library: signed_in(browser(library), library, "Boss", "admin"),
}


@pytest.mark.parametrize("who", WHO)
def test_looking_changes_nothing_and_every_answer_is_armoured(library: Library, who: str) -> None:
    made = invitations.make(library.store, account(library, "owner"))
    client = WHO[who](library)
    client.post("/sign-in", data={"email": "x@example.org"}, headers={"sec-fetch-site": "same-origin"})
    before = content(library)
    addresses = [*gets(client), f"/join/{made.key}", "/sign-in?then=/saved", "/sign-in/back?state=x&code=y", "/no/page"]
    assert len(addresses) > 40
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code < 500 or answer.status_code == 503, address
        policy = answer.headers["content-security-policy"]
        for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert rule in policy, address
        assert "unsafe" not in policy, address
        assert answer.headers["x-content-type-options"] == "nosniff", address
        if "text/html" in answer.headers.get("content-type", ""):
            assert inline(answer.text) == [], address
    assert content(library) == before


def test_a_page_with_a_key_is_kept_by_no_cache(library: Library) -> None:
    client = signed_in(browser(library), library, "Boss", "admin")
    for path in ("/sign-in", f"/sign-in/{keys.fresh()}", f"/join/{keys.fresh()}", "/settings", "/owner/people"):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_what_somebody_may_is_asked_anew_each_time(library: Library) -> None:
    client = signed_in(browser(library), library, "Boss", "admin")
    account(library, "Other", "admin", "other@example.org")
    assert client.get("/owner/people").status_code == 200
    library.store.accounts.set_role(id_of(library, "Boss"), "reader", OWNER)
    assert client.get("/owner/people").status_code == 403
    later(library.store, "UPDATE session SET ends = 0")
    assert client.get("/owner/people").status_code == 303

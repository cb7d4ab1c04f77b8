"""Passkeys in a real browser, with a virtual device: made, used, refused when copied."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import web_library
from broadsheet.errors import Mistake
from broadsheet.library import Library
from broadsheet.people import keys, passkeys, sessions
from broadsheet.people.passkeys import Place
from broadsheet.store import OWNER, Passkey
from people_made import account, with_accounts

PLACE = Place("localhost", "http://localhost:8008", "Broadsheet")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        yield with_accounts(library)


@pytest.fixture
def there(library: Library) -> Iterator[str]:
    """The address of a real server; passkeys need a host with a name."""
    import uvicorn

    from broadsheet.web import create_app, server

    listener = server.bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    running = uvicorn.Server(server.config(create_app(library), host="127.0.0.1", port=port))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://localhost:{port}"
    running.should_exit = True
    thread.join()


class Browser:
    """A browser with a device that makes passkeys, and always has a finger on it unless told otherwise."""

    def __init__(self, chromium: Any, there: str) -> None:
        self.context = chromium.new_context(base_url=there)
        self.page = self.context.new_page()
        self.devtools = self.context.new_cdp_session(self.page)
        self.devtools.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.device = {"authenticatorId": made["authenticatorId"]}

    def sign_in(self, key: str) -> None:
        self.context.add_cookies([{"name": "broadsheet", "value": key, "domain": "localhost", "path": "/"}])

    def forget(self) -> None:
        self.context.clear_cookies()

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.devtools.send("WebAuthn.getCredentials", self.device)["credentials"]
        return found


@pytest.fixture
def browser(chromium: Any, there: str) -> Iterator[Browser]:
    made = Browser(chromium, there)
    yield made
    made.context.close()


def add(browser: Browser, library: Library, name: str = "My phone") -> None:
    browser.sign_in(sessions.begin(library.store, account(library, "Ada").id, "link"))
    page = browser.page
    page.goto("/settings")
    page.fill("form[data-passkey=create] input[name=name]", name)
    with page.expect_navigation(url="**/settings?done=passkey"):
        page.click("form[data-passkey=create] button")
    assert "The passkey is added" in page.text_content("main")


@pytest.mark.browser
def test_a_passkey_is_made_and_signs_in_without_a_name(browser: Browser, library: Library) -> None:
    add(browser, library)
    page, ada = browser.page, account(library, "Ada").id
    (kept,) = library.store.credentials.passkeys(ada)
    assert (kept.name, kept.account) == ("My phone", ada)
    (own,) = browser.credentials()
    assert own["rpId"] == "localhost"
    assert "Ada" not in own["userHandle"]
    browser.forget()
    page.goto("/settings")
    assert "/sign-in?then=%2Fsettings" in page.url
    with page.expect_navigation(url="**/settings"):
        page.click("form[data-passkey=get] button")
    assert "My phone" in page.text_content("main")
    assert [one.how for one in library.store.entrances.sessions(ada)].count("passkey") == 1
    (used,) = library.store.credentials.passkeys(ada)
    assert used.used is not None
    assert used.signs > kept.signs
    cookie = next(one for one in browser.context.cookies() if one["name"] == "broadsheet")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    page.goto("/settings")
    page.click("form[data-passkey=create] button")  # the same device once more
    page.wait_for_selector("[data-said]:not([hidden])")
    assert "has a passkey for this account already" in page.text_content("form[data-passkey=create]")


@pytest.mark.browser
def test_a_copy_of_a_passkey_is_refused(browser: Browser, library: Library) -> None:
    add(browser, library)
    page, ada = browser.page, account(library, "Ada").id
    (copied,) = browser.credentials()
    library.store.credentials.passkey_used(library.store.credentials.passkeys(ada)[0].id, copied["signCount"] + 40)
    browser.forget()
    page.goto("/sign-in")
    with page.expect_navigation(url="**/sign-in/passkey/done"):
        page.click("form[data-passkey=get] button")
    assert "there may be a copy of it" in page.text_content("main")
    assert "broadsheet" not in [one["name"] for one in browser.context.cookies()]
    (event, *_) = library.store.audit.entries()
    assert (event.act, event.object, event.detail) == ("passkey.refuse", f"account {ada}", "it has not counted on")


@pytest.mark.browser
def test_who_does_not_put_a_finger_on_it_stays_outside(browser: Browser, library: Library) -> None:
    add(browser, library)
    page, ada = browser.page, account(library, "Ada").id
    browser.forget()
    browser.devtools.send("WebAuthn.setUserVerified", {**browser.device, "isUserVerified": False})
    page.goto("/sign-in")
    page.click("form[data-passkey=get] button")
    page.wait_for_selector("[data-said]:not([hidden])")
    assert "the device did not go on" in page.text_content("form[data-passkey=get]")
    library.store.credentials.drop_passkey(ada, library.store.credentials.passkeys(ada)[0].id)
    browser.devtools.send("WebAuthn.setUserVerified", {**browser.device, "isUserVerified": True})
    with page.expect_navigation(url="**/sign-in/passkey/done"):
        page.click("form[data-passkey=get] button")
    assert "is not known here, or was removed" in page.text_content("main")


@pytest.mark.browser
def test_an_answer_works_once_and_here_alone(browser: Browser, library: Library, there: str) -> None:
    add(browser, library)
    browser.forget()
    page, place = browser.page, Place("localhost", there, "Broadsheet")
    page.goto("/sign-in")

    def answered() -> str:
        options = passkeys.to_enter(library.store, place)
        found: str = page.evaluate(
            """async (options) => {
              const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
              return JSON.stringify((await navigator.credentials.get({ publicKey })).toJSON());
            }""",
            options,
        )
        return found

    ada = account(library, "Ada").id
    answer = answered()
    assert passkeys.enter(library.store, answer, place) == ada
    with pytest.raises(Mistake, match="answered already, or too late"):
        passkeys.enter(library.store, answer, place)
    for elsewhere in (place._replace(origin="https://evil.example.net"), place._replace(id="example.net")):
        with pytest.raises(Mistake, match="was not taken"):
            passkeys.enter(library.store, answered(), elsewhere)
    forged = json.loads(answered())
    forged["response"]["signature"] = "A" * 96
    with pytest.raises(Mistake, match="was not taken"):
        passkeys.enter(library.store, json.dumps(forged), place)
    stale = answered()
    with library.store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE ticket SET ends = 0")
    with pytest.raises(Mistake, match="too late"):
        passkeys.enter(library.store, stale, place)


NO_ANSWERS = (
    "",
    "x",
    "{}",
    "[]",
    '{"response": {}}',
    '{"response": {"clientDataJSON": "e30"}}',
    "[" * 9_999,
    "9" * 30_000,
)


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_what_is_no_answer_of_a_device_is_refused(library: Library, answer: str) -> None:
    with pytest.raises(Mistake):
        passkeys.enter(library.store, answer, PLACE)
    with pytest.raises(Mistake):
        passkeys.add(library.store, account(library, "Ada"), answer, PLACE, "x")


def test_a_challenge_is_for_whom_it_was_made(library: Library) -> None:
    ada = account(library, "Ada")
    options = json.loads(passkeys.to_add(library.store, ada, PLACE))
    assert options["authenticatorSelection"]["userVerification"] == "required"
    told = {"type": "webauthn.create", "challenge": options["challenge"], "origin": PLACE.origin}
    data = passkeys._webauthn().helpers.bytes_to_base64url(json.dumps(told).encode())
    answer = json.dumps({"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": data}})
    with pytest.raises(Mistake, match="answered already, or too late"):
        passkeys.add(library.store, account(library, "Ben"), answer, PLACE, "x")


def test_devices_that_do_not_count_may_stay_at_nought(library: Library) -> None:
    store = library.store.credentials
    store.add_passkey(Passkey("id", OWNER, "synced", b"key", 0, 0, None))
    assert store.passkey_used("id", 0)
    assert store.passkey_used("id", 3)
    assert not store.passkey_used("id", 3)
    assert not store.passkey_used("id", 0)
    for number in range(19):
        store.add_passkey(Passkey(keys.fresh(), OWNER, f"{number}", b"key", 0, 0, None))
    with pytest.raises(Mistake, match="can have 20 passkeys"):
        store.add_passkey(Passkey("more", OWNER, "more", b"key", 0, 0, None))

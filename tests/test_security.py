"""Attacks on readers and their library: what each of them tries is done by a real browser or program, and fails."""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import web_library
from broadsheet.errors import NotFound
from broadsheet.library import Library
from broadsheet.mail import write
from broadsheet.people import invitations, keys, limits, sessions, signin, tokens
from broadsheet.people.rights import Reader
from broadsheet.store import OWNER, Store
from broadsheet.web import create_app, markdown
from people_made import HERE, OURS, account, browser, signed_in, token, with_accounts
from test_web_signin import ADA, knock, letters, link

THERE = "https://papers.example.org"
API = "/api/v1"
EVIL = "http://evil.example.net"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS[:4]) as library:
        account(with_accounts(library), "Root", "admin", "root@example.org")
        yield library


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


# -- invitations end with who made them --------------------------------------------------------------------------------


@pytest.mark.parametrize("fall", ["suspended", "editor", "reader"])
def test_who_may_invite_no_more_has_left_no_way_in(library: Library, fall: str) -> None:
    store, admin = library.store, account(library, "Mallory", "admin")
    open_to_all = invitations.make(store, admin, role="admin", uses=1_000).key
    sent = invitations.make(store, admin, role="admin", email=ADA)
    asked = signin.ask(store, library.settings, ADA, "")  # a letter that has the invitation's role in it already
    if fall == "suspended":
        store.accounts.suspend(admin.id, OWNER)
    else:
        store.accounts.set_role(admin.id, fall, OWNER)
    client = browser(library)
    for path in (f"/join/{open_to_all}", f"/join/{sent.key}", f"/sign-in/{asked.key}"):
        knock(client, path, 404, name="Mallory2", elsewhere="1")
    assert store.accounts.count() == 3


def test_who_rises_keeps_what_they_have_sent(library: Library) -> None:
    reader = account(library, "Rita")
    key = invitations.make(library.store, reader).key
    library.store.accounts.set_role(reader.id, "editor", OWNER)
    assert invitations.found(library.store, key).role == "reader"


def test_an_invitation_to_an_address_makes_one_account(library: Library) -> None:
    """Else whoever was made a reader since, and has another address, would be an administrator once more."""
    store = library.store
    first, second = (invitations.make(store, account(library, "Root", "admin"), email=ADA, role="admin") for _ in "ab")
    client = browser(library)
    knock(client, "/sign-in", 200, email=ADA)
    assert client.post(link(client, library), data={"name": "Ada"}, headers=OURS).status_code == 303
    ada = store.accounts.by_email(ADA)
    assert ada is not None
    store.accounts.set_role(ada.id, "reader", OWNER)
    store.accounts.set_email(ada.id, "ada@other.example.org", ada.id)
    for one in (first, second):
        knock(browser(library), f"/join/{one.key}", 404, name="Ada2")
    assert store.accounts.by_email(ADA) is None


def test_letters_at_an_address_that_was_left_open_nothing(library: Library) -> None:
    ada, client = account(library, "Ada", email=ADA), browser(library)
    knock(client, "/sign-in", 200, email=ADA)
    there = link(client, library)
    library.store.accounts.set_email(ada.id, "ada@other.example.org", ada.id)
    knock(client, there, 404)
    assert library.store.entrances.sessions(ada.id) == []


# -- hosts that a request names ----------------------------------------------------------------------------------------


def test_what_leaves_the_site_leads_to_its_own_address(library: Library) -> None:
    account(library, "Ada")
    made = library.shelves(account(library, "Ada").id).begin_list("Public", seen="public")
    library.settings = replace(library.settings, address=THERE)
    visitor = browser(library, EVIL)
    for path in ("/feed.xml", "/search.rss", "/opml", f"/list/{made.id}.json", "/trending.atom", "/reader/Ada.atom"):
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        assert "evil.example.net" not in answer.text, path
        assert THERE in answer.text, path


@pytest.mark.parametrize("host", ["evil.example.net\\@localhost", "localhost@evil.example", "localhost.evil.example"])
def test_a_letter_leads_to_no_host_that_is_written_cunningly(library: Library, host: str) -> None:
    account(library, "Ada", email=ADA)
    with_accounts(library, plain_http=True)
    client = browser(library)
    client.post("/sign-in", data={"email": ADA}, headers={"host": host, "sec-fetch-site": "same-origin"})
    for letter in letters(client, library):
        assert "evil" not in letter.as_string()


# -- caches ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/about", "/sources", "/", "/search?q=nothing-has-this-word", "/search", f"{API}/me"])
def test_no_shared_cache_keeps_what_names_a_reader(library: Library, path: str) -> None:
    ada = signed_in(browser(library), library, "Zoe-Reader")
    answer = ada.get(path)
    assert answer.status_code == 200
    assert "Zoe-Reader" in answer.text
    assert re.search("private|no-store", answer.headers["cache-control"])
    if not path.startswith("/api/"):
        assert "Zoe-Reader" not in browser(library).get(path).text


def test_a_page_that_is_kept_for_all_holds_nothing_of_a_reader(library: Library) -> None:
    app = create_app(library)
    client = signed_in(browser(library), library, "Ada")
    client.app = app
    mine = client.get("/")
    client.cookies.clear()
    assert client.get("/").text != mine.text
    assert "private" not in client.get("/").headers["cache-control"]
    assert client.get("/", headers={"if-none-match": mine.headers["etag"]}).status_code == 200


# -- what a token may --------------------------------------------------------------------------------------------------


def test_a_token_that_may_not_read_finds_nothing_of_its_reader(library: Library) -> None:
    ada = account(library, "Ada")
    library.shelves(ada.id).keep([str(web_library.PAPERS[0]["id"])], "secret")
    asked = f"{API}/search?q=in:secret"
    client = browser(library)
    writer, reader = (bearer(token(library, "Ada", scopes)) for scopes in ("write", "read"))
    assert client.get(asked, headers=reader).json()["total"] == 1
    assert client.get(asked, headers=writer).json().get("total", 0) == 0
    assert client.post(f"{API}/lists", json={"name": "x"}, headers=reader).status_code == 403


def test_a_token_of_a_reader_ends_when_accounts_do(library: Library) -> None:
    theirs, owners = (
        token(library, "Ada", "read write"),
        tokens.make(library.store, Reader(OWNER, "owner", "admin"), "mine", ["read"]).key,
    )
    library.store.comments.write(OWNER, library.row(str(web_library.PAPERS[0]["id"])), "a note for the owner alone")
    library.settings = replace(library.settings, accounts="off", edit="none")
    client = browser(library, THERE, "192.0.2.7")
    assert client.get(f"{API}/comments", headers=bearer(theirs)).status_code == 401
    assert "for the owner alone" in client.get(f"{API}/comments", headers=bearer(owners)).text
    assert client.put(f"{API}/votes/x", headers=bearer(theirs)).status_code in (401, 415)


def test_a_stranger_who_may_edit_cannot_keep_the_owners_account(library: Library) -> None:
    library.settings = replace(library.settings, accounts="off", edit="all")
    there = browser(library, THERE, "192.0.2.7")
    ours = {"origin": THERE, "sec-fetch-site": "same-origin"}
    wanted = {"name": "later", "scope-admin": "1"}
    assert there.post("/settings/token", data=wanted, headers=ours).status_code == 403
    assert there.get("/settings/everything.zip").status_code == 403
    assert there.post(f"{API}/me/tokens", json={"name": "later", "scopes": ["admin"]}, headers=ours).status_code == 403
    assert there.get("/owner/people").status_code == 403
    assert library.store.credentials.tokens(OWNER) == []
    assert there.post("/kept", data={"id": web_library.PAPERS[0]["id"]}, headers=ours).status_code == 303
    assert browser(library).post("/settings/token", data=wanted, headers=OURS).status_code == 200  # who sits here may


def test_tokens_that_nobody_has_do_not_ask_without_end(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "API", limits.Rate(3, 60.0))
    monkeypatch.setattr(limits, "PAGE", limits.Rate(6, 60.0))
    client = browser(library, THERE, "192.0.2.7")
    forged = [bearer(keys.TOKEN + keys.fresh()) for _ in range(4)]
    assert [client.get(f"{API}/stats", headers=one).status_code for one in forged][3] == 429
    page = {"sec-fetch-site": "same-origin"}  # which a program can say, too
    assert [client.get(f"{API}/stats", headers=page).status_code for _ in range(7)] == [200] * 6 + [429]
    real = bearer(token(library, "Ada"))
    assert client.get(f"{API}/stats", headers=real).status_code == 200


# -- who is on the way into a group, who is suspended ------------------------------------------------------------------


def test_who_was_invited_into_a_group_is_told_to_its_editors_alone(library: Library) -> None:
    client = browser(library)
    olga, eve = (bearer(token(library, name, "read write")) for name in ("Olga", "Eve"))
    account(library, "Ben")
    assert client.post(f"{API}/groups", json={"name": "Graph lab"}, headers=olga).status_code == 201
    there = f"{API}/groups/graph-lab/members"
    assert client.put(f"{there}/Ben", json={}, headers=olga).json()["role"] == "invited"
    assert client.put(f"{there}/Ben", json={}, headers=eve).status_code == 403
    assert client.put(f"{there}/Eve", json={"role": "owner"}, headers=eve).status_code == 403
    assert client.put(f"{there}/Eve", json={}, headers=eve).json()["role"] == "asked"
    assert "Ben" not in client.get(there, headers=eve).text


def test_lists_of_who_is_suspended_are_shown_to_nobody_who_looks_around(library: Library) -> None:
    ada = account(library, "Ada")
    library.shelves(ada.id).begin_list("Cheap pills", seen="public")
    assert "Cheap pills" in browser(library).get("/lists").text
    library.store.accounts.suspend(ada.id, OWNER)
    assert "Cheap pills" not in browser(library).get("/lists").text


# -- the door ----------------------------------------------------------------------------------------------------------


def test_a_letter_is_written_for_every_address(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes to answer is the same; only what is sent differs."""
    account(library, "Ada", email=ADA)
    written: list[str] = []
    whole = write.letter

    def letter(kind: str, to: str, sender: str, **values: Any) -> EmailMessage:
        written.append(to)
        return whole(kind, to, sender, **values)

    monkeypatch.setattr(write, "letter", letter)
    client = browser(library)
    for email in (ADA, "nobody@example.org"):
        knock(client, "/sign-in", 200, email=email)
    assert written == [ADA, "nobody@example.org"]
    assert [letter["To"] for letter in letters(client, library)] == [ADA]


def test_a_session_that_was_planted_is_not_the_one_that_begins(library: Library) -> None:
    account(library, "Ada", email=ADA)
    client = browser(library)
    client.cookies.set("broadsheet", "planted", "localhost.local", "/")
    knock(client, "/sign-in", 200, email=ADA)
    assert client.post(link(client, library), headers=OURS).status_code == 303
    assert sessions.of_cookie(library.store, "planted") is None
    assert [one.value for one in client.cookies.jar if one.name == "broadsheet"] != ["planted"]


@pytest.mark.parametrize("said", ["5", "[]", "{}", "null", '"\\u0000"', '{"a": 1}'])
def test_a_device_that_answers_nonsense_breaks_nothing(library: Library, said: str) -> None:
    data = base64.urlsafe_b64encode(f'{{"challenge": {said}}}'.encode()).decode()
    client = browser(library)
    answers: list[object] = [{"clientDataJSON": data}, {"clientDataJSON": 5}, [], None]
    for response in answers:
        answer = json.dumps({"id": "x", "response": response})
        knock(client, "/sign-in/passkey/done", 400, credential=answer)


# -- files, and time ---------------------------------------------------------------------------------------------------


def test_the_store_is_its_owners_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.sqlite3") as store:
        store.audit.note(None, "a row")
        assert {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == dict.fromkeys(
            (file.name for file in tmp_path.iterdir()), 0
        )


@pytest.mark.parametrize("piece", ["://", "h://", "http://)", "[](", "<http://", "*a_ ", "\\(", "$\\frac{"])
def test_a_comment_of_the_longest_is_drawn_in_little_time(piece: str) -> None:
    start = time.process_time()
    markdown.html((piece * 10_000)[:10_000])
    assert time.process_time() - start < 1.0


def test_a_forged_link_is_none_of_ours(library: Library) -> None:
    for key in ("x" * 43, "../settings", "0"):
        with pytest.raises(NotFound):
            signin.link(library.store, key, "")
    assert browser(library).get(f"{HERE}/sign-in/{'x' * 43}").status_code == 404

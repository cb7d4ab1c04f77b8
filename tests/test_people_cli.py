"""The verbs about people, as a shell runs them."""

import email
import email.policy
from pathlib import Path

import pytest

from broadsheet.library import STORE_FILE
from broadsheet.people import sessions, signin
from broadsheet.store import Store
from shell import broadsheet


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "library"
    said = broadsheet(home, "account", "add", "Ada@Example.org", "--name", "Ada", "--role", "admin")
    assert "Ada (ada@example.org) has an account, as admin." in said.err
    assert "Nobody can sign in yet" in said.err
    return home


def test_the_first_administrator_gets_in_by_a_link(home: Path) -> None:
    said = broadsheet(home, "account", "link", "ada", BROADSHEET_ADDRESS="https://papers.example.org/")
    there = said.out.strip()
    assert there.startswith("https://papers.example.org/sign-in/")
    with Store.open(home / STORE_FILE) as store:
        key = there.rpartition("/")[2]
        assert signin.link(store, key, "").here
        session, reader = signin.enter(store, key, "shell", "", "")
        assert (reader.name, reader.role) == ("Ada", "admin")
        assert sessions.of_cookie(store, session) == reader
    listed = broadsheet(home, "audit", "--json").json["audit"]
    assert [one["act"] for one in listed] == ["session.begin", "account.link", "account.add"]
    assert there.rpartition("/")[2] not in broadsheet(home, "audit").out


def test_an_account_from_its_beginning_to_its_end(home: Path) -> None:
    def account(*words: str) -> dict[str, object]:
        found: dict[str, object] = broadsheet(home, "account", *words, "--json").json
        return found

    assert account("address", "owner", "Me@Example.org")["email"] == "me@example.org"
    assert account("role", "ADA", "editor")["role"] == "editor"
    assert account("suspend", "ada@example.org")["state"] == "suspended"
    assert account("restore", "Ada")["state"] == "active"
    assert [one["name"] for one in account("list")["accounts"]] == ["owner", "Ada"]  # type: ignore[attr-defined]
    assert "Ada" in broadsheet(home, "account", "list").out
    assert "type the name, Ada" in broadsheet(home, "account", "remove", "Ada", "--yes", "Eva", code=2).err
    assert account("remove", "Ada", "--yes", "ada")["state"] == "gone"
    assert "nobody here is called 'Ada'" in broadsheet(home, "account", "link", "Ada", code=2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("account", "add", "nobody", "--name", "Ben"), "'nobody' is no e-mail address"),
        (("account", "add", "b@example.org", "--name", "оwner"), "mixes letters"),
        (("account", "add", "b@example.org", "--name", "ADA"), "looks like it, is taken"),
        (("account", "add", "ada@example.org", "--name", "Ben"), "another account has this address"),
        (("account", "role", "Ada", "king"), "is not one of"),
        (("account", "role", "Ada", "reader"), "last administrator who can sign in"),
        (("account", "role", "owner", "reader"), "the owner stays an administrator"),
        (("account", "suspend", "Eve"), "nobody here is called 'Eve'"),
        (("account", "remove", "owner", "--yes", "owner"), "the owner's account is the machine's own"),
        (("invite",), "give an address"),
        (("invite", "b@example.org", "--link"), "give an address"),
        (("invite", "--link", "--uses", "0"), "1 to 1,000 times"),
        (("invite", "ada@example.org"), "has an account here already"),
    ],
)
def test_what_cannot_be_is_said(home: Path, words: tuple[str, ...], said: str) -> None:
    assert said in broadsheet(home, *words, code=2).err


def test_invitations(home: Path) -> None:
    told = broadsheet(home, "invite", "--link", "--role", "editor", "--uses", "3", "--json").json
    assert told["link"].startswith("http://localhost:8008/join/")
    assert broadsheet(home, "invite", "--link").out.startswith("http://localhost:8008/join/")
    said = broadsheet(home, "invite", "ben@example.org")
    assert "was written into" in said.err
    (file,) = (home / "outbox").glob("*.eml")
    assert file.stat().st_mode & 0o777 == 0o600
    letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert (letter["to"], letter["subject"]) == ("ben@example.org", "The owner invites you to Broadsheet")
    assert said.out == ""  # who invites by letter does not see the link
    sure = broadsheet(home, "invite", "c@example.org", code=2, BROADSHEET_SMTP="smtp://mail.example.org:587")
    assert "needs the address of this library" in sure.err

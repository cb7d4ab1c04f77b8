"""Export-me and delete-me: all of it is there, and then none of it is."""

import io
import json
import random
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import web_library
from broadsheet.errors import Mistake, NotFound
from broadsheet.library import STORE_FILE, Library
from broadsheet.people import leaving, sessions, signin, tokens
from broadsheet.people.rights import Reader
from broadsheet.store import OWNER, Edition, Passkey, Schedule, Store, Wish
from people_made import account

SECRETS = (
    "Zephyrine", "zephyrine@example.org", "xylophones of the north", "quokka remark", "a wombat list", "an ibex note",
    "okapi question", "vicuna reason", "narwhal phone", "gnu cron", "kiwi claim", "sub-of-zephyrine",
    "tapir of the day",
)  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, (*web_library.PAPERS, *web_library.series())) as library:
        yield library


def busy(store: Store, reader: Reader, words: str = "quokka remark") -> None:
    """One of everything that a reader can do."""
    store.community.vote(reader.id, 1)
    store.community.vote(reader.id, 2)
    store.community.hide(reader.id, 3)
    store.community.read(reader.id, 4)
    store.comments.write(reader.id, 1, f"{words}, and more of it. " * 9, limited=False)
    store.comments.write(reader.id, 2, f"another {words}", limited=False)
    store.lists.keep_as(reader.id, "a wombat list", [1, 2, 3], "an ibex note")
    store.searches.save(reader.id, "okapi question", "okapi question", "relevance", 1)
    store.desk.submit(reader.id, 5, "vicuna reason")
    store.claims.ask(reader.id, 6, "kiwi claim")
    tokens.make(store, reader, "gnu cron", ["read"])
    now = int(time.time())
    store.credentials.add_passkey(Passkey(f"id{reader.id}", reader.id, "narwhal phone", b"key", 0, now, None))
    store.credentials.link("https://login.example.org", f"sub-of-{reader.name.lower()}", reader.id)
    sessions.begin(store, reader.id, "link")


def zephyrine(store: Store) -> Reader:
    added = store.accounts.add(signin.called("Zephyrine"), "zephyrine@example.org", "reader", None)
    store.accounts.describe(added.id, signin.called("Zephyrine"), "I count xylophones of the north.")
    busy(store, sessions.reader(added))
    held = store.subscribers.put("zephyrine@example.org", added.id, Schedule(), [Wish("author", "tapir of the day")], 5)
    store.editions.put([Edition(0, held.id, 20261121, "sent", "", 5, 0, 0, 3, b"\1\0\0\0", b"said", 5, 6)])
    return sessions.reader(added)


def raw(library: Library) -> bytes:
    """Every byte of the store's files."""
    return b"".join(file.read_bytes() for file in library.home.glob(f"{STORE_FILE}*"))


def totals(store: Store) -> list[tuple[int, ...]]:
    with store._database.reading() as connection:
        found = connection.execute(sa.text("SELECT pk, votes, saves, comments FROM tally ORDER BY pk"))
        return [tuple(row) for row in found if any(row[1:])]


def test_everything_can_be_taken_along(library: Library) -> None:
    reader = zephyrine(library.store)
    archive = zipfile.ZipFile(io.BytesIO(leaving.exported(library.store, reader, "Broadsheet")))
    everything = archive.read("everything.json").decode()
    told = json.loads(everything)
    for secret in SECRETS:
        assert secret in everything
    assert {kind: len(rows) for kind, rows in told.items() if kind != "audit"} == {
        "profile": 1, "sessions": 1, "passkeys": 1, "signs_in_at": 1, "tokens": 1, "invitations": 0, "lists": 1,
        "on_lists": 3, "searches": 1, "groups": 0, "votes": 2, "hidden_or_read": 2, "comments": 2, "reports": 0,
        "submissions": 1, "picks": 0, "claims": 1, "subscription": 1, "wishes": 1, "editions": 1,
        "papers_sent": 1,
    }  # fmt: skip
    paper = library.store.get([1])[1]
    assert (told["votes"][0]["paper"], told["votes"][0]["title"]) == (paper.key, paper.title)
    assert told["votes"][0]["at"].startswith("20")
    assert "quokka remark" in archive.read("comments.md").decode()
    assert len(archive.read("lists/001.jsonl").splitlines()) == 3
    assert "token.make" in [row["act"] for row in told["audit"]]
    for hash in (session.hash for session in library.store.entrances.sessions(reader.id)):
        assert hash not in everything


def test_a_deleted_account_leaves_nothing_behind(library: Library) -> None:
    store = library.store
    other, before = account(library, "Ada"), totals(store)
    draw = random.Random(7)
    reader = zephyrine(store)
    for number in range(300):  # others write between, so that pages of the file are split and filled again
        pk = draw.randint(1, 30)
        store.comments.write(other.id, pk, f"Remark {number}. " * draw.randint(1, 60), limited=False)
        if number % 5 == 0:
            store.comments.write(reader.id, pk, f"quokka remark {number}. " * draw.randint(1, 60), limited=False)
        if number % 20 == 0:
            store.accounts.describe(reader.id, signin.called("Zephyrine"), f"I count xylophones of the north {number}.")
    (own,) = store.comments.by(reader.id, 1)
    edited = store.comments.edit(reader.id, own.id, "a quokka remark that is changed", own.version)
    answer = store.comments.write(other.id, edited.pk, "I do not think so.", edited.id, limited=False)
    found = raw(library)
    assert all(secret.encode() in found for secret in SECRETS)
    store.leaving.leave(reader.id, reader.id)
    left = raw(library).lower()
    assert [secret for secret in SECRETS if secret.lower().encode() in left] == []
    assert store.accounts.at(reader.id) is None
    assert store.accounts.named("zephyrine") is None
    thread = [one for one in store.comments.of(edited.pk) if one.id in (edited.id, answer.id)]
    assert [(one.id, one.account, one.text) for one in thread] == [
        (edited.id, None, ""), (answer.id, other.id, "I do not think so.")
    ]  # fmt: skip
    assert [(row[0], row[1], row[2]) for row in totals(store) if row[1] or row[2]] == before
    (event, *_) = store.audit.entries()
    assert (event.act, event.account, event.name, event.object) == (
        "account.leave", reader.id, "", f"account {reader.id}"
    )  # fmt: skip
    with pytest.raises(NotFound):
        store.leaving.leave(reader.id, reader.id)
    assert account(library, "Zephyrine").id > reader.id  # the name is free, and is nobody's from before


def test_nobody_goes_by_mistake(library: Library) -> None:
    reader = zephyrine(library.store)
    for typed in ("", "yes", "Ada", "zephyrin"):
        with pytest.raises(Mistake, match="type your name, Zephyrine"):
            leaving.leave(library.store, reader, typed)
    leaving.leave(library.store, reader, " zephyrine ")
    assert library.store.accounts.at(reader.id) is None


def test_who_must_stay(library: Library) -> None:
    store = library.store
    with pytest.raises(Mistake, match="the owner's account is the machine's own"):
        store.leaving.leave(OWNER, OWNER)
    ada = account(library, "Ada", "admin", "ada@example.org")
    with pytest.raises(Mistake, match="last administrator who can sign in"):
        store.leaving.leave(ada.id, ada.id)
    account(library, "Ben", "admin", "ben@example.org")
    store.leaving.leave(ada.id, ada.id)
    assert store.accounts.count() == 2


def test_on_both_databases(store: Store) -> None:
    added = store.accounts.add(signin.called("Ada"), "ada@example.org", "reader", None)
    tokens.make(store, sessions.reader(added), "cron", ["read"])
    assert store.leaving.export(added.id)["profile"][0]["email"] == "ada@example.org"
    store.leaving.leave(added.id, None)
    assert store.accounts.at(added.id) is None
    assert store.leaving.export(added.id)["tokens"] == []

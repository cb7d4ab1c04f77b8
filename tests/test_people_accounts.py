"""Accounts, sessions and tokens in the store: what is kept, who it is, and when it is nobody any more."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.people import keys, names, sessions, tokens
from broadsheet.people.rights import Reader
from broadsheet.store import OWNER, Account, Name, Store, Ticket


def called(name: str) -> Name:
    return Name(names.named(name), names.key(name), names.likeness(name))


def add(store: Store, name: str, email: str | None = None, role: str = "reader") -> Account:
    return store.accounts.add(called(name), email, role, None)


def later(store: Store, statement: str, **values: object) -> None:
    """Turns the clock of what is kept."""
    with store._database.writing() as connection:
        connection.execute(sa.text(statement), values)


def ticket(kind: str = "sign-in", **more: Any) -> tuple[str, Ticket]:
    key, now = keys.fresh(), int(time.time())
    row = Ticket(keys.mark(key), kind, None, "", "", None, "", 1, now, now + 900)
    return key, row._replace(**more)


def test_the_owner_is_the_first_account(store: Store) -> None:
    assert store.accounts.at(OWNER) == store.accounts.named("owner")
    assert store.accounts.count() == 1
    with pytest.raises(Mistake, match="taken"):
        store.accounts.add(Name("owner", "owner", "owner"), None, "reader", None)


def test_names_and_addresses_are_taken_once(store: Store) -> None:
    ada = add(store, "Ada", "ada@example.org")
    assert store.accounts.named(names.key("ADA")) == ada == store.accounts.by_email("ada@example.org")
    for other in ("ada", "Áda", "a-da", "АDА".translate({0x410: "A"})):
        with pytest.raises(Mistake, match="looks like it, is taken"):
            add(store, other)
    with pytest.raises(Mistake, match="another account has this address"):
        add(store, "Ben", "ada@example.org")
    ben = add(store, "Ben")
    with pytest.raises(Mistake, match="taken"):
        store.accounts.describe(ben.id, called("ADA"), "")
    with pytest.raises(Mistake, match="another account has this address"):
        store.accounts.set_email(ben.id, "ada@example.org", ben.id)
    store.accounts.describe(ben.id, called("BEN"), "I read.")
    assert store.accounts.at(ben.id) == ben._replace(name="BEN", about="I read.")
    assert [one.name for one in store.accounts.some(part="be")] == ["BEN"]
    assert [one.name for one in store.accounts.some(part="%")] == []
    assert [one.id for one in store.accounts.some(limit=1, after=OWNER)] == [ada.id]
    assert store.accounts.names([ada.id, ben.id, 99]) == {ada.id: "Ada", ben.id: "BEN"}


def test_a_session_is_its_readers_until_it_ends(store: Store) -> None:
    ada = add(store, "Ada")
    key = sessions.begin(store, ada.id, "link", "Mozilla/5.0 (X11; Linux x86_64) Gecko Firefox/150.0")
    assert sessions.of_cookie(store, key) == Reader(ada.id, "Ada")
    assert sessions.of_cookie(store, key + "x") is None
    assert sessions.of_cookie(store, "") is None
    (one,) = store.entrances.sessions(ada.id)
    assert (one.how, one.agent) == ("link", "Firefox on Linux")
    assert key not in repr(one)
    later(store, "UPDATE session SET seen = seen - 7200, ends = ends - 7200")
    sessions.of_cookie(store, key)
    (again,) = store.entrances.sessions(ada.id)
    assert again.seen >= one.seen
    assert again.ends >= one.ends  # it slides
    later(store, "UPDATE session SET ends = :now", now=int(time.time()))
    assert sessions.of_cookie(store, key) is None
    assert store.entrances.sessions(ada.id) == []


def test_reading_writes_at_most_once_an_hour(store: Store) -> None:
    key = sessions.begin(store, add(store, "Ada").id, "link")
    with store._database.reading() as connection:
        before = connection.execute(sa.text("SELECT * FROM session")).all()
    for _ in range(3):
        assert sessions.of_cookie(store, key)
    with store._database.reading() as connection:
        assert connection.execute(sa.text("SELECT * FROM session")).all() == before


def test_signing_in_again_ends_the_session_before(store: Store) -> None:
    ada = add(store, "Ada")
    first = sessions.begin(store, ada.id, "link")
    second = sessions.begin(store, ada.id, "link", before=keys.mark(first))
    assert sessions.of_cookie(store, first) is None
    assert sessions.of_cookie(store, second)
    third = sessions.begin(store, ada.id, "link")
    assert store.entrances.end_others(ada.id, keys.mark(third)) == 1
    assert sessions.of_cookie(store, second) is None
    assert store.entrances.end(ada.id + 1, keys.mark(third)) is False  # another's
    assert store.entrances.end(ada.id, keys.mark(third)) is True
    assert sessions.of_cookie(store, third) is None


def test_a_suspension_ends_everything_at_once(store: Store) -> None:
    ada = add(store, "Ada", "ada@example.org")
    reader = sessions.reader(ada)
    cookie, token = sessions.begin(store, ada.id, "link"), tokens.make(store, reader, "cron", ["read"]).key
    link, row = ticket(account=ada.id, email="ada@example.org")
    store.entrances.issue(row)
    store.accounts.suspend(ada.id, OWNER)
    assert sessions.of_cookie(store, cookie) is None
    assert sessions.of_token(store, token) is None
    with pytest.raises(NotFound):
        store.entrances.enter(keys.mark(link), sessions.drawn("link", "")[1], None)
    with pytest.raises(NotFound, match="suspended"):
        sessions.begin(store, ada.id, "passkey")
    store.accounts.restore(ada.id, OWNER)
    assert sessions.of_cookie(store, cookie) is None  # it has to be signed in again
    assert sessions.of_cookie(store, sessions.begin(store, ada.id, "link"))


def test_a_ticket_opens_once(store: Store) -> None:
    ada = add(store, "Ada", "ada@example.org")
    key, row = ticket(account=ada.id, email="ada@example.org")
    other, second = ticket(account=ada.id, email="ada@example.org")
    store.entrances.issue(row)
    store.entrances.issue(second)
    assert store.entrances.enter(keys.mark(key), sessions.drawn("link", "")[1], None) == ada
    for spent in (key, other, keys.fresh()):  # replayed, asked for besides, forged
        with pytest.raises(NotFound, match="has been used, or its time is over"):
            store.entrances.enter(keys.mark(spent), sessions.drawn("link", "")[1], None)
    assert len(store.entrances.sessions(ada.id)) == 1


def test_two_who_press_at_once_are_let_in_once(store: Store) -> None:
    ada = add(store, "Ada", "ada@example.org")
    key, row = ticket(account=ada.id, email="ada@example.org")
    store.entrances.issue(row)
    invitation, other = ticket("invitation", role="reader", uses=2)
    store.entrances.issue(other)

    def press(number: int) -> bool:
        try:
            if number % 2:
                store.entrances.enter(keys.mark(key), sessions.drawn("link", "")[1], None)
            else:
                new = called(f"Cleo{number}")
                store.entrances.enter(keys.mark(invitation), sessions.drawn("invitation", "")[1], new)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(press, range(16)))
    assert (sum(done[1::2]), sum(done[::2])) == (1, 2)
    assert store.accounts.count() == 4
    assert len(store.entrances.sessions(ada.id)) == 1


@pytest.mark.parametrize("kind", ["address", "oidc", "passkey"])
def test_a_ticket_for_something_else_lets_nobody_in(store: Store, kind: str) -> None:
    ada = add(store, "Ada", "ada@example.org")
    key, row = ticket(kind, account=ada.id, email="ada@example.org", role="admin")
    store.entrances.issue(row)
    with pytest.raises(NotFound):
        store.entrances.enter(keys.mark(key), sessions.drawn("link", "")[1], called("Eve"))
    assert store.entrances.spend(keys.mark(key), "invitation") is None
    assert store.entrances.spend(keys.mark(key), kind) is not None


def test_a_ticket_ends(store: Store) -> None:
    key, row = ticket(ends=int(time.time()))
    store.entrances.issue(row)
    assert store.entrances.spend(keys.mark(key), "sign-in") is None


def test_a_ticket_makes_an_account_where_it_says_so(store: Store) -> None:
    key, row = ticket("invitation", role="editor", by=OWNER, uses=2)
    store.entrances.issue(row)
    with pytest.raises(Mistake, match="give the name"):
        store.entrances.enter(keys.mark(key), sessions.drawn("invitation", "")[1], None)
    ada = store.entrances.enter(keys.mark(key), sessions.drawn("invitation", "")[1], called("Ada"))
    assert (ada.role, ada.email) == ("editor", None)
    with pytest.raises(Mistake, match="taken"):  # and the use is not lost by it
        store.entrances.enter(keys.mark(key), sessions.drawn("invitation", "")[1], called("ada"))
    store.entrances.enter(keys.mark(key), sessions.drawn("invitation", "")[1], called("Ben"))
    with pytest.raises(NotFound):
        store.entrances.enter(keys.mark(key), sessions.drawn("invitation", "")[1], called("Cleo"))
    bare, plain = ticket(email="new@example.org")
    store.entrances.issue(plain)
    with pytest.raises(Mistake, match="makes no account"):
        store.entrances.enter(keys.mark(bare), sessions.drawn("link", "")[1], called("Dan"))


def test_somebody_can_always_administer(store: Store) -> None:
    for act in (store.accounts.suspend, lambda id, by: store.accounts.set_role(id, "reader", by)):
        with pytest.raises(Mistake, match="owner stays an administrator"):
            act(OWNER, OWNER)
    ada = add(store, "Ada", "ada@example.org", "admin")
    for act in (store.accounts.suspend, lambda id, by: store.accounts.set_role(id, "editor", by)):
        with pytest.raises(Mistake, match="last administrator who can sign in"):
            act(ada.id, OWNER)
    store.accounts.set_email(OWNER, "owner@example.org", OWNER)
    store.accounts.set_role(ada.id, "editor", OWNER)
    told = [(one.act, one.detail) for one in store.audit.of(ada.id)]
    assert told == [("account.role", "admin -> editor"), ("account.add", "admin")]


def test_tokens_say_what_they_may(store: Store) -> None:
    reader = sessions.reader(add(store, "Ada"))
    made = tokens.make(store, reader, "  cron\njob ", ["write", "read"], days=1)
    assert made.key.startswith("bs_")
    assert len(made.key) > 40
    found = sessions.of_token(store, made.key)
    assert found is not None
    assert found == reader._replace(scopes=frozenset(("read", "write")), via="token")
    assert found.may("vote")
    assert not found.may("self")
    (one,) = store.credentials.tokens(reader.id)
    assert (one.name, one.scopes) == ("cron job", "read write")
    later(store, "UPDATE token SET ends = :now", now=int(time.time()))
    assert sessions.of_token(store, made.key) is None
    other = tokens.make(store, reader, "other", ["read"])
    with pytest.raises(NotFound):
        tokens.revoke(store, Reader(OWNER, "owner", "admin"), other.id)
    tokens.revoke(store, reader, other.id)
    assert sessions.of_token(store, other.key) is None
    for name, scopes, days in (("x", [], 0), ("x", ["read", "root"], 0), (" ", ["read"], 0), ("x", ["read"], -1)):
        with pytest.raises(Mistake):
            tokens.make(store, reader, name, scopes, days)


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield str(tmp_path_factory.mktemp("keys") / "store.sqlite3")


def test_no_key_is_in_the_file(file: str) -> None:
    with Store.open(file) as store:
        ada = add(store, "Ada")
        cookie, token = (
            sessions.begin(store, ada.id, "link"),
            tokens.make(store, sessions.reader(ada), "x", ["read"]).key,
        )
        link, row = ticket()
        store.entrances.issue(row)
    with closing(sqlite3.connect(file)) as base:
        everything = "\n".join(base.iterdump())
    for key in (cookie, token, token.removeprefix("bs_"), link):
        assert key not in everything
    assert keys.mark(cookie) in everything

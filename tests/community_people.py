"""Readers for the tests of what readers do: accounts made straight in the store, with no way in."""

import time
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

import web_library
from broadsheet.library import Library
from broadsheet.people import sessions
from broadsheet.people.rights import Reader, Role
from broadsheet.store import OWNER, Store
from broadsheet.web import cookies, create_app

BOSS = Reader(OWNER, "owner", "admin", via="machine")
_MADE = sa.text(
    "INSERT INTO account (key, name, role, state, made) VALUES (:key, :name, :role, 'active', :made) RETURNING id"
)


def reader(store: Store, name: str, role: Role = "reader") -> Reader:
    """A new account of that name."""
    with store._database.writing() as connection:
        row = {"key": name.lower(), "name": name, "role": role, "made": int(time.time())}
        return Reader(int(connection.execute(_MADE, row).scalar_one()), name, role)


def readers(store: Store, count: int) -> list[Reader]:
    return [reader(store, f"Reader {number}") for number in range(count)]


def sql(store: Store, statement: str, **values: object) -> list[tuple[object, ...]]:
    """The rows of a statement of the test's own; what it changes is kept."""
    with store._database.writing() as connection:
        result = connection.execute(sa.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def counted(store: Store) -> bool:
    """Whether every total is what its rows add up to."""
    truth = """
        SELECT p.pk, (SELECT count(*) FROM vote WHERE pk = p.pk),
            (SELECT count(DISTINCT s.account) FROM listed l JOIN shelf s ON s.id = l.shelf WHERE l.pk = p.pk),
            (SELECT count(*) FROM comment WHERE pk = p.pk AND gone IS NULL)
        FROM paper p ORDER BY p.pk
        """
    told = sql(store, "SELECT pk, votes, saves, comments FROM tally")
    known = {row[0]: row[1:] for row in told}
    return all(known.get(row[0], (0, 0, 0)) == row[1:] for row in sql(store, truth)) and all(
        isinstance(number, int) and number >= 0 for row in told for number in row
    )


OURS = {"origin": "http://localhost:8008", "sec-fetch-site": "same-origin"}


class Browser:
    """Somebody with a browser, signed in as *reader*; None for a stranger. Follows no redirect by itself."""

    def __init__(self, library: Library, reader: Reader | None = None) -> None:
        self.client = TestClient(
            create_app(library), base_url="http://localhost:8008", client=("127.0.0.1", 50_000), follow_redirects=False
        )
        if reader is not None and library.settings.accounts != "off":
            self.client.cookies.set(cookies.SESSION, sessions.begin(library.store, reader.id, "link"))

    def see(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[:500]
        return answer.text

    def press(self, path: str, status: int = 303, at: str = "/", **form: str) -> str:
        """Where a form leads on to; the page itself where it leads nowhere."""
        referer = {"referer": f"http://localhost:8008{at}"}
        answer = self.client.post(path, data=form, headers=OURS | referer)
        assert answer.status_code == status, (answer.status_code, web_library.text(answer.text)[:500])
        return answer.headers["location"] if status == 303 else answer.text

    def ask(self, path: str, **form: str) -> Any:
        """What a script of ours is told."""
        answer = self.client.post(path, data=form, headers=OURS | {"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return answer.json()


def with_accounts(library: Library) -> Library:
    """The same library, whose readers have accounts."""
    library.settings = replace(library.settings, accounts="open")
    return library

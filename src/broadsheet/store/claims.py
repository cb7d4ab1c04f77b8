"""Who says to be an author of a paper, and what editors think of it. Each method is one short transaction."""

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Conflict, Forbidden, Mistake, NotFound
from broadsheet.store import audits
from broadsheet.store.community import acting, living
from broadsheet.store.db import SOON, Database, among

State = Literal["asked", "approved", "refused", "withdrawn"]
MOST_OPEN = 50  # claims of one account that nobody has decided


class Claim(NamedTuple):
    """account, name: who claims to be *author* (a name as the paper has it); by, editor: who decided it last.

    note: what the editor said. made: when it was asked, decided: when it was decided, Unix seconds.
    """

    id: int
    pk: int
    account: int
    name: str
    author: str
    state: State
    note: str
    by: int | None
    editor: str
    made: int
    decided: int | None


_CLAIM = """
    SELECT c.id, c.pk, c.account, coalesce(a.name, ''), c.author, c.state, c.note, c.by, coalesce(e.name, ''),
        c.made, c.decided
    FROM claim c LEFT JOIN account a ON a.id = c.account AND a.state <> 'gone'
    LEFT JOIN account e ON e.id = c.by AND e.state <> 'gone'
    """
_ONE = sa.text(f"{_CLAIM} WHERE c.id = :id")
_MINE = sa.text(f"{_CLAIM} WHERE c.pk = :pk AND c.account = :account")
_OPEN = sa.text(f"{_CLAIM} WHERE c.state = 'asked' ORDER BY c.made, c.id LIMIT :limit")
_DECIDED = sa.text(f"{_CLAIM} WHERE c.state IN ('approved', 'refused') ORDER BY c.decided DESC, c.id DESC LIMIT :limit")
_OF_ACCOUNT = sa.text(f"{_CLAIM} WHERE c.account = :account ORDER BY c.made DESC, c.id DESC")
_APPROVED = "SELECT pk, account, author FROM claim WHERE pk IN :values AND state = 'approved'"
_AUTHORS = sa.text(
    """
    SELECT c.author, a.id, a.name FROM claim c JOIN account a ON a.id = c.account AND a.state <> 'gone'
    WHERE c.pk = :pk AND c.state = 'approved' ORDER BY c.id
    """
)
_WAITING = sa.text("SELECT count(*) FROM claim WHERE state = 'asked'")
_COUNT = sa.text("SELECT count(*) FROM claim WHERE account = :account AND state = 'asked'")
_ASK = sa.text(
    """
    INSERT INTO claim (pk, account, author, state, made) VALUES (:pk, :account, :author, 'asked', :at)
    ON CONFLICT (pk, account) DO UPDATE
    SET author = excluded.author, state = 'asked', note = '', by = NULL, made = excluded.made, decided = NULL
    """
)
_TAKE = sa.text("UPDATE claim SET state = state WHERE id = :id")  # nobody else decides it meanwhile
_WITHDRAW = sa.text("UPDATE claim SET state = 'withdrawn', decided = :at WHERE id = :id")
_DECIDE = sa.text("UPDATE claim SET state = :state, note = :note, by = :by, decided = :at WHERE id = :id")
_OTHER = sa.text("SELECT 1 FROM claim WHERE pk = :pk AND author = :author AND state = 'approved' AND id <> :id")


class Claims:
    """Made by the store, which calls it `claims`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.wait = SOON  # seconds for another writer

    def open(self, limit: int = 100) -> list[Claim]:
        """Those that nobody has decided, the oldest first."""
        return self._all(_OPEN, limit=limit)

    def waiting(self) -> int:
        """How many nobody has decided."""
        with self._database.reading() as connection:
            return int(connection.execute(_WAITING).scalar_one())

    def decided(self, limit: int = 50) -> list[Claim]:
        """Those that were approved or refused, the latest first."""
        return self._all(_DECIDED, limit=limit)

    def of_account(self, account: int) -> list[Claim]:
        """All claims of an account, the latest first."""
        return self._all(_OF_ACCOUNT, account=account)

    def mine(self, account: int, pk: int) -> Claim | None:
        """What an account claims of one paper."""
        return next(iter(self._all(_MINE, account=account, pk=pk)), None)

    def some(self, numbers: Sequence[int]) -> list[Claim]:
        """Those of *numbers* that there are, in no order."""
        with self._database.reading() as connection:
            return [Claim(*row) for row in among(connection, f"{_CLAIM} WHERE c.id IN :values", numbers)]

    def authors(self, pk: int) -> dict[str, tuple[int, str]]:
        """author -> (account, its name), of those that editors have approved."""
        with self._database.reading() as connection:
            return {author: (account, name) for author, account, name in connection.execute(_AUTHORS, {"pk": pk})}

    def approved(self, pks: Sequence[int]) -> dict[int, dict[int, str]]:
        """pk -> account -> author, of those of *pks* that have any."""
        found: dict[int, dict[int, str]] = {}
        with self._database.reading() as connection:
            for pk, account, author in among(connection, _APPROVED, pks):
                found.setdefault(pk, {})[account] = author
        return found

    def _all(self, statement: sa.TextClause, **values: object) -> list[Claim]:
        with self._database.reading() as connection:
            return [Claim(*row) for row in connection.execute(statement, values)]

    def ask(self, account: int, pk: int, author: str) -> Claim:
        """Claims to be an author; asked twice, it is asked once. Raises NotFound, Mistake, Busy."""
        with self._database.between(self.wait) as connection:
            acting(connection, account, alone=True)
            row = {"pk": living(connection, pk), "account": account, "author": author, "at": int(time.time())}
            before = connection.execute(_MINE, row).first()
            known = Claim(*before) if before else None
            if known and known.state == "refused":
                raise Mistake("an editor has refused this claim; an editor can also change that")
            if known and known.state == "approved" and known.author != author:
                raise Mistake(
                    f"you are known as {known.author} on this paper; withdraw that before you claim another name"
                )
            if known and known.state != "withdrawn" and known.author == author:
                return known
            if connection.execute(_COUNT, row).scalar_one() >= MOST_OPEN:
                raise Mistake(f"{MOST_OPEN} of your claims wait for an editor; claim more when those are decided")
            connection.execute(_ASK, row)
            return Claim(*connection.execute(_MINE, row).one())

    def withdraw(self, account: int, number: int) -> Claim:
        """Takes a claim back, decided or not. Raises NotFound, Forbidden, Busy."""
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            one = _taken(connection, number)
            if one.account != account:
                raise Forbidden("this is another reader's claim")
            if one.state == "refused":
                raise Mistake("an editor has refused this claim; there is nothing to withdraw")
            if one.state != "withdrawn":
                connection.execute(_WITHDRAW, {"id": number, "at": int(time.time())})
                if one.state == "approved":
                    audits.note(connection, account, "claim.withdraw", f"claim {number}")
            return _one(connection, number)

    def decide(self, editor: int, number: int, state: State, note: str, was: str, *, own: bool = False) -> Claim:
        """An editor approves a claim, refuses it, or lets it wait again, where it *was* so.

        own: whether this editor may decide claims of their own. Raises NotFound, Forbidden, Conflict, Mistake, Busy.
        """
        with self._database.between(self.wait) as connection:
            acting(connection, editor)
            one = _taken(connection, number)
            if one.account == editor and not own:
                raise Forbidden("another editor decides a claim of your own")
            if one.state == state and one.note == note:
                return one
            if one.state != was:
                by = f" by {one.editor}" if one.editor else ""
                raise Conflict(f"this claim is {one.state} now{by}; nothing was changed, look at it again")
            if state == "approved" and connection.execute(_OTHER, one._asdict()).first():
                raise Mistake(f"somebody else is known as {one.author} on this paper; refuse one of the two first")
            values = {"id": number, "state": state, "note": note, "by": editor, "at": int(time.time())}
            connection.execute(_DECIDE, values)
            audits.note(connection, editor, f"claim.{state}", f"claim {number}", note)
            return _one(connection, number)


def _taken(connection: sa.Connection, number: int) -> Claim:
    connection.execute(_TAKE, {"id": number if 0 < number < 1 << 31 else 0})
    return _one(connection, number)


def _one(connection: sa.Connection, number: int) -> Claim:
    row = connection.execute(_ONE, {"id": number}).first() if 0 < number < 1 << 31 else None
    if row is None:
        raise NotFound(f"there is no claim {number}")
    return Claim(*row)

"""What stands on the page of a day beside its papers: what editors chose, who brought what, what a reader has kept."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.store.db import Database, among, each

_PICKS = sa.text(
    """
    SELECT day, pk, place, note FROM pick WHERE team = :team AND day BETWEEN :low AND :high ORDER BY day DESC, place, pk
    """
)
_CHOSEN = sa.text("SELECT day, pk FROM pick WHERE team = 0")
_BROUGHT = sa.text("SELECT at / 86400, pk FROM submission")
_SUBMITTED = """
    SELECT s.pk, s.account, coalesce(a.name, ''), s.note FROM submission s LEFT JOIN account a ON a.id = s.account
    WHERE s.pk IN :values
    """
_LIKED = sa.text(
    """
    SELECT pk, max(saved) FROM (
        SELECT * FROM (
            SELECT pk, 0 AS saved, at FROM vote WHERE account = :account ORDER BY at DESC LIMIT :most
        ) AS voted
        UNION ALL
        SELECT * FROM (
            SELECT l.pk, 1 AS saved, l.at FROM shelf s JOIN listed l ON l.shelf = s.id WHERE s.account = :account
            ORDER BY l.at DESC LIMIT :most
        ) AS kept
    ) AS both_of_them GROUP BY pk ORDER BY max(at) DESC, pk LIMIT :most
    """
)
# The last of each kind of each account; a shelf's papers are its reader's, whoever put them there.
_TASTES = """
    SELECT account, kind, pk, at FROM (
        SELECT account, 'vote' AS kind, pk, at,
            row_number() OVER (PARTITION BY account ORDER BY at DESC, pk) AS place
        FROM vote WHERE account IN (SELECT value FROM each(:values))
        UNION ALL
        SELECT s.account, 'save', l.pk, l.at, row_number() OVER (PARTITION BY s.account ORDER BY l.at DESC, l.pk)
        FROM shelf s JOIN listed l ON l.shelf = s.id WHERE s.account IN (SELECT value FROM each(:values))
        UNION ALL
        SELECT account, 'hide', pk, hidden, row_number() OVER (PARTITION BY account ORDER BY hidden DESC, pk)
        FROM shade WHERE account IN (SELECT value FROM each(:values)) AND hidden IS NOT NULL
        UNION ALL
        SELECT account, 'read', pk, read, row_number() OVER (PARTITION BY account ORDER BY read DESC, pk)
        FROM shade WHERE account IN (SELECT value FROM each(:values)) AND read IS NOT NULL
    ) AS acts WHERE place <= :most
    """


class Pick(NamedTuple):
    """A paper that an editor chose for a day (yyyymmdd), its place there, and why."""

    day: int
    pk: int
    place: int
    note: str


class Submitted(NamedTuple):
    """Who brought a paper: the account and its name, both empty where it is gone; and what was said with it."""

    account: int | None
    name: str
    note: str


class Days:
    """Each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def picks(self, low: int, high: int, team: int = 0) -> list[Pick]:
        """What was chosen for the days from *low* to *high* (yyyymmdd), the last day first, in the editor's order."""
        with self._database.reading() as connection:
            return [Pick(*row) for row in connection.execute(_PICKS, {"team": team, "low": low, "high": high})]

    def chosen(self) -> list[tuple[int, int]]:
        """(day as yyyymmdd, pk) of all that editors ever chose for the library's own pages."""
        with self._database.reading() as connection:
            return [(day, pk) for day, pk in connection.execute(_CHOSEN)]

    def brought(self) -> list[tuple[int, int]]:
        """(days since 1970, pk) of all that readers ever submitted."""
        with self._database.reading() as connection:
            return [(day, pk) for day, pk in connection.execute(_BROUGHT)]

    def submitted(self, pks: Sequence[int]) -> dict[int, Submitted]:
        """Those of *pks* that somebody brought here."""
        with self._database.reading() as connection:
            return {pk: Submitted(*rest) for pk, *rest in among(connection, _SUBMITTED, pks)}

    def liked(self, account: int, most: int = 100) -> dict[int, bool]:
        """The last papers that a reader voted for or keeps on a list, the latest first: pk -> whether it is kept."""
        with self._database.reading() as connection:
            rows = connection.execute(_LIKED, {"account": account, "most": most})
            return {pk: bool(saved) for pk, saved in rows}

    def tastes(self, accounts: Sequence[int], most: int = 100) -> list[tuple[int, str, int, int]]:
        """(account, kind, pk, at) of the last acts of many readers at once, in no order: of each kind the last *most*.

        kind: vote, save (on one of the reader's lists), hide, read. at: Unix seconds.
        """
        with self._database.reading() as connection:
            result = each(connection, _TASTES, accounts, most=most)
            assert result.cursor is not None
            rows = list(result.cursor.fetchall())  # the driver's own: there are thousands
            result.close()
        return rows

"""Lists of papers: whose they are, who sees them, what is on them and why, and how many readers keep a paper.

What a reader sees of lists is asked with the reader's account; 0 is somebody whom nobody knows. A list is seen by its
reader (private), by the members of its group (group), or by all (public).
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.store.db import Database, each
from broadsheet.text import fold

MOST_LISTS = 1_000  # of one reader
MAX_ID = 2**31 - 1
MOST_PAPERS = 50_000  # on one list
IN = "('member', 'editor', 'owner')"  # the roles of those who belong to a group; who has asked to join does not yet


class List(NamedTuple):
    """A list as it stands.

    owner    the name of the reader who made it
    team     the group that it belongs to, and *group* its name; None and empty when it is a reader's own
    made     when, and *at* when the last paper was put there, Unix seconds; 0 for none
    papers   how many are on it
    """

    id: int
    account: int
    owner: str
    name: str
    seen_by: str
    team: int | None
    group: str
    note: str
    made: int
    papers: int
    at: int


class Entry(NamedTuple):
    """A paper on a list: when it was put there, by whom (empty: an account that is gone), and why."""

    pk: int
    at: int
    account: int | None
    by: str
    note: str


_LIST = """
    SELECT s.id, s.account, a.name, s.name, s.seen_by, s.team, coalesce(t.name, ''), s.note, s.made,
        (SELECT count(*) FROM listed l WHERE l.shelf = s.id),
        (SELECT coalesce(max(l.at), 0) FROM listed l WHERE l.shelf = s.id)
    FROM shelf s JOIN account a ON a.id = s.account LEFT JOIN team t ON t.id = s.team
    """
_MY_TEAMS = f"SELECT m.team FROM member m WHERE m.account = :account AND m.role IN {IN}"
SEEN = f"(s.seen_by = 'public' OR s.account = :account OR (s.seen_by = 'group' AND s.team IN ({_MY_TEAMS})))"
_OWN = sa.text(f"{_LIST} WHERE s.account = :account ORDER BY s.key")
_OF_GROUPS = sa.text(f"{_LIST} WHERE s.team IN ({_MY_TEAMS}) ORDER BY t.key, s.key, s.id")
_OF_TEAM = sa.text(f"{_LIST} WHERE s.team = :team AND {SEEN} ORDER BY s.key, s.id")
_PUBLIC_OF = sa.text(f"{_LIST} WHERE s.account = :owner AND s.seen_by = 'public' ORDER BY s.key")
_PUBLIC = sa.text(
    f"{_LIST} WHERE s.seen_by = 'public' AND a.state = 'active' AND s.id < :before ORDER BY s.id DESC LIMIT :limit"
)
_MINE_ID = sa.text("SELECT id FROM shelf WHERE account = :account AND key = :key")
_AT = sa.text(f"{_LIST} WHERE s.id = :id AND {SEEN}")
_MINE = sa.text(f"{_LIST} WHERE s.account = :account AND s.key = :key")
_OF_GROUP_NAMED = sa.text(f"{_LIST} WHERE t.key = :whose AND s.key = :key AND {SEEN} ORDER BY s.id LIMIT 1")
_OF_READER_NAMED = sa.text(f"{_LIST} WHERE a.key = :whose AND s.key = :key AND {SEEN}")

_ENTRIES = """
    SELECT l.pk, l.at, l.account, coalesce(a.name, ''), l.note FROM listed l
    LEFT JOIN account a ON a.id = l.account AND a.state <> 'gone'
    WHERE l.shelf = :id AND (l.at < :at OR (l.at = :at AND l.pk < :pk)) ORDER BY l.at DESC, l.pk DESC
    """
_SOME = sa.text(f"{_ENTRIES} LIMIT :limit OFFSET :offset")
_LATEST = sa.text(
    """
    SELECT l.pk FROM listed l JOIN shelf s ON s.id = l.shelf WHERE s.account = :owner AND s.seen_by = 'public'
    GROUP BY l.pk ORDER BY max(l.at) DESC, l.pk DESC LIMIT :limit
    """
)
PKS = sa.text("SELECT pk FROM listed WHERE shelf = :id ORDER BY at DESC, pk DESC")
_ON = """
    SELECT l.pk, s.id FROM listed l JOIN shelf s ON s.id = l.shelf
    WHERE l.pk IN (SELECT value FROM each(:values)) AND (s.account = :account OR s.team IN ({teams}))
    ORDER BY s.key, s.id
    """.replace("{teams}", _MY_TEAMS)
_PUT_BY = "SELECT DISTINCT account FROM listed WHERE shelf = :id AND pk IN (SELECT value FROM each(:values))"

_HOLD = sa.text("UPDATE account SET state = state WHERE id = :account AND state <> 'gone'")
_COUNT = sa.text("SELECT count(*) FROM shelf WHERE account = :account")
_BEGIN = sa.text(
    """
    INSERT INTO shelf (account, key, name, seen_by, team, note, made)
    VALUES (:account, :key, :name, :seen_by, :team, :note, :made)
    ON CONFLICT (account, key) DO NOTHING RETURNING id
    """
)
_TAKE = sa.text("UPDATE shelf SET note = note WHERE id = :id RETURNING account")
_HOLDER = sa.text("SELECT account FROM shelf WHERE id = :id")
TAKEN = sa.text("SELECT 1 FROM shelf WHERE account = :account AND key = :key AND id <> :id")
_CHANGE = sa.text(
    "UPDATE shelf SET key = :key, name = :name, note = :note, seen_by = :seen_by, team = :team WHERE id = :id"
)
_REMOVE = sa.text("DELETE FROM shelf WHERE id = :id")
_PAPERS = sa.text("SELECT count(*) FROM listed WHERE shelf = :id")
# One that has been merged since it was shown is the paper that it has become.
_THERE = """
    SELECT value, p.pk FROM each(:values) JOIN paper q ON q.pk = value JOIN paper p ON p.pk = coalesce(q."into", q.pk)
    WHERE p.data IS NOT NULL
    """
_KEEP = """
    INSERT INTO listed (shelf, pk, account, note, at)
    SELECT :id, value, :account, :note, :at FROM each(:values) WHERE true
    ON CONFLICT (shelf, pk) DO NOTHING RETURNING pk
    """
_UNKEEP = "DELETE FROM listed WHERE shelf = :id AND pk IN (SELECT value FROM each(:values)) RETURNING pk"
_NOTE = sa.text("UPDATE listed SET note = :note WHERE shelf = :id AND pk = :pk")
_COPY = """
    INSERT INTO listed (shelf, pk, account, note, at)
    SELECT :id, l.pk, :account, l.note, CASE WHEN :at > 0 THEN :at ELSE l.at END FROM listed l
    WHERE l.shelf = :from AND l.pk IN (SELECT value FROM each(:values))
    ON CONFLICT (shelf, pk) DO NOTHING RETURNING pk
    """
# Who saves is the reader whose list it is. The row of the tally is taken first: whoever comes second counts what the
# first has written.
_TALLY = """
    INSERT INTO tally (pk) SELECT value FROM each(:values) WHERE true ORDER BY value
    ON CONFLICT (pk) DO UPDATE SET pk = excluded.pk
    """
_SAVES = """
    UPDATE tally SET saves = saves + :change
    WHERE pk IN (SELECT value FROM each(:values)) AND NOT EXISTS (
        SELECT 1 FROM shelf s JOIN listed l ON l.shelf = s.id
        WHERE s.account = :account AND s.id <> :id AND l.pk = tally.pk
    )
    """


class Lists:
    """The lists of a store; each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- looking -----------------------------------------------------------------------------------------------------

    def own(self, account: int) -> list[List]:
        """The lists that a reader has made, by name."""
        return self._lists(_OWN, account=account)

    def of_groups(self, account: int) -> list[List]:
        """The lists of all groups that a reader belongs to."""
        return self._lists(_OF_GROUPS, account=account)

    def of_group(self, team: int, account: int = 0) -> list[List]:
        """Those lists of a group that *account* sees."""
        return self._lists(_OF_TEAM, team=team, account=account)

    def of_reader(self, owner: int) -> list[List]:
        """The public lists of a reader, by name."""
        return self._lists(_PUBLIC_OF, owner=owner)

    def public(self, limit: int, before: int = 0) -> list[List]:
        """Lists that all see, the latest made first; *before* is the id of the last one seen."""
        return self._lists(_PUBLIC, limit=limit, before=before or MAX_ID)

    def at(self, id: int, account: int = 0) -> List | None:
        """The list of that number, if *account* sees it."""
        return next(iter(self._lists(_AT, id=id, account=account)), None) if 0 < id <= MAX_ID else None

    def named(self, name: str, account: int) -> List | None:
        """A reader's own list by its name, however it is written."""
        return next(iter(self._lists(_MINE, account=account, key=fold(name))), None)

    def named_by(self, whose: str, name: str, account: int = 0) -> List | None:
        """The list of a group, or else of a reader, by both names, if *account* sees it."""
        given = {"whose": fold(whose), "key": fold(name), "account": account}
        found = self._lists(_OF_GROUP_NAMED, **given) or self._lists(_OF_READER_NAMED, **given)
        return found[0] if found else None

    def meant(self, name: str, account: int = 0) -> List | None:
        """What ``in:name`` means to *account*: the own list of that name, or with ``whose/name`` another's.

        None where there is no such list, and where there is one that *account* does not see.
        """
        whose, slash, rest = name.rpartition("/")
        return self.named_by(whose, rest, account) if slash else self.named(name, account)

    def papers(self, id: int) -> list[int]:
        """The papers on a list, the last put there first. Whoever calls knows that it may be seen."""
        with self._database.reading() as connection:
            return list(connection.execute(PKS, {"id": id}).scalars())

    def latest(self, owner: int, limit: int) -> list[int]:
        """Papers on the public lists of a reader, the last put there first."""
        with self._database.reading() as connection:
            return list(connection.execute(_LATEST, {"owner": owner, "limit": limit}).scalars())

    def entries(self, id: int, offset: int, limit: int, before: tuple[int, int] | None = None) -> list[Entry]:
        """Some of what is on a list, the last put there first, those behind *before* (when, pk).

        Whoever calls knows that it may be seen.
        """
        at, pk = before or (1 << 60, 0)
        with self._database.reading() as connection:
            rows = connection.execute(_SOME, {"id": id, "offset": offset, "limit": limit, "at": at, "pk": pk})
            return [Entry(*row) for row in rows]

    def holding(self, pks: Sequence[int], account: int) -> dict[int, list[int]]:
        """paper -> the lists of a reader, and of the reader's groups, that it is on; for many papers at once."""
        found: dict[int, list[int]] = {}
        with self._database.reading() as connection:
            rows: Sequence[Any] = each(connection, _ON, pks, account=account).all()
        for pk, shelf in rows:
            found.setdefault(pk, []).append(shelf)
        return found

    def put_by(self, id: int, pks: Sequence[int]) -> set[int | None]:
        """Who put these papers on a list."""
        with self._database.reading() as connection:
            return set(each(connection, _PUT_BY, pks, id=id).scalars())

    def _lists(self, statement: sa.TextClause, **given: object) -> list[List]:
        with self._database.reading() as connection:
            return [List(*row) for row in connection.execute(statement, given)]

    # -- changing ----------------------------------------------------------------------------------------------------

    def begin(
        self, account: int, name: str, *, seen_by: str = "private", team: int | None = None, note: str = ""
    ) -> int:
        """A new list; its number. 0 when the reader has one of that name. Raises Mistake for too many."""
        with self._database.between() as connection:
            return _begin(connection, account, name, seen_by, team, note) or 0

    def keep(self, id: int, pks: Iterable[int], account: int, note: str = "") -> list[int]:
        """Puts papers on a list; those that were not on it. Raises NotFound for a list that is gone, Mistake."""
        with self._database.between() as connection:
            return _keep(connection, id, pks, account, note)

    def keep_as(self, account: int, name: str, pks: Iterable[int], note: str = "") -> tuple[int, list[int]]:
        """Puts papers on a reader's list of that name, made if it is not there; its number, and those new on it."""
        with self._database.between() as connection:
            id = connection.execute(_MINE_ID, {"account": account, "key": fold(name)}).scalar()
            id = id or _begin(connection, account, name, "private", None, "")
            id = id or connection.execute(_MINE_ID, {"account": account, "key": fold(name)}).scalar_one()
            return id, _keep(connection, id, pks, account, note)

    def unkeep(self, id: int, pks: Iterable[int]) -> list[int]:
        """Takes papers off a list; those that were on it."""
        with self._database.between() as connection:
            return _unkeep(connection, id, pks)

    def copy(self, source: int, into: int, pks: Sequence[int], account: int, *, move: bool = False) -> list[int]:
        """Puts papers of one list on another with their notes; when they are moved, they leave the first.

        Those that were not on the second.
        """
        with self._database.between() as connection:
            holders = {id: take(connection, id) for id in sorted({source, into})}  # in one order, whoever copies what
            given = {"id": into, "from": source, "account": account, "at": int(time.time()) if move else 0}
            done = sorted(each(connection, _COPY, pks, **given).scalars())
            _full(connection, into)
            _save(connection, into, holders[into], done, 1)
            if move:
                _unkeep(connection, source, pks)
        return done

    def note(self, id: int, pk: int, note: str) -> bool:
        """Says why a paper is on a list; False when it is not on it."""
        with self._database.between() as connection:
            return connection.execute(_NOTE, {"id": id, "pk": pk, "note": note}).rowcount > 0

    def change(self, id: int, name: str, note: str, seen_by: str, team: int | None) -> bool:
        """Names and describes a list anew; False when its reader has another of that name. Raises NotFound."""
        key = fold(name)
        with self._database.between() as connection:
            account = connection.execute(_HOLDER, {"id": id}).scalar()
            if account is not None:  # the reader first, then the list: as whoever begins one does
                hold(connection, account)
            take(connection, id)
            if connection.execute(TAKEN, {"account": account, "key": key, "id": id}).first():
                return False
            given = {"id": id, "key": key, "name": name, "note": note, "seen_by": seen_by, "team": team}
            connection.execute(_CHANGE, given)
        return True

    def remove(self, id: int) -> None:
        """Raises NotFound for a list that is gone."""
        with self._database.between() as connection:
            remove(connection, id)


def hold(connection: sa.Connection, account: int) -> None:
    """Nobody else changes what the reader has until the transaction ends. Raises NotFound for an account that is gone.

    So limits and names hold when two requests come at once.
    """
    if not connection.execute(_HOLD, {"account": account}).rowcount:
        raise NotFound("this account is not here any more")


def _begin(connection: sa.Connection, account: int, name: str, seen_by: str, team: int | None, note: str) -> int | None:
    hold(connection, account)
    if connection.execute(_COUNT, {"account": account}).scalar_one() >= MOST_LISTS:
        raise Mistake(f"a reader can have {MOST_LISTS:,} lists; remove one first")
    given = {"account": account, "key": fold(name), "name": name, "seen_by": seen_by, "team": team, "note": note}
    found: int | None = connection.execute(_BEGIN, {**given, "made": int(time.time())}).scalar()
    return found


def take(connection: sa.Connection, id: int) -> int:
    """Whose list it is; nobody else changes it until the transaction ends. Raises NotFound."""
    account: int | None = connection.execute(_TAKE, {"id": id}).scalar()
    if account is None:
        raise NotFound("this list is not here any more")
    return account


def _keep(connection: sa.Connection, id: int, pks: Iterable[int], account: int, note: str) -> list[int]:
    holder = take(connection, id)
    asked = list(dict.fromkeys(pks))
    rows: Sequence[Any] = each(connection, _THERE, asked).all()
    there: dict[int, int] = dict(rows)
    wanted = sorted({there[pk] for pk in asked if pk in there})
    given = {"id": id, "account": account, "note": note, "at": int(time.time())}
    done = set(each(connection, _KEEP, wanted, **given).scalars())
    _full(connection, id)
    _save(connection, id, holder, sorted(done), 1)
    return [pk for pk in dict.fromkeys(there[pk] for pk in asked if pk in there) if pk in done]


def _unkeep(connection: sa.Connection, id: int, pks: Iterable[int]) -> list[int]:
    holder = take(connection, id)
    asked = list(dict.fromkeys(pks))
    done = set(each(connection, _UNKEEP, asked, id=id).scalars())
    _save(connection, id, holder, sorted(done), -1)
    return [pk for pk in asked if pk in done]


def remove(connection: sa.Connection, id: int) -> None:
    take(connection, id)
    _unkeep(connection, id, list(connection.execute(PKS, {"id": id}).scalars()))
    connection.execute(_REMOVE, {"id": id})


def _full(connection: sa.Connection, id: int) -> None:
    if connection.execute(_PAPERS, {"id": id}).scalar_one() > MOST_PAPERS:
        raise Mistake(f"a list can hold {MOST_PAPERS:,} papers; begin another one")


def _save(connection: sa.Connection, id: int, holder: int, pks: Sequence[int], change: int) -> None:
    """Counts papers that came on a list, or went: for a reader who has them on no other."""
    if pks:
        each(connection, _TALLY, pks)
        each(connection, _SAVES, pks, id=id, account=holder, change=change)

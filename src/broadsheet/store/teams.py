"""Groups: a lab, a reading group. Who belongs to them, and what their members do with papers.

A group is seen by all, or by its members only: somebody else is told nothing of it, not even that it is there.
"""

import time
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.store import heirs, lists
from broadsheet.store.db import Database
from broadsheet.store.lists import IN, MAX_ID, SEEN
from broadsheet.text import fold

MOST_GROUPS = 100  # that one reader has begun and that are still there
ENOUGH = 4  # members, so that the number of their votes says little of any one
LATELY = 14 * 86_400  # seconds


class Team(NamedTuple):
    """A group. *joining* is open, ask or invite; *role* what the asker is in it, empty for nobody in particular."""

    id: int
    key: str
    name: str
    about: str
    seen_by: str
    joining: str
    made: int
    members: int
    role: str

    @property
    def inside(self) -> bool:
        """Whether the asker belongs to it."""
        return self.role in ("member", "editor", "owner")

    @property
    def edits(self) -> bool:
        return self.role in ("editor", "owner")


class Called(NamedTuple):
    """What a group is called, and how it is open to others; key and likeness are made of the name (`people.names`)."""

    name: str
    key: str
    likeness: str
    about: str
    seen_by: str
    joining: str


class Member(NamedTuple):
    """Somebody in a group, or on the way into it (asked, invited). *at* is since when, Unix seconds."""

    account: int
    name: str
    role: str
    at: int


class Recent(NamedTuple):
    """What members did with a paper lately: how many keep it where the group sees it, voted, submitted it, and when."""

    pk: int
    kept: int
    votes: int
    submitted: int
    at: int


_TEAM = f"""
    SELECT t.id, t.key, t.name, t.about, t.seen_by, t.joining, t.made,
        (SELECT count(*) FROM member c WHERE c.team = t.id AND c.role IN {IN}), coalesce(m.role, '')
    FROM team t LEFT JOIN member m ON m.team = t.id AND m.account = :account
    """
_SEEN = "(t.seen_by = 'all' OR m.role IN ('invited', 'member', 'editor', 'owner'))"
_AT = sa.text(f"{_TEAM} WHERE t.id = :id AND {_SEEN}")
_NAMED = sa.text(f"{_TEAM} WHERE t.key = :key AND {_SEEN}")
_LIKE = sa.text(f"{_TEAM} WHERE t.likeness = :likeness AND {_SEEN}")
_ALL = sa.text(f"{_TEAM} WHERE {_SEEN} AND t.key > :after ORDER BY t.key LIMIT :limit")
_OF = sa.text(f"{_TEAM} WHERE m.role IS NOT NULL ORDER BY t.key")
_SHOWN = sa.text(
    f"""
    {_TEAM} WHERE {_SEEN} AND t.id IN (SELECT o.team FROM member o WHERE o.account = :other AND o.role IN {IN})
    ORDER BY t.key
    """
)
_ROLE = sa.text("SELECT role FROM member WHERE team = :team AND account = :account")
_ORDER = "CASE m.role WHEN 'owner' THEN 0 WHEN 'editor' THEN 1 WHEN 'member' THEN 2 ELSE 3 END"
_MEMBERS = sa.text(
    f"""
    SELECT m.account, a.name, m.role, m.at FROM member m JOIN account a ON a.id = m.account
    WHERE m.team = :team ORDER BY {_ORDER}, m.at, m.account LIMIT :limit OFFSET :offset
    """
)
_MEMBER = sa.text(
    """
    SELECT m.account, a.name, m.role, m.at FROM member m JOIN account a ON a.id = m.account
    WHERE m.team = :team AND m.account = :account
    """
)
_READER = sa.text("SELECT id FROM account WHERE key = :key AND state = 'active'")
_TAKEN = sa.text(
    """
    SELECT 1 FROM team WHERE (key = :key OR likeness = :likeness) AND id <> :id
    UNION ALL SELECT 1 FROM account WHERE key = :key OR likeness = :likeness
    """
)
_BEGUN = sa.text('SELECT count(*) FROM team WHERE "by" = :account')
_CREATE = sa.text(
    """
    INSERT INTO team (key, likeness, name, about, seen_by, joining, "by", made)
    VALUES (:key, :likeness, :name, :about, :seen_by, :joining, :by, :made) ON CONFLICT DO NOTHING RETURNING id
    """
)
_TAKE = sa.text("UPDATE team SET about = about WHERE id = :id RETURNING joining")
_CHANGE = sa.text(
    """
    UPDATE team SET key = :key, likeness = :likeness, name = :name, about = :about, seen_by = :seen_by,
        joining = :joining
    WHERE id = :id
    """
)
_PUT = sa.text(
    """
    INSERT INTO member (team, account, role, at) VALUES (:team, :account, :role, :at)
    ON CONFLICT (team, account) DO UPDATE SET role = excluded.role
    """
)
_OUT = sa.text("DELETE FROM member WHERE team = :team AND account = :account")
_OWNERS = sa.text("SELECT account FROM member WHERE team = :team AND role = 'owner' AND account <> :account")
_TEAMS_OF = sa.text("SELECT team FROM member WHERE account = :account ORDER BY team")
_REMOVE = tuple(
    sa.text(statement)
    for statement in (
        "DELETE FROM member WHERE team = :team",
        "DELETE FROM pick WHERE team = :team",
        "DELETE FROM team WHERE id = :team",
    )
)
_NOT_BY = sa.text('UPDATE team SET "by" = NULL WHERE "by" = :account')
# What members did, each of them once a paper. A list is the group's business when it is the group's, or public.
_RECENT = sa.text(
    f"""
    WITH ours AS (SELECT account FROM member WHERE team = :team AND role IN {IN}),
    did AS (
        SELECT l.pk, l.account, 1 AS kept, 0 AS voted, 0 AS submitted, max(l.at) AS at
        FROM listed l JOIN ours o ON o.account = l.account JOIN shelf s ON s.id = l.shelf
        WHERE l.at >= :since AND (s.seen_by = 'public' OR (s.team = :team AND :inside = 1)) GROUP BY l.pk, l.account
        UNION ALL
        SELECT v.pk, v.account, 0, 1, 0, v.at FROM vote v JOIN ours o ON o.account = v.account
        WHERE :inside = 1 AND v.at >= :since AND (SELECT count(*) FROM ours) >= :enough
        UNION ALL
        SELECT u.pk, u.account, 0, 0, 1, u.at FROM submission u JOIN ours o ON o.account = u.account
        WHERE u.at >= :since
    )
    SELECT pk, sum(kept), sum(voted), sum(submitted), max(at) FROM did GROUP BY pk
    ORDER BY count(DISTINCT account) DESC, max(at) DESC, pk DESC LIMIT :limit
    """
)
_LATEST = sa.text(
    f"""
    SELECT pk FROM (
        SELECT l.pk, l.at FROM listed l JOIN shelf s ON s.id = l.shelf WHERE s.team = :team AND {SEEN}
        UNION ALL SELECT p.pk, p.at FROM pick p WHERE p.team = :team
    ) AS came GROUP BY pk ORDER BY max(at) DESC, pk DESC LIMIT :limit
    """
)
_CHOSEN_ON = sa.text("SELECT max(day) FROM pick WHERE team = :team")


class Teams:
    """The groups of a store; each method is one short transaction. *account* is who asks, 0 for nobody known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- looking -----------------------------------------------------------------------------------------------------

    def at(self, id: int, account: int = 0) -> Team | None:
        """The group of that number, if *account* sees it."""
        return next(iter(self._teams(_AT, id=id, account=account)), None) if 0 < id <= MAX_ID else None

    def named(self, name: str, account: int = 0) -> Team | None:
        """The group of that name, however it is written, if *account* sees it."""
        return next(iter(self._teams(_NAMED, key=fold(name), account=account)), None)

    def like(self, likeness: str, account: int = 0) -> Team | None:
        """The group whose name looks so (`people.names.likeness`), if *account* sees it."""
        return next(iter(self._teams(_LIKE, likeness=likeness, account=account)), None)

    def all(self, account: int = 0, *, after: str = "", limit: int = 100) -> list[Team]:
        """The groups that *account* sees, by name, those behind the key *after*."""
        return self._teams(_ALL, account=account, after=after, limit=limit)

    def of(self, account: int) -> list[Team]:
        """The groups that a reader is in, or on the way into."""
        return self._teams(_OF, account=account)

    def shown(self, other: int, account: int = 0) -> list[Team]:
        """Those groups of *other* that *account* sees."""
        return self._teams(_SHOWN, other=other, account=account)

    def members(self, team: int, *, offset: int = 0, limit: int = 1000) -> list[Member]:
        """Who is in a group, or on the way into it: owners first, then who is longest in it."""
        with self._database.reading() as connection:
            rows = connection.execute(_MEMBERS, {"team": team, "offset": offset, "limit": limit})
            return [Member(*row) for row in rows]

    def member(self, team: int, account: int) -> Member | None:
        """What a reader is in a group, or on the way into it."""
        with self._database.reading() as connection:
            row = connection.execute(_MEMBER, {"team": team, "account": account}).first()
        return Member(*row) if row else None

    def recent(self, team: int, limit: int, *, inside: bool, now: int | None = None) -> list[Recent]:
        """What members did in the last two weeks, the papers that most of them meant first.

        Votes, and what is on lists that the group alone sees, are told to who is *inside*; votes only in a group of
        more than a few, where a number is not somebody.
        """
        given = {"team": team, "since": (int(time.time()) if now is None else now) - LATELY, "limit": limit}
        with self._database.reading() as connection:
            rows = connection.execute(_RECENT, {**given, "inside": int(inside), "enough": ENOUGH})
            return [Recent(*map(int, row)) for row in rows]

    def latest(self, team: int, limit: int, account: int = 0) -> list[int]:
        """Papers that editors chose, and those of the lists that *account* sees, the latest first."""
        with self._database.reading() as connection:
            given = {"team": team, "limit": limit, "account": account}
            return list(connection.execute(_LATEST, given).scalars())

    def chosen_on(self, team: int) -> int:
        """The last day (yyyymmdd) for which its editors have chosen papers; 0 for none."""
        with self._database.reading() as connection:
            return connection.execute(_CHOSEN_ON, {"team": team}).scalar() or 0

    def _teams(self, statement: sa.TextClause, **given: object) -> list[Team]:
        with self._database.reading() as connection:
            return [Team(*row) for row in connection.execute(statement, given)]

    # -- changing ----------------------------------------------------------------------------------------------------

    def create(self, account: int, called: Called) -> int:
        """A new group, whose owner is *account*; its number, 0 when the name is taken. Raises Mistake for too many."""
        given = {**called._asdict(), "id": 0}
        at = int(time.time())
        with self._database.between() as connection:
            lists.hold(connection, account)
            if connection.execute(_BEGUN, {"account": account}).scalar_one() >= MOST_GROUPS:
                raise Mistake(f"a reader can begin {MOST_GROUPS:,} groups; remove one first")
            if connection.execute(_TAKEN, given).first():
                return 0
            team = connection.execute(_CREATE, {**given, "by": account, "made": at}).scalar()
            if team:
                connection.execute(_PUT, {"team": team, "account": account, "role": "owner", "at": at})
        return team or 0

    def change(self, team: int, called: Called) -> bool:
        """Describes a group anew; False when the name is taken. Raises NotFound."""
        given = {**called._asdict(), "id": team}
        with self._database.between() as connection:
            _take(connection, team)
            taken = connection.execute(_TAKEN, given).first()
            if not taken:
                connection.execute(_CHANGE, given)
        return not taken

    def join(self, team: int, account: int) -> str:
        """What the reader is now: a member where the group is open or has invited, else somebody who has asked.

        Raises Mistake for a group that invites its members, NotFound for one that is gone.
        """
        with self._database.between() as connection:
            lists.hold(connection, account)
            joining = _take(connection, team)
            role = _role(connection, team, account)
            if role in ("", "asked") and joining == "invite":
                raise Mistake("this group invites its members; ask one of its owners")
            if role in ("", "asked", "invited"):
                role = "member" if joining == "open" or role == "invited" else "asked"
                _put(connection, team, account, role)
        return role

    def invite(self, team: int, reader: str) -> str:
        """What the reader of that name is now: invited, or a member when they had asked. Raises NotFound."""
        with self._database.between() as connection:
            _take(connection, team)
            account = connection.execute(_READER, {"key": fold(reader)}).scalar()
            if account is None:
                raise NotFound(f"there is no reader {reader!r} here")
            role = _role(connection, team, account)
            if role in ("", "asked"):
                role = "member" if role == "asked" else "invited"
                _put(connection, team, account, role)
        return role

    def give(self, team: int, account: int, role: str) -> None:
        """Makes somebody in the group, or on the way into it, a *role*. Raises NotFound, Mistake for the last owner."""
        with self._database.between() as connection:
            _take(connection, team)
            if not _role(connection, team, account):
                raise NotFound("this reader is not in the group")
            if role != "owner" and not connection.execute(_OWNERS, {"team": team, "account": account}).first():
                raise Mistake("a group has an owner; make somebody else one first")
            _put(connection, team, account, role)

    def leave(self, team: int, account: int) -> bool:
        """Takes somebody out of a group; its last owner leaves it to who is longest in it, and when nobody is left the
        group goes. Lists that it has stay with it. False when they were not in it."""
        with self._database.between() as connection:
            _take(connection, team)
            return _leave(connection, team, account)

    def remove(self, team: int) -> None:
        """The group goes with what was picked for its pages; its lists are private ones of who made them."""
        with self._database.between() as connection:
            _take(connection, team)
            _remove(connection, team)


def forget(connection: sa.Connection, account: int) -> None:
    """Takes an account that goes out of all groups; called after its lists were passed on (`shelves.forget`)."""
    for team in connection.execute(_TEAMS_OF, {"account": account}).scalars().all():
        _take(connection, team)
        _leave(connection, team, account)
    connection.execute(_NOT_BY, {"account": account})


def _take(connection: sa.Connection, team: int) -> str:
    """How one joins; nobody else changes the group until the transaction ends. Raises NotFound."""
    joining: str | None = connection.execute(_TAKE, {"id": team}).scalar()
    if joining is None:
        raise NotFound("this group is not here any more")
    return joining


def _role(connection: sa.Connection, team: int, account: int) -> str:
    return connection.execute(_ROLE, {"team": team, "account": account}).scalar() or ""


def _put(connection: sa.Connection, team: int, account: int, role: str) -> None:
    connection.execute(_PUT, {"team": team, "account": account, "role": role, "at": int(time.time())})


def _leave(connection: sa.Connection, team: int, account: int) -> bool:
    role = _role(connection, team, account)
    if role not in ("member", "editor", "owner"):
        return connection.execute(_OUT, {"team": team, "account": account}).rowcount > 0
    heir = heirs.heir(connection, team, account)
    if heir is None:
        _remove(connection, team)
        return True
    heirs.pass_on(connection, account, team, heir)
    connection.execute(_OUT, {"team": team, "account": account})
    if role == "owner" and not connection.execute(_OWNERS, {"team": team, "account": account}).first():
        _put(connection, team, heir, "owner")
    return True


def _remove(connection: sa.Connection, team: int) -> None:
    heirs.disband(connection, team)
    for statement in _REMOVE:
        connection.execute(statement, {"team": team})

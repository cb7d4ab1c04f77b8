"""What becomes of lists when the reader who made them goes, leaves their group, or the group goes."""

import sqlalchemy as sa

from broadsheet.store import lists
from broadsheet.store.db import each
from broadsheet.store.lists import IN
from broadsheet.text import fold

_RECOUNT = """
    UPDATE tally SET saves = (
        SELECT count(DISTINCT s.account) FROM listed l JOIN shelf s ON s.id = l.shelf WHERE l.pk = tally.pk
    )
    WHERE pk IN (SELECT value FROM each(:values))
    """
_OF_HOLDER = sa.text("SELECT id, key, name, team FROM shelf WHERE account = :account ORDER BY id")
# Who has belonged longest to a group, owners and editors first.
_HEIR = sa.text(
    f"""
    SELECT account FROM member WHERE team = :team AND account <> :account AND role IN {IN}
    ORDER BY CASE role WHEN 'owner' THEN 0 WHEN 'editor' THEN 1 ELSE 2 END, at, account LIMIT 1
    """
)
_PASS_ON = sa.text("UPDATE shelf SET account = :heir, key = :key, name = :name WHERE id = :id")
_UNSIGNED = sa.text("UPDATE listed SET account = NULL WHERE account = :account")
_DISBAND = sa.text("UPDATE shelf SET team = NULL, seen_by = 'private' WHERE team = :team")


def forget(connection: sa.Connection, account: int) -> None:
    """The lists of an account that goes; those of its groups are passed on, without its name beside what it put there.

    Called before its memberships go.
    """
    for id, key, name, team in connection.execute(_OF_HOLDER, {"account": account}).all():
        next_one = heir(connection, team, account) if team else None
        if next_one:
            _pass_on(connection, id, next_one, key, name)
        else:
            lists.remove(connection, id)
    connection.execute(_UNSIGNED, {"account": account})


def heir(connection: sa.Connection, team: int, account: int) -> int | None:
    """Who takes the place of *account* in a group; None when nobody else is in it."""
    found: int | None = connection.execute(_HEIR, {"team": team, "account": account}).scalar()
    return found


def pass_on(connection: sa.Connection, account: int, team: int, heir: int) -> None:
    """The lists of a group that somebody made who leaves it are another member's."""
    for id, key, name, of in connection.execute(_OF_HOLDER, {"account": account}).all():
        if of == team:
            _pass_on(connection, id, heir, key, name)


def disband(connection: sa.Connection, team: int) -> None:
    """The lists of a group that goes are those of who made them, and private."""
    connection.execute(_DISBAND, {"team": team})


def _pass_on(connection: sa.Connection, id: int, heir: int, key: str, name: str) -> None:
    number = 1
    while connection.execute(lists.TAKEN, {"account": heir, "key": key, "id": id}).first():
        number += 1
        key, name = fold(f"{name} {number}"), f"{name} {number}"
    connection.execute(_PASS_ON, {"id": id, "heir": heir, "key": key, "name": name})
    each(connection, _RECOUNT, list(connection.execute(lists.PKS, {"id": id}).scalars()))

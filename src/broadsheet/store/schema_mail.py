"""The tables of the daily edition: who gets one, of what, which were made, and what became of each.

All times are Unix seconds, all days are yyyymmdd of the subscriber's own calendar. `follow` has nothing to move here:
an edition names its papers by row, and a row that was absorbed tells by itself which one took its place.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from broadsheet.store.schema import metadata

_OPEN = text("done IS NULL")


def _time(name: str, *, optional: bool = False, default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=optional, server_default=default)


# An address that editions go to, with or without an account. `email` is as `people.addresses` writes it. `seed` makes
# the keys of its links: a new one, and every link in letters that were sent before opens nothing.
subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", Text, nullable=False),
    Column("account", Integer),
    Column("seed", LargeBinary, nullable=False),
    Column("every", Text, nullable=False, server_default="day"),  # day, week, off
    Column("weekday", Integer, nullable=False, server_default="0"),  # of a weekly one; 0 is Monday
    Column("minute", Integer, nullable=False, server_default="420"),  # of the local day: 420 is 07:00
    Column("zone", Text, nullable=False, server_default="UTC"),
    Column("language", Text, nullable=False, server_default="en"),
    Column("quiet", Text, nullable=False, server_default="say"),  # say, skip: when there is nothing new
    Column("paused", Integer, nullable=False, server_default="0"),  # the last day of a holiday; 0 for none
    _time("made"),
    _time("confirmed"),
    _time("left", optional=True),  # when it unsubscribed; `every` stays as it was, should it come back
    Index("subscriber_email", "email", unique=True),
    Index("subscriber_account", "account", unique=True),
    sqlite_autoincrement=True,  # a number is in links: it is never given twice
)
# What a subscriber wants to read of. kind: topic, search, list, author, rising, front, personal; `value` says which.
wish = Table(
    "wish",
    metadata,
    Column("subscriber", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    _time("made"),
    sqlite_with_rowid=False,
)
# What somebody asked for in the name of an address, until a letter there is answered. `wanted` is JSON.
pending = Table(
    "pending",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("network", Text, nullable=False, server_default=""),
    _time("made"),
    _time("ends"),
    _time("used", optional=True),
    Index("pending_email", "email", "made"),
    Index("pending_network", "network", "made"),
    sqlite_with_rowid=False,
)
# The ledger: one row a subscriber and day, whatever became of it.
#
#   ready      chosen, waits for its time (or, after `tries`, for the next try)
#   sending    the server has begun to take it; left so by a process that died, nobody knows whether it did
#   sent       the server took it
#   unsure     as `sending`, decided: not sent again, counts as delivered (the owner's policy)
#   bounced    taken, then sent back
#   refused    the server said no for good
#   failed     tried until it was too old
#   skipped    nothing new, and the reader wants no letter then
#   withheld   the address is suppressed, paused or has unsubscribed since
#   missed     the program did not run on that day; what was new is in the next one
#
# `papers` are their rows, little-endian 32-bit, in order. `upto` is the newest row of the store when it was chosen.
# `done` is empty as long as something can still become of it (ready, sending): the index of those stays small.
edition = Table(
    "edition",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    _time("due"),
    Column("tries", Integer, nullable=False, server_default="0"),
    _time("next", default="0"),
    Column("upto", Integer, nullable=False, server_default="0"),
    Column("papers", LargeBinary, nullable=False, server_default=""),
    _time("made"),
    _time("done", optional=True),
    Index("edition_subscriber_day", "subscriber", "day", unique=True),
    Index("edition_open", "state", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("edition_day", "day", "state"),
    sqlite_autoincrement=True,  # a number is in links and in Message-IDs: it is never given twice
)
# What an edition says, packed (`editions.content`): apart from the ledger, which is read for years and stays small by
# that; and by day, so that what is too old goes from one end.
content = Table(
    "content",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("subscriber", Integer, primary_key=True, autoincrement=False),
    Column("packed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
# Addresses that get nothing. why: bounce, complaint, owner.
suppressed = Table(
    "suppressed",
    metadata,
    Column("email", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    _time("at"),
    sqlite_with_rowid=False,
)
# What came back: reports of servers and complaints, each once (`mark` is of its bytes or of its place in a mailbox).
returned = Table(
    "returned",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # bounce, delay, complaint, unsubscribe, unknown
    Column("subscriber", Integer),
    Column("edition", Integer),
    Column("detail", Text, nullable=False, server_default=""),
    _time("at"),
    Index("returned_subscriber", "subscriber"),
    Index("returned_at", "at"),
    sqlite_with_rowid=False,
)

"""The tables of people: who reads here, how they come in, and what they do with papers.

All times are Unix seconds. Whatever lets somebody in is kept as a hash: a stolen copy of the store opens no door.
Account 1 is the owner's. Rows of a paper follow it when it is absorbed into another (`store.follow`).
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from broadsheet.store.schema import metadata

OWNER = 1  # the account of who has the machine; every library has it


def _time(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


# -- who reads here ----------------------------------------------------------------------------------------------------

# `key` is the name folded, which finds it; `likeness` is what all names share that look like it (`people.names`), so
# that no two do. A deleted account keeps its row without name, address and keys.
account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text),
    Column("likeness", Text),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),  # active, suspended, gone
    Column("about", Text, nullable=False, server_default=""),
    _time("made"),
    Index("account_key", "key", unique=True),
    Index("account_likeness", "likeness", unique=True),
    Index("account_email", "email", unique=True),
)

# Things that let somebody in once: sign-in links, invitations, the proof of a new address.
ticket = Table(
    "ticket",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account", Integer),
    Column("email", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False, server_default=""),
    Column("by", Integer),
    Column("network", Text, nullable=False, server_default=""),  # a keyed hash of where it was asked for, for limits
    Column("uses", Integer, nullable=False, server_default="1"),  # how often it can still be used
    _time("made"),
    _time("ends"),
    Index("ticket_email", "email", "made"),
    Index("ticket_network", "network", "made"),
    sqlite_with_rowid=False,
)
session = Table(
    "session",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("account", Integer, nullable=False),
    Column("how", Text, nullable=False),  # link, passkey, oidc, shell
    Column("agent", Text, nullable=False),
    _time("made"),
    _time("seen"),
    _time("ends"),
    Index("session_account", "account"),
    sqlite_with_rowid=False,
)
passkey = Table(
    "passkey",
    metadata,
    Column("id", Text, primary_key=True),  # base64url
    Column("account", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("count", BigInteger, nullable=False),
    _time("made"),
    _time("used", optional=True),
    Index("passkey_account", "account"),
)
# Who somebody is elsewhere (OpenID Connect).
identity = Table(
    "identity",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account", Integer, nullable=False),
    _time("made"),
    Index("identity_account", "account"),
    sqlite_with_rowid=False,
)
token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("account", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    _time("made"),
    _time("used", optional=True),
    _time("ends", optional=True),
    Index("token_hash", "hash", unique=True),
    Index("token_account", "account"),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    _time("at"),
    Column("account", Integer),  # who did it
    Column("act", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)
# Keys that the program made for itself.
secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# -- what they do with papers ------------------------------------------------------------------------------------------

vote = Table(
    "vote",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("account", Integer, primary_key=True, autoincrement=False),
    _time("at"),
    Index("vote_account", "account", "at"),
    Index("vote_at", "at"),
    sqlite_with_rowid=False,
)
# Live totals of a paper, written with what they count. Saves are accounts that have it on some list.
tally = Table(
    "tally",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("votes", Integer, nullable=False, server_default="0"),
    Column("saves", Integer, nullable=False, server_default="0"),
    Column("comments", Integer, nullable=False, server_default="0"),
)
# What a reader has put out of sight, or has read.
shade = Table(
    "shade",
    metadata,
    Column("account", Integer, primary_key=True, autoincrement=False),
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("hidden", BigInteger),
    Column("read", BigInteger),
    Index("shade_pk", "pk"),
    sqlite_with_rowid=False,
)
# A comment that is taken away leaves its place, so that answers to it stand.
comment = Table(
    "comment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pk", Integer, nullable=False),
    Column("account", Integer),
    Column("parent", Integer),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    _time("made"),
    _time("edited", optional=True),
    _time("gone", optional=True),
    Column("gone_by", Integer),
    Index("comment_pk", "pk"),
    Index("comment_account", "account", "made"),
    Index("comment_made", "made"),
    sqlite_autoincrement=True,
)
# "An editor should look at this comment." One a reader and comment.
report = Table(
    "report",
    metadata,
    Column("comment", Integer, primary_key=True, autoincrement=False),
    Column("account", Integer, primary_key=True, autoincrement=False),
    Column("why", Text, nullable=False, server_default=""),
    _time("at"),
    Index("report_account", "account", "at"),
    sqlite_with_rowid=False,
)
submission = Table(
    "submission",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("account", Integer),
    Column("note", Text, nullable=False, server_default=""),
    _time("at"),
    Index("submission_account", "account", "at"),
    Index("submission_at", "at"),
)
# What editors chose for a day (yyyymmdd); team 0 is the whole library's front page.
pick = Table(
    "pick",
    metadata,
    Column("team", Integer, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),
    Column("account", Integer),
    Column("note", Text, nullable=False, server_default=""),
    _time("at"),
    Index("pick_pk", "pk"),
    sqlite_with_rowid=False,
)
# "I am an author of this": asked, approved, refused, withdrawn.
claim = Table(
    "claim",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pk", Integer, nullable=False),
    Column("account", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("by", Integer),
    _time("made"),
    _time("decided", optional=True),
    Index("claim_pk_account", "pk", "account", unique=True),
    Index("claim_account", "account"),
    Index("claim_state", "state"),
)

# -- lists, searches with a name, groups -------------------------------------------------------------------------------

# A list of papers; `key` is its name folded. Seen by its reader (private), by a group, or by all (public).
shelf = Table(
    "shelf",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("seen_by", Text, nullable=False, server_default="private"),
    Column("team", Integer),
    Column("note", Text, nullable=False, server_default=""),
    _time("made"),
    Index("shelf_account_key", "account", "key", unique=True),
    Index("shelf_team", "team"),
    sqlite_autoincrement=True,  # an address is never given twice
)
listed = Table(
    "listed",
    metadata,
    Column("shelf", Integer, primary_key=True, autoincrement=False),
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("account", Integer),  # who put it there
    Column("note", Text, nullable=False, server_default=""),
    _time("at"),
    Index("listed_pk", "pk"),
    Index("listed_at", "at"),
    sqlite_with_rowid=False,
)
# Questions that somebody has given a name. `key` is the name folded: there is one of it a reader, however it is
# written. `seen` is the highest row number that an answer could have when the reader last looked: what came later is
# new.
saved = Table(
    "saved",
    metadata,
    Column("account", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("sort", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("looked", Text, nullable=False),
    sqlite_with_rowid=False,
)
# A group: a lab, a reading group. `key` and `likeness` are made of its name as those of an account are.
team = Table(
    "team",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("likeness", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("about", Text, nullable=False, server_default=""),
    Column("seen_by", Text, nullable=False),  # all, members
    Column("joining", Text, nullable=False),  # open, ask, invite
    Column("by", Integer),
    _time("made"),
    Index("team_key", "key", unique=True),
    Index("team_likeness", "likeness", unique=True),
    sqlite_autoincrement=True,  # an address is never given twice
)
member = Table(
    "member",
    metadata,
    Column("team", Integer, primary_key=True, autoincrement=False),
    Column("account", Integer, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),  # asked, member, editor, owner
    _time("at"),
    Index("member_account", "account"),
    sqlite_with_rowid=False,
)

# -- counters that move ------------------------------------------------------------------------------------------------

# What a counter of a paper said at a time: citations, stars, mentions, by who counted. Only changes are kept.
snapshot = Table(
    "snapshot",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("signal", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
    Index("snapshot_at", "at"),
    sqlite_with_rowid=False,
)
# How often a paper's page was opened in an hour, and nothing about by whom; only where the owner wants it.
opened = Table(
    "opened",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # Unix hours
    Column("count", Integer, nullable=False),
    Index("opened_hour", "hour"),
    sqlite_with_rowid=False,
)

# The first row of a library, old or new: the owner's account, which is number 1.
FIRST = text(
    """
        INSERT INTO account (key, name, role, state, about, made)
        VALUES ('owner', 'owner', 'admin', 'active', '', :now)
        """
)

"""One transaction of changes to a store. Whoever holds a `Writer` is the only writer there is."""

import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from broadsheet.blocking import blocks, near
from broadsheet.paper import Fault, Paper
from broadsheet.store import follow
from broadsheet.store.codec import encode
from broadsheet.store.copies import Copies
from broadsheet.store.db import many
from broadsheet.store.known import Known, match
from broadsheet.store.ledger import Tally
from broadsheet.store.prepared import TITLE, Prepared, catch_up, mark_of

if TYPE_CHECKING:
    from broadsheet.store.bulk import Bulk

# Taking the counter's row is the lock: a second writer waits here until the first has committed, so change numbers
# become visible in their order and no reader can miss one.
_LOCK = sa.text("UPDATE counter SET seq = seq RETURNING seq, pk, papers, blocked, written")
_UNLOCK = sa.text(
    "UPDATE counter SET seq = :seq, pk = :pk, papers = :papers, blocked = :blocked, written = written + 1"
)

_MARK = sa.text("INSERT INTO mark (seq, value) VALUES (:seq, :value)")

_INSERT = "INSERT INTO paper (pk, seq, added, data) VALUES (:pk, :seq, :added, :data)"
_REPLACE = "UPDATE paper SET seq = :seq, data = :data WHERE pk = :pk AND data IS NOT NULL"
_TOUCH = "UPDATE paper SET data = :data WHERE pk = :pk AND data IS NOT NULL"
_DROP = sa.text('UPDATE paper SET seq = :seq, data = NULL, "into" = :into WHERE pk = :pk AND data IS NOT NULL')
_FOLLOW = sa.text('UPDATE paper SET "into" = :into WHERE "into" = :pk')
_LIVE = sa.text("SELECT count(*) FROM paper WHERE pk = :pk AND data IS NOT NULL")
_ALIAS = "INSERT INTO alias (id, pk) VALUES (:id, :pk) ON CONFLICT (id) DO UPDATE SET pk = excluded.pk"
_NO_ALIAS = "DELETE FROM alias WHERE id = :id"

_CURSOR = sa.text(
    """
    INSERT INTO cursor (source, part, value, at) VALUES (:source, :part, :value, :at)
    ON CONFLICT (source, part) DO UPDATE SET value = excluded.value, at = excluded.at
    """
)
_NO_CURSOR = sa.text("DELETE FROM cursor WHERE source = :source AND part = :part")
_ASIDE = """
    INSERT INTO quarantine (source, part, place, reason, raw, at, format)
    VALUES (:source, :part, :place, :reason, :raw, :at, :format)
    ON CONFLICT (source, part, place)
    DO UPDATE SET reason = excluded.reason, raw = excluded.raw, at = excluded.at, format = excluded.format
    """
_NO_ASIDE = sa.text("DELETE FROM quarantine WHERE source = :source AND part = :part")
_RELEASE = sa.text("DELETE FROM quarantine WHERE source = :source AND part = :part AND place = :place")
_RUN = sa.text(
    """
    INSERT INTO run (job, started, new, updated, same, failed, why) VALUES (:job, :at, 0, 0, 0, 0, '') RETURNING pk
    """
)
_COUNT = sa.text(
    """
    UPDATE run SET new = :new, updated = :updated, same = :same, failed = :failed, finished = :at, why = :why,
        outcome = :outcome, requests = :requests, retry = :retry
    WHERE pk = :pk
    """
)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Writer:
    """Made by `Store.writing`; good until that block ends."""

    def __init__(self, connection: sa.Connection, bulk: "Bulk | None" = None) -> None:
        self._connection, self._bulk = connection, bulk
        self._seq, self._pk, self._papers, self._blocked, self._written = map(int, connection.execute(_LOCK).one())
        self._began = self._seq
        self._at = int(time.time())  # when the rows of this transaction were made
        if bulk is None and self._blocked < self._pk:
            catch_up(connection, self._blocked)
            self._blocked = self._pk
        elif bulk is not None and bulk.written != self._written:
            bulk.renew(connection)

    @property
    def copies(self) -> Copies:
        """The copies, histories and links of papers."""
        return Copies(self._connection, now())

    def finish(self) -> None:
        """Writes the counters down; called once, by `Store.writing`, before the commit."""
        if self._bulk is None:
            self._blocked = self._pk
        elif self._bulk.full:
            self.flush()
        counters = {"seq": self._seq, "pk": self._pk, "papers": self._papers, "blocked": self._blocked}
        self._connection.execute(_UNLOCK, counters)
        if self._bulk is not None:
            self._bulk.written = self._written + 1
        if self._seq != self._began:
            self._connection.execute(_MARK, {"seq": self._seq, "value": secrets.randbits(62)})

    def match(self, papers: Sequence[Paper]) -> Known:
        """What the store holds that could be the same work as one of *papers*: by any id, and by title."""
        held = self._bulk.held_of([block for paper in papers for block in near(paper)]) if self._bulk else {}
        return match(self._connection, papers, held)

    def sift(self, papers: Sequence[Prepared]) -> tuple[list[int], list[int]]:
        """Which of *papers* (by place) are surely new, and which may have copies here; see `bulk`."""
        return self._bulk.sift(papers) if self._bulk else ([], list(range(len(papers))))

    def admit(self, papers: Sequence[Prepared]) -> None:
        """New rows for papers that are surely new; what leads to them by title follows in bulk."""
        if self._bulk is None or not papers:
            return
        pks = list(range(self._pk + 1, self._pk + 1 + len(papers)))
        self._rows(pks, [one.data for one in papers])
        many(self._connection, _ALIAS, sorted([(i, pk) for pk, one in zip(pks, papers, strict=True) for i in one.ids]))
        self._bulk.add(papers, pks)

    def flush(self) -> None:
        """Writes what a bulk load has held back; from here on every paper is found by its title."""
        if self._bulk is not None:
            self._bulk.flush(self._connection)
            self._blocked = self._pk

    def insert(self, papers: Sequence[Paper]) -> list[int]:
        """New rows; their pks in the order of *papers*. Raises `codec.Unstorable` before anything is written."""
        data = [encode(paper) for paper in papers]
        pks = list(range(self._pk + 1, self._pk + 1 + len(papers)))
        self._rows(pks, data)
        self.remember(zip(pks, papers, strict=True))
        return pks

    def _rows(self, pks: Sequence[int], data: Sequence[str]) -> None:
        at = self._at
        many(self._connection, _INSERT, [(pk, self._next(), at, text) for pk, text in zip(pks, data, strict=True)])
        self._pk += len(pks)
        self._papers += len(pks)

    def replace(self, pairs: Sequence[tuple[int, Paper]]) -> None:
        """New contents for living rows, each a change that the indexes follow."""
        data = [(pk, encode(paper)) for pk, paper in pairs]
        many(self._connection, _REPLACE, [(self._next(), text, pk) for pk, text in data])
        self.remember(pairs)

    def touch(self, pairs: Sequence[tuple[int, Paper]]) -> None:
        """New contents that no index cares about (a later date of the same word): the change number stays."""
        many(self._connection, _TOUCH, [(encode(paper), pk) for pk, paper in pairs])

    def remember(self, copies: Iterable[tuple[int, Paper]]) -> None:
        """Lets the ids and the title of a copy lead to the row that holds its work."""
        pairs = list(copies)
        # Sorted, because neighbours in an index share its pages.
        aliases = sorted([(identifier, pk) for pk, paper in pairs for identifier in paper.ids])
        titles = sorted({(block, pk) for pk, paper in pairs for block in blocks(paper)})
        many(self._connection, _ALIAS, aliases)
        many(self._connection, TITLE, titles)
        if self._bulk is not None:
            marks = (mark for mark, _ in titles)
            self._bulk.learn((*marks, *(mark_of(identifier) for identifier, _ in aliases)))

    def forget(self, ids: Iterable[str]) -> None:
        """Lets these ids lead nowhere."""
        many(self._connection, _NO_ALIAS, [(identifier,) for identifier in ids])

    def absorb(self, pk: int, into: int) -> None:
        """The row *pk* is gone; its ids, and those of all that it had absorbed, lead to *into*, and so do lists."""
        if pk == into or not self._connection.execute(_LIVE, {"pk": into}).scalar_one():
            raise ValueError(f"row {pk} cannot be absorbed by row {into}")
        self._gone(pk, into)
        self._connection.execute(_FOLLOW, {"pk": pk, "into": into})
        follow.move(self._connection, pk, into)

    def remove(self, pk: int) -> None:
        """The row *pk* is gone with all that was kept of it, and its ids lead nowhere."""
        self._gone(pk, None)
        self.copies.forget(pk)
        follow.forget(self._connection, pk)

    def _gone(self, pk: int, into: int | None) -> None:
        done = self._connection.execute(_DROP, {"pk": pk, "seq": self._seq + 1, "into": into}).rowcount
        self._seq += done
        self._papers -= done

    def set_cursor(self, source: str, part: str, value: str | None) -> None:
        """How far *source* has read *part*; None: from the start again."""
        key = {"source": source, "part": part}
        if value is None:
            self._connection.execute(_NO_CURSOR, key)
        else:
            self._connection.execute(_CURSOR, {**key, "value": value, "at": now()})

    def set_aside(self, source: str, part: str, faults: Iterable[Fault], form: str = "") -> None:
        """Keeps records that could not be taken, with the reason; a record at the same place replaces the older.

        *form* is the module of `sources` that can read their bytes again.
        """
        at = now()
        rows = [(source, part, _plain(f.where), _plain(f.reason), f.raw, at, form) for f in faults]
        many(self._connection, _ASIDE, rows)

    def clear_aside(self, source: str, part: str) -> None:
        """Forgets what was set aside of *part*: it is about to be read from its start."""
        self._connection.execute(_NO_ASIDE, {"source": source, "part": part})

    def release(self, source: str, part: str, where: str) -> None:
        """Forgets one record that was set aside: it has been taken, or is no longer wanted."""
        self._connection.execute(_RELEASE, {"source": source, "part": part, "place": where})

    def start_run(self, job: str) -> int:
        """A new line in the ledger; returns its number. A run that is killed stays unfinished there."""
        return int(self._connection.execute(_RUN, {"job": job, "at": now()}).scalar_one())

    def count_run(
        self,
        pk: int,
        counts: Tally,
        *,
        why: str = "",
        finished: bool = False,
        outcome: str = "",
        requests: int = 0,
        retry: str | None = None,
    ) -> None:
        """What run *pk* has done so far; *finished* with its *outcome*, and with a *why* when it ended early."""
        given = {"pk": pk, **counts._asdict(), "why": _plain(why), "at": now() if finished else None}
        self._connection.execute(_COUNT, {**given, "outcome": outcome, "requests": requests, "retry": retry})

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def _plain(text: str) -> str:
    """Any text as every database can hold it."""
    return text.encode(errors="replace").decode().replace("\x00", "\N{SYMBOL FOR NULL}")

"""Export-me and delete-me: a reader takes along everything that is kept of them, and goes without leaving any of it."""

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from broadsheet.errors import Mistake
from broadsheet.people import keys, names
from broadsheet.people.rights import Reader
from broadsheet.store import Store

if TYPE_CHECKING:
    from broadsheet.paper import Paper

READ_ME = """Everything that {site} kept of the reader {name} on {day}.

everything.json  all of it, by kind: your profile, where you are signed in, what you voted for, wrote, saved, hid and
                 searched, your groups, what was sent to you, and the audit log as far as it is about you. Papers have
                 their ids and titles in it; times are in UTC (ISO 8601).
comments.md      what you wrote, to read
lists/           the papers of each of your lists, as JSON Lines, which `broadsheet add` reads

Not in it, because they are not kept: your keys (there are only hashes of them), what you looked at, where you were.
"""
_TIMES = (
    "at", "made", "seen", "ends", "used", "edited", "gone", "decided", "hidden", "read", "confirmed", "left", "due",
    "done",
)  # fmt: skip


def exported(store: Store, reader: Reader, site: str) -> bytes:
    """All that is kept of *reader*, as a ZIP archive."""
    kept = store.leaving.export(reader.id)
    pks = sorted({row["pk"] for rows in kept.values() for row in rows if "pk" in row})
    papers = store.get(pks)
    day = datetime.now(UTC).date().isoformat()
    told = {kind: [_told(row, papers) for row in rows] for kind, rows in kept.items()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", READ_ME.format(site=site, name=reader.name, day=day))
        file.writestr("everything.json", json.dumps(told, ensure_ascii=False, indent=1))
        file.writestr("comments.md", _comments(told["comments"]))
        for number, one in enumerate(kept["lists"], 1):
            rows = (papers[row["pk"]] for row in kept["on_lists"] if row["list"] == one["id"] and row["pk"] in papers)
            lines = "".join(json.dumps(paper.to_dict(), ensure_ascii=False) + "\n" for paper in rows)
            file.writestr(f"lists/{number:03d}.jsonl", lines)
    return archive.getvalue()


def _told(row: dict[str, Any], papers: "dict[int, Paper]") -> dict[str, Any]:
    """A row as a person reads it: papers by id and title, times as dates."""
    said = {
        key: datetime.fromtimestamp(value, UTC).isoformat() if key in _TIMES and isinstance(value, int) else value
        for key, value in row.items()
        if key != "pk"
    }
    if "pk" in row:
        paper = papers.get(row["pk"])
        said |= {"paper": paper.key, "title": paper.title} if paper else {"paper": None, "title": "(gone)"}
    return said


def _comments(rows: list[dict[str, Any]]) -> str:
    return "\n\n".join(f"# {row['title']}\n\n{row['paper']}, {row['made']}\n\n{row['text']}" for row in rows) + "\n"


def leave(store: Store, reader: Reader, typed: str, by: int | None = None) -> None:
    """Takes all that is *reader*'s out of the library, for good, once the name was typed. Raises Mistake.

    *by*: the account that does it, where that is another.
    """
    if not keys.same(names.key(typed.strip()), names.key(reader.name)):
        whose = "your name" if by is None else "the name"
        raise Mistake(f"type {whose}, {reader.name}, to say that you mean it; nothing was deleted")
    store.leaving.leave(reader.id, reader.id if by is None else by)

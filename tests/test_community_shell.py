"""vote, hide, read, comment, submit and pick at the shell: what each does, says, and how it is undone."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from broadsheet.store import Store
from community_people import sql
from corpus import ROWS, make
from shell import PROGRAM, Said, broadsheet, environment

A, B = "lamp1", "lamp2"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lamps = [
        {"id": name, "title": f"Lamps of the north, {name}", "authors": ["Ada Wick"], "year": 2021} for name in (A, B)
    ]
    with make(tmp_path_factory.mktemp("shell"), [*ROWS[:6], *lamps]) as library:
        return library.home


def kept(home: Path, statement: str) -> list[tuple[object, ...]]:
    with Store.open(home / "store.sqlite3") as store:
        return sql(store, statement)


def again(home: Path, said: Said) -> Said:
    """Runs the command that undoes, as it stands in the message."""
    (line,) = re.findall(r"To undo this: broadsheet (.*)", said.err)
    return broadsheet(home, *shlex.split(line))


@pytest.mark.parametrize(
    ("verb", "statement", "said"),
    [
        (("vote",), "SELECT votes FROM tally WHERE votes > 0", "2 papers voted for."),
        (("hide",), "SELECT 1 FROM shade WHERE hidden IS NOT NULL", "2 papers hidden."),
        (("read",), "SELECT 1 FROM shade WHERE read IS NOT NULL", "2 papers marked as read."),
    ],
)
def test_what_is_done_to_papers_is_undone(home: Path, verb: tuple[str, ...], statement: str, said: str) -> None:
    done = broadsheet(home, *verb, A, B, A, "--json")
    assert done.json == {"papers": [A, B]} and said in done.err
    broadsheet(home, *verb, A)
    assert len(kept(home, statement)) == 2
    again(home, done)
    assert kept(home, statement) == []
    assert "no paper has the id nowhere" in broadsheet(home, *verb, A, "nowhere", code=2).err
    assert kept(home, statement) == [], "one wrong id, and nothing is done"


def test_notes_are_written_answered_shown_and_taken_away(home: Path) -> None:
    assert "Nothing was written" in broadsheet(home, "comment", A).err
    first = broadsheet(home, "comment", A, "So", "*it*", "is.", "--json")
    number = first.json["id"]
    told = subprocess.run(
        [*PROGRAM, "comment", A, "-", f"--answer={number}"], input="Line one\nline \x1b[31mtwo\n", text=True,
        capture_output=True, env=environment(home), check=True,
    )  # fmt: skip
    assert "Written: comment" in told.stderr
    shown = broadsheet(home, "comment", A)
    assert re.search(
        rf"^{number}  owner, .*\nSo \*it\* is\.\n    \d+  owner, .*\n    Line one\n    line \[31mtwo$", shown.out, re.M
    )
    assert [one["text"] for one in broadsheet(home, "comment", A, "--json").json["comments"]] == [
        "So *it* is.", "Line one\nline [31mtwo",
    ]  # fmt: skip
    assert "taken away" in again(home, first).err
    assert "(taken away)" in broadsheet(home, "comment", A).out
    assert "about another paper" in broadsheet(home, "comment", B, "x", f"--answer={number + 1}", code=2).err
    assert "there is no comment 99" in broadsheet(home, "comment", A, "--remove=99", code=2).err


def test_papers_are_chosen_for_a_day(home: Path) -> None:
    assert "0 papers chosen for 2026-11-20." in broadsheet(home, "pick", "--day=2026-11-20").err
    broadsheet(home, "pick", A, B, "--day", "2026-11-20", "--note", "Clear.")
    said = broadsheet(home, "pick", "--day=20261120", "--json")
    assert [(one["paper"], one["note"]) for one in said.json["chosen"]] == [(A, "Clear."), (B, "Clear.")]
    assert re.search(r"1 +lamp1 +Lamps of the north", broadsheet(home, "pick", "--day=2026-11-20").out)
    broadsheet(home, "pick", A, "--day=2026-11-20", "--remove")
    assert [one["paper"] for one in broadsheet(home, "pick", "--day=2026-11-20", "--json").json["chosen"]] == [B]
    assert "is no day; a day is written 2026-11-20" in broadsheet(home, "pick", A, "--day=tomorrow", code=2).err


def test_a_paper_is_submitted_as_the_owners(home: Path) -> None:
    said = broadsheet(home, "submit", A, "--note=Read this.", "--json")
    assert said.json == {"paper": A, "fetched": False, "first": True} and "lamp1 was here already." in said.err
    assert "somebody had submitted it before" in broadsheet(home, "submit", A).err
    assert kept(home, "SELECT account, note FROM submission") == [(1, "Read this.")]
    assert "is no id or address" in broadsheet(home, "submit", "a title of nothing", code=2).err
    assert json.loads(broadsheet(home, "submit", B, "--json").out)["first"] is True

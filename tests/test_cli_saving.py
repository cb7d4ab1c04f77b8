"""save-search, saved, save, unsave, lists, history at the shell: what each does, says, and how it is undone."""

import re
import shlex
from pathlib import Path

import pytest

from corpus import ROWS, make, write
from shell import Said, broadsheet

LAMP = {"abstract": "Lamps burn oil.", "authors": ["Ada Wick"], "year": 2021}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with make(tmp_path, [*ROWS[:12], lamp(1), lamp(2)]) as library:
        return library.home


def lamp(number: int) -> dict[str, object]:
    return {**LAMP, "id": f"lamp{number}", "title": f"Lamps of the north, part {number}"}


def again(home: Path, said: Said, before: str) -> Said:
    """Runs the command that a message gives after *before*, as it stands there."""
    (line,) = re.findall(rf"{before}: broadsheet (.*)", said.err)
    return broadsheet(home, *shlex.split(line))


def test_a_search_is_saved_looked_at_and_removed(home: Path, tmp_path: Path) -> None:
    assert "No search is saved yet. broadsheet save-search lamps" in broadsheet(home, "saved").err
    said = broadsheet(home, "save-search", "Northern lamps", "lamps", "author:wick", "--sort", "old")
    assert said.out == "" and "Saved as 'Northern lamps': lamps author:wick\n" in said.err
    shown = again(home, said, "Next")
    assert (shown.out.count("Lamps of the north"), shown.out.count("    new ")) == (2, 0)
    assert "0 new since you looked a moment ago; 2 of 2 shown." in shown.err

    wells = {"id": "well", "title": "A treatise on wells"}
    broadsheet(home, "add", write(tmp_path / "more.jsonl", [lamp(3), lamp(4), wells]))
    table = broadsheet(home, "saved")
    assert re.search(r"Northern lamps +2 +lamps author:wick +old +", table.out)
    (listed,) = broadsheet(home, "saved", "--json").json["saved"]
    assert (listed["name"], listed["query"], listed["sort"], listed["new"]) == (
        "Northern lamps", "lamps author:wick", "old", 2,
    )  # fmt: skip
    first = broadsheet(home, "saved", "northern LAMPS", "-n", "1")
    assert re.findall(r"part (\d)\n    new Ada Wick", first.out) == ["3", "4"], "all that is new, whatever the limit"
    assert "2 new since you looked a moment ago; 2 of 4 shown." in first.err
    assert again(home, first, "All of them").out.count("Lamps of the north") == 4
    seen = broadsheet(home, "saved", "northern lamps", "--json").json
    assert (seen["new"], seen["total"], [hit["new"] for hit in seen["hits"]]) == (0, 4, [False] * 4)

    gone = broadsheet(home, "saved", "northern lamps", "--remove")
    assert "no longer a saved search" in gone.err and broadsheet(home, "saved", "--json").json == {"saved": []}
    assert "Saved as 'Northern lamps'" in again(home, gone, "To undo this").err
    (back,) = broadsheet(home, "saved", "--json").json["saved"]
    assert (back["query"], back["sort"]) == ("lamps author:wick", "old")


def test_a_search_is_called_otherwise_and_back(home: Path) -> None:
    broadsheet(home, "save-search", "--", "-lamps", "lamps", "-wells")
    said = broadsheet(home, "saved", "--rename", "Lights", "--", "-lamps")
    assert "'-lamps' is called 'Lights' now." in said.err
    assert "'Lights' is called '-lamps' now." in again(home, said, "To undo this").err
    gone = broadsheet(home, "saved", "--remove", "--", "-lamps")
    assert "Saved as '-lamps': lamps -wells" in again(home, gone, "To undo this").err


def test_a_field_that_nobody_knows_is_told(home: Path) -> None:
    note = "“journal:” is no field, or not any more; it was searched as words."
    assert note in broadsheet(home, "save-search", "old", "journal:north lamps").err
    assert f"old: {note}" in broadsheet(home, "saved").err
    assert note in broadsheet(home, "saved", "old").err


def test_papers_are_kept_and_taken_off(home: Path) -> None:
    assert "No paper is on a list yet. broadsheet save ID puts one there." in broadsheet(home, "lists").err
    said = broadsheet(home, "save", "lamp1", "lamp2")
    assert "2 papers put on the list 'saved'." in said.err
    assert again(home, said, "Next").out.count("Lamps of the north") == 2
    said = broadsheet(home, "save", "lamp1", "--list", "To read")
    assert "To undo this: broadsheet unsave '--list=To read' lamp1" in said.err
    assert again(home, said, "Next").out.count("Lamps of the north") == 1
    assert "0 papers put on the list 'To read'; 1 on it already." in broadsheet(
        home, "save", "lamp1", "--list", "TO READ"
    ).err  # fmt: skip

    table = broadsheet(home, "lists")
    assert re.search(r"saved +2 +private +now", table.out) and re.search(r"To read +1 +private +now", table.out)
    assert [(one["name"], one["papers"]) for one in broadsheet(home, "lists", "--json").json["lists"]] == [
        ("saved", 2), ("To read", 1),
    ]  # fmt: skip
    shown = broadsheet(home, "lists", "saved")
    assert shown.out.count("Lamps of the north") == 2 and "2 papers on the list 'saved'." in shown.err
    told = broadsheet(home, "lists", "to read", "--json").json
    assert (told["list"], [paper["title"] for paper in told["papers"]]) == ("To read", [lamp(1)["title"]])

    off = broadsheet(home, "unsave", "lamp1", "lamp2", "--list", "to read")
    assert "1 paper taken off the list 'To read'; 1 not on it." in off.err
    assert "1 paper put on the list 'To read'." in again(home, off, "To undo this").err


def test_history_is_off_turned_on_and_wiped(home: Path) -> None:
    broadsheet(home, "search", "lamps")
    said = broadsheet(home, "history")
    assert f"History is off; history = true under [search] in {home / 'broadsheet.toml'} turns it on." in said.err
    assert broadsheet(home, "history", "--json").json == {"on": False, "history": []}

    (home / "broadsheet.toml").write_text("[search]\nhistory = true\n")
    assert "Nothing has been asked yet." in broadsheet(home, "history").err
    broadsheet(home, "search", "lamps", "year:2021", "--json")
    broadsheet(home, "search", "a private matter", "--history", "false")
    broadsheet(home, "search", "wells")
    told = broadsheet(home, "history", "--json").json
    assert told["on"] and [one["query"] for one in told["history"]] == ["wells", "lamps year:2021"]
    shown = broadsheet(home, "history", "-n", "1")
    assert "wells" in shown.out and "lamps" not in shown.out
    assert "2 questions forgotten, for good." in again(home, shown, "To forget all of it").err
    assert broadsheet(home, "history", "--json").json == {"on": True, "history": []}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("save-search", "lamps"), "Missing argument 'QUERY...'"),
        (("save-search", "a/b", "lamps"), "'a/b' cannot be a name: it takes 1 to 80 characters, without / and"),
        (("save-search", "lamps", " "), "a saved search must ask for something"),
        (("save-search", "lamps", "lamps", "--sort", "best"), "sort is 'best'; it must be one of relevance, new, old"),
        (("saved", "nothing"), "there is no saved search 'nothing' (there are: none yet)"),
        (("saved", "--remove"), "give the NAME of one saved search, and one of --remove and --rename"),
        (("saved", "lamps", "--remove", "--rename", "x"), "one of --remove and --rename"),
        (("save", "lamp9"), "no paper has the id lamp9"),
        (("save", "lamp1", "--list", "a/b"), "'a/b' cannot be a name"),
        (("unsave", "lamp1", "--list", "talks"), "there is no list 'talks' (there are: none yet)"),
        (("lists", "talks"), "there is no list 'talks'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(filled: Path, words: tuple[str, ...], said: str) -> None:
    wrong = broadsheet(filled, *words, code=2)
    assert said in wrong.err and wrong.out == ""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that no test changes."""
    with make(tmp_path_factory.mktemp("saving"), [lamp(1)]) as library:
        return library.home


def test_what_is_done_with_a_list(home: Path) -> None:
    said = broadsheet(home, "list", "begin", "To read", "--note", "for the train")
    assert (
        "The list 'To read' is there." in said.err
        and broadsheet(home, "lists", "--json").json["lists"][0]["papers"] == 0
    )
    broadsheet(home, "save", "lamp1", "--list", "to read", "--note", "read this first")
    broadsheet(home, "save", "lamp2", "--list", "to read")
    said = broadsheet(home, "list", "rename", "--", "TO READ", "-later")
    assert "'To read' is called '-later' now." in said.err
    assert "is called 'To read' now" in again(home, said, "To undo this").err
    broadsheet(home, "list", "note", "to read", "why not", "--paper", "lamp2")
    shown = broadsheet(home, "list", "show", "to read")
    assert "read this first" in shown.out and "why not" in shown.out and "for the train" in shown.err
    told = broadsheet(home, "list", "show", "to read", "--json").json
    assert {paper["id"]: (paper["note"], paper["by"]) for paper in told["papers"]} == {
        "lamp1": ("read this first", "owner"), "lamp2": ("why not", "owner")
    }  # fmt: skip
    assert told["note"] == "for the train"
    assert broadsheet(home, "list", "note", "to read", "", "--json").json["note"] == ""
    assert "seen by everybody" in broadsheet(home, "list", "share", "to read", "public").err
    assert broadsheet(home, "list", "share", "to read", "private", "--json").json["seen_by"] == "private"
    wrong = broadsheet(home, "list", "share", "to read", "group", "--group", "lab", code=2)
    assert "there is no group of yours 'lab' (there are: none yet)" in wrong.err
    assert broadsheet(home, "list", "copy", "to read", "copy", "--json").json["papers"] == 2
    assert broadsheet(home, "list", "move", "to read", "copy", "lamp1", "--json").json["papers"] == 2
    assert broadsheet(home, "lists", "to read", "--json").json["papers"][0]["id"] == "lamp2"
    assert "say --yes" in broadsheet(home, "list", "remove", "to read", "--json", code=2).err
    assert "is gone" in broadsheet(home, "list", "remove", "to read", "--yes").err
    assert [one["name"] for one in broadsheet(home, "lists", "--json").json["lists"]] == ["copy"]
    assert "there is no list 'to read' (there are: copy)" in broadsheet(home, "list", "show", "to read", code=2).err

"""Wrong input at the shell: one clear sentence each, and nothing that was right is lost."""

import gzip
import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
import zstandard

from broadsheet.library import Library, open_library
from corpus import ROWS, write
from shell import broadsheet, start
from test_index_steps import alike, answers

LINES = [json.dumps(row) for row in ROWS[:40]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def titles(home: Path) -> set[str]:
    with open_library(home, env={}, create=False) as library:
        return {paper.title for paper in library.papers()}


def add(home: Path, file: Path, code: int = 0) -> tuple[dict[str, int], list[str]]:
    """What `add --json` counted of one file, and its reasons."""
    (told,) = broadsheet(home, "add", file, "--json", code=code).json["files"]
    return {name: told[name] for name in ("new", "same", "updated", "failed")}, [one["why"] for one in told["problems"]]


def test_one_wrong_record_among_many(home: Path, tmp_path: Path) -> None:
    """Everything in one file that a line can get wrong, a good line before and after each."""
    wrong = [
        '{"id": "w1", "title": "Cut off in the mid',
        "this is not JSON at all",
        '{"id": "w2", "abstract": "It has no title."}',
        '{"id": "w3", "title": ""}',
        '{"id": "w4", "title": ["a", {"list": 1}]}',
        json.dumps({"id": "w5", "title": "x" * 10_000_000}),
        "[1, 2]",
        "\x00\x00\x00",
    ]
    lines = [line for pair in zip(LINES, wrong, strict=False) for line in pair] + LINES[len(wrong) :]
    file = tmp_path / "mixed.jsonl"
    file.write_text("\n".join(lines))
    counts, reasons = add(home, file)
    assert (counts["new"], counts["failed"]) == (len(LINES), len(wrong))
    assert titles(home) == {row["title"] for row in ROWS[:40]}
    assert len(reasons) == len(wrong)
    assert all(reason and "\n" not in reason and len(reason) < 300 for reason in reasons)
    said = broadsheet(home, "add", file).err
    assert "40 known, 8 set aside" in said
    assert "mixed.jsonl line 2: " in said
    assert broadsheet(home, "stats", "--json").json["set_aside"] == len(wrong)


def test_strange_characters_are_taken_clean(home: Path, tmp_path: Path) -> None:
    rows = [
        '{"id": "s1", "title": "A nul\\u0000 and a bell\\u0007 here"}',
        '{"id": "s2", "title": "A lone \\ud800 surrogate"}',
        '{"id": "s3", "title": "Marks \\u202eright to left\\u202c gone"}',
        '{"id": "s4", "title": "<script>alert(1)</script> is text"}',
    ]
    file = tmp_path / "strange.jsonl"
    file.write_text("\n".join(rows))
    add(home, file)
    assert titles(home) >= {"A nul and a bell here", "Marks right to left gone", "<script>alert(1)</script> is text"}
    assert broadsheet(home, "search", "lone surrogate", "--json").json["hits"][0]["id"] in ("s2", "s1", "s3", "s4")


def test_one_id_on_two_works(home: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "twice", "title": "Glaciers that sing at night", "authors": ["Ada One"]},
        {"id": "twice", "title": "Bread prices of Bologna", "authors": ["Bela Two"]},
    ]
    counts, reasons = add(home, write(tmp_path / "twice.jsonl", rows))
    assert (counts["new"], counts["failed"]) == (1, 1)
    assert "twice is already 'Glaciers that sing at night'" in reasons[0]
    assert titles(home) == {"Glaciers that sing at night"}


def test_bibtex_with_braces_and_accents(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "nested.bib"
    entries = (
        r"@article{k1, title={{The {Na{\"i}ve} {G\"odel} Machine}}, author={{\'E}mile Zol{\'a}}, year=2001}",
        r"@misc{k2, title={Sums of $x_{i}$ in {{{Deep}}} Braces}, author={M{\"u}ller, J{\"o}rg and Others}, year=2002}",
        r"@article{broken, title={Never closed, year=2003}",
    )
    file.write_text("\n".join(entries), encoding="utf-8")
    told = broadsheet(home, "add", file, "--json").json["files"][0]
    assert titles(home) == {"The Naïve Gödel Machine", "Sums of $x_{i}$ in Deep Braces"}
    assert told["failed"] == 1


@pytest.mark.parametrize("packed", ["zst", "gz"])
def test_a_file_cut_off_keeps_what_came_before(home: Path, tmp_path: Path, packed: str) -> None:
    rows = [{**row, "abstract": str(Random(n).random()) * 40} for n, row in enumerate(ROWS[:300])]
    plain = "".join(json.dumps(row) + "\n" for row in rows).encode()
    data = zstandard.compress(plain) if packed == "zst" else gzip.compress(plain)
    file = tmp_path / f"cut.jsonl.{packed}"
    file.write_bytes(data[: len(data) * 2 // 3])
    counts, reasons = add(home, file)
    assert counts["failed"] >= 1
    assert f"the {packed} data breaks off after" in reasons[-1]
    assert "is the file complete?" in reasons[-1]
    came = titles(home)
    assert counts["new"] == len(came) > 0
    assert came <= {row["title"] for row in rows}
    file.write_bytes(data)
    add(home, file)
    assert titles(home) == {row["title"] for row in rows}


def test_what_holds_no_papers_is_said_in_one_line(home: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "binary.bin").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "notes.txt").write_text("just some notes\n")
    for name in ("folder", "empty.jsonl", "binary.bin", "missing.jsonl", "notes.txt"):
        wrong = broadsheet(home, "add", tmp_path / name, code=2)
        assert wrong.out == ""
        assert len(wrong.err.splitlines()) == 1
        assert name in wrong.err
    good = write(tmp_path / "good.jsonl", ROWS[:3])
    several = broadsheet(home, "add", tmp_path / "missing.jsonl", good, tmp_path / "empty.jsonl", code=2)
    assert "missing.jsonl" in several.err and "empty.jsonl" in several.err
    assert broadsheet(home, "stats", "--json").json["papers"] == 0, "nothing half done"


def test_a_file_of_faults_alone_is_a_failure(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text('{"title": ""}\n{"title": ""}\n')
    counts, _ = add(home, file, code=1)
    assert (counts["new"], counts["failed"]) == (0, 2)


# -- interrupted ---------------------------------------------------------------------------------------------------

MANY = 22_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough papers that adding them takes a few seconds, so that there is a middle to stop it in."""
    rows = [{**ROWS[n % 300], "id": f"many{n}", "title": f"{ROWS[n % 300]['title']}, part {n}"} for n in range(MANY)]
    for row in rows:
        row.pop("doi", None)
        row.pop("arxiv_id", None)
    return write(tmp_path_factory.mktemp("large") / "large.jsonl", rows)


@pytest.fixture(scope="module")
def whole(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The library that nobody interrupted."""
    home = tmp_path_factory.mktemp("whole") / "home"
    broadsheet(home, "add", large)
    with open_library(home, env={}) as library:
        yield library


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_add_goes_on_where_it_was_stopped(home: Path, large: Path, whole: Library, sent: signal.Signals) -> None:
    process = start(home, "add", large)
    deadline = time.monotonic() + 60
    while counted(home) < 2_000:
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert "Stopped. What was counted is kept" in err
    kept = counted(home)
    assert 2_000 <= kept < MANY
    (told,) = broadsheet(home, "add", large, "--json").json["files"]
    assert told["resumed"] == kept
    assert told["resumed"] + told["new"] == MANY
    with open_library(home, env={}) as library:
        assert [paper.title for paper in library.papers()] == [paper.title for paper in whole.papers()]
        alike(answers(library, ["relevance"]), answers(whole, ["relevance"]))


def counted(home: Path) -> int:
    """How many papers the library has by now; 0 before there is one. It waits for nobody: opening a library may."""
    try:
        with closing(sqlite3.connect(f"file:{home / 'store.sqlite3'}?mode=ro", uri=True, timeout=0)) as connection:
            return int(connection.execute("SELECT papers FROM counter").fetchone()[0])
    except (sqlite3.Error, TypeError):  # its tables are just being made
        return 0


def test_a_file_whose_name_is_no_utf8(home: Path, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    file.write_text("\n".join([*LINES[:3], "no record"]))
    counted, reasons = add(home, file)
    assert (counted["new"], reasons) == (3, ["not JSON"])
    assert add(home, file)[0]["same"] == 3


def test_an_offset_beyond_the_end_is_not_called_nothing_found(home: Path, tmp_path: Path) -> None:
    broadsheet(home, "add", write(tmp_path / "papers.jsonl", ROWS[:9]))
    assert (
        "--offset 50 is beyond the last paper that can be shown; 9 fit"
        in broadsheet(home, "search", "", "--offset", "50").err
    )

"""Every verb at the shell: exit codes, JSON alone on standard output, messages on standard error."""

import json
import os
import re
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from broadsheet import __version__
from broadsheet.library import STORE_FILE, Library, open_library
from broadsheet.paper import Paper
from broadsheet.store.schema import VERSION_TABLE
from corpus import ROWS, make, write
from shell import PROGRAM, broadsheet, environment
from web_library import save_encoder

VERBS = ("add", "search", "similar", "show", "stats", "doctor", "evaluate", "export", "serve", "demo", "model")
FIRST = ROWS[3]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled library that no test changes."""
    with make(tmp_path_factory.mktemp("cli")) as library:
        return library.home


def test_help_and_version(tmp_path: Path) -> None:
    said = broadsheet(tmp_path / "none", "--help")
    assert all(f"\n  {verb} " in said.out for verb in VERBS)
    assert broadsheet(tmp_path / "none", "--version").out == f"broadsheet, version {__version__}\n"
    assert not (tmp_path / "none").exists()


def test_add_says_what_came(tmp_path: Path) -> None:
    file = write(tmp_path / "papers.jsonl", ROWS[:5])
    said = broadsheet(tmp_path / "home", "add", file)
    assert said.out == ""
    assert "papers.jsonl: 5 new" in said.err
    assert "5 papers indexed" in said.err
    added = broadsheet(tmp_path / "home", "add", file, "--json").json
    assert added == {
        "files": [
            {"file": "papers.jsonl", "new": 0, "updated": 0, "same": 5, "resumed": 0, "failed": 0, "problems": []}
        ],
        "skipped": [],
        "indexed": 0,
    }


def test_search(home: Path) -> None:
    said = broadsheet(home, "search", "bird", "songs", "year:2000..", "-n", "3", "--json")
    page = said.json
    assert said.err == ""
    assert {"query", "total", "took_ms", "hits"} <= page.keys()
    assert page["query"] == "bird songs year:2000.."
    assert len(page["hits"]) == 3 <= page["total"]
    for hit in page["hits"]:
        assert list(hit) == ["id", "title", "year", "venue", "authors", "score", "signals", "why", "snippet"]
        assert hit["score"] == pytest.approx(sum(hit["signals"].values()), abs=1e-5)
        assert hit["why"]
    shown = broadsheet(home, "search", "bird songs", "--explain", "-n", "2", "--year", "2000..", "--sort", "new")
    assert shown.out.count("why") == 2
    assert " × 0.25 = " in shown.out
    assert "1 to 2 of" in shown.err
    assert "more with --offset 2" in shown.err


def test_search_filters_by_flags(home: Path) -> None:
    flags = (
        "--venue",
        "PaperConf",
        "--venue",
        "sigmade",
        "--author",
        "okafor",
        "--category",
        "cs.CL",
        "--source",
        "jsonl",
    )
    page = broadsheet(home, "search", "study", *flags, "--year", "..2015", "--json").json
    for hit in page["hits"]:
        assert hit["venue"] in ("PaperConf", "SIGMADE")
        assert hit["year"] <= 2015
        assert any("Okafor" in name for name in hit["authors"])
    assert "No paper fits" in broadsheet(home, "search", "study", "--author", "nobody").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search",), "Missing argument"),
        (("search", "x", "--sort", "best", "-n", "0"), "sort is 'best'; it must be one of relevance, new, old, cited"),
        (("search", "x", "--sort", "best", "-n", "0"), "; limit is 0; it must be a whole number from 1 to 200"),
        (("search", "x", "--year", "soon"), "--year is 'soon'; it must be a year like 2024 or a range like 2021..2024"),
        (("search", "x", "--weight-text", "-1"), "--weight-text: -1.0 is not a number from 0 to 10"),
        (("show", "nobody"), "no paper has the id 'nobody'"),
        (("similar", "nobody"), "no paper has the id nobody"),
        (("similar", FIRST["id"], "--sort", "best"), "sort is 'best'; it must be one of relevance, new, old, cited"),
        (("export", "--format", "docx"), "--format is 'docx'; it must be one of jsonl, bibtex, ris, csv"),
        (("export", "-n", "0"), "--limit is 0; it must be 1 or more"),
        (("evaluate", "none.jsonl"), "none.jsonl: cannot be read"),
        (("frobnicate",), "No such command 'frobnicate'"),
        (("--encoder", "none", "search", "x"), "no encoder named 'none' (have: general)"),
        (("model", "use", "none"), "no encoder named 'none' (have: general)"),
        (("model", "train", "general"), "a model cannot be called 'general'"),
        (("add", "none.jsonl"), "none.jsonl"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence_and_exit_2(home: Path, words: tuple[str, ...], said: str) -> None:
    wrong = broadsheet(home, *words, code=2)
    assert wrong.out == ""
    assert said in wrong.err


def test_no_library_is_said_and_none_is_made(tmp_path: Path) -> None:
    for words in (("search", "x"), ("stats",), ("doctor",), ("export",)):
        wrong = broadsheet(tmp_path / "none", *words, code=2)
        assert "there is no library in" in wrong.err
        assert "`broadsheet add FILE` makes one" in wrong.err
    assert not (tmp_path / "none").exists()


def test_show_and_similar(home: Path) -> None:
    found = broadsheet(home, "show", FIRST["id"], "--json").json
    assert found["title"] == FIRST["title"]
    assert Paper.from_dict(found).to_dict() == found
    shown = broadsheet(home, "show", FIRST["id"])
    assert FIRST["title"] in shown.out
    assert shown.err == ""
    page = broadsheet(home, "similar", FIRST["id"], "--not", ROWS[4]["id"], "-n", "4", "--json").json
    assert page["query"] == {"like": [FIRST["id"]], "not": [ROWS[4]["id"]]}
    assert len(page["hits"]) == 4
    assert not {FIRST["id"], ROWS[4]["id"]} & {hit["id"] for hit in page["hits"]}
    assert "more with --offset 10" in broadsheet(home, "similar", FIRST["id"]).err
    newest = broadsheet(home, "similar", FIRST["id"], "--sort", "new", "--json").json["hits"]
    years = [hit["year"] or 0 for hit in newest]
    assert years == sorted(years, reverse=True)
    assert len(set(years)) > 1


def test_stats(home: Path) -> None:
    found = broadsheet(home, "stats", "--json").json
    assert (found["papers"], found["indexed"], found["vectors"], found["behind"]) == (len(ROWS),) * 3 + (0,)
    assert found["last_sync"].startswith("20")
    assert all(isinstance(size, int) for size in found["bytes"].values())
    assert f"{len(ROWS)} by the encoder general" in broadsheet(home, "stats").out


def test_model_list_and_evaluate(home: Path, tmp_path: Path) -> None:
    (general,) = broadsheet(home, "model", "list", "--json").json["models"]
    assert (general["name"], general["in_use"], len(general["hash"])) == ("general", True, 16)
    judged = tmp_path / "judged.jsonl"
    judged.write_text("\n".join(json.dumps({"query": row["title"], "id": row["id"]}) for row in ROWS[:20]))
    figures = broadsheet(home, "evaluate", judged, "--json").json
    assert {"n", "mrr@10", "recall@10", "ndcg@10", "p50_ms", "p99_ms"} <= figures.keys()
    assert (figures["n"], figures["mrr@10"]) == (20, 1.0)
    alone = broadsheet(home, "model", "eval", judged, "--json").json
    assert alone["n"] == 20


def test_another_encoder_is_used_from_anywhere(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:30]) as library:
        home = library.home
    save_encoder([row["title"] for row in ROWS[:30]], tmp_path / "tiny")
    (home / "broadsheet.toml").write_text('# mine\nencoder = "general"\n\n[search]\npage_size = 3\n')
    used = broadsheet(home, "model", "use", "tiny")  # a folder beside the library, where the command is given
    assert "30 papers were encoded with it" in used.err
    general, tiny = broadsheet(home, "model", "list", "--json").json["models"]
    assert (general["in_use"], tiny["in_use"], tiny["name"]) == (False, True, str(tmp_path / "tiny"))
    assert len(broadsheet(home, "search", "glacier", "--json").json["hits"]) == 3
    assert (home / "broadsheet.toml").read_text() == (
        f'# mine\nencoder = "{tmp_path / "tiny"}"\n\n[search]\npage_size = 3\n'
    )
    stale = broadsheet(home, "--encoder", "general", "search", "glacier", code=1)
    assert "The vectors were made by another encoder than 'general'" in stale.err
    assert "general" in broadsheet(home, "model", "use", "general").err


def test_papers_that_wait_to_be_indexed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    broadsheet(home, "add", "--no-index", write(tmp_path / "papers.jsonl", ROWS[:9]))
    stats = broadsheet(home, "stats", "--json").json
    assert (stats["papers"], stats["indexed"], stats["behind"]) == (9, 0, 9)
    page = broadsheet(home, "search", "study", "--json").json
    assert page["hits"] == []
    assert "9 changes not indexed yet" in page["notes"][0]
    broadsheet(home, "doctor")
    assert broadsheet(home, "search", "study", "--json").json["hits"]


def test_doctor(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:30]) as library:
        home = library.home
        library.add([write(tmp_path / "more.jsonl", ROWS[30:40])], index=False)
    report = broadsheet(home, "doctor", "--json").json
    assert report["ok"]
    assert {check["what"]: check["said"] for check in report["checks"]}["indexes"] == "caught up with 10 changes"
    assert "made anew from 40 papers" in broadsheet(home, "doctor", "--rebuild").out
    (home / "index" / "gen-000002" / "vectors.f16").unlink()
    sick = broadsheet(home, "search", "study", code=1)
    assert "broadsheet doctor --rebuild" in sick.err
    assert not broadsheet(home, "doctor", "--json", code=1).json["ok"]
    assert broadsheet(home, "doctor", "--rebuild", "--json").json["ok"]
    assert broadsheet(home, "search", "study", "--json").json["hits"]


def test_settings_that_are_wrong_are_named_at_once(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:2]) as library:
        home = library.home
    (home / "broadsheet.toml").write_text("page_size = 5\n[search]\nweight_txt = 1\n[web]\nport = 99999\n")
    wrong = broadsheet(home, "search", "x", code=2)
    assert all(part in wrong.err for part in ("page_size: belongs", "weight_txt: no such", "port: 99999 is not"))
    (home / "broadsheet.toml").write_text("[search\n")
    assert "cannot be read" in broadsheet(home, "stats", code=2).err


def test_a_port_that_is_taken(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        wrong = broadsheet(home, "serve", "--port", str(port), code=2)
    assert f"cannot serve on 127.0.0.1:{port} (Address already in use); --port 0 takes any free port" in wrong.err


def test_the_demo_stops_before_serving(tmp_path: Path) -> None:
    data = write(tmp_path / "some.jsonl", ROWS[:60])
    said = broadsheet(tmp_path / "kept", "demo", "--no-serve", "--data", data)
    assert said.out.count("broadsheet search '") == 3
    assert "why" in said.out
    assert re.search(rf"Serve it with: \S*broadsheet --home {tmp_path / 'demo-library'} serve\n", said.err)
    again = broadsheet(tmp_path / "kept", "demo", "--no-serve", "--data", data)
    assert "60 known" in again.err
    assert not (tmp_path / "kept").exists(), "the reader's own library is left alone"


# -- export --------------------------------------------------------------------------------------------------------


def same_work(one: Paper, two: Paper) -> bool:
    names = ("title", "authors", "year", "venue")
    return all(getattr(one, name) == getattr(two, name) for name in names)


def test_json_lines_come_back_exactly(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.jsonl"
    said = broadsheet(home, "export", "-o", out)
    assert (said.out, said.err) == ("", f"{len(ROWS)} papers written as jsonl to {out}\n")
    broadsheet(tmp_path / "again", "add", out)
    assert broadsheet(tmp_path / "again", "export").out == out.read_text()


@pytest.mark.parametrize("kind", ["bibtex", "ris", "csv"])
def test_other_formats_can_be_added_again(home: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"all.{kind}"
    broadsheet(home, "export", "--format", kind, "-o", out)
    added = broadsheet(tmp_path / "again", "add", out, "--json").json["files"][0]
    assert (added["failed"], added["new"] + added["updated"] + added["same"]) == (0, len(ROWS))
    with open_library(home, env={}) as one, open_library(tmp_path / "again", env={}) as two:
        assert two.store.count() == len(ROWS)
        lost = [paper for paper in one.papers() if not same_work(paper, found(two, paper))]
        assert not lost, (lost[0], found(two, lost[0]))


def test_no_two_entries_of_one_bibliography_have_one_key(tmp_path: Path) -> None:
    rows = [{"title": f"Sparse routing, part {n}", "authors": ["Ada Quill"], "year": 2024} for n in "abc"]
    broadsheet(tmp_path / "home", "add", write(tmp_path / "papers.jsonl", rows))
    lines = broadsheet(tmp_path / "home", "export", "--format", "bibtex").out.splitlines()
    keys = [line.partition("{")[2].strip(",") for line in lines if line.startswith("@")]
    assert keys == ["quill2024sparse", "quill2024sparse-2", "quill2024sparse-3"]


def found(library: Library, paper: Paper) -> Paper:
    (pk,) = library.store.titled(paper.title)
    return library.store.get([pk])[pk]


def test_what_a_question_finds_is_exported(home: Path, tmp_path: Path) -> None:
    lines = broadsheet(home, "export", "venue:PaperConf", "year:2000..2010").out.splitlines()
    wanted = [row for row in ROWS if row.get("venue") == "PaperConf" and 2000 <= row.get("year", 0) <= 2010]
    assert sorted(json.loads(line)["title"] for line in lines) == sorted(row["title"] for row in wanted)
    assert len(broadsheet(home, "export", "study", "-n", "7").out.splitlines()) == 7
    wrong = broadsheet(home, "export", "-o", tmp_path / "no" / "folder" / "x.jsonl", code=1)
    assert "cannot be written" in wrong.err


def test_an_export_comes_in_the_order_asked_for(home: Path) -> None:
    papers = [json.loads(line) for line in broadsheet(home, "export", "--sort", "old").out.splitlines()]
    dates = [paper.get("date") or str(paper.get("year", "9999")) for paper in papers]
    assert len(papers) == len(ROWS) and dates == sorted(dates)
    lines = broadsheet(home, "export", "venue:PaperConf", "--sort", "new", "-n", "3").out.splitlines()
    assert [json.loads(line)["year"] for line in lines] == sorted(
        (row["year"] for row in ROWS if row.get("venue") == "PaperConf" and "year" in row), reverse=True
    )[:3]
    assert (
        "sort is 'best'; it must be one of relevance, new" in broadsheet(home, "export", "--sort", "best", code=2).err
    )


def test_a_reader_who_has_seen_enough(home: Path) -> None:
    line = f"{' '.join(PROGRAM)} export | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment(home), timeout=60, check=True
    )
    first, code = done.stdout.splitlines()
    assert json.loads(first)["title"]
    assert (code, done.stderr) in (("0", ""), ("0", f"{len(ROWS)} papers written as jsonl\n"))


def test_a_library_of_a_newer_version(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:2]) as library:
        home = library.home
    with sqlite3.connect(home / STORE_FILE) as store:
        store.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    store.close()
    for words in (("search", "x"), ("add", tmp_path / "papers.jsonl"), ("doctor",)):
        wrong = broadsheet(home, *words, code=1)
        assert "made by a newer Broadsheet" in wrong.err
        assert len(wrong.err.splitlines()) == 1


def test_a_home_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "is a file; a library is a folder" in broadsheet(tmp_path / "file", "stats", code=2).err
    if os.geteuid():
        (tmp_path / "locked").mkdir(mode=0o500)
        assert "cannot be made here" in broadsheet(tmp_path / "locked" / "home", "add", tmp_path / "file", code=2).err

"""What the docs say is so: every name is there, every command exists, generated pages are fresh."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import broadsheet
import docs_pages
from broadsheet import settings, sources
from broadsheet.cli import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}


def tracked() -> list[Path]:
    """The files that a clone has; in an unpacked source archive, everything."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file()]
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("page", docs_pages.PAGES)
def test_generated_pages_are_fresh(page: str) -> None:
    assert PAGES.get(page) == docs_pages.PAGES[page](), "run make docs"


def test_every_setting_is_in_the_docs() -> None:
    assert [row.name for row in settings.TABLE if f"`{row.name}`" not in PAGES["settings.md"]] == []


def test_every_verb_is_in_the_docs() -> None:
    missing = [
        words for words, _ in docs_pages.verbs(cli) if f"## broadsheet {' '.join(words)}\n" not in PAGES["cli.md"]
    ]
    assert missing == []


def test_every_format_and_its_suffixes_are_in_the_docs() -> None:
    page = PAGES["formats.md"]
    for name, module in sources.formats().items():
        assert f"`{name}`" in page, name
        for suffix in module.SUFFIXES:
            assert f"`{suffix}`" in page, f"{name}: {suffix}"


def test_every_page_is_in_the_index() -> None:
    assert [name for name in PAGES if name != "index.md" and f"({name})" not in PAGES["index.md"]] == []


def test_links_between_our_pages_lead_somewhere() -> None:
    broken = []
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                broken.append(f"{path.name}: {target}")
    assert broken == []


def commands() -> list[str]:
    """Every `broadsheet ...` line of an indented block, in README and docs (cli.md apart, which is generated)."""
    pages = [README, *(text for name, text in PAGES.items() if name != "cli.md")]
    lines = [line for text in pages for line in re.findall(r"(?m)^ {4}(broadsheet .*)$", text)]
    return sorted(set(lines))


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_docs_is_one_the_program_understands(line: str) -> None:
    """Parsed, not run: a verb or an option that does not exist is a usage error."""
    command: click.Command = cli
    words, context = shlex.split(line)[1:], click.Context(cli, info_name="broadsheet", **cli.context_settings)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0]) if words else None
        assert found is not None, f"no verb {words[:1]}"
        command, words = found, words[1:]
    command.make_context(command.name, words, parent=context, resilient_parsing=False).close()


def test_there_are_commands_in_the_readme() -> None:
    assert len(commands()) >= 10


REFERENCES = """
@article{walk, title={Learning to walk on loose ground}, author={Stone, Ada}, year={2021}, eprint={2101.00001},
  archiveprefix={arXiv}, abstract={A robot learns contact-rich walking from few trials and its tactile sensing.}}
@inproceedings{read, title={Robots that read maps}, author={Hill, Ben}, year={2019}, booktitle={PaperConf}}
"""


# A paper under the id that one of the demo library has.
DEMO = """
{"id": "corl2021-wK2fDDJ5VcF", "title": "Learning to walk in deep snow", "authors": ["Ada Stone"], "year": 2021}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder to be in, with a references.bib."""
    (tmp_path / "references.bib").write_text(REFERENCES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_runs_at_the_shell(here: Path) -> None:
    """What the README says of adding and searching, in its order, over a small library."""
    verbs = r"add references\S*|search|show|save|save-search|saved"
    lines = re.findall(rf"(?m)^ {{4}}broadsheet ((?:{verbs})(?= |$).*)$", README)
    assert len(lines) >= 6
    (here / "demo.jsonl").write_text(DEMO)
    for line in ["add demo.jsonl", *lines]:
        done = CliRunner().invoke(cli, ["--home", str(here / "library"), *shlex.split(line)], catch_exceptions=False)
        assert done.exit_code == 0, f"{line}: {done.output}"
    assert "Learning to walk in deep snow" in done.output  # on the list of the last one


def test_the_readme_runs_in_python(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"(?s)```python\n(.*?)```", README)
    exec(compile(code, "README.md", "exec"), {})
    assert "Learning to walk on loose ground" in capsys.readouterr().out


@pytest.mark.parametrize("target", re.findall(r"(?m)^ {4}make ([a-z-]+)", README))
def test_a_make_target_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"))


def test_changes_begin_with_this_version() -> None:
    newest = re.search(r"(?m)^## (\S+)", (ROOT / "CHANGES.md").read_text(encoding="utf-8"))
    assert newest and newest[1] == broadsheet.__version__


# Put together here, so that this file does not find itself.
HOSTS = ["--(?:extra-)?index" + "-url", "pypi" + r"\.org", "files\\.python" + "hosted", "registry\\.npm" + "js"]
FORBIDDEN = {
    "path of one machine": r"(?:^|[^\w.$}~])/(?:home|root|work|Users)/[a-z]",
    "package host": "|".join(HOSTS),
    "unfinished work": "TO" + r"DO\b|\bFIX" + r"ME\b",
}
BINARY = {".zst", ".gz", ".npz", ".npy", ".png", ".ico", ".woff2", ".safetensors"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_committed_text_has_no(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = []
    for path in tracked():
        if path.suffix in BINARY or path.is_relative_to(
            ROOT / "tests" / "data"
        ):  # fixtures imitate other people's files
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_the_forbidden_would_be_found() -> None:
    samples = ["see /ho" + "me/ada/x", "pip --index" + "-url x", "# TO" + "DO: later"]
    assert all(re.search(pattern, sample) for pattern, sample in zip(FORBIDDEN.values(), samples, strict=True))

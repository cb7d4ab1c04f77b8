"""follow, sync, sources, unfollow at the shell, against feeds on loopback; copies, split and join over what came."""

import json
import re
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import loopback
from broadsheet.sources import followable
from corpus import write
from shell import Said, broadsheet

ITEM = "<item><title>{title}</title><link>https://blog.example.org/{n}</link></item>"


@dataclass
class Blog:
    """A feed that grows: what it answers is set by the test."""

    titles: list[str] = field(default_factory=lambda: ["Lamps that answer", "Wicks and oil of the north"])
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, asked: loopback.Asked) -> loopback.Reply:
        items = "".join(ITEM.format(title=title, n=n) for n, title in enumerate(self.titles))
        body = f"<rss version='2.0'><channel><title>Blog</title>{items}</channel></rss>".encode()
        return loopback.Reply(body if self.status == 200 else b"", self.status, self.headers)


@dataclass
class Shell:
    """The program with a home of its own, allowed to ask loopback."""

    home: Path
    url: str
    blog: Blog

    def __call__(self, *words: str | Path, code: int = 0, **env: str) -> Said:
        queue = str(self.home.parent / "queue")
        return broadsheet(self.home, *words, code=code, BROADSHEET_PRIVATE="127.0.0.1", BROADSHEET_QUEUE=queue, **env)

    def file(self) -> str:
        return (self.home / "broadsheet.toml").read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    blog = Blog()
    with loopback.serving(blog.answer) as server:
        yield Shell(tmp_path / "home", server.url, blog)


def test_without_a_name_follow_lists_every_kind(shell: Shell) -> None:
    said = shell("follow")
    assert all(f"\n{kind} " in f"\n{said.out}" for kind in followable())
    assert "For example: broadsheet follow arxiv cs.IR cs.CL" in said.err
    kinds = shell("follow", "--json").json["kinds"]
    assert set(kinds) == set(followable())
    assert {option["name"] for option in kinds["arxiv"]["options"]} >= {"categories", "since"}


def test_a_feed_from_follow_to_unfollow(shell: Shell) -> None:
    said = shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    assert "blog is followed: the items of an RSS, Atom or JSON feed." in said.err
    assert "Next: broadsheet sync blog" in said.err
    assert shell("sync").err.startswith("blog: 2 new")
    assert [hit["title"] for hit in shell("search", "wicks", "--json").json["hits"]][:1] == [shell.blog.titles[1]]

    waits = shell("sync", "--json").json["sources"][0]
    assert (waits["state"], waits["new"], waits["requests"]) == ("not due", 0, 0)
    assert "60 minutes" in waits["why"] and waits["next"] > "2026"
    assert re.search(r"blog: not due: .*; asked again in \d+ min", shell("sync").err)

    assert shell("sync", "--now").err.startswith("blog: nothing new")
    shell.blog.titles.append("A third lamp")
    assert shell("sync", "blog", "--now").err.startswith("blog: 1 new")

    assert "its papers stay" in shell("unfollow", "blog").err
    assert "blog" not in shell.file()
    assert shell("stats", "--json").json["papers"] == 3
    assert "nothing is followed yet" in shell("sync", code=2).err
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    assert shell("sync").err.startswith("blog: not due"), "it goes on where it was"


def test_a_failure_says_why_and_when_it_is_tried_again(shell: Shell) -> None:
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    shell.blog.status = 404
    failed = shell("sync", code=1)
    assert re.match(r"blog: failed: .*/feed\.xml answered 404; asked again in 1[45] min", failed.err)
    again = shell("sync", "--json", code=1).json["sources"][0]
    assert (again["state"], again["requests"]) == ("failed", 0), "it waits before it asks again"
    (standing,) = shell("sources", "--json").json["sources"]
    assert standing["state"] == "failed" and "404" in standing["why"] and standing["days"][-1]["state"] == "failed"
    shown = shell("sources")
    assert "failed" in shown.out and "!" in shown.out and "answered 404" in shown.err
    shell.blog.status = 200
    assert shell("sync", "--now").err.startswith("blog: 2 new")
    assert shell("sources", "--json").json["sources"][0]["days"][-1]["state"] == "mixed"


def test_a_later_failing_source_does_not_stop_the_others(shell: Shell) -> None:
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    shell("follow", "oai", f"{shell.url}/oai", "--as", "repo")
    states = {one["name"]: one["state"] for one in shell("sync", "--json", code=1).json["sources"]}
    assert states == {"blog": "new", "repo": "failed"}


def test_a_record_that_cannot_be_taken_waits_until_it_can(shell: Shell) -> None:
    """Its address belongs to another paper; when that has gone, there is room for it."""
    taken = {"title": "A page of quite another work", "url": "https://blog.example.org/1", "authors": ["Ada Hill"]}
    shell("add", write(shell.home.parent / "taken.jsonl", [taken]))
    shell.blog.titles = ["Lamps that answer", ""]
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    said = shell("sync")
    assert "1 new; 1 record set aside" in said.err
    (aside,) = shell("sources", "--quarantine", "--json").json["quarantine"]
    assert aside["source"] == "blog" and "https://blog.example.org/1" in aside["raw"] and aside["reason"]
    shown = shell("sources", "--quarantine", "blog")
    assert aside["reason"][:20] in shown.out and "After a fix: broadsheet sources --retry" in shown.err
    assert "0 taken, 1 still cannot be read" in shell("sources", "--retry").err
    assert shell("sources", "--json").json["sources"][0]["waiting"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], r"there is no source 'nosuch' \(have: acl, arxiv, "),
        (["arxvi", "cs.IR"], r"did you mean 'arxiv'\?"),
        (["arxiv", "--set", "sinse=all"], r"arxiv has no option 'sinse' .*did you mean 'since'\?"),
        (["arxiv", "--set", "since"], r"--set since: write OPTION=VALUE"),
        (["arxiv", "--set", "daily=perhaps"], r"daily: 'perhaps' is not true or false"),
        (["arxiv", "not a category"], r"categor"),
        (["crossref", "123"], r"123"),
        (["oai"], r"base"),
        (["zotero"], r"user|group"),
        (["hf", "--as", "Not A Name"], r"'Not A Name' cannot be a source's name"),
        (["zotero", "7", "--set", "key=", "--set", "group=x y"], r"group"),
    ],
)
def test_what_cannot_be_followed_changes_nothing(shell: Shell, words: list[str], said: str) -> None:
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    before = shell.file()
    wrong = shell("follow", *words, code=2)
    assert wrong.out == "" and re.search(said, wrong.err), wrong.err
    assert len(wrong.err.splitlines()) == 1
    assert shell.file() == before


def test_the_file_stays_as_its_owner_wrote_it(shell: Shell) -> None:
    shell.home.mkdir()
    own = '# our lab\ntitle = "Lab"  # for now\n\n[search]\npage_size = 5\n'
    (shell.home / "broadsheet.toml").write_text(own)
    shell("follow", "arxiv", "cs.IR", "cs.CL", "--set", "since=all")
    assert shell.file().startswith(own.rstrip())
    assert tomllib.loads(shell.file())["sources"] == {"arxiv": {"categories": ["cs.IR", "cs.CL"], "since": "all"}}
    shell("unfollow", "arxiv")
    assert tomllib.loads(shell.file()) == tomllib.loads(own) and "# for now" in shell.file()


def test_a_key_is_the_owners_alone(shell: Shell) -> None:
    said = shell("follow", "zotero", "475425", "--set", "key=s3cr3t", "--json")
    assert "s3cr3t" not in said.out + said.err
    assert stat.S_IMODE((shell.home / "broadsheet.toml").stat().st_mode) == 0o600
    assert "s3cr3t" not in json.dumps(shell("sources", "--json").json)


def test_what_is_wrong_in_the_file_does_not_stop_the_others(shell: Shell) -> None:
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    with (shell.home / "broadsheet.toml").open("a") as file:
        file.write('\n[sources.other]\nkind = "fed"\n\n[sources.arxiv]\nsinse = "all"\n')
    said = shell("sync", code=1).err
    assert "blog: 2 new" in said
    assert "other: failed: [sources.other] kind is 'fed'" in said and "did you mean 'feed'?" in said
    assert "arxiv: failed: [sources.arxiv] sinse: arxiv has no such option" in said
    assert "blog: not due" in shell("sync", "blog").err, "what is not asked for does no harm"
    states = {one["name"]: one["state"] for one in shell("sources", "--json").json["sources"]}
    assert states == {"blog": "new", "other": "failed", "arxiv": "failed"}
    shell("unfollow", "other", "arxiv")
    assert shell("sync").err.startswith("blog: not due")


def test_following_again_keeps_what_is_not_given(shell: Shell) -> None:
    shell("follow", "openalex", "primary_topic.id:T1", "--set", "key=s3cr3t", "--set", "since=365")
    said = shell("follow", "openalex", "primary_topic.id:T2")
    assert "Changed: filter; the other options stay." in said.err
    table = tomllib.loads(shell.file())["sources"]["openalex"]
    assert table == {"filter": "primary_topic.id:T2", "key": "s3cr3t", "since": 365}
    shell("follow", "feed", f"{shell.url}/feed.xml", "--as", "openalex")
    assert tomllib.loads(shell.file())["sources"]["openalex"] == {"kind": "feed", "url": f"{shell.url}/feed.xml"}


@pytest.mark.parametrize("flag", ["--json", "--quarantine", "--retry"])
def test_a_source_that_is_not_there(shell: Shell, flag: str) -> None:
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    said = shell("sources", "blgo", flag, code=2)
    assert said.err == "broadsheet: there is no source blgo here (there are: blog)\n" and said.out == ""


def test_names_that_are_not_followed(shell: Shell) -> None:
    shell("follow", f"{shell.url}/feed.xml", "--as", "blog")
    for verb in ("sync", "unfollow"):
        said = shell(verb, "blgo", code=2).err
        assert "no source named blgo is followed; followed are blog" in said


COPIES = [
    {"title": "Lamps that answer to their names: a field study", "arxiv_id": "2101.00001", "year": 2021,
     "authors": ["Ada Stone", "Ben Hill"], "abstract": "We put forty lamps into a town and asked who came to see."},
    {"title": "Lamps that answer to their names", "doi": "10.5555/lamps", "year": 2022, "venue": "Journal of Light",
     "authors": ["A. Stone", "B. Hill"], "abstract": "We put forty lamps into a town and asked who came to see."},
]  # fmt: skip


def test_copies_split_and_join(shell: Shell) -> None:
    shell("add", write(shell.home.parent / "preprint.jsonl", COPIES[:1]))
    shell("add", write(shell.home.parent / "journal.jsonl", COPIES[1:]))
    assert shell("stats", "--json").json["papers"] == 1
    told = shell("copies", "2101.00001", "--json").json
    assert [copy["paper"]["id"] for copy in told["copies"]] == ["arxiv:2101.00001", "doi:10.5555/lamps"]
    assert told["copies"][1]["why"] and 0.8 <= told["copies"][1]["score"] <= 1
    shown = shell("copies", "10.5555/lamps")
    assert "a title and its subtitle" in shown.out and "broadsheet split 10.5555/lamps NUMBER" in shown.err

    parted = shell("split", "2101.00001", "2").err
    assert "arxiv:2101.00001 and doi:10.5555/lamps are two papers now" in parted
    assert shell("stats", "--json").json["papers"] == 2
    shell("add", shell.home.parent / "journal.jsonl")
    shell("add", write(shell.home.parent / "again.jsonl", COPIES))
    assert shell("stats", "--json").json["papers"] == 2, "for good"
    assert "It came in one copy" in shell("copies", "10.5555/lamps").err

    joined = shell("join", "2101.00001", "10.5555/lamps").err
    assert "They are one paper now: arxiv:2101.00001" in joined
    assert shell("stats", "--json").json["papers"] == 1
    assert shell("show", "10.5555/lamps", "--json").json["id"] == "arxiv:2101.00001"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["copies", "2999.99999"], "2999.99999"),
        (["split", "2101.00001", "7"], "7"), (["split", "2101.00001", "1"], "1"),
        (["join", "2101.00001", "2101.00001"], "2101.00001"), (["join", "2101.00001", "10.9/none"], "10.9/none"),
    ],
)  # fmt: skip
def test_wrong_words_about_copies(shell: Shell, words: list[str], said: str) -> None:
    shell("add", write(shell.home.parent / "preprint.jsonl", COPIES[:1]))
    wrong = shell(*words, code=2)
    assert wrong.out == "" and said in wrong.err and len(wrong.err.splitlines()) == 1

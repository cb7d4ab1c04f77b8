"""Ids as people paste them; and `add` with ids, asked of services on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import loopback
from broadsheet.cli import cli
from broadsheet.errors import Mistake, NotFound
from broadsheet.fetch import FetchError
from broadsheet.library import Library, open_library
from broadsheet.sources import lookups, pasted

DATA = Path(__file__).parent / "data" / "sources"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2101.00001", ["arxiv:2101.00001"]),
        ("see arXiv: 2101.00001v3, and (hep-th/9901001).", ["arxiv:2101.00001", "arxiv:hep-th/9901001"]),
        ("https://arxiv.org/pdf/2101.00001v2.pdf", ["arxiv:2101.00001"]),
        ("https://huggingface.co/papers/2101.00001", ["arxiv:2101.00001"]),
        ("doi: 10.1000/ABC. https://doi.org/10.1000/abc", ["doi:10.1000/abc"]),
        ("(10.1016/S0140-6736(20)30183-5)", ["doi:10.1016/s0140-6736(20)30183-5"]),
        ("P19-1001 2020.acl-main.1; PMID: 00123456", ["acl:P19-1001", "acl:2020.acl-main.1", "pmid:123456"]),
        ("https://aclanthology.org/2020.acl-main.1/", ["acl:2020.acl-main.1"]),
        ("https://pubmed.ncbi.nlm.nih.gov/123456/", ["pmid:123456"]),
        ("https://openreview.net/forum?id=AbCd1234_-", ["openreview:AbCd1234_-"]),
        ("<https://blog.example.org/lamps>", ["url:https://blog.example.org/lamps"]),
        ("read 12 papers in 2021, by e-mail to id:me", []),
        ("x" * 50_000, []),
        ("", []),
    ],
)
def test_ids_are_found_in_what_people_paste(text: str, wanted: list[str]) -> None:
    assert [found.id for found in pasted.find(text)] == wanted
    assert all(found.id.startswith(f"{found.scheme}:") for found in pasted.find(text))


def test_each_id_goes_to_a_source_that_can_be_asked() -> None:
    groups = pasted.by_source(["arxiv:2101.00001", "doi:10.1000/x", "acl:P19-1001", "pmid:7"])
    anthology = ["https://aclanthology.org/P19-1001/"]
    assert groups == {"arxiv": ["2101.00001"], "crossref": ["10.1000/x"], pasted.WEB: anthology, "pubmed": ["7"]}
    assert set(groups) == {*lookups(), pasted.WEB}
    with pytest.raises(Mistake, match="s2:1234: no source here looks up such an id"):
        pasted.by_source(["arxiv:2101.00001", "s2:1234"])


def test_what_has_no_look_up_is_fetched_from_its_address() -> None:
    named = ["openalex:w27", "dblp:conf/x/Lamp20", "openreview:AbCd1234"]
    groups = pasted.by_source(["https://example.org/a?b=c", *named])
    assert groups == {
        pasted.WEB: [
            "https://example.org/a?b=c", "https://api.openalex.org/works/w27", "https://dblp.org/rec/conf/x/Lamp20.xml",
            "https://openreview.net/forum?id=AbCd1234",
        ]
    }  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "home", env={}) as opened:
        yield opened


def follow(library: Library, server: loopback.Server) -> None:
    (library.home / "broadsheet.toml").write_text(
        f'[sources.arxiv]\ncategories = ["cs.IR"]\napi = "{server.url}/api"\n'
        f'[sources.crossref]\nissn = ["1532-4435"]\nbase = "{server.url}"\n'
    )
    library.__dict__["client"] = loopback.client(library.home / "net")


def answer(asked: loopback.Asked) -> loopback.Reply:
    if asked.path == "/api":
        return loopback.Reply((DATA / "arxiv" / "api.atom").read_bytes())
    if asked.path.startswith("/works/10.1000"):
        return loopback.Reply((DATA / "crossref" / "work.json").read_bytes())
    return loopback.Reply(b"Resource not found.", status=404)


def expected(source: str, name: str) -> list[str]:
    found = json.loads((DATA / source / f"{name}.expected.json").read_text(encoding="utf-8"))
    return [identifier for record in found for identifier in record.get("ids", [])]


def test_papers_are_added_by_their_ids(library: Library) -> None:
    (number, *_) = [name for name in expected("arxiv", "api.atom") if name.startswith("arxiv:")]
    with loopback.serving(answer) as server:
        follow(library, server)
        added = library.add([number, "https://doi.org/10.1000/any", "10.9999/missing"], index=False)
        assert server.log[0].params["id_list"] == number.removeprefix("arxiv:")
    assert library.paper(number) is not None and library.paper(expected("crossref", "work.json")[0]) is not None
    sums = dict(added.files)
    assert set(sums) == {"arxiv", "crossref"}
    assert "Crossref has no such paper" in {fault.reason for fault in sums["crossref"].problems}
    assert "doi:10.9999/missing" in {fault.where for fault in sums["crossref"].problems}


def test_one_id_that_nobody_can_look_up_adds_nothing(library: Library) -> None:
    with pytest.raises(Mistake, match=r"oai:example\.org:7: no source here"):
        library.add(["2101.00001", "oai:example.org:7"])
    with pytest.raises(NotFound, match="no such file"):
        library.add(["2101.00001", "papers.jsonl"])
    assert library.store.count() == 0


def test_a_file_that_is_called_like_an_id_is_a_file(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("2101.00001").write_text('{"title": "Lamps that answer", "id": "x"}\n')
    library.add(["2101.00001"], index=False)
    assert library.paper("x") is not None


PAGES = {
    "/lamps.html": b"""<!doctype html><html><head><title>A journal</title>
        <meta name="citation_title" content="Lamps that answer to their names">
        <meta name="citation_author" content="Hill, Ben">
        <meta name="citation_publication_date" content="2024/05/02"></head><body>...</body></html>""",
    "/own.html": b"""<html><head><link rel="canonical" href="https://journal.example.org/own">
        <meta name="citation_title" content="A page that knows its own address"></head></html>""",
    "/list.bib": b"@article{a, title={First of two}}\n@article{b, title={Second of two}}\n@article{c, author={Nobody}}",
    "/nothing.html": b"<html><head><title>Welcome</title></head><body>to our lab</body></html>",
    "/nothing.bin": bytes(range(256)),
    "/paper": (DATA / "pdf" / "lamps.pdf").read_bytes(),
}


def page(asked: loopback.Asked) -> loopback.Reply:
    return loopback.Reply(PAGES[asked.path]) if asked.path in PAGES else loopback.Reply(b"gone", status=404)


def test_whatever_lies_at_an_address_is_added(library: Library) -> None:
    with loopback.serving(page) as server:
        follow(library, server)
        wanted = [f"{server.url}{path}" for path in ("/lamps.html", "/own.html", "/list.bib", "/paper")]
        added = library.add(wanted, index=False)
        again = library.add(wanted, index=False)
    assert [name for name, _ in added.files] == wanted
    assert [(done.new, done.failed) for _, done in added.files] == [(1, 0), (1, 0), (2, 1), (1, 0)]
    assert sum(done.new for _, done in again.files) == 0
    (fault,) = added.files[2][1].problems
    assert fault.where.startswith(wanted[2])
    by_title = {paper.title: paper for paper in library.papers()}
    assert dict(by_title["Lamps that answer to their names"].links)["page"] == wanted[0], "the page had no address"
    assert by_title["A page that knows its own address"].links == (("page", "https://journal.example.org/own"),)


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/nothing.html", None, "is it the page of one paper"), ("/nothing.bin", Mistake, "not in a format that holds"),
        ("/missing", FetchError, "404"),
    ],
)  # fmt: skip
def test_an_address_without_papers(library: Library, path: str, error: type[Exception] | None, said: str) -> None:
    with loopback.serving(page) as server:
        follow(library, server)
        if error:
            with pytest.raises(error, match=said) as raised:
                library.add([server.url + path], index=False)
            assert server.url.removeprefix("http://") + path in str(raised.value)
        else:
            ((_, done),) = library.add([server.url + path], index=False).files
            assert done.failed == 1 and said in done.problems[0].reason
    assert library.store.count() == 0


def test_a_private_address_is_not_fetched_for_anybody(library: Library) -> None:
    with loopback.serving(page) as server, pytest.raises(FetchError, match="private address"):
        library.add([f"{server.url}/lamps.html"], index=False)
    assert server.log == []


def test_ids_on_standard_input(tmp_path: Path) -> None:
    env = {"BROADSHEET_HOME": str(tmp_path / "home"), "BROADSHEET_PRIVATE": "127.0.0.1"}
    with loopback.serving(page) as server:
        text = f"Read these! <{server.url}/own.html> and {server.url}/lamps.html, please."
        done = CliRunner(env=env).invoke(cli, ["add", "-", "--json"], input=text, catch_exceptions=False)
    with pytest.raises(Mistake, match="standard input: no id and no address in it"):
        CliRunner(env=env).invoke(cli, ["add", "-"], input="no id here", catch_exceptions=False)
    assert [file["new"] for file in json.loads(done.stdout)["files"]] == [1, 1]

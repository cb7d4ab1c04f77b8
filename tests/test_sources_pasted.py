"""Ids as people paste them; and `add` with ids, asked of services on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import loopback
from broadsheet.errors import Mistake, NotFound
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
    assert groups == {"arxiv": ["2101.00001"], "crossref": ["10.1000/x", "10.18653/v1/p19-1001"], "pubmed": ["7"]}
    assert set(groups) == set(lookups())
    with pytest.raises(Mistake, match="openreview:AbCd1234: no source here looks up such an id"):
        pasted.by_source(["arxiv:2101.00001", "openreview:AbCd1234"])


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
    with pytest.raises(Mistake, match="openalex:w2741809807: no source here"):
        library.add(["2101.00001", "W2741809807"])
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

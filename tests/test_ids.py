"""Identifiers: every spelling of one becomes one string, and no two become the same by accident."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import ids

SPELLINGS = {
    "arxiv:2101.00001": [
        "2101.00001",
        "2101.00001v3",
        "arXiv:2101.00001",
        "ARXIV: 2101.00001v12",
        " arxiv:arxiv:2101.00001 ",
        "hf:2101.00001",
        "https://arxiv.org/abs/2101.00001",
        "http://www.arxiv.org/pdf/2101.00001v2.pdf",
        "arxiv.org/abs/2101.00001",
        "https://arxiv.org/html/2101.00001v1",
        "https://ar5iv.org/abs/2101.00001?utm_source=x#S1",
        "10.48550/arXiv.2101.00001",
        "https://doi.org/10.48550/ARXIV.2101.00001",
        "https://huggingface.co/papers/2101.00001",
        "https://export.arxiv.org/abs/2101.00001/",
        "https://www.alphaxiv.org/overview/2101.00001",
    ],
    "arxiv:0704.0001": ["0704.0001", "arXiv:0704.0001v1"],
    "arxiv:math/0601001": [
        "math/0601001",
        "arXiv:math.GT/0601001v2",
        "https://arxiv.org/abs/math/0601001",
        "Math/0601001",
    ],
    "arxiv:hep-th/9901001": ["hep-th/9901001v1", "http://arxiv.org/abs/hep-th/9901001"],
    "doi:10.1000/abc.d(1)": [
        "10.1000/ABC.d(1)",
        "doi:10.1000/abc.d(1)",
        "DOI: 10.1000/abc.d(1).",
        "https://doi.org/10.1000/abc.d(1)",
        "http://dx.doi.org/10.1000/ABC.D%281%29",
        "doi.org/10.1000/abc.d(1)",
        "doi:https://doi.org/10.1000/abc.d(1)",
    ],
    "acl:P19-1001": [
        "P19-1001",
        "p19-1001",
        "acl:P19-1001",
        "https://aclanthology.org/P19-1001.pdf",
        "https://www.aclweb.org/anthology/P19-1001/",
    ],
    "acl:2020.acl-main.1": [
        "2020.acl-main.1",
        "2020.ACL-main.1v2",
        "https://aclanthology.org/2020.acl-main.1/",
        "aclanthology.org/2020.acl-main.1.bib",
    ],
    "openalex:w2741809807": [
        "W2741809807",
        "openalex:W2741809807",
        "https://openalex.org/W2741809807",
        "https://openalex.org/works/w2741809807",
    ],
    "pmid:12345": ["pmid:12345", "PMID: 0012345", "https://pubmed.ncbi.nlm.nih.gov/12345/"],
    "url:https://example.org/a?id=1": [
        "http://Example.org/a?id=1",
        "https://www.example.org/a/?utm_source=feed&id=1#top",
        "https://example.org:443/a?id=1",
    ],
    "id:corl2022-x": ["id:corl2022-x", "id: corl2022-x"],
}


@pytest.mark.parametrize(("one", "spelling"), [(one, text) for one, texts in SPELLINGS.items() for text in texts])
def test_every_spelling_of_one_id(one: str, spelling: str) -> None:
    assert ids.parse(spelling) == one
    assert ids.own(spelling) == one


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "corl2022-x",
        "12345",
        "2101.001",
        "2101.000011",
        "10.1/x",
        "10.1000/",
        "arxiv:",
        "doi:none",
        "id:",
        "a b",
        "hep-th/99010011",
        "https://",
        "ftp://example.org/a",
        "https://nodot/a",
        "https://[bad",
        "https://e.org:port/",
        "W12",
        "pmid:0",
        "pmid:12a",
    ],
)
def test_no_id_at_all(text: str) -> None:
    assert ids.parse(text) is None


@given(st.text(max_size=40))
def test_anything_is_an_id_of_its_own_and_stays_it(text: str) -> None:
    one = ids.own(text)
    assert ids.parse(text) in (one, None)
    assert ids.own(one) == one or not text.strip()
    assert ids.own(ids.shown(one)) == one or not text.strip()


@given(st.sampled_from([text for texts in SPELLINGS.values() for text in texts]), st.text("/?#&=%.:vV0 a", max_size=6))
def test_canonical_ids_are_fixed_points(text: str, tail: str) -> None:
    one = ids.parse(text + tail)
    assert one is None or ids.parse(one) == one


@given(st.sampled_from(["arxiv:2101.00001", "id:2101.00001", "id:x", "doi:10.1000/x", "url:https://e.org/a", "t:00"]))
def test_what_is_shown_leads_back(one: str) -> None:
    assert ids.own(ids.shown(one)) == one


def test_a_files_own_id_is_shown_bare_when_nothing_else_is_meant() -> None:
    assert ids.shown("id:corl2022-x") == "corl2022-x" and ids.shown("id:2101.00001") == "id:2101.00001"
    assert ids.shown("arxiv:2101.00001") == "arxiv:2101.00001"


def test_the_best_id_does_not_depend_on_order() -> None:
    several = ["url:https://e.org/a", "doi:10.1000/b", "arxiv:2101.00001", "doi:10.1000/a", "zzz:unknown"]
    assert ids.best(several) == ids.best(reversed(several)) == "arxiv:2101.00001"
    assert (
        ids.best(["zzz:unknown", "t:00"]) == "t:00" and ids.best(["doi:10.1000/b", "doi:10.1000/a"]) == "doi:10.1000/a"
    )


def test_a_title_hash_tells_works_apart_and_stays_the_same_for_ever() -> None:
    assert ids.of_title("a title", "byron", 2020) == "t:af5b6c173ceb86ac0e45"
    assert len({ids.of_title("a title", author, year) for author in ("", "byron") for year in (None, 2020)}) == 4


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("https://example.org:8080/a", "https://example.org:8080/a"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/ä", "https://example.org/%C3%A4"),
        ("https://example.org", "https://example.org"),
        ("https://example.org/?ref=x", "https://example.org"),
        ("https://me:secret@example.org/a", "https://example.org/a"),
    ],
)
def test_addresses(address: str, one: str) -> None:
    assert ids.url(address) == one and ids.url(one) == one

"""The record: built clean, merged without loss in any order, written and read back."""

from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.paper import NOWHERE, SCALARS, TRUST, Origin, Paper, make, merge
from broadsheet.store import encode
from broadsheet.store.codec import decode
from broadsheet.text import clean

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.sampled_from(("Ada Byron", "Bob Babbage", "Müller, J.", "李 明"))
URLS = st.sampled_from(("https://arxiv.org/abs/2001.00001", "https://example.org/a", "https://doi.org/10.1000/x"))


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Papers that have much in common, so that their values meet."""
    return make(
        draw(st.sampled_from(("arxiv", "acl", "jsonl", "bibtex", "pages", "manual"))),
        draw(st.sampled_from(("A title", "A Title", "Another, longer title")) | TEXT.filter(clean)),
        at=draw(st.sampled_from(("", "2020", "2020-05-01", "2024-01-01T00:00:00+00:00"))),
        ids=draw(st.lists(st.sampled_from(("id:a", "arxiv:2001.00001", "doi:10.1000/x", "acl:P20-1001")), max_size=3)),
        abstract=draw(st.sampled_from(("", "Short.", "Somewhat longer.")) | TEXT),
        authors=draw(st.lists(NAMES, max_size=3)),
        year=draw(st.sampled_from((None, 2019, 2020))),
        date=draw(st.sampled_from(("", "2020", "2020-05-01"))),
        venue=draw(st.sampled_from(("", "V", "Venue"))),
        categories=draw(st.lists(st.sampled_from(("cs.CL", "cs.AI", "math.CO")), max_size=3)),
        keywords=draw(st.lists(st.sampled_from(("Search", "search", "SEARCH", "Ärzte", "ärzte")), max_size=3)),
        links=draw(st.dictionaries(st.sampled_from(("page", "pdf", "code")), URLS, max_size=3)),
        licence=draw(st.sampled_from(("", "CC-BY-4.0"))),
        version=draw(st.sampled_from((None, 1, 2))),
        citations=draw(st.sampled_from((None, 0, 12))),
        extra=draw(
            st.dictionaries(st.sampled_from(("track", "status")), st.sampled_from(("main", "Oral")), max_size=2)
        ),
    )


@given(papers(), papers(), papers())
def test_merge_is_idempotent_commutative_and_associative(a: Paper, b: Paper, c: Paper) -> None:
    ab = merge(a, b)
    assert merge(a, a) == a and merge(ab, ab) == ab
    assert ab == merge(b, a)
    assert merge(ab, a) == ab == merge(ab, b)
    assert merge(ab, c) == merge(a, merge(b, c))


@given(st.lists(papers(), min_size=1, max_size=4))
def test_any_order_of_merging_gives_one_paper(copies: list[Paper]) -> None:
    assert len({reduce(merge, order) for order in permutations(copies)}) == 1


@given(papers(), papers())
def test_merge_loses_no_field(a: Paper, b: Paper) -> None:
    merged = merge(a, b)
    for one in (a, b):
        assert set(one.ids) <= set(merged.ids) and set(one.categories) <= set(merged.categories)
        assert {word.casefold() for word in one.keywords} <= {word.casefold() for word in merged.keywords}
        assert (
            dict(one.links).keys() <= dict(merged.links).keys() and dict(one.extra).keys() <= dict(merged.extra).keys()
        )
    for name in SCALARS:
        value = getattr(merged, name)
        assert value in (getattr(a, name), getattr(b, name))
        assert value not in ("", None, ()) or getattr(a, name) == getattr(b, name)


@given(papers(), papers())
def test_every_value_of_a_merged_paper_says_where_it_is_from(a: Paper, b: Paper) -> None:
    merged = merge(a, b)
    origins = dict(merged.provenance)
    said = {name for name in SCALARS if getattr(merged, name) not in ("", None, ())}
    said |= {f"links.{kind}" for kind, _ in merged.links} | {f"extra.{name}" for name, _ in merged.extra}
    assert origins.keys() == said
    assert set(merged.sources) <= set(a.sources) | set(b.sources)
    for name in set(SCALARS) & said:
        assert any(
            dict(one.provenance).get(name) == origins[name] and getattr(one, name) == getattr(merged, name)
            for one in (a, b)
        )


def test_the_more_trusted_source_wins_then_the_later_word_then_the_longer_value() -> None:
    def venue(source: str, at: str, value: str) -> Paper:
        return make(source, "T", at=at, ids=["id:a"], venue=value)

    assert TRUST["acl"] > TRUST["arxiv"]
    assert merge(venue("acl", "2001", "ACL"), venue("arxiv", "2024", "arXiv preprint")).venue == "ACL"
    assert merge(venue("arxiv", "2001", "Longer"), venue("arxiv", "2002", "New")).venue == "New"
    assert merge(venue("a", "", "ACL"), venue("b", "", "ACL 2020")).venue == "ACL 2020"
    assert merge(venue("acl", "", ""), venue("pages", "", "V")).venue == "V", "nothing is no answer"


def test_zero_citations_are_a_value() -> None:
    counted = make("a", "T", ids=["id:a"], citations=0)
    assert merge(counted, make("b", "T", ids=["id:a"])).citations == 0 and "citations" in dict(counted.provenance)


def test_values_without_provenance_survive_a_merge() -> None:
    bare = Paper("T", ("id:a",), venue="V")
    merged = merge(bare, make("x", "T", ids=["id:a"], year=2020))
    assert (merged.venue, merged.year) == ("V", 2020) and dict(merged.provenance)["venue"] == NOWHERE


@given(papers(), papers())
def test_a_paper_is_written_and_read_back(a: Paper, b: Paper) -> None:
    for paper in (a, merge(a, b), Paper("T", ("id:a",), venue="V")):
        assert Paper.from_dict(paper.to_dict()) == paper
        assert decode(encode(paper)) == paper


def test_the_stored_form_is_short_and_readable() -> None:
    paper = make("jsonl", "Zürich", at="2024", ids=["id:a"], year=2020, authors=["A B"], citations=0)
    assert encode(paper) == (
        '{"title":"Zürich","ids":["id:a"],"authors":["A B"],"year":2020,"citations":0,"from":["jsonl","2024"]}'
    )
    assert encode(merge(paper, make("acl", "Zürich", ids=["id:a"], venue="V"))).endswith(
        '"from":[["jsonl","2024",["authors","citations","year"]],["acl","",["title","venue"]]]}'
    )


def test_make_cleans_and_finds_ids_in_links() -> None:
    paper = make(
        "x", " A\u200b\ttitle\x00 ", authors=["", " Ada  Byron "], keywords=["b", "B", ""], categories=["z", "a", "z"],
        links={"page": "https://arxiv.org/abs/2101.00001v3", "pdf": "https://example.org/a.pdf", "code": ""},
        extra={"track": " main ", "none": ""}, abstract="two\nlines",
    )  # fmt: skip
    assert (paper.title, paper.authors, paper.abstract) == ("A title", ("Ada Byron",), "two lines")
    assert (paper.keywords, paper.categories, paper.extra) == (("B",), ("a", "z"), (("track", "main"),))
    assert paper.ids == ("arxiv:2101.00001",) and paper.link("code") == paper.more("none") == ""
    assert paper.more("track") == "main" and paper.first_author == "byron" and paper.sources == ("x",)
    assert dict(paper.provenance)["links.pdf"] == Origin("x", "")


def test_a_paper_without_id_gets_one_from_what_distinguishes_it() -> None:
    ids = {make("x", title, authors=names, year=year).ids for title, names, year in (
        ("A Title", ["Ada Byron"], 2020), ("a  {title}", ["Byron, A."], 2020),
        ("A Title", ["Ada Byron"], 2021), ("A Title", [], 2020), ("B Title", ["Ada Byron"], 2020),
    )}  # fmt: skip
    assert len(ids) == 4 and all(one.startswith("t:") and len(one) == 22 for (one,) in ids)


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        (["arxiv:2101.00001", "doi:10.1/x", "id:mine"], "mine"),
        (["doi:10.1000/x", "arxiv:2101.00001"], "arxiv:2101.00001"),
        (["url:https://e.org/a", "t:00", "acl:P20-1001"], "acl:P20-1001"),
        (["id:2101.00001"], "id:2101.00001"),  # without its scheme it would look like another id
    ],
)
def test_the_key_of_a_paper(ids: list[str], key: str) -> None:
    assert make("x", "T", ids=ids).key == key

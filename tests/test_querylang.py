"""What a person types becomes a question: nothing typed is an error, and what was understood can be typed again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.condition import And, Is, Not, Or, Term
from broadsheet.errors import Mistake
from broadsheet.query import MAX_LIMIT, MAX_OFFSET, MAX_WORDS, Filters, Query
from broadsheet.querylang import MAX_TEXT, parse, year_span

UNDERSTOOD = {
    "": Query(),
    "   \t\n ": Query(),
    "graph neural networks": Query(words="graph neural networks"),
    "  Graph\tNEURAL\n networks ": Query(words="Graph NEURAL networks"),
    '"exact phrase" and more': Query(words="and more", phrases=("exact phrase",)),
    "“curly quotes” too": Query(words="too", phrases=("curly quotes",)),
    'tight"phrase here"words': Query(words="tight words", phrases=("phrase here",)),
    '"same" "same" twice': Query(words="twice", phrases=("same",)),
    '"" empty quotes': Query(words="empty quotes"),
    "cats -dogs": Query(words="cats", without=("dogs",)),
    'cats -"big dogs" -birds': Query(words="cats", without=("big dogs", "birds")),
    "state-of-the-art": Query(words="state-of-the-art"),
    '"big dogs"-cats"and"author:x': Query(
        phrases=("big dogs", "and"), without=("cats",), filters=Filters(authors=("x",))
    ),
    "a - b": Query(words="a - b"),
    "-": Query(words="-"),
    "author:hinton": Query(filters=Filters(authors=("hinton",))),
    'au:"geoffrey hinton" nets': Query(words="nets", filters=Filters(authors=("geoffrey hinton",))),
    "AUTHOR:Hinton Author:LeCun": Query(filters=Filters(authors=("Hinton", "LeCun"))),
    "venue:ACL cat:cs.CL source:arxiv": Query(
        filters=Filters(venues=("ACL",), categories=("cs.CL",), sources=("arxiv",))
    ),
    "cats -author:hinton": Query(words="cats", where=(Not(Term("hinton", "author")),)),
    "-year:2020": Query(where=(Not(Is("year", "2020")),)),
    "a AND b": Query(where=(Term("a"), Term("b"))),
    "+a b": Query(words="b", where=(Term("a"),)),
    "x a OR b AND c y": Query(words="x y", where=(Or((Term("a"), And((Term("b"), Term("c"))))),)),
    "x (a OR b) AND -c": Query(words="x", without=("c",), where=(Or((Term("a"), Term("b"))),)),
    "(a b) c": Query(words="a b c"),
    "(a b) OR c": Query(where=(Or((And((Term("a"), Term("b"))), Term("c"))),)),
    "NOT (a b)": Query(where=(Not(And((Term("a"), Term("b")))),)),
    "NOT NOT a": Query(where=(Term("a"),)),
    "venue:A NOT NOT venue:B": Query(where=(Is("venue", "B"),), filters=Filters(venues=("A",))),
    "a OR (b OR c)": Query(where=(Or((Term("a"), Term("b"), Term("c"))),)),
    "O(n log n)": Query(words="O n log n"),
    "SE(3)-Equivariant fields": Query(words="SE 3 Equivariant fields"),
    "f(x OR y)": Query(words="f", where=(Or((Term("x"), Term("y"))),)),
    "(a b)-c": Query(words="a b c"),
    "+OR -+x": Query(phrases=("OR",), where=(Not(Term("+x", "", "phrase")),)),
    "transf* A* nets": Query(words="A* nets", where=(Term("transf", "", "prefix"),)),
    'title:nets title:"deep nets" ti:dee*': Query(
        where=(Term("nets", "title"), Term("deep nets", "title", "phrase"), Term("dee", "title", "prefix"))
    ),
    "title:(a OR b)": Query(where=(Or((Term("a", "title"), Term("b", "title"))),)),
    "author:a AND author:b": Query(where=(Term("a", "author"), Term("b", "author"))),
    "venue:acl* has:code added:7d": Query(filters=Filters(venues=("acl*",), has=("code",), added="7d")),
    "venue:A OR venue:B": Query(where=(Or((Is("venue", "A"), Is("venue", "B"))),)),
    "cats doi:10.1016/S0140-6736(20)30183-5": Query(
        words="cats", where=(Is("id", "doi:10.1016/s0140-6736(20)30183-5"),)
    ),
    "like:2101.00001 -like:made nets": Query(words="nets", like=("arxiv:2101.00001",), unlike=("id:made",)),
    "NOT like:made nets": Query(words="nets", unlike=("id:made",)),
    "-(like:made NOT like:well) nets": Query(words="nets", unlike=("id:made",), like=("id:well",)),
    '-"cats"': Query(where=(Not(Term("cats", "", "phrase")),)),
    "in:saved nets": Query(words="nets", where=(Is("in", "saved"),)),
    "author: hinton": Query(words="author: hinton"),
    "co-author:x": Query(words="co-author:x"),
    "year:2021": Query(filters=Filters(2021, 2021)),
    "year:2019..2021": Query(filters=Filters(2019, 2021)),
    "year:2021-2019": Query(filters=Filters(2019, 2021)),
    "year:2019..": Query(filters=Filters(year_from=2019)),
    "year:..2021 cats": Query(words="cats", filters=Filters(year_to=2021)),
    "https://arxiv.org/abs/2101.00001v2": Query(lookup="arxiv:2101.00001"),
    "doi:10.5555/MADE.7": Query(lookup="doi:10.5555/made.7"),
    'id:"some name"': Query(lookup="id:some name"),
    "pmcid:PMC0012345": Query(lookup="pmcid:12345"),
    '"" 2101.00001': Query(lookup="arxiv:2101.00001"),
    "about 2101.00001": Query(words="about 2101.00001"),
    "doi: 10.5555/made.7": Query(lookup="doi:10.5555/made.7"),
    "t: a typed language": Query(words="t: a typed language"),
    "ſource:x": Query(words="ſource:x"),
    "图神经网络 🦜": Query(words="图神经网络 🦜"),
    "nul\x00 and \ud800 and \u202eright": Query(words="nul and and right"),
}
NOTED = {
    'never "closed quote': ("quotation mark", Query(words="never", phrases=("closed quote",))),
    '"': ("quotation mark", Query()),
    "year:soon cats": ("year:soon", Query(words="year:soon cats")),
    "year:0999": ("year:0999", Query(words="year:0999")),
    "year:2999..3000": ("year:2999..3000", Query(words="year:2999..3000")),
    'year:"two words"': ("year:two words", Query(phrases=("two words",))),
    'cats year:""': ("is no year", Query(words="cats")),
    "year:2020 year:2021": ("last one", Query(filters=Filters(2021, 2021))),
    "added:-7d": ("added:-7d", Query(words="added:-7d")),
    "has:cod": ("did you mean has:code?", Query(words="has:cod")),
    "autor:hinton": ("did you mean author:?", Query(words="autor:hinton")),
    "like:made OR b": ("OR joins conditions", Query(words="b", like=("id:made",))),
    "cats AND": ("At character 6: “AND” has nothing after it", Query(words="cats")),
    "OR cats": ("“OR” has nothing before it", Query(words="cats")),
    "a AND OR b": ("“AND” has nothing after it", Query(where=(Or((Term("a"), Term("b"))),))),
    "cats NOT": ("“NOT” has nothing after it", Query(words="cats")),
    "(cats": ("“(” is never closed", Query(words="cats")),
    "cats)": ("“)” closes nothing", Query(words="cats")),
    "pmcid:0001 cats": ("is no pmcid identifier", Query(words="0001 cats")),
    "doi:-12 cats": ("is no doi identifier", Query(words="cats", phrases=("-12",))),
    "doi:12 cats": ("is no doi identifier", Query(words="12 cats")),
    "(" * 900 + "cats" + ")" * 900: ("40 deep", Query(words="cats")),
    "word " * 100: (f"first {MAX_WORDS}", Query(words=" ".join(["word"] * MAX_WORDS))),
    "x" * 10_000: (f"{MAX_TEXT:,} characters", Query(words="x" * MAX_TEXT)),
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_understood(text: str) -> None:
    query = parse(text)
    assert query == UNDERSTOOD[text]
    assert query.notes == ()


@pytest.mark.parametrize("text", NOTED)
def test_understood_with_a_note(text: str) -> None:
    said, query = NOTED[text]
    assert parse(text) == query
    assert len(parse(text).notes) == 1
    assert said in parse(text).notes[0]


def test_filters_from_elsewhere_are_joined_to_those_in_the_text() -> None:
    given_ = Filters(year_from=2000, venues=("ACL",), authors=("hinton",))
    query = parse("year:1990..2010 author:lecun author:hinton cats", filters=given_)
    assert query.words == "cats"
    assert query.filters == Filters(2000, 2010, venues=("ACL",), authors=("lecun", "hinton"))


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(Mistake) as wrong:
        parse("cats", sort="best", limit=0, offset=-1)  # type: ignore[arg-type]
    said = str(wrong.value)
    assert "sort is 'best'; it must be one of relevance, new, old, cited, rising" in said
    assert f"limit is 0; it must be a whole number from 1 to {MAX_LIMIT}" in said
    assert f"offset is -1; it must be a whole number from 0 to {MAX_OFFSET:,}" in said


@pytest.mark.parametrize(("limit", "offset"), [(MAX_LIMIT + 1, 0), (10, MAX_OFFSET + 1), (-5, 0)])
def test_out_of_range(limit: int, offset: int) -> None:
    with pytest.raises(Mistake):
        parse("cats", limit=limit, offset=offset)


def test_the_ends_of_the_ranges_are_in_range() -> None:
    query = parse("cats", limit=MAX_LIMIT, offset=MAX_OFFSET, sort="cited", explain=True)
    assert (query.limit, query.offset, query.sort, query.explain) == (MAX_LIMIT, MAX_OFFSET, "cited", True)


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("2021", (2021, 2021)), ("2021..", (2021, None)), ("..2021", (None, 2021)), ("2024..2021", (2021, 2024)),
        ("2021–2024", (2021, 2024)), ("", None), ("..", None), ("21", None), ("20211", None), ("2021...2024", None),
        ("-2021", (None, 2021)), ("20212024", None), ("now", None),
    ],
)  # fmt: skip
def test_years(value: str, span: tuple[int | None, int | None] | None) -> None:
    assert year_span(value) == span


# Text made of what the language gives a meaning to, and of anything at all.
_PIECES = st.one_of(
    st.sampled_from(
        '" “ ” - -- -a -" : .. a b cats 2021 author: AU: venue: category: cat: source: year: year:2021 year:1..2 '
        'AND OR NOT + ( ) +a -( title:( title:a abs:"a b" tra* A* has:code has:x added:7d added:x like:b -like:b in:c '
        'author:(a in:"a(b" title:b* venue:v* id:a(b) id:a(b doi:10.1/x(y)z +author:q '
        'author:"a b" -author:x "p q" 2101.00001 doi:10.1/x id:made t: W12345 https://a.org/b?c ſource:x'.split(" ")
    ),
    st.text(max_size=4),
)


@st.composite
def typed(draw: st.DrawFn) -> str:
    glue = st.sampled_from(["", " ", " ", "  ", "\t"])
    return "".join(part + draw(glue) for part in draw(st.lists(_PIECES, max_size=10)))


@given(typed())
def test_what_was_understood_can_be_typed_again(text: str) -> None:
    once = parse(text)
    again = parse(once.canonical())
    assert again == once
    assert again.canonical() == once.canonical()


@given(st.text(max_size=3000), st.integers(), st.integers())
def test_any_text_and_numbers_raise_nothing_but_mistakes(text: str, limit: int, offset: int) -> None:
    query = parse(text)
    assert len(query.words.split(" ")) <= MAX_WORDS
    try:
        assert parse(text, limit=limit, offset=offset) == replace(query, limit=limit, offset=offset)
    except Mistake:
        assert not (1 <= limit <= MAX_LIMIT and 0 <= offset <= MAX_OFFSET)

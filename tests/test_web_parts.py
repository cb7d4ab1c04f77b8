"""The small pure parts of the web: plots, dates, references, addresses."""

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import cite, latex
from broadsheet.paper import Paper, make
from broadsheet.query import Signal
from broadsheet.web import dates, plots, urls

# -- plots -------------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.integers(1500, 2100), st.integers(1, 10**6), max_size=60))
def test_bars_count_every_paper_once_and_are_few(years: dict[int, int]) -> None:
    bars = plots.bars(years)
    assert sum(bar.count for bar in bars) == sum(years.values())
    assert len(bars) <= plots.MOST_BARS + 1
    for one, two in pairwise(bars):
        assert one.high + 1 == two.low


def test_histogram_links_every_year_and_lights_the_chosen() -> None:
    svg = plots.histogram({2001: 1, 2003: 4}, "/s?a&year=", (2002, 2003))
    assert re.findall(r'href="([^"]+)"', svg) == [f"/s?a&amp;year={y}" for y in (2001, 2002, 2003)]
    assert re.findall(r'aria-label="(20[^"]+)"( class="on")?', svg) == [
        ("2001: 1 paper", ""), ("2002: 0 papers", ' class="on"'), ("2003: 4 papers", ' class="on"'),
    ]  # fmt: skip
    assert "Papers by year, 2001 to 2003; most in 2003: 4" in svg


def test_one_year_is_no_histogram() -> None:
    assert plots.histogram({2001: 5}, "/") == ""
    assert plots.histogram({}, "/") == ""


def test_parts_fill_the_bar_in_proportion() -> None:
    signals = [Signal("text", 1, 0.7, 0.6, "a"), Signal("meaning", 0.5, 0.3, 0.2, "b"), Signal("new", 0, 0.1, 0.0, "c")]
    svg = plots.parts(signals)
    assert re.findall(r'class="(p\d)" x="([\d.]+)" y="0" width="([\d.]+)"', svg) == [
        ("p0", "0.0", "75.0"), ("p1", "75.0", "25.0"),
    ]  # fmt: skip
    assert 'class="p1"' in plots.key("meaning")
    assert "<rect" not in plots.parts([])


# -- dates -------------------------------------------------------------------------------------------------------------

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("iso", "words"),
    [
        ("2026-11-20", "today"), ("2026-11-19T08:00:00Z", "yesterday"), ("2026-11-15", "5 days ago"),
        ("2026-11-01", "1 November 2026"), ("2026-12-24", "24 December 2026"), ("2024-05", "May 2024"),
        ("2024", "2024"), ("2024-13-01", "2024-13-01"), ("soon", "soon"), ("", ""),
    ],
)  # fmt: skip
def test_dates_as_a_newspaper_writes_them(iso: str, words: str) -> None:
    assert dates.shown(iso, TODAY) == words


def test_dateline() -> None:
    assert dates.dateline(TODAY) == "Friday 20 November 2026"


# -- references --------------------------------------------------------------------------------------------------------

AWKWARD = make(
    "test", "Fast & 100% {safe} $x^2$", ids=["doi:10.1000/x"], authors=["Zoë Ångström", "B. Reed"], year=2021,
    venue="Journal of Things", date="2021-05-01", keywords=["a"], links={"page": "https://example.org/x", "pdf": "https://example.org/x.pdf"},
)  # fmt: skip


def test_bibtex_of_an_awkward_paper() -> None:
    assert cite.bibtex(AWKWARD) == (
        "@article{angstrom2021fast,\n"
        "  title = {{Fast \\& 100\\% {safe} $x^2$}},\n"
        "  author = {Zoë Ångström and B. Reed},\n"
        "  journal = {Journal of Things},\n"
        "  year = {2021},\n"
        "  doi = {10.1000/x},\n"
        "  url = {https://example.org/x},\n"
        "}\n"
    )


def test_ris_of_an_awkward_paper() -> None:
    lines = cite.ris(AWKWARD).splitlines()
    assert lines[0] == "TY  - JOUR"
    assert lines[-1] == "ER  - "
    assert {"AU  - Zoë Ångström", "AU  - B. Reed", "DO  - 10.1000/x", "DA  - 2021/05/01", "KW  - a"} <= set(lines)


@given(st.text(st.sampled_from(list("ab{}\\%&#$_ \n")), min_size=1, max_size=30))
def test_bibtex_braces_always_balance(title: str) -> None:
    paper = make("test", title, ids=["id:x"])
    entry = cite.bibtex(paper)
    depth = 0
    for character in entry:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0


def test_a_reference_keeps_what_the_file_said_of_it() -> None:
    extra = {
        "cite_key": "notes_1843",
        "type": "JOUR",
        "volume": "3",
        "number": "2",
        "start_page": "666",
        "end_page": "731",
    }
    paper = make("test", "Notes", ids=["id:x"], authors=["Ada Lovelace"], year=1843, venue="Memoirs", extra=extra)
    assert cite.bibtex(paper) == (
        "@article{notes_1843,\n  title = {{Notes}},\n  author = {Ada Lovelace},\n  journal = {Memoirs},\n"
        "  year = {1843},\n  volume = {3},\n  number = {2},\n  pages = {666--731},\n}\n"
    )
    assert {"TY  - JOUR", "VL  - 3", "IS  - 2", "SP  - 666", "EP  - 731"} <= set(cite.ris(paper).splitlines())
    other = make("test", "Notes", ids=["id:x"], venue="Journal Club", extra={"type": "inproceedings", "pages": "1–9"})
    assert "@inproceedings" in cite.bibtex(other) and "pages = {1--9}" in cite.bibtex(other)
    assert cite.cite_key(make("test", "Notes", ids=["id:x"], extra={"cite_key": "a}b"})) == "anonymousnotes"


def test_a_paper_with_nothing_but_a_title_has_a_key() -> None:
    assert cite.cite_key(Paper("The of", ("id:x",))) == "anonymous"
    assert cite.bibtex(Paper("שלום", ("id:x",))).startswith("@misc{anonymous,")


@pytest.mark.parametrize(
    ("paper", "sentence"),
    [
        (AWKWARD, "Zoë Ångström and B. Reed (2021). Fast & 100% {safe} $x^2$. Journal of Things. https://doi.org/10.1000/x"),
        (make("t", "Is it so?", ids=["arxiv:2101.00001"], authors=list("ABCDEFG"), year=2020, venue="Letters",
              extra={"volume": "3", "number": "2", "start_page": "4", "end_page": "9"}),
         "A, B, C, D, E, F et al. (2020). Is it so? Letters, 3(2), 4–9. https://arxiv.org/abs/2101.00001"),
        (make("t", "Lamps", ids=["id:x"], authors=list("ABCDEF")), "A, B, C, D, E and F. Lamps."),
        (make("t", "Lamps", ids=["id:x"], year=1920, links={"pdf": "https://example.org/x.pdf"}),
         "Lamps (1920). https://example.org/x.pdf"),
        (make("t", "Lamps", ids=["id:x"], authors=["Ann Lee Jr."], extra={"number": "3"}), "Ann Lee Jr. Lamps."),
    ],
)  # fmt: skip
def test_a_reference_as_a_sentence(paper: Paper, sentence: str) -> None:
    assert cite.sentence(paper) == sentence


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("quill24", "/paper/quill24"),
        ("arxiv:hep-th/9901001", "/paper/arxiv:hep-th/9901001"),
        ("url:https://example.org/a?b=1&c=%20#d", "/paper/url:https://example.org/a%3Fb=1%26c=%2520%23d"),
        ('x"><y>', "/paper/x%22%3E%3Cy%3E"),
    ],
)
def test_paper_addresses(key: str, address: str) -> None:
    assert urls.paper(key) == address


def test_a_phrase_is_quoted_and_a_word_is_not() -> None:
    assert urls.phrase("dense retrieval") == "/search?q=%22dense+retrieval%22"
    assert urls.phrase("BERT") == "/search?q=BERT"


def test_long_text_is_left_as_it_is() -> None:
    assert latex.plain("\\alpha" + "x" * latex.MAX_TEXT) == "\\alpha" + "x" * latex.MAX_TEXT

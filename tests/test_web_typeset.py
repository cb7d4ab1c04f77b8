"""Titles as they come: LaTeX made readable, formulas drawn, matches marked, and never a tag that is not ours."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet import latex
from broadsheet.query import Marked, Span
from broadsheet.web import mathml, typeset

READS = [
    (r"Fr\'echet means", "Fréchet means"),
    (r"Schr\"odinger and H\"{o}lder", "Schrödinger and Hölder"),
    (r"{\'E}t{\'e}, {\'Et\'e} and \v{C}ech", "Été, Été and Čech"),
    (r"na\"{\i}ve, Erd\H{o}s, \c{c}a", "naïve, Erdős, ça"),
    (r"{\em not} so \emph{fast}", "not so fast"),
    (r"100\% of R\&D, a\_b", "100% of R&D, a_b"),
    ("``quoted'' --- pages 3--5", "“quoted” — pages 3–5"),
    ("see Section~3, about ~10x", "see Section\u00a03, about ~10x"),
    (r"\ell_1-regularised, \alpha^2", "ℓ₁-regularised, α²"),
    (r"O(n\log(n)) with \sqrtT regret", "O(n log(n)) with √T regret"),
    (r"\sqrt{d} and \frac{a}{b}", "√(d) and (a)/(b)"),
    ("{BERT} and the set {a, b}", "BERT and the set {a, b}"),
    (r"as \citet[p. 3]{quill2020} and \href{https://example.org/}{others} say", "as [quill2020] and others say"),
    (r"\begin{itemize} \item one \end{itemize}", " • one "),
    (r"an \unknowncommand of theirs", "an unknowncommand of theirs"),
    ("costs $5 here and $7 there", "costs $5 here and $7 there"),
    ("from $5K to 10K$CAD a piece", "from $5K to 10K$CAD a piece"),
    ("54.4%$that is only points lower than others$ here", "54.4%$that is only points lower than others$ here"),
    ("under \\$2,000 today, not \\$3,000", "under $2,000 today, not $3,000"),
    ("$O(n^2)$ and \\(x<y\\) and $$\\alpha$$", "O(n²) and x<y and α"),
    ("top-$k$ by $\\tilde{O}(\\sqrt{T})$", "top-k by O(√(T))"),
    ("O(n^2) for 10^6 of R^{-1}, a^b", "O(n²) for 10⁶ of R⁻¹, a^b"),
    (r"\sqrt{d^2T} words", "√(d²T) words"),
    ("no LaTeX, a' and b'' stay", "no LaTeX, a' and b'' stay"),
    ("a lone } and $360^{", "a lone } and $360^{"),
]


@pytest.mark.parametrize(("raw", "read"), READS, ids=[read[:24] for _, read in READS])
def test_reads_as_a_person_would_write_it(raw: str, read: str) -> None:
    assert latex.plain(raw) == read


class _Tags(HTMLParser):
    """The tags and attributes of a text, and its characters without them; fails on a tag that is not closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.lit: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if "mark" in self.open:
            self.lit.append(data)


OURS = {"mark", "span", "math"} | {
    "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "msub", "msup", "msubsup", "munder", "mover", "munderover",
    "mfrac", "msqrt", "mroot", "mstyle", "mpadded", "mphantom", "mmultiscripts", "mprescripts", "none", "menclose",
}  # fmt: skip

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    r"$\text{<script>alert(1)</script>}$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{background:url(//evil.example)}{x}$",
    r"$\class{x\" onmouseover=\"y}{z}$",
    r"$\mbox{</math><script>x</script>}$",
    r"$x_{\textcolor{\"><script>}{y}}$",
    r"$\unicode{x3c}script\unicode{x3e}$",
    "$&lt;script&gt; x^2$",
    r"\emph{<b onclick=x>}",
    r"\href{javascript:x}{<i>}",
    r"\'<b>",
    "&lt;b&gt; &amp;amp; &#60;script&#62;",
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_hostile_text_is_text(raw: str) -> None:
    for html in (typeset.typeset(raw), typeset.marked(Marked(raw, (Span(1, 6), Span(8, len(raw)))))):
        seen = _Tags(html)
        assert seen.tags <= OURS
        assert not seen.attributes & {"href", "style", "onclick", "onerror", "onmouseover", "src"}


def test_formulas_become_mathml() -> None:
    html = typeset.typeset(r"A bound of $\mathcal{O}(n^{2})$ steps")
    assert html.startswith("A bound of <math><mrow>")
    assert "<msup><mi>n</mi>" in html
    assert html.endswith("</math> steps")


@pytest.mark.parametrize(
    "raw", [r"\frac", "{" * 30 + "}" * 30, r"\def\x{\x\x}\x", r"\begin{matrix}a\end{matrix}", "x" * 500]
)
def test_what_cannot_be_drawn_is_refused(raw: str) -> None:
    assert mathml.render(raw) is None


def test_a_formula_that_cannot_be_drawn_is_shown_as_text() -> None:
    assert typeset.typeset(r"so $x^{2}_\frac$ it is") == 'so <span class="tex">x²_</span> it is'


MARKS = [
    (Marked("plain words here", (Span(6, 11),)), "plain <mark>words</mark> here"),
    (Marked("R&D <fast>", (Span(0, 3), Span(5, 9))), "<mark>R&amp;D</mark> &lt;<mark>fast</mark>&gt;"),
    (Marked(r"a Fr\'echet mean", (Span(2, 11),)), "a <mark>Fréchet</mark> mean"),
    (Marked(r"a Fr\'echet mean", (Span(6, 11),)), "a Fr<mark>échet</mark> mean"),
    (Marked(r"{\em deep} nets", (Span(5, 9),)), "<mark>deep</mark> nets"),
    (Marked("past the end", (Span(9, 99),)), "past the <mark>end</mark>"),
    (Marked("two together", (Span(0, 3), Span(3, 12))), "<mark>two together</mark>"),
    (Marked("", (Span(0, 3),)), ""),
]


@pytest.mark.parametrize(("given_text", "html"), MARKS)
def test_marks_survive_the_typesetting(given_text: Marked, html: str) -> None:
    assert typeset.marked(given_text) == html


def test_a_mark_inside_of_a_formula_marks_all_of_it() -> None:
    html = typeset.marked(Marked(r"an $n \log n$ sort", (Span(7, 10),)))
    assert re.fullmatch(r"an <mark><math>.*</math></mark> sort", html)


_AWKWARD = [
    "$", "$", "\\", "{", "}", "_", "^", "&", "<", ">", '"', "'", "`", "~", "--", " ", "a", "1", "é", "x^2", "price",
    r"\frac", r"\sqrt", r"\'", r"\emph{", r"\(", r"\)", r"\[", r"\]", "<b>", "&amp;", "{\\em ", r"\text{", r"\cite{",
    "\x00",
]  # fmt: skip
_TEXTS = st.lists(st.sampled_from(_AWKWARD) | st.text(max_size=4), max_size=40).map("".join)


@given(_TEXTS, st.lists(st.integers(0, 90), max_size=8))
@example("$" * 40, [])
@example(r"\'{\'{\'{a}}}", [1, 4])
def test_any_text_is_typeset_without_an_error_or_a_strange_tag(text: str, cuts: list[int]) -> None:
    edges = sorted(set(cuts))
    spans = tuple(Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))
    html = typeset.marked(Marked(text, spans))
    seen = _Tags(html)
    assert seen.tags <= OURS
    # Marks change nothing but marks.
    assert re.sub(r"</?mark>", "", html) == typeset.typeset(text)


@given(_TEXTS)
def test_pieces_cover_the_text_without_a_gap(text: str) -> None:
    pieces = latex.pieces(text)
    assert [p.start for p in pieces] == [0, *(p.end for p in pieces[:-1])][: len(pieces)]
    assert not pieces or pieces[-1].end == len(text)
    for piece in pieces:
        assert piece.kind != "text" or piece.shown == text[piece.start : piece.end]


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\\$~{`-"), max_size=60),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_what_is_marked_is_what_the_span_says(text: str, a: int, b: int) -> None:
    low, high = min(a, b), max(a, b)
    seen = _Tags(typeset.marked(Marked(text, (Span(low, high),))))
    assert "".join(seen.lit) == text[low:high].replace("\r", "\r")


@pytest.mark.parametrize(
    "raw",
    [
        "$" * 20_000,
        "\\(" * 10_000,
        "{" * 20_000,
        r"\sqrt" * 4_000,
        r"\'" * 10_000,
        "$x_" + "{y_" * 6_000 + "$",
        r"\cite[" * 3_000,
        "``" * 10_000,
        "a--" * 6_000,
        "$a$ " * 5_000,
        r"\href{" * 3_000,
        "x" * 2_000_000,
    ],
    ids=lambda raw: raw[:6],
)
def test_long_and_nested_text_takes_no_time(raw: str) -> None:
    start = time.process_time()
    _Tags(typeset.typeset(raw))
    assert time.process_time() - start < 5  # takes far less than 1 s; quadratic would take minutes


_FORMULAS = [
    "a", "b", "2", "{", "}", "_", "^", " ", "&", "'", "<", "[", "]", "(", r"\\", r"\frac", r"\left", r"\right",
    r"\sqrt", r"\over", r"\binom", r"\text{<b>}", r"\not", r"\big", r"\limits", r"\mathbb", r"\color",
]  # fmt: skip


@given(st.lists(st.sampled_from(_FORMULAS), max_size=60).map("".join))
def test_any_formula_is_drawn_or_refused(raw: str) -> None:
    drawn = mathml.render(raw)
    assert drawn is None or _Tags(drawn).tags <= OURS

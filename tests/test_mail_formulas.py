"""Mathematics in letters: HTML of a few harmless tags, and never anything else, whatever a title holds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import latex
from broadsheet.mail import formulas

TAGS = {"i", "b", "sub", "sup"}
SHOWN = [
    (r"in $O(n \log n)$ time", "in <i>O</i>(<i>n</i>\u2009log\u2009<i>n</i>) time"),
    (r"the $\ell_1$-ball of $\mathbb{R}^d$", "the ℓ<sub>1</sub>-ball of ℝ<sup><i>d</i></sup>"),
    (r"$x_{i+1} = x_i - \eta \nabla f(x_i)$",
     "<i>x</i><sub><i>i</i>+1</sub> = <i>x</i><sub><i>i</i></sub> − η∇<i>f</i>(<i>x</i><sub><i>i</i></sub>)"),
    (r"$\frac{1}{2}$, $\frac{a+b}{c}$, $\sqrt{d}$, $\sqrt{ab}$",
     "1/2, (<i>a</i> + <i>b</i>)/<i>c</i>, √<i>d</i>, √(<i>ab</i>)"),
    (r"$\hat{\theta} \le \mathbf{w}^\top$", "θ̂ ≤ <b>w</b><sup>⊤</sup>"),
    (r"$\mathcal{O}(\sqrtT)$", "<i>O</i>(√<i>T</i>)"),
    (r"${\rm SO}(3)$, $\text{top } k$, $\operatorname{rank} A$", "SO(3), top <i>k</i>, rank<i>A</i>"),
    (r"$K \subset \mathbb{F}_q$, $\{0, 1\}^n$", "<i>K</i> ⊂ 𝔽<sub><i>q</i></sub>, {0, 1}<sup><i>n</i></sup>"),
    (r"$a<b$ & <i>not</i>", "<i>a</i> &lt; <i>b</i> &amp; &lt;i&gt;not&lt;/i&gt;"),
    (r"$x''$ and $\left(x\right)$ and $\unknown{y}$", "<i>x</i>′′ and (<i>x</i>) and unknown<i>y</i>"),
    (r"costs $5, then $10", "costs $5, then $10"),
    (r"Fr\'echet, \emph{so} 30\%", "Fréchet, so 30%"),
    ("nothing to set", "nothing to set"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "html"), SHOWN)
def test_a_formula_in_a_line(source: str, html: str) -> None:
    assert formulas.html(source) == html


@pytest.mark.parametrize("source", ["$" + "{" * 12 + "x^{2}" + "}" * 12 + "$", "$x^2 " + "+ y " * 110 + "$"])
def test_what_is_too_deep_or_too_long_is_text(source: str) -> None:
    assert "<" not in formulas.html(source)


_AWKWARD = st.lists(
    st.sampled_from(["$", "\\", "{", "}", "_", "^", "<b>", "&", "'", " ", "x", "2", r"\frac", r"\sqrt", r"\hat", r"\rm",
                     r"\mathbb", r"\text{", r"\left", r"\log", "\\(", "\\)", "é", "=", "\x00", "\\\\"])
    | st.text(max_size=3),
    max_size=40,
).map("".join)  # fmt: skip


@given(_AWKWARD)
def test_any_text_gives_tags_that_are_ours_and_closed(text: str) -> None:
    for html in (formulas.html(text), formulas.formula(text)):
        held = []
        for close, name in re.findall(r"<(/?)([^<>]*)>", html):
            assert name in TAGS
            if not close:
                held.append(name)
            else:
                assert held.pop() == name
        assert held == []
        assert "<" not in re.sub(r"</?[a-z]+>", "", html)


@given(st.text(max_size=300), st.integers(5, 60))
def test_a_beginning_is_no_longer_than_it_may_be(text: str, limit: int) -> None:
    clipped = latex.clipped(text, limit)
    assert clipped == text or len(latex.plain(clipped)) <= limit + 2


def test_no_formula_is_cut_in_two() -> None:
    text = r"We bound it by $O(n^{2} \log n)$ for every $\epsilon > 0$ and never more than that"
    assert latex.clipped(text, 20) == "We bound it by…"
    assert latex.clipped(text, 30) == r"We bound it by $O(n^{2} \log n)$…"
    assert latex.clipped(text, 200) == text

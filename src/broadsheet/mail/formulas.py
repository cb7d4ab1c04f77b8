r"""Titles and summaries with mathematics, in HTML that every mail program shows: ``<i>``, ``<sub>``, ``<sup>``.

Mail programs draw no MathML, and pictures of formulas tell who looked at them. So a formula is one line: variables
slanted, indices and powers in their places, a fraction with a slash. The plain text of a letter has `latex.plain`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape, unescape

from markupsafe import Markup

from broadsheet import latex, symbols

KEPT = 16_384  # texts that are remembered: what the letters of a day share
MAX_DEPTH = 8  # braces inside braces; deeper ones are shown as plain text
_TOKEN = re.compile(
    r"\\(?P<command>[A-Za-z]+)\*?\s?|\\(?P<escaped>.)|(?P<script>[_^])|(?P<open>\{)|(?P<close>\})|(?P<prime>'+)"
    r"|(?P<letters>[^\W\d_])|(?P<number>\d+(?:[.,]\d+)*)|(?P<space>[\s~]+)|(?P<other>.)",
    re.DOTALL,
)
_SPACED = frozenset("=<>≤≥≠≪≫≈≡∼≃∝∈∉⊂⊆⊃⊇→←⇒⇐↔↦≳≲∣∥⊥")
_SIGNS = {"-": "−", "*": "∗", "&": " ", "$": "", "%": "%"}
_BETWEEN = frozenset("+−±∓×∗·÷∪∩∧∨⊕⊗")  # spaced where something stands before them
_UPRIGHT = frozenset("text mathrm textrm mbox hbox operatorname mathsf mathtt texttt textsf textnormal url".split())
_BOLD = frozenset("mathbf textbf boldsymbol bm".split())
_DECLARED = frozenset("rm sf tt bf sc".split())  # until the group ends
_SET = {"{": "{", "}": "}", ",": "\u2009", ";": " ", ":": " ", " ": " ", "\\": " "}
_FRACTION = frozenset(("frac", "tfrac", "dfrac", "cfrac"))
_ACCENTS = {"hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
            "overline": "\u0304", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308"}  # fmt: skip
_SIZES = frozenset("left right big Big bigg Bigg bigl bigr Bigl Bigr displaystyle textstyle limits nolimits".split())
_SCRIPTED = re.compile(r"<(su[bp])>.*?</\1>")
_TAG = re.compile(r"<[^>]*>")
_BLACKBOARD = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ", "E": "𝔼", "F": "𝔽"}


def html(text: str) -> Markup:
    """*text* for a letter. Pure; never raises."""
    return Markup(_html(text)) if latex.suspect(text) else Markup(escape(text))


@lru_cache(maxsize=KEPT)
def _html(text: str) -> str:
    shown = (formula(one.shown) if one.kind == "math" else escape(one.shown) for one in latex.pieces(text))
    return "".join(shown)


def formula(source: str) -> str:
    """One formula, given without its delimiters, as HTML."""
    if len(source) > latex.MAX_MATH or _depth(source) > MAX_DEPTH:
        return escape(latex.formula(source))
    shown = _Reader(source).group(inside=False).strip()
    return re.sub(r" {2,}", " ", shown)


def _depth(source: str) -> int:
    deepest = depth = 0
    for sign in source:
        depth += (sign == "{") - (sign == "}")
        deepest = max(deepest, depth)
    return deepest


class _Reader:
    """One pass over a formula; each method takes what it is named for and gives its HTML."""

    def __init__(self, source: str) -> None:
        self._tokens: Iterator[re.Match[str]] = _TOKEN.finditer(source)
        self._next = next(self._tokens, None)
        self._small = False  # inside an index or a power nothing is spaced

    def _take(self) -> re.Match[str] | None:
        token, self._next = self._next, next(self._tokens, None)
        return token

    def group(self, *, inside: bool = True, upright: bool = False) -> str:
        """All to the closing brace (*inside*), or to the end."""
        out: list[str] = []
        while (token := self._take()) is not None:
            if token["close"]:
                if inside:
                    break
            elif token["command"] in _DECLARED:
                upright = True
            elif shown := self._one(token, upright):
                out.append(self._apart(shown, out[-1] if out else ""))
        return "".join(out).replace("</i><i>", "")

    def _apart(self, shown: str, before: str) -> str:
        """*shown* with the space that it has after *before*."""
        if self._small or not before or before[-1] in " \u2009([{/":
            return shown
        if shown in _BETWEEN:
            return f" {shown} "
        return f"\u2009{shown}" if shown.rstrip("\u2009") in symbols.FUNCTIONS else shown

    def _argument(self, *, upright: bool = False) -> str:
        """What a command or a script is about: the next group, or the next sign."""
        while self._next is not None and self._next["space"]:
            self._take()
        if self._next is None or self._next["close"]:
            return ""
        token = self._take()
        return self._one(token, upright) if token is not None else ""

    def _one(self, token: re.Match[str], upright: bool) -> str:
        if token["open"]:
            return self.group(upright=upright)
        if token["command"]:
            return self._command(token["command"], upright)
        if token["script"]:
            return self._script(token["script"])
        if token["space"]:
            return " " if upright else ""
        if token["escaped"]:
            return escape(_SET.get(token["escaped"], "" if token["escaped"] == "!" else token["escaped"]))
        if token["prime"]:
            return "′" * len(token["prime"])
        if token["letters"]:
            return escape(token[0]) if upright else f"<i>{escape(token[0])}</i>"
        return self._sign(_SIGNS.get(token[0], token[0]) if not upright else token[0])

    def _script(self, sign: str) -> str:
        tag = "sub" if sign == "_" else "sup"
        before, self._small = self._small, True
        inner = self._argument()
        self._small = before
        return f"<{tag}>{inner}</{tag}>" if inner else ""

    def _sign(self, sign: str) -> str:
        if not self._small and sign in _SPACED:
            return f" {escape(sign)} "
        return f"{sign} " if not self._small and sign in ",:;" else escape(sign)

    def _command(self, name: str, upright: bool) -> str:
        if name not in symbols.KNOWN and name not in _SIZES and (glued := symbols.GLUED.match(name)):
            return self._styled(glued[0], name[glued.end() :])
        if name in _SIZES:
            return ""
        if name in _FRACTION:
            return f"{_held(self._argument())}/{_held(self._argument())}"
        if name in symbols.ARGUMENT:
            return self._styled(name, None)
        if name in symbols.SIGNS:
            return self._sign(symbols.SIGNS[name])
        # A function, or a command that nobody knows: its name is better than nothing.
        gap = "" if self._next is None or upright or self._next[0][0] in "({[_^}" else "\u2009"
        return f"{escape(name)}{gap}"

    def _styled(self, name: str, letters: str | None) -> str:
        """A command with an argument; *letters*: the argument, where braces were lost on the way to us."""
        upright = name in _UPRIGHT or name in _BOLD
        if letters is not None:
            inner = escape(letters) if upright else f"<i>{escape(letters)}</i>"
        else:
            inner = self._argument(upright=upright or name == "mathbb")
        if name == "sqrt":
            return f"√{_held(inner)}"
        if name == "mathbb":
            return "".join(_BLACKBOARD.get(sign, sign) for sign in inner)
        if name in _BOLD:
            return f"<b>{inner}</b>"
        if name in _ACCENTS and (bare := _TAG.sub("", inner)) and len(bare) == 1:
            return inner.replace(bare, bare + _ACCENTS[name])
        return inner


def _held(inner: str) -> str:
    """*inner* in brackets, unless it is one sign or one number."""
    bare = unescape(_TAG.sub("", _SCRIPTED.sub("", inner)))
    return inner if len(bare) <= 1 or bare.isdigit() else f"({inner})"

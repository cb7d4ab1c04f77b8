"""HTML, JATS and the like as plain text: tags go, words stay apart, mathematics stays readable."""

import re
from collections.abc import Callable
from html import unescape

# A tag, not the sign in "a < b" or "x<5": a letter or a slash must follow at once, and the tag must end.
_TAG = re.compile(r"</?[A-Za-z][\w.:-]*(?:\s[^<>]*)?/?>")
_BLOCK = re.compile(
    r"</?(?:\w+:)?(?:p|div|br|li|ul|ol|tr|td|th|h[1-6]|sec|title|label|list-item|list|disp-formula|blockquote|section)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def _pair(begin: str, end: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE)


# What a reader is never shown. Each is two patterns and not one with ".*?" between, which would read to the end of the
# text again for each beginning that has no end.
_DROPPED = (
    _pair("<!--", "-->"), _pair(r"<script\b", r"</script\s*>"), _pair(r"<style\b", r"</style\s*>"),
    _pair(r"<head\b", r"</head\s*>"),
)  # fmt: skip
# JATS and some feeds say a formula twice, as MathML and as TeX: the TeX is what people can read.
_TWICE = _pair(r"<(?:\w+:)?(?:math|mml)\b", r"</(?:\w+:)?(?:math|mml)>")
_TEX = _pair(r"<(?:\w+:)?tex-math\b[^<>]*>", r"</(?:\w+:)?tex-math>")
_DOCUMENT = _pair(r"\\begin\{document\}", r"\\end\{document\}")
_LABEL = re.compile(r"^\s*(?:abstract|summary)\s*[:.]?\s+(?=[A-Z])", re.IGNORECASE)


def plain(text: str) -> str:
    """*text* without its mark-up, references resolved; block tags become spaces, in-line ones nothing."""
    if "<" not in text and "&" not in text:
        return text
    if "&lt;" in text and "<" not in text:
        text = unescape(text)  # mark-up that was escaped once, as feeds do
    if "<" in text:
        for pair in _DROPPED:
            text = _between(text, pair, lambda inner: " ")
        if _TEX[0].search(text):
            text = _between(_between(text, _TWICE, lambda inner: ""), _TEX, _tex)
        text = _TAG.sub("", _BLOCK.sub(" ", text))
    return unescape(text)


def _between(text: str, pair: tuple[re.Pattern[str], re.Pattern[str]], change: Callable[[str], str]) -> str:
    """*text* with each stretch from a beginning to its end replaced by what *change* makes of its inside."""
    begin, end = pair
    out, place = [], 0
    while opened := begin.search(text, place):
        closed = end.search(text, opened.end())
        if closed is None:
            break
        out += [text[place : opened.start()], change(text[opened.end() : closed.start()])]
        place = closed.end()
    return "".join(out) + text[place:]


def _tex(formula: str) -> str:
    """The formula itself, out of the whole document that some publishers wrap each in."""
    opened = _DOCUMENT[0].search(formula)
    closed = _DOCUMENT[1].search(formula, opened.end()) if opened else None
    return (formula[opened.end() : closed.start()] if opened and closed else formula).strip()


def abstract(text: str) -> str:
    """`plain`, without a heading that only says that this is the abstract."""
    return _LABEL.sub("", plain(text), count=1)

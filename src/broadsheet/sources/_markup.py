"""HTML, JATS and the like as plain text: tags go, words stay apart, mathematics stays readable."""

import re
from html import unescape

# A tag, not the sign in "a < b" or "x<5": a letter or a slash must follow at once, and the tag must end.
_TAG = re.compile(r"</?(?:[A-Za-z][\w.:-]*)(?:\s[^<>]*)?/?>|<!--.*?-->", re.DOTALL)
_BLOCK = re.compile(
    r"</?(?:\w+:)?(?:p|div|br|li|ul|ol|tr|td|th|h[1-6]|sec|title|label|list-item|list|disp-formula|blockquote|section)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_DROP = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# JATS and some feeds say a formula twice, as MathML and as TeX: the TeX is what people can read.
_TWICE = re.compile(r"<(?:\w+:)?(?:math|mml)\b.*?</(?:\w+:)?(?:math|mml)>", re.IGNORECASE | re.DOTALL)
_TEX = re.compile(r"<(?:\w+:)?tex-math\b[^>]*>(.*?)</(?:\w+:)?tex-math>", re.IGNORECASE | re.DOTALL)
_DOCUMENT = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)
_LABEL = re.compile(r"^\s*(?:abstract|summary)\s*[:.]?\s+(?=[A-Z])", re.IGNORECASE)


def plain(text: str) -> str:
    """*text* without its mark-up, references resolved; block tags become spaces, in-line ones nothing."""
    if "<" not in text and "&" not in text:
        return text
    if "&lt;" in text and "<" not in text:
        text = unescape(text)  # mark-up that was escaped once, as feeds do
    if "<" in text:
        text = _DROP.sub(" ", text)
        if _TEX.search(text):
            text = _TEX.sub(lambda match: _tex(match[1]), _TWICE.sub("", text))
        text = _TAG.sub("", _BLOCK.sub(" ", text))
    return unescape(text)


def _tex(formula: str) -> str:
    """The formula itself, out of the whole document that some publishers wrap each in."""
    inner = _DOCUMENT.search(formula)
    return (inner[1] if inner else formula).strip()


def abstract(text: str) -> str:
    """`plain`, without a heading that only says that this is the abstract."""
    return _LABEL.sub("", plain(text), count=1)

r"""LaTeX in bibliographies to plain text: accents, letters, escapes and mark-up; mathematics between ``$`` stays.

Our own, not pylatexenc: there ``%`` starts a comment (so "50% of ..." would lose its end), unknown commands lose their
text, and thousands of nested braces overflow the stack. Here every step is one pass, and nothing is ever lost but
mark-up: an unknown ``\tool`` stays as ``tool``.
"""

import re
import unicodedata

_COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å",
    "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "ng": "ŋ", "dj": "đ", "DJ": "Đ",
    "textendash": "–", "textemdash": "—", "textquoteright": "’", "textquoteleft": "‘", "textasciitilde": "∼",
    "textregistered": "®", "texttrademark": "™", "textdegree": "°", "S": "§", "P": "¶", "dots": "…", "ldots": "…",
}  # fmt: skip
_ACCENT = re.compile(r"\\([`'^\"~=.])\s?(?:\{\s?\\?([A-Za-z])\s?\}|\\([ij])(?![A-Za-z])|([A-Za-z]))")
_NAMED_ACCENT = re.compile(r"\\([uvHcdbkr])(?:\s?\{\s?\\?([A-Za-z])\s?\}|\s\\?([A-Za-z]))")
_LETTER = re.compile(r"\\(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")(?![A-Za-z])(?:\{\}|\s)?")
_MATH = re.compile(r"((?<!\\)\$[^$]*(?<!\\)\$)")
_MARKUP = re.compile(
    r"\\(?:emph|text(?:bf|it|tt|sc|rm|sf|sl|up|md|normal)?|em|it|bf|tt|sc|rm|sf|sl|url|mbox|math(?:rm|bf|it|sf|tt)"
    r"|boldmath|bibinfo|enquote|ensuremath|uppercase|lowercase|MakeUppercase|noopsort|protect|relax)(?![A-Za-z])\s?"
)
_HREF = re.compile(r"\\href\s?\{[^{}]*\}\s?")
_ESCAPED = re.compile(r"\\([%&_#{}])")
_SPACED = re.compile(r"\\[ ,;:/!\\-]|~")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_OPEN, _CLOSE = "\ue000", "\ue001"  # stand for real braces while the grouping ones are taken away


def accents(text: str) -> str:
    r"""``Schr\"{o}dinger`` -> ``Schrödinger``; everything else as it is."""
    return _NAMED_ACCENT.sub(_composed, _ACCENT.sub(_composed, text))


def _composed(match: re.Match[str]) -> str:
    letter = next(part for part in match.groups()[1:] if part)
    return unicodedata.normalize("NFC", letter + _COMBINING[match[1]])


def to_text(text: str) -> str:
    """The text as it would be read, with mathematics left in its ``$``."""
    if not any(sign in text for sign in "\\{}~`") and "--" not in text and "''" not in text:
        return text
    pieces = _MATH.split(text)
    return "".join(piece if place % 2 else _plain(piece) for place, piece in enumerate(pieces))


def _plain(text: str) -> str:
    if "\\" in text:
        text = _LETTER.sub(lambda match: _LETTERS[match[1]], accents(text))
        text = _MARKUP.sub("", _HREF.sub("", text))
        text = _ESCAPED.sub(lambda match: {"{": _OPEN, "}": _CLOSE}.get(match[1], match[1]), text)
    text = _COMMAND.sub(r"\1", _SPACED.sub(" ", text))
    text = text.replace("{", "").replace("}", "").replace(_OPEN, "{").replace(_CLOSE, "}")
    text = text.replace("---", "—").replace("--", "–")
    return text.replace("``", "“").replace("''", "”")

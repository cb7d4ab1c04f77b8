"""One formula as MathML, made on the server by latex2mathml and checked here.

The converter is trusted with nothing: it copies ``\\text{<b>}``, ``\\href`` and ``\\style`` into its output, expands
macros without end and raises what it likes. So its tree, never its string, is taken; only known elements and
attributes are written, all text is escaped, and long, deep or defining input is refused beforehand.
"""

import re
from functools import lru_cache
from html import escape, unescape
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

from broadsheet import symbols
from broadsheet.latex import MAX_MATH

MAX_DEPTH = 16  # braces inside braces
MAX_ELEMENTS = 1_500  # of one formula: 400 characters of honest mathematics stay far below

_REFUSED = re.compile(
    r"\\(?:def|newcommand|renewcommand|newenvironment|DeclareMathOperator|let|href|url|style|class|unicode|verb|rule"
    r"|begin|end|includegraphics|require|raise|lower|move\w+|h?space|[hmk]?skip|m?kern)(?![A-Za-z])"
)
_ELEMENTS = frozenset(
    "math mrow mi mn mo ms mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mstyle "
    "mpadded mphantom mmultiscripts mprescripts none menclose".split()
)
_ATTRIBUTES = {
    "stretchy": ("true", "false"), "fence": ("true", "false"), "separator": ("true", "false"),
    "accent": ("true", "false"), "movablelimits": ("true", "false"), "linethickness": ("0", "0px"),
    "form": ("prefix", "postfix", "infix"), "mathvariant": ("normal", "bold", "italic", "bold-italic"),
    "displaystyle": ("true", "false"),
}  # fmt: skip
_SIZE = re.compile(r"-?\d?\.?\d{1,3}(?:em|ex)")
_SIZED = frozenset(("minsize", "maxsize", "width"))
# Commands that papers define for themselves, as what they nearly always mean.
_HOUSE = {
    "eps": r"\epsilon ", "R": r"\mathbb{R}", "N": r"\mathbb{N}", "Z": r"\mathbb{Z}", "bm": r"\boldsymbol",
    "cO": r"\mathcal{O}", "Tilde": r"\tilde", "ensuremath": "", "smash": "", "rm": "", "cal": "",
    "mathscr": r"\mathcal",
}  # fmt: skip
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_FONT = re.compile(r"\{\\(rm|bf|it|sf|tt|cal)\s+([^{}]*)\}")
_FONTS = {"rm": "mathrm", "bf": "mathbf", "it": "mathit", "sf": "mathsf", "tt": "mathtt", "cal": "mathcal"}


@lru_cache(maxsize=8_192)
def render(latex: str) -> str | None:
    """``<math>`` for a formula without delimiters; None when it cannot be drawn and should be shown as text."""
    if len(latex) > MAX_MATH or _REFUSED.search(latex) or _depth(latex) > MAX_DEPTH:
        return None
    try:
        root = convert_to_element(_repaired(latex))
        count = sum(1 for _ in root.iter())
        return _written(root) if count <= MAX_ELEMENTS else None
    except Exception:  # noqa: BLE001  a foreign parser, fed with whatever a title contains, raises anything
        return None


def _depth(latex: str) -> int:
    deepest = depth = 0
    for character in latex:
        if character == "{":
            depth += 1
            deepest = max(deepest, depth)
        elif character == "}":
            depth -= 1
    return deepest


def _repaired(latex: str) -> str:
    latex = _FONT.sub(lambda m: f"\\{_FONTS[m[1]]}{{{m[2]}}}", latex)
    return _COMMAND.sub(_house, latex.replace("%", r"\%").replace(r"\\%", r"\%"))


def _house(match: re.Match[str]) -> str:
    name = match[1]
    if name in _HOUSE:
        return _HOUSE[name]
    if name not in symbols.KNOWN and (glued := symbols.GLUED.match(name)):
        return f"\\{glued[0]}{{{name[glued.end() :]}}}"
    return match[0]


def _written(element: Element) -> str:
    """The element as markup: unknown elements lose their tags, unknown attributes are left out."""
    inner = escape(unescape(element.text or ""), quote=False)
    if element.tag in ("mi", "mtext") and inner.startswith("\\"):
        inner = inner[1:]  # a command nobody knows: its name is better than nothing
    inner += "".join(_written(child) for child in element)
    if element.tag not in _ELEMENTS:
        return inner
    kept = "".join(f' {name}="{value}"' for name, value in element.attrib.items() if _allowed(name, value))
    return f"<{element.tag}{kept}>{inner}</{element.tag}>"


def _allowed(name: str, value: str) -> bool:
    return value in _ATTRIBUTES.get(name, ()) or (name in _SIZED and _SIZE.fullmatch(value) is not None)

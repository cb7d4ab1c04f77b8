r"""LaTeX that strayed into titles and abstracts, as text that people can read. Pure, one pass, never raises.

Sources carry ``Fr\'echet``, ``{\em not}``, ``\%`` and ``$\ell_1$`` side by side with prices (``$5``) and sets
(``{a, b}``), so nothing is changed unless it looks like LaTeX. A text becomes a row of pieces that know which
characters of the source they stand for: highlights are found in the source and must survive the typesetting.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from broadsheet import symbols
from broadsheet.text import clip

MAX_TEXT = 20_000  # characters; a longer text is shown as it is
MAX_MATH = 400  # characters between two dollars; more is two prices far apart


class Piece(NamedTuple):
    """Characters [start, end) of the source and what to show for them.

    kind: ``text`` (shown as it is, may be cut anywhere), ``atom`` (*shown* stands for all of it) or ``math``
    (*shown* is LaTeX mathematics, without its delimiters).
    """

    start: int
    end: int
    kind: str
    shown: str


_SUSPECT = re.compile(r"[\\$~{]|``|--|\^\d")
_SPECIAL = re.compile(
    rf"""
    (?P<math> \$\$(?P<m1>[^$]{{1,{MAX_MATH}}})\$\$ | \$(?P<m2>(?:\\.|[^$\\]){{1,{MAX_MATH}}})\$
            | \\\((?P<m3>.{{1,{MAX_MATH}}}?)\\\) | \\\[(?P<m4>.{{1,{MAX_MATH}}}?)\\\] )
  | \\(?:(?P<mark>[`'^"~=.])\s?|(?P<mark2>[uvHckrdb])(?:\s|(?=\{{)))
    (?:\{{(?P<on1>\\?[A-Za-z])\}}|(?P<on2>\\[ij]\b|[A-Za-z]))
  | \\(?P<cite>cite[a-z]*|ref|eqref|label)\*?(?:\[[^\]]{{0,80}}\])*\{{(?P<keys>[^{{}}]{{0,200}})\}}
  | \\href\s?\{{[^{{}}]{{0,500}}\}}(?=\{{)
  | \\(?:begin|end)\{{[A-Za-z]+\*?\}}
  | \\(?P<command>[A-Za-z]+)\*?
  | \\(?P<escaped>[%&_\#${{}}\\,;:!\ /@-])
  | (?P<quote>``|''|(?<=[\w\s])---?(?=[\w\s]))
  | (?<=[\w)])\^(?:\{{(?P<power>[0-9+-]{{1,9}})\}}|(?P<power2>\d{{1,9}}))
  | (?<=[\w.,)])~(?=[\w\\$(])
  | (?P<open>\{{) | (?P<close>\}})
    """,
    re.VERBOSE,
)
_QUOTES = {"``": "“", "''": "”", "--": "–", "---": "—"}
_ESCAPED = {",": "\u2009", ";": " ", ":": " ", "!": "", " ": " ", "\\": " ", "/": "", "@": "", "-": ""}
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331",
}  # fmt: skip
_SCRIPT = re.compile(r"([_^])(?:\{([^{}]{1,12})\}|([A-Za-z0-9+\-*]))")
_BRACED_WORD = re.compile(r"\{[\w-]+\}")
_FORMULA = re.compile(r"[\\^_=<>+{}]")
_PROSE = re.compile(r"[^\W\d_]{4,}")


def suspect(text: str) -> bool:
    """Whether *text* may hold any LaTeX at all: nearly always it does not."""
    return _SUSPECT.search(text) is not None


def pieces(text: str) -> list[Piece]:
    """All of *text* in order, without gaps; joined, the pieces read as a person would write it."""
    if len(text) > MAX_TEXT or not suspect(text):
        return [Piece(0, len(text), "text", text)]
    return list(_Reader(text).read())


def formula_at(text: str, start: int, end: int) -> tuple[int, str] | None:
    """Where the formula that begins at *start* ends, its delimiters included, and what is between them."""
    match = _SPECIAL.match(text, start, end)
    if match is None or not match["math"]:
        return None
    body = match["m1"] or match["m2"] or match["m3"] or match["m4"]
    sure = match["m2"] is None
    return (match.end(), body.strip()) if sure or _is_formula(body, text[match.end() : match.end() + 1]) else None


class _Reader:
    """Where the one pass over a text is: what each open brace will become when it closes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.closers: list[str] = []
        self.quoted = "``" in text
        self.next_brace: tuple[str, str] | None = None  # what a command wants its argument's braces to be

    def read(self) -> Iterator[Piece]:
        done = position = 0
        while match := _SPECIAL.search(self.text, position):
            piece = self._piece(match)
            if piece is None:  # not LaTeX after all: one character on
                position = match.start() + 1
                self.next_brace = None
                continue
            if piece.start > done:
                yield Piece(done, piece.start, "text", self.text[done : piece.start])
            yield piece
            done = position = piece.end
        if done < len(self.text):
            yield Piece(done, len(self.text), "text", self.text[done:])

    def _piece(self, match: re.Match[str]) -> Piece | None:
        start, end = match.span()
        brace, self.next_brace = self.next_brace, None
        name = match.lastgroup or ""
        if match["math"]:
            found = formula_at(self.text, start, len(self.text))
            return Piece(start, end, "math", found[1]) if found else None
        if match["open"] or match["close"]:
            return self._brace(match, brace)
        if match["command"]:
            return self._command(match)
        if name in ("on1", "on2"):
            return _accented(match)
        return self._small(match)

    def _small(self, match: re.Match[str]) -> Piece | None:
        """Escapes, quotes, citations, ties: whatever needs nothing around it."""
        start, end = match.span()
        if match["cite"]:
            return Piece(start, end, "atom", f"[{match['keys']}]" if match["cite"].startswith("cite") else "")
        if match["escaped"]:
            return Piece(start, end, "atom", _ESCAPED.get(match["escaped"], match["escaped"]))
        if quote := match["quote"]:
            return None if quote == "''" and not self.quoted else Piece(start, end, "atom", _QUOTES[quote])
        if power := match["power"] or match["power2"]:
            return Piece(start, end, "atom", "".join(symbols.ABOVE[c] for c in power))
        if match[0].startswith("\\href"):
            self.next_brace = ("", "")
        return Piece(start, end, "atom", "\u00a0" if match[0] == "~" else "")

    def _brace(self, match: re.Match[str], wanted: tuple[str, str] | None) -> Piece | None:
        start, end = match.span()
        if match["close"]:
            closer = self.closers.pop() if self.closers else "}"
            if closer == "/":  # between the halves of a fraction
                self.next_brace = ("(", ")")
            return Piece(start, end, "atom", ")/" if closer == "/" else closer)
        if wanted is None:
            latex = self.text.startswith("\\", end) or _BRACED_WORD.match(self.text, start)
            wanted = ("", "") if latex else ("{", "}")
        self.closers.append(wanted[1])
        return Piece(start, end, "atom", wanted[0])

    def _command(self, match: re.Match[str]) -> Piece:
        """A command as its sign or its name; a formatting command as nothing, its braces dropped."""
        start, end = match.span()
        name = match["command"]
        if name not in symbols.KNOWN and (glued := symbols.GLUED.match(name)):
            name, end = glued[0], start + 1 + glued.end()  # "\sqrtT": braces were lost on the way to us
        if name in symbols.ARGUMENT:
            opener, closer = symbols.ARGUMENT[name]
            if self.text.startswith("{", end):
                self.next_brace = (opener, closer)
                return Piece(start, end, "atom", "")
            space = self.text.startswith(" ", end) and not opener
            return Piece(start, end + space, "atom", opener.rstrip("("))
        shown = symbols.SIGNS.get(name, name)
        if name in symbols.FUNCTIONS and self.text[start - 1 : start].isalnum():
            shown = f" {name}"
        if name in symbols.SIGNS and (script := _SCRIPT.match(self.text, end)):
            end, shown = script.end(), shown + _script(script)
        return Piece(start, end, "atom", shown)


def _accented(match: re.Match[str]) -> Piece:
    letter = (match["on1"] or match["on2"]).lstrip("\\")
    shown = unicodedata.normalize("NFC", letter + _ACCENTS[match["mark"] or match["mark2"]])
    return Piece(match.start(), match.end(), "atom", shown)


def _is_formula(body: str, after: str) -> bool:
    """Whether what stands between two dollars is mathematics and not the prose between two prices."""
    if after.isdigit() or not body.strip():
        return False
    if _FORMULA.search(body):
        return len(_PROSE.findall(re.sub(r"\\[A-Za-z]+(?:\{[^{}]*\})?", "", body))) <= 2
    if body[0].isspace() or body[-1].isspace() or len(body) > 40 or _PROSE.search(body):
        return False
    return not (body[0].isdigit() and " " in body)  # "$5K of 10K$"


def _script(match: re.Match[str]) -> str:
    """A sub- or superscript in Unicode where it has the characters, else as it was, in brackets when long."""
    table = symbols.BELOW if match[1] == "_" else symbols.ABOVE
    body = match[2] or match[3]
    if all(c in table for c in body):
        return "".join(table[c] for c in body)
    return f"{match[1]}({body})" if len(body) > 1 else f"{match[1]}{body}"


_SPACING = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits)(?![A-Za-z])")


def formula(latex: str) -> str:
    r"""A formula as one line of text, for a window's title or where it cannot be drawn: ``O(n²)``, ``ℓ₁``."""
    reader = _Reader(_SPACING.sub("", latex))
    shown = "".join(piece.shown for piece in reader.read())
    return re.sub(r"[{}\\$]", "", _SCRIPT.sub(_script, shown)).strip()


def plain(text: str) -> str:
    """*text* without any LaTeX, mathematics included."""
    if not suspect(text):
        return text
    return "".join(formula(piece.shown) if piece.kind == "math" else piece.shown for piece in pieces(text))


def clipped(text: str, limit: int) -> str:
    """The beginning of *text* that shows at most about *limit* characters, as source: no formula is cut in two."""
    if len(text) <= limit:
        return text
    room = limit
    for piece in pieces(text):
        shown = formula(piece.shown) if piece.kind == "math" else piece.shown
        if len(shown) > room:
            words = piece.shown[: max(room - 1, 0)].rpartition(" ")[0] if piece.kind == "text" else ""
            head = (text[: piece.start] + words).rstrip(" ,.;:")
            return f"{head}…" if head else clip(text, limit)
        room -= len(shown)
    return text

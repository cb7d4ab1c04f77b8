"""A title, snippet or abstract as safe HTML: LaTeX made readable, formulas drawn, matches marked.

Highlights are found in the source text; the typesetting moves characters about. So the text is split into pieces that
remember their place (`latex`), each piece is escaped or drawn by itself, and the marks go around whole pieces.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape

from markupsafe import Markup

from broadsheet import latex
from broadsheet.query import Marked, Span
from broadsheet.web import mathml

KEPT, KEPT_LENGTH = 4_096, 4_000  # texts that are remembered, and their most characters: some 50 MB at the very worst


def typeset(text: str) -> Markup:
    """*text* for a page, without marks."""
    return Markup(_html(text, ())) if latex.suspect(text) else Markup(escape(text))


def marked(text: Marked) -> Markup:
    """*text* for a page, with its spans in ``<mark>``. A span that touches a formula marks all of it."""
    return Markup(_html(text.text, tuple(text.spans)))


def _html(text: str, spans: tuple[Span, ...]) -> str:
    return _joined(text, spans) if len(text) <= KEPT_LENGTH else _joined.__wrapped__(text, spans)


@lru_cache(maxsize=KEPT)
def _joined(text: str, spans: tuple[Span, ...]) -> str:
    out: list[str] = []
    inside = False
    for html, lit in _lit(text, spans):
        if lit != inside:
            out.append("<mark>" if lit else "</mark>")
            inside = lit
        out.append(html)
    if inside:
        out.append("</mark>")
    return "".join(out)


def _lit(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, bool]]:
    """The text's parts as HTML and whether each is marked; parts that show nothing are left out."""
    for piece in latex.pieces(text):
        if piece.kind == "text":
            yield from _cut(text, piece.start, piece.end, spans)
        elif piece.shown:
            html = formula(piece.shown) if piece.kind == "math" else escape(piece.shown)
            yield html, any(span.start < piece.end and piece.start < span.end for span in spans)


def _cut(text: str, start: int, end: int, spans: Sequence[Span]) -> Iterator[tuple[str, bool]]:
    here = start
    for span in spans:
        low, high = max(span.start, here), min(span.end, end)
        if low >= high:
            continue
        if low > here:
            yield escape(text[here:low]), False
        yield escape(text[low:high]), True
        here = high
    if here < end:
        yield escape(text[here:end]), False


def formula(source: str) -> str:
    """One formula, given without its delimiters, as HTML."""
    return mathml.render(source) or f'<span class="tex">{escape(latex.formula(source))}</span>'

"""What readers write, as safe HTML: CommonMark without HTML, images and headings; mathematics as everywhere here.

Three walls: the parser knows no HTML and no address but http and https; nh3 (ammonia, Rust) takes the result apart and
keeps only what is listed here; and the content-security policy of every page runs nothing inline.
"""

import re
from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from broadsheet import latex
from broadsheet.text import clean_lines
from broadsheet.web import typeset

KEPT = 2_048  # texts whose HTML is remembered; of 10,000 characters each, some 60 MB
DEEPEST = 12  # lists in quotations in lists
MOST_FORMULAS = 100  # of one text; further ones are shown as they were written

TAGS = frozenset("a blockquote br code em hr li ol p pre s strong ul".split())
ATTRIBUTES = {"*": set[str](), "a": {"href"}, "ol": {"start"}}
# No entities: they would bring back the signs that `clean_lines` has taken out.
_RULES = (
    "backticks balance_pairs blockquote code emphasis escape fence fragments_join hr link autolink list newline "
    "strikethrough"
).split()
_ADDRESS = re.compile(r"https?://[^\s<>\"“”`]+", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_BEFORE = re.compile(r"(?<![\w/])(https?)$", re.IGNORECASE)
_HOLE = re.compile(
    "\ufdd0([0-9]+)\ufdd1"
)  # where a formula will stand: signs that no text has, `clean_lines` drops them


def html(text: str) -> Markup:
    """*text* for a page. Mathematics stands between dollars, or as ``\\(...\\)``."""
    return Markup(_html(clean_lines(text)))


@lru_cache(maxsize=KEPT)
def _html(text: str) -> str:
    formulas: list[str] = []
    cleaned = _CLEANER.clean(_PARSER.render(text, {"formulas": formulas}))
    return _HOLE.sub(lambda match: typeset.formula(formulas[int(match[1])]), cleaned).strip()


def _math(state: StateInline, silent: bool) -> bool:
    """A formula, before its underscores become emphasis."""
    if state.src[state.pos] not in "$\\":
        return False
    found = latex.formula_at(state.src, state.pos, state.posMax)
    formulas = state.env["formulas"]
    if found is None or len(formulas) >= MOST_FORMULAS:
        return False
    end, body = found
    if not silent:
        formulas.append(body)
        state.push("math", "", 0).meta = {"number": len(formulas) - 1}
    state.pos = end
    return True


def _bare(state: StateInline, silent: bool) -> bool:
    """An address that stands by itself: what follows ``http`` or ``https``, without the sentence around it."""
    if state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    before = _BEFORE.search(state.pending[-6:])  # ``https``, and the sign before it
    if before is None:
        return False
    start = state.pos - len(before[1])
    match = _ADDRESS.match(state.src, start, state.posMax)
    if match is None:
        return False
    address = match[0].rstrip(".,;:!?'*_~|")
    while address.endswith((")", "]", "}")) and address.count(address[-1]) > address.count(
        "([{"[")]}".index(address[-1])]
    ):
        address = address[:-1].rstrip(".,;:!?'*_~|")
    target = state.md.normalizeLink(address)
    if start + len(address) <= state.pos + 3 or not state.md.validateLink(target):
        return False
    if not silent:
        state.pending = state.pending[: -len(before[1])]
        state.push("link_open", "a", 1).attrs = {"href": target}
        state.push("text", "", 0).content = address
        state.push("link_close", "a", -1)
    state.pos = start + len(address)
    return True


def _hole(self: RendererHTML, tokens: list[Token], place: int, options: object, env: object) -> str:
    return f"\ufdd0{tokens[place].meta['number']}\ufdd1"


def _code(self: RendererHTML, tokens: list[Token], place: int, options: object, env: object) -> str:
    """Code without the name of a language, which nobody here would colour."""
    return f"<pre><code>{escape(tokens[place].content)}</code></pre>\n"


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802  # the library's name
        return _WEB.match(url) is not None

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        """As it was written: decoded, it could hold any sign."""
        return link


def _parser() -> MarkdownIt:
    made = _Parser("zero", {"html": False, "breaks": True, "maxNesting": DEEPEST})
    made.enable(_RULES)
    made.inline.ruler.before("escape", "math", _math)
    made.inline.ruler.before("link", "bare", _bare)
    made.add_render_rule("math", _hole)
    made.add_render_rule("fence", _code)
    return made


_PARSER = _parser()
_CLEANER = nh3.Cleaner(
    tags=set(TAGS), attributes=ATTRIBUTES, url_schemes={"http", "https"}, url_relative="deny",
    link_rel="nofollow ugc noopener", generic_attribute_prefixes=set(),
)  # fmt: skip

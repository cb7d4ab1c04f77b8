"""XML as a stream of the elements that somebody wants: constant memory, no entities of the file's own, no fetching.

Expat does the parsing. A document that declares entities is refused (the "billion laughs"), one that names an external
part is read without it. Characters that XML forbids are dropped and lying encodings are read as far as they can be:
repositories do send both. What came before a place that is not well-formed has been given.
"""

import codecs
import re
from collections.abc import Iterator
from html.entities import html5
from typing import BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from broadsheet.errors import SourceError
from broadsheet.sources._fields import WrongRecord

_CHUNK = 1 << 16
MAX_NODES = 1_000_000  # of one wanted element; the rest of it is left out, and it says so
MAX_TEXT = 32_000_000  # characters of one wanted element
MAX_DEPTH = 1_000  # elements in elements; expat keeps each open one in memory
MAX_TOKEN = 256  # pieces that one tag or comment may go on for: 16 MB, all of which expat holds

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(
    r"&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|d[89a-f][0-9a-f]{2}|fff[ef])|0*(?:[0-8]|1[124-9]|2\d|3[01]));", re.I
)
_BARE = re.compile(r"&(?!#\d{1,7};|#x[0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ROOT = re.compile(r"\s*<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)([^>]*)")
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[[^\]]*\][^>]*)?>)", re.DOTALL)
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "rot13"})
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Node:
    """One element: its local *tag*, its namespace *ns*, attributes by local name, and children: texts and nodes."""

    __slots__ = ("attrs", "children", "cut", "ns", "tag")

    def __init__(self, tag: str, ns: str, attrs: dict[str, str]) -> None:
        self.tag, self.ns, self.attrs = tag, ns, attrs
        self.children: list[str | Node] = []
        self.cut = False  # too large: the rest was left out

    def __iter__(self) -> Iterator["Node"]:
        """The child elements."""
        return (child for child in self.children if isinstance(child, Node))

    def all(self, tag: str) -> Iterator["Node"]:
        return (child for child in self if child.tag == tag)

    def find(self, *path: str) -> "Node | None":
        """The first element down a path of local names."""
        node: Node | None = self
        for tag in path:
            node = None if node is None else next(node.all(tag), None)
        return node

    def text(self, *path: str) -> str:
        """All the text below the first element down *path*, white space made one space; empty if it is not there."""
        node = self.find(*path) if path else self
        return " ".join("".join(node.pieces()).split()) if node is not None else ""

    def pieces(self) -> Iterator[str]:
        """The texts below, in order; not by recursion, since a file may be as deep as it likes."""
        stack: list[str | Node] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                yield item
            else:
                stack.extend(reversed(item.children))

    def deep(self, tag: str) -> Iterator["Node"]:
        """Every element of that name below, in order."""
        stack: list[Node] = list(self)[::-1]
        while stack:
            node = stack.pop()
            if node.tag == tag:
                yield node
            stack.extend(list(node)[::-1])

    def whole(self) -> "Node":
        """Itself. Raises WrongRecord when it was too large to be kept."""
        if self.cut:
            raise WrongRecord(f"larger than any paper (at most {MAX_TEXT:,} characters, {MAX_NODES:,} elements)")
        return self

    def raw(self, limit: int) -> bytes:
        """The element as XML again, at most *limit* bytes: to set aside."""
        out: list[str] = []
        size = 0
        stack: list[tuple[str | Node, str]] = [(self, "")]
        while stack and size < limit:
            item, outer = stack.pop()
            if isinstance(item, str):
                out.append(item)
            else:
                out.append(_open(item, outer))
                stack.append((f"</{item.tag}>", item.ns))
                stack += [(escape(c) if isinstance(c, str) else c, item.ns) for c in reversed(item.children)]
            size += len(out[-1])
        return "".join(out).encode(errors="replace")[:limit]


def _open(node: Node, outer: str) -> str:
    space = f" xmlns={quoteattr(node.ns)}" if node.ns != outer else ""
    given = "".join(f" {name}={quoteattr(value)}" for name, value in node.attrs.items())
    return f"<{node.tag}{space}{given}>"


def elements(
    stream: BinaryIO, names: frozenset[str], *, opens: frozenset[str] = frozenset(), repair: bool = False
) -> Iterator[Node]:
    """Each outermost element whose local name is in *names*, whole, one by one.

    Where an element begins whose name is in *opens*, and which holds wanted ones, comes a node ``#NAME`` with its
    attributes alone.
    *repair* also takes an ampersand that begins no reference for itself, as many feeds write it. Raises SourceError
    where the document is not well-formed, breaks off, or declares entities.
    """
    builder = _Builder(names, opens)
    parser = builder.parser
    place, still = 0, 0
    try:
        for text in _clean(stream, repair):
            parser.Parse(text, False)
            yield from builder.take()
            still = still + 1 if parser.CurrentByteIndex == place else 0
            place = parser.CurrentByteIndex
            if still > MAX_TOKEN:
                raise SourceError(f"one tag or comment of the XML is larger than {MAX_TOKEN * _CHUNK >> 20} MB")
        parser.Parse("", True)
    except expat.ExpatError as error:
        yield from builder.take()
        what = expat.errors.messages[error.code] if error.code in expat.errors.messages else str(error)
        raise SourceError(f"the XML is not well-formed at line {error.lineno} ({what})") from None
    yield from builder.take()


def root(head: bytes) -> tuple[str, str]:
    """The local name of a document's first element and the text of its attributes; empty if it is no XML."""
    text, place = decoded(head[: 1 << 15]).lstrip("\ufeff"), 0
    while before := _PROLOG.match(text, place):
        place = before.end()
    match = _ROOT.match(text, place)
    return (match[1], match[2]) if match else ("", "")


def decoded(data: bytes) -> str:
    """A piece of a document as text, by its mark or what it says of itself."""
    name, mark = _encoding(data)
    return codecs.decode(data[mark:], name, "replace")


def _encoding(head: bytes) -> tuple[str, int]:
    """The name of the encoding, and how many bytes its mark has."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    if head[:4] in (b"<\0?\0", b"<\0r\0"):
        return "utf-16-le", 0
    if head[:4] in (b"\0<\0?", b"\0<\0r"):
        return "utf-16-be", 0
    said = _ENCODING.match(head)
    try:
        name = codecs.lookup(said[1].decode()).name.replace("_", "-") if said else "utf-8"
        ascii_inside = b"<?xml".decode(name) == "<?xml"  # it says so in ASCII: a charset of another shape it is not
    except (LookupError, ValueError, TypeError, AttributeError):
        ascii_inside = False
    return (name if ascii_inside and name not in _NO_CHARSETS else "utf-8"), 0


def _clean(stream: BinaryIO, repair: bool) -> Iterator[str]:
    """The document as text that XML allows, without what it says about its encoding."""
    head = stream.read(_CHUNK)
    name, mark = _encoding(head)
    decoder = codecs.getincrementaldecoder(name)("replace")
    data, held = head[mark:], ""
    while data:
        text = held + decoder.decode(data)
        data = stream.read(_CHUNK)
        if data and (place := text.rfind("&", -40)) >= 0:
            text, held = text[:place], text[place:]  # a reference may go on in the next piece
        else:
            held = ""
        yield _allowed(text, repair)
    yield _allowed(held + decoder.decode(b"", True), repair)


def _allowed(text: str, repair: bool) -> str:
    text = _FORBIDDEN.sub("", text)
    if "&" in text:
        text = _REFERENCE.sub("", text)
        if repair:
            text = _BARE.sub("&amp;", text)
    return text


class _Builder:
    """Expat's callbacks: wanted elements become nodes, everything else is forgotten at once."""

    def __init__(self, names: frozenset[str], opens: frozenset[str]) -> None:
        self._names, self._opens = names, opens
        self._stack: list[Node] = []
        self._ready: list[Node] = []
        self._count = self._size = self._depth = 0
        parser = self.parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.ordered_attributes = False
        parser.UseForeignDTD(True)  # so that an unknown entity is skipped and not the end
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped
        parser.ExternalEntityRefHandler = lambda *_: 1

    def take(self) -> list[Node]:
        ready, self._ready = self._ready, []
        return ready

    def _start(self, name: str, attrs: dict[str, str]) -> None:
        ns, _, tag = name.rpartition(" ")
        stack = self._stack
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SourceError(f"the XML has elements in elements {MAX_DEPTH:,} deep")
        if not stack:
            if tag in self._names:
                self._count, self._size = 1, 0
                stack.append(Node(tag, ns, _local(attrs)))
            elif tag in self._opens:
                self._ready.append(Node(f"#{tag}", ns, _local(attrs)))
            return
        node = Node(tag, ns, _local(attrs))
        self._count += 1
        if self._count > MAX_NODES:
            stack[0].cut = True
        else:
            stack[-1].children.append(node)
        stack.append(node)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._stack:
            node = self._stack.pop()
            if not self._stack:
                self._ready.append(node)

    def _text(self, text: str) -> None:
        if self._stack:
            self._size += len(text)
            if self._size > MAX_TEXT:
                self._stack[0].cut = True
            else:
                self._stack[-1].children.append(text)

    def _skipped(self, name: str, parameter: bool) -> None:
        if not parameter:
            self._text(html5.get(f"{name};", ""))

    def _entity(self, *_: object) -> None:
        raise SourceError("the XML declares entities of its own, which no list of papers needs; it is not read")


def _local(attrs: dict[str, str]) -> dict[str, str]:
    return {name.rpartition(" ")[2]: value for name, value in attrs.items()} if attrs else {}

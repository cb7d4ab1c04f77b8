"""Canonical identifiers: every spelling of one identifier becomes one string.

A canonical id is ``scheme:value``, for example ``arxiv:2101.00001``, ``doi:10.1000/x``,
``acl:2020.acl-main.1``, ``openalex:w2741809807`` or ``url:https://example.org/a``. An id that a file
gave its own record has no scheme of its own: ``id:corl2022-x``, and shows as ``corl2022-x``.

Sources: arXiv's identifier scheme (info.arxiv.org/help/arxiv_identifier.html), the DOI handbook
(names are case-insensitive), RFC 3986 section 6 for URLs.
"""

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

# Which of a paper's ids names it. A file's own id comes first: the owner chose it, and links to it must
# keep working; a title hash is the last resort.
RANK = ("id", "arxiv", "doi", "acl", "pmid", "pmcid", "openreview", "dblp", "openalex", "s2", "hf", "oai", "url", "t")
_RANK = {scheme: place for place, scheme in enumerate(RANK)}

MAX_URL = 2_000  # characters; a database's index refuses keys of a few kilobytes

_ARXIV_NEW = re.compile(r"^(\d{4}\.\d{4,5})(?:v\d+)?$")
_ARXIV_OLD = re.compile(r"^([a-z][a-z-]*)(?:\.[A-Za-z-]{2,})?/(\d{7})(?:v\d+)?$", re.IGNORECASE)
_DOI = re.compile(r"^10\.\d{4,9}(?:\.\d+)*/\S+$")
_ACL = re.compile(r"^(?:[A-Z]\d{2}-\d{4,5}|\d{4}\.[a-z0-9_]+-[a-z0-9_]+\.\d+)(?:v\d+)?$", re.IGNORECASE)
_OPENALEX = re.compile(r"^w\d{4,}$", re.IGNORECASE)
_TRACKING = re.compile(r"^(?:utm_\w+|fbclid|gclid|mc_[ce]id|ref|ref_src)$")
_PREFIX = {name: re.compile(rf"(?:{name}:\s*)+", re.IGNORECASE) for name in ("arxiv", "acl", "openalex", "pmid", "hf")}
_DOI_PREFIX = re.compile(r"(?:doi:\s*|(?:https?://)?(?:dx\.)?doi\.org/)+", re.IGNORECASE)
_KNOWN_PATH = re.compile(r"(?:abs|pdf|html|format|papers|works|anthology|overview|articles|article/PMC|rec)/")
# An address that needs no quoting, so that parsing it whole would change nothing: nearly every one.
_PLAIN_URL = re.compile(
    r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)((?:/[\w/:@!$&'()*+,;=~.-]*)?)(?:\?([\w=&+,;:@/?!$'()*~.-]+))?", re.ASCII
)
_HOSTS = {
    "arxiv.org": "arxiv",
    "export.arxiv.org": "arxiv",
    "ar5iv.org": "arxiv",
    "alphaxiv.org": "arxiv",
    "doi.org": "doi",
    "dx.doi.org": "doi",
    "aclanthology.org": "acl",
    "aclweb.org": "acl",
    "openalex.org": "openalex",
    "api.openalex.org": "openalex",
    "pubmed.ncbi.nlm.nih.gov": "pmid",
    "huggingface.co": "hf",
    "pmc.ncbi.nlm.nih.gov": "pmcid",
    "europepmc.org": "pmcid",
    "dblp.org": "dblp",
    "openreview.net": "openreview",
}


def _bare(scheme: str, text: str) -> str:
    """*text* without the scheme's name before it, however often."""
    text = text.strip()
    return _PREFIX[scheme].sub("", text, count=1) if ":" in text and _PREFIX[scheme].match(text) else text


def arxiv(text: str) -> str | None:
    """``2101.00001`` from any spelling of a new or old arXiv id, version dropped; None if it is none."""
    text = _bare("arxiv", text).removesuffix(".pdf")
    if match := _ARXIV_NEW.match(text):
        return match[1]
    if match := _ARXIV_OLD.match(text):
        return f"{match[1].lower()}/{match[2]}"
    return None


def doi(text: str) -> str | None:
    """A DOI in lower case without resolver or prefix; None if *text* is none."""
    text = text.strip()
    if match := _DOI_PREFIX.match(text):
        text = text[match.end() :]
    text = unquote(text).strip().rstrip(".,;")
    return text.lower() if _DOI.match(text) else None


def acl(text: str) -> str | None:
    """An ACL Anthology id (old ``P19-1001`` upper case, new ``2020.acl-main.1`` lower case), or None."""
    text = _bare("acl", text).strip("/").removesuffix(".pdf").removesuffix(".bib")
    if not _ACL.match(text):
        return None
    text = re.sub(r"v\d+$", "", text)
    return text.upper() if text[0].isalpha() else text.lower()


def openalex(text: str) -> str | None:
    text = _bare("openalex", text)
    return text.lower() if _OPENALEX.match(text) else None


def pmid(text: str) -> str | None:
    text = _bare("pmid", text)
    return text.lstrip("0") if text.isascii() and text.isdigit() and text.strip("0") else None


def url(text: str) -> str | None:
    """An http(s) address made comparable: https, lower-case host without ``www.``, no fragment, no tracking."""
    text = text.strip()
    if match := _PLAIN_URL.fullmatch(text):
        host, path, query = match[1].removeprefix("www."), match[2], match[3]
        if "." in host and not (query and _tracked(query)):
            return _keepable(f"https://{host}{path.rstrip('/')}{'?' + query if query else ''}")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or "." not in host or re.search(r"[\s<>\"]", host):
        return None
    if port and port not in (80, 443):
        host = f"{host}:{port}"
    path = quote(unquote(parts.path, errors="replace"), safe="/:@!$&'()*+,;=~-._%").rstrip("/")
    query = parts.query
    if query and _tracked(query):
        query = urlencode([(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if not _TRACKING.match(k)])
    return _keepable(urlunsplit(("https", host, path, quote(query, safe="=&%+,;:@/?!$'()*~-._"), "")))


def _keepable(address: str) -> str | None:
    return address if len(address) <= MAX_URL else None


def _tracked(query: str) -> bool:
    return any(_TRACKING.match(part.partition("=")[0]) for part in query.split("&"))


def _hf(text: str) -> str | None:
    return arxiv(_bare("hf", text))


_PMCID = re.compile(r"(?:pmcid:\s*)?(?:PMC)?0*(\d{4,9})(?:\.\d+)?", re.IGNORECASE)
_OPENREVIEW = re.compile(r"[A-Za-z0-9_-]{8,12}")
_DBLP = re.compile(r"(?:rec/)?((?:conf|journals|books|phd|reference|series|tr)/[A-Za-z0-9_./+-]{1,150})")
_OAI = re.compile(r"[A-Za-z][A-Za-z0-9.-]{1,100}:[!-~]{1,200}")


def pmcid(text: str) -> str | None:
    """``PMC1234567`` as ``1234567``."""
    match = _PMCID.fullmatch(text.strip())
    return match[1] if match and not match[1].startswith("0") else None


def openreview(text: str) -> str | None:
    """The id of a forum, which is the paper's; upper and lower case differ."""
    text = text.strip()
    return text if _OPENREVIEW.fullmatch(text) else None


def dblp(text: str) -> str | None:
    match = _DBLP.fullmatch(text.strip().removesuffix(".html"))
    return match[1] if match else None


def s2(text: str) -> str | None:
    """Semantic Scholar's corpus id."""
    text = text.strip()
    return text.lstrip("0") or None if text.isascii() and text.isdigit() and len(text) <= 15 else None


def oai(text: str) -> str | None:
    """What a repository calls its item: ``repository.example.org:123`` of ``oai:repository.example.org:123``."""
    text = text.strip()
    return text if _OAI.fullmatch(text) else None


_SCHEMES: dict[str, Callable[[str], str | None]] = {
    "arxiv": arxiv, "doi": doi, "acl": acl, "openalex": openalex, "pmid": pmid, "hf": _hf, "url": url,
    "pmcid": pmcid, "openreview": openreview, "dblp": dblp, "s2": s2, "oai": oai,
}  # fmt: skip


def parse(text: str) -> str | None:
    """The canonical id that *text* spells, recognised by its look alone (prefix, shape or host); else None."""
    text = text.strip()
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if colon and scheme in ("id", "t"):
        return f"{scheme}:{rest.strip()}" if rest.strip() else None
    if colon and scheme in _SCHEMES:
        value = _SCHEMES[scheme](rest)
        if value and scheme == "doi":
            return _arxiv_of_doi(value)
        return f"{'arxiv' if scheme == 'hf' else scheme}:{value}" if value else None
    if scheme in ("http", "https"):
        return from_url(text)
    for name in ("arxiv", "doi", "acl", "openalex"):
        if value := _SCHEMES[name](text):
            return _arxiv_of_doi(value) if name == "doi" else f"{name}:{value}"
    bare = text.lower().removeprefix("www.")
    if "/" in bare and bare.partition("/")[0] in _HOSTS:
        return from_url("https://" + text)
    return None


def from_url(text: str) -> str | None:
    """The id inside a known site's address (arXiv, DOI, ACL, ...), else the address itself as ``url:``."""
    address = url(text)
    if address is None:
        return None
    scheme = _HOSTS.get(address.split("/")[2])
    if scheme:
        path = address.split("/", 3)[3] if address.count("/") >= 3 else ""
        if scheme != "doi":
            path = _KNOWN_PATH.sub("", path, count=1) if _KNOWN_PATH.match(path) else path
        if scheme == "openreview":
            path = _forum(path)
        value = _SCHEMES[scheme](path.removesuffix(".pdf"))
        if value:
            return _arxiv_of_doi(value) if scheme == "doi" else f"{'arxiv' if scheme == 'hf' else scheme}:{value}"
    return f"url:{address}"


def _forum(path: str) -> str:
    """The id in ``forum?id=abc`` or ``pdf?id=abc&noteId=...``."""
    page, _, query = path.partition("?")
    return dict(parse_qsl(query)).get("id", "") if page in ("forum", "pdf") else ""


def _arxiv_of_doi(value: str) -> str:
    """arXiv gives every paper a DOI of its own (10.48550/arxiv.ID): that is the arXiv id again."""
    inner = value.removeprefix("10.48550/arxiv.")
    number = arxiv(inner) if inner != value else None
    return f"arxiv:{number}" if number else f"doi:{value}"


def own(text: str) -> str:
    """The canonical id of a record that calls itself *text*: a known scheme if it looks like one, else ``id:``."""
    return parse(text) or f"id:{text.strip()}"


def of_title(title_key: str, first_author: str, year: int | None) -> str:
    """A last-resort id for a record that came without any: a hash of what distinguishes it (80 bits)."""
    digest = blake2b(f"{title_key}|{first_author}|{year or ''}".encode(), digest_size=10)
    return f"t:{digest.hexdigest()}"


def rank(identifier: str) -> tuple[int, str]:
    return _RANK.get(identifier.partition(":")[0], len(RANK)), identifier


def best(identifiers: Iterable[str]) -> str:
    """The id that names a paper: the first scheme of RANK, then the smallest value. Order does not matter."""
    return min(identifiers, key=rank)


def shown(identifier: str) -> str:
    """As people and URLs see it: without the ``id:`` of a file's own id, when nothing else could be meant."""
    bare = identifier.removeprefix("id:")
    return bare if own(bare) == identifier else identifier

"""Ids and addresses as people paste them, and which source can look each of them up. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from broadsheet import ids
from broadsheet.errors import Mistake

MOST = 10_000  # characters of one pasted word
_WORD = re.compile(r"[^\s<>\"“”]+")
_PREFIX = re.compile(r"\b(arxiv|doi|pmid|pmcid|acl|openalex|hf)\s*:\s+", re.IGNORECASE)
_BEFORE, _AFTER = "([{'*_", ".,;:!?'*_"
_PAIRS = {")": "(", "]": "[", "}": "{"}
# scheme -> the source that knows it.
_ASKED: Mapping[str, str] = {"arxiv": "arxiv", "doi": "crossref", "pmid": "pubmed"}
WEB = "web"  # what is looked up by fetching an address, whatever comes back
# scheme -> the address at which its service describes one work, without a key.
_PAGES: Mapping[str, str] = {
    "acl": "https://aclanthology.org/{}/",
    "openalex": "https://api.openalex.org/works/{}",
    "dblp": "https://dblp.org/rec/{}.xml",
    "openreview": "https://openreview.net/forum?id={}",
    "pmcid": "https://www.ebi.ac.uk/europepmc/webservices/rest/search?query=PMCID:PMC{}&resultType=core&format=json",
}


class Found(NamedTuple):
    """A canonical id (``arxiv:2101.00001``), its scheme, what was written; a plain address has the scheme ``url``."""

    id: str
    scheme: str
    written: str

    @property
    def wanted(self) -> str:
        """What to look up: the id; a plain address as it was written, since services may care how."""
        return self.written if self.scheme == "url" else self.id


def find(text: str) -> tuple[Found, ...]:
    """Every id and address in *text*, canonical, each once, in their order."""
    found: dict[str, str] = {}
    for match in _WORD.finditer(_PREFIX.sub(r"\1:", text)):
        word = _bare(match[0]) if len(match[0]) <= MOST else ""
        identifier = ids.parse(word) if word else None
        if identifier and not identifier.startswith(("id:", "t:")):
            found.setdefault(identifier, word)
    return tuple(Found(identifier, identifier.partition(":")[0], word) for identifier, word in found.items())


def _bare(word: str) -> str:
    """*word* without the sentence around it; a closing bracket stays where it was opened inside, as in some DOIs."""
    word = word.lstrip(_BEFORE)
    while word and (word[-1] in _AFTER or (word[-1] in _PAIRS and word.count(word[-1]) > word.count(_PAIRS[word[-1]]))):
        word = word[:-1]
    return word


def by_source(wanted: Iterable[str]) -> dict[str, list[str]]:
    """source -> what its `lookup` is asked for, of canonical ids; `WEB` -> addresses, given as such or known for an id.

    Raises Mistake for those that nobody can look up.
    """
    groups: dict[str, list[str]] = {}
    unknown = []
    for identifier in wanted:
        scheme, _, value = identifier.partition(":")
        if scheme in _ASKED:
            groups.setdefault(_ASKED[scheme], []).append(value)
        elif scheme in ("http", "https"):
            groups.setdefault(WEB, []).append(identifier)
        elif scheme in _PAGES:
            groups.setdefault(WEB, []).append(_PAGES[scheme].format(value))
        else:
            unknown.append(identifier)
    if unknown:
        raise Mistake(
            f"{', '.join(unknown)}: no source here looks up such an id; give its arXiv id, DOI, ACL or PubMed id"
        )
    return groups

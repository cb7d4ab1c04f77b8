"""How often each service may be asked, as it says itself. One group of hosts is one queue with one connection."""

from collections.abc import Mapping
from typing import NamedTuple


class Rate(NamedTuple):
    """*every* seconds at least pass between two requests to the hosts of one *group*, on all of this machine.

    *said* is where the service says so; our own restraint where it says nothing. After a 403 the group is left alone
    for *forbidden* seconds: mostly it means a wrong key, but some services say so when they have had enough.
    """

    group: str
    every: float
    said: str
    forbidden: float = 0.0


_ARXIV = Rate(
    "arxiv",
    3.0,
    "arXiv, terms of use of its API: one request in three seconds, one connection, API, OAI and RSS together",
    3_600.0,
)
_HF = Rate("huggingface", 0.7, "Hugging Face, Hub rate limits: 500 requests in five minutes without an account")
_NCBI = Rate("ncbi", 0.4, "NCBI, E-utilities usage: three requests a second without a key")

# A host stands for all hosts below it, too.
RATES: Mapping[str, Rate] = {
    "arxiv.org": _ARXIV,
    "huggingface.co": _HF,
    "hf.co": _HF,
    "ncbi.nlm.nih.gov": _NCBI,
    "api.biorxiv.org": Rate("biorxiv", 1.0, "bioRxiv says nothing; one a second"),
    "api.medrxiv.org": Rate("biorxiv", 1.0, "bioRxiv says nothing; one a second"),
    "api.openalex.org": Rate("openalex", 0.1, "OpenAlex: a hundred a second; we keep to ten"),
    "api.crossref.org": Rate("crossref", 0.25, "Crossref: five a second in the public pool, one at a time"),
    "api.semanticscholar.org": Rate("semanticscholar", 1.1, "Semantic Scholar: one a second over all endpoints"),
    "aclanthology.org": Rate("acl", 1.0, "the ACL Anthology says nothing; one a second"),
    "api.github.com": Rate("github-api", 1.0, "GitHub REST best practices: one at a time, a second apart"),
    "raw.githubusercontent.com": Rate("github-raw", 0.5, "GitHub says nothing of raw files; two a second"),
    "api.openreview.net": Rate("openreview", 1.0, "OpenReview says nothing; one a second"),
    "api2.openreview.net": Rate("openreview", 1.0, "OpenReview says nothing; one a second"),
    "dblp.org": Rate("dblp", 2.0, "dblp, how to crawl: wait at least a second or two"),
    "www.ebi.ac.uk": Rate("europepmc", 0.5, "Europe PMC says nothing; two a second"),
    "api.zotero.org": Rate("zotero", 0.5, "Zotero Web API: one at a time, obey Backoff"),
}  # fmt: skip
EVERY = 1.0  # seconds, for every other host


def rate_of(host: str, port: int, rates: Mapping[str, Rate] = RATES) -> Rate:
    """The rate of *host*: its own, that of a domain above it, or the one for hosts that nobody knows."""
    name = host
    while name:
        if name in rates:
            return rates[name]
        name = name.partition(".")[2]
    standard = port in (80, 443)
    return Rate(host if standard else f"{host}-{port}", EVERY, "a host that we know nothing of; one a second")

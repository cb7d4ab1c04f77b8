"""What arXiv's authors write when they take a paper back."""

import re

_WITHDRAWN = re.compile(r"\bwithdrawn\b|\bwithdrew\b", re.IGNORECASE)
_TAKEN_BACK = re.compile(
    r"\s*(?:(?:this|the) (?:paper|article|submission|manuscript|work|preprint) (?:has been|was|is(?: being)?) withdrawn"
    r"|withdrawn\b)",
    re.IGNORECASE,
)
_NOT_WITHDRAWN = re.compile(
    r"not (?:been )?withdrawn|withdrawn from (?:the )?(?:conference|journal|workshop)", re.IGNORECASE
)


def withdrawal(comment: str, abstract: str) -> str:
    """What the authors say of a withdrawal; empty when the paper stands."""
    if _WITHDRAWN.search(comment) and not _NOT_WITHDRAWN.search(comment):
        return comment[:300]
    return abstract[:300] if _TAKEN_BACK.match(abstract) else ""

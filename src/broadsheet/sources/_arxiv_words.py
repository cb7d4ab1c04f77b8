"""What arXiv's authors write when they take a paper back."""

import re

_PAPER = r"(?:paper|article|submission|manuscript|work|preprint)"
_IS = r"(?:has been|have been|was|is(?: being)?)"
_BY = r"(?=\s*(?:$|[.,;:(]|by\b|due\b|because\b|for\b|since\b|pending\b|at\b|temporarily\b|until\b))"
_COMMENT = re.compile(
    rf"^\W*withdrawn\b{_BY}|^\W*(?:this|the)\s+{_PAPER}\s+{_IS}\s+withdrawn\b|\bthis\s+{_PAPER}\s+{_IS}\s+withdrawn\b"
    r"|\bwithdrawn by (?:the )?(?:authors?|submitter|arxiv)\b|\bauthors? (?:has |have )?withdr[ae]wn? (?:this|the)\b",
    re.IGNORECASE,
)
_ABSTRACT = re.compile(
    rf"^\W*(?:this|the)\s+{_PAPER}\s+{_IS}\s+withdrawn\b|^\W*withdrawn\b(?=\s*(?:$|[.:]|by\b|due\b|because\b))",
    re.IGNORECASE,
)
_NOT = re.compile(r"not (?:been )?withdrawn|withdrawn from (?:the )?(?:conference|journal|workshop)", re.IGNORECASE)


def withdrawal(comment: str, abstract: str) -> str:
    """What the authors say of a withdrawal; empty when the paper stands. Of another paper, or of a part, is none."""
    if "ithdr" not in comment and "ithdr" not in abstract and "ITHDR" not in comment:
        return ""
    if _COMMENT.search(comment) and not _NOT.search(comment):
        return comment[:300]
    return abstract[:300] if _ABSTRACT.match(abstract) else ""

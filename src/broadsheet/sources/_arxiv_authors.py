"""arXiv's author line, one string for all: ``A. Author (1), B. Author and the C Collaboration ((1) A University)``."""

import re

_AFFILIATION = re.compile(r"\([^()]*\)")
_DEEP = 5  # brackets in brackets
_AND = re.compile(r" ?(?:, ?and | and |;|,| & ) ?")
_SUFFIX = re.compile(r"^(?:Jr|Sr|II|III|IV|Ph\.?D|M\.?D)\.?$", re.IGNORECASE)
_MANY = re.compile(
    r"^(?:on behalf of|for)?\s*(?:the\s+)?(.+\b(?:Collaboration|Consortium|Team|Group)s?)$", re.IGNORECASE
)


def names_of(line: str) -> list[str]:
    """The names in the line, affiliations dropped, suffixes with their names, the collaboration by its own."""
    text = line
    for _ in range(_DEEP):  # from the innermost brackets outwards
        text = _AFFILIATION.sub(" ", text)
    text = " ".join(text.split("(")[0].split())  # a bracket that never closes
    found: list[str] = []
    for piece in _AND.split(text):
        name = " ".join(piece.split()).strip(" :")
        if not name or name.lower() in ("et al", "et al.", "others"):
            continue
        if _SUFFIX.match(name) and found:
            found[-1] += f" {name}"
        elif match := _MANY.match(name):
            found.append(match[1])
        else:
            found.append(re.sub(r"^(?:and|the authors:?)\s+", "", name, flags=re.IGNORECASE))
    return found

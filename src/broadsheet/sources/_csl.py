"""Records in the shape of CSL-JSON, which Crossref's answers share: names in parts, dates in parts, titles in lists."""

from collections.abc import Mapping
from typing import Any

from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import number, objects, text, texts
from broadsheet.sources._markup import abstract, plain


def said(item: Mapping[str, Any]) -> dict[str, Any]:
    """What an item says, in our words."""
    subtitle = _first(item, "subtitle")
    title = plain(_first(item, "title"))
    if subtitle and subtitle.lower() not in title.lower():
        title = f"{title}: {plain(subtitle)}"
    return {
        "title": title,
        "abstract": abstract(text(item, "abstract")),
        "authors": [name for one in objects(item, "author") if (name := _name(one))],
        "date": date_of(item, "issued") or date_of(item, "published") or date_of(item, "created"),
        "venue": plain(_first(item, "container-title")) or text(value_at(item, "event"), "name"),
        "doi": text(item, "DOI"),
        "pmid": text(item, "PMID"),
        "pmcid": text(item, "PMCID"),
        "page": text(item, "URL"),
        "citations": number(item, "is-referenced-by-count"),
        "keywords": texts(item, "subject") or [w.strip() for w in text(item, "keyword").split(",") if w.strip()],
        "extra": {
            "type": text(item, "type"),
            "publisher": text(item, "publisher"),
            "volume": text(item, "volume"),
            "issue": text(item, "issue"),
            "pages": text(item, "page"),
            "language": text(item, "language"),
        },
    }


def _first(item: Mapping[str, Any], key: str) -> str:
    """A text, or the first of a list of them."""
    return text(item, key) or next(iter(texts(item, key)), "")


def _name(author: Mapping[str, Any]) -> str:
    """``given particle family suffix``; or the name of a group."""
    parts = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix")
    whole = " ".join(filter(None, (text(author, part) for part in parts)))
    return text(author, "literal") or text(author, "name") or whole


def date_of(item: Mapping[str, Any], key: str) -> str:
    """``{"date-parts": [[2024, 5, 1]]}``, which may end early or be null, or ``{"raw": "2024-05"}``."""
    value = value_at(item, key)
    if isinstance(value, str):
        return value[:40]
    listed = value_at(value, "date-parts")
    first = listed[0] if isinstance(listed, list) and listed else None
    if not isinstance(first, list):
        return text(value, "raw")[:40]
    told = [str(part) for part in first[:3]]
    numbers = [int(part) for part in told if part.isascii() and part.isdigit() and len(part) < 5]
    return "-".join(f"{part:0{4 if place == 0 else 2}d}" for place, part in enumerate(numbers))

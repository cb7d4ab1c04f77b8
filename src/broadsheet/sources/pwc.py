"""The archive that Papers with Code left (huggingface.co/pwc-archive): which repository belongs to which paper."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from broadsheet.sources import Record
from broadsheet.sources._json import record as one
from broadsheet.sources._json import text
from broadsheet.sources._objects import objects_of

SUFFIXES = (".json", ".jsonl")


def sniff(head: bytes, name: str) -> float:
    return 0.97 if re.search(rb'"paper_title"\s*:', head) and re.search(rb'"repo_url"\s*:', head) else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    for number, item in enumerate(objects_of(stream), 1):
        if number > skip:
            yield one(item, _said, f"record {number}", source=source, at=at)


def _said(link: Mapping[str, Any]) -> Mapping[str, Any]:
    official = link.get("is_official") is True
    return {
        "title": text(link, "paper_title"), "arxiv": text(link, "paper_arxiv_id"), "page": text(link, "paper_url_abs"),
        "pdf": text(link, "paper_url_pdf"), "code": text(link, "repo_url"),
        "extra": {"framework": text(link, "framework"), "code_by_authors": "yes" if official else ""},
    }  # fmt: skip

"""A paper as a document of tantivy.

Fields: ``text`` (title, abstract, keywords; English stems, no stop words), ``title`` and ``abstract`` (the same
analysis), ``any`` (the text, and the authors' names), ``exact_title``, ``exact_abstract``, ``exact_keyword`` (every
word as written, folded, with positions: phrases mean what they say), ``author`` (folded words of names), ``name`` (a
number for each), ``venue``, ``category``, ``source`` (whole values, folded), ``id``, ``has``, ``suggest`` (what is
offered while somebody types), and the numbers pk, year, the day it was added, and what lists are sorted by.
"""

from datetime import UTC, datetime

import tantivy
from tantivy import Document, SchemaBuilder

from broadsheet.index.conditions import WRITTEN
from broadsheet.index.places import LAST, day_number, rising, scattered
from broadsheet.index.suggestions import code, entries, named
from broadsheet.paper import Paper
from broadsheet.queryparts import HAS
from broadsheet.text import fold

SORTED = ("new", "cited", "old", "rising")  # what to sort by in the upper 32 bits, a place of its own below


def schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("pk", indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name="stems", index_option="freq")
    builder.add_text_field("title", tokenizer_name="stems", index_option="freq")
    for name in ("abstract", "any"):
        builder.add_text_field(name, tokenizer_name="stems", index_option="basic")
    for name in (*WRITTEN, "author"):
        builder.add_text_field(name, tokenizer_name="exact", index_option="position")
    for name in ("venue", "category", "source", "has"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("id", "suggest"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_integer_field("added", indexed=True, fast=True)
    for name in (*SORTED, "name"):
        builder.add_unsigned_field(name, fast=True)
    return builder.build()


def body(paper: Paper) -> str:
    """What of a paper is searched by words."""
    return f"{paper.title}\n{paper.abstract}\n{'; '.join(paper.keywords)}"


def document(pk: int, paper: Paper, added: int) -> Document:
    """Row *pk*, made at *added* (Unix seconds, 0 if nobody knows)."""
    found = Document()
    _words(found, paper)
    _values(found, paper)
    _numbers(found, pk, paper, added)
    return found


def _words(document: Document, paper: Paper) -> None:
    document.add_text("text", body(paper))
    document.add_text("title", paper.title)
    document.add_text("abstract", paper.abstract)
    document.add_text("any", "\n".join([body(paper), *paper.authors]))
    document.add_text("exact_title", paper.title)
    document.add_text("exact_abstract", paper.abstract)
    for field, values in (("exact_keyword", paper.keywords), ("author", paper.authors)):
        for value in values:
            document.add_text(field, value)
    for name in dict.fromkeys(paper.authors):
        document.add_unsigned("name", code(name))
        document.add_text("suggest", named(name))


def _values(document: Document, paper: Paper) -> None:
    for field, values in (
        ("venue", (paper.venue,) if paper.venue else ()), ("category", paper.categories), ("source", paper.sources)
    ):  # fmt: skip
        for value in dict.fromkeys(map(fold, values)):
            document.add_text(field, value)
    for identifier in paper.ids:
        document.add_text("id", identifier)
    for thing in HAS:
        if paper.abstract if thing == "abstract" else paper.link(thing):
            document.add_text("has", thing)
    for entry in entries(paper):
        document.add_text("suggest", entry)


def _numbers(document: Document, pk: int, paper: Paper, added: int) -> None:
    document.add_unsigned("pk", pk)
    document.add_integer("year", paper.year or 0)
    if added:
        document.add_integer("added", datetime.fromtimestamp(added, UTC).toordinal())
    day, place = day_number(paper), scattered(pk)
    document.add_unsigned("new", day << 32 | LAST - place)
    document.add_unsigned("cited", (paper.citations or 0) << 32 | LAST - place)
    document.add_unsigned("old", (day or LAST) << 32 | place)
    document.add_unsigned("rising", rising(paper) << 32 | LAST - place)

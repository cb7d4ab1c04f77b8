"""The shapes of the API's answers about papers: what its description says of them, and what mypy holds us to."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from broadsheet.paper import Paper
from broadsheet.web import urls

closed = with_config(ConfigDict(extra="forbid"))  # these names and no others

Next = Annotated[str | None, Field(description="The address of the next page; null on the last")]
Time = Annotated[str, Field(description="ISO 8601 in UTC; empty for never")]


def moment(at: int | None) -> str:
    """Unix seconds as `Time`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""


class Body(BaseModel):
    """What a change is asked with: names that nobody knows are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", strict=True)


@closed
class Brief(TypedDict):
    """A paper in a list; its own address has all of it."""

    id: str
    title: str
    authors: list[str]
    year: int | None
    date: Annotated[str, Field(description="Of its first publication, as exact as it is known; may be empty")]
    venue: str
    url: Annotated[str, Field(description="Its page")]


def brief(paper: Paper) -> Brief:
    """What a list says of *paper*."""
    return {
        "id": paper.key, "title": paper.title, "authors": list(paper.authors), "year": paper.year, "date": paper.date,
        "venue": paper.venue, "url": urls.paper(paper.key),
    }  # fmt: skip


@closed
class Hit(TypedDict):
    """A paper that answers a question, and why it is where it is."""

    id: str
    title: str
    year: int | None
    venue: str
    authors: list[str]
    score: Annotated[float, Field(description="The sum of its signals")]
    signals: Annotated[dict[str, float], Field(description="What each reason added to the score")]
    why: str
    snippet: str


@closed
class Answer(TypedDict):
    """What answers a question."""

    query: Annotated[str, Field(description="As it was understood, in the language of the search box")]
    total: int
    took_ms: float
    upto: Annotated[int, Field(description="Give it with later pages, so that what comes meanwhile moves nothing")]
    hits: list[Hit]
    facets: NotRequired[dict[str, dict[str, int]]]
    mended: NotRequired[Annotated[str, Field(description="The words that were searched for misspelt ones")]]
    notes: NotRequired[list[str]]
    why_not: NotRequired[Annotated[list[str], Field(description="Why the paper asked for is not among them")]]


@closed
class Record(TypedDict):
    """All that is known of a paper; what is not known is left out."""

    id: str
    ids: list[str]
    title: NotRequired[str]
    abstract: NotRequired[str]
    authors: NotRequired[list[str]]
    year: NotRequired[int]
    date: NotRequired[str]
    venue: NotRequired[str]
    categories: NotRequired[list[str]]
    keywords: NotRequired[list[str]]
    links: NotRequired[Annotated[dict[str, str], Field(description="Kind (page, pdf, code, ...) to address")]]
    licence: NotRequired[str]
    version: NotRequired[int]
    citations: NotRequired[int]
    extra: NotRequired[dict[str, str]]
    provenance: NotRequired[
        Annotated[dict[str, list[str]], Field(description="Field to who said so, and when (ISO 8601; may be empty)")]
    ]


@closed
class Suggested(TypedDict):
    """What a question may become."""

    kind: Literal["saved", "author", "venue", "category", "title"]
    text: str
    papers: Annotated[int, Field(description="How many have it; 0 where nobody has counted")]
    question: str
    url: str


@closed
class Suggestions(TypedDict):
    suggestions: list[Suggested]


@closed
class Stats(TypedDict):
    """What the library holds."""

    papers: int
    indexed: int
    vectors: int
    behind: Annotated[int, Field(description="Changes that the indexes have not seen")]
    last_sync: Annotated[str, Field(description="ISO 8601; empty if never")]
    encoder: str
    bytes: dict[str, int]
    set_aside: int


@closed
class Day(TypedDict):
    """One day of a source."""

    day: str
    state: str
    new: int
    updated: int
    requests: int


@closed
class Source(TypedDict):
    """How a source stands."""

    name: str
    kind: str
    about: str
    home: str
    followed: bool
    state: str
    last_run: str
    last_good: str
    new: int
    updated: int
    failed: int
    requests: int
    waiting: int
    why: str
    next: str
    budget: dict[str, Any] | None
    days: list[Day]


@closed
class Sources(TypedDict):
    sources: list[Source]

"""Hugging Face Daily Papers (huggingface.co/papers): what its community chose, with votes, code and project pages.

A day is New York's and fills up while it lasts, so the last days are read again at each harvest; what a later answer
lacks is not taken away. A count that is missing is unknown, not zero. Authors who hide themselves stay hidden.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from broadsheet import ids
from broadsheet.fetch import Client, FetchError
from broadsheet.paper import Paper
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._fields import WrongRecord
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import listed, number, objects, page, records, text, texts

ABOUT = Card(
    "Hugging Face Daily Papers",
    "papers that its community picked, with votes and code",
    "https://huggingface.co/papers",
)
OPTIONS = (
    Setting(
        "since",
        int,
        14,
        "",
        "How many days back a first load goes.",
        low=0,
        high=10_000,
    ),
    Setting("budget", int, 200, "", "Requests a day for votes and code of papers that are here; 0 for none.", low=0),
    Setting("base", str, "https://huggingface.co", "", "The address of the service; another one for a mirror."),
)
FREE = ("budget",)
SUFFIXES = (".json",)
BATCH = 1  # it is asked for each by itself
OPEN = 2  # days back that may still grow
EVERY = timedelta(hours=3)
FIRST = date(2023, 5, 4)
_NEW_YORK = ZoneInfo("America/New_York")
_LIMIT = 100
_PAGES = 50


def sniff(head: bytes, name: str) -> float:
    ours = b'"submittedOnDailyBy"' in head or b'"submittedOnDailyAt"' in head or b'"ai_keywords"' in head
    return 0.97 if ours and b'"upvotes"' in head else 0.0


def parts(options: Options) -> tuple[str, ...]:
    return ("",)


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked every three hours, since a day fills up slowly")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    """A day an answer (or some, when it has many papers), from the day *cursor* on."""
    today = now.astimezone(_NEW_YORK).date()
    day = date.fromisoformat(cursor) if cursor else max(FIRST, today - timedelta(days=options["since"]))
    while day <= today:
        # The last days are read again next time, whatever becomes of the others today.
        after = max(FIRST, min(day + timedelta(days=1), today - timedelta(days=OPEN))).isoformat()
        before = b""
        for turn in range(_PAGES):
            asked = {"date": day.isoformat(), "limit": str(_LIMIT), "p": str(turn)}
            answer = client.get(f"{options['base']}/api/daily_papers", params=asked)
            ended = not listed(page(answer.body)) or answer.body == before  # how large a page is, it does not say
            before = answer.body
            yield Step(b"" if ended else before, after if ended else day.isoformat(), answer.at, f"the papers of {day}")
            if ended:
                break
        day += timedelta(days=1)


def enrich(client: Client, options: Options, papers: Sequence[Paper]) -> Iterator[Step]:
    """Votes, code and project pages of those papers that are on arXiv and there, too."""
    for paper in papers:
        for identifier in paper.ids:
            if identifier.startswith("arxiv:"):
                try:
                    answer = client.get(f"{options['base']}/api/papers/{identifier[6:]}")
                except FetchError as error:
                    if error.status != 404:
                        raise
                    continue
                yield Step(answer.body, "", answer.at)


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    return records(stream, _said, ("papers",), source=source, at=at, skip=skip)


def _said(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """One item of a list, which has the paper inside, or one flat paper."""
    inner = value_at(item, "paper")
    paper: Mapping[str, Any] = inner if isinstance(inner, dict) else item
    arxiv = ids.arxiv(text(paper, "id"))
    if arxiv is None:
        raise WrongRecord(f"{text(paper, 'id')[:60]!r} is no arXiv id")
    people = [text(author, "name") for author in objects(paper, "authors") if not author.get("hidden")]
    votes, stars = number(paper, "upvotes"), number(paper, "githubStars")
    return {
        "title": text(paper, "title") or text(item, "title"),
        "abstract": text(paper, "summary") or text(item, "summary"),
        "authors": people, "arxiv": arxiv, "date": text(paper, "publishedAt")[:10],
        "keywords": texts(paper, "ai_keywords"), "code": text(paper, "githubRepo"),
        "project": text(paper, "projectPage"), "page": f"https://arxiv.org/abs/{arxiv}",
        "pdf": f"https://arxiv.org/pdf/{arxiv}",
        "extra": {
            "hf_upvotes": "" if votes is None else str(votes), "github_stars": "" if stars is None else str(stars),
            "hf_featured": text(paper, "submittedOnDailyAt")[:10], "hf_summary": text(paper, "ai_summary"),
            "hf_organization": text(item, "organization", "fullname"),
        },
    }  # fmt: skip

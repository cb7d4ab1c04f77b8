"""An OAI-PMH repository on loopback, with every fault that real ones have shown, drawn from a seed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from xml.sax.saxutils import escape

from loopback import Asked, Reply, Server, serving

FAULTS = ("503", "503 later", "429", "406", "500", "stall", "truncated", "cut", "expired", "repeated", "empty", "odd")
_WORDS = "amber birch cedar delta ember fjord grove heath inlet jetty knoll larch marsh north otter prism".split()
FIRST = date(2026, 1, 1)
DAYS = 60
ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>{at}T04:00:00Z</responseDate>
<request verb="ListRecords">http://example.org/oai</request>{inner}</OAI-PMH>"""


def record(number: int, version: int = 1) -> str:
    words = random.Random(number)
    title = f"{' '.join(words.sample(_WORDS, 5))} {number}"
    day = datestamp(number)
    history = "".join(
        f'<version version="v{v}"><date>{day:%a, %d %b %Y} 01:02:03 GMT</date></version>' for v in range(1, version + 1)
    )
    return (
        f"<record><header><identifier>oai:arXiv.org:{name(number)}</identifier><datestamp>{day}</datestamp></header>"
        f'<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{name(number)}</id>{history}'
        f"<title>{escape(title)}</title><authors>Author {chr(65 + number % 26)}. Name{number}</authors>"
        f"<categories>cs.IR</categories><abstract>About {escape(title)}, at some length.</abstract>"
        "</arXivRaw></metadata></record>"
    )


def name(number: int) -> str:
    return f"2601.{number:05}"


def datestamp(number: int) -> date:
    return FIRST + timedelta(days=number % DAYS)


@dataclass
class Repository:
    """*papers* records in pages of *page*; each answer is spoiled with probability *faults*."""

    papers: int
    page: int = 7
    faults: float = 0.35
    seed: int = 0
    kinds: tuple[str, ...] = FAULTS
    today: date = FIRST + timedelta(days=DAYS + 3)
    revised: set[int] = field(default_factory=set)
    hits: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def answer(self, asked: Asked) -> Reply:
        kind = self._random.choice(self.kinds) if self._random.random() < self.faults else ""
        self.hits[kind] = self.hits.get(kind, 0) + 1
        if kind in ("503", "429", "406", "500"):
            return Reply(b"later", int(kind))
        if kind == "503 later":
            return Reply(b"later", 503, {"Retry-After": "0"})
        body = self._list(asked, kind).encode()
        if kind == "truncated":
            return Reply(body[: self._random.randrange(len(body))])
        if kind == "cut":
            return Reply(body, cut=self._random.randrange(1, len(body)))
        return Reply(body, pause=0.6 if kind == "stall" else 0.0)

    def _list(self, asked: Asked, kind: str) -> str:
        """One page. A token is ``FROM|UNTIL|START``."""
        token = asked.params.get("resumptionToken", "")
        if token and kind == "expired":
            return self._wrap('<error code="badResumptionToken">expired</error>')
        if token:
            first, last, start_text = token.split("|")
            start = int(start_text)
        else:
            first, last, start = asked.params.get("from", ""), asked.params.get("until", ""), 0
        chosen = [n for n in range(self.papers) if (first or "0") <= str(datestamp(n)) <= (last or "9")]
        if not chosen:
            return self._wrap('<error code="noRecordsMatch"/>')
        if kind == "repeated" and start:
            start -= self.page  # the page before, once more
        if kind == "empty" and token:
            return self._wrap(f"<ListRecords><resumptionToken>{first}|{last}|{start}</resumptionToken></ListRecords>")
        rows = chosen[start : start + self.page]
        listed = "".join(record(n, 2 if n in self.revised else 1) for n in rows)
        if kind == "odd":
            listed += "<record><header><identifier>oai:arXiv.org:x</identifier></header></record>"
        after = start + self.page
        coming = f"{first}|{last}|{after}" if after < len(chosen) else ""
        end = f"<resumptionToken>{coming}</resumptionToken>" if coming or token else ""
        return self._wrap(f"<ListRecords>{listed}{end}</ListRecords>")

    def _wrap(self, inner: str) -> str:
        return ENVELOPE.format(at=self.today, inner=inner)


@contextmanager
def providing(repository: Repository) -> Iterator[Server]:
    with serving(repository.answer) as server:
        yield server

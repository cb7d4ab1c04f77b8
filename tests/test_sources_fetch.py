"""Every source against a server that speaks its protocol: pages, cursors, and going on after any of them."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from broadsheet import following, sources
from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Client
from broadsheet.paper import Paper, make
from broadsheet.sources import Step
from loopback import Answerer, Asked, Reply, Server, client, replies, serving

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "data" / "sources"


def golden(path: str) -> bytes:
    return (GOLDEN / path).read_bytes()


def followed(kind: str, server: Server, **options: object) -> following.Followed:
    return following.read(kind, {"base": server.url, **options})


def steps(asker: Client, one: following.Followed, part: str = "", cursor: str = "") -> list[Step]:
    return list(one.source.fetch(asker, one.options, part, cursor, NOW))


def titles(one: following.Followed, found: list[Step]) -> list[str]:
    parse = one.source.parse
    records = [
        record for step in found if step.body for record in parse(io.BytesIO(step.body), source=one.kind, at=step.at)
    ]
    return [record.title for record in records if isinstance(record, Paper)]


def paged(key: str, pages: Mapping[str, bytes | Reply]) -> Answerer:
    """An answer by the value of one parameter."""

    def answer(asked: Asked) -> Reply:
        found = pages[asked.params.get(key, "")]
        return found if isinstance(found, Reply) else Reply(found)

    return answer


def js(value: Any) -> bytes:
    return orjson.dumps(value)


def works(number: int, after: str | None) -> bytes:
    found = {"id": f"https://openalex.org/W{number}0000", "display_name": f"Work {number}"}
    return js({"meta": {"count": 3, "next_cursor": after}, "results": [found]})


def crossref(first: int, count: int) -> bytes:
    items = [{"DOI": f"10.1234/{n}", "title": [f"Work {n}"]} for n in range(first, first + count)]
    return js({"message-type": "work-list", "message": {"total-results": 201, "next-cursor": "next", "items": items}})


def dblp(first: int, count: int) -> bytes:
    hits = [{"info": {"key": f"conf/x/{n}", "title": f"Hit {n}."}} for n in range(first, first + count)]
    return js({"result": {"hits": {"@total": "501", "hit": hits}}})


def europepmc(number: int) -> bytes:
    found = {"doi": f"10.1/{number}", "title": f"Result {number}"}
    return js({"hitCount": 2, "nextCursorMark": "m1", "resultList": {"result": [found]}})


def openreview(first: int, count: int) -> bytes:
    notes = [
        {"forum": f"aaaaaa{n:04}", "content": {"title": {"value": f"Note {n}"}}} for n in range(first, first + count)
    ]
    return js({"count": 501, "notes": notes})


def scholar(number: int, token: str | None) -> bytes:
    found = {"paperId": str(number), "title": f"Found {number}", "externalIds": {"CorpusId": number}}
    return js({"total": 2, "token": token, "data": [found]})


Pages = Mapping[str, bytes | Reply]
# kind -> its options, its part, the parameter that turns the pages, the pages, how many papers they have
PAGED: Mapping[str, tuple[dict[str, object], str, str, Pages, int]] = {
    "openalex": (
        {"filter": "topics.id:T1", "key": "k"}, "works", "cursor",
        {"*": works(1, "b"), "b": works(2, "c"), "c": works(3, None)}, 3,
    ),
    "crossref": (
        {"issn": ["12345678"]}, "1234-5678", "cursor", {"*": crossref(0, 200), "next": crossref(200, 1)}, 201
    ),
    "dblp": ({"queries": ["q"]}, "q", "f", {"0": dblp(0, 500), "500": dblp(500, 1)}, 501),
    "europepmc": ({"query": "light"}, "search", "cursorMark", {"*": europepmc(1), "m1": europepmc(2)}, 2),
    "openreview": (
        {"venues": ["X.cc/2026/C"]}, "X.cc/2026/C", "offset", {"0": openreview(0, 500), "500": openreview(500, 1)}, 501
    ),
    "semantic_scholar": (
        {"query": "light"}, "search", "token", {"": scholar(1, "t1"), "t1": scholar(2, None)}, 2
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(PAGED))
def test_pages_are_read_to_the_end_and_gone_on_with_from_each(tmp_path: Path, kind: str) -> None:
    options, part, key, pages, papers = PAGED[kind]
    with serving(paged(key, pages)) as server:
        one = followed(kind, server, **options)
        assert one.source.parts(one.options) == (part,)
        asker = client(tmp_path)
        whole = steps(asker, one, part)
        assert len(titles(one, whole)) == papers == len(set(titles(one, whole)))
        for place in range(len(whole) - 1):  # killed after any of them: the rest, and nothing is left out
            again = steps(client(tmp_path / str(place)), one, part, whole[place].cursor)
            seen = titles(one, whole[: place + 1]) + titles(one, again)
            assert set(seen) == set(titles(one, whole))
        later = steps(client(tmp_path / "later"), one, part, whole[-1].cursor)
        assert set(titles(one, later)) <= set(titles(one, whole))


def test_biorxiv_asks_again_for_a_page_that_came_empty(tmp_path: Path) -> None:
    page = {"messages": [{"status": "ok", "total": "2"}], "collection": []}
    rows = [{"doi": f"10.1101/2026.{n}", "title": f"Preprint {n}", "server": "bioRxiv", "category": c, "jatsxml": ""}
            for n, c in ((1, "neuroscience"), (2, "zoology"))]  # fmt: skip
    bodies = [js(page | {"collection": rows[:1]}), js(page), js(page | {"collection": rows[1:]})]
    with serving(replies(*bodies)) as server:
        one = followed("biorxiv", server, categories=["Zoology"])
        found = steps(client(tmp_path), one, "biorxiv")
    assert titles(one, found) == ["Preprint 2"]
    assert [asked.path.split("/")[-2] for asked in server.log] == ["0", "1", "1"]
    assert orjson.loads(found[-1].cursor)["from"] == "2026-11-18"


def test_biorxiv_gives_up_on_pages_that_stay_empty(tmp_path: Path) -> None:
    empty = js({"messages": [{"total": "9"}], "collection": []})
    with serving(replies(empty)) as server, pytest.raises(SourceError, match="empty page at 0 of 9"):
        steps(client(tmp_path), followed("biorxiv", server), "biorxiv")


def test_hugging_face_reads_the_open_days_again(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        day = asked.params["date"]
        return Reply(js([{"paper": {"id": f"26{day[5:7]}.0{day[8:]}00", "title": f"Of {day}", "upvotes": 1}}]))

    with serving(answer) as server:
        one = followed("hf", server, since=3)
        found = steps(client(tmp_path), one)
        assert titles(one, found) == [f"Of 2026-11-{day}" for day in (17, 18, 19, 20)]
        ends = [step.cursor for step in found if not step.body]
        assert ends == ["2026-11-18"] * 4, "the last days may still grow, whatever becomes of today's"
        again = steps(client(tmp_path), one, cursor="2026-11-18")
        assert list(dict.fromkeys(step.note[-10:] for step in again)) == ["2026-11-18", "2026-11-19", "2026-11-20"]


def test_hugging_face_is_asked_until_a_page_is_empty(tmp_path: Path) -> None:
    """However it writes its JSON, and however many it gives at once."""

    def answer(asked: Asked) -> Reply:
        first = int(asked.params["p"]) * 50
        items = [{"paper": {"id": f"2611.{n:05}", "title": f"Number {n}"}} for n in range(first, min(first + 50, 120))]
        return Reply(orjson.dumps(items, option=orjson.OPT_INDENT_2))

    with serving(answer) as server:
        one = followed("hf", server, since=0)
        assert len(titles(one, steps(client(tmp_path), one))) == 120


def test_pubmed_searches_again_and_goes_on_at_its_place(tmp_path: Path) -> None:
    search = js({"esearchresult": {"count": "250", "querykey": "1", "webenv": "W"}})
    starts: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("esearch.fcgi"):
            return Reply(search)
        starts.append(asked.params["retstart"])
        return Reply(golden("pubmed/set.xml"))

    with serving(answer) as server:
        one = followed("pubmed", server, query="light")
        found = steps(client(tmp_path), one, "search")
        assert starts == ["0", "200"] and len(titles(one, found)) == 4
        steps(client(tmp_path), one, "search", found[0].cursor)
        assert starts == ["0", "200", "200"]
    wrong = js({"esearchresult": {"ERROR": "Invalid db name"}})
    with serving(replies(wrong)) as server, pytest.raises(SourceError, match="Invalid db name"):
        steps(client(tmp_path), followed("pubmed", server, query="light"), "search")


def test_the_anthology_is_read_file_by_file_and_only_what_changed(tmp_path: Path) -> None:
    tree = {"tree": [{"path": "2026.lamp.xml", "sha": "a" * 40}, {"path": "2026.acl.xml", "sha": "b" * 40},
                     {"path": "P19.xml", "sha": "c" * 40}, {"path": "README.md", "sha": "d" * 40}]}  # fmt: skip

    def answer(asked: Asked) -> Reply:
        return Reply(js(tree)) if asked.path == "/tree" else Reply(golden("acl/2024.lamp.xml"))

    with serving(answer) as server:
        one = followed("acl", server, list=f"{server.url}/tree", venues=["lamp", "acl"])
        found = steps(client(tmp_path), one)
        assert [step.note for step in found] == ["2026.lamp.xml, 1 of 2 files", "2026.acl.xml, 2 of 2 files"]
        (again,) = steps(client(tmp_path), one, cursor=found[-1].cursor)
        assert again.body == b"" and again.note == "no file has changed"
        tree["tree"][1]["sha"] = "e" * 40
        assert [step.note for step in steps(client(tmp_path / "2"), one, cursor=found[-1].cursor)] == [
            "2026.acl.xml, 1 of 1 files"
        ]


PAPERS = [
    make("x", "On arXiv", ids=["arxiv:2301.00001"]),
    make("x", "With a DOI", ids=["doi:10.1234/a"]),
    make("x", "Strange DOI", ids=["doi:10.1234/a,b|c"]),
    make("x", "Nowhere", ids=["url:https://example.org/1"]),
]


def enriched(kind: str, server: Server, folder: Path) -> list[Step]:
    one = followed(kind, server)
    return list(sources.enrichers()[kind].enrich(client(folder), one.options, PAPERS))


def test_openalex_is_asked_by_doi(tmp_path: Path) -> None:
    with serving(replies(golden("openalex/works.json"))) as server:
        (step,) = enriched("openalex", server, tmp_path)
    assert server.log[0].params["filter"] == "doi:10.48550/arxiv.2301.00001|10.1234/a"
    assert titles(followed("openalex", server), [step]) == ["The state of lamps"]


def test_semantic_scholar_is_asked_for_many_at_once(tmp_path: Path) -> None:
    with serving(replies(golden("semantic_scholar/batch.json"))) as server:
        (step,) = enriched("semantic_scholar", server, tmp_path)
    assert orjson.loads(server.log[0].body) == {"ids": ["ARXIV:2301.00001", "DOI:10.1234/a", "DOI:10.1234/a,b|c"]}
    assert titles(followed("semantic_scholar", server), [step]) == ["Lamps that summarise"]


def test_hugging_face_is_asked_one_by_one_and_may_not_know(tmp_path: Path) -> None:
    with serving(replies(Reply(b"not found", 404))) as server:
        assert enriched("hf", server, tmp_path) == []
    assert [asked.path for asked in server.log] == ["/api/papers/2301.00001"]


WRONG: Mapping[str, tuple[dict[str, object], str]] = {
    "crossref": ({"issn": ["123"]}, "eight digits"),
    "openalex": ({"filter": "cats"}, "no colon"),
    "openreview": ({}, "slashes"),
    "biorxiv": ({"servers": ["chemrxiv"]}, "biorxiv and medrxiv"),
    "pubmed": ({}, "none given"),
    "europepmc": ({}, "none given"),
    "dblp": ({}, "none given"),
    "arxiv": ({"categories": ["cs.IR", "biology.X"]}, "biology.X"),
    "oai": ({"base": "repo"}, "https://"),
    "feed": ({"url": "x"}, "https://"),
    "zotero": ({"user": "ada"}, "number"),
}


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_wrong_options_are_told_before_anything_is_asked(kind: str) -> None:
    options, said = WRONG[kind]
    with pytest.raises(Mistake, match=said):
        following.read(kind, options)


@pytest.mark.parametrize("kind", sorted(sources.followable()))
def test_every_source_says_what_it_is_and_when_it_is_asked(kind: str) -> None:
    module = sources.followable()[kind]
    assert module.ABOUT.name and module.ABOUT.what and module.ABOUT.home.startswith("https://")
    options = {row.name: row.default for row in module.OPTIONS}
    assert module.due(options, None, NOW).at <= NOW
    coming = module.due(options, NOW, NOW)
    assert coming.at > NOW and coming.why
    assert all(row.sentence.endswith(".") for row in module.OPTIONS)

"""What services answer when something is wrong with them, and what hostile bytes do: a sentence, and no record lost."""

import gzip
import io
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from broadsheet import following, sources
from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import FetchError
from broadsheet.paper import Fault, Paper
from broadsheet.sources import Record, Step, _lines, _markup, _oai, files
from broadsheet.sources._arxiv_authors import names_of
from broadsheet.sources._arxiv_words import withdrawal
from broadsheet.sources._fields import split_names, texts_of
from loopback import Asked, Reply, client, replies, serving

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPTIONS: dict[str, dict[str, object]] = {
    "acl": {"venues": ["lamp"]}, "biorxiv": {}, "crossref": {"issn": ["1532-4435"]}, "dblp": {"queries": ["lamp"]},
    "europepmc": {"query": "lamp"}, "hf": {"since": 1}, "openalex": {"filter": "a.b:c"},
    "openreview": {"venues": ["Lamp.cc/2026/Conference"]}, "pubmed": {"query": "lamp"},
    "semantic_scholar": {"query": "lamp"}, "zotero": {"user": "7"},
}  # fmt: skip


def one_of(kind: str, url: str) -> following.Followed:
    more = {"list": f"{url}/tree"} if kind == "acl" else {}
    return following.read(kind, {"base": url, **OPTIONS[kind], **more})


def steps(kind: str, folder: Path, url: str, cursor: str = "", now: datetime = NOW) -> list[Step]:
    one = one_of(kind, url)
    (part, *_) = one.source.parts(one.options)
    return list(one.source.fetch(client(folder, patience=0.1), one.options, part, cursor, now))


@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("body", [b'{"error": "oops"}', b"5", b'"text"', b"null", b"{}", b"<html>maintenance</html>"])
def test_an_error_in_place_of_an_answer_is_a_failure(kind: str, body: bytes, tmp_path: Path) -> None:
    """With HTTP 200: nothing is stored as if there were nothing, and the cursor does not move."""
    with serving(replies(body)) as server, pytest.raises(SourceError):
        steps(kind, tmp_path, server.url)


EMPTY: dict[str, Any] = {
    "biorxiv": {"messages": [{"total": "500"}], "collection": []},
    "crossref": {"message": {"items": [], "total-results": 500}},
    "dblp": {"result": {"hits": {"@total": "500", "hit": []}}},
    "europepmc": {"hitCount": 500, "nextCursorMark": "x", "resultList": {"result": []}},
    "openalex": {"meta": {"count": 500, "next_cursor": "x"}, "results": []},
    "openreview": {"count": 500, "notes": []},
    "semantic_scholar": {"total": 500, "token": "x", "data": []},
}


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_page_before_the_end_is_a_failure(kind: str, tmp_path: Path) -> None:
    with serving(replies(orjson.dumps(EMPTY[kind]))) as server, pytest.raises(SourceError, match="empty page"):
        steps(kind, tmp_path, server.url)


COUNTS: list[object] = ["many", "3,000", "²", "-1", None, [], 1.5]


@pytest.mark.parametrize("count", COUNTS)
def test_a_count_that_is_none(count: object, tmp_path: Path) -> None:
    bodies = {
        "dblp": {"result": {"hits": {"@total": count, "hit": []}}}, "pubmed": {"esearchresult": {"count": count}},
        "biorxiv": {"messages": [{"total": count}], "collection": []},
        "openalex": {"meta": {"count": count}, "results": []},
    }  # fmt: skip
    for kind, body in bodies.items():
        with serving(replies(orjson.dumps(body))) as server, pytest.raises(SourceError):
            steps(kind, tmp_path / kind, server.url)


def test_pubmed_that_has_lost_its_search_loses_no_paper(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("esearch.fcgi"):
            return Reply(orjson.dumps({"esearchresult": {"count": "400", "querykey": "1", "webenv": "x"}}))
        return Reply(b"<eFetchResult><ERROR>Unable to obtain query #1</ERROR></eFetchResult>")

    with serving(answer) as server, pytest.raises(SourceError, match="Unable to obtain query #1"):
        steps("pubmed", tmp_path, server.url)


def test_pubmed_gives_at_most_ten_thousand_so_the_days_are_parted(tmp_path: Path) -> None:
    """One thousand papers a day: thirty days are read in four searches, and every day in one of them."""
    searched: list[tuple[str, str]] = []

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("efetch.fcgi"):
            return Reply(b"<PubmedArticleSet></PubmedArticleSet>")
        first, last = (datetime.strptime(asked.params[name], "%Y/%m/%d") for name in ("mindate", "maxdate"))
        count = ((last - first).days + 1) * 1_000
        if count < 9_999:
            searched.append((asked.params["mindate"], asked.params["maxdate"]))
        return Reply(orjson.dumps({"esearchresult": {"count": str(count), "querykey": "1", "webenv": "x"}}))

    with serving(answer) as server:
        found = steps("pubmed", tmp_path, server.url)
    days = [datetime.strptime(day, "%Y/%m/%d") for pair in searched for day in pair]
    assert days[0] == datetime(2026, 10, 21) and days[-1] == datetime(2026, 11, 20)
    assert all(begins - ends == timedelta(days=1) for ends, begins in zip(days[1:-1:2], days[2::2], strict=True))
    assert orjson.loads(found[-1].cursor) == {"from": "2026-11-18"}
    busy = orjson.dumps({"esearchresult": {"count": "20000", "querykey": "1", "webenv": "x"}})
    with serving(replies(busy)) as server, pytest.raises(SourceError, match="narrow the query"):
        steps("pubmed", tmp_path / "busy", server.url)


@pytest.mark.parametrize("kind", ["europepmc", "openalex", "semantic_scholar"])
def test_a_mark_that_is_no_longer_taken_costs_a_window_not_the_harvest(kind: str, tmp_path: Path) -> None:
    last = {
        "europepmc": {"hitCount": 0, "resultList": {"result": []}},
        "openalex": {"meta": {"count": 0}, "results": []}, "semantic_scholar": {"total": 0, "data": []},
    }  # fmt: skip

    def answer(asked: Asked) -> Reply:
        old = "too-old" in asked.params.values()
        return Reply(b"bad cursor", status=400) if old else Reply(orjson.dumps(last[kind]))

    cursor = orjson.dumps({"from": "2026-11-01", "until": "2026-11-20", "start": 300, "page": "too-old"}).decode()
    with serving(answer) as server:
        (step,) = steps(kind, tmp_path, server.url, cursor)
    assert len(server.log) == 2 and orjson.loads(step.cursor)["from"] < "2026-11-20", "with an overlap"
    refusing = serving(replies(Reply(b"no", status=400)))
    with refusing as server, pytest.raises(FetchError, match="400"):
        steps(kind, tmp_path / "no", server.url, cursor)


# -- the clocks of repositories ----------------------------------------------------------------------------------------

RECORD = "<record><header><identifier>oai:x:{n}</identifier><datestamp>2026-11-01</datestamp></header></record>"


def oai_page(said: str, n: int, token: str) -> bytes:
    more = f"<resumptionToken>{token}</resumptionToken>" if token else ""
    return (
        f"<OAI-PMH><responseDate>{said}</responseDate><request>x</request><ListRecords>{RECORD.format(n=n)}{more}"
        "</ListRecords></OAI-PMH>"
    ).encode()


@pytest.mark.parametrize("said", ["2026-11-20", "2020-01-01T00:00:00Z", "2036-11-20T00:00:00Z", "0001-01-01T00:00:00Z",
                                  "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "never"])  # fmt: skip
def test_a_clock_that_is_wrong_neither_loops_nor_skips(said: str, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        n = int(asked.params.get("resumptionToken", "0"))
        return Reply(oai_page(said, n, str(n + 1) if n < 5 else ""))

    with serving(answer) as server:
        options = following.read("oai", {"base": f"{server.url}/oai"})
        now = NOW.replace(hour=23)
        found = list(options.source.fetch(client(tmp_path), options.options, "", "", now))
    assert len(found) == len(server.log) == 6
    assert _oai.place_of(found[-1].cursor).from_ <= datetime.now(UTC).date().isoformat()
    assert all(step.at <= datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for step in found)


def test_a_day_that_is_none_is_told_before_anything_is_asked() -> None:
    with pytest.raises(Mistake, match="2024-02-31"):
        following.read("oai", {"base": "https://x.example.org/oai", "since": "2024-02-31"})


def test_a_page_that_broke_off_is_asked_for_whole(tmp_path: Path) -> None:
    """The cache knows it under its ETag, and would give it back for ever."""

    def answer(asked: Asked) -> Reply:
        headers = {"ETag": '"a"'}
        if "if-none-match" in asked.headers:
            return Reply(b"", 304, headers)
        body = oai_page("2026-11-20T00:00:00Z", 1, "")
        return Reply(body if len(server.log) > 1 else body[:-20], headers=headers)

    with serving(answer) as server:
        one = following.read("oai", {"base": f"{server.url}/oai"})
        (step,) = one.source.fetch(client(tmp_path), one.options, "", "", NOW)
    assert step.body.endswith(b"</OAI-PMH>")


# -- bytes -------------------------------------------------------------------------------------------------------------


def parsed(name: str, body: bytes) -> list[Record]:
    return list(sources.formats()[name].parse(io.BytesIO(body), source=name, at=""))


HEADS = (b"<!DOCTYPE" + b"[]" * 5_000, b"<!DOCTYPE " + b"[" * 30_000, b"<!--" * 15_000, b"<?" * 30_000)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("head", HEADS)
def test_no_opening_makes_a_file_hard_to_tell(head: bytes) -> None:
    """An expression that tries again at every bracket would take days over sixty of them."""
    assert sources.detect(head, "x.xml") == ("", 0.0)


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "utf-32", "utf-7", "rot13", "base64", "unicode_escape", "utf-16"]
)
def test_a_charset_that_is_none(charset: str) -> None:
    body = (
        f"<?xml version='1.0' encoding='{charset}'?><rss><channel><item><title>Lampe à huile</title></item></channel>"
    )
    (found,) = parsed("feed", f"{body}</rss>".encode())
    assert isinstance(found, Paper) and found.title == "Lampe à huile"


@pytest.mark.parametrize("body", [b"<html><![foo[x]]>", b"<html><![", b"<html><!", b"<html><!doctype [", b"<html>&#"])
def test_a_page_that_the_parser_cannot_follow(body: bytes) -> None:
    assert [type(record) for record in parsed("webpage", body)] == [Fault]


@pytest.mark.parametrize(
    ("said", "charset"),
    [("iso-8859-1", "latin-1"), ("utf-8", "utf-8"), ("", "cp1252"), ("", "utf-8"), ("x-no", "utf-8")],
)
def test_a_page_in_the_charset_of_its_time(said: str, charset: str) -> None:
    meta = f'<meta charset="{said}">' if said else ""
    body = f'<html><head>{meta}<meta name="citation_title" content="Über Größen">'.encode(charset)
    (found,) = parsed("webpage", body)
    assert isinstance(found, Paper) and found.title == "Über Größen"


def test_damage_in_a_zip_of_any_method_is_a_sentence(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        path = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("papers.jsonl", b'{"title": "Lamps"}\n' * 3_000)
        whole = path.read_bytes()
        for place in range(60, len(whole), max(1, len(whole) // 60)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
            try:
                for file in files.expand([path]).files:
                    list(file.records())
            except (SourceError, Mistake) as error:
                assert "zip" in str(error) or "format" in str(error)


@pytest.mark.parametrize("name", ["arxiv", "crossref", "europepmc", "feed", "hf", "oai", "zotero"])
def test_what_is_read_at_once_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_lines, "MAX_ANSWER", 1 << 20)
    shell = {"arxiv": b"<OAI-PMH>%s</OAI-PMH>", "oai": b"<OAI-PMH>%s</OAI-PMH>", "feed": b"<rss>%s</rss>"}
    body = shell.get(name, b'{"x": 1%s}\n{}') % (b" " * (2 << 20))
    with pytest.raises(SourceError, match="larger than 1 MB"):
        parsed(name, body if name != "hf" else body.replace(b" ", b"\n"))


def test_a_feed_has_so_many_items_and_no_more() -> None:
    body = b"<rss><channel>" + b"<item><title>A lamp</title><a/><a/><a/></item>" * 20_500 + b"</channel></rss>"
    assert len(body) < 1 << 20 and len(gzip.compress(body)) < 1 << 13
    assert len(parsed("feed", body)) == 20_000


LONG = 300_000
SLOW: dict[str, Callable[[], object]] = {
    "comments": lambda: _markup.plain("<!--" * LONG), "scripts": lambda: _markup.plain("<script>" * LONG),
    "formulas": lambda: _markup.plain("<tex-math>" * LONG),
    "mathml": lambda: _markup.plain("<tex-math>a" + "<math>" * LONG),
    "documents": lambda: _markup.plain("<tex-math>" + r"\begin{document}" * LONG + "</tex-math>"),
    "tags": lambda: _markup.plain("<a " * LONG), "spaces": lambda: split_names("a" + " " * LONG + "b"),
    "list": lambda: texts_of("keywords", "a" + " " * LONG + "b;c"),
    "brackets": lambda: names_of("(" * LONG + ")" * LONG),
    "ands": lambda: names_of("a" + " " * LONG + "b and c"),
}  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", SLOW)
def test_no_text_makes_an_expression_slow(name: str) -> None:
    """A million characters that begin something and never end it: what is quadratic would take hours."""
    began = time.process_time()
    SLOW[name]()
    assert time.process_time() - began < 20, "ten times what the slowest takes on a busy machine"


def test_mark_up_is_taken_out_as_before() -> None:
    told = "<p>One</p><!-- no --><script>no</script> <b>tw</b>o x<5 <tex-math>a<tex-math>b</tex-math> <!-- open"
    assert _markup.plain(told).split() == ["One", "two", "x<5", "ab", "<!--", "open"]


@pytest.mark.parametrize(
    ("comment", "abstract", "gone"),
    [
        ("This paper has been withdrawn by the author due to an error", "", True), ("Withdrawn", "", True),
        ("withdrawn due to a gap in Lemma 2", "", True), ("3 pages. This article was withdrawn.", "", True),
        ("Paper withdrawn by the authors", "", True), ("", "This paper has been withdrawn.", True),
        ("", "Withdrawn by the author.", True), ("", "The manuscript is withdrawn because of an error", True),
        ("Supersedes withdrawn arXiv:0801.1234", "", False), ("20 pages; Section 5 withdrawn", "", False),
        ("Corrected version; v1 was withdrawn because of an error in Lemma 2, now fixed", "", False),
        ("This replaces arXiv:1234.5678 which has been withdrawn", "", False),
        ("Dataset of withdrawn drugs, 10 pages", "", False), ("withdrawn from the conference", "", False),
        ("", "Withdrawn drugs are a major source of data.", False), ("This paper has not been withdrawn", "", False),
    ],
)  # fmt: skip
def test_a_paper_is_withdrawn_by_its_authors_words_about_itself(comment: str, abstract: str, gone: bool) -> None:
    assert bool(withdrawal(comment, abstract)) == gone

"""What leaves a list of results: feeds that others can follow, files, citations."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

import web_library
from broadsheet import ids
from broadsheet.library import Library
from broadsheet.paper import Origin, Paper, make
from broadsheet.sources import feed as follower
from broadsheet.sources import formats
from broadsheet.web import create_app, feeds
from web_library import ask

ATOM = "{http://www.w3.org/2005/Atom}"
KINDS = tuple(feeds.KINDS)
BOTH = "q=weather+routing&venue=PaperConf&year=2001.."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("feeds")) as library:
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(library, title="The <Morning> & Co"), base_url="https://papers.example.org")


def followed(data: bytes) -> list[Paper]:
    """The papers that another Broadsheet reads in a feed."""
    found = list(follower.parse(io.BytesIO(data), source="theirs", at="2026-01-01T00:00:00Z"))
    assert all(isinstance(record, Paper) for record in found), found
    return [record for record in found if isinstance(record, Paper)]


def written(suffix: str, *papers: Paper) -> bytes:
    root = "https://papers.example.org"
    return feeds.KINDS[suffix].write(feeds.Feed("Lamps", f"{root}/search", f"{root}/f", root, papers))


# -- feeds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", KINDS)
def test_a_feed_of_ours_brings_another_library_the_same_papers(
    client: TestClient, library: Library, suffix: str
) -> None:
    answer = client.get(f"/search{suffix}?limit=200")
    assert answer.headers["content-type"] == feeds.KINDS[suffix].media
    here = {paper.key: paper for paper in library.papers()}
    there = {paper.key: paper for paper in followed(answer.content)}
    assert there.keys() == here.keys()
    for key, paper in there.items():
        assert paper.ids == here[key].ids
        assert (paper.year, paper.venue, paper.link("page")) == (
            here[key].year, here[key].venue, here[key].link("page"),
        )  # fmt: skip
    assert there["quill24"].authors == here["quill24"].authors
    assert there["quill24"].abstract == here["quill24"].abstract
    assert there["reed23"].title == here["reed23"].title


@pytest.mark.parametrize("suffix", KINDS)
def test_another_library_recognises_the_file(client: TestClient, suffix: str) -> None:
    head = client.get(f"/search{suffix}?q=weather").content[:4_000]
    best = max(formats(), key=lambda name: formats()[name].sniff(head, f"x{suffix}"))
    assert best == "feed"


@pytest.mark.parametrize("suffix", KINDS)
def test_ids_of_every_kind_come_back(suffix: str) -> None:
    known = {
        "id:17", "arxiv:hep-th/9901001", "doi:10.1000/a<b>&c", "url:https://example.org/a?b=1&c=2", "pmid:12",
        "url:https://other.example.org/x",
    }  # fmt: skip
    one = make("test", "Lamps", ids=known, links={"page": "https://example.org/a?b=1&c=2"}, date="2024-05")
    nameless = make("test", "Lamps that nobody gave an id", authors=["Ada Stone"], year=2020)
    there = followed(written(suffix, one, nameless))
    assert {paper.ids for paper in there} == {tuple(sorted(known)), nameless.ids}
    assert [paper.date for paper in there] == ["2024-05", "2020"]
    assert ids.best(nameless.ids).startswith("t:")


def test_atom_holds_what_its_standard_asks_for(client: TestClient) -> None:
    answer = client.get(f"/search.atom?{BOTH}")
    root = ET.fromstring(answer.content)
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}title") == "weather routing venue:PaperConf year:2001.. (newest) · The <Morning> & Co"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {
        "self": f"https://papers.example.org/search.atom?{BOTH}",
        "alternate": f"https://papers.example.org/search?{BOTH}&sort=new",
    }
    entries = root.findall(f"{ATOM}entry")
    assert entries
    for part in (root, *entries):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", part.findtext(f"{ATOM}updated") or "")
        assert (part.findtext(f"{ATOM}id") or "").startswith("https://papers.example.org/")
        assert part.findtext(f"{ATOM}title")
    found = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(found) == len(set(found))
    shown = ask(client, f"/search?{BOTH}&sort=new&limit=50")
    assert [
        f"https://papers.example.org{path}" for path in re.findall(r'title" dir="auto"><a href="([^"]+)', shown)
    ] == found


def test_rss_says_who_and_when() -> None:
    paper = make(
        "test", "A < B", ids=["id:x"], authors=["Ada Stone"], abstract="If a < b & c, see <b>.", date="2024-05-01"
    )
    (channel,) = ET.fromstring(written(".rss", paper))
    item = channel.find("item")
    assert item is not None
    assert item.findtext("title") == "A < B"
    assert item.findtext("description") == "If a &lt; b &amp; c, see &lt;b&gt;."  # HTML, as readers take it
    assert item.findtext("pubDate") == "Wed, 01 May 2024 00:00:00 GMT"
    assert item.findtext("{http://purl.org/dc/elements/1.1/}creator") == "Ada Stone"
    guid = item.find("guid")
    assert guid is not None and (guid.get("isPermaLink"), guid.text) == ("true", "https://papers.example.org/paper/x")
    own = channel.find(f"{ATOM}link")
    assert own is not None and own.attrib == {
        "rel": "self", "type": "application/rss+xml", "href": "https://papers.example.org/f"
    }  # fmt: skip


def test_json_feed_holds_what_its_standard_asks_for(client: TestClient) -> None:
    body = client.get("/search.json?q=lantern").json()
    assert body["version"] == "https://jsonfeed.org/version/1.1"
    assert body["home_page_url"] == "https://papers.example.org/search?q=lantern&sort=new"
    assert body["feed_url"] == "https://papers.example.org/search.json?q=lantern"
    quill = next(item for item in body["items"] if item["id"].endswith("/quill24"))
    assert quill["url"] == quill["id"] == "https://papers.example.org/paper/quill24"
    assert quill["external_url"] == "https://example.org/abs/quill24"
    assert quill["authors"][0] == {"name": "Ada Quill"}
    assert "content_text" in quill and "retrieval" in quill["tags"]


def test_the_order_and_the_length_are_the_addresses_to_choose(client: TestClient) -> None:
    def years(address: str) -> list[int]:
        return [int(item["_broadsheet"]["date"]) for item in client.get(address).json()["items"]]

    assert years("/search.json") == sorted(years("/search.json"), reverse=True)
    assert years("/search.json?sort=old&limit=7") == sorted(years("/search.json"))[:7]
    best = client.get("/search.json?q=weather&sort=relevance&limit=5").json()
    assert best["feed_url"].endswith("/search.json?q=weather&sort=relevance&limit=5")
    assert years("/search.json?offset=20&upto=1") == years("/search.json")  # a feed begins at the newest
    assert client.get("/search.atom?limit=x").status_code == 400


def test_the_feed_of_the_newest(client: TestClient) -> None:
    front = client.get("/feed.xml")
    assert front.headers["content-type"].startswith("application/atom+xml")
    root = ET.fromstring(front.content)
    assert root.findtext(f"{ATOM}id") == "https://papers.example.org/feed.xml"
    newest = ET.fromstring(client.get("/search.atom").content)
    names = [[entry.findtext(f"{ATOM}id") for entry in one.findall(f"{ATOM}entry")] for one in (root, newest)]
    assert names[0] == names[1] != []


@pytest.mark.parametrize("suffix", KINDS)
def test_nothing_found_is_a_feed_too(client: TestClient, suffix: str) -> None:
    answer = client.get(f"/search{suffix}?q=%22no+such+phrase%22")
    assert answer.status_code == 200
    assert followed(answer.content) == []
    assert b"no such phrase" in answer.content
    if suffix != ".json":
        ET.fromstring(answer.content)


@pytest.mark.parametrize("suffix", KINDS)
def test_an_empty_library_has_feeds(tmp_path: Path, suffix: str) -> None:
    with web_library.make(tmp_path, ()) as library:
        assert followed(TestClient(create_app(library)).get(f"/search{suffix}?q=x").content) == []


@pytest.mark.parametrize("address", ["/feed.xml", "/search.rss?q=weather", "/search.json?q=weather"])
def test_the_same_feed_is_not_sent_twice(client: TestClient, address: str) -> None:
    tag = client.get(address).headers["etag"]
    again = client.get(address, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("suffix", KINDS)
@given(text=st.text(st.characters(), max_size=60), at=st.text(max_size=12))
def test_no_text_breaks_a_feed(suffix: str, text: str, at: str) -> None:
    """Even what no source lets through: control characters, lone surrogates, mark-up."""
    safe = text.encode("utf-8", "ignore").decode() if suffix == ".json" else text
    paper = Paper(
        safe or "x", ("id:x",), abstract=safe, authors=(safe,), venue=safe, keywords=(safe,), date=at,
        links=(("page", safe),), provenance=(("title", Origin("test", at)),),
    )  # fmt: skip
    data = written(suffix, paper)
    if suffix == ".json":
        assert json.loads(data)["items"][0]["content_text"] == safe
    else:
        ET.fromstring(data)


def test_pages_name_their_feeds(client: TestClient) -> None:
    assert '<link rel="alternate" type="application/atom+xml" title="The newest papers" href="/feed.xml">' in ask(
        client, "/"
    )
    html = ask(client, "/search?q=weather&year=2001..2010&sort=cited&offset=10")
    wanted = "/search.atom?q=weather&year=2001..2010"
    assert f'href="{wanted}"' in unescape(html).partition("</head>")[0]
    take = unescape(html).partition('<p class="take">')[2].partition("</p>")[0]
    *links, inbox = re.findall(r'href="([^"]+)"', take)
    assert inbox == "/subscribe?search=weather+year:2001..2010"
    assert [link.partition("?")[0] for link in links] == [
        "/search.bib", "/search.ris", "/search.csv", "/search.jsonl", "/search.atom", "/search.rss", "/search.json",
    ]  # fmt: skip
    for link in links:
        answer = client.get(link)
        assert answer.status_code == 200 and b"eather of" in answer.content
        assert "offset" not in link


# -- files -------------------------------------------------------------------------------------------------------------


def test_the_whole_list_is_one_file_in_its_order(client: TestClient) -> None:
    answer = client.get("/search.jsonl?q=weather&sort=old&limit=5&offset=3")
    found = [json.loads(line)["id"] for line in answer.text.splitlines()]
    assert len(found) == len(set(found)) == web_library.SERIES
    assert answer.headers["content-disposition"] == 'attachment; filename="weather.jsonl"'
    page = client.get("/api/v1/search?q=weather&sort=old&limit=200").json()
    assert found == [hit["id"] for hit in page["hits"]]


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".bib", "bibtex"), (".ris", "ris"), (".csv", "csv"), (".jsonl", "jsonl")]
)
def test_what_was_saved_can_be_added(client: TestClient, suffix: str, kind: str) -> None:
    data = client.get(f"/search{suffix}?venue=PaperConf").content
    papers = list(formats()[kind].parse(io.BytesIO(data), source="test", at="2024-01-01"))
    assert sum(isinstance(paper, Paper) for paper in papers) == len(papers) == 18


def test_a_file_is_called_after_its_question(client: TestClient) -> None:
    def name(address: str) -> str:
        return client.get(address).headers["content-disposition"]

    assert name("/search.bib?q=lantern+-vision&year=2020..") == 'attachment; filename="lantern-vision-year-2020.bib"'
    assert name("/search.ris") == 'attachment; filename="papers.ris"'
    assert name("/search.csv?q=%D7%A9%D7%9C%D7%95%D7%9D") == (
        "attachment; filename=\"papers.csv\"; filename*=UTF-8''%D7%A9%D7%9C%D7%95%D7%9D.csv"
    )
    assert len(name("/search.csv?q=" + "word+" * 60)) < 110
    assert name('/search.csv?q="; x="') == 'attachment; filename="x.csv"'


def test_nothing_found_is_an_empty_file(client: TestClient) -> None:
    assert client.get("/search.jsonl?q=%22no+such+phrase%22").text == ""
    (head,) = csv.reader(io.StringIO(client.get("/search.csv?q=%22no+such+phrase%22").content.decode("utf-8-sig")))
    assert head[:2] == ["id", "title"]


def test_what_cannot_be_asked_is_said_before_a_file_begins(client: TestClient) -> None:
    answer = client.get("/search.bib?sort=best")
    assert answer.status_code == 400
    assert "sort is" in answer.text


def test_a_long_list_comes_in_pieces(client: TestClient) -> None:
    with client.stream("GET", "/search.csv?sort=new") as answer:
        assert "content-length" not in answer.headers
        assert sum(len(piece) for piece in answer.iter_bytes()) > 5_000


# -- citations ---------------------------------------------------------------------------------------------------------


def test_a_paper_is_cited_in_three_ways(client: TestClient) -> None:
    html = unescape(ask(client, "/paper/reed23"))
    texts = dict(re.findall(r'(?s)<pre id="cite-(\w+)"[^>]*>(.*?)</pre>', html))
    assert texts.keys() == {"text", "bibtex", "ris"}
    assert texts["text"].startswith("Ben Reed and Zoë Schr")
    assert "(2023). Sorting by k-th differences in O(n log n) comparisons. Journal" in texts["text"]
    assert texts["text"].endswith("https://doi.org/10.1000/sorted/2023.7")
    assert texts["bibtex"].startswith("@article{") and texts["ris"].startswith("TY  - JOUR")
    assert re.findall(r'data-copy="cite-(\w+)"', html) == ["text", "bibtex", "ris"]


def test_every_hit_leads_to_its_citation(client: TestClient) -> None:
    html = ask(client, "/search?q=lantern+routing")
    assert '<a href="/paper/quill24#cite" aria-label="cite Sparse lantern routing for long' in html
    assert 'id="cite"' in ask(client, "/paper/quill24")

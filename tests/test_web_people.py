"""The pages of authors and venues, and the likes of a question, asked over HTTP of real libraries."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

import web_library
from broadsheet.library import Library
from broadsheet.web import create_app, urls
from web_library import ask, text

QUILL, FERN, MOSS = "Ada Quill", "Eve Fern", "Cleo Moss"
SUBJECTS = ("Lantern routing", "Moth clocks", "Lantern routing", "Tidal grammar")
STRANGE = (
    "Zoë Müller-Ødegård",
    'Jean "Jo" O\'Neil',
    "AC/DC Group",
    "Łukasz 😀 Żak",
    "דנה לוי",
    "王小明",
    "A. B?c#d%e&f",
)


def _rows() -> Iterator[Mapping[str, Any]]:
    for number in range(24):
        subject = SUBJECTS[number % 4]
        yield {
            "id": f"own{number}",
            "title": f"{subject} under frost, case {number}",
            "abstract": f"Case {number} is about {subject.lower()}.",
            "authors": [QUILL, FERN] if number % 3 == 0 else [QUILL, MOSS] if number % 3 == 1 else [QUILL],
            "venue": "PaperConf" if number % 2 else "Frost & Ice: A/B?",
            "year": 2012 + number % 6,
            "citations": (number * 7) % 24,
            "categories": ["cs.IR"] if number < 5 else [],
        }
    for number in range(40):
        yield {
            "id": f"other{number}", "title": f"Glacier survey, sheet {number}", "abstract": "Ice was measured.",
            "authors": [f"Surveyor {chr(65 + number % 26)}. North"], "venue": "PaperConf", "year": 2019,
        }  # fmt: skip
    yield {"id": "longer", "title": "Guest words", "abstract": "", "authors": ["Ada Quill-Reed"], "year": 2020}
    yield {"id": "strange", "title": "Names", "abstract": "", "authors": list(STRANGE), "year": 2021}
    yield {"id": "many", "title": "A crowd", "abstract": "", "authors": [f"Crowd Member{n}" for n in range(150)]}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("people"), (*_rows(), *web_library.PAPERS)) as library:
        yield library


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(library), follow_redirects=False)


def section(html: str, name: str) -> str:
    return html.partition(f'<section aria-labelledby="{name}">')[2].partition("</section>")[0]


def links(html: str) -> list[str]:
    return [unescape(href) for href in re.findall(r'href="([^"]+)"', html)]


def order(html: str, words: str) -> str:
    """The address of the same papers, sorted another way."""
    href = re.search(rf'<a href="([^"]+)"[^>]*>{words}</a>', html.partition('<p class="sorts">')[2])
    assert href, words
    return unescape(href[1])


def found(html: str) -> int:
    """How many papers a page says it has."""
    number = re.search(r"([\d,]+) papers?\b", text(html))
    assert number, text(html)[:300]
    return int(number[1].replace(",", ""))


def titles(html: str) -> list[str]:
    return re.findall(r'<h2 class="title" dir="auto"><a href="/paper/([^"]+)"', html)


def beside(html: str, name: str) -> list[tuple[str, int, str, str]]:
    """(shown, papers, its page, the search for both) of each line of a section."""
    rows = re.findall(
        r'<li><a href="([^"]+)" dir="auto">([^<]*)</a> <a class="both" href="([^"]+)"[^>]*>([\d,]+)</a>',
        section(html, name),
    )
    return [(unescape(shown), int(papers), unescape(own), unescape(both)) for own, shown, both, papers in rows]


# -- authors -----------------------------------------------------------------------------------------------------------


def test_the_page_of_an_author(client: TestClient) -> None:
    html = ask(client, "/author/Ada%20Quill")
    seen = text(html)
    assert '<h1 class="who" id="who" dir="auto">Ada Quill</h1>' in html
    assert "26 papers, 2012 to 2024" in seen  # with the one of Ada Quill-Reed, and one of the other library
    assert 'href="/search?author=Ada+Quill&amp;sort=new&amp;year=2014"' in html
    assert titles(html)[0] == "quill24"
    assert "author:&#34;Ada Quill&#34;" in html
    for shown, papers, own, both in beside(html, "people"):
        assert own == urls.named("author", shown)
        assert found(ask(client, both)) == papers
    assert [row[:2] for row in beside(html, "people")[:2]] == [("Cleo Moss", 9), ("Eve Fern", 9)]
    assert QUILL not in [row[0] for row in beside(html, "people")]
    for _, papers, own, both in beside(html, "venues"):
        assert own.startswith("/venue/")
        assert found(ask(client, both)) == papers


def test_co_authors_are_asked_for_as_a_question_that_can_be_typed(client: TestClient) -> None:
    both = beside(ask(client, "/author/Ada%20Quill"), "people")[0][3]
    assert parse_qs(urlsplit(both).query)["q"] == ['author:"Ada Quill" AND author:"Cleo Moss"']


def test_topics_lead_to_papers_of_the_author_about_them(client: TestClient) -> None:
    html = ask(client, "/author/Ada%20Quill")
    topics = links(html.partition('aria-labelledby="topics">')[2].partition("</ul>")[0])
    asked = [parse_qs(urlsplit(href).query) for href in topics]
    assert {"lantern routing", "moth clocks", "tidal grammar"} <= {one["q"][0].strip('"') for one in asked}
    assert all(one["author"] == [QUILL] for one in asked)
    assert [found(ask(client, href)) > 1 for href in topics] == [True] * len(topics)
    assert "glacier" not in text(html).lower()


def test_a_name_is_shown_as_most_papers_spell_it(client: TestClient) -> None:
    html = ask(client, "/author/ada%20QUILL")
    assert '<h1 class="who" id="who" dir="auto">Ada Quill</h1>' in html
    longer = section(html, "longer")
    assert "Ada Quill-Reed" in longer
    assert "Ada Quill<" not in longer


def test_a_part_of_a_name_names_all_who_have_it(client: TestClient) -> None:
    html = ask(client, "/author/north")
    assert '<h1 class="who" id="who" dir="auto">north</h1>' in html
    assert found(html) == 40
    assert "/author/Surveyor%20A.%20North" in section(html, "longer")
    assert html.partition("<aside>")[2].split()[:2] == ["<section", 'aria-labelledby="longer">']
    assert section(html, "people") == ""


@pytest.mark.parametrize(("sort", "words"), [("new", "Newest"), ("cited", "Most cited"), ("rising", "Rising")])
def test_papers_in_every_order_each_once(client: TestClient, library: Library, sort: str, words: str) -> None:
    html = ask(client, "/author/Ada%20Quill")
    href = order(html, words)
    seen: list[str] = []
    while href:
        html = ask(client, href)
        assert f'aria-current="true">{words}</a>' in html
        seen += titles(html)
        after = re.search(r'<a rel="next" href="([^"]+)"', html)
        href = unescape(after[1]) if after else ""
    wanted = library.search(library.parse(f'author:"{QUILL}"', sort=sort, limit=100))
    assert seen == [hit.paper.key for hit in wanted.hits]
    assert len(set(seen)) == 26


def test_the_box_feed_files_and_question_keep_to_the_author(client: TestClient) -> None:
    html = ask(client, "/author/Ada%20Quill?sort=cited")
    box = html.partition('<form class="box"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="author" value="Ada Quill">' in box
    assert found(ask(client, "/search?q=%2Blantern&author=Ada+Quill")) == 13
    feed = unescape(re.search(r'application/atom\+xml" title="[^"]*" href="([^"]+)"', html)[1])  # type: ignore[index]
    assert client.get(feed).text.count("<entry>") == 26
    question = unescape(re.search(r'class="question" href="([^"]+)"', html)[1])  # type: ignore[index]
    assert found(ask(client, question)) == 26


def test_a_page_beyond_the_last_leads_back(client: TestClient) -> None:
    answer = client.get("/author/Ada%20Quill?offset=300")
    assert (answer.status_code, answer.headers["location"]) == (302, "/author/Ada%20Quill")


# -- venues ------------------------------------------------------------------------------------------------------------


def test_the_page_of_a_venue(client: TestClient) -> None:
    html = ask(client, urls.named("venue", "frost & ice: a/b?"))
    assert '<h1 class="who" id="who" dir="auto">Frost &amp; Ice: A/B?</h1>' in html
    assert "12 papers, 2012 to 2016" in text(html)
    assert "Most frequent authors" in html
    people = beside(html, "people")
    assert people[0][:2] == (QUILL, 12)
    assert [found(ask(client, both)) for _, _, _, both in people] == [papers for _, papers, _, _ in people]
    assert section(html, "venues") == ""
    category = links(section(html, "categories"))
    assert [found(ask(client, href)) for href in category] == [3]


# -- whoever is named anywhere has a page ------------------------------------------------------------------------------


def test_every_name_leads_to_its_papers(client: TestClient, library: Library) -> None:
    papers = list(library.papers())
    names = {
        ("author", name) for paper in papers for name in paper.authors if not name.startswith(("Crowd", "Surveyor"))
    }
    for kind, name in names | {("venue", paper.venue) for paper in papers if paper.venue}:
        assert found(ask(client, urls.named(kind, name))) > 0, name


@pytest.mark.parametrize("page", ["/", "/search?q=lantern", "/paper/quill24", "/author/Ada%20Quill", "/search?q=names"])
def test_bylines_lead_to_pages(client: TestClient, page: str) -> None:
    hrefs = {href for href in links(ask(client, page)) if href.startswith(("/author/", "/venue/"))}
    assert hrefs
    for href in hrefs:
        assert found(ask(client, href)) > 0, href


def test_bylines_name_three_and_how_many_more(client: TestClient) -> None:
    html = ask(client, "/search?q=lantern+long+document")
    first = html.partition('<li class="item">')[2].partition("</li>")[0]
    names = [href for href in links(first) if href.startswith("/author/")]
    assert names == ["/author/Ada%20Quill", "/author/Ben%20Reed", "/author/Cleo%20Moss"]
    assert "and 4 more" in first


def test_a_crowd_of_authors_is_folded(client: TestClient) -> None:
    html = ask(client, "/paper/many")
    shown, _, folded = html.partition('<details class="authors">')
    assert shown.count('<a href="/author/') == 40
    assert "and 110 more" in folded
    assert folded.partition("</details>")[0].count('<a href="/author/') == 110


# -- names that nobody has ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("/author/Ada%20Quil", "/author/Ada%20Quill"),
        ("/author/Quill,%20Adda", "/author/Ada%20Quill"),
        ("/author/Clea%20Moss", "/author/Cleo%20Moss"),
        ("/venue/PaperCon", "/venue/PaperConf"),
    ],
)
def test_a_name_that_nobody_has_names_the_nearest(client: TestClient, address: str, near: str) -> None:
    assert near in links(ask(client, address, 404))


@pytest.mark.parametrize("name", ["", "x" * 300, "x" * 3000, "😀", '"', "../..", "%00", "\u202e", "::", "1" * 80])
@pytest.mark.parametrize("kind", ["author", "venue"])
def test_names_that_are_none(client: TestClient, kind: str, name: str) -> None:
    html = ask(client, f"/{kind}/{quote(name, safe='')}", 404)
    assert f"No {kind} here has this name" in html


@given(st.text(max_size=40).filter(lambda name: name not in (".", "..")))  # a browser leaves those out of a path
def test_no_name_breaks_a_page(client: TestClient, name: str) -> None:
    for kind in ("author", "venue"):
        encoded = quote(name.encode(errors="replace"), safe="")
        assert client.get(f"/{kind}/{encoded}").status_code in (200, 404)


@pytest.mark.parametrize("wrong", ["sort=best", "offset=-1", "offset=1000000000", "limit=0", "year=abc"])
def test_wrong_parameters_are_said(client: TestClient, wrong: str) -> None:
    assert f"{wrong.partition('=')[0]} is " in ask(client, f"/author/Ada%20Quill?{wrong}", 400)


def test_an_empty_library_has_nobody(tmp_path: Path) -> None:
    with web_library.make(tmp_path, ()) as library:
        client = TestClient(create_app(library))
        assert "No author here has this name" in ask(client, "/author/Ada%20Quill", 404)
        assert "No venue here has this name" in ask(client, "/venue/PaperConf", 404)


# -- papers like others ------------------------------------------------------------------------------------------------


def test_a_question_with_likes_names_them_and_can_be_changed(client: TestClient) -> None:
    html = ask(client, "/search?q=like:own0")
    assert '<ul class="likes"' in html
    first = titles(html)[0]
    item = html.partition('<li class="item">')[2].partition("</li>")[0]
    more, less = (
        unescape(href) for href in re.findall(r'href="(/search[^"]+)" rel="nofollow" aria-label="(?:More|Less)', item)
    )
    for href, word in ((more, "Like"), (less, "Unlike")):
        going = ask(client, href)
        listed = going.partition('<ul class="likes"')[2].partition("</ul>")[0]
        assert listed.count("<li>") == 2
        assert f'<li>{word} <a href="/paper/{first}"' in listed
        assert first not in titles(going)
        assert "own0" not in titles(going)
    dropped = unescape(re.findall(r'class="drop" href="([^"]+)"', ask(client, less))[1])
    assert titles(ask(client, dropped)) == titles(html)


def test_likes_can_be_sorted(client: TestClient, library: Library) -> None:
    html = ask(client, "/search?q=like:own0")
    for words, sort in (("Most similar", "relevance"), ("Newest", "new"), ("Most cited", "cited")):
        wanted = library.similar(["own0"], sort=sort)  # type: ignore[arg-type]
        assert titles(ask(client, order(html, words))) == [hit.paper.key for hit in wanted.hits]


def test_an_unknown_like_is_said(client: TestClient) -> None:
    html = ask(client, "/search?q=like:own0+like:nobody")
    assert "which nobody here has" in text(html)
    assert "No paper here has the identifier nobody; it was left out." in text(html)


def test_other_questions_have_no_likes(client: TestClient) -> None:
    html = ask(client, "/search?q=lantern")
    assert "likes" not in html
    assert "More like this" not in html


def test_the_paper_page_leads_to_all_that_is_like_it(client: TestClient) -> None:
    html = ask(client, "/paper/own0")
    similar = html.partition('<section class="similar"')[2]
    assert '<a href="/search?q=like:id:own0">All of them, and sort</a>' in similar
    assert '<p class="snippet"' in similar
    assert "<b>Why</b>" in similar


def test_the_api_takes_several_and_negatives(client: TestClient, library: Library) -> None:
    answer = client.get("/api/v1/similar?id=own0&id=own4&not=own1&sort=cited&limit=7").json()
    wanted = library.similar(["own0", "own4"], without=["own1"], sort="cited", limit=7)
    assert [hit["id"] for hit in answer["hits"]] == [hit.paper.key for hit in wanted.hits]
    one, same = (client.get(f"/api/v1/similar{path}").json()["hits"] for path in ("/own0", "?id=own0"))
    assert one == same != []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("", 400), ("?not=own1", 400), ("?id=nobody", 404), ("?id=own0&not=nobody", 404), ("?id=own0&sort=best", 400),
        ("?id=own0&limit=-1", 400), ("?" + "&".join(f"id=own{n}" for n in range(21)), 400), ("?id=%00", 404),
    ],
)  # fmt: skip
def test_wrong_questions_for_similar_papers(client: TestClient, address: str, status: int) -> None:
    answer = client.get(f"/api/v1/similar{address}")
    assert answer.status_code == status
    assert answer.json()["status"] == status

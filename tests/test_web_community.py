"""Votes, comments, the desk and claims on the pages: what is shown to whom, what forms do, and what is refused."""

import re
from collections.abc import Iterator

import pytest

import web_library
from broadsheet.library import Library
from broadsheet.store import comments
from community_people import BOSS, Browser, counted, reader, sql, with_accounts
from web_library import text

A, B = "series1", "series2"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with web_library.make(tmp_path_factory.mktemp("community")) as library:
        yield library


@pytest.fixture
def library(made: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A library whose readers have accounts; what they did is gone afterwards."""
    monkeypatch.setattr(made, "settings", made.settings)
    yield with_accounts(made)
    for table in ("vote", "shade", "comment", "report", "submission", "pick", "claim", "tally", "audit", "session"):
        sql(made.store, f"DELETE FROM {table}")
    sql(made.store, "DELETE FROM account WHERE id > 1")


def somebody(library: Library, name: str = "Ada", role: str = "reader") -> Browser:
    return Browser(library, reader(library.store, name, role))  # type: ignore[arg-type]  # the roles are spelled right


def number_of(place: str) -> int:
    found = re.fullmatch(r"/paper/\w+(?:\?comments=\d+)?#comment-(\d+)", place)
    assert found, place
    return int(found[1])


# -- votes -------------------------------------------------------------------------------------------------------------


def test_a_vote_is_seen_at_once_and_sent_twice_is_one(library: Library) -> None:
    ada, ben = somebody(library), somebody(library, "Ben")
    assert ada.press("/vote", at="/?x=1", id=A, want="1") == "/?x=1"
    assert ada.ask("/vote", id=A, want="1") == {
        "there": "/", "said": "You voted for this paper. It has 1 vote.", "pressed": True, "total": 1,
    }  # fmt: skip
    assert 'aria-pressed="true" aria-label="Vote for' in ada.see(f"/paper/{A}")
    page = ben.see(f"/paper/{A}")
    assert 'aria-pressed="false" aria-label="Vote for' in page and "1 vote, how they are counted" in page
    assert ben.ask("/vote", id=A, want="1")["total"] == 2 and ada.ask("/vote", id=A, want="0")["total"] == 1
    assert counted(library.store)


def test_a_vote_says_where_it_came_from_and_nowhere_else(library: Library) -> None:
    ada = somebody(library)
    assert ada.press("/vote", at="/search?q=weather", id=A, want="1") == "/search?q=weather"
    assert ada.press("/vote", at="//evil.example/x", id=A, want="1", at_="x") == "/evil.example/x"
    assert "want is 1 or 0" in text(ada.press("/vote", 400, id=A, want="2"))
    assert "no paper has the id" in text(ada.press("/vote", 404, id="nowhere", want="1"))


@pytest.mark.parametrize("path", ["/vote", "/hide", "/read", "/comment", "/comment/remove", "/submit", "/claim",
                                  "/claim/decide", "/comment/restore", "/desk/2026-11-20/pick"])  # fmt: skip
def test_strangers_are_asked_to_sign_in_and_other_sites_are_refused(library: Library, path: str) -> None:
    stranger, ada = Browser(library), somebody(library)
    assert stranger.press(path, at=f"/paper/{A}?q=x", id=A) == f"/sign-in?then=%2Fpaper%2F{A}%3Fq%3Dx"
    forged = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert ada.client.post(path, data={"id": A, "text": "x"}, headers=forged).status_code == 403
    assert ada.client.post(path, data={"id": A, "text": "x"}).status_code == 403
    assert ada.client.get(path).status_code in (200, 303, 404, 405), "asking for it changes nothing"
    assert sql(library.store, "SELECT count(*) FROM vote") == sql(library.store, "SELECT count(*) FROM comment")


def test_hiding_and_reading_are_undone_where_they_were_done(library: Library) -> None:
    ada = somebody(library)
    assert ada.ask("/hide", id=A, want="1")["pressed"] is True
    ada.press("/read", id=B, want="1", at=f"/paper/{B}")
    assert "Weather of retrieval, an audit in part 1" in text(ada.see("/hidden"))
    assert "Nothing is hidden" in somebody(library, "Ben").see("/hidden")
    ada.press("/hide", id=A, want="0", at="/hidden")
    assert "Nothing is hidden" in ada.see("/hidden")
    assert Browser(library).client.get("/hidden?x=1").headers["location"] == "/sign-in?then=%2Fhidden%3Fx%3D1"


# -- comments ----------------------------------------------------------------------------------------------------------


def test_a_comment_is_previewed_written_answered_and_linked_to(library: Library) -> None:
    ada, ben = somebody(library), somebody(library, "Ben")
    page = ada.press("/comment", 200, id=A, text="So *it* is.", preview="1")
    assert "<p>So <em>it</em> is.</p>" in page and "So *it* is.</textarea>" in page
    assert "comment-1" not in ada.see(f"/paper/{A}")
    first = number_of(ada.press("/comment", id=A, text="So *it* is."))
    assert number_of(ada.press("/comment", id=A, text="So *it* is.")) == first, "sent twice"
    assert "So <em>it</em> is." in ben.see(f"/comment/{first}/answer")
    second = number_of(ben.press("/comment", id=A, text="Is it?", parent=str(first)))
    page = Browser(library).see(f"/paper/{A}")
    assert re.search(
        rf'id="comment-{first}".*<ol class="comments">\s*<li class="comment" id="comment-{second}"', page, re.S
    )
    assert "Discussion 2" in text(page) and "Sign in to take part." in text(page) and "/answer" not in page
    assert Browser(library).client.get(f"/comment/{second}").headers["location"] == f"/paper/{A}#comment-{second}"
    assert ada.client.get("/comment/99999999999999").status_code == 404


def test_hostile_words_come_out_harmless(library: Library) -> None:
    ada = somebody(library, "Eve<b>")
    words = (
        "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=y> $\\href{javascript:x}{y}$ \u202egnp"
    )
    number = number_of(ada.press("/comment", id=A, text=words))
    for page in (ada.see(f"/paper/{A}"), ada.see(f"/comment/{number}/edit"), ada.see(f"/comment/{number}/answer")):
        assert "<script>alert" not in page and "<img" not in page and 'href="javascript' not in page
        assert "\u202e" not in page and "Eve<b>" not in page


def test_too_much_is_refused_and_what_was_typed_is_kept(library: Library) -> None:
    ada = somebody(library)
    page = ada.press("/comment", 400, id=A, text="w" * 10_001)
    assert "has 10,001 characters; 10,000 are the most" in text(page) and "w" * 10_001 in page
    assert "The form is larger than 200,000 bytes" in text(ada.press("/comment", 413, id=A, text="x" * 1_000_000))
    assert "is empty" in text(ada.press("/comment", 400, id=A, text=" \n\u200b "))
    assert number_of(ada.press("/comment", id=A, text="字" * 10_000))


def test_a_forged_parent_or_paper_changes_nothing(library: Library) -> None:
    ada = somebody(library)
    first = number_of(ada.press("/comment", id=A, text="Here."))
    assert "about another paper" in text(ada.press("/comment", 400, id=B, text="There.", parent=str(first)))
    ada.press("/comment", 404, id=A, text="x", parent="987654")
    ada.press("/comment", 404, id="nowhere", text="x")
    assert sql(library.store, "SELECT count(*) FROM comment") == [(1,)] and counted(library.store)


def test_of_two_edits_at_once_the_second_sees_both_texts(library: Library) -> None:
    ada = somebody(library)
    number = str(number_of(ada.press("/comment", id=A, text="First.")))
    assert 'name="version" value="1"' in ada.see(f"/comment/{number}/edit")
    ada.press("/comment/edit", number=number, text="From one tab.", version="1")
    page = ada.press("/comment/edit", 409, number=number, text="From another tab.", version="1")
    assert "<p>From one tab.</p>" in page and "From another tab.</textarea>" in page and 'value="2"' in page
    ada.press("/comment/edit", number=number, text="Both.", version="2")
    page = ada.see(f"/paper/{A}")
    assert "<p>Both.</p>" in page and "edited" in page
    ben = somebody(library, "Ben")
    assert "only who wrote" in text(ben.press("/comment/edit", 403, number=number, text="Mine.", version="3"))
    ben.press("/comment/remove", 403, number=number)


def test_a_removed_parent_leaves_its_place(library: Library) -> None:
    ada, ben = somebody(library), somebody(library, "Ben")
    first = number_of(ada.press("/comment", id=A, text="Secret words."))
    second = number_of(ben.press("/comment", id=A, text="An answer.", parent=str(first)))
    ada.press("/comment/remove", number=str(first))
    page = ada.see(f"/paper/{A}")
    assert "Taken away by who wrote it." in page and "Secret words" not in page and "An answer." in page
    assert ada.client.get(f"/comment/{first}/answer").status_code == 404
    ben.press("/comment/remove", number=str(second))
    assert "comment-" not in re.sub("comment-(text|hint)", "", ada.see(f"/paper/{A}")), "nothing stands below them"


def test_what_readers_report_an_editor_settles(library: Library) -> None:
    ada, ben, eve = somebody(library), somebody(library, "Ben"), somebody(library, "Eve", "editor")
    number = str(number_of(ada.press("/comment", id=A, text="Rude words.")))
    ben.press("/comment/report", number=number, why="It is <b>rude</b>.")
    assert Browser(library).client.get("/moderation").headers["location"] == "/sign-in?then=%2Fmoderation"
    assert ben.client.get("/moderation").status_code == 403
    assert "It is &lt;b&gt;rude&lt;/b&gt;." in eve.see("/moderation")
    assert eve.press("/comment/remove", at="/moderation", number=number, why="Rude.") == "/moderation"
    assert "Removed by an editor." not in ada.see(f"/paper/{A}"), "without answers it needs no place"
    assert "Rude words." in eve.see("/moderation")
    ben.press("/comment/restore", 403, number=number)
    eve.press("/comment/restore", at="/moderation", number=number)
    assert "Rude words." in ben.see(f"/paper/{A}")
    assert [row[0] for row in sql(library.store, "SELECT act FROM audit WHERE act LIKE 'comment%' ORDER BY id")] == [
        "comment.remove", "comment.restore",
    ]  # fmt: skip


def test_who_writes_too_often_waits_and_loses_nothing(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments, "MOST", 1)
    ada = somebody(library)
    ada.press("/comment", id=A, text="One.")
    page = ada.press("/comment", 429, id=A, text="Two.")
    assert "is the most for one account" in page and "Two.</textarea>" in page


def test_deep_threads_are_shown_flat_and_long_ones_in_parts(library: Library) -> None:
    eve = somebody(library, "Eve", "editor")
    number = ""
    for depth in range(9):
        number = str(number_of(eve.press("/comment", id=A, text=f"Depth {depth}.", parent=number)))
    page = eve.see(f"/paper/{A}")
    assert page.count('<ol class="comments">') == 6 and "</li></ol>" * 6 in page
    assert page.count("<span>to Eve</span>") == 3
    many = "SELECT a.pk, a.account, 'More.', a.made FROM comment a, comment b, comment c LIMIT 207"
    sql(library.store, f"INSERT INTO comment (pk, account, text, made) {many}")
    page = eve.see(f"/paper/{A}")
    more = re.search(r'href="(/paper/series1\?comments=\d+)#discussion">Later comments', page)
    assert more and page.count('<li class="comment"') == 200
    later = eve.see(more[1])
    last = max(int(found) for found in re.findall(r'id="comment-(\d+)"', later))
    assert eve.client.get(f"/comment/{last}").headers["location"] == f"/paper/{A}?comments={last - 1}#comment-{last}"


def test_alone_they_are_notes_and_nobody_elses_business(made: Library) -> None:
    owner = Browser(made, BOSS)
    number = number_of(owner.press("/comment", id=A, text="Mine alone."))
    page = owner.see(f"/paper/{A}")
    assert (
        "Notes" in page and "Discussion" not in page and "Mine alone." in page and "I am one of its authors" not in page
    )
    stranger = Browser(made)
    stranger.client._transport.client = ("192.0.2.7", 5)  # type: ignore[attr-defined]  # from another machine
    assert "Mine alone." not in stranger.see(f"/paper/{A}") and "Mine alone." in owner.see("/api/v1/comments")
    for path in (f"/api/v1/comments?paper={A}", "/api/v1/comments"):
        assert "Mine alone." not in stranger.see(path)
    for path in (f"/api/v1/comments/{number}", f"/comment/{number}"):
        stranger.see(path, 404)
    sql(made.store, "DELETE FROM comment")
    sql(made.store, "DELETE FROM tally")

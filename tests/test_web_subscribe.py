"""Letters asked for on the pages, and confirmed; what those who look, guess, or ask without end can do."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import web_library
from broadsheet import groups
from broadsheet.editions import links
from broadsheet.library import Library
from broadsheet.people import keys
from broadsheet.store import OWNER, Edition, Wish
from letters_made import ADA, BEN, FORM, leave, letters, link, manage, now, send, subscribed, wishes
from people_made import OURS, browser, signed_in, with_accounts
from web_library import ask, text


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        yield library


# -- asking and confirming ---------------------------------------------------------------------------------------------


def test_the_whole_way_of_somebody_without_an_account(library: Library) -> None:
    client = browser(library)
    page = ask(client, "/subscribe?topic=weather+of+ink&rising=1&author=Ada+Stone&list=99&nonsense=1")
    boxes = re.findall(r'value="([^"]*)" checked', page)
    assert {"rising ", "topic weather of ink", "author Ada Stone", "day"} <= {unescape(one) for one in boxes}
    assert "Left out: there is no list '99'" in unescape(text(page))
    assert "Look into your mail" in send(client, "/subscribe", 200, email=" ADA@Example.org ", form=FORM)
    (letter,) = letters(client, library)
    assert (letter["to"], letter["subject"]) == (ADA, "Confirm: letters from Broadsheet")
    there = link(client, library)
    seen = text(ask(client, there))
    assert "every Friday at 06:45 (Asia/Tokyo)" in seen
    assert "papers about “weather of ink” what is rising" in seen
    assert library.store.subscribers.by_email(ADA) is None
    page_of_it = send(client, there)
    assert re.fullmatch(r"/subscription/[a-z0-9]+\.[a-z2-7]{16}\?done=confirmed", page_of_it)
    told = text(ask(client, page_of_it))
    assert "It is confirmed. The next letter can come on Friday" in told
    one = library.store.subscribers.by_email(ADA)
    assert one is not None
    assert (one.every, one.weekday, one.minute, one.zone, one.quiet) == ("week", 4, 405, "Asia/Tokyo", "skip")
    assert wishes(library, one) == {Wish("rising"), Wish("topic", "weather of ink")}
    again = client.post(there, headers=OURS)
    assert again.status_code == 404
    assert "This link has been used" in text(again.text)


def test_who_only_looks_changes_nothing(library: Library) -> None:
    """A scanner opens every link of every letter, and every link of the pages behind them, by GET and by HEAD."""
    client = browser(library)
    send(client, "/subscribe", 200, email=BEN, form=FORM)
    one = subscribed(library)
    library.store.editions.put([Edition(0, one.id, 20261120, "ready", "", 1, 0, 0, 0, b"", None, 1, None)])
    seen, waiting = set[str](), [link(client, library), manage(library, one), leave(library, one)]
    for path in waiting:  # it grows
        if path in seen or len(seen) > 60:
            continue
        seen.add(path)
        assert client.head(path).status_code in (200, 302, 303, 404, 405)
        answer = client.get(path)
        assert answer.status_code in (200, 302, 303, 404)
        if "/subscription/" in path or "/u/" in path or "confirm" in path:
            waiting += [unescape(href) for href in re.findall(r'href="(/[^"#]*)', answer.text)]
    assert len(seen) > 10
    assert library.store.subscribers.by_email(BEN) is None
    assert (now(library, one), wishes(library, one)) == (one, {Wish("rising"), Wish("topic", "weather of ink")})
    assert library.store.editions.of(one.id)[0].state == "ready"
    assert send(client, link(client, library)).startswith("/subscription/")  # and the link still works


def test_the_same_is_said_to_all(library: Library) -> None:
    subscribed(library, ADA, *(Wish("rising"), Wish("topic", "weather of ink")))
    library.store.subscribers.suppress(BEN, "complaint", "", 1)
    told, sent = [], []
    for address in (ADA, BEN, "new@example.org"):
        client = browser(library)
        before = len(letters(client, library))
        answer = client.post("/subscribe", data={"email": address, **FORM}, headers=OURS)
        assert answer.status_code == 200
        told.append(answer.text.replace(address, "THEM"))
        sent.append(len(letters(client, library)) - before)
    assert told[0] == told[1] == told[2]
    assert sent == [0, 0, 1]


def test_a_strangers_request_shows_only_what_would_be_new_and_changes_nothing(library: Library) -> None:
    one, client = subscribed(library, ADA, Wish("rising"), every="day"), browser(library)
    send(client, "/subscribe", 200, email=ADA, form=FORM)
    (letter,) = letters(client, library)
    body = letter.get_body(("plain",))
    assert body is not None
    assert "weather of ink" in body.get_content()
    assert "rising" not in body.get_content()
    assert now(library, one) == one
    assert "Add this to your letters?" in text(ask(client, link(client, library)))
    send(client, link(client, library))
    assert now(library, one)._replace(confirmed=0) == one._replace(confirmed=0)  # their hour, not the stranger's
    assert wishes(library, one) == {Wish("rising"), Wish("topic", "weather of ink")}


def test_asking_without_end_is_refused_with_a_wait_that_grows(library: Library) -> None:
    client, waits = browser(library), []
    for number in range(5):
        form = {**FORM, "topic": f"ink {number}", "email": ADA}
        answer = client.post("/subscribe", data=form, headers=OURS)
        waits.append(int(answer.headers.get("retry-after", 0)))
    assert waits[:3] == [0, 0, 0]
    assert all(850 < one <= 900 for one in waits[3:])
    assert len(letters(client, library)) == 3
    assert "Look into your mail" in send(client, "/subscribe", 200, email=BEN, form=FORM)


def test_a_form_pressed_twice_sends_one_letter(library: Library) -> None:
    client = browser(library)
    for _ in range(2):
        send(client, "/subscribe", 200, email=ADA, form=FORM)
    assert len(letters(client, library)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "nobody"}, "'nobody' is no e-mail address"),
        ({"email": "a@example.org\r\nBcc: eve@example.org"}, "is no e-mail address"),
        ({"at": "26:00"}, "The hour is '26:00'"),
        ({"zone": "Atlantis"}, "The time zone 'Atlantis' is not known"),
        ({"wish-1": "list 99"}, "There is no list '99'"),
        ({"wish-1": "personal "}, "needs an account"),
        ({"wish-1": "", "topic": ""}, "nothing to read of"),
        ({"search": "in:"}, ""),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(library: Library, change: dict[str, str], said: str) -> None:
    stranger = browser(library, "http://papers.example", at="192.0.2.7")
    library.settings = replace(library.settings, address="http://papers.example")
    ours = {"origin": "http://papers.example", "sec-fetch-site": "same-origin"}
    form = {"email": ADA, "author": "Ada Stone", **FORM, **change}
    answer = stranger.post("/subscribe", data=form, headers=ours)
    if said:
        assert answer.status_code == 400
        assert said in unescape(text(answer.text))
        assert 'value="Ada Stone"' in answer.text
        assert letters(stranger, library) == []
    else:
        assert answer.status_code in (200, 400)


def test_a_form_of_another_site_does_nothing(library: Library) -> None:
    client, one = browser(library), subscribed(library)
    elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    for path in (
        "/subscribe",
        f"{manage(library, one)}/off",
        f"{manage(library, one)}/remove",
        f"{leave(library, one)}/undo",
    ):
        assert client.post(path, data={"email": ADA, **FORM}, headers=elsewhere).status_code == 403
        assert client.post(path, data={"email": ADA, **FORM}).status_code == 403  # nor of no site
    assert now(library, one) == one


def test_links_lead_to_the_librarys_own_address_alone(library: Library) -> None:
    client = browser(library, "http://papers.example")
    said = send(client, "/subscribe", 400, email=ADA, form=FORM)
    assert "a link in it needs to know where this library is" in said
    assert letters(client, library) == []


@pytest.mark.parametrize(("may", "status"), [("all", 200), ("accounts", 403), ("none", 403)])
def test_the_owner_says_who_may_ask(library: Library, may: str, status: int) -> None:
    with_accounts(library, "open", subscribe=may)
    client = browser(library)
    assert client.get("/subscribe").status_code == status
    send(client, "/subscribe", status, email=ADA, form=FORM)
    answer = client.post("/api/v1/subscriptions", json={"email": ADA, "wishes": [{"kind": "rising"}]})
    assert answer.status_code == (202 if status == 200 else 403)
    assert ("/subscribe" in client.get("/").text) == (may != "none")


# -- forged keys -------------------------------------------------------------------------------------------------------


def test_keys_open_nothing_but_their_own(library: Library) -> None:
    client = browser(library)
    ada, ben = subscribed(library, ADA), subscribed(library, BEN)
    made = {purpose: links.key_of(library.store, ada, purpose) for purpose in links.PURPOSES}
    for purpose, key in made.items():
        assert (client.get(f"/subscription/{key}").status_code == 200) == (purpose == "manage")
        assert (client.get(f"/u/{key}").status_code == 200) == (purpose == "leave")
        assert client.get(f"/subscribe/confirm/{key}").status_code == 404
    for purpose, key in made.items():
        if purpose != "leave":
            assert client.post(f"/u/{key}").status_code == 404
        if purpose != "manage":
            send(client, f"/subscription/{key}/remove", 404)
    send(client, f"/subscription/{made['manage']}/nonsense", 404)
    assert now(library, ada) == ada
    assert client.post(leave(library, ben)).status_code == 200  # another's: theirs ends, and no other
    assert (now(library, ada), now(library, ben).left is not None) == (ada, True)


def test_whoever_is_signed_in_ends_what_the_link_is_for(library: Library) -> None:
    with_accounts(library, "open")
    ada, other = subscribed(library, ADA), subscribed(library, BEN)
    client = signed_in(browser(library), library, "Ben")
    assert "To ada@example.org" in text(ask(client, leave(library, ada)))
    client.post(leave(library, ada))
    assert now(library, ada).left is not None
    assert now(library, other).left is None


def test_what_is_forged_is_never_a_fault_of_ours(library: Library) -> None:
    one, client = subscribed(library), browser(library)
    good = links.key_of(library.store, one, "manage")
    noise = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
    nearly = st.builds(
        lambda at, sign: good[:at] + sign + good[at + 1 :], st.integers(0, len(good) - 1), st.sampled_from("abc237.-_%")
    )

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.one_of(noise, nearly))
    def forge(key: str) -> None:
        if key == good:
            return
        spelled = quote(key, safe="")
        for path in ("/subscription/{}", "/u/{}", "/subscribe/confirm/{}"):
            assert client.get(path.format(spelled)).status_code in (200, 303, 307, 404, 405)
        assert client.post(f"/u/{spelled}").status_code in (303, 307, 404, 405)
        for path in ("/subscription/{}/remove", "/u/{}/undo", "/subscribe/confirm/{}"):
            assert client.post(path.format(spelled), headers=OURS).status_code in (303, 307, 404, 405, 429)

    forge()
    assert now(library, one) == one


def test_no_page_with_a_key_is_kept_or_told_elsewhere(library: Library) -> None:
    one, client = subscribed(library), browser(library)
    for path in (manage(library, one), leave(library, one), f"/subscribe/confirm/{keys.fresh()}"):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert re.findall(r"<script(?! src)", answer.text) == []
        assert re.findall(r" on[a-z]+=", answer.text) == []


# -- where it is offered -----------------------------------------------------------------------------------------------


def test_it_is_offered_where_feeds_are(tmp_path: Path) -> None:
    with web_library.make(tmp_path) as library:
        number = library.store.lists.begin(OWNER, "To read", seen_by="public")
        groups.begin(library.store, OWNER, "Graph Lab")
        client = browser(library)
        offers = {
            "/": "/subscribe?front=day&rising=1",
            "/search?q=weather": "/subscribe?search=weather",
            "/author/Ben%20Reed": "/subscribe?author=Ben+Reed",
            "/topic/weather": "/subscribe?topic=weather",
            "/trending": "/subscribe?rising=1",
            f"/list/{number}/to-read": f"/subscribe?list={number}",
            "/group/graph-lab": "/subscribe?front=1",
        }
        for path, there in offers.items():
            page = unescape(ask(client, path))
            assert f'href="{there}"' in page, path
            assert re.search(r'name="wish-[0-9]+" value="[^"]+" checked', ask(client, there)), there
        assert "The page of Graph Lab" in text(ask(client, "/subscribe?front=1"))
        venue = unescape(ask(client, "/venue/PaperConf"))
        found = re.search(r'href="(/subscribe\?search=[^"]*)"', venue)
        assert found is not None
        assert 'value="search venue:PaperConf" checked' in ask(client, found[1])

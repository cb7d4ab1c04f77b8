"""Letters on the pages: asked for, confirmed, changed, ended; and what those who look, guess or press twice can do."""

import email
import email.policy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import web_library
from broadsheet.editions import links, subscribing
from broadsheet.editions.subscribing import Wanted
from broadsheet.library import Library
from broadsheet.people import keys
from broadsheet.store import OWNER, Edition, Schedule, Subscriber, Wish
from broadsheet.web import site
from people_made import HERE, OURS, account, browser, signed_in, token, with_accounts
from web_library import ask, text

NONE: Mapping[str, str] = {}
ADA, BEN = "ada@example.org", "ben@example.org"
FORM = {"wish-1": "rising ", "topic": "weather of ink", "every": "week", "on": "friday", "at": "06:45",
        "zone": "Asia/Tokyo", "language": "en", "quiet": "skip"}  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        yield library


def send(client: TestClient, path: str, status: int = 303, form: Mapping[str, str] = NONE, **more: str) -> str:
    """Where a form of a page of ours leads on to; what the page says where it leads nowhere."""
    at = str(client.base_url).rstrip("/")
    answer = client.post(path, data={**form, **more}, headers={"origin": at, "sec-fetch-site": "same-origin"})
    assert answer.status_code == status, text(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"] if status == 303 else unescape(text(answer.text))


def letters(client: TestClient, library: Library) -> list[email.message.EmailMessage]:
    client.app.state.doors.post.settle()  # type: ignore[attr-defined]
    files = sorted((library.home / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def link(client: TestClient, library: Library) -> str:
    """The path of the link in the last letter."""
    body = letters(client, library)[-1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"{re.escape(HERE)}(/subscribe/confirm/\S+)", body.get_content())
    assert found is not None
    return found[1]


def subscribed(library: Library, to: str = ADA, *some: Wish, **plan: object) -> Subscriber:
    wanted = Wanted(Schedule()._replace(**plan), some or (Wish("rising"), Wish("topic", "weather of ink")))  # type: ignore[arg-type]
    return subscribing.begin(library, to, wanted)


def manage(library: Library, one: Subscriber) -> str:
    return links.manage("", links.key_of(library.store, one, "manage"))


def leave(library: Library, one: Subscriber) -> str:
    return links.leave("", links.key_of(library.store, one, "leave"))


def now(library: Library, one: Subscriber) -> Subscriber:
    found = library.store.subscribers.at(one.id)
    assert found is not None
    return found


def wishes(library: Library, one: Subscriber) -> set[Wish]:
    return set(library.store.subscribers.wishes([one.id])[one.id])


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


# -- ending it ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
         "multipart/form-data; boundary=x"),
        (b"", ""),
        (b"\xff\xfe" * 40_000, "text/plain"),
    ],
)  # fmt: skip
def test_a_mail_program_ends_it_with_one_post(library: Library, body: bytes, kind: str) -> None:
    """RFC 8058: from elsewhere, without a cookie, and answered without a redirect; twice does no harm."""
    one, client = subscribed(library), browser(library, "http://papers.example", at="192.0.2.7")
    library.store.editions.put([Edition(0, one.id, 20261120, "ready", "", 1, 0, 0, 0, b"", None, 1, None)])
    headers = {"origin": "null", "sec-fetch-site": "cross-site"} | ({"content-type": kind} if kind else {})
    for _ in range(2):
        answer = client.post(leave(library, one), content=body, headers=headers)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert "No more letters come" in text(answer.text)
    assert now(library, one).left is not None
    assert library.store.editions.of(one.id)[0].state == "withheld"


def test_a_mistake_is_taken_back(library: Library) -> None:
    one, client = subscribed(library, ADA, Wish("rising"), every="week", weekday=2, minute=60), browser(library)
    assert "End these letters?" in text(ask(client, leave(library, one)))
    client.post(leave(library, one), headers=OURS)
    assert send(client, f"{leave(library, one)}/undo") == f"{manage(library, one)}?done=back"
    assert now(library, one) == one
    assert "Welcome back" in text(ask(client, f"{manage(library, one)}?done=back"))


# -- changing it -------------------------------------------------------------------------------------------------------


def test_all_of_it_can_be_changed_by_who_has_the_key(library: Library) -> None:
    one, client = subscribed(library), browser(library)
    at = manage(library, one)
    assert send(client, f"{at}/drop", kind="topic", value="weather of ink") == f"{at}?done=no-wish"
    assert send(
        client, f"{at}/add", form={"wish-1": "front ", "topic": "Lanterns", "author": "Ada Stone", "search": "quills"}
    )
    assert wishes(library, one) == {
        Wish("rising"), Wish("front"), Wish("topic", "Lanterns"), Wish("author", "Ada Stone"), Wish("search", "quills"),
    }  # fmt: skip
    assert send(client, f"{at}/add", topic="lanterns")  # it is there
    assert len(wishes(library, one)) == 5
    plan = {"every": "week", "on": "sunday", "at": "21:00", "zone": "Europe/Paris", "language": "en", "quiet": "skip"}
    assert send(client, f"{at}/schedule", form=plan) == f"{at}?done=schedule"
    assert "every Sunday at 21:00 (Europe/Paris)" in text(ask(client, at))
    assert send(client, f"{at}/schedule", every="off") == f"{at}?done=schedule"
    assert "Letters are off" in text(ask(client, at))
    assert send(client, f"{at}/schedule", every="day")
    assert (now(library, one).every, now(library, one).minute) == ("day", 1_260)
    assert send(client, f"{at}/off") == f"{at}?done=off"
    assert "You have unsubscribed; nothing is sent." in text(ask(client, at))
    assert send(client, f"{at}/back") == f"{at}?done=back"
    assert now(library, one).every == "day"


def test_a_holiday(library: Library) -> None:
    one, client = subscribed(library), browser(library)
    at, last = manage(library, one), site.today() + timedelta(days=9)
    assert send(client, f"{at}/pause", until=last.isoformat()) == f"{at}?done=pause"
    assert f"Paused until {last.day} {last:%B %Y}." in text(ask(client, at))
    assert send(client, f"{at}/pause", until="") == f"{at}?done=go-on"
    assert "it looks like 2027-01-31" in send(client, f"{at}/pause", 400, until="24.12.")
    assert "within 366 days" in send(client, f"{at}/pause", 400, until="2000-01-01")
    assert now(library, one) == one


def test_what_cannot_be_is_said_and_what_was_typed_stays(library: Library) -> None:
    one, client = subscribed(library), browser(library)
    at = manage(library, one)
    assert "say what it should be" in send(client, f"{at}/add", 400)
    answer = client.post(f"{at}/add", data={"topic": "...", "author": "Ada Stone"}, headers=OURS)
    assert answer.status_code == 400
    assert 'value="Ada Stone"' in answer.text
    assert "needs an account" in send(client, f"{at}/add", 400, form={"wish-1": "personal "})
    many = {f"wish-{number}": f"topic ink {number}" for number in range(40)}
    assert "40 are the most" in send(client, f"{at}/add", 400, form=many)
    assert "the owner of this library" in send(client, f"{at}/again", 400)
    assert (now(library, one), len(wishes(library, one))) == (one, 2)


def test_letters_that_came_back_can_be_tried_again(library: Library) -> None:
    one, client, store = subscribed(library), browser(library), library.store
    at = manage(library, one)
    store.subscribers.suppress(ADA, "bounce", "550", 1)
    assert "Letters to this address came back" in text(ask(client, at))
    assert send(client, f"{at}/again") == f"{at}?done=again"
    assert store.subscribers.suppressed([ADA]) == {}
    store.subscribers.suppress(ADA, "complaint", "", 1)
    assert "was reported as junk" in text(ask(client, at))
    send(client, f"{at}/again", 400)
    assert ADA in store.subscribers.suppressed([ADA])


def test_all_of_it_is_taken_along_and_removed(library: Library) -> None:
    one, client = subscribed(library), browser(library)
    at = manage(library, one)
    answer = client.get(f"{at}/everything.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="subscription.json"'
    assert json.loads(answer.text)["email"] == ADA
    assert "All of it is removed" in send(client, f"{at}/remove", 200)
    assert library.store.subscribers.by_email(ADA) is None
    for path in (at, leave(library, one)):
        assert "has been removed" in text(ask(client, path, 404))


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_an_accounts_own_address_needs_no_letter(library: Library) -> None:
    with_accounts(library, "open")
    ada = account(library, "Ada", email=ADA)
    client = signed_in(browser(library), library, "Ada")
    assert "Letters go to ada@example.org" in text(ask(client, "/subscribe?personal=1"))
    form = {**FORM, "wish-2": "personal ", "search": "quills remember", "email": BEN}
    assert send(client, "/subscribe", form=form) == "/settings?done=inbox#inbox"
    one = library.store.subscribers.of_account(ada.id)
    assert one is not None
    assert (one.email, one.every) == (ADA, "week")
    assert letters(client, library) == []
    assert [kept.query for kept in library.store.searches.all(ada.id)] == ["quills remember"]
    shown = text(ask(client, "/settings"))
    assert "what is near to what you vote for and save" in shown
    assert "every Friday at 06:45 (Asia/Tokyo)" in shown
    again = ask(client, "/subscribe?topic=Lanterns")  # their hour is kept
    assert 'value="06:45"' in again
    send(client, "/subscribe", form={**FORM, "topic": "Lanterns"})
    assert Wish("topic", "Lanterns") in wishes(library, one)
    assert Wish("personal") in wishes(library, one)


def test_an_account_changes_it_among_its_settings(library: Library) -> None:
    with_accounts(library, "open")
    ada = account(library, "Ada", email=ADA)
    before = subscribed(library, ADA)  # without the account, of before
    client = signed_in(browser(library), library, "Ada")
    assert "papers about “weather of ink”" in text(ask(client, "/settings"))
    assert send(client, "/settings/inbox/add", form={"wish-1": "personal "}) == "/settings?done=wish#inbox"
    one = now(library, before)
    assert (one.account, Wish("personal") in wishes(library, one)) == (ada.id, True)
    assert send(client, "/settings/inbox/drop", kind="personal", value="") == "/settings?done=no-wish#inbox"
    assert "The time zone 'Mars'" in send(client, "/settings/inbox/schedule", 400, zone="Mars").replace(
        "the t", "The t"
    )
    assert send(client, "/settings/inbox/off") == "/settings?done=off#inbox"
    assert "You have unsubscribed" in text(ask(client, "/settings"))
    assert send(client, "/settings/inbox/back") == "/settings?done=back#inbox"
    assert send(client, "/settings/inbox/remove") == "/settings?done=inbox-gone#inbox"
    assert library.store.subscribers.of_account(ada.id) is None
    assert "You get no letters." in text(ask(client, "/settings"))
    assert client.post("/settings/inbox/off", headers=OURS).status_code == 404


def test_an_account_without_an_address_is_told_so(library: Library) -> None:
    with_accounts(library, "open")
    client = signed_in(browser(library), library, "Ada")
    assert "no address that letters could go to" in text(client.get("/subscribe").text)


def test_a_subscription_follows_its_account(library: Library) -> None:
    with_accounts(library, "open")
    ada = account(library, "Ada", email=ADA)
    client = signed_in(browser(library), library, "Ada")
    send(client, "/subscribe", form=FORM)
    one = library.store.subscribers.of_account(ada.id)
    assert one is not None
    old = manage(library, one)
    library.store.accounts.set_email(ada.id, BEN, ada.id)
    assert now(library, one).email == BEN
    assert client.get(old).status_code == 404  # in letters that lie at the old address
    send(client, "/settings/leave", 200, name="Ada")
    assert library.store.subscribers.by_email(BEN) is None


def test_the_owner_at_the_machine_reads_personally_once_confirmed(library: Library) -> None:
    client = browser(library)
    assert 'value="personal "' in ask(client, "/subscribe")
    send(client, "/subscribe", 200, email=ADA, form={**FORM, "wish-2": "personal "})
    send(client, link(client, library))
    one = library.store.subscribers.of_account(OWNER)
    assert one is not None
    assert (one.email, Wish("personal") in wishes(library, one)) == (ADA, True)
    assert "To ada@example.org" in text(ask(client, "/settings"))
    stranger = browser(library, at="192.0.2.7")
    assert 'value="personal "' not in ask(stranger, "/subscribe")


# -- where it is offered -----------------------------------------------------------------------------------------------


def test_it_is_offered_where_feeds_are(tmp_path: Path) -> None:
    with web_library.make(tmp_path) as library:
        number = library.store.lists.begin(OWNER, "To read", seen_by="public")
        client = browser(library)
        offers = {
            "/": "/subscribe?front=1&rising=1",
            "/search?q=weather": "/subscribe?search=weather",
            "/author/Ben%20Reed": "/subscribe?author=Ben+Reed",
            "/topic/weather": "/subscribe?topic=weather",
            "/trending": "/subscribe?rising=1",
            f"/list/{number}/to-read": f"/subscribe?list={number}",
        }
        for path, there in offers.items():
            page = unescape(ask(client, path))
            assert f'href="{there}"' in page, path
            ask(client, there)
        venue = unescape(ask(client, "/venue/PaperConf"))
        found = re.search(r'href="(/subscribe\?search=[^"]*)"', venue)
        assert found is not None
        assert 'value="search venue:PaperConf" checked' in ask(client, found[1])


# -- for programs ------------------------------------------------------------------------------------------------------


def told(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_programs_change_ones_own(library: Library) -> None:
    with_accounts(library, "open")
    ada = account(library, "Ada", email=ADA)
    client = browser(library)
    client.headers.update({"authorization": f"Bearer {token(library, 'Ada', 'read admin')}"})
    assert "You get no letters" in told(client.get("/api/v1/me/subscription"), 404)["detail"]
    plan = {"every": "week", "on": "friday", "at": "06:45", "zone": "asia/tokyo",
            "wishes": [{"kind": "rising"}, {"kind": "personal"}, {"kind": "topic", "value": "ink"}]}  # fmt: skip
    made = told(client.put("/api/v1/me/subscription", json=plan))
    assert (made["email"], made["zone"], made["left"]) == (ADA, "Asia/Tokyo", "")
    assert [one["words"] for one in made["wishes"]] == [
        "papers about “ink”", "what is rising", "what is near to what you vote for and save",
    ]  # fmt: skip
    assert told(client.get("/api/v1/me/subscription")) == made
    wrong = told(client.put("/api/v1/me/subscription", json={**plan, "zone": "Mars"}), 400)
    assert "the time zone 'Mars'" in wrong["detail"]
    assert told(client.get("/api/v1/me/subscription")) == made
    assert client.delete("/api/v1/me/subscription").status_code == 204
    assert client.delete("/api/v1/me/subscription").status_code == 204
    assert library.store.subscribers.of_account(ada.id) is None


def test_a_token_needs_its_scope(library: Library) -> None:
    with_accounts(library, "open")
    account(library, "Ada", email=ADA)
    client = browser(library)
    client.headers.update({"authorization": f"Bearer {token(library, 'Ada', 'read write')}"})
    answer = client.put("/api/v1/me/subscription", json={"wishes": [{"kind": "rising"}]})
    assert answer.status_code == 403
    assert 'scope="admin"' in answer.headers["www-authenticate"]


def test_programs_ask_for_an_address_and_learn_nothing(library: Library) -> None:
    client = browser(library)
    body = {"email": ADA, "every": "week", "wishes": [{"kind": "rising"}, {"kind": "topic", "value": "ink"}]}
    said = told(client.post("/api/v1/subscriptions", json=body), 202)
    subscribed(library, BEN, Wish("rising"), Wish("topic", "ink"))
    other = told(client.post("/api/v1/subscriptions", json={**body, "email": BEN}), 202)
    assert said["said"] == other["said"]
    assert [one["to"] for one in letters(client, library)] == [ADA]
    send(client, link(client, library))
    one = library.store.subscribers.by_email(ADA)
    assert one is not None
    assert one.every == "week"
    wrong = told(client.post("/api/v1/subscriptions", json={**body, "email": "nobody"}), 400)
    assert "no e-mail address" in wrong["detail"]
    assert (
        "choose at least one" in told(client.post("/api/v1/subscriptions", json={"email": ADA}), 400)["detail"].lower()
    )
    personal = {"email": ADA, "wishes": [{"kind": "personal"}]}
    assert "needs an account" in told(client.post("/api/v1/subscriptions", json=personal), 400)["detail"]


def test_without_accounts_the_owners_own_begins_with_a_letter(library: Library) -> None:
    client = browser(library)
    answer = client.put("/api/v1/me/subscription", json={"wishes": [{"kind": "rising"}]})
    assert "asked by a letter first" in told(answer, 400)["detail"]

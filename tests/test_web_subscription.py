"""A subscription on its page and among the settings of an account: changed, paused, ended, taken along, removed."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import web_library
from broadsheet.library import Library
from broadsheet.store import OWNER, Edition, Wish
from broadsheet.web import site
from letters_made import ADA, BEN, FORM, leave, letters, link, manage, now, send, subscribed, wishes
from people_made import OURS, account, browser, signed_in, with_accounts
from web_library import ask, text


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as library:
        yield library


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
    assert send(client, f"{leave(library, one)}/undo") == f"{leave(library, one)}?done=back"
    assert now(library, one) == one
    page = ask(client, f"{leave(library, one)}?done=back")
    assert "Welcome back" in text(page)
    assert manage(library, one) not in page  # mail servers see this link: it leads to nothing else


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

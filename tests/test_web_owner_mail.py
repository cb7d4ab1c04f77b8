"""The page and the API about mail: days, silence, whom no letter reaches, what came back; for administrators alone."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import web_library
from broadsheet.editions import heart
from broadsheet.editions.heart import State, Step
from broadsheet.editions.overview import GROUPS, Day, per_day
from broadsheet.library import Library
from broadsheet.people import keys
from broadsheet.store import Edition, Returned, Schedule, Subscriber, Wish
from broadsheet.store.editions import STATES
from broadsheet.web import stacks
from community_people import Browser, reader, sql, with_accounts
from web_library import text

DAY = 86_400
NOW = int(time.time())


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as made:
        yield made


def subscribe(library: Library, name: str, account: int | None = None) -> Subscriber:
    return library.store.subscribers.put(
        f"{name}@example.org", account, Schedule(), [Wish("rising")], NOW - 60 * DAY
    )  # fmt: skip


def number(back: int) -> int:
    return int(time.strftime("%Y%m%d", time.gmtime(NOW - back * DAY)))


def rows(library: Library, back: int, states: list[str], reason: str = "") -> None:
    """So many editions of a day, each of a subscriber of its own."""
    made = []
    for place, state in enumerate(states):
        one = subscribe(library, f"reader{back}-{place}")
        at = NOW - back * DAY
        made.append(Edition(0, one.id, number(back), state, reason, at, 0, 0, 0, b"", None, at, at))
    library.store.editions.put(made)


def at_work(library: Library, **steps: Step) -> None:
    heart.write(library.home, State(NOW - DAY, NOW, NOW, True, steps))


# -- the page ----------------------------------------------------------------------------------------------------------


def test_before_anything_the_page_says_what_to_do(library: Library) -> None:
    page = text(Browser(library).see("/owner/mail"))
    assert "Nothing has been at work yet: mail leaves only while broadsheet work runs." in page
    assert "No mail server is set" in page
    assert "No edition has been made in the last 30 days. Nobody gets letters yet" in page
    assert "Nobody has subscribed yet." in page
    assert "None. An address comes here" in page


def test_the_days_with_every_state_and_why(library: Library) -> None:
    at_work(library)
    rows(library, 1, [*STATES, "sent", "sent"], "mail.example.org answered 250 ok")
    rows(library, 3, ["sent"])
    page = Browser(library).see("/owner/mail")
    said = text(page)
    assert "broadsheet work is there, last heard of" in said
    row = re.search(r"<tr><th[^>]*><time datetime=\"[^\"]+\">[^<]+</time></th>(.*?)</tr>", page)
    assert row
    assert re.findall(r">([0-9,]+)</td>", row[1]) == ["3", "1", "1", "2", "1", "3", "1"]
    assert "Sent Unsure Nothing new Waiting Held back Failed Missed" in said
    assert "12 mail.example.org answered 250 ok" in said
    assert 'role="img" aria-label="Editions of the last 30 days: 4 sent, 1 unsure, 1 nothing new, 2 waiting' in page
    assert "1 letter waits, the first for" in said


def test_a_step_that_fails_and_a_silence_are_on_top(library: Library) -> None:
    at_work(library, letters=Step(NOW, False, "mail.example.org:587 cannot be reached", NOW - 3600))
    page = text(Browser(library).see("/owner/mail"))
    assert re.search(r"Sending letters fails since .* UTC: mail.example.org:587 cannot be reached", page)
    heart.write(library.home, State(NOW - 3 * DAY, NOW - 2 * DAY, NOW - 2 * DAY))
    assert "Nothing has been at work since" in text(Browser(library).see("/owner/mail"))


def test_a_reader_is_found_with_the_line_that_says_why(library: Library) -> None:
    at_work(library)
    for place in range(12):
        subscribe(library, f"reader{place}")
    subscribe(library, "ada")
    browser = Browser(library)
    assert "And more: find one by a part of the address." in text(browser.see("/owner/mail"))
    page = browser.see("/owner/mail?q=ada%40")
    assert "ada@example.org every day at 07:00 (UTC)" in text(page)
    assert "No edition was due yet; the next is due" in text(page)
    assert "reader3@" not in page
    assert "Nobody with “nobody” in their address" in text(browser.see("/owner/mail?q=nobody"))
    assert "&lt;b&gt;" in browser.see("/owner/mail?q=%3Cb%3E")


def test_an_address_is_stopped_and_let_go_again(library: Library) -> None:
    browser, store = Browser(library), library.store.subscribers
    one = subscribe(library, "ada")
    store.suppress("gone@example.org", "bounce", "550 no such user", NOW)
    page = text(browser.see("/owner/mail"))
    assert "gone@example.org letters came back: 550 no such user" in page
    there = browser.press("/owner/mail/lift", email="gone@example.org", at="/owner/mail")
    assert there == "/owner/mail?done=lifted#stopped"
    assert "Letters may go to that address again." in text(browser.see(there.partition("#")[0]))
    assert store.suppressions() == []
    browser.press("/owner/mail/lift", 404, email="gone@example.org")
    browser.press("/owner/mail/stop", email="ADA@example.org", why="she asked by phone")
    assert [(found.email, found.why, found.detail) for found in store.suppressions()] == [
        (one.email, "owner", "she asked by phone")
    ]  # fmt: skip
    browser.press("/owner/mail/stop", 400, email="no address")
    assert [event.act for event in library.store.audit.entries()] == ["mail.stop", "mail.lift"]


def test_what_came_back_is_listed(library: Library) -> None:
    one = subscribe(library, "ada")
    library.store.subscribers.note_return(Returned("a", "bounce", one.id, 1, "5.2.2 mailbox full", NOW))
    library.store.subscribers.note_return(Returned("b", "unknown", None, None, "<script>holiday</script>", NOW))
    page = Browser(library).see("/owner/mail")
    assert "came back ada@example.org 5.2.2 mailbox full" in text(page)
    assert "not understood nobody we know" in text(page)
    assert "<script>holiday" not in page


def test_the_page_is_for_administrators(library: Library) -> None:
    with_accounts(library)
    stranger, ada = Browser(library), Browser(library, reader(library.store, "Ada"))
    assert stranger.client.get("/owner/mail").headers["location"].startswith("/sign-in")
    ada.see("/owner/mail", 403)
    ada.press("/owner/mail/lift", 403, email="gone@example.org")
    boss = Browser(library, reader(library.store, "Boss", "admin"))
    assert "Why did I get no mail?" in boss.see("/owner/mail")
    assert '<a href="/owner/mail"' in boss.see("/")
    assert "/owner/mail" not in ada.see("/")


def test_what_somebody_with_an_account_reads_is_theirs(library: Library) -> None:
    with_accounts(library)
    boss, ada = reader(library.store, "Boss", "admin"), reader(library.store, "Ada")
    theirs, own, free = (
        subscribe(library, "ada", ada.id),
        subscribe(library, "boss", boss.id),
        subscribe(library, "free"),
    )
    page = Browser(library, boss).see("/owner/mail")
    offered = {int(found) for found in re.findall(r"/owner/mail/preview\?reader=(\d+)", page)}
    assert offered == {own.id, free.id}
    assert theirs.id not in offered


# -- the plot ----------------------------------------------------------------------------------------------------------


def test_every_state_belongs_to_one_group_with_a_colour() -> None:
    named = [state for states in GROUPS.values() for state in states]
    assert sorted(named) == sorted(STATES)
    assert list(stacks.CLASSES) == list(GROUPS)


def test_one_failure_among_thousands_is_seen(library: Library) -> None:
    days = per_day(library, NOW, 2)
    assert stacks.stacks(days) == ""
    some = Day(days[-1].day, {**dict.fromkeys(GROUPS, 0), "sent": 9_999, "failed": 1}, {})
    drawn = stacks.stacks([days[0], some])
    heights = {name: float(high) for name, high in re.findall(r'class="(\w+)" [^>]* height="([0-9.]+)"', drawn)}
    assert heights["failed"] >= 1.5
    assert heights["failed"] + heights["sent"] <= 56
    assert "9,999 sent, 1 failed" in drawn


# -- the API -----------------------------------------------------------------------------------------------------------


def test_the_same_for_programs(library: Library) -> None:
    at_work(library, returns=Step(NOW, False, "imap.example.org answered NO", NOW - 60))
    rows(library, 1, ["sent", "sent", "failed"])
    one = subscribe(library, "ada")
    library.store.subscribers.note_return(Returned("a", "complaint", one.id, 1, "abuse", NOW))
    browser = Browser(library)
    found = browser.client.get("/api/v1/mail").json()
    assert found["at_work"]
    assert [one["step"] for one in found["failing"]] == ["returns"]
    assert [day["states"] for day in found["days"]] == [{"sent": 2, "failed": 1}]
    assert found["readers"]["active"] == 4
    who = browser.client.get("/api/v1/mail/readers", params={"q": "ada"}).json()["readers"]
    assert [(row["email"], row["status"].partition(";")[0]) for row in who] == [
        ("ada@example.org", "no edition was due yet")
    ]  # fmt: skip
    back = browser.client.get("/api/v1/mail/returned").json()["returned"]
    assert [(row["kind"], row["email"]) for row in back] == [("complaint", "ada@example.org")]


def test_programs_stop_an_address_and_let_it_go(library: Library) -> None:
    browser = Browser(library)
    there = "/api/v1/mail/suppressed/Ada@Example.org"
    stopped = browser.client.put(there, json={"detail": "by phone"}).json()
    assert (stopped["email"], stopped["why"], stopped["detail"]) == ("ada@example.org", "owner", "by phone")
    library.store.subscribers.suppress("bob@example.org", "bounce", "", NOW)
    first = browser.client.get("/api/v1/mail/suppressed", params={"limit": 1}).json()
    assert [row["email"] for row in first["suppressed"]] == ["ada@example.org"]
    second = browser.client.get(first["next"]).json()
    assert [row["email"] for row in second["suppressed"]] == ["bob@example.org"]
    assert second["next"] is None
    assert browser.client.delete(there, headers={"content-type": "application/json"}).status_code == 204
    assert browser.client.delete(there).status_code == 204
    assert browser.client.put("/api/v1/mail/suppressed/nobody", json={}).status_code == 400


def test_a_reader_has_no_business_there(library: Library) -> None:
    with_accounts(library)
    ada = Browser(library, reader(library.store, "Ada"))
    for path in ("/api/v1/mail", "/api/v1/mail/readers", "/api/v1/mail/returned", "/api/v1/mail/suppressed"):
        assert ada.client.get(path).status_code == 403
    assert keys.secret_of(library.store)  # the same library still makes keys
    assert sql(library.store, "SELECT count(*) FROM suppressed") == [(0,)]

"""The whole way to letters and back in a real browser, by letters of a real mail server: with script and without."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from importlib.resources import files
from typing import Any, NamedTuple

import pytest

import lively_library
import smtp_server
import web_library
from broadsheet.editions import links, subscribing
from broadsheet.editions.subscribing import Wanted
from broadsheet.library import Library
from broadsheet.store import Schedule, Wish
from browsing import DESKTOP, PHONE, serving, shoot
from test_web_axe import _RUN, ALL, DRAWN

pytestmark = pytest.mark.browser
FAST = 20.0  # seconds in which a letter comes


class Post(NamedTuple):
    """A library that sends letters, its address, and the server that takes them."""

    library: Library
    address: str
    box: smtp_server.Box

    def letter(self, to: str) -> Message:
        """The last letter to that address, as soon as there is one."""
        end = time.monotonic() + FAST
        while time.monotonic() < end:
            if found := [one for one in self.box.letters if one["to"] == to]:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no letter came to {to}")

    def link(self, to: str) -> str:
        part = next(one for one in self.letter(to).walk() if one.get_content_type() == "text/plain")
        body = part.get_payload(decode=True)
        assert isinstance(body, bytes)
        found = re.search(r"http://\S+/subscribe/confirm/\S+", body.decode())
        assert found is not None
        return found[0]


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("post")
    paper = smtp_server.certificate(folder)
    with pytest.MonkeyPatch.context() as patch, smtp_server.running(paper, auth=True) as server:
        patch.setenv("SSL_CERT_FILE", str(paper.file))
        with web_library.make(folder) as library:
            lively_library.fill(library)
            library.settings = replace(
                library.settings, smtp=f"smtp://{smtp_server.USER}@localhost:{server.port}",
                smtp_password=smtp_server.PASSWORD, sender="Papers <papers@example.org>",
            )  # fmt: skip
            with serving(library) as address:
                yield Post(library, address, server.box)


def opened(chromium: Any, post: Post, **options: Any) -> Any:
    """A page of a browser in Tokyo; what it complains about, or asks of others, fails the test."""
    context = chromium.new_context(base_url=post.address, timezone_id="Asia/Tokyo", **{"viewport": DESKTOP, **options})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("request", lambda one: None if one.url.startswith(post.address) else page.complaints.append(one.url))
    return page


@pytest.mark.parametrize("script", [True, False])
def test_subscribe_confirm_change_end_and_undo(chromium: Any, post: Post, script: bool) -> None:
    to = f"ada-{script}@example.org".lower()
    page = opened(chromium, post, java_script_enabled=script, viewport=DESKTOP if script else PHONE)
    page.goto("/topic/cs.IK")
    page.get_by_role("link", name="In your inbox").click()
    assert page.get_by_role("checkbox", name="cs.IK").is_checked()
    page.get_by_label("What is rising").check()
    page.get_by_label("Once a week").check()
    page.get_by_label("On, when weekly").select_option("Friday")
    page.get_by_label("At", exact=True).fill("06:45")
    assert page.get_by_label("Where you are").input_value() == ("Asia/Tokyo" if script else "UTC")
    page.get_by_label("Where you are").select_option("Asia/Tokyo")
    page.get_by_label("Your e-mail address").fill(to)
    shoot(page, f"subscribe-{script}")
    page.get_by_role("button", name="Send me a letter to confirm").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Look into your mail"

    there = post.link(to)
    page.goto(there)
    page.wait_for_timeout(300)  # no script may press the button
    assert page.url == there
    assert post.library.store.subscribers.by_email(to) is None
    shoot(page, f"subscribe-confirm-{script}")
    page.get_by_role("button", name="Yes, begin").click()
    assert "It is confirmed." in page.locator(".note.good").inner_text()
    assert "every Friday at 06:45 (Asia/Tokyo)" in page.locator("main").inner_text()

    page.get_by_role("button", name="Remove papers of cs.IK").click()
    page.get_by_label("An author").fill("Ada Stone")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("When letters come").click()
    page.get_by_label("Every day", exact=True).check()
    page.get_by_role("button", name="Change", exact=True).click()
    assert "every day at 06:45 (Asia/Tokyo)" in page.locator("main").inner_text()
    shoot(page, f"subscription-{script}")
    one = post.library.store.subscribers.by_email(to)
    assert one is not None
    wishes = post.library.store.subscribers.wishes([one.id])[one.id]
    assert sorted(wishes) == [Wish("author", "Ada Stone"), Wish("rising")]

    page.goto(links.leave("", links.key_of(post.library.store, one, "leave")))
    page.get_by_role("button", name="Unsubscribe").click()
    assert page.get_by_role("heading", level=1).inner_text() == "No more letters come"
    page.get_by_role("button", name="Take it back").click()
    assert "Welcome back" in page.locator("h1").last.inner_text()
    assert post.library.store.subscribers.by_email(to) == one
    page.goto(links.manage("", links.key_of(post.library.store, one, "manage")))
    page.get_by_text("Remove all of it", exact=True).click()
    page.get_by_role("button", name="Remove all of it, for good").click()
    assert page.get_by_role("heading", level=1).inner_text() == "All of it is removed"
    assert post.library.store.subscribers.by_email(to) is None
    assert page.complaints == []
    page.context.close()


def test_letters_are_encrypted_and_from_the_librarys_own_address(chromium: Any, post: Post) -> None:
    page = opened(chromium, post)
    page.goto("/subscribe?rising=1")
    page.get_by_label("Your e-mail address").fill("ben@example.org")
    page.get_by_role("button", name="Send me a letter to confirm").click()
    letter = post.letter("ben@example.org")
    assert letter["from"] == "Papers <papers@example.org>"
    assert letter["auto-submitted"] == "auto-generated"
    assert all(post.box.encrypted)
    page.context.close()


@pytest.fixture(scope="module")
def pages(post: Post) -> dict[str, str]:
    """name -> path of every page about letters."""
    store, some = post.library.store, (Wish("topic", "cs.IK"), Wish("search", '"a phrase" and a long question ' * 8))
    plan = Schedule("week", 2, 400, "Europe/Berlin")
    held = [
        subscribing.begin(post.library, f"{name}@axe.example.org", Wanted(plan, some)) for name in ("on", "left", "bad")
    ]
    store.subscribers.leave(held[1].id, 1)
    store.subscribers.suppress(held[2].email, "bounce", "550 5.1.1 no such mailbox", 1)
    asked = subscribing.ask(post.library, "new@axe.example.org", Wanted(plan, some), "")
    keys = {one.email[: one.email.index("@")]: links.key_of(store, one, "manage") for one in held}
    return {
        "subscribe": "/subscribe?topic=cs.IK&rising=1&list=99",
        "subscribe-confirm": f"/subscribe/confirm/{asked.key}",
        "subscribe-over": "/subscribe/confirm/none",
        **{f"subscription-{name}": f"/subscription/{key}" for name, key in keys.items()},
        "unsubscribe": links.leave("", links.key_of(store, held[0], "leave")),
        "unsubscribed": links.leave("", links.key_of(store, held[1], "leave")),
    }


NAMES = ("subscribe", "subscribe-confirm", "subscribe-over", "subscription-on", "subscription-left", "subscription-bad",
         "unsubscribe", "unsubscribed")  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_no_violation_and_nothing_wider_than_the_window(
    chromium: Any, post: Post, pages: dict[str, str], name: str, scheme: str
) -> None:
    viewport = DESKTOP if scheme == "light" else {"width": 320, "height": 700}
    context = chromium.new_context(base_url=post.address, viewport=viewport, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(pages[name])
    page.evaluate("all => all.forEach(one => { one.open = true })", page.query_selector_all("details"))
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    assert page.evaluate(_RUN, ALL if scheme == "light" else DRAWN) == []
    shoot(page, f"letters-{name}-{scheme}")
    context.close()

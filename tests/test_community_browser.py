"""The desk, notes and submissions in a real browser, with script and without."""

from collections.abc import Callable
from typing import Any

import pytest

from browsing import PHONE, shoot

pytestmark = pytest.mark.browser
DAY = "/desk/2026-11-20"
Open = Callable[..., Any]


def chosen(page: Any) -> list[str]:
    found: list[str] = page.locator(".picks > li .title").all_inner_texts()
    return found


def test_a_day_is_put_in_order_by_buttons_and_by_dragging(tab: Open) -> None:
    page = tab(f"{DAY}?q=weather")
    for _ in range(3):
        page.locator(".offered button").first.click()
        page.goto(f"{DAY}?q=weather")
    before = chosen(page)
    assert len(before) == 3
    page.locator(".picks > li").nth(2).get_by_role("button", name="Up").click()
    assert chosen(page) == [before[0], before[2], before[1]]
    shoot(page, "desk")
    with page.expect_navigation():
        page.locator(".picks > li").nth(2).drag_to(
            page.locator(".picks > li").nth(0), target_position={"x": 40, "y": 3}
        )
    assert chosen(page) == [before[1], before[0], before[2]]
    first = page.locator(".picks > li").nth(0)
    first.get_by_role("textbox").fill("Clear <b>proofs</b>.")
    first.get_by_role("button", name="Save the reason").click()
    assert page.locator(".picks > li").nth(0).get_by_role("textbox").input_value() == "Clear <b>proofs</b>."
    page.locator(".picks > li").nth(0).get_by_role("button", name="Take off").click()
    assert chosen(page) == [before[0], before[2]]
    page.get_by_role("button", name="Put it back").click()
    assert chosen(page) == [before[1], before[0], before[2]]
    for _ in range(3):
        page.locator(".picks > li").nth(0).get_by_role("button", name="Take off").click()


@pytest.mark.parametrize("script", [True, False])
def test_a_note_is_previewed_kept_changed_and_taken_away(tab: Open, script: bool) -> None:
    page = tab("/paper/series5", java_script_enabled=script, viewport=PHONE)
    page.get_by_label("A note of your own").fill("So *it* is: $x_1^2$\n\n- one\n- two")
    page.get_by_role("button", name="Preview").click()
    assert page.locator(".words em").inner_text() == "it" and page.locator(".words math").count() == 1
    shoot(page, f"note-preview-{script}")
    page.get_by_role("button", name="Save").click()
    assert "#comment-" in page.url and page.locator(".comment .words li").count() == 2
    shoot(page, f"note-{script}")
    page.get_by_role("link", name="Edit comment").click()
    page.get_by_role("textbox", name="Change your note").fill("Other words.")
    page.get_by_role("button", name="Save").click()
    assert page.locator(".comment .words").inner_text() == "Other words."
    page.get_by_role("link", name="Remove comment").click()
    page.get_by_role("button", name="Remove").click()
    assert page.locator(".comment").count() == 0


def test_a_title_is_submitted_by_choosing(tab: Open) -> None:
    page = tab("/submit")
    page.get_by_label("Which paper").fill("Weather of retrieval, an audit in part 1")
    page.get_by_role("button", name="Submit", exact=True).click()
    shoot(page, "submit")
    page.get_by_role("button", name="Submit Weather of retrieval, an audit in part 1").click()
    assert page.url.endswith("/paper/series1")

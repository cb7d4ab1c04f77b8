"""The suggestions under the search box, in a real browser: keys, mouse, slow answers, no script, night and phone."""

import json
from typing import Any

import pytest

from browsing import DESKTOP, PHONE, Open, focused, shoot
from web_checks import FAINT

pytestmark = pytest.mark.browser


def typing(page: Any, text: str) -> Any:
    """Types *text* into the box and waits for the list."""
    page.locator("#q").focus()
    page.keyboard.type(text)
    page.wait_for_selector("#suggestions:not([hidden])")
    return page.locator("#suggestions [role=option]")


def said(page: Any) -> list[str]:
    """Each option with the heading of its group, as a screen reader has them."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('#suggestions [role=option]')].map(option => {
        const group = option.closest('[role=group]');
        const name = document.getElementById(group.getAttribute('aria-labelledby')).textContent;
        return name + ': ' + option.textContent; })"""
    )
    return found


def test_a_box_that_lists_tells_it_is_one(tab: Open) -> None:
    page = tab("/")
    box = page.get_by_role("combobox", name="Search papers")
    assert (box.get_attribute("aria-expanded"), box.get_attribute("aria-controls")) == ("false", "suggestions")
    options = typing(page, "qui")
    assert box.get_attribute("aria-expanded") == "true"
    assert box.get_attribute("aria-activedescendant") is None  # nothing is chosen by itself
    assert said(page)[0] == "Author: Ada Quill 1 paper"
    assert options.first.locator("b").inner_text() == "Qui"
    assert page.locator("#suggested").inner_text() == f"{options.count()} suggestions"
    assert page.get_by_role("listbox", name="Suggestions").get_by_role("group", name="Author").is_visible()


def test_an_author_by_keys_alone(tab: Open) -> None:
    page = tab("/search?q=lantern&year=2020..")
    page.keyboard.press("/")
    page.keyboard.press("End")
    page.keyboard.type(" ree")
    page.wait_for_selector("#suggestions:not([hidden])")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#suggestions [aria-selected=true]")
    assert chosen.get_attribute("id") == page.get_attribute("#q", "aria-activedescendant")
    assert focused(page) == "q"
    assert page.input_value("#q") == "lantern ree"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=lantern+author**")
    assert page.locator(".chips").inner_text().count("Ben Reed") == 1
    assert "2020" in page.locator(".chips").inner_text()  # the filters that stood there still stand


def test_the_keys_go_round_and_leave_the_text_alone(tab: Open) -> None:
    page = tab("/")
    count = typing(page, "weather").count()
    places = []
    for _ in range(count + 2):
        page.keyboard.press("ArrowDown")
        places.append(page.get_attribute("#q", "aria-activedescendant"))
    assert places == [*(f"suggestion-{place}" for place in range(count)), None, "suggestion-0"]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.get_attribute("#q", "aria-activedescendant") == f"suggestion-{count - 1}"
    page.keyboard.press("Home")
    page.keyboard.type("x")
    assert page.input_value("#q") == "xweather"
    assert page.get_attribute("#q", "aria-activedescendant") is None


def test_escape_closes_and_a_second_one_leaves_the_box(tab: Open) -> None:
    page = tab("/")
    typing(page, "weather")
    page.keyboard.press("Escape")
    assert page.locator("#suggestions").is_hidden()
    assert (page.input_value("#q"), focused(page)) == ("weather", "q")
    page.keyboard.press("ArrowDown")  # asks again
    page.wait_for_selector("#suggestions:not([hidden])")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert focused(page) != "q"


def test_tab_goes_on_to_the_button_and_takes_nothing(tab: Open) -> None:
    page = tab("/")
    typing(page, "weather")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.locator("#suggestions").is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Search"
    assert page.input_value("#q") == "weather"


def test_enter_without_a_choice_searches_as_typed(tab: Open) -> None:
    page = tab("/")
    typing(page, "quill")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=quill")
    assert page.locator("#suggestions").is_hidden()


def test_a_paper_opens_by_the_mouse(tab: Open) -> None:
    page = tab("/")
    options = typing(page, "sparse lant")
    assert said(page) == ["Paper: Sparse lantern routing for long document retrieval"]
    options.first.click()
    page.wait_for_url("**/paper/quill24")


def test_a_saved_search_opens(tab: Open) -> None:
    page = tab("/")
    options = typing(page, "retr")
    assert said(page)[0] == "Saved: Retrieval"
    options.first.click()
    page.wait_for_url("**/search?q=weather+retrieval+venue%3APaperConf&verbatim=1&saved=Retrieval")


def test_the_list_goes_with_the_focus(tab: Open) -> None:
    page = tab("/")
    typing(page, "weather")
    page.mouse.click(5, 700)
    assert page.locator("#suggestions").is_hidden()


def test_a_slow_answer_does_not_replace_a_newer_one(tab: Open) -> None:
    page = tab("/")
    held: list[Any] = []

    def hold_the_first(route: Any) -> None:
        if route.request.url.endswith("?q=ben"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/suggest**", hold_the_first)
    page.locator("#q").click()
    with page.expect_request("**/suggest?q=ben"):
        page.keyboard.type("ben")
    typing(page, " reed")
    newer = said(page)
    assert newer == ["Author: Ben Reed 2 papers"]
    late = {"kind": "author", "text": "Too Late", "papers": 1, "question": "author:late", "url": "/"}
    held[0].fulfill(body=json.dumps({"suggestions": [late]}), content_type="application/json")
    page.wait_for_timeout(150)
    assert said(page) == newer


def test_an_answer_that_fails_costs_nothing(tab: Open) -> None:
    page = tab("/")
    page.locator("#q").click()
    answers = iter((200, 404))
    page.route("**/api/v1/suggest**", lambda route: route.fulfill(body="<html>", status=next(answers)))
    for text in ("weather", " of"):
        with page.expect_response("**/api/v1/suggest**"):
            page.keyboard.insert_text(text)
        page.wait_for_timeout(50)
        assert page.locator("#suggestions").is_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=weather+of")


def test_names_are_text_whatever_they_hold(tab: Open) -> None:
    page = tab("/")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    typing(page, "alert")
    assert any("<script>alert('title')</script>" in one for one in said(page))


def test_without_script_the_box_is_a_box(tab: Open) -> None:
    page = tab("/", java_script_enabled=False)
    assert page.get_by_role("combobox").count() == 0
    assert page.get_by_role("listbox").count() == 0
    page.get_by_label("Search papers").fill("author:reed")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=author*reed")
    assert page.locator(".results .paper").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_the_list_fits_and_moves_nothing(tab: Open, device: str, scheme: str) -> None:
    phone = device == "phone"
    page = tab("/", viewport=PHONE if phone else DESKTOP, color_scheme=scheme, has_touch=phone, is_mobile=phone)
    below = page.locator("main").bounding_box()
    options = typing(page, "re")
    page.keyboard.press("ArrowDown")
    shoot(page, f"suggestions-{device}-{scheme}")
    assert page.locator("main").bounding_box() == below
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate(FAINT) == []
    if phone:
        assert min(box["height"] for box in (option.bounding_box() for option in options.all())) >= 44

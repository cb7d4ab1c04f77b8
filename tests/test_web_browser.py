"""The pages in a real browser: typing, keys, no script, night, phone, paper. Screenshots go to artefacts/."""

import pytest

from browsing import DESKTOP, PHONE, Open, focused, shoot
from web_checks import FAINT, SMALL, UNNAMED

pytestmark = pytest.mark.browser

PAGES = {
    "front": "/",
    "search": "/search?q=weather+retrieval&year=2001..2015",
    "ask": "/search",
    "nothing": "/search?q=lantern&year=1999",
    "paper": "/paper/quill24",
    "formula": "/paper/reed23",
    "hostile": "/paper/moss22",
    "author": "/author/Ben%20Reed",
    "venue": "/venue/PaperConf",
    "nobody": "/author/Ben%20Red",
    "likes": "/search?q=like:series8+-like:series3+weather",
    "about": "/about",
    "missing": "/paper/nobody",
    "sources": "/sources",
    "saved": "/saved",
    "saved-search": "/search?q=weather+retrieval+venue%3APaperConf&saved=Retrieval",
    "copies": "/paper/arxiv:2101.00001",
    "retracted": "/paper/wet-ink",
}


def test_search_by_typing_and_open_the_first(tab: Open) -> None:
    page = tab("/")
    page.get_by_label("Search papers").fill("lantern routing")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=lantern+routing")
    first = page.locator(".results .paper").first
    assert first.locator("mark").first.inner_text().lower() == "lantern routing"
    first.get_by_role("link").first.click()
    page.wait_for_url("**/paper/quill24")
    assert page.get_by_role("heading", level=1).inner_text() == "Sparse lantern routing for long document retrieval"


def test_keyboard_walks_opens_and_helps(tab: Open) -> None:
    page = tab("/search?q=weather&sort=new")
    links = page.locator(".results .title a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == links[1]
    page.keyboard.press("k")
    assert focused(page) == links[0]
    page.keyboard.press("w")
    assert page.locator(".results .paper").first.locator("details").get_attribute("open") is not None
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    shoot(page, "keys-desktop")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.type("jk?")  # typed, not obeyed
    assert page.input_value("#q") == "jk?"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{links[0]}")


def test_first_tab_stop_skips_to_the_papers(tab: Open) -> None:
    page = tab("/search?q=weather")
    page.keyboard.press("Tab")
    assert focused(page) == "#content"
    page.keyboard.press("Enter")
    assert focused(page) == "content"


def test_a_filter_by_form_by_bar_and_back_by_its_chip(tab: Open) -> None:
    page = tab("/search?q=weather")
    total = page.locator("#found").inner_text()
    page.get_by_label("Year or years").fill("2004..2008")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**year=2004..2008*")
    assert page.locator("#found").inner_text() != total
    page.locator(".hist a[data-low='2005']").click()
    page.wait_for_url("**year=2005")
    page.get_by_role("link", name="Remove the filter year 2005").click()
    assert page.locator("#found").inner_text() == total


def test_dragging_over_the_bars_asks_for_those_years(tab: Open) -> None:
    page = tab("/search?q=weather")
    low, high = (page.locator(f".hist a[data-low='{year}']").bounding_box() for year in (2004, 2009))
    page.mouse.move(low["x"] + 2, low["y"] + 10)
    page.mouse.down()
    page.mouse.move(high["x"] + 2, high["y"] + 12, steps=6)
    page.mouse.up()
    page.wait_for_url("**year=2004..2009")
    years = {int(text) for text in page.locator(".results time").all_inner_texts()}
    assert years <= set(range(2004, 2010))


def test_copy_button_copies_the_reference(tab: Open) -> None:
    page = tab("/paper/quill24", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("BibTeX").click()
    page.get_by_role("button", name="Copy").and_(page.locator(":visible")).click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("@inproceedings{quill2024sparse,")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_without_script(tab: Open, name: str) -> None:
    page = tab(PAGES[name], java_script_enabled=False)
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.get_by_role("button", name="Search").is_visible()
    assert page.get_by_role("button", name="Keyboard").count() == 0  # nothing that would not work
    assert page.get_by_role("button", name="Copy").count() == 0


def test_search_without_script(tab: Open) -> None:
    page = tab("/", java_script_enabled=False)
    page.get_by_label("Search papers").fill("lantern")
    page.get_by_role("button", name="Search").click()
    page.locator(".why summary").first.click()
    assert page.locator(".why table").first.is_visible()
    page.locator(".hist a").last.click(position={"x": 3, "y": 40})
    assert page.locator(".chips li").count() == 1


def test_saving_a_search_without_script(tab: Open) -> None:
    page = tab("/search?q=lantern+routing", java_script_enabled=False)
    page.get_by_text("Save this search").click()
    page.get_by_label("Name").fill("Lanterns")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**saved=Lanterns")
    assert page.get_by_text("Saved as Lanterns: nothing new since today.").is_visible()
    page.get_by_role("link", name="Saved", exact=True).click()
    page.get_by_text("Change Lanterns").click()
    page.get_by_role("button", name="Remove Lanterns").click()
    page.wait_for_url("**/saved")
    assert page.get_by_text("Lanterns").count() == 0
    assert page.get_by_role("heading", name="Retrieval 1 new").is_visible()


def test_keeping_a_paper_without_script(tab: Open) -> None:
    page = tab("/paper/ash21", java_script_enabled=False)
    page.get_by_label("List").fill("Maps")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/paper/ash21#keep")
    page.get_by_role("link", name="Maps").click()
    assert page.locator(".results .paper").count() == 1
    page.go_back()
    page.get_by_role("button", name="Remove from the list Maps").click()
    page.wait_for_url("**/paper/ash21#keep")
    assert page.get_by_role("link", name="Maps").count() == 0


def test_the_citation_is_copied_as_a_sentence(tab: Open) -> None:
    page = tab("/paper/quill24#cite", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Text", exact=True).click()
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").endswith("PaperConf. https://example.org/abs/quill24")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_and_can_be_read(tab: Open, name: str, device: str, scheme: str) -> None:
    phone = device == "phone"
    page = tab(PAGES[name], viewport=PHONE if phone else DESKTOP, color_scheme=scheme, has_touch=phone, is_mobile=phone)
    shoot(page, f"{name}-{device}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate(FAINT) == []
    assert page.evaluate(UNNAMED) == []
    if phone:
        assert page.evaluate(SMALL) == []


def test_hostile_papers_do_nothing(tab: Open) -> None:
    page = tab("/")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for address in ("/paper/moss22", "/search?q=claims+about+quotes", "/search?q=<img+src=x+onerror=alert(1)>"):
        page.goto(address)
    page.goto("/paper/moss22")
    assert page.get_by_role("heading", level=1).inner_text().startswith("<script>alert('title')</script> & <b>")


def test_right_to_left_titles_begin_on_the_right(tab: Open) -> None:
    page = tab("/search?q=שלום")
    title = page.locator(".paper .title").first
    assert title.evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert page.locator(".paper .by").first.evaluate("node => getComputedStyle(node).direction") == "ltr"


def test_printed_list_is_black_and_bare(tab: Open) -> None:
    page = tab("/search?q=weather", color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator(".box").is_visible()
    assert page.locator(".narrow:visible").count() == 0
    assert page.locator(".paper .title").first.evaluate("node => getComputedStyle(node).color") == "rgb(0, 0, 0)"
    shoot(page, "search-print")


def test_no_motion_for_who_wants_none(tab: Open) -> None:
    page = tab("/", reduced_motion="reduce")
    assert page.locator(".paper a").first.evaluate("node => getComputedStyle(node).transitionDuration") == "0s"


def test_nothing_moves_while_a_page_arrives(tab: Open) -> None:
    page = tab("/search?q=weather")
    shift = page.evaluate(
        """() => new Promise(done => { let sum = 0;
        new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value })
            .observe({type: 'layout-shift', buffered: true});
        setTimeout(() => done(sum), 300) })"""
    )
    assert shift < 0.01

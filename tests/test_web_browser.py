"""The pages in a real browser: typing, keys, no script, night, phone, paper. Screenshots go to artefacts/."""

import pytest

from browsing import DESKTOP, PHONE, Open, focused, shoot
from lively_library import PAGES, SIGNED_IN, STRANGER
from web_checks import FAINT, SMALL, UNNAMED

pytestmark = pytest.mark.browser


def test_search_by_typing_and_open_the_first(tab: Open) -> None:
    page = tab("/")
    page.get_by_label("Search papers").fill("lantern routing")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=lantern+routing")
    first = page.locator(".results .paper").first
    assert first.locator("mark").first.inner_text().lower() == "lantern routing"
    first.locator(".title").get_by_role("link").click()
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
    page.locator(".save").get_by_role("button", name="Save").click()
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
    page.locator(".keep").get_by_role("button", name="Save").click()
    page.wait_for_url("**/paper/ash21#keep")
    page.get_by_role("link", name="Maps", exact=True).click()
    assert page.locator(".papers .paper").count() == 1
    page.go_back()
    page.get_by_role("button", name="Remove from the list Maps").click()
    page.wait_for_url("**/paper/ash21#keep")
    assert page.get_by_role("link", name="Maps", exact=True).count() == 0


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


# -- what readers do ---------------------------------------------------------------------------------------------------


def test_a_vote_stays_on_its_page_and_is_counted(tab: Open) -> None:
    page = tab("/paper/ash21")
    button, count = page.locator(".bar .vote button"), page.locator(".bar .vote .count")
    before = int(count.inner_text())
    button.click()
    page.get_by_text(f"You voted for this paper. It has {before + 1} vote").wait_for()
    assert (button.get_attribute("aria-pressed"), count.inner_text()) == ("true", str(before + 1))
    button.click()
    page.get_by_text("You took your vote back.").wait_for()
    assert (button.get_attribute("aria-pressed"), count.inner_text()) == ("false", str(before))
    page.reload()
    assert page.locator(".bar .vote .count").inner_text() == str(before)


def test_a_vote_without_script_comes_back_to_its_page(tab: Open) -> None:
    page = tab("/search?q=atlas", java_script_enabled=False)
    first = page.locator(".paper").first
    first.locator(".vote button").click()
    page.wait_for_url("**/search?q=atlas#p1")
    assert page.locator(".paper").first.locator(".vote button").get_attribute("aria-pressed") == "true"
    page.locator(".paper").first.locator(".vote button").click()
    assert page.locator(".paper").first.locator(".vote button").get_attribute("aria-pressed") == "false"


def test_keys_vote_save_hide_and_undo(tab: Open) -> None:
    page = tab("/search?q=census&sort=new")
    item = page.locator(".item").first
    page.keyboard.press("j")
    page.keyboard.press("v")
    item.locator(".vote button[aria-pressed=true]").wait_for()
    page.keyboard.press("s")
    item.get_by_role("button", name="Saved", pressed=True).wait_for()
    page.keyboard.press("x")
    item.get_by_text("Hidden:").wait_for()
    assert not item.locator(".paper").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Undo"
    shoot(page, "hidden-by-key-desktop")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.item')") != item.element_handle()
    page.keyboard.press("k")
    page.keyboard.press("x")
    item.locator(".paper").wait_for()
    for key in "vs":
        page.keyboard.press(key)
    item.get_by_role("button", name="Save", pressed=False).wait_for()
    item.locator(".vote button[aria-pressed=false]").wait_for()


def test_what_cannot_reach_the_library_is_said_and_changes_nothing(chromium: object, site: str) -> None:
    page = chromium.new_context(base_url=site).new_page()  # type: ignore[attr-defined]
    page.goto("/search?q=audit")
    page.route("**/vote", lambda route: route.abort())
    complaints = page.locator("#told")
    page.locator(".vote button").first.click()
    complaints.filter(has_text="The library cannot be reached").wait_for()
    assert page.locator(".vote button").first.get_attribute("aria-pressed") == "false"
    page.context.close()


def test_a_stranger_who_votes_is_asked_to_sign_in(chromium: object, club: tuple[str, str]) -> None:
    page = chromium.new_context(base_url=club[0]).new_page()  # type: ignore[attr-defined]
    page.goto("/search?q=audit")
    page.locator(".vote button").first.click()
    page.wait_for_url("**/sign-in?then=**")
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_small_phone(tab: Open, name: str) -> None:
    page = tab(PAGES[name], viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", [*SIGNED_IN, *STRANGER])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_pages_of_a_library_with_accounts(chromium: object, club: tuple[str, str], name: str, device: str) -> None:
    address, key = club
    phone, dark = device == "phone", name in SIGNED_IN
    context = chromium.new_context(  # type: ignore[attr-defined]
        base_url=address, viewport=PHONE if phone else DESKTOP, has_touch=phone, is_mobile=phone,
        color_scheme="dark" if dark and phone else "light",
    )  # fmt: skip
    if name in SIGNED_IN:
        context.add_cookies([{"name": "broadsheet", "value": key, "url": address}])
    page = context.new_page()
    page.goto((SIGNED_IN | STRANGER)[name])
    shoot(page, f"{name}-{device}")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate(FAINT) == []
    assert page.evaluate(UNNAMED) == []
    if phone:
        assert page.evaluate(SMALL) == []
    context.close()


@pytest.mark.parametrize("name", ["front", "discussion", "list", "archive", "trending"])
def test_printed_pages_are_black_and_have_no_buttons(tab: Open, name: str) -> None:
    page = tab(PAGES[name], color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("button:visible").count() == 0
    assert page.locator("body").evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 255)"
    shoot(page, f"{name}-print")


def test_forced_colours_keep_what_is_pressed(tab: Open) -> None:
    page = tab("/", forced_colors="active")
    pressed = page.locator(".vote button[aria-pressed=true]").first
    other = page.locator(".vote button[aria-pressed=false]").first
    colour = "node => getComputedStyle(node).backgroundColor"
    assert pressed.evaluate(colour) != other.evaluate(colour)
    shoot(page, "front-forced-colours")

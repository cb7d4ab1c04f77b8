"""The letter and its page as they are seen: every width, by day and by night. Screenshots go to artefacts/."""

from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

import web_library
from broadsheet.editions import links
from broadsheet.library import Library
from broadsheet.mail import compose, samples
from broadsheet.mail.languages import ALL
from broadsheet.mail.sheet import Section, Sheet
from browsing import serving, shoot
from edition_made import content, edition, item, sheet, subscriber
from web_checks import FAINT, UNNAMED

pytestmark = pytest.mark.browser
WIDTHS = (320, 375, 600, 800, 1_200)
SCHEMES = ("light", "dark")
REACH = "() => [document.documentElement.scrollWidth, window.innerWidth]"
# Links beside a paper that a finger would miss: less than 44 pixels high. Titles are lines of text.
LOW = """() => [...document.querySelectorAll('a.act, a.soft')]
  .map(node => [node.getBoundingClientRect().height, node.innerText]).filter(([height]) => height < 43.5)"""
SECTIONS = (
    Section("wishes", "cs.CL", (
        item(1, title="Sparse attention routes long documents at a ninth of the cost of reading all of them"),
        item(2, title=r"Sorting by $k$-th differences in $O(n \log n)$ steps, and a bound of $\ell_1$ on $x_{i+1}$",
             summary=r"We bound the comparisons by $O(n^{2}/\log n)$ for $n \ge 3$. " * 3),
    )),
    Section("authors", "Authors you follow", (
        item(3, title="שלום עולם: מסמכים ארוכים", authors="דנה לוי", summary="זהו תקציר קצר של מאמר."),
        item(4, title="A-title-without-any-space-" * 9, summary="wordwithoutend" * 20, venue="Proceedings" * 9),
    )),
    Section("wild", "One wild card", (item(5, summary=""),)),
)  # fmt: skip
VIOLATIONS = """async (rules) => (await axe.run(document, {resultTypes: ['violations'], ...rules})).violations
  .map(one => `${one.id}: ` + one.nodes.slice(0, 3).map(node => `${node.target} ${node.failureSummary}`).join(' | '))"""
LETTERS: dict[str, Sheet] = {
    "full": sheet([], sections=SECTIONS, notes=()),
    "quiet": sheet([], notes=("Nothing new came that fits what you follow.", "arXiv announces nothing on a Saturday.")),
    "bare": samples.sheets()[1],
}


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core (see `test_web_axe`)."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def shown(chromium: Any, html: str, width: int, scheme: str) -> Any:
    """A letter as a mail program shows it: no script, nothing from elsewhere."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=True, offline=True
    )
    page = context.new_page()
    page.set_content(html)
    return page


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_letter_fits_and_can_be_read(chromium: Any, width: int, scheme: str, name: str) -> None:
    _, _, html = compose.bodies(LETTERS[name], "ada@example.org")
    page = shown(chromium, html, width, scheme)
    reach, inner = page.evaluate(REACH)
    assert reach <= inner == width
    assert page.evaluate(FAINT) == []
    assert page.evaluate(LOW) == []
    body = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert body == {"light": "rgb(251, 250, 247)", "dark": "rgb(22, 23, 26)"}[scheme]
    sheet_box = page.locator(".sheet").bounding_box()
    assert sheet_box["width"] <= 640 + 40
    shoot(page, f"letter-{name}-{width}-{scheme}")
    page.context.close()


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_violation_in_a_letter(chromium: Any, axe: str, scheme: str, name: str) -> None:
    """Of the rules of WCAG; where the landmarks of a page are is for the mail program to say."""
    page = shown(chromium, compose.bodies(LETTERS[name], "ada@example.org")[2], 600, scheme)
    page.evaluate(axe)
    assert page.evaluate(VIOLATIONS, {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}) == []
    page.context.close()


@pytest.mark.parametrize("language", ALL)
def test_a_letter_in_every_language_on_the_narrowest_screen(chromium: Any, language: str) -> None:
    what = sheet([], sections=SECTIONS, notes=(), language=language, day=date(2026, 9, 30))
    _, _, html = compose.bodies(what, "a.rather.long.address.of.somebody@department.university.example.org")
    page = shown(chromium, html, 320, "light")
    assert page.evaluate(REACH) == [320, 320]
    assert page.locator("html").get_attribute("lang") == language
    page.context.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    flags = {"sender": "The Papers <papers@example.org>"}
    with web_library.make(tmp_path_factory.mktemp("letters"), flags=flags) as made:
        yield made


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with serving(library) as found:
        yield found


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_of_an_edition(
    chromium: Any, library: Library, address: str, axe: str, width: int, scheme: str
) -> None:
    one = subscriber(library, f"{scheme}{width}@example.org")
    rows = [library.row(name) for name in ("quill24", "reed23", "ash21", "rtl20", "series0")]
    made = edition(library, one, content(rows))
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(links.edition(address, links.edition_key(library.store, made)))
    reach, inner = page.evaluate(REACH)
    assert reach <= inner
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(FAINT) == []
    page.evaluate(axe)
    assert page.evaluate(VIOLATIONS, {}) == []
    shoot(page, f"edition-{width}-{scheme}")
    context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [320, 1_200])
def test_the_preview(chromium: Any, library: Library, address: str, width: int, scheme: str) -> None:
    one = subscriber(library, f"preview-{scheme}{width}@example.org")
    complaints: list[str] = []
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/owner/mail/preview?reader={one.id}")
    frame = page.frame_locator("iframe.letter")
    assert frame.locator(".mast").is_visible()
    assert page.evaluate(REACH)[0] <= width
    assert frame.locator("body").evaluate("node => node.ownerDocument.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"preview-{width}-{scheme}")
    page.get_by_text("Its headers").focus()
    page.keyboard.press("Enter")
    page.get_by_text("List-Unsubscribe: <").wait_for()
    assert complaints == []
    context.close()


def test_who_reads_an_edition_votes_there(chromium: Any, library: Library, address: str) -> None:
    one = subscriber(library, "votes@example.org")
    made = edition(library, one, content([library.row("quill24"), library.row("ash21")]))
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(links.edition(address, links.edition_key(library.store, made)))
    button = page.get_by_role("button", name="Vote for Sparse lantern routing")
    button.click()
    page.locator('button[aria-pressed="true"][aria-label^="Vote for Sparse"]').wait_for()
    context.close()

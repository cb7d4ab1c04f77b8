"""Every page before axe, a checker of accessibility that others wrote and keep up: no violation of any of its rules.

The rules are those of axe-core, which comes with axe-playwright-python; it is run in the page and asks nobody anything.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from browsing import DESKTOP, PHONE
from lively_library import PAGES, SIGNED_IN, STRANGER

pytestmark = pytest.mark.browser

_RUN = """async (rules) => (await axe.run(document, {resultTypes: ['violations'], ...rules})).violations.map(one =>
    `${one.id}: ` + one.nodes.slice(0, 3).map(node => `${node.target} ${node.failureSummary}`).join(' | '))"""
# A page in the light, on a desktop, is held to all rules; in the dark, on a phone, to those that ask how it is drawn.
ALL: dict[str, Any] = {}
DRAWN = {"runOnly": ["color-contrast", "scrollable-region-focusable", "link-in-text-block"]}


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


Contexts = Any  # a function that gives a browser's context


@pytest.fixture
def context(chromium: Any) -> Iterator[Contexts]:
    made = []

    def make(**options: Any) -> Any:
        # The pages forbid every script but theirs; the checker is let in for this test.
        made.append(chromium.new_context(bypass_csp=True, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def violations(contexts: Contexts, address: str, axe: str, scheme: str, key: str = "") -> list[str]:
    context = contexts(viewport=DESKTOP if scheme == "light" else PHONE, color_scheme=scheme)
    if key:
        context.add_cookies([{"name": "broadsheet", "value": key, "url": address}])
    page = context.new_page()
    page.goto(address)
    page.evaluate("all => all.forEach(one => { one.open = true })", page.query_selector_all("details"))
    page.evaluate(axe)
    found: list[str] = page.evaluate(_RUN, ALL if scheme == "light" else DRAWN)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_violation_where_the_owner_reads(context: Contexts, site: str, axe: str, name: str, scheme: str) -> None:
    assert violations(context, site + PAGES[name], axe, scheme) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*SIGNED_IN, *STRANGER])
def test_no_violation_where_there_are_accounts(
    context: Contexts, club: tuple[str, str], axe: str, name: str, scheme: str
) -> None:
    address, key = club
    there = address + (SIGNED_IN | STRANGER)[name]
    assert violations(context, there, axe, scheme, key if name in SIGNED_IN else "") == []


def test_the_checker_finds_what_is_wrong(context: Contexts, axe: str) -> None:
    page = context().new_page()
    page.set_content("<html><body><img src='data:,'><button></button></body></html>")
    page.evaluate(axe)
    assert {one.partition(":")[0] for one in page.evaluate(_RUN, ALL)} >= {"image-alt", "button-name", "html-has-lang"}

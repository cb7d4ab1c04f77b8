"""A real browser over a real server over a real library: fixtures for the tests of the pages."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from broadsheet.library import Library

ARTEFACTS = Path(os.environ.get("BROADSHEET_ARTEFACTS") or Path(__file__).parents[1] / "artefacts")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
).split()
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def keep_some(library: "Library") -> None:
    """Searches with a name, one with something new, and papers on lists."""
    library.save_search("Retrieval", "weather retrieval venue:PaperConf")
    library.save_search("All that is written by hand, on paper or on slates", "quills remember", "new")
    library.keep(["moss22"], "To read on the train")
    file = library.home.parent / "late.jsonl"
    file.write_text('{"title": "Weather of retrieval, at last", "venue": "PaperConf", "year": 2020, "id": "late"}\n')
    library.add([file])


@contextmanager
def serving(library: "Library") -> Iterator[str]:
    """The address of a real server over *library*, while it runs."""
    import uvicorn

    from broadsheet.web import create_app, server

    listener = server.bind("127.0.0.1", 0)
    host, port = listener.getsockname()
    running = uvicorn.Server(server.config(create_app(library), host=host, port=port))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://{host}:{port}"
    running.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server over a real library, which is its owner's alone."""
    import lively_library
    import web_library

    with web_library.make(tmp_path_factory.mktemp("browser")) as library:
        web_library.lived_in(library)
        keep_some(library)
        lively_library.fill(library)
        with serving(library) as address:
            yield address


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[tuple[str, str]]":
    """The address of a library with accounts, and the key of an administrator's session."""
    import lively_library
    import people_made
    import web_library
    from broadsheet.people import sessions

    with web_library.make(tmp_path_factory.mktemp("club")) as library:
        lively_library.fill(library)
        people_made.with_accounts(library)
        admin = people_made.account(library, "Grace the administrator", "admin")
        key = sessions.begin(library.store, admin.id, "link", "Mozilla/5.0 (X11; Linux) Firefox/150")
        with serving(library) as address:
            yield address, key


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


Open = Callable[..., Any]


@pytest.fixture
def tab(chromium: Any, site: str) -> Iterator[Open]:
    """``tab("/search", **options)`` opens a page; what the browser complains about fails the test at its end."""
    complaints: list[str] = []
    contexts = []

    def abroad(request: Any) -> None:
        if not request.url.startswith(site):
            complaints.append(f"asked elsewhere: {request.url}")

    def open_page(address: str, **options: Any) -> Any:
        context = chromium.new_context(base_url=site, **({"viewport": DESKTOP} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", abroad)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [line for line in complaints if "404 (Not Found)" not in line] == []


def shoot(page: Any, name: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


def focused(page: Any) -> str:
    """The address of the link that has the focus, without the host."""
    found: str = page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.id")
    return found

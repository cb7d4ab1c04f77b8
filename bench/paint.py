"""How long a slow phone looks at an empty page, and how much it has to load for it, in a real Chromium.

    python -m bench.paint [--runs 5] [--write]

The phone is the one that Lighthouse takes for its mobile profile: 150 ms of delay, 1.6 Mbit/s down and 750 kbit/s up,
a processor of a quarter of this one's speed, nothing in its cache. The pages are those of a community (see
`bench.communities`), as a stranger sees them.
"""

import shutil
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from bench import communities, table
from bench.serve import serving

PAGES = {
    "front page": "/",
    "search": "/search?q=graph+neural+networks",
    "paper": "",
    "rising": "/trending",
    "archive": "/archive",
    "how papers are ranked": "/about",
}
PHONE: Mapping[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True
}  # fmt: skip
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
SLOWER = 4
SETTLED = 500  # milliseconds after the page has loaded, in which it might still move

# Milliseconds from the start of the navigation, the sum of all shifts, bytes as they came and as they are used.
_FOUND = """async (wait) => {
  const shifts = [], largest = [];
  new PerformanceObserver(list => shifts.push(...list.getEntries())).observe({type: 'layout-shift', buffered: true});
  new PerformanceObserver(list => largest.push(...list.getEntries()))
    .observe({type: 'largest-contentful-paint', buffered: true});
  await new Promise(done => setTimeout(done, wait));
  const paint = name => performance.getEntriesByName(name)[0].startTime;
  const loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  const sum = (name, of) => of.reduce((all, one) => all + one[name], 0);
  return {first: paint('first-paint'), content: paint('first-contentful-paint'), largest: largest.at(-1).startTime,
    shift: sum('value', shifts), sent: sum('transferSize', loaded), used: sum('decodedBodySize', loaded),
    requests: loaded.length};
}"""


class Seen(NamedTuple):
    """Of one page, over some runs: milliseconds (the medians, and the slowest first paint), kilobytes, shifts."""

    first: float
    slowest: float
    content: float
    largest: float
    shift: float
    sent: float
    used: float
    requests: int


def look(browser: Any, address: str, runs: int) -> Seen:
    """Opens the page *runs* times, each time as a phone that was never here."""
    found = [_once(browser, address) for _ in range(runs)]

    def middle(name: str) -> float:
        return median(one[name] for one in found)

    return Seen(
        middle("first"), max(one["first"] for one in found), middle("content"), middle("largest"),
        max(one["shift"] for one in found), middle("sent") / 1e3, middle("used") / 1e3, int(middle("requests")),
    )  # fmt: skip


def _once(browser: Any, address: str) -> Mapping[str, float]:
    context = browser.new_context(**PHONE)
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("Network.enable")
    device.send("Network.emulateNetworkConditions", NETWORK)
    device.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="load")
    found: Mapping[str, float] = page.evaluate(_FOUND, SETTLED)
    context.close()
    return found


def measure(port: int, runs: int, pages: Mapping[str, str] = PAGES) -> Sequence[tuple[str, Seen]]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        base = f"http://127.0.0.1:{port}"
        return [(name, look(browser, base + (there or _paper(browser, base)), runs)) for name, there in pages.items()]


def _paper(browser: Any, base: str) -> str:
    """The first paper of the front page."""
    page = browser.new_page()
    page.goto(base)
    address: str = page.locator(".paper .title a").first.get_attribute("href")
    page.close()
    return address


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    result = table.Table(
        "paint",
        ["page", "first paint ms", "slowest", "content ms", "largest ms", "shift", "sent KB", "in all KB", "requests"],
    )
    with serving(communities.prepared()) as server:
        for name, seen in measure(server.port, chosen.runs):
            shift = f"{seen.shift:.3f}"
            result.add(
                name, seen.first, seen.slowest, seen.content, seen.largest, shift, seen.sent, seen.used, seen.requests
            )
    result.notes.append(
        f"medians of {chosen.runs} runs with an empty cache; in all: unpacked. The browser delays every request by"
        f" {NETWORK['latency']} ms but not the connection under it, which over TLS takes another 300 ms once"
    )
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()

"""What every test can count on: the shared data, the marks that need something installed, hypothesis profiles."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["store_servers", "imap_server", "browsing"]

ROOT = Path(__file__).parents[1]
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("soak", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if IN_CI else "dev")


def data_set() -> Path:
    return Path(os.environ.get("BROADSHEET_SHARED") or ROOT.parent / "shared")


def _no_data() -> str:
    where = data_set() / "data" / "papers.jsonl.zst"
    return "" if where.is_file() else "the measured data set (../shared, or BROADSHEET_SHARED) is not there"


def _no_browser() -> str:
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return "no Chromium is installed"
    return "" if importlib.util.find_spec("playwright") else "the package playwright is not installed"


def _no_postgres() -> str:
    if shutil.which("postgres") or any(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return ""
    return "no PostgreSQL server is installed"


def _no_dovecot() -> str:
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    return "" if found else "no Dovecot, an IMAP server, is installed (Debian's dovecot-imapd)"


def _no_torch() -> str:
    return "" if importlib.util.find_spec("torch") else "PyTorch is not installed (make train-deps)"


# mark -> why its tests cannot run here, or an empty string
NEEDS: dict[str, Callable[[], str]] = {
    "shared": _no_data,
    "browser": _no_browser,
    "postgres": _no_postgres,
    "dovecot": _no_dovecot,
    "torch": _no_torch,
}
OPTIONAL_IN_CI = {"torch"}  # several gigabytes from the registry where no CPU build is at hand


def demand(need: str, *, in_ci: bool = IN_CI) -> None:
    """Skips the running test with a reason when *need* is not met; in CI, which prepares its machine, fails it."""
    if reason := NEEDS[need]():
        if in_ci and need not in OPTIONAL_IN_CI:
            pytest.fail(f"{reason}, and CI must have it", pytrace=False)
        pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("shared")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for need in NEEDS:
        if item.get_closest_marker(need):
            demand(need)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of the measured data set: data/, seeds/, look/."""
    demand("shared")
    return data_set()

"""The wheel holds everything that the program reads, and nothing that it does not."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import layers

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "broadsheet"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = {f"broadsheet/{p.relative_to(PACKAGE)}" for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert source <= inside


@pytest.mark.parametrize("folder", ["templates/", "static/", "store/versions/", "data/", "embed/models/"])
def test_what_is_no_code_is_in_the_wheel_too(wheel: Path, folder: str) -> None:
    assert any(name.startswith(f"broadsheet/{folder}") for name in zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_the_licence_and_no_strangers(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.rsplit("/")[-1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"broadsheet"}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_wheel_runs_from_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    """Unpacked as an installer would, with nothing of the checkout on the path."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from broadsheet.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-Ic", code, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip()


def _asked_for(table: list[str]) -> set[str]:
    """Names of distributions in a list of requirements, normalised."""
    return {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in table}


def _imported() -> set[str]:
    """Names of the distributions that some file of the package imports."""
    modules = {top for module in layers.modules(PACKAGE) for top, _ in layers.imports(module.tree)}
    known = packages_distributions()
    outside = modules - sys.stdlib_module_names - {"broadsheet"}
    return {known[module][0].lower().replace("_", "-") if module in known else module for module in outside}


def test_dependencies_are_what_is_imported() -> None:
    """Nothing is declared that no file imports, and nothing is imported that a plain install would not bring."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = _asked_for(project["dependencies"])
    extras = {name for table in project["optional-dependencies"].values() for name in _asked_for(table)}
    assert core - _imported() == {"tzdata"}  # no code: `zoneinfo` reads it where the system has no time zones
    assert _imported() - core - extras - BROUGHT_ALONG.keys() == set()


# Imported by us, brought by a dependency that cannot do without it and shows its types in its own interface.
BROUGHT_ALONG = {"starlette": "fastapi", "markupsafe": "jinja2"}

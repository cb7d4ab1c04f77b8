"""The wheel holds everything that the program reads, and nothing that it does not."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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

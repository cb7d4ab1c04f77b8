"""What a test does when the machine lacks what it needs: skipped with the reason, failed in CI."""

from pathlib import Path

import pytest

import conftest


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    for need in conftest.NEEDS:
        monkeypatch.setitem(conftest.NEEDS, need, lambda: "it is not here")


@pytest.mark.parametrize("need", conftest.NEEDS)
def test_here_it_is_skipped_with_the_reason(need: str, lacking: None) -> None:
    with pytest.raises(pytest.skip.Exception, match="it is not here"):
        conftest.demand(need, in_ci=False)


@pytest.mark.parametrize("need", sorted(conftest.NEEDS.keys() - conftest.OPTIONAL_IN_CI))
def test_in_ci_it_fails(need: str, lacking: None) -> None:
    with pytest.raises(pytest.fail.Exception, match="it is not here, and CI must have it"):
        conftest.demand(need, in_ci=True)


def test_what_a_machine_lacks_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("BROADSHEET_SHARED", str(tmp_path))
    assert "Chromium" in conftest.NEEDS["browser"]()
    assert "data set" in conftest.NEEDS["shared"]()

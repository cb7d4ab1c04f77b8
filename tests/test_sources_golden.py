"""Every format against its golden pairs: ``tests/data/sources/FORMAT/CASE.*`` and ``CASE.expected.json``.

A new format, or a new case, is a new pair and no line here. ``python tests/test_sources_golden.py`` writes the expected
half of the pairs that lack it; read it before you commit it.
"""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from broadsheet import sources
from broadsheet.paper import Fault, Gone, Paper

HERE = Path(__file__).parent / "data" / "sources"
CASES = sorted(file for file in HERE.glob("*/*") if not file.name.endswith(".expected.json"))


def expected_of(case: Path) -> Path:
    return case.with_name(f"{case.name}.expected.json")


def read(case: Path, skip: int = 0) -> list[sources.Record]:
    parse = sources.formats()[case.parent.name].parse
    return list(parse(io.BytesIO(case.read_bytes()), source="golden", at="2024-01-01", skip=skip))


def plain(record: sources.Record) -> dict[str, Any]:
    if isinstance(record, Fault):
        return {"fault": record.reason, "where": record.where}
    if isinstance(record, Gone):
        return {"gone": record.id, "status": record.status, "reason": record.reason}
    out = record.to_dict()
    if all(origin == ("golden", "2024-01-01") for _, origin in record.provenance):
        out["provenance"] = sorted(name for name, _ in record.provenance)  # the rest is the same for each
    return out


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
class TestGolden:
    def test_gives_the_expected_records(self, case: Path) -> None:
        assert [plain(record) for record in read(case)] == json.loads(expected_of(case).read_text(encoding="utf-8"))

    def test_is_told_by_its_content(self, case: Path) -> None:
        assert sources.detect(case.read_bytes(), "nameless")[0] == case.parent.name

    def test_skips_records_like_a_slice(self, case: Path) -> None:
        records = read(case)
        for skip in range(len(records) + 2):
            assert read(case, skip) == records[skip:]

    def test_every_paper_survives_its_own_export(self, case: Path) -> None:
        papers = [record for record in read(case) if isinstance(record, Paper)]
        lines = "\n".join(json.dumps(paper.to_dict()) for paper in papers).encode()
        parse = sources.formats()["jsonl"].parse
        assert list(parse(io.BytesIO(lines), source="another", at="")) == papers


def test_every_format_has_golden_pairs() -> None:
    assert {case.parent.name for case in CASES} == set(sources.formats())


if __name__ == "__main__":
    for one in CASES:
        if not expected_of(one).exists():
            text = json.dumps([plain(record) for record in read(one)], ensure_ascii=False, indent=1)
            expected_of(one).write_text(text + "\n", encoding="utf-8")

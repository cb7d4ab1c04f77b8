"""The measured data set beside the checkout, read as it is."""

from pathlib import Path

import pytest

from broadsheet.paper import Paper
from broadsheet.sources import files

SEEDS = {"000": 73, "001": 61, "002": 250, "003": 133, "004": 235}


def papers(path: Path) -> list[Paper]:
    out: list[Paper] = []
    for file in files.expand([path]).files:
        for record in file.records():
            assert isinstance(record, Paper), record
            out.append(record)
    return out


@pytest.mark.parametrize(("start", "count"), SEEDS.items())
def test_each_saved_page_has_its_papers(shared: Path, start: str, count: int) -> None:
    (page,) = (shared / "seeds").glob(f"{start}_*")
    found = papers(page)
    assert len(found) == count
    assert all(len(paper.title) < 150 and len(paper.abstract) > 450 and not paper.date for paper in found)
    assert not any(paper.title.startswith("Subscribe") for paper in found)


def test_the_saved_pages_together(shared: Path) -> None:
    found = papers(shared / "seeds")
    assert len(found) == sum(SEEDS.values()) and len({paper.title_key for paper in found}) == 678


def test_every_paper_of_the_large_file(shared: Path) -> None:
    (file,) = files.expand([shared / "data" / "papers.jsonl.zst"]).files
    keys = set()
    for record in file.records():
        assert isinstance(record, Paper), record
        keys.add(record.key)
    assert len(keys) == 87_244

"""What a record says, repaired where collections are known to break it."""

import io

import pytest

from broadsheet.paper import Paper
from broadsheet.sources import jsonl


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ('["Ada Lark", "Bo Reed", "Ada Lark", "Bo Reed"]', ("Ada Lark", "Bo Reed")),
        ('["Ada Lark", "Ada Lark"]', ("Ada Lark",)),
        ('["Ada Lark", "Bo Reed", "Ada Lark"]', ("Ada Lark", "Bo Reed", "Ada Lark")),
        ('["Ada Lark"]', ("Ada Lark",)),
        ("[]", ()),
    ],
)
def test_a_list_of_authors_that_says_itself_twice_is_said_once(names: str, expected: tuple[str, ...]) -> None:
    line = f'{{"title": "Otters", "authors": {names}}}'.encode()
    [paper] = jsonl.parse(io.BytesIO(line), source="test", at="")
    assert isinstance(paper, Paper)
    assert paper.authors == expected

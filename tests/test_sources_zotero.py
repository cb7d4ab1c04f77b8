"""A Zotero library on loopback: pages, versions that change meanwhile, and what its items say."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import loopback
from broadsheet.errors import Mistake, SourceError
from broadsheet.paper import Paper
from broadsheet.sources import Step, zotero

NOW = datetime(2024, 1, 3, 12, tzinfo=UTC)
OPTIONS = {"user": "17", "group": "", "key": "", "collection": "", "base": ""}


def item(number: int, **data: Any) -> dict[str, Any]:
    said = {"itemType": "journalArticle", "title": f"Lamp {number}", "creators": [], "tags": [], **data}
    return {"key": f"K{number:07}", "version": number, "data": said}


class Library:
    """*count* items; *versions* are what it says of itself, answer by answer."""

    def __init__(self, count: int, versions: list[int], empty_at: int = -1) -> None:
        self.count, self.versions, self.empty_at = count, versions, empty_at

    def __call__(self, asked: loopback.Asked) -> loopback.Reply:
        start = int(asked.params["start"])
        version = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        count = self.count if int(asked.params["since"]) < version else 0
        found = [] if start == self.empty_at else [item(number) for number in range(start, min(start + 100, count))]
        headers = {"Last-Modified-Version": str(version), "Total-Results": str(count)}
        return loopback.Reply(json.dumps(found).encode(), headers=headers)


def sync(server: loopback.Server, folder: Path, cursor: str = "", **more: str) -> list[Step]:
    options: Mapping[str, Any] = OPTIONS | {"base": server.url} | more
    (part,) = zotero.parts(options)
    return list(zotero.fetch(loopback.client(folder), options, part, cursor, NOW))


def titles(steps: list[Step]) -> list[str]:
    found = [one for step in steps if step.body for one in zotero.parse(io.BytesIO(step.body), source="z", at=step.at)]
    return [one.title for one in found if isinstance(one, Paper)]


def test_every_page_and_then_only_what_is_new(tmp_path: Path) -> None:
    with loopback.serving(Library(230, [8])) as server:
        first = sync(server, tmp_path, key="k-1")
        assert titles(first) == [f"Lamp {n}" for n in range(230)] and first[-1].total == 230
        then = sync(server, tmp_path, first[-1].cursor)
        assert titles(then) == [] and server.log[-1].params["since"] == "8"
        assert server.log[0].headers["zotero-api-key"] == "k-1" and server.log[0].path == "/users/17/items/top"


def test_a_number_of_items_that_fills_its_pages_asks_for_no_empty_one(tmp_path: Path) -> None:
    with loopback.serving(Library(200, [8])) as server:
        assert len(sync(server, tmp_path)) == 2 == len(server.log)


def test_it_goes_on_from_the_cursor_of_any_page(tmp_path: Path) -> None:
    with loopback.serving(Library(230, [8])) as server:
        first = sync(server, tmp_path)
        assert titles(sync(server, tmp_path, first[0].cursor)) == [f"Lamp {n}" for n in range(100, 230)]


def test_a_library_that_changes_meanwhile_is_read_once_more(tmp_path: Path) -> None:
    with loopback.serving(Library(150, [8, 9, 9, 9])) as server:
        steps = sync(server, tmp_path)
        assert [asked.params["start"] for asked in server.log] == ["0", "100", "0", "100"]
    assert set(titles(steps)) == {f"Lamp {n}" for n in range(150)} and json.loads(steps[-1].cursor) == {"since": 9}


def test_an_empty_page_is_not_the_end(tmp_path: Path) -> None:
    with (
        loopback.serving(Library(150, [8], empty_at=100)) as server,
        pytest.raises(SourceError, match="an empty page after 100 of 150"),
    ):
        sync(server, tmp_path)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"user": "quill"}, "'quill' is a name; the API wants the number"),
        ({"user": ""}, "give user or group"),
        ({"group": "4"}, "give user or group"),
        ({"collection": "mine"}, "eight capitals and digits"),
    ],
)
def test_wrong_options_are_a_sentence(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(Mistake, match=sentence):
        zotero.parts(OPTIONS | given)


def only(**data: Any) -> Paper:
    (one,) = zotero.parse(io.BytesIO(json.dumps([item(1, **data)]).encode()), source="z", at="2024-01-01")
    assert isinstance(one, Paper), one
    return one


@pytest.mark.parametrize(
    ("extra", "key"),
    [
        ("arXiv:2101.00001 [cs]", "arxiv:2101.00001"),
        ("tldr: Bright.\nDOI: 10.1000/lamp", "doi:10.1000/lamp"),
        ("PMID: 123456", "pmid:123456"),
    ],
)
def test_the_lines_of_extra_have_ids(extra: str, key: str) -> None:
    assert only(extra=extra).key == key


@pytest.mark.parametrize(
    ("given", "date"),
    [("1993-00-00", "1993"), ("1993-05-00", "1993-05"), ("1993-00-15", "1993"), ("May 2019", "2019-05")],
)
def test_dates_with_parts_that_nobody_knows(given: str, date: str) -> None:
    assert only(date=given).date == date


def test_attachments_and_notes_are_no_papers() -> None:
    body = json.dumps([item(1, itemType="attachment"), item(2, itemType="note"), item(3)]).encode()
    assert [type(one) for one in zotero.parse(io.BytesIO(body), source="z", at="")] == [Paper]

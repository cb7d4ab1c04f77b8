"""Files and folders: what they are, how far one has read, and one clear sentence for everything that is wrong."""

import gzip
import io
import json
import os
import random
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest
import zstandard

from broadsheet import sources
from broadsheet.errors import Mistake, NotFound, SourceError
from broadsheet.paper import Fault, Paper
from broadsheet.sources import files

COUNT = 2_000


def record(number: int) -> bytes:
    noise = random.Random(number).randbytes(40).hex()  # so that compression has something to do
    return json.dumps({"id": f"p{number}", "title": f"Stone number {number}", "abstract": noise}).encode()


LINES = b"\n".join(map(record, range(COUNT)))
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def only(path: Path) -> files.File:
    (file,) = files.expand([path]).files
    return file


def read(path: Path) -> list[sources.Record]:
    return list(only(path).records())


def titles(records: list[sources.Record]) -> list[str]:
    return [record.title if isinstance(record, Paper) else record.reason for record in records]


def reasons(path: Path) -> list[str]:
    return [f"{fault.where}: {fault.reason}" for fault in read(path) if isinstance(fault, Fault)]


@pytest.mark.parametrize("packed", PACKERS)
class TestReading:
    def test_every_record_in_order(self, tmp_path: Path, packed: str) -> None:
        file = only(written(tmp_path, f"a.jsonl{packed}", PACKERS[packed](LINES)))
        keys = [item.key for item in file.records() if isinstance(item, Paper)]
        assert file.format == "jsonl" and keys == [f"p{number}" for number in range(COUNT)]

    def test_resumes_where_it_stopped(self, tmp_path: Path, packed: str) -> None:
        file = only(written(tmp_path, f"a.jsonl{packed}", PACKERS[packed](LINES)))
        assert list(file.records(skip=1_990)) == list(file.records())[1_990:]
        assert not list(file.records(skip=COUNT))

    def test_position_grows_to_the_size_on_disk(self, tmp_path: Path, packed: str) -> None:
        file = only(written(tmp_path, f"a.jsonl{packed}", PACKERS[packed](LINES)))
        positions: list[int] = []
        list(file.records(moved=positions.append))
        assert positions == sorted(positions) and positions[-1] == file.size == file.path.stat().st_size

    def test_compression_is_told_by_content_not_by_name(self, tmp_path: Path, packed: str) -> None:
        assert len(read(written(tmp_path, "mislabelled.txt", PACKERS[packed](LINES)))) == COUNT

    def test_members_one_after_another_are_one_file(self, tmp_path: Path, packed: str) -> None:
        pack = PACKERS[packed]
        assert len(read(written(tmp_path, "two.jsonl", pack(LINES + b"\n") + pack(LINES)))) == 2 * COUNT


@pytest.mark.parametrize("packed", [".gz", ".zst"])
class TestBrokenCompression:
    def test_truncated_keeps_what_came_before_and_says_where(self, tmp_path: Path, packed: str) -> None:
        data = PACKERS[packed](LINES * 8)
        path = written(tmp_path, f"cut.jsonl{packed}", data[: len(data) // 2])
        kept: list[sources.Record] = []
        with pytest.raises(SourceError, match=r"cut\.jsonl.*, after .* records: the .* data breaks off after .* bytes"):
            kept.extend(only(path).records())
        whole = read(written(tmp_path, "whole.jsonl", LINES * 8))
        assert 0 < len(kept) < len(whole) and titles(kept) == titles(whole)[: len(kept)]

    def test_damaged_in_the_middle(self, tmp_path: Path, packed: str) -> None:
        data = bytearray(PACKERS[packed](LINES * 8))
        place = len(data) // 2
        data[place : place + 4_000] = b"\x55" * 4_000
        with pytest.raises(SourceError, match=r"damaged|breaks off"):
            list(only(written(tmp_path, f"bad.jsonl{packed}", bytes(data))).records())

    def test_nonsense_behind_the_magic_is_a_mistake(self, tmp_path: Path, packed: str) -> None:
        magic = PACKERS[packed](b"x")[:4]
        with pytest.raises(Mistake, match=r"odd\.jsonl"):
            files.expand([written(tmp_path, "odd.jsonl", magic + b"nonsense" * 100)])


class TestWhatIsWrong:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match=r"nowhere\.bib: no such file or folder$"):
            files.expand([tmp_path / "nowhere.bib"])

    def test_empty(self, tmp_path: Path) -> None:
        with pytest.raises(Mistake, match=r"void\.jsonl: the file is empty$"):
            files.expand([written(tmp_path, "void.jsonl", b"\n \n")])

    def test_empty_inside_compression(self, tmp_path: Path) -> None:
        with pytest.raises(Mistake, match=r"void\.jsonl\.gz: the file is empty$"):
            files.expand([written(tmp_path, "void.jsonl.gz", gzip.compress(b""))])

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (random.Random(1).randbytes(5_000), "not in a format that holds papers"),
            (b"PK\x03\x04....", "damaged zip archive"),
            (b"SQLite format 3\x00...", "an SQLite database"),
        ],
    )
    def test_binary(self, tmp_path: Path, data: bytes, said: str) -> None:
        with pytest.raises(Mistake, match=rf"thing\.jsonl: {said}.*"):
            files.expand([written(tmp_path, "thing.jsonl", data)])

    def test_not_a_regular_file(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(Mistake, match="pipe: not a regular file"):
            files.expand([tmp_path / "pipe"])

    def test_nul_in_the_name(self) -> None:
        with pytest.raises(Mistake, match="cannot be read"):
            files.expand(["a\0b"])

    def test_all_mistakes_at_once(self, tmp_path: Path) -> None:
        written(tmp_path, "void.bib", b"")
        with pytest.raises(Mistake) as caught:
            files.expand([tmp_path / "none", tmp_path / "void.bib", written(tmp_path, "good.jsonl", LINES)])
        assert len(str(caught.value).splitlines()) == 2 and not isinstance(caught.value, NotFound)

    def test_vanished_after_the_look(self, tmp_path: Path) -> None:
        file = only(written(tmp_path, "a.jsonl", LINES))
        file.path.unlink()
        with pytest.raises(SourceError, match=r"cannot read .*No such file"):
            list(file.records())

    def test_a_broken_line_in_the_middle_is_one_fault(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a.jsonl", LINES.replace(record(1_000), b"no JSON here"))
        assert reasons(path) == ["a.jsonl line 1001: not JSON"] and len(read(path)) == COUNT

    def test_a_title_of_ten_megabytes(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a.jsonl", b'{"title": "' + b"long " * 2_000_000 + b'"}\n' + record(1))
        assert reasons(path) == ["a.jsonl line 1: a title of 9,999,999 characters (at most 2,000)"]
        assert len(read(path)) == 2

    def test_an_abstract_as_long_as_a_book(self, tmp_path: Path) -> None:
        data = json.dumps({"title": "Stones", "abstract": "x" * 100_001}).encode()
        assert "an abstract of 100,001 characters" in reasons(written(tmp_path, "a.jsonl", data))[0]

    def test_more_authors_than_there_can_be(self, tmp_path: Path) -> None:
        data = json.dumps({"title": "Stones", "authors": ["A"] * 10_001}).encode()
        assert "10,001 authors" in reasons(written(tmp_path, "a.jsonl", data))[0]

    def test_an_id_as_long_as_a_text(self, tmp_path: Path) -> None:
        data = json.dumps({"title": "Stones", "id": "x" * 301}).encode()
        assert "id has 301 characters" in reasons(written(tmp_path, "a.jsonl", data))[0]

    def test_records_but_no_papers_is_said(self, tmp_path: Path) -> None:
        assert reasons(written(tmp_path, "a.json", b"[]")) == ["a.json: there are no papers in it"]


class TestFolders:
    def test_finds_what_holds_papers_and_says_what_it_left_out(self, tmp_path: Path) -> None:
        written(tmp_path, "b/deep/a.bib", b"@misc{k, title={A}}")
        written(tmp_path, "a.jsonl.zst", zstandard.compress(LINES))
        written(tmp_path, "queries.jsonl", b'{"id": "p1", "query": "stones"}')
        written(tmp_path, ".hidden/x.jsonl", LINES)
        written(tmp_path, ".x.jsonl", LINES)
        written(tmp_path, "photo.jpg", b"\xff\xd8")
        written(tmp_path, "notes.txt", b"Buy milk.")
        found = files.expand([tmp_path])
        assert [file.path.name for file in found.files] == ["a.jsonl.zst", "a.bib"]
        assert [text.split(":")[0].rsplit("/")[-1] for text in found.skipped] == ["notes.txt", "queries.jsonl"]

    def test_a_file_named_twice_is_read_once(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a.jsonl", LINES)
        assert len(files.expand([path, tmp_path, str(path)]).files) == 1

    def test_a_link_in_a_circle_ends(self, tmp_path: Path) -> None:
        written(tmp_path, "a.jsonl", LINES)
        (tmp_path / "again").symlink_to(tmp_path)
        assert len(files.expand([tmp_path]).files) == 1

    def test_nothing_in_it(self, tmp_path: Path) -> None:
        with pytest.raises(Mistake, match="no file in this folder holds papers"):
            files.expand([tmp_path])


class TestFingerprint:
    def test_same_until_something_changes(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a.jsonl", LINES)
        first = only(path)
        assert only(path) == first and len(first.fingerprint) == 32
        os.utime(path, (1, 1))
        assert only(path).fingerprint != first.fingerprint and only(path).at == "1970-01-01T00:00:01Z"

    def test_goes_into_the_provenance(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a.jsonl", record(1))
        os.utime(path, (1, 1))
        (paper,) = only(path).records(source="mine")
        assert isinstance(paper, Paper) and set(dict(paper.provenance).values()) == {("mine", "1970-01-01T00:00:01Z")}


class _Endless(io.RawIOBase):
    """*head*, then *size* times the letter a, then *tail*."""

    def __init__(self, head: bytes, size: int, tail: bytes) -> None:
        self._parts = iter([head, *[b"a" * 65_536] * (size // 65_536), tail])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # narrower than Buffer
        part = next(self._parts, b"")
        buffer[: len(part)] = part
        return len(part)


def peak_of(records: Iterator[sources.Record]) -> tuple[list[sources.Record], int]:
    tracemalloc.start()
    try:
        return list(records), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "head", "tail", "left"),
    [
        ("jsonl", b'{"title": "A"}\n{"title": "', b'"}\n{"title": "B"}\n', ["A", "longer than 16 MiB", "B"]),
        ("jsonl", b'[{"title": "A"},\n{"title": "', b'"},\n{"title": "B"}]\n', ["A", "longer than 16 MiB", "B"]),
        ("bibtex", b"@misc{k, title={A}}\n@misc{k, title={", b"}}\n@misc{k, title={B}}", ["A", "characters", "B"]),
        ("ris", b"TY  - X\nTI  - A\nER  -\nTY  - X\nTI  - ", b"\nER  -\nTY  - X\nTI  - B\n", ["A", "characters", "B"]),
        ("csv", b"title,year\nA,1\n", b",2\nB,3\n", ["A", "quotes do not fit", "B"]),
    ],
)
def test_a_record_of_a_hundred_megabytes_in_bounded_memory(
    name: str, head: bytes, tail: bytes, left: list[str]
) -> None:
    stream = cast("BinaryIO", io.BufferedReader(_Endless(head, 100 << 20, tail), 1 << 17))
    records, peak = peak_of(sources.formats()[name].parse(stream, source="x", at=""))
    assert len(records) == 3 and peak < 150 << 20
    assert all(part in text for part, text in zip(left, titles(records), strict=True))


def test_a_compression_bomb_in_bounded_memory(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl.zst", zstandard.compress(b'{"title": "' + b"a" * (300 << 20) + b'"}'))
    records, peak = peak_of(only(path).records())
    assert isinstance(records[0], Fault) and peak < 150 << 20


@pytest.mark.parametrize(
    ("name", "told"), [("", "an empty name"), (" ", "an empty name"), ("https://example.org/a.bib", "no such file")]
)
def test_a_name_that_is_no_path(name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "a.jsonl", b'{"title": "A"}')
    monkeypatch.chdir(tmp_path)  # which an empty path would mean
    with pytest.raises(Mistake, match=told):
        files.expand([name])


def zipped(path: Path, inside: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in inside.items():
            archive.writestr(name, data)
    return path


def test_a_zip_archive_of_one_file_is_that_file(tmp_path: Path) -> None:
    data = b'{"title": "Lamps in rows"}\n' * 3
    path = zipped(tmp_path / "papers.jsonl.zip", {"papers.jsonl": data, "__MACOSX/._papers.jsonl": b"x"})
    assert titles(read(path)) == ["Lamps in rows"] * 3


def test_a_zip_archive_of_more_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path / "two.zip", {"a.jsonl": b"{}", "b.jsonl": b"{}"})
    with pytest.raises(Mistake, match="a zip archive of 2 files: unpack it"):
        files.expand([path])


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_zip_archive_loses_nothing_before_the_damage(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    lines = "".join(f'{{"title": "Paper {draw.random()}"}}\n' for _ in range(5_000)).encode()
    path = zipped(tmp_path / "papers.zip", {"papers.jsonl": lines})
    data = bytearray(path.read_bytes())
    data[draw.randrange(200, len(data))] ^= 0xFF
    path.write_bytes(data[: draw.randrange(100, len(data))] if seed % 4 == 0 else data)
    try:
        found = titles(list(only(path).records()))
    except (SourceError, Mistake) as error:
        assert "damaged zip archive" in str(error) or "zip archive of" in str(error)
    else:
        assert len(found) == 5_000


def test_a_zip_bomb_in_bounded_memory(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", {"bomb.jsonl": b'{"title": "' + b"a" * (300 << 20)})
    assert path.stat().st_size < 1 << 20
    records, peak = peak_of(only(path).records())
    assert [type(record) for record in records] == [Fault] and peak < 150 << 20

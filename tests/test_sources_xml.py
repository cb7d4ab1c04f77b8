"""XML as nobody should write it, through the formats that read it: refused in a sentence or read, in bounded memory."""

import io
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import loopback
from broadsheet import sources
from broadsheet.errors import SourceError
from broadsheet.paper import MAX_AUTHORS, Fault, Paper
from broadsheet.sources import Record, _xml
from broadsheet.sources._lines import MAX_RAW

FORMATS = ("acl", "arxiv", "dblp", "feed", "oai", "pubmed")
META = "<meta><booktitle>P</booktitle><year>2024</year></meta>"
ACL = f'<collection id="2024.x"><volume id="1">{META}{{}}</volume></collection>'
PAPER = '<paper id="{n}"><title>{title}</title>{people}<url>2024.x-1.{n}</url></paper>'


class Stream(io.RawIOBase):
    """Bytes that are made while they are read: a file of any size without the file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._left = iter(pieces), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # narrower than Buffer
        while not self._left:
            self._left = next(self._pieces, b"")
            if not self._left:
                return 0
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def acl(*papers: str, head: str = "<?xml version='1.0'?>") -> bytes:
    return (head + ACL.format("".join(papers))).encode()


def paper(n: int = 1, title: str = "Lamps in rows", people: str = "") -> str:
    return PAPER.format(n=n, title=title, people=people)


def parse(data: bytes | Iterable[bytes], name: str = "acl") -> Iterator[Record]:
    stream = io.BytesIO(data) if isinstance(data, bytes) else io.BufferedReader(Stream(data), 1 << 16)
    return sources.formats()[name].parse(stream, source=name, at="2024-05-01T00:00:00Z")


def titles(data: bytes | Iterable[bytes]) -> list[str]:
    return [record.title for record in parse(data) if isinstance(record, Paper)]


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in itertools.pairwise("abcdefghij")
)


@pytest.mark.parametrize("name", FORMATS)
def test_a_billion_laughs_are_refused(name: str) -> None:
    with pytest.raises(SourceError, match="declares entities of its own"):
        list(parse(f"<?xml version='1.0'?>{LAUGHS}]><x><title>&j;</title></x>".encode(), name))


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_outside_the_document_is_read(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("very secret")
    with loopback.serving(loopback.replies(b"<!ENTITY a 'from outside'>")) as server:
        for head in (
            f"<!DOCTYPE x SYSTEM '{server.url}/x.dtd'>",
            f"<!DOCTYPE x PUBLIC '-//X//EN' '{server.url}/x.dtd'>",
            f"<!DOCTYPE x [<!ENTITY s SYSTEM '{secret.as_uri()}'>]>",
            f"<!DOCTYPE x [<!ENTITY % s SYSTEM '{server.url}/p.ent'> %s;]>",
        ):
            body = acl(paper(title="Lamps &s; in rows"), head=head)
            try:
                said = str(list(parse(body, name)))
            except SourceError as error:
                said = str(error)
            assert "secret" not in said and "outside" not in said
        assert server.log == []


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("utf-8", "utf-8"), ("utf-16", "utf-8"), ("x-nothing", "utf-8"), ("us-ascii", "utf-8"), ("rot13", "utf-8"),
        ("iso-8859-1", "iso-8859-1"), ("utf-16", "utf-16"), ("utf-8", "utf-16-le"), ("windows-1252", "cp1252"),
    ],
)  # fmt: skip
def test_a_document_that_lies_about_its_charset_is_read(said: str, written: str) -> None:
    body = acl(paper(title="Lamps in Málaga"), head=f"<?xml version='1.0' encoding='{said}'?>").decode()
    (found,) = titles(body.encode(written))
    honest = said != "us-ascii"  # then é was never said
    assert found == "Lamps in Málaga" if honest else found.startswith("Lamps in M")


def test_a_hundred_thousand_authors_are_set_aside_alone() -> None:
    people = "".join(f"<author><first>A.</first><last>Name{n}</last></author>" for n in range(100_000))
    found = list(parse(acl(paper(1), paper(2, people=people), paper(3))))
    assert [type(record) for record in found] == [Paper, Fault, Paper]
    fault = found[1]
    assert isinstance(fault, Fault) and f"at most {MAX_AUTHORS:,}" in fault.reason and len(fault.raw) <= MAX_RAW


def test_what_came_before_a_break_is_kept() -> None:
    whole = acl(*(paper(n, title=f"Lamps {n}") for n in range(1, 401)))
    found = []
    with pytest.raises(SourceError, match="not well-formed at line 1"):
        for record in parse(whole[: len(whole) // 2]):
            found.append(record)
    assert 150 < len(found) < 250


def measured(pieces: Iterable[bytes]) -> tuple[int, str, int]:
    """How many records came, the SourceError's sentence if there was one, and the most memory that Python held."""
    count, said = 0, ""
    tracemalloc.start()
    try:
        for _ in parse(pieces):
            count += 1
    except SourceError as error:
        said = str(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return count, said, peak


def resident() -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


BEGIN = ACL.partition("{}")[0].encode()


def test_a_long_file_takes_the_memory_of_a_short_one() -> None:
    block = "".join(paper(n, title="Lamps in rows " * 5) for n in range(1, 201)).encode()
    peaks = []
    for times in (10, 120):  # 0.4 and 5 MB; bench/xml.py has a gigabyte
        count, said, peak = measured([BEGIN, *[block] * times, b"</volume></collection>"])
        assert (count, said) == (200 * times, "")
        peaks.append(peak)
    assert peaks[1] < peaks[0] * 1.3 + (1 << 20)


TITLE = b"<paper id='1'><title>"
BOMBS = {
    "deep": (b"", b"<a>" * 20_000, 4_000, "elements in elements 1,000 deep"),
    "deep inside": (TITLE, b"<b>" * 20_000, 4_000, "elements in elements 1,000 deep"),
    "one tag": (b"<a b='", b"c" * 60_000, 4_000, "larger than 16 MB"),
    "one comment": (b"<!-- ", b"c" * 60_000, 4_000, "larger than 16 MB"),
    "one title": (TITLE, b"lamp " * 12_000, 2_000, "not well-formed"),
    "many nodes": (TITLE, b"<b/>" * 15_000, 150, "not well-formed"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_of_xml_takes_the_memory(name: str) -> None:
    """Up to 240 MB of XML that never ends what it began: a sentence, and at most some tens of MB."""
    begin, filler, times, told = BOMBS[name]
    before = resident()
    count, said, _ = measured(itertools.chain([BEGIN, begin], itertools.repeat(filler, times)))
    assert count == 0
    assert told in said
    assert resident() - before < 600 << 20


def test_an_element_larger_than_any_paper_says_so() -> None:
    body = [BEGIN, b"<paper id='1'><title>", *[b"lamp " * 12_000] * 600, b"</title></paper>", paper(2).encode()]
    found = list(parse([*body, b"</volume></collection>"]))
    assert [type(record) for record in found] == [Fault, Paper]


def test_limits_are_of_use() -> None:
    """An ordinary deep document is far from them."""
    deep = "<b>" * 200 + "lamps" + "</b>" * 200
    assert titles(acl(paper(title=deep))) == ["lamps"]
    assert _xml.MAX_DEPTH > 500

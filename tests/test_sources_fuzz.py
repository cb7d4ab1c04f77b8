"""Any bytes, whole or damaged: a format yields papers and faults, or raises SourceError, and nothing else."""

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import ids, sources
from broadsheet.errors import SourceError
from broadsheet.paper import MAX_TITLE, Fault, Gone, Paper
from broadsheet.sources._lines import MAX_RAW
from broadsheet.text import clean
from test_sources_golden import CASES

GOLDEN = {name: [case.read_bytes() for case in CASES if case.parent.name == name] for name in sources.formats()}
NASTY = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"{", b"}", b"[", b"]", b'"', b"\\", b"\n", b"\r", b",", b"@",
    b"=", b"$", b"~", b"'", b"#", b"TY  - ", b"ER  - ", b"@article{", b"null", b"-1", b"1e999", b"9" * 40, b"{" * 3000,
    b"[" * 3000, b"\\'{" * 50, b"a" * 3000, b"and " * 50, b"\xff\xfe", b"\xef\xbb\xbf", b"https://", b"<script>",
)  # fmt: skip
pieces = st.one_of(st.sampled_from(NASTY), st.binary(max_size=20))
edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), pieces), min_size=1, max_size=6)


def damaged(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, removed, put in changes:
        place = int(where * len(data))
        data = data[:place] + put + data[place + removed :]
    return data


def check(name: str, data: bytes) -> None:
    try:
        records = list(sources.formats()[name].parse(io.BytesIO(data), source="fuzz", at=""))
    except SourceError:
        return
    for record in records:
        if isinstance(record, Fault):
            assert record.reason and record.where and len(record.raw) <= MAX_RAW
        elif isinstance(record, Gone):
            assert ids.own(record.id) == record.id and record.status
        else:
            check_paper(record)


def check_paper(paper: Paper) -> None:
    assert 0 < len(paper.title) <= MAX_TITLE
    texts = [paper.title, paper.abstract, paper.venue, *paper.authors, *paper.keywords, *paper.categories]
    texts += [text for _, text in paper.extra]
    assert all(clean(text) == text for text in texts)
    assert paper.ids and all(len(one) < 2_500 and ids.own(one) == one for one in paper.ids)
    assert all(re.match(r"https?://\S+$", href, re.IGNORECASE) for _, href in paper.links)
    assert Paper.from_dict(json.loads(json.dumps(paper.to_dict()))) == paper


@pytest.mark.parametrize("name", sorted(GOLDEN))
class TestFuzz:
    @given(data=st.data())
    def test_damaged_files(self, name: str, data: st.DataObject) -> None:
        check(name, damaged(data.draw(st.sampled_from(GOLDEN[name])), data.draw(edits)))

    @given(st.binary(max_size=300))
    def test_any_bytes(self, name: str, data: bytes) -> None:
        check(name, data)

    @given(st.lists(st.sampled_from(NASTY), max_size=12).map(b"".join))
    def test_nothing_but_nasty_pieces(self, name: str, data: bytes) -> None:
        check(name, data)

    @given(st.binary(max_size=200))
    def test_sniff_is_a_probability(self, name: str, data: bytes) -> None:
        assert 0.0 <= sources.formats()[name].sniff(data, "file") <= 1.0

"""PDFs that are no good, or take for ever, or are many in a folder."""

import io
import shutil
import sys
import time
from pathlib import Path

import pypdf
import pytest

from broadsheet.errors import MissingExtra
from broadsheet.paper import Fault, Paper
from broadsheet.sources import Record, files, pdf

DATA = Path(__file__).parent / "data" / "sources" / "pdf"
LAMPS = (DATA / "lamps.pdf").read_bytes()


def only(data: bytes) -> Record:
    (record,) = pdf.parse(io.BytesIO(data), source="pdf", at="2024-01-01")
    return record


def reason(data: bytes) -> str:
    record = only(data)
    assert isinstance(record, Fault), record
    return record.reason


def written(title: str = "", password: str = "") -> bytes:
    """The golden paper as pypdf writes it, with that title in its metadata."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(LAMPS))
    writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("title", ["", "untitled", "Microsoft Word - lamps.docx", "lamps.dvi", "main"])
def test_a_title_that_is_none_is_not_believed(title: str) -> None:
    record = only(written(title))
    assert isinstance(record, Paper) and record.title == "Lamps in portable documents"


def test_a_title_that_is_one_is_believed() -> None:
    record = only(written("Lamps, revisited with care"))
    assert isinstance(record, Paper) and record.title == "Lamps, revisited with care"


def test_the_ids_are_its_own_and_not_those_that_it_mentions() -> None:
    record = only(LAMPS)
    assert isinstance(record, Paper) and record.ids == ("arxiv:2301.00042",)


def test_a_file_that_cannot_be_read_is_set_aside_with_the_reason(capfd: pytest.CaptureFixture[str]) -> None:
    assert reason(written(password="lamp")) == "encrypted with a password"
    assert reason(b"%PDF-1.7\nno more than that").startswith("damaged (")
    assert reason((DATA / "scan.pdf").read_bytes()) == "no text in it; is it a scan?"
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST", 1 << 20)
    assert reason(LAMPS + bytes(1 << 20)) == "larger than 1 MB"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an alarm that hits a destructor
def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two million words on one page: more than a second of work."""
    stream = b"BT /F1 10 Tf 72 720 Td " + b"(lamp) Tj 0 -1 Td " * 2_000_000 + b"ET"
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(LAMPS))
    contents = pypdf.generic.DecodedStreamObject()
    contents.set_data(stream)
    writer.pages[0][pypdf.generic.NameObject("/Contents")] = writer._add_object(contents)
    out = io.BytesIO()
    writer.write(out)
    monkeypatch.setattr(pdf, "SECONDS", 1)
    before = time.monotonic()
    assert reason(out.getvalue()) == "it could not be read in 1 s"
    assert time.monotonic() - before < 5


def test_without_pypdf_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(MissingExtra, match=r"pip install 'broadsheet\[pdf\]'"):
        only(LAMPS)


def test_a_folder_of_pdfs(tmp_path: Path) -> None:
    for case in DATA.glob("*.pdf"):
        shutil.copy(case, tmp_path)
    found = files.expand([tmp_path])
    records = [record for file in found.files for record in file.records()]
    assert [type(record) for record in records] == [Paper, Fault, Paper] and not found.skipped

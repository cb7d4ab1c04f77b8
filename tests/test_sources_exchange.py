"""What is written as BibTeX or CSV and read again; what spreadsheets would run; entries that never close."""

import io

import pytest

from broadsheet import cite, export, paper
from broadsheet.paper import Fault, Paper
from broadsheet.sources import formats


def read(kind: str, data: bytes) -> list[Paper | Fault]:
    found = list(formats()[kind].parse(io.BytesIO(data), source="test", at="2024-01-01"))
    return [record for record in found if isinstance(record, Paper | Fault)]


def only(kind: str, data: bytes) -> Paper:
    (record,) = read(kind, data)
    assert isinstance(record, Paper), record
    return record


def as_csv(one: Paper) -> bytes:
    return b"".join(export.encoded([one], "csv"))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_a_spreadsheet_runs_no_cell_and_the_title_comes_back(sign: str) -> None:
    one = paper.make("test", f"{sign}SUM(A1) considered harmful", at="2024-01-01", ids=["id:sum-1"])
    data = as_csv(one)
    assert f"'{sign}SUM".encode() in data
    assert only("csv", data).title == one.title


def test_a_cell_that_begins_with_a_line_break_is_guarded() -> None:
    assert export._csv_row(["\r=1+1"]).startswith(b"\"'\r") and export._csv_row(["\n=1+1"]).startswith(b"\"'\n")


@pytest.mark.parametrize("own", ["corl2022-x", "17"])
def test_an_own_id_survives_csv(own: str) -> None:
    one = paper.make("test", "Lamps that answer", at="2024-01-01", ids=[f"id:{own}"])
    assert only("csv", as_csv(one)).ids == (f"id:{own}",)


def test_the_row_numbers_of_other_tables_are_no_ids() -> None:
    assert only("csv", b"id,title,year\n17,Lamps that answer,2020\n").key.startswith("t:")


@pytest.mark.parametrize(
    "names", [("Bell and Howell Company", "Ada Quill"), ("Ore, Inc.",), ("Rand Anders", "Sandy Orlando")]
)
def test_names_with_and_or_a_comma_stay_one_in_bibtex(names: tuple[str, ...]) -> None:
    one = paper.make("test", "Lamps that answer", at="2024-01-01", authors=names)
    assert only("bibtex", cite.bibtex(one).encode()).authors == names


def test_an_entry_on_one_line_ends_one_that_never_closes() -> None:
    data = b"@misc{a, title = {Never {closed}, year = 2001\n@misc{b, title = {Whole}, year = 2002}\n"
    broken, whole = read("bibtex", data)
    assert isinstance(broken, Fault) and "never close" in broken.reason
    assert isinstance(whole, Paper) and whole.title == "Whole"


ZOTERO_CSV = (
    '"Key","Item Type","Publication Year","Author","Title","Publication Title","DOI","Url","Abstract Note","Date",'
    '"Extra","Archive Location"\n"AB12CD34","preprint","2021","Quill, Ada; Ore, Ben","Lamps that answer","",'
    '"10.48550/arXiv.2101.00001","http://arxiv.org/abs/2101.00001","We ask lamps.","2021-01-04",'
    '"arXiv:2101.00001 [cs]",""\n'
)
ZOTERO_BIB = """@misc{quill_lamps_2021, title = {Lamps that answer}, url = {http://arxiv.org/abs/2101.00001},
  doi = {10.48550/arXiv.2101.00001}, publisher = {arXiv}, author = {Quill, Ada and Ore, Ben}, month = jan,
  year = {2021}, note = {arXiv:2101.00001 [cs]}}
"""


@pytest.mark.parametrize(("kind", "data"), [("csv", ZOTERO_CSV), ("bibtex", ZOTERO_BIB)])
def test_what_zotero_exports_has_its_arxiv_id(kind: str, data: str) -> None:
    one = only(kind, data.encode())
    assert one.key == "arxiv:2101.00001" and one.authors == ("Ada Quill", "Ben Ore") and one.year == 2021

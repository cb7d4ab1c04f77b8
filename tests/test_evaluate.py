"""Figures by hand: MRR, recall and nDCG at 10 of small judged sets, and files that are none."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from broadsheet.errors import Mistake
from broadsheet.evaluate import Answer, Figures, Judged, evaluate, percentile, read
from corpus import ROWS, make


def measured(
    judged: Sequence[Judged],
    answers: Mapping[str, Sequence[str | set[str]]],
    known: set[str] | None = None,
    same: Mapping[str, str] | None = None,
) -> Figures:
    def ask(text: str) -> Answer:
        hits = [frozenset([hit]) if isinstance(hit, str) else frozenset(hit) for hit in answers[text]]
        return Answer(hits, 2.0)

    everything = {identifier for one in judged for identifier in one.grades}
    numbers = {identifier: pk for pk, identifier in enumerate(sorted(everything if known is None else known))}
    numbers |= {identifier: numbers[first] for identifier, first in (same or {}).items()}
    return evaluate(judged, ask, lambda wanted: {i: numbers[i] for i in wanted if i in numbers})


def test_one_known_item_each() -> None:
    judged = [Judged("first", {"id:a": 1}), Judged("third", {"id:a": 1}), Judged("nowhere", {"id:a": 1})]
    figures = measured(judged, {"first": ["id:a", "id:b"], "third": ["id:b", "id:c", "id:a"], "nowhere": ["id:b"]})
    assert figures.n == 3
    assert figures.mrr == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert figures.recall == pytest.approx(2 / 3)
    assert figures.ndcg == pytest.approx((1 + 1 / math.log2(4) + 0) / 3)
    assert figures.mrr_error == pytest.approx(math.sqrt(((5 / 9) ** 2 + (1 / 9) ** 2 + (4 / 9) ** 2) / 2 / 3))


def test_the_eleventh_hit_does_not_count() -> None:
    figures = measured([Judged("q", {"id:a": 1})], {"q": [f"id:{n}" for n in range(10)] + ["id:a"]})
    assert (figures.mrr, figures.recall, figures.ndcg) == (0, 0, 0)


def test_grades() -> None:
    judged = [Judged("q", {"id:best": 3, "id:good": 1, "id:bad": 0, "id:lost": 2})]
    figures = measured(judged, {"q": ["id:bad", "id:good", "id:other", "id:best"]})
    got = 1 / math.log2(3) + 7 / math.log2(5)
    ideal = 7 + 3 / math.log2(3) + 1 / math.log2(4)
    assert figures.mrr == 1 / 2
    assert figures.recall == pytest.approx(2 / 3)
    assert figures.ndcg == pytest.approx(got / ideal)


def test_a_paper_counts_once_however_many_ids_it_has() -> None:
    """Two judged ids turn out to be one paper: finding it is finding both, and nothing is left to find."""
    judged = [Judged("q", {"id:a": 1, "doi:10.1/a": 1})]
    figures = measured(judged, {"q": [{"id:a", "doi:10.1/a"}, "id:c"]}, same={"doi:10.1/a": "id:a"})
    assert (figures.mrr, figures.recall, figures.ndcg, figures.unknown) == (1, 1, 1, 0)


def test_what_the_library_does_not_have_is_counted_and_not_found() -> None:
    figures = measured([Judged("q", {"id:a": 1, "id:b": 1})], {"q": ["id:a"]}, known={"id:a"})
    assert (figures.unknown, figures.recall) == (1, 0.5)


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.99, 4), (0.25, 1), (0, 1), (1, 4)])
def test_percentile_by_nearest_rank(share: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], share) == value


def test_lines_of_both_kinds(tmp_path: Path) -> None:
    file = tmp_path / "judged.jsonl"
    file.write_text(
        '{"query": "a", "id": "arXiv:2101.00001v2"}\n\n{"query": "b", "relevant": {"x": 2, "10.5/Y": 0.5}}\n'
    )
    assert read(file) == [Judged("a", {"arxiv:2101.00001": 1.0}), Judged("b", {"id:x": 2.0, "id:10.5/Y": 0.5})]


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "wrong.jsonl"
    file.write_text("\n".join([
        '{"query": "fine", "id": "a"}', "not json", "[]", '{"query": 3, "id": "a"}', '{"query": "q"}',
        '{"query": "q", "relevant": {}}', '{"query": "q", "relevant": {"a": "much"}}',
        '{"query": "q", "relevant": {"a": 1e9}}',
    ]))  # fmt: skip
    with pytest.raises(Mistake) as wrong:
        read(file)
    said = str(wrong.value)
    assert all(f"line {number}: " in said for number in (2, 3, 4, 5, 6))
    assert "and 2 more lines" in said
    assert "line 1:" not in said


@pytest.mark.parametrize("grade", ["1e9", "-1", "null", "[]", '"nan"', '"inf"', '"x"', "true"])
def test_a_grade_must_be_a_number_in_range(tmp_path: Path, grade: str) -> None:
    (tmp_path / "w.jsonl").write_text(f'{{"query": "q", "relevant": {{"a": {grade}}}}}')
    with pytest.raises(Mistake, match=r"line 1: the grade of 'a' is .*; it must be a number from 0 to 100"):
        read(tmp_path / "w.jsonl")


@pytest.mark.parametrize(("text", "said"), [("", "no judged queries in it"), ("\n \n", "no judged queries in it")])
def test_an_empty_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "e.jsonl").write_text(text)
    with pytest.raises(Mistake, match=said):
        read(tmp_path / "e.jsonl")


@pytest.mark.parametrize("name", ["none.jsonl", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(Mistake, match="cannot be read"):
        read(tmp_path / name)


def test_a_library_is_measured_by_any_id_of_a_paper(tmp_path: Path) -> None:
    """Every title is a known item; half of them are named by the DOI or arXiv id that the paper has beside its own."""
    rows = ROWS[:70]
    with make(tmp_path, rows) as library:
        ids = [row.get("doi") or row.get("arxiv_id") or row["id"] for row in rows]
        lines = [json.dumps({"query": row["title"], "id": name}) for row, name in zip(rows, ids, strict=True)]
        (tmp_path / "judged.jsonl").write_text("\n".join([*lines, '{"query": "unknown", "id": "nobody"}']))
        figures = library.evaluate(tmp_path / "judged.jsonl")
        assert figures.n == 71
        assert figures.mrr == figures.recall == figures.ndcg == pytest.approx(70 / 71)
        assert figures.unknown == 1
        assert 0 < figures.p50_ms <= figures.p99_ms
        assert list(figures.to_dict())[:6] == ["n", "mrr@10", "recall@10", "ndcg@10", "p50_ms", "p99_ms"]

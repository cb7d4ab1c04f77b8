"""The parts of an index against plain references: nearest rows, closeness of words, columns, snippets."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.index.analysis import stem
from broadsheet.index.columns import Columns
from broadsheet.index.dense import EXACT_ROWS, NARROW_ROWS, Dense, DenseWriter, epoch_of, lists_of
from broadsheet.index.forward import FARTHEST, closeness
from broadsheet.index.snippets import LONGEST, marked, snippet, tokens
from broadsheet.library import Library
from broadsheet.paper import Paper
from broadsheet.query import Filters, Marked
from broadsheet.text import fold
from corpus import CATEGORIES, ROWS, VENUES, make

Vectors = npt.NDArray[np.float32]
DIM = 32


# -- dense ---------------------------------------------------------------------------------------------------------


def clouds(count: int, seed: int = 5) -> Vectors:
    """Unit vectors around a few hundred centres, as texts of a few hundred topics are."""
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((300, DIM))
    found = (centres[chance.integers(0, 300, count)] + 0.6 * chance.standard_normal((count, DIM))).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def written(folder: Path, parts: Sequence[tuple[int, Vectors]], name: str = "ivf") -> Dense:
    """The rows put in these parts (first pk, vectors), the inverted file built after each."""
    folder.mkdir()
    rows, ivf = 0, ""
    for number, (first, vectors) in enumerate(parts):
        writer = DenseWriter(folder, DIM, rows, ivf)
        writer.put(np.arange(first, first + len(vectors)), vectors)
        ivf, rows = writer.build(f"{name}-{number}.faiss", writer.rows), writer.rows
        writer.close()
    return Dense(folder, DIM, rows, ivf)


def brute(vectors: Vectors, question: Vectors, limit: int, mask: npt.NDArray[np.bool_] | None = None) -> list[int]:
    cosines = vectors.astype(np.float16).astype(np.float32) @ question
    if mask is not None:
        cosines = np.where(mask, cosines, -np.inf)
    return [int(pk) for pk in np.argsort(-cosines, kind="stable")[:limit]]


@pytest.fixture(scope="module")
def many() -> Vectors:
    return clouds(EXACT_ROWS + 10_000)


@pytest.fixture(scope="module")
def listed(many: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Dense:
    """Above the exact limit: answered from inverted lists."""
    dense = written(tmp_path_factory.mktemp("dense") / "at-once", [(0, many)])
    assert any(dense.take(np.array([0]))[0])
    return dense


QUESTIONS = clouds(60, seed=9)


def test_a_few_rows_are_all_compared(tmp_path: Path) -> None:
    vectors = clouds(2_000)
    dense = written(tmp_path / "few", [(0, vectors)])
    assert not list((tmp_path / "few").glob("*.faiss"))
    for question in QUESTIONS:
        near = dense.search(question, 25)
        assert near.pks.tolist() == brute(vectors, question, 25)
        assert near.cosines == pytest.approx(vectors[near.pks] @ question, abs=2e-3)


def test_inverted_lists_find_nearly_all(many: Vectors, listed: Dense) -> None:
    found = [len({*listed.search(q, 10).pks.tolist()} & {*brute(many, q, 10)}) / 10 for q in QUESTIONS]
    assert sum(found) / len(found) >= 0.95


def test_scores_are_the_same_either_way(many: Vectors, listed: Dense) -> None:
    near = listed.search(QUESTIONS[0], 50)
    assert near.cosines == pytest.approx(listed.cosines(QUESTIONS[0], near.pks), abs=1e-6)
    assert near.cosines.tolist() == sorted(near.cosines.tolist(), reverse=True)


def test_lists_that_grew_are_those_built_at_once(many: Vectors, listed: Dense, tmp_path: Path) -> None:
    grown = written(tmp_path / "grown", [(0, many[:52_000]), (52_000, many[52_000:55_000]), (55_000, many[55_000:])])
    for question in QUESTIONS:
        one, two = grown.search(question, 100), listed.search(question, 100)
        assert one.pks.tolist() == two.pks.tolist()
        assert one.cosines == pytest.approx(two.cosines, abs=1e-6)


def test_rows_changed_and_removed_are_found_no_longer(many: Vectors, tmp_path: Path) -> None:
    gone, moved = np.arange(7, 27), 41
    dense = written(tmp_path / "gone", [(0, many), (7, np.zeros((20, DIM), np.float32)), (moved, QUESTIONS[:1])])
    for pk in gone.tolist():
        assert pk not in dense.search(many[pk], 50).pks
    assert dense.search(QUESTIONS[0], 1).pks.tolist() == [moved]
    assert dense.search(QUESTIONS[0], 1).cosines[0] == pytest.approx(1, abs=2e-3)


def test_narrow_filters_are_exact_and_wide_ones_nearly(many: Vectors, listed: Dense) -> None:
    chance = np.random.default_rng(1)
    narrow = np.zeros(len(many), np.bool_)
    narrow[chance.choice(len(many), 600, replace=False)] = True
    wide = np.ones(len(many), np.bool_)
    wide[::3] = False
    assert wide.sum() > NARROW_ROWS
    recalled = 0
    for question in QUESTIONS:
        assert listed.search(question, 10, narrow).pks.tolist() == brute(many, question, 10, narrow)
        found = listed.search(question, 10, wide).pks
        assert wide[found].all()
        recalled += len({*found.tolist()} & {*brute(many, question, 10, wide)})
    assert recalled / 10 / len(QUESTIONS) >= 0.95


def test_a_filter_that_keeps_nothing(listed: Dense) -> None:
    assert not len(listed.search(QUESTIONS[0], 10, np.zeros(listed.rows, np.bool_)).pks)


def test_a_question_without_direction_is_near_to_nothing(listed: Dense) -> None:
    assert not len(listed.search(np.zeros(DIM, np.float32), 10).pks)


def test_cosines_of_papers_without_vectors_are_zero(listed: Dense) -> None:
    assert listed.cosines(QUESTIONS[0], np.array([-1, 10**9])).tolist() == [0, 0]


def test_a_view_whose_lists_were_replaced_compares_all_rows(many: Vectors, tmp_path: Path) -> None:
    dense = written(tmp_path / "held", [(0, many)])
    for file in (tmp_path / "held").glob("*.faiss"):
        file.unlink()
    assert dense.search(QUESTIONS[3], 10).pks.tolist() == brute(many, QUESTIONS[3], 10)


@given(st.integers(1, 10**8))
def test_an_epoch_is_a_doubling_not_above_the_rows(rows: int) -> None:
    epoch = epoch_of(rows)
    assert epoch == 50_000 or epoch <= rows < 2 * epoch
    assert math.log2(lists_of(epoch)) % 1 == 0


# -- closeness -----------------------------------------------------------------------------------------------------


def plain_closeness(asked: list[int], weights: list[float], text: list[int]) -> tuple[float, float]:
    """The definition, word by word."""
    weight_of = dict(zip(asked, weights, strict=True))
    held = sum(weight for word, weight in weight_of.items() if word in text)
    coverage = held / sum(weight_of.values()) if weight_of else 0.0
    got = all_of = 0.0
    for a, b in {(min(p), max(p)) for p in pairwise(asked) if p[0] != p[1]}:
        weight = min(weight_of[a], weight_of[b])
        all_of += weight
        far = min((abs(i - j) for i, x in enumerate(text) for j, y in enumerate(text) if (x, y) == (a, b)), default=99)
        got += weight / (1 + math.log(far)) if far <= FARTHEST else 0.0
    return coverage, got / all_of if all_of else 0.0


@given(
    st.lists(st.integers(0, 6), max_size=7),
    st.lists(st.lists(st.integers(0, 9), max_size=25), min_size=1, max_size=4),
    st.lists(st.floats(0.1, 9), min_size=7, max_size=7),
)
def test_closeness_is_its_definition(asked: list[int], texts: list[list[int]], idf: list[float]) -> None:
    weights = [idf[word] for word in asked]
    words = np.array([word for text in texts for word in text], np.uint32)
    lengths = np.array([len(text) for text in texts], np.int32)
    found = closeness(np.array(asked, np.uint32), np.array(weights), words, lengths)
    for place, text in enumerate(texts):
        coverage, proximity = plain_closeness(asked, weights, text)
        assert found.coverage[place] == pytest.approx(coverage, abs=1e-5)
        assert found.proximity[place] == pytest.approx(proximity, abs=1e-5)


# -- columns -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with make(tmp_path_factory.mktemp("columns")) as library:
        yield library


@pytest.fixture(scope="module")
def papers(library: Library) -> dict[int, Paper]:
    return dict(library.store.scan(0, 10_000))


def plain_fit(paper: Paper, filters: Filters) -> bool:
    low, high = filters.year_from, filters.year_to
    years = paper.year is not None and (low or 0) <= paper.year <= (high or 9999)
    return (
        (years or (low is None and high is None))
        and (not filters.venues or fold(paper.venue) in map(fold, filters.venues))
        and (not filters.categories or bool({*map(fold, paper.categories)} & {*map(fold, filters.categories)}))
        and (not filters.sources or bool({*map(fold, paper.sources)} & {*map(fold, filters.sources)}))
    )


SOME_FILTERS = st.builds(
    Filters,
    st.none() | st.integers(1995, 2026),
    st.none() | st.integers(1995, 2026),
    st.lists(st.sampled_from([*VENUES[:-1], "paperconf", "No Such Venue"]), max_size=2).map(tuple),
    st.just(()),
    st.lists(st.sampled_from([*CATEGORIES, "CS.ai", "none"]), max_size=2).map(tuple),
    st.lists(st.sampled_from(["jsonl", "JSONL", "arxiv"]), max_size=2).map(tuple),
)


def columns_of(library: Library) -> Columns:
    reader = library.index.reader()
    assert reader is not None
    return reader.columns


@given(filters=SOME_FILTERS)
def test_masks_are_the_plain_filter(library: Library, papers: dict[int, Paper], filters: Filters) -> None:
    fits = np.flatnonzero(columns_of(library).mask(filters)).tolist()
    assert fits == sorted(pk for pk, paper in papers.items() if plain_fit(paper, filters))


def test_values_are_the_papers_own(library: Library, papers: dict[int, Paper]) -> None:
    columns, pks = columns_of(library), np.array([*papers, 10**6])
    assert columns.values("year", pks).tolist() == [*(paper.year or 0 for paper in papers.values()), 0]
    assert columns.values("citations", pks).tolist() == [*(paper.citations or 0 for paper in papers.values()), 0]


def test_counts_are_commonest_first(library: Library) -> None:
    for name in ("venue", "category"):
        counts = columns_of(library).counts(name, 3)
        assert len(counts) == 3
        assert counts == sorted(counts, key=lambda pair: -pair[1])
    venues = [row["venue"] for row in ROWS if row.get("venue")]
    assert dict(columns_of(library).counts("venue", 99)) == {name: venues.count(name) for name in set(venues)}
    years = columns_of(library).counts("year", 99)
    assert years == sorted(years, reverse=True)
    assert sum(count for _, count in years) == sum("year" in row for row in ROWS)


# -- snippets ------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    "graph Graphs neural Networks, über Größe 图神经 🦜 e\u0301tude. the of Model! x? (we) 7,5".split()
)
TEXTS = st.one_of(st.lists(WORDS, max_size=200).map(" ".join), st.text(max_size=600), st.text("ab .", max_size=900))


def shown_well(shown: Marked, text: str) -> None:
    assert shown.text.strip("…") in text
    assert len(shown.text) <= LONGEST + 2
    ends = [0, *(end for span in shown.spans for end in span)]
    assert ends == sorted(ends)
    assert all(start < end <= len(shown.text) for start, end in shown.spans)


@given(TEXTS, st.lists(WORDS, max_size=5))
def test_a_snippet_is_a_piece_of_the_text_with_its_matches_marked(text: str, asked: list[str]) -> None:
    weights = {its: 1.0 + place for place, word in enumerate(asked) if (its := stem(word.strip(",.!?()").lower()))}
    shown = snippet(text, tokens(text, weights), weights)
    shown_well(shown, text)
    for start, end in shown.spans:
        assert {stem(part) for part in shown.text[start:end].replace("-", " ").split()} & {*weights}


@given(TEXTS)
def test_marks_on_a_whole_text(text: str) -> None:
    weights = {stem("graph"): 1.0, stem("network"): 1.0, stem("größe"): 1.0}
    whole = marked(text, tokens(text, weights))
    assert whole.text == text
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in whole.spans)


def test_the_sentence_that_says_most_is_shown() -> None:
    text = "Nothing of note here. " * 20 + "Graphs of neural nets matter. Then more words follow. " + "Idle talk. " * 50
    weights = {stem("graph"): 2.0, stem("neural"): 1.0}
    shown = snippet(text, tokens(text, weights), weights)
    assert shown.text.startswith("Graphs of neural nets matter.")
    assert [shown.text[start:end] for start, end in shown.spans] == ["Graphs", "neural"]


def test_a_huge_sentence_is_cut_around_its_match() -> None:
    text = "word " * 100_000 + "glacier " + "word " * 100_000
    shown = snippet(text, tokens(text, {stem("glacier"): 1.0}), {stem("glacier"): 1.0})
    shown_well(shown, text)
    assert [shown.text[start:end] for start, end in shown.spans] == ["glacier"]
    assert shown.text.startswith("…") and shown.text.endswith("…")


@pytest.mark.parametrize("text", ["", " ", "…", "."])
def test_hardly_a_text(text: str) -> None:
    assert snippet(text, [], {}).spans == ()

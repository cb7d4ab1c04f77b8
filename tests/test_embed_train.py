"""Training: what a corpus teaches, what is refused, and what an interrupted run leaves behind."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from broadsheet.embed import _descent, _views, _vocabulary, static
from broadsheet.embed import train as training
from broadsheet.embed._tokens import PIECE, Tokens
from broadsheet.embed.train import LEAST, Recipe, train
from broadsheet.errors import MissingExtra, Mistake

QUICK = Recipe(dim=48, words=500, pairs=50, draw_epochs=1, epochs=8, batch=64, rate=1e-2, decay=0.9)
FAST = Recipe(dim=16, words=500, pairs=10, draw_epochs=1, epochs=1, batch=64)
SYLLABLES = ["ka", "zu", "mo", "ri", "vex", "tol", "nim", "gra", "shu", "pel"]


def invented(rng: np.random.Generator) -> str:
    return "".join(rng.choice(SYLLABLES, 3)) + "q"


def fields(papers: int = 400, count: int = 25, seed: int = 11) -> list[tuple[str, str]]:
    """Papers of made-up fields. A title shares no word with its abstract, but fields share both kinds of words."""
    rng = np.random.default_rng(seed)
    titles = [[invented(rng) + "t" for _ in range(6)] for _ in range(count)]
    bodies = [[invented(rng) + "b" for _ in range(12)] for _ in range(count)]
    out = []
    for paper in range(papers):
        field = paper % count
        sentences = [" ".join(["We study", *rng.choice(bodies[field], 6)]) + "." for _ in range(3)]
        out.append((" ".join(["On", *rng.choice(titles[field], 4)]), " ".join(sentences)))
    return out


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, training.Report]:
    folder = tmp_path_factory.mktemp("models") / "mine"
    return folder, train(fields(), folder, name="mine", recipe=QUICK)


def test_it_learns_what_the_general_model_cannot_know(learned: tuple[Path, training.Report]) -> None:
    """Titles and abstracts of one field meet, though they have no word in common."""
    folder, report = learned
    assert report.tried == 20 and report.papers == 380 and report.among == 400
    encoder = static.load(folder)
    papers = fields()
    titles = encoder.encode([title for title, _ in papers[:25]], "query")
    abstracts = encoder.encode([abstract for _, abstract in papers[:25]], "passage")
    assert np.mean((titles @ abstracts.T).argmax(1) == np.arange(25)) > 0.8
    before = static.general()
    guessed = (
        before.encode([t for t, _ in papers[:25]], "query") @ before.encode([a for _, a in papers[:25]], "passage").T
    )
    assert np.mean(guessed.argmax(1) == np.arange(25)) < 0.5


def test_the_report(learned: tuple[Path, training.Report]) -> None:
    folder, report = learned
    encoder = static.load(folder)
    assert (encoder.contract.name, encoder.contract.dim, encoder.contract.hash) == ("mine", 48, report.hash)
    assert encoder.made == "380 papers; teacher of 256 dimensions"
    assert report.path == folder / static.FILE and report.bytes == report.path.stat().st_size
    assert report.rows == len(encoder.parts.vocabulary) > 300
    assert json.loads(json.dumps(report.to_dict()))["path"] == str(report.path)
    assert 0 <= report.mrr <= 1 and 0 <= report.mrr_general <= 1 and report.seconds > 0


def test_the_same_seed_gives_the_same_model(tmp_path: Path) -> None:
    codes = [train(fields(250), tmp_path / str(run), seed=seed, recipe=FAST).hash for run, seed in enumerate((5, 5, 6))]
    assert codes[0] == codes[1] != codes[2]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    train(fields(250), tmp_path, recipe=FAST, progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(what for what, _, _ in told)) == [
        "counting words", "asking the teacher", "drawing papers to the teacher", "telling papers apart",
    ]  # fmt: skip
    assert all(0 <= done <= total for _, done, total in told)


@pytest.mark.parametrize(
    "papers",
    [
        [],
        fields(5),
        [(title, "") for title, _ in fields(1_000)],
        [(" ", abstract) for _, abstract in fields(1_000)],
        fields(LEAST - 1),
    ],
)
def test_too_little_to_learn_from(papers: list[tuple[str, str]], tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"at least 200 papers with a title and an abstract, got \d+; .* general model"):
        train(papers, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("recipe", [Recipe(dim=4), Recipe(dim=257), Recipe(batch=1), Recipe(epochs=0)])
def test_recipes_that_cannot_be(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"dim is|a recipe needs"):
        train(fields(), tmp_path, recipe=recipe)


def test_an_interrupted_run_leaves_the_old_model(tmp_path: Path) -> None:
    train(fields(250), tmp_path, recipe=FAST)
    before = (tmp_path / static.FILE).read_bytes()

    def interrupt(what: str, done: int, total: int) -> None:
        if what == "telling papers apart" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(fields(250, seed=2), tmp_path, recipe=QUICK, progress=interrupt)
    assert (tmp_path / static.FILE).read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [static.FILE]


def test_any_text_can_be_learned_from(tmp_path: Path) -> None:
    odd = [("\x00\ud800", "\u202e"), ("?", "!"), ("a" * 100_000, "b. " * 50_000), ("x", "的" * 50)]
    report = train(fields(220) + odd, tmp_path, recipe=FAST)
    assert np.isfinite(static.load(tmp_path).encode(["We study", "的"], "query")).all()
    assert report.papers + report.tried == 224


def test_a_large_corpus_is_sampled_evenly() -> None:
    papers = [(str(number), "text") for number in range(4_000)]
    chosen = training._sample(papers, 400, np.random.default_rng(1))
    numbers = sorted(int(title) for title, _ in chosen)
    assert len(set(numbers)) == 400
    assert 1_800 < np.mean(numbers) < 2_200


def test_a_teacher_without_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'broadsheet\[train\]'"):
        train(fields(), tmp_path, teacher=tmp_path)


def test_a_vocabulary() -> None:
    text = "deep learning of zebrafish and well-known things, " * 70 + "wordling wordling"
    words, pairs = _vocabulary.count([text], 10_000)
    known = ["[PAD]", "a", "##s", "horse", "zebrafish", "的"]
    chosen = _vocabulary.choose(words, pairs, known, 50, 5)
    assert chosen[:4] == [b"a", b"##s", b"horse", b"zebrafish"]
    assert {b"well-known", b"deep", b"of"} <= set(chosen)
    assert not {b"wordling", b"[pad]", b"pad"} & set(chosen)
    assert len(set(chosen)) == len(chosen)
    assert len(_vocabulary.choose(words, pairs, known, 2, 0)) == 6


def test_pairs_are_those_that_mean_more_together() -> None:
    words = Counter({b"neural": 100, b"network": 100, b"blue": 5_000, b"car": 5_000, b"other": 80_000})
    pairs = Counter({(b"neural", b"network"): 90, (b"blue", b"car"): 90, (b"neural", b"car"): 3})
    assert _vocabulary.choose(words, pairs, [], 100, 10)[-1] == b"neural network"
    assert sum(b" " in token for token in _vocabulary.choose(words, pairs, [], 100, 10)) == 1


def test_views_are_parts_of_one_paper() -> None:
    tokens = Tokens([b"title", b"one", b"two", b"three", b"words", b"sentence", PIECE + b"s"])
    text = "Sentence one of the words. Sentence two of the words. Sentence three of the words."
    corpus = _views.read([("Title", text), ("Title", "one")], tokens, 10_000)
    assert len(corpus) == 2
    row = tokens.vocabulary.index
    assert corpus.whole(1).tolist() == [row(b"title"), row(b"one")]
    rng, seen = np.random.default_rng(2), Counter[str]()
    for _ in range(400):
        query, passage = corpus.views(0, rng)
        if query.tolist() == [row(b"title")]:
            seen["title"] += 1
            assert row(b"title") not in passage and len(passage) == 9
            continue
        number = ({row(b"one"), row(b"two"), row(b"three")} & set(query.tolist())).pop()
        assert number not in passage
        seen["with"] += row(b"title") in passage
        seen["without"] += row(b"title") not in passage
    assert 100 < seen["title"] < 180 and seen["with"] > seen["without"] > 40


def test_gradients_are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(3)
    table = rng.standard_normal((12, 5)).astype(np.float32)
    texts = [rng.integers(0, 12, 6).astype(np.int32) for _ in range(4)]
    wanted = static.unit(rng.standard_normal((4, 5)).astype(np.float32))
    rows, (bags,) = _descent.compact(texts)

    def loss(values: Any) -> float:
        return _descent.info_nce(_descent.Sums(bags, values[rows]).units, wanted, 5.0)[0]

    sums = _descent.Sums(bags, table[rows])
    slope = sums.back(_descent.info_nce(sums.units, wanted, 5.0)[1])
    for row, column in ((0, 0), (2, 3), (len(rows) - 1, 4)):
        step = np.zeros_like(table, np.float64)
        step[rows[row], column] = 1e-3
        numeric = (loss(table + step) - loss(table - step)) / 2e-3
        assert slope[row, column] == pytest.approx(numeric, abs=2e-3)


def test_adam_goes_down_and_leaves_other_rows_alone() -> None:
    table = np.full((3, 2), 5.0, np.float32)
    adam = _descent.Adam(table)
    for _ in range(300):
        adam.step(np.array([0, 2], np.int32), 2 * table[[0, 2]], 0.05)
    assert np.abs(table[[0, 2]]).max() < 0.1
    assert np.array_equal(table[1], [5.0, 5.0])

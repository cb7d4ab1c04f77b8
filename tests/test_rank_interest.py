"""Near to what a reader liked: what is told apart, what counts against, and the same for one reader and for many."""

import numpy as np
import numpy.typing as npt
import pytest

from broadsheet.rank import interest
from broadsheet.rank.interest import Background, Crowd, Taste, learn

DIM, FIELDS, EACH = 32, 6, 60
Vectors = npt.NDArray[np.float32]
_chance = np.random.default_rng(11)


def unit(vectors: npt.NDArray[np.float64]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


_MIDDLES = _chance.standard_normal((FIELDS, DIM))
_COMMON = _chance.standard_normal(DIM)  # what all papers of a library share
FIELD = np.repeat(np.arange(FIELDS), EACH)
PAPERS = unit(_MIDDLES[FIELD] + 0.6 * _chance.standard_normal((FIELDS * EACH, DIM)) + 2 * _COMMON)
GROUND = Background.of(PAPERS)
NONE = PAPERS[:0]


def ones(count: int) -> Vectors:
    return np.ones(count, np.float32)


def of(field: int, count: int, start: int = 0) -> Vectors:
    return np.asarray(PAPERS[field == FIELD][start : start + count])


def test_papers_of_the_liked_field_are_near_and_others_are_not() -> None:
    scores = learn(of(0, 5), ones(5), NONE, GROUND).score(PAPERS)
    assert scores.shape == (len(PAPERS),) and scores.dtype == np.float32
    assert scores[FIELD == 0].min() > scores[FIELD != 0].max()
    assert np.median(scores[FIELD == 0]) > interest.NEAR
    assert abs(float(np.median(scores))) < 0.5  # the middle of what is usual


def test_two_interests_do_not_become_one_between_them() -> None:
    scores = learn(np.concatenate([of(0, 5), of(1, 5)]), ones(10), NONE, GROUND).score(PAPERS)
    liked = np.isin(FIELD, (0, 1))
    assert scores[liked].min() > scores[~liked].max()


def test_what_was_put_out_of_sight_counts_against() -> None:
    likes = np.concatenate([of(0, 5), of(1, 5)])
    before = learn(likes, ones(10), NONE, GROUND).score(PAPERS)
    after = learn(likes, ones(10), of(1, 5, 10), GROUND).score(PAPERS)
    assert after[FIELD == 1].mean() < before[FIELD == 1].mean() - 1
    assert after[FIELD == 0].mean() > after[FIELD == 1].mean() + 0.5
    assert before[FIELD == 0].mean() < before[FIELD == 1].mean() + 0.5


def test_an_old_like_fades() -> None:
    weights = interest.faded(np.array([0.0, interest.HALF_LIFE, 2 * interest.HALF_LIFE, -30.0]))
    assert weights.tolist() == [1.0, 0.5, 0.25, 1.0]
    likes = np.concatenate([of(0, 3), of(1, 3)])
    scores = learn(likes, np.repeat(weights[:2], 3), NONE, GROUND).score(PAPERS)
    assert scores[FIELD == 0].mean() > scores[FIELD == 1].mean() > scores[FIELD > 1].mean()


def test_who_has_liked_nothing_has_no_interest() -> None:
    assert not learn(NONE, ones(0), of(1, 3), GROUND).score(PAPERS).any()
    with pytest.raises(ValueError, match="empty sequence"):
        learn(NONE, ones(0), NONE, GROUND).nearest(PAPERS)


def test_the_liked_paper_that_speaks_for_one_is_named() -> None:
    likes = np.concatenate([of(2, 2), of(3, 2)])
    found = learn(likes, ones(4), NONE, GROUND).nearest(np.concatenate([likes, of(4, 1)]))
    assert found.place.tolist()[:4] == [0, 1, 2, 3]
    assert (found.close[:4] >= 1).all() and found.close[4] == 0


def test_units_are_the_same_for_another_encoder() -> None:
    """An encoder that gives all papers higher cosines, and turns them."""
    turn, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((DIM, DIM)))
    other = unit((PAPERS + 3 * unit(_COMMON)) @ turn)
    mine, theirs = (
        learn(vectors[:5], ones(5), NONE, Background.of(vectors)).score(vectors) for vectors in (PAPERS, other)
    )
    near = mine > interest.NEAR
    assert np.abs(np.median(mine[near]) - np.median(theirs[near])) < 1
    assert np.corrcoef(mine, theirs)[0, 1] > 0.95


@pytest.mark.parametrize("memory", [interest.BYTES, 1 << 18, 1])
def test_many_readers_have_the_scores_that_each_has_alone(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interest, "BYTES", memory)
    tastes, chance = [], np.random.default_rng(13)
    for _ in range(30):
        rows = chance.choice(len(PAPERS), 24, replace=False)
        count = int(chance.integers(0, 20))
        weights = chance.random(count).astype(np.float32) + np.float32(0.1)
        tastes.append(Taste(rows[:count], weights, rows[20 : 20 + int(chance.integers(0, 4))]))
    crowd, new = Crowd(tastes, PAPERS, GROUND), of(5, 40, 20)
    found = crowd.scores(new)
    for place, taste in enumerate(tastes):
        alone = learn(PAPERS[taste.liked], taste.weights, PAPERS[taste.disliked], GROUND)
        np.testing.assert_allclose(found[place], alone.score(new), atol=1e-3)
        if len(taste.liked):
            nearest, known = crowd.nearest(place, GROUND.seen(new)), alone.nearest(new)
            assert nearest.place.tolist() == taste.liked[known.place].tolist()
            assert nearest.close.tolist() == known.close.tolist()


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_library_of_few_papers_gives_numbers(count: int) -> None:
    scores = learn(PAPERS[:2], ones(2), PAPERS[2:3], Background.of(PAPERS[:count])).score(PAPERS)
    assert np.isfinite(scores).all()


def test_papers_that_are_all_alike_are_all_usual() -> None:
    same = np.repeat(PAPERS[:1], 20, axis=0)
    assert not learn(same[:3], ones(3), NONE, Background.of(same)).score(same).any()


def test_a_paper_without_a_vector_is_no_reason_for_anything() -> None:
    gaps = np.concatenate([PAPERS, np.zeros((9, DIM), np.float32)])
    np.testing.assert_array_equal(Background.of(gaps).turn, GROUND.turn)
    assert not GROUND.seen(gaps)[-9:].any()

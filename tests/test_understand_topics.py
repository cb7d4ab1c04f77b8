"""What a set of papers is about, by their titles."""

import random

import pytest

from broadsheet.understand.topics import FEWEST, topics

TITLES = (
    "Tidal grammar for harbour logs",
    "Learning tidal grammars from few harbours",
    "A model of tidal grammar under frost",
    "Moth clocks: a model of night time",
    "Moth Clocks in winter, a study",
    "A model of moth clocks",
)
COMMON = frozenset(("model", "learning", "night", "time"))


def known(word: str) -> float:
    """Nine papers of ten have a common word, one in a thousand any other."""
    return 0.9 if word in COMMON else 0.001


def rare(word: str) -> float:
    return 0.001


def test_what_the_papers_share_and_others_do_not() -> None:
    assert set(topics(TITLES, known)[:2]) == {"tidal grammar", "moth clocks"}
    assert "model" not in topics(TITLES, known)


def test_a_word_that_is_rare_elsewhere_becomes_a_topic() -> None:
    assert "model" in topics(TITLES, rare)


def test_in_any_order_the_same() -> None:
    titles = list(TITLES)
    for seed in range(5):
        random.Random(seed).shuffle(titles)
        assert topics(titles, known) == topics(TITLES, known)


def test_spelled_as_most_titles_do() -> None:
    titles = ["BERT in sonar", "Sonar by BERT", "Bert for sonar", "Sonar BERT probes"]
    assert sorted(topics(titles, rare)) == ["BERT", "sonar"]


def test_a_phrase_stands_for_its_words() -> None:
    found = topics(TITLES, known)
    assert "tidal" not in found
    assert "moth" not in found


@pytest.mark.parametrize("most", [1, 2])
def test_at_most_so_many(most: int) -> None:
    assert len(topics(TITLES, known, most)) == most


@pytest.mark.parametrize("titles", [(), TITLES[: FEWEST - 1], ("", "", "", ""), ("1", "2 3", "?", "the of a")])
def test_nothing_to_tell(titles: tuple[str, ...]) -> None:
    assert topics(titles, known) == ()


def test_what_one_title_says_is_no_topic() -> None:
    assert topics(("Alpha kelp", "Beta reef", "Gamma dune", "Delta fen"), rare) == ()

"""Keyphrases: what is found, how it is spelled, and that nothing in a text can upset it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.understand import keyphrases as room
from broadsheet.understand.keyphrases import Frequencies, candidates, frequencies, keyphrases, singular

TITLE = "Stone Recognition with Graph Neural Networks"
ABSTRACT = (
    "We propose a graph neural network for stone recognition. Stone recognition is hard, because stones differ. "
    "Our graph neural networks, trained with BERT-style masking on 3D scans, also with Non-IID pebbles."
)
LIBRARY = [
    (TITLE, ABSTRACT),
    *[(f"Graph Neural Networks for Task {n}", "A graph neural network is used here.") for n in range(30)],
    *[(f"Another Paper {n}", "Nothing about it at all, but masking.") for n in range(30)],
]


class TestKeyphrases:
    def test_finds_what_the_paper_is_about(self) -> None:
        found = keyphrases(TITLE, ABSTRACT, frequencies(LIBRARY))
        assert set(found[:2]) == {"stone recognition", "graph neural network"}

    def test_works_without_a_library(self) -> None:
        assert "stone recognition" in keyphrases(TITLE, ABSTRACT)

    def test_spells_as_the_text_does(self) -> None:
        found = keyphrases(TITLE, ABSTRACT, most=30)
        assert {"BERT-style masking", "3D scans", "non-IID pebbles"} <= set(found)

    def test_no_two_share_most_of_their_words(self) -> None:
        found = [set(phrase.split()) for phrase in keyphrases(TITLE, ABSTRACT, most=30)]
        assert not any(
            2 * len(one & other) > min(len(one), len(other)) for i, one in enumerate(found) for other in found[:i]
        )

    def test_a_term_that_others_use_beats_a_chance_neighbourhood(self) -> None:
        text = "Pebble spoons. Graph neural networks."
        assert keyphrases("", text, frequencies(LIBRARY), most=1) == ("graph neural networks",)

    def test_a_title_all_in_capitals_is_not_shouted(self) -> None:
        assert keyphrases("PEBBLES SORTING FOR NASA", most=1) == ("pebbles sorting",)

    @pytest.mark.parametrize("text", ["", "the of and", "12 3.4 - 5", "?!", "\n"])
    def test_nothing_to_say(self, text: str) -> None:
        assert keyphrases(text, text) == ()

    @pytest.mark.parametrize("most", [1, 2, 3])
    def test_at_most_so_many_and_the_best_first(self, most: int) -> None:
        assert keyphrases(TITLE, ABSTRACT, most=most) == keyphrases(TITLE, ABSTRACT, most=5)[:most]

    @given(st.text(max_size=200), st.text(max_size=400))
    def test_any_text(self, title: str, abstract: str) -> None:
        known = frequencies([(title, abstract)])
        found = keyphrases(title, abstract, known)
        assert found == keyphrases(title, abstract, known) and len(found) <= 5
        assert all(phrase.strip() == phrase != "" for phrase in found)

    @given(
        st.lists(st.sampled_from(["stone", "the", "Graphs", "ﷺ", "½", "İ", ",", "x" * 99, "of", "-", "'"]), max_size=80)
    )
    def test_words_that_fold_into_several(self, words: list[str]) -> None:
        assert len(keyphrases(" ".join(words), " ".join(reversed(words)))) <= 5


class TestCandidates:
    def test_counts_alone_inside_and_in_the_title(self) -> None:
        found = candidates("Red Stone", "A red stone is a stone; the old red stone wall.")
        one = found["red stone"]
        assert (one.alone, one.inside, one.title, one.first) == (2, 1, 1, 0)
        assert one.surface == ["red", "stone"]
        assert "stone the" not in found and "old red stone" in found and "old red stone wall" not in found

    def test_plural_and_singular_are_one(self) -> None:
        assert candidates("Graphs", "a graph").keys() == {"graph"}


class TestFrequencies:
    def test_counts_papers_not_occurrences(self) -> None:
        known = frequencies([("Stone", "stone. stone. stone"), ("Stone wall", "")])
        assert known.papers == 2 and known.counts["stone"] == 2 and known.counts["stone wall"] == 1

    def test_forgets_the_rarest_when_it_grows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(room, "MAX_PHRASES", 10)
        known = Frequencies()
        for number in range(50):
            known.add("Granite stone", f"word{number}a")
        assert known.counts["granite stone"] == 50 and len(known.counts) <= 11


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("queries", "query"),
        ("models", "model"),
        ("bus", "bus"),
        ("class", "class"),
        ("analysis", "analysis"),
        ("gas", "gas"),
    ],
)
def test_singular(word: str, form: str) -> None:
    assert singular(word) == form

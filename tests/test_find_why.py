"""Why a paper is where it is: shares that add up, sentences that are true, candidates that are alike."""

from collections.abc import Iterator

import numpy as np
import pytest

from broadsheet import rank
from broadsheet.errors import UnknownName
from broadsheet.library import Library, open_library
from broadsheet.paper import make as paper
from broadsheet.querylang import parse
from broadsheet.rank import Facts, Seen
from corpus import QUESTIONS, make


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with make(tmp_path_factory.mktemp("why")) as library:
        yield library


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_score_is_the_sum_of_its_shares(library: Library, text: str) -> None:
    query = parse(text, limit=200)
    hits = library.search(query).hits
    assert hits
    for hit in hits:
        assert hit.score == pytest.approx(sum(signal.share for signal in hit.signals))
        shares = [signal.share for signal in hit.signals]
        assert shares == sorted(shares, reverse=True)
        for signal in hit.signals:
            assert 0 < signal.score <= 1 + 1e-6
            assert signal.share == pytest.approx(signal.score * signal.weight)
            assert signal.sentence
        assert hit.why or not (query.words or query.phrases), "a list without words has no ranks to explain"
        told = hit.to_dict()
        assert list(told) == ["id", "title", "year", "venue", "authors", "score", "signals", "why", "snippet"]
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_the_why_names_the_words_and_where(library: Library) -> None:
    hit = library.search("graph kernels protein").hits[0]
    assert "in its title" in hit.why
    assert {hit.title.text[start:end].lower() for start, end in hit.title.spans} & {"graph kernels", "protein"}
    assert "among its authors" in library.search("moreau").hits[0].why
    assert "its title is what you asked for" in library.search(hit.paper.title).hits[0].why


def test_a_weight_of_nothing_takes_no_part(library: Library) -> None:
    with open_library(library.home, env={}, flags={"weight_text": 0.0, "weight_citations": 2.0}) as other:
        hits = other.search("sparse routing").hits
        names = {signal.name for hit in hits for signal in hit.signals}
        assert "text" not in names
        assert "citations" in names
        assert any(f"cited {hit.paper.citations} times" in hit.why for hit in hits)
    with open_library(library.home, env={}, flags={"weight_recency": 3.0}) as other:
        years = [hit.paper.year or 0 for hit in other.search("sparse routing").hits]
        assert years[0] >= 2020


def facts(**values: list[float]) -> Facts:
    count = len(next(iter(values.values())))
    floats = {name: np.array(values.get(name, [0.0] * count), np.float32)
              for name in ("bm25", "cosine", "coverage", "proximity", "title")}  # fmt: skip
    year, citations = (np.array(values.get(name, [0] * count), np.int32) for name in ("year", "citations"))
    return Facts(**floats, year=year, citations=citations, this_year=2024)


def test_scores_lie_between_the_candidates_least_and_best() -> None:
    ranking = rank.rank(facts(bm25=[2, 4, 3], cosine=[0, 0.5, 1]), {"text": 0.5, "meaning": 0.25})
    assert ranking.scores["text"].tolist() == [0, 1, 0.5]
    assert ranking.scores["meaning"].tolist() == [0, 0.5, 1]
    assert ranking.total.tolist() == [0, 0.625, 0.5]


@pytest.mark.parametrize(("values", "score"), [([3.0, 3.0], 1), ([0.0, 0.0], 0), ([7.0], 1), ([-0.5], 0)])
def test_candidates_that_are_alike(values: list[float], score: float) -> None:
    assert rank.rank(facts(bm25=values), {"text": 1}).total.tolist() == [score] * len(values)


def test_recency_halves_every_three_years_and_an_unknown_year_is_none() -> None:
    scores = rank.rank(facts(year=[2024, 2021, 2018, 0, 2030]), {"recency": 1}).total
    assert scores.tolist() == [1, 0.5, 0.25, 0, 1]


def test_citations_count_by_their_logarithm() -> None:
    scores = rank.rank(facts(citations=[0, 9_999, 10_000, 10**9]), {"citations": 1}).total
    assert scores.tolist() == pytest.approx([0, 1, 1, 1], abs=1e-4)


def test_a_signal_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownName, match=r"no rank named 'recensy' .*did you mean 'recency'"):
        rank.rank(facts(bm25=[1.0]), {"recensy": 1})


@pytest.mark.parametrize(
    ("name", "seen", "said"),
    [
        ("text", {"in_title": ("a", "b")}, "“a”, “b” in its title"),
        ("text", {"in_text": ("a",), "in_names": ("n",)}, "“a” in its text and “n” among its authors"),
        ("text", {"in_title": tuple("abcdef")}, "“a”, “b”, “c”, “d” and 2 more in its title"),
        ("text", {}, "shares words with your question"),
        ("meaning", {"score": 0.9}, "among the nearest in meaning"),
        ("meaning", {"score": 0.6}, "near in meaning"),
        ("meaning", {"score": 0.1}, "further off in meaning"),
        ("coverage", {"missing": ("x",)}, "holds most of your words"),
        ("coverage", {}, "holds all of your words"),
        ("proximity", {"score": 0.2}, "says some of your words together"),
        ("proximity", {"score": 0.7}, "says your words together"),
        ("recency", {}, "from 2020"),
        ("citations", {}, "cited 1 time"),
        ("title", {}, "its title is what you asked for"),
    ],
)
def test_sentences(name: str, seen: dict[str, object], said: str) -> None:
    one = Seen(paper("test", "A title", year=2020, citations=1), 1.0, (), (), (), ())._replace(**seen)  # type: ignore[arg-type]
    (signal,) = rank.explain(one, {name: one.score}, {name: 0.5})
    assert (signal.sentence, signal.share) == (said, one.score * 0.5)
    assert rank.why((signal,)) == said

"""How alike two copies are, and which differences weigh more than any likeness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import blocking
from broadsheet.merge import likeness
from broadsheet.paper import Paper, make

TITLE = "Learning to fold paper lamps: a study of creases"
PROSE = "We fold paper lamps of many shapes and learn where the creases must be so that the light falls evenly."


def paper(
    title: str = TITLE, ids: str = "", authors: str = "Ada Byron;José Ángel Pérez", year: int | None = 2020
) -> Paper:
    names = [name for name in authors.split(";") if name]
    return make("x", title, ids=ids.split(), authors=names, year=year, abstract=PROSE)


SAME = {
    "a typo": paper("Learning to fold paper lmaps: a study of creases"),
    "a word less": paper("Learning to fold lamps: a study of creases"),
    "no subtitle": paper("Learning to fold paper lamps"),
    "capitals": paper(TITLE.upper()),
    "initials": paper(authors="Byron, A.;Perez, J. A."),
    "no accents": paper(authors="Ada Byron;Jose Angel Perez"),
    "LaTeX": paper("Learning to \\emph{fold} {Paper} lamps: a study of creases"),
    "a version": paper(f"{TITLE} (extended version)", year=2021),
    "another name": paper(ids="doi:10.1000/x"),
}
APART = {
    "Part II": paper(f"{TITLE}, Part II"),
    "a reply": paper(f"Reply to: {TITLE}"),
    "another arXiv id": paper(f"{TITLE} again", ids="arxiv:2001.00002"),
    "another person": paper("Learning to fold paper ships: a survey of hulls", authors="Grace Hopper"),
    "ten years later": paper("Learning to fold paper lamps and boats", year=2030),
}


@pytest.mark.parametrize("name", SAME)
def test_one_work_in_many_dresses(name: str) -> None:
    one = paper(ids="arxiv:2001.00001")
    assert likeness.likeness(one, SAME[name]) >= likeness.SAME
    assert set(blocking.blocks(one)) & set(blocking.near(SAME[name])) or set(blocking.near(one)) & set(
        blocking.blocks(SAME[name])
    )


@pytest.mark.parametrize("name", APART)
def test_works_that_are_only_alike(name: str) -> None:
    assert likeness.likeness(paper(ids="arxiv:2001.00001"), APART[name]) < likeness.SAME


def test_the_reason_is_a_sentence() -> None:
    told = likeness.why(paper(), SAME["no subtitle"])
    assert told == "a title and its subtitle, 2 authors in common, both of 2020, abstracts 100% alike"


texts = st.text(max_size=60)
any_paper = st.builds(
    lambda title, names, year, abstract: make("x", title, authors=names, year=year, abstract=abstract),
    texts, st.lists(texts, max_size=4), st.none() | st.integers(1500, 2100), st.text(max_size=300),
)  # fmt: skip


@given(any_paper, any_paper)
def test_it_is_a_probability_and_the_same_both_ways(one: Paper, two: Paper) -> None:
    assert likeness.likeness(one, two) == likeness.likeness(two, one)
    assert 0.0 <= likeness.likeness(one, two) <= 1.0
    assert len(blocking.blocks(one)) <= 5 and len(blocking.near(one)) <= 7
    assert set(blocking.blocks(one)) <= set(blocking.near(one))

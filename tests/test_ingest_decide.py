"""Which copies are one work, and which are not: pure decisions."""

import pytest

from broadsheet.blocking import blocks
from broadsheet.merge import Plan, clash, decide, distinctive, same_work
from broadsheet.paper import Paper, make
from broadsheet.store import Known

LONG = "How to weigh a cloud of words"
PROSE = "We weigh clouds of words with a balance made of paper and report what each of them weighs on rainy days."
OTHER = "Nothing here is about meteorology: prime gaps are counted, plotted, and then forgotten by everybody else."


def copy(
    title: str = LONG, ids: str = "", authors: str = "Ada Byron", year: int | None = 2020, abstract: str = ""
) -> Paper:
    names = [name for name in authors.split(";") if name]
    return make("test", title, ids=ids.split(), authors=names, year=year, abstract=abstract)


def known(*papers: Paper) -> Known:
    """What the store would say if it held *papers* as rows 1, 2, ..."""
    rows = dict(enumerate(papers, 1))
    ids = {identifier: pk for pk, paper in rows.items() for identifier in paper.ids}
    where: dict[int, list[int]] = {}
    for pk, paper in rows.items():
        for block in blocks(paper):
            where.setdefault(block, []).append(pk)
    return Known(ids, where, rows)


def test_nothing_alike_is_a_new_paper() -> None:
    assert decide(copy(ids="id:a"), known(copy("A quite different title of a paper", "id:b"))).kind == "insert"
    assert decide(copy("?!", ids="id:a"), known(copy("...", "id:b"))).kind == "insert", "no words are no title"


def test_the_same_again_changes_nothing() -> None:
    assert decide(copy(ids="id:a"), known(copy(ids="id:a"))).kind == "same"


def test_a_later_date_alone_is_a_touch() -> None:
    later = make("test", LONG, at="2030-01-01", ids=["id:a"], authors=["Ada Byron"], year=2020)
    decision = decide(later, known(copy(ids="id:a")))
    assert (decision.kind, decision.pk, decision.paper) == ("touch", 1, later)


def test_an_id_in_common_is_enough() -> None:
    decision = decide(copy("A new name for the same cloud", "id:a doi:10.1000/x"), known(copy(ids="id:a")))
    assert (decision.kind, decision.pk, decision.paper.ids) == ("update", 1, ("doi:10.1000/x", "id:a"))


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (copy(), copy(), True),
        (copy(), copy("HOW to weigh a {cloud} of words!"), True),
        (copy(), copy(authors="Byron, Ada;Bob Babbage"), True),
        (copy(), copy(year=2021), True),
        (copy(), copy(year=2022), False),
        (copy(), copy(authors="Bob Babbage;Ada Byron"), False),
        (copy(), copy(authors=""), True),
        (copy(), copy(year=None), True),
        (copy(year=2001), copy(authors="", year=2020), False),
        (copy("Word clouds"), copy("Word clouds"), True),
        (copy("Word clouds"), copy("Word clouds", authors=""), False),
        (copy("Word clouds"), copy("Word clouds", year=None), False),
        (copy("Word clouds", abstract=PROSE), copy("Word clouds", authors="", abstract=PROSE.upper()), True),
        (copy("Word clouds", abstract=PROSE), copy("Word clouds", authors="", abstract=OTHER), False),
        (copy("Word clouds", abstract="Short."), copy("Word clouds", authors="", abstract="Short."), False),
        (copy("Preface", ids="doi:10.1000/1"), copy("Preface", ids="doi:10.1000/2", year=2021), False),
        (copy("Preface", ids="doi:10.1000/1"), copy("Preface", ids="arxiv:2001.00001", year=2021), True),
        (copy(ids="doi:10.1000/1"), copy(ids="doi:10.1000/2", year=2021), True),
        (copy(ids="doi:10.1000/1", abstract=PROSE), copy(ids="doi:10.1000/2", year=2021, abstract=OTHER), False),
        (copy(ids="doi:10.1000/1", abstract=PROSE), copy(ids="arxiv:2001.00001", year=2021, abstract=OTHER), True),
        (copy(ids="doi:10.1000/1", abstract=PROSE), copy(ids="doi:10.1000/2", abstract=OTHER), True),
        (copy(ids="doi:10.1000/1", abstract=PROSE), copy(ids="doi:10.1000/2", year=2021, abstract=PROSE[:80]), True),
        (copy(ids="doi:10.1000/1", abstract=PROSE), copy(ids="doi:10.1000/2", year=2021, abstract="Short."), True),
        (copy(ids="doi:10.1000/1", abstract=PROSE), copy(ids="doi:10.1000/2", year=2021), True),
    ],
)  # fmt: skip
def test_same_title_same_work(one: Paper, two: Paper, same: bool) -> None:
    assert same_work(one, two) is same_work(two, one) is same


@pytest.mark.parametrize(
    ("title", "yes"),
    [(LONG, True), ("Word clouds", False), ("A b c d e f g", False), ("Incomprehensibilities everywhere", False)],
)
def test_distinctive_titles(title: str, yes: bool) -> None:
    assert distinctive(title) is yes


def test_of_two_candidates_by_title_neither_is_taken() -> None:
    decision = decide(copy(ids="id:c", year=2011), known(copy(ids="id:a", year=2010), copy(ids="id:b", year=2012)))
    assert decision.kind == "insert"


def test_a_bridge_makes_two_rows_one() -> None:
    rows = known(
        copy("The first title that it had", "arxiv:2001.00001"), copy("The title it has in print", "doi:10.1000/x")
    )
    decision = decide(copy("The title it has in print", "arxiv:2001.00001 doi:10.1000/x"), rows)
    assert (decision.kind, decision.pk, decision.absorbed) == ("update", 1, (2,))
    assert decision.paper.ids == ("arxiv:2001.00001", "doi:10.1000/x")


def test_a_bridge_over_an_id_and_a_title() -> None:
    rows = known(copy("The earlier title that it had", "arxiv:2001.00001"), copy(ids="doi:10.1000/x"))
    assert decide(copy(ids="arxiv:2001.00001"), rows).absorbed == (2,)


def test_a_bridge_between_strangers_is_set_aside() -> None:
    """A record with the ids of two works that have nothing in common joins them no more than a wrong reader would."""
    rows = known(copy(ids="arxiv:2001.00001"), copy("Prime gaps", "doi:10.1000/x", authors="Bob Babbage"))
    decision = decide(copy(ids="arxiv:2001.00001 doi:10.1000/x", authors="Ada Byron;Bob Babbage"), rows)
    assert (decision.kind, decision.absorbed) == ("conflict", ())
    assert decision.reason == (
        "this record has the ids of two works: arxiv:2001.00001 is 'How to weigh a cloud of words' by Ada Byron, and "
        "doi:10.1000/x is 'Prime gaps' by Bob Babbage"
    )


def test_a_title_does_not_join_strangers_either() -> None:
    rows = known(copy("Prime gaps", "id:a", authors="Bob Babbage"), copy(ids="id:b"))
    decision = decide(copy(ids="id:a", authors="Ada Byron;Bob Babbage"), rows)
    assert (decision.kind, decision.pk, decision.absorbed) == ("update", 1, ())


def test_one_id_on_two_works_is_a_conflict_and_says_so() -> None:
    theirs = copy("Prime gaps", "doi:10.1000/x", authors="Bob Babbage")
    decision = decide(theirs, known(copy(ids="doi:10.1000/x")))
    assert (decision.kind, decision.pk) == ("conflict", 1)
    assert decision.reason == (
        "doi:10.1000/x is already 'How to weigh a cloud of words' by Ada Byron, and this record gives it to "
        "'Prime gaps' by Bob Babbage"
    )


@pytest.mark.parametrize(
    "new",
    [
        copy(
            "Weighing clouds, a study of words", "id:a", authors="Bob Babbage"
        ),  # the titles share half of their words
        copy("Prime gaps", "id:a", authors="Bob Babbage;A. Byron"),  # an author in common
        copy(LONG.upper(), "id:a", authors="Bob Babbage"),
    ],
)
def test_one_id_and_something_else_in_common_is_one_work(new: Paper) -> None:
    assert clash(new, copy(ids="id:a")) == ""


@pytest.mark.parametrize(
    ("title", "one"),
    [
        ("Weighing clouds, a study of words", False),  # "a" and "of" are no resemblance
        ("How to cook a word", False),
        ("How to weigh a great cloud of words", True),
        ("Of the", False),
    ],
)
def test_one_address_is_one_work_only_under_a_like_title(title: str, one: bool) -> None:
    """The page of a lab is the address of all its papers, and the authors are the same people."""
    new, old = copy(title, "url:https://lab.example/papers"), copy(ids="url:https://lab.example/papers")
    assert (clash(new, old) == "", clash(old, new) == "") == (one, one)
    assert (
        clash(copy(title, "id:a url:https://lab.example/papers"), copy(ids="id:a url:https://lab.example/papers")) == ""
    )


@pytest.mark.parametrize(
    ("title", "authors", "one"),
    [
        ("Prime gaps", "Byron, A.;Bob Babbage", True),
        ("Prime gaps", "Byron", True),
        ("Prime gaps", "Bert Byron", False),
    ],
)
def test_a_common_family_name_does_not_make_one_work(title: str, authors: str, one: bool) -> None:
    new, old = copy(title, "id:a", authors=authors), copy(ids="id:a", authors="Ada Byron;Zoe Zuse")
    assert (clash(new, old) == "", clash(old, new) == "") == (one, one)


def test_an_address_that_two_works_share_names_neither_a_second_time() -> None:
    """The page of a conference is no id of its papers; the first one keeps it, the others stand by themselves."""
    page = "url:https://conference.example/2020"
    plan = Plan(known(copy(ids=page)))
    strangers = [
        copy("Prime gaps", f"{page} id:b", authors="Bob Babbage"), copy("Comets", page, authors="Zoe Zuse"),
        copy("Prime gaps", f"{page} id:b", authors="Bob Babbage"), copy("Comets", page, authors="Zoe Zuse"),
        copy(ids=page),
    ]  # fmt: skip
    assert [plan.take(one).kind for one in strangers] == ["insert", "insert", "same", "same", "same"]
    assert plan.known.ids[page] == 1
    assert [paper.ids[0][:2] for pk, paper in plan.known.papers.items() if pk < 0] == ["id", "t:"]


def test_nameless_papers_of_a_short_title_are_one_unless_they_say_different_things() -> None:
    one, two = (copy("Preface", authors="", year=None, abstract=text) for text in (PROSE, OTHER))
    assert one.ids == two.ids
    assert clash(one, one) == "" and clash(one, copy("Preface", authors="", year=None)) == ""
    assert clash(two, one) == "there is already a paper 'Preface' without author or id, with another abstract"


def test_a_plan_sees_its_own_decisions() -> None:
    """Copies within one batch meet each other as they would meet the store."""
    plan = Plan(known(copy("A title in the store since long ago", "id:old")))
    copies = [
        copy(ids="id:a"), copy(ids="id:b", abstract=PROSE), copy(ids="id:a"),
        copy("One more paper that is quite new", "id:c"), copy("Another title of it, with enough words", "id:c id:a"),
        copy("Prime gaps", "id:a", authors="Zoe Zuse"), copy("A title in the store since long ago", "id:old id:b"),
    ]  # fmt: skip
    assert [plan.take(one).kind for one in copies] == [
        "insert",
        "update",
        "same",
        "insert",
        "update",
        "conflict",
        "update",
    ]
    assert plan.counts == {"insert": 2, "same": 1, "touch": 0, "update": 3, "conflict": 1, "ignore": 0}
    assert plan.known.ids == dict.fromkeys(("id:old", "id:a", "id:b", "id:c"), 1)

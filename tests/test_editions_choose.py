"""Which papers stand in an edition: never one twice, never one that is known, no longer than five minutes."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.editions.choose import FEW, MINUTES, MOST, SPEED, Facts, Offer, choose
from broadsheet.editions.content import PARTS, Content, Why, pack, unpack

PAPERS = 40
LONGEST = 120  # words of a paper
KEYS = PARTS[:-1]
_chance = np.random.default_rng(3)
VECTORS = _chance.standard_normal((PAPERS + 1, 32)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


def facts(words: Mapping[int, int] | None = None) -> Facts:
    return Facts(lambda pk: (words or {}).get(pk, 60), lambda pks: VECTORS[pks])


def offer(key: str, pks: Sequence[int], strength: Sequence[float] = (), name: str = "", code: str = "") -> Offer:
    values = strength or [0.5] * len(pks)
    why = Why(code or {"wishes": "topic", "authors": "author"}.get(key, key), {"name": name})
    return Offer(key, name, np.array(pks, np.int64), np.array(values, np.float32), why)


def rows(content: Content) -> list[int]:
    return [one.pk for one in content.papers()]


def part(content: Content, key: str, name: str = "") -> list[int]:
    return [one.pk for each in content.parts if (each.key, each.name) == (key, name) for one in each.papers]


# -- what always holds -------------------------------------------------------------------------------------------------

_pks = st.lists(st.integers(1, PAPERS), unique=True, max_size=PAPERS)
_strength = st.floats(1 / 64, 1, width=32)


@st.composite
def _offers(draw: st.DrawFn) -> list[Offer]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        pks = draw(_pks)
        strength = draw(st.lists(_strength, min_size=len(pks), max_size=len(pks)))
        found.append(offer(draw(st.sampled_from(KEYS)), pks, strength, f"wish {number % 4}"))
    return found


@given(
    _offers(), st.frozensets(st.integers(1, PAPERS)), _pks,
    st.dictionaries(st.integers(1, PAPERS), st.integers(1, LONGEST)), st.tuples(st.integers(1, 99), st.integers(1, 99)),
)  # fmt: skip
def test_what_holds_of_every_letter(
    offers: list[Offer], known: frozenset[int], wild: list[int], words: dict[int, int], who: tuple[int, int]
) -> None:
    outside = [(pk, Why("wild", {"name": "far"})) for pk in wild]
    content = choose(offers, facts(words), known=known, wild=outside, who=who, looked=9)
    found = rows(content)
    assert len(found) == len(set(found)) <= MOST + 1
    assert not known.intersection(found)
    offered = {pk for one in offers for pk in one.pks.tolist()}
    assert set(found) <= offered | set(wild)
    assert bool(found) == bool(offered - known)
    assert 0 <= content.minutes <= MINUTES and bool(content.minutes) == bool(found)
    keys = [PARTS.index(one.key) for one in content.parts]
    assert keys == sorted(keys) and len({(one.key, one.name) for one in content.parts}) == len(keys)
    assert all(one.papers for one in content.parts)
    for one in content.papers():
        having = {each.why.code for each in offers if one.pk in each.pks}
        assert {why.code for why in one.whys} == (having or {"wild"})
    again = choose(offers, facts(words), known=known, wild=outside, who=who, looked=9)
    assert again == content == unpack(pack(content))


@given(_offers(), st.permutations(range(6)))
def test_the_order_of_papers_in_an_offer_says_nothing(offers: list[Offer], order: Sequence[int]) -> None:
    turned = []
    for one in offers:
        place = np.argsort([order[pk % 6] for pk in one.pks.tolist()], kind="stable").astype(np.int64)
        turned.append(Offer(one.key, one.name, one.pks[place], one.strength[place], one.why))
    assert choose(turned, facts()) == choose(offers, facts())


# -- turns ------------------------------------------------------------------------------------------------------------


def test_a_broad_topic_does_not_fill_the_letter() -> None:
    broad, narrow = offer("wishes", range(1, 31), name="broad"), offer("wishes", range(31, 35), name="narrow")
    content = choose([broad, narrow], facts())
    assert part(content, "wishes", "narrow") != [] and len(part(content, "wishes", "narrow")) == 4
    assert len(part(content, "wishes", "broad")) > 8


def test_equal_wishes_have_equal_shares() -> None:
    content = choose([offer("wishes", range(1, 20), name="a"), offer("wishes", range(20, 40), name="b")], facts())
    assert abs(len(part(content, "wishes", "a")) - len(part(content, "wishes", "b"))) <= 1


def test_who_is_followed_by_name_is_there() -> None:
    wishes = [offer("wishes", range(4 * number + 1, 4 * number + 5), name=str(number)) for number in range(9)]
    content = choose([*wishes, offer("authors", [40])], facts())
    assert part(content, "authors") == [40]


def test_the_stronger_paper_comes_first() -> None:
    content = choose([offer("near", [1, 2, 3], [0.3, 0.9, 0.6])], facts())
    assert part(content, "near") == [2, 3, 1]


def test_a_paper_of_several_wishes_stands_once_and_gives_all_reasons_the_strongest_first() -> None:
    offers = [
        offer("rising", [7], [0.9]), offer("wishes", [7], [0.9], "cs.CL", "topic"),
        offer("authors", [7], [0.9], "Ada Stone"), offer("wishes", [7, 8], [0.9, 0.8], "ink", "search"),
    ]  # fmt: skip
    content = choose(offers, facts())
    (once,) = [one for one in content.papers() if one.pk == 7]
    assert [why.code for why in once.whys] == ["author", "search", "topic", "rising"]
    assert part(content, "authors", "Ada Stone") == [7]


def test_a_reason_of_its_own_takes_the_place_of_the_offers() -> None:
    own = Why("picked", {"note": "It says the most."})
    front = Offer("front", "", np.array([5, 6]), np.array([0.9, 0.8], np.float32), Why("front", {}), {5: own})
    first, second = choose([front], facts()).papers()
    assert (first.whys, second.whys) == ((own,), (Why("front", {}),))


# -- diversity ---------------------------------------------------------------------------------------------------------


def alike(near: float) -> Facts:
    """Papers 1 and 2 have this cosine, 3 has nothing of either."""
    vectors = np.zeros((4, 3), np.float32)
    vectors[1, 0] = vectors[3, 2] = 1
    vectors[2, :2] = near, math.sqrt(1 - near**2)
    return Facts(lambda pk: 60, lambda pks: vectors[pks])


def test_what_says_much_the_same_stands_further_down() -> None:
    three = [offer("near", [1, 2, 3], [0.9, 0.8, 0.6])]
    assert part(choose(three, alike(0.0)), "near") == [1, 2, 3]
    assert part(choose(three, alike(0.9)), "near") == [1, 3, 2]


def test_what_is_the_same_does_not_stand_there_at_all() -> None:
    assert part(choose([offer("near", [1, 2, 3])], alike(1.0)), "near") == [3, 2]
    assert part(choose([offer("near", [1, 3], [0.9, 0.6]), offer("wishes", [2], [0.5])], alike(1.0)), "wishes") == []


# -- how long it is ----------------------------------------------------------------------------------------------------


def test_it_is_read_in_five_minutes() -> None:
    content = choose([offer("near", range(1, 41))], facts())
    words = len(rows(content)) * 70
    assert content.minutes == MINUTES
    assert MINUTES * SPEED - 70 < words <= MINUTES * SPEED


def test_a_paper_that_is_too_long_makes_room_for_shorter_ones() -> None:
    content = choose([offer("near", [1, 2, 3], [0.9, 0.8, 0.7])], facts({1: 600, 2: 700, 3: 100}))
    assert part(content, "near") == [1, 3]


def test_one_paper_is_there_however_long_it_is() -> None:
    content = choose([offer("near", [1])], facts({1: 9_000}))
    assert rows(content) == [1] and content.minutes == math.ceil(9_010 / SPEED)


def test_very_short_papers_are_not_more_than_anybody_reads() -> None:
    assert len(rows(choose([offer("near", range(1, 41))], facts(dict.fromkeys(range(41), 1))))) == MOST


# -- the wild card, and quiet days -------------------------------------------------------------------------------------

WILD = [(pk, Why("wild", {"name": "far"})) for pk in range(20, 40)]


def test_one_wild_card_by_subscriber_and_day() -> None:
    def last(who: int, day: int) -> int:
        (one,) = part(choose([offer("near", [1, 2, 3])], facts(), wild=WILD, who=(who, day)), "wild")
        return one

    assert last(1, 20261120) == last(1, 20261120)
    assert len({last(who, 20261120) for who in range(40)}) > 4
    assert len({last(1, day) for day in range(20261101, 20261130)}) > 4


def test_no_wild_card_that_a_wish_has_or_the_reader_knows() -> None:
    wild = WILD[:3]
    content = choose([offer("near", [1, 20, 3])], facts(), known=frozenset({21}), wild=wild)
    assert part(content, "wild") == [22]
    assert part(choose([offer("near", [1])], facts(), known=frozenset({20, 21, 22}), wild=wild), "wild") == []


def test_a_wild_card_stands_in_no_empty_letter() -> None:
    content = choose([], facts(), wild=WILD, looked=12)
    assert content == Content((), (Why("nothing-new", {}),), 0, 12)


@pytest.mark.parametrize(("count", "codes"), [(0, ["nothing-new", "closed"]), (1, ["few", "closed"]), (FEW, [])])
def test_a_quiet_day_is_said(count: int, codes: list[str]) -> None:
    note, silent = Why("gone-list", {}), Why("closed", {"name": "arXiv", "weekday": 6, "holiday": 0})
    content = choose([offer("near", range(1, count + 1))], facts(), notes=[note], silent=[silent])
    assert [why.code for why in content.quiet] == [*codes, "gone-list"]

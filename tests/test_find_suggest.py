"""What is suggested while somebody types: names, titles, saved searches; whatever is typed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import Mistake
from broadsheet.find.suggest import LONGEST, Piece, pieces
from broadsheet.index import beginnings
from broadsheet.index.beginnings import begins, held
from broadsheet.library import Library, open_library
from broadsheet.query import Suggestion
from broadsheet.text import clean, fold
from corpus import ROWS, make

MORE = (
    {"id": "seen", "title": "Attention is what you see", "authors": ["Geoffrey Hinterland", "Ann Lee"], "citations": 3},
    {"id": "said", "title": "When attention is what you say", "authors": ["G. Hinterland"], "citations": 900},
    {
        "id": "sold",
        "title": "What you sell is attention",
        "authors": ["Bob “Bo” O'Neil"],
        "venue": 'The "Quoted" Paper',
    },
    {"id": "star", "title": "Stars", "authors": ["ANN LEE"], "venue": "A*", "categories": ["stat.ML"]},
    {"id": "brackets", "title": "Brackets", "venue": "PaperConf (Findings)", "authors": ["Jean-Pierre D'Arc"]},
    {"id": "long", "title": "A long venue", "venue": "Proceedings of the " + "very " * 20 + "long venue"},
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with make(tmp_path_factory.mktemp("suggest"), (*ROWS, *MORE)) as library:
        library.save_search("Sparse things", "sparse routing year:2010..")
        library.save_search("Zwölf Nächte", "glacier")
        yield library


def kinds(found: tuple[Suggestion, ...]) -> dict[str, list[str]]:
    """kind -> texts, in order."""
    together: dict[str, list[str]] = {}
    for one in found:
        together.setdefault(one.kind, []).append(one.text)
    return together


# -- what is completed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("hin", [Piece("", "hin")]),
        ("graph networks hin", [Piece("", "graph networks hin"), Piece("graph ", "networks hin"),
                                Piece("graph networks ", "hin")]),
        ("a b c d e", [Piece("", "a b c d e"), Piece("a b ", "c d e"), Piece("a b c ", "d e"), Piece("a b c d ", "e")]),
        ("year:2020 hin", [Piece("year:2020 ", "hin")]),
        ('"graph networks" hin', [Piece('"graph networks" ', "hin")]),
        ("graph author:hin", [Piece("graph ", "hin", "author")]),
        ("graph AU:hin", [Piece("graph ", "hin", "author")]),
        ('graph -author:"geoff h', [Piece("graph -", "geoff h", "author")]),
        ("graph -hin", [Piece("graph -", "hin")]),
        ("graph AND hin", [Piece("graph AND ", "hin")]),
        ("(graph OR (hin", [Piece("(graph OR (", "hin")]),
        ('graph "deep le', [Piece("graph ", "deep le")]),
        ("graph author:", []), ("graph (hin)", []), ('"graph"', []), ("graph OR", []), ("(", []),
        ('graph author:"', [Piece("graph ", "", "author")]),
    ],
)  # fmt: skip
def test_the_ends_of_what_is_typed(typed: str, expected: list[Piece]) -> None:
    assert pieces(typed) == expected


def test_what_stands_before_stays(library: Library) -> None:
    found = library.suggest("sparse networks lindq")
    assert found[0].kind == "author"
    assert found[0].question == f'sparse networks author:"{found[0].text}"'
    assert {one.text.split()[1] for one in found} == {"Lindqvist"}
    assert library.parse(found[0].question).words == "sparse networks"
    assert library.parse(found[0].question).filters.authors == (found[0].text,)


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_name_is_found_by_the_beginnings_of_its_words_in_any_order(library: Library) -> None:
    for typed in ("geoff h", "hinterland, ge", "h geof", "GEOFFREY  HINT", "geoffrey hinterland"):
        assert kinds(library.suggest(typed))["author"][0] == "Geoffrey Hinterland", typed
    assert kinds(library.suggest("g hinter"))["author"] == ["G. Hinterland", "Geoffrey Hinterland"]
    assert "author" not in kinds(library.suggest("author:geoffx"))


def test_names_are_counted_and_the_commonest_come_first(library: Library) -> None:
    authors = [name for paper in library.papers() for name in dict.fromkeys(paper.authors)]
    found = library.suggest("author:ad", 20)
    assert {one.text: one.papers for one in found} == {
        name: authors.count(name) for name in authors if fold(name).startswith("ad")
    }
    assert [one.papers for one in found] == sorted((one.papers for one in found), reverse=True)


def test_all_of_what_is_typed_comes_before_its_end(library: Library) -> None:
    (found,) = library.suggest("ann lee", 20)
    assert (fold(found.text), found.papers) == ("ann lee", 2)  # one name, in two spellings
    (found,) = library.suggest("attention ann lee", 20)
    assert found.question == f'attention author:"{found.text}"'


def test_inside_a_question_only_the_last_word_is_begun(library: Library) -> None:
    assert kinds(library.suggest("some words geof hinter"))["author"][0] == "G. Hinterland"
    assert kinds(library.suggest("some words geoffrey hinter"))["author"][0] == "Geoffrey Hinterland"


def test_accents_and_scripts(library: Library) -> None:
    assert {name.split()[1] for name in kinds(library.suggest("odegar"))["author"]} == {"Ødegård"}
    assert {name.split()[1] for name in kinds(library.suggest("álva"))["author"]} == {"Álvarez"}
    assert kinds(library.suggest("王"))["author"] == ["王伟"]  # one sign is a whole name there
    assert kinds(library.suggest("图神")) == {"title": ["图神经网络的研究"]}
    assert kinds(library.suggest("تعلم ال"))["title"] == ["تعلم الآلة للنصوص"]


def test_venues_and_categories(library: Library) -> None:
    found = {one.text: one for one in library.suggest("paperc")}
    assert found["PaperConf"].question == "venue:PaperConf"
    assert found["PaperConf (Findings)"].question == 'venue:"PaperConf (Findings)"'
    assert found["PaperConf"].papers == sum(paper.venue == "PaperConf" for paper in library.papers())
    assert kinds(library.suggest("invented res"))["venue"] == ["Journal of Invented Results"]
    assert kinds(library.suggest("cat:cs")) == {"category": ["cs.CL", "cs.AI", "cs.LG"]}
    assert kinds(library.suggest("stat"))["category"] == ["stat.ML"]


@pytest.mark.parametrize("name", ["author:okaf", "venue:paper", "category:cs", "title:glac"])
def test_a_field_asks_for_its_kind_alone(library: Library, name: str) -> None:
    assert set(kinds(library.suggest(name))) == {name.partition(":")[0]}


@pytest.mark.parametrize("typed", ["source:js", "has:co", "year:20", "id:made", "like:made", "doi:10", "in:spar"])
def test_other_fields_ask_for_nothing_here(library: Library, typed: str) -> None:
    assert library.suggest(typed) == ()


def test_every_question_finds_its_papers(library: Library) -> None:
    asked = 0
    for typed in ("bo", "an", "je", "ad", "pa", "cs", "ma", "ha", "ød", "spa", "王", "jean d"):
        for one in library.suggest(typed, 20):
            page = library.search(one.question)
            assert page.total >= max(1, one.papers), one
            asked += 1
    assert asked > 50


def test_what_cannot_be_written_in_the_box_is_not_offered(library: Library) -> None:
    assert "venue" not in kinds(library.suggest("the quot"))  # its name has quotation marks in it
    assert "venue" not in kinds(library.suggest("venue:a*"))  # would be the beginning of others
    assert kinds(library.suggest("bob"))["author"] == ["Bob “Bo” O'Neil"]
    assert library.suggest("venue:proceed") == ()  # too long to be told from others in a list


# -- titles ------------------------------------------------------------------------------------------------------------


def test_titles_hold_the_words_in_order_and_the_most_cited_come_first(library: Library) -> None:
    found = [one for one in library.suggest("attention is what you s") if one.kind == "title"]
    assert [one.key for one in found] == ["said", "seen"]
    assert library.search(found[0].question).hits[0].paper.key == "said"
    assert library.suggest("attention is what you x") == ()
    assert [one.key for one in library.suggest('title:"what you sel')] == ["sold"]


def test_a_common_beginning_goes_on_with_its_commonest_words(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [one.key for one in library.suggest("routing for s", 20) if one.kind == "title"]
    monkeypatch.setattr(beginnings, "FEW", 3)
    assert [one.key for one in library.suggest("routing for s", 20) if one.kind == "title"] == whole
    assert len(whole) > 3
    monkeypatch.setattr(beginnings, "COMPARED", 60)  # of the words with s, time for the commonest only
    some = {one.key for one in library.suggest("routing for s", 20) if one.kind == "title"}
    assert some < set(whole)


def test_a_title_stands_for_all_that_was_typed(library: Library) -> None:
    assert "title" in kinds(library.suggest("sparse rout"))
    assert "title" not in kinds(library.suggest("year:2010 sparse rout"))


@pytest.mark.parametrize(
    ("words", "title", "holds"),
    [
        (["b"], "A Better Test", True), (["a", "b"], "A Better Test", True), (["a", "t"], "A Better Test", False),
        (["better", "test"], "A Better, Test!", True), (["test", "a"], "A Better Test", False),
        (["x", "a", "better"], "A Better Test", False), (["a"], "", False),
    ],
)  # fmt: skip
def test_what_a_title_holds(words: list[str], title: str, holds: bool) -> None:
    assert held(words, title) is holds


def test_a_longer_word_chooses_first() -> None:
    assert begins(["j", "jan"], ["jan", "j."])
    assert not begins(["jan", "jan"], ["jan", "j."])
    assert begins(["jan", "s"], ["jan", "smit"], whole=True)
    assert not begins(["ja", "s"], ["jan", "smit"], whole=True)


# -- saved searches, and all together ----------------------------------------------------------------------------------


def test_saved_searches_by_their_names(library: Library) -> None:
    for typed in ("s", "sparse th", "things"):
        first = library.suggest(typed)[0]
        assert (first.kind, first.text, first.question) == ("saved", "Sparse things", "sparse routing year:2010..")
    assert kinds(library.suggest("zwolf na"))["saved"] == ["Zwölf Nächte"]


def test_one_letter_is_enough_for_saved_searches_only(library: Library) -> None:
    assert set(kinds(library.suggest("s"))) == {"saved"}
    assert library.suggest("a") == ()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 20])
def test_every_kind_has_its_share(library: Library, limit: int) -> None:
    found = library.suggest("pa", limit)
    assert len(found) <= limit
    sizes = [len(texts) for texts in kinds(library.suggest("pa", 4)).values()]
    assert max(sizes) - min(sizes) <= 1
    order = [one.kind for one in found]
    assert order == sorted(order, key=order.index)  # those of a kind stand together


def test_a_limit_out_of_range_is_said(library: Library) -> None:
    for limit in (0, -1, 21):
        with pytest.raises(Mistake, match=f"limit is {limit}; it must be a whole number from 1 to 20"):
            library.suggest("pa", limit)


def test_nothing_for_nothing_and_for_too_much(library: Library) -> None:
    assert library.suggest("") == library.suggest("  \t ") == ()
    assert library.suggest("okafor" + " " * (LONGEST - 6)) != ()
    assert library.suggest("okafor" + " " * LONGEST) == ()


def test_an_empty_library_offers_what_is_saved(tmp_path: Path) -> None:
    with open_library(tmp_path, env={}) as library:
        assert library.suggest("okaf") == ()
        library.save_search("Okapis", "okapi")
        assert kinds(library.suggest("oka")) == {"saved": ["Okapis"]}


def test_a_new_paper_is_offered_at_once(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:5]) as library:
        assert library.suggest("zebulon") == ()
        library.add([_file(tmp_path, '{"id": "new", "title": "New", "authors": ["Zebulon Zimt"]}')])
        assert kinds(library.suggest("zebulon")) == {"author": ["Zebulon Zimt"]}


def _file(folder: Path, row: str) -> Path:
    path = folder / "more.jsonl"
    path.write_text(row + "\n")
    return path


def test_few_are_kept_in_memory_and_the_others_are_walked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers, whichever way they are found."""
    names = ("ad", "no", "h", "ha le", "okafor a", "le ma", "xx", "ja", "esra lindqvist", "chiara m", "odegar")
    asked = [f'author:"{name}' for name in names]
    with make(tmp_path) as library:
        whole = [library.suggest(typed, 20) for typed in asked]
    monkeypatch.setattr(beginnings, "KEPT", 7)
    with open_library(tmp_path / "library", env={}) as library:
        walked = [library.suggest(typed, 20) for typed in asked]
        monkeypatch.setattr(beginnings, "WALKED", 0)
        bounded = [library.suggest(typed, 20) for typed in asked]
    assert [sorted(found) for found in map(_counted, walked)] == [sorted(found) for found in map(_counted, whole)]
    for found, all_ in zip(map(_counted, bounded), map(_counted, whole), strict=True):
        assert set(found) <= set(all_)


def _counted(found: tuple[Suggestion, ...]) -> list[tuple[str, str, int]]:
    return [(one.kind, one.text, one.papers) for one in found]


TEXT = st.text(max_size=LONGEST + 5) | st.lists(
    st.sampled_from(
        ["author:", "venue:", "au:", '"', "“", "”", "(", ")", "-", "+", "AND", "OR", "NOT", " ", "*", "a", "ad", "oka",
         "spa", "王", "图神", "ß", "ﬁ", "İ", "\x1f", "\U0010ffff", "\x00", "#", "year:20", "like:", "🦜", "$x$", ","]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@given(typed=TEXT, limit=st.integers(1, 20))
def test_nothing_typed_is_wrong(library: Library, typed: str, limit: int) -> None:
    found = library.suggest(typed, limit)
    assert len(found) <= limit
    assert len({(one.kind, one.text, one.key) for one in found}) == len(found)
    for one in found:
        if one.kind in ("author", "venue", "category"):
            before = clean(typed)[: len(one.question)]
            assert one.question[: one.question.rindex(f"{one.kind}:")] == before[: one.question.rindex(f"{one.kind}:")]
            assert not [note for note in library.parse(one.question).notes if "partner" in note]

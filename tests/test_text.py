"""Cleaning and comparing text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.text import clean, clip, fold, join_names, plural, surname, title_key, words

ANY = st.text(st.characters(), max_size=40)  # lone surrogates too


@given(ANY)
def test_clean_text_is_printable_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned == cleaned.strip() and "  " not in cleaned
    assert cleaned.encode().decode() == cleaned == unicodedata.normalize("NFC", cleaned)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("plain", "plain"),
        ("  two\t lines\r\nof  text ", "two lines of text"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("lone \ud800surrogate", "lone surrogate"),
        ("right\u202e-to-left\u200f and soft\u00adhyphen", "right-to-left and softhyphen"),
        ("no\u00a0break", "no break"),
        ("e\u0301", "é"),
        ("\ufeffmark", "mark"),
        ("שלום עולם", "שלום עולם"),
        ("", ""),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(ANY)
def test_keys_are_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    key = title_key(text)
    assert title_key(key) == key == key.strip() and "  " not in key
    assert title_key(text.swapcase()) == key or not text.isascii()


def test_every_sign_is_folded_in_one_go() -> None:
    """Signs that stand for letters too: ™, ㎒, 🅰."""
    signs = [chr(code) for code in range(0x20000)]
    assert [sign for sign in signs if fold(fold(sign)) != fold(sign) or fold(sign).casefold() != fold(sign)] == []
    assert fold("Acme™ ½ ㎒ Straße") == "acmetm 1⁄2 mhz strasse"


@given(st.text(st.characters(max_codepoint=127, exclude_characters="\\"), max_size=40))  # a command eats the space
def test_a_title_of_ascii_letters_takes_the_short_way_to_the_same_key(title: str) -> None:
    assert title_key(f"{title} ä") == f"{title_key(title)} a".strip()


@pytest.mark.parametrize(
    "spelling",
    [
        "Über Gödel's {P}roof -- a Test", "UBER GODEL’S PROOF: A TEST", r'{\"U}ber G{\"o}del’s Proof, a test',
        r"\"Uber G\"odel's \emph{Proof}. A $Test$", r"\textbf{\"{U}ber} G\"{o}del's \v{P}roof: \texttt{a} \c test",
    ],
)  # fmt: skip
def test_spellings_of_one_title(spelling: str) -> None:
    assert title_key(spelling) == "uber godel s proof a test"


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("深度学习：综述", "深度学习 综述"),
        ("?!", ""),
        ("x_y", "x y"),
        ("x -_ y", "x y"),
        ("ä -_ y", "a y"),
        ("Straße", "strasse"),
    ],
)
def test_title_key(title: str, key: str) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Ada B. Lovelace", "lovelace"), ("Lovelace, Ada B.", "lovelace"), ("Lovelace A.", "lovelace"),
        ("Lovelace AB", "lovelace"), ("Lovelace ABC", "lovelace"), ("van der Berg J-P", "berg"),
        ("Müller-Lüdenscheidt KÄ", "ka"), ("Li WEI", "wei"), ("Ann LEE", "lee"), ("ADA LEE", "lee"), ("Wei LI", "wei"),
        ("Davis III", "davis"), ("A. Lee", "lee"), ("AB", "ab"), ("Smith AB Jr.", "smith"), ("Davis SB 3rd", "davis"),
        ("Sammy Davis Jr.", "davis"), ("Jean-Luc Müller-Lüdenscheidt", "muller-ludenscheidt"),
        ("van der Berg, Jan", "berg"), ("Jan van der Berg", "berg"), ("Søren O'Neill", "o'neill"), ("Plato", "plato"),
        ("李 明", "明"), ("", ""), ("...", ""), (", Ada", ""),
    ],
)  # fmt: skip
def test_surname(name: str, family: str) -> None:
    assert surname(name) == family


@given(ANY, st.integers(1, 30))
def test_a_clipped_text_fits(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert len(clipped) <= limit and (clipped == text or clipped.endswith("…"))


def test_clip_cuts_at_a_word() -> None:
    assert clip("one two three", 10) == "one two…" and clip("one two", 7) == "one two"
    assert clip("incomprehensibilities", 10) == "incompreh…"


def test_words_for_people() -> None:
    assert words("State-of-the-Art, isn't it?") == ["state-of-the-art", "isn't", "it"]
    assert join_names(["A"]) == "A" and join_names(("A", "B")) == "A and B" and join_names([]) == ""
    assert join_names(["A", "B", "C", "D"]) == "A, B, C and D" and join_names(list("ABCDE")) == "A, B, C and 2 more"
    assert [plural(2, noun) for noun in ("match", "library", "day", "paper")] == [
        "2 matches",
        "2 libraries",
        "2 days",
        "2 papers",
    ]
    assert plural(1, "match") == "1 match" and plural(2345, "paper") == "2,345 papers"

"""The languages of letters: each says the same things, with the same holes, in forms that its numbers need."""

import string
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files

import pytest

from broadsheet.mail import languages
from broadsheet.mail.languages import ALL, NAMES, RULES, language

OTHERS = [code for code in ALL if code != languages.USUAL]
COUNTS = [0, 1, 2, 3, 5, 11, 21, 100, 1_000_000]


def holes(said: str | Mapping[str, str]) -> set[str]:
    """The names in braces, of all forms of a sentence."""
    forms = [said] if isinstance(said, str) else list(said.values())
    found = {name for form in forms for _, name, spec, conversion in string.Formatter().parse(form) if name is not None}
    assert all(name.isidentifier() for name in found), said  # no {0}, nothing that looks inside of what it is given
    return found


def test_there_are_four() -> None:
    assert dict(NAMES) == {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français"}


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_says_what_english_says(code: str) -> None:
    ours, usual = ALL[code].words, ALL[languages.USUAL].words
    assert set(ours) == set(usual)
    assert {name for name in usual if holes(ours[name]) != holes(usual[name])} == set()
    assert {name for name in usual if isinstance(ours[name], str) != isinstance(usual[name], str)} == set()


@pytest.mark.parametrize("code", ALL)
def test_a_language_has_a_form_for_every_number(code: str) -> None:
    kinds = {ALL[code].rule(count) for count in COUNTS}
    for name, said in ALL[code].words.items():
        if not isinstance(said, str):
            assert set(said) == kinds, name


@pytest.mark.parametrize("code", ALL)
def test_no_sentence_is_empty_or_untidy(code: str) -> None:
    for name, said in ALL[code].words.items():
        for form in [said] if isinstance(said, str) else said.values():
            assert form == form.rstrip(), name
            assert form.strip(), name
            assert "  " not in form, name
            assert form.count("{") == form.count("}"), name


@pytest.mark.parametrize("code", ALL)
def test_days_and_months(code: str) -> None:
    one = ALL[code]
    assert (len(set(one.days)), len(set(one.months))) == (7, 12)
    said = one.dateline(date(2026, 11, 20))
    assert one.days[4] in said
    assert one.months[10] in said
    assert "20" in said
    assert "2026" in said


DATES = [
    ("en", "2026-11-20", "20 November 2026"), ("de", "2026-11-20", "20. November 2026"),
    ("fr", "2026-08-01", "1 août 2026"), ("es", "2026-08-01", "1 de agosto de 2026"),
    ("en", "2026-08", "August 2026"), ("es", "2026-08", "agosto de 2026"), ("de", "2026", "2026"),
    ("en", "", ""), ("en", "soon", "soon"), ("en", "2026-13-01", "2026"),
    ("en", "2026-11-20T08:00:00Z", "20 November 2026"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "iso", "said"), DATES)
def test_a_date_as_it_is_written_there(code: str, iso: str, said: str) -> None:
    assert language(code).date(iso) == said


def test_numbers_names_and_forms() -> None:
    assert [language(code).number(12_345) for code in ("en", "de", "fr")] == ["12,345", "12.345", "12\u202f345"]
    assert [language("en").say("letter.papers", count=count) for count in (0, 1, 2)] == [
        "0 papers",
        "1 paper",
        "2 papers",
    ]
    assert [language("fr").say("letter.papers", count=count) for count in (0, 1, 2)] == [
        "0 article", "1 article", "2 articles"
    ]  # fmt: skip
    named = [language("en").names(("A", "B", "C", "D", "E")[:most]) for most in range(6)]
    assert named == ["", "A", "A and B", "A, B and C", "A, B, C and D", "A, B, C and 2 more"]
    assert language("de").names(("A", "B", "C", "D", "E")) == "A, B, C und 2 weitere"


def test_what_fills_a_hole_is_never_read_as_a_sentence() -> None:
    said = language("en").say("why.topic", name="{count} {0.__class__} %s")
    assert said == "on {count} {0.__class__} %s, which you follow"
    assert len(language("en").say("why.topic", name="long " * 200)) < 160


def test_a_language_that_is_gone_is_english() -> None:
    assert language("tlh").code == "en"
    assert language("").code == "en"


def test_every_file_names_a_rule_that_there_is() -> None:
    folder = files("broadsheet").joinpath("templates", "mail", "words")
    held = [tomllib.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir()]
    assert {one["plural"] for one in held} <= set(RULES)
    assert len(held) == len(ALL)

"""What letters say, in the languages that they are written in: one file a language in ``templates/mail/words``.

A sentence has a name (``why.topic``) and holes that are filled by name. One that is about a number has a form for each
kind of number that its language knows (Unicode CLDR, plural rules); the file says by which rule. A new language is a
new file; a test compares its names and holes with those of English.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from broadsheet.text import clip

USUAL = "en"
HOLE = 120  # characters of what fills a hole
# rule -> the kind of a whole number
RULES: Mapping[str, Callable[[int], str]] = {
    "one": lambda count: "one" if count == 1 else "other",
    "none-or-one": lambda count: "one" if count in (0, 1) else "other",
    "always": lambda count: "other",
}
_FOLDER = ("templates", "mail", "words")


@dataclass(frozen=True, slots=True)
class Language:
    """One of them.

    code    as HTML and mail headers have it (BCP 47)
    name    what its readers call it
    words   name of a sentence -> the sentence, or kind of number -> the sentence
    """

    code: str
    name: str
    words: Mapping[str, str | Mapping[str, str]]
    days: tuple[str, ...]
    months: tuple[str, ...]
    thousands: str
    rule: Callable[[int], str]

    def say(self, what: str, /, **holes: str | int | float) -> str:
        """The sentence called *what*; ``count`` chooses its form. A name that is not there is our bug: KeyError."""
        found = self.words[what]
        if not isinstance(found, str):
            found = found[self.rule(int(holes["count"]))]
        return found.format_map({name: self._filled(value) for name, value in holes.items()})

    def number(self, value: int) -> str:
        """``12,345``, as this language writes it."""
        return f"{value:,}".replace(",", self.thousands)

    def dateline(self, day: date) -> str:
        """``Friday 20 November 2026``."""
        return self.say("date.line", weekday=self.days[day.weekday()], date=self.date(day.isoformat()))

    def date(self, iso: str) -> str:
        """``2024-05-01`` as ``1 May 2024``; a month or a year alone stays one; anything else as it came."""
        parts = iso[:10].split("-")
        if not all(part.isdigit() for part in parts) or not 1 <= len(parts) <= 3:
            return iso
        if len(parts) == 1 or not 1 <= int(parts[1]) <= 12:
            return parts[0][:4]
        said = {"month": self.months[int(parts[1]) - 1], "year": parts[0]}
        return self.say("date.day", day=str(int(parts[2])), **said) if parts[2:] else self.say("date.month", **said)

    def names(self, names: tuple[str, ...], most: int = 3) -> str:
        """``A, B, C and 4 more``; one more than *most* are all named."""
        if len(names) < 2:
            return "".join(names)
        if len(names) <= most + 1:
            return self.say("names.all", names=", ".join(names[:-1]), last=names[-1])
        return self.say("names.more", names=", ".join(names[:most]), count=len(names) - most)

    def _filled(self, value: str | float) -> str:
        if isinstance(value, str):
            return clip(value, HOLE)
        return self.number(value) if isinstance(value, int) else f"{value:.1f}".rstrip("0").rstrip(".")


def language(code: str) -> Language:
    """The language of that code; English where letters are not written in it (any more)."""
    return ALL.get(code, ALL[USUAL])


def read(code: str, text: str) -> Language:
    """A language from its file. Raises ValueError or KeyError for one that is wrong."""
    held = tomllib.loads(text)
    words = {f"{part}.{name}": said for part, table in held["words"].items() for name, said in table.items()}
    return Language(
        code, held["name"], words, tuple(held["days"]), tuple(held["months"]), held["thousands"], RULES[held["plural"]]
    )


def _all() -> dict[str, Language]:
    folder: Any = files("broadsheet").joinpath(*_FOLDER)
    found = sorted((file.name.removesuffix(".toml"), file) for file in folder.iterdir() if file.name.endswith(".toml"))
    return {code: read(code, file.read_text(encoding="utf-8")) for code, file in found}


ALL: Mapping[str, Language] = _all()
NAMES: Mapping[str, str] = {code: one.name for code, one in ALL.items()}

"""A letter from a sheet: one content as text and as HTML, its look written into every element, and its headers.

The headers are those that mail programs and servers act on, each in one line: a folded ``List-Unsubscribe`` is read
wrongly by some, and a server that folds anew breaks a signature. docs/mail.md says what each is for.
"""

import re
from binascii import b2a_qp
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import css_inline
from jinja2 import TemplateError, UndefinedError
from markupsafe import Markup

from broadsheet import latex
from broadsheet.errors import Mistake
from broadsheet.mail import samples, write
from broadsheet.mail.languages import ALL, Language, language
from broadsheet.mail.sheet import Sheet
from broadsheet.text import clean, clip

LINE = 78  # characters of a header's line
NAME, OCTETS = 60, 45  # characters of a sender's name; octets of one that is not ASCII
ROOM = 20  # characters that a subject leaves to the first title; below, it says that alone
MOST_TITLE = 200  # characters of a title that a subject could ever show
AHEAD = 160  # characters that mail programs show of a letter before it is opened
GIVEN: Mapping[str, frozenset[str]] = {
    "subject.txt": frozenset({"sheet", "say", "first", "more"}),
    "body.txt": frozenset({"sheet", "say", "facts", "to"}),
    "body.html": frozenset({"sheet", "say", "facts", "to", "subject", "ahead", "style"}),
}
# Nothing is folded that can be avoided: lines may have 998 octets (RFC 5322, section 2.1.1).
POLICY = SMTP.clone(max_line_length=990)
# Typography that a plain line can do without: it would be written as "=?utf-8?q?...", and leave half the room.
_PLAINER = str.maketrans({"…": "...", "–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


class Headers(NamedTuple):
    """What only the sender of an edition knows.

    id        of the letter, the same whenever it is tried: ``2s.kq3v7a2mzx5d4wfh``
    date      when it is due, in the reader's own zone
    mailto    an address that ends the subscription when a letter comes there; empty for none
    """

    id: str
    date: datetime
    mailto: str = ""


def compose(sheet: Sheet, to: str, sender: str, headers: Headers, home: Path | None = None) -> EmailMessage:
    """The letter with *sheet* to the address *to*, from *sender*; *home* as for `write.letter`. Raises Mistake.

    The same arguments give the same letter, octet for octet.
    """
    receiver, author = write.mailbox(to), write.mailbox(sender)
    subject, text, html = bodies(sheet, receiver.addr_spec, home)
    message = EmailMessage(POLICY)
    message["From"] = Address(_name_of(author), author.username, author.domain)
    message["To"] = receiver
    message["Subject"] = subject
    message["Date"] = format_datetime(headers.date)
    message["Message-ID"] = f"<{headers.id}@{author.domain}>"
    for name, value in _of_a_list(sheet, author.domain, headers.mailto):
        message[name] = value
    message["Content-Language"] = sheet.language
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f'multipart/alternative; boundary="=_{headers.id}"'
    for kind, said in (("plain", text), ("html", html)):
        message.attach(_part(kind, said))
    return message


def _name_of(author: Address) -> str:
    """What the sender is called, so that it is one encoded word at most (75 characters; RFC 2047, section 2)."""
    name = clip(author.display_name, NAME)
    while not name.isascii() and len(name.encode()) > OCTETS:
        name = name[:-2].rstrip() + "…"
    return name


def _part(kind: str, said: str) -> EmailMessage:
    """One form of the letter. `set_content` would give the same, and take as long as all the rest."""
    part = EmailMessage(POLICY)
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(said.encode(), istext=True).decode("ascii"))
    return part


def _of_a_list(sheet: Sheet, domain: str, mailto: str) -> list[tuple[str, str]]:
    """What tells programs that nobody typed this letter, and how it is stopped."""
    host = urlsplit(sheet.home).hostname or domain
    named = host if re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*", host) else domain
    https = sheet.leave.startswith("https://")
    ways = [f"<{sheet.leave}>", *([f"<mailto:{mailto}>"] if mailto else [])]
    return [
        ("List-Id", _list_id(sheet.site, f"edition.{named}")),  # RFC 2919
        ("List-Unsubscribe", ", ".join(ways)),  # RFC 2369
        *([("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")] if https else []),  # RFC 8058
        ("Feedback-ID", f"{sheet.day:%Y%m%d}:{sheet.language}:edition:{_sender_id(named)}"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834
        ("Precedence", "bulk"),
    ]


def _list_id(site: str, name: str) -> str:
    phrase = clip(clean(site), LINE - len(f'List-Id: "" <{name}>'))
    plain = phrase.translate(_PLAINER)
    quoted = re.sub(r'(["\\])', r"\\\1", plain)
    return f'"{quoted}" <{name}>' if plain.isascii() and plain else f"<{name}>"


def _sender_id(host: str) -> str:
    """5 to 15 letters and digits that stay the same, as large receivers want it."""
    return re.sub("[^a-z0-9]", "", host)[:15].ljust(5, "0")


def bodies(sheet: Sheet, to: str, home: Path | None = None) -> tuple[str, str, str]:
    """Subject, text and HTML of the letter."""
    made, say = write.templates(home), Said(language(sheet.language))
    subject = _subject(sheet, say, home)
    given = {"sheet": sheet, "say": say, "facts": _facts(sheet, say), "to": to}
    text = made.get_template(_name("body.txt")).render(given)
    html = made.get_template(_name("body.html")).render(
        given, subject=subject, ahead=_ahead(sheet, say), style=_style(home)
    )
    return subject, text.strip("\n") + "\n", _inliner().inline(html)


class Said:
    """What templates call ``say``: a sentence by its name, and dates."""

    def __init__(self, tongue: Language) -> None:
        self.date, self.dateline = tongue.date, tongue.dateline
        self._say = tongue.say

    def __call__(self, what: str, **holes: str | int) -> str:
        return self._say(what, **holes)


def _facts(sheet: Sheet, say: Said) -> list[str]:
    """How much it is, of how much, and how long it takes."""
    count = len(sheet.items)
    facts = [say("letter.papers", count=count)]
    if sheet.looked > count:
        facts[0] += " " + say("letter.looked", count=sheet.looked)
    return [*facts, say("letter.minutes", count=sheet.minutes)] if sheet.minutes else facts


def _ahead(sheet: Sheet, say: Said) -> str:
    """What a list of letters shows beside the subject: the titles that follow the one there."""
    titles = "; ".join(latex.plain(item.title) for item in sheet.items[1:4])
    return clip(say("letter.also", titles=titles) if titles else " ".join(sheet.notes), AHEAD)


def _subject(sheet: Sheet, say: Said, home: Path | None) -> str:
    """The first title and how many more there are, so short that it stands in one line."""
    template = write.templates(home).get_template(_name("subject.txt"))
    title = clean(latex.plain(sheet.items[0].title))[:MOST_TITLE] if sheet.items else ""

    def said(more: int, room: int) -> str:
        return plainer(clean(template.render(sheet=sheet, say=say, first=clip(title, room), more=more)))

    more = max(len(sheet.items) - 1, 0)
    room = _room(partial(said, more), len(title))
    if more and room < min(ROOM, len(title)):
        more, room = 0, _room(partial(said, 0), len(title))
    return said(more, room)


def _room(said: Callable[[int], str], most: int) -> int:
    """With how many characters of a title, at most *most*, a subject stands in one line."""
    text = said(most)
    if (over := _length(text) - LINE) <= 0:
        return most
    if text.isascii():
        return max(1, most - over - len("..."))
    fits, beyond = 1, most
    while beyond - fits > 1:  # what a sign takes depends on those beside it
        middle = (fits + beyond) // 2
        fits, beyond = (middle, beyond) if _length(said(middle)) <= LINE else (fits, middle)
    return fits


def _length(subject: str) -> int:
    """Of its line, as it is written."""
    if subject.isascii():
        return len("Subject: ") + len(subject)
    header: str = POLICY.header_factory("Subject", subject).fold(policy=POLICY)
    return len(header.rstrip())


def plainer(text: str) -> str:
    """*text* in ASCII, where nothing but its typography keeps it from that."""
    plain = text.translate(_PLAINER)
    return plain if plain.isascii() else text


def check(home: Path | None = None) -> None:
    """Raises Mistake for a template of the edition that cannot be read, or asks for what it is not given.

    What a template asks of a paper, or in which words, shows only when it is rendered: so samples are.
    """
    for part, given in GIVEN.items():
        write.check_one(write.EDITION, given, home, (part,))
    for sheet in samples.sheets():
        for code in ALL:
            try:
                bodies(replace(sheet, language=code), "reader@example.org", home)
            except (UndefinedError, TemplateError, KeyError, TypeError, ValueError) as error:
                raise Mistake(f"the templates {write.FOLDER}/{write.EDITION} cannot be filled: {error}") from error


def _name(part: str) -> str:
    return f"{write.FOLDER}/{write.EDITION}/{part}"


@lru_cache(maxsize=16)
def _style(home: Path | None) -> Markup:
    return Markup(write.templates(home).get_template(_name("style.css")).render())


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    """Writes the stylesheet into every element, and leaves what is under @media. Nothing is loaded from anywhere."""
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

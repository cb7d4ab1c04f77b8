"""A letter from its templates: a subject, a text, and the same as HTML.

Every template is compiled, and the names that it asks for compared with what it will be given, when the program starts:
a letter that cannot be written is refused then, not when somebody waits for it.

A file below ``templates/mail`` in the library's own folder stands in for ours of that name.
"""

import textwrap
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, localtime, make_msgid
from functools import lru_cache
from pathlib import Path

import idna
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined, TemplateError, meta

from broadsheet import latex
from broadsheet.errors import Mistake
from broadsheet.mail import formulas
from broadsheet.text import clean, clip

FOLDER = "mail"
OWN = "templates"  # the folder in a library's own that has the owner's
PARTS = ("subject.txt", "body.txt", "body.html")
# letter -> what its templates are given
LETTERS: Mapping[str, frozenset[str]] = {
    "sign-in": frozenset({"site", "name", "link", "minutes"}),
    "welcome": frozenset({"site", "link", "minutes"}),
    "invitation": frozenset({"site", "link", "days", "by"}),
    "address": frozenset({"site", "name", "link", "minutes"}),
    "subscription": frozenset({"site", "link", "days", "wishes", "when", "more"}),
    "test": frozenset({"site"}),
}
EDITION = "edition"  # is made by `compose`
EXTRA: Mapping[str, tuple[str, ...]] = {EDITION: ("style.css",)}  # what a letter is made of besides
SUBJECT = 120  # characters
POLICY = SMTP.clone(max_line_length=78)
WIDTH = 72  # characters of a line of text


def letter(kind: str, to: str, sender: str, *, home: Path | None = None, **values: object) -> EmailMessage:
    """The letter of that *kind* to the address *to*, from *sender* (``Papers <papers@example.org>``). Raises Mistake.

    home    the library's folder, whose own templates stand in for ours
    No value can begin a header of its own: line breaks in what becomes one are spaces.
    """
    made = templates(home)
    subject, text, html = (made.get_template(f"{FOLDER}/{kind}/{part}").render(values) for part in PARTS)
    message = EmailMessage(POLICY)
    message["From"] = mailbox(sender)
    message["To"] = mailbox(to)
    message["Subject"] = clip(clean(subject), SUBJECT)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=mailbox(sender).domain or "localhost")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers back
    message.set_content(text, cte=_encoding(text))
    message.add_alternative(html, subtype="html", cte=_encoding(html))
    return message


def _encoding(text: str) -> str | None:
    """One with which any server takes the letter as it was signed: 8 bits would be written anew for an old one."""
    return None if text.isascii() else "quoted-printable"


def check(home: Path | None = None) -> None:
    """Raises Mistake for a template that is missing, cannot be read, or asks for what it is not given."""
    for kind, given in LETTERS.items():
        check_one(kind, given, home)
    if home is not None:
        _check_own(home / OWN / FOLDER)


def check_one(kind: str, given: frozenset[str], home: Path | None = None, parts: tuple[str, ...] = PARTS) -> None:
    """The same for one letter, whose templates are given what *given* names."""
    made = templates(home)
    for part in parts:
        name = f"{FOLDER}/{kind}/{part}"
        try:
            source = made.loader.get_source(made, name)[0]  # type: ignore[union-attr]
            asked = meta.find_undeclared_variables(made.parse(source))
            made.get_template(name)
        except (TemplateError, UnicodeDecodeError) as error:
            raise Mistake(f"the template {name} cannot be read: {error}") from error
        if unknown := sorted(asked - given - made.globals.keys()):
            raise Mistake(f"the template {name} asks for {', '.join(unknown)}; it can have {', '.join(sorted(given))}")


def _check_own(folder: Path) -> None:
    """A file of the owner's that no letter is made of is a slip in its name."""
    known = {f"{kind}/{part}" for kind in (*LETTERS, EDITION) for part in (*PARTS, *EXTRA.get(kind, ()))}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name not in known and not file.name.startswith((".", "_")):
            raise Mistake(f"{file}: no letter is made of it; there are {', '.join(sorted(known))}")


def mailbox(text: str) -> Address:
    """One address with or without a name, its host as DNS has it. Raises Mistake."""
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    local, at, host = address.rpartition("@")
    if not at or not local or text != clean(text):
        raise Mistake(f"{clean(text)[:80]!r} is no sender or receiver; one looks like Papers <papers@example.org>")
    try:
        return Address(name, local, host if host.isascii() else idna.encode(host, uts46=True).decode())
    except ValueError as error:  # as errors of idna are
        raise Mistake(f"{clean(text)[:80]!r} is no sender or receiver: {error}") from error


@lru_cache(maxsize=16)
def templates(home: Path | None = None) -> Environment:
    """All templates of letters: those in the folder *home* before ours."""
    ours = PackageLoader("broadsheet")
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(home / OWN), ours]) if home is not None else ours,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(plain=_plain, typeset=formulas.html, clip=clip, wrap=wrapped)
    return environment


@lru_cache(maxsize=formulas.KEPT)
def _plain(text: str) -> str:
    return latex.plain(text)


@lru_cache(maxsize=formulas.KEPT)
def wrapped(text: str, indent: int = 0) -> str:
    """Lines of text that every mail program shows as they are; a word that is longer than a line stays whole."""
    edge = " " * indent
    return textwrap.fill(
        text, WIDTH, initial_indent=edge, subsequent_indent=edge, break_long_words=False, break_on_hyphens=False
    )

"""A letter from its templates: a subject, a text, and the same as HTML.

Every template is compiled, and the names that it asks for compared with what it will be given, when the program starts:
a letter that cannot be written is refused then, not when somebody waits for it.
"""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, localtime, make_msgid
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError, meta

from broadsheet.errors import Mistake
from broadsheet.text import clean, clip

FOLDER = "mail"
PARTS = ("subject.txt", "body.txt", "body.html")
# letter -> what its templates are given
LETTERS: Mapping[str, frozenset[str]] = {
    "sign-in": frozenset({"site", "name", "link", "minutes"}),
    "welcome": frozenset({"site", "link", "minutes"}),
    "invitation": frozenset({"site", "link", "days", "by"}),
    "address": frozenset({"site", "name", "link", "minutes"}),
}
SUBJECT = 120  # characters
POLICY = SMTP.clone(max_line_length=78)


def letter(kind: str, to: str, sender: str, **values: object) -> EmailMessage:
    """The letter of that *kind* to the address *to*, from *sender* (``Papers <papers@example.org>``). Raises Mistake.

    No value can begin a header of its own: line breaks in what becomes one are spaces.
    """
    subject, text, html = (_templates().get_template(f"{FOLDER}/{kind}/{part}").render(values) for part in PARTS)
    message = EmailMessage(POLICY)
    message["From"] = _mailbox(sender)
    message["To"] = _mailbox(to)
    message["Subject"] = clip(clean(subject), SUBJECT)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=_mailbox(sender).domain or "localhost")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers back
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def check() -> None:
    """Raises Mistake for a template that is missing, cannot be read, or asks for what it is not given."""
    for kind, given in LETTERS.items():
        for part in PARTS:
            name = f"{FOLDER}/{kind}/{part}"
            try:
                source = _templates().loader.get_source(_templates(), name)[0]  # type: ignore[union-attr]
                asked = meta.find_undeclared_variables(_templates().parse(source))
                _templates().get_template(name)
            except TemplateError as error:
                raise Mistake(f"the template {name} cannot be read: {error}") from error
            if unknown := sorted(asked - given):
                raise Mistake(
                    f"the template {name} asks for {', '.join(unknown)}; it can have {', '.join(sorted(given))}"
                )


def _mailbox(text: str) -> Address:
    """One address with or without a name. Raises Mistake."""
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    local, at, host = address.rpartition("@")
    if not at or not local or text != clean(text):
        raise Mistake(f"{clean(text)[:80]!r} is no sender or receiver; one looks like Papers <papers@example.org>")
    try:
        return Address(name, local, host)
    except ValueError as error:
        raise Mistake(f"{clean(text)[:80]!r} is no sender or receiver: {error}") from error


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("broadsheet"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

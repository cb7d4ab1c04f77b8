"""What a message that came back means: a bounce, a delay, a complaint, or a letter that ends a subscription.

Read are reports of delivery (DSN, RFC 3464, with the codes of RFC 3463), reports of abuse (ARF, RFC 5965), what servers
write that know neither, and letters to an address that is for unsubscribing. Answers of machines (RFC 3834) are known
and nothing more. Whom it is about is never guessed: it is in an address that we made (`verp`), or in the Message-ID of
our own letter in what was returned. Pure: whether such a key is genuine, whoever asks has to say.
"""

import email
import email.errors
import email.header
import email.policy
import hashlib
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from typing import Literal, NamedTuple

from broadsheet.errors import Mistake
from broadsheet.mail import symptoms, verp
from broadsheet.mail.symptoms import Symptom
from broadsheet.mail.verp import Named
from broadsheet.text import clean, clip

MOST = 1 << 20  # bytes of a message that are read
PARTS = 100  # of a message
DEPTH = 10  # of parts within parts
TEXT = 20_000  # characters of what a server writes
SUBJECT = 2_000  # characters of a subject, as they are encoded
DETAIL = 300  # characters for the owner
Kind = Literal["bounce", "delay", "complaint", "unsubscribe", "automatic", "other"]
# Where a server says whom it has delivered to, the most trustworthy first.
_TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "to", "cc")
_OURS = ("message-id", "references", "in-reply-to", "return-path", "list-unsubscribe")  # they may be of our letter
MESSAGE = r"[0-9]{8}\.[0-9]{1,10}\.[0-9a-z]{16}"  # before the @ of a Message-ID of ours (`editions.letters`)
_SURE = ("return", "message", "leave")
_FAILED = ("final-recipient", "original-recipient", "original-rcpt-to", "x-failed-recipients")
_READ = ("text/rfc822-headers", "text/plain", "message/rfc822", "text/html")
_MACHINE = re.compile(r"mailer-?daemon|postmaster|mail[ -]delivery|microsoftexchange", re.IGNORECASE)
# What the parser of the standard library makes of a hostile message.
_BROKEN = (
    email.errors.MessageError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, AssertionError,
    RecursionError,
)  # fmt: skip
_ABUSE = frozenset({"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list"})
# Begins where a word does, and ends soon: what is sent to us may be one word of a million letters.
_ADDRESS = re.compile(r"(?<![^\s<>\"'(),;:\[\]])[^\s<>\"'(),;:\[\]]{1,320}@(\[[^\]\s]{1,80}\]|[\w.-]+)")


class Unreadable(Mistake):
    """It is no message, not even a damaged one."""


class Report(NamedTuple):
    """What a message says.

    kind       automatic: an answer of a machine; other: whatever somebody wrote
    lasting    of a bounce: that no letter will ever arrive there
    status     its code as RFC 3463 has it; empty where there was none
    detail     for the owner to read, without any address
    addressed  whom it is about, by the address that it came to
    inside     whom it is about, by what it holds: the returned letter, fields of the report; the surest first
    to         addresses that it says the letter was for, in small letters
    mark       of this message alone, however it came here
    """

    kind: Kind
    lasting: bool
    status: str
    detail: str
    addressed: tuple[Named, ...]
    inside: tuple[Named, ...]
    to: frozenset[str]
    mark: str


def read(data: bytes, returns: str, domain: str, envelope: Sequence[str] = ()) -> Report:
    """What the message *data* says.

    returns   the address that envelopes of ours are made of (`verp`); empty for none
    domain    what stands behind the @ in Message-IDs of ours
    envelope  whom a server that hands it over says it was sent to
    Raises Unreadable; Mistake for *returns* that is no address.
    """
    try:
        message = email.message_from_bytes(data[:MOST], policy=email.policy.compat32)
        said, addressed = _meaning(message, list(_own(message)), returns, envelope)
        inside, to = _inside(message, returns, domain)
    except Mistake:
        raise
    except _BROKEN as error:
        raise Unreadable(f"this is no message that can be read ({type(error).__name__})") from error
    if not message.keys():
        raise Unreadable("this is no message: it has no headers")
    kind, symptom = said
    detail = clip(_ADDRESS.sub("…", clean(symptom.words)), DETAIL)
    mark = _mark(message, data)
    return Report(kind, symptom.lasting, symptom.status, detail, tuple(addressed), tuple(inside), to, mark)


def _mark(message: Message, data: bytes) -> str:
    """By its number and its text: a server adds headers on the way, and another way adds others."""
    head, blank, body = data.partition(b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n")
    number = _header(message, "message-id").strip()
    text = body.replace(b"\r\n", b"\n").strip() if blank else head
    return hashlib.sha256(number.encode(errors="replace") + b"\0" + text).hexdigest()


def _own(message: Message, depth: int = 0) -> Iterator[Message]:
    """The parts of a message, but nothing of a letter that it holds."""
    yield message
    held = message.get_payload()
    if message.get_content_maintype() == "multipart" and isinstance(held, list) and depth < DEPTH:
        for part in held[:PARTS]:
            if isinstance(part, Message):
                yield from _own(part, depth + 1)


# -- what it means -----------------------------------------------------------------------------------------------------


def _meaning(
    message: Message, parts: list[Message], returns: str, envelope: Sequence[str]
) -> tuple[tuple[Kind, Symptom], list[Named]]:
    addressed = verp.found(returns, [*envelope, *(_header(message, name) for name in _TO)]) if returns else []
    if fields := _fields(parts, "message/feedback-report"):
        return _complaint(fields), addressed
    status = _fields(parts, "message/delivery-status")
    if status and (found := symptoms.worst(status)):
        return found, addressed
    if any(one.purpose == "leave" for one in addressed):
        return ("unsubscribe", symptoms.of(_subject(message) or "by a letter")), addressed
    if status:  # it arrived after all, or was handed on
        return ("automatic", symptoms.of("a server says that it delivered or handed on a letter")), addressed
    return _sloppy(message, parts), addressed


def _complaint(fields: list[Message]) -> tuple[Kind, Symptom]:
    kind = _header(fields[0], "feedback-type").strip().lower() or "abuse"
    if kind not in _ABUSE:
        return "automatic", symptoms.of(f"a report of the kind {kind}")
    return "complaint", symptoms.of(f"reported as spam ({kind})")


def _sloppy(message: Message, parts: list[Message]) -> tuple[Kind, Symptom]:
    """What a message says that follows no standard of reports."""
    subject = _subject(message)
    machine = bool(_MACHINE.search(_header(message, "from"))) or "x-failed-recipients" in message
    failure = symptoms.is_failure(subject)
    if machine or failure:
        text = "\n".join([subject, *_texts(parts, ("text/plain", "text/html"))])[:TEXT]
        if found := symptoms.written(text, sure=machine and failure):
            return found
    answer = _header(message, "auto-submitted").strip().lower()
    if machine or (answer and not answer.startswith("no")) or symptoms.is_answer(message, subject):
        return "automatic", symptoms.of(f"an answer of a machine: {subject}")
    return "other", symptoms.of(f"a letter: {subject}")


def _fields(parts: list[Message], kind: str) -> list[Message]:
    """The blocks of fields in the parts of that kind. The parser makes messages of them; of others, we do."""
    blocks: list[Message] = []
    for part in parts:
        if part.get_content_type() != kind:
            continue
        held = part.get_payload()
        if isinstance(held, list):
            blocks += [one for one in held if isinstance(one, Message)]
            continue
        for block in re.split(r"\n[ \t]*\n", _text(part))[:PARTS]:
            blocks.append(email.message_from_string(block.strip() + "\n\n", policy=email.policy.compat32))
    return [block for block in blocks if block.keys()]


# -- whom it is about --------------------------------------------------------------------------------------------------


def _inside(message: Message, returns: str, domain: str) -> tuple[list[Named], frozenset[str]]:
    """The keys in what the message holds, and whom it says that the letter was for."""
    parts = [part for part, _ in zip(message.walk(), range(PARTS), strict=False)]
    fields = [
        block for kind in ("message/feedback-report", "message/delivery-status") for block in _fields(parts, kind)
    ]
    texts = [_header(part, name) for part in parts for name in _OURS]
    texts += [str(value) for block in fields for value in block.values()] + _texts(parts, _READ)
    ours = re.compile(rf"<({MESSAGE})@{re.escape(domain.lower())}>")
    found: dict[Named, None] = {}
    for text in map(str.lower, texts):
        found.update((Named("message", key), None) for key in ours.findall(text))
        found.update((one, None) for one in (verp.found(returns, [text]) if returns else ()))
    said = [_header(part, name) for part in [message, *fields] for name in _FAILED]
    said += [_header(part, "to") for part in parts[1:]]
    said += re.findall(r"^to:(.*)$", "\n".join(_texts(parts, _READ)), re.IGNORECASE | re.MULTILINE)[:PARTS]
    to = {one[0].lower() for text in said for one in re.finditer(_ADDRESS, text)}
    # A letter that is returned has all of it: what it was comes before how it is unsubscribed.
    return sorted(found, key=lambda one: _SURE.index(one.purpose)), frozenset(to)


def _texts(parts: list[Message], kinds: tuple[str, ...]) -> list[str]:
    """What is to be read in parts of these kinds, in the order of the kinds."""
    return [_text(part) for kind in kinds for part in parts if part.get_content_type() == kind]


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True) if not part.is_multipart() else None
    if isinstance(payload, bytes):
        text = payload.decode("utf-8", errors="replace")
        return re.sub(r"<[^@<>]*>", " ", text) if part.get_content_type() == "text/html" else text
    held = part.get_payload()
    if isinstance(held, list):  # of a letter within a letter, its head
        return "\n".join(f"{name}: {value}" for one in held if isinstance(one, Message) for name, value in one.items())
    return str(held or "")


def _subject(message: Message) -> str:
    """Its subject; words that are encoded stay so where they cannot be read."""
    raw = _header(message, "subject")[:SUBJECT]
    try:
        return clean(str(email.header.make_header(email.header.decode_header(raw))))
    except _BROKEN:
        return clean(raw)


def _header(message: Message, name: str) -> str:
    """All that headers of that name say; empty for none."""
    return " ".join(str(value) for value in message.get_all(name) or [])

"""Why a letter did not arrive, from what a server wrote: whether for good, and in which words. Pure.

A status is three numbers (RFC 3463). Its class 5 is for good, but for what says nothing about the address: a mailbox
that is full, a letter that is too large or is taken for spam, a server in trouble. Those may be over tomorrow.
"""

import re
from collections.abc import Iterable
from email.message import Message
from typing import Literal, NamedTuple

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_CODE = re.compile(r"(?:^|[:;'\"(#>=])[ \t]*([45])\d\d(?=[ \-#])", re.MULTILINE)  # an answer, not any number
# What may be over tomorrow: 5.1.7 and 5.1.8 are the sender's, 5.2.2 is a mailbox that is full, 5.2.3 and 5.3.4 a letter
# that is too large, 5.3, 5.4.5 and after, and 5.5 are the server's, 5.6 is the letter's, 5.7 what is taken for spam.
_PASSING = re.compile(r"5\.(1\.[78]|2\.[234]|3\.\d+|4\.[567]|5\.\d+|6\.\d+|7\.\d+)")
_UNTIL = re.compile(  # where a server begins to quote the letter that it returns
    r"^(--.*(original|copy|message|header|below).*|(return-path|received|message-id|dkim-signature|list-id):.*)$",
    re.IGNORECASE | re.MULTILINE,
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_NOBODY = _any(
    r"user unknown", r"unknown user", r"no such (user|mailbox|recipient|address|person)", r"does ?n[o']t exist",
    r"invalid (recipient|mailbox)", r"unknown (or illegal )?(recipient|alias|address)", r"not a known user",
    r"recipient (unknown|not found|address rejected: (access denied|user))", r"no mailbox here",
    r"address (not found|unknown|no longer)", r"mailbox (not found|unavailable|(is )?disabled|inactive)",
    r"account (has been |is )?(disabled|closed|deleted|inactive|suspended)",
    r"(host|domain) (unknown|not found|does not)",
    r"existiert nicht", r"n'existe pas", r"unbekannt",
)  # fmt: skip
_FULL = _any(r"quota", r"mailbox (is )?full", r"full mailbox", r"out of (disk )?space", r"exceeded storage")
_BLOCKED = _any(
    r"\bspam", r"block(ed|list)", r"blacklist", r"reputation", r"\bpolicy", r"dmarc", r"\bspf\b", r"too large",
    r"size limit",
)  # fmt: skip
_DELAYED = _any(
    r"delayed", r"will (be )?(retr|re-?tried|keep trying|continue)", r"still (trying|being)",
    r"has not (yet )?been delivered", r"warning: (message|could not)", r"noch nicht zugestellt",
    r"temporar(y|ily) (problem|failure|deferred)",
)  # fmt: skip
_FAILURE = _any(
    r"undeliver", r"returned mail", r"return(ed)? to sender", r"delivery (status|fail|has failed|report|problem)",
    r"failure notice", r"mail delivery", r"could not be delivered", r"message delayed", r"delayed mail",
    r"mail (system )?error", r"unzustellbar", r"non remis",
)  # fmt: skip
_ANSWER = _any(
    r"^auto(matic|mated)?[ :-]*(reply|response|answer)", r"^out of (the )?office", r"^away from", r"^vacation",
    r"^abwesen", r"^automatische antwort", r"^r[ée]ponse automatique", r"^absence", r"^fuera de la oficina",
    r"^respuesta autom",
)  # fmt: skip


class Symptom(NamedTuple):
    """*lasting*: no letter will ever arrive there; *status*: empty where nobody said one; *words*: of the server."""

    lasting: bool
    status: str
    words: str


Told = tuple[Literal["bounce", "delay"], Symptom]


def of(words: str) -> Symptom:
    """Words about something that is no failure."""
    return Symptom(False, "", words)


def worst(blocks: Iterable[Message]) -> Told | None:
    """What the fields of a delivery report say (RFC 3464, section 2.3), the worst of its recipients; None for none."""
    found: list[tuple[int, Told]] = []
    for block in blocks:
        action = str(block.get("action") or "").split(";")[0].strip().lower()
        words = str(block.get("diagnostic-code") or "")
        said = words.partition(";")[2].strip() or words.strip()
        status = _first_status(str(block.get("status") or "")) or _first_status(said)
        if action not in ("failed", "delayed") and not (not action and status):
            continue
        if action == "delayed" or (not action and status.startswith("4")):
            found.append((1, ("delay", Symptom(False, status, f"{status} {said}".strip() or "delayed"))))
        elif not status.startswith("2"):
            symptom = Symptom(is_lasting(status, said), status, f"{status} {said}".strip() or "it was not delivered")
            found.append((3 if symptom.lasting else 2, ("bounce", symptom)))
    return max(found, key=lambda one: one[0])[1] if found else None


def is_lasting(status: str, words: str) -> bool:
    """Whether no letter will ever arrive there. *status* may be empty; then it is no more than its words say."""
    if _FULL.search(words) or status.startswith(("4", "2")):
        return False
    if _NOBODY.search(words):
        return True
    if _BLOCKED.search(words) or _PASSING.fullmatch(status):
        return False
    return status.startswith("5")


def written(text: str, *, sure: bool) -> Told | None:
    """What a message says that is no report by any standard. *sure*: whether it is from a mail server.

    None when it does not seem to be about a letter that did not arrive.
    """
    quoted = _UNTIL.search(text)
    said = text[: quoted.start()] if quoted else text
    code = _CODE.search(said)
    status = _first_status(said) or (f"{code[1]}.0.0" if code else "")
    line = _line(said)
    nobody = _NOBODY.search(said) is not None
    if _DELAYED.search(said) and not status.startswith("5") and not nobody:
        return "delay", Symptom(False, status, line)
    if status.startswith(("4", "5")) or nobody or _FULL.search(said) or sure:
        return "bounce", Symptom(is_lasting(status, said), status, line)
    return None


def is_failure(subject: str) -> bool:
    """Whether a subject is one that servers write above a letter that did not arrive."""
    return _FAILURE.search(subject) is not None


def is_answer(message: Message, subject: str) -> bool:
    """Whether a machine answered: who is away, what has been received."""
    precedence = str(message.get("precedence") or "").strip().lower()
    marked = any(name in message for name in ("x-autoreply", "x-autorespond", "x-auto-reply"))
    return marked or precedence in ("auto_reply", "bulk", "junk") or _ANSWER.search(subject) is not None


def _first_status(text: str) -> str:
    found = _STATUS.search(text)
    return found[0] if found else ""


def _line(text: str) -> str:
    """The line that says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for test in (_NOBODY, _FULL, _BLOCKED, _STATUS, _CODE, _DELAYED):
        for line in lines:
            if test.search(line):
                return line
    return lines[0] if lines else ""

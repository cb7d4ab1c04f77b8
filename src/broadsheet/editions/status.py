"""One line that answers "why did I get no mail?", by the ledger: what became of the last edition, and what is next.

It is for the reader and for the owner alike, and always says what can be done.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from broadsheet.community.periods import DAYS, MONTHS, day_of
from broadsheet.editions import heart, letters, schedule
from broadsheet.people import addresses

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.store import Edition, Subscriber, Suppressed

_AGAIN = "it is back as soon as its reader subscribes again"
_WHY = {
    "bounce": "letters to it came back: {}; confirming the address again lets them out, and so does the owner",
    "complaint": "a letter to it was reported as spam ({}); the owner can lift that",
    "owner": "the owner of this site sends nothing to it ({}); the owner can lift that",
}


def of_address(library: "Library", text: str, now: int) -> str:
    """The line of an address, whether it gets editions or only was asked for. Raises Mistake for no address."""
    email = addresses.address(text)
    if (found := library.store.subscribers.by_email(email)) is not None:
        return status_line(library, found, now)
    if asked := library.store.subscribers.pendings(email):
        ends = heart.said(max(one.ends for one in asked))
        return (
            "not confirmed yet: a letter with a link was sent there, and nothing begins until its button is pressed; "
            f"it can be until {ends} UTC. Did none come? Look among the junk, or subscribe again"
        )
    return "this address has never asked for anything here, or all of it was deleted; subscribe, and it is asked first"


def status_line(library: "Library", one: "Subscriber", now: int) -> str:
    """Why there was no mail, or that there was, and when the next is due: sentences, in one line."""
    if closed := _closed(library, one, now):
        return closed
    last = next(iter(library.store.editions.of(one.id, 1)), None)
    said = _SAYS[last.state](library, one, last, now) if last else "no edition was due yet"
    coming = "" if last is not None and last.state == "ready" else _next(one, now)
    parts = (said, coming, schedule.zone_of(one.zone)[1], _hindered(library, one, now))
    return "; ".join(part for part in parts if part)


def _closed(library: "Library", one: "Subscriber", now: int) -> str:
    """Why it gets none whatever is new; empty when it does."""
    store = library.store
    if one.left is not None:
        return f"unsubscribed on {heart.said(one.left, one.zone)}; {_AGAIN}"
    if one.every == "off":
        return "turned off by its reader; the page behind each letter's last link turns it on"
    if one.account is not None and ((account := store.accounts.at(one.account)) is None or account.state != "active"):
        return "its account is suspended; the owner can restore it"
    if (stopped := store.subscribers.suppressed([one.email]).get(one.email)) is not None:
        return f"nothing has been sent to this address since {heart.said(stopped.at, one.zone)}: {_stopped(stopped)}"
    if not store.subscribers.wishes([one.id]).get(one.id):
        return "nothing is chosen to read of; a topic, a search, an author or what rises would fill an edition"
    if (until := day_of(one.paused)) and until >= schedule.local_day(one.zone, now):
        return f"paused by its reader until {_day(one.paused)}; {_next(one, now)}"
    return ""


def _stopped(stopped: "Suppressed") -> str:
    return _WHY.get(stopped.why, _WHY["owner"]).format(stopped.detail or "no more is known")


# -- by the state of the last edition ----------------------------------------------------------------------------------


def _ready(library: "Library", one: "Subscriber", last: "Edition", now: int) -> str:
    when, day = max(last.due, last.next), _day(last.day)
    clock = f"{heart.said(when, one.zone)} ({_named(one)})"
    if when > now and last.tries:
        return f"the edition of {day} has not left yet: {last.reason}; the next try is {clock}"
    if when > now:
        return f"the edition of {day} is ready, and waits for {clock}"
    failed = heart.read(library.home).steps.get("letters")
    why = f": {failed.said}" if failed and not failed.ok else ""
    return f"the edition of {day} is ready, and due since {clock}{why}"


def _sending(library: "Library", one: "Subscriber", last: "Edition", now: int) -> str:
    return (
        f"the edition of {_day(last.day)} is being sent now; if the program died in that moment, its next run says what"
        " became of it"
    )


def _sent(library: "Library", one: "Subscriber", last: "Edition", now: int) -> str:
    if "outbox" in last.reason:
        return f"the edition of {_day(last.day)} was {last.reason}"
    when = heart.said(last.done or last.due, one.zone)
    named = letters.message_id(library, last)
    return f"sent {when} as {named}, and taken ({last.reason}); if it is not there, look among the junk"


def _came_to(word: str) -> Callable[["Library", "Subscriber", "Edition", int], str]:
    def say(library: "Library", one: "Subscriber", last: "Edition", now: int) -> str:
        return f"the edition of {_day(last.day)} {word}: {last.reason or 'nothing more is known'}"

    return say


# Every state of the ledger.
_SAYS: Mapping[str, Callable[["Library", "Subscriber", "Edition", int], str]] = {
    "ready": _ready,
    "sending": _sending,
    "sent": _sent,
    "unsure": _came_to("is on its way or lost"),
    "bounced": _came_to("came back"),
    "refused": _came_to("was refused"),
    "failed": _came_to("did not leave"),
    "skipped": _came_to("was left out"),
    "withheld": _came_to("was held back"),
    "missed": _came_to("was not made"),
}


# -- what is next ------------------------------------------------------------------------------------------------------


def _next(one: "Subscriber", now: int) -> str:
    coming = schedule.upcoming(one, now)
    if coming is None:
        return ""
    return f"the next is due {heart.said(coming[1], one.zone)} ({_named(one)})"


def _named(one: "Subscriber") -> str:
    return "UTC" if schedule.zone_of(one.zone)[1] else one.zone


def _hindered(library: "Library", one: "Subscriber", now: int) -> str:
    """What holds up everybody's letters."""
    if silence := heart.silence(library.home, now, _named(one)):
        return silence
    if not library.settings.smtp:
        return "letters are written into the folder outbox, because no mail server is set ([mail] smtp)"
    return ""


def _day(number: int) -> str:
    """``Tuesday 17 November``."""
    day = day_of(number)
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}" if day else str(number)

"""What becomes of an edition: the state and the reason in plain words, from what the server said. Pure.

Every reason is an answer to "why did I get no mail?".
"""

from typing import TYPE_CHECKING, NamedTuple

from broadsheet.errors import Mistake
from broadsheet.people import addresses

if TYPE_CHECKING:
    from broadsheet.mail.line import Outcome
    from broadsheet.store import Edition, Subscriber, Suppressed

NEVER_TWICE, NEVER_MISS = "never-twice", "never-miss"
PAUSES = (300, 900, 2_700, 7_200, 21_600)  # seconds before the second try, the third ...; then the last one again
OVERTAKEN = "the next edition was made before this one could be sent"
TOO_OLD = 20 * 3_600  # seconds after which it is not sent any more: the next daily one is near
_SUPPRESSED = {
    "bounce": "letters to this address came back; it gets none until its reader confirms it again",
    "complaint": "a letter to this address was reported as spam; it gets none any more",
    "owner": "the owner of this site sends nothing to this address",
}


class Verdict(NamedTuple):
    """*next* and *tries* as in the ledger. *suppress*: the address gets nothing from here on, and this is why."""

    state: str
    reason: str
    next: int = 0
    tries: int | None = None
    suppress: str = ""


def unwanted(
    subscriber: "Subscriber | None", suppressed: "Suppressed | None", edition: "Edition", *, active: bool = True
) -> Verdict | None:
    """Why nobody wants it any more; None when somebody does. *active*: whether the account, if there is one, is."""
    if subscriber is None:
        return Verdict("withheld", "the subscription is not here any more")
    if subscriber.left is not None:
        return Verdict("withheld", "its reader has unsubscribed")
    if subscriber.every == "off":
        return Verdict("withheld", "its reader has turned the edition off")
    if not active:
        return Verdict("withheld", "the account is suspended")
    if edition.day <= subscriber.paused:
        return Verdict("withheld", f"paused by its reader until {day_of(subscriber.paused)}")
    if suppressed is not None:
        return Verdict("withheld", _SUPPRESSED.get(suppressed.why, _SUPPRESSED["owner"]))
    return None


def unsendable(subscriber: "Subscriber") -> Verdict | None:
    """What is wrong with an address that was fine once; None for nothing."""
    try:
        addresses.address(subscriber.email)
    except Mistake as error:
        return Verdict("refused", str(error))
    return None


def overtaken(edition: "Edition", now: int, newer: bool) -> Verdict | None:
    """Why it is too late for it; None when it is not. *newer*: its subscriber has a later one.

    What was in it is in the next one, which takes up from the last that arrived.
    """
    before = f"; the last try: {edition.reason}" if edition.tries else ""
    if newer:
        return Verdict("failed", f"{OVERTAKEN}{before}")
    if now > _begins(edition) + TOO_OLD:
        why = "" if edition.tries else ": the program did not run, or its mail server took nothing"
        return Verdict("failed", f"it could not be sent within {TOO_OLD // 3600} hours{why}{before}")
    return None


def after(outcome: "Outcome", edition: "Edition", host: str, now: int, policy: str) -> Verdict:
    """What follows from what the server *host* said at *now*. *policy*: NEVER_TWICE or NEVER_MISS."""
    told = outcome.told(host)
    if outcome.kind == "taken":
        return Verdict("sent", told)
    if outcome.kind == "later":
        return _again(
            edition, told, now, Verdict("failed", f"tried {edition.tries + 1} times, then it was too old: {told}")
        )
    if outcome.kind == "unknown":
        unsure = Verdict("unsure", f"it may have arrived, and is not sent again: {told}")
        return unsure if policy == NEVER_TWICE else _again(edition, told, now, unsure)
    if outcome.nobody:
        return Verdict("refused", f"nobody has this address: {told}", suppress=told)
    return Verdict("refused", f"the letter was refused: {told}")


def postponed(verdict: Verdict, edition: "Edition", now: int) -> Verdict:
    """In the place of a refusal that says nothing of this reader: the server has just refused everybody."""
    return _again(edition, verdict.reason, now, verdict._replace(state="failed", suppress=""))


def faulty(error: Exception, edition: "Edition", now: int) -> Verdict:
    """Of an edition whose letter a fault of ours keeps from being written: it may be mended by tomorrow."""
    told = f"a fault of Broadsheet itself ({type(error).__name__}: {error})"
    return _again(edition, told, now, Verdict("failed", told))


def orphaned(edition: "Edition", now: int, policy: str) -> Verdict:
    """Of an edition that was being sent when the program died."""
    if policy == NEVER_MISS:
        return Verdict("ready", "the program was stopped while it was being sent; it is sent again", next=now)
    return Verdict(
        "unsure", "the program was stopped while it was being sent: it may have arrived, and is not sent again"
    )


def day_of(number: int) -> str:
    """20261121 as 2026-11-21."""
    return f"{number // 10_000:04}-{number // 100 % 100:02}-{number % 100:02}"


def _again(edition: "Edition", told: str, now: int, otherwise: Verdict) -> Verdict:
    """Another try later, or *otherwise* when that would be too late."""
    at = now + PAUSES[min(edition.tries, len(PAUSES) - 1)]
    if at > _begins(edition) + TOO_OLD:
        return otherwise._replace(tries=edition.tries + 1)
    return Verdict("ready", f"it is tried again: {told}", next=at, tries=edition.tries + 1)


def _begins(edition: "Edition") -> int:
    """When it could be sent first; one that was made after its time has as long as the others."""
    return max(edition.due, edition.made)

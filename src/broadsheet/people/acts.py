"""The acts of the audit log, in words. A row that has none is shown by its own name."""

import re
from collections.abc import Sequence

from broadsheet.store import Event, Store

_WORDS = {
    "account.add": "has an account",
    "account.rename": "changed their name",
    "account.address": "has another address",
    "account.role": "has another role",
    "account.suspend": "was suspended",
    "account.restore": "was restored",
    "account.leave": "was deleted",
    "account.link": "was given a link to sign in, at the machine",
    "session.begin": "signed in",
    "session.end": "signed out",
    "session.end-others": "signed out all other browsers",
    "passkey.add": "added a passkey",
    "passkey.remove": "removed a passkey",
    "passkey.refuse": "was knocked for with a passkey that was refused",
    "identity.link": "can sign in elsewhere",
    "identity.unlink": "can no longer sign in elsewhere",
    "token.make": "made a token",
    "token.revoke": "revoked a token",
    "invitation.make": "invited somebody",
    "invitation.revoke": "revoked an invitation",
    "mail.failed": "a letter did not leave",
    "mail.stop": "let no letters go to an address",
    "mail.lift": "let letters go to an address again",
    "comment.remove": "took a comment away",
    "comment.restore": "put a comment back",
    "comment.keep": "let a comment stand that was reported",
    "claim.approved": "approved that somebody is an author",
    "claim.refused": "refused that somebody is an author",
    "claim.asked": "let a claim to be an author wait again",
    "claim.withdraw": "withdrew a claim to be an author",
    "pick": "picked a paper",
    "pick.move": "moved a paper among the picks",
    "pick.note": "said why a paper was picked",
    "unpick": "took a paper out of the picks",
}
_OBJECT = re.compile("(account|claim|comment|paper) ([0-9]{1,9})(?: on ([0-9]{4})([0-9]{2})([0-9]{2})(.*))?")


def words(event: Event) -> str:
    """What happened: ``changed their name``."""
    return _WORDS.get(event.act, event.act)


def objects(store: Store, events: Sequence[Event]) -> dict[str, str]:
    """What rows tell of, as it is called today: object -> ``“Lamps” on 2026-11-20``. What has gone is left out.

    Four questions to the store, however many rows there are.
    """
    found = {one.object: parts for one in events if (parts := _OBJECT.fullmatch(one.object))}
    numbers: dict[str, list[int]] = {"account": [], "claim": [], "comment": [], "paper": []}
    for parts in found.values():
        numbers[parts[1]].append(int(parts[2]))
    names = store.accounts.names(numbers["account"])
    claims = {one.id: one for one in store.claims.some(numbers["claim"])}
    comments = {one.id: one for one in store.comments.some(numbers["comment"])}
    pks = {*numbers["paper"], *(one.pk for one in claims.values()), *(one.pk for one in comments.values())}
    papers = store.get(sorted(pks))
    titles = {pk: f"“{paper.title}”" for pk, paper in papers.items()}

    def said(parts: re.Match[str]) -> str:
        kind, number = parts[1], int(parts[2])
        if kind == "account":
            return names.get(number, "")
        if kind == "paper":
            day = f" on {parts[3]}-{parts[4]}-{parts[5]}{parts[6]}" if parts[3] else ""
            return f"{titles[number]}{day}" if number in titles else ""
        if kind == "claim" and (claim := claims.get(number)):
            return f"{claim.name or 'somebody who is gone'} as {claim.author}, {titles.get(claim.pk, 'a paper')}"
        if kind == "comment" and (comment := comments.get(number)):
            return f"a comment by {comment.name or 'somebody who is gone'} on {titles.get(comment.pk, 'a paper')}"
        return ""

    return {object: words for object, parts in found.items() if (words := said(parts))}

"""The acts of the audit log, in words. A row that has none is shown by its own name."""

from broadsheet.store import Event

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
    "comment.remove": "took a comment away",
    "comment.restore": "put a comment back",
    "comment.keep": "let a comment stand that was reported",
    "claim.approved": "approved that somebody is an author",
    "claim.refused": "refused that somebody is an author",
    "claim.withdraw": "withdrew a claim to be an author",
    "pick": "picked a paper",
    "unpick": "took a paper out of the picks",
}


def words(event: Event) -> str:
    """What happened: ``changed their name``."""
    return _WORDS.get(event.act, event.act)

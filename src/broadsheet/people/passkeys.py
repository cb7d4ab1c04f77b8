"""Passkeys: a key pair in somebody's device, whose private half never leaves it (WebAuthn level 3).

The device says who it is, so that no name has to be typed; it asks for a finger, a face or a PIN each time. A challenge
is a ticket: it can be answered once, within five minutes.
"""

import json
import time
from importlib.util import find_spec
from typing import Any, NamedTuple

from broadsheet.errors import MissingExtra, Mistake
from broadsheet.people import keys
from broadsheet.people.rights import Reader
from broadsheet.store import Passkey, Store, Ticket
from broadsheet.text import clean

SECONDS = 300  # that a challenge can be answered
MOST = 20_000  # characters of a device's answer
_REFUSED = "this passkey was not taken; try again, or sign in by a letter"
_COPY = (
    "this passkey has not counted on since it was last used, so there may be a copy of it, and it was not taken; "
    "sign in by a letter, remove it, and add it again"
)


class Place(NamedTuple):
    """Where passkeys are for: the host (*id*), as browsers name it (*origin*), and its name for people."""

    id: str
    origin: str
    name: str


def available() -> bool:
    """Whether the library for them is installed (the extra `accounts`)."""
    return find_spec("webauthn") is not None


def _webauthn() -> Any:
    try:
        import webauthn
    except ModuleNotFoundError as error:
        raise MissingExtra("passkeys need a library: pip install 'broadsheet[accounts]'") from error
    return webauthn


def to_add(store: Store, reader: Reader, place: Place) -> str:
    """What a browser is told, as JSON, to make a passkey for *reader*."""
    webauthn = _webauthn()
    from webauthn.helpers import structs

    known = [
        structs.PublicKeyCredentialDescriptor(webauthn.base64url_to_bytes(one.id))
        for one in store.credentials.passkeys(reader.id)
    ]
    options = webauthn.generate_registration_options(
        rp_id=place.id, rp_name=place.name, user_name=reader.name, user_display_name=reader.name,
        user_id=_handle(store, reader.id), challenge=_challenge(store, reader.id), exclude_credentials=known,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
    )  # fmt: skip
    told: str = webauthn.options_to_json(options)
    return told


def add(store: Store, reader: Reader, answer: str, place: Place, name: str) -> None:
    """Keeps the passkey that a device has made. Raises Mistake."""
    webauthn = _webauthn()
    credential, challenge = _read(store, answer, reader.id)
    try:
        made = webauthn.verify_registration_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=place.id, expected_origin=place.origin,
            require_user_verification=True,
        )  # fmt: skip
    except _errors() as error:
        raise Mistake(_REFUSED) from error
    called, now = clean(name)[:60] or "a passkey", int(time.time())
    id = webauthn.helpers.bytes_to_base64url(made.credential_id)
    store.credentials.add_passkey(
        Passkey(id, reader.id, called, made.credential_public_key, made.sign_count, now, None)
    )


def to_enter(store: Store, place: Place) -> str:
    """What a browser is told, as JSON, to sign in with any passkey that it has for this place."""
    webauthn = _webauthn()
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=place.id, challenge=_challenge(store, None),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    told: str = webauthn.options_to_json(options)
    return told


def enter(store: Store, answer: str, place: Place) -> int:
    """The account whose device has answered. Raises Mistake; what was refused is in the audit log."""
    webauthn = _webauthn()
    credential, challenge = _read(store, answer, None)
    known = store.credentials.passkey(str(credential.get("id")))
    if known is None:
        raise Mistake("this passkey is not known here, or was removed; sign in by a letter")
    try:
        signed = webauthn.verify_authentication_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=place.id, expected_origin=place.origin,
            credential_public_key=known.public, credential_current_sign_count=0, require_user_verification=True,
        )  # fmt: skip
    except _errors() as error:
        store.audit.note(None, "passkey.refuse", f"account {known.account}", "no valid signature")
        raise Mistake(_REFUSED) from error
    if not store.credentials.passkey_used(known.id, signed.new_sign_count):
        store.audit.note(None, "passkey.refuse", f"account {known.account}", "it has not counted on")
        raise Mistake(_COPY)
    return known.account


def _challenge(store: Store, account: int | None) -> bytes:
    """A new challenge, kept as a ticket; its bytes are those of its text, so that one text finds it again."""
    key, now = keys.fresh(), int(time.time())
    store.entrances.issue(Ticket(keys.mark(key), "passkey", account, "", "", None, "", 1, now, now + SECONDS))
    return key.encode()


def _read(store: Store, answer: str, account: int | None) -> tuple[dict[str, Any], bytes]:
    """A device's answer, and the challenge that it answers, which is spent by that. Raises Mistake."""
    webauthn = _webauthn()
    try:
        if len(answer) > MOST:
            raise ValueError(len(answer))
        credential = json.loads(answer)
        told = json.loads(webauthn.base64url_to_bytes(credential["response"]["clientDataJSON"]))
        challenge = webauthn.base64url_to_bytes(told["challenge"])
        key = challenge.decode()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Mistake(_REFUSED) from error
    ticket = store.entrances.spend(keys.mark(key), "passkey")
    if ticket is None or ticket.account != account:
        raise Mistake("this was answered already, or too late; try again")
    return credential, challenge


def _errors() -> tuple[type[Exception], ...]:
    """What the library raises for an answer that is not right: its own error, and those of bytes that make no sense."""
    from webauthn.helpers.exceptions import WebAuthnException

    return (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError)


def _handle(store: Store, account: int) -> bytes:
    """How the device tells accounts apart: it says nothing about the account (WebAuthn level 3, section 14.6.1)."""
    return keys.sealed(keys.secret_of(store), "passkey", str(account)).encode()

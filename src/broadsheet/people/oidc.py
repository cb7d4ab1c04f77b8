"""Signing in with another provider (OpenID Connect Core 1.0): the authorization code flow with PKCE (RFC 7636).

State, nonce and verifier come from one random number: the first is itself, the others are sealed from it with the
library's own secret. It is a ticket that can be used once, and the browser that set out keeps it too. What the provider
says of somebody is believed when its signature, issuer, audience, time and nonce are right, and its address when it
says that it has proven it.
"""

import base64
import hashlib
import time
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote_plus, urlencode, urlsplit

from broadsheet.errors import MissingExtra, Mistake, WorldError
from broadsheet.people import addresses, keys
from broadsheet.people._asking import ask
from broadsheet.store import Store, Ticket
from broadsheet.text import clean

if TYPE_CHECKING:
    from broadsheet.settings import Settings

SECONDS = 600  # for signing in there
LEEWAY = 120  # seconds that two clocks may differ
FRESH = 3_600  # seconds for which what a provider says of itself is believed
# Signatures by a private key: none without, and none with a secret that we know too.
SIGNED = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
WELL_KNOWN = "/.well-known/openid-configuration"


class ProviderError(WorldError):
    """What a provider answered cannot be used; the text says why."""


class Provider(NamedTuple):
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorize: str
    token: str
    keys: str


class Person(NamedTuple):
    """Whom a provider has signed in. *email* is one that it has proven, or empty; *name* what it calls them."""

    issuer: str
    subject: str
    email: str
    name: str


def available(settings: "Settings") -> bool:
    """Whether there is a provider to sign in with."""
    return bool(settings.oidc_issuer and settings.oidc_client) and find_spec("joserfc") is not None


def label(settings: "Settings") -> str:
    """What its button says; empty where there is none."""
    if not available(settings):
        return ""
    return settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or settings.oidc_issuer


def begin(store: Store, settings: "Settings", back: str) -> tuple[str, str]:
    """(state, address to go to) for somebody who sets out; *back* is where they come back to. Raises ProviderError."""
    found, secret, state, now = provider(settings), keys.secret_of(store), keys.fresh(), int(time.time())
    verifier = keys.sealed(secret, "verifier", state)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    store.entrances.issue(Ticket(keys.mark(state), "oidc", None, "", "", None, "", 1, now, now + SECONDS))
    asked = {
        "response_type": "code", "client_id": settings.oidc_client, "redirect_uri": back,
        "scope": "openid email profile", "state": state, "nonce": keys.sealed(secret, "nonce", state),
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    return state, f"{found.authorize}{'&' if '?' in found.authorize else '?'}{urlencode(asked)}"


def finish(store: Store, settings: "Settings", state: str, code: str, back: str) -> Person:
    """Whom the provider has signed in. Raises Mistake for a state that was used, or is none, ProviderError."""
    if store.entrances.spend(keys.mark(state), "oidc") is None:
        raise Mistake("this was done already, or took too long; begin again")
    found, secret = provider(settings), keys.secret_of(store)
    given = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": back,
        "client_id": settings.oidc_client, "code_verifier": keys.sealed(secret, "verifier", state),
    }  # fmt: skip
    answer = ask(found.token, form=given, basic=_basic(settings))
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise ProviderError(f"{found.issuer} has not said who it is ({_said(answer)})")
    return _person(_claims(settings, found, token, keys.sealed(secret, "nonce", state)), found)


def provider(settings: "Settings") -> Provider:
    """What the provider of the settings says of itself; asked once an hour. Raises ProviderError, MissingExtra."""
    if find_spec("joserfc") is None:
        raise MissingExtra("signing in elsewhere needs a library: pip install 'broadsheet[accounts]'")
    return _provider(settings.oidc_issuer, int(time.time() // FRESH))


@lru_cache(maxsize=8)
def _provider(issuer: str, hour: int) -> Provider:
    told = ask(issuer.rstrip("/") + WELL_KNOWN)
    if told.get("issuer") != issuer:
        raise ProviderError(
            f"{issuer} calls itself {clean(str(told.get('issuer')))[:200]!r}; [people] oidc_issuer must be that"
        )
    found = [told.get(key) for key in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(isinstance(one, str) for one in found):
        raise ProviderError(f"{issuer} does not say where to sign in")
    return Provider(issuer, *map(str, found))


@lru_cache(maxsize=8)
def _keys(address: str, hour: int) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        return KeySet.import_key_set(ask(address))  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"{address} has no keys that can be read") from error


def _claims(settings: "Settings", found: Provider, token: str, nonce: str) -> dict[str, Any]:
    """What an id token claims, once all is checked (OpenID Connect Core 1.0, section 3.1.3.7)."""
    from joserfc import errors, jwt

    hour = int(time.time() // FRESH)
    try:
        try:
            read = jwt.decode(token, _keys(found.keys, hour), algorithms=SIGNED)
        except (errors.JoseError, ValueError):  # the provider may have new keys
            _keys.cache_clear()
            read = jwt.decode(token, _keys(found.keys, hour), algorithms=SIGNED)
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY, iss={"essential": True, "value": found.issuer}, sub={"essential": True},
            aud={"essential": True, "value": settings.oidc_client}, exp={"essential": True}, iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(read.claims)  # fmt: skip
    except (errors.JoseError, ValueError, TypeError) as error:
        raise ProviderError(f"what {found.issuer} says of you cannot be believed ({type(error).__name__})") from error
    claims = dict(read.claims)
    if "azp" in claims and claims["azp"] != settings.oidc_client:
        raise ProviderError(f"what {found.issuer} says of you is for somebody else")
    return claims


def _person(claims: dict[str, Any], found: Provider) -> Person:
    email = ""
    if claims.get("email_verified") is True and isinstance(claims.get("email"), str):
        try:
            email = addresses.address(claims["email"])
        except Mistake:  # one that our letters could not reach: it signs in all the same
            email = ""
    said = next((claims[key] for key in ("preferred_username", "nickname", "name") if claims.get(key)), "")
    return Person(found.issuer, str(claims["sub"])[:255], email, clean(str(said))[:200] or email.partition("@")[0])


def _basic(settings: "Settings") -> str:
    """The client's name and secret, as RFC 6749 (section 2.3.1) has them in a header; empty for a public client."""
    if not settings.oidc_secret:
        return ""
    pair = f"{quote_plus(settings.oidc_client)}:{quote_plus(settings.oidc_secret)}"
    return base64.b64encode(pair.encode()).decode()


def _said(answer: dict[str, Any]) -> str:
    return clean(str(answer.get("error_description") or answer.get("error") or "no id token"))[:200]

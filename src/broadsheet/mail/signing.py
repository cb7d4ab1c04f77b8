"""Letters that are signed by the domain that they are from: DKIM (RFC 6376), with RSA or Ed25519 (RFC 8463), by dkimpy.

A signature is over octets, so a letter is signed last and sent as it is then. Signed twice, as if there were one more
of each, are the headers that nobody may add to it; all that one-click unsubscribing needs are among them (RFC 8058).
"""

import base64
import re
from email.headerregistry import Address
from pathlib import Path
from typing import Any

from broadsheet.errors import MissingExtra, Mistake
from broadsheet.mail import write
from broadsheet.settings import Settings

SIGNED = (
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
    "Feedback-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
)  # fmt: skip
ALONE = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type")
# Each of these could be added with another meaning, and none is in a letter of ours.
NEVER = ("Reply-To", "Cc", "Sender")
SEED = 32  # bytes of an Ed25519 key
FEWEST = 1_024  # bits of an RSA key (RFC 8301, section 3.2)
_PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")  # what stands before the seed (RFC 8410)
_PEM = re.compile(rb"-----BEGIN (?:RSA )?PRIVATE KEY-----\s(.+?)-----END", re.DOTALL)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*", re.IGNORECASE)
_NAMES = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)
_TRIED = b"From: a@example.org\r\n\r\ntried\r\n"


class Signer:
    """A key, and where the other half of it is. Safe to share between threads."""

    def __init__(self, domain: str, selector: str, key: bytes, algorithm: str) -> None:
        self.domain, self.selector, self.algorithm = domain, selector, algorithm
        self._key = key
        self._dkim = _library()

    def sign(self, letter: bytes) -> bytes:
        """*letter*, its lines ended by CR LF, with its signature before it."""
        present = {name.lower() for name in _NAMES.findall(letter.partition(b"\r\n\r\n")[0])}
        named = [name.encode() for name in SIGNED if name.lower().encode() in present]
        named += [name.encode() for name in (*ALONE, *NEVER)]
        header: bytes = self._dkim.sign(
            letter, self.selector.encode(), self.domain.encode(), self._key, include_headers=named,
            signature_algorithm=self.algorithm.encode(), canonicalize=(b"relaxed", b"relaxed"),
        )  # fmt: skip
        return header + letter


def signer(settings: Settings) -> Signer | None:
    """Who signs by the settings; None where no key is set. Raises Mistake for a key that cannot sign."""
    if not settings.dkim_key:
        if settings.dkim_selector:
            raise Mistake("[mail] dkim_selector is set and dkim_key is not: give the file with the key, or neither")
        return None
    if not _LABEL.fullmatch(settings.dkim_selector):
        raise Mistake(
            f"[mail] dkim_selector is {settings.dkim_selector[:40]!r}; it is the name before ._domainkey in the DNS, "
            "such as papers2026"
        )
    if not settings.sender:
        raise Mistake("[mail] sender: give the address that letters are from; its domain signs them")
    author: Address = write.mailbox(settings.sender)
    path = settings.home / Path(settings.dkim_key).expanduser()
    key, algorithm = _read(path)
    made, dkim = Signer(author.domain, settings.dkim_selector, key, algorithm), _library()
    try:
        made.sign(_TRIED)
        bits = dkim.parse_pem_private_key(key)["modulus"].bit_length() if algorithm == "rsa-sha256" else FEWEST
    except (dkim.DKIMException, ValueError, ArithmeticError, IndexError) as error:
        raise _unusable(path, str(error) or type(error).__name__) from error
    if bits < FEWEST:
        raise _unusable(path, f"{bits} bits; receivers believe {FEWEST} and more")
    return made


def _read(path: Path) -> tuple[bytes, str]:
    """The key as dkimpy wants it, and its algorithm. Raises Mistake."""
    try:
        data = path.read_bytes()[:100_000].replace(b"\r\n", b"\n").strip()
    except OSError as error:
        raise Mistake(f"[mail] dkim_key: {path} cannot be read ({error.strerror or error})") from error
    pem = _PEM.match(data)
    try:
        octets = base64.b64decode(pem[1] if pem else data, validate=pem is None)
    except ValueError as error:
        raise _unusable(path, "it is neither PEM nor base64") from error
    if octets.startswith(_PKCS8_ED25519):
        octets = octets[len(_PKCS8_ED25519) :]
    if len(octets) == SEED:
        return base64.b64encode(octets), "ed25519-sha256"
    if pem:
        return data + b"\n", "rsa-sha256"
    raise _unusable(path, "it has no private key")


def _unusable(path: Path, why: str) -> Mistake:
    return Mistake(
        f"[mail] dkim_key: {path} cannot sign ({why.splitlines()[0].rstrip(':')}); it holds a private key without a "
        "password, such as `openssl genrsa -out dkim.pem 2048` writes"
    )


def _library() -> Any:
    try:
        import dkim
    except ImportError as error:
        raise MissingExtra("signing letters needs a library: pip install 'broadsheet[dkim]'") from error
    return dkim

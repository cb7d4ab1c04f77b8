"""Signed letters: what a receiver finds true of them, what may not be changed or added, and keys that are none."""

import base64
from collections.abc import Mapping
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import smtp_server
from broadsheet.editions.letters import octets
from broadsheet.errors import Mistake
from broadsheet.mail import compose, signing, write
from broadsheet.mail.send import Post
from broadsheet.settings import Settings
from edition_made import headers, item, sheet
from smtp_server import PASSWORD, USER, running

SENDER = "The Papers <papers@example.org>"
PLAIN = form.NoEncryption()
Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@pytest.fixture(scope="module")
def keys() -> Mapping[str, Key]:
    return {
        "rsa": rsa.generate_private_key(65_537, 2_048),
        "short": rsa.generate_private_key(65_537, 1_024),
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
        "ec": ec.generate_private_key(ec.SECP256R1()),
    }


def pem(key: Key, shape: form.PrivateFormat = form.PrivateFormat.PKCS8) -> bytes:
    return key.private_bytes(form.Encoding.PEM, shape, PLAIN)


def raw(key: Key) -> bytes:
    """As dknewkey, which comes with dkimpy, writes an Ed25519 key."""
    return base64.b64encode(key.private_bytes(form.Encoding.Raw, form.PrivateFormat.Raw, PLAIN)) + b"\n"


def record(key: Key) -> bytes:
    """What the owner puts into the DNS."""
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        octets = public.public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(octets)
    octets = public.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(octets)


def settings(home: Path, data: bytes, **more: object) -> Settings:
    (home / "dkim.pem").write_bytes(data)
    values = {"dkim_key": "dkim.pem", "dkim_selector": "papers2026", "sender": SENDER, **more}
    return Settings(home, **values)  # type: ignore[arg-type]


def signed(home: Path, data: bytes, to: str = "ada@example.org", **more: object) -> bytes:
    signer = signing.signer(settings(home, data, **more))
    assert signer is not None
    what = sheet([item(title="Zoë’s velvet"), item()])
    message = compose.compose(what, to, str(more.get("sender", SENDER)), headers(mailto="letters@example.org"))
    return signer.sign(octets(message))


def holds(letter: bytes, key: Key, asked: list[bytes] | None = None) -> bool:
    """Whether a receiver who asks the DNS finds the signature to be true."""

    def answer(name: bytes, timeout: int = 5) -> bytes:
        (asked if asked is not None else []).append(name)
        return record(key)

    found: bool = dkim.verify(letter, dnsfunc=answer)
    return found


SHAPES = ["rsa", "rsa of PKCS 1", "ed25519", "ed25519 of dknewkey", "with line ends of Windows"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_signature_is_true(tmp_path: Path, keys: Mapping[str, Key], shape: str) -> None:
    data = {
        "rsa": pem(keys["rsa"]), "rsa of PKCS 1": pem(keys["rsa"], form.PrivateFormat.TraditionalOpenSSL),
        "ed25519": pem(keys["ed25519"]), "ed25519 of dknewkey": raw(keys["ed25519"]),
        "with line ends of Windows": pem(keys["rsa"]).replace(b"\n", b"\r\n"),
    }[shape]  # fmt: skip
    key = keys["ed25519" if shape.startswith("ed") else "rsa"]
    letter, asked = signed(tmp_path, data), list[bytes]()
    assert holds(letter, key, asked)
    assert asked == [b"papers2026._domainkey.example.org."]
    head, _, _ = letter.partition(b"\r\n\r\n")
    rest = head.split(b"\r\nFrom:")[1]
    assert b"\r\n " not in rest  # no other header is folded
    assert b"\r\n\t" not in rest


def test_what_a_server_on_the_way_may_do(tmp_path: Path, keys: Mapping[str, Key]) -> None:
    letter = signed(tmp_path, pem(keys["rsa"]))
    assert holds(b"Received: from a by b; Fri, 20 Nov 2026 07:00:00 +0100\r\n" + letter, keys["rsa"])
    folded = letter.replace(b"<https://papers.example.org/u/1.cccc>, ", b"<https://papers.example.org/u/1.cccc>,\r\n ")
    assert folded != letter
    assert holds(folded, keys["rsa"])


def test_a_signature_is_true_at_the_other_end(
    tmp_path: Path, keys: Mapping[str, Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = smtp_server.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with running(certificate, auth=True) as there:
        smtp = f"smtp://{USER}@localhost:{there.port}"
        config = settings(tmp_path, pem(keys["rsa"]), smtp=smtp, smtp_password=PASSWORD)
        post = Post(config, pytest.fail)
        given = {"site": "Bücher", "name": "Ada", "link": "https://papers.example.org/x", "minutes": 15}
        post.send(write.letter("sign-in", "ada@example.org", SENDER, home=None, **given))
        post.settle()
        arrived = there.box.letters[0].as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert b"Sign in to B=C3=BCcher" in arrived.replace(b"=\r\n", b"")
    assert holds(arrived, keys["rsa"])
    assert not holds(arrived.replace(b"papers.example.org/x", b"papers.example.net/x"), keys["rsa"])


CHANGED = [
    (b"Subject: ", b"Subject: Win "), (b"To: ada@", b"To: eve@"), (b"/u/1.cccc>", b"/u/1.dddd>"),
    (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"), (b"<20261120.1.x@", b"<20261120.2.x@"),
    (b"Date: Fri, 20", b"Date: Sat, 21"), (b"List-Id: ", b"List-Id: x"), (b"Velvet tides", b"Velvet teeth"),
    (b"Feedback-ID: 2", b"Feedback-ID: 3"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), CHANGED)
def test_what_nobody_may_change(tmp_path: Path, keys: Mapping[str, Key], old: bytes, new: bytes) -> None:
    letter = signed(tmp_path, pem(keys["rsa"]))
    assert letter.count(old) >= 1
    assert not holds(letter.replace(old, new), keys["rsa"])


@pytest.mark.parametrize("added", [*signing.ALONE, *signing.NEVER])
def test_what_nobody_may_add(tmp_path: Path, keys: Mapping[str, Key], added: str) -> None:
    letter = signed(tmp_path, pem(keys["rsa"]))
    assert not holds(f"{added}: eve@example.net\r\n".encode() + letter, keys["rsa"])


def test_a_letter_with_letters_of_all_scripts(tmp_path: Path, keys: Mapping[str, Key]) -> None:
    letter = signed(tmp_path, pem(keys["rsa"]), to="用户@example.org", sender="Zoë <papers@bücher.example>")
    asked: list[bytes] = []
    assert "用户@example.org".encode() in letter
    assert holds(letter, keys["rsa"], asked)
    assert asked == [b"papers2026._domainkey.xn--bcher-kva.example."]


def test_no_key_no_signature(tmp_path: Path) -> None:
    assert signing.signer(Settings(tmp_path, sender=SENDER)) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no private key"),
        (b"not a key", "neither PEM nor base64"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot sign"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "neither PEM nor base64"),
        (base64.b64encode(b"x" * 31), "no private key"),
        (b"\xff\xfe\x00" * 100, "neither PEM nor base64"),
    ],
)
def test_a_key_that_is_none_is_refused_with_a_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(Mistake, match=rf"\[mail\] dkim_key: .*{said}"):
        signing.signer(settings(tmp_path, data))


def test_keys_that_receivers_would_not_believe(
    tmp_path: Path, keys: Mapping[str, Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert signing.signer(settings(tmp_path, pem(keys["short"]))) is not None
    with pytest.raises(Mistake, match="cannot sign"):
        signing.signer(settings(tmp_path, pem(keys["ec"])))
    locked = keys["rsa"].private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"x"))
    with pytest.raises(Mistake, match="without a password"):
        signing.signer(settings(tmp_path, locked))
    monkeypatch.setattr(signing, "FEWEST", 2_048)  # shorter ones than 1,024 bits no program makes any more
    with pytest.raises(Mistake, match=r"1024 bits; receivers believe 2048"):
        signing.signer(settings(tmp_path, pem(keys["short"])))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dkim_selector": ""}, "dkim_selector is ''"),
        ({"dkim_selector": "a b"}, "dkim_selector is 'a b'"),
        ({"dkim_selector": "x\r\nBcc: y"}, "dkim_selector"),
        ({"sender": ""}, "sender"),
        ({"dkim_key": "elsewhere.pem"}, r"elsewhere.pem cannot be read \(No such file"),
        ({"dkim_key": ""}, "dkim_selector is set and dkim_key is not"),
    ],
)
def test_settings_that_do_not_fit(
    tmp_path: Path, keys: Mapping[str, Key], changes: dict[str, object], said: str
) -> None:
    with pytest.raises(Mistake, match=said):
        signing.signer(settings(tmp_path, pem(keys["rsa"]), **changes))

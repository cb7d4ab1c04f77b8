"""A small OpenID Connect provider on loopback, which signs with a real key, and lies when it is told to."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "library", "a client's secret"


@dataclass
class Provider:
    """What it knows, and what it does wrong.

    person   the claims of whoever signs in there
    changed  claims that are said otherwise; None takes one out
    signed   how an id token is made of its claims, in place of honestly
    """

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    signed: Callable[[dict[str, Any]], str] | None = None
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def sign_in(self, address: str) -> dict[str, str]:
        """What somebody's browser brings back who signs in at *address*: the code and the state."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert set(asked["scope"].split()) >= {"openid", "email"}
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        pair = base64.b64encode(b"library:a+client%27s+secret").decode()
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if authorization != f"Basic {pair}":
            return 401, {"error": "invalid_client"}
        if asked is None or _packed(verifier) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= {**self.person, **self.changed}
        claims = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": (self.signed or self.honest)(claims)}

    def honest(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def forged(self, claims: dict[str, Any]) -> str:
        """Signed by somebody else's key of the same name."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048, {"kid": "one"}))

    def unsigned(self, claims: dict[str, Any]) -> str:
        """`alg: none`: no signature at all."""
        return ".".join(_packed(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)) + "."

    def confused(self, claims: dict[str, Any]) -> str:
        """Signed with the public key as if it were a secret that both know."""
        head = ".".join(_packed(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "one"}, claims))
        return f"{head}.{_packed(hmac.digest(self.key.as_pem(private=False), head.encode(), 'sha256'))}"

    def changed_after(self, claims: dict[str, Any]) -> str:
        """Signed honestly, and then about somebody else."""
        head, _, tail = self.honest(claims).split(".")
        return f"{head}.{_packed(json.dumps({**claims, 'sub': 'the boss'}).encode())}.{tail}"


def _packed(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            if self.path == "/.well-known/openid-configuration":
                root = provider.issuer
                ends = {
                    name: f"{root}/{name.partition('_')[0]}" for name in ("authorization_endpoint", "token_endpoint")
                }
                self.answer(200, {"issuer": root, "jwks_uri": f"{root}/keys", **ends})
            elif self.path == "/keys":
                self.answer(200, KeySet([provider.key]).as_dict(private=False))
            else:
                self.answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.answer(*provider.token(dict(parse_qsl(body)), self.headers.get("authorization", "")))

        def answer(self, status: int, body: Any) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

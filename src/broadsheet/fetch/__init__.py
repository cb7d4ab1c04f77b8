"""The one way to the network: polite, bounded, safe. Every request of every source goes through a `Client`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from broadsheet.errors import WorldError


class FetchError(WorldError):
    """No answer that can be used. *status* is HTTP's, None without one; *retry_at* (epoch seconds) when to try again,
    0.0 when trying again cannot help."""

    def __init__(self, sentence: str, *, status: int | None = None, retry_at: float = 0.0) -> None:
        super().__init__(sentence)
        self.status, self.retry_at = status, retry_at


class Answer(NamedTuple):
    """One answer: the address it came from after redirects, HTTP's status, headers (names in lower case), its bytes,
    when it was made (ISO 8601, UTC), and whether the bytes are the same as at the last request."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    at: str
    unchanged: bool


class Client:
    """See `get`."""

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        cap: int = 64 << 20,
        fresh: float = 0.0,
    ) -> Answer:
        raise NotImplementedError

    def post(self, url: str, *, json: Any, headers: Mapping[str, str] | None = None, cap: int = 64 << 20) -> Answer:
        raise NotImplementedError

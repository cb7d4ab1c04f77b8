"""What can go wrong on the way to a service and back."""

from broadsheet.errors import WorldError


class FetchError(WorldError):
    """No answer that can be used. *status* is HTTP's, None without one; *retry_at* (epoch seconds) when to try again,
    0.0 when trying again as it is cannot help."""

    def __init__(self, sentence: str, *, status: int | None = None, retry_at: float = 0.0) -> None:
        super().__init__(sentence)
        self.status, self.retry_at = status, retry_at


class Spent(FetchError):
    """The job has sent as many requests as it may; this one was not sent."""


class Stopped(FetchError):
    """The program is ending: whoever waits for a turn or an answer waits no longer."""

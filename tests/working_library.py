"""A library whose readers get mail, with settings in its file so that the program itself can be run on it."""

import time
from collections.abc import Callable
from email.message import Message
from pathlib import Path

import daily_library
from broadsheet.library import Library, open_library
from broadsheet.store import Schedule, Subscriber, Wish
from smtp_server import PASSWORD, USER

DAY, HOUR = 86_400, 3600
SENDER = "Papers <papers@example.org>"
TOML = """\
encoder = {encoder}

[web]
address = "https://papers.example.org"

[mail]
sender = "{sender}"
per_minute = 0
{smtp}"""


def seven(days: int = 0) -> int:
    """Seven o'clock UTC of today, which is the day of the newest papers; or of another day."""
    return int(time.time()) // DAY * DAY + 7 * HOUR + days * DAY


def make(folder: Path, port: int = 0) -> Library:
    """A library with papers of today, which sends to localhost:*port*; into its outbox without one."""
    daily_library.make(folder).close()
    home = folder / "library"
    configure(home, port)
    return opened(home)


def configure(home: Path, port: int = 0, more: str = "") -> None:
    smtp = f'smtp = "smtp://{USER}@localhost:{port}"\nsmtp_password = "{PASSWORD}"\n' if port else ""
    encoder = f'"{home.parent / "tiny"}"'
    (home / "broadsheet.toml").write_text(TOML.format(encoder=encoder, sender=SENDER, smtp=smtp) + more)


def opened(home: Path) -> Library:
    return open_library(home, env={})


def subscribe(library: Library, name: str, at: int | None = None, **plan: object) -> Subscriber:
    """Somebody at example.org who reads cs.IR every day at seven, since a month."""
    schedule = Schedule()._replace(**plan)  # type: ignore[arg-type]  # of many kinds
    since = seven() - 30 * DAY if at is None else at
    return library.store.subscribers.put(f"{name}@example.org", None, schedule, [Wish("topic", "cs.IR")], since)


def states(library: Library, one: Subscriber) -> dict[int, str]:
    """day -> state of every edition."""
    return {row.day: row.state for row in library.store.editions.of(one.id)}


def day(moment: int) -> int:
    """The day of UTC, yyyymmdd."""
    return int(time.strftime("%Y%m%d", time.gmtime(moment)))


def titles(letter: Message) -> set[str]:
    """The papers that a letter names, by their names in `daily_library`."""
    text = next(body.decode() for part in letter.walk() if isinstance(body := part.get_payload(decode=True), bytes))
    return {word.strip(".,:;”“") for word in text.split() if word.startswith(("today", "back", "late"))}


def until(reached: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits for something that another thread or process does."""
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)

"""digest preview, send and status, and mail test, at the shell; --json is what programs count on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

import smtp_server
from broadsheet.library import Library
from broadsheet.work import alone
from shell import broadsheet
from smtp_server import Paper
from working_library import DAY, configure, day, make, states, subscribe


@contextmanager
def made(folder: Path) -> Iterator[Library]:
    """A library that writes into its outbox, with two readers whose hour is in twelve hours."""
    with make(folder) as library:
        now = int(time.time())
        for name in ("ada", "bob"):
            subscribe(library, name, now - 60, minute=(now + DAY // 2) % DAY // 60)
        yield library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One that nothing is sent from."""
    with made(tmp_path_factory.mktemp("digest")) as library:
        yield library


def letters(library: Library) -> list[str]:
    """To whom the letters in the outbox are."""
    found = sorted((library.home / "outbox").glob("*.eml"))
    return sorted(str(message_from_bytes(file.read_bytes(), policy=policy.default)["To"]) for file in found)


def today() -> int:
    return day(int(time.time()))


def iso(number: int) -> str:
    return f"{number // 10_000:04}-{number // 100 % 100:02}-{number % 100:02}"


# -- preview -----------------------------------------------------------------------------------------------------------


def test_a_preview_as_text_and_nothing_is_kept_of_it(library: Library) -> None:
    said = broadsheet(library.home, "digest", "preview", "--reader", "Ada@Example.org")
    head, _, body = said.out.partition("\n\n")
    assert head.startswith("To: ada@example.org\nSubject: ")
    assert "cs.IR" in body
    assert "https://papers.example.org/subscription/" in body
    assert library.store.editions.per_day(0) == {}
    assert not letters(library)


def test_a_preview_as_a_file_and_for_programs(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "next.eml"
    broadsheet(library.home, "digest", "preview", "--reader", "ada@example.org", "--eml", file)
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    found = broadsheet(library.home, "digest", "preview", "--reader", "ada@example.org", "--json").json
    assert set(found) == {"reader", "day", "subject", "minutes", "looked", "notes", "sections", "bytes"}
    assert found["subject"] == letter["Subject"]
    assert found["day"] == iso(today())
    papers = [paper for section in found["sections"] for paper in section["papers"]]
    assert papers
    assert all(set(paper) == {"title", "why", "link"} and paper["why"] for paper in papers)
    html = letter.get_body(("html",))
    assert html is not None
    assert papers[0]["link"] in html.get_content()
    wrong = broadsheet(library.home, "digest", "preview", "--reader", "ada@example.org", "--eml", tmp_path, code=2)
    assert "is a directory" in wrong.err


def test_a_preview_of_whom(library: Library) -> None:
    assert "Say it with --reader EMAIL" in broadsheet(library.home, "digest", "preview", code=2).err
    nobody = broadsheet(library.home, "digest", "preview", "--reader", "eve@example.org", code=2)
    assert "eve@example.org gets nothing here" in nobody.err


# -- send and status ---------------------------------------------------------------------------------------------------


def test_sending_now_and_what_became_of_it(tmp_path: Path) -> None:
    with made(tmp_path) as library:
        _sent_now(library)


def _sent_now(library: Library) -> None:
    ada, bob = (library.store.subscribers.by_email(f"{name}@example.org") for name in ("ada", "bob"))
    assert ada is not None
    assert bob is not None
    dry = broadsheet(library.home, "digest", "send", "--now", "--dry-run", "--json").json
    assert [row["reader"] for row in dry["due"]] == ["ada@example.org", "bob@example.org"]
    assert library.store.editions.per_day(0) == {}
    nothing = broadsheet(library.home, "digest", "send", "--json").json  # no hour has come
    assert nothing == {"due": 0, "made": {}, "sent": {}, "stopped": "", "by": ""}
    said = broadsheet(library.home, "digest", "send", "--now", "--reader", "ada@example.org")
    assert "Made: 1 made. Sent: 1 sent." in said.err
    assert "written into the outbox as" in said.err
    assert letters(library) == ["ada@example.org"]
    assert states(library, ada) == {today(): "sent"}
    with alone(library):  # as while `broadsheet work` runs, which sends by itself
        handed = broadsheet(library.home, "digest", "send", "--now", "--json").json
    assert (handed["made"], handed["by"]) == ({"made": 1, "skipped": 0, "withheld": 0}, "work")
    assert states(library, bob) == {today(): "ready"}
    again = broadsheet(library.home, "digest", "send", "--now", "--json").json
    assert (again["made"].get("made", 0), again["sent"]) == (0, {"sent": 1})
    assert letters(library) == ["ada@example.org", "bob@example.org"]

    days = broadsheet(library.home, "digest", "status", "--json").json
    assert days["days"] == [{"day": iso(today()), "sent": 2}]
    assert not days["at_work"]
    shown = broadsheet(library.home, "digest", "status")
    assert iso(today()) in shown.out
    assert "Nothing has been at work yet" in shown.err
    one = broadsheet(library.home, "digest", "status", "ada@example.org", "--json").json
    assert one["status"].startswith("the edition of ")
    assert [(row["day"], row["state"]) for row in one["editions"]] == [(iso(today()), "sent")]
    line = broadsheet(library.home, "digest", "status", "--reader", "eve@example.org").err
    assert line.startswith("This address has never asked for anything here")


# -- mail test ---------------------------------------------------------------------------------------------------------


def test_a_test_letter(library: Library, tmp_path: Path) -> None:
    none = broadsheet(library.home, "mail", "test", "ada@example.org", code=2)
    assert "no mail server is set" in none.err
    paper: Paper = smtp_server.certificate(tmp_path)
    try:
        with smtp_server.running(paper, auth=True) as post:
            configure(library.home, post.port)
            said = broadsheet(library.home, "mail", "test", "Ada@Example.org", SSL_CERT_FILE=str(paper.file))
            (letter,) = post.box.letters
        assert [line.split()[:2] for line in said.out.splitlines()] == [
            ["ok", step] for step in ("name", "connection", "encryption", "sign-in", "sender", "reader", "letter")
        ]
        assert (letter["To"], letter["Subject"]) == ("ada@example.org", "A test of the mail of Broadsheet")
        failed = broadsheet(library.home, "mail", "test", "ada@example.org", "--json", code=1).json
        assert not failed["ok"]
        assert failed["steps"][-1]["step"] == "connection"
        assert failed["steps"][-1]["hint"]
    finally:
        configure(library.home)

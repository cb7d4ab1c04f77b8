"""The ways by which it comes back: a mailbox at a real IMAP server, a mail server that pipes it, files."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import shell
import smtp_server
from broadsheet.editions import letters, returns, sending
from broadsheet.library import Library
from broadsheet.mail import mailbox
from broadsheet.mail.mailbox import Mailbox
from broadsheet.mail.server import MailError
from imap_server import PASSWORD, Box, Running
from returned_library import (
    FROM,
    HOUR,
    RETURNS,
    back,
    edition,
    envelope,
    key,
    reader,
    state,
    suppressed,
    unsubscribe,
)
from returned_mail import plain, report
from sending_library import HASTE, NOW, opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with opened(tmp_path / "home", sender=FROM, returns=RETURNS) as made:
        yield made


# -- from a mailbox ----------------------------------------------------------------------------------------------------


@pytest.fixture
def box(dovecot: Running, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.paper.file))
    return dovecot.someone()


def with_mailbox(home: Path, box: Box, *, smtp: str = "", imap_done: str = "") -> Library:
    imap = f"imap://{box.user}@localhost:{box.server.starttls}/INBOX"
    return opened(
        home, sender=FROM, returns=RETURNS, imap=imap, imap_password=PASSWORD, smtp=smtp, imap_done=imap_done,
        address="https://papers.example.org",
    )  # fmt: skip


@pytest.mark.dovecot
def test_a_mailbox_is_read_once_and_one_bad_message_stops_nothing(tmp_path: Path, box: Box) -> None:
    with with_mailbox(tmp_path / "home", box, imap_done="Done") as library:
        ada, ben = reader(library), reader(library, "ben@example.net")
        one = edition(library, ada)
        box.put(
            b"\r\n\r\n", back(library, one), b"From: x\r\n\r\n", plain("", to=unsubscribe(library, ben)),
            back(library, one),
        )  # fmt: skip
        said = returns.read(library, NOW)
        assert said == "1 unreadable, 1 did not arrive, 1 about nobody here, 1 unsubscribed, 1 known already"
        assert (box.holds(), box.holds("Done")) == (0, 5)
        assert (suppressed(library), state(library, one)) == ("bounce", "bounced")
        assert returns.read(library, NOW) == ""
        box.put(report(number="<late@mx>"))
        where = mailbox.place(library.settings)
        assert where is not None
        found = returns.collect(library, where, NOW)
        assert found.counts == {"unknown": 1}
        assert found.unknown == [
            "the key in its address is forged, or its subscription has moved or gone; 5.1.1 550 5.1.1 <…>: user unknown"
        ]


class Dropping(Mailbox):
    """A mailbox at a server that ends the connection whenever some message is read."""

    box: Box
    bad: frozenset[int] = frozenset()
    times = 99

    def message(self, uid: int) -> bytes | None:
        if uid in self.bad and Dropping.times > 0:
            Dropping.times -= 1
            self.box.server.drop()
        return super().message(uid)


@pytest.mark.dovecot
@pytest.mark.parametrize("times", [1, 99])
def test_a_connection_that_ends_is_made_anew(
    tmp_path: Path, box: Box, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(returns, "Mailbox", Dropping)
    Dropping.box, Dropping.bad, Dropping.times = box, frozenset({2}), times
    with with_mailbox(tmp_path / "home", box) as library:
        one = edition(library, reader(library))
        box.put(plain("one"), back(library, one), plain("three", to="x@y.org"))
        where = mailbox.place(library.settings)
        assert where is not None
        found = returns.collect(library, where, NOW)
        if times == 1:
            assert found.counts == {"unknown": 2, "bounce": 1}
            assert box.holds(which="UNSEEN") == 0
        else:
            assert found.counts == {"unknown": 2, "unreadable": 1}
            assert "message 2 of the mailbox: the connection ends whenever it is read" in found.unknown
            assert box.holds(which="UNSEEN") == 1, "the owner can look at it"
        assert returns.collect(library, where, NOW).counts == {}


@pytest.mark.dovecot
def test_a_mailbox_that_is_away_is_told(tmp_path: Path, box: Box) -> None:
    away = with_mailbox(tmp_path / "home", box._replace(server=box.server._replace(starttls=1)))
    with away as library, pytest.raises(MailError, match="the mailbox at localhost:1 does not answer"):
        returns.read(library, NOW)


@pytest.mark.dovecot
def test_the_whole_way_to_a_server_and_back(tmp_path: Path, box: Box) -> None:
    """A letter is sent; the server reports to its envelope that nobody is there; the report is read, and applied."""
    with (
        smtp_server.running(box.server.paper) as server,
        with_mailbox(tmp_path / "home", box, smtp=f"smtp://localhost:{server.port}") as library,
    ):
        one = edition(library, reader(library), state="ready")
        sending.send(library, NOW, letters.Press(library), patience=HASTE)
        (taken,) = server.box.letters
        assert state(library, one) == "sent"
        assert str(taken["List-Unsubscribe"]).endswith(f"<mailto:{unsubscribe(library, reader(library))}>")
        head = "".join(f"{name}: {value}\n" for name, value in taken.items())
        box.put(report(to=str(taken["X-MailFrom"]), returned=head))
        assert returns.read(library, NOW + HOUR) == "1 did not arrive"
        assert (state(library, one), suppressed(library)) == ("bounced", "bounce")


# -- from a mail server ------------------------------------------------------------------------------------------------


def piped(home: Path, data: bytes, *words: str, code: int = 0, **env: str) -> str:
    """What is said to a mail server that pipes *data*; nothing is on standard output."""
    done = subprocess.run(
        [*shell.PROGRAM, "digest", "returned", *words], input=data, capture_output=True, check=False, timeout=60,
        env=shell.environment(home, BROADSHEET_SENDER=FROM, BROADSHEET_RETURNS=RETURNS, **env),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, b""), done.stderr
    return done.stderr.decode()


def test_a_mail_server_hands_over_what_came_back(library: Library) -> None:
    home, one = library.home, edition(library, reader(library))
    hidden = back(library, one).replace(key(library, one).encode(), b"hidden")
    said = piped(home, hidden, ORIGINAL_RECIPIENT=envelope(library, one).upper())
    assert said == "bounce: 5.1.1 550 5.1.1 no; the address gets no more letters\n"
    assert suppressed(library) == "bounce"
    assert "known: this message" in piped(home, hidden, "--to", envelope(library, one))
    assert "this is no message" in piped(home, b""), "and the server sends nothing back"


def test_what_cannot_be_kept_now_is_asked_for_again(tmp_path: Path) -> None:
    assert "no library" in piped(tmp_path / "nowhere", report(), code=75)


def test_files(library: Library, tmp_path: Path) -> None:
    one = edition(library, reader(library))
    file = tmp_path / "bounce.eml"
    file.write_bytes(back(library, one))
    said = shell.broadsheet(
        library.home, "digest", "returned", file, "--json", BROADSHEET_SENDER=FROM, BROADSHEET_RETURNS=RETURNS
    )
    (told,) = said.json["messages"]
    assert (told["kind"], told["edition"], told["suppressed"]) == ("bounce", one.id, True)
    assert "give the mailbox" in shell.broadsheet(library.home, "digest", "returned", "--imap", code=2).err
    assert "either --imap" in shell.broadsheet(library.home, "digest", "returned", "--imap", file, code=2).err


@pytest.mark.dovecot
def test_a_mailbox_on_the_command_line(tmp_path: Path, box: Box) -> None:
    with with_mailbox(tmp_path / "home", box) as library:
        one = edition(library, reader(library))
        box.put(back(library, one))
        config = library.settings
        (library.home / "broadsheet.toml").write_text(
            f'[mail]\nsender = "{FROM}"\nreturns = "{RETURNS}"\nimap = "{config.imap}"\nimap_password = "{PASSWORD}"\n',
            "utf-8",
        )
        said = shell.broadsheet(library.home, "digest", "returned", "--imap", "--json")
        assert (said.json, said.err) == ({"counts": {"bounce": 1}, "unknown": []}, "1 did not arrive\n")
        assert "Nothing new came back." in shell.broadsheet(library.home, "digest", "returned", "--imap").err

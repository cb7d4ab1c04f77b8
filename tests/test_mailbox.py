"""A mailbox is read, at a real IMAP server: what is new, once, over TLS or not at all, and nothing is deleted."""

import imaplib
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from broadsheet.errors import Mistake
from broadsheet.mail.mailbox import MOST, Mailbox, Place, Seen, place
from broadsheet.mail.server import MailError
from broadsheet.settings import Settings
from imap_server import PASSWORD, Box, Running

pytestmark = pytest.mark.dovecot


@pytest.fixture
def box(dovecot: Running, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.paper.file))
    return dovecot.someone()


def where(box: Box, **more: object) -> Place:
    made = Place("localhost", box.server.starttls, "starttls", box.user, PASSWORD, "INBOX", "")
    return made._replace(**more)  # type: ignore[arg-type]


def message(text: str) -> bytes:
    return f"From: a@example.org\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()


def test_what_is_new_is_read_and_marked(box: Box) -> None:
    box.put(message("one"), message("two"))
    with Mailbox(where(box)) as opened:
        first, second = opened.new(None)
        assert opened.message(first) == message("one")
        assert box.holds(which="UNSEEN") == 2, "looking at it is not reading it"
        assert opened.finish(first)
        assert opened.message(999) is None
    assert box.holds(which="UNSEEN") == 1
    with Mailbox(where(box)) as opened:
        assert opened.new(None) == [second]
    assert box.holds() == 2


def test_by_their_numbers_as_long_as_those_hold(box: Box) -> None:
    box.anew("Back")
    here = where(box, folder="Back")
    box.put(message("one"), message("two"), folder="Back")
    with Mailbox(here) as opened:
        first, second = opened.new(None)
        seen = Seen(opened.validity, second)
        assert opened.validity > 0
        assert opened.new(seen) == [], "the last message is not new for ever"
        assert opened.new(seen._replace(uid=first)) == [second]
        assert opened.new(seen._replace(validity=seen.validity + 1)) == [first, second]
    box.put(message("three"), folder="Back")
    with box.session() as other:  # the owner has looked at it: it is new to us all the same
        other.select("Back")
        other.fetch("3", "(RFC822)")
    with Mailbox(here) as opened:
        (third,) = opened.new(seen)
        assert opened.message(third) == message("three")
    box.anew("Back")
    box.put(message("four"), folder="Back")
    with Mailbox(here) as opened:
        (fourth,) = opened.new(seen)
        assert opened.message(fourth) == message("four")


@pytest.mark.parametrize("can_move", [True, False])
def test_what_was_read_is_moved_where_the_owner_wants_it(box: Box, can_move: bool) -> None:
    box.put(message("one"), message("two"))
    with Mailbox(where(box, done="Done")) as opened:
        if not can_move:
            opened._can -= {b"MOVE"}
        first, _ = opened.new(None)
        assert opened.finish(first)
    assert box.holds("Done") == 1
    assert box.holds() == (1 if can_move else 2), "nothing is deleted"
    assert box.holds(which="UNSEEN") == 1


def test_over_tls_from_the_first_byte(box: Box) -> None:
    box.put(message("one"))
    with Mailbox(where(box, port=box.server.tls, security="tls")) as opened:
        assert len(opened.new(None)) == 1


def test_in_the_clear_only_when_the_owner_says_so(box: Box) -> None:
    with Mailbox(where(box, security="none")) as opened:
        assert opened.new(None) == []


def test_a_message_is_read_from_its_beginning(box: Box) -> None:
    box.put(message("x" * 50) + b"y" * (MOST + 100))
    with Mailbox(where(box)) as opened:
        (uid,) = opened.new(None)
        found = opened.message(uid)
    assert found is not None and len(found) == MOST


def test_a_folder_with_spaces_and_quotes(box: Box) -> None:
    name = 'What "came" back'
    with box.session() as other:
        escaped = name.replace('"', '\\"')
        other.create(f'"{escaped}"')
    with Mailbox(where(box, folder=name, done=name)) as opened:
        assert opened.new(None) == []


def test_what_the_owner_has_to_change_is_said_and_lasts(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, told in (
        (where(box, password="wrong"), r"does not let reader\d+ in \(\[mail\] imap_password\)"),
        (where(box, folder="Nowhere"), r"has no folder Nowhere at localhost"),
        (where(box, done="Nowhere"), r"has no folder Nowhere at localhost"),
    ):
        with pytest.raises(MailError, match=told) as raised:
            Mailbox(wrong)
        assert raised.value.lasting
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MailError, match="has no certificate that proves it") as raised:
        Mailbox(where(box))
    assert raised.value.lasting


def test_a_server_without_starttls_is_told_no_password(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def stripped(self: imaplib.IMAP4) -> None:
        """What somebody on the way would make of it."""
        self.capabilities = ("IMAP4REV1", "AUTH=PLAIN")

    monkeypatch.setattr(imaplib.IMAP4, "_get_capabilities", stripped)
    with pytest.raises(MailError, match="localhost offers no STARTTLS, and nothing is read in the clear"):
        Mailbox(where(box))


def test_a_server_that_is_away(box: Box) -> None:
    with pytest.raises(MailError, match="the mailbox at localhost:1 does not answer") as raised:
        Mailbox(where(box, port=1))
    assert not raised.value.lasting


def test_a_connection_that_ends(box: Box) -> None:
    box.put(message("one"))
    with Mailbox(where(box)) as opened:
        (uid,) = opened.new(None)
        box.server.drop()
        with pytest.raises(MailError, match="does not answer") as raised:
            opened.message(uid)
        assert not raised.value.lasting


# -- its address -------------------------------------------------------------------------------------------------------


def config(tmp_path: Path, imap: str, **more: str) -> Settings:
    return replace(Settings(tmp_path, imap=imap), **more)  # type: ignore[arg-type]


def test_its_address(tmp_path: Path) -> None:
    assert place(config(tmp_path, "")) is None
    assert place(config(tmp_path, "imaps://me@host", imap_password="p", imap_done="Done")) == Place(
        "host", 993, "tls", "me", "p", "INBOX", "Done"
    )
    long = f"imap://{quote('me@example.org', '')}:{quote('p/ü', '')}@host:1143/Old%20Bounces/2026?security=none"
    assert place(config(tmp_path, long)) == Place("host", 1143, "none", "me@example.org", "p/ü", "Old Bounces/2026", "")
    assert place(config(tmp_path, "imap://me@host")) == Place("host", 143, "starttls", "me", "", "INBOX", "")


@pytest.mark.parametrize(
    "imap",
    ["host", "http://me@host", "imaps://host", "imap://me@", "imap://me@host:x", "imaps://me@host?security=none",
     "imap://me@host?security=some", "imap://me@host?more=1"],
)  # fmt: skip
def test_an_address_that_is_none(tmp_path: Path, imap: str) -> None:
    with pytest.raises(Mistake, match=r"\[mail\] imap: it looks like imaps://me@host/INBOX"):
        place(config(tmp_path, imap))
    with pytest.raises(Mistake, match="plain letters"):
        place(config(tmp_path, "imap://me@host/%0d%0aA1%20LOGOUT"))

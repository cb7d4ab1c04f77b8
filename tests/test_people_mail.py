"""Letters: what is in them, and how they leave, through a real server."""

import email.policy
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import smtp_server
from broadsheet.errors import Mistake
from broadsheet.mail import send, write
from broadsheet.mail.send import MailError, Post
from broadsheet.settings import Settings
from smtp_server import PASSWORD, USER, Paper, Running, running

LINK = "https://papers.example.org/sign-in/" + "x" * 43
GIVEN: dict[str, Any] = {"site": "Papers", "name": "Ada", "link": LINK, "minutes": 15}
SENDER = "The Papers <papers@example.org>"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return smtp_server.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Paper:
    """The server's certificate, which this machine trusts for the length of a test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(paper.file))
    return paper


@pytest.fixture
def starttls(trusted: Paper) -> Iterator[Running]:
    with running(trusted, auth=True) as server:
        yield server


def config(home: Path, smtp: str, password: str = "") -> Settings:
    return Settings(home, smtp=smtp, smtp_password=password, sender=SENDER)


def deliver(home: Path, smtp: str, password: str = "", to: str = "ada@example.org") -> None:
    where = send.server(config(home, smtp, password))
    assert where is not None
    send.deliver(where, write.letter("sign-in", to, SENDER, **GIVEN))


# -- what is in them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", write.LETTERS)
def test_every_letter_says_the_same_in_both_forms(kind: str) -> None:
    values: dict[str, Any] = {
        name: {"link": LINK, "minutes": 15, "days": 3}.get(name, f"<{name}>") for name in write.LETTERS[kind]
    }
    letter = write.letter(kind, "ada@example.org", SENDER, **values)
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    if "link" in values:
        assert LINK in plain.get_content()
        assert html.get_content().count(LINK) == 2
    assert "<site>" in plain.get_content()
    assert "&lt;site&gt;" in html.get_content()
    assert "<site>" not in html.get_content()
    assert (letter["auto-submitted"], letter["from"]) == ("auto-generated", SENDER)
    assert letter["message-id"].endswith("@example.org>")
    assert all(len(line) <= 998 for line in letter.as_bytes().splitlines())


@pytest.mark.parametrize(
    "bad", ["Ada\r\nBcc: eve@example.org", "Ada\nBcc: eve@example.org", "Ada\x00\x1b[31m", "A" * 10_000]
)
def test_no_value_becomes_a_header(bad: str) -> None:
    letter = write.letter("sign-in", "ada@example.org", SENDER, **{**GIVEN, "site": bad, "name": bad})
    assert letter["bcc"] is None
    assert len(letter["subject"]) <= write.SUBJECT
    read = email.message_from_bytes(letter.as_bytes(), policy=email.policy.default)
    assert sorted(set(read.keys())) == sorted(set(letter.keys()))


@pytest.mark.parametrize("bad", ["", "ada", "@example.org", "a@b.org\nBcc: c@d.org", "a@b.org, c@d.org", "<a@b.org\r>"])
def test_what_is_no_address_gets_no_letter(bad: str) -> None:
    with pytest.raises(Mistake, match="no sender or receiver"):
        write.letter("sign-in", bad, SENDER, **GIVEN)
    with pytest.raises(Mistake, match="no sender or receiver"):
        write.letter("sign-in", "ada@example.org", bad, **GIVEN)


def test_a_template_that_asks_for_too_much_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    write.check()
    monkeypatch.setattr(write, "LETTERS", {"sign-in": frozenset({"site", "link"})})
    with pytest.raises(Mistake, match=r"mail/sign-in/body.txt asks for minutes, name; it can have link, site"):
        write.check()
    monkeypatch.setattr(write, "LETTERS", {"nothing": frozenset({"site"})})
    with pytest.raises(Mistake, match=r"mail/nothing/subject.txt cannot be read"):
        write.check()


# -- how they leave ----------------------------------------------------------------------------------------------------


def test_after_starttls_and_with_a_password(starttls: Running, tmp_path: Path) -> None:
    deliver(tmp_path, f"smtp://{USER}@localhost:{starttls.port}", PASSWORD)
    deliver(tmp_path, f"smtp://{USER}:{PASSWORD.replace(' ', '%20')}@localhost:{starttls.port}")
    (letter, _) = starttls.box.letters
    assert (letter["to"], letter["subject"]) == ("ada@example.org", "Sign in to Papers")
    assert starttls.box.encrypted == [True, True]


def test_over_tls_from_the_first_byte(trusted: Paper, tmp_path: Path) -> None:
    with running(trusted, tls=True) as server:
        deliver(tmp_path, f"smtps://localhost:{server.port}")
        assert len(server.box.letters) == 1


def test_never_in_the_clear_unless_the_owner_says_so(tmp_path: Path) -> None:
    with running(None) as server:
        with pytest.raises(MailError, match="STARTTLS extension not supported") as told:
            deliver(tmp_path, f"smtp://localhost:{server.port}")
        assert told.value.lasting
        assert server.box.letters == []
        deliver(tmp_path, f"smtp://localhost:{server.port}?security=none")
        assert len(server.box.letters) == 1


def test_a_server_that_nothing_proves_gets_nothing(
    paper: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with running(paper) as server:
        for smtp in (f"smtp://localhost:{server.port}", f"smtps://localhost:{server.port}"):
            with pytest.raises(MailError):
                deliver(tmp_path, smtp)
        assert server.box.letters == []


def test_a_wrong_password_is_said(starttls: Running, tmp_path: Path) -> None:
    with pytest.raises(MailError, match=r"localhost answered 535") as told:
        deliver(tmp_path, f"smtp://{USER}@localhost:{starttls.port}", "wrong")
    assert told.value.lasting
    assert "wrong" not in str(told.value)


@pytest.mark.parametrize(
    ("smtp", "sender"),
    [
        ("mail.example.org", SENDER),
        ("http://mail.example.org", SENDER),
        ("smtp://", SENDER),
        ("smtp://mail.example.org:many", SENDER),
        ("smtp://mail.example.org?security=maybe", SENDER),
        ("smtps://mail.example.org?security=none", SENDER),
        ("smtp://mail.example.org?tls=no", SENDER),
        ("smtp://mail.example.org/box", SENDER),
        ("smtp://mail.example.org", ""),
    ],
)
def test_a_server_that_cannot_be_meant_is_refused_at_the_start(tmp_path: Path, smtp: str, sender: str) -> None:
    with pytest.raises(Mistake, match=r"\[mail\]"):
        Post(replace(config(tmp_path, smtp), sender=sender), print)


def test_the_password_is_shown_nowhere(tmp_path: Path) -> None:
    told = repr(config(tmp_path, "smtps://me:hush@mail.example.org", "hush"))
    assert "hush" not in told
    assert "mail.example.org" in told


# -- the post ----------------------------------------------------------------------------------------------------------


def test_the_post_tries_again_and_says_what_it_could_not_send(tmp_path: Path) -> None:
    told: list[str] = []
    with running(None) as server:
        post = Post(config(tmp_path, f"smtp://localhost:{server.port}?security=none"), told.append, pause=0.01)
        server.box.answers[:] = ["421 later", "451 later still"]
        post.send(write.letter("sign-in", "ada@example.org", SENDER, **GIVEN))
        post.settle()
        assert (len(server.box.letters), told) == (1, [])
        server.box.answers[:] = ["550 nobody here"]
        post.send(write.letter("sign-in", "ada@example.org", SENDER, **GIVEN))
        post.settle()
        assert (len(server.box.letters), server.box.answers) == (1, [])
        assert told == ["localhost answered 550 nobody here"]
    post.send(write.letter("sign-in", "ada@example.org", SENDER, **GIVEN))
    post.settle()
    assert "cannot be reached" in told[1]


def test_without_a_server_letters_lie_in_the_outbox(tmp_path: Path) -> None:
    told: list[str] = []
    post = Post(config(tmp_path, ""), told.append)
    for to in ("ada@example.org", "новый@xn--e1afmkfd.xn--p1ai"):
        post.send(write.letter("sign-in", to, SENDER, **GIVEN))
    post.settle()
    files = list((tmp_path / "outbox").iterdir())
    read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    assert sorted(str(letter["to"]) for letter in read) == ["ada@example.org", "новый@xn--e1afmkfd.xn--p1ai"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700
    assert told == []
    (tmp_path / "elsewhere").write_text("a file where the folder should be")
    lost = Post(Settings(tmp_path / "elsewhere"), told.append)
    lost.send(write.letter("sign-in", "ada@example.org", SENDER, **GIVEN))
    lost.settle()
    assert "cannot be written" in told[0]


def test_this_python_checks_certificates() -> None:
    context = ssl.create_default_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED

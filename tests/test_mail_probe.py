"""A test letter, step by step, over a real server: what is told where each step fails."""

import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

import smtp_server
from broadsheet.mail.line import Patience
from broadsheet.mail.probe import Heard, probe
from broadsheet.mail.server import Server
from smtp_server import PASSWORD, USER, Paper, Running

HASTE = Patience(3.0, 3.0, 3.0)
ALL = ["name", "connection", "encryption", "sign-in", "sender", "reader", "letter"]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return smtp_server.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def running(paper: Paper) -> Iterator[Running]:
    with smtp_server.running(paper, auth=True) as made:
        yield made


def heard(where: Server, paper: Paper, to: str = "ada@example.org") -> list[Heard]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "papers@example.org", to, "A test"
    message.set_content("It came.\n")
    trusted = ssl.create_default_context(cafile=str(paper.file))
    return list(probe(where, "papers@example.org", to, message.as_bytes(), patience=HASTE, context=trusted))


def test_every_step_of_a_letter_that_is_taken(running: Running, paper: Paper) -> None:
    found = heard(Server("localhost", running.port, "starttls", USER, PASSWORD), paper)
    assert [one.step for one in found] == ALL
    assert all(one.ok and not one.hint for one in found)
    said = {one.step: one.said for one in found}
    assert "127.0.0.1" in said["name"]
    assert "STARTTLS" in said["connection"]
    assert said["encryption"].startswith("TLSv1.")
    assert said["sign-in"] == f"it knows {USER}"
    assert said["letter"].startswith("localhost answered 250 ")
    assert [letter["Subject"] for letter in running.box.letters] == ["A test"]


def test_tls_from_the_first_byte_and_none(paper: Paper) -> None:
    with smtp_server.running(paper, tls=True) as made:
        found = heard(Server("localhost", made.port, "tls", "", ""), paper)
        assert [one.step for one in found] == ALL
        assert found[3].said.startswith("none asked for")
    with smtp_server.running(None) as made:
        found = heard(Server("localhost", made.port, "none", "", ""), paper)
        assert "everybody on the way can read along" in found[2].said
        assert found[-1].ok


def last(found: list[Heard], step: str) -> Heard:
    """The one that failed, which is the last."""
    assert [one.ok for one in found] == [True] * (len(found) - 1) + [False]
    assert found[-1].step == step
    assert found[-1].hint
    return found[-1]


def test_a_host_that_is_none(paper: Paper) -> None:
    one = last(heard(Server("no-such-host.invalid", 587, "starttls", "", ""), paper), "name")
    assert "spelled" in one.hint


def test_a_port_where_nobody_listens(paper: Paper) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        one = last(heard(Server("127.0.0.1", free.getsockname()[1], "starttls", "", ""), paper), "connection")
    assert "cannot be reached" in one.said


def test_a_server_without_encryption(paper: Paper) -> None:
    with smtp_server.running(None) as made:
        one = last(heard(Server("localhost", made.port, "starttls", "", ""), paper), "encryption")
    assert "STARTTLS" in one.said


def test_a_certificate_that_proves_nothing(running: Running, paper: Paper, tmp_path: Path) -> None:
    other = smtp_server.certificate(tmp_path)
    one = last(heard(Server("localhost", running.port, "starttls", USER, PASSWORD), other), "encryption")
    assert "has no certificate that proves it" in one.said
    assert not running.box.letters


def test_a_wrong_password(running: Running, paper: Paper) -> None:
    one = last(heard(Server("localhost", running.port, "starttls", USER, "wrong"), paper), "sign-in")
    assert "535" in one.said
    assert "wrong" not in one.said


def test_a_letter_that_is_not_wanted(running: Running, paper: Paper) -> None:
    where = Server("localhost", running.port, "starttls", USER, PASSWORD)
    running.box.answers = ["554 5.7.1 no thank you"]
    one = last(heard(where, paper), "letter")
    assert one.said == "localhost answered 554 5.7.1 no thank you"
    running.box.answers = ["451 4.7.1 come back later"]
    assert "greylisting" in last(heard(where, paper), "letter").hint


def test_without_a_name_where_one_is_asked_for(running: Running, paper: Paper) -> None:
    one = last(heard(Server("localhost", running.port, "starttls", "", ""), paper), "sender")
    assert "530" in one.said

"""Attacks by mail, and on those who get it: what each of them tries fails."""

import time

import pytest

from broadsheet.mail import returns
from returned_mail import DOMAIN, RETURNS

LONG = 300_000  # letters of what somebody sends us


# -- what anybody can send to the address where letters come back ------------------------------------------------------


_HEAD = b"From: MAILER-DAEMON@mx.example.net\r\nSubject: "
_REPORT = (
    b"x\r\nContent-Type: multipart/report; boundary=q\r\n\r\n--q\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: "
)


@pytest.mark.parametrize(
    "rest",
    [
        b"x\r\nX-Failed-Recipients: " + b"a" * LONG + b"\r\n\r\nx",
        b"x\r\nX-Failed-Recipients: " + b"a@[" * (LONG // 3) + b"\r\n\r\nx",
        b"x\r\n\r\nto:" + b"a" * LONG,
        _REPORT + b"a" * LONG + b"\r\n--q--",
        b"a" * LONG + b"\r\n\r\nx",
        b"=?utf-8?q?a?= " * (1_000_000 // 14) + b"\r\n\r\nx",
        b"x\r\n\r\n" + b"-" * LONG,
    ],
    ids=["recipient", "brackets", "text", "diagnosis", "subject", "encoded", "dashes"],
)
def test_no_message_takes_the_square_of_its_length(rest: bytes) -> None:
    """One that does keeps `broadsheet work` busy for an hour, and nobody gets letters meanwhile."""
    began = time.process_time()
    returns.read(_HEAD + rest, RETURNS, DOMAIN)
    assert time.process_time() - began < 2

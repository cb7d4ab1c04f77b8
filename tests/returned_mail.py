"""Messages that come back, as servers write them: reports by the standard, and those of servers that know none.

All words are our own; the forms are those of RFC 3464, RFC 5965, and of what mail servers are known to send.
"""

RETURNS = "bounces@papers.example.org"
DOMAIN = "papers.example.org"
KEY = "2s.kq3v7a2mzx5d4wfh"
OTHER = "7.aaaaaaaaaaaaaaaa"
NUMBER = "20261120.7.AbCdEfGh01234567"
TO = f"bounces+{KEY}@papers.example.org"


def letter(key: str = KEY, number: str = NUMBER) -> str:
    """The head of a letter of ours, as it is returned."""
    return (
        f"Return-Path: <bounces+{key}@papers.example.org>\n"
        "From: Papers <papers@papers.example.org>\n"
        "To: ada@example.net\n"
        "Subject: A policy for spam that does not exist (5.1.1), and 3 more papers\n"
        f"Message-ID: <{number}@papers.example.org>\n"
        f"List-Unsubscribe: <https://papers.example.org/u/x>, <mailto:bounces+u.{OTHER}@papers.example.org>\n"
    )


def report(
    status: str = "5.1.1", action: str = "failed", said: str = "smtp; 550 5.1.1 <ada@example.net>: user unknown", *,
    to: str = TO, returned: str | None = None, number: str = "<1@mx.example.net>",
) -> bytes:  # fmt: skip
    """A report of delivery as RFC 3464 has it; *returned* is the head of the letter that it returns."""
    fields = f"Final-Recipient: rfc822; ada@example.net\nAction: {action}\nStatus: {status}\n"
    if said:
        fields += f"Diagnostic-Code: {said}\n"
    return _crlf(
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\n"
        f"To: {to}\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: {number}\n"
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\n\n'
        "--=_b\nContent-Type: text/plain\n\nI am sorry: your letter could not be delivered.\n\n"
        "--=_b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\n{fields}\n"
        f"--=_b\nContent-Type: text/rfc822-headers\n\n{letter() if returned is None else returned}\n--=_b--\n"
    )


def complaint(kind: str = "abuse", *, returned: str | None = None, to: str = "abuse@papers.example.org") -> bytes:
    """A report of abuse as RFC 5965 has it."""
    held = letter() if returned is None else returned
    return _crlf(
        f"From: reports@mail.example.net\nTo: {to}\nSubject: Complaint about a letter\n"
        "Message-ID: <c1@mail.example.net>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"\n\n'
        "--=_b\nContent-Type: text/plain\n\nSomebody pressed a button.\n\n"
        "--=_b\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nUser-Agent: Reports/1.0\nVersion: 1\n\n"
        f"--=_b\nContent-Type: message/rfc822\n\n{held}\nThe papers of the day.\n\n--=_b--\n"
    )


def plain(
    text: str, *, subject: str = "Undelivered mail returned to sender", by: str = "MAILER-DAEMON@mx.example.net",
    to: str = TO, more: str = "",
) -> bytes:  # fmt: skip
    """A message that is nothing but a text."""
    return _crlf(f"From: {by}\nTo: {to}\nSubject: {subject}\nMessage-ID: <p1@mx.example.net>\n{more}\n{text}\n")


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()

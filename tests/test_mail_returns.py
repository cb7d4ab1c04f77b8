"""What comes back, read: reports, complaints, what servers write that know no standard; and anything else."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.errors import Mistake
from broadsheet.mail import verp
from broadsheet.mail.returns import DETAIL, MOST, Report, Unreadable, read
from broadsheet.mail.verp import Named
from returned_mail import DOMAIN, KEY, NUMBER, OTHER, RETURNS, TO, complaint, letter, plain, report

MINE, THEIRS = Named("return", KEY), Named("leave", OTHER)
OURS = Named("message", NUMBER.lower())


def of(data: bytes, *envelope: str, returns: str = RETURNS) -> Report:
    return read(data, returns, DOMAIN, envelope)


# -- addresses ---------------------------------------------------------------------------------------------------------


def test_addresses_say_what_they_are_for() -> None:
    assert verp.envelope(RETURNS, KEY) == TO
    assert verp.unsubscribe(RETURNS, OTHER) == f"bounces+u.{OTHER}@papers.example.org"
    texts = [TO.upper(), f"<{verp.unsubscribe(RETURNS, OTHER)}>, {TO}"]
    assert verp.found(RETURNS, texts) == [MINE, THEIRS]
    assert verp.found("Bounces@Papers.Example.org", [TO]) == [MINE]
    assert verp.found(RETURNS, [f"it was {TO}."]) == [MINE]


@pytest.mark.parametrize(
    "text",
    [
        f"more{TO}", f"{TO}.evil.example", f"{TO}x", f"bounces+{KEY}@evil.example",
        f"bounces+x.{KEY}@papers.example.org", f"bounces+u.u.{KEY}@papers.example.org",
        f"bounces+{KEY[:-1]}@papers.example.org", f"bounces{KEY}@papers.example.org", "bounces@papers.example.org",
    ],
)  # fmt: skip
def test_addresses_of_others_say_nothing(text: str) -> None:
    assert verp.found(RETURNS, [text]) == []


@pytest.mark.parametrize("address", ["", "bounces", "a@b@c", f"{'b' * 39}@example.org", "Papers <b@example.org>"])
def test_an_address_that_nothing_can_come_back_to_is_refused(address: str) -> None:
    with pytest.raises(Mistake, match=r"\[mail\] returns"):
        verp.envelope(address, KEY)


def test_the_longest_address_still_fits() -> None:
    local = verp.unsubscribe(f"{'b' * verp.LONGEST}@example.org", f"zzzzzz.{'a' * 16}").partition("@")[0]
    assert len(local) == 64


# -- reports by the standard -------------------------------------------------------------------------------------------


def test_a_bounce() -> None:
    found = of(report())
    assert found[:4] == ("bounce", True, "5.1.1", "5.1.1 550 5.1.1 <…>: user unknown")
    assert (found.addressed, found.inside) == ((MINE,), (MINE, OURS, THEIRS))
    assert found.to == {"ada@example.net"}


@pytest.mark.parametrize(
    ("status", "said", "lasting"),
    [
        ("5.1.1", "smtp; 550 no", True), ("5.2.1", "smtp; 550 disabled", True), ("5.0.0", "smtp; 554 go away", True),
        ("5.4.4", "dns; no route", True), ("5.1.10", "smtp; 550 null MX", True), ("5.1.2", "", True),
        ("5.2.2", "smtp; 552 5.2.2 over the line", False), ("5.0.0", "smtp; 552 mailbox is full", False),
        ("5.1.1", "smtp; 552 quota exceeded", False), ("4.4.7", "smtp; 450 gave up", False),
        ("5.7.1", "smtp; 550 5.7.1 looks like spam", False), ("5.0.0", "smtp; 550 blocked by a list", False),
        ("5.7.1", "smtp; 550 no such user here", True), ("5.3.4", "smtp; 552 too large", False),
        ("5.1.8", "smtp; 550 your domain is bad", False), ("5.6.0", "", False), ("4.2.2", "smtp; user unknown", False),
        ("5.1.1 (unknown)", "", True), ("rubbish", "smtp; 550 5.1.1 no", True), ("", "", False),
    ],
)  # fmt: skip
def test_what_is_for_good(status: str, said: str, lasting: bool) -> None:
    found = of(report(status, said=said))
    assert (found.kind, found.lasting) == ("bounce", lasting)


def test_a_delay_is_no_bounce() -> None:
    assert of(report("4.4.1", "delayed", "smtp; connection timed out"))[:3] == ("delay", False, "4.4.1")


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", ""])
def test_a_letter_that_arrived_is_none(action: str) -> None:
    assert of(report("2.1.5", action)).kind == "automatic"


def test_the_worst_of_several_recipients_counts() -> None:
    more = b"\r\n\r\nFinal-Recipient: rfc822; b@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    both = report("4.4.1", "delayed", "").replace(b"Status: 4.4.1", b"Status: 4.4.1" + more)
    assert of(both)[:3] == ("bounce", True, "5.1.1")


@pytest.mark.parametrize("kind", ["abuse", "fraud", "Other", "opt-out", ""])
def test_a_complaint(kind: str) -> None:
    found = of(complaint(kind))
    assert (found.kind, found.addressed, found.inside) == ("complaint", (), (MINE, OURS, THEIRS))


def test_not_every_report_of_abuse_complains() -> None:
    assert of(complaint("not-spam")).kind == of(complaint("auth-failure")).kind == "automatic"


def test_a_complaint_that_hides_the_letter_says_who_by_its_fields() -> None:
    data = complaint(returned="Subject: hidden\n").replace(b"Version: 1", f"Original-Mail-From: <{TO}>".encode())
    assert of(data).inside == (MINE,)


# -- no standard -------------------------------------------------------------------------------------------------------

QMAIL = f"""Hi. I could not deliver your message to the following addresses.
This is a permanent error; I've given up.

<ada@example.net>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{letter()}
"""


def test_a_bounce_without_a_report() -> None:
    found = of(plain(QMAIL, subject="failure notice", to="bounces@papers.example.org"))
    assert found[:4] == ("bounce", True, "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)")
    assert (found.addressed, found.inside) == ((), (MINE, OURS, THEIRS))


@pytest.mark.parametrize(
    ("text", "kind", "lasting"),
    [
        ("host mx said: 550 no thanks", "bounce", True), ("host mx said: 452 4.2.2 mailbox full", "bounce", False),
        ("The mailbox is full.", "bounce", False), ("Your message was not delivered.", "bounce", False),
        ("It is delayed; we will keep trying. 4.4.1", "delay", False), ("User unknown in our list", "bounce", True),
        ("550 5.1.1 unknown; temporarily we will retry", "bounce", True), (f"It failed.\n{letter()}", "bounce", False),
    ],
)  # fmt: skip
def test_what_servers_write(text: str, kind: str, lasting: bool) -> None:
    found = of(plain(text))
    assert (found.kind, found.lasting) == (kind, lasting), "what is quoted is not what the server says"


def test_a_bounce_that_names_nobody() -> None:
    data = plain("550 5.1.1 no such user", to="papers@papers.example.org")
    assert of(data)[5:6] == ((),) and (of(data).kind, of(data).addressed) == ("bounce", ())


def test_the_letter_may_be_attached_or_only_referred_to() -> None:
    assert of(plain("550 no", to="x@y.org", more=f"References: <{NUMBER}@{DOMAIN}>\n")).inside == (OURS,)
    assert of(plain("550 no", to="x@y.org", more=f"In-Reply-To: <{NUMBER}@EXAMPLE.com>\n")).inside == ()
    attached = (
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nuser unknown\n--b\n"
        f"Content-Type: message/rfc822\n\n{letter()}\nA text with 4.4.1 in it.\n--b--"
    )
    found = of(plain("", to="x@y.org", more=attached))
    assert (found.kind, found.lasting, found.inside) == ("bounce", True, (MINE, OURS, THEIRS))


# -- what is no bounce -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "more", "by"),
    [
        ("Out of office", "", "ada@example.net"), ("Automatic reply: papers", "", "ada@example.net"),
        ("Abwesenheitsnotiz", "", "ada@example.net"), ("=?utf-8?q?R=C3=A9ponse_automatique?=", "", "ada@example.net"),
        ("Re: 4 new papers", "Auto-Submitted: auto-replied\n", "ada@example.net"),
        ("Hello", "X-Autoreply: yes\n", "ada@example.net"), ("Hello", "Precedence: bulk\n", "list@example.net"),
        ("We got your mail", "", "postmaster@example.net"),
    ],
)  # fmt: skip
def test_answers_of_machines(subject: str, more: str, by: str) -> None:
    assert of(plain("I am away until 550 people read this.", subject=subject, more=more, by=by)).kind == "automatic"


@pytest.mark.parametrize("subject", ["=?utf-8?b?/?=", "=?nowhere?q?x?=", "=?utf-8?q?=FF?=", "?="])
def test_a_subject_that_cannot_be_read(subject: str) -> None:
    assert of(plain("Hello", subject=subject, by="ada@example.net")).kind == "other"


def test_what_somebody_writes() -> None:
    assert of(plain("I like this.", subject="Re: 4 new papers", by="ada@example.net")).kind == "other"
    assert of(plain("Nice", subject="Auto-encoders", by="ada@example.net", more="Auto-Submitted: no\n")).kind == "other"


def test_a_letter_that_unsubscribes() -> None:
    to = f"bounces+u.{OTHER}@papers.example.org"
    for data in (plain("", subject="unsubscribe", by="ada@example.net", to=to), plain("stop", by="a@b.org", to=to)):
        assert (of(data).kind, of(data).addressed) == ("unsubscribe", (THEIRS,))
    forwarded = plain("", subject="Fwd", by="ada@example.net", to="x@y.org", more=f"Delivered-To: {to}\n")
    assert of(forwarded).kind == "unsubscribe"
    assert of(plain("hi", subject="hi", by="ada@example.net", to="x@y.org"), to).kind == "unsubscribe"
    assert of(report(to=to)).kind == "bounce", "what a server reports ends no subscription"
    quoted = plain(f"Look: {to}", subject="Fwd: papers", by="ada@example.net", to="ben@example.net")
    assert of(quoted).kind == "other"


def test_without_an_address_for_returns_only_our_own_numbers_tell() -> None:
    found = of(report(), returns="")
    assert (found.addressed, found.inside) == ((), (OURS,))


# -- one message -------------------------------------------------------------------------------------------------------


def test_the_mark_is_of_the_message_and_not_of_its_way() -> None:
    one = report()
    other_way = b"Received: by mail.example.org\r\nDelivered-To: <bounces@example.org>\r\n" + one
    assert of(one).mark == of(other_way).mark == of(one.replace(b"\r\n", b"\n") + b"\n").mark
    assert of(one).mark != of(report(number="<2@mx.example.net>")).mark
    assert of(one).mark != of(report("4.4.1")).mark
    assert re.fullmatch("[0-9a-f]{64}", of(one).mark)


def test_what_is_told_has_no_address_and_an_end() -> None:
    found = of(report(said=f"smtp; 550 <ada@example.net> and Ada@[192.0.2.1] {'x' * 999}\x1b[31m"))
    assert "ada" not in found.detail.lower()
    assert len(found.detail) <= DETAIL
    assert found.detail.isprintable()


def test_a_message_that_is_too_large_is_read_from_its_beginning() -> None:
    assert of(report(returned=letter() + "x" * (2 * MOST))).kind == "bounce"


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"no message at all", b"\x00\xff" * 50])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(Unreadable, match="no message"):
        of(data)


MULTIPART = st.sampled_from(
    """multipart/report; report-type=delivery-status; boundary=b
    multipart/mixed; boundary=b
    multipart/report
    multipart/; boundary=
    multipart/mixed; boundary*0="b"; boundary*1=""
    message/rfc822
    message/delivery-status
    message/feedback-report
    text/html
    text/plain; charset=nowhere
    text/plain; charset*=x'y'%ff""".replace("    ", "").split("\n")
) | st.just(f"multipart/mixed; boundary*{'9' * 5_000}=b")
SOME = f"""--b
--b--
--b\r

 folded
Content-Type: message/delivery-status
Content-Type: message/rfc822
Content-Type: text/rfc822-headers
Content-Type: message/feedback-report
Content-Type: multipart/mixed; boundary=b
Content-Transfer-Encoding: base64
Action: failed
Status: 5.1.1
Status: 999.999.999
Diagnostic-Code: smtp; 550
Feedback-Type: abuse
Message-ID: <{NUMBER}@{DOMAIN}>
From: MAILER-DAEMON
=?utf-8?b?/?=
Subject: =?nowhere?q?x?=
550 5.1.1 user unknown
To: {TO}"""
LINES = st.sampled_from(SOME.split("\n")) | st.text(max_size=60)


@given(MULTIPART, st.lists(LINES, max_size=40), st.binary(max_size=100))
@example("multipart/mixed; boundary=b", ["", *(["--b", "Content-Type: multipart/mixed; boundary=b", ""] * 3_000)], b"")
@example("message/rfc822", ["", *(["Content-Type: message/rfc822", ""] * 3_000)], b"")
def test_whatever_comes_is_read_or_is_no_message(kind: str, lines: list[str], rest: bytes) -> None:
    head = f"From: MAILER-DAEMON@x.org\nContent-Type: {kind}\n"
    data = head.encode() + "\n".join(lines).encode(errors="surrogatepass") + rest
    try:
        found = of(data)
    except Unreadable:
        return
    assert found.detail.isprintable() and len(found.detail) <= DETAIL
    assert len(found.addressed) + len(found.inside) < 100


@given(st.binary(max_size=2_000))
def test_bytes_of_any_kind(data: bytes) -> None:
    try:
        found = of(data)
    except Unreadable:
        return
    assert found.addressed == ()

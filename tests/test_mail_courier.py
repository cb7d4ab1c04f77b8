"""Letters over SMTP, step by step: what became of each, over connections that are used again, at a rate."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import smtp_server
from broadsheet.mail.courier import Courier, Job, Turns
from broadsheet.mail.line import Line, Outcome, Patience
from broadsheet.mail.server import MailError, Server
from rough_server import DROP, STALL, Taken, rough, taken
from smtp_server import PASSWORD, USER, Paper, running

HASTE = Patience(2.0, 0.3, 0.3)
FROM = "returns@example.org"
LETTER = b"From: papers@example.org\r\nTo: ada@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    return smtp_server.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Paper:
    monkeypatch.setenv("SSL_CERT_FILE", str(paper.file))
    return paper


class Bad:
    """A server that does what it is told at the next steps, and what it has seen."""

    def __init__(self, file: Path) -> None:
        self.file, self.where = file, Server("localhost", 0, "starttls", USER, PASSWORD)
        self.faults: dict[str, list[str]] = {}
        self.steps: Counter[str] = Counter()

    def plan(self, step: str, to: str) -> str:
        return faults.pop(0) if (faults := self.faults.get(step)) else ""

    def told(self, step: str, to: str) -> None:
        self.steps[step] += 1

    @property
    def taken(self) -> list[Taken]:
        return taken(self.file)


@pytest.fixture
def bad(trusted: Paper, tmp_path: Path) -> Iterator[Bad]:
    server = Bad(tmp_path / "taken")
    with rough(trusted, server.file, server.plan, server.told, stall=1.0) as port:
        server.where = server.where._replace(port=port)
        server.steps.clear()  # whoever starts it has knocked
        yield server


def post(line: Line, to: str = "ada@example.org", data: bytes = LETTER) -> Outcome:
    return line.envelope(FROM, to, data) or line.body(data)


# -- one connection ----------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again_until_it_is_tired_or_cold(bad: Bad) -> None:
    now = 0.0
    with Line(bad.where, HASTE, most=3, idle=30, clock=lambda: now) as line:
        assert [post(line).kind for _ in range(3)] == ["taken"] * 3
        assert bad.steps["GREETING"] == 1
        assert post(line).kind == "taken"
        assert bad.steps["GREETING"] == 2
        now += 29
        post(line)
        assert bad.steps["GREETING"] == 2
        now += 31
        post(line)
        assert bad.steps["GREETING"] == 3
    assert len(bad.taken) == 6


def test_after_a_letter_that_did_not_leave_the_next_begins_clean(bad: Bad) -> None:
    bad.faults = {"RCPT": ["550 5.1.1 nobody here"], "DATA": ["451 4.3.0 later"]}
    with Line(bad.where, HASTE) as line:
        assert [post(line, f"{name}@example.org").kind for name in ("a", "b", "c")] == ["refused", "later", "taken"]
        assert line.envelope(FROM, "d@example.org", LETTER) is None
        line.forget()
        assert post(line, "e@example.org").kind == "taken"
    assert [one.to for one in bad.taken] == ["c@example.org", "e@example.org"]
    assert bad.steps["GREETING"] == 1


def test_a_connection_that_the_server_has_closed_meanwhile_costs_nothing(bad: Bad) -> None:
    for end in (DROP, "421 4.4.2 idle for too long"):
        with Line(bad.where, HASTE) as line:
            assert post(line).kind == "taken"
            bad.faults = {"MAIL": [end]}
            assert post(line).kind == "taken"
    assert len(bad.taken) == 4
    assert bad.steps["GREETING"] == 4


@pytest.mark.parametrize(
    ("step", "fault", "outcome", "nobody"),
    [
        ("MAIL", "421 4.3.2 not now", ("later", "MAIL", 421, "4.3.2"), False),
        ("MAIL", "452 4.3.1 full", ("later", "MAIL", 452, "4.3.1"), False),
        ("MAIL", "552 5.3.4 too big", ("refused", "MAIL", 552, "5.3.4"), False),
        ("MAIL", DROP, ("later", "MAIL", 0, ""), False),
        ("MAIL", STALL, ("later", "MAIL", 0, ""), False),
        ("RCPT", "450 4.2.0 greylisted", ("later", "RCPT", 450, "4.2.0"), False),
        ("RCPT", "452 4.2.2 mailbox full", ("later", "RCPT", 452, "4.2.2"), False),
        ("RCPT", "550 5.1.1 no such user", ("refused", "RCPT", 550, "5.1.1"), True),
        ("RCPT", "550 no such user", ("refused", "RCPT", 550, ""), True),
        ("RCPT", "553 5.1.8 the sender's host", ("refused", "RCPT", 553, "5.1.8"), False),
        ("RCPT", "550 5.2.1 switched off", ("refused", "RCPT", 550, "5.2.1"), True),
        ("RCPT", "552 5.2.2 mailbox full", ("refused", "RCPT", 552, "5.2.2"), False),
        ("RCPT", "550 5.7.1 not from you", ("refused", "RCPT", 550, "5.7.1"), False),
        ("RCPT", "550 relay not permitted", ("refused", "RCPT", 550, ""), False),
        ("RCPT", "554 5.7.1 <ada@example.org>: Relay access denied", ("refused", "RCPT", 554, "5.7.1"), False),
        ("RCPT", "550 4.1.1 which?", ("refused", "RCPT", 550, ""), True),
        ("RCPT", DROP, ("later", "RCPT", 0, ""), False),
        ("RCPT", STALL, ("later", "RCPT", 0, ""), False),
        ("DATA", "421 going down", ("later", "DATA", 421, ""), False),
        ("DATA", "451 4.3.0 later", ("later", "DATA", 451, "4.3.0"), False),
        ("DATA", "554 5.6.0 no", ("refused", "DATA", 554, "5.6.0"), False),
        ("DATA", DROP, ("later", "DATA", 0, ""), False),
        ("DATA", "250 what?", ("later", "DATA", 250, ""), False),
        ("DOT", "421 4.3.0 going down", ("later", "END", 421, "4.3.0"), False),
        ("DOT", "452 4.3.1 full", ("later", "END", 452, "4.3.1"), False),
        ("DOT", "550 looks like spam", ("refused", "END", 550, ""), False),
        ("DOT", "550 5.1.1 nobody here", ("refused", "END", 550, "5.1.1"), True),
        ("DOT", "554 5.7.1 spam", ("refused", "END", 554, "5.7.1"), False),
        ("DOT", "354 go on?", ("unknown", "END", 354, ""), False),
        ("DOT", "no code at all", ("unknown", "END", -1, ""), False),
        ("DOT", DROP, ("unknown", "END", 0, ""), False),
        ("DOT", STALL, ("unknown", "END", 0, ""), False),
    ],
)
def test_what_became_of_a_letter(
    bad: Bad, step: str, fault: str, outcome: tuple[str, str, int, str], nobody: bool
) -> None:
    bad.faults = {step: [fault]}
    with Line(bad.where, HASTE) as line:
        found = post(line)
        assert (found.kind, found.step, found.code, found.status) == outcome
        assert found.nobody is nobody
        assert found.told("localhost").startswith("localhost answered" if found.code else ("the connec", "localhost"))
        assert bad.taken == []
        assert post(line).kind == "taken"


@pytest.mark.parametrize("fault", [DROP, STALL])
def test_a_letter_that_was_taken_without_a_word_is_not_known_to_be(bad: Bad, fault: str) -> None:
    bad.faults = {"TAKEN": [fault]}
    with Line(bad.where, HASTE) as line:
        assert post(line).kind == "unknown"
    assert len(bad.taken) == 1


def test_a_server_that_hangs_up_within_a_letter_has_not_got_it(bad: Bad) -> None:
    """So long that it cannot lie in the buffers on the way."""
    bad.faults = {"HALF": [DROP]}
    with Line(bad.where, HASTE) as line:
        assert post(line, data=LETTER + b"More of it.\r\n" * 1_000_000).kind == "later"
    assert bad.taken == []


@pytest.mark.parametrize(
    ("step", "fault", "lasting"),
    [
        ("GREETING", "554 5.3.2 closed", True),
        ("GREETING", "421 4.3.2 not now", False),
        ("GREETING", DROP, False),
        ("MAIL", "550 5.7.1 we know you", True),
        ("MAIL", "530 5.7.0 authentication required", True),
        ("RCPT", "530 5.7.0 authentication required", True),
    ],
)
def test_a_server_that_serves_us_not_at_all_is_no_readers_fault(bad: Bad, step: str, fault: str, lasting: bool) -> None:
    bad.faults = {step: [fault]}
    with Line(bad.where, HASTE) as line:
        with pytest.raises(MailError) as told:
            post(line)
        assert told.value.lasting is lasting
        assert post(line).kind == "taken"


def test_nothing_is_sent_in_the_clear_or_to_a_stranger(
    bad: Bad, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Line(bad.where._replace(password="wrong"), HASTE) as line, pytest.raises(MailError, match="535") as told:
        post(line)
    assert told.value.lasting
    with running(None) as plain, Line(Server("localhost", plain.port, "starttls", "", "")) as line:
        with pytest.raises(MailError, match="STARTTLS") as told:
            post(line)
        assert told.value.lasting
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with Line(bad.where, HASTE) as line, pytest.raises(MailError, match="no certificate that proves it") as told:
        post(line)
    assert told.value.lasting
    assert (bad.steps["MAIL"], bad.taken) == (0, [])


def test_a_password_that_smtp_cannot_say(bad: Bad) -> None:
    with Line(bad.where._replace(password="Schlüssel"), HASTE) as line, pytest.raises(MailError, match="ASCII") as told:
        post(line)
    assert told.value.lasting
    assert "Schl" not in str(told.value)


# -- what a letter needs -----------------------------------------------------------------------------------------------


def test_letters_beyond_ascii_in_an_address(bad: Bad, trusted: Paper) -> None:
    with Line(bad.where, HASTE) as line:
        assert post(line, "новый@xn--e1afmkfd.xn--p1ai").kind == "taken"
        assert post(line).kind == "taken"
    assert [one.to for one in bad.taken] == ["новый@xn--e1afmkfd.xn--p1ai", "ada@example.org"]


def test_a_server_that_promises_smtputf8_and_refuses_it_refuses_that_letter(bad: Bad) -> None:
    bad.faults = {"MAIL": ["555 5.5.4 unsupported"]}
    with Line(bad.where, HASTE) as line:
        assert post(line, "новый@example.org").kind == "refused"
        assert post(line).kind == "taken"


def test_a_server_without_smtputf8_gets_no_such_address(trusted: Paper) -> None:
    with running(trusted, utf8=False) as server, Line(Server("localhost", server.port, "starttls", "", "")) as line:
        found = post(line, "новый@example.org")
        assert (found.kind, found.nobody) == ("refused", False)
        assert found.told("x") == "localhost takes no addresses with letters beyond ASCII (it lacks SMTPUTF8)"
        assert post(line).kind == "taken"


def test_a_letter_that_is_larger_than_the_server_takes_is_not_sent(trusted: Paper) -> None:
    with running(trusted, most=1000) as server, Line(Server("localhost", server.port, "starttls", "", "")) as line:
        found = post(line, data=LETTER + b"x" * 1000)
        assert (found.kind, found.step) == ("refused", "MAIL")
        assert "takes letters of 1,000 bytes, and this one has 1,0" in found.said
        assert post(line).kind == "taken"
    assert len(server.box.letters) == 1


@pytest.mark.parametrize("end", [b"\r\n.\r\n", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"])
def test_no_line_of_a_letter_ends_it(trusted: Paper, end: bytes) -> None:
    """Nor begins a second one (SMTP smuggling)."""
    inside = b"MAIL FROM:<eve@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: no\r\n\r\n.."
    with running(trusted) as server, Line(Server("localhost", server.port, "starttls", "", "")) as line:
        assert post(line, data=LETTER + b".one\r\n" + end + inside).kind == "taken"
        assert post(line).kind == "taken"
    first, _ = server.box.letters
    lines = str(first.get_payload()).splitlines()
    assert [lines[1], lines[-1]] == [".one", ".."]
    assert "." in lines


# -- at a rate ---------------------------------------------------------------------------------------------------------

LETTERS = st.lists(st.sampled_from(["a.org", "b.org", "c.org"]), max_size=40)


@given(LETTERS, st.sampled_from([0, 60, 600]), st.integers(1, 5))
def test_each_domain_at_its_rate_and_none_waits_for_another(domains: list[str], per_minute: int, burst: int) -> None:
    turns, now = Turns(per_minute), 0.0
    every = 60 / per_minute if per_minute else 0.0
    left = dict.fromkeys(domains, 0.0)
    done: list[tuple[float, Job]] = []
    for number, domain in enumerate(domains):
        turns.add(Job(number, domain))
        if number % burst == 0 and (job := turns.next(now)):
            done.append((now, job))
    while (wait := turns.wait(now)) is not None:
        now += wait
        job = turns.next(now)
        assert job is not None
        done.append((now, job))
    assert sorted(job.id for _, job in done) == list(range(len(domains)))
    for domain in left:
        mine = [(at, job.id) for at, job in done if job.domain == domain]
        assert [number for _, number in mine] == sorted(number for _, number in mine)
        assert all(after - before >= every - 1e-9 for (before, _), (after, _) in pairwise(mine))
    most = max(Counter(domains).values(), default=0)
    assert now <= every * max(0, most - 1) + 1e-6  # as fast as the one with most letters


def test_a_letter_that_is_put_back_is_the_next_one() -> None:
    turns = Turns(0)
    for number in range(3):
        turns.add(Job(number, "a.org"))
    job = turns.next(1.0)
    assert job is not None
    turns.add(job, first=True)
    assert (len(turns), [turns.next(1.0), turns.next(1.0)]) == (3, [Job(0, "a.org"), Job(1, "a.org")])


# -- several at once ---------------------------------------------------------------------------------------------------


def given_out(jobs: Sequence[Job], batch: int = 7) -> Callable[[Collection[int]], list[Job]]:
    return lambda named: [job for job in jobs if job.id not in named][:batch]


def jobs(count: int, domains: int = 3) -> list[Job]:
    return [Job(number, f"{'abcdef'[number % domains]}.example.org") for number in range(count)]


def works(line: Line, job: Job) -> None:
    assert post(line, f"reader{job.id}@{job.domain}").kind == "taken"


def test_every_letter_once_over_a_few_connections(bad: Bad) -> None:
    courier = Courier(bad.where, 4, 0, given_out(jobs(60)), works, patience=HASTE)
    assert courier.run() == ""
    assert Counter(one.to for one in bad.taken) == {f"reader{job.id}@{job.domain}": 1 for job in jobs(60)}
    assert 1 <= bad.steps["GREETING"] <= 4


def test_the_pace_of_a_domain_over_all_connections(bad: Bad) -> None:
    began: dict[str, list[float]] = {}

    def noted(line: Line, job: Job) -> None:
        began.setdefault(job.domain, []).append(time.monotonic())
        works(line, job)

    assert Courier(bad.where, 4, 1200, given_out(jobs(18)), noted, patience=HASTE).run() == ""
    for times in began.values():
        assert len(times) == 6
        assert times[-1] - times[0] >= 5 * 60 / 1200 - 0.045  # a thread may be late, not early


def test_letters_that_wait_for_their_turn_are_not_looked_through_again_and_again(bad: Bad) -> None:
    asked, begun, more = list[int](), list[Job](), given_out(jobs(12, 1), 12)

    def counted(named: Collection[int]) -> Sequence[Job]:
        asked.append(len(begun))
        return more(named)

    def noted(line: Line, job: Job) -> None:
        begun.append(job)
        works(line, job)

    assert Courier(bad.where, 4, 1200, counted, noted, patience=HASTE).run() == ""
    assert len(bad.taken) == 12
    assert sum(count < 11 for count in asked) <= 3  # the first time, and whether there are more


def test_a_server_that_wants_fewer_connections_gets_all_letters(bad: Bad) -> None:
    bad.faults = {"GREETING": ["", *["421 4.7.0 too many connections"] * 9]}
    courier = Courier(bad.where, 4, 0, given_out(jobs(30)), works, patience=HASTE, pauses=(0.01, 0.01))
    assert courier.run() == ""
    assert len(bad.taken) == 30


def test_a_server_that_is_away_ends_the_run_with_a_sentence(bad: Bad) -> None:
    away = bad.where._replace(port=1)
    courier = Courier(away, 3, 0, given_out(jobs(5)), works, patience=HASTE, pauses=(0.01,))
    assert "localhost:1 cannot be reached" in courier.run()
    wrong = bad.where._replace(password="wrong")
    assert "535" in Courier(wrong, 3, 0, given_out(jobs(5)), works, patience=HASTE).run()
    assert bad.taken == []


def test_a_fault_of_ours_ends_all_and_is_raised(bad: Bad) -> None:
    def fails(line: Line, job: Job) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Courier(bad.where, 3, 0, given_out(jobs(50)), fails, patience=HASTE).run()


def test_asked_to_stop_it_ends_after_the_letters_on_their_way(bad: Bad) -> None:
    courier = Courier(
        bad.where, 2, 0, given_out(jobs(50)), works, patience=HASTE, stop=lambda: bad.steps["ANSWERED"] >= 10
    )
    assert courier.run() == ""
    assert 10 <= len(bad.taken) <= 12

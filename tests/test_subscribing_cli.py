"""subscribe, unsubscribe and subscribers, as a shell runs them."""

import csv
import email
import email.policy
import io
from pathlib import Path

import pytest

from shell import broadsheet

ADA = "ada@example.org"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "library"


def test_an_address_is_asked_first(home: Path) -> None:
    said = broadsheet(
        home, "subscribe", "Ada@Example.org", "--topic", "sparse attention", "--rising", "--every", "weekly", "--on",
        "fri", "--at", "7:30", "--zone", "europe/berlin",
    )  # fmt: skip
    assert "was written into" in said.err
    assert said.out == ""  # who asks does not see the link
    (file,) = (home / "outbox").glob("*.eml")
    letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = letter.get_body(("plain",))
    assert body is not None
    assert letter["to"] == ADA
    assert "every Friday at 07:30 (Europe/Berlin)" in body.get_content()
    assert "http://localhost:8008/subscribe/confirm/" in body.get_content()
    assert broadsheet(home, "subscribers", "--json").json["subscribers"] == []
    again = broadsheet(home, "subscribe", ADA, "--topic", "sparse attention", "--rising", "--every", "week", "--on",
                       "friday", "--at", "07:30", "--zone", "Europe/Berlin")  # fmt: skip
    assert "No letter was sent: one was sent just now" in again.err
    sure = broadsheet(home, "subscribe", ADA, "--rising", code=2, BROADSHEET_SMTP="smtp://mail.example.org:587")
    assert "needs the address of this library" in sure.err


def test_the_owner_vouches_for_an_address(home: Path) -> None:
    broadsheet(home, "subscribe", ADA, "--rising", "--personal", "--at", "06:15", "--confirmed")
    made = broadsheet(home, "subscribe", ADA, "--topic", "ink", "--search", "quills", "--confirmed", "--json").json
    assert made["at"] == "06:15"  # what is not said stays
    kinds = [(one["kind"], one["value"]) for one in made["wishes"]]
    assert kinds == [("topic", "ink"), ("search", "quills"), ("rising", ""), ("personal", "")]
    assert [one["name"] for one in broadsheet(home, "saved", "--json").json["saved"]] == ["quills"]
    other = broadsheet(home, "subscribe", "ben@example.org", "--personal", "--confirmed", code=2)
    assert "another has it" in other.err
    assert not (home / "outbox").exists()
    table = broadsheet(home, "subscribers").out
    assert "every day at 06:15 (UTC)" in table
    rows = list(csv.DictReader(io.StringIO(broadsheet(home, "subscribers", "--export").out)))
    assert rows[0]["email"] == ADA
    assert rows[0]["wishes"] == "topic ink; search quills; rising; personal"


def test_no_letter_goes_where_the_owner_wants_none(home: Path) -> None:
    broadsheet(home, "subscribe", ADA, "--rising", "--confirmed")
    broadsheet(home, "subscribers", "--suppress", ADA)
    listed = broadsheet(home, "subscribers", "--json").json
    assert [one["state"] for one in listed["subscribers"]] == ["owner"]
    assert [(one["email"], one["why"]) for one in listed["suppressed"]] == [(ADA, "owner")]
    asked = broadsheet(home, "subscribe", ADA, "--topic", "ink")
    assert "nothing goes to this address (owner)" in asked.err
    vouched = broadsheet(home, "subscribe", ADA, "--topic", "ink", "--confirmed")
    assert "But nothing goes to this address" in vouched.err
    assert "can go to ada@example.org again" in broadsheet(home, "subscribers", "--lift", ADA).err
    assert "nothing stops letters" in broadsheet(home, "subscribers", "--lift", ADA, code=2).err


def test_leaving_and_being_forgotten(home: Path) -> None:
    broadsheet(home, "subscribe", ADA, "--rising", "--confirmed")
    assert broadsheet(home, "unsubscribe", "ADA@example.org", "--json").json == {"email": ADA, "state": "left"}
    listed = broadsheet(home, "subscribers", "--json").json
    assert (listed["counts"]["left"], listed["subscribers"][0]["state"]) == (1, "left")
    broadsheet(home, "unsubscribe", ADA, "--remove")
    assert broadsheet(home, "subscribers", "--json").json["subscribers"] == []
    assert "gets no letters" in broadsheet(home, "unsubscribe", ADA, code=2).err
    assert "Nobody gets letters yet" in broadsheet(home, "subscribers").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody", "--rising"), "'nobody' is no e-mail address"),
        ((ADA,), "choose at least one thing"),
        ((ADA, "--confirmed"), "say what should be sent"),
        ((ADA, "--topic", "..."), "is no topic"),
        ((ADA, "--rising", "--at", "25:00"), "the hour is '25:00'"),
        ((ADA, "--rising", "--zone", "Mars"), "time zone 'Mars'"),
        ((ADA, "--rising", "--every", "hour"), "it is day, week or off"),
        ((ADA, "--rising", "--language", "xx"), "letters are not written in 'xx'"),
        ((ADA, "--list", "to read"), "no list"),
        ((ADA, "--list", "7"), "no list '7'"),
    ],
)
def test_what_cannot_be_is_said(home: Path, words: tuple[str, ...], said: str) -> None:
    assert said in broadsheet(home, "subscribe", *words, code=2).err


def test_a_cell_is_no_formula(home: Path) -> None:
    broadsheet(home, "subscribe", "=cmd|x!a@example.org", "--rising", "--confirmed")
    (row,) = csv.DictReader(io.StringIO(broadsheet(home, "subscribers", "--export").out))
    assert row["email"] == "'=cmd|x!a@example.org"

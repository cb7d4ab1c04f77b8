"""Feeds as they are in the wild, from a server on loopback and from bytes."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import loopback
from broadsheet.errors import Mistake, SourceError
from broadsheet.paper import Fault, Paper
from broadsheet.sources import Step, feed

NOW = datetime(2024, 1, 3, 12, tzinfo=UTC)  # a Wednesday
ITEM = "<item><title>Lamps</title><link>https://blog.example.org/lamps</link></item>"


def rss(inside: str = ITEM, head: str = "") -> bytes:
    return f"<rss version='2.0'><channel><title>Lights</title>{head}{inside}</channel></rss>".encode()


def read(data: bytes) -> list[Paper]:
    found = list(feed.parse(io.BytesIO(data), source="lights", at="2024-01-03T00:00:00Z"))
    assert all(isinstance(record, Paper) for record in found), found
    return [record for record in found if isinstance(record, Paper)]


def ask(server: loopback.Server, folder: Path, cursor: str = "", now: datetime = NOW) -> Step:
    options = {"url": server.url + "/feed", "every": 60}
    (step,) = feed.fetch(loopback.client(folder), options, "", cursor, now)
    return step


def rests_until(folder: Path, head: str = "", **headers: str) -> datetime:
    reply = loopback.Reply(rss(head=head), headers={name.replace("_", "-"): value for name, value in headers.items()})
    with loopback.serving(loopback.replies(reply)) as server:
        return datetime.fromisoformat(json.loads(ask(server, folder).cursor)["until"])


def test_what_is_the_same_is_not_read_twice(tmp_path: Path) -> None:
    with loopback.serving(loopback.replies(rss())) as server:
        first = ask(server, tmp_path)
        second = ask(server, tmp_path, first.cursor)
    assert first.body and not second.body


def test_a_kill_between_the_answer_and_the_store_loses_nothing(tmp_path: Path) -> None:
    """The cache has the body then, and the server says 304; the cursor has not moved."""

    def answer(asked: loopback.Asked) -> loopback.Reply:
        known = asked.headers.get("if-none-match") == '"1"'
        return loopback.Reply(b"" if known else rss(), status=304 if known else 200, headers={"ETag": '"1"'})

    with loopback.serving(answer) as server:
        before = ask(server, tmp_path)
        again = ask(server, tmp_path)
        assert server.log[1].headers["if-none-match"] == '"1"'
    assert again.body == before.body == rss()


def test_a_feed_that_asks_for_patience_is_left_alone(tmp_path: Path) -> None:
    with loopback.serving(loopback.replies(rss(head="<ttl>90</ttl>"))) as server:
        first = ask(server, tmp_path)
        waiting = ask(server, tmp_path, first.cursor, NOW + timedelta(minutes=89))
        assert (waiting.body, waiting.cursor, len(server.log)) == (b"", first.cursor, 1)
        ask(server, tmp_path, first.cursor, NOW + timedelta(minutes=91))
        assert len(server.log) == 2


def test_what_a_feed_says_about_the_next_look(tmp_path: Path) -> None:
    assert rests_until(tmp_path / "a") == NOW
    assert rests_until(tmp_path / "b", Cache_Control="public, max-age=7200") == NOW + timedelta(hours=2)
    days = "<skipDays><day>Wednesday</day><day>Thursday</day></skipDays>"
    assert rests_until(tmp_path / "c", days) == datetime(2024, 1, 5, tzinfo=UTC)
    hours = "<skipHours><hour>12</hour><hour>13</hour></skipHours>"
    assert rests_until(tmp_path / "d", hours) == datetime(2024, 1, 3, 14, tzinfo=UTC)
    week = "".join(f"<day>{day}</day>" for day in feed._DAYS)
    assert rests_until(tmp_path / "e", f"<skipDays>{week}</skipDays>") == NOW
    assert rests_until(tmp_path / "f", "<ttl>99999</ttl>") == NOW + timedelta(days=7)


def test_a_web_page_leads_to_its_feed(tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><head><link rel=alternate type='application/rss+xml' href='/real.xml'></head>"

    def answer(asked: loopback.Asked) -> loopback.Reply:
        return loopback.Reply(rss() if asked.path == "/real.xml" else page)

    with loopback.serving(answer) as server:
        assert ask(server, tmp_path).body == rss()
    with (
        loopback.serving(loopback.replies(b"<html><head></head>")) as server,
        pytest.raises(SourceError, match="names no feed"),
    ):
        ask(server, tmp_path / "b")


def test_an_address_is_wanted() -> None:
    with pytest.raises(Mistake, match="'lights' is not the address of a feed"):
        feed.parts({"url": "lights", "every": 60})


@pytest.mark.parametrize(
    ("inside", "key"),
    [
        ("<link>https://arxiv.org/abs/2101.00001v3</link>", "arxiv:2101.00001"),
        ("<guid>https://doi.org/10.1000/LAMP.1</guid><link>https://a.example.org/1</link>", "doi:10.1000/lamp.1"),
        ("<p:doi xmlns:p='urn:p'>10.1000/lamp.2</p:doi><link>https://a.example.org/2</link>", "doi:10.1000/lamp.2"),
        ("<link>https://a.example.org/3?utm_source=rss</link>", "url:https://a.example.org/3"),
    ],
)
def test_an_item_is_named_by_what_names_it_best(inside: str, key: str) -> None:
    (one,) = read(rss(f"<item><title>Lamps</title>{inside}</item>"))
    assert one.key == key


def test_damaged_feeds_are_read_as_far_as_can_be() -> None:
    (one,) = read(rss("<item><title>Ore & Lamps&nbsp;again</title><link>https://a.example.org/1</link></item>"))
    assert one.title == "Ore & Lamps again"
    assert [one.title for one in read(rss()[:-12])] == ["Lamps"]
    lying = b"<?xml version='1.0' encoding='utf-16'?>" + rss()
    assert [one.title for one in read(lying)] == ["Lamps"]


def test_an_item_without_a_title_is_set_aside() -> None:
    (fault,) = feed.parse(io.BytesIO(rss("<item><link>https://a.example.org/1</link></item>")), source="l", at="")
    assert isinstance(fault, Fault) and fault.reason == "no title"


def test_dates_of_every_kind() -> None:
    said = ("Tue, 02 Jan 2024 10:00:00 GMT", "2024-01-02T10:00:00Z", "2 January 2024", "yesterday", "2999-01-01")
    items = "".join(f"<item><title>Lamp {n}</title><pubDate>{date}</pubDate></item>" for n, date in enumerate(said))
    assert [one.date for one in read(rss(items))] == ["2024-01-02"] * 3 + ["", ""]


def test_a_json_feed_may_have_one_author_or_several() -> None:
    items = [
        {"id": "1", "title": "Lamps", "url": "https://a.example.org/1", "author": {"name": "Ada Quill"}},
        {"id": "2", "title": "Ores", "url": "https://a.example.org/2", "authors": [{"name": "Ben Ore"}, 7, {}]},
    ]
    data = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
    assert [one.authors for one in read(data)] == [("Ada Quill",), ("Ben Ore",)]

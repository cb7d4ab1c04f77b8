"""The client against real servers: what it asks, what it believes, and when it gives up."""

import contextlib
import gzip
import socket
import threading
import time
import zlib
from pathlib import Path

import pytest

from broadsheet import fetch
from broadsheet.fetch import FetchError, Stopped, guard, wire
from broadsheet.fetch.rates import RATES, Rate, rate_of
from loopback import Asked, Reply, client, replies, serving


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "BACKOFF", 0.01)


def test_says_what_it_is_and_nothing_about_a_reader(tmp_path: Path) -> None:
    with serving(replies(b"hello")) as server:
        answer = client(tmp_path, contact="owner@example.org").get(f"{server.url}/a", params={"q": "x y"})
    assert (answer.status, answer.body) == (200, b"hello")
    (asked,) = server.log
    assert asked.params == {"q": "x y"} and "mailto:owner@example.org" in asked.headers["user-agent"]
    assert "application/atom+xml" in asked.headers["accept"] and asked.headers["accept-encoding"] == "gzip"
    assert not asked.headers.keys() & {"cookie", "referer", "from", "authorization"}


def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == '"1"':
            return Reply(status=304, headers={"Content-Length": "0"})
        return Reply(b"body", headers={"ETag": '"1"', "Link": "<x>; rel=next"})

    with serving(answer) as server:
        first, second = (client(tmp_path).get(server.url) for _ in range(2))
        third = client(tmp_path).get(server.url, anew=True)
        client(tmp_path).metered(anew=True).get(server.url)
    assert first.body == second.body == third.body == b"body" and second.headers["link"] == "<x>; rel=next"
    assert ["if-none-match" in asked.headers for asked in server.log] == [False, True, False, False]


def test_kept_answers_of_one_key_are_not_shown_to_another(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        known = "if-none-match" in asked.headers
        return Reply(b"" if known else asked.headers["zotero-api-key"].encode(), 304 if known else 200, {"ETag": '"1"'})

    with serving(answer) as server:
        asker = client(tmp_path)
        seen = [asker.get(server.url, headers={"Zotero-API-Key": key}).body for key in ("a", "b", "a")]
    assert seen == [b"a", b"b", b"a"] and ["if-none-match" in one.headers for one in server.log] == [False, False, True]
    names = "".join(path.name + path.read_text() for path in (tmp_path / "cache").iterdir())
    assert "zotero" not in names.lower()


def test_a_damaged_cache_is_no_cache(tmp_path: Path) -> None:
    with serving(replies(Reply(b"body", headers={"ETag": '"1"'}))) as server:
        client(tmp_path).get(server.url)
        (entry,) = (tmp_path / "cache").iterdir()
        entry.write_bytes(entry.read_bytes().replace(b"body", b"bodx"))
        assert client(tmp_path).get(server.url).body == b"body"
        entry.write_bytes(b"\x00")
        assert client(tmp_path).get(server.url).body == b"body"
    assert not any("if-none-match" in asked.headers for asked in server.log)


def test_the_cache_stays_below_its_limit(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(asked.path.encode() * 30_000)) as server:
        asker = client(tmp_path, cache_mb=1)
        for number in range(60):
            asker.get(f"{server.url}/{number:03}")
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) < 8 << 20


@pytest.mark.parametrize("status", [406, 429, 500, 502, 503, 504])
def test_later_is_asked_again(tmp_path: Path, status: int) -> None:
    with serving(replies(Reply(status=status), Reply(status=status), b"now")) as server:
        asker = client(tmp_path)
        assert asker.get(server.url).body == b"now"
    assert len(server.log) == asker.requests == 3


def test_broken_answers_are_asked_again(tmp_path: Path) -> None:
    packed = gzip.compress(b"whole" * 100)
    broken = (Reply(b"x" * 100, cut=50), Reply(packed[:-20], headers={"Content-Encoding": "gzip"}))
    with serving(replies(*broken, Reply(packed, headers={"Content-Encoding": "gzip"}))) as server:
        assert client(tmp_path).get(server.url).body == b"whole" * 100
    assert len(server.log) == 3


def test_it_gives_up_and_says_when_to_try_again(tmp_path: Path) -> None:
    with serving(replies(Reply(status=503))) as server, pytest.raises(FetchError) as caught:
        client(tmp_path).get(f"{server.url}/oai", params={"api_key": "secret"})
    error = caught.value
    assert error.status == 503 and error.retry_at > time.time() and len(server.log) == 5
    assert "/oai answered 503 (5 times)" in str(error) and "secret" not in str(error)


def test_a_long_wait_is_handed_to_the_caller(tmp_path: Path) -> None:
    with serving(replies(Reply(status=429, headers={"Retry-After": "7200"}))) as server:
        with pytest.raises(FetchError) as caught:
            client(tmp_path).get(server.url)
        assert 7100 < caught.value.retry_at - time.time() <= 7200
        with pytest.raises(FetchError, match="left alone"):  # another program on this machine waits as well
            client(tmp_path).get(server.url)
    assert len(server.log) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410, 451])
def test_what_cannot_get_better_is_said_at_once(tmp_path: Path, status: int) -> None:
    refused = Reply(b"no such set", status, {"Content-Type": "text/plain"})
    with serving(replies(refused)) as server, pytest.raises(FetchError, match="no such set") as caught:
        client(tmp_path).get(server.url)
    assert (caught.value.status, caught.value.retry_at, len(server.log)) == (status, 0.0, 1)


def test_a_key_that_the_answer_repeats_is_not_shown(tmp_path: Path) -> None:
    refused = Reply(b"no such keys: sesame, s3cret", 401, {"Content-Type": "text/plain"})
    with serving(replies(refused)) as server, pytest.raises(FetchError) as caught:
        client(tmp_path).get(server.url, params={"api_key": "sesame"}, headers={"Authorization": "Bearer s3cret"})
    assert str(caught.value).endswith("no such keys: ***, ***")


@pytest.mark.parametrize("forbidden", [0.0, 3_600.0])
def test_after_a_403_only_who_means_it_is_left_alone(tmp_path: Path, forbidden: float) -> None:
    """arXiv does; of others it says that the key is wrong, which may be right a moment later."""
    rates = {"127.0.0.1": Rate("loopback", 0.0, "a test", forbidden)}
    with serving(replies(Reply(status=403), b"hello")) as server:
        with pytest.raises(FetchError, match="403") as caught:
            client(tmp_path, rates=rates).get(server.url)
        if forbidden:
            with pytest.raises(FetchError, match="is left alone for 3,6"):
                client(tmp_path, rates=rates).get(f"{server.url}/other")
        else:
            assert client(tmp_path, rates=rates).get(f"{server.url}/other").body == b"hello"
    assert caught.value.status == 403 and (caught.value.retry_at > 0) == (forbidden > 0)
    assert RATES["arxiv.org"].forbidden == 3_600.0


def test_a_dot_at_the_end_of_a_name_changes_no_rule(tmp_path: Path) -> None:
    parts = [guard.split(f"https://{name}/x") for name in ("export.arxiv.org", "export.arxiv.org.")]
    assert {rate_of(guard.host_of(one), guard.port_of(one)) for one in parts} == {RATES["arxiv.org"]}


def test_gzip_data_of_several_members_and_what_follows(tmp_path: Path) -> None:
    body = gzip.compress(b"one, ") + gzip.compress(b"two")
    tail = gzip.compress(b"whole") + bytes(3 << 20)
    for sent, wanted in ((body, b"one, two"), (tail, b"whole")):
        with serving(replies(Reply(sent, headers={"Content-Encoding": "gzip"}))) as server:
            assert client(tmp_path / wanted.decode()).get(server.url, cap=1_000).body == wanted


def test_a_stall_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SILENCE", 0.2)
    with serving(replies(Reply(b"x", pause=1.0), b"then")) as server:
        assert client(tmp_path).get(server.url).body == b"then"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: ",
                                  b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
                                  b"HTTP/1.1 200 OK\r\n\r\n"])  # fmt: skip
def test_an_answer_that_drips_ends_in_time(head: bytes) -> None:
    """Bytes come often enough for the limit on silence, in the headers, a chunk, or a body of any length."""

    def drip(listener: socket.socket) -> None:
        asked, _ = listener.accept()
        with asked, contextlib.suppress(OSError):
            asked.recv(10_000)
            asked.sendall(head)
            for _ in range(300):
                asked.sendall(b"x")
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        request, began = wire.Request("GET", url, {}, None, 1 << 20), time.monotonic()
        with pytest.raises(FetchError, match="took too long"):
            wire.exchange(request, fetch.guard.split(url), "127.0.0.1", "", lambda: None, total=0.3)
        assert time.monotonic() - began < 2.0
        thread.join()


def test_a_proxy_is_told_its_password_and_a_wrong_one_is_a_sentence(tmp_path: Path) -> None:
    with serving(replies(b"page")) as proxy:
        address = proxy.url.replace("//", "//me:p%40ss@")
        client(tmp_path, proxy=address, private=["127.0.0.1"]).get("http://127.0.0.1:9/")
    assert proxy.log[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
    with pytest.raises(FetchError, match="the proxy must be") as caught:
        client(tmp_path, proxy="socks5://me:secret@127.0.0.1:1").get("http://127.0.0.1:9/")
    assert "secret" not in str(caught.value)


def test_a_bomb_stops_at_the_cap(tmp_path: Path) -> None:
    maker = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(maker.compress(bytes(1 << 20)) for _ in range(200)) + maker.flush()
    with serving(replies(Reply(bomb, headers={"Content-Encoding": "gzip"}))) as server:
        with pytest.raises(FetchError, match="larger than"):
            client(tmp_path).get(server.url, cap=1 << 20)
        with pytest.raises(FetchError, match="larger than"):
            client(tmp_path).get(server.url, headers={"Accept-Encoding": "identity"}, cap=100)
    assert len(server.log) == 2


def test_huge_headers_are_refused(tmp_path: Path) -> None:
    with serving(replies(Reply(headers={"X": "y" * 100_000}))) as server, pytest.raises(FetchError):
        client(tmp_path).get(server.url)


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "\0", "ü"])
def test_a_header_cannot_become_two(tmp_path: Path, value: str) -> None:
    with serving(replies(b"")) as server, pytest.raises(FetchError, match="header"):
        client(tmp_path).get(server.url, headers={"Zotero-API-Key": value})
    assert server.log == []


def test_posts_json(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(asked.body)) as server:
        assert client(tmp_path).post(server.url, json={"ids": ["ü"]}).body == '{"ids":["ü"]}'.encode()
    assert server.log[0].headers["content-type"] == "application/json"


def test_a_view_counts_its_own_requests(tmp_path: Path) -> None:
    with serving(replies(b"")) as server:
        shared = client(tmp_path)
        one, two = shared.metered(), shared.metered()
        one.get(server.url)
        one.get(f"{server.url}/2")
        two.get(f"{server.url}/3")
    assert (shared.requests, one.requests, two.requests) == (0, 2, 1)


def test_stopped_it_asks_no_more(tmp_path: Path) -> None:
    with serving(replies(b"")) as server:
        asker = client(tmp_path)
        asker.stop()
        with pytest.raises(Stopped):
            asker.metered().get(server.url)
    assert server.log == []


class TestRedirects:
    def test_are_followed_and_their_end_is_told(self, tmp_path: Path) -> None:
        def answer(asked: Asked) -> Reply:
            return Reply(status=302, headers={"Location": "/b?x=1"}) if asked.path == "/a" else Reply(b"end")

        with serving(answer) as server:
            got = client(tmp_path).get(f"{server.url}/a", headers={"X-API-Key": "k"})
        assert got.url == f"{server.url}/b?x=1" and got.body == b"end"
        assert server.log[1].headers["x-api-key"] == "k"

    def test_to_another_host_go_without_keys(self, tmp_path: Path) -> None:
        with serving(replies(b"end")) as other:
            away = Reply(status=307, headers={"Location": f"{other.url}/b"})
            with serving(replies(away)) as server:
                client(tmp_path).get(server.url, headers={"Zotero-API-Key": "k", "Authorization": "k", "X-Odd": "1"})
        assert other.log[0].headers["x-odd"] == "1"
        assert not other.log[0].headers.keys() & {"zotero-api-key", "authorization"}

    def test_do_not_go_round_for_ever(self, tmp_path: Path) -> None:
        round_ = Reply(status=301, headers={"Location": "/"})
        with serving(replies(round_)) as server, pytest.raises(FetchError, match="redirects"):
            client(tmp_path).get(server.url)
        assert len(server.log) == 6

    @pytest.mark.parametrize(
        "target",
        ["http://169.254.169.254/latest", "http://[::1]/", "http://10.0.0.1/", "http://0.0.0.0/", "file:///etc/passwd",
         "gopher://x/", "http://[::ffff:10.0.0.1]/", "http://u:p@example.org/", "http://127.0.0.2/", "//[::]/"],
    )  # fmt: skip
    def test_never_lead_inside(self, tmp_path: Path, target: str) -> None:
        away, said = Reply(status=302, headers={"Location": target}), r"private address|not an address|password"
        with serving(replies(away)) as server, pytest.raises(FetchError, match=said):
            client(tmp_path).get(server.url)
        assert len(server.log) == 1


def test_through_a_proxy(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(asked.path.encode())) as proxy:
        answer = client(tmp_path, proxy=proxy.url, private=["127.0.0.1", "no-such-host.invalid"]).get(
            "http://no-such-host.invalid/page"
        )
        with pytest.raises(FetchError, match="private address"):
            client(tmp_path, proxy=proxy.url, private=[]).get("http://10.1.2.3/")
    assert answer.body == b"/page" and len(proxy.log) == 1

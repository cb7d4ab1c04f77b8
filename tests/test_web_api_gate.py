"""What a request to the API must be before it is read: its method, its body, and who sent it; pages by cursor."""

from collections.abc import Iterator, Mapping

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

import web_library
from broadsheet.errors import Mistake
from broadsheet.web import api_parts, create_app
from broadsheet.web.api_gate import MAX_BODY

ASK = "/api/v1/search"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with web_library.make(tmp_path_factory.mktemp("gate")) as library:
        yield TestClient(create_app(library), base_url="http://localhost:8008", client=("127.0.0.1", 50_000))


def problem(client: TestClient, method: str, address: str, status: int, **more: object) -> str:
    answer = client.request(method, address, **more)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["status"] == status
    return str(body["detail"])


# -- methods -----------------------------------------------------------------------------------------------------------


def test_head_is_get_without_a_body(client: TestClient) -> None:
    for address in ("/api/v1/stats", "/api/v1/paper/quill24", "/api/v1/paper/nobody"):
        whole, head = client.get(address), client.head(address)
        assert head.content == b""
        assert (head.status_code, head.headers.get("etag")) == (whole.status_code, whole.headers.get("etag"))
        assert head.headers["content-length"] == whole.headers["content-length"]


def test_options_says_what_a_path_takes_and_nothing_of_other_sites(client: TestClient) -> None:
    preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = client.options(ASK, headers=preflight)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert client.options("/api/v1/stats").headers["allow"] == "GET, HEAD, OPTIONS"
    assert "no page at /api/v1/nothing" in problem(client, "OPTIONS", "/api/v1/nothing", 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "BREW"])
def test_other_methods_are_refused_with_those_that_work(client: TestClient, method: str) -> None:
    answer = client.request(method, "/api/v1/stats", headers=JSON, content="{}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["detail"] == f"{method} is not possible here; GET, HEAD, OPTIONS is."


@pytest.mark.parametrize("sign", ["%0D", "%0A", "%09", "%00", "%3F", "%23", "%2F", "%25", "%C2%85", "%FF"])
def test_a_path_is_taken_as_it_came(client: TestClient, sign: str) -> None:
    assert client.get(f"/api/v1/topics/a{sign}b").status_code == (404 if sign == "%2F" else 200)
    assert client.get(f"/api/v1/paper/{sign}").json()["detail"].startswith("No paper here is called")
    assert client.options(f"/api/v1/paper/{sign}").headers["allow"] == "GET, HEAD, OPTIONS"


# -- bodies ------------------------------------------------------------------------------------------------------------


def test_a_body_is_json(client: TestClient) -> None:
    question = '{"q": "weather"}'
    for kind in ("application/json", "application/json; charset=utf-8", "APPLICATION/JSON"):
        assert client.post(ASK, content=question, headers={"content-type": kind}).status_code == 200
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", ""):
        detail = problem(client, "POST", ASK, 415, content=question, headers={"content-type": kind})
        assert detail.startswith("Content-Type must be application/json; ")
    assert "there is none" in problem(client, "POST", ASK, 415)


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "1", '"a"', '{"q": NaN}', '{"q": "\\ud800"}', "\xff", '{"a": ' * 20_000, '{"p": ""}'],
)
def test_a_body_that_cannot_be_read_is_a_problem(client: TestClient, body: str) -> None:
    assert problem(client, "POST", ASK, 400, content=body.encode("latin-1"), headers=JSON)


def test_a_body_has_bounds(client: TestClient) -> None:
    largest = b'{"q": "' + b" " * (MAX_BODY - 9) + b'"}'
    assert len(largest) == MAX_BODY
    assert client.post(ASK, content=largest, headers=JSON).status_code == 200

    def drips() -> Iterator[bytes]:
        yield from (largest, b" ")

    for body in (largest + b" ", drips()):
        assert problem(client, "POST", ASK, 413, content=body, headers=JSON) == "The body is larger than 262,144 bytes."


# -- who sent it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"origin": "http://localhost:8008", "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://localhost:8008"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:9000", "sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://evil.example", "authorization": "Bearer bs_none"}, None),  # no browser's own doing
    ],
)
def test_a_page_of_another_site_changes_nothing(
    client: TestClient, headers: Mapping[str, str], status: int | None
) -> None:
    answer = client.post(ASK, json={"q": "weather"}, headers=dict(headers))
    assert answer.status_code == status if status else answer.status_code != 403
    if status == 403:
        assert "sent by a page of another site" in answer.json()["detail"]


# -- cursors -----------------------------------------------------------------------------------------------------------


def asked(path: str = "/api/v1/votes", query: str = "") -> Request:
    return Request({"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": []})


def test_a_cursor_comes_back_as_the_place_it_stands_for() -> None:
    for place in ((1, 2), (0, -(2**63)), (2**63 - 1, 7)):
        response = api_parts.listed(asked(query="limit=7&window=a+b"), "votes", [], place)
        following = response.headers["link"].removeprefix("<").partition(">")[0]
        path, _, query = following.partition("?")
        assert (path, query.partition("&cursor=")[0]) == ("/api/v1/votes", "limit=7&window=a+b")
        assert api_parts.place(asked(path, query), query.partition("&cursor=")[2], int, int) == place


def test_a_name_may_be_a_place() -> None:
    response = api_parts.listed(asked(), "groups", [], ("Ärger & ☃",))
    cursor = response.headers["link"].partition("cursor=")[2].partition(">")[0]
    assert api_parts.place(asked(), cursor, str) == ("Ärger & ☃",)
    with pytest.raises(Mistake, match="none that this list gave"):
        api_parts.place(asked(), cursor, int)


@pytest.mark.parametrize("forged", ["x", "====", "AAAA", "☃", "A" * 400, "WzEsMl0", "\x00", "W10=", " "])
def test_a_forged_cursor_is_refused(forged: str) -> None:
    with pytest.raises(Mistake, match="none that this list gave"):
        api_parts.place(asked(), forged, int, int)


def test_a_cursor_is_of_one_list() -> None:
    response = api_parts.listed(asked(query="topic=a"), "votes", [], (1, 2))
    cursor = response.headers["link"].partition("cursor=")[2].partition(">")[0]
    assert api_parts.place(asked(query="topic=a&limit=3"), cursor, int, int) == (1, 2)
    for other in (asked(query="topic=b"), asked("/api/v1/hidden", "topic=a"), asked()):
        with pytest.raises(Mistake):
            api_parts.place(other, cursor, int, int)
    for spoiled in (cursor[:-1], "A" + cursor[1:], cursor[:-2] + "AA"):
        with pytest.raises(Mistake):
            api_parts.place(asked(query="topic=a"), spoiled, int, int)

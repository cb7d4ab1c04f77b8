"""Which addresses may be asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.fetch import FetchError, guard
from broadsheet.fetch.wait import asked_to_wait


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.0.9", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::", "192.0.2.1", "not an address"],
)  # fmt: skip
def test_private_addresses_in_every_dress(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert guard.is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "127.0.0.1"])
def test_names_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises(FetchError, match="private address"):
        guard.address_of(host, 80)


@pytest.mark.parametrize("allowed", [["127.0.0.1"], ["127.0.0.0/8"], ["10.0.0.0/8", "127.0.0.1/32"]])
def test_the_owner_may_allow_some(allowed: list[str]) -> None:
    assert guard.address_of("127.0.0.1", 80, allowed) == "127.0.0.1"
    with pytest.raises(FetchError, match="private"):
        guard.address_of("192.168.7.7", 80, allowed)


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(FetchError, match="no such host"):
        guard.address_of("no-such-host.invalid", 80)


@pytest.mark.parametrize(
    "url",
    ["", "x", "//host", "ftp://host/", "javascript:alert(1)", "http://", "http://a b/", "http://a\r\nb/", "http://h:99999/",
     "http://h:x/", "http://u@h/", "http://u:p@h/", "http://[::1", "http://h:0/"],
)  # fmt: skip
def test_what_cannot_be_asked(url: str) -> None:
    with pytest.raises(FetchError):
        guard.split(url)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    try:
        parts = guard.split(text)
    except FetchError:
        return
    assert parts.scheme in ("http", "https") and parts.hostname


NOW = 1_750_000_000.0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, 0),
        ({"retry-after": "120"}, 120),
        ({"retry-after": "Sun, 15 Jun 2025 15:07:40 GMT"}, 60),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "999999999999"}, 0),
        ({"backoff": "30", "retry-after": "5"}, 30),
        ({"ratelimit": '"api";r=0;t=55'}, 55),
        ({"ratelimit": '"api";r=3;t=55'}, 0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "17"}, 17),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 40)}, 40),
        ({"x-ratelimit-remaining": "12", "x-ratelimit-reset": "17"}, 0),
        ({"retry-after": "9000000"}, 86_400),
    ],
)
def test_what_services_say_about_waiting(headers: dict[str, str], wait: float) -> None:
    assert asked_to_wait(headers, NOW) == wait


@given(st.dictionaries(st.sampled_from(["retry-after", "backoff", "ratelimit", "x-ratelimit-remaining"]), st.text()))
def test_nonsense_about_waiting_is_no_reason_to_fail(headers: dict[str, str]) -> None:
    assert 0 <= asked_to_wait(headers, NOW) <= 86_400

"""Names and addresses: what one is, and when two are the same; how often is too often; what a role may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import Mistake, TooOften
from broadsheet.people import addresses, keys, limits, names, sessions
from broadsheet.people.limits import Bucket, Rate
from broadsheet.people.rights import NEEDS, ROLES, Reader


@pytest.mark.parametrize(
    "name",
    [
        "Ada", "ada.stone", "A1", "Jürgen-1", "José", "Иван", "Ελένη", "李小龍", "さくら山", "김철수", "محمد", "नेहा",
        "אבי", "Nguyễn", "Åse", "x_y", "o2", "a" * 30,
    ],
)  # fmt: skip
def test_names_of_all_scripts_are_names(name: str) -> None:
    assert names.named(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        "", "a", "a" * 31, "x" * 10_000, "a b", "ada@home", "<b>", "a/b", "12", "-ada", "ada.", "a..b", "a-_b", "a\nb",
        "a\u200bda", "a\u202eda", "ада\ufeff", "ａｄａ", "𝐚da", "ᴀda", "ⓐda", "ﬁne", "ivаn", "Αda",
        "a\u0300\u0301\u0302da", "admin", "Owner", "0wner", "admln", "adm1n", "оwner", "ad-min", "rnoderator",
        "\ud800ab", "a\x00b", "ꓮda", "Ꭺda",
    ],
)  # fmt: skip
def test_what_is_no_name_is_said(name: str) -> None:
    with pytest.raises(Mistake):
        names.named(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("scope", "ѕсоре"), ("Ada", "ada"), ("Ada", "Áda"), ("ada", "a-da"), ("ali", "aIi"), ("bill", "bi11"),
        ("john", "j0hn"), ("modern", "modem"), ("ivvan", "iwan"), ("pax", "рах"), ("ο-ο", "o-o"), ("strasse", "straße"),
        ("ørn", "orn"), ("нас", "hac"),
    ],
)  # fmt: skip
def test_names_that_look_alike_are_one(one: str, other: str) -> None:
    assert one != other
    assert names.likeness(one) == names.likeness(other)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_a_mistake(text: str) -> None:
    try:
        name = names.named(text)
    except Mistake:
        return
    assert names.named(name) == name
    assert names.likeness(name) == names.likeness(name.upper().lower() if name.isascii() else name)
    assert names.key(name)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ada+papers@mail.example.org", "ada+papers@mail.example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("новый@пример.рф", "новый@xn--e1afmkfd.xn--p1ai"),
        ("ａｄａ@example.org", "ada@example.org"),
        ("o'hara@example.org", "o'hara@example.org"),
    ],
)
def test_an_address_is_written_in_one_way(text: str, address: str) -> None:
    assert addresses.address(text) == address
    assert addresses.address(addresses.shown(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "ada", "@", "ada@", "@example.org", "ada@localhost", "ada@127.0.0.1", "ada@[127.0.0.1]", "a b@example.org",
        '"ada"@example.org', "ada@exa_mple.org", "ada@-example.org", "ada@example..org", ".ada@example.org", "a@b@",
        "ada@example.org\nBcc: eve@example.org", "ada@example.org, eve@example.org", "<ada@example.org>",
        "x" * 65 + "@example.org", "ada@" + "x" * 64 + ".org", "ada@" + ".".join(["x" * 60] * 5) + ".org",
        "a\u202e@b.org", "ada(comment)@example.org", "ada@example.123", "\ud800@example.org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(Mistake, match="is no e-mail address"):
        addresses.address(text)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_mistake(text: str) -> None:
    try:
        address = addresses.address(text + "@example.org")
    except Mistake:
        return
    assert address.isprintable()
    assert addresses.address(address) == address


# -- how often ---------------------------------------------------------------------------------------------------------


def test_a_bucket_fills_again() -> None:
    now = [100.0]
    bucket = Bucket(Rate(3, 10.0), lambda: now[0])
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 10]
    assert bucket.take("b") == 0
    now[0] += 4
    assert bucket.take("a") == 6
    now[0] += 6
    assert [bucket.take("a"), bucket.take("a")] == [0, 10]
    now[0] += 1_000
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 10]


def test_buckets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 10)
    bucket = Bucket(Rate(1, 10.0), lambda: 0.0)
    for number in range(100):
        limits.hold(bucket, str(number))
    assert len(bucket._full) == 10
    with pytest.raises(TooOften, match="try again in 10 seconds") as told:
        limits.hold(bucket, "99")
    assert told.value.after == 10


def test_what_was_made_lately_is_counted() -> None:
    limits.seldom([100, 500, 900], (3, 800), "so many", 900)  # the first is too long ago
    with pytest.raises(TooOften, match="so many; try again in 7 minutes") as told:
        limits.seldom([100, 500, 600, 900], (3, 800), "so many", 900)
    assert told.value.after == 400


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_a_network_is_a_household(address: str, network: str) -> None:
    assert limits.network(address) == network


# -- keys and rights ---------------------------------------------------------------------------------------------------


def test_keys_are_long_and_marks_tell_nothing() -> None:
    made = {keys.fresh() for _ in range(100)}
    assert len(made) == 100
    assert all(len(key) == 43 for key in made)
    one, other = keys.sealed(b"secret", "door", "x"), keys.sealed(b"secret", "nonce", "x")
    assert one != other != keys.sealed(b"another", "nonce", "x")
    assert keys.same(one, one)
    assert not keys.same(one, "")
    assert not keys.same(one, "é\ud800")


def test_a_role_has_what_the_lower_ones_have_and_a_scope_takes_away() -> None:
    for act, (least, scope) in NEEDS.items():
        for role in ROLES:
            fits = ROLES.index(role) >= ROLES.index(least)
            assert Reader(1, "x", role).may(act) is fits
            assert Reader(1, "x", role, frozenset((scope,)), "token").may(act) is fits
            assert not Reader(1, "x", role, frozenset(), "token").may(act)


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        ("curl/8.1", "curl"),
        ("", "a browser that says nothing"),
        ("<script>alert(1)</script>" * 9, "<script>alert(1)<"),
    ],
)
def test_a_browser_is_told_in_words(agent: str, told: str) -> None:
    assert sessions.browser(agent) == told

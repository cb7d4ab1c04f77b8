"""Settings: precedence, every wrong value named at once, secrets kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import rank, registry, settings
from broadsheet.errors import Mistake


def write(home: Path, text: str) -> Path:
    (home / settings.FILE).write_text(text, encoding="utf-8")
    return home


def complaints(home: Path, env: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> list[str]:
    with pytest.raises(Mistake) as caught:
        settings.load(home, env or {}, flags or {})
    return str(caught.value).splitlines()


def test_defaults(tmp_path: Path) -> None:
    loaded = settings.load(tmp_path, {})
    assert loaded == settings.Settings(tmp_path)
    assert (loaded.port, loaded.page_size, loaded.encoder, loaded.store) == (8008, 10, "general", "")


def test_flag_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    write(tmp_path, 'title = "Ours"\n[web]\nport = 1\nhost = "a"\n[search]\npage_size = 20\n')
    env = {"BROADSHEET_PORT": "2", "BROADSHEET_HOST": "b"}
    loaded = settings.load(tmp_path, env, {"port": 3, "host": None})
    assert (loaded.port, loaded.host, loaded.page_size, loaded.title) == (3, "b", 20, "Ours")


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        'titel = "x"\nport = 80\n[search]\nwieght_text = 1\npage_size = 0\nweight_meaning = true\n'
        '[serach]\nx = 1\n[web]\ntitle = "y"\nhost = 3\n',
    )
    env = {"BROADSHEET_PROT": "1", "BROADSHEET_THREADS": "many", "BROADSHEET_SERVICE_HOST": "10.0.0.1"}
    assert complaints(tmp_path, env, {"port": "99999"}) == [
        "titel: no such setting (did you mean 'title'?)",
        "port: belongs under [web]",
        "[search] wieght_text: no such setting (did you mean 'weight_text'?)",
        "[serach]: no such section (did you mean 'search'?)",
        "[web] title: belongs at the top of the file, before any section",
        "BROADSHEET_PROT: no such setting (did you mean 'PORT'?)",
        "[search] page_size: 0 is not a whole number from 1 to 200",
        "[search] weight_meaning: True is not a number from 0 to 10",
        "[web] host: 3 is not text",
        "BROADSHEET_THREADS: 'many' is not a whole number from 0 to 1024",
        "--port: '99999' is not a whole number from 0 to 65535",
    ]


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"title = \n", "line 1"), (b"title = '\xff'", "utf-8"), (b"[web]\nport = 1\nport = 2\n", "overwrite")],
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / settings.FILE).write_bytes(content)
    (said,) = complaints(tmp_path)
    assert said.startswith(f"{tmp_path / settings.FILE}: cannot be read: ")
    assert word in said


def test_a_file_that_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, '\ufefftitle = "Ours"\n')
    assert settings.load(tmp_path, {}).title == "Ours"


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).mkdir()
    assert "cannot be read" in complaints(tmp_path)[0]


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://me:open-sesame@db/papers\n")
    assert (
        settings.load(tmp_path, {"BROADSHEET_STORE_FILE": str(secret)}).store == "postgresql://me:open-sesame@db/papers"
    )
    both = {"BROADSHEET_STORE_FILE": str(secret), "BROADSHEET_STORE": "x"}
    assert complaints(tmp_path, both) == ["BROADSHEET_STORE and BROADSHEET_STORE_FILE: give one of the two"]
    gone = complaints(tmp_path, {"BROADSHEET_STORE_FILE": str(tmp_path / "none")})
    assert "BROADSHEET_STORE_FILE" in gone[0] and "cannot be read" in gone[0]


@pytest.mark.parametrize(
    ("store", "shown"),
    [
        ("postgresql://me:open-sesame@db/papers", "postgresql://me:***@db/papers"),
        ("postgresql://me@db/papers?password=open-sesame&x=1", "postgresql://me@db/papers?password=***&x=1"),
        ("postgresql+psycopg://:open-sesame@/papers", "postgresql+psycopg://:***@/papers"),
        ("postgresql://db/papers", "postgresql://db/papers"),
        ("open-sesame", "***"),
        ("", ""),
    ],
)
def test_a_secret_is_never_shown(tmp_path: Path, store: str, shown: str) -> None:
    said = repr(settings.Settings(tmp_path, store=store))
    assert "open-sesame" not in said
    assert f"store={shown!r}" in said


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    write(tmp_path, "store = 12345\n")
    assert complaints(tmp_path) == ["store: what it holds is not text"]


def test_weights_follow_from_the_table(tmp_path: Path) -> None:
    weights = settings.Settings(tmp_path, weight_meaning=0.5).weights
    assert weights["meaning"] == 0.5
    assert set(weights) == {
        row.name.removeprefix("weight_") for row in settings.TABLE if row.name.startswith("weight_")
    }


def test_every_signal_has_a_weight_and_every_weight_a_signal() -> None:
    """But for two: `title` is no matter of taste, the paper with exactly this title is what was asked for; and no
    question asks for `interest`, it is a reader's.
    """
    assert {row.name for row in settings.TABLE if row.name.startswith("weight_")} == {
        f"weight_{name}" for name in registry.names(rank) if name not in ("title", "interest")
    }


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings.home(tmp_path / "a" / ".." / "b", {"BROADSHEET_HOME": "/c"}) == tmp_path / "b"
    assert settings.home(None, {"BROADSHEET_HOME": str(tmp_path / "c")}) == tmp_path / "c"
    assert settings.home(None, {}).name == "broadsheet"
    with pytest.raises(Mistake, match="~nobody-of-that-name"):
        settings.home("~nobody-of-that-name/papers", {})


NUMBERS = [row for row in settings.TABLE if row.kind in (int, float)]


@given(st.sampled_from(NUMBERS), st.one_of(st.integers(), st.floats(), st.text(), st.booleans(), st.none()))
def test_a_number_is_within_its_bounds_or_refused(row: settings.Setting, value: object) -> None:
    try:
        number = settings.checked(row, value)
    except ValueError:
        return
    assert type(number) is row.kind and isinstance(number, int | float)
    assert row.low is not None and number >= row.low
    assert row.high is not None and number <= row.high


@pytest.mark.parametrize("row", settings.TABLE, ids=lambda row: row.name)
def test_every_default_passes_its_own_check(row: settings.Setting) -> None:
    assert settings.checked(row, row.default) == row.default
    said = ", ".join(row.default) if row.kind is tuple else str(row.default)
    assert settings.checked(row, said) == row.default


def test_an_unknown_flag_is_our_bug(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        settings.load(tmp_path, {}, {"no_such": 1})


def test_followed_sources_are_tables_of_the_file_and_keys_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).write_text("""
[sources.arxiv]
categories = ["cs.IR"]
[sources.my-library]
kind = "zotero"
""")
    (tmp_path / "key").write_text("hush-hush\n")
    found = settings.followed(tmp_path, {"BROADSHEET_MY_LIBRARY_KEY_FILE": str(tmp_path / "key")})
    assert found == {"arxiv": {"categories": ["cs.IR"]}, "my-library": {"kind": "zotero", "key": "hush-hush"}}
    assert "hush-hush" not in repr(settings.load(tmp_path, {"BROADSHEET_MY_LIBRARY_KEY": "hush-hush"}))


@pytest.mark.parametrize("text", ["[sources]\narxiv = 1", "sources = 3", "[sources.'A B']\nkind = 'feed'"])
def test_a_followed_source_that_is_no_table_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / settings.FILE).write_text(text)
    with pytest.raises(Mistake, match=r"\[sources\]"):
        settings.load(tmp_path, {})


@pytest.mark.parametrize(("said", "found"), [("a, b,a", ("a", "b")), (["x y"], ("x y",)), ("", ()), ([], ())])
def test_a_list_is_a_list_or_has_commas(said: object, found: tuple[str, ...]) -> None:
    row = settings.Setting("names", tuple, (), "", "Names.")
    assert settings.checked(row, said) == found
    with pytest.raises(ValueError):
        settings.checked(row, [1])

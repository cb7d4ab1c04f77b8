"""Every setting, once: its name, default, check and sentence. Flag, TOML key, environment name and docs follow.

A value comes from the first place that has one: the command line, the environment (``BROADSHEET_PORT``, and for a
secret also ``BROADSHEET_STORE_FILE``, a file that holds it), ``broadsheet.toml`` in the library's folder, the default.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from broadsheet.errors import Mistake

FILE = "broadsheet.toml"
PREFIX = "BROADSHEET_"
FOLLOWED = "sources"  # the file's section with a table for each source that is followed
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Setting(NamedTuple):
    """One row of the table.

    *low* and *high* bound a number, both included; *choices* are all that a text may be; *secret* is hidden when shown.
    """

    name: str
    kind: type
    default: Any
    section: str
    sentence: str
    low: float | None = None
    high: float | None = None
    secret: bool = False
    choices: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def key(self) -> str:
        """As the TOML file has it, for messages and docs: ``[search] page_size``."""
        return f"[{self.section}] {self.name}" if self.section else self.name

    @property
    def usual(self) -> str:
        """The default as a person would write it; empty for none."""
        if self.kind is tuple:
            return ", ".join(self.default)
        return str(self.default).lower() if self.kind is bool else str(self.default)

    @property
    def wants(self) -> str:
        """What would be right, in words."""
        if self.kind is bool:
            return "true or false"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind is str:
            return "text"
        if self.kind is tuple:
            return "a list of texts"
        noun = "a whole number" if self.kind is int else "a number"
        if self.low is not None and self.high is not None:
            return f"{noun} from {self.low} to {self.high}"
        return noun if self.low is None else f"{noun}, {self.low} or more"


def _row(default: Any, section: str, sentence: str, **more: Any) -> Any:
    return field(default=default, metadata={"row": {"section": section, "sentence": sentence, **more}})


@dataclass(frozen=True, repr=False)
class Settings:
    """All settings of one library. Build it with `load`, or by name for what should differ from the defaults."""

    home: Path
    title: str = _row("Broadsheet", "", "What the site calls itself.")
    store: str = _row(
        "",
        "",
        "Where the papers are kept: empty for SQLite in the library's folder, or a postgresql:// address.",
        secret=True,
    )
    encoder: str = _row(
        "general", "", "What turns text into vectors: a name from `broadsheet model list`, or a folder."
    )
    threads: int = _row(0, "", "How many processor cores indexing may use; 0 for all.", low=0, high=1024)
    page_size: int = _row(10, "search", "How many papers a page of results shows.", low=1, high=200)
    history: bool = _row(
        False, "search", "Whether what is asked is remembered; `broadsheet history` shows it, and wipes it."
    )
    weight_text: float = _row(0.5, "search", "How much the words of the question count (BM25).", low=0, high=10)
    weight_meaning: float = _row(0.25, "search", "How much nearness in meaning counts.", low=0, high=10)
    weight_coverage: float = _row(0.1, "search", "How much it counts to hold all words.", low=0, high=10)
    weight_proximity: float = _row(0.15, "search", "How much it counts to hold them close together.", low=0, high=10)
    weight_recency: float = _row(0.0, "search", "How much it counts that a paper is new.", low=0, high=10)
    weight_citations: float = _row(0.0, "search", "How much it counts that a paper is cited.", low=0, high=10)
    host: str = _row("127.0.0.1", "web", "The address to serve on; 0.0.0.0 for every network of the machine.")
    workers: int = _row(0, "web", "How many processes answer; 0 for one a core, at most 4.", low=0, high=64)
    port: int = _row(8008, "web", "The port to serve on; 0 for any free one.", low=0, high=65535)
    edit: str = _row(
        "local",
        "web",
        "Who acts as the owner on the pages, where nobody has an account: local for who sits here, all, or none.",
        choices=("local", "all", "none"),
    )
    address: str = _row(
        "", "web", "Its address, for links in letters and feeds: https://papers.example.org; empty for what is asked."
    )
    accounts: str = _row(
        "off",
        "people",
        "Who may have an account: off for nobody (the owner reads alone), invite for who is invited, open for all.",
        choices=("off", "invite", "open"),
    )
    opens: bool = _row(False, "people", "Whether it is counted how often a paper is opened; never by whom.")
    may_invite: str = _row(
        "admin", "people", "Who may invite others: admin, or every reader.", choices=("admin", "reader")
    )
    plain_http: bool = _row(
        False, "people", "Whether one can sign in over plain http from elsewhere, where others on the way can listen."
    )
    oidc_issuer: str = _row(
        "", "people", "Whose sign-in is taken besides (OpenID Connect): https://login.example.org; none if empty."
    )
    oidc_client: str = _row("", "people", "What that provider calls this library (client id).")
    oidc_secret: str = _row("", "people", "What it knows this library by (client secret).", secret=True)
    oidc_name: str = _row("", "people", "What its button says: Sign in with ...; empty for its host.")
    smtp: str = _row(
        "",
        "mail",
        "The server that sends letters: smtps://me@host:465 or smtp://me@host:587 (with STARTTLS, never without,"
        " unless it ends in ?security=none); empty to write them into the folder outbox.",
        secret=True,
    )
    smtp_password: str = _row("", "mail", "The password there.", secret=True)
    sender: str = _row("", "mail", "From whom letters are: papers@example.org, or Papers <papers@example.org>.")
    dkim_key: str = _row("", "mail", "The file with the key that signs letters (DKIM, RSA or Ed25519); empty for none.")
    dkim_selector: str = _row("", "mail", "Where the other half is in the DNS: SELECTOR._domainkey.example.org.")
    unsure: str = _row(
        "never-twice",
        "mail",
        "What is done with an edition that a server may have taken or not, because the program or the connection ended"
        " in that moment: never-twice to leave it, never-miss to send it again.",
        choices=("never-twice", "never-miss"),
    )
    connections: int = _row(4, "mail", "How many letters are sent at once.", low=1, high=64)
    per_minute: int = _row(
        300, "mail", "How many letters a minute go to one domain, such as gmail.com; 0 for any number.", low=0,
        high=1_000_000,
    )  # fmt: skip
    returns: str = _row(
        "",
        "mail",
        "The address where letters that come back are read, such as bounces@example.org; its server must take"
        " bounces+ANYTHING@example.org for it. Empty: they come back to the sender, and nobody here reads them.",
    )
    imap: str = _row(
        "",
        "mail",
        "The mailbox of that address: imaps://bounces@mail.example.org/INBOX or imap:// (with STARTTLS, never without,"
        " unless it ends in ?security=none); empty where a mail server hands over what comes back.",
        secret=True,
    )
    imap_password: str = _row("", "mail", "The password there.", secret=True)
    imap_done: str = _row(
        "", "mail", "The folder of that mailbox where messages go once they are read; empty to mark them as read."
    )
    subscribe: str = _row(
        "all",
        "mail",
        "Who may ask for letters with new papers: all with an address, accounts for who has one, none.",
        choices=("all", "accounts", "none"),
    )
    contact: str = _row("", "fetch", "The owner's e-mail address, told to every service that is asked; none if empty.")
    proxy: str = _row("", "fetch", "A proxy for every request; empty for what the environment says.", secret=True)
    private: tuple[str, ...] = _row(
        (), "fetch", "Hosts or networks that may be asked although they are private: 192.168.1.7, 10.0.0.0/8."
    )
    cache_mb: int = _row(256, "fetch", "How many MB of answers are kept, so as not to ask twice.", low=0, high=1 << 20)
    queue: str = _row(
        "", "fetch", "Where programs on this machine queue for a host; empty for the user's cache folder."
    )
    followed: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # [sources.NAME] -> what it says

    def __repr__(self) -> str:
        shown = ", ".join(f"{row.name}={hidden(row, getattr(self, row.name))!r}" for row in TABLE)
        return f"Settings(home={str(self.home)!r}, {shown})"

    @property
    def weights(self) -> dict[str, float]:
        """Signal -> weight, of every ``weight_*`` setting."""
        prefix = "weight_"
        return {row.name.removeprefix(prefix): getattr(self, row.name) for row in TABLE if row.name.startswith(prefix)}


TABLE: tuple[Setting, ...] = tuple(
    Setting(f.name, type(f.default), f.default, **f.metadata["row"]) for f in fields(Settings) if "row" in f.metadata
)
_BY_NAME = {row.name: row for row in TABLE}


def hidden(row: Setting, value: object) -> object:
    """*value*, or what may be shown of it when it is secret: an address without its password, else only stars."""
    if not row.secret or not value:
        return value
    if re.match(r"^[a-z+0-9]+://", str(value)):
        return re.sub(r"(?<=[?&])(password=)[^&]*", r"\1***", re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", str(value)))
    return "***"


def is_source_name(name: str) -> bool:
    """Whether a followed source may be called that."""
    return bool(_NAME.fullmatch(name))


def home(flag: str | Path | None, env: Mapping[str, str]) -> Path:
    """The library's folder: *flag*, else ``BROADSHEET_HOME``, else the platform's folder for a user's data."""
    chosen = flag or env.get(PREFIX + "HOME")
    if chosen:
        try:
            return Path(chosen).expanduser().resolve()
        except RuntimeError as error:
            raise Mistake(f"the library's folder {str(chosen)!r}: {error}") from error
    from platformdirs import user_data_path

    return user_data_path("broadsheet", appauthor=False)


def load(home: Path, env: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Settings:
    """The settings of the library at *home*.

    flags   setting -> value or None where it was not given; a name that is no setting is our bug, a KeyError
    Raises one `Mistake` that names everything wrong in the file, the environment and the flags.
    """
    wrong: list[str] = []
    values: dict[str, Any] = {}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    by_flag = ((_BY_NAME[name], _BY_NAME[name].flag, value) for name, value in given.items())
    for row, place, value in (*_from_file(home / FILE, wrong), *_from_env(env, wrong), *by_flag):
        try:
            values[row.name] = checked(row, value)
        except ValueError:
            got = "what it holds" if row.secret else f"{value!r}"
            wrong.append(f"{place}: {got} is not {row.wants}")
    _followed(home / FILE, env, wrong)  # told now, with the rest; `followed` reads it when it is needed
    if wrong:
        raise Mistake("\n".join(wrong))
    return Settings(home, **values)


def store(home: Path, name: str, value: str) -> None:
    """Write one setting, of no section, to the library's file; every other line of it stays. Raises Mistake."""
    path = home / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}"  # such a JSON string is a TOML string, too
        end = next((number for number, text in enumerate(lines) if text.lstrip().startswith("[")), len(lines))
        at = next((number for number in range(end) if re.match(rf"\s*{name}\s*=", lines[number])), None)
        lines[0 if at is None else at : 0 if at is None else at + 1] = [line]
        new = path.with_name(path.name + ".new")
        new.write_text("\n".join(lines) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise Mistake(f"{path}: {name} cannot be set ({error.strerror or error})") from error


def checked(row: Setting, value: object) -> Any:
    """*value* as the setting's type, within its bounds; a string is read as its text says. Raises ValueError."""
    if row.kind is tuple:
        return _listed(value)
    if isinstance(value, str) and row.kind is not str:
        value = _read(row.kind, value.strip())
    if row.kind is float and type(value) is int:
        value = float(value)
    if type(value) is not row.kind or (row.choices and value not in row.choices):
        raise ValueError(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low = float("-inf") if row.low is None else row.low
        high = float("inf") if row.high is None else row.high
        if not low <= value <= high:  # also refuses nan
            raise ValueError(value)
    return value


def _listed(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise ValueError(value)
    return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))


_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _read(kind: type, text: str) -> object:
    return _TRUTH.get(text.lower()) if kind is bool else kind(text)


Found = Iterator[tuple[Setting, str, object]]  # the setting, where it was said, what was said


def _from_file(path: Path, wrong: list[str]) -> Found:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        wrong.append(f"{path}: cannot be read: {error}")
        return
    sections = {row.section for row in TABLE if row.section}
    tables.pop(FOLLOWED, None)
    for name, value in tables.items():
        if name in sections and isinstance(value, dict):
            for inner, innermost in value.items():
                yield from _found(name, inner, innermost, wrong)
        elif isinstance(value, dict):
            wrong.append(f"[{name}]: no such section{_near(name, sections)}")
        else:
            yield from _found("", name, value, wrong)


def followed(home: Path, env: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """What the library's file says now about the sources that are followed. Raises Mistake."""
    wrong: list[str] = []
    found = _followed(home / FILE, env, wrong)
    if wrong:
        raise Mistake("\n".join(wrong))
    return found


def _followed(path: Path, env: Mapping[str, str], wrong: list[str]) -> dict[str, dict[str, object]]:
    """name -> options of every ``[sources.NAME]``; ``BROADSHEET_NAME_KEY`` and ``..._KEY_FILE`` say one, too."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig")).get(FOLLOWED, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}  # there is no file, or what is wrong with it has been told
    if not isinstance(tables, dict):
        tables = {FOLLOWED: tables}
    found: dict[str, dict[str, object]] = {}
    for name, table in tables.items():
        if not _NAME.fullmatch(name) or not isinstance(table, dict):
            wrong.append(f"[{FOLLOWED}] {name}: write [{FOLLOWED}.NAME] with a name of small letters, digits, - and _")
            continue
        found[name] = dict(table)
        place = f"{PREFIX}{name.upper().replace('-', '_')}_KEY"
        if place in env:
            found[name]["key"] = env[place]
        elif place + "_FILE" in env:
            try:
                found[name]["key"] = Path(env[place + "_FILE"]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                wrong.append(f"{place}_FILE: {env[place + '_FILE']!r} cannot be read: {error}")
    return found


def _found(section: str, name: str, value: object, wrong: list[str]) -> Found:
    row, place = _BY_NAME.get(name), f"[{section}] {name}" if section else name
    if row is None:
        wrong.append(f"{place}: no such setting{_near(name, _BY_NAME)}")
    elif row.section != section:
        right = f"under [{row.section}]" if row.section else "at the top of the file, before any section"
        wrong.append(f"{place}: belongs {right}")
    else:
        yield row, place, value


def _from_env(env: Mapping[str, str], wrong: list[str]) -> Found:
    for row in TABLE:
        if row.env in env:
            yield row, row.env, env[row.env]
        if row.secret and (place := row.env + "_FILE") in env:
            if row.env in env:
                wrong.append(f"{row.env} and {place}: give one of the two")
                continue
            try:
                yield row, place, Path(env[place]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                wrong.append(f"{place}: {env[place]!r} cannot be read: {error}")
    known = {row.env for row in TABLE} | {row.env + "_FILE" for row in TABLE if row.secret} | {PREFIX + "HOME"}
    for name in sorted(name for name in env.keys() - known if name.startswith(PREFIX)):
        # Others put names under our prefix too (Kubernetes: BROADSHEET_SERVICE_HOST), so only a near miss is refused.
        tails = [other.removeprefix(PREFIX) for other in known]
        if hint := _near(name.removeprefix(PREFIX), tails, cutoff=0.75):
            wrong.append(f"{name}: no such setting{hint}")


def _near(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" (did you mean {close[0]!r}?)" if close else ""

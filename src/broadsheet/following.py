"""The sources that a library follows: what its settings say, checked, and how that is changed.

``[sources.NAME]`` in broadsheet.toml is one of them. ``kind`` is the module of `sources` that reads it, the name itself
when it is not said; everything else is an option of that module.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broadsheet import registry, settings, sources
from broadsheet.errors import Mistake, NotFound
from broadsheet.settings import FILE, FOLLOWED, Setting
from broadsheet.sources import Options, Source


@dataclass(frozen=True, slots=True)
class Followed:
    """One source that is followed; *options* has every option of its module, and may hold secrets."""

    name: str
    kind: str
    source: Source
    options: Options = field(repr=False)

    @property
    def label(self) -> str:
        """What the provenance of its papers says: a service is itself whatever it is called here."""
        return self.name if getattr(self.source, "ANY", False) else self.kind

    def shown(self) -> dict[str, object]:
        """The options that are not as they come, secrets hidden."""
        rows = [row for row in self.source.OPTIONS if self.options[row.name] != row.default]
        return {row.name: settings.hidden(row, self.options[row.name]) for row in rows}


def followed(home: Path, env: Mapping[str, str]) -> tuple[tuple[Followed, ...], dict[str, str]]:
    """Every source that the library's file names now, in its order; and name -> what is wrong, for the others."""
    found: list[Followed] = []
    wrong: dict[str, str] = {}
    for name, table in settings.followed(home, env).items():
        try:
            found.append(read(name, table))
        except Mistake as mistake:
            wrong[name] = "\n".join(f"[{FOLLOWED}.{name}] {line}" for line in str(mistake).splitlines())
    return tuple(found), wrong


def read(name: str, table: Mapping[str, object]) -> Followed:
    """The source *name* as its *table* describes it. Raises Mistake."""
    kind = str(table.get("kind", name))
    known = sources.followable()
    if kind not in known:
        raise Mistake(f"kind is {kind!r}; it must be one of {', '.join(known)}{registry.near(kind, list(known))}")
    module = known[kind]
    rows = {row.name: row for row in module.OPTIONS}
    options: dict[str, Any] = {row.name: row.default for row in module.OPTIONS}
    wrong = []
    for option, value in table.items():
        if option == "kind":
            continue
        if option not in rows:
            wrong.append(
                f"{option}: {kind} has no such option (has: {', '.join(rows)}){registry.near(option, [*rows])}"
            )
            continue
        try:
            options[option] = settings.checked(rows[option], value)
        except ValueError:
            got = "what it holds" if rows[option].secret else f"{value!r}"
            wrong.append(f"{option}: {got} is not {rows[option].wants}")
    if wrong:
        raise Mistake("\n".join(wrong))
    module.parts(options)  # what the options must be together, the source itself knows
    return Followed(name, kind, module, options)


def wanted(known: Iterable[str], names: Sequence[str]) -> tuple[str, ...]:
    """The *names* once each, all that are *known* when none is given. Raises NotFound for one that is not followed."""
    have = tuple(known)
    if missing := [name for name in names if name not in have]:
        told = f"followed are {', '.join(have)}" if have else "nothing is followed yet"
        raise NotFound(f"no source named {', '.join(missing)} is followed; {told} (broadsheet follow KIND adds one)")
    return tuple(dict.fromkeys(names)) or have


def describe(what: str, words: Sequence[str], given: Sequence[str], name: str) -> tuple[str, dict[str, object]]:
    """The name and the table that ``follow WHAT WORDS --set OPTION=VALUE --as NAME`` means. Raises Mistake.

    WHAT is a kind of source, or the address of a feed. The words are the first option of that kind.
    """
    table: dict[str, object] = {}
    if re.match(r"https?://", what):
        words, kind = [what, *words], "feed"
        name = name or _named_after(what)
    else:
        kind = what
    known = sources.followable()
    if kind not in known:
        raise Mistake(f"there is no source {kind!r} (have: {', '.join(known)}){registry.near(kind, list(known))}")
    name = name or kind
    if name != kind:
        table["kind"] = kind
    rows = {row.name: row for row in known[kind].OPTIONS}
    if words:
        main = next(iter(rows.values()))
        table[main.name] = list(words) if main.kind is tuple else " ".join(words)
    for option, value in _pairs(given):
        if option not in rows:
            raise Mistake(f"{kind} has no option {option!r} (has: {', '.join(rows)}){registry.near(option, [*rows])}")
        table[option] = _plain(rows[option], value)
    return name, table


def _pairs(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in given:
        option, equals, value = text.partition("=")
        if not equals:
            raise Mistake(f"--set {text}: write OPTION=VALUE")
        yield option.strip().replace("-", "_"), value.strip()


def _plain(row: Setting, text: str) -> object:
    """The value as TOML writes it."""
    try:
        value = settings.checked(row, text)
    except ValueError:
        raise Mistake(f"{row.name}: {'what was given' if row.secret else repr(text)} is not {row.wants}") from None
    return list(value) if isinstance(value, tuple) else value


def _named_after(address: str) -> str:
    """A short name for a feed: its host and what distinguishes its path."""
    parts = urlsplit(address)
    host = (parts.hostname or "feed").removeprefix("www.").removeprefix("rss.").removeprefix("feeds.")
    words = re.findall(r"[a-z0-9]+", f"{host.rsplit('.', 1)[0]} {parts.path} {parts.query}".lower())
    dull = {"feed", "feeds", "rss", "atom", "xml", "json", "index", "action", "showfeed", "type", "etoc"}
    return "-".join(dict.fromkeys(word for word in words if word not in dull))[:40].strip("-") or "feed"


def follow(home: Path, name: str, given: Mapping[str, object]) -> tuple[Followed, tuple[str, ...]]:
    """Writes ``[sources.NAME]`` to the library's file; every other line stays.

    A source of that name and kind keeps the options that are not given anew. Returns it and the names of the options
    that have changed. Raises Mistake when the source would not be right; then nothing is written.
    """
    before = settings.followed(home, {}).get(name, {})
    same = before.get("kind", name) == given.get("kind", name)
    table = {**before, **given} if same else dict(given)
    one = read(name, table)
    changed = tuple(option for option in table if option != "kind" and table[option] != before.get(option))
    if not settings.is_source_name(name):
        raise Mistake(f"{name!r} cannot be a source's name: small letters, digits, - and _, at most 40 of them")
    secret = any(row.secret and row.name in table for row in one.source.OPTIONS)
    _edit(home, lambda tables: tables.__setitem__(name, dict(table)), secret)
    return one, changed if before else ()


def unfollow(home: Path, name: str) -> None:
    """Takes ``[sources.NAME]`` out of the library's file; its papers and its place in the ledger stay."""
    _edit(home, lambda tables: tables.pop(name, None), False)


def _edit(home: Path, change: Any, secret: bool) -> None:
    import tomlkit  # here: only these two verbs write

    path = home / FILE
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8-sig")) if path.exists() else tomlkit.document()
        if FOLLOWED not in document:
            document[FOLLOWED] = tomlkit.table(is_super_table=True)
        change(document[FOLLOWED])
        if not document[FOLLOWED]:
            del document[FOLLOWED]
        new = path.with_name(path.name + ".new")
        new.touch(mode=0o600)
        new.write_text(tomlkit.dumps(document), encoding="utf-8")
        if not secret:  # who may read the file is as it was; one with a key in it is the owner's alone
            new.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        new.replace(path)
    except (OSError, UnicodeDecodeError, tomlkit.exceptions.TOMLKitError) as error:
        raise Mistake(f"{path}: cannot be changed ({getattr(error, 'strerror', None) or error})") from error

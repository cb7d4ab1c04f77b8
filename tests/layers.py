"""What the shape of the package must be, as functions from a folder of source to complaints.

`test_layers.py` asks them of this package, and of a small bad one, so that a check which can no longer fail is noticed.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

WORDS = frozenset(
    {
        "cite",
        "errors",
        "ids",
        "text",
        "symbols",
        "latex",
        "paper",
        "query",
        "querylang",
        "queryparts",
        "querytokens",
        "condition",
        "registry",
        "blocking",
        "settings",
        "watch",
    }
)
# Lowest first. A room imports from the floors below it; the words may also import each other.
FLOORS: tuple[frozenset[str], ...] = (
    WORDS,
    frozenset({"fetch"}),
    frozenset({"sources", "store", "embed", "rank", "trend", "understand", "mail"}),
    frozenset({"index"}),
    frozenset({"find"}),
    frozenset({"merge", "following"}),
    frozenset({"ingest", "evaluate", "prepare"}),
    frozenset({"harvest", "quarantine", "lookup"}),
    frozenset({"enrich"}),
    frozenset({"standing", "sync", "people"}),
    frozenset({"community"}),
    frozenset({"shelves"}),
    frozenset({"groups"}),
    frozenset({"library"}),
    frozenset({"export", "editions"}),
    frozenset({"web", "console"}),
    frozenset({"checkup", "demonstration", "models", "work"}),  # the longer verbs
    frozenset({"cli"}),
    frozenset({"__init__", "__main__"}),
)
FLOOR = {room: height for height, floor in enumerate(FLOORS) for room in floor}

# Rooms that only some may ask, because everybody else has to ask the one question (`find`) instead.
WHO_MAY_ASK: Mapping[str, frozenset[str]] = {
    "index": frozenset({"find", "ingest", "evaluate", "community", "library", "editions", "cli"}),
    "rank": frozenset({"find", "library", "editions", "cli"}),
}

# Libraries that stay in one room: everything else speaks our words.
HOME_OF: Mapping[str, str] = {
    "alembic": "store", "psycopg": "store", "sqlalchemy": "store", "sqlite3": "store",
    "fastapi": "web", "starlette": "web", "uvicorn": "web",
    "faiss": "index", "tantivy": "index",
    "dkim": "mail", "imaplib": "mail", "joserfc": "people", "smtplib": "mail", "webauthn": "people",
    "pypdf": "sources", "tomlkit": "following", "urllib3": "fetch",
    "tokenizers": "embed", "torch": "embed",
}  # fmt: skip

SQL = re.compile(
    r"\b(SELECT\s+.+\s+FROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+TABLE|PRAGMA\s+\w)",
    re.DOTALL,
)

MAX_FILE = 400  # lines
MAX_FUNCTION = 60


class Module(NamedTuple):
    """One source file: its path below the package, the room it belongs to, its syntax tree."""

    path: Path
    room: str
    tree: ast.Module
    lines: int


def modules(package: Path) -> list[Module]:
    """Every Python file below the folder *package*."""
    found = []
    for file in sorted(package.rglob("*.py")):
        path, source = file.relative_to(package), file.read_text(encoding="utf-8")
        found.append(Module(path, path.parts[0].removesuffix(".py"), ast.parse(source), source.count("\n")))
    return found


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(top-level package, what comes from it) of every import, wherever it stands; a relative one as ``.``.

    ``importlib.import_module("name")`` is one too.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top, _, rest = alias.name.partition(".")
                yield top, rest
        elif isinstance(node, ast.ImportFrom):
            top, _, rest = (node.module or "").partition(".")
            if node.level:
                yield ".", rest
            elif rest:
                yield top, rest
            else:
                yield from ((top, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and _is_import_module(node):
            top, _, rest = ast.literal_eval(node.args[0]).partition(".")
            yield top, rest


def _is_import_module(call: ast.Call) -> bool:
    named = len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    return named and ast.unparse(call.func).endswith("import_module")


def rooms_asked(module: Module, rooms: frozenset[str], package: str) -> set[str]:
    """The other rooms of *package* that *module* imports from; a name of the package itself is `__init__`."""
    asked = set()
    for top, rest in imports(module.tree):
        name = rest.partition(".")[0]
        if top == package and name and name != "__version__":
            asked.add(name if name in rooms or name in FLOOR else "__init__")
    return asked - {module.room}


def upward(package: Path) -> Iterator[str]:
    """Imports that do not go down, rooms without a floor, folders in folders."""
    files = modules(package)
    rooms = frozenset(module.room for module in files)
    for room in sorted(rooms - FLOOR.keys()):
        yield f"{room}: has no floor in FLOORS"
    for module in files:
        if len(module.path.parts) > 2 and module.path.parts[:2] != ("store", "versions"):
            yield f"{module.path}: more than one level of folders"
        for target in sorted(rooms_asked(module, rooms, package.name) & FLOOR.keys()):
            beside = {module.room, target} <= WORDS
            if not beside and FLOOR[target] >= FLOOR.get(module.room, 0):
                yield f"{module.path}: {module.room} must not import {target}"
        if any(top == "." for top, _ in imports(module.tree)):
            yield f"{module.path}: relative import; say broadsheet.{module.room}"


def unasked(package: Path) -> Iterator[str]:
    """Rooms that ask one which only others may ask."""
    files = modules(package)
    rooms = frozenset(module.room for module in files)
    for module in files:
        for target in sorted(rooms_asked(module, rooms, package.name) & WHO_MAY_ASK.keys()):
            if module.room not in WHO_MAY_ASK[target]:
                yield f"{module.path}: {module.room} must ask find, not {target}"


def strays(package: Path) -> Iterator[str]:
    """Libraries, SQL and `async def` outside the one room where they are at home."""
    for module in modules(package):
        for top in sorted({top for top, _ in imports(module.tree)} & HOME_OF.keys()):
            if module.room != HOME_OF[top]:
                yield f"{module.path}: {top} belongs in {HOME_OF[top]}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef) and module.room != "web":
                yield f"{module.path}:{node.lineno}: async def outside web"
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and module.room != "store"
                and SQL.search(node.value)
            ):
                yield f"{module.path}:{node.lineno}: SQL outside store"


def oversized(folder: Path, allowed: Mapping[str, int]) -> Iterator[str]:
    """Files and functions longer than the limits, or than *allowed* (``path`` or ``path:function`` -> lines)."""
    for module in modules(folder):
        limit = allowed.get(str(module.path), MAX_FILE)
        if module.lines > limit:
            yield f"{module.path}: {module.lines} lines, at most {limit}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                limit = allowed.get(f"{module.path}:{node.name}", MAX_FUNCTION)
                if length > limit:
                    yield f"{module.path}: {node.name} has {length} lines, at most {limit}"

"""The last answer to each question, on disk: to ask "has it changed?", and not to ask twice what was just asked.

An entry is known by a hash of the address and of every header that says who asks, so private answers are never shared
and nothing on disk names a key. Damaged entries are as good as none.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

_KEPT = ("etag", "last-modified", "content-type", "link", "last-modified-version", "total-results", "cache-control")
_SWEEP = 50  # entries written between two looks at how large the folder has grown


class Entry(NamedTuple):
    """An answer that was kept: when (epoch seconds), where it came from after redirects, its headers, its bytes."""

    at: float
    url: str
    headers: Mapping[str, str]
    body: bytes


class Cache:
    """Answers in *folder*, at most *limit* bytes of them; the ones not used for longest go first."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        self._written = 0

    def find(self, key: str) -> Entry | None:
        path = self._folder / key
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            said = json.loads(head)
            if said["size"] != len(body) or said["sum"] != blake2b(body, digest_size=8).hexdigest():
                return None
            os.utime(path)
            return Entry(float(said["at"]), str(said["url"]), dict(said["headers"]), body)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, key: str, entry: Entry) -> None:
        """Keeps an answer; a full or read-only disk is no reason to fail."""
        headers = {name: value for name, value in entry.headers.items() if name in _KEPT}
        check = blake2b(entry.body, digest_size=8).hexdigest()
        head = {"at": entry.at, "url": _plain(entry.url), "headers": headers, "size": len(entry.body), "sum": check}
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".new-", delete=False) as file:
                file.write(json.dumps(head).encode() + b"\n" + entry.body)
            Path(file.name).replace(self._folder / key)
            self._written += 1
            if self._written % _SWEEP == 1:
                self._sweep()

    def _sweep(self) -> None:
        """Brings the folder below its limit, and clears away what killed processes left."""
        entries = []
        for path in self._folder.iterdir():
            with suppress(OSError):
                stat = path.stat()
                entries.append((stat.st_atime if not path.name.startswith(".new-") else 0.0, stat.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self._limit:
                break
            with suppress(OSError):
                path.unlink()
                total -= size


def key_of(url: str, headers: Mapping[str, str]) -> str:
    """The name of the entry for *url* as asked with *headers*."""
    asked = json.dumps([url, sorted((name.lower(), value) for name, value in headers.items())])
    return blake2b(asked.encode(), digest_size=20).hexdigest()


def _plain(url: str) -> str:
    """Without its query, which may hold a key."""
    return url.partition("?")[0]

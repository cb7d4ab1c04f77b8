"""The stylesheet, the script and the icon: read once, named by their content, cached by browsers for a year."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from broadsheet.web.http import fingerprint

_MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes
    media: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file of ``static/``. *urls*: plain name -> address with a hash; *files*: the hashed name -> the file."""

    urls: Mapping[str, str]
    files: Mapping[str, Asset]

    def url(self, name: str) -> str:
        return self.urls[name]

    def serve(self, request: Request) -> Response:
        asset = self.files.get(request.path_params["name"])
        if asset is None:
            return Response("No such file.\n", 404, media_type="text/plain")
        headers = {"cache-control": _FOR_EVER, "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, 200, headers | {"content-encoding": "gzip"}, asset.media)
        return Response(asset.body, 200, headers, asset.media)


def load() -> Assets:
    """The package's own files; nothing is read from disk after this."""
    urls: dict[str, str] = {}
    known: dict[str, Asset] = {}
    for file in sorted(files("broadsheet").joinpath("static").iterdir(), key=lambda f: f.name):
        name = PurePosixPath(file.name)
        if name.suffix not in _MEDIA:
            continue
        body = file.read_bytes()
        hashed = f"{name.stem}.{fingerprint(body)[:10]}{name.suffix}"
        urls[file.name] = f"/static/{hashed}"
        known[hashed] = Asset(body, gzip.compress(body, 9, mtime=0), _MEDIA[name.suffix])
    return Assets(urls, known)

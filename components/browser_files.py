"""The studio's own files for the browser, under an address with their hash, so that the browser keeps them for good."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from components.bundle import bundle
from components.prepared import ASK_FIRST, FOREVER, Prepared

ASSETS = Path(__file__).parent.parent / "assets"
AT = "/studio/static"
_STYLES = (
    "tokens",
    "theme",
    "elements",
    "forms",
    "pickers",
    "results",
    "gallery",
    "viewer",
    "compare",
    "reuse",
    "trust",
)
"""The style sheets of every page, in order. `styled` in assets/js/core/dom.js fetches the others."""


class BrowserFiles:
    """Serves the files below assets/, with the scripts and the styles of every page in one file each.

    Mount it at `AT`. `address` is the folder of this version's files.
    """

    def __init__(self) -> None:
        self.address = f"{AT}/{_hash_of(ASSETS)}"
        styles = "\n".join((ASSETS / f"css/{name}.css").read_text(encoding="utf-8") for name in _STYLES)
        joined = {f"js/{name}": (code, "text/javascript") for name, code in bundle(ASSETS / "js").items()}
        joined["css/studio.css"] = styles, "text/css"
        self._joined = {name: Prepared(text.encode(), kind) for name, (text, kind) in joined.items()}
        self._single = StaticFiles(directory=ASSETS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. A page that was loaded before an update may ask for files of an earlier version."""
        version, _, name = scope["path"].removeprefix(f"{AT}/").partition("/")
        is_ours = f"{AT}/{version}" == self.address
        prepared = self._joined.get(name)
        if prepared and scope["method"] in ("GET", "HEAD"):
            response = await prepared.response(Headers(scope=scope), cache=FOREVER if is_ours else ASK_FIRST)
            await response(scope, receive, send)
            return
        await self._single({**scope, "path": f"{AT}/{name}"}, receive, _kept_for_good(send) if is_ours else send)


def _kept_for_good(send: Send) -> Send:
    """Add a header to a file that is sent: its address names its contents."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (200, 206, 304):
            message = {**message, "headers": [*message["headers"], (b"cache-control", FOREVER.encode())]}
        await send(message)

    return sent


def _hash_of(folder: Path) -> str:
    """Return a short hash of the names and contents of all files below a folder."""
    hashed = blake2b(digest_size=6)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()

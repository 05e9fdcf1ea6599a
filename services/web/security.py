"""Security of every response: access, content security policy, and headers that are never sent back.

Pure ASGI, which keeps streams as streams. The reasons are in the comments, and each rule has a test.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Gradio builds the page's own components with `new Function`: it cannot start without eval.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob: data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
_NEVER_ECHOED = ("cookie", "authorization", "x-forwarded-user", "x-api-key", "proxy-authorization")
"""Gradio answers a closed byte range with all request headers: a page could read an HttpOnly cookie that way."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FETCHES_FOR_OTHERS = "/gradio_api/file=http"
"""Gradio would fetch any public URL for any caller."""
_UNKNOWN_NAME = "The studio is not reached under this name. If it should be, add the name to STUDIO_NAMES."
_TOOLS = "/gradio_api/mcp"
_MB = 1024 * 1024
_LARGEST = (("/gradio_api/upload", 1_100 * _MB), (_TOOLS, 300 * _MB), ("/gradio_api/", 32 * _MB))
"""The maximum body size by path prefix: several clips, files as text, the values of a form.

Gradio limits the size of each file, but not their number, and not the size of text. Our own routes have their own
limits.
"""
_NAME_AN_ADDRESS = frozenset(
    (b"host", b"origin", b"forwarded", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto")
)


class Hardening:
    """Middleware that adds security headers, refuses foreign pages, and never sends request headers back.

    `names` are the allowed host names with a dot, without a port. None allows any name.
    """

    def __init__(self, app: ASGIApp, *, names: frozenset[str] | None = None) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not _is_ours(scope, self._names):
            await _refuse(403, _UNKNOWN_NAME)(scope, receive, send)
            return
        if _is_foreign(scope):
            await _refuse(403, "This request came from another site.")(scope, receive, send)
            return
        if scope["path"].lower().startswith(_FETCHES_FOR_OTHERS):
            await _refuse(403, "The studio does not fetch addresses for others.")(scope, receive, send)
            return
        most = next((most for begins, most in _LARGEST if scope["path"].startswith(begins)), None)
        if most is not None and _declared(scope) > most:
            await _refuse(413, f"That is too large: up to {most // _MB:,} MB are taken at once.")(scope, receive, send)
            return

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(MutableHeaders(scope=message), scope["path"])
            await send(message)

        calls_a_tool = scope["path"].startswith(_TOOLS) and scope["method"] == "POST"
        await self._app(
            _at_home(scope) if calls_a_tool else scope,
            receive if most is None else _bounded(receive, most),
            send_hardened,
        )


def _harden(headers: MutableHeaders, path: str) -> None:
    for name in _NEVER_ECHOED:
        if name in headers:
            del headers[name]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["Referrer-Policy"] = "same-origin"
    if path.startswith("/assets/"):
        # Gradio's own files have a hash in their name but no cache header.
        headers["Cache-Control"] = "public, max-age=31536000, immutable"


def _at_home(scope: Scope) -> Scope:
    """Rewrite a request as if it had been sent to this socket.

    Gradio's MCP server forwards a call with all headers to the address that the caller names. It keeps the first such
    address for all later callers. A caller that names another server would make the studio send that server the
    prompts and names of all people.
    """
    server = scope.get("server")
    if not server or server[1] is None:
        return scope
    host, port = server
    own = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in _NAME_AN_ADDRESS]
    return {**scope, "scheme": "http", "headers": [(b"host", own.encode("latin-1")), *kept]}


def _declared(scope: Scope) -> int:
    """Return the declared body size in bytes, or 0 if none is declared."""
    told = Headers(scope=scope).get("content-length", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 19 else 0


def _bounded(receive: Receive, most: int) -> Receive:
    """Limit the received body to `most` bytes. Beyond that, act as if the client had disconnected."""
    left = most

    async def some() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return some


def _is_ours(scope: Scope, names: frozenset[str] | None) -> bool:
    """Return whether a request was sent to a name of ours.

    A site can point its own name at this machine, and browsers then treat it as the same site as the studio. A numeric
    address cannot be redirected like that, nor can a name without a dot: those are names of local machines.
    """
    host = Headers(scope=scope).get("host")
    if names is None or not host:
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in names or "." not in name or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_foreign(scope: Scope) -> bool:
    """Return whether a page of another site sends a request that could change things here."""
    if scope["method"] in _SAFE_METHODS:
        return False
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if not origin:
        return headers.get("sec-fetch-site") == "cross-site"
    return urlsplit(origin).netloc != headers.get("host")


def _refuse(status: int, message: str) -> JSONResponse:
    refusal = JSONResponse({"message": message}, status_code=status)
    _harden(refusal.headers, "")
    return refusal

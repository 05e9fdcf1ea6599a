"""What every answer of the studio is held to: who may read it, what a page may load, what is never repeated back.

Pure ASGI, so that streams stay streams. The reasons are in the comments; each rule has a test.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # The page's own components are built with `new Function` by Gradio: it cannot start without eval.
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
"""Gradio answers a closed byte range with all headers of the request: a page could read an HttpOnly cookie so."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FETCHES_FOR_OTHERS = "/gradio_api/file=http"
"""Gradio would fetch any public address for whoever asks."""


class Hardening:
    """Middleware: security headers on every answer, foreign pages refused, request headers never sent back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _is_foreign(scope):
            await _refuse(403, "This request came from another site.")(scope, receive, send)
            return
        if scope["path"].lower().startswith(_FETCHES_FOR_OTHERS):
            await _refuse(403, "The studio does not fetch addresses for others.")(scope, receive, send)
            return

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self._app(scope, receive, send_hardened)


def _harden(headers: MutableHeaders, path: str) -> None:
    for name in _NEVER_ECHOED:
        if name in headers:
            del headers[name]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["Referrer-Policy"] = "same-origin"
    if path.startswith("/assets/"):
        # Gradio's own files carry a hash in their name but no word on how long they may be kept.
        headers["Cache-Control"] = "public, max-age=31536000, immutable"


def _is_foreign(scope: Scope) -> bool:
    """Whether a page of another site sends something that could change things here."""
    if scope["method"] in _SAFE_METHODS:
        return False
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if not origin:
        return headers.get("sec-fetch-site") == "cross-site"
    return urlsplit(origin).netloc != headers.get("host")


def _refuse(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status_code=status)

"""The page's HTML document: written by Gradio once for each address the studio has, and then kept."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.prepared import ASK_FIRST, Prepared

_MOST_KEPT = 16
_ADDRESS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port")
"""The headers from which Gradio reads the address that it writes into the document."""
_END_OF_HEAD = b"</head>"


class Document:
    """Wraps Gradio's application and answers `GET /` itself, with the studio's `head` in the document.

    Gradio would insert a head by script, after its own scripts have loaded. It would also write the document anew for
    each visitor, which takes some 90 ms.
    """

    def __init__(self, app: ASGIApp, *, head: str) -> None:
        self._app = app
        self._head = head.encode()
        self._kept: dict[tuple[str, ...], Prepared] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        prepared = await self._prepared(scope, headers)
        if prepared is None:
            await self._app(scope, receive, send)
            return
        response = await prepared.response(headers, cache=ASK_FIRST)
        await response(scope, receive, send)

    async def _prepared(self, scope: Scope, headers: Headers) -> Prepared | None:
        """Return the document for the address of a request, or None if Gradio does not answer with a page."""
        address = {name: value for name in _ADDRESS if (value := headers.get(name))}
        key = str(scope.get("scheme")), str(scope.get("root_path")), *(address.get(name, "") for name in _ADDRESS)
        if key not in self._kept:
            written = await self._written(scope, address)
            if written is None:
                return None
            while len(self._kept) >= _MOST_KEPT:  # anybody can send any host
                del self._kept[next(iter(self._kept))]
            whole = written.replace(_END_OF_HEAD, self._head + _END_OF_HEAD, 1)
            self._kept[key] = Prepared(whole, "text/html")
        return self._kept[key]

    async def _written(self, scope: Scope, address: dict[str, str]) -> bytes | None:
        """Let Gradio write the document, for anybody at this address."""
        plain: Scope = {
            **scope,
            "query_string": b"",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in address.items()],
        }
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(plain, receive, send)
        content = b"".join(message.get("body", b"") for message in messages)
        return content if messages[0]["status"] == 200 and _END_OF_HEAD in content else None

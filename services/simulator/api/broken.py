"""Replies that never arrive or break off. Needs the server's transport, which `server` puts into the scope."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

TRANSPORT = "simulator.transport"


class HungUp(Response):
    """A reset connection instead of a reply."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reset the connection."""
        transport = scope.get(TRANSPORT)
        if transport is None:
            raise ConnectionResetError("the simulator hung up")
        transport.abort()
        await asyncio.sleep(0.01)  # let the server notice the reset before it misses a reply


class CutBody(Response):
    """A body that ends early although its full length was promised. The connection closes with it."""

    def __init__(self, content: bytes, *, promised: int, headers: Mapping[str, str], http_status: int) -> None:
        super().__init__(content, status_code=http_status, headers={**headers, "content-length": str(promised)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the available bytes, then close the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        transport = scope.get(TRANSPORT)
        if transport is None:
            raise ConnectionResetError("the simulator broke off")
        transport.close()  # written bytes are still sent
        await asyncio.sleep(0.01)

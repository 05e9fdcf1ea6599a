"""Bodies of requests, read by hand: FastAPI's own complaint would repeat what was sent, which may be a key."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request

from services.domain.errors import StudioError


async def json_body(request: Request, *, limit: int, what: str) -> dict[str, Any]:  # Any: JSON from outside
    """The JSON object in a request's body. Raises StudioError for anything else, and for more than `limit` bytes.

    `what` names it in the complaint, for example "a key".
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise StudioError(f"That is too long for {what}.")
    try:
        sent = orjson.loads(body)  # takes no half signs, no numbers that are none, and does not nest without end
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise StudioError(f"The studio expected {what} as a JSON object.")
    return sent

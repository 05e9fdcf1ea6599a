"""Reads the JSON body of a call without blocking the event loop or trusting its bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import NoReturn, cast

from starlette.requests import Request

from services.simulator.engine.refusal import Refusal

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Above any picture that the vendor accepts inline. Its own limit (BadRequest.TooLarge) is undocumented."""
_LARGE = 256 * 1024


async def read_body(request: Request) -> Mapping[str, object]:
    """Return the body of a create call. Raises Refusal if it is too large or not a JSON object."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise Refusal(413, "BadRequest.TooLarge", "Payload Too Large")
        chunks.append(chunk)
    raw = b"".join(chunks)
    body = await asyncio.to_thread(_parse, raw) if size > _LARGE else _parse(raw)
    if not isinstance(body, dict):
        raise Refusal(400, "InvalidParameter", "Required body invalid, please check the request body format.")
    return cast("dict[str, object]", body)  # cast: keys of a JSON object are strings


def _parse(raw: bytes) -> object:
    try:
        return json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(said: str) -> NoReturn:
    """Reject NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(said)

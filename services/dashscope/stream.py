"""The event stream of a synchronous call, read into pieces of a result as they arrive.

Hides the frame layout. Layout and meaning: wan-image-api.md 1.7 and recorded traffic (tests/recorded). Nothing here
sends a request again: a stream being read has already been paid for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic import SecretStr

from services.dashscope.errors.body import read_error_body
from services.dashscope.errors.mapping import broken_stream, error_from_reply, failure, is_refusal
from services.dashscope.replies import Part, read_parts
from services.dashscope.response_body import read_body
from services.domain.errors import VendorError
from services.domain.json_values import is_mapping, mapping_in

_KEYLESS = partial(read_body, key=SecretStr(""))
_LONGEST_LINE = 4 * 1024 * 1024
"""In bytes. A frame repeats an envelope around a few words or one link; anything longer is no frame."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One frame's addition to the result."""

    parts: tuple[Part, ...]
    """Words that continue the last paragraph, or whole pictures."""
    usage: Mapping[str, object] = field(default_factory=dict[str, object])
    """The usage of the whole job up to now; empty if the frame does not state it."""
    finished: bool
    """True if this is the last frame."""
    request_id: str


@dataclass(frozen=True)
class Frame:
    """One event of the stream."""

    event: str
    status: int
    """The HTTP status that the frame states for itself."""
    data: str
    whole: bool = False
    """True if it is no frame: the result came all at once although a stream was asked for."""


async def pieces(
    chunks: AsyncIterator[bytes], *, http_status: int, read: Callable[[str], object] = _KEYLESS
) -> AsyncGenerator[Piece]:
    """Yield the pieces of a stream up to its last frame. `read` turns a frame's data into a reply.

    Raises VendorError: OutcomeUnknown if it ends before it is finished or cannot be read; the error of an error frame,
    which is NotTaken only if nothing came before it.
    """
    begun = False
    async with aclosing(frames(chunks, http_status=http_status)) as found:
        async for frame in found:
            reply = _decode(frame.data, read)
            if frame.event == "error" or frame.status >= 400 or is_refusal(reply):
                raise _error(frame, reply, begun=begun)
            piece = _read(reply)
            if frame.whole and piece.parts:
                piece = replace(piece, finished=True)
            begun = begun or bool(piece.parts)
            yield piece
            if piece.finished:
                return
    raise broken_stream()


def first_data(text: str) -> str:
    """Return the data of the first frame in a text, or the text if there is none."""
    lines = (line.strip() for line in text.splitlines())
    return next((line.removeprefix("data:") for line in lines if line.startswith("data:")), text)


async def frames(chunks: AsyncIterator[bytes], *, http_status: int = 200) -> AsyncGenerator[Frame]:
    """Yield the frames of an event stream. A block without data, such as a keep-alive, is not a frame."""
    event, status, data = "", http_status, list[str]()
    begun, other, other_bytes = False, list[str](), 0
    async with aclosing(_lines(chunks)) as lines:
        async for line in lines:
            if not line:
                if any(data):
                    yield Frame(event or "result", status, "\n".join(data))
                    begun = True
                event, status, data = "", http_status, []
                continue
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "":  # a comment
                    status = _told_status(value.strip()) or status
                case "data":
                    data.append(value)
                case "event":
                    event = value.strip()
                case _:
                    other.append(line)
                    other_bytes += len(line)
                    if begun or other_bytes > _LONGEST_LINE:
                        other, other_bytes = [], 0
    if other and not begun:
        yield Frame("result", http_status, "\n".join(other), whole=True)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[str]:
    """Yield lines by the standard of event streams: words may hold other characters that break lines elsewhere."""
    left = b""
    async for chunk in chunks:
        left += chunk
        if len(left) > _LONGEST_LINE:
            raise broken_stream()
        *whole, left = left.split(b"\n")
        for line in whole:
            yield _text(line)
    # A last frame without its blank line is as good as any other, if it is readable.
    yield _text(left)
    yield ""


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace").removeprefix("\ufeff")


def _told_status(comment: str) -> int | None:
    """Return the status in a comment like HTTP_STATUS/200."""
    _, _, number = comment.partition("HTTP_STATUS/")
    return int(number) if number.isascii() and number.isdigit() and len(number) == 3 else None


def _decode(data: str, read: Callable[[str], object]) -> Mapping[str, object]:
    try:
        reply = read(data)
    except ValueError as error:
        raise broken_stream() from error
    if not is_mapping(reply):
        raise broken_stream()
    return reply


def _error(frame: Frame, reply: Mapping[str, object], *, begun: bool) -> VendorError:
    """Return an error frame's error.

    Before anything was made, it is like the refusal of a create call; afterwards it ends the job.
    """
    if not begun:
        return error_from_reply(frame.status if frame.status >= 400 else 400, reply, creating=True)
    said = read_error_body(reply)
    return failure(said.code, said.message, request_id=said.request_id)


def _read(reply: Mapping[str, object]) -> Piece:
    parts, reasons = read_parts(reply.get("output"))
    request_id = reply.get("request_id")
    return Piece(
        parts=parts,
        usage=mapping_in(reply.get("usage")),
        finished=any(reason not in ("", "null") for reason in reasons),
        request_id=request_id if isinstance(request_id, str) else "",
    )

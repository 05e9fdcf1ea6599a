"""Code, message and request id of an error body: the vendor's own envelope, or that of a gateway in front of it.

Pure. Shapes seen at gateways: OpenAI's `error` object (LiteLLM, new-api, one-api), FastAPI's `detail`, RFC 9457 problem
details, Alibaba's RPC gateway (`Code`, `Message`, `RequestId`), XML of object storage, and HTML pages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.domain.json_values import is_list, is_mapping, mapping_in

_LONGEST = 2000
_HOLDERS = ("error", "Error", "errors", "detail", "fault", "output", "data", "body")
"""Members that hold the error, if the body itself has no code."""
_CODES = ("code", "Code", "error_code", "errorCode", "errorcode", "err_code", "errcode", "type", "status")
_MESSAGES = (
    "message", "Message", "msg", "error_msg", "error_message", "errorMessage", "errmsg", "error_description",
    "faultstring", "detail", "title", "reason", "description",
)  # fmt: skip
_REQUEST_IDS = ("request_id", "requestId", "RequestId", "requestid", "trace_id")
_CODE = re.compile(r"[A-Za-z][\w.: -]{0,99}")
_URI = re.compile(r"\w+:")
_DEEPEST = 3
_MOST_ITEMS = 5
_MARKUP = re.compile(r"<(?:!--.*?--|(script|style|head)\b.*?</\1\s*|/?[a-z!?][^>]*)>", re.IGNORECASE | re.DOTALL)
_IS_MARKUP = re.compile(r"\s*(?:<!doctype|<\?xml|<(?:html|head|body|center|h1|error)\b)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_ELEMENT = r"<{0}>\s*([^<]{{1,500}}?)\s*</{0}>"
_REPEATED = re.compile(r"<\d{3}>\s*([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\s*:")


@dataclass(frozen=True, kw_only=True)
class ErrorBody:
    """The content of an error body. Each member is empty if the body does not have it."""

    code: str
    message: str
    request_id: str


def read_error_body(body: object) -> ErrorBody:
    """Read an error body: parsed JSON, or the text of anything else. An unknown shape is its own message."""
    if isinstance(body, str):
        return _read_text(body)
    envelope = {"errors": body} if is_list(body) else mapping_in(body)
    return ErrorBody(
        code=next(_codes(envelope, _DEEPEST), ""),
        message=next(_messages(envelope, _DEEPEST), ""),
        request_id=next(_found(envelope, _REQUEST_IDS, _DEEPEST), ""),
    )


def repeated_code(message: str) -> str:
    """Return the vendor's code that a message repeats as `<400> InternalError.Algo.InvalidParameter: ...`, or ""."""
    found = _REPEATED.search(message)
    return found.group(1) if found else ""


def _codes(body: Mapping[str, object], depth: int) -> Iterator[str]:
    """Yield the codes, the most specific first. A number only repeats the HTTP status; a URI names a page."""
    for name in _CODES:
        code = _text(body.get(name))
        if _CODE.fullmatch(code) and not (name == "type" and _URI.match(code)):
            yield code
    if _text(body.get("error_description")) and _CODE.fullmatch(_text(body.get("error"))):
        yield _text(body.get("error"))
    for inner in _inner(body, depth):
        yield from _codes(inner, depth - 1)


def _messages(body: Mapping[str, object], depth: int) -> Iterator[str]:
    for name in _MESSAGES:
        if text := _text(body.get(name)):
            yield text
    for name in _HOLDERS:
        if text := _text(body.get(name)):
            yield text
        elif is_list(held := body.get(name)):
            if words := " ".join(text for item in held[:_MOST_ITEMS] if (text := _item_message(item, depth))):
                yield words[:_LONGEST]
        elif is_mapping(held) and depth:
            yield from _messages(held, depth - 1)


def _item_message(item: object, depth: int) -> str:
    """Return the message of one of several errors, with the member it is about, as FastAPI gives it in `loc`."""
    if not is_mapping(item):
        return _text(item)
    message = next(_messages(item, depth - 1), "") if depth else ""
    place = item.get("loc")
    return f"{'.'.join(map(str, place))}: {message}" if message and is_list(place) else message


def _found(body: Mapping[str, object], names: tuple[str, ...], depth: int) -> Iterator[str]:
    yield from (text for name in names if (text := _text(body.get(name))))
    for inner in _inner(body, depth):
        yield from _found(inner, names, depth - 1)


def _inner(body: Mapping[str, object], depth: int) -> Iterator[Mapping[str, object]]:
    if not depth:
        return
    for name in _HOLDERS:
        held = body.get(name)
        for item in held[:_MOST_ITEMS] if is_list(held) else (held,):
            if is_mapping(item):
                yield item


def _read_text(text: str) -> ErrorBody:
    """Read text: the code and message of object storage XML, or the title and words of a page without markup."""
    if not _IS_MARKUP.match(text):
        return ErrorBody(code="", message=text.strip()[:_LONGEST], request_id="")
    code, message, request_id = (_element(text, name) for name in ("Code", "Message", "RequestId"))
    if not message:
        title = _TITLE.search(text)
        words = " ".join(html.unescape(_MARKUP.sub(" ", text)).split())
        name = " ".join(html.unescape(title.group(1)).split()) if title else ""
        message = words if words.startswith(name) else f"{name}. {words}".strip(". ")
    return ErrorBody(code=code if _CODE.fullmatch(code) else "", message=message[:_LONGEST], request_id=request_id)


def _element(text: str, name: str) -> str:
    found = re.search(_ELEMENT.format(name), text)
    return html.unescape(found.group(1)) if found else ""


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""

"""The body of a response, read once and made safe to store.

It is stripped of the key of the request, and of characters that some databases reject. A gateway may repeat the
Authorization header anywhere in its reply: in a message, a code, an id. Nothing that passes through here carries it
further.
"""

from __future__ import annotations

import json
import re

from pydantic import SecretStr

from services.domain.json_values import is_list, is_mapping

_TEXT_KEPT = 2000
_SHORTEST_KEY = 8
"""A shorter key, such as a test server accepts, may be a part of any word."""
_IN_PLACE = "[key]"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""Characters that no database or file takes as text: a NUL, and half of a surrogate pair."""


def read_body(content: bytes | str, *, key: SecretStr) -> object:
    """Return the response as JSON, or the beginning of its text if it is something else.

    Words may be cut in the middle of a character, by bytes or by halves. A paid result is not given up over one
    character: it becomes the replacement character.
    """
    secret = key.get_secret_value().strip()
    text = content if isinstance(content, str) else content.decode("utf-8-sig", "replace")
    try:
        return _clean(json.loads(text), secret)
    except (ValueError, RecursionError):
        return _clean_text(text, secret)[:_TEXT_KEPT]


def _clean(value: object, secret: str) -> object:
    if isinstance(value, str):
        return _clean_text(value, secret)
    if is_list(value):
        return [_clean(item, secret) for item in value]
    if is_mapping(value):
        return {_clean_text(name, secret): _clean(item, secret) for name, item in value.items()}
    return value


def _clean_text(text: str, secret: str) -> str:
    if len(secret) >= _SHORTEST_KEY:
        text = text.replace(secret, _IN_PLACE)
    return _NO_TEXT.sub("\ufffd", text)

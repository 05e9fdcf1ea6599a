"""From a request to the JSON body of the create call."""

from __future__ import annotations

from collections.abc import Mapping

from services.catalogue.schema import (
    AudioField,
    FixedField,
    ImageField,
)
from services.request.values import Request


def build(request: Request, urls: Mapping[str, str]) -> dict[str, object]:
    """The JSON body of the create call. `urls` has the URL of each file by field name."""
    body: dict[str, dict[str, object]] = {"input": {}, "parameters": {}}
    dropped = request.dropped
    for field in request.fields:
        value = request.values.get(field.name)
        if value is None or isinstance(field, FixedField) or field.name in dropped:
            continue
        is_file = isinstance(field, ImageField | AudioField)
        body[field.wire.place][field.wire.key] = urls[field.name] if is_file else value
    return {"model": request.offer.id, **body}


def files_to_send(request: Request) -> tuple[ImageField | AudioField, ...]:
    """The file fields whose file goes to the vendor."""
    dropped = request.dropped
    return tuple(
        field
        for field in request.fields
        if isinstance(field, ImageField | AudioField) and field.name in request.values and field.name not in dropped
    )

"""Conversion of a request into the JSON body of the create call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from services.catalogue.schema import (
    FileField,
    FilesField,
    FixedField,
    Place,
    Precheck,
    Scalar,
    SwitchField,
    Wire,
)
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, VideoFacts
from services.request.checking import limit_kind
from services.request.values import Request

Urls = Mapping[str, str | Sequence[str]]
"""The URL of each file by field name; several URLs for a list of files."""


def build(request: Request, urls: Urls) -> dict[str, object]:
    """Build the JSON body of the create call: `model`, `input`, `parameters`."""
    body = _Body()
    dropped = request.dropped
    for field in request.fields:
        value = request.values.get(field.name)
        if value is None or field.name in dropped:
            continue
        if isinstance(field, FilesField):
            for url, facts in zip(urls[field.name], request.files(field.name), strict=True):
                body.add_listed(field, url, facts)
        elif isinstance(field, FileField):
            body.put(field.wire, str(urls[field.name]))
        elif isinstance(field, FixedField):
            if field.sent and field.wire:
                body.put(field.wire, field.value)
        elif isinstance(field, SwitchField):
            if value is True or field.sent_when_off:
                body.put(field.wire, value is True)
        elif isinstance(value, str | int | float):
            body.put(field.wire, value)
    return {"model": request.offer.id, "input": body.input, "parameters": body.parameters}


def build_check(precheck: Precheck, url: str) -> dict[str, object]:
    """Build the JSON body of the precheck, the call that comes before a job."""
    body = _Body()
    body.put(precheck.wire, url)
    said: dict[str, object] = {"model": precheck.id, "input": body.input}
    return said | ({"parameters": body.parameters} if body.parameters else {})


class _Body:
    """The two parts of a body while it is built."""

    def __init__(self) -> None:
        self.input: dict[str, Any] = {}  # Any: JSON
        self.parameters: dict[str, Any] = {}

    def put(self, wire: Wire, value: Scalar) -> None:
        """Add a value at its place."""
        match wire.place:
            case Place.INPUT:
                self.input[wire.key] = value
            case Place.PARAMETERS:
                self.parameters[wire.key] = value
            case Place.CONTENT:
                self._content().append({wire.key: value})
            case Place.MEDIA:
                self.input.setdefault("media", []).append({"type": wire.key, "url": value})
            case _:
                assert_never(wire.place)

    def add_listed(self, field: FilesField, url: str, facts: MediaFacts) -> None:
        """Add one file of a list."""
        taken = field.taken(limit_kind(facts))
        key = (taken.key if taken else None) or field.wire.key
        match field.wire.place:
            case Place.INPUT:
                self.input.setdefault(key, []).append(url)
            case Place.PARAMETERS:
                self.parameters.setdefault(key, []).append(url)
            case Place.CONTENT | Place.MEDIA:
                self.put(Wire(field.wire.place, key), url)
            case _:
                assert_never(field.wire.place)
        if field.mark:
            wire, word = field.mark
            part = self.input if wire.place is Place.INPUT else self.parameters
            part.setdefault(wire.key, []).append(word)

    def _content(self) -> list[dict[str, Scalar]]:
        messages = self.input.setdefault("messages", [{"role": "user", "content": []}])
        return messages[0]["content"]


def files_to_send(request: Request) -> tuple[FileField, ...]:
    """Return the file fields whose files go to the vendor."""
    dropped = request.dropped
    return tuple(
        field
        for field in request.fields
        if isinstance(field, FileField) and request.files(field.name) and field.name not in dropped
    )


def called(request: Request) -> dict[str, tuple[str, ...]]:
    """Return the name that the prompt uses for each file of each list, for example `character1`, by field name."""
    names: dict[str, tuple[str, ...]] = {}
    for field in request.fields:
        if isinstance(field, FilesField):
            names[field.name] = names_of(field, request.files(field.name))
    return names


def names_of(field: FilesField, files: Sequence[MediaFacts], *, at_least: int = 0) -> tuple[str, ...]:
    """Return the names that the prompt uses for these files; an empty name if the prompt does not refer to the file.

    If `at_least` exceeds the number of files, the missing ones are assumed to be of the first kind.
    """
    counted: dict[str, int] = {}
    names: list[str] = []
    for facts in [*files, *[None] * (at_least - len(files))]:
        known = isinstance(facts, ImageFacts | AudioFacts | VideoFacts)
        taken = field.takes[0] if facts is None else field.taken(limit_kind(facts)) if known else None
        pattern = taken.called if taken else ""
        counted[pattern] = counted.get(pattern, 0) + 1
        names.append(pattern.format(counted[pattern]))
    return tuple(names)

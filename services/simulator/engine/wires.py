"""Reads values from a body, backwards through the catalogue's wires.

Hides the shapes of `input`, `parameters`, the one user message and the media list. Independent of limits. Texts of the
refusals: wan-image-api.md 4.2 and the recorded replies. Texts that the reference lacks follow its style.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, assert_never, cast

from services.catalogue.schema import Field, FilesField, Place, Wire
from services.simulator.engine.refusal import Refusal, wrong_value

Part = Mapping[str, Any]
"""A JSON object. Its values may be anything."""


class Sent:
    """A body as received. Unknown keys are ignored and null counts as absent, as with the vendor."""

    def __init__(self, body: Mapping[str, object]) -> None:
        given = body.get("input")
        if not given:
            raise Refusal(400, "BadRequest.EmptyInput", "Required input parameter missing from request.")
        if not isinstance(given, dict):
            raise Refusal(400, "BadRequest.IllegalInput", "The input parameter requires json format.")
        self._input = cast("Part", given)  # cast: keys of a JSON object are strings
        self._parameters = _object(body, "parameters")

    def value(self, wire: Wire) -> object:
        """Return the one value at a place, or None. Raises Refusal if there are several."""
        match wire.place:
            case Place.INPUT:
                return self._input.get(wire.key)
            case Place.PARAMETERS:
                return self._parameters.get(wire.key)
            case Place.CONTENT | Place.MEDIA:
                found = self.values(wire)
                if len(found) > 1:
                    where = "content" if wire.place is Place.CONTENT else "media"
                    raise wrong_value(f"{where} length only support 1 {wire.key}")
                return found[0] if found else None
            case _:
                assert_never(wire.place)

    def values(self, wire: Wire) -> list[object]:
        """Return every value at a place, in order. Raises Refusal if the shape of the body is wrong."""
        match wire.place:
            case Place.INPUT | Place.PARAMETERS:
                part = self._input if wire.place is Place.INPUT else self._parameters
                return _listed(part.get(wire.key), f"{wire.place}.{wire.key}")
            case Place.CONTENT:
                return [part[wire.key] for part in self._content if part.get(wire.key) is not None]
            case Place.MEDIA:
                return [item["url"] for item in self._media if item.get("type") == wire.key]
            case _:
                assert_never(wire.place)

    def listed(self, each: FilesField, sharing: Sequence[FilesField]) -> list[object]:
        """Return the files of one list, in order. `sharing`: all lists on the same wire, distinguished by marks."""
        if each.wire.place is Place.MEDIA:
            keys = {taken.key or each.wire.key for taken in each.takes}
            return [item["url"] for item in self._media if item.get("type") in keys]
        urls = self.values(each.wire)
        if not urls and each.formerly:
            urls = self.values(replace(each.wire, key=each.formerly))
        if len(sharing) < 2:
            return urls
        return [url for url, owner in zip(urls, self._owners(urls, sharing), strict=True) if owner is each]

    def _owners(self, urls: Sequence[object], sharing: Sequence[FilesField]) -> list[FilesField]:
        """Return the list of each file: the one with its mark, else the first that still has room."""
        marked = next((field.mark[0] for field in sharing if field.mark), None)
        marks = self.values(marked) if marked else []
        if marks and len(marks) != len(urls):
            raise wrong_value(f"{marked.key if marked else ''} length must be equal to {sharing[0].wire.key} length")
        owners: list[FilesField] = []
        for number in range(len(urls)):
            by_mark = [f for f in sharing if f.mark and number < len(marks) and f.mark[1] == marks[number]]
            if number < len(marks) and not by_mark:
                known = " or ".join(repr(f.mark[1]) for f in sharing if f.mark)
                raise wrong_value(f"Input should be {known}")
            candidates = [*by_mark, *sharing]
            owners.append(next((f for f in candidates if owners.count(f) < f.most), candidates[0]))
        return owners

    def hold_media_to(self, fields: Sequence[Field]) -> None:
        """Check that one of these fields accepts the type of each `media` item. Raises Refusal if none does."""
        known = {key for each in fields for key in _media_keys(each)}
        for item in self._media if known else ():
            if item.get("type") not in known:
                raise wrong_value(f"Input should be {' or '.join(repr(key) for key in sorted(known))}")

    @cached_property
    def _content(self) -> list[Part]:
        """The parts of the one user message."""
        messages = _listed(self._input.get("messages"), "input.messages")
        if not messages:
            raise wrong_value("No messages found in input")
        if len(messages) > 1:
            raise wrong_value("messages length only support 1")
        message = _part(messages[0], "input.messages.0")
        content = _listed(message.get("content"), "input.messages.0.content")
        if message.get("role") != "user" or not content:
            raise wrong_value("Role must be user or assistant and Content length must be greater than 0")
        return [_part(each, f"input.messages.0.content.{number}") for number, each in enumerate(content)]

    @cached_property
    def _media(self) -> list[Part]:
        """The items of the media list, each with its type and URL."""
        items = [
            _part(each, f"input.media.{number}")
            for number, each in enumerate(_listed(self._input.get("media"), "input.media"))
        ]
        for number, item in enumerate(items):
            for key in ("type", "url"):
                if not isinstance(item.get(key), str) or not item[key].strip():
                    raise wrong_value(f"Field required: input.media.{number}.{key}")
        return items


def place_of(each: Field) -> str:
    """Return the vendor's name for the place of a value."""
    wire = each.wire
    if wire is None:
        return each.name
    match wire.place:
        case Place.CONTENT:
            return f"input.messages.0.content.{wire.key}"
        case Place.MEDIA:
            return "input.media"
        case Place.INPUT | Place.PARAMETERS:
            return f"{wire.place}.{wire.key}"
        case _:
            assert_never(wire.place)


def _media_keys(each: Field) -> set[str]:
    if each.wire is None or each.wire.place is not Place.MEDIA:
        return set()
    if isinstance(each, FilesField):
        return {taken.key or each.wire.key for taken in each.takes}
    return {each.wire.key}


def _object(body: Mapping[str, object], key: str) -> Part:
    value = body.get(key)
    return {} if value is None else _part(value, key)


def _part(value: object, place: str) -> Part:
    if not isinstance(value, dict):
        raise wrong_value(f"Input should be a valid dictionary: {place}")
    return cast("Part", value)  # cast: keys of a JSON object are strings


def _listed(value: object, place: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_value(f"Input should be a valid list: {place}")
    return [each for each in cast("list[object]", value) if each is not None]  # cast: a JSON list may hold anything

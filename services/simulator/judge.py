"""Whether the vendor takes a create call, judged from the catalogue alone and in the vendor's words.

Reads a JSON body backwards through the catalogue's wires. Unknown keys are ignored and null is absent, as in the
service. Types are held to what the reference documents: whole numbers and booleans, no numbers in quotes. Files are
judged later, by `inspection`. Texts and codes: reference, sections 0.2, 1.3, 1.4 and 7.10.

The reference knows two answers to a wrong model id. Here an id that no region has is 400 "Model not exist."; one that
only another region has is 404 ModelNotFound, the code that the table gives for a wrong region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from services.catalogue import Catalogue
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FixedField,
    ImageField,
    Model,
    NumberField,
    Offer,
    Scalar,
    Side,
    Size,
    SizeField,
    SwitchField,
    TextField,
    Wire,
)
from services.request import Request, check, default_of, is_absent

_RATIOS = ("9:16", "16:9", "1:1", "4:3", "3:4")
"""The order in which the service lists the shapes of a tier."""


class Refusal(Exception):
    """The service says no. `about_values` tells a wrong value from a call that is wrong as a whole."""

    def __init__(self, http_status: int, code: str, message: str, *, about_values: bool = False) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.message = message
        self.about_values = about_values


@dataclass(frozen=True, kw_only=True)
class Order:
    """A create call that was taken. `media` has what stood in the body for each file, by field name."""

    model: Model
    offer: Offer
    values: Mapping[str, Scalar] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)

    @property
    def request(self) -> Request:
        """The order as a request without its files."""
        return Request(self.model, self.offer, self.values)


def find_model(catalogue: Catalogue, *, region: str, path: str, body: Mapping[str, object]) -> tuple[Model, Offer]:
    """The model that a body names, as the region has it. Raises Refusal."""
    model_id = body.get("model")
    if not isinstance(model_id, str) or not model_id:
        raise Refusal(400, "BadRequest.EmptyModel", 'Required parameter "model" missing or invalid, please check.')
    if not any(path == model.endpoint.path for model in catalogue.models):
        raise _wrong_url()
    sellers = [(model, offer) for model in catalogue.models for offer in model.offers if offer.id == model_id]
    if not sellers:
        raise Refusal(400, "InvalidParameter", "Model not exist.")
    here = next(((model, offer) for model, offer in sellers if offer.region == region), None)
    if here is None:
        raise Refusal(404, "ModelNotFound", "Model can not be found.")
    if here[0].endpoint.path != path:
        raise _wrong_url()
    return here


def _wrong_url() -> Refusal:
    return Refusal(400, "InvalidParameter", "url error, please check url！")


def judge(model: Model, offer: Offer, body: Mapping[str, object]) -> Order:
    """Read the values of a body and hold them to the model's limits. Raises Refusal."""
    places = {"input": _part(body, "input"), "parameters": _part(body, "parameters")}
    if not places["input"]:
        raise Refusal(400, "BadRequest.EmptyInput", 'Required parameter "input" missing or invalid, please check.')
    values: dict[str, Scalar] = {}
    media: dict[str, str] = {}
    for each in model.fields_in(offer.region):
        raw = places[each.wire.place].get(each.wire.key) if each.wire else None
        value = None if raw is None else _read(each, raw)
        if isinstance(each, ImageField | AudioField):
            if isinstance(value, str) and not is_absent(value):
                media[each.name] = value
            continue
        if value is None:
            value = default_of(each, side=Side.VENDOR)
        if value is not None:
            values[each.name] = value
    order = Order(model=model, offer=offer, values=values, media=media)
    _hold_to_limits(order)
    return order


def _part(body: Mapping[str, object], key: str) -> Mapping[str, object]:
    part = body.get(key)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise Refusal(400, "InvalidParameter", f"Input should be a valid dictionary: {key}", about_values=True)
    return part


def _read(each: Field, raw: object) -> Scalar:
    """A JSON value as the field's documented type. Too long texts are cut, silently."""
    match each:
        case TextField() if isinstance(raw, str):
            return _readable(raw)[: each.max_chars]
        case ImageField() | AudioField() | SizeField() if isinstance(raw, str):
            return _readable(raw)
        case NumberField() | FixedField():
            return _whole_number(each, raw)
        case ChoiceField():
            return _choice(each, raw)
        case SwitchField() if isinstance(raw, bool):
            return raw
        case SwitchField():
            raise _wrong_type(each, "boolean")
        case TextField() | ImageField() | AudioField() | SizeField():
            raise _wrong_type(each, "string")
        case _:
            assert_never(each)


def _choice(each: ChoiceField, raw: object) -> Scalar:
    """A text where the choices are texts, a whole number where they are numbers."""
    if isinstance(each.choices[0].value, int):
        return _whole_number(each, raw)
    if not isinstance(raw, str):
        raise _wrong_type(each, "string")
    return _readable(raw)


def _whole_number(each: Field, raw: object) -> int:
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise _wrong_type(each, "integer")


def _readable(text: str) -> str:
    """The text without the half characters that JSON can smuggle in and UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def _hold_to_limits(order: Order) -> None:
    fields = {each.name: each for each in order.request.fields}
    for problem in check(order.request, side=Side.VENDOR):
        each = fields[problem.field]
        if problem.advice or each.name in order.media:
            continue
        if each.name in order.values:
            raise _wrong_value(each)
        raise _refused_value(f"Field required: {_place(each)}")
    for each in fields.values():
        if isinstance(each, TextField) and each.required and is_absent(order.values.get(each.name)):
            raise _refused_value(f"Field required: {_place(each)}")


def _place(each: Field) -> str:
    wire: Wire | None = each.wire
    return f"{wire.place}.{wire.key}" if wire else each.name


def _refused_value(message: str) -> Refusal:
    return Refusal(400, "InvalidParameter", message, about_values=True)


def _wrong_type(each: Field, kind: str) -> Refusal:
    return _refused_value(f"Input should be a valid {kind}: {_place(each)}")


def _wrong_value(each: Field) -> Refusal:
    """What the service says of a value outside the limits of its field."""
    key = each.wire.key if each.wire else each.name
    match each:
        case NumberField():
            return _refused_value(f"{key.capitalize()} should be between {each.minimum} and {each.maximum}")
        case FixedField():
            return _refused_value(f"{key} customization is not supported")
        case SizeField():
            return _refused_value(f"{key} must be in {','.join(_sizes_in_order(each))}")
        case ChoiceField():
            *others, last = _in_order(each)
            listed = f"{', '.join(others)} or {last}" if others else last
            return _refused_value(f"Input should be {listed}")
        case TextField() | SwitchField() | ImageField() | AudioField():
            return _refused_value(f"Required parameter({key}) missing or invalid, please check the request parameters.")
        case _:
            assert_never(each)


def _in_order(each: ChoiceField) -> list[str]:
    """The choices as the service lists them: numbers by size, names by their letters."""
    numbers = sorted(choice.value for choice in each.choices if isinstance(choice.value, int))
    names = sorted(choice.value for choice in each.choices if isinstance(choice.value, str))
    return [repr(value) for value in (*numbers, *names)]


def _sizes_in_order(each: SizeField) -> list[str]:
    """The sizes as the service lists them: the highest tier first, then by shape."""

    def rank(size: Size) -> tuple[int, int]:
        tier = int("".join(filter(str.isdecimal, size.tier)) or 0)
        return -tier, _RATIOS.index(size.ratio) if size.ratio in _RATIOS else len(_RATIOS)

    return [size.value for size in sorted(each.sizes, key=rank)]

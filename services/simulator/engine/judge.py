"""Validates create calls from the catalogue alone, and refuses them in the vendor's words.

Unknown keys are ignored and null counts as absent, as with the vendor. Types must be the documented ones: numbers and
booleans, no numbers in quotes. Files are checked later, by `inspection`, and so are rules that need the facts of a
file. Texts and codes: reference, sections 0.2, 1.3, 1.4 and 7.10; for pictures wan-image-api.md 4.2.

The reference has two answers to a wrong model id. Here, an id that no region has is 400 "Model not exist.". An id that
only another region has is 404 ModelNotFound, the code in the table for a wrong region.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from services.catalogue import Catalogue
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    MediaField,
    Model,
    NumberField,
    Offer,
    Place,
    Precheck,
    Scalar,
    Side,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
)
from services.media.facts import Unreadable
from services.request import Request, Value, check_value, default_of, is_absent
from services.request.rules import hold_to_rules
from services.simulator.engine.refusal import Refusal, wrong_url, wrong_value
from services.simulator.engine.wires import Sent, place_of
from services.simulator.engine.wording import SEED, value_refused

_LONGEST_DATA_URI = 10_485_760
"""Limit of one part of a message, as written in base64. Source: wan-image-api.md 1.4 and 4.3."""

__all__ = ["Check", "Order", "Refusal", "find_check", "find_model", "judge", "sellers_of"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """An accepted create call. `media` maps the name of each field to its files, as given in the body."""

    model: Model
    offer: Offer
    values: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    media: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def request(self) -> Request:
        """The create call as a request whose files have not been read yet."""
        values: dict[str, Value] = dict(self.values)
        for each in self.model.fields_in(self.offer.region, self.values):
            given = self.media.get(each.name)
            if given:
                files = tuple(Unreadable(name=url[:40], bytes=0, why="") for url in given)
                values[each.name] = files if isinstance(each, FilesField) else files[0]
        return Request(self.model, self.offer, values)


@dataclass(frozen=True, kw_only=True)
class Check:
    """An accepted precheck: is this picture suitable for a job?"""

    precheck: Precheck
    offer: Offer
    field: ImageField
    given: str


def find_model(catalogue: Catalogue, *, region: str, path: str, body: Mapping[str, object]) -> tuple[Model, Offer]:
    """Return the model that a body names, and its offer in the region. Raises Refusal if there is none."""
    model_id = _model_id(body)
    known = {each for model in catalogue.models for each in (model.endpoint.path, model.endpoint.at_once) if each}
    if path not in known:
        raise wrong_url()
    sellers = [(model, replace(offer, id=model_id)) for model, offer in sellers_of(catalogue, model_id)]
    if any(model.precheck and model.precheck.id == model_id for model in catalogue.models):
        raise wrong_url()
    if not sellers:
        raise Refusal(400, "InvalidParameter", "Model not exist.")
    here = next(((model, offer) for model, offer in sellers if offer.region == region), None)
    if here is None:
        raise Refusal(404, "ModelNotFound", "Model can not be found.")
    if path not in (here[0].endpoint.path, here[0].endpoint.at_once):
        raise wrong_url()
    return here


def sellers_of(catalogue: Catalogue, model_id: str) -> list[tuple[Model, Offer]]:
    """Return every offer of a model, named by its own id or by the id of a frozen version."""
    return [
        (model, offer)
        for model in catalogue.models
        for offer in model.offers
        if model_id in (offer.id, *(f"{offer.id}-{date}" for date in model.snapshots))
    ]


def _model_id(body: Mapping[str, object]) -> str:
    model_id = body.get("model")
    if not isinstance(model_id, str) or not model_id:
        raise Refusal(400, "BadRequest.EmptyModel", 'Required parameter "model" missing from request.')
    return model_id


def find_check(catalogue: Catalogue, *, region: str, path: str, body: Mapping[str, object]) -> Check:
    """Return the precheck that a body asks for, with its picture. Raises Refusal if there is none."""
    model_id = _model_id(body)
    sellers = [(m, m.precheck, offer) for m in catalogue.models if m.precheck for offer in m.offers]
    named = [(model, precheck, offer) for model, precheck, offer in sellers if precheck.id == model_id]
    if not named:
        raise Refusal(400, "InvalidParameter", "Model not exist.")
    here = next(((m, precheck, offer) for m, precheck, offer in named if offer.region == region), None)
    if here is None:
        raise Refusal(404, "ModelNotFound", "Model can not be found.")
    model, precheck, offer = here
    if precheck.path != path:
        raise wrong_url()
    each = model.field(precheck.field, region)
    if not isinstance(each, ImageField):
        raise wrong_url()
    given = Sent(body).value(precheck.wire)
    if not isinstance(given, str) or is_absent(given):
        raise wrong_value(f"Field required: {precheck.wire.place}.{precheck.wire.key}")
    return Check(precheck=precheck, offer=offer, field=each, given=_readable(given))


def judge(model: Model, offer: Offer, body: Mapping[str, object]) -> Order:
    """Read the values of a body and check them against the model's limits. Raises Refusal if one is wrong."""
    sent = Sent(body)
    fields = _fields_in_force(model, offer, sent)
    sent.hold_media_to(fields)
    values: dict[str, Scalar] = {}
    media: dict[str, tuple[str, ...]] = {}
    for each in fields:
        if isinstance(each, FilesField):
            sharing = [f for f in fields if isinstance(f, FilesField) and f.wire == each.wire]
            given = tuple(_address(each, raw) for raw in sent.listed(each, sharing))
        elif isinstance(each, MediaField):
            raw = sent.value(each.wire)
            given = () if raw is None or raw == "" else (_address(each, raw),)
        else:
            value = _value(each, sent)
            if value is not None:
                values[each.name] = value
            continue
        if given:
            media[each.name] = given
    order = Order(model=model, offer=offer, values=values, media=media)
    _hold_to_limits(order)
    return order


def _fields_in_force(model: Model, offer: Offer, sent: Sent) -> tuple[Field, ...]:
    """Return the fields that the modes leave. An unsent value counts as the vendor's default, not ours."""
    chosen: dict[str, Scalar] = {}
    for name in dict.fromkeys(mode.field for mode in model.modes):
        each = model.field(name, offer.region, chosen)
        if each is None or isinstance(each, MediaField | FilesField):
            continue
        value = _value(each, sent)
        if value is not None:
            chosen[name] = value
    return model.fields_in(offer.region, chosen)


def _value(each: Field, sent: Sent) -> Scalar | None:
    raw = sent.value(each.wire) if each.wire else None
    value = None if raw is None else _read(each, raw)
    if isinstance(each, TextField | ChoiceField) and is_absent(value):
        value = None
    if value is not None or (each.required and not isinstance(each, FixedField)):
        return value  # a required value has no default on the wire, even if a form begins with one
    return default_of(each, side=Side.VENDOR)


def _address(each: Field, raw: object) -> str:
    if not isinstance(raw, str):
        raise _wrong_type(each, "string")
    if is_absent(raw):
        raise wrong_value(f"Field required: {place_of(each)}")
    if each.wire and each.wire.place is Place.CONTENT and raw.startswith("data:") and len(raw) > _LONGEST_DATA_URI:
        raise wrong_value(f"Exceeded limit on max bytes per data-uri item : {_LONGEST_DATA_URI}")
    return _readable(raw)


def _read(each: Field, raw: object) -> Scalar:
    """Return a JSON value as the field's documented type. Texts that are too long are silently cut."""
    match each:
        case TextField() if isinstance(raw, str):
            return _readable(raw)[: each.max_chars]
        case SizeField() if isinstance(raw, str):
            return _readable(raw)
        case NumberField() if each.places:
            return _number(each, raw)
        case NumberField() | FixedField():
            return _whole_number(each, raw)
        case ChoiceField():
            return _choice(each, raw)
        case SwitchField() if isinstance(raw, bool):
            return raw
        case SwitchField():
            raise _wrong_type(each, "boolean")
        case TextField() | SizeField() | ImageField() | AudioField() | VideoField() | FilesField():
            raise _wrong_type(each, "string")
        case _:
            assert_never(each)


def _choice(each: ChoiceField, raw: object) -> Scalar:
    """Return a text if the choices are texts, or a whole number if they are numbers."""
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
    if each.wire and each.wire.key == SEED:
        raise wrong_value(f"'{SEED}' must be Integer")
    raise _wrong_type(each, "integer")


def _number(each: Field, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise _wrong_type(each, "number")
    return raw


def _readable(text: str) -> str:
    """Replace lone surrogates, which JSON can contain and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _wrong_type(each: Field, kind: str) -> Refusal:
    return wrong_value(f"Input should be a valid {kind}: {place_of(each)}")


def _hold_to_limits(order: Order) -> None:
    """Check each field, then the rules between fields. Raises Refusal if one is broken."""
    request = order.request
    dropped = request.dropped
    for each in request.fields:
        if each.name in dropped:
            continue
        if isinstance(each, FilesField):
            _hold_number(each, order, request.fields)
            continue
        value = request.values.get(each.name)
        if value is None:
            if each.required and not isinstance(each, FixedField):
                raise _missing(each)
        elif not isinstance(each, MediaField) and check_value(each, value, side=Side.VENDOR):
            raise value_refused(each, value, pictures=not request.model.result.is_video)
    for problem in hold_to_rules(request):
        if not problem.advice:
            each = request.model.field(problem.field, order.offer.region, order.values)
            there = problem.field in request.values
            place = place_of(each) if each else problem.field
            raise wrong_value(f"{place} cannot be used together with the other inputs" if there else _required(each))


def _hold_number(each: FilesField, order: Order, fields: Sequence[Field]) -> None:
    """Check how many files a list has. Raises Refusal if the number is wrong.

    Lists on one wire are counted together: the vendor has only one list for them.
    """
    sharing = [f for f in fields if isinstance(f, FilesField) and f.wire == each.wire]
    count = sum(len(order.media.get(f.name, ())) for f in sharing)
    if not count and (each.required or each.least):
        raise _missing(each)
    if count < each.least or count > sum(f.most for f in sharing):
        place = "content" if each.wire.place is Place.CONTENT else each.wire.key
        raise wrong_value(f"{place} length should be between {each.least} and {sum(f.most for f in sharing)}")


def _missing(each: Field) -> Refusal:
    if each.wire and each.wire.place is Place.CONTENT:
        return wrong_value("lack of image or text")
    return wrong_value(_required(each))


def _required(each: Field | None) -> str:
    return f"Field required: {place_of(each) if each else 'input'}"

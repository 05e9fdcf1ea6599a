"""Conversion of a caller's input into a request: strings become numbers and absent values get their defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NoReturn, assert_never, cast

from services.catalogue import Catalogue
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    Model,
    NumberField,
    Offer,
    Scalar,
    Side,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
)
from services.domain.errors import InvalidRequest
from services.domain.problems import Problem
from services.media.facts import MediaFacts
from services.request.values import Request, Value, refuse_if_any, shown

MOST = 10**12
"""Far above any number of any field. Beyond it a float is no longer exact and a message no longer readable."""


def parse(
    catalogue: Catalogue, *, family: str | None, model_id: str, region: str, given: Mapping[str, object]
) -> Request:
    """Build a request from a caller's input. Numeric strings become numbers and defaults are filled in.

    Raises InvalidRequest if the family, the model, the region or a value cannot be understood at all.
    """
    if family and catalogue.family(family) is None:
        families = ", ".join(known.id for known in catalogue.families)
        _refuse("family", f"There is no family {shown(family)!r} here. Choose one of: {families}.")
    model = catalogue.model(model_id)
    if model is None or (family and model.family != family):
        known = ", ".join(m.id for m in (catalogue.of_family(family) if family else catalogue.models))
        _refuse("model", f"There is no model {shown(model_id)!r} here. Choose one of: {known}.")
    offer = model.offer(region)
    if offer is None:
        _refuse("region", _not_offered(catalogue, model, region))
    values, problems = _parse_values(catalogue, model, offer, given=given)
    refuse_if_any(tuple(problems))
    return Request(model=model, offer=offer, values=values)


def _not_offered(catalogue: Catalogue, model: Model, region: str) -> str:
    """Name the regions that offer the model, and other models of its family in the requested region."""
    here = _region_label(catalogue, region)
    places = " or ".join(_region_label(catalogue, offer.region) for offer in model.offers)
    others = [m.id for m in catalogue.of_family(model.family) if m.offer(region)]
    instead = f" {here} has {' and '.join(others[:2])}." if others else ""
    return f"{model.title} is not offered in {here}. It is offered in {places}.{instead}"


def _region_label(catalogue: Catalogue, region_id: str) -> str:
    region = catalogue.region(region_id)
    return region.label if region else repr(shown(region_id))


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidRequest((Problem(field=field, message=message),))


def _parse_values(
    catalogue: Catalogue, model: Model, offer: Offer, *, given: Mapping[str, object]
) -> tuple[dict[str, Value], list[Problem]]:
    fields = {field.name: field for field in fields_for(model, offer.region, given)}
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, raw in given.items():
        if is_absent(raw):
            continue
        field = fields.get(name)
        if field is None:
            problems.append(_not_taken(catalogue, model, offer.region, name=name))
            continue
        value = parse_value(field, raw)
        if isinstance(value, Problem):
            problems.append(value)
        elif not is_absent(value):
            values[name] = value
    for name, field in fields.items():
        default = default_of(field)
        if name not in values and default is not None:
            values[name] = default
    return values, problems


def fields_for(model: Model, region: str, given: Mapping[str, object]) -> tuple[Field, ...]:
    """Return the fields in force for a caller's values. Modes are read from the values first."""
    chosen: dict[str, object] = {}
    for name in dict.fromkeys(mode.field for mode in model.modes):
        field, raw = model.field(name, region, chosen), given.get(name)
        if field is not None and not is_absent(raw):
            value = parse_value(field, raw)
            chosen |= {} if isinstance(value, Problem) else {name: value}
    return model.fields_in(region, chosen)


def _not_taken(catalogue: Catalogue, model: Model, region: str, *, name: str) -> Problem:
    """Explain why a value has no field: it belongs to a mode, another region or another model, or it does not exist."""
    said = f"{model.title} does not take {shown(name)}"
    modes = [mode for mode in model.modes if any(field.name == name for field in mode.differs)]
    switch = model.field(modes[0].field, region) if modes else None
    elsewhere = [offer.region for offer in model.offers if model.field(name, offer.region)]
    others = [m.title for m in catalogue.of_family(model.family) if m.offer(region) and m.field(name, region)]
    if switch and model.field(name, region):
        wanted = " or ".join(_said(mode.value) for mode in modes if mode.field == switch.name)
        said = f"{model.title} takes {shown(name)} only where {switch.name} is {wanted}."
    elif model.field(name, region):
        said += " together with what else you chose. Leave it out."
    elif elsewhere:
        said += f" in this region; {_region_label(catalogue, elsewhere[0])} has it. Leave it out."
    elif others:
        said += f"; {' and '.join(others[:2])} can. Choose such a model, or leave it out."
    else:
        said += ". Leave it out."
    return Problem(field=name, message=said)


def _said(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_absent(raw: object) -> bool:
    """Return True if a caller's value means "not given"."""
    return raw is None or (isinstance(raw, str) and not raw.strip()) or (isinstance(raw, list | tuple) and not raw)


def default_of(field: Field, *, side: Side = Side.OURS) -> Scalar | None:
    """Return a field's value if none is given, on our side or on the vendor's; None if the field then stays out."""
    match field:
        case ImageField() | AudioField() | VideoField() | FilesField():
            return None
        case FixedField():
            return field.value
        case ChoiceField() | SizeField() | NumberField():
            return (field.vendor_default if side is Side.VENDOR else None) or field.default
        case SwitchField():
            # If "off" is expressed by leaving the key out, a missing key means "off" to the vendor, regardless of our
            # default.
            return field.default and (side is Side.OURS or field.sent_when_off)
        case TextField():
            return field.default
        case _:
            assert_never(field)


def parse_value(field: Field, raw: object) -> Value | Problem:
    """Parse one value as its field understands it, or return the problem with it. Limits are left to `check`."""
    match field:
        case TextField():
            return _text(field, raw)
        case NumberField() | FixedField():
            return _number(field, raw)
        case ChoiceField():
            return _choice(field, raw)
        case SizeField():
            return _size(field, str(raw))
        case SwitchField():
            return _switch(field, raw)
        case ImageField() | AudioField() | VideoField():
            if isinstance(raw, MediaFacts):
                return raw
            return Problem(field=field.name, message=f"{field.label} must be a file.")
        case FilesField():
            return _files(field, raw)
        case _:
            assert_never(field)


def _files(field: FilesField, raw: object) -> tuple[MediaFacts, ...] | Problem:
    # cast: a list from outside may hold anything; each item is checked
    given = cast("Sequence[object]", raw) if isinstance(raw, list | tuple) else (raw,)
    files = tuple(each for each in given if isinstance(each, MediaFacts))
    return files if len(files) == len(given) else Problem(field=field.name, message=f"{field.label} must be files.")


def _size(field: SizeField, raw: str) -> str:
    named = next((area.value for area in field.areas if area.value.lower() == raw.strip().lower()), None)
    return named or raw.strip().lower().replace("x", "*").replace("×", "*").replace(" ", "")


def _text(field: TextField, raw: object) -> str | Problem:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return Problem(field=field.name, message=f"{field.label} must be text.")
    # A NUL cannot be stored and half a surrogate pair cannot be sent. The author of the text never saw either.
    return str(raw).replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _choice(field: ChoiceField, raw: object) -> Scalar:
    # A browser may send 5 as 5.0.
    plain = int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    said = str(plain).strip()
    return next((choice.value for choice in field.choices if str(choice.value) == said), said)


def _number(field: NumberField | FixedField, raw: object) -> int | float | Problem:
    places = field.places if isinstance(field, NumberField) else 0
    kind = "a number" if places else "a whole number"
    try:
        number = float(str(raw).strip())
        if isinstance(raw, bool) or number != round(number, places) or not math.isfinite(number):
            raise ValueError(raw)
    except (ValueError, OverflowError):
        return Problem(field=field.name, message=f"{field.label} must be {kind}, not {shown(raw)!r}.")
    if abs(number) > MOST:
        return Problem(field=field.name, message=f"{field.label} is far too large: {shown(raw)}.")
    return number if places else int(number)


def _switch(field: SwitchField, raw: object) -> bool | Problem:
    if isinstance(raw, bool):
        return raw
    words = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False}
    value = words.get(str(raw).strip().lower())
    if value is None:
        return Problem(field=field.name, message=f"{field.label} is either true or false, not {shown(raw)!r}.")
    return value

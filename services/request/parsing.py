"""From what a caller gave to a request: strings become numbers, what is absent gets its default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn, assert_never

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
    SizeField,
    SwitchField,
    TextField,
)
from services.errors import InvalidRequest
from services.media.facts import AudioFacts, ImageFacts, MediaFacts, Unreadable
from services.problems import Problem
from services.request.values import Request, refuse_if_any, shown

MOST = 10**12
"""No number of any field comes near; beyond it a float is no longer exact and a sentence no longer readable."""


def parse(
    catalogue: Catalogue, *, family: str | None, model_id: str, region: str, given: Mapping[str, object]
) -> Request:
    """Make a request of what a caller gave. Strings that are numbers become numbers, defaults are filled in.

    Raises InvalidRequest where the model, the region or a value cannot even be understood.
    """
    model = catalogue.model(model_id)
    if model is None or (family and model.family != family):
        known = ", ".join(m.id for m in (catalogue.of_family(family) if family else catalogue.models))
        _refuse("model", f"There is no model {shown(model_id)!r} here. Choose one of: {known}.")
    offer = model.offer(region)
    if offer is None:
        places = " or ".join(_region_label(catalogue, offer.region) for offer in model.offers)
        _refuse(
            "region", f"{model.title} is not offered in {_region_label(catalogue, region)}. It is offered in {places}."
        )
    values, problems = _parse_values(model, offer, given)
    refuse_if_any(tuple(problems))
    return Request(model=model, offer=offer, values=values)


def _region_label(catalogue: Catalogue, region_id: str) -> str:
    region = catalogue.region(region_id)
    return region.label if region else repr(shown(region_id))


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidRequest((Problem(field=field, message=message),))


def _parse_values(
    model: Model, offer: Offer, given: Mapping[str, object]
) -> tuple[dict[str, Scalar | MediaFacts], list[Problem]]:
    fields = {field.name: field for field in model.fields_in(offer.region)}
    values: dict[str, Scalar | MediaFacts] = {}
    problems: list[Problem] = []
    for name, raw in given.items():
        if is_absent(raw):
            continue
        field = fields.get(name)
        if field is None:
            problems.append(_not_taken(model, name))
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


def _not_taken(model: Model, name: str) -> Problem:
    elsewhere = [offer.region for offer in model.offers if any(field.name == name for field in offer.differs)]
    where = f" in this region; {', '.join(elsewhere).capitalize()} has it" if elsewhere else ""
    return Problem(field=name, message=f"{model.title} does not take {shown(name)}{where}. Leave it out.")


def is_absent(raw: object) -> bool:
    """Whether a caller's value means "not given"."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def default_of(field: Field, *, side: Side = Side.OURS) -> Scalar | None:
    """The value a field has where none is given, with us or with the vendor; None where it then stays out."""
    match field:
        case ImageField() | AudioField():
            return None
        case FixedField():
            return field.value
        case ChoiceField() | SizeField():
            return (field.vendor_default if side is Side.VENDOR else None) or field.default
        case TextField() | NumberField() | SwitchField():
            return field.default
        case _:
            assert_never(field)


def parse_value(field: Field, raw: object) -> Scalar | MediaFacts | Problem:
    """One value as its field understands it, or the problem with it. Limits are `check`'s business."""
    match field:
        case TextField():
            return _text(field, raw)
        case NumberField() | FixedField():
            return _whole_number(field, raw)
        case ChoiceField():
            return _choice(field, raw)
        case SizeField():
            return str(raw).strip().lower().replace("x", "*").replace("×", "*").replace(" ", "")
        case SwitchField():
            return _switch(field, raw)
        case ImageField() | AudioField():
            if isinstance(raw, ImageFacts | AudioFacts | Unreadable):
                return raw
            return Problem(field=field.name, message=f"{field.label} must be a file.")
        case _:
            assert_never(field)


def _text(field: TextField, raw: object) -> str | Problem:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return Problem(field=field.name, message=f"{field.label} must be text.")
    # A NUL cannot be stored and half a surrogate pair cannot be sent; neither was ever seen by who wrote the text.
    return str(raw).replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _choice(field: ChoiceField, raw: object) -> Scalar:
    # A browser's 5 may come as 5.0.
    plain = int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    said = str(plain).strip()
    return next((choice.value for choice in field.choices if str(choice.value) == said), said)


def _whole_number(field: NumberField | FixedField, raw: object) -> int | Problem:
    try:
        number = float(str(raw).strip())
        if isinstance(raw, bool) or number != int(number):
            raise ValueError(raw)
    except (ValueError, OverflowError):
        return Problem(field=field.name, message=f"{field.label} must be a whole number, not {shown(raw)!r}.")
    if abs(number) > MOST:
        return Problem(field=field.name, message=f"{field.label} is far too large: {shown(raw)}.")
    return int(number)


def _switch(field: SwitchField, raw: object) -> bool | Problem:
    if isinstance(raw, bool):
        return raw
    words = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False}
    value = words.get(str(raw).strip().lower())
    if value is None:
        return Problem(field=field.name, message=f"{field.label} is either true or false, not {shown(raw)!r}.")
    return value

"""A request: a model, a region and its values. Parsed, checked, priced and turned into a body; nothing is sent here.

Pure: files come in as facts that services.media has read. The page, the API, the jobs and the simulator's judge all
use these functions, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, assert_never

from services.catalogue import Catalogue
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FixedField,
    ImageField,
    Model,
    Needs,
    NumberField,
    Offer,
    Overrides,
    Price,
    Scalar,
    Side,
    SizeField,
    SwitchField,
    TextField,
)
from services.catalogue.video import PIXELS
from services.errors import InvalidRequest
from services.media import audio_defects, image_defects
from services.media.facts import AudioFacts, Fix, ImageFacts, MediaFacts, Repair, Unreadable

Values = Mapping[str, Scalar | MediaFacts]
"""Values by field name. A file is there as its facts; what was not given is absent."""


MOST = 10**12
"""No number of any field comes near; beyond it a float is no longer exact and a sentence no longer readable."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a value will not do, and how it could be repaired. `advice` is said but refuses nothing."""

    field: str
    message: str
    fix: Fix | None = None
    advice: bool = False


@dataclass(frozen=True)
class Request:
    """A model as a region has it, and the values chosen: defaults filled in, files as facts."""

    model: Model
    offer: Offer
    values: Values

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields as this region has them."""
        return self.model.fields_in(self.offer.region)

    @property
    def prompt(self) -> str:
        """The words, or nothing."""
        return str(self.values.get("prompt") or "")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """An amount of money. `billed_seconds` is what the amount was made from."""

    amount: Decimal
    currency: str
    billed_seconds: float
    per_second: Decimal


def refuse_if_any(problems: tuple[Problem, ...]) -> None:
    """Raise InvalidRequest if a problem is more than advice."""
    grave = tuple(problem for problem in problems if not problem.advice)
    if grave:
        raise InvalidRequest(grave)


# Parsing -------------------------------------------------------------------------------------------------------------


def parse(
    catalogue: Catalogue, *, family: str | None, model_id: str, region: str, given: Mapping[str, object]
) -> Request:
    """Make a request of what a caller gave. Strings that are numbers become numbers, defaults are filled in.

    Raises InvalidRequest where the model, the region or a value cannot even be understood.
    """
    model = catalogue.model(model_id)
    if model is None or (family and model.family != family):
        known = ", ".join(m.id for m in (catalogue.of_family(family) if family else catalogue.models))
        _refuse("model", f"There is no model {_shown(model_id)!r} here. Choose one of: {known}.")
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
    return region.label if region else repr(_shown(region_id))


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
    return Problem(field=name, message=f"{model.title} does not take {_shown(name)}{where}. Leave it out.")


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
        return Problem(field=field.name, message=f"{field.label} must be a whole number, not {_shown(raw)!r}.")
    if abs(number) > MOST:
        return Problem(field=field.name, message=f"{field.label} is far too large: {_shown(raw)}.")
    return int(number)


def _shown(raw: object) -> str:
    """A caller's value, short enough for a sentence."""
    said = str(raw)
    return said if len(said) <= 40 else f"{said[:40]}…"


def _switch(field: SwitchField, raw: object) -> bool | Problem:
    if isinstance(raw, bool):
        return raw
    words = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False}
    value = words.get(str(raw).strip().lower())
    if value is None:
        return Problem(field=field.name, message=f"{field.label} is either true or false, not {_shown(raw)!r}.")
    return value


# Checking ------------------------------------------------------------------------------------------------------------


def check(request: Request, *, side: Side = Side.OURS) -> tuple[Problem, ...]:
    """Everything that is wrong with a request, field by field, then what the rules between fields have to say."""
    dropped = _dropped(request)
    problems: list[Problem] = []
    for field in request.fields:
        value = request.values.get(field.name)
        if field.name in dropped:
            continue
        if value is None:
            if isinstance(field, FixedField) or not field.required:
                continue
            problems.append(Problem(field=field.name, message=_missing(field)))
        else:
            problems.extend(check_value(field, value, side=side))
    return (*problems, *_advice(request))


def _missing(field: Field) -> str:
    match field:
        case ImageField():
            return "Add a picture to begin with."
        case AudioField():
            return "Add a sound track."
        case TextField():
            return "Write a prompt: say what should be seen."
        case _:
            return f"{field.label} is missing."


def check_value(field: Field, value: Scalar | MediaFacts, *, side: Side = Side.OURS) -> tuple[Problem, ...]:
    """What is wrong with one value. A value the field could not even parse has been refused before."""
    match field:
        case TextField():
            return _check_text(field, str(value), side)
        case NumberField():
            if isinstance(value, int) and field.minimum <= value <= field.maximum:
                return ()
            unit = f" {field.unit}" if field.unit else ""
            span = f"{field.minimum} to {field.maximum}{unit}"
            return (Problem(field=field.name, message=f"{field.label} is {value}{unit}; this model takes {span}."),)
        case FixedField():
            if value == field.value:
                return ()
            always = f"{field.value} {field.unit}".strip()
            return (
                Problem(
                    field=field.name,
                    message=f"{field.label} is always {always} with this model; you asked for {value}.",
                ),
            )
        case ChoiceField():
            allowed = [choice.value for choice in field.choices]
            return _check_closed(field.name, field.label, value, allowed)
        case SizeField():
            return _check_closed(field.name, "Size", value, [size.value for size in field.sizes])
        case SwitchField():
            return ()
        case ImageField() | AudioField():
            return _check_media(field, value, side)
        case _:
            assert_never(field)


def _check_text(field: TextField, text: str, side: Side) -> tuple[Problem, ...]:
    if side is Side.VENDOR or len(text) <= field.max_chars:
        return ()
    limit = f"{field.max_chars:,}"
    return (
        Problem(
            field=field.name,
            message=f"{field.label} has {len(text):,} characters; this model reads {limit} and drops the rest.",
            fix=Fix(Repair.CUT, f"Keep the first {limit} characters"),
        ),
    )


def _check_closed(name: str, label: str, value: object, allowed: list[str | int] | list[str]) -> tuple[Problem, ...]:
    if value in allowed and not isinstance(value, bool):
        return ()
    listed = ", ".join(str(item) for item in allowed)
    return (
        Problem(field=name, message=f"{label} {_shown(value)} is not offered by this model. Choose one of: {listed}."),
    )


def _check_media(field: ImageField | AudioField, value: Scalar | MediaFacts, side: Side) -> tuple[Problem, ...]:
    if isinstance(value, Unreadable):
        return (Problem(field=field.name, message=value.why),)
    if isinstance(field, ImageField) and isinstance(value, ImageFacts):
        defects = image_defects(value, field.limit(side))
    elif isinstance(field, AudioField) and isinstance(value, AudioFacts):
        defects = audio_defects(value, field.limit(side))
    else:
        return (Problem(field=field.name, message=f"{field.label} is not the right kind of file."),)
    return tuple(Problem(field=field.name, message=d.message, fix=d.fix, advice=d.advice) for d in defects)


def _dropped(request: Request) -> frozenset[str]:
    """The fields that the vendor ignores because of another field, by the model's rules."""
    present = {field.name for field in request.fields}
    return frozenset(
        rule.drops
        for rule in request.model.rules
        if isinstance(rule, Overrides) and rule.field in present and _holds(request, rule)
    )


def _holds(request: Request, rule: Overrides) -> bool:
    value = request.values.get(rule.field)
    return value is not None if rule.value is None else value == rule.value


def _advice(request: Request) -> list[Problem]:
    said: list[Problem] = []
    for rule in request.model.rules:
        match rule:
            case Needs():
                idle = request.values.get(rule.other) != rule.being
                if request.values.get(rule.field) == rule.value and idle:
                    said.append(Problem(field=rule.field, message=rule.say, advice=True))
            case Overrides():
                if rule.drops in _dropped(request) and rule.drops in request.values:
                    said.append(Problem(field=rule.drops, message=rule.say, advice=True))
            case _:
                assert_never(rule)
    return [*said, *_track_advice(request)]


def _track_advice(request: Request) -> list[Problem]:
    """A sound track that is longer or shorter than the clip is cut, or followed by silence."""
    said: list[Problem] = []
    for field in request.fields:
        track = request.values.get(field.name)
        if not isinstance(field, AudioField) or not isinstance(track, AudioFacts) or field.name in _dropped(request):
            continue
        clip = output_seconds(request)
        if track.seconds > clip + 0.1:
            said.append(
                Problem(
                    field=field.name,
                    message=f"Your track is {track.seconds:.1f} s and the clip {clip} s: the rest is cut off.",
                    advice=True,
                )
            )
        elif track.seconds < clip - 0.1:
            said.append(
                Problem(
                    field=field.name,
                    message=f"Your track is {track.seconds:.1f} s and the clip {clip} s: the end will be silent.",
                    advice=True,
                )
            )
    return said


# Building and pricing ------------------------------------------------------------------------------------------------


def build(request: Request, urls: Mapping[str, str]) -> dict[str, object]:
    """The JSON body of the create call. `urls` has the URL of each file by field name."""
    body: dict[str, dict[str, object]] = {"input": {}, "parameters": {}}
    dropped = _dropped(request)
    for field in request.fields:
        value = request.values.get(field.name)
        if value is None or isinstance(field, FixedField) or field.name in dropped:
            continue
        is_file = isinstance(field, ImageField | AudioField)
        body[field.wire.place][field.wire.key] = urls[field.name] if is_file else value
    return {"model": request.offer.id, **body}


def files_to_send(request: Request) -> tuple[ImageField | AudioField, ...]:
    """The file fields whose file goes to the vendor."""
    dropped = _dropped(request)
    return tuple(
        field
        for field in request.fields
        if isinstance(field, ImageField | AudioField) and field.name in request.values and field.name not in dropped
    )


def output_seconds(request: Request) -> int:
    """How long the clip will be."""
    value = request.values.get("duration", 0)
    return value if isinstance(value, int) else 0


def output_tier(request: Request) -> str:
    """The quality tier the clip is billed at, or nothing where the model has none."""
    for field in request.fields:
        if isinstance(field, SizeField):
            size = field.find(request.values.get(field.name))
            return size.tier if size else ""
    return str(request.values.get("resolution", ""))


def output_size(request: Request) -> str:
    """The clip's size in words, or nothing where it is not known: it may follow a picture that is not there yet."""
    for field in request.fields:
        if isinstance(field, SizeField):
            size = field.find(request.values.get(field.name))
            return f"{size.width} × {size.height}" if size else ""
    picture = next((value for value in request.values.values() if isinstance(value, ImageFacts)), None)
    pixels = PIXELS.get(output_tier(request))
    if picture is None or pixels is None:
        return ""
    width, height = follow_shape(picture.width, picture.height, pixels=pixels)
    return f"{width} × {height}"


def follow_shape(width: int, height: int, *, pixels: int) -> tuple[int, int]:
    """The size of a clip that keeps a picture's shape at a tier's area, both sides multiples of 16.

    750 × 1000 at 720P gives 816 × 1104. Source: wan-video-api.md section 2, checked 2026-11-22.
    """
    scale = (pixels / (width * height)) ** 0.5
    return max(16, int(width * scale / 16) * 16), max(16, int(height * scale / 16) * 16)


def price(request: Request) -> Cost:
    """What the vendor will bill. A combination the price list does not name counts as the dearest."""
    tier, sound = output_tier(request), request.values.get("audio")
    named = [p for p in request.offer.prices if p.tier == tier and p.sound in (None, sound)]
    row = max(named or request.offer.prices, key=_per_second)
    seconds = output_seconds(request)
    return Cost(
        amount=row.per_second * seconds,
        currency=request.offer.currency,
        billed_seconds=seconds,
        per_second=row.per_second,
    )


def _per_second(price: Price) -> Decimal:
    return price.per_second

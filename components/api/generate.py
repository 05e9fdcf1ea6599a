"""The named endpoints, which are also the MCP tools: thin calls into services.studio.

The endpoint of each family is built from the catalogue: its parameters, their types and descriptions. A new family or
field needs no change here.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Optional, assert_never

from gradio.data_classes import FileData
from gradio.events import api  # pyright: ignore[reportUnknownVariableType]  # gradio does not type what `fn` returns

from components.api.files import handed_in
from components.api.jobs import job_endpoints, told
from components.caller import asking
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Family,
    Field,
    FileField,
    FilesField,
    FixedField,
    ImageField,
    Model,
    NumberField,
    Price,
    SizeField,
    SwitchField,
    TextField,
    Unit,
    VideoField,
)
from services.domain.errors import StudioError
from services.domain.json_values import is_mapping
from services.request import default_of, is_absent
from services.studio import MOST_COPIES, Agreed, Studio, estimate_view, limit_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_JSON = dict[str, Any]  # Any: JSON for callers
_COPIES = "copies"
_MAX_PRICE = "max_price"


def add_endpoints(studio: Studio) -> None:
    """Add every endpoint to the Blocks being built."""
    for family in studio.catalogue.families:
        _add(_generate(studio, family), family.id)
    for function in job_endpoints(studio):
        _add(function, function.__name__)
    _add_questions(studio)


def _add(function: Callable[..., Awaitable[object]], name: str) -> None:
    api(function, api_name=name, concurrency_limit=None)


# A family's endpoint --------------------------------------------------------------------------------------------------


def _generate(studio: Studio, family: Family) -> Callable[..., Awaitable[object]]:
    parameters = _parameters(studio, family)
    files = {name for name, field in _union_of_fields(studio, family).items() if isinstance(field, FileField)}

    async def endpoint(*args: object, **kwargs: object) -> _JSON:
        given = dict(inspect.Signature(parameters).bind(*args, **kwargs).arguments)
        model, region, copies, limit = (given.pop(name, None) for name in ("model", "region", _COPIES, _MAX_PRICE))
        try:
            jobs = await studio.submit_many(
                family=family.id,
                model=str(model or family.default_model),
                region=None if is_absent(region) else str(region).strip().lower(),
                given=await _with_paths(given, files=files),
                copies=_count(copies),
                person=asking(studio),
                agreed=_limit(limit),
            )
        except StudioError as error:
            raise told(error) from error
        first: _JSON = {**jobs[0]}
        return first if len(jobs) == 1 else first | {"jobs": [job["id"] for job in jobs]}

    endpoint.__name__ = endpoint.__qualname__ = family.id
    endpoint.__doc__ = _description(studio, family)
    return _with_signature(endpoint, parameters)


def _count(copies: object) -> int:
    """Return the requested number of copies. Raises StudioError."""
    if is_absent(copies):
        return 1
    if isinstance(copies, bool) or not isinstance(copies, int):
        raise StudioError(f"{_COPIES}: a whole number from 1 to {MOST_COPIES}.")
    return copies


def _object_in(parameters: object) -> Mapping[str, object]:
    """Return values that a caller gives as one object. Raises StudioError."""
    if is_absent(parameters):
        return {}
    if not is_mapping(parameters):
        raise StudioError('parameters: an object, for example {"duration": 5}.')
    return parameters


def _limit(most: object) -> Agreed | None:
    """Return the maximum price of a request, or None if the caller sets no limit. Raises StudioError."""
    if is_absent(most):
        return None
    limit = limit_of(most)
    if limit is None:
        raise StudioError(f"{_MAX_PRICE}: an amount of money, for example 0.5.")
    return limit


def _with_signature(
    function: Callable[..., Awaitable[object]], parameters: list[inspect.Parameter]
) -> Callable[..., Awaitable[object]]:
    """Give a function these parameters. Gradio reads names, types and defaults from its signature."""
    function.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": _JSON}
    setattr(function, "__signature__", inspect.Signature(parameters, return_annotation=_JSON))  # noqa: B010
    return function


def _parameter(name: str, kind: object, *, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind, default=default)


def _or_none(kind: object) -> object:
    return Optional[kind]  # noqa: UP045 - the type is known at run time only


def _parameters(studio: Studio, family: Family) -> list[inspect.Parameter]:
    fields = _union_of_fields(studio, family)
    always = _always_required(studio, family)
    made: list[inspect.Parameter] = []
    for name in family.api_order:
        field = fields.get(name)
        kind = _python_type(field) if field else str
        # Python allows no parameter without a default after one with a default. The check reports those as missing.
        required = name in always and all(parameter.default is inspect.Parameter.empty for parameter in made)
        annotation = kind if required else _or_none(kind)
        default = inspect.Parameter.empty if required else family.default_model if name == "model" else None
        made.append(_parameter(name, annotation, default=default))
    return [*made, _parameter(_COPIES, _or_none(int), default=1), _parameter(_MAX_PRICE, _or_none(float), default=None)]


def _union_of_fields(studio: Studio, family: Family) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for model in studio.catalogue.of_family(family.id):
        for offer in model.offers:
            for field in model.every_field(offer.region):
                known = fields.get(field.name)
                if known is None or isinstance(known, FixedField):
                    fields[field.name] = field
    return fields


def _always_required(studio: Studio, family: Family) -> set[str]:
    """Return the fields that every model of the family requires, in every mode."""
    forms = [
        {field.name for field in model.fields_in(offer.region, mode) if field.required}
        for model in studio.catalogue.of_family(family.id)
        for offer in model.offers
        for mode in ({}, *({mode.field: mode.value} for mode in model.modes))
    ]
    return forms[0].intersection(*forms[1:]) if forms else set()


def _python_type(field: Field) -> object:
    match field:
        case TextField() | SizeField():
            return str
        case NumberField():
            return float if field.places else int
        case FixedField():
            return int
        case ChoiceField():
            return type(field.choices[0].value)
        case SwitchField():
            return bool
        case ImageField() | AudioField() | VideoField():
            return FileData
        case FilesField():
            return list[FileData]
        case _:
            assert_never(field)


def _description(studio: Studio, family: Family) -> str:
    """Build the docstring. Gradio shows it to API users and MCP to models, parameter by parameter."""
    fields = _union_of_fields(studio, family)
    models = ", ".join(model.id for model in studio.catalogue.of_family(family.id))
    lines = [
        f"{family.label}: {family.invitation} Returns at once with the job; ask get_job until it has ended.",
        "",
        "Args:",
    ]
    for name in family.api_order:
        if name == "model":
            said = f"One of {models}. list_models tells what each takes and costs."
        elif name == "region":
            said = f"One of {', '.join(region.id for region in studio.catalogue.regions)}; absent, the default region."
        else:
            said = _said_of(fields[name])
        lines.append(f"    {name}: {said}")
    lines.append(
        f"    {_COPIES}: How many of the same to make, 1 to {MOST_COPIES}: all are ordered, or none. A seed is the "
        "first one's; the others have the next ones."
    )
    lines.append(
        f"    {_MAX_PRICE}: What all of it may cost at most, in the region's currency. If it costs more nothing is "
        "ordered, and the answer says the price. Absent, any price."
    )
    returned = "The job, as get_job tells it; of several the first, and in `jobs` the ids of all."
    return "\n".join([*lines, "", "Returns:", f"    {returned}"])


def _said_of(field: Field) -> str:
    said = f"{field.label}. {field.help}".strip()
    match field:
        case NumberField():
            return f"{said} {field.minimum:.10g} to {field.maximum:.10g} {field.unit}".strip()
        case FilesField():
            return f"{said} Up to {field.most} files, in the order in which the prompt speaks of them."
        case SizeField():
            return f"{said} Width*height, for example {field.default}."
        case ChoiceField():
            return f"{said} One of {', '.join(str(choice.value) for choice in field.choices)}."
        case _:
            return said


async def _with_paths(given: Mapping[str, object], *, files: Collection[str]) -> dict[str, object]:
    """Replace files by their paths: only files that the caller has uploaded, never a path it invented."""
    return {n: await handed_in(v) if n in files and not is_absent(v) else v for n, v in given.items()}


# Questions ------------------------------------------------------------------------------------------------------------


def _add_questions(studio: Studio) -> None:
    async def list_models(family: str | None = None) -> list[_JSON]:
        """List the models: what each takes, where it is offered and what it costs.

        Args:
            family: Only this family, for example image_to_video; absent, all.

        Returns:
            id, family, title, summary, fields and offers of each model.
        """
        catalogue = studio.catalogue
        chosen = catalogue.models if is_absent(family) else catalogue.of_family(str(family))
        return [_model_words(model) for model in chosen]

    _add(list_models, "list_models")
    _add(_estimate(studio), "estimate")


def _estimate(studio: Studio) -> Callable[..., Awaitable[object]]:
    """Build the endpoint that prices a request: values by name, or all of them in `parameters`."""
    fields: dict[str, Field] = {}
    for family in studio.catalogue.families:
        fields |= {n: f for n, f in _union_of_fields(studio, family).items() if n not in fields}
    types: dict[str, Any] = {n: _python_type(f) for n, f in fields.items() if not isinstance(f, FileField)}
    kinds = types | {"region": str, "parameters": dict}
    parameters = [
        _parameter("model", str),
        *(_parameter(name, _or_none(kind), default=None) for name, kind in kinds.items()),
    ]

    async def estimate(*args: object, **kwargs: object) -> _JSON:
        """Price a request without sending it. Files are not needed.

        Args:
            model: The model's id.
            region: Absent, the default region.
            parameters: The values as one object instead, for example {"duration": 5, "size": "1280*720"}.

        Returns:
            estimated, currency, unit (second or image), units, per_unit, at_most (whether it may cost less),
            price_read_on (the day on which the provider's price was read), known (false where the price list does not
            name it, and the dearest known rate was taken), and for clips billed_seconds and per_second as well.
        """
        given = dict(inspect.Signature(parameters).bind(*args, **kwargs).arguments)
        model, region = str(given.pop("model")), given.pop("region", None)
        grouped = given.pop("parameters", None)
        try:
            named = {**_object_in(grouped), **{n: v for n, v in given.items() if v is not None}}
            values = {name: value for name, value in named.items() if not isinstance(fields.get(name), FileField)}
            place = None if is_absent(region) else str(region)
            cost = await studio.estimate(model=model, region=place, given=values)
        except StudioError as error:
            raise told(error) from error
        said: _JSON = {**estimate_view(cost)}
        if cost.unit is Unit.SECOND:
            said |= {"billed_seconds": cost.units, "per_second": float(cost.each)}
        return said

    return _with_signature(estimate, parameters)


def _model_words(model: Model) -> _JSON:
    return {
        "id": model.id,
        "family": model.family,
        "title": model.title,
        "summary": model.summary,
        "makes": "video" if model.result.is_video else "images",
        "sound": str(model.sound),
        "source": model.source.url,
        "checked": model.source.checked.isoformat(),
        "offers": [
            {
                "region": offer.region,
                "id": offer.id,
                "currency": offer.currency,
                "unit": str(model.bill.unit),
                "prices": [_price_words(model, price) for price in offer.prices],
                "fields": [_field_words(field) for field in model.fields_in(offer.region)],
                "modes": [
                    {
                        "where": {mode.field: mode.value},
                        "fields": [
                            _field_words(field) for field in model.fields_in(offer.region, {mode.field: mode.value})
                        ],
                    }
                    for mode in model.modes
                ],
            }
            for offer in model.offers
        ],
    }


def _price_words(model: Model, price: Price) -> _JSON:
    words: _JSON = {"tier": price.tier, "per_unit": float(price.amount), "sound": price.sound}
    return words | ({"per_second": float(price.amount)} if model.bill.unit is Unit.SECOND else {})


def _field_words(field: Field) -> _JSON:
    words: _JSON = {
        "name": field.name,
        "kind": type(field).__name__.removesuffix("Field").lower(),
        "label": field.label,
        "required": field.required,
        "default": default_of(field),
    }
    match field:
        case TextField():
            words |= {"max_chars": field.max_chars}
        case NumberField():
            words |= {"minimum": field.minimum, "maximum": field.maximum, "unit": field.unit}
        case ChoiceField():
            words |= {"choices": [choice.value for choice in field.choices], "unit": field.unit}
        case SizeField():
            words |= {"choices": [*(area.value for area in field.areas), *(size.value for size in field.sizes)]}
            words |= {"bounds": asdict(field.bounds)} if field.bounds else {}
        case ImageField() | AudioField() | VideoField():
            words |= asdict(field.ours or field.vendor)
        case FilesField():
            words |= {"least": field.least, "most": field.most}
            words["takes"] = [{"most": t.most, "called": t.called, **asdict(t.ours or t.vendor)} for t in field.takes]
        case FixedField() | SwitchField():
            pass
        case _:
            assert_never(field)
    return words

"""A person's choices in one tab, and how a model with other options shows them. No Gradio here.

A *wish* is the person's last choice for a field. A model that does not offer it shows the nearest value, and the wish
stays: the next model that offers it shows it again. An untouched field has no wish and follows each model's default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never, cast

from services.catalogue import Catalogue
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FileField,
    FilesField,
    FixedField,
    ImageField,
    Model,
    NumberField,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
)
from services.domain.json_values import mapping_in

Shown = str | int | float | bool | list[str] | None
"""The contents of a widget: text, a number, on or off, the path of a file, or several paths in order."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The wishes of one tab. Stored in the browser, and therefore untrusted."""

    model: str
    region: str
    wishes: Mapping[str, Shown] = field(default_factory=dict[str, Shown])
    open: bool = False
    """Whether "More choices" is open."""
    source: str = ""
    """The job that the form was filled from, while some of its settings are left."""

    def as_json(self) -> dict[str, object]:
        """Return the draft as the JSON that the browser stores."""
        kept: dict[str, object] = {"model": self.model, "region": self.region, "wishes": dict(self.wishes)}
        return kept | {"open": self.open} | ({"source": self.source} if self.source else {})


def read_draft(raw: object, *, blank: Draft) -> Draft:
    """Read a draft from the browser's storage. `blank` replaces missing or invalid parts."""
    if not isinstance(raw, Mapping):
        return blank
    kept = cast("Mapping[str, object]", raw)
    wishes: dict[str, Shown] = {}
    for name, wish in mapping_in(kept.get("wishes")).items():
        if isinstance(wish, str | int | float):
            wishes[name] = wish
        elif isinstance(wish, list):
            wishes[name] = _texts(cast("list[object]", wish))
    model, region, source = kept.get("model"), kept.get("region"), kept.get("source")
    return Draft(
        model=model if isinstance(model, str) else blank.model,
        region=region if isinstance(region, str) else blank.region,
        wishes=wishes,
        open=kept.get("open") is True,
        source=source if isinstance(source, str) else "",
    )


def settle(draft: Draft, *, catalogue: Catalogue, family: str, regions: tuple[str, ...]) -> tuple[Model, str]:
    """Return the model and the region in effect for a draft: the wished ones, if they are offered.

    If none of the usable `regions` has the family, the result is a region without a key, and the form says so.
    """
    wanted_region = draft.region if draft.region in regions else regions[0]
    anywhere = (wanted_region, *regions, *(region.id for region in catalogue.regions))
    region = next(place for place in anywhere if offered_models(catalogue, family=family, region=place))
    offered = offered_models(catalogue, family=family, region=region)
    known = catalogue.family(family)
    wanted = (draft.model, known.default_model if known else "")
    model = next((m for name in wanted for m in offered if m.id == name), offered[0])
    return model, region


def offered_models(catalogue: Catalogue, *, family: str, region: str) -> tuple[Model, ...]:
    """Return the models of a family that a region offers."""
    return tuple(model for model in catalogue.of_family(family) if model.offer(region))


def changed(draft: Draft, *, fields: tuple[Field, ...], shown: Mapping[str, Shown]) -> Draft:
    """Return the draft after a person's input. A value that differs from the shown wish becomes the new wish.

    Emptying the prompt or removing a file cuts the link to the source job.
    """
    wishes, source = dict(draft.wishes), draft.source
    for each in fields:
        if each.name not in shown or isinstance(each, FixedField):
            continue
        value = shown[each.name]
        if value == fitted(each, wishes.get(each.name)):
            continue
        if value is None or value == []:
            wishes.pop(each.name, None)
        else:
            wishes[each.name] = value
        if value in (None, [], "") and (each.name == "prompt" or isinstance(each, FileField)):
            source = ""
    return replace(draft, wishes=wishes, source=source)


def fitted(each: Field, wish: Shown) -> Shown:
    """Return the value that a field shows for a wish: the wish if offered, else the nearest value, else the default."""
    match each:
        case TextField():
            return wish if isinstance(wish, str) else (each.default or "")
        case NumberField():
            return _number(each, wish)
        case ChoiceField():
            return _choice(each, wish)
        case SizeField():
            return _size(each, wish)
        case SwitchField():
            return wish if isinstance(wish, bool) else each.default
        case ImageField() | AudioField() | VideoField():
            return _path(wish)
        case FilesField():
            return _texts(wish) if isinstance(wish, list) else [wish] if isinstance(wish, str) and wish else []
        case FixedField():
            return str(each.value)
        case _:
            assert_never(each)


def _path(wish: Shown) -> str | None:
    """Return one path: the first one, if the wish is a list from another model."""
    path = (_texts(wish) or [""])[0] if isinstance(wish, list) else wish
    return path if isinstance(path, str) and path else None


def _texts(wish: Sequence[object]) -> list[str]:
    return [each for each in wish if isinstance(each, str) and each]


def _number(each: NumberField, wish: Shown) -> Shown:
    if each.default is None:
        return "" if wish is None else str(wish)
    number = _as_number(wish)
    if number is None:
        return each.default
    fitting = min(max(number, each.minimum), each.maximum)
    return round(fitting, each.places) if each.places else int(fitting)


def _as_number(wish: Shown) -> float | None:
    if isinstance(wish, bool | list) or wish is None:
        return None
    try:
        return float(wish)
    except ValueError:
        return None


def _choice(each: ChoiceField, wish: Shown) -> str:
    """Return the choice as text. For numbers, take the nearest; of two equally near, the smaller, which costs less."""
    offered = {str(choice.value): choice.value for choice in each.choices}
    if wish is not None and str(wish) in offered:
        return str(wish)
    number = _as_number(wish)
    if number is not None and all(isinstance(value, int) for value in offered.values()):
        return min(offered, key=lambda text: (abs(int(text) - number), int(text)))
    return "" if each.default is None else str(each.default)


def _size(each: SizeField, wish: Shown) -> str:
    """Return the size. If it is not offered, return one of the same shape, preferably at the default's quality."""
    if each.find(wish) or each.area(wish):
        return str(wish)
    if each.default is None or each.area(each.default):
        return each.default or ""
    standard = each.find(each.default)
    width, _, height = str(wish or "").partition("*")
    if standard and width.isdigit() and height.isdigit() and int(height):
        shape = int(width) / int(height)
        alike = [size for size in each.sizes if abs(size.width / size.height - shape) < 0.06]
        alike.sort(key=lambda size: size.tier != standard.tier)
        if alike:
            return alike[0].value
    return each.default


def given(fields: tuple[Field, ...], shown: Mapping[str, Shown]) -> dict[str, object]:
    """Return the values to check and to send: the fields of the model that the person filled in."""
    return {
        each.name: shown[each.name]
        for each in fields
        if not isinstance(each, FixedField) and shown.get(each.name) not in (None, "", [])
    }

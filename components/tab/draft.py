"""What a person has chosen in one tab, and how it is shown by a model that offers something else. No Gradio here.

A *wish* is what the person last chose for a field. A model that cannot do it shows the nearest it can, and the wish
stays: the next model that can do it shows it again. A field nobody touched has no wish and follows each model's
default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

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

Shown = str | int | float | bool | list[str] | None
"""What a widget holds: words, a number, on or off, the path of a file, or several in their order."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The wishes of one tab. Kept in the browser, so everything in it is read with care."""

    model: str
    region: str
    wishes: Mapping[str, Shown] = field(default_factory=dict)
    open: bool = False
    """Whether "More choices" is unfolded."""
    source: str = ""
    """The job whose settings the form was filled with, as long as something of them is left."""

    def as_json(self) -> dict[str, object]:
        """The draft as the browser keeps it."""
        kept: dict[str, object] = {"model": self.model, "region": self.region, "wishes": dict(self.wishes)}
        return kept | {"open": self.open} | ({"source": self.source} if self.source else {})


def read_draft(raw: object, *, blank: Draft) -> Draft:
    """A draft from what the browser kept; `blank` for whatever is missing or not understood."""
    if not isinstance(raw, Mapping):
        return blank
    kept = raw.get("wishes")
    wishes: dict[str, Shown] = {}
    for name, wish in kept.items() if isinstance(kept, Mapping) else ():
        if isinstance(wish, str | int | float):
            wishes[str(name)] = wish
        elif isinstance(wish, list):
            wishes[str(name)] = _texts(wish)
    model, region, source = raw.get("model"), raw.get("region"), raw.get("source")
    return Draft(
        model=model if isinstance(model, str) else blank.model,
        region=region if isinstance(region, str) else blank.region,
        wishes=wishes,
        open=raw.get("open") is True,
        source=source if isinstance(source, str) else "",
    )


def settle(draft: Draft, *, catalogue: Catalogue, family: str, regions: tuple[str, ...]) -> tuple[Model, str]:
    """The model and the region that stand for a draft: the wished ones where they are offered.

    A family that none of the usable `regions` has stands in one that cannot be used yet: the form says so.
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
    """The models of a family that a region has."""
    return tuple(model for model in catalogue.of_family(family) if model.offer(region))


def changed(draft: Draft, *, fields: tuple[Field, ...], shown: Mapping[str, Shown]) -> Draft:
    """The draft after a person's hand: a value that is not what the wish would show anyway is the new wish.

    Who empties the prompt, or takes a file away, begins something else than the job it came from.
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
    """What a field shows for a wish: the wish where it is offered, else the nearest that is, else the default."""
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
    """One path, the first where the wish was a list for another model."""
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
    """The choice as text. Of numbers the nearest one, the smaller of two, since it costs less."""
    offered = {str(choice.value): choice.value for choice in each.choices}
    if wish is not None and str(wish) in offered:
        return str(wish)
    number = _as_number(wish)
    if number is not None and all(isinstance(value, int) for value in offered.values()):
        return min(offered, key=lambda text: (abs(int(text) - number), int(text)))
    return "" if each.default is None else str(each.default)


def _size(each: SizeField, wish: Shown) -> str:
    """The size: the same shape at the default's quality where the very size is not offered."""
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
    """The values to check and to send: those the model has and the person gave."""
    return {
        each.name: shown[each.name]
        for each in fields
        if not isinstance(each, FixedField) and shown.get(each.name) not in (None, "", [])
    }

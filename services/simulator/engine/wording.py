"""The vendor's messages for values outside the limits of a field. Texts: reference 1.2, 1.3, 1.4; images 4.2."""

from __future__ import annotations

from typing import assert_never

from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    NumberField,
    Size,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
)
from services.simulator.engine.refusal import Refusal, wrong_value

_RATIOS = ("9:16", "16:9", "1:1", "4:3", "3:4")
"""The order in which the vendor lists the shapes of a tier."""


SEED = "seed"
"""The one number with a wording of its own, at every place. Source: wan-image-api.md 4.2."""


def value_refused(each: Field, value: object, *, pictures: bool) -> Refusal:
    """Return the refusal of one value. `pictures`: use the wording of the picture services."""
    key = each.wire.key if each.wire else each.name
    match each:
        case NumberField():
            span = f"{each.minimum:.10g}", f"{each.maximum:.10g}"
            if key == SEED:
                return wrong_value(_of_seed(value, each))
            if pictures:
                return wrong_value(f"Range of {key} should be [{', '.join(span)}]")
            return wrong_value(f"{key.capitalize()} should be between {' and '.join(span)}")
        case FixedField():
            if pictures:
                return wrong_value(f"num_images_per_prompt must be {each.value}")
            return wrong_value(f"{key} customization is not supported")
        case SizeField():
            if each.bounds or each.areas:
                return wrong_value(f"The size is not match {value}")
            return wrong_value(f"{key} must be in {','.join(_sizes_in_order(each))}")
        case ChoiceField():
            *others, last = _in_order(each)
            listed = f"{', '.join(others)} or {last}" if others else last
            return wrong_value(f"Input should be {listed}")
        case TextField() | SwitchField() | ImageField() | AudioField() | VideoField() | FilesField():
            return wrong_value(f"Required parameter({key}) missing or invalid, please check the request parameters.")
        case _:
            assert_never(each)


def _of_seed(value: object, each: NumberField) -> str:
    """Return the documented message for a seed that is too low, or the same style for one that is too high."""
    if isinstance(value, int | float) and value < each.minimum:
        return f"{value} is lesser than the minimum of {each.minimum:.10g} - '{SEED}'"
    return f"{value} is greater than the maximum of {each.maximum:.10g} - '{SEED}'"


def _in_order(each: ChoiceField) -> list[str]:
    """Return the choices as the vendor lists them: numbers by size, names by alphabet."""
    numbers = sorted(choice.value for choice in each.choices if isinstance(choice.value, int))
    names = sorted(choice.value for choice in each.choices if isinstance(choice.value, str))
    return [repr(value) for value in (*numbers, *names)]


def _sizes_in_order(each: SizeField) -> list[str]:
    """Return the sizes as the vendor lists them: the highest tier first, then by shape."""

    def rank(size: Size) -> tuple[int, int]:
        tier = int("".join(filter(str.isdecimal, size.tier)) or 0)
        return -tier, _RATIOS.index(size.ratio) if size.ratio in _RATIOS else len(_RATIOS)

    return [size.value for size in sorted(each.sizes, key=rank)]

"""Which jobs are alike in how long they take: those of one model, one quality and about one length.

Hides which form fields determine that; the model's record knows. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from services.catalogue.schema import Model, SizeField

_LENGTHS = (1, 2, 5, 10, 15, 30, 60)
"""Upper limits of the length classes, in seconds or pictures."""

Group = tuple[str, bool, str, int]
"""Our model id, whether it is the demo, the quality tier, and the index of the length class."""


def group_of(model: Model | None, model_id: str, *, demo: bool, values: Mapping[str, object]) -> Group:
    """Return the group of a job with these values. Missing values count as the model's defaults."""
    if model is None:
        return model_id, demo, "", 0
    own = {field.name: getattr(field, "default", None) for field in model.fields}
    told = {**own, **{name: value for name, value in values.items() if value is not None}}
    return model_id, demo, _tier(model, told), _length(model, told)


def _tier(model: Model, values: Mapping[str, object]) -> str:
    for field in model.fields:
        if isinstance(field, SizeField):
            size = field.find(values.get(field.name))
            return size.tier if size else ""
    return str(values.get(model.bill.tier) or "")


def _length(model: Model, values: Mapping[str, object]) -> int:
    for name in model.bill.count:
        value = values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return bisect_left(_LENGTHS, value) + 1
    return 0

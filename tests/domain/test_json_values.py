"""What is read from JSON is of the kind that was asked for, or empty."""

from __future__ import annotations

import pytest

from services.domain.json_values import is_list, is_mapping, list_in, mapping_in


def test_a_value_of_the_wanted_kind_is_the_same() -> None:
    value, values = {"a": 1}, [1, None]

    assert is_mapping(value)
    assert mapping_in(value) is value
    assert is_list(values)
    assert list_in(values) is values


@pytest.mark.parametrize("value", [None, 1, 1.5, "a", True, b"a"])
def test_any_other_value_is_empty(value: object) -> None:
    assert not is_mapping(value)
    assert mapping_in(value) == {}
    assert not is_list(value)
    assert list_in(value) == []
    assert mapping_in([value]) == {}
    assert list_in({"a": value}) == []

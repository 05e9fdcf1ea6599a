"""The price on the button is live: whatever changes what the catalogue's price rule says is listened to by the form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from components.tab.form import Tab
from components.tab.layout import build_draft, build_tab
from components.tab.widgets import ONLY_CHANGE, kind_of
from services.catalogue import CATALOGUE
from services.catalogue.schema import ChoiceField, Field, FileField, Model, NumberField, SizeField, SwitchField
from services.domain.errors import InvalidRequest
from services.money.estimates import Step, price_step
from services.settings import Settings
from tests.components.tab.test_widgets import FakeStudio

PAIRS = [(model, offer.region) for model in CATALOGUE.models for offer in model.offers]


def listened(tab: Tab, page: gr.Blocks) -> set[int]:
    """The parts whose every change asks anew what the form costs."""
    hearing = [each for each in page.fns.values() if getattr(each.fn, "__name__", "") == "hear"]
    events = {part: event for each in hearing for part, event in each.targets if part is not None}
    only_change = {widget.component._id for widget in tab.widgets if widget.kind in ONLY_CHANGE}
    assert events
    return {part for part, event in events.items() if event == ("change" if part in only_change else "input")}


@pytest.fixture
async def studio(tmp_path: Any) -> FakeStudio:
    return FakeStudio(settings=Settings(studio_home=tmp_path))


def others(field: Field) -> Iterator[object]:
    """Other values of a field than its default."""
    if isinstance(field, FileField):
        yield from ({"seconds": 2.0}, {"seconds": 4.0})
        return
    match field:
        case ChoiceField():
            yield from (choice.value for choice in field.choices)
        case SizeField():
            yield from (size.value for size in field.sizes)
        case SwitchField():
            yield from (True, False)
        case NumberField():
            yield from (field.minimum, field.maximum)
        case _:
            return


def amount(model: Model, region: str, values: dict[str, object]) -> object:
    try:
        return price_step(CATALOGUE, Step(model=model.id, region=region, values=values)).cost.amount
    except InvalidRequest:
        return None


def priced(model: Model, region: str) -> set[str]:
    """The fields that change the price, in any mode of the model."""
    modes: list[dict[str, object]] = [{}, *({mode.field: mode.value} for mode in model.modes)]
    found: set[str] = set()
    for mode in modes:
        for field in model.every_field(region):
            costs = {amount(model, region, {**mode, field.name: value}) for value in others(field)}
            if len(costs - {None}) > 1:
                found.add(field.name)
    return found


async def test_every_field_that_changes_a_price_asks_for_it_anew(studio: FakeStudio) -> None:
    seen: set[str] = set()
    for family in CATALOGUE.families:
        with gr.Blocks(analytics_enabled=False) as page:
            tab = build_tab(studio, family, build_draft(family))  # type: ignore[arg-type]  # a fake of the same shape
        heard = listened(tab, page)
        assert tab.copies._id in heard
        for model, region in PAIRS:
            if model.family != family.id:
                continue
            for name in priced(model, region):
                fields = [field for field in model.every_field(region) if field.name == name]
                for field in fields:
                    widget = next(w for w in tab.widgets if w.name == name and w.kind is kind_of(field))
                    assert widget.component._id in heard, (model.id, region, name)
                seen.add(name)
    assert {"duration", "resolution", "size", "audio", "n", "references", "video", "audio_file"} <= seen

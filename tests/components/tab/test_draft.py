"""Wishes: what was chosen survives a model that cannot do it, and what nobody chose follows each model's default."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from components.tab.draft import Draft, Shown, changed, fitted, given, read_draft, settle
from services.catalogue import CATALOGUE
from services.catalogue.schema import Field, FixedField, Model, Size, SizeField
from services.request import check, parse

FAMILY = "text_to_video"
REGIONS = ("singapore", "virginia", "beijing")
BLANK = Draft(model="wan2.6-t2v", region="singapore")


def model(model_id: str) -> Model:
    found = CATALOGUE.model(model_id)
    assert found
    return found


def field(model_id: str, name: str) -> Field:
    found = model(model_id).field(name, "singapore")
    assert found
    return found


def shown_by(model_id: str, draft: Draft) -> dict[str, Shown]:
    return {f.name: fitted(f, draft.wishes.get(f.name)) for f in model(model_id).fields_in("singapore")}


def after(draft: Draft, model_id: str, **hand: Shown) -> Draft:
    fields = model(model_id).fields_in("singapore")
    return changed(draft, fields=fields, shown=shown_by(model_id, draft) | hand)


def test_a_field_nobody_touched_has_no_wish_and_follows_each_default() -> None:
    draft = after(BLANK, "wan2.6-t2v")
    assert draft.wishes == {}
    assert shown_by("wan2.6-t2v", draft)["size"] == "1280*720"
    assert shown_by("wan2.2-t2v-plus", draft)["size"] == "1920*1080"


def test_a_shape_survives_a_model_that_does_not_have_it() -> None:
    draft = after(BLANK, "wan2.5-t2v-preview", size="832*1088")
    elsewhere = shown_by("wan2.1-t2v-turbo", draft)["size"]
    assert elsewhere in [size.value for size in _sizes("wan2.1-t2v-turbo")]
    draft = after(draft, "wan2.1-t2v-turbo")
    assert shown_by("wan2.5-t2v-preview", draft)["size"] == "832*1088"


def _sizes(model_id: str) -> tuple[Size, ...]:
    found = field(model_id, "size")
    assert isinstance(found, SizeField)
    return found.sizes


def test_a_shape_is_kept_where_only_its_quality_is_missing() -> None:
    draft = after(BLANK, "wan2.6-t2v", size="720*1280")
    assert shown_by("wan2.2-t2v-plus", draft)["size"] == "1080*1920"


def test_a_length_is_shown_as_the_nearest_that_is_offered_and_comes_back() -> None:
    draft = after(BLANK, "wan2.6-t2v", duration=8)
    assert shown_by("wan2.5-t2v-preview", draft)["duration"] == "10"
    draft = after(draft, "wan2.5-t2v-preview")
    assert shown_by("wan2.6-t2v", draft)["duration"] == 8


def test_a_new_choice_replaces_the_wish() -> None:
    draft = after(after(BLANK, "wan2.6-t2v", duration=8), "wan2.5-t2v-preview", duration="5")
    assert shown_by("wan2.6-t2v", draft)["duration"] == 5


def test_a_cleared_file_is_forgotten() -> None:
    draft = replace(BLANK, wishes={"audio_file": "/uploads/song.mp3"})
    assert "audio_file" not in after(draft, "wan2.6-t2v", audio_file=None).wishes


def test_words_stay_as_they_are_typed() -> None:
    long = "a" * 1200
    draft = after(BLANK, "wan2.6-t2v", prompt=long)
    assert shown_by("wan2.1-t2v-plus", draft)["prompt"] == long


@pytest.mark.parametrize(
    "raw", [None, 7, "text", [], {"model": 3, "wishes": [1]}, {"wishes": {"prompt": {"a": 1}, "seed": None}}]
)
def test_a_draft_that_makes_no_sense_is_blank(raw: object) -> None:
    assert read_draft(raw, blank=BLANK) == BLANK


def test_a_draft_comes_back_as_it_was_kept() -> None:
    draft = Draft(model="wan2.1-t2v-plus", region="beijing", wishes={"prompt": "x", "watermark": True}, open=True)
    assert read_draft(draft.as_json(), blank=BLANK) == draft


def test_a_model_that_a_region_lacks_gives_way_to_the_default_and_stays_wished() -> None:
    draft = Draft(model="wan2.5-t2v-preview", region="virginia")
    standing, region = settle(draft, catalogue=CATALOGUE, family=FAMILY, regions=REGIONS)
    assert (standing.id, region) == ("wan2.6-t2v", "virginia")
    back, _ = settle(replace(draft, region="singapore"), catalogue=CATALOGUE, family=FAMILY, regions=REGIONS)
    assert back.id == "wan2.5-t2v-preview"


def test_a_region_without_a_key_gives_way_to_the_first() -> None:
    draft = Draft(model="wan2.6-t2v", region="beijing")
    assert settle(draft, catalogue=CATALOGUE, family=FAMILY, regions=("singapore",))[1] == "singapore"


def test_fixed_and_empty_values_are_not_given() -> None:
    fields = model("wan2.2-t2v-plus").fields_in("singapore")
    assert any(isinstance(f, FixedField) for f in fields)
    values = given(fields, {"prompt": "x", "negative_prompt": "", "seed": "", "duration": "5", "watermark": False})
    assert values == {"prompt": "x", "watermark": False}


@for_all(
    wish=some.one_of(some.none(), some.booleans(), some.integers(), some.text(max_size=20)),
    model_id=some.sampled_from([m.id for m in CATALOGUE.models]),
)
def test_whatever_was_wished_a_chooser_shows_what_its_model_offers(wish: Shown, model_id: str) -> None:
    found = model(model_id)
    for offer in found.offers:
        chooser = {
            f.name: fitted(f, wish)
            for f in found.fields_in(offer.region)
            if f.name in ("size", "duration", "resolution", "shot_type", "template")
        }
        values = {name: value for name, value in chooser.items() if value != ""}
        fixed = {f.name for f in found.fields_in(offer.region) if isinstance(f, FixedField)}
        request = parse(
            CATALOGUE,
            family=found.family,
            model_id=model_id,
            region=offer.region,
            given={n: v for n, v in values.items() if n not in fixed},
        )
        assert not [p for p in check(request) if p.field in values and not p.advice]


def test_a_draft_remembers_the_job_it_came_from_until_its_words_or_a_file_are_taken_away() -> None:
    model, region = next((m, m.offers[0].region) for m in CATALOGUE.models if any(f.name == "prompt" for f in m.fields))
    blank = Draft(model=model.id, region=region)
    draft = Draft(model=model.id, region=region, wishes={"prompt": "A boat"}, source="job1")
    assert read_draft(draft.as_json(), blank=blank) == draft
    assert read_draft({**draft.as_json(), "source": ["x"]}, blank=blank).source == ""
    assert changed(draft, fields=model.fields, shown={"prompt": "A red boat"}).source == "job1"
    assert changed(draft, fields=model.fields, shown={"prompt": ""}).source == ""

"""One tab's form at work: what its listeners do when a person types, chooses, uploads and presses Generate.

It knows no model and no family by name, and nothing of how the parts are drawn. `fill` shows a draft, `judge` says what
the service thinks of the form, `generate` hands it over and returns at once.
"""

from __future__ import annotations

import shutil
from asyncio import to_thread
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.blocks import Block
from gradio.utils import get_upload_folder

from components import widgets
from components.draft import Draft, Shown, changed, fitted, given, offered_models, read_draft, settle
from components.verdicts import foot_of, note_of, rates_of
from components.widgets import Widget
from services.catalogue.schema import AudioField, Family, Field, ImageField, Model, TextField
from services.errors import InvalidRequest, StudioError

if TYPE_CHECKING:
    from services.studio import Studio

_EXAMPLE_PICTURE = Path(__file__).parent.parent / "assets" / "samples" / "mountains.jpg"

Updates = dict[Block, object]


@dataclass(frozen=True, kw_only=True)
class Tab:
    """The parts of one tab, and what its listeners do."""

    studio: Studio
    family: Family
    draft: gr.BrowserState
    model: gr.Dropdown
    region: gr.HTML
    widgets: tuple[Widget, ...]
    more: gr.Accordion
    foot: gr.HTML
    button: gr.Button
    examples: gr.HTML

    # What the form is showing ----------------------------------------------------------------------------------------

    def blank(self) -> Draft:
        """The draft of someone who has not been here."""
        return Draft(model=self.family.default_model, region=self.studio.regions[0])

    def standing(self, draft: Draft) -> tuple[Model, str]:
        """The model and region that stand for a draft."""
        return settle(draft, catalogue=self.studio.catalogue, family=self.family.id, regions=tuple(self.studio.regions))

    def shown(self, model: Model, region: str) -> Iterator[tuple[Field, Widget]]:
        """The fields of a model, each with the widget that is in sight for it."""
        for field in model.fields_in(region):
            kind = widgets.kind_of(field)
            yield field, next(w for w in self.widgets if w.name == field.name and w.kind is kind)

    def read(self, draft: object, model: str, region: str, values: dict[str, Shown]) -> _Form:
        """What the person sees now, and the draft that it makes."""
        before = read_draft(draft, blank=self.blank())
        stood, _ = self.standing(before)
        wished = before if model == stood.id else replace(before, model=model)
        standing, place = self.standing(replace(wished, region=region))
        values_by_name = {field.name: values[widget.key] for field, widget in self.shown(standing, place)}
        fields = standing.fields_in(place)
        settled = standing.id == model and place == region
        now = replace(wished, region=place)
        if settled:
            now = changed(now, fields=fields, shown=values_by_name)
        return _Form(draft=now, model=standing, region=place, given=given(fields, values_by_name))

    # Listeners -------------------------------------------------------------------------------------------------------

    async def restore(self, draft: object) -> Updates:
        """Show the form as the browser remembers it."""
        return await self.fill(read_draft(draft, blank=self.blank()))

    async def follow(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Make the form fit another model or region."""
        if not foot:
            return {}
        return await self.fill(self.read(draft, model, region, values).draft)

    async def fill(self, draft: Draft) -> Updates:
        """Show a draft: the right widgets, with the wishes that fit, and what the service says of them."""
        model, region = self.standing(draft)
        fields = model.fields_in(region)
        values = {field.name: fitted(field, draft.wishes.get(field.name)) for field in fields}
        values |= {f.name: await to_thread(_still_here, values[f.name]) for f in fields if _is_file(f)}
        asked = given(fields, values)
        rates = rates_of(self.studio.catalogue, model=model, region=region, given=asked)
        updates: Updates = {
            self.draft: draft.as_json(),
            self.region: gr.update(value=region, offer=self.region_offer()),
            self.model: gr.update(value=model.id, choices=self.model_choices(region)),
            self.more: gr.update(open=draft.open),
        }
        in_sight = {widget.key: field for field, widget in self.shown(model, region)}
        for widget in self.widgets:
            field = in_sight.get(widget.key)
            if field is None:
                updates[widget.component] = gr.update(visible=False)
                if widget.note:
                    updates[widget.note] = gr.update(visible=False)
            else:
                rate = rates.get(field.name, {})
                updates[widget.component] = widgets.update(field, values[field.name], rates=rate)
                if widget.note:
                    updates[widget.note] = widgets.update_note(field)
        form = _Form(draft=draft, model=model, region=region, given=asked)
        return updates | await self.verdict(form)

    async def judge(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Say what the service thinks of the form, and remember it.

        An empty foot means that the draft is not restored yet: what the form shows then is nobody's wish.
        """
        if not foot:
            return {}
        form = self.read(draft, model, region, values)
        rates = rates_of(self.studio.catalogue, model=form.model, region=form.region, given=form.given)
        updates: Updates = {self.draft: form.draft.as_json()}
        for field, widget in self.shown(form.model, form.region):
            if field.name in rates:
                offer = widgets.offer_of(field, rates=rates[field.name])  # type: ignore[arg-type]  # only choices have rates
                updates[widget.component] = gr.update(offer=offer)
        return updates | await self.verdict(form)

    async def verdict(self, form: _Form) -> Updates:
        """The notes, the foot and the button for a form."""
        verdict = await self.studio.check(
            family=self.family.id, model=form.model.id, region=form.region, given=form.given
        )
        updates: Updates = {}
        noted: set[str] = set()
        for field, widget in self.shown(form.model, form.region):
            if widget.note:
                noted.add(field.name)
                updates[widget.note] = gr.update(visible=True, value=note_of(field, verdict, given=form.given))
        foot = foot_of(form.model, verdict, given=form.given, has_note=frozenset(noted))
        ready, price = bool(foot["ready"]), str(foot["price"])
        label = f"Generate  {price}" if price else "Generate"
        updates[self.button] = gr.update(value=label, variant="primary" if ready else "secondary")
        updates[self.foot] = foot
        return updates

    async def validate(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """The same check, in the form in which Gradio stops an event before it is queued."""
        form = self.read(draft, model, region, values)
        verdict = await self.studio.check(
            family=self.family.id, model=form.model.id, region=form.region, given=form.given
        )
        wrong = {problem.field: problem.message for problem in reversed(verdict.problems) if not problem.advice}
        answers: Updates = {component: gr.validate(True, "") for component in self.inputs().values()}
        answers[self.model] = _answer(wrong.get("model"))
        answers[self.region] = _answer(wrong.get("region"))
        for field, widget in self.shown(form.model, form.region):
            answers[widget.component] = _answer(wrong.get(field.name))
        return answers

    async def generate(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Hand the request over and return at once. The job lives in the service, not in this event."""
        form = self.read(draft, model, region, values)
        try:
            job = await self.studio.submit(
                family=self.family.id, model=form.model.id, region=form.region, given=form.given
            )
        except InvalidRequest:
            return await self.verdict(form)
        except StudioError as error:
            updates = await self.verdict(form)
            foot = updates[self.foot]
            return updates | {self.foot: {**foot, "error": error.message}} if isinstance(foot, dict) else updates
        updates = await self.verdict(form)
        foot = updates[self.foot]
        return updates | {self.foot: {**foot, "started": job}} if isinstance(foot, dict) else updates

    async def repair(
        self, event: gr.EventData, draft: object, model: str, region: str, foot: object, **values: Shown
    ) -> Updates:
        """Do what a fix offers: the repaired file, or the shortened words, take the place of what was given."""
        form = self.read(draft, model, region, values)
        name = str(getattr(event, "field", ""))
        found = next(((f, w) for f, w in self.shown(form.model, form.region) if f.name == name), None)
        value = form.given.get(name)
        if found is None or not isinstance(value, str):
            return {}
        field, widget = found
        if isinstance(field, TextField):
            return {widget.component: value[: field.max_chars]}
        try:
            repaired = await self.studio.repair(
                model=form.model.id, region=form.region, field=name, path=value, given=form.given
            )
        except StudioError as error:
            raise gr.Error(error.message, title="This could not be repaired", duration=8) from error
        return {widget.component: await to_thread(_into_uploads, Path(repaired), name=Path(value).stem)}

    async def pick(
        self, event: gr.EventData, draft: object, model: str, region: str, foot: object, **values: Shown
    ) -> Updates:
        """Put an example into the form: words by their number, or the picture that comes with the studio."""
        form = self.read(draft, model, region, values)
        index = getattr(event, "index", None)
        in_sight = list(self.shown(form.model, form.region))
        if index == "picture":
            path = await to_thread(_into_uploads, _EXAMPLE_PICTURE, name=_EXAMPLE_PICTURE.stem)
            return {w.component: path for f, w in in_sight if isinstance(f, ImageField)}
        if not isinstance(index, int) or not 0 <= index < len(self.family.examples):
            return {}
        words = self.family.examples[index].prompt
        return {w.component: words for f, w in in_sight if f.name == "prompt"}

    # Parts -----------------------------------------------------------------------------------------------------------

    def inputs(self) -> dict[str, Any]:  # Any: a dict of components is no dict of blocks to the checker
        """What every listener is given, by keyword."""
        own: dict[str, Block] = {
            "draft": self.draft,
            "model": self.model,
            "region": self.region,
            "foot": self.foot,
        }
        return own | {widget.key: widget.component for widget in self.widgets}

    def outputs(self) -> list[Any]:  # Any: an Accordion may be one, which Gradio does not say
        """Everything a listener may change."""
        parts = [widget.component for widget in self.widgets]
        notes = [widget.note for widget in self.widgets if widget.note]
        return [self.draft, self.model, self.region, self.more, self.foot, self.button, *parts, *notes]

    def region_offer(self) -> dict[str, object]:
        """The regions to choose from."""
        catalogue = self.studio.catalogue
        known = [catalogue.region(region) for region in self.studio.regions]
        choices = [{"value": region.id, "label": region.label, "note": ""} for region in known if region]
        return {"label": "Region", "help": "", "choices": choices}

    def model_choices(self, region: str) -> list[tuple[str, str]]:
        """The models of a region as the picker names them."""
        offered = offered_models(self.studio.catalogue, family=self.family.id, region=region)
        return [(f"{model.title} · {model.summary}", model.id) for model in offered]


@dataclass(frozen=True, kw_only=True)
class _Form:
    draft: Draft
    model: Model
    region: str
    given: dict[str, object]


def _answer(problem: str | None) -> dict[str, object]:
    return gr.validate(problem is None, problem or "")


def _is_file(field: Field) -> bool:
    return isinstance(field, ImageField | AudioField)


def _still_here(path: Shown) -> str | None:
    """A remembered upload, if it is one and still lies where uploads lie: the browser could name any file."""
    if not isinstance(path, str):
        return None
    folder = Path(get_upload_folder()).resolve()
    found = Path(path).resolve()
    return str(found) if found.is_relative_to(folder) and found.is_file() else None


def _into_uploads(path: Path, *, name: str) -> str:
    """A copy where Gradio keeps what it may show, under the name the person knows."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return str(shutil.copy(path, Path(mkdtemp(dir=folder)) / f"{name}{path.suffix}"))

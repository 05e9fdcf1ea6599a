"""The behaviour of one tab's form: its listeners for typing, choosing, uploading and Generate.

It knows no model and no family by name, and not how the parts are drawn. `fill` shows a draft, `judge` shows the
service's verdict on the form, `generate` submits it and returns at once.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import gradio as gr
from gradio.blocks import Block

from components.caller import asking
from components.tab import widgets
from components.tab.draft import Draft, Shown, changed, fitted, given, read_draft, settle
from components.tab.model_picker import models_offer
from components.tab.refill import example_words, with_example
from components.tab.uploads import into_uploads, sample_of, still_here, uploads_in
from components.tab.verdicts import changed_words, files_of_field, foot_of, note_of, rates_of
from components.tab.widgets import Widget
from services.catalogue.schema import (
    ChoiceField,
    Family,
    Field,
    FileField,
    FilesField,
    FixedField,
    Model,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
)
from services.domain.errors import InvalidRequest, PriceChanged, StudioError
from services.domain.json_values import mapping_in
from services.domain.problems import COPIES
from services.request import fields_for
from services.studio import agreed_in

if TYPE_CHECKING:
    from services.domain.problems import Change
    from services.studio import Studio, Verdict

Updates = dict[Block, object]
NOTHING: Mapping[str, Shown] = MappingProxyType({})
FILLED = "filled"
"""The member of the foot with the id of the last filling. The page uses it to detect up-to-date widgets."""
HOLDS = "holds"
"""The member of the foot with the new contents of each widget after a filling: `{id, value, folded}`.

Gradio draws the widgets one after the other, and the page waits for the last.
"""
PRESSED = "pressed"
"""The member of the foot with the price that the Generate button showed when it was clicked."""


@dataclass(frozen=True, kw_only=True)
class Tab:
    """The parts of one tab, and its listeners."""

    studio: Studio
    family: Family
    draft: gr.BrowserState
    model: gr.HTML
    region: gr.HTML
    widgets: tuple[Widget, ...]
    more: gr.Accordion
    foot: gr.HTML
    copies: gr.HTML
    button: gr.Button
    guide: gr.HTML | None

    # The visible form ------------------------------------------------------------------------------------------------

    def blank(self) -> Draft:
        """Return the draft of a first-time visitor."""
        return Draft(model=self.family.default_model, region=self.studio.regions[0])

    def standing(self, draft: Draft) -> tuple[Model, str]:
        """Return the model and the region in effect for a draft."""
        return settle(draft, catalogue=self.studio.catalogue, family=self.family.id, regions=tuple(self.studio.regions))

    def shown(self, fields: Sequence[Field]) -> Iterator[tuple[Field, Widget]]:
        """Yield each field with its visible widget."""
        for field in fields:
            kind = widgets.kind_of(field)
            yield field, next(w for w in self.widgets if w.name == field.name and w.kind is kind)

    def fields_now(self, model: Model, region: str, values: dict[str, Shown]) -> tuple[Field, ...]:
        """Return the fields in effect, which depend on the modes chosen in the widgets."""
        modes = dict.fromkeys(mode.field for mode in model.modes)
        deciding = [field for name in modes if (field := model.field(name, region))]
        chosen = {field.name: values[widget.key] for field, widget in self.shown(deciding)}
        return fields_for(model, region, chosen)

    def read(self, draft: object, model: str, region: str, values: dict[str, Shown]) -> _Form:
        """Read the visible form and the draft that results from it."""
        before = read_draft(draft, blank=self.blank())
        stood, stood_in = self.standing(before)
        wished = before if model == stood.id else replace(before, model=model)
        standing, place = self.standing(replace(wished, region=region))
        if (standing.id, place) != (stood.id, stood_in):
            # The widgets still show what stood before. They may hold more than the draft: a response that was on its
            # way while the form was filled has put an older draft back. What is empty there takes nothing away: it may
            # belong to a field that is out of sight.
            fields, _, shown = self._contents(stood, stood_in, before, values)
            more = {name: value for name, value in shown.items() if value not in (None, "", [])}
            wished = replace(changed(before, fields=fields, shown=more), model=wished.model)
        fields, drawn, shown = self._contents(standing, place, wished, values)
        now = replace(wished, region=place)
        if standing.id == model and place == region:
            now = changed(now, fields=fields, shown=shown)
        return _Form(
            draft=now,
            model=standing,
            region=place,
            fields=fields,
            shown=shown,
            copies=_count_in(values.get(COPIES)),
            uncovers=fields != drawn,
        )

    def _contents(
        self, model: Model, region: str, draft: Draft, values: dict[str, Shown]
    ) -> tuple[tuple[Field, ...], tuple[Field, ...], dict[str, Shown]]:
        """Return the fields in effect, those that are drawn, and the contents of the former by their names."""
        drawn = fields_for(model, region, draft.wishes)
        fields = self.fields_now(model, region, values)
        contents: dict[str, Shown] = {}
        for field, widget in self.shown(fields):
            # A field that a mode switch has just uncovered does not yet contain a choice of the person.
            held = widgets.value_in(field, values[widget.key]) if field in drawn else None
            value = held if field in drawn else fitted(field, draft.wishes.get(field.name))
            contents[field.name] = uploads_in(value) if isinstance(field, FileField) else value
        return fields, drawn, contents

    # Listeners -------------------------------------------------------------------------------------------------------

    async def answer(
        self, event: gr.EventData, draft: object, model: str, region: str, foot: object, **values: Shown
    ) -> Updates:
        """Answer a question of a part of the form, see assets/js/form/ask.js. An unknown one changes nothing."""
        match getattr(event, "ask", None):
            case "drawn":  # A tab is drawn when it is first opened. Updates sent before that are partly lost.
                return await self.restore(draft)
            case "settled":
                return await self.hear(draft, model, region, foot, **values)
            case "stale":
                return await self.judge(draft, model, region, foot, **values)
            case "fix":
                return await self.repair(event, draft, model, region, foot, **values)
            case "place":
                return await self.move(event, draft, model, region, foot, **values)
            case "pick":
                return await self.pick(event, draft, model, region, foot, **values)
            case "shots":
                return await self.cut_shots(draft, model, region, foot, **values)
            case _:
                return _skip()

    async def restore(self, draft: object) -> Updates:
        """Show the form from the browser's saved draft."""
        return await self.fill(read_draft(draft, blank=self.blank()))

    async def follow(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Adapt the form to another model or region."""
        if not foot:
            return _skip()
        form = self.read(draft, model, region, values)
        return await self.fill(form.draft, copies=form.copies, held={**values, "model": model, "region": region})

    async def move(
        self, event: gr.EventData, draft: object, model: str, region: str, foot: object, **values: Shown
    ) -> Updates:
        """Switch to a region that has a model missing from the current one."""
        place, wanted = str(getattr(event, "region", region)), str(getattr(event, "model", model))
        form = self.read(draft, model, region, values)
        return await self.fill(replace(form.draft, region=place, model=wanted), copies=form.copies, held=values)

    async def fill(self, draft: Draft, *, copies: int = 1, held: Mapping[str, Shown] = NOTHING) -> Updates:
        """Show a draft: the right widgets, the wishes that fit, and the service's verdict.

        The number of copies is not part of a draft: a returning person must not pay for eight by accident. Text, model
        and region that were `held` in the request are not sent back: the person may have changed them since.
        """
        model, region = self.standing(draft)
        fields = fields_for(model, region, draft.wishes)
        values = {field.name: fitted(field, draft.wishes.get(field.name)) for field in fields}
        values |= {f.name: await to_thread(still_here, values[f.name]) for f in fields if isinstance(f, FileField)}
        form = _Form(draft=draft, model=model, region=region, fields=fields, shown=values, copies=copies)
        rates = rates_of(self.studio.catalogue, model=model, region=region, given=form.given)
        catalogue, usable = self.studio.catalogue, tuple(self.studio.regions)
        updates: Updates = {
            self.draft: draft.as_json(),
            self.region: gr.update(
                offer=self.region_offer(), visible=len(usable) > 1, **_unless(region, held, "region")
            ),
            self.model: gr.update(
                offer=models_offer(catalogue, family=self.family, region=region, wished=draft.region, usable=usable),
                **_unless(model.id, held, "model"),
            ),
            self.copies: gr.update(value=copies),
            self.more: gr.update(open=draft.open, visible=any(field.folded for field in fields)),
        }
        in_sight = {widget.key: field for field, widget in self.shown(fields)}
        for widget in self.widgets:
            field = in_sight.get(widget.key)
            if field is None:
                updates[widget.component] = gr.update(visible=False)
                if widget.note:
                    updates[widget.note] = gr.update(visible=False)
            else:
                rate = rates.get(field.name, {})
                update = widgets.update(field, values[field.name], rates=rate)
                if isinstance(field, TextField) and held.get(widget.key) == values[field.name]:
                    del update["value"]
                updates[widget.component] = update
                if widget.note:
                    updates[widget.note] = widgets.update_note(field)
        told = await self.verdict(form)
        for component, update in told.items():
            more = mapping_in(update)
            is_update = more.get("__type__") == "update"
            updates[component] = {**mapping_in(updates.get(component)), **more} if is_update else update
        holds = [
            {"id": widget.component.elem_id, "value": values[field.name], "folded": widget.folded}
            for field, widget in self.shown(fields)
            if not _is_kept(updates[widget.component])
        ]
        return self._told(updates, **{FILLED: uuid4().hex, HOLDS: holds})

    async def judge(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Show the service's verdict on the form, and save the draft.

        An empty foot means that the draft is not restored yet: the visible values are then not wishes.
        """
        if not foot:
            return _skip()
        form = self.read(draft, model, region, values)
        if form.uncovers:
            return await self.fill(form.draft, copies=form.copies, held=values)
        rates = rates_of(self.studio.catalogue, model=form.model, region=form.region, given=form.given)
        remembered = form.draft.as_json()
        # Do not send back a draft that is saved already: the form may be refilled while this response is on its way.
        updates: Updates = {} if remembered == draft else {self.draft: remembered}
        for field, widget in self.shown(form.fields):
            if field.name in rates and isinstance(field, ChoiceField | FixedField | SizeField):
                updates[widget.component] = gr.update(offer=widgets.offer_of(field, rates=rates[field.name]))
        return updates | self._told(await self.verdict(form), **_fill_of(foot))

    async def hear(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Judge the form if its contents differ from the draft.

        For a trimmed sound and for pasted or deleted text, Gradio fires only `change`, which it also fires if the
        studio fills the form. In the latter case the draft already has the values, and there is nothing to judge.
        """
        if not mapping_in(foot):
            return _skip()
        form = self.read(draft, model, region, values)
        if form.draft == read_draft(draft, blank=self.blank()) and form.copies == _copies_of(foot):
            return _skip()
        return await self.judge(draft, model, region, foot, **values)

    async def check(self, form: _Form) -> Verdict:
        """Return the service's verdict on a form, including the person's remaining budget."""
        return await self.studio.check(
            family=self.family.id,
            model=form.model.id,
            region=form.region,
            given=form.given,
            copies=form.copies,
            person=asking(self.studio),
        )

    async def verdict(self, form: _Form) -> Updates:
        """Return the updates of the notes, the foot and the button for a form."""
        return self._drawn(form, await self.check(form))

    def _drawn(self, form: _Form, verdict: Verdict) -> Updates:
        updates: Updates = {}
        noted: set[str] = set()
        for field, widget in self.shown(form.fields):
            if widget.note:
                noted.add(field.name)
                updates[widget.note] = gr.update(visible=True, value=note_of(field, verdict, given=form.given))
            if isinstance(field, FilesField | VideoField):
                offer = files_of_field(field, form.shown[field.name], verdict, prompt=f"{self.family.id}-prompt")
                updates[widget.component] = gr.update(offer=offer)
        if self.guide:
            updates[self.guide] = gr.update(offer=self.guide_offer(form, seconds=verdict.seconds))
        foot = foot_of(form.model, verdict, given=form.given, has_note=frozenset(noted))
        # The foot writes the price into the button: a page translator would freeze a label set by Gradio.
        updates[self.button] = gr.update(variant="primary" if foot["ready"] else "secondary")
        updates[self.foot] = foot
        return updates

    async def validate(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Run the same check as a Gradio validator, which stops an event before it is queued."""
        form = self.read(draft, model, region, values)
        verdict = await self.check(form)
        wrong = {problem.field: problem.message for problem in reversed(verdict.problems) if not problem.advice}
        answers: Updates = {component: gr.validate(True, "") for component in self.inputs().values()}
        answers[self.model] = _answer(wrong.get("model"))
        answers[self.region] = _answer(wrong.get("region"))
        answers[self.copies] = _answer(wrong.get(COPIES))
        for field, widget in self.shown(form.fields):
            answers[widget.component] = _answer(wrong.get(field.name))
        return answers

    async def generate(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Submit the request and return at once. The job lives in the service, not in this event.

        The foot contains the price that the button showed when it was clicked. If the price is higher now, nothing is
        submitted: the page shows the change, and its button the new price.
        """
        form = self.read(draft, model, region, values)
        agreed = agreed_in(mapping_in(foot).get(PRESSED))
        try:
            jobs = await self.studio.submit_many(
                family=self.family.id,
                model=form.model.id,
                region=form.region,
                given=form.given,
                copies=form.copies,
                person=asking(self.studio),
                source=form.draft.source,
                agreed=agreed,
            )
        except InvalidRequest:
            told: dict[str, object] = {}
        except PriceChanged:
            verdict = await self.check(form)
            changed_now = changed_words(agreed, verdict)
            return self._told(self._drawn(form, verdict), changed=changed_now, **_fill_of(foot))
        except StudioError as error:
            told = {"error": error.message}
        else:
            told = {"started": list(jobs)}
        return self._told(await self.verdict(form), **told, **_fill_of(foot))

    def _told(self, updates: Updates, **more: object) -> Updates:
        """Return the updates with more members in the foot."""
        return {**updates, self.foot: {**mapping_in(updates[self.foot]), **more}}

    async def repair(
        self, event: gr.EventData, draft: object, model: str, region: str, foot: object, **values: Shown
    ) -> Updates:
        """Apply an offered fix: other choices, a repaired file, or shortened text."""
        form = self.read(draft, model, region, values)
        name, item = str(getattr(event, "field", "")), getattr(event, "item", None)
        if name not in form.shown and (change := change_for(name, await self.check(form))):
            wishes: dict[str, Shown] = {**form.draft.wishes, **change.values}
            copies = form.copies if change.copies is None else change.copies
            return await self.fill(replace(form.draft, model=change.model, wishes=wishes), copies=copies, held=values)
        found = next(((f, w) for f, w in self.shown(form.fields) if f.name == name), None)
        value = form.shown.get(name)
        if found is None:
            return _skip()
        field, _ = found
        if isinstance(field, TextField) and isinstance(value, str):
            return await self._fill_with({name: value[: field.max_chars]}, form=form, held=values)
        paths = value if isinstance(value, list) else [value] if isinstance(value, str) else []
        place = item if isinstance(item, int) else 0
        if not 0 <= place < len(paths):
            return _skip()
        try:
            repaired = await self.studio.repair(
                model=form.model.id,
                region=form.region,
                field=name,
                path=paths[place],
                given=form.given,
                item=place if isinstance(field, FilesField) else None,
            )
        except StudioError as error:
            raise gr.Error(error.message, title="This could not be repaired", duration=8) from error
        kept = await to_thread(into_uploads, Path(repaired), name=Path(paths[place]).stem)
        whole = [*paths[:place], kept, *paths[place + 1 :]]
        one_or_all: Shown = whole if isinstance(field, FilesField) else kept
        return await self._fill_with({name: one_or_all}, form=form, held=values)

    async def pick(
        self, event: gr.EventData, draft: object, model: str, region: str, foot: object, **values: Shown
    ) -> Updates:
        """Put an example into the form: a prompt by its index, or the sample files that come with the studio."""
        form = self.read(draft, model, region, values)
        index = getattr(event, "index", None)
        if index == "picture":
            samples = {field.name: sample for field in form.fields if (sample := sample_of(field, form.model))}
            files = {name: await to_thread(into_uploads, each, name=each.stem) for name, each in samples.items()}
            return await self._fill_with(files, form=form, held=values) if files else _skip()
        if not isinstance(index, int) or not 0 <= index < len(self.family.examples):
            return _skip()
        wished = with_example(form.draft, self.family, index)
        fields = fields_for(*self.standing(wished), wished.wishes)
        words = example_words(self.family.examples[index], fields, (await self.check(form)).facts)
        filled = replace(wished, wishes={**wished.wishes, "prompt": words})
        return await self.fill(filled, copies=form.copies, held=values)

    async def cut_shots(self, draft: object, model: str, region: str, foot: object, **values: Shown) -> Updates:
        """Turn on the fields for several shots, if the model has them, after a list of shots was written."""
        form = self.read(draft, model, region, values)
        wanted: dict[str, Shown] = {"shot_type": "multi", "prompt_extend": True}
        fits = {f.name for f in form.fields if isinstance(f, ChoiceField | SwitchField)}
        switched = {name: wish for name, wish in wanted.items() if name in fits}
        return await self._fill_with(switched, form=form, held=values) if switched else _skip()

    # Parts -----------------------------------------------------------------------------------------------------------

    async def _fill_with(self, wishes: Mapping[str, Shown], *, form: _Form, held: Mapping[str, Shown]) -> Updates:
        """Show the form with changed wishes, after the person clicked a control that changes them."""
        draft = replace(form.draft, wishes={**form.draft.wishes, **wishes})
        return await self.fill(draft, copies=form.copies, held=held)

    def inputs(self) -> dict[str, Any]:  # Any: to the type checker, a dict of components is not a dict of blocks
        """Return the inputs of every listener, by keyword."""
        own: dict[str, Block] = {
            "draft": self.draft,
            "model": self.model,
            "region": self.region,
            "foot": self.foot,
            COPIES: self.copies,
        }
        return own | {widget.key: widget.component for widget in self.widgets}

    def outputs(self) -> list[Any]:  # Any: Gradio's types do not allow an Accordion as an output
        """Return every component that a listener may change."""
        parts = [widget.component for widget in self.widgets]
        notes = [widget.note for widget in self.widgets if widget.note]
        guide = [self.guide] if self.guide else []
        own = [self.draft, self.model, self.region, self.more, self.foot, self.copies, self.button]
        return [*own, *guide, *parts, *notes]

    def region_offer(self) -> dict[str, object]:
        """Return the regions to choose from."""
        catalogue = self.studio.catalogue
        known = [catalogue.region(region) for region in self.studio.regions]
        choices = [{"value": region.id, "label": region.label, "note": ""} for region in known if region]
        return {"label": "Region", "help": "", "choices": choices}

    def guide_offer(self, form: _Form, *, seconds: float) -> dict[str, object]:
        """Return the data on the current model for the prompt helper."""
        prompt = next((field for field in form.fields if field.name == "prompt"), None)
        maximum = prompt.max_chars if isinstance(prompt, TextField) else 0
        return {"shots": form.model.several_shots, "seconds": seconds, "maximum": maximum}


@dataclass(frozen=True, kw_only=True)
class _Form:
    draft: Draft
    model: Model
    region: str
    fields: tuple[Field, ...]
    shown: dict[str, Shown]
    """The contents of each field, by its name."""
    copies: int = 1
    """The number of copies."""
    uncovers: bool = False
    """Whether a choice has just switched a mode, which requires other fields to be drawn."""

    @property
    def given(self) -> dict[str, object]:
        return given(self.fields, self.shown)


def change_for(name: str, verdict: Verdict) -> Change | None:
    """Return the alternative choices offered by a problem of this name, for example the number a cap still allows."""
    offered = (problem.fix.change for problem in verdict.problems if problem.field == name and problem.fix)
    return next((change for change in offered if change), None)


def _unless(value: str, held: Mapping[str, Shown], name: str) -> dict[str, Any]:  # Any: keywords of gr.update
    """Return the value of an update, unless the page holds it already."""
    return {} if held.get(name) == value else {"value": value}


def _is_kept(update: object) -> bool:
    """Return whether an update keeps the contents of a widget."""
    return isinstance(update, dict) and "value" not in update


def _fill_of(foot: object) -> dict[str, object]:
    """Return the filling that a foot belongs to, for the response. The page uses it to detect an outdated response."""
    filled = mapping_in(foot).get(FILLED)
    return {FILLED: filled} if filled else {}


def _copies_of(foot: object) -> object:
    """Return the number of copies that the price in a foot is for."""
    return mapping_in(mapping_in(foot).get("shown")).get("copies")


def _count_in(raw: Shown) -> int:
    """Return the number of copies sent by the browser, or 1 if it is invalid. The service checks the maximum."""
    try:
        return 1 if isinstance(raw, bool | list) or raw is None else int(raw)
    except (ValueError, OverflowError):
        return 1


def _answer(problem: str | None) -> dict[str, object]:
    return cast("dict[str, object]", gr.validate(problem is None, problem or ""))  # cast: gradio does not type it


def _skip() -> Updates:
    """Return the answer that changes nothing."""
    return cast("Updates", gr.update())  # cast: Gradio takes one empty update for those of all components

"""One tab, drawn from the catalogue and then wired: the form, Generate, the stage.

All fields of all the family's models are drawn once, in the order of the form. components/tab/form.py decides which
of them are visible.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import Dependency

from components.elements import element, event_of
from components.tab import widgets
from components.tab.draft import Draft, fitted, settle
from components.tab.form import Tab, Updates
from components.tab.model_picker import models_offer
from components.tab.verdicts import rates_of
from components.tab.widgets import Kind, Widget
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Family,
    Field,
    FileField,
    FilesField,
    ImageField,
    Model,
    TextField,
    VideoField,
)
from services.studio import MOST_COPIES

if TYPE_CHECKING:
    from services.studio import Studio

QUIET: dict[str, Any] = {
    "queue": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}  # Any: Gradio's keywords
"""Options of a quick listener: no queue, no spinner, no public endpoint."""

_SECRET = "wan-studio-drafts"  # noqa: S105 - no secret: fixed, so that a draft outlives a restart


def build_draft(family: Family) -> gr.BrowserState:
    """Build the browser's storage for a tab's draft. Call it outside the tabs: an unopened tab does not exist yet."""
    return gr.BrowserState(None, storage_key=f"studio:draft:{family.id}", secret=_SECRET)


def build_tab(studio: Studio, family: Family, draft: gr.BrowserState) -> Tab:
    """Draw the tab of a family and wire it. Call it inside its `gr.Tab`."""
    with gr.Row(elem_classes=["workbench"], equal_height=False):
        with gr.Column(elem_classes=["studio-form"], min_width=320):
            tab = _form(studio, family, draft)
        with gr.Column(elem_classes=["studio-right"], min_width=320):
            element("studio-stage", attributes={"family": family.id}, elem_id=f"{family.id}-stage")
    _wire(tab)
    return tab


def _form(studio: Studio, family: Family, draft: gr.BrowserState) -> Tab:
    union = _union(studio, family)
    drawing = _Drawing(family, _first_look(studio, family), fixed=_fixed(studio, family), drawn={})
    in_sight = {key: field for key, field in union.items() if not field.folded}
    decides = {mode.field for model in studio.catalogue.of_family(family.id) for mode in model.modes}
    kinds = {key: field for key, field in in_sight.items() if isinstance(field, ChoiceField) and field.name in decides}
    subject = {key: field for key, field in in_sight.items() if _is_subject(field)}
    said = list(subject)[: list(subject).index("prompt") + 1] if "prompt" in subject else list(subject)

    drawing.add(kinds)  # the mode determines which of the other fields exist
    drawing.add({key: subject[key] for key in said})
    guide = _prompt_help(studio, family)
    drawing.add({key: field for key, field in subject.items() if key not in said})
    model, region = _where(studio, family)
    drawing.add({key: field for key, field in in_sight.items() if key not in drawing.drawn})
    with gr.Accordion("More choices", open=False, elem_classes=["more"], elem_id=f"{family.id}-more") as more:
        drawing.add({key: field for key, field in union.items() if field.folded})
    with gr.Column(elem_classes=["go"], elem_id=f"{family.id}-go"):
        foot = element(
            "studio-foot",
            attributes={"family": family.id},
            elem_id=f"{family.id}-foot",
            value={},
            events=("ask",),
        )
        with gr.Row(elem_classes=["press-row"], equal_height=True):
            copies = element("studio-copies", elem_id=f"{family.id}-copies", value=1, offer={"most": MOST_COPIES})
            button = gr.Button(
                "Generate", variant="secondary", elem_id=f"{family.id}-generate", elem_classes=["generate"]
            )
    return Tab(
        studio=studio,
        family=family,
        draft=draft,
        model=model,
        region=region,
        widgets=tuple(drawing.drawn[key] for key in union),
        more=more,
        foot=foot,
        copies=copies,
        button=button,
        guide=guide,
    )


def _prompt_help(studio: Studio, family: Family) -> gr.HTML | None:
    """Draw the prompt helper, if the family has one, and the examples. Returns the helper."""
    guide = None
    if family.guide:
        words = {"family": family.id, "prompt": f"{family.id}-prompt"}
        guide = element("studio-guide", attributes=words, elem_id=f"{family.id}-guide", offer={})
    model, region = _standing(studio, family)
    attributes = {"family": family.id, "files": _example_of(model.fields_in(region))}
    element("studio-examples", attributes=attributes, elem_id=f"{family.id}-examples")
    return guide


def _where(studio: Studio, family: Family) -> tuple[gr.HTML, gr.HTML]:
    """Build the pickers of the model and of the region."""
    standing, place = _standing(studio, family)
    offer = models_offer(studio.catalogue, family=family, region=place, wished=studio.regions[0], usable=studio.regions)
    model = element("studio-models", elem_id=f"{family.id}-model", value=standing.id, offer=offer)
    several = len(studio.regions) > 1
    region = element(
        "studio-segments", elem_id=f"{family.id}-region", value=studio.regions[0], offer={}, visible=several
    )
    return model, region


def _is_subject(field: Field) -> bool:
    """Return whether a field describes the subject. Such fields are above the model."""
    return isinstance(field, TextField | ImageField | VideoField | FilesField) or (
        isinstance(field, AudioField) and field.required
    )


def _example_of(fields: Sequence[Field]) -> str:
    """Return the label of the chip that fills in sample files, or an empty string if the model takes no file."""
    files = [f for f in fields if isinstance(f, FileField) and (f.required or not isinstance(f, AudioField))]
    needed = [field for field in files if field.required] or files[:1]
    if not needed:
        return ""
    if len(needed) > 1:
        return "Example files"
    return "Example clip" if isinstance(needed[0], VideoField) else "Example picture"


def _standing(studio: Studio, family: Family) -> tuple[Model, str]:
    """Return the model and the region for a first-time visitor."""
    blank = Draft(model=family.default_model, region=studio.regions[0])
    return settle(blank, catalogue=studio.catalogue, family=family.id, regions=tuple(studio.regions))


@dataclass(frozen=True)
class _Drawing:
    """The widgets of a form during drawing, at the caller's position on the page."""

    family: Family
    first: Mapping[tuple[str, Kind], Mapping[str, object]]
    """The properties of the widgets for the initial model."""
    fixed: Container[tuple[str, Kind]]
    """The widgets with the same texts for every model."""
    drawn: dict[str, Widget]

    def add(self, fields: Mapping[str, Field]) -> None:
        """Draw fields in order. Several pictures are side by side, before the rest."""
        pictures = {key: field for key, field in fields.items() if isinstance(field, ImageField)}
        if len(pictures) > 1:
            with gr.Row(elem_classes=["side-by-side"]):
                for key, field in pictures.items():
                    with gr.Column(min_width=150):
                        self._add(key, field)
        for key, field in fields.items():
            if key not in self.drawn:
                self._add(key, field)

    def _add(self, key: str, field: Field) -> None:
        elem_id = f"{self.family.id}-{key}".replace("__", "-")
        which = field.name, widgets.kind_of(field)
        now, fixed = self.first.get(which), which in self.fixed
        self.drawn[key] = widgets.build(field, key=key, elem_id=elem_id, now=now, fixed=fixed)


def _first_look(studio: Studio, family: Family) -> dict[tuple[str, Kind], dict[str, object]]:
    """Return the widgets for the default model. The page shows them until the browser's draft is read."""
    model, region = _standing(studio, family)
    rates = rates_of(studio.catalogue, model=model, region=region, given={})
    return {
        (field.name, widgets.kind_of(field)): widgets.update(
            field, fitted(field, None), rates=rates.get(field.name, {})
        )
        for field in model.fields_in(region)
    }


def _fixed(studio: Studio, family: Family) -> set[tuple[str, Kind]]:
    """Return the widgets with the same texts for every model of a family, in every region and mode."""
    said: dict[tuple[str, Kind], list[Mapping[str, object]]] = {}
    for model in studio.catalogue.of_family(family.id):
        for offer in model.offers:
            for field in model.every_field(offer.region):
                words, known = widgets.words_of(field), said.setdefault((field.name, widgets.kind_of(field)), [])
                if words not in known:
                    known.append(words)
    return {which for which, words in said.items() if len(words) == 1}


def _union(studio: Studio, family: Family) -> dict[str, Field]:
    """Return one field per name and kind, over all models of the family in all regions, in the order of the forms.

    The key is the name. If a name is entered in several ways, the kind is appended.
    """
    found: dict[tuple[str, Kind], Field] = {}
    for model in studio.catalogue.of_family(family.id):
        for offer in model.offers:
            for field in model.every_field(offer.region):
                found.setdefault((field.name, widgets.kind_of(field)), field)
    names = [name for name, _ in found]
    order = list(dict.fromkeys(names))
    ranked = sorted(found.items(), key=lambda item: order.index(item[0][0]))
    return {(name if names.count(name) == 1 else f"{name}__{kind.value}"): field for (name, kind), field in ranked}


def _wire(tab: Tab) -> None:
    inputs, outputs = tab.inputs(), tab.outputs()
    # One listener for all questions: the page weighs as much as it has listeners. A second question must not be lost
    # because the first is not answered yet.
    event_of(tab.foot, "ask")(tab.answer, inputs_kwargs=inputs, outputs=outputs, trigger_mode="multiple", **QUIET)
    # A model that is chosen while the answer to a region is on its way must not be lost.
    choices = [tab.model.input, tab.region.input]
    _on_any(choices, tab.follow, inputs_kwargs=inputs, outputs=outputs, trigger_mode="always_last", **QUIET)
    # Any input may change the price. `change` also fires if the studio fills the form: for a choice it would fire while
    # other parts are not drawn yet.
    parts = [(widget.component, "change" if widget.kind in widgets.ONLY_CHANGE else "input") for widget in tab.widgets]
    _on_any(
        [*(event_of(part, name) for part, name in parts), tab.copies.input],
        tab.hear,
        inputs_kwargs=inputs,
        outputs=outputs,
        trigger_mode="always_last",
        js=f"(...inputs) => window.studioForm?.('{tab.family.id}', inputs) ?? inputs",
        **QUIET,
    )
    tab.button.click(
        tab.generate,
        inputs_kwargs=inputs,
        outputs=outputs,
        validator=tab.validate,
        js=f"(...inputs) => window.studioPress?.('{tab.family.id}', inputs) ?? inputs",
        show_progress="hidden",
        concurrency_limit=8,
        api_visibility="private",
    )
    for event, unfolded in ((tab.more.expand, "true"), (tab.more.collapse, "false")):
        event(
            None,
            tab.draft,
            tab.draft,
            js=f"(draft) => ({{...(draft ?? {{}}), open: {unfolded}}})",
            **QUIET,
        )


def _on_any(
    events: Sequence[Callable[..., Dependency]],
    listener: Callable[..., Awaitable[Updates]],
    **options: Any,  # Any: Gradio's keywords
) -> None:
    """Call the listener at any of these events."""
    gr.on(events, listener, **options)  # pyright: ignore[reportUnknownMemberType]  # gradio does not type `validator`

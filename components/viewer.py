"""The details of a job, and the ways back to a form: a job's settings, its rewritten prompt, a recipe, or one file.

The studio itself copies its files into Gradio's upload folder. The browser only names the file.
"""

from __future__ import annotations

import logging
from asyncio import to_thread
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import gradio as gr
from gradio.blocks import Block
from gradio.utils import get_upload_folder

from components.caller import asking
from components.elements import element, event_of
from components.tab.draft import Draft, Shown, read_draft
from components.tab.form import Tab, Updates
from components.tab.layout import QUIET
from components.tab.refill import draft_of, left_out, with_file, with_new_seed, with_told, with_words
from components.tab.uploads import still_here
from services.catalogue.schema import Field, FileField, FilesField
from services.domain.errors import NotFound, StudioError
from services.domain.json_values import mapping_in
from services.studio import models_by_rank

if TYPE_CHECKING:
    from services.gallery.views import JobView
    from services.studio import Studio

log = logging.getLogger(__name__)

_MOST_NAMED = 4
_KINDS = ("image", "video", "audio")


def build_viewer(studio: Studio, *, tabs: gr.Tabs, families: Sequence[Tab]) -> gr.HTML:
    """Draw the overlay over the whole page, and connect its ways back to the forms."""
    viewer = element("studio-viewer", elem_id="viewer")
    writing = [{"id": tab.family.id, "label": tab.family.label} for tab in families if "prompt" in _names(tab)]
    reuse = element(
        "studio-reuse", elem_id="reuse", value={}, offer={"writing": writing}, events=("recall", "told", "use")
    )
    ways = Ways(studio=studio, tabs=tabs, families=tuple(families), reuse=reuse)
    outputs = [tabs, reuse, *(part for tab in families for part in tab.outputs())]
    held = [part for tab in families for part in tab.inputs().values()]
    for name, handler in (("recall", ways.recall), ("told", ways.told), ("use", ways.use)):
        event_of(reuse, name)(handler, inputs=held, outputs=outputs, **QUIET)
    return viewer


def _names(tab: Tab) -> frozenset[str]:
    return frozenset(widget.name for widget in tab.widgets)


@dataclass(frozen=True, kw_only=True)
class _Filling:
    """The new contents of a form. Values it already holds are not sent back: the person may have edited them since."""

    draft: Draft
    copies: int = 1
    held: Mapping[str, Shown] = field(default_factory=dict[str, Shown])

    def with_draft(self, draft: Draft) -> _Filling:
        """Return a copy with another draft."""
        return replace(self, draft=draft)


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The listeners that fill a form. Each answers the browser with a sentence and the number of its request.

    They get the current values of every form, one after the other. The drafts alone are not enough: they lag a moment
    behind the person's choices.
    """

    studio: Studio
    tabs: gr.Tabs
    families: tuple[Tab, ...]
    reuse: gr.HTML

    async def recall(self, event: gr.EventData, *held: object) -> Updates:
        """Fill a form with a job's settings, with these and a new seed, or with its rewritten prompt alone."""
        try:
            job = await self.studio.job(_text(event, "job"), person=asking(self.studio))
        except StudioError as error:
            return self._refused(event, error.message)
        tab = self._tab_for(job)
        if tab is None:
            return self._refused(event, "Nothing is known of how this was made, so there is nothing to fill in.")
        if getattr(event, "words", False) is True:
            now = self._now(tab, held)
            return await self._show(
                event, tab, now.with_draft(with_words(now.draft, job)), say="The prompt is in the form."
            )
        return await self._again(event, tab, job, is_new=getattr(event, "again", False) is True)

    async def told(self, event: gr.EventData, *held: object) -> Updates:
        """Fill a form with the recipe from a file: all of our own recipe, or the prompt of another tool's."""
        told = mapping_in(getattr(event, "recipe", None))
        wanted = _text(event, "family")
        tab = next((one for one in self.families if one.family.id == wanted), None) or self._tab_for(told)
        if tab is None:
            return self._refused(event, "No form here can use what this file tells.")
        if told.get("kind") != "studio":
            now = self._now(tab, held)
            filling = now.with_draft(with_told(now.draft, told, names=_names(tab)))
            return await self._show(event, tab, filling, say="Its words are in the form.")
        draft = draft_of(told, {}, fields=self._fields(told))
        said = [_said_of(tab, draft, told, studio=self.studio)]
        if told.get("inputs"):
            said.append("The files it was made from are not in it: please add them.")
        return await self._show(event, tab, _Filling(draft=draft), say=" ".join(part for part in said if part))

    async def use(self, event: gr.EventData, *held: object) -> Updates:
        """Put one file into one file slot: an archived one by its id, or a fresh upload by its path."""
        tab = next((one for one in self.families if one.family.id == _text(event, "family")), None)
        kind, asset = _text(event, "kind"), _text(event, "asset")
        if tab is None or kind not in _KINDS:
            return self._refused(event, "That place is not there any more. Please reload the page.")
        now = self._now(tab, held)
        kept = await _present(now.draft, tab)
        try:
            path = await self._bring(asset, _text(event, "moment") or None) if asset else _text(event, "path")
        except StudioError as error:
            return self._refused(event, error.message)
        if not await to_thread(still_here, path):
            return self._refused(event, "The file is not there any more. Please choose it again.")
        model, region = tab.standing(kept)
        others = models_by_rank(self.studio.catalogue, tab.family, (region, *self.studio.regions))
        stands = [(model, region), *(stand for stand in others if stand[0].id != model.id)]
        placed = with_file(kept, path, slot=_text(event, "slot"), kind=kind, stands=stands)
        if placed is None:
            return self._refused(event, "That place is not there any more. Please reload the page.")
        label = placed.field.label
        if placed.is_full:
            most = placed.field.most if isinstance(placed.field, FilesField) else 1
            say, tone = f"All {most} places of “{label}” are taken. Remove a file there first.", "bad"
        else:
            say, tone = f"Added to {tab.family.label}: {label}.", "ok"
        if placed.model.id != model.id:
            say += f" The model is {placed.model.title} now: {model.title} does not take it."
        # Open the section if the field is usually folded: the file must be visible.
        draft = replace(placed.draft, open=placed.draft.open or placed.field.folded)
        return await self._show(event, tab, now.with_draft(draft), say=say, tone=tone, at=placed.field)

    # Parts -----------------------------------------------------------------------------------------------------------

    async def _again(self, event: gr.EventData, tab: Tab, job: JobView, *, is_new: bool) -> Updates:
        """Fill the whole form with the job's settings."""
        fields = self._fields(job)
        files, lost = await self._files(job)
        draft = replace(draft_of(job, files, fields=fields), source=job["id"])
        if any(field.folded and field.name in files for field in fields):
            draft = replace(draft, open=True)
        said = ["The form has these settings now."]
        if is_new:
            draft, has_seed = with_new_seed(draft, *tab.standing(draft))
            said = [
                "A new seed is in the form. Press Generate to make it." if has_seed else "Press Generate for another."
            ]
        said.append(_said_of(tab, draft, job, studio=self.studio))
        if lost:
            said.append(f"{_listed(lost)} could not be fetched. Please add {'them' if len(lost) > 1 else 'it'} again.")
        say = " ".join(part for part in said if part)
        filling = _Filling(draft=draft)
        return await self._show(event, tab, filling, say=say, tone="bad" if lost else "ok", is_ready=is_new)

    async def _files(self, job: JobView) -> tuple[dict[str, list[str]], list[str]]:
        """Copy the job's files. Returns the paths by field, in order, and the names of the missing files."""
        files: dict[str, list[str]] = {}
        lost: list[str] = []
        for given in sorted(job["inputs"], key=lambda one: one["position"]):
            try:
                files.setdefault(given["field"], []).append(await self._bring(given["id"]))
            except StudioError:
                lost.append(given["name"])
        return files, lost

    async def _bring(self, asset: str, moment: str | None = None) -> str:
        try:
            folder = Path(get_upload_folder())
            return str(await self.studio.services.reuse.bring(asset, moment, folder, person=asking(self.studio)))
        except OSError as error:
            log.warning("asset %s could not be copied: %s", asset, error.strerror)
            raise NotFound("The file could not be copied: the studio's disk may be full.") from error

    def _tab_for(self, told: Mapping[str, object]) -> Tab | None:
        """Return the tab of a job or recipe: by its family, by its model's family, or any tab with a prompt."""
        model = self.studio.catalogue.model(str(told.get("model") or ""))
        wanted = (str(told.get("family") or ""), model.family if model else "")
        own = next((tab for name in wanted for tab in self.families if tab.family.id == name), None)
        if own or not told.get("prompt"):
            return own
        return next((tab for tab in self.families if "prompt" in _names(tab)), None)

    def _now(self, tab: Tab, held: Sequence[object]) -> _Filling:
        """Return the current values of a form, or the browser's saved draft if it has not been filled yet."""
        before = sum(len(one.inputs()) for one in self.families[: self.families.index(tab)])
        own = dict(zip(tab.inputs(), held[before:], strict=False))
        if not own["foot"]:
            return _Filling(draft=read_draft(own["draft"], blank=tab.blank()))
        draft, model, region, _ = (own.pop(name) for name in ("draft", "model", "region", "foot"))
        values = cast("dict[str, Shown]", own)
        form = tab.read(draft, str(model), str(region), values)
        return _Filling(draft=form.draft, copies=form.copies, held=values)

    def _fields(self, told: Mapping[str, object]) -> tuple[Field, ...]:
        model = self.studio.catalogue.model(str(told.get("model") or ""))
        return model.every_field(str(told.get("region") or "")) if model else ()

    async def _show(  # noqa: PLR0913 - what is told the browser, one keyword each
        self,
        event: gr.EventData,
        tab: Tab,
        filling: _Filling,
        *,
        say: str,
        tone: str = "ok",
        at: Field | None = None,
        is_ready: bool = False,
    ) -> Updates:
        """Open the tab and fill its form. The browser scrolls a field, or Generate, into view."""
        place = next((widget.component for _, widget in tab.shown([at] if at else [])), None)
        told = {"turn": getattr(event, "turn", 0), "say": say, "tone": tone, "family": tab.family.id}
        told |= {"target": place.elem_id if place else None, "ready": is_ready}
        own: dict[Block, object] = {self.tabs: gr.update(selected=tab.family.id), self.reuse: gr.update(value=told)}
        return own | await tab.fill(filling.draft, copies=filling.copies, held=filling.held)

    def _refused(self, event: gr.EventData, say: str) -> Updates:
        return {self.reuse: gr.update(value={"turn": getattr(event, "turn", 0), "say": say, "tone": "bad"})}


def _text(event: gr.EventData, name: str) -> str:
    value = getattr(event, name, "")
    return value if isinstance(value, str) else ""


def _said_of(tab: Tab, draft: Draft, told: Mapping[str, object], *, studio: Studio) -> str:
    """Describe the parts of a job or recipe that the form shows differently."""
    model, region = tab.standing(draft)
    said: list[str] = []
    if model.id != draft.model:
        known = studio.catalogue.model(draft.model)
        before = known.title if known else str(told.get("model_title") or draft.model or "Its model")
        said.append(f"{before} is not offered here, so the model is {model.title}.")
    elif region != draft.region:
        wished, place = studio.catalogue.region(draft.region), studio.catalogue.region(region)
        said.append(
            f"There is no key for {wished.label if wished else draft.region} here, so the region is {place.label}."
            if place
            else ""
        )
    missing = left_out(draft, model, region)
    if missing:
        said.append(f"Left out: {_listed(missing)}.")
    return " ".join(said)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


async def _present(draft: Draft, tab: Tab) -> Draft:
    """Return the draft without missing files, which frees their places in a list."""
    model, region = tab.standing(draft)
    files = [field.name for field in model.every_field(region) if isinstance(field, FileField)]
    here = {name: await to_thread(still_here, draft.wishes[name]) for name in files if name in draft.wishes}
    return replace(draft, wishes={**draft.wishes, **here})

"""The details of a job, and "Use these settings": from a job back to the form that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr

from components.draft import Draft, Shown
from components.elements import element
from components.family import QUIET
from components.form import Tab
from services.errors import StudioError
from services.studio import Studio


def build_viewer(studio: Studio, *, tabs: gr.Tabs, families: Sequence[Tab]) -> gr.HTML:
    """Draw the dialog, one for the whole page, and wire its way back to the forms."""
    viewer = element("studio-viewer", elem_id="viewer", events=("recall",))

    async def recall(event: gr.EventData) -> Mapping[object, object]:
        """Fill a form with what a job was made of. The browser has put its files into the uploads again."""
        try:
            job = await studio.job(str(getattr(event, "job", "")))
        except StudioError as error:
            raise gr.Error(error.message, title="These settings could not be fetched", duration=8) from error
        tab = next((tab for tab in families if tab.family.id == job["family"]), None)
        if tab is None:
            return {}
        return {tabs: gr.update(selected=tab.family.id), **await tab.fill(draft_of(job, getattr(event, "files", {})))}

    outputs = [part for tab in families for part in tab.outputs()]
    viewer.recall(recall, outputs=[tabs, *outputs], **QUIET)
    return viewer


def draft_of(job: Mapping[str, object], files: object) -> Draft:
    """The draft that would make this job again. `files` are paths of fresh uploads, by field."""
    parameters, uploads = job.get("parameters"), files
    wishes: dict[str, Shown] = {"prompt": str(job.get("prompt") or "")}
    for source in (parameters, uploads):
        if isinstance(source, Mapping):
            wishes |= {str(name): value for name, value in source.items() if isinstance(value, str | int | bool)}
    return Draft(model=str(job["model"]), region=str(job["region"]), wishes=wishes)

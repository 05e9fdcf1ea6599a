"""The details of a job, and the ways back from a job to a form: its settings, or only its rewritten prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import gradio as gr

from components.draft import Draft, Shown, read_draft
from components.elements import element
from components.family import QUIET
from components.form import Tab
from services.catalogue.schema import Field, FilesField
from services.errors import StudioError

if TYPE_CHECKING:
    from services.studio import Studio


def build_viewer(studio: Studio, *, tabs: gr.Tabs, families: Sequence[Tab]) -> gr.HTML:
    """Draw the dialog, one for the whole page, and wire its ways back to the forms."""
    viewer = element("studio-viewer", elem_id="viewer", events=("recall",))

    async def recall(event: gr.EventData, *drafts: object) -> Mapping[object, object]:
        """Fill a form with what a job was made of, or with its rewritten prompt alone.

        The browser has put the job's files into the uploads again; the form looks whether they lie there.
        """
        try:
            job = await studio.job(str(getattr(event, "job", "")))
        except StudioError as error:
            raise gr.Error(error.message, title="These settings could not be fetched", duration=8) from error
        found = next((pair for pair in zip(families, drafts, strict=True) if pair[0].family.id == job["family"]), None)
        if found is None:
            return {}
        tab, kept = found
        if getattr(event, "words", False) is True:
            draft = with_words(read_draft(kept, blank=tab.blank()), job)
        else:
            model = studio.catalogue.model(job["model"])
            fields = model.every_field(job["region"]) if model else ()
            draft = draft_of(job, getattr(event, "files", {}), fields=fields)
        return {tabs: gr.update(selected=tab.family.id), **await tab.fill(draft)}

    outputs = [part for tab in families for part in tab.outputs()]
    viewer.recall(recall, inputs=[tab.draft for tab in families], outputs=[tabs, *outputs], **QUIET)
    return viewer


def with_words(draft: Draft, job: Mapping[str, object]) -> Draft:
    """The draft with the job's prompt as the model rewrote it; all else stays as the person has it."""
    words = job.get("rewritten_prompt") or job.get("prompt") or ""
    return replace(draft, wishes={**draft.wishes, "prompt": str(words)})


def draft_of(job: Mapping[str, object], files: object, *, fields: Sequence[Field]) -> Draft:
    """The draft that would make this job again.

    `files` are the paths of fresh uploads in their order, by field, as the browser sends them; `fields` are all that
    the job's model has, whatever its mode, and say which of them are lists.
    """
    parameters = job.get("parameters")
    wishes: dict[str, Shown] = {"prompt": str(job.get("prompt") or "")}
    if isinstance(parameters, Mapping):
        wishes |= {str(name): value for name, value in parameters.items() if isinstance(value, str | int | float)}
    lists = {field.name for field in fields if isinstance(field, FilesField)}
    for name, sent in files.items() if isinstance(files, Mapping) else ():
        paths = [path for path in sent if isinstance(path, str)] if isinstance(sent, list) else []
        if paths:
            wishes[str(name)] = paths if name in lists else paths[0]
    return Draft(model=str(job["model"]), region=str(job["region"]), wishes=wishes)

"""The page: header, a tab per family, gallery, spend, settings. Built once at startup, without own state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

from components.browser_files import ASSETS
from components.bundle import FIRST
from components.elements import element
from components.script_data import script_data
from components.settings import build_settings
from components.tab.form import Tab
from components.tab.layout import build_draft, build_tab
from components.theme import studio_theme
from components.viewer import build_viewer

if TYPE_CHECKING:
    from services.studio import Studio


def build_page(studio: Studio) -> gr.Blocks:
    """Build the whole page for a studio. Mount it with `page_options`."""
    with gr.Blocks(title="Wan Studio", analytics_enabled=False, fill_width=True) as page:
        element("studio-header", elem_id="header")
        drafts = {family.id: build_draft(family) for family in studio.catalogue.families}
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            families: list[Tab] = []
            for family in studio.catalogue.families:
                with gr.Tab(family.label, id=family.id, elem_id=f"tab-{family.id}"):
                    families.append(build_tab(studio, family, drafts[family.id]))
            with gr.Tab("Gallery", id="gallery", elem_id="tab-gallery"):
                element("studio-gallery", elem_id="gallery")
            with gr.Tab("Spend", id="spend", elem_id="tab-spend"):
                element("studio-spend", elem_id="spend", module="settings/spend")
            with gr.Tab("Settings", id="settings", elem_id="tab-settings"):
                build_settings(studio)
        build_viewer(studio, tabs=tabs, families=families)
    return page


def page_options() -> dict[str, Any]:  # Any: keywords of mount_gradio_app, checked there
    """Return the page's options for `gr.mount_gradio_app`: theme, favicon."""
    return {"theme": studio_theme(), "favicon_path": str(ASSETS / "icons" / "favicon.svg")}


def head_of(studio: Studio, *, address: str) -> str:
    """Build the head of the document: styles, scripts, and the catalogue's words for them.

    `address` is the folder of the browser's files. Nothing in the head comes from a person.
    """
    words = json.dumps(script_data(studio), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    early = (ASSETS / "js/core/early.js").read_text(encoding="utf-8")
    return "\n".join(
        (
            f'<link rel="stylesheet" href="{address}/css/studio.css">',
            f"<script>{early}</script>",
            f'<script type="application/json" id="studio-words">{words}</script>',
            f'<script type="module" src="{address}/js/{FIRST}"></script>',
        )
    )

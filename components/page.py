"""The page: header, a tab per family, gallery, spend, settings. Built once at startup, without own state."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from components.elements import element
from components.script_data import script_data
from components.settings import build_settings
from components.tab.form import Tab
from components.tab.layout import build_draft, build_tab
from components.theme import studio_theme
from components.viewer import build_viewer

if TYPE_CHECKING:
    from services.studio import Studio

_ASSETS = Path(__file__).parent.parent / "assets"
_STATIC = "/studio/static"
_IMPORT = re.compile(r'^import (?:[^;"]+ from )?"(\.[^"]+)";$', re.M)
"""A static import in a script, which the browser loads before it runs either script."""
_STYLES = (
    "css/tokens.css",
    "css/theme.css",
    "css/elements.css",
    "css/forms.css",
    "css/pickers.css",
    "css/results.css",
    "css/gallery.css",
    "css/viewer.css",
    "css/compare.css",
    "css/reuse.css",
    "css/trust.css",
)


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


def page_options(studio: Studio) -> dict[str, Any]:  # Any: keywords of mount_gradio_app, checked there
    """Return the page's options for `gr.mount_gradio_app`: theme, head, favicon."""
    return {
        "theme": studio_theme(),
        "head": _head(studio),
        "favicon_path": str(_ASSETS / "icons" / "favicon.svg"),
    }


def _head(studio: Studio) -> str:
    """Build the head: styles, scripts, and the catalogue's words for them. Nothing in it comes from a person."""
    words = json.dumps(script_data(studio), ensure_ascii=False).replace("<", "\\u003c")
    early = (_ASSETS / "js/core/early.js").read_text(encoding="utf-8")
    return "\n".join(
        [
            *(f'<link rel="stylesheet" href="{_STATIC}/{style}">' for style in _STYLES),
            f"<script>{early}</script>",
            f'<script type="application/json" id="studio-words">{words}</script>',
            *(f'<link rel="modulepreload" href="{_STATIC}/js/{name}">' for name in _modules("core/studio.js")),
            f'<script type="module" src="{_STATIC}/js/core/studio.js"></script>',
        ]
    )


def _modules(entry: str) -> list[str]:
    """Return the script `entry` and all its static imports, as paths below assets/js, to load in parallel."""
    scripts = (_ASSETS / "js").resolve()
    found = [entry]
    for name in found:  # grows during the loop
        for imported in _IMPORT.findall((scripts / name).read_text(encoding="utf-8")):
            path = ((scripts / name).parent / imported).resolve().relative_to(scripts).as_posix()
            if path not in found:
                found.append(path)
    return found

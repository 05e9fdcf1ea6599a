"""The page: header, a tab per family, gallery, settings. Built once at start; it holds no state of its own."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from components.elements import element
from components.family import build_draft, build_tab
from components.form import Tab
from components.gallery import build_gallery
from components.theme import studio_theme
from components.viewer import build_viewer
from services.catalogue.schema import Field

if TYPE_CHECKING:
    from services.studio import Studio

_ASSETS = Path(__file__).parent.parent / "assets"
_STATIC = "/studio/static"
_STYLES = ("css/tokens.css", "css/theme.css", "css/elements.css")
_MODULES = ("studio", "dom", "words", "stream", "live", "shell", "controls", "stage", "gallery", "viewer")

_NO_KEY = (
    "Nothing is set up yet, and nothing needs to be: the demo makes clips on this machine so that you can look around."
)


def build_page(studio: Studio) -> gr.Blocks:
    """The whole page for a studio. Mount it with `page_options`."""
    with gr.Blocks(title="Wan Studio", analytics_enabled=False, fill_width=True) as page:
        element("studio-header", elem_id="header")
        drafts = {family.id: build_draft(family) for family in studio.catalogue.families}
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            families: list[Tab] = []
            for family in studio.catalogue.families:
                with gr.Tab(family.label, id=family.id, elem_id=f"tab-{family.id}"):
                    families.append(build_tab(studio, family, drafts[family.id]))
            with gr.Tab("Gallery", id="gallery", elem_id="tab-gallery"):
                build_gallery()
            with gr.Tab("Settings", id="settings", elem_id="tab-settings"):
                gr.HTML(settings_text(studio), elem_id="settings", apply_default_css=False)
        build_viewer(studio, tabs=tabs, families=families)
    return page


def page_options(studio: Studio) -> dict[str, Any]:  # Any: keywords of mount_gradio_app, checked there
    """What `gr.mount_gradio_app` needs to know of the page: theme, head, favicon."""
    return {
        "theme": studio_theme(),
        "head": _head(studio),
        "favicon_path": str(_ASSETS / "icons" / "favicon.svg"),
    }


def _head(studio: Studio) -> str:
    """Styles, scripts, and the words of the catalogue for them. Nothing in it comes from a person."""
    words = json.dumps(catalogue_words(studio), ensure_ascii=False).replace("<", "\\u003c")
    early = (_ASSETS / "js" / "early.js").read_text(encoding="utf-8")
    return "\n".join(
        [
            *(f'<link rel="stylesheet" href="{_STATIC}/{style}">' for style in _STYLES),
            f"<script>{early}</script>",
            f'<script type="application/json" id="studio-words">{words}</script>',
            *(f'<link rel="modulepreload" href="{_STATIC}/js/{name}.js">' for name in _MODULES),
            f'<script type="module" src="{_STATIC}/js/studio.js"></script>',
        ]
    )


def catalogue_words(studio: Studio) -> dict[str, object]:
    """What the scripts need to know of the catalogue: names, labels and usual times, no limits and no prices."""
    catalogue = studio.catalogue
    fields: dict[str, dict[str, object]] = {}
    for model in catalogue.models:
        for offer in model.offers:
            for field in model.fields_in(offer.region):
                fields.setdefault(field.name, _field_words(field))
    return {
        "demo": studio.demo,
        "families": {
            family.id: {
                "label": family.label,
                "icon": family.icon,
                "invitation": family.invitation,
                "examples": [example.title for example in family.examples],
            }
            for family in catalogue.families
        },
        "models": {model.id: {"title": model.title, "usual": list(model.usual_seconds)} for model in catalogue.models},
        "regions": {region.id: region.label for region in catalogue.regions},
        "fields": fields,
    }


def _field_words(field: Field) -> dict[str, object]:
    choices = {str(choice.value): choice.label for choice in getattr(field, "choices", ())}
    return {"label": field.label, "unit": getattr(field, "unit", ""), "choices": choices}


def settings_text(studio: Studio) -> str:
    """The Settings tab as HTML, every changing part escaped. No key is ever in it."""
    settings, catalogue = studio.settings, studio.catalogue
    have = settings.regions_with_a_key
    rows = "".join(
        f"<li data-on={'yes' if region.id in have else 'no'}><b>{escape(region.label)}</b>"
        f"<span>{'key found' if region.id in have else 'no key'}</span>"
        f"<code>DASHSCOPE_API_KEY_{escape(region.id.upper())}</code></li>"
        for region in catalogue.regions
    )
    if not studio.demo:
        mode = "This studio makes clips with your account. What they cost stands on the button before you press it."
    elif have:
        mode = "This is the demo, because STUDIO_DEMO is set. Your key is not used and nothing is billed."
    else:
        mode = _NO_KEY
    return (
        '<div class="settings">'
        f"<section><h2>{'Demo' if studio.demo else 'Ready'}</h2><p>{mode}</p></section>"
        f'<section><h2>Keys</h2><p>A key belongs to one region.</p><ul class="keys">{rows}</ul>'
        "<p>To add one: make a key in the Model Studio console of that region, write it into a file named "
        "<code>.env</code> beside <code>app.py</code>, and start the studio again.</p>"
        "<pre>DASHSCOPE_API_KEY=sk-...\nDASHSCOPE_REGION=" + escape(settings.dashscope_region) + "</pre>"
        "<p>The studio keeps keys in memory only. They are never shown, stored or logged.</p></section>"
        "<section><h2>Your files</h2><p>Clips, history and logs are kept on this computer in</p>"
        f'<p><code class="path">{escape(str(settings.home))}</code></p>'
        "<p>Set <code>STUDIO_HOME</code> to keep them elsewhere.</p></section></div>"
    )

"""The Spend tab: a place in the page. What is in it comes from the studio's JSON routes, see assets/js/spend.js."""

from __future__ import annotations

import gradio as gr

from components.elements import element


def build_spend() -> gr.HTML:
    """Draw what was spent. Call it inside its `gr.Tab`."""
    return element("studio-spend", elem_id="spend", module="spend")

"""The Gallery tab: a place in the page. What is in it comes from the studio's JSON routes, see assets/js/gallery.js."""

from __future__ import annotations

import gradio as gr

from components.elements import element


def build_gallery() -> gr.HTML:
    """Draw the gallery. Call it inside its `gr.Tab`."""
    return element("studio-gallery", elem_id="gallery")

"""The admin's part of Settings: a place in the page. What is in it comes from a JSON route, see assets/js/admin.js."""

from __future__ import annotations

import gradio as gr

from components.elements import element


def build_admin() -> gr.HTML:
    """Draw what goes on. It stays empty for whoever is no admin."""
    return element("studio-admin", elem_id="admin", module="admin")

"""Gradio's own parts in our colours: a theme that only refers to the tokens of assets/css/tokens.css."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import cast

from gradio.themes import Base

_set = cast("Callable[..., Base]", Base.set)  # pyright: ignore[reportUnknownMemberType]  # gradio does not type it

_BOTH_ROOMS = {
    "body_background_fill": "paper",
    "body_text_color": "ink",
    "body_text_color_subdued": "ink-3",
    "background_fill_primary": "surface",
    "background_fill_secondary": "sunken",
    "border_color_primary": "line",
    "border_color_accent": "accent",
    "border_color_accent_subdued": "line",
    "color_accent": "accent",
    "color_accent_soft": "accent-wash",
    "link_text_color": "accent-strong",
    "link_text_color_hover": "accent",
    "link_text_color_active": "accent",
    "link_text_color_visited": "accent-strong",
    "code_background_fill": "sunken",
    "block_background_fill": "clear",
    "block_border_color": "line",
    "block_info_text_color": "ink-3",
    "block_label_background_fill": "clear",
    "block_label_border_color": "clear",
    "block_label_text_color": "ink",
    "block_title_background_fill": "clear",
    "block_title_text_color": "ink",
    "panel_background_fill": "clear",
    "panel_border_color": "line",
    "accordion_text_color": "ink",
    "input_background_fill": "surface",
    "input_background_fill_focus": "surface",
    "input_background_fill_hover": "surface",
    "input_border_color": "rim",
    "input_border_color_focus": "accent",
    "input_border_color_hover": "ink-3",
    "input_placeholder_color": "ink-3",
    "slider_color": "accent",
    "checkbox_background_color": "surface",
    "checkbox_background_color_focus": "surface",
    "checkbox_background_color_hover": "sunken",
    "checkbox_background_color_selected": "accent",
    "checkbox_border_color": "rim",
    "checkbox_border_color_focus": "accent",
    "checkbox_border_color_hover": "ink-3",
    "checkbox_border_color_selected": "accent",
    "checkbox_label_background_fill": "clear",
    "checkbox_label_background_fill_hover": "clear",
    "checkbox_label_background_fill_selected": "clear",
    "checkbox_label_text_color": "ink",
    "checkbox_label_text_color_selected": "ink",
    "button_primary_background_fill": "accent",
    "button_primary_background_fill_hover": "accent-strong",
    "button_primary_text_color": "on-accent",
    "button_primary_text_color_hover": "on-accent",
    "button_primary_border_color": "clear",
    "button_primary_border_color_hover": "clear",
    "button_secondary_background_fill": "sunken",
    "button_secondary_background_fill_hover": "line",
    "button_secondary_text_color": "ink-2",
    "button_secondary_text_color_hover": "ink",
    "button_secondary_border_color": "clear",
    "button_secondary_border_color_hover": "clear",
    "error_background_fill": "bad-wash",
    "error_border_color": "bad",
    "error_text_color": "bad",
    "error_icon_color": "bad",
    "loader_color": "accent",
    "stat_background_fill": "accent-wash",
    "table_border_color": "line",
}
"""Maps theme variables to tokens. "clear" is transparent."""

_ALIKE = {
    "block_border_width": "0px",
    "block_padding": "0px",
    "block_shadow": "none",
    "block_radius": "var(--radius)",
    "block_label_padding": "0px",
    "block_label_margin": "0px",
    "block_label_text_size": "var(--t2)",
    "block_label_text_weight": "600",
    "block_title_text_size": "var(--t2)",
    "block_title_text_weight": "600",
    "block_title_padding": "0px",
    "block_info_text_size": "var(--t1)",
    "panel_border_width": "0px",
    "container_radius": "var(--radius)",
    "layout_gap": "var(--s4)",
    "form_gap_width": "0px",
    "section_header_text_size": "var(--t3)",
    "input_border_width": "1px",
    "input_padding": "10px 12px",
    "input_radius": "var(--radius)",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_text_size": "var(--t2)",
    "button_large_radius": "var(--radius)",
    "button_small_radius": "var(--radius-s)",
    "button_large_text_size": "var(--t3)",
    "button_large_text_weight": "650",
    "button_large_padding": "12px 16px",
    "button_transition": "background var(--quick)",
    "checkbox_border_radius": "var(--radius-s)",
}


def studio_theme() -> Base:
    """Build the theme. Both of Gradio's modes get the same tokens, since the tokens themselves change with the mode."""
    values, known = dict(_ALIKE), signature(_set).parameters
    for name, token in _BOTH_ROOMS.items():
        value = "transparent" if token == "clear" else f"var(--{token})"  # noqa: S105 - a token of design
        values[name] = value
        if f"{name}_dark" in known:
            values[f"{name}_dark"] = value
    theme = Base(font=["ui-sans-serif", "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    return _set(theme, **values)

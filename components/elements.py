"""Our own elements inside Gradio: each is a `gr.HTML` with a constant template around one custom element.

Gradio evaluates what stands in a template, so nothing a person wrote ever goes there: data travels in `value` and
`offer` as JSON, and the scripts in assets/js build the page from it with `textContent`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

Json = Mapping[str, object]


def element(  # noqa: PLR0913 - what gr.HTML needs, one keyword each
    tag: str,
    *,
    elem_id: str | None = None,
    value: object = None,
    events: Sequence[str] = (),
    attributes: Mapping[str, str] | None = None,
    visible: bool = True,
    offer: Json | None = None,
    module: str | None = None,
) -> gr.HTML:
    """A custom element. `attributes` come from the catalogue or from us, never from a person.

    `module` is the script of assets/js that makes it, fetched when its tab is first opened; without one it comes with
    the page.
    """
    written = "".join(f' {name}="{text}"' for name, text in (attributes or {}).items())
    fetched = f"import('/studio/static/js/{module}.js'); " if module else ""
    quoted = ", ".join(f"'{event}'" for event in events)
    props: dict[str, Any] = {} if offer is None else {"offer": dict(offer)}  # Any: props of our own
    return gr.HTML(
        value=value,
        html_template=f"<{tag}{written}></{tag}>",
        # Gradio takes any event that stands quoted in this script; the script itself may run before ours is loaded.
        js_on_load=(
            f"{fetched}const events = [{quoted}]; customElements.whenDefined('{tag}').then(() => "
            f"element.querySelector('{tag}').bind({{props, trigger, watch, upload, events}}))"
        ),
        elem_id=elem_id,
        elem_classes=["studio-element", tag],
        visible=visible,
        apply_default_css=False,
        **props,
    )


def note(elem_id: str, *, maximum: int | None = None, visible: bool = True) -> gr.HTML:
    """The line under a field: what was accepted, what is wrong with its fix, how many characters are left.

    A press on a fix is the event `fix` with `{field}`.
    """
    value = note_value(maximum=maximum)
    return element("studio-note", elem_id=elem_id, value=value, events=("fix",), visible=visible)


def note_value(*, lines: Sequence[Json] = (), maximum: int | None = None, label: str = "") -> dict[str, object]:
    """What a note shows. A line is `{text, tone}` and, where it can be repaired, `{fix, field}`.

    With a `label` the place for a file above it gets a name of its own.
    """
    return {"lines": list(lines), "maximum": maximum, "label": label}


def line(text: str, *, tone: str, field: str = "", fix: str | None = None) -> dict[str, object]:
    """One line of a note. `tone` is ok, bad or advice; `fix` is what the button says."""
    return {"text": text, "tone": tone, "field": field, "fix": fix}

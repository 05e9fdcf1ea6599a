"""Our own elements inside Gradio: each is a `gr.HTML` with a constant template around one custom element.

Gradio evaluates the contents of a template, so never put text from a person there. Data is passed as JSON in `value`
and `offer`, and the scripts in assets/js build the page from it with `textContent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

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
    """Build a custom element. `attributes` come from the catalogue or from us, never from a person.

    `module` is the script of assets/js that defines it, loaded when its tab is first opened. Without one, the script
    is loaded with the page.
    """
    written = "".join(f' {name}="{text}"' for name, text in (attributes or {}).items())
    # Once the header is defined, the page's first scripts run, and the others can be asked for.
    fetched = f"customElements.whenDefined('studio-header').then(() => studioModule('{module}.js')); " if module else ""
    quoted = ", ".join(f"'{event}'" for event in events)
    props: dict[str, Any] = {} if offer is None else {"offer": dict(offer)}  # Any: props of our own
    return gr.HTML(
        value=value,
        html_template=f"<{tag}{written}></{tag}>",
        # Gradio registers every event that is quoted in this script. The script may run before ours is loaded.
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


def event_of(part: Component, name: str) -> Callable[..., Dependency]:
    """Return the function that adds a listener to an event of a component: one of our own, or one of Gradio's."""
    # cast: Gradio makes our own events when they are asked for, and declares its own on some classes only
    return cast("Callable[..., Dependency]", getattr(part, name))


def note(elem_id: str, *, maximum: int | None = None, visible: bool = True) -> gr.HTML:
    """Build the line under a field: the accepted file, a problem with its fix, or the number of characters left.

    A click on a fix asks for it, see assets/js/form/ask.js.
    """
    value = note_value(maximum=maximum)
    return element("studio-note", elem_id=elem_id, value=value, visible=visible)


def note_value(*, lines: Sequence[Json] = (), maximum: int | None = None, label: str = "") -> dict[str, object]:
    """Build the value of a note. A line is `{text, tone}` and, if it can be repaired, `{fix, field}`.

    With a `label`, the file slot above it gets its own name.
    """
    return {"lines": list(lines), "maximum": maximum, "label": label}


def line(text: str, *, tone: str, field: str = "", fix: str | None = None) -> dict[str, object]:
    """Build one line of a note. `tone` is ok, bad or advice; `fix` is the label of the button."""
    return {"text": text, "tone": tone, "field": field, "fix": fix}

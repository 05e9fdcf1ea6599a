"""Builds a widget from a field of the catalogue, and texts from its limits.

One widget is built per name and kind for all models of a family. `update` adapts it to one model. This module does not
know which models exist, nor their names.
"""

from __future__ import annotations

import re
from abc import ABCMeta
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, assert_never

import gradio as gr
from gradio.components import Component
from gradio.data_classes import ImageData

from components.elements import element, note, note_value
from components.tab.draft import Shown
from components.text import money
from services.catalogue.schema import (
    AudioField,
    ChoiceField,
    Field,
    FilesField,
    FixedField,
    ImageField,
    NumberField,
    Size,
    SizeField,
    SwitchField,
    TextField,
    VideoField,
)

_AT_A_GLANCE = 6
"""More choices than this become a menu, unless they are drawn as shapes."""
_SHAPE = re.compile(r"\d{1,2}:\d{1,2}")
"""A choice such as 16:9, which is drawn as a small shape."""

Rates = Mapping[str, tuple[Decimal, str]]
"""The price of a second and its currency, by the value of a choice that determines it."""


class Kind(StrEnum):
    """The ways to enter a value."""

    WORDS = "words"
    NUMBER = "number"
    SLIDER = "slider"
    SEGMENTS = "segments"
    MENU = "menu"
    EFFECTS = "effects"
    SIZES = "sizes"
    SWITCH = "switch"
    PICTURE = "picture"
    SOUND = "sound"
    FILES = "files"


_GRADIOS = (Kind.WORDS, Kind.NUMBER, Kind.SLIDER, Kind.SWITCH, Kind.PICTURE, Kind.SOUND)
"""The kinds with texts drawn by Gradio. Our own elements draw the others."""
ONLY_CHANGE = (Kind.WORDS, Kind.NUMBER, Kind.SOUND)
"""The kinds that need `change` to catch all input: `input` does not fire for pasting, deleting and trimming."""
_NOTED = (Kind.WORDS, Kind.NUMBER, Kind.PICTURE, Kind.SOUND, Kind.FILES, Kind.SIZES)
"""The kinds with a line for problems under them."""


# Drawn on a canvas, which cannot use tokens: the accent and a grey that are visible in light and dark mode.
_WAVES = gr.WaveformOptions(waveform_color="#9a9186", waveform_progress_color="#d9622f", trim_region_color="#d9622f55")


def _path_of(_picture: gr.Image, payload: ImageData | None) -> str | None:
    """Return the path of an upload unread. The check reports a file that is not a picture; the form must not crash."""
    return payload.path if payload else None


# gr.Image opens every file it gets. Do not use a class statement: Gradio's metaclass would then write a .pyi file
# beside this one at every start. With `is_template` the browser draws it as its parent.
_Picture = ABCMeta.__new__(
    type(gr.Image), "_Picture", (gr.Image,), {"__module__": __name__, "preprocess": _path_of, "is_template": True}
)


@dataclass(frozen=True)
class Widget:
    """One way to enter one field. `key` is a Python name, unique in its tab."""

    key: str
    name: str
    kind: Kind
    component: Component
    note: gr.HTML | None
    folded: bool

    def __hash__(self) -> int:
        return hash(self.key)


def kind_of(field: Field) -> Kind:
    """Return the way to enter a field."""
    match field:
        case TextField():
            return Kind.WORDS
        case NumberField():
            return Kind.NUMBER if field.default is None else Kind.SLIDER
        case ChoiceField() if any(choice.preview for choice in field.choices):
            return Kind.EFFECTS
        case ChoiceField():
            drawn = any(_SHAPE.fullmatch(choice.label) for choice in field.choices)
            return Kind.SEGMENTS if drawn or len(field.choices) <= _AT_A_GLANCE else Kind.MENU
        case FixedField():
            return Kind.SEGMENTS
        case SizeField():
            return Kind.SIZES
        case SwitchField():
            return Kind.SWITCH
        case ImageField():
            return Kind.PICTURE
        case AudioField():
            return Kind.SOUND
        case VideoField() | FilesField():
            return Kind.FILES
        case _:
            assert_never(field)


def build(field: Field, *, key: str, elem_id: str, now: Mapping[str, object] | None, fixed: bool = True) -> Widget:
    """Draw the widget, and the line under it if the field can be wrong.

    `now` is the `update` for the initial model, or None if that model does not have the field. A widget that is not
    `fixed` has other texts with another model. A page translator would freeze them in Gradio's own components, so such
    a widget is marked as not translatable.
    """
    kind = kind_of(field)
    common = {"visible": False} if now is None else {name: value for name, value in now.items() if name != "__type__"}
    component = _component(field, kind=kind, common={"elem_id": elem_id, **common})
    if not fixed and kind in _GRADIOS:
        component.elem_classes = [*component.elem_classes, "notranslate"]
    maximum = field.max_chars if isinstance(field, TextField) else None
    line = note(f"{elem_id}-note", maximum=maximum, visible=now is not None) if kind in _NOTED else None
    return Widget(key=key, name=field.name, kind=kind, component=component, note=line, folded=field.folded)


def _component(field: Field, *, kind: Kind, common: dict[str, Any]) -> Component:  # Any: keywords of Gradio's parts
    label, info = field.label, field.help or None

    def over(**defaults: Any) -> dict[str, Any]:
        return defaults | common

    match kind:
        case Kind.WORDS:
            lines = field.lines if isinstance(field, TextField) else 1
            return gr.Textbox(lines=lines, max_lines=14, **over(label=label, info=info, value=""))
        case Kind.NUMBER:
            # gr.Number cannot be empty: it sends 0.
            return gr.Textbox(max_lines=1, placeholder="Any", **over(label=label, info=info, value=""))
        case Kind.SLIDER:
            return gr.Slider(buttons=[], **over(label=label, info=info, **_span(field)))
        case Kind.SWITCH:
            return gr.Checkbox(elem_classes=["switch"], **over(label=label, info=info))
        case Kind.PICTURE:
            return _Picture(
                type="filepath",
                image_mode=None,
                sources=["upload"],
                height=232,
                buttons=[],
                elem_classes=["uploader"],
                **over(label=label, placeholder=_invitation(field)),
            )
        case Kind.SOUND:
            return gr.Audio(
                type="filepath",
                sources=["upload"],
                buttons=[],
                elem_classes=["uploader", "sound"],
                waveform_options=_WAVES,
                **over(label=label),
            )
        case Kind.SEGMENTS | Kind.MENU | Kind.EFFECTS | Kind.SIZES:
            # Gradio's own menu reads the choice from the clicked node, which a page translator changes.
            return element(f"studio-{kind.value}", **over(value="", offer={}))
        case Kind.FILES:
            return element("studio-files", **over(value=[], offer={}))
        case _:
            assert_never(kind)


def update(field: Field, value: Shown, *, rates: Rates) -> dict[str, object]:
    """Return the update that makes the widget show this field with this value."""
    info = field.help or None
    match field:
        case NumberField() if field.default is not None:
            return gr.update(
                visible=True,
                label=f"{field.label} ({field.unit})" if field.unit else field.label,
                info=info,
                minimum=field.minimum,
                maximum=field.maximum,
                value=value,
            )
        case ChoiceField() | FixedField() | SizeField():
            return gr.update(visible=True, value=value, offer=offer_of(field, rates=rates))
        case FilesField():
            return gr.update(visible=True, value=value or [])
        case VideoField():
            return gr.update(visible=True, value=[value] if value else [])
        case TextField() | NumberField() | SwitchField():
            return gr.update(visible=True, label=field.label, info=info, value=value)
        case ImageField():
            return gr.update(visible=True, label=field.label, placeholder=_invitation(field), value=value)
        case AudioField():
            return gr.update(visible=True, label=field.label, value=value)
        case _:
            assert_never(field)


def _span(field: Field) -> dict[str, Any]:  # Any: keywords of a slider
    """Return the range of a slider. An initially hidden one needs it too: Gradio's default 0 would be refused."""
    if not isinstance(field, NumberField):
        return {}
    span = {"minimum": field.minimum, "maximum": field.maximum, "value": field.default}
    return span | {"step": 10**-field.places, "precision": field.places}


def _invitation(field: Field) -> str:
    """Return the text in an empty picture slot."""
    return f"# Drop a picture here, or press to choose\n{field.help}"


def words_of(field: Field) -> Mapping[str, object]:
    """Return the texts of a widget for this field, regardless of its contents."""
    return {name: words for name, words in update(field, None, rates={}).items() if name != "value"}


def value_in(field: Field, raw: Shown) -> Shown:
    """Convert the contents of a widget to the field's value. A one-file field has a list with that file."""
    if isinstance(field, VideoField):
        return raw[0] if isinstance(raw, list) and raw else None
    return raw


def update_note(field: Field) -> dict[str, object]:
    """Return the update for the empty line under a field, with its limit."""
    maximum = field.max_chars if isinstance(field, TextField) else None
    return gr.update(visible=True, value=note_value(maximum=maximum))


def offer_of(field: ChoiceField | FixedField | SizeField, *, rates: Rates) -> dict[str, object]:
    """Build the data of our own choosers: constant texts of the catalogue, and prices."""
    offer: dict[str, object] = {"label": field.label, "help": field.help}
    match field:
        case FixedField():
            text = f"{field.value} {field.unit}".strip()
            offer["choices"] = [{"value": str(field.value), "label": text, "note": "always, with this model"}]
        case ChoiceField():
            blank = [] if field.default is not None or field.required else [{"value": "", "label": field.blank}]
            offer["choices"] = blank + [
                {
                    "value": str(choice.value),
                    "label": choice.label,
                    "group": choice.group,
                    "preview": choice.preview,
                    "note": _rate(rates, str(choice.value)),
                }
                for choice in field.choices
            ]
        case SizeField():
            offer |= _sizes(field, rates)
        case _:
            assert_never(field)
    return offer


def _sizes(field: SizeField, rates: Rates) -> dict[str, object]:
    bounds = field.bounds
    free = bounds and {
        "min_pixels": bounds.min_pixels,
        "max_pixels": bounds.max_pixels,
        "longest_ratio": bounds.longest_ratio,
        "min_side": bounds.min_side,
        "max_side": bounds.max_side,
    }
    return {
        "sizes": [_size(size, rates) for size in field.sizes],
        "areas": [{"value": area.value, "label": area.value, "note": "your picture's shape"} for area in field.areas],
        "free": free,
        "empty": "Automatic" if field.default is None else None,
    }


def files_offer(field: FilesField | VideoField, *, prompt: str) -> dict[str, object]:
    """Build the file chooser's data on the field itself. `prompt` is the id of the prompt's block."""
    limits = [taken.vendor for taken in field.takes] if isinstance(field, FilesField) else [field.vendor]
    return {
        "field": field.name,
        "label": field.label,
        "help": field.help,
        "required": field.required or (isinstance(field, FilesField) and field.least > 0),
        "most": field.most if isinstance(field, FilesField) else 1,
        "kinds": [limit.kind for limit in limits],
        "accept": ",".join(f"{limit.kind}/*" for limit in limits),
        "prompt": prompt,
    }


def _size(size: Size, rates: Rates) -> dict[str, object]:
    return {
        "value": size.value,
        "tier": size.tier,
        "ratio": size.ratio,
        "width": size.width,
        "height": size.height,
        "note": _rate(rates, size.value),
    }


def _rate(rates: Rates, value: str) -> str:
    rate = rates.get(value)
    return f"{money(*rate)} / s" if rate else ""

"""The Settings tab: the mode of this studio, the keys of the regions, the files folder. It never contains a key.

assets/js/settings/keys.js lists, tests and adds keys over the studio's JSON routes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import gradio as gr

from components.elements import element
from services.catalogue import Catalogue

if TYPE_CHECKING:
    from services.studio import Studio

_NO_KEY = (
    "Nothing is set up yet, and nothing needs to be: the demo makes everything on this machine so that you can look "
    "around."
)
_TESTED = (
    "A key belongs to one region. <b>Test</b> asks the provider for your list of orders: it reads, and buys nothing."
)
_DEMO_KEYS = (
    "Keys are not added here while this is the demo: its jobs and yours would be mixed up. Write your key into "
    "<code translate='no'>.env</code> as shown below and start the studio again."
)


def build_settings(studio: Studio) -> None:
    """Draw the tab. Call it inside its `gr.Tab`."""
    gr.HTML(_mode(studio), elem_id="settings", elem_classes=["settings"], apply_default_css=False)
    with gr.Column(elem_classes=["settings", "settings-keys"]):
        gr.HTML(f"<h2>Keys</h2><p>{_DEMO_KEYS if studio.demo else _TESTED}</p>", apply_default_css=False)
        element("studio-keys", elem_id="keys", offer=models_by_region(studio.catalogue))
        gr.HTML(_lasting(studio), apply_default_css=False)
    gr.HTML(_files(studio), elem_classes=["settings"], apply_default_css=False)
    element("studio-admin", elem_id="admin", module="settings/admin")  # empty for anyone but an admin


def models_by_region(catalogue: Catalogue) -> dict[str, object]:
    """Return each region's number of models, and the models that only it offers.

    The family is added to each title, because several families share a title.
    """
    labels = {family.id: family.label for family in catalogue.families}
    offered: dict[str, object] = {}
    for region in catalogue.regions:
        here = [model for model in catalogue.models if model.offer(region.id)]
        only = [f"{model.title} ({labels[model.family]})" for model in here if len(model.offers) == 1]
        offered[region.id] = {"models": len(here), "of": len(catalogue.models), "only": only}
    return offered


def _mode(studio: Studio) -> str:
    if not studio.demo:
        mode = "This studio works with your account. What a job costs stands on the button before you press it."
    elif studio.settings.regions_with_a_key:
        mode = "This is the demo, because STUDIO_DEMO is set. Your key is not used and nothing is billed."
    else:
        mode = _NO_KEY
    return f"<section><h2>{'Demo' if studio.demo else 'Ready'}</h2><p>{mode}</p></section>"


def _lasting(studio: Studio) -> str:
    regions = [escape(region.id.upper()) for region in studio.catalogue.regions]
    names = "".join(f"<li><code translate='no'>DASHSCOPE_API_KEY_{region}</code></li>" for region in regions)
    region = escape(studio.settings.dashscope_region)
    return (
        "<details><summary>Keep keys for good</summary>"
        "<p>Make a key in the Model Studio console of its region, write it into a file named "
        "<code translate='no'>.env</code> beside <code translate='no'>app.py</code>, and start the studio again.</p>"
        f"<pre translate='no'>DASHSCOPE_API_KEY=sk-...\nDASHSCOPE_REGION={region}</pre>"
        f'<p>For further regions each has a name of its own:</p><ul class="names">{names}</ul></details>'
    )


def _files(studio: Studio) -> str:
    return (
        "<section><h2>Your files</h2><p>Results, history and logs are kept on this computer in</p>"
        f'<p><code class="path" translate="no">{escape(str(studio.settings.home))}</code></p>'
        "<p>Set <code translate='no'>STUDIO_HOME</code> to keep them elsewhere.</p></section>"
    )

"""Who asks, inside a listener of the page or a named endpoint.

Gradio runs listeners in tasks of its own: the request that began one is told by its context, not by ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradio.context import LocalContext

from services.domain.people import Person

if TYPE_CHECKING:
    from services.studio import Studio


def asking(studio: Studio) -> Person:
    """The person behind the listener that runs now. Raises NotFound where there must be one and is none."""
    request = LocalContext.request.get(None)
    return studio.person_in(request.headers if request else {})

"""The caller of a listener of the page or of a named endpoint.

Gradio runs listeners in its own tasks: the request behind one is in Gradio's context, not in ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradio.context import LocalContext

from services.domain.people import Person

if TYPE_CHECKING:
    from services.studio import Studio


def asking(studio: Studio) -> Person:
    """Return the person behind the current listener. Raises NotFound if a person is required and missing."""
    headers: Mapping[str, str] = getattr(LocalContext.request.get(None), "headers", {})
    return studio.person_in(headers)

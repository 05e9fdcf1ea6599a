"""Numbers that our libraries read from the environment on import. An invalid number would end the program."""

from __future__ import annotations

from collections.abc import MutableMapping

NUMBERS = (
    "GRADIO_SERVER_PORT",
    "GRADIO_NUM_PORTS",
    "GRADIO_NODE_NUM_PORTS",
    "GRADIO_ANALYTICS_MAX_EVENTS",
    "HF_HUB_ETAG_TIMEOUT",
    "HF_HUB_DOWNLOAD_TIMEOUT",
)


def mend_numbers(environ: MutableMapping[str, str]) -> list[str]:
    """Remove values that are not numbers. Returns the changes, as sentences."""
    said: list[str] = []
    for name in NUMBERS:
        try:
            int(environ.get(name, "0"))
        except ValueError:
            said += [f"{name} is no whole number: it is not used."] if environ[name].strip() else []
            del environ[name]
    return said

"""Mounts the page and its API on the studio's web application, in the one safe way."""

from __future__ import annotations

import warnings

import gradio as gr
from fastapi import FastAPI
from starlette.responses import RedirectResponse
from starlette.routing import Mount

from components.api.generate import add_endpoints
from components.browser_files import AT, BrowserFiles
from components.document import Document
from components.page import build_page, head_of, page_options
from services.studio import Studio

_LARGEST_UPLOAD = "210mb"
ENDPOINTS = "endpoints"
"""The page of Gradio that holds the named endpoints, so that the studio's page does not carry their many parts."""
_QUEUE_LOOK_SECONDS = 0.05
"""How often Gradio looks for a queued event. Its own millisecond keeps a core 6 % busy in an idle studio."""
_PROGRESS_LOOK_SECONDS = 1.0
"""How often Gradio looks for progress of an event. None of the studio's has any: a job is no event."""
_FOR_DOCUMENTATION = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs")


def mount_page(app: FastAPI, studio: Studio) -> FastAPI:
    """Mount the page at `/`, its named endpoints and its MCP server. Returns the application."""
    files = BrowserFiles()
    app.mount(AT, files)
    for path in (f"/{ENDPOINTS}", f"/{ENDPOINTS}/"):  # a page that shows nothing
        app.add_route(path, lambda _request: RedirectResponse("/"))
    page = build_page(studio)
    with page.route("Endpoints", ENDPOINTS, show_in_navbar=False):
        add_endpoints(studio)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SSR mode")  # which is off
        mounted = gr.mount_gradio_app(  # pyright: ignore[reportUnknownMemberType]  # gradio does not type its `auth`
            app,
            page,
            path="/",
            footer_links=[],
            run_history=False,
            show_error=False,
            ssr_mode=False,
            allowed_paths=[],
            max_file_size=_LARGEST_UPLOAD,
            mcp_server=True,
            app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
            **page_options(),
        )
    route = mounted.routes[-1]
    assert isinstance(route, Mount)  # noqa: S101 - Gradio has just added it
    route.app = Document(route.app, head=head_of(studio, address=files.address))
    _lighten(page)
    # Gradio checks that a file was uploaded by its user only if the app "has launched". Mounting does not set that:
    # without this line any caller could read any file of this machine. A test posts /etc/passwd.
    page.has_launched = True
    queue = page._queue  # pyright: ignore[reportPrivateUsage]  # no other way
    queue.sleep_when_free = _QUEUE_LOOK_SECONDS
    queue.progress_update_sleep_when_free = _PROGRESS_LOOK_SECONDS
    page.enable_monitoring = False  # else any visitor may read how often each endpoint was called
    return mounted


def _lighten(page: gr.Blocks) -> None:
    """Leave out what only API documentation needs of parts that no named endpoint has: a quarter of the document.

    Gradio describes the named endpoints from their own parts, which keep everything. Their page is not told to the
    browser, which would show a bar to change between pages.
    """
    page.config["pages"] = page.config["pages"][:1]
    drawn = set(page.config["page"][""]["components"])
    for part in page.config["components"]:
        if part["id"] in drawn:
            for name in _FOR_DOCUMENTATION:
                part.pop(name, None)

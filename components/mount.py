"""Mounts the page and its API on the studio's web application, in the one safe way."""

from __future__ import annotations

import gradio as gr
from fastapi import FastAPI

from components.api.generate import add_endpoints
from components.page import build_page, page_options
from services.studio import Studio

_LARGEST_UPLOAD = "210mb"


def mount_page(app: FastAPI, studio: Studio) -> FastAPI:
    """Mount the page at `/`, its named endpoints and its MCP server. Returns the application."""
    page = build_page(studio)
    with page:
        add_endpoints(studio)
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
        **page_options(studio),
    )
    # Gradio checks that a file was uploaded by its user only if the app "has launched". Mounting does not set that:
    # without this line any caller could read any file of this machine. A test posts /etc/passwd.
    page.has_launched = True
    page.enable_monitoring = False  # else any visitor may read how often each endpoint was called
    return mounted

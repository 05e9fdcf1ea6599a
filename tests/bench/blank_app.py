"""A program: the least that Gradio can be, one button on an empty page, mounted and served as the studio is."""

from __future__ import annotations

import sys

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware


def main() -> None:
    """Serve until stopped."""
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=1024)

    @app.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    with gr.Blocks(analytics_enabled=False) as page:
        gr.Button("Generate")
    uvicorn.run(
        gr.mount_gradio_app(app, page, path="/", ssr_mode=False),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()

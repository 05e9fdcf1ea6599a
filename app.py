"""Wan Studio: settings -> services -> one web application with the page on it. Run it with `python app.py`."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from filelock import FileLock, Timeout

from services.catalogue import CATALOGUE, Catalogue
from services.settings import Settings
from services.watching.logs import log_to


def main() -> int:
    """Serve until stopped. Returns the exit code."""
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_to(settings.home, as_json=settings.studio_log_json)
    lock = FileLock(settings.home / "studio.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.stderr.write(f"Another studio is already using {settings.home}. Stop it first, or set STUDIO_HOME.\n")
        return 1
    with lock:
        serve(settings)
    return 0


def serve(settings: Settings) -> None:
    """Build the application and serve it."""
    import uvicorn  # noqa: PLC0415 - after the settings, which decide where Gradio keeps its files

    app = create_app(settings)
    where = f"http://{settings.studio_host}:{settings.studio_port}"
    mode = "demo mode: nothing is billed" if settings.demo else "ready"
    sys.stdout.write(f"Wan Studio on {where} ({mode})\n")
    sys.stdout.flush()
    uvicorn.run(
        app,
        host=settings.studio_host,
        port=settings.studio_port,
        log_level="warning",
        timeout_graceful_shutdown=3,  # an open page holds a stream that would never end by itself
    )


def create_app(settings: Settings, *, catalogue: Catalogue = CATALOGUE) -> FastAPI:
    """The web application: the page, its API and MCP, the studio's own routes, all hardened."""
    # Gradio reads these when it is imported.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.home / "cache" / "uploads"))
    from starlette.middleware.cors import CORSMiddleware  # noqa: PLC0415
    from starlette.middleware.gzip import GZipMiddleware  # noqa: PLC0415

    from components.mount import mount_page  # noqa: PLC0415
    from services.hardening import Hardening  # noqa: PLC0415
    from services.routes import add_routes  # noqa: PLC0415
    from services.studio import Studio  # noqa: PLC0415

    studio = Studio(settings, catalogue=catalogue)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with studio.running():
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # with one of our own Gradio does not let every site in
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(Hardening, names=settings.names)
    add_routes(app, studio)
    return mount_page(app, studio)


if __name__ == "__main__":
    sys.exit(main())

"""Wan Studio: settings -> services -> one web application with the page on it. Run it with `python app.py`.

Use no syntax newer than Python 3.7 here: `import services` reports which Python versions are supported.
"""

import argparse
import logging
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Optional

import services
from services.environment.console import EXIT_CODE, INTERRUPTED_EXIT_CODE, CannotStart, say, say_all

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

    from services.catalogue import Catalogue
    from services.settings import Settings

log = logging.getLogger(f"{services.__name__}.startup")  # the import refused a Python that is too old


def main(arguments: "Optional[Sequence[str]]" = None) -> int:  # noqa: UP045 - an older Python has to read this
    """Serve until stopped. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python app.py", description="Serve the studio, until Ctrl+C.")
    parser.add_argument(
        "--check", action="store_true", help="say what is set and whether the studio can start, and end"
    )
    options = parser.parse_args(arguments)
    try:
        if options.check:
            from services.startup.doctor import main as check  # noqa: PLC0415 - packages may be missing

            return check([])
        return start()
    except CannotStart as error:
        say_all(error.sentences)
    except KeyboardInterrupt:  # before it served; unfinished jobs resume at the next start
        return INTERRUPTED_EXIT_CODE
    except ModuleNotFoundError as error:
        say(f"The package {error.name} is missing. Install what the studio needs:")
        say(f'"{sys.executable}" -m pip install -r requirements.txt')
    return EXIT_CODE


def start() -> int:
    """Check everything that may prevent a start, reserve the address, and serve. Raises CannotStart."""
    from services.monitoring.logs import errors_to_console, log_to  # noqa: PLC0415
    from services.startup.begin import begin  # noqa: PLC0415 - packages may be missing
    from services.startup.listening import close, reserve  # noqa: PLC0415
    from services.startup.lock import only_one_studio  # noqa: PLC0415

    begun = begin()
    settings = begun.settings
    try:
        log_to(settings.home, as_json=settings.studio_log_json)
    except OSError as error:
        raise CannotStart(f"The log in {settings.home} cannot be written ({error.strerror}).") from error
    errors_to_console(settings.home)
    for remark in begun.remarks:
        log.warning("%s", remark)
    say_all(begun.remarks)
    with only_one_studio(settings):
        sockets = reserve(settings.studio_host, settings.studio_port)
        try:
            return serve(settings, sockets)
        finally:
            close(sockets)


def serve(settings: "Settings", sockets: "Sequence[socket.socket]") -> int:
    """Build the application and serve it. Returns the exit code."""
    from services.startup.listening import origin  # noqa: PLC0415
    from services.startup.server import FAILED_EXIT_CODE, serve_until_stopped  # noqa: PLC0415

    def announce(port: int) -> None:
        mode = "demo mode: nothing is billed" if settings.demo else "ready"
        say(f"Wan Studio on {origin(settings.studio_host, port)} ({mode})", to=sys.stdout)

    try:
        app = create_app(settings)
    except Exception:  # any error: its traceback belongs in the log
        log.exception("the studio could not be built")
        return FAILED_EXIT_CODE
    return serve_until_stopped(app, sockets, announce=announce)


def create_app(settings: "Settings", *, catalogue: "Optional[Catalogue]" = None) -> "FastAPI":  # noqa: UP045
    """Build the web application: the page, its API and MCP, and the studio's own routes, all hardened."""
    # Gradio reads these when it is imported.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.home / "cache" / "uploads"))
    from fastapi import FastAPI  # noqa: PLC0415
    from starlette.middleware.cors import CORSMiddleware  # noqa: PLC0415
    from starlette.middleware.gzip import GZipMiddleware  # noqa: PLC0415

    from components.mount import mount_page  # noqa: PLC0415
    from services.catalogue import CATALOGUE  # noqa: PLC0415
    from services.studio import Studio  # noqa: PLC0415
    from services.web import add_routes  # noqa: PLC0415
    from services.web.security import Hardening  # noqa: PLC0415

    studio = Studio(settings, catalogue=catalogue or CATALOGUE)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        async with studio.running():
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # with our own middleware, Gradio does not allow every site
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(Hardening, names=settings.names)
    add_routes(app, studio)
    return mount_page(app, studio)


if __name__ == "__main__":
    sys.exit(main())

"""The studio's own web server. It announces its address once it listens, and its errors are never silent."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from services.environment.console import CannotStart
from services.startup.listening import why_not_listening

_LETS_PAGES_GO_SECONDS = 3
"""Timeout for open pages at shutdown: each holds a stream that would never end by itself."""
_BACKLOG = 2048
FAILED_EXIT_CODE = 3
"""Exit code if the studio could not start."""


def serve_until_stopped(app: FastAPI, sockets: Sequence[socket.socket], *, announce: Callable[[int], None]) -> int:
    """Serve until stopped. Calls `announce` with the port once the server listens. Returns the exit code."""
    _exclude_from_collection()
    config = uvicorn.Config(
        app,
        log_config=None,  # its lines go to our log, and errors in short to the console
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_LETS_PAGES_GO_SECONDS,
        backlog=_BACKLOG,
        workers=1,  # regardless of WEB_CONCURRENCY
    )
    server = _Announcing(config, announce)
    with suppress(KeyboardInterrupt):
        try:
            server.run(sockets=list(sockets))
        except SystemExit:  # the studio could not start: the reason is in the log and on the console
            return FAILED_EXIT_CODE
        except OSError as error:  # another program took the address after it was reserved
            host, port = sockets[0].getsockname()[:2]
            raise CannotStart(why_not_listening(error, host, port)) from error
    return 0 if server.started else FAILED_EXIT_CODE


def _exclude_from_collection() -> None:
    """Exclude what exists now, the page above all, from garbage collection: it lives until the process ends.

    A full collection would take more than 100 ms and block everything else meanwhile. Without these objects it takes
    10 ms.
    """
    gc.collect()
    gc.freeze()


class _Announcing(uvicorn.Server):
    """A server that announces when it is ready."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[int], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve."""
        await super().startup(sockets)
        if self.started and not self.should_exit and sockets:
            self._announce(sockets[0].getsockname()[1])

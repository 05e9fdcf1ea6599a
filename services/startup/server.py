"""The studio's own web server: it says where it is once it listens, and what goes wrong in it is never silent."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from services.environment.console import CannotStart
from services.startup.listening import why_not_listening

_LETS_PAGES_GO_SECONDS = 3
"""An open page holds a stream that would never end by itself."""
_BACKLOG = 2048
FAILED_EXIT_CODE = 3
"""How the program ends when the studio could not begin to work."""


def serve_until_stopped(app: FastAPI, sockets: Sequence[socket.socket], *, announce: Callable[[int], None]) -> int:
    """Serve until stopped; `announce` is called with the port once the server listens. Returns the exit code."""
    config = uvicorn.Config(
        app,
        log_config=None,  # its lines go where ours go: to the log, errors in short to the console
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_LETS_PAGES_GO_SECONDS,
        backlog=_BACKLOG,
        workers=1,  # whatever WEB_CONCURRENCY says
    )
    server = _Announcing(config, announce)
    with suppress(KeyboardInterrupt):
        try:
            server.run(sockets=list(sockets))
        except SystemExit:  # the studio could not begin to work; why is in the log and on the console
            return FAILED_EXIT_CODE
        except OSError as error:  # the address was taken since it was reserved
            host, port = sockets[0].getsockname()[:2]
            raise CannotStart(why_not_listening(error, host, port)) from error
    return 0 if server.started else FAILED_EXIT_CODE


class _Announcing(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[int], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self.started and not self.should_exit and sockets:
            self._announce(sockets[0].getsockname()[1])

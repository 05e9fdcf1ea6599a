"""Serves the simulator over real HTTP, inside a running event loop. Hides uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncGenerator, Generator
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.simulator.api.app import Simulator
from services.simulator.api.broken import TRANSPORT

log = logging.getLogger(__name__)
log.setLevel(logging.ERROR)

_BACKLOG = 2048
_LETS_CALLS_FINISH_SECONDS = 1
_KEEPS_CONNECTIONS_SECONDS = 75
"""Well above any client's pause between two polls.

The vendor's own package pauses 5 s, which is also the server's usual limit. With that limit, it would sometimes send a
call on a connection that is just being closed.
"""


@contextlib.asynccontextmanager
async def serve(simulator: Simulator, *, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str, None]:
    """Serve a simulator and yield its origin, such as http://127.0.0.1:43121. Port 0 picks a free one.

    Raises OSError if the address is in use. Leaving the block ends every connection and closes the simulator.
    """
    sockets = [_listen(host, port)]
    bound = sockets[0].getsockname()[1]
    server = _QuietServer(
        uvicorn.Config(
            simulator.app,
            http=_Protocol,
            ws="none",
            lifespan="off",  # the simulator is started and closed below
            # Log through `log`: the levels of uvicorn's own loggers apply to the whole process, and would also silence
            # the studio that is served beside the simulator in demo mode.
            log_config=None,
            log_level=None,
            workers=1,  # ignore WEB_CONCURRENCY
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEPS_CONNECTIONS_SECONDS,
            timeout_graceful_shutdown=_LETS_CALLS_FINISH_SECONDS,
        )
    )
    await simulator.start()
    serving = asyncio.create_task(server.serve(sockets=sockets))
    end_door = simulator.faults.on_door(_door(server, host, bound))
    try:
        await server.ready.wait()
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        end_door()
        server.should_exit = True
        await serving
        await simulator.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Name the protocol: asyncio sets TCP_NODELAY (sends small packets at once) only then. It saves 40 ms a call.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on other systems the option would let two programs share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to its host program and reports when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture nothing."""
        yield


class _Protocol(H11Protocol):
    """One connection. The application finds its transport in the scope and can break it."""

    # Any: uvicorn passes its own configuration, in keywords that it alone defines.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = log
        self.access_log = False
        inner = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = self.transport
            await inner(scope, receive, send)

        self.app = with_transport


def _door(server: uvicorn.Server, host: str, port: int) -> Any:  # Any: a callable kept by Faults
    """Return a callback that closes the listening socket, so that the system refuses connections, or reopens it."""
    loop = asyncio.get_running_loop()

    def move(closing: bool) -> None:  # noqa: FBT001 - the shape Faults calls
        loop.call_soon_threadsafe(_close if closing else _open)

    def _close() -> None:
        for listening in server.servers:
            listening.close()
        server.servers.clear()
        for connection in list(server.server_state.connections):
            connection.shutdown()  # idle ones close now, busy ones after their reply

    def _open() -> None:
        if not server.servers:
            opening.append(loop.create_task(_reopen()))

    async def _reopen() -> None:
        def protocol() -> _Protocol:
            return _Protocol(config=server.config, server_state=server.server_state, app_state=server.lifespan.state)

        server.servers.append(await loop.create_server(protocol, sock=_listen(host, port), backlog=_BACKLOG))

    opening: list[asyncio.Task[None]] = []
    return move

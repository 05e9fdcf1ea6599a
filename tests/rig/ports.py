"""Ports of this machine that are free, and stay so until a test's own process takes them."""

from __future__ import annotations

import secrets
import socket

_FIRST, _LAST = 20_000, 32_000
"""Below the ports that Linux and Windows hand out of themselves: nobody gets one of these by chance meanwhile."""


def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port

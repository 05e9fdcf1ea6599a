"""The address that a server listens on, reserved before anything heavy is loaded. A sentence if it is unavailable."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Sequence
from typing import Any

from services.environment.console import CannotStart

_ANSWERS_WITHIN_SECONDS = 1.0
_PORTS_TO_TRY = 20
_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to connect to for what may be listened on
_WINDOWS_NO_RIGHT = 10013
_WINDOWS_TAKEN = 10048


def reserve(host: str, port: int, *, setting: str = "STUDIO_PORT") -> list[socket.socket]:
    """Reserve an address for this process. Port 0 takes a free port. Raises CannotStart.

    Connections are refused until `listen`. A name may resolve to several addresses: all that belong to this machine
    are taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotStart(_unknown_host(host)) from error
    taken: list[socket.socket] = []
    refusals: list[OSError] = []
    for family, _, _, _, address in dict.fromkeys(found):
        number = taken[0].getsockname()[1] if taken else port
        try:
            taken.append(_bound(family, (address[0], number, *address[2:])))
        except OSError as error:
            refusals.append(error)
    hard = [error for error in refusals if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}]
    if hard or not taken:
        close(taken)
        error = (hard or refusals)[0]
        raise CannotStart(why_not_listening(error, host, port, setting=setting)) from error
    return taken


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    # Any: the parts of an address depend on its family.
    # Name the protocol: without it, asyncio does not set TCP_NODELAY for small packets, which costs 40 ms a call.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on other systems the option would let two programs share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


def close(sockets: Sequence[socket.socket]) -> None:
    """Release the addresses."""
    for each in sockets:
        each.close()


def origin(host: str, port: int) -> str:
    """Return the address to open in a browser."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def why_not_listening(error: OSError, host: str, port: int, *, setting: str = "STUDIO_PORT") -> str:
    """Explain in a sentence why an address is not available, and what helps."""
    if error.errno in {errno.EADDRINUSE, _WINDOWS_TAKEN}:
        if is_a_studio(host, port):
            return (
                f"A Wan Studio is running on {origin(_near(host), port)} already. Open it there, or set {setting} to "
                f"another number{_for_example(host, port)}."
            )
        return (
            f"Port {port} is taken by another program on this machine. Stop that program, or set {setting} to another "
            f"number{_for_example(host, port)}."
        )
    if error.errno in {errno.EACCES, errno.EPERM, _WINDOWS_NO_RIGHT}:
        return (
            f"This account may not listen on port {port}. Ports below 1024 are often kept for the system. "
            f"Set {setting} to another number, for example 7860."
        )
    if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
        return _unknown_host(host)
    return f"The studio cannot listen on {origin(host, port)}: {error.strerror or error}."


def _unknown_host(host: str) -> str:
    return (
        f"{host} is not an address of this machine, so the studio cannot listen there. "
        "Set STUDIO_HOST to 127.0.0.1 for this machine alone, or to 0.0.0.0 for all its addresses."
    )


def _near(host: str) -> str:
    return _ALL.get(host, host)


def _for_example(host: str, port: int) -> str:
    """Return a free port near by, as the end of a sentence."""
    for number in range(port + 1, min(port + _PORTS_TO_TRY, 65536)):
        if is_free(host, number):
            return f", for example {number}"
    return ""


def is_free(host: str, port: int) -> bool:
    """Return whether an address is available right now."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        _bound(found[0][0], found[0][4]).close()
    except (OSError, UnicodeError, IndexError):
        return False
    return True


def is_a_studio(host: str, port: int) -> bool:
    """Return whether a studio answers at an address. Uses a raw socket: one short request, one short response."""
    question = f"GET /healthz HTTP/1.0\r\nHost: {origin('127.0.0.1', port)[7:]}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((_near(host), port), timeout=_ANSWERS_WITHIN_SECONDS) as asking:
            asking.sendall(question.encode())
            answer = b""
            while len(answer) < 10_000 and (piece := asking.recv(4096)):
                answer += piece
        told = json.loads(answer.partition(b"\r\n\r\n")[2])
    except (OSError, ValueError, UnicodeError):
        return False
    return isinstance(told, dict) and {"status", "demo", "regions"} <= told.keys()

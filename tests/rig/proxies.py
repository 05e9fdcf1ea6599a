"""Small proxies on this machine, as companies have them: one for SOCKS5, one for HTTP. All they are asked for leads to
one place here, whatever its name was."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_NO_AUTHENTICATION, _PASSWORD, _REFUSED = 0, 2, 255
_BY_NAME, _BY_IPV4 = 3, 1


@dataclass
class Proxy:
    """A proxy that runs."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    """The hosts and ports it was asked for, as they were named."""
    people: list[str] = field(default_factory=list)
    """`name:password`, as it was given."""


@asynccontextmanager
async def socks5_proxy(leads_to: int, *, password: bool = False) -> AsyncIterator[Proxy]:
    """Serve SOCKS5 (RFC 1928), with a name and password (RFC 1929) if wanted; every way leads to one port here."""
    proxy = Proxy()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        method = _PASSWORD if password else _NO_AUTHENTICATION
        writer.write(bytes((5, method if method in methods else _REFUSED)))
        if password:
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            word = await reader.readexactly((await reader.readexactly(1))[0])
            proxy.people.append(f"{name.decode()}:{word.decode()}")
            writer.write(b"\x01\x00")
        *_, kind = await reader.readexactly(4)
        host = await reader.readexactly(4 if kind == _BY_IPV4 else (await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2), "big")
        named = ".".join(map(str, host)) if kind == _BY_IPV4 else host.decode()
        proxy.asked.append(f"{named}:{port}")
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        await _join(reader, writer, leads_to)

    async with _listening(answer, proxy):
        yield proxy


@asynccontextmanager
async def http_proxy(leads_to: int) -> AsyncIterator[Proxy]:
    """Serve an HTTP proxy: whole addresses are passed on, CONNECT opens a way; all lead to one port here."""
    proxy = Proxy()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *headers = head.decode().split("\r\n")
        method, target, version = first.split(" ")
        for header in headers:
            name, _, value = header.partition(": ")
            if name.lower() == "proxy-authorization":
                proxy.people.append(base64.b64decode(value.removeprefix("Basic ")).decode())
        if method == "CONNECT":
            proxy.asked.append(target)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join(reader, writer, leads_to)
            return
        place, _, path = target.partition("://")[2].partition("/")
        proxy.asked.append(place)
        kept = [header for header in headers if not header.lower().startswith(("proxy-", "connection:"))]
        onward = "\r\n".join([f"{method} /{path} {version}", "Connection: close", *kept])
        await _join(reader, writer, leads_to, first=onward.encode())

    async with _listening(answer, proxy):
        yield proxy


@asynccontextmanager
async def _listening(answer: object, proxy: Proxy) -> AsyncIterator[None]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        carrying.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await answer(reader, writer)  # type: ignore[operator]  # one of the two above
        finally:
            carrying.discard(task)
            await _close(writer)

    carrying: set[asyncio.Task[object]] = set()
    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        left = tuple(carrying)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, *, first: bytes = b"") -> None:
    """Carry bytes both ways until either side closes."""
    back, onward = await asyncio.open_connection("127.0.0.1", port)
    onward.write(first)
    there = asyncio.create_task(_carry(reader, onward))
    try:
        await _carry(back, writer)
    finally:
        there.cancel()
        await _close(onward)


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(65536):
        target.write(piece)
        await target.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()

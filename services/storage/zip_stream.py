"""A ZIP that is made while it is read: never as a whole in memory, nor as a file of its own.

Pictures and clips do not get smaller, so nothing is compressed. Reads files: everything here is meant for a thread, and
`Reader` takes it there.
"""

from __future__ import annotations

import asyncio
import time
import zipfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

_CHUNK = 256 * 1024
_FIRST_YEAR = 1980
_ORDINARY_FILE = 0o644 << 16


class _Sink:
    """Where the ZIP is written to: bytes wait here until somebody takes them. It cannot go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """What is here can still be taken."""

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


class ZipStream:
    """A ZIP under way. One entry at a time; `end` gives the last bytes, `close` may be called at any time."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)
        self._entry: IO[bytes] | None = None

    def file(self, name: str, path: Path, *, made_at: int = 0) -> Generator[bytes, None, None]:
        """A file under a name, in pieces. `made_at` is its date, in milliseconds since 1970."""
        with path.open("rb") as source:
            yield from self.entry(name, iter(lambda: source.read(_CHUNK), b""), made_at=made_at)

    def entry(self, name: str, pieces: Iterable[bytes], *, made_at: int = 0) -> Generator[bytes, None, None]:
        """Whatever comes in pieces, under a name."""
        yield from self.begin(name, made_at=made_at)
        for piece in pieces:
            yield from self.add(piece)
        yield from self.finish()

    def begin(self, name: str, *, made_at: int = 0) -> Generator[bytes, None, None]:
        """Begin an entry that comes bit by bit: `add` as often as needed, then `finish`."""
        info = zipfile.ZipInfo(name, date_time=_date(made_at))
        info.external_attr = _ORDINARY_FILE
        self._entry = self._zip.open(info, "w", force_zip64=True)
        yield self._sink.take()

    def add(self, data: bytes) -> Generator[bytes, None, None]:
        """More of the entry."""
        if self._entry is None:
            raise ValueError("there is no entry to add to")
        self._entry.write(data)
        yield self._sink.take()

    def finish(self) -> Generator[bytes, None, None]:
        """Be done with the entry."""
        self._close_entry()
        yield self._sink.take()

    def end(self) -> Generator[bytes, None, None]:
        """The list of what is in it: nothing can be added after this."""
        self._zip.close()
        yield self._sink.take()

    def close(self) -> None:
        """Be done with it, whole or not."""
        self._close_entry()
        self._zip.close()

    def _close_entry(self) -> None:
        if self._entry is not None:
            self._entry.close()
            self._entry = None


class Reader:
    """Takes generators through a thread, piece by piece, and cleans up when whoever reads goes away in the middle."""

    def __init__(self, stream: ZipStream) -> None:
        self._stream = stream
        self._source: Generator[bytes, None, None] | None = None
        self._running: asyncio.Future[bytes | None] | None = None

    def begin(self, source: Generator[bytes, None, None]) -> None:
        """Read from this one, the last one being at its end."""
        self._source = source

    async def read(self) -> bytes | None:
        """The next piece; None at the end."""
        if self._source is None:
            return None
        self._running = asyncio.ensure_future(asyncio.to_thread(next, self._source, None))
        return await asyncio.shield(self._running)

    def close(self) -> None:
        """Close what is open. A thread that reads just now ends first; nobody waits for it."""
        if self._running is None or self._running.done():
            self._end()
        else:
            self._running.add_done_callback(self._end_after)

    def _end_after(self, running: asyncio.Future[bytes | None]) -> None:
        if not running.cancelled():
            running.exception()  # nobody is there any more to be told
        self._end()

    def _end(self) -> None:
        if self._source is not None:
            self._source.close()
        self._stream.close()


def _date(milliseconds: int) -> tuple[int, int, int, int, int, int]:
    moment = time.localtime(milliseconds / 1000)
    return (*moment[:6],) if moment.tm_year >= _FIRST_YEAR else (_FIRST_YEAR, 1, 1, 0, 0, 0)


def zipped(files: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    """A zip of files under these names, made while it is read. It reads files: iterate in a thread."""
    with closing(ZipStream()) as stream:
        for name, path in files:
            yield from stream.file(name, path)
        yield from stream.end()

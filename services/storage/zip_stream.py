"""A ZIP that is made while it is read: it is never whole in memory, nor a file of its own.

Pictures and clips do not compress further, so nothing is compressed. Blocking: everything here reads files, and
`Reader` runs it in a thread.
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
    """The target of the ZIP writer: bytes are buffered here until they are taken. It cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: no bytes are buffered anywhere else."""

    def close(self) -> None:
        """Do nothing: the buffered bytes can still be taken."""

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


class ZipStream:
    """A ZIP in progress. One entry at a time. `end` yields the last bytes; `close` may be called at any time."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)
        self._entry: IO[bytes] | None = None

    def file(self, name: str, path: Path, *, made_at: int = 0) -> Generator[bytes, None, None]:
        """Yield a file under a name, in pieces. `made_at` is its date, in milliseconds since 1970."""
        with path.open("rb") as source:
            yield from self.entry(name, iter(lambda: source.read(_CHUNK), b""), made_at=made_at)

    def entry(self, name: str, pieces: Iterable[bytes], *, made_at: int = 0) -> Generator[bytes, None, None]:
        """Yield an entry made of these pieces, under a name."""
        yield from self.begin(name, made_at=made_at)
        for piece in pieces:
            yield from self.add(piece)
        yield from self.finish()

    def begin(self, name: str, *, made_at: int = 0) -> Generator[bytes, None, None]:
        """Begin an entry that arrives bit by bit: call `add` as often as needed, then `finish`."""
        info = zipfile.ZipInfo(name, date_time=_date(made_at))
        info.external_attr = _ORDINARY_FILE
        self._entry = self._zip.open(info, "w", force_zip64=True)
        yield self._sink.take()

    def add(self, data: bytes) -> Generator[bytes, None, None]:
        """Add bytes to the entry."""
        if self._entry is None:
            raise ValueError("there is no entry to add to")
        self._entry.write(data)
        yield self._sink.take()

    def finish(self) -> Generator[bytes, None, None]:
        """Finish the entry."""
        self._close_entry()
        yield self._sink.take()

    def end(self) -> Generator[bytes, None, None]:
        """Yield the list of its entries: nothing can be added after this."""
        self._zip.close()
        yield self._sink.take()

    def close(self) -> None:
        """Close it, complete or not."""
        self._close_entry()
        self._zip.close()

    def _close_entry(self) -> None:
        if self._entry is not None:
            self._entry.close()
            self._entry = None


class Reader:
    """Runs generators in a thread, piece by piece, and cleans up if the reader leaves in the middle."""

    def __init__(self, stream: ZipStream) -> None:
        self._stream = stream
        self._source: Generator[bytes, None, None] | None = None
        self._running: asyncio.Future[bytes | None] | None = None

    def begin(self, source: Generator[bytes, None, None]) -> None:
        """Read from this generator next; the previous one must be exhausted."""
        self._source = source

    async def read(self) -> bytes | None:
        """Return the next piece; None at the end."""
        if self._source is None:
            return None
        self._running = asyncio.ensure_future(asyncio.to_thread(next, self._source, None))
        return await asyncio.shield(self._running)

    def close(self) -> None:
        """Close everything that is open. A read that is running in a thread ends first; this does not wait for it."""
        if self._running is None or self._running.done():
            self._end()
        else:
            self._running.add_done_callback(self._end_after)

    def _end_after(self, running: asyncio.Future[bytes | None]) -> None:
        if not running.cancelled():
            running.exception()  # no reader is left to receive it
        self._end()

    def _end(self) -> None:
        if self._source is not None:
            self._source.close()
        self._stream.close()


def _date(milliseconds: int) -> tuple[int, int, int, int, int, int]:
    moment = time.localtime(milliseconds / 1000)
    return (*moment[:6],) if moment.tm_year >= _FIRST_YEAR else (_FIRST_YEAR, 1, 1, 0, 0, 0)


def zipped(files: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    """Yield a ZIP of files under these names, made while it is read. It reads files: iterate in a thread."""
    with closing(ZipStream()) as stream:
        for name, path in files:
            yield from stream.file(name, path)
        yield from stream.end()

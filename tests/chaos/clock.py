"""One time for the simulator and every studio of a run, which can be moved on by hours at once.

Hides how processes share it: a small file that each has in its memory.
"""

from __future__ import annotations

import asyncio
import mmap
import struct
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

_NUMBER = struct.Struct("q")


class SharedClock:
    """The machine's time and what was added to it. A `Clock` of the simulator; `now_ms` is a studio's clock.

    Only the process that made the file moves it. A sleep lasts as long as it was meant to when it began: the provider's
    machines are not asleep while ours are.
    """

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(_NUMBER.pack(0))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _NUMBER.size)
        self._moves: list[tuple[int, int]] = [(0, 0)]
        """Since when, in real milliseconds, which offset holds."""

    def close(self) -> None:
        """Let go of the file."""
        self._shared.close()

    @property
    def offset_ms(self) -> int:
        """How far this time is ahead of the machine's."""
        return _NUMBER.unpack_from(self._shared)[0]

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return real_ms() + self.offset_ms

    def now(self) -> datetime:
        """The same as a moment in UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(max(0.0, seconds))

    def move(self, hours: float) -> None:
        """Let so much time have passed."""
        offset = self.offset_ms + round(hours * 3_600_000)
        self._moves.append((real_ms(), offset))
        _NUMBER.pack_into(self._shared, 0, offset)

    def real_of(self, moment_ms: int) -> int:
        """The machine's milliseconds of a moment of this clock; a moment that was jumped over is that of the jump."""
        for (since, offset), (until, _) in zip(self._moves, [*self._moves[1:], (1 << 62, 0)], strict=True):
            if moment_ms < until + offset:
                return max(since, moment_ms - offset)
        return real_ms()


def real_ms() -> int:
    """The machine's own milliseconds since 1970."""
    return time.time_ns() // 1_000_000


BEAT_SECONDS = 0.1
_BEAT = struct.Struct("q")


async def beating(file: Path) -> None:
    """Note in a file, ten times a second of this loop, that it turns. On a busy machine it turns less often."""
    with file.open("ab", buffering=0) as opened:
        while True:
            opened.write(_BEAT.pack(real_ms()))
            await asyncio.sleep(BEAT_SECONDS)


def beats_of(file: Path) -> list[int]:
    """When a loop turned, in real milliseconds."""
    content = file.read_bytes() if file.exists() else b""
    return sorted(at for (at,) in _BEAT.iter_unpack(content[: len(content) // _BEAT.size * _BEAT.size]))


class Healthy:
    """When a studio could have done its work: in real milliseconds, as stretches.

    With `beats`, the time of a stretch is what the loops of the studio and of the provider had of it: a machine that is
    busy with something else makes no studio late.
    """

    def __init__(self, now: Callable[[], int] = real_ms, beats: Sequence[Path] = ()) -> None:
        self._now = now
        self._beats = tuple(beats)
        self._changes: list[tuple[int, bool]] = []

    def note(self, *, well: bool) -> None:
        """From now on it can, or cannot."""
        if not self._changes or self._changes[-1][1] != well:
            self._changes.append((self._now(), well))

    def seconds_between(self, start_ms: int, end_ms: int) -> float:
        """How long it could have worked between two real moments."""
        times = [start_ms, *(at for at, _ in self._changes if start_ms < at < end_ms), end_ms]
        turns = [beats_of(file) for file in self._beats]
        return sum(
            self._time(since, until, turns) for since, until in pairwise(times) if until > since and self._at(since)
        )

    def _time(self, since: int, until: int, turns: Sequence[list[int]]) -> float:
        counted = [(bisect_right(beats, until) - bisect_right(beats, since)) * BEAT_SECONDS for beats in turns]
        return min([(until - since) / 1000, *counted])

    def _at(self, moment: int) -> bool:
        number = bisect_right(self._changes, (moment, True)) - 1
        return number >= 0 and self._changes[number][1]

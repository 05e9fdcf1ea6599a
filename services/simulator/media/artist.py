"""The makers of the simulator's clips and pictures: a worker process, or a quick one for load tests.

Hides the process: it starts with the first clip, is replaced if it dies, and ends with its parent, even after kill -9.
It is a separate program, because a pool's child would load the whole studio a second time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Protocol

_TRIES = 3
"""Attempts at one clip, if the worker is killed during it."""
_ROOT = Path(__file__).resolve().parents[3]


class FilmingFailed(Exception):
    """The worker could not make a clip or a picture, or died at every attempt."""


class Treatment(StrEnum):
    """The change made to a given clip or portrait."""

    NONE = "none"
    GRADE = "grade"
    """The clip in other colours, with the references beside it."""
    MOTION = "motion"
    """The clip's motion, with the picture of the person to be moved."""
    CONTINUE = "continue"
    """The last moment of the clip, and a continuation."""
    WIDEN = "widen"
    """The clip with more picture around it."""
    VOICE = "voice"
    """A portrait that breathes while the voice plays."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip to be made. The same clip always gives the same bytes."""

    prompt: str
    width: int
    """Pixels, even."""
    height: int
    seconds: float
    fps: int = 30
    seed: int = 0
    sound: bool = False
    watermark: bool = False
    picture: Path | None = None
    """The first picture. It is set in motion instead of a drawn scene."""
    last: Path | None = None
    """The last picture. The first one turns into it."""
    template: str = ""
    """The vendor's name of a ready-made effect on the first picture."""
    track: Path | None = None
    """The person's own sound, or a clip that has it. `sound` without a track gives a gentle ambience."""
    footage: Path | None = None
    """The given clip."""
    references: tuple[Path, ...] = ()
    """Pictures and clips to be recognised, in order."""
    treatment: Treatment = Treatment.NONE
    margins: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    """How far the frame grows above, below, left and right. 1.5 adds half of the clip's own side."""

    @property
    def frames(self) -> int:
        """The number of frames: at least one."""
        return max(1, round(self.seconds * self.fps))


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture to be made. The same picture always gives the same bytes."""

    prompt: str
    width: int
    height: int
    seed: int = 0
    watermark: bool = False
    given: tuple[Path, ...] = ()
    """Pictures it is made from. Without any, a scene is painted."""


class Artist(Protocol):
    """A maker of clips and pictures."""

    async def film(self, clip: Clip, target: Path) -> None:
        """Write the clip as an MP4 file, atomically: the file exists whole or not at all."""
        ...

    async def paint(self, picture: Picture, target: Path) -> None:
        """Write the picture as a PNG file, atomically: the file exists whole or not at all."""
        ...

    async def close(self) -> None:
        """Stop working."""
        ...


class FilmArtist:
    """Makes one clip or picture at a time, in a process of low priority that blocks no event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="simulator-artist")
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[str] | None = None
        self._closed = False

    async def film(self, clip: Clip, target: Path) -> None:
        """Write the clip. Raises FilmingFailed if the worker cannot make it."""
        await self._order("clip", asdict(clip), target)

    async def paint(self, picture: Picture, target: Path) -> None:
        """Write the picture. Raises FilmingFailed if the worker cannot make it."""
        await self._order("picture", asdict(picture), target)

    async def _order(self, kind: str, work: dict[str, object], target: Path) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._make, kind, work, target)

    async def close(self) -> None:
        """End the worker without waiting for its clip."""
        await asyncio.to_thread(self._end)

    @property
    def worker_id(self) -> int | None:
        """The worker's process id, or None if there is no worker."""
        worker = self._worker
        return worker.pid if worker else None

    def _make(self, kind: str, work: dict[str, object], target: Path) -> None:
        draft = target.with_name(f"{target.stem}.{token_hex(4)}.part{target.suffix}")
        order = json.dumps({kind: work, "target": str(draft)}, default=str)
        for _ in range(_TRIES):
            answer = self._ask(order)
            if answer == "done":
                draft.replace(target)
                return
            if answer or self._closed:
                raise FilmingFailed(answer or "the artist has stopped working")
        raise FilmingFailed("the worker died of every try")

    def _ask(self, order: str) -> str:
        """Return the worker's answer, or an empty string if it died."""
        worker = self._hire()
        if worker is None or worker.stdin is None or worker.stdout is None:
            return ""
        answer = ""
        with contextlib.suppress(OSError, ValueError):  # it died or was ended during the exchange
            worker.stdin.write(order + "\n")
            worker.stdin.flush()
            answer = worker.stdout.readline().strip()
        if not answer:
            self._dismiss(worker)
        return answer

    def _hire(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._closed:
                return None
            if self._worker is not None:
                return self._worker
            path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "services.simulator.media.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                env=os.environ | {"PYTHONPATH": path},
            )
            return self._worker

    def _dismiss(self, worker: subprocess.Popen[str]) -> None:
        with self._lock:
            if self._worker is worker:
                self._worker = None
        worker.kill()
        _bury(worker)

    def _end(self) -> None:
        with self._lock:
            self._closed = True
            worker = self._worker
        if worker is not None:
            worker.kill()
        self._thread.shutdown(wait=True, cancel_futures=True)
        if worker is not None:
            self._dismiss(worker)


def _bury(worker: subprocess.Popen[str]) -> None:
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # unwritten data is dropped
                pipe.close()
    worker.wait()


class QuickArtist:
    """Makes each size and length once, without words, and hands out copies: for tests with many jobs."""

    def __init__(self, artist: Artist | None = None, *, masters: Path | None = None) -> None:
        """Set the artist and the folder of the masters.

        Quick artists with the same `masters` folder share their masters, in other processes too. Without a folder, a
        master is stored beside its first copy.
        """
        self._artist = artist or FilmArtist()
        self._masters = masters
        self._lock = asyncio.Lock()

    async def film(self, clip: Clip, target: Path) -> None:
        """Write a clip of the right size, length and kind of sound. Its content is always the same."""
        plain = Clip(
            prompt="", width=clip.width, height=clip.height, seconds=clip.seconds, fps=clip.fps, sound=clip.sound
        )
        name = f"{plain.width}x{plain.height}-{plain.seconds}-{plain.fps}-{plain.sound}.mp4"
        await self._hand_out(name, target, make=partial(self._artist.film, plain))

    async def paint(self, picture: Picture, target: Path) -> None:
        """Write a picture of the right size. Its content is always the same."""
        plain = Picture(prompt="", width=picture.width, height=picture.height)
        await self._hand_out(f"{plain.width}x{plain.height}.png", target, make=partial(self._artist.paint, plain))

    async def close(self) -> None:
        """Stop working."""
        await self._artist.close()

    async def _hand_out(self, name: str, target: Path, *, make: Callable[[Path], Awaitable[None]]) -> None:
        master = (self._masters or target.parent) / f"master-{name}"
        async with self._lock:
            if not await asyncio.to_thread(master.exists):
                draft = _draft_of(master)
                await make(draft)
                await asyncio.to_thread(draft.replace, master)
        await asyncio.to_thread(_link_or_copy if self._masters is None else _copy, master, target)


def _link_or_copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _copy(source: Path, target: Path) -> None:
    """Write a separate copy, atomically. Changes to it do not affect other copies."""
    draft = _draft_of(target)
    shutil.copyfile(source, draft)
    draft.replace(target)


def _draft_of(target: Path) -> Path:
    """Return a name beside a file for what becomes that file once it is whole. No other process uses the same one."""
    return target.with_name(f"{target.stem}.{token_hex(4)}.part{target.suffix}")

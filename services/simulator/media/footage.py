"""Clips made from given clips and portraits: other colours, a wider frame, a continuation, a voice.

Runs in the worker process. Decodes as it reads: at most a second of a clip is in memory.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import assert_never

import av
import numpy as np
from PIL import Image, ImageDraw, ImageOps

from services.simulator.media.artist import Clip, Treatment
from services.simulator.media.palettes import palette_of
from services.simulator.media.planes import Layer, Planes, Stack
from services.simulator.media.stills import load_planes

_CLIP_HEADS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"AVI ")
"""The four bytes at offset 4 or 8 of a clip that the vendor accepts."""
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
_CARD = 0.24
"""Height of a card with a picture, as a fraction of the frame's shorter side."""
_BREATH_SECONDS = 3.8
_BREATH = 0.018
_PUSH = 0.12


def treat(clip: Clip) -> Iterator[Planes]:
    """Return the frames of a clip that is made from given files."""
    match clip.treatment:
        case Treatment.NONE:
            return _references(clip)
        case Treatment.GRADE:
            return _graded(clip, clip.references)
        case Treatment.MOTION:
            return _graded(clip, (clip.picture,) if clip.picture else ())
        case Treatment.CONTINUE:
            return _continued(clip)
        case Treatment.WIDEN:
            return _widened(clip)
        case Treatment.VOICE:
            return _breathing(clip)
        case _:
            assert_never(clip.treatment)


def _references(clip: Clip) -> Iterator[Planes]:
    """Yield the references in turn: a picture comes nearer, a clip plays."""
    size, shown = (clip.width, clip.height), 0
    for number, path in enumerate(clip.references):
        count = clip.frames * (number + 1) // len(clip.references) - shown
        shown += count
        if _is_clip(path):
            yield from _frames_of(path, size=size, fps=clip.fps, count=count)
        else:
            source = load_planes(path, size)
            for at in range(count):
                yield _nearer(source, _PUSH * at / max(1, count - 1), size=size)


def _graded(clip: Clip, beside: tuple[Path, ...]) -> Iterator[Planes]:
    """Yield the clip in the colours of the prompt, with cards of the pictures to be recognised."""
    if clip.footage is None:
        raise ValueError("there is no clip to change")
    cards = _cards(clip, beside)
    red, green, blue = (np.array(palette_of(clip).middle) - 128) / 128
    warmth, tint = 14 * (red - blue), 10 * (red - green)
    curve = [round(255 * (0.5 - 0.5 * math.cos(math.pi * level / 255)) * 0.5 + level * 0.5) for level in range(256)]
    cooler = [min(255, max(0, round(level - warmth))) for level in range(256)]
    warmer = [min(255, max(0, round(level + warmth + tint))) for level in range(256)]
    for number, planes in enumerate(
        _frames_of(clip.footage, size=(clip.width, clip.height), fps=clip.fps, count=clip.frames)
    ):
        graded = Planes(planes.y.point(curve), planes.u.point(cooler), planes.v.point(warmer))
        cards.lay_on(graded, number)
        yield graded


def _continued(clip: Clip) -> Iterator[Planes]:
    """Yield the last second of the clip, then its last frame coming nearer or turning into the last picture."""
    if clip.footage is None:
        raise ValueError("there is no clip to go on from")
    size = (clip.width, clip.height)
    ending: deque[Planes] = deque(_every_frame(clip.footage, size=size), maxlen=min(clip.fps, max(1, clip.frames // 2)))
    yield from ending
    goal = load_planes(clip.last, size) if clip.last else None
    rest = clip.frames - len(ending)
    for number in range(rest):
        part = (number + 1) / rest
        nearer = _nearer(ending[-1], _PUSH * part, size=size)
        yield nearer if goal is None else nearer.mixed(goal, part * part * (3 - 2 * part))


def _widened(clip: Clip) -> Iterator[Planes]:
    """Yield the clip in its place, surrounded by its own colours, far out of focus."""
    if clip.footage is None:
        raise ValueError("there is no clip to widen")
    above, below, before, after = clip.margins
    whole_wide, whole_high = before + after - 1, above + below - 1
    left = int(clip.width * (before - 1) / whole_wide) // 2 * 2
    top = int(clip.height * (above - 1) / whole_high) // 2 * 2
    inner = (max(16, int(clip.width / whole_wide) // 2 * 2), max(16, int(clip.height / whole_high) // 2 * 2))
    for planes in _frames_of(clip.footage, size=inner, fps=clip.fps, count=clip.frames):
        far = Planes(*(_far(plane, to) for plane, to in _with_sizes(planes, (clip.width, clip.height))))
        far.y.paste(planes.y, (left, top))
        far.u.paste(planes.u, (left // 2, top // 2))
        far.v.paste(planes.v, (left // 2, top // 2))
        yield far


def _with_sizes(planes: Planes, size: tuple[int, int]) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    half = (size[0] // 2, size[1] // 2)
    yield from ((planes.y, size), (planes.u, half), (planes.v, half))


def _far(plane: Image.Image, size: tuple[int, int]) -> Image.Image:
    return plane.resize((12, 12), Image.Resampling.BOX).resize(size, Image.Resampling.BICUBIC)


def _breathing(clip: Clip) -> Iterator[Planes]:
    """Yield a portrait that breathes and sways a little. No mouth moves: this is a stand-in."""
    if clip.picture is None:
        raise ValueError("there is no portrait")
    size = (clip.width, clip.height)
    room = 1 + 4 * _BREATH
    wide = (math.ceil(clip.width * room / 2) * 2, math.ceil(clip.height * room / 2) * 2)
    source = load_planes(clip.picture, wide)
    for number in range(clip.frames):
        phase = 2 * math.pi * number / clip.fps / _BREATH_SECONDS
        zoom = 1 + _BREATH * (1 - math.cos(phase))
        width, height = clip.width / zoom, clip.height / zoom
        sway, nod = math.sin(phase / 2), math.sin(phase / 2 + 1.1)
        left = (wide[0] - width) / 2 + sway * clip.width * _BREATH * 0.7
        top = (wide[1] - height) / 2 + nod * clip.height * _BREATH * 0.5
        yield source.zoomed((left, top, left + width, top + height), size=size)


def _nearer(source: Planes, by: float, *, size: tuple[int, int]) -> Planes:
    width, height = size[0] / (1 + by), size[1] / (1 + by)
    left, top = (size[0] - width) / 2, (size[1] - height) / 2
    return source.zoomed((left, top, left + width, top + height), size=size)


def _cards(clip: Clip, paths: tuple[Path, ...]) -> Stack:
    """Return the pictures as small cards, at the lower left."""
    side = max(32, round(min(clip.width, clip.height) * _CARD) // 2 * 2)
    gap = max(6, side // 8 // 2 * 2)
    layers: list[Layer] = []
    for number, path in enumerate(paths):
        left = gap + number * (side + gap)
        if left + side > clip.width:
            break
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
            shown = ImageOps.expand(ImageOps.fit(upright, (side - 8, side - 8)), border=4, fill="white")
        mask = Image.new("L", shown.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), radius=side // 9, fill=255)
        top = clip.height - gap - side
        layers.append(Layer.of(np.asarray(shown), np.asarray(mask, np.float32) / 255, top=top, left=left))
    return Stack(tuple(layers))


def _is_clip(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] in _CLIP_HEADS or head[8:12] in _CLIP_HEADS


def _frames_of(path: Path, *, size: tuple[int, int], fps: int, count: int) -> Iterator[Planes]:
    """Yield this many frames of a clip at a rate. The last frame of a shorter clip is repeated."""
    given, shown = 0, None
    for at, planes in _timed_frames(path, size=size):
        while shown is not None and given < count and at > given / fps + 1e-6:
            yield shown.copied()
            given += 1
        if given >= count:
            return
        shown = planes
    if shown is None:
        raise ValueError("the clip has no pictures")
    for _ in range(count - given):
        yield shown.copied()


def _every_frame(path: Path, *, size: tuple[int, int]) -> Iterator[Planes]:
    return (planes for _, planes in _timed_frames(path, size=size))


def _timed_frames(path: Path, *, size: tuple[int, int]) -> Iterator[tuple[float, Planes]]:
    """Yield each frame, upright and cropped to a size, with its time in seconds from the first frame."""
    with path.open("rb") as file, av.open(file, "r") as container:
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        first: float | None = None
        for frame in container.decode(video):
            time = frame.time or 0.0
            first = time if first is None else first
            yield time - first, _fitted(frame, size)


def _fitted(frame: av.VideoFrame, size: tuple[int, int]) -> Planes:
    turn = _TURNS.get(int(frame.rotation) % 360)
    sideways = turn in (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)
    width, height = (size[1], size[0]) if sideways else size
    scale = max(width / frame.width, height / frame.height)
    covering = (
        max(width, math.ceil(frame.width * scale / 2) * 2),
        max(height, math.ceil(frame.height * scale / 2) * 2),
    )
    planes = Planes.from_frame(frame, size=covering)
    left, top = (covering[0] - width) // 4 * 2, (covering[1] - height) // 4 * 2
    planes = planes.window(left, top, size=(width, height))
    if turn is None:
        return planes
    return Planes(*(plane.transpose(turn) for plane in (planes.y, planes.u, planes.v)))

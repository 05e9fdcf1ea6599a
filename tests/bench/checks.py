"""Looking at a file and judging it, against decoding all of it."""

from __future__ import annotations

import random
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from PIL import Image

from services.catalogue import CATALOGUE
from services.catalogue.schema import (
    AudioField,
    AudioLimit,
    FileField,
    FilesField,
    ImageField,
    ImageLimit,
    Model,
    VideoField,
    VideoLimit,
)
from services.media import read_audio, read_image, read_video
from services.media.facts import MediaFacts
from services.request import check, parse
from tests.bench.figures import Table, shown, spread

_RATE = 44_100


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int = 15
    short_seconds: int = 30
    clip_height: int = 1080
    long_minutes: int = 10


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file of a kind that people bring."""

    title: str
    path: Path
    kind: type[ImageField | AudioField | VideoField]


def compare(plan: Plan, home: Path) -> list[Table]:
    """Each file looked at and decoded in turn."""
    home.mkdir(parents=True, exist_ok=True)
    samples = [*_pictures(home), *_tracks(home, plan), _clip(home, plan)]
    rows: list[tuple[str, ...]] = []
    raw: dict[str, object] = {}
    for sample in samples:
        looks, decodes = _measure(sample, rounds=plan.rounds)
        own, full = spread(looks), spread(decodes)
        megabytes = sample.path.stat().st_size / 1e6
        rows.append((sample.title, shown(megabytes), str(own), str(full), shown(full.median / own.median)))
        raw[sample.title] = {"bytes": sample.path.stat().st_size, "check_ms": looks, "decode_ms": decodes}
    notes = (
        f"Median (range) of {plan.rounds} rounds in turn, milliseconds, files in the system's cache. The check is",
        "services.media and services.request.check with its words; the decode is Pillow's load or every PyAV frame.",
    )
    return [
        Table(
            title="Checks against full decode",
            columns=("file", "MB", "check (ms)", "decode (ms)", "times quicker"),
            rows=tuple(rows),
            notes=notes,
            raw=raw,
        )
    ]


def _measure(sample: Sample, *, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each round: check, decode."""
    model, field = _place(sample)
    decode = {ImageField: _decode_picture, AudioField: _decode_sound, VideoField: _decode_clip}[sample.kind]
    looks: list[float] = []
    decodes: list[float] = []
    for number in range(rounds + 1):
        look = _milliseconds(lambda: _check(sample, model, field))
        full = _milliseconds(lambda: decode(sample.path))
        if number:  # the first round fills caches
            looks.append(look)
            decodes.append(full)
    return looks, decodes


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _place(sample: Sample) -> tuple[Model, FileField]:
    """The first model and field that take such a file, alone or in a list."""
    limits = {ImageField: ImageLimit, AudioField: AudioLimit, VideoField: VideoLimit}
    return next(
        (model, field)
        for model in CATALOGUE.models
        for field in model.fields
        if isinstance(field, sample.kind) or (isinstance(field, FilesField) and field.taken(limits[sample.kind]))
    )


def _check(sample: Sample, model: Model, field: FileField) -> object:
    read = {ImageField: read_image, AudioField: read_audio, VideoField: read_video}[sample.kind]
    facts: MediaFacts = read(sample.path)
    given: dict[str, object] = {"prompt": "waves", field.name: (facts,) if isinstance(field, FilesField) else facts}
    region = model.offers[0].region
    return check(parse(CATALOGUE, family=None, model_id=model.id, region=region, given=given))


def _decode_picture(path: Path) -> None:
    with Image.open(path) as picture:
        picture.load()


def _decode_sound(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(container.streams.audio[0]))


def _decode_clip(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(frame.width for frame in container.decode(container.streams.video[0]))


# Files -----------------------------------------------------------------------------------------------------------


def _pictures(home: Path) -> list[Sample]:
    photo, drawing, big = home / "photo.jpg", home / "drawing.png", home / "big.webp"
    _scene(4000, 3000).save(photo, quality=90)
    _scene(2000, 2000).save(drawing)
    _grain(2000, 1640).save(big, lossless=True, quality=0, method=0)
    titles = {photo: "photo, JPEG, 4000 × 3000", drawing: "picture, PNG, 2000 × 2000", big: "picture, WEBP, lossless"}
    return [Sample(title=title, path=path, kind=ImageField) for path, title in titles.items()]


def _scene(width: int, height: int) -> Image.Image:
    """Soft shapes with some grain, about as hard to pack as a photo."""
    soft = Image.effect_noise((width // 40, height // 40), 90).resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((width, height), 12)
    lit = Image.blend(soft, grain, 0.35)
    return Image.merge("RGB", (lit, soft, Image.blend(soft, grain, 0.2)))


def _grain(width: int, height: int) -> Image.Image:
    """Pure noise: near the largest file of its size."""
    return Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


def _tracks(home: Path, plan: Plan) -> list[Sample]:
    short, plain, long = home / "song.mp3", home / "song.wav", home / "long.mp3"
    _write_mp3(short, seconds=plan.short_seconds)
    _write_wav(plain, seconds=plan.short_seconds)
    _write_mp3(long, seconds=plan.long_minutes * 60)
    titles = {
        short: f"sound, MP3 VBR, {plan.short_seconds} s",
        plain: f"sound, WAV, {plan.short_seconds} s",
        long: f"sound, MP3 VBR, {plan.long_minutes} min",
    }
    return [Sample(title=title, path=path, kind=AudioField) for path, title in titles.items()]


def _clip(home: Path, plan: Plan) -> Sample:
    """A clip of soft shapes that drift, with a sound track, as a phone would write it: some megabits a second."""
    path, height = home / "clip.mp4", plan.clip_height
    width, rate = height * 16 // 9 // 2 * 2, 30
    scene = np.asarray(_scene(width, height))
    with av.open(str(path), "w", format="mp4") as container:
        options = {"preset": "ultrafast", "b": "8M", "bf": "2"}
        pictures = cast(VideoStream, container.add_stream("libx264", rate=rate, options=options))
        pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
        sound = cast(AudioStream, container.add_stream("aac", rate=_RATE, layout="stereo"))
        for number in range(plan.short_seconds * rate):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.roll(scene, number * 2, axis=1)))
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(pictures.encode(frame))
            silence = av.AudioFrame(format="s16", layout="stereo", samples=_RATE // rate)
            silence.planes[0].update(bytes(silence.planes[0].buffer_size))
            silence.rate, silence.pts, silence.time_base = _RATE, number * _RATE // rate, Fraction(1, _RATE)
            container.mux(sound.encode(silence))
        container.mux(pictures.encode(None))
        container.mux(sound.encode(None))
    return Sample(title=f"clip, MP4, {height}p, {plan.short_seconds} s", path=path, kind=VideoField)


def _second(chance: np.random.Generator) -> bytes:
    """A second of stereo hiss that swells and fades, so that a variable rate has something to vary with."""
    loud = chance.choice((200, 3000, 12_000))
    return chance.integers(-loud, loud, size=_RATE * 2, dtype=np.int16).tobytes()


def _write_wav(path: Path, *, seconds: int) -> None:
    chance = np.random.default_rng(7)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for _ in range(seconds):
            file.writeframes(_second(chance))


def _write_mp3(path: Path, *, seconds: int) -> None:
    chance = np.random.default_rng(7)
    bars = [_second(chance) for _ in range(8)]
    with av.open(str(path), "w", format="mp3") as container:
        stream = cast(AudioStream, container.add_stream("libmp3lame", rate=_RATE))
        stream.layout = "stereo"
        # LAME's variable rate: quality 4 of 0 to 9, as FFmpeg scales it.
        stream.codec_context.qscale = True
        stream.codec_context.global_quality = 4 * 118
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=_RATE)
        for number in range(seconds):
            frame = av.AudioFrame(format="s16", layout="stereo", samples=_RATE)
            frame.planes[0].update(bars[number % len(bars)])
            frame.rate, frame.pts, frame.time_base = _RATE, number * _RATE, Fraction(1, _RATE)
            for made in resampler.resample(frame):
                container.mux(stream.encode(made))
        container.mux(stream.encode(None))

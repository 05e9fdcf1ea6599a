"""Stills and sounds cut out of clips: the very picture that plays, in its size, and every sample of the sound."""

from __future__ import annotations

import wave
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from services.domain.errors import FileRefused
from services.media.extract import Edge, cut_frame, cut_sound
from services.media.facts import VideoFacts
from services.media.preview import LONGEST_SIDE, MOST_SECONDS, make_preview
from services.media.video import read_video
from tests.rig.clips import Clip, film, write

STEP = 6
"""How much lighter each numbered picture is than the one before."""


def numbered(folder: Path, *, count: int = 30, fps: Fraction = Fraction(10), gop: int = 12, first: int = 0) -> Path:
    """A clip whose every picture says its number by its grey, with pictures that refer to later ones."""
    out = BytesIO()
    options = {"preset": "fast", "crf": "1", "g": str(gop), "bf": "3"}
    with av.open(out, "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream("libx264", rate=fps, options=options))
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.full((96, 160, 3), 20 + STEP * number, dtype=np.uint8))
            frame.pts, frame.time_base = number + first, 1 / fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return write(folder, "numbered.mp4", out.getvalue())


def number_of(path: Path) -> int:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.size == (160, 96)
        grey = picture.convert("L").getpixel((80, 48))
    assert isinstance(grey, int)
    return round((grey - 20) / STEP)


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (Edge.FIRST, 0),
        (0.0, 0),
        (0.05, 0),
        (0.1, 1),
        (0.0999, 1),  # what a browser tells of 0.1
        (1.15, 11),
        (1.2, 12),
        (2.34, 23),
        (2.9, 29),
        (99.0, 29),
        (Edge.LAST, 29),
    ],
)
def test_the_picture_of_a_moment_is_the_one_that_plays_then(tmp_path: Path, at: Edge | float, number: int) -> None:
    target = tmp_path / "cut.png"
    cut_frame(numbered(tmp_path), target, at)
    assert number_of(target) == number


def test_the_last_picture_of_one_long_group_and_of_a_single_picture_is_found(tmp_path: Path) -> None:
    target = tmp_path / "cut.png"
    for count in (1, 35):
        cut_frame(numbered(tmp_path, count=count, gop=250), target, Edge.LAST)
        assert number_of(target) == count - 1


def test_seconds_count_from_where_the_clip_begins(tmp_path: Path) -> None:
    target = tmp_path / "cut.png"
    cut_frame(numbered(tmp_path, first=7), target, 0.4)
    assert number_of(target) == 4
    cut_frame(numbered(tmp_path, first=7), target, Edge.FIRST)
    assert number_of(target) == 0


def test_a_turned_clip_gives_an_upright_picture(tmp_path: Path) -> None:
    target = tmp_path / "cut.png"
    cut_frame(write(tmp_path, "turned.mp4", film(Clip(turn=90, seconds=0.5))), target, Edge.LAST)
    with Image.open(target) as picture:
        assert picture.size == (240, 320)
        assert picture.convert("RGB").getpixel((20, 300))[0] > 150  # type: ignore[index]  # red went down with the turn


def test_the_sound_is_as_long_as_it_plays_and_as_loud(tmp_path: Path) -> None:
    target = tmp_path / "cut.wav"
    cut_sound(write(tmp_path, "clip.mp4", film(Clip(seconds=2))), target)
    with wave.open(str(target)) as sound:
        assert sound.getnchannels() == 1
        assert sound.getsampwidth() == 2
        assert sound.getnframes() / sound.getframerate() == pytest.approx(2, abs=0.06)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype=np.int16)
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    assert np.sqrt((middle**2).mean()) == pytest.approx(16_384 / np.sqrt(2), rel=0.1)


def test_a_clip_without_sound_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    source = write(tmp_path, "mute.mp4", film(Clip(seconds=0.5, sound=False)))
    with pytest.raises(FileRefused, match="has no sound"):
        cut_sound(source, tmp_path / "cut.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["mute.mp4"]


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path, "fake.mp4", b"\0\0\0\x18ftypmp42" + bytes(4000))
    with pytest.raises(FileRefused):
        cut_frame(source, tmp_path / "cut.png", 1.0)
    with pytest.raises(FileRefused):
        cut_sound(source, tmp_path / "cut.wav")


def test_a_clip_that_breaks_off_gives_the_last_picture_that_arrived(tmp_path: Path) -> None:
    whole = film(Clip(seconds=2, flags="frag_keyframe+empty_moov", options=(("preset", "ultrafast"), ("g", "10"))))
    source = write(tmp_path, "part.mp4", whole[: len(whole) * 2 // 3])
    target = tmp_path / "cut.png"
    cut_frame(source, target, Edge.LAST)
    with Image.open(target) as picture:
        assert picture.size == (320, 240)


@pytest.mark.parametrize(
    ("clip", "size", "seconds"),
    [
        (Clip(seconds=8, width=1280, height=720, fps=Fraction(10), noise=True), (400, 224), MOST_SECONDS),
        (Clip(seconds=1.5, width=320, height=240, turn=90), (240, 320), 1.5),
        (Clip(seconds=0.5, width=100, height=1000, sound=False), (40, 400), 0.5),
    ],
    ids=["long and large", "turned", "thin and mute"],
)
def test_a_preview_is_small_short_silent_and_upright(
    tmp_path: Path, clip: Clip, size: tuple[int, int], seconds: float
) -> None:
    source, target = write(tmp_path, "clip.mp4", film(clip)), tmp_path / "preview.mp4"
    make_preview(source, target)
    facts = read_video(target)
    assert isinstance(facts, VideoFacts), facts
    assert (facts.width, facts.height) == size
    assert max(size) <= LONGEST_SIDE
    assert facts.seconds == pytest.approx(seconds, abs=0.1)
    assert not facts.sound
    assert (facts.codec, facts.format) == ("h264", "MP4")
    assert target.stat().st_size < 400_000


def test_a_preview_of_what_is_no_clip_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    whole = film(Clip(seconds=1))
    for name, data in {"fake.mp4": b"\0\0\0\x18ftypmp42" + bytes(4000), "sound.mp4": whole[:200]}.items():
        with pytest.raises(FileRefused):
            make_preview(write(tmp_path, name, data), tmp_path / "preview.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fake.mp4", "sound.mp4"]

"""From a clip to an MP4 file: frames of a scene or a picture, sound, H.264 and AAC. Runs in the worker process."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from services.media.pyav import Output, write_frame
from services.simulator.media.artist import Clip, Treatment
from services.simulator.media.effects import play_effect
from services.simulator.media.footage import treat
from services.simulator.media.lettering import letter
from services.simulator.media.planes import Planes, Stack
from services.simulator.media.scenes import paint_scene
from services.simulator.media.sound import RATE, ambience, own_track
from services.simulator.media.stills import move_picture

Frames = Iterator[Planes]

_BT709 = 1
_LIMITED_RANGE = 1
_GOP_SECONDS = 2


def film_clip(clip: Clip, target: Path) -> None:
    """Write the clip: exactly width x height, the frames of its whole length, sound as long as the picture."""
    overlay = letter(clip)
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        _encode(container, clip, moving=_moving(clip), overlay=overlay)


def _moving(clip: Clip) -> Frames:
    if clip.treatment is not Treatment.NONE or clip.references:
        return treat(clip)
    if clip.picture is None:
        return paint_scene(clip)
    return play_effect(clip) if clip.template else move_picture(clip)


def _encode(container: Output, clip: Clip, *, moving: Frames, overlay: Stack) -> None:
    video = container.add_stream("libx264", rate=clip.fps, options={"preset": "ultrafast", "crf": "23"})
    video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
    context = video.codec_context
    context.thread_count = 2  # a fixed number: the bytes depend on it
    context.gop_size = clip.fps * _GOP_SECONDS
    context.time_base = Fraction(1, clip.fps)
    context.color_range, context.colorspace = _LIMITED_RANGE, _BT709
    context.color_primaries, context.color_trc = _BT709, _BT709
    audio = container.add_stream("aac", rate=RATE, layout="stereo") if clip.sound else None
    samples = _sound(clip)
    for number, planes in enumerate(moving):
        overlay.lay_on(planes, number)
        frame = av.VideoFrame.from_ndarray(planes.joined(), format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, clip.fps)
        frame.color_range, frame.colorspace = _LIMITED_RANGE, _BT709
        write_frame(container, video, frame)
        if audio is not None and number % clip.fps == 0:
            _encode_second(container, audio, samples, number // clip.fps)
    write_frame(container, video, None)
    if audio is not None:
        write_frame(container, audio, None)


def _encode_second(container: Output, audio: AudioStream, samples: NDArray[np.float32], second: int) -> None:
    part = np.ascontiguousarray(samples[:, second * RATE : (second + 1) * RATE])
    frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, second * RATE, Fraction(1, RATE)
    write_frame(container, audio, frame)


def _sound(clip: Clip) -> NDArray[np.float32]:
    """Return two channels of exactly the clip's length."""
    if not clip.sound:
        return np.zeros((2, 0), np.float32)
    return own_track(clip.track, clip.seconds) if clip.track else ambience(clip)

"""Whether a clip or picture that came is all there, whatever its header says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import pytest
from PIL import Image

from services.jobs.steps.verify import clip_is_whole, picture_is_whole
from tests.rig.clips import Clip, film, write

NOISE = Clip(seconds=3, noise=True, width=160, height=120)
FLAGS = ["", "faststart", "frag_keyframe+empty_moov"]


def made(folder: Path, clip: Clip) -> bytes:
    """The clip as a file. Its index can be moved to the front only in a file that is on disk."""
    source = write(folder, "source.mp4", film(replace(clip, flags="" if clip.flags == "faststart" else clip.flags)))
    if clip.flags != "faststart":
        return source.read_bytes()
    target = folder / "faststart.mp4"
    with av.open(source) as given, av.open(target, "w", options={"movflags": "faststart"}) as written:
        copies = {stream.index: written.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                written.mux(packet)
    return target.read_bytes()


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("sound", [True, False])
def test_a_whole_clip_is_whole(tmp_path: Path, flags: str, sound: bool) -> None:
    clip = made(tmp_path, Clip(seconds=3, flags=flags, sound=sound))
    assert clip_is_whole(write(tmp_path, "1.part", clip))


def test_a_clip_of_one_picture_is_whole(tmp_path: Path) -> None:
    assert clip_is_whole(write(tmp_path, "1.part", film(Clip(seconds=1 / 30, sound=False))))


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("share", [0.05, 0.4, 0.9, 0.99])
def test_a_clip_that_breaks_off_is_not(tmp_path: Path, flags: str, share: float) -> None:
    whole = made(tmp_path, replace(NOISE, flags=flags))
    assert not clip_is_whole(write(tmp_path, "1.part", whole[: int(len(whole) * share)]))


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_clip_of_the_right_length_that_ends_in_nothing_is_not(tmp_path: Path, share: float) -> None:
    whole = made(tmp_path, replace(NOISE, flags="faststart", sound=False))
    cut = int(len(whole) * share)
    assert not clip_is_whole(write(tmp_path, "1.part", whole[:cut] + bytes(len(whole) - cut)))


@pytest.mark.parametrize("data", [b"", b"<html>sign in to the hotel's net</html>", bytes(5000), film(NOISE)[40:]])
def test_what_is_no_clip_is_not_whole(tmp_path: Path, data: bytes) -> None:
    assert not clip_is_whole(write(tmp_path, "1.part", data))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_whole_picture_is_whole(tmp_path: Path, form: str) -> None:
    path = tmp_path / "1.part"
    Image.new("RGB", (64, 48), "teal").save(path, form)
    assert picture_is_whole(path)


@pytest.mark.parametrize("missing", [1, 4, 12, 100])
def test_a_picture_that_can_be_shown_without_its_end_is_not_whole_all_the_same(tmp_path: Path, missing: int) -> None:
    path = tmp_path / "1.part"
    Image.effect_noise((64, 48), 60).save(path, "PNG")
    path.write_bytes(path.read_bytes()[:-missing])
    assert not picture_is_whole(path)

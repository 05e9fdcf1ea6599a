"""Clips made of clips and portraits: exact in length, size and sound, and showing what was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.simulator.media.artist import Clip, Treatment
from services.simulator.media.film import film_clip
from tests.rig import clips
from tests.rig.simulator import StubArtist, desk, picture, tone, upload

IMAGE_TO_VIDEO = "/services/aigc/image2video/video-synthesis"
RED, BLUE = np.array(clips.RED), np.array(clips.BLUE)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder with a clip of 2 s, red in its upper left quarter and blue elsewhere, and two pictures."""
    (tmp_path / "clip.mp4").write_bytes(clips.film(clips.Clip(seconds=2, width=480, height=480)))
    (tmp_path / "turned.mp4").write_bytes(
        clips.film(clips.Clip(seconds=1, width=480, height=320, turn=90, sound=False))
    )
    Image.new("RGB", (600, 600), (30, 160, 60)).save(tmp_path / "green.png")
    Image.new("RGB", (600, 600), (230, 230, 40)).save(tmp_path / "yellow.png")
    return tmp_path


def filmed(folder: Path, **changes: Any) -> tuple[list[NDArray[np.int64]], float | None]:
    """Every frame, and the seconds of sound."""
    order = Clip(**{"prompt": "", "width": 480, "height": 480, "seconds": 2.0} | changes)
    file = folder / "made.mp4"
    film_clip(order, file)
    with av.open(str(file), "r") as opened:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in opened.decode(video=0)]
        assert opened.streams.video[0].average_rate == order.fps
    with av.open(str(file), "r") as opened:
        sound = sum(frame.samples for frame in opened.decode(audio=0)) / 48_000 if opened.streams.audio else None
    assert len(frames) == order.frames
    assert frames[0].shape == (order.height, order.width, 3)
    return frames, sound


def colour(frame: NDArray[np.int64], row: int, column: int) -> NDArray[np.float64]:
    return frame[row - 12 : row + 12, column - 12 : column + 12].reshape(-1, 3).mean(axis=0)


def is_like(found: NDArray[np.float64], wanted: NDArray[np.int64] | tuple[int, int, int], by: int = 45) -> bool:
    return float(np.abs(found - np.array(wanted)).max()) < by


def test_references_are_shown_in_their_order(given: Path) -> None:
    shown = (given / "green.png", given / "clip.mp4", given / "yellow.png")
    frames, _ = filmed(given, references=shown, seconds=3)

    assert is_like(colour(frames[10], 240, 240), (30, 160, 60))
    assert is_like(colour(frames[40], 100, 100), RED)
    assert is_like(colour(frames[80], 240, 240), (230, 230, 40))


@pytest.mark.parametrize("treatment", [Treatment.GRADE, Treatment.MOTION])
def test_a_changed_clip_is_the_clip_in_other_colours_with_a_picture_beside(given: Path, treatment: Treatment) -> None:
    beside = (
        {"references": (given / "green.png",)} if treatment is Treatment.GRADE else {"picture": given / "green.png"}
    )
    frames, sound = filmed(
        given, footage=given / "clip.mp4", treatment=treatment, sound=True, track=given / "clip.mp4", **beside
    )

    upper, other = colour(frames[20], 100, 100), colour(frames[20], 300, 380)
    assert upper[0] > upper[2] + 80
    assert other[2] > other[0] + 80
    assert np.abs(other - BLUE).max() > 4
    assert is_like(colour(frames[20], 400, 72), (30, 160, 60))
    assert sound is not None
    assert abs(sound - 2) < 0.05


def test_a_clip_that_is_too_short_stands_still_and_one_that_is_longer_is_cut(given: Path) -> None:
    longer, _ = filmed(given, footage=given / "clip.mp4", treatment=Treatment.GRADE, seconds=3)
    shorter, _ = filmed(given, footage=given / "clip.mp4", treatment=Treatment.GRADE, seconds=0.5)

    assert np.abs(longer[70] - longer[89]).mean() < 2
    assert len(shorter) == 15


def test_a_clip_is_upright_whatever_its_header_says_of_turning(given: Path) -> None:
    frames, _ = filmed(
        given, footage=given / "turned.mp4", treatment=Treatment.WIDEN, width=320, height=480, margins=(1, 1, 1, 1)
    )
    with av.open(str(given / "turned.mp4"), "r") as opened:
        frame = next(opened.decode(video=0))
        upright = np.rot90(frame.to_ndarray(format="rgb24"), int(frame.rotation) // 90)

    for row, column in ((100, 60), (100, 260), (400, 60), (400, 260)):
        assert is_like(colour(frames[3], row, column), upright[row, column].astype(int))


def test_a_continued_clip_begins_with_the_old_end_and_goes_on_to_the_last_picture(given: Path) -> None:
    frames, _ = filmed(
        given, footage=given / "clip.mp4", treatment=Treatment.CONTINUE, last=given / "green.png", seconds=3
    )

    assert is_like(colour(frames[0], 100, 100), RED)
    assert is_like(colour(frames[-1], 100, 100), (30, 160, 60), by=20)


def test_a_widened_clip_has_itself_in_the_middle(given: Path) -> None:
    frames, _ = filmed(
        given,
        footage=given / "clip.mp4",
        treatment=Treatment.WIDEN,
        width=960,
        height=480,
        margins=(1.0, 1.0, 1.5, 1.5),
    )

    assert is_like(colour(frames[10], 100, 300), RED)
    assert is_like(colour(frames[10], 300, 600), BLUE)
    assert np.abs(frames[10][:, :200] - frames[10][:, 200:201]).mean() > 0


def test_a_portrait_breathes_for_as_long_as_its_voice(given: Path) -> None:
    (given / "voice.wav").write_bytes(tone(3.37))
    (given / "portrait.png").write_bytes(picture(480, 480))
    frames, sound = filmed(
        given,
        picture=given / "portrait.png",
        track=given / "voice.wav",
        treatment=Treatment.VOICE,
        sound=True,
        seconds=3.37,
        fps=16,
    )

    assert len(frames) == 54
    assert sound is not None
    assert abs(sound - 3.37) < 0.03
    moved = [np.abs(frames[0] - frame).mean() for frame in frames]
    assert 0.5 < max(moved) < 25


# From the call to the clip that is ordered ---------------------------------------------------------------------------


async def ordered(
    home: Path, *, model: str, files: dict[str, bytes], path: str, body: Any
) -> tuple[Clip, dict[str, Any]]:
    """The clip that a call orders, and the answer to the last query. `body` gets the files' addresses by name."""
    async with desk(home, region="beijing") as at:
        urls = {}
        for name, content in files.items():
            kept = await upload(at, content, model=model, name=name)
            urls[name] = f"oss://{kept.extensions['key']}"
        task = await at.task(body(urls) | {"model": model}, path=path, X_DashScope_OssResourceResolve="enable")
        answer = await at.ended(task)
        assert answer["output"]["task_status"] == "SUCCEEDED", answer
        artist = at.artist
        assert isinstance(artist, StubArtist)
        return artist.clips[0], answer


@pytest.mark.parametrize(("tier", "fps"), [("480P", 16), ("720P", 30)])
async def test_a_digital_human_is_as_long_as_the_voice(home: Path, tier: str, fps: int) -> None:
    clip, answer = await ordered(
        home,
        model="wan2.2-s2v",
        files={"a.png": picture(600, 800), "b.wav": tone(4.5)},
        path=IMAGE_TO_VIDEO + "/",
        body=lambda urls: {
            "input": {"image_url": urls["a.png"], "audio_url": urls["b.wav"]},
            "parameters": {} if tier == "480P" else {"resolution": tier},
        },
    )

    assert (clip.treatment, clip.seconds, clip.fps, clip.sound) == (Treatment.VOICE, 4.5, fps, True)
    assert clip.track is not None
    assert set(answer["output"]) >= {"results", "submit_time", "end_time"}
    assert set(answer["output"]["results"]) == {"video_url"}
    assert answer["usage"] == {
        "duration": 4.5,
        "size": f"{clip.width}*{clip.height}",
        "fps": fps,
        "SR": int(tier.removesuffix("P")),
        "video_count": 1,
    }


async def test_an_animated_person_is_as_long_as_the_clip(home: Path) -> None:
    clip, answer = await ordered(
        home,
        model="wan2.2-animate-move",
        files={"a.png": picture(600, 800), "b.mp4": clips.film(clips.Clip(seconds=2.4))},
        path=IMAGE_TO_VIDEO,
        body=lambda urls: {
            "input": {"image_url": urls["a.png"], "video_url": urls["b.mp4"], "watermark": True},
            "parameters": {"mode": "wan-pro"},
        },
    )

    assert (clip.treatment, clip.sound, clip.watermark) == (Treatment.MOTION, True, True)
    assert clip.seconds == pytest.approx(2.4, abs=0.05)
    assert clip.track == clip.footage
    assert answer["usage"] == {"video_duration": clip.seconds, "video_ratio": "pro"}


async def test_references_are_billed_with_what_is_made(home: Path) -> None:
    clip, answer = await ordered(
        home,
        model="wan2.6-r2v",
        files={"a.mp4": clips.film(clips.Clip(seconds=6)), "b.png": picture(600, 800)},
        path="/services/aigc/video-generation/video-synthesis",
        body=lambda urls: {
            "input": {"prompt": "character1 waves", "reference_urls": [urls["a.mp4"], urls["b.png"]]},
            "parameters": {"size": "1280*720", "duration": 4},
        },
    )

    assert len(clip.references) == 2
    assert (clip.seconds, clip.treatment) == (4, Treatment.NONE)
    usage = answer["usage"]
    assert usage["input_video_duration"] == pytest.approx(6, abs=0.05)
    assert usage["output_video_duration"] == 4
    assert usage["duration"] == pytest.approx(10, abs=0.05)


async def test_an_edited_clip_keeps_its_length_and_a_continued_one_goes_on(home: Path) -> None:
    film = clips.film(clips.Clip(seconds=3))
    synthesis = "/services/aigc/video-generation/video-synthesis"

    def media(*types: str) -> Any:
        return lambda urls: {
            "input": {"prompt": "p", "media": [{"type": kind, "url": urls["a.mp4"]} for kind in types]}
        }

    edited, _ = await ordered(
        home, model="wan2.7-videoedit", files={"a.mp4": film}, path=synthesis, body=media("video")
    )
    continued, _ = await ordered(
        home, model="wan2.7-i2v", files={"a.mp4": film}, path=synthesis, body=media("first_clip")
    )

    assert (edited.treatment, continued.treatment) == (Treatment.GRADE, Treatment.CONTINUE)
    assert edited.seconds == pytest.approx(3, abs=0.05)
    assert continued.seconds == 5


async def test_a_widened_frame_has_the_grown_shape(home: Path) -> None:
    clip, _ = await ordered(
        home,
        model="wanx2.1-vace-plus",
        files={"a.mp4": clips.film(clips.Clip(seconds=2, width=480, height=480))},
        path="/services/aigc/video-generation/video-synthesis",
        body=lambda urls: {
            "input": {"function": "video_outpainting", "prompt": "p", "video_url": urls["a.mp4"]},
            "parameters": {"left_scale": 1.5, "right_scale": 1.5},
        },
    )

    assert (clip.treatment, clip.margins) == (Treatment.WIDEN, (1.0, 1.0, 1.5, 1.5))
    assert clip.width / clip.height == pytest.approx(2, rel=0.04)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (clips.film(clips.Clip(seconds=1.2)), "InvalidFile.Duration"),
        (clips.film(clips.Clip(seconds=2, width=160, height=160)), "InvalidFile.Resolution"),
        (b"no clip at all", "InvalidParameter.DataInspection"),
        (picture(600, 600), "InvalidParameter.DataInspection"),
        (clips.film(clips.Clip(seconds=2, to="matroska")), "InvalidFile.Format"),
    ],
    ids=["short", "small", "garbage", "a picture", "another container"],
)
async def test_a_clip_that_will_not_do_fails_with_its_code(home: Path, content: bytes, code: str) -> None:
    async with desk(home) as at:
        addresses: list[str] = []
        for part in (picture(600, 800), content):
            kept = await upload(at, part, model="wan2.2-animate-mix")
            addresses.append(f"oss://{kept.extensions['key']}")
        body = {
            "model": "wan2.2-animate-mix",
            "input": {"image_url": addresses[0], "video_url": addresses[1]},
            "parameters": {"mode": "wan-std"},
        }
        answer = await at.ended(await at.task(body, path=IMAGE_TO_VIDEO, X_DashScope_OssResourceResolve="enable"))

    assert (answer["output"]["task_status"], answer["output"]["code"]) == ("FAILED", code)


async def test_what_only_the_files_tell_is_judged_with_them(home: Path) -> None:
    async with desk(home) as at:
        kept = await upload(at, clips.film(clips.Clip(seconds=1.5, width=480, height=480)), model="wan2.6-r2v")
        link = f"oss://{kept.extensions['key']}"
        body = {"model": "wan2.6-r2v", "input": {"prompt": "p", "reference_urls": [link] * 4}}
        answer = await at.ended(await at.task(body, X_DashScope_OssResourceResolve="enable"))

    assert (answer["output"]["code"], answer["output"]["task_status"]) == ("InvalidParameter", "FAILED")

"""The clips are real: codec, size, length, sound, and that they show what they should."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.catalogue.video_fields import PIXELS
from services.request import follow_shape
from services.simulator import Clip, FilmArtist, QuickArtist
from services.simulator.media.film import film_clip
from services.simulator.media.lettering import letter
from services.simulator.media.planes import Planes
from tests.rig.simulator import data_uri, desk, picture, tone, upload, words


def probe(file: Path) -> dict[str, object]:
    """Codecs, size, frames, and seconds of picture and sound by their decoded content."""
    with av.open(str(file)) as opened:
        video = opened.streams.video[0]
        found: dict[str, object] = {
            "codec": video.codec_context.name,
            "pix_fmt": video.codec_context.pix_fmt,
            "size": (video.codec_context.width, video.codec_context.height),
            "rate": video.average_rate,
            "frames": sum(1 for _ in opened.decode(video)),
            "audio": None,
        }
    with av.open(str(file)) as opened:
        if opened.streams.audio:
            found["audio"] = opened.streams.audio[0].codec_context.name
            samples = sum(frame.samples for frame in opened.decode(audio=0))
            found["sound"] = samples / opened.streams.audio[0].codec_context.sample_rate
    return found


def frame_of(file: Path, number: int) -> NDArray[np.uint8]:
    with av.open(str(file)) as opened:
        for at, frame in enumerate(opened.decode(video=0)):
            if at == number:
                return frame.to_ndarray(format="rgb24").astype(np.uint8)
    raise AssertionError("no such frame")


def loudness(file: Path, start: float, end: float) -> float:
    with av.open(str(file)) as opened:
        parts = [frame.to_ndarray() for frame in opened.decode(audio=0)]
        rate = opened.streams.audio[0].codec_context.sample_rate
    samples = np.concatenate(parts, axis=1)[:, int(start * rate) : int(end * rate)]
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize(
    ("size", "seconds", "sound"), [((832, 480), 2, True), ((480, 832), 5, False), ((624, 624), 3, True)]
)
def test_a_clip_is_exactly_as_ordered(tmp_path: Path, size: tuple[int, int], seconds: int, sound: bool) -> None:
    file = tmp_path / "clip.mp4"
    film_clip(Clip(prompt="hills at dawn", width=size[0], height=size[1], seconds=seconds, sound=sound), file)

    found = probe(file)
    assert (found["codec"], found["pix_fmt"], found["size"]) == ("h264", "yuv420p", size)
    assert (found["frames"], found["rate"]) == (seconds * 30, 30)
    assert found["audio"] == ("aac" if sound else None)
    if sound:
        assert abs(float(str(found["sound"])) - seconds) <= 1024 * 2 / 48_000
    head = file.read_bytes()[:4096]
    assert head.index(b"moov") < file.read_bytes().index(b"mdat"), "a browser can begin before the file is whole"


def test_equal_orders_give_equal_bytes_and_other_words_another_picture(tmp_path: Path) -> None:
    def film(name: str, prompt: str, seed: int = 1) -> Path:
        file = tmp_path / name
        film_clip(Clip(prompt=prompt, width=416, height=240, seconds=1, seed=seed, sound=True), file)
        return file

    one, same = film("a.mp4", "a red fox in the snow"), film("b.mp4", "a red fox in the snow")
    other, seeded = film("c.mp4", "the sea at night"), film("d.mp4", "a red fox in the snow", seed=2)

    assert one.read_bytes() == same.read_bytes()
    for different in (other, seeded):
        assert np.abs(frame_of(one, 5).astype(int) - frame_of(different, 5)).mean() > 4
    assert np.abs(frame_of(one, 0).astype(int) - frame_of(one, 29)).mean() > 0.5, "it moves"


def test_the_prompt_stands_in_the_picture(tmp_path: Path) -> None:
    def lettered_sheet(prompt: str) -> NDArray[np.uint8]:
        flat = np.full((480, 832, 3), 90, np.uint8)
        canvas = Planes.of(flat)
        letter(Clip(prompt=prompt, width=832, height=480, seconds=1)).lay_on(canvas, 0)
        return np.asarray(canvas.y)

    latin, chinese = lettered_sheet("a long sentence " * 30), lettered_sheet("海边的灯塔在夜里发光")
    nothing = lettered_sheet("\x00\U0001f98a\u202e")

    for lettered in (latin, chinese):
        assert (lettered[240:] > 200).sum() > 300
        assert lettered.max() > 210
    assert (nothing[240:] > 200).sum() == 0


def test_a_clip_from_a_picture_shows_it_moving(tmp_path: Path) -> None:
    shown = tmp_path / "picture.png"
    colours = np.zeros((500, 500, 3), np.uint8)
    colours[:, :250], colours[:, 250:] = (200, 40, 40), (40, 60, 200)
    colours[::25] = 255
    Image.fromarray(colours).save(shown)
    file = tmp_path / "clip.mp4"
    film_clip(Clip(prompt="", width=480, height=480, seconds=2, picture=shown), file)

    first, last = frame_of(file, 0).astype(int), frame_of(file, 59).astype(int)
    assert first[200:280, 60:120, 0].mean() > 150 > first[200:280, 360:420, 0].mean()
    assert np.abs(first - last).mean() > 3


def test_a_clip_between_two_pictures_begins_with_one_and_ends_with_the_other(tmp_path: Path) -> None:
    red, blue = tmp_path / "red.png", tmp_path / "blue.png"
    Image.new("RGB", (600, 600), (200, 40, 40)).save(red)
    Image.new("RGB", (800, 400), (40, 60, 200)).save(blue)
    file = tmp_path / "clip.mp4"
    film_clip(Clip(prompt="", width=480, height=480, seconds=2, picture=red, last=blue), file)

    colours = [frame_of(file, number)[200:280, 60:120].reshape(-1, 3).mean(axis=0) for number in (0, 30, 59)]
    assert np.abs(colours[0] - (200, 40, 40)).max() < 12
    assert np.abs(colours[1] - (120, 50, 120)).max() < 30
    assert np.abs(colours[2] - (40, 60, 200)).max() < 12


def test_ones_own_track_is_cut_or_followed_by_silence(tmp_path: Path) -> None:
    track = tmp_path / "track"
    track.write_bytes(tone(3))
    longer, shorter = tmp_path / "longer.mp4", tmp_path / "shorter.mp4"
    film_clip(Clip(prompt="p", width=416, height=240, seconds=5, sound=True, track=track), longer)
    film_clip(Clip(prompt="p", width=416, height=240, seconds=2, sound=True, track=track), shorter)

    assert loudness(longer, 0.2, 2.8) > 0.1
    assert loudness(longer, 3.2, 4.9) < 0.001
    assert loudness(shorter, 0.2, 1.9) > 0.1
    assert abs(float(str(probe(shorter)["sound"])) - 2) < 0.05


@pytest.mark.parametrize(
    ("shape", "tier", "size"),
    [
        ((750, 1000), "720P", (816, 1104)),
        ((1280, 720), "720P", (1280, 720)),
        ((1920, 1080), "1080P", (1920, 1072)),
        ((1000, 1000), "480P", (624, 624)),
        ((412, 412), "720P", (960, 960)),
        ((240, 8000), "720P", (160, 5536)),
    ],
)
def test_the_shape_follows_the_picture(shape: tuple[int, int], tier: str, size: tuple[int, int]) -> None:
    assert follow_shape(*shape, pixels=PIXELS[tier]) == size


@pytest.fixture
async def artist() -> AsyncIterator[FilmArtist]:
    hired = FilmArtist()
    yield hired
    await hired.close()


async def test_filming_leaves_the_loop_free_and_survives_a_killed_worker(tmp_path: Path, artist: FilmArtist) -> None:
    clip = Clip(prompt="waves", width=832, height=480, seconds=4)
    lags = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.01)
            lags.append(time.perf_counter() - before - 0.01)

    ticking = asyncio.create_task(tick())
    filming = asyncio.create_task(artist.film(clip, tmp_path / "a.mp4"))
    while artist.worker_id is None:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    os.kill(artist.worker_id, signal.SIGKILL)
    await filming
    ticking.cancel()

    assert probe(tmp_path / "a.mp4")["frames"] == 120
    assert sorted(lags)[len(lags) // 2] < 0.02
    assert not list(tmp_path.glob("*.part*"))


async def test_a_closed_artist_leaves_no_process(tmp_path: Path) -> None:
    artist = FilmArtist()
    await artist.film(Clip(prompt="p", width=160, height=160, seconds=1), tmp_path / "a.mp4")
    worker = artist.worker_id
    await artist.close()

    assert worker is not None
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


async def test_the_quick_artist_films_a_size_once(tmp_path: Path) -> None:
    quick = QuickArtist()
    clips = [Clip(prompt=f"clip {n}", width=416, height=240, seconds=2, sound=True) for n in range(20)]
    await asyncio.gather(*(quick.film(clip, tmp_path / f"{n}.mp4") for n, clip in enumerate(clips)))
    await quick.close()

    assert len({(tmp_path / f"{n}.mp4").read_bytes() for n in range(20)}) == 1
    assert probe(tmp_path / "7.mp4")["frames"] == 60


async def test_quick_artists_with_the_same_masters_film_once_and_hand_out_copies_of_their_own(tmp_path: Path) -> None:
    masters = tmp_path / "masters"
    masters.mkdir()
    asked = Clip(prompt="a boat", width=416, height=240, seconds=2)
    first, second_artist = QuickArtist(masters=masters), FilmArtist()
    second = QuickArtist(second_artist, masters=masters)
    await first.film(asked, tmp_path / "a.mp4")
    await first.close()
    (tmp_path / "a.mp4").write_bytes(b"cut short")
    await second.film(asked, tmp_path / "b.mp4")

    assert second_artist.worker_id is None, "nobody had to be hired"
    assert probe(tmp_path / "b.mp4")["frames"] == 60
    await second.close()


async def test_a_task_ends_with_the_clip_it_ordered(home: Path, tmp_path: Path) -> None:
    async with desk(home, artist=FilmArtist()) as at:
        kept = await upload(at, tone(4), model="wan2.5-i2v-preview", name="song.wav")
        body = {
            "model": "wan2.5-i2v-preview",
            "input": {
                "prompt": "it comes alive",
                "img_url": data_uri(picture(300, 400, form="JPEG"), "image/jpeg"),
                "audio_url": f"oss://{kept.extensions['key']}",
            },
            "parameters": {"resolution": "480P", "duration": 5, "watermark": True},
        }
        with_track = await at.ended(await at.task(body, X_DashScope_OssResourceResolve="enable"))
        silent = await at.ended(await at.task(words("wan2.1-t2v-turbo", size="480*832")))
        files = []
        for number, answer in enumerate((with_track, silent)):
            assert answer["output"]["task_status"] == "SUCCEEDED", answer
            file = tmp_path / f"{number}.mp4"
            file.write_bytes((await at.http.get(answer["output"]["video_url"])).content)
            files.append(file)

    width, height = follow_shape(300, 400, pixels=PIXELS["480P"])
    assert math.isclose(width / height, 0.75, rel_tol=0.03)
    assert (probe(files[0])["size"], probe(files[0])["frames"]) == ((width, height), 150)
    assert loudness(files[0], 0.5, 3.5) > 0.1
    assert loudness(files[0], 4.3, 4.9) < 0.01
    assert (probe(files[1])["size"], probe(files[1])["audio"]) == ((480, 832), None)

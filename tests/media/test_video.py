"""Facts of clips, what limits have to say against them, and repairs; and files for places that take several kinds."""

from __future__ import annotations

import asyncio
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.schema import MB, AudioLimit, ImageLimit, VideoLimit
from services.domain.errors import FileRefused
from services.domain.problems import Repair
from services.media import (
    audio_defects,
    image_defects,
    read_audio,
    read_file,
    read_image,
    read_video,
    repair_audio,
    repair_image,
    repair_video,
    video_defects,
)
from services.media.facts import AudioFacts, Defect, ImageFacts, Unreadable, VideoFacts
from services.media.video import COUNTED_SECONDS, MAX_FRAME_PIXELS
from tests.rig import hostile
from tests.rig.clips import Clip, film, write

LIMIT = VideoLimit(
    formats=("MP4", "MOV"),
    min_seconds=2,
    max_seconds=10,
    max_bytes=100 * MB,
    min_side=240,
    max_side=4096,
    min_fps=16,
    max_fps=60,
    longest_ratio=8,
)
LOOSE = VideoLimit(formats=("MP4", "MOV"), min_seconds=1, max_seconds=30, max_bytes=100 * MB)
IMAGE = ImageLimit(formats=("JPEG", "PNG", "BMP", "WEBP"), min_side=240, max_side=8000, max_bytes=20 * MB)
AUDIO = AudioLimit(formats=("WAV", "MP3"), min_seconds=2, max_seconds=30, max_bytes=15 * MB)
FACTS = VideoFacts(
    name="beach.mp4", format="MP4", width=1280, height=720, seconds=5, fps=30, bytes=MB, sound=True, codec="h264"
)


def facts_of(path: Path) -> VideoFacts:
    facts = read_video(path)
    assert isinstance(facts, VideoFacts), facts
    return facts


def refusal_of(path: Path) -> str:
    facts = read_video(path)
    assert isinstance(facts, Unreadable), facts
    assert facts.bytes == path.stat().st_size
    return facts.why


def only(defects: tuple[Defect, ...]) -> Defect:
    assert len(defects) == 1, defects
    return defects[0]


# Reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clip", "told"),
    [
        (Clip(), "MP4"),
        (Clip(to="mov"), "MOV"),
        (Clip(to="avi"), "AVI"),
        (Clip(to="matroska"), "MKV"),
        (Clip(to="webm", codec="libvpx", sound=False), "WEBM"),
        (Clip(to="mpegts"), "MPEG-TS"),
        (Clip(flags="frag_keyframe+empty_moov"), "MP4"),
        (Clip(flags="faststart", sound=False), "MP4"),
    ],
)
def test_a_clip_is_known_by_what_it_holds_and_not_by_its_name(tmp_path: Path, clip: Clip, told: str) -> None:
    facts = facts_of(write(tmp_path, "beach.txt", film(replace(clip, flags=""))))

    assert (facts.format, facts.width, facts.height, facts.sound) == (told, 320, 240, clip.sound)
    assert facts.seconds == pytest.approx(2, abs=0.02)
    assert facts.fps == pytest.approx(30, abs=0.2)
    assert facts.whole


@pytest.mark.parametrize("fps", [Fraction(12), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60)])
def test_length_and_rate_are_measured(tmp_path: Path, fps: Fraction) -> None:
    facts = facts_of(write(tmp_path, "beach.mp4", film(Clip(seconds=3, fps=fps))))

    assert facts.fps == pytest.approx(float(fps), abs=0.01)
    assert facts.seconds == pytest.approx(round(3 * fps) / fps, abs=0.01)


@pytest.mark.parametrize("to", ["mp4", "mov", "matroska"])
@pytest.mark.parametrize("turn", [0, 90, -90, 180])
def test_sides_are_told_as_seen(tmp_path: Path, to: str, turn: int) -> None:
    facts = facts_of(write(tmp_path, "phone", film(Clip(to=to, turn=turn))))

    assert (facts.width, facts.height) == ((240, 320) if turn in {90, -90} else (320, 240))


def test_a_header_that_lies_about_the_length_is_not_believed(tmp_path: Path) -> None:
    data = bytearray(film(Clip(sound=False)))
    for box, offset in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
        place = data.index(box) + 4 + offset
        data[place : place + 4] = (90_000_000).to_bytes(4, "big")

    facts = facts_of(write(tmp_path, "beach.mp4", bytes(data)))

    assert facts.seconds == pytest.approx(2, abs=0.02)


def test_counting_stops_where_no_limit_reaches(tmp_path: Path) -> None:
    path = write(tmp_path, "still.mp4", film(Clip(seconds=700, fps=Fraction(1), width=64, height=64, sound=False)))

    facts = facts_of(path)

    assert facts.seconds == COUNTED_SECONDS
    assert "still.mp4 is over 10 minutes long." in video_defects(facts, LOOSE)[0].message


@pytest.mark.parametrize(
    ("maker", "said"),
    [
        (hostile.empty_clip, "empty.mp4 is empty."),
        (hostile.text_named_mp4, "notes.mp4 is not a clip that can be read."),
        (hostile.playlist_named_mp4, "list.mp4 is not a clip that can be read."),
        (hostile.picture_named_mp4, "beach.mp4 is a picture. Please choose a clip."),
        (hostile.animation_named_mp4, "dance.mp4 is a picture. Please choose a clip."),
        (hostile.sound_only_mp4, "memo.mp4 is a sound file: it has no picture. Please choose a clip."),
        (hostile.mp4_without_streams, "hollow.mp4 has no picture in it. Please choose a clip."),
        (hostile.truncated_mp4, "half.mp4 is cut off: its end is missing."),
        (hostile.bomb_avi, "bomb.avi has no picture that can be read."),
        (hostile.claiming_mp4, "claims.mp4 is not a clip that can be read."),
        (hostile.variable_mp3, "song.mp3 is a sound file: it has no picture."),
    ],
)
def test_what_is_no_clip_is_refused_in_a_sentence(tmp_path: Path, maker: hostile.Maker, said: str) -> None:
    why = refusal_of(maker(tmp_path))

    assert why.startswith(said)
    assert why.endswith(".")


def test_a_bomb_takes_neither_time_nor_memory(tmp_path: Path) -> None:
    paths = [hostile.bomb_avi(tmp_path), hostile.claiming_mp4(tmp_path)]
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()

    for path in paths:
        assert isinstance(read_video(path), Unreadable)
        assert isinstance(read_audio(path), Unreadable)

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024  # kilobytes on Linux; believed, the claim takes two gigabytes
    assert time.process_time() - began < 5


def test_pictures_of_many_megapixels_are_refused(tmp_path: Path) -> None:
    clip = Clip(seconds=0.1, width=8000, height=4600, fps=Fraction(10), sound=False)
    assert clip.width * clip.height > MAX_FRAME_PIXELS

    why = refusal_of(write(tmp_path, "wall.mp4", film(clip)))

    assert why == "wall.mp4 has 37 megapixels. Clips above 36 megapixels are not opened."


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path, said in ((tmp_path / "gone.mp4", "not there any more"), (tmp_path, "not a file"),
                       (tmp_path / "pipe", "not a file")):  # fmt: skip
        for facts in (read_video(path), read_file(path, {ImageLimit, VideoLimit})):
            assert isinstance(facts, Unreadable)
            assert said in facts.why


def test_a_clip_that_breaks_off_is_told_and_what_is_there_is_kept(tmp_path: Path) -> None:
    source = hostile.broken_off_mp4(tmp_path)
    limit = replace(LOOSE, min_seconds=0.5)

    facts = facts_of(source)
    defect = only(video_defects(facts, limit))
    repaired = repair_video(source, tmp_path / "out.mp4", limit)

    assert not facts.whole
    assert defect.message == f"streamed.mp4 is damaged or cut off after {facts.seconds:.2f} s."
    assert defect.fix is not None
    assert defect.fix.label == "Keep what can be read"
    assert repaired.whole
    assert repaired.seconds == pytest.approx(facts.seconds, abs=0.1)


SEEDS = [
    film(Clip(seconds=0.5, width=64, height=48, to=to, codec=codec))
    for to, codec in (("mp4", "libx264"), ("mov", "mpeg4"), ("avi", "mpeg4"), ("matroska", "libx264"))
]


@settings(max_examples=250, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    hits=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=12),
    kept=st.floats(0.05, 1),
)
def test_no_file_makes_reading_or_repairing_break(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, hits: list[tuple[int, int]], kept: float
) -> None:
    data = bytearray(seed)
    for place, value in hits:
        data[-(place % len(data))] = value
    folder = tmp_path_factory.mktemp("hit")
    source = write(folder, "beach", bytes(data[: int(len(data) * kept) + 1]))
    limit = VideoLimit(formats=("MP4",), min_seconds=0.1, max_seconds=0.4, max_bytes=MB, max_side=128, max_fps=40)

    facts = read_video(source)

    if isinstance(facts, VideoFacts) and facts.width * facts.height < 10**6:
        with suppress(FileRefused):
            assert video_defects(repair_video(source, folder / "out", limit), limit) == ()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


# Judging -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 2.0},
        {"seconds": 10.0},
        {"seconds": 10.04},
        {"width": 240, "height": 240},
        {"width": 4096, "height": 4096},
        {"width": 1920, "height": 240},
        {"width": 240, "height": 1920},
        {"fps": 16.0},
        {"fps": 15.98},
        {"fps": 60.0},
        {"bytes": 100 * MB},
        {"format": "MOV"},
    ],
)
def test_what_is_at_a_limit_fits(change: dict[str, object]) -> None:
    assert video_defects(replace(FACTS, **change), LIMIT) == ()


@pytest.mark.parametrize(
    ("change", "message", "repair", "label"),
    [
        ({"seconds": 10.06}, "is 10.06 s long. It must be 2 to 10 s long.", Repair.TRIM, "Keep the first 10 s"),
        ({"width": 238}, "is 238 × 720 px. Each side must be 240 to 4096 px.", Repair.RESIZE, "Resize to 240 × 726"),
        ({"width": 4098}, "is 4098 × 720 px. Each side must be 240 to 4096 px.", Repair.RESIZE, "Resize to 4096 × 720"),
        (
            {"width": 2000, "height": 240},
            "is 2000 × 240 px. The longer side must be at most 8 times the shorter one.",
            Repair.CROP,
            "Crop to 1920 × 240",
        ),
        ({"fps": 15.9}, "has 15.9 pictures a second. It must have 16 to 60.", Repair.CONVERT, "Make it 16 a second"),
        ({"fps": 240.0}, "has 240 pictures a second. It must have 16 to 60.", Repair.CONVERT, "Make it 60 a second"),
        ({"bytes": 100 * MB + 1}, "is 100.1 MB. It must be at most 100 MB.", Repair.COMPRESS, "Make it 100 MB or less"),
        ({"format": "AVI"}, "is an AVI file. It must be MP4 or MOV.", Repair.CONVERT, "Save as MP4"),
    ],
)
def test_what_is_beyond_a_limit_is_said_with_what_the_button_does(
    change: dict[str, object], message: str, repair: Repair, label: str
) -> None:
    defect = only(video_defects(replace(FACTS, **change), LIMIT))

    assert defect.message == f"beach.mp4 {message}"
    assert defect.fix is not None
    assert (defect.fix.repair, defect.fix.label) == (repair, label)
    assert not defect.advice


def test_a_clip_that_is_too_short_is_offered_nothing_since_nothing_helps() -> None:
    defects = video_defects(replace(FACTS, seconds=1.99, format="AVI"), LIMIT)

    assert [defect.fix for defect in defects] == [None, None]
    assert defects[1].message == "beach.mp4 is 1.99 s long. It must be 2 to 10 s long."


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (replace(LOOSE, min_side=360), "at least 360 px"),
        (replace(LOOSE, max_side=200), "at most 200 px"),
        (replace(LOOSE, min_fps=31), "at least 31."),
        (replace(LOOSE, max_fps=29), "at most 29."),
    ],
)
def test_a_limit_with_one_end_says_so(limit: VideoLimit, said: str) -> None:
    assert said in only(video_defects(replace(FACTS, width=300, height=300), limit)).message


def test_a_side_that_has_no_limit_is_never_wrong() -> None:
    assert video_defects(replace(FACTS, width=16, height=9000, fps=1), LOOSE) == ()


def test_all_that_is_wrong_is_said_at_once() -> None:
    bad = replace(FACTS, format="AVI", seconds=11, width=100, height=5000, fps=5, bytes=101 * MB, whole=False)

    assert len(video_defects(bad, LIMIT)) == 7


# Repairing -----------------------------------------------------------------------------------------------------------


SOURCES = [
    film(clip)
    for clip in (
        Clip(seconds=1.5, width=160, height=120),
        Clip(seconds=1.5, width=322, height=80, to="mov", turn=90, sound=False),
        Clip(seconds=1.2, width=96, height=96, fps=Fraction(12), to="avi", codec="mpeg4"),
        Clip(seconds=1.0, width=176, height=144, fps=Fraction(60000, 1001), noise=True),
        Clip(seconds=2.0, width=64, height=200, fps=Fraction(24000, 1001), to="matroska", turn=-90),
    )
]


@st.composite
def limits(draw: st.DrawFn) -> VideoLimit:
    low = draw(st.none() | st.integers(1, 300))
    high = draw(st.none() | st.integers(max(low or 1, 32) + 2, 400))
    slow = draw(st.none() | st.sampled_from([1, 16, 23.976, 24, 30]))
    shortest = draw(st.sampled_from([0.1, 0.5, 1]))
    # Just one second is no whole number of frames at most rates; no model asks for one length only.
    longest = draw(st.sampled_from([length for length in (1, 1.1, 1.25, 30) if length > shortest]))
    return VideoLimit(
        formats=draw(st.sampled_from([("MP4",), ("MP4", "MOV"), ("MP4", "MOV", "AVI")])),
        min_seconds=shortest,
        max_seconds=longest,
        max_bytes=draw(st.sampled_from([30_000, 100_000, MB])),
        min_side=low,
        max_side=high,
        min_fps=slow,
        max_fps=draw(st.none() | st.sampled_from([30, 59.94, 60])),
        longest_ratio=draw(st.none() | st.sampled_from([1, 1.5, 3, 8])),
    )


@settings(max_examples=60, deadline=None)
@given(number=st.integers(0, len(SOURCES) - 1), limit=limits())
def test_a_repaired_clip_has_no_defects(
    tmp_path_factory: pytest.TempPathFactory, number: int, limit: VideoLimit
) -> None:
    data = SOURCES[number]
    folder = tmp_path_factory.mktemp("repair")
    source = write(folder, "beach", data)
    before = facts_of(source)

    told = None
    # Noise of many pixels cannot be made small; anything else can be made anything.
    with suppress(FileRefused) if limit.max_bytes < MB else nullcontext():
        told = repair_video(source, folder / "out", limit)
    if told is None:
        assert not (folder / "out").exists()
        return

    assert read_video(folder / "out", name="out") == told
    assert video_defects(told, limit) == ()
    assert told.sound == before.sound
    if not video_defects(before, limit):
        assert (folder / "out").read_bytes() == data
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("to", ["mov", "matroska"])
@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (0, 1)), (-90, (1, 0)), (180, (1, 1))])
def test_a_turned_clip_looks_the_same_afterwards(tmp_path: Path, to: str, turn: int, corner: tuple[int, int]) -> None:
    # The upper left quarter is red as stored; `corner` is where a player shows it, right and down.
    source = write(tmp_path, "phone", film(Clip(to=to, turn=turn)))

    facts = repair_video(source, tmp_path / "out.mp4", replace(LOOSE, formats=("MP4",)))

    assert (facts.width, facts.height) == ((240, 320) if turn in {90, -90} else (320, 240))
    picture = next(_pictures(tmp_path / "out.mp4"))
    height, width, _ = picture.shape
    for right in (0, 1):
        for down in (0, 1):
            red, _, blue = picture[height // 4 + down * height // 2, width // 4 + right * width // 2]
            assert (red > blue) == ((right, down) == corner), (right, down)


def _pictures(path: Path) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.rotation == 0
            yield frame.to_ndarray(format="rgb24")


def test_a_crop_keeps_the_middle(tmp_path: Path) -> None:
    source = write(tmp_path, "wide.mp4", film(Clip(width=640, height=80)))

    facts = repair_video(source, tmp_path / "out.mp4", replace(LOOSE, longest_ratio=1))

    assert (facts.width, facts.height) == (80, 80)
    picture = next(_pictures(tmp_path / "out.mp4"))
    assert picture[20, 10, 0] > picture[20, 10, 2]  # red on the left above, as in the middle of the whole
    assert picture[20, 70, 0] < picture[20, 70, 2]


@pytest.mark.parametrize("fps", [Fraction(12), Fraction(25), Fraction(50)])
@pytest.mark.parametrize("to", ["mp4", "avi", "matroska"])
def test_picture_and_sound_stay_together(tmp_path: Path, fps: Fraction, to: str) -> None:
    codec = "mpeg4" if to == "avi" else "libx264"
    source = write(tmp_path, "clap", film(Clip(seconds=4, fps=fps, to=to, codec=codec, starts=1.0)))

    facts = repair_video(source, tmp_path / "out.mp4", replace(LOOSE, max_seconds=2, min_fps=24, max_fps=30))

    assert (facts.seconds, facts.sound) == (2.0, True)
    bright = [picture.mean() > 200 for picture in _pictures(tmp_path / "out.mp4")]
    seen = bright.index(True) / facts.fps
    with av.open(str(tmp_path / "out.mp4")) as container:
        sound = [(float(frame.time or 0), frame.sample_rate, frame.to_ndarray()[0])
                 for frame in container.decode(audio=0)]  # fmt: skip
    heard = next(at + int(np.argmax(np.abs(wave) > 0.1)) / rate for at, rate, wave in sound if np.abs(wave).max() > 0.1)
    assert seen == pytest.approx(1.0, abs=0.1)
    assert heard == pytest.approx(seen, abs=0.1)


def test_few_bytes_are_reached_by_quality_and_then_by_size(tmp_path: Path) -> None:
    source = write(tmp_path, "noise.mp4", film(Clip(seconds=2, noise=True)))

    tight = repair_video(source, tmp_path / "out.mp4", replace(LOOSE, max_bytes=600_000))
    tighter = repair_video(source, tmp_path / "out.mp4", replace(LOOSE, max_bytes=25_000))

    assert (tight.width, tight.bytes <= 600_000) == (320, True)
    assert (tighter.width < 320, tighter.bytes <= 25_000) == (True, True)
    with pytest.raises(FileRefused, match=r"noise\.mp4 cannot be made 4\.8 kB or less"):
        repair_video(source, tmp_path / "none.mp4", replace(LOOSE, max_bytes=5_000))
    assert not (tmp_path / "none.mp4").exists()


def test_a_long_clip_is_cut_without_reading_all_of_it(tmp_path: Path) -> None:
    source = write(tmp_path, "long.mp4", film(Clip(seconds=700, fps=Fraction(2), width=64, height=64, sound=False)))

    facts = repair_video(source, tmp_path / "out.mp4", LOOSE)

    assert facts.seconds == 30


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (replace(LOOSE, min_seconds=5), "is 2 s long and cannot be made longer. Please choose a clip of 5 s or more."),
        (replace(LOOSE, formats=("AVI",)), "cannot be made AVI here."),
        (replace(LOOSE, min_side=401, max_side=401), "could not be made to fit."),
    ],
)
def test_what_no_work_could_mend_is_said_before_any(tmp_path: Path, limit: VideoLimit, said: str) -> None:
    source = write(tmp_path, "beach.mp4", film(Clip()))

    with pytest.raises(FileRefused) as refusal:
        repair_video(source, tmp_path / "out.mp4", limit)

    assert said in refusal.value.message
    assert list(tmp_path.iterdir()) == [source]


def test_a_repair_may_replace_its_own_source_and_leaves_nothing_else(tmp_path: Path) -> None:
    source = write(tmp_path, "beach.mp4", film(Clip(seconds=3)))

    facts = repair_video(source, source, replace(LOOSE, max_seconds=2))

    assert facts.seconds == 2
    assert list(tmp_path.iterdir()) == [source]


async def test_the_page_goes_on_while_a_clip_is_repaired(tmp_path: Path) -> None:
    source = write(tmp_path, "large.mp4", film(Clip(seconds=3, width=1280, height=720, noise=True)))
    done = threading.Event()

    def repair() -> None:
        repair_video(source, tmp_path / "out.mp4", replace(LOOSE, max_side=960, max_seconds=2))
        done.set()

    work = asyncio.create_task(asyncio.to_thread(repair))
    late = []
    while not done.is_set():
        began = time.monotonic()
        await asyncio.sleep(0.005)
        late.append(time.monotonic() - began - 0.005)
    await work

    assert sorted(late)[int(len(late) * 0.9)] < 0.05


# Several kinds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maker", "kinds", "told"),
    [
        (hostile.png_named_jpg, {ImageLimit, VideoLimit}, ImageFacts),
        (hostile.picture_named_mp4, {ImageLimit, VideoLimit}, ImageFacts),
        (hostile.clip_named_mp3, {ImageLimit, VideoLimit, AudioLimit}, VideoFacts),
        (hostile.turned_mov, {VideoLimit}, VideoFacts),
        (hostile.sound_only_mp4, {VideoLimit, AudioLimit}, AudioFacts),
        (hostile.bare_mp3, {ImageLimit, AudioLimit}, AudioFacts),
        (hostile.surround_wav, {VideoLimit, AudioLimit}, AudioFacts),
    ],
)
def test_a_file_s_kind_is_told_by_what_it_holds(
    tmp_path: Path, maker: hostile.Maker, kinds: set[type[ImageLimit | VideoLimit | AudioLimit]], told: type
) -> None:
    assert isinstance(read_file(maker(tmp_path), kinds, name="mine"), told)


@pytest.mark.parametrize(
    ("maker", "kinds", "why"),
    [
        (
            hostile.variable_mp3,
            {ImageLimit, VideoLimit},
            "song.mp3 is a sound file. Please choose a picture or a clip.",
        ),
        (
            hostile.png_named_jpg,
            {VideoLimit, AudioLimit},
            "beach.jpg is a picture. Please choose a clip or a sound file.",
        ),
        (hostile.turned_mov, {ImageLimit, AudioLimit}, "phone.mov is a clip. Please choose a picture or a sound file."),
        (
            hostile.text_named_png,
            {ImageLimit, VideoLimit},
            "notes.png cannot be read as a picture or a clip. Please choose another file.",
        ),
        (hostile.empty_clip, {ImageLimit, VideoLimit}, "empty.mp4 is empty. Please choose another file."),
        (
            hostile.truncated_jpeg,
            {ImageLimit, VideoLimit},
            "half.jpg is cut off: its end is missing. Please save or download it again.",
        ),
        (hostile.picture_named_mp4, {VideoLimit}, "beach.mp4 is a picture. Please choose a clip."),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_would_do(
    tmp_path: Path, maker: hostile.Maker, kinds: set[type[ImageLimit | VideoLimit | AudioLimit]], why: str
) -> None:
    facts = read_file(maker(tmp_path), kinds)

    assert isinstance(facts, Unreadable)
    assert facts.why == why


ODD = {**hostile.PICTURES, **hostile.SOUNDS, **hostile.CLIPS}


@pytest.mark.parametrize("title", ODD)
def test_every_odd_file_ends_in_a_sentence_or_in_a_fix_that_passes(tmp_path: Path, title: str) -> None:
    path = ODD[title](tmp_path)
    facts = read_file(path, {ImageLimit, VideoLimit, AudioLimit})
    limit = replace(LOOSE, formats=("MP4",))

    match facts:
        case Unreadable():
            assert facts.why.startswith(facts.name)
            assert facts.why.endswith(".")
        case ImageFacts():
            assert image_defects(repair_image(path, tmp_path / "out", IMAGE), IMAGE) == ()
            assert image_defects(read_image(tmp_path / "out"), IMAGE) == ()  # type: ignore[arg-type]
        case AudioFacts():
            assert audio_defects(repair_audio(path, tmp_path / "out", AUDIO), AUDIO) == ()
        case VideoFacts():
            assert video_defects(repair_video(path, tmp_path / "out", limit), limit) == ()


@pytest.mark.parametrize("maker", [hostile.chinese_clip, hostile.emoji_clip])
def test_names_in_any_script_are_kept(tmp_path: Path, maker: hostile.Maker) -> None:
    path = maker(tmp_path)

    assert facts_of(path).name == path.name
    assert video_defects(replace(facts_of(path), seconds=99), LOOSE)[0].message.startswith(f"{path.name} is 99 s long.")

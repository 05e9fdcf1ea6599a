"""Facts of sound tracks, what limits have to say against them, and repairs."""

from __future__ import annotations

import math
import random
import struct
import wave
from array import array
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import cast

import av
import pytest
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.catalogue.schema import MB, AudioField, AudioLimit, Side
from services.catalogue.text_to_video import MODELS
from services.domain.errors import FileRefused
from services.domain.problems import Repair
from services.media import audio_defects, read_audio, repair_audio
from services.media.audio import COUNTED_SECONDS
from services.media.facts import AudioFacts, Defect, Unreadable

FIELDS = [field for model in MODELS for field in model.fields if isinstance(field, AudioField)]
OURS = FIELDS[0].limit(Side.OURS)
LIMITS = sorted({field.limit(side) for field in FIELDS for side in Side}, key=repr)
FACTS = AudioFacts(name="song.mp3", format="MP3", seconds=10, bytes=MB, channels=2, sample_rate=44_100)
EXACT = 0.05


@dataclass(frozen=True)
class Track:
    """A tone to be written to a file."""

    seconds: float
    rate: int = 44_100
    layout: str = "stereo"
    bit_rate: int = 128_000

    @property
    def channels(self) -> int:
        return {"mono": 1, "stereo": 2, "5.1": 6}[self.layout]


def tone(track: Track) -> bytes:
    """The samples of a second of a tone, as 16-bit numbers, repeated to the length."""
    second = array("h")
    for n in range(track.rate):
        second.extend([int(9000 * math.sin(n * 440 * math.tau / track.rate))] * track.channels)
    samples = round(track.seconds * track.rate) * track.channels
    return (second.tobytes() * math.ceil(track.seconds + 1))[: samples * 2]


def wav(track: Track) -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(track.channels)
        file.setsampwidth(2)
        file.setframerate(track.rate)
        file.writeframes(tone(track))
    return out.getvalue()


def coded(track: Track, *, to: str, codec: str, **options: str) -> bytes:
    """A track as a file of FFmpeg's format `to`."""
    out = BytesIO()
    with av.open(out, "w", format=to, options=options) as container:
        stream = cast(AudioStream, container.add_stream(codec, rate=track.rate))
        stream.layout = track.layout
        if codec in {"libmp3lame", "aac"}:
            stream.bit_rate = track.bit_rate
        encode(container, stream, track)
    return out.getvalue()


def encode(container: OutputContainer, stream: AudioStream, track: Track) -> None:
    data = tone(track)
    resampler = av.AudioResampler(format=stream.format, layout=track.layout, rate=track.rate)
    step = 8192 * track.channels * 2
    for start in range(0, len(data), step):
        part = data[start : start + step]
        frame = av.AudioFrame(format="s16", layout=track.layout, samples=len(part) // track.channels // 2)
        frame.planes[0].update(part)
        frame.rate, frame.pts = track.rate, start // track.channels // 2
        frame.time_base = Fraction(1, track.rate)
        for made in resampler.resample(frame):
            container.mux(stream.encode(made))
    container.mux(stream.encode(None))


def mp3(track: Track, **options: str) -> bytes:
    return coded(track, to="mp3", codec="libmp3lame", **options)


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def facts_of(folder: Path, data: bytes, name: str = "song.bin") -> AudioFacts:
    facts = read_audio(write(folder, name, data))
    assert isinstance(facts, AudioFacts), facts
    return facts


def refusal_of(folder: Path, data: bytes, name: str = "song.mp3") -> str:
    facts = read_audio(write(folder, name, data))
    assert isinstance(facts, Unreadable), facts
    return facts.why


LONG = wav(Track(20))


# Reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "codec", "told"),
    [
        ("wav", "pcm_s16le", "WAV"),
        ("wav", "pcm_s24le", "WAV"),
        ("wav", "pcm_f32le", "WAV"),
        ("wav", "pcm_u8", "WAV"),
        ("mp3", "libmp3lame", "MP3"),
        ("flac", "flac", "FLAC"),
        ("ogg", "libopus", "OGG"),
        ("ipod", "aac", "M4A"),
        ("adts", "aac", "AAC"),
        ("aiff", "pcm_s16be", "AIFF"),
        ("mp2", "mp2", "MP2"),
    ],
)
def test_a_track_is_known_by_what_it_holds_and_not_by_its_name(tmp_path: Path, to: str, codec: str, told: str) -> None:
    data = coded(Track(8, rate=48_000), to=to, codec=codec)

    facts = facts_of(tmp_path, data, name="song.txt")

    assert (facts.format, facts.channels, facts.sample_rate, facts.bytes) == (told, 2, 48_000, len(data))
    assert facts.seconds == pytest.approx(8, abs=EXACT)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_that_was_streamed_has_no_true_size_and_is_measured(tmp_path: Path, size: int) -> None:
    data = bytearray(LONG)
    data[4:8] = data[40:44] = struct.pack("<I", size)

    assert facts_of(tmp_path, bytes(data)).seconds == pytest.approx(20, abs=EXACT)


def test_a_cut_off_track_is_as_long_as_what_is_left(tmp_path: Path) -> None:
    song = mp3(Track(20))

    assert facts_of(tmp_path, LONG[: len(LONG) // 2]).seconds == pytest.approx(10, abs=EXACT)
    assert facts_of(tmp_path, song[: len(song) // 2]).seconds == pytest.approx(10, abs=EXACT)


def test_an_mp3_of_changing_rate_without_a_header_is_measured(tmp_path: Path) -> None:
    low = coded(Track(10, bit_rate=32_000), to="mp3", codec="libmp3lame", write_xing="0")
    high = coded(Track(10, bit_rate=320_000), to="mp3", codec="libmp3lame", write_xing="0")

    assert facts_of(tmp_path, low + high).seconds == pytest.approx(20.06, abs=EXACT)
    assert facts_of(tmp_path, high + low).seconds == pytest.approx(20.06, abs=EXACT)


@pytest.mark.parametrize("frames", [1, 100, 10_000_000])
def test_a_forged_header_is_not_believed(tmp_path: Path, frames: int) -> None:
    song = bytearray(mp3(Track(20)))
    mark = max(song.find(b"Xing"), song.find(b"Info"))
    assert mark > 0
    song[mark + 8 : mark + 12] = struct.pack(">I", frames)

    assert facts_of(tmp_path, bytes(song)).seconds == pytest.approx(20, abs=EXACT)


def test_two_songs_in_one_file_are_as_long_as_both(tmp_path: Path) -> None:
    song = mp3(Track(20))

    assert facts_of(tmp_path, song + song).seconds == pytest.approx(40.06, abs=EXACT)


def test_tags_and_a_cover_picture_are_not_sound_nor_a_video(tmp_path: Path) -> None:
    cover = BytesIO()
    Image.effect_noise((600, 600), 80).convert("RGB").save(cover, "JPEG")
    out = BytesIO()
    track = Track(10)
    with av.open(out, "w", format="mp3") as container:
        container.metadata["title"] = "A song"
        stream = cast(AudioStream, container.add_stream("libmp3lame", rate=track.rate))
        picture = cast(VideoStream, container.add_stream("mjpeg", rate=1))
        picture.width = picture.height = 600
        picture.pix_fmt = "yuvj420p"
        picture.disposition = Disposition.attached_pic
        frame = av.VideoFrame.from_image(Image.new("RGB", (600, 600), "teal"))
        for packet in picture.encode(frame):
            container.mux(packet)
        container.mux(picture.encode(None))
        encode(container, stream, track)
    assert b"APIC" in out.getvalue()[:2000]

    facts = facts_of(tmp_path, out.getvalue())

    assert (facts.format, audio_defects(facts, OURS)) == ("MP3", ())
    assert facts.seconds == pytest.approx(10, abs=EXACT)


def test_a_title_in_another_encoding_does_no_harm(tmp_path: Path) -> None:
    title = "海滩之歌".encode("gbk")
    data = LONG + b"LIST" + struct.pack("<I", 12 + len(title)) + b"INFOINAM" + struct.pack("<I", len(title)) + title
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]

    assert facts_of(tmp_path, data).seconds == pytest.approx(20, abs=EXACT)


def test_counting_stops_far_beyond_any_limit(tmp_path: Path) -> None:
    # Two hours at 8 bits and 8 kHz, mostly a hole in the file.
    path = write(tmp_path, "talk.wav", wav(Track(1, rate=8000, layout="mono")))
    with path.open("r+b") as file:
        file.truncate(2 * 3600 * 16_000)
        file.seek(4)
        file.write(b"\xff\xff\xff\xff")
        file.seek(40)
        file.write(b"\xff\xff\xff\xff")

    facts = read_audio(path)

    assert isinstance(facts, AudioFacts)
    assert facts.seconds == COUNTED_SECONDS
    assert "talk.wav is over 10 minutes long. It must be 3 to 30 s long." in said(audio_defects(facts, OURS))
    assert repair_audio(path, tmp_path / "out.wav", OURS).seconds == 30


def test_a_video_is_refused(tmp_path: Path) -> None:
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream("mpeg4", rate=10))
        stream.width = stream.height = 64
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))

    assert refusal_of(tmp_path, out.getvalue()) == "song.mp3 is a video. Please choose a sound file, WAV or MP3."


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"these are only words",
        bytes(10_000),
        random.Random(5).randbytes(200_000),
        b"ID3\x03\0\0\0\0\0\0" + random.Random(6).randbytes(200_000),
        b"RIFF\xff\xff\xff\xffWAVE",
        wav(Track(0)),
        LONG[:34] + b"\0\0" + LONG[36:],
        LONG[:24] + struct.pack("<I", 1_358_962_432) + LONG[28:],
        LONG[:20] + b"\x99\x99" + LONG[22:],
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
)
def test_what_is_no_sound_is_refused_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    why = refusal_of(tmp_path, data)

    assert why.startswith("song.mp3 ")
    assert why.endswith(".")


@pytest.mark.parametrize("name", ["list.mp3", "list.m3u8", "list.ffconcat", "http:example"])
def test_a_play_list_opens_nothing_else(tmp_path: Path, name: str) -> None:
    secret = write(tmp_path, "secret.wav", LONG)

    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:20\n#EXTINF:20,\n{secret}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:20,\nhttp://127.0.0.1:9/secret.wav\n",
        f"ffconcat version 1.0\nfile '{secret}'\n",
    ):
        assert "not a sound file" in refusal_of(tmp_path, text.encode(), name=name)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.wav", tmp_path):
        assert isinstance(read_audio(path), Unreadable)


SEEDS = [
    wav(Track(0.5, rate=8000, layout="mono")),
    mp3(Track(0.5)),
    coded(Track(0.5, rate=48_000), to="ogg", codec="libopus"),
    coded(Track(0.5), to="ipod", codec="aac"),
    coded(Track(0.5), to="flac", codec="flac"),
]


@settings(max_examples=200, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    hits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=12),
    kept=st.floats(0, 1),
)
def test_no_file_makes_reading_or_repairing_break(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, hits: list[tuple[int, int]], kept: float
) -> None:
    data = bytearray(seed[: max(1, int(len(seed) * kept))])
    for place, value in hits:
        data[place % len(data)] = value
    folder = tmp_path_factory.mktemp("hit")
    source = write(folder, "song", bytes(data))

    facts = read_audio(source)

    if isinstance(facts, AudioFacts):
        with suppress(FileRefused):
            assert audio_defects(repair_audio(source, folder / "out", OURS), OURS) == ()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


# Judging -------------------------------------------------------------------------------------------------------------


def only(defects: tuple[Defect, ...]) -> Defect:
    assert len(defects) == 1, defects
    return defects[0]


def said(defects: tuple[Defect, ...]) -> list[str]:
    return [defect.message for defect in defects]


@pytest.mark.parametrize("limit", LIMITS)
def test_lengths_at_the_limit_fit_and_beyond_do_not(limit: AudioLimit) -> None:
    for length in (limit.min_seconds, 10, limit.max_seconds, limit.max_seconds + 0.1):
        assert audio_defects(replace(FACTS, seconds=length), limit) == ()
    for length in (limit.min_seconds - 0.001, limit.max_seconds + 0.101, 0.01, COUNTED_SECONDS):
        assert only(audio_defects(replace(FACTS, seconds=length), limit)).fix is not None


@pytest.mark.parametrize(
    ("length", "message", "repair", "label"),
    [
        (49, "song.mp3 is 49 s long. It must be 3 to 30 s long.", Repair.TRIM, "Keep the first 30 s"),
        (30.101, "song.mp3 is 30.11 s long. It must be 3 to 30 s long.", Repair.TRIM, "Keep the first 30 s"),
        (1.5, "song.mp3 is 1.5 s long. It must be 3 to 30 s long.", Repair.PAD, "Add silence to 3 s"),
        (2.9999, "song.mp3 is 2.99 s long. It must be 3 to 30 s long.", Repair.PAD, "Add silence to 3 s"),
        (600, "song.mp3 is over 10 minutes long. It must be 3 to 30 s long.", Repair.TRIM, "Keep the first 30 s"),
    ],
)
def test_the_length_is_told_and_never_rounded_into_the_limit(
    length: float, message: str, repair: Repair, label: str
) -> None:
    defect = only(audio_defects(replace(FACTS, seconds=length), OURS))

    assert defect.message == message
    assert defect.fix is not None
    assert (defect.fix.repair, defect.fix.label) == (repair, label)


def test_bytes_at_the_limit_fit_and_one_more_does_not() -> None:
    assert audio_defects(replace(FACTS, bytes=15 * MB), OURS) == ()
    defect = only(audio_defects(replace(FACTS, bytes=15 * MB + 1), OURS))
    assert defect.message == "song.mp3 is 15.1 MB. It must be at most 15 MB."
    assert defect.fix is not None
    assert (defect.fix.repair, defect.fix.label) == (Repair.COMPRESS, "Make it 15 MB or less")


@pytest.mark.parametrize(("found", "told"), [("M4A", "an M4A file"), ("FLAC", "a FLAC file"), ("OGG", "an OGG file")])
def test_another_format_is_named_and_can_be_saved_as_wav(found: str, told: str) -> None:
    defect = only(audio_defects(replace(FACTS, format=found), OURS))

    assert defect.message == f"song.mp3 is {told}. It must be WAV or MP3."
    assert defect.fix is not None
    assert (defect.fix.repair, defect.fix.label) == (Repair.CONVERT, "Save as WAV")


@pytest.mark.parametrize("name", ["<b>song</b>.mp3", "a\nb.mp3", "x\u202e3pm.exe", "歌.mp3", "s" * 300 + ".mp3"])
def test_any_file_name_is_told_as_one_short_line_of_plain_text(name: str) -> None:
    told = only(audio_defects(replace(FACTS, name=name, seconds=1), OURS)).message.split(" is 1 s long")[0]

    assert 0 < len(told) <= 48
    assert told.isprintable()


# Repairing -----------------------------------------------------------------------------------------------------------


def samples_of(path: Path) -> array[int]:
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2
        data = array("h")
        data.frombytes(file.readframes(file.getnframes()))
        return data


WAYS = [
    ("wav", "pcm_s16le"),
    ("wav", "pcm_s24le"),
    ("wav", "pcm_f32le"),
    ("mp3", "libmp3lame"),
    ("flac", "flac"),
]
MP3_RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]


@st.composite
def sounds(draw: st.DrawFn) -> tuple[Track, str, str]:
    to, codec = draw(st.sampled_from(WAYS))
    rate = draw(st.sampled_from(MP3_RATES if to == "mp3" else [*MP3_RATES, 88_200, 96_000]))
    layout = draw(st.sampled_from(["mono", "stereo"] if to == "mp3" else ["mono", "stereo", "5.1"]))
    length = draw(st.floats(0.2, 60) | st.sampled_from([0.2, 2.99, 3.0, 29.99, 30.0, 30.05, 30.2, 60.0]))
    track = Track(length, rate=rate, layout=layout, bit_rate=64_000 if rate >= 32_000 else 24_000)
    return track, to, codec


@settings(max_examples=40, deadline=None)
@given(sound=sounds(), limit=st.sampled_from(LIMITS))
def test_a_repaired_track_has_no_defects(
    tmp_path_factory: pytest.TempPathFactory, sound: tuple[Track, str, str], limit: AudioLimit
) -> None:
    track, to, codec = sound
    data = coded(track, to=to, codec=codec)
    folder = tmp_path_factory.mktemp("repair")
    source = write(folder, "song", data)
    before = read_audio(source)
    assert isinstance(before, AudioFacts)
    # An MP3 really is longer than what was put in: its encoder adds up to three frames of silence.
    padding = 3 * (1152 if track.rate >= 32_000 else 576) / track.rate if to == "mp3" else 0
    assert track.seconds - EXACT <= before.seconds <= track.seconds + EXACT + padding

    told = repair_audio(source, folder / "out", limit)

    assert read_audio(folder / "out") == told
    assert audio_defects(told, limit) == ()
    if audio_defects(before, limit):
        assert (told.format, told.channels) == ("WAV", min(2, track.channels))
    else:
        assert (folder / "out").read_bytes() == data
    for path in folder.iterdir():
        path.unlink()


def test_a_long_track_keeps_its_beginning_to_the_sample(tmp_path: Path) -> None:
    source = write(tmp_path, "song.wav", wav(Track(40, rate=48_000)))

    facts = repair_audio(source, tmp_path / "out.wav", OURS)

    assert facts.seconds == 30
    kept, whole = samples_of(tmp_path / "out.wav"), samples_of(source)
    # The last 20 ms fade out, so that the cut does not click.
    faded = 48_000 * 2 // 50
    assert kept[:-faded] == whole[: len(kept) - faded]
    assert abs(kept[-1]) < 100


def test_a_short_track_keeps_its_sound_and_silence_follows(tmp_path: Path) -> None:
    source = write(tmp_path, "song.wav", wav(Track(1, rate=48_000)))

    facts = repair_audio(source, tmp_path / "out.wav", OURS)

    assert facts.seconds == pytest.approx(3, abs=0.002)
    padded, whole = samples_of(tmp_path / "out.wav"), samples_of(source)
    assert padded[: len(whole)] == whole
    assert not any(padded[len(whole) :])


def test_six_channels_become_two(tmp_path: Path) -> None:
    source = write(tmp_path, "film.wav", wav(Track(40, layout="5.1")))

    assert repair_audio(source, tmp_path / "out.wav", OURS).channels == 2


def test_too_many_bytes_are_met_by_fewer_samples(tmp_path: Path) -> None:
    source = write(tmp_path, "studio.wav", wav(Track(29, rate=192_000)))
    assert said(audio_defects(facts_of(tmp_path, source.read_bytes(), "studio.wav"), OURS)) == [
        "studio.wav is 21.3 MB. It must be at most 15 MB."
    ]

    plain = repair_audio(source, tmp_path / "out.wav", OURS)
    tight = repair_audio(source, tmp_path / "out.wav", replace(OURS, max_bytes=MB))

    assert (plain.sample_rate, plain.channels) == (48_000, 2)
    assert plain.seconds == pytest.approx(29, abs=EXACT)
    assert (tight.sample_rate, tight.channels, tight.bytes <= MB) == (16_000, 1, True)
    with pytest.raises(FileRefused, match=r"studio\.wav cannot be made 9\.7 kB or less"):
        repair_audio(source, tmp_path / "none.wav", replace(OURS, max_bytes=10_000))
    assert not (tmp_path / "none.wav").exists()


def test_a_damaged_place_is_left_out(tmp_path: Path) -> None:
    song = mp3(Track(40))
    hurt = song[: len(song) // 4] + random.Random(9).randbytes(5000) + song[len(song) // 4 :]
    source = write(tmp_path, "song.mp3", hurt)

    assert repair_audio(source, tmp_path / "out.wav", OURS).seconds == 30


def test_songs_of_different_kinds_in_one_file_are_all_kept(tmp_path: Path) -> None:
    joined = mp3(Track(4, layout="mono", rate=32_000)) + mp3(Track(4, rate=48_000)) + mp3(Track(4, layout="mono"))
    source = write(tmp_path, "mixed.mp3", joined)
    before = facts_of(tmp_path, joined)

    facts = repair_audio(source, tmp_path / "out.wav", replace(OURS, min_seconds=20))
    sounding = samples_of(tmp_path / "out.wav")

    assert before.seconds == pytest.approx(12.1, abs=0.2)
    assert facts.seconds == pytest.approx(20, abs=0.002)
    last = max(index for index, sample in enumerate(sounding) if abs(sample) > 1000)
    assert last / facts.channels / facts.sample_rate == pytest.approx(12.1, abs=0.2)


def test_a_limit_without_wav_says_that_it_cannot_be_met(tmp_path: Path) -> None:
    source = write(tmp_path, "song.mp3", mp3(Track(1)))

    with pytest.raises(FileRefused, match=r"song\.mp3 cannot be made MP3 here"):
        repair_audio(source, tmp_path / "out.mp3", replace(OURS, formats=("MP3",)))


def test_a_repair_may_replace_its_own_source_and_leaves_nothing_else(tmp_path: Path) -> None:
    source = write(tmp_path, "song.wav", wav(Track(1)))

    repair_audio(source, source, OURS)

    assert list(tmp_path.iterdir()) == [source]


def test_an_unreadable_track_cannot_be_repaired(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"notes\.txt is not a sound file"):
        repair_audio(write(tmp_path, "notes.txt", b"some words"), tmp_path / "out", OURS)
    assert not (tmp_path / "out").exists()

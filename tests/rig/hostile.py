"""Files that people bring by mistake or with intent. Each function writes one into a folder and gives its path.

Those in PICTURES, SOUNDS and CLIPS pass for such a file by their name; what is right with each stands beside it.
"""

from __future__ import annotations

import math
import struct
import wave
import zlib
from array import array
from collections.abc import Callable, Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import cast

import av
from av.audio.stream import AudioStream
from PIL import Image

from tests.rig.clips import Clip, film, write

Maker = Callable[[Path], Path]

CHINESE = "海边日落 第一版"
EMOJI = "👩‍👩‍👧 beach 🏖️"
LONG = "夕" * 70 + "beach" * 7
"""As long a name as a disk takes, with its ending: 250 bytes."""
PATH = "..\\..\\secret\\beach"
"""A path to some; here, a name."""
_ORIENTATION = 0x0112


# Pictures ------------------------------------------------------------------------------------------------------------


def encoded(image: Image.Image, to: str = "PNG", **options: object) -> bytes:
    """A picture as a file of Pillow's format `to`."""
    out = BytesIO()
    image.save(out, to, **options)
    return out.getvalue()


def plain(width: int = 800, height: int = 600, *, to: str = "PNG") -> bytes:
    """A picture with nothing wrong."""
    return encoded(Image.linear_gradient("L").resize((width, height)).convert("RGB"), to)


def png_named_jpg(folder: Path) -> Path:
    """A sound PNG with another ending."""
    return write(folder, "beach.jpg", plain())


def truncated_jpeg(folder: Path) -> Path:
    """Half a download."""
    data = plain(to="JPEG")
    return write(folder, "half.jpg", data[: len(data) // 2])


def empty_picture(folder: Path) -> Path:
    """Zero bytes."""
    return write(folder, "empty.png", b"")


def bomb_png(folder: Path) -> Path:
    """60 megapixels of black in 200 kB: wider than a side may be, and 180 MB once decoded."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width, height = 10_000, 6_000
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer, row = zlib.compressobj(1), bytes(1 + 3 * width)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return write(folder, "bomb.png", b"\x89PNG\r\n\x1a\n" + chunks)


def animated_webp(folder: Path) -> Path:
    """Three pictures in one."""
    first, *more = (Image.new("RGB", (640, 480), colour) for colour in ("red", "green", "blue"))
    return write(folder, "dance.webp", encoded(first, "WEBP", save_all=True, append_images=more, duration=100))


def cmyk_jpeg(folder: Path) -> Path:
    """Print colours."""
    return write(folder, "print.jpg", encoded(Image.new("CMYK", (800, 600), (0, 200, 200, 0)), "JPEG"))


def turned_jpeg(folder: Path) -> Path:
    """Stored lying, with EXIF that asks to be turned: 600 × 800 as seen."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    return write(folder, "phone.jpg", encoded(Image.new("RGB", (800, 600), "teal"), "JPEG", exif=exif.tobytes()))


def transparent_png(folder: Path) -> Path:
    """Half transparent."""
    return write(folder, "logo.png", encoded(Image.new("RGBA", (800, 600), (200, 20, 20, 90))))


def avif_named_jpg(folder: Path) -> Path:
    """What some browsers save when they are asked for a JPEG."""
    return write(folder, "saved.jpg", plain(to="AVIF"))


def heic_named_jpg(folder: Path) -> Path:
    """A phone's photo, renamed: its first bytes, which is all that is looked at."""
    return write(folder, "photo.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(4000))


def svg_named_jpg(folder: Path) -> Path:
    """A drawing with a script in it."""
    return write(folder, "drawing.jpg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')


def sixteen_bit_png(folder: Path) -> Path:
    """Sixteen bits of grey, as scanners give."""
    grey = Image.linear_gradient("L").resize((800, 600)).convert("I").point(lambda value: value * 257)
    return write(folder, "scan.png", encoded(grey.convert("I;16")))


def long_named_picture(folder: Path) -> Path:
    """Nothing wrong but the length of its name."""
    return write(folder, f"{LONG}.png", plain())


def path_named_picture(folder: Path) -> Path:
    """Nothing wrong, and its name leads nowhere."""
    return write(folder, f"{PATH}.png", plain())


def text_named_png(folder: Path) -> Path:
    """Words."""
    return write(folder, "notes.png", b"Remember to buy milk.\n")


def chinese_picture(folder: Path) -> Path:
    """Nothing wrong but for people who think in ASCII."""
    return write(folder, f"{CHINESE}.png", plain())


def emoji_picture(folder: Path) -> Path:
    """Nothing wrong here either."""
    return write(folder, f"{EMOJI}.png", plain())


# Sound ---------------------------------------------------------------------------------------------------------------


def tone(seconds: float, *, rate: int = 44_100, channels: int = 2) -> bytes:
    """A tone as 16-bit samples."""
    samples = array("h")
    for n in range(rate):
        samples.extend([int(9000 * math.sin(n * 440 * math.tau / rate))] * channels)
    return (samples.tobytes() * math.ceil(seconds + 1))[: round(seconds * rate) * channels * 2]


def wav(seconds: float, *, channels: int = 2, rate: int = 44_100) -> bytes:
    """A tone as a WAV file."""
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone(seconds, rate=rate, channels=channels))
    return out.getvalue()


def mp3(seconds: float, *, variable: bool = False, header: bool = True) -> bytes:
    """A tone as an MP3; `header` is the frame that tells the length of a variable rate."""
    options = {"write_xing": str(int(header)), "id3v2_version": "3" if header else "0"}
    return coded(seconds, to="mp3", codec="libmp3lame", options=options, variable=variable)


def coded(seconds: float, *, to: str, codec: str, options: dict[str, str], variable: bool = False) -> bytes:
    """A tone in any of FFmpeg's containers and codings."""
    out, rate = BytesIO(), 44_100
    with av.open(out, "w", format=to, options=options) as container:
        stream = cast(AudioStream, container.add_stream(codec, rate=rate))
        stream.layout = "stereo"
        if variable:
            stream.codec_context.qscale = True
            stream.codec_context.global_quality = 4 * 118
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate)
        data, step = tone(seconds, rate=rate), 8192 * 4
        for start in range(0, len(data), step):
            part = data[start : start + step]
            frame = av.AudioFrame(format="s16", layout="stereo", samples=len(part) // 4)
            frame.planes[0].update(part)
            frame.rate, frame.pts, frame.time_base = rate, start // 4, Fraction(1, rate)
            for made in resampler.resample(frame):
                container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return out.getvalue()


def surround_wav(folder: Path) -> Path:
    """5.1: six channels, 6 s."""
    return write(folder, "cinema.wav", wav(6, channels=6))


def float_wav(folder: Path) -> Path:
    """Samples as floats of 32 bits, as studios keep them: 6 s, and louder than can be."""
    rate, channels = 44_100, 2
    samples = array("f")
    for n in range(6 * rate):
        samples.extend([1.5 * math.sin(n * 440 * math.tau / rate)] * channels)
    body = samples.tobytes()
    form = struct.pack("<IHHIIHH", 16, 3, channels, rate, rate * channels * 4, channels * 4, 32)
    head = struct.pack("<4sI4s4s", b"RIFF", 36 + len(body), b"WAVE", b"fmt ")
    return write(folder, "master.wav", head + form + struct.pack("<4sI", b"data", len(body)) + body)


def chinese_sound(folder: Path) -> Path:
    """Nothing wrong with it."""
    return write(folder, f"{CHINESE}.wav", wav(6))


def emoji_sound(folder: Path) -> Path:
    """Nor with this."""
    return write(folder, f"{EMOJI}.mp3", mp3(6))


def long_named_sound(folder: Path) -> Path:
    """Nor with this, but for its name."""
    return write(folder, f"{LONG}.wav", wav(6))


def bare_mp3(folder: Path) -> Path:
    """A variable rate and no header that would tell the length: 6 s."""
    return write(folder, "bare.mp3", mp3(6, variable=True, header=False))


def variable_mp3(folder: Path) -> Path:
    """A variable rate with its header: 6 s."""
    return write(folder, "song.mp3", mp3(6, variable=True))


def truncated_wav(folder: Path) -> Path:
    """Says 12 s and holds 6."""
    data = wav(12)
    return write(folder, "half.wav", data[: len(data) // 2])


def empty_sound(folder: Path) -> Path:
    """Zero bytes."""
    return write(folder, "empty.mp3", b"")


def picture_named_mp3(folder: Path) -> Path:
    """A PNG."""
    return write(folder, "cover.mp3", plain())


def clip_named_mp3(folder: Path) -> Path:
    """A clip."""
    return write(folder, "concert.mp3", film(Clip()))


# Clips ---------------------------------------------------------------------------------------------------------------


def empty_clip(folder: Path) -> Path:
    """Zero bytes."""
    return write(folder, "empty.mp4", b"")


def text_named_mp4(folder: Path) -> Path:
    """Words."""
    return write(folder, "notes.mp4", b"Remember to buy milk.\n")


def playlist_named_mp4(folder: Path) -> Path:
    """A list of addresses that a careless reader would open."""
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", "http://127.0.0.1:9/secret.ts", "#EXT-X-ENDLIST", "")
    return write(folder, "list.mp4", "\n".join(lines).encode())


def picture_named_mp4(folder: Path) -> Path:
    """A PNG."""
    return write(folder, "beach.mp4", plain())


def animation_named_mp4(folder: Path) -> Path:
    """An animated WebP."""
    return animated_webp(folder).rename(folder / "dance.mp4")


def sound_only_mp4(folder: Path) -> Path:
    """A voice memo in a clip's container."""
    return write(folder, "memo.mp4", coded(3, to="mp4", codec="aac", options={}))


def mp4_without_streams(folder: Path) -> Path:
    """A film's description that describes none."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + kind + body

    movie = bytes(12) + struct.pack(">II", 1000, 5000) + struct.pack(">IH", 0x10000, 0x100) + bytes(10)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = box(b"mvhd", movie + matrix + bytes(24) + struct.pack(">I", 1))
    return write(folder, "hollow.mp4", box(b"ftyp", b"isom\0\0\2\0isommp41") + box(b"moov", header))


def truncated_mp4(folder: Path) -> Path:
    """Half a download of a clip whose description lies at its end: nothing can be read."""
    data = film(Clip(noise=True))
    return write(folder, "half.mp4", data[: len(data) // 2])


def broken_off_mp4(folder: Path) -> Path:
    """Half a download of a clip made for streaming: it says 4 s and begins well."""
    data = film(Clip(seconds=4, noise=True, flags="frag_keyframe+empty_moov+default_base_moof"))
    return write(folder, "streamed.mp4", data[: len(data) * 6 // 10])


def bomb_avi(folder: Path) -> Path:
    """A header of 64 × 64 over pictures of 60 megapixels."""
    out = BytesIO()
    frame = encoded(Image.new("RGB", (10_000, 6_000), "teal"), "JPEG", quality=30)
    with av.open(out, "w", format="avi") as container:
        stream = cast("av.VideoStream", container.add_stream("mjpeg", rate=5))
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        for number in range(5):
            packet = av.Packet(frame)
            packet.stream, packet.time_base = stream, Fraction(1, 5)
            packet.pts = packet.dts = number
            container.mux(packet)
    return write(folder, "bomb.avi", out.getvalue())


def claiming_mp4(folder: Path) -> Path:
    """A clip whose table claims eighty million samples, all of one size: two gigabytes of memory, if believed."""
    data = bytearray(film(Clip(sound=False)))
    place = data.index(b"stsz") + 8
    data[place : place + 8] = struct.pack(">II", 1, 80_000_000)
    return write(folder, "claims.mp4", bytes(data))


def mov_named_mp4(folder: Path) -> Path:
    """A camera's MOV with another ending."""
    return write(folder, "camera.mp4", film(Clip(to="mov")))


def turned_mov(folder: Path) -> Path:
    """A phone held upright: stored as 320 × 240, seen as 240 × 320."""
    return write(folder, "phone.mov", film(Clip(to="mov", turn=-90)))


def wavering_mp4(folder: Path) -> Path:
    """A screen recorder's clip: pictures come when something moves, between 4 and 60 a second. 4 s."""
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = cast("av.VideoStream", container.add_stream("libx264", rate=30, options={"preset": "ultrafast"}))
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 60)
        moment = 0
        while moment < 4 * 60:
            frame = av.VideoFrame.from_image(Image.new("RGB", (640, 480), (moment % 256, 20, 20)))
            frame.pts, frame.time_base = moment, Fraction(1, 60)
            container.mux(stream.encode(frame))
            moment += 1 if moment % 120 < 60 else 15
        container.mux(stream.encode(None))
    return write(folder, "screen.mp4", out.getvalue())


def ten_bit_hevc(folder: Path) -> Path:
    """A phone's HDR clip: HEVC with ten bits, in a MOV."""
    out = BytesIO()
    with av.open(out, "w", format="mov") as container:
        options = {"preset": "ultrafast", "x265-params": "log-level=none"}
        stream = cast("av.VideoStream", container.add_stream("libx265", rate=30, options=options))
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p10le"
        for _ in range(75):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (640, 480), "teal"))))
        container.mux(stream.encode(None))
    return write(folder, "hdr.mov", out.getvalue())


def long_named_clip(folder: Path) -> Path:
    """Nothing wrong but the length of its name."""
    return write(folder, f"{LONG}.mp4", film(Clip()))


def chinese_clip(folder: Path) -> Path:
    """Nothing wrong with it."""
    return write(folder, f"{CHINESE}.mp4", film(Clip()))


def emoji_clip(folder: Path) -> Path:
    """Nor with this."""
    return write(folder, f"{EMOJI}.mp4", film(Clip()))


def _table(*makers: Maker) -> Mapping[str, Maker]:
    return MappingProxyType({maker.__name__.replace("_", " "): maker for maker in makers})


PICTURES = _table(
    png_named_jpg, truncated_jpeg, empty_picture, bomb_png, animated_webp, cmyk_jpeg, turned_jpeg, transparent_png,
    avif_named_jpg, heic_named_jpg, svg_named_jpg, sixteen_bit_png,
    text_named_png, chinese_picture, emoji_picture, long_named_picture, path_named_picture,
)  # fmt: skip
SOUNDS = _table(
    surround_wav, float_wav, bare_mp3, variable_mp3, truncated_wav, empty_sound, picture_named_mp3, clip_named_mp3,
    chinese_sound, emoji_sound, long_named_sound,
)  # fmt: skip
CLIPS = _table(
    empty_clip, text_named_mp4, playlist_named_mp4, picture_named_mp4, animation_named_mp4, sound_only_mp4,
    mp4_without_streams, truncated_mp4, broken_off_mp4, bomb_avi, claiming_mp4, mov_named_mp4, turned_mov,
    wavering_mp4, ten_bit_hevc, chinese_clip, emoji_clip, long_named_clip,
)  # fmt: skip

"""Decoding of pictures, clips and sounds, as far as a result must be decoded before it is stored."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError
from PIL import Image, ImageOps

from services.domain.errors import FileRefused
from services.media.audio import read_audio
from services.media.facts import AudioFacts
from services.media.file_type import HEAD_BYTES, Kind, look
from services.media.image import opened
from services.media.pyav import picture_of
from services.media.video import DECODER_LIMIT

FILE_TYPES = {
    "JPEG": (".jpg", "image/jpeg"),
    "PNG": (".png", "image/png"),
    "BMP": (".bmp", "image/bmp"),
    "WEBP": (".webp", "image/webp"),
    "TIFF": (".tif", "image/tiff"),
    "WAV": (".wav", "audio/wav"),
    "MP3": (".mp3", "audio/mpeg"),
    "M4A": (".m4a", "audio/mp4"),
    "MP4": (".mp4", "video/mp4"),
    "MOV": (".mov", "video/quicktime"),
    "AVI": (".avi", "video/x-msvideo"),
}
"""The file ending and MIME type for the real format of an input file."""


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """Type, size and length of a picture, clip or sound, by its contents."""

    mime: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    """The length of a clip or sound; None for a picture."""

    @property
    def kind(self) -> str:
        """image, video or audio."""
        return self.mime.partition("/")[0]


def clip_type(path: Path) -> tuple[str, str]:
    """Return a clip's file ending and MIME type: QuickTime if its first bytes say so, else MP4."""
    with path.open("rb") as file:
        return FILE_TYPES["MOV" if file.read(12)[8:] == b"qt  " else "MP4"]


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The size and length of a clip or picture, and a picture of it in red, green and blue."""

    width: int
    height: int
    seconds: float | None
    picture: Image.Image


def inspect(path: Path) -> MediaInfo:
    """Read a file's type and size, decoding a picture as a whole and a clip's first frame.

    Raises FileRefused if it is no picture, clip or sound, or cannot be decoded.
    """
    with path.open("rb") as file:
        kind = look(file.read(HEAD_BYTES))
    if kind is Kind.PICTURE:
        decoded, form = decode_picture(path)
        return MediaInfo(mime=FILE_TYPES[form][1], width=decoded.width, height=decoded.height)
    if kind is Kind.UNKNOWN:
        raise FileRefused("This is neither a picture nor a clip nor a sound.")
    try:
        seconds, (_, mime) = decode_sound(path)
        return MediaInfo(mime=mime, seconds=seconds)
    except FileRefused:
        if kind is Kind.SOUND:
            raise
    decoded = decode_clip(path)
    return MediaInfo(mime=clip_type(path)[1], width=decoded.width, height=decoded.height, seconds=decoded.seconds)


def decode_sound(path: Path) -> tuple[float, tuple[str, str]]:
    """Read a sound: its seconds, file ending and MIME type. Raises FileRefused; a clip with pictures is no sound."""
    facts = read_audio(path, most=math.inf)
    if not isinstance(facts, AudioFacts):
        raise FileRefused(facts.why)
    if facts.format not in FILE_TYPES:
        raise FileRefused(f"{facts.format} sounds are not kept.")
    return facts.seconds, FILE_TYPES[facts.format]


def decode_clip(path: Path) -> Decoded:
    """Decode one frame of a clip, a little after its beginning, where things move. Raises FileRefused.

    Opens nothing but the file itself.
    """
    try:
        with path.open("rb") as file, av.open(file, "r", options=DECODER_LIMIT) as container:
            stream = container.streams.video[0]
            stream.codec_context.options = DECODER_LIMIT
            seconds = float((container.duration or 0) / av.time_base)
            if seconds > 1:
                container.seek(int(min(1.0, seconds / 4) * av.time_base))
            frame = next(container.decode(stream))
            picture = _upright(picture_of(frame), frame.rotation)
            return Decoded(width=picture.width, height=picture.height, seconds=seconds, picture=picture)
    except (FFmpegError, IndexError, StopIteration, OSError, ValueError) as error:
        raise FileRefused("The provider's file is not a video that can be played.") from error


def _upright(picture: Image.Image, degrees: int) -> Image.Image:
    """Turn the picture as a player would show it. The file states its counter-clockwise rotation."""
    return picture.rotate(degrees, expand=True) if degrees % 360 else picture


def decode_picture(path: Path) -> tuple[Decoded, str]:
    """Decode a picture to its last pixel. Return it with Pillow's name of its format. Raises FileRefused."""
    broken = "The provider's file is not a picture that can be shown."
    try:
        with path.open("rb") as file, opened(file, "The picture") as picture:
            form = picture.format or ""
            if form not in FILE_TYPES:
                raise FileRefused(broken)
            seen = ImageOps.exif_transpose(picture)
            flat = _on_white(seen)
    except (OSError, ValueError, SyntaxError, struct.error) as error:  # Pillow's errors for broken pixels
        raise FileRefused(broken) from error
    return Decoded(width=flat.width, height=flat.height, seconds=None, picture=flat), form


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")

"""What is known of a file, read without decoding it, and what can be said against it."""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.problems import Fix


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """A picture, from its header. Width and height are as seen, after EXIF orientation."""

    name: str
    format: str
    """Pillow's name of what the file really is: JPEG, PNG, BMP, WEBP, GIF ..."""
    width: int
    height: int
    bytes: int
    alpha: bool
    sideways: bool
    """Whether EXIF orientation asks the viewer to turn or mirror it."""
    frames: int = 1
    """More than one for an animation; 2 stands for "several" where counting would mean reading the whole file."""
    mode: str = "RGB"
    """Pillow's name of how a pixel is stored: RGB, RGBA, L, P, CMYK ..."""

    @property
    def suffix(self) -> str:
        """The ending a file of this format is known by, whatever it is called now."""
        return ".jpg" if self.format == "JPEG" else f".{self.format.lower()}"


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """A sound track. `seconds` is measured from its packets, not taken from its header.

    Counting stops at `services.media.audio.COUNTED_SECONDS`: a longer track is told as that long.
    """

    name: str
    format: str
    """WAV, MP3, or the container's name in capitals."""
    seconds: float
    bytes: int
    channels: int
    sample_rate: int

    @property
    def suffix(self) -> str:
        """The ending a file of this format is known by, whatever it is called now."""
        return f".{self.format.lower()}"


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """A clip, from its header and its packets. Width and height are as seen, after rotation."""

    name: str
    format: str
    """MP4, MOV, AVI, or the container's name in capitals."""
    width: int
    height: int
    seconds: float
    fps: float
    bytes: int
    sound: bool
    """Whether it has a sound track."""
    codec: str = "h264"
    whole: bool = True
    """Whether the file is undamaged and as long as its header says."""

    @property
    def suffix(self) -> str:
        """The ending a file of this format is known by, whatever it is called now."""
        return f".{self.format.lower()}"


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that is not what it should be. `why` is a sentence for the user."""

    name: str
    bytes: int
    why: str


MediaFacts = ImageFacts | AudioFacts | VideoFacts | Unreadable


@dataclass(frozen=True, kw_only=True)
class Defect:
    """Why a file does not fit a limit: a sentence with the number found and the number needed.

    `advice` is True where the file is taken as it is and a repair would merely help.
    """

    message: str
    fix: Fix | None = None
    advice: bool = False

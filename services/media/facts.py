"""The facts of a file, read without decoding it, and its defects."""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.problems import Fix


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """A picture, from its header. Width and height are as seen, after EXIF orientation."""

    name: str
    format: str
    """Pillow's name of the file's real format: JPEG, PNG, BMP, WEBP, GIF ..."""
    width: int
    height: int
    bytes: int
    alpha: bool
    sideways: bool
    """True if EXIF orientation asks the viewer to turn or mirror it."""
    frames: int = 1
    """More than one for an animation; 2 means "several" if counting would require reading the whole file."""
    mode: str = "RGB"
    """Pillow's name of the way a pixel is stored: RGB, RGBA, L, P, CMYK ..."""

    @property
    def suffix(self) -> str:
        """The usual ending of a file of this format, regardless of its present name."""
        return ".jpg" if self.format == "JPEG" else f".{self.format.lower()}"


@dataclass(frozen=True, kw_only=True)
class AudioFacts:
    """A sound track. `seconds` is measured from its packets, not taken from its header.

    Counting stops at `services.media.audio.COUNTED_SECONDS`: a longer track is reported as that long.
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
        """The usual ending of a file of this format, regardless of its present name."""
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
    """True if it has a sound track."""
    codec: str = "h264"
    whole: bool = True
    """True if the file is undamaged and as long as its header says."""

    @property
    def suffix(self) -> str:
        """The usual ending of a file of this format, regardless of its present name."""
        return f".{self.format.lower()}"


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that is not of the expected kind or is damaged. `why` is a sentence for the user."""

    name: str
    bytes: int
    why: str


MediaFacts = ImageFacts | AudioFacts | VideoFacts | Unreadable


@dataclass(frozen=True, kw_only=True)
class Defect:
    """The reason why a file does not fit a limit: a sentence with the number found and the number needed.

    `advice` is True if the file is accepted as it is and a repair would merely help.
    """

    message: str
    fix: Fix | None = None
    advice: bool = False

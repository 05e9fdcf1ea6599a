"""PyAV with types where its own stubs have none: a frame as a picture, and the writing of a clip.

Its containers, streams and frames fit the types here as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, Protocol, TypeAlias, TypeVar, overload

import av
from av.stream import Stream
from av.video.reformatter import Colorspace
from PIL import Image

AnyPacket: TypeAlias = "av.Packet[Stream]"  # in quotes: only the type stubs know the brackets

FrameT_contra = TypeVar("FrameT_contra", contravariant=True)


class Output(Protocol):
    """A clip that is being written."""

    @overload
    def add_stream(
        self, codec_name: Literal["libx264"], rate: Fraction | int, options: dict[str, str]
    ) -> av.VideoStream: ...
    @overload
    def add_stream(self, codec_name: Literal["aac"], rate: int, *, layout: str) -> av.AudioStream: ...

    def mux(self, packets: Sequence[AnyPacket], /) -> None:
        """Write encoded packets."""
        ...


class Encoder(Protocol[FrameT_contra]):
    """A stream that is being written, of pictures or of sound."""

    def encode(self, frame: FrameT_contra | None, /) -> Sequence[AnyPacket]:
        """Encode a frame; with None, those that the encoder holds back."""
        ...


class Showable(Protocol):
    """A decoded picture of a clip."""

    def to_image(self, *, src_colorspace: Colorspace | None) -> Image.Image:
        """Convert it to red, green and blue."""
        ...


def write_frame(out: Output, stream: Encoder[FrameT_contra], frame: FrameT_contra | None) -> None:
    """Encode and write a frame; with None, those that the encoder holds back at the end."""
    out.mux(stream.encode(frame))


def picture_of(frame: Showable, *, colours: Colorspace | None = None) -> Image.Image:
    """Return a frame in red, green and blue, read as having these colours; None: as it says itself."""
    return frame.to_image(src_colorspace=colours)

"""Pictures as the video encoder takes them, with separate Y, U and V, and layers that slide over each other.

All drawing is done once. A frame is then a few crops and pastes, which makes filming fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Planes:
    """One picture in YUV 4:2:0, BT.709, limited range. Width and height are even."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @staticmethod
    def of(rgb: NDArray[np.uint8]) -> Planes:
        """Build planes from an array of rows x columns x 3."""
        height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb[:height, :width]), format="rgb24")
        return Planes.from_frame(frame, size=(width, height))

    @staticmethod
    def from_frame(frame: av.VideoFrame, *, size: tuple[int, int]) -> Planes:
        """Build planes from a decoded frame, stretched to an even size."""
        width, height = size
        drawn = frame.reformat(width=width, height=height, format="yuv420p", dst_colorspace="ITU709")
        flat = drawn.to_ndarray().reshape(-1)
        luma, chroma = width * height, width * height // 4
        half = (height // 2, width // 2)
        return Planes(
            Image.fromarray(flat[:luma].reshape(height, width)),
            Image.fromarray(flat[luma : luma + chroma].reshape(half)),
            Image.fromarray(flat[luma + chroma :].reshape(half)),
        )

    def window(self, x: int, y: int, *, size: tuple[int, int]) -> Planes:
        """Return the part at x, y as a separate picture. Colour moves in steps of two pixels."""
        half = (x // 2, y // 2, x // 2 + size[0] // 2, y // 2 + size[1] // 2)
        return Planes(self.y.crop((x, y, x + size[0], y + size[1])), self.u.crop(half), self.v.crop(half))

    def zoomed(self, box: tuple[float, float, float, float], *, size: tuple[int, int]) -> Planes:
        """Return the part within a box of fractional pixels, scaled to a size."""
        half, half_box = (size[0] // 2, size[1] // 2), (box[0] / 2, box[1] / 2, box[2] / 2, box[3] / 2)
        scaled = [
            plane.resize(to, Image.Resampling.BILINEAR, box=part)
            for plane, to, part in ((self.y, size, box), (self.u, half, half_box), (self.v, half, half_box))
        ]
        return Planes(*scaled)

    def copied(self) -> Planes:
        """Return a copy to draw on."""
        return Planes(self.y.copy(), self.u.copy(), self.v.copy())

    def mixed(self, other: Planes, part: float) -> Planes:
        """Blend this picture with another of its size: 0 is this one, 1 the other."""
        pairs = ((self.y, other.y), (self.u, other.u), (self.v, other.v))
        return Planes(*(Image.blend(mine, theirs, part) for mine, theirs in pairs))

    def rgb(self) -> NDArray[np.uint8]:
        """Return an array of rows x columns x 3."""
        frame = av.VideoFrame.from_ndarray(self.joined(), format="yuv420p")
        return frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray().astype(np.uint8)

    def joined(self) -> NDArray[np.uint8]:
        """Return all three planes one after another, as the encoder takes them."""
        parts = [np.asarray(plane).reshape(-1) for plane in (self.y, self.u, self.v)]
        return np.concatenate(parts).reshape(self.y.height * 3 // 2, self.y.width)


@dataclass(frozen=True)
class Layer:
    """A picture, opaque in parts, that slides to the left under the camera. Begins `top` pixels down, even."""

    colour: Planes
    mask: Image.Image
    half_mask: Image.Image
    top: int
    left: int = 0
    speed: float = 0.0
    """Pixels per frame."""

    @staticmethod
    def of(
        rgb: NDArray[np.uint8], alpha: NDArray[np.floating], *, top: int, left: int = 0, speed: float = 0.0
    ) -> Layer:
        """Build a layer from colours and a coverage of 0 to 1 of the same shape."""
        height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2
        mask = Image.fromarray((np.clip(alpha[:height, :width], 0, 1) * 255).astype(np.uint8))
        half = mask.resize((width // 2, height // 2), Image.Resampling.BOX)
        return Layer(Planes.of(rgb), mask, half, top // 2 * 2, left // 2 * 2, speed)

    def lay_on(self, canvas: Planes, number: int) -> None:
        """Draw the layer at its position in frame `number`."""
        x = int(number * self.speed)
        width = min(canvas.y.width - self.left, self.colour.y.width - x)
        height = min(canvas.y.height - self.top, self.colour.y.height)
        part = self.colour.window(x, 0, size=(width, height))
        half_x = x // 2
        canvas.y.paste(part.y, (self.left, self.top), self.mask.crop((x, 0, x + width, height)))
        half = self.half_mask.crop((half_x, 0, half_x + width // 2, height // 2))
        canvas.u.paste(part.u, (self.left // 2, self.top // 2), half)
        canvas.v.paste(part.v, (self.left // 2, self.top // 2), half)


@dataclass(frozen=True)
class Fall:
    """Bright specks that fall and start again at the top: snow, rain, drifting lights. They only lighten."""

    mask: Image.Image
    """Twice the frame's height. The second half equals the first."""
    speed: float
    """Pixels per frame, downwards."""
    brightness: int = 225

    def lay_on(self, canvas: Planes, number: int) -> None:
        """Draw the specks at their position in frame `number`."""
        height = canvas.y.height
        y = height - int(number * self.speed) % height
        canvas.y.paste(self.brightness, (0, 0), self.mask.crop((0, y, canvas.y.width, y + height)))


@dataclass(frozen=True)
class Stack:
    """Layers, the farthest first."""

    layers: Sequence[Layer | Fall] = field(default_factory=tuple)

    def lay_on(self, canvas: Planes, number: int) -> None:
        """Draw all layers."""
        for layer in self.layers:
            layer.lay_on(canvas, number)

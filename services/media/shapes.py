"""Widths and heights made to fit: which shape can be resized or must be cropped, and to which size. Pure, in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.catalogue.schema import ImageLimit, VideoLimit

_WIDEST = 16_384
"""The longest side that is made if a limit names none; H.264 goes no further."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The permitted sides of a picture, in pixels, as multiples of `step`."""

    low: int
    high: int
    longest_ratio: float | None = None
    """The largest permitted ratio of the longer side to the shorter one."""
    step: int = 1

    def fits(self, width: int, height: int) -> bool:
        """Return True if a picture needs neither resizing nor cropping."""
        return self.low <= min(width, height) and max(width, height) <= self.high and not self.is_long(width, height)

    def is_long(self, width: int, height: int) -> bool:
        """Return True if the longer side is too many times the shorter one."""
        return self.longest_ratio is not None and max(width, height) > min(width, height) * self.longest_ratio

    def is_cropped(self, width: int, height: int) -> bool:
        """Return True if the shape is too long for any resizing to fit."""
        # Not `high / low`: a picture that only just fits must not be lost to a division.
        return max(width, height) * self.low > min(width, height) * self.high or self.is_long(width, height)

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Return the nearest size that fits. Its sides have the order of the given ones."""
        short, long = float(min(width, height)), float(max(width, height))
        if self.longest_ratio is not None:
            long = min(long, short * self.longest_ratio)
        if short < self.low:
            scale = self.low / short
        elif long > self.high:
            # Not so far down that the short side leaves the limit; a shape that is then too long is cropped.
            scale = max(self.high / long, self.low / short)
        else:
            scale = 1.0
        less, more = self._within(short * scale), self._within(long * scale)
        if self.longest_ratio is not None:
            # Rounding the short side down may have made the shape too long by a pixel.
            more = max(less, min(more, math.floor(less * self.longest_ratio) // self.step * self.step))
        return (more, less) if width >= height else (less, more)

    def _within(self, side: float) -> int:
        return min(self.high, max(self.low, round(side / self.step) * self.step))


def image_frame(limit: ImageLimit) -> Frame:
    """Return the permitted sides of a picture."""
    return Frame(low=limit.min_side, high=limit.max_side, longest_ratio=limit.longest_ratio)


def video_frame(limit: VideoLimit) -> Frame:
    """Return the permitted sides of a clip."""
    return Frame(low=limit.min_side or 1, high=limit.max_side or _WIDEST, longest_ratio=limit.longest_ratio)


def encoded_frame(limit: VideoLimit) -> Frame:
    """Return the permitted sides of a clip made here: even, since H.264 stores colour for each four pixels."""
    wide = video_frame(limit)
    low, high = max(2, wide.low + wide.low % 2), wide.high - wide.high % 2
    return Frame(low=low, high=high, longest_ratio=wide.longest_ratio, step=2)


def centre(size: tuple[int, int], target: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the largest box of the target's shape in the middle of a picture: left, top, right, bottom."""
    width, height = size
    scale = min(width / target[0], height / target[1])
    box_width, box_height = target[0] * scale, target[1] * scale
    left, top = max(0.0, (width - box_width) / 2), max(0.0, (height - box_height) / 2)
    return (left, top, min(float(width), left + box_width), min(float(height), top + box_height))

"""The text on a clip.

The prompt is a title at the lower left. There is a discreet "demo" mark, and the watermark if requested.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from services.simulator.media.artist import Clip
from services.simulator.media.planes import Layer, Stack

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_LATIN = ("Inter-Medium.ttf", "segoeui.ttf", "HelveticaNeue.ttc", "LiberationSans-Regular.ttf", "DejaVuSans.ttf")
_CJK = ("NotoSansCJK-Regular.ttc", "msyh.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc", "wqy-microhei.ttc")
_LINES = 4
_WATERMARK = "AI生成"
"""The vendor's own label. Source: text-to-video reference, `watermark`."""


def letter(clip: Clip) -> Stack:
    """Return the text of a clip as still layers over its picture."""
    sheet = Image.new("RGBA", (clip.width, clip.height), (255, 255, 255, 0))
    draw = ImageDraw.Draw(sheet)
    unit = min(clip.width, clip.height) / 720
    if not clip.picture and not clip.footage:
        _write_title(draw, clip, unit)
    _write_mark(draw, clip, unit)
    if clip.watermark:
        font = _font(_WATERMARK, round(20 * unit))
        at = (clip.width - 22 * unit, clip.height - 20 * unit)
        draw.text(at, _WATERMARK, font=font, fill=(255, 255, 255, 190), anchor="rs")
    return Stack(tuple(_as_layers(sheet, unit)))


def _write_title(draw: ImageDraw.ImageDraw, clip: Clip, unit: float) -> None:
    words = _printable(clip.prompt)
    if not words:
        return
    size = round((34 if len(words) < 90 else 27) * unit)
    font = _font(words, size)
    margin = 44 * unit
    lines = _wrap(words, font, width=min(clip.width - 2 * margin, 860 * unit))
    leading = size * 1.34
    top = clip.height - margin - leading * len(lines)
    for number, line in enumerate(lines):
        draw.text((margin, top + number * leading), line, font=font, fill=(255, 255, 255, 238))


def _write_mark(draw: ImageDraw.ImageDraw, clip: Clip, unit: float) -> None:
    font = _font("demo", round(15 * unit))
    pad_x, pad_y, edge = 10 * unit, 6 * unit, 22 * unit
    wide = draw.textlength("demo", font=font)
    box = (clip.width - edge - wide - 2 * pad_x, edge, clip.width - edge, edge + 15 * unit + 2 * pad_y)
    line = max(1, round(unit))
    draw.rounded_rectangle(box, radius=7 * unit, outline=(255, 255, 255, 120), width=line)
    draw.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), "demo", font=font, fill=(255, 255, 255, 190), anchor="mm")


def _as_layers(sheet: Image.Image, unit: float) -> list[Layer]:
    """Return a soft shadow with the letters on it, cropped to the written parts."""
    alpha = sheet.getchannel("A")
    shadow = alpha.filter(ImageFilter.GaussianBlur(7 * unit))
    cover = np.maximum(np.asarray(alpha, np.float32), np.asarray(shadow, np.float32) * 0.85) / 255
    letters = np.asarray(alpha, np.float32)[..., None] / 255
    rgb = (letters * 255).astype(np.uint8).repeat(3, axis=2)
    layers: list[Layer] = []
    half = sheet.height // 2
    for start, end in ((0, half), (half, sheet.height)):
        rows, columns = np.nonzero(cover[start:end] > 0.004)
        if not len(rows):
            continue
        top, left = (start + int(rows.min())) // 2 * 2, int(columns.min()) // 2 * 2
        bottom, right = start + int(rows.max()) + 2, int(columns.max()) + 2
        part = np.s_[top:bottom, left:right]
        if min(rgb[part].shape[:2]) >= 2:
            layers.append(Layer.of(rgb[part], cover[part], top=top, left=left))
    return layers


def _printable(text: str) -> str:
    """Return the words on one line, without characters that fonts lack."""
    kept = (" " if each.isspace() else each for each in text)
    return " ".join("".join(e for e in kept if unicodedata.category(e) not in {"So", "Cc", "Cf", "Cn", "Co"}).split())


def _wrap(words: str, font: Font, *, width: float) -> list[str]:
    """Return lines that fit, at most four. The last ends with an ellipsis if more would follow."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(words[:600]):
        if line and font.getlength((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
        while font.getlength(line.rstrip()) > width:
            fits = next(n for n in range(len(line) - 1, -1, -1) if n <= 1 or font.getlength(line[:n]) <= width)
            lines.append(line[: max(1, fits)])
            line = line[max(1, fits) :]
    lines.append(line.rstrip())
    if len(lines) <= _LINES:
        return lines
    last = lines[_LINES - 1]
    while last and font.getlength(last + "…") > width:
        last = last[:-1]
    return [*lines[: _LINES - 1], last.rstrip(" ,.;") + "…"]


def _pieces(words: str) -> list[str]:
    """Split at possible line breaks: after a space, and between Chinese or Japanese characters."""
    pieces: list[str] = []
    word = ""
    for each in words:
        word += each
        if each == " " or ord(each) > 0x2E80:
            pieces.append(word)
            word = ""
    return [*pieces, word] if word else pieces


@lru_cache(maxsize=32)
def _load(names: tuple[str, ...], size: int) -> Font:
    for name in names:
        try:
            return ImageFont.truetype(name, max(8, size))
        except OSError:
            continue
    return ImageFont.load_default(max(8, size))


def _font(words: str, size: int) -> Font:
    """Return an installed font that has the characters, else Pillow's own."""
    return _load(_CJK if any(ord(each) > 0x2E80 for each in words) else _LATIN, size)

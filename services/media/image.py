"""Pictures: their facts, and their defects under a limit.

Hides Pillow. Facts come from the header and from the file's end; no pixel is decoded. Nothing here is asynchronous:
call it from a thread.
"""

from __future__ import annotations

import re
import struct
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile

from services.catalogue.schema import ImageLimit
from services.domain.errors import FileRefused
from services.domain.problems import Fix, Repair
from services.media.facts import Defect, ImageFacts, Unreadable
from services.media.files import size_of
from services.media.shapes import image_frame
from services.media.text import a, listed, megabytes, plain_name, sides, too_long

MAX_PIXELS = 80_000_000
"""More than any vendor takes (8000 × 8000). Decoded, this is a third of a gigabyte; larger pictures are not opened."""

OPENED_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
"""The formats that are opened, if only to convert them. Pillow's rarer readers stay disabled: each is a way in."""

TURNS: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that makes a picture upright, by EXIF orientation; 1 and unknown numbers need none."""

SCREEN_MODES = frozenset({"1", "L", "P", "RGB", "RGBA", "RGBa", "LA", "La", "PA"})
"""Pillow's modes of pictures made for screens: up to eight bits of grey, a palette, or red, green and blue."""

_TAIL_BYTES = 1 << 20
_ONE_HEADER = threading.Lock()


# Reading -------------------------------------------------------------------------------------------------------------


def read_image(path: Path, *, name: str | None = None) -> ImageFacts | Unreadable:
    """Return the facts of a picture, or a sentence that says why it is unusable.

    Never raises because of a file's contents. `name` is the person's name for the file, if the path has another.
    """
    spoken = plain_name(name or path.name)
    size = 0
    try:
        size = size_of(path, spoken)
        with path.open("rb") as file:
            _refuse_other_kinds(file, spoken)
            _refuse_cut_off(file, size, spoken)
            with opened(file, spoken) as image:
                _refuse_missing_pixels(image, size, spoken)
                return _facts(image, name=spoken, size=size)
    except FileRefused as refusal:
        return Unreadable(name=spoken, bytes=size, why=refusal.message)
    except OSError:
        return Unreadable(name=spoken, bytes=size, why=f"{spoken} could not be opened. Please add it again.")


@contextmanager
def opened(file: BinaryIO, spoken: str) -> Generator[ImageFile.ImageFile, None, None]:
    """Yield the picture in an open file, its header read and its size bounded. Raises FileRefused."""
    file.seek(0)
    image = _open_header(file, spoken)
    with image:
        if image.width < 1 or image.height < 1:
            raise FileRefused(f"{spoken} has no size. Please choose another picture.")
        if image.width * image.height > MAX_PIXELS:
            raise FileRefused(_too_many(spoken, image.width * image.height))
        yield image


def _open_header(file: BinaryIO, spoken: str) -> ImageFile.ImageFile:
    # Pillow warns of odd headers and huge pictures; the result states that already. The warning filters belong to the
    # whole process, so only one thread at a time may change them.
    with _ONE_HEADER, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Image.open(file, formats=OPENED_FORMATS)
        except Image.DecompressionBombError as error:
            # The count is nowhere but in Pillow's message.
            count = re.search(r"\d+", str(error))
            raise FileRefused(_too_many(spoken, int(count[0]) if count else 2 * MAX_PIXELS)) from error
        except Exception as error:  # Pillow's readers let out any error that a broken header causes
            raise FileRefused(f"{spoken} is not a picture that can be read. Please choose another one.") from error


def _too_many(spoken: str, pixels: int) -> str:
    limit = MAX_PIXELS // 1_000_000
    return f"{spoken} has {-(-pixels // 1_000_000):,} megapixels. Pictures above {limit} megapixels are not opened."


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation still to be applied, 1 to 8. Damaged EXIF is ignored, as in any viewer."""
    if image.format == "TIFF":
        return 1  # Pillow turns a TIFF by itself, and gives its size as seen
    with _ONE_HEADER, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # Not image.getexif(): for a PNG that decodes the whole picture, to look for EXIF behind the pixels.
            value = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
        except Exception:  # noqa: BLE001 - damaged EXIF makes Pillow raise nearly anything; a viewer would pass over it
            return 1
    return value if isinstance(value, int) and value in TURNS else 1


def _facts(image: Image.Image, *, name: str, size: int) -> ImageFacts:
    turn = orientation(image)
    width, height = (image.height, image.width) if turn >= 5 else image.size
    # An MPO is a JPEG that carries more pictures behind its own (3D, depth); every reader sees the first.
    is_jpeg = image.format in {"JPEG", "MPO"}
    return ImageFacts(
        name=name,
        format="JPEG" if is_jpeg else str(image.format),
        width=width,
        height=height,
        bytes=size,
        alpha=image.has_transparency_data,
        sideways=turn != 1,
        frames=1 if is_jpeg else _frames(image),
        mode=image.mode,
    )


def _frames(image: Image.Image) -> int:
    # Counting a GIF or TIFF requires reading all of it; whether there is a second frame is known sooner.
    counted = image.format in {"PNG", "WEBP", "AVIF"}
    try:
        if counted:
            return max(1, int(getattr(image, "n_frames", 1)))
        return 2 if getattr(image, "is_animated", False) else 1
    except Exception:  # noqa: BLE001 - broken data behind the first frame: the first is all that is wanted
        return 1


# Checks of the bytes before Pillow opens them ------------------------------------------------------------------------


def _refuse_other_kinds(file: BinaryIO, spoken: str) -> None:
    """Refuse files that people often take for a picture, with a kind message that names the real type."""
    file.seek(0)
    start = file.read(1024)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start[4:8] == b"ftyp" and start[8:12] not in {b"avif", b"avis"}:
        if start[8:12] in {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
            raise FileRefused(f"{spoken} is a HEIC photo, as phones take them. Please save it as JPEG first.")
        raise FileRefused(f"{spoken} is a film or a sound, not a picture. Please choose a picture.")
    if b"<svg" in text or text.startswith(b"<?xml"):
        raise FileRefused(f"{spoken} is a drawing (SVG). Please save it as PNG or JPEG first.")
    if text.startswith(b"%pdf"):
        raise FileRefused(f"{spoken} is a PDF. Please save the page as PNG or JPEG first.")
    if text.startswith((b"<!doctype", b"<html")):
        raise FileRefused(f"{spoken} is a web page, not a picture. Please save the picture itself.")


def _refuse_cut_off(file: BinaryIO, size: int, spoken: str) -> None:
    """Refuse a file whose end is missing, such as half a download. Pillow finds that only when it decodes."""
    file.seek(0)
    start = file.read(30)
    whole = True
    if start.startswith(b"\xff\xd8"):
        scan = _jpeg_scan(file)
        whole = scan is not None and b"\xff\xd9" in _tail(file, size, after=scan)
    elif start.startswith(b"\x89PNG"):
        whole = b"IEND\xaeB`\x82" in _tail(file, size, after=0)
    elif start.startswith(b"RIFF") and start[8:12] == b"WEBP" and len(start) == 30:
        whole = size >= 8 + int.from_bytes(start[4:8], "little")
        # Pillow allocates the whole picture as soon as it opens a WEBP, so its size is checked before.
        pixels = _webp_pixels(start)
        if pixels > MAX_PIXELS:
            raise FileRefused(_too_many(spoken, pixels))
    if not whole:
        raise FileRefused(_cut_off(spoken))


def _cut_off(spoken: str) -> str:
    return f"{spoken} is cut off: its end is missing. Please save or download it again."


def _tail(file: BinaryIO, size: int, *, after: int) -> bytes:
    # Cameras and phones append data behind a picture's own end, even a short film.
    file.seek(max(after, size - _TAIL_BYTES))
    return file.read(_TAIL_BYTES)


def _jpeg_scan(file: BinaryIO) -> int | None:
    """Return the offset of a JPEG's pixels, or None if the file ends before.

    A thumbnail's end mark comes before them.
    """
    file.seek(2)
    while len(marker := file.read(2)) == 2:
        if marker[0] != 0xFF:
            return file.tell()  # malformed; Pillow will report it
        if marker[1] == 0xDA:
            return file.tell()
        if marker[1] == 0xFF:
            file.seek(-1, 1)
        elif marker[1] != 0x01 and not 0xD0 <= marker[1] <= 0xD8:
            length = file.read(2)
            if len(length) < 2:
                return None
            file.seek(max(0, int.from_bytes(length, "big") - 2), 1)
    return None


def _webp_pixels(start: bytes) -> int:
    """Return the pixels of a WEBP's canvas, from its first chunk (RFC 9649, sections 2.5 to 2.7)."""
    match start[12:16]:
        case b"VP8X":
            return (1 + int.from_bytes(start[24:27], "little")) * (1 + int.from_bytes(start[27:30], "little"))
        case b"VP8L":
            bits = int.from_bytes(start[21:25], "little")
            return (1 + (bits & 0x3FFF)) * (1 + (bits >> 14 & 0x3FFF))
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", start, 26)
            return (width & 0x3FFF) * (height & 0x3FFF)
        case _:
            return 0


def _refuse_missing_pixels(image: ImageFile.ImageFile, size: int, spoken: str) -> None:
    """Refuse a BMP that is shorter than its pixels. Its own size field is often wrong, so rows are counted."""
    if image.format != "BMP":
        return
    for codec, _, offset, args in image.tile:
        if codec == "raw" and isinstance(args, tuple) and isinstance(args[1], int):
            padding = 3
            if offset + args[1] * image.height - padding > size:
                raise FileRefused(_cut_off(spoken))


# Checking ------------------------------------------------------------------------------------------------------------


def image_defects(facts: ImageFacts, limit: ImageLimit) -> tuple[Defect, ...]:
    """Return all defects of a picture under a limit, each with the number found and the number needed."""
    found = (
        _format_defect(facts, limit),
        _frames_defect(facts),
        _mode_defect(facts),
        _alpha_defect(facts, limit),
        _sides_defect(facts, limit),
        _ratio_defect(facts, limit),
        _bytes_defect(facts, limit),
        _sideways_defect(facts),
    )
    return tuple(defect for defect in found if defect)


def _format_defect(facts: ImageFacts, limit: ImageLimit) -> Defect | None:
    if facts.format in limit.formats:
        return None
    message = f"{plain_name(facts.name)} is {a(facts.format)} file. It must be {listed(limit.formats)}."
    to = output_format(facts.format, limit)
    return Defect(message=message, fix=Fix(Repair.CONVERT, f"Save as {to}"))


def _frames_defect(facts: ImageFacts) -> Defect | None:
    if facts.frames < 2:
        return None
    # Two may mean "several", see ImageFacts.frames.
    count = f" with {facts.frames} pictures" if facts.frames > 2 else ""
    message = f"{plain_name(facts.name)} is an animation{count}. It must be 1 still picture."
    return Defect(message=message, fix=Fix(Repair.STILL, "Keep the first picture"))


def _mode_defect(facts: ImageFacts) -> Defect | None:
    # The vendor documents file formats only. A CMYK or 16-bit file of the right format may be read with inverted or
    # washed-out colours, and the clip would be billed all the same.
    if facts.mode in SCREEN_MODES:
        return None
    kind = "print colours (CMYK)" if facts.mode == "CMYK" else f"unusual colours ({facts.mode})"
    message = f"{plain_name(facts.name)} has {kind}. It must have screen colours (RGB, 8 bits)."
    return Defect(message=message, fix=Fix(Repair.CONVERT, "Convert to screen colours"))


def _alpha_defect(facts: ImageFacts, limit: ImageLimit) -> Defect | None:
    if not facts.alpha or limit.alpha:
        return None
    message = f"{plain_name(facts.name)} has a transparent layer. The picture must have none."
    return Defect(message=message, fix=Fix(Repair.FLATTEN, "Make the background white"))


def _sides_defect(facts: ImageFacts, limit: ImageLimit) -> Defect | None:
    found = (facts.width, facts.height)
    if all(limit.min_side <= side <= limit.max_side for side in found):
        return None
    message = (
        f"{plain_name(facts.name)} is {sides(*found)} px. Each side must be {limit.min_side} to {limit.max_side} px."
    )
    return Defect(message=message, fix=_shape_fix(facts, limit))


def _ratio_defect(facts: ImageFacts, limit: ImageLimit) -> Defect | None:
    if limit.longest_ratio is None or not image_frame(limit).is_long(facts.width, facts.height):
        return None
    return Defect(
        message=too_long(facts.name, (facts.width, facts.height), longest_ratio=limit.longest_ratio),
        fix=_shape_fix(facts, limit),
    )


def _shape_fix(facts: ImageFacts, limit: ImageLimit) -> Fix:
    found = (facts.width, facts.height)
    target = sides(*fitted_size(*found, limit))
    if is_cropped(*found, limit):
        return Fix(Repair.CROP, f"Crop to {target}")
    return Fix(Repair.RESIZE, f"Resize to {target}")


def _bytes_defect(facts: ImageFacts, limit: ImageLimit) -> Defect | None:
    if facts.bytes <= limit.max_bytes:
        return None
    most = megabytes(limit.max_bytes, up=False)
    message = f"{plain_name(facts.name)} is {megabytes(facts.bytes)}. It must be at most {most}."
    return Defect(message=message, fix=Fix(Repair.COMPRESS, f"Compress to {most} or less"))


def _sideways_defect(facts: ImageFacts) -> Defect | None:
    if not facts.sideways:
        return None
    message = f"{plain_name(facts.name)} is stored turned or mirrored, and the model may not set it right."
    return Defect(message=message, fix=Fix(Repair.ROTATE, "Turn it upright"), advice=True)


# The aim of a repair, here because the button names it ---------------------------------------------------------------


def output_format(source: str, limit: ImageLimit) -> str:
    """Return the first choice of format for a repaired picture: a PNG stays one, others become a JPEG if allowed."""
    order = ("PNG", "JPEG", "WEBP", "BMP") if source == "PNG" else ("JPEG", "PNG", "WEBP", "BMP")
    return next((name for name in order if name in limit.formats), order[0])


def is_cropped(width: int, height: int, limit: ImageLimit) -> bool:
    """Return True if the shape is too long for any resizing to fit the limit."""
    return image_frame(limit).is_cropped(width, height)


def fitted_size(width: int, height: int, limit: ImageLimit) -> tuple[int, int]:
    """Return the size in pixels nearest to the given one whose sides and shape both fit the limit."""
    return image_frame(limit).fitted(width, height)

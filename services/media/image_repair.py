"""Repair of pictures to fit a limit, all defects at once. Hides decoding and the search for a small enough file."""

from __future__ import annotations

import shutil
import threading
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms

from services.catalogue.schema import ImageLimit
from services.domain.errors import FileRefused
from services.media.facts import ImageFacts
from services.media.files import replacing
from services.media.image import (
    SCREEN_MODES,
    TURNS,
    fitted_size,
    image_defects,
    is_cropped,
    opened,
    orientation,
    output_format,
    read_image,
)
from services.media.shapes import centre
from services.media.text import megabytes, plain_name

JPEG_QUALITIES = (95, 90, 85, 75, 65, 50)
SMALLER = 0.8
"""The factor for the sides if even the lowest quality has too many bytes."""

_ONE_DECODED = threading.Lock()
"""A decoded picture may take a third of a gigabyte, and its repair two; so one is repaired at a time."""


def repair_image(source: Path, target: Path, limit: ImageLimit) -> ImageFacts:
    """Write the picture of `source` to `target`, made to fit: upright, still, flat on white, resized or cropped, small.

    A picture without defects is copied byte for byte. The returned facts state the file's format, regardless of the
    name of `target` (`facts.suffix` is the fitting ending). `target` is written whole or not at all.

    Raises FileRefused if the picture cannot be read or made to fit.
    """
    facts = read_image(source)
    if not isinstance(facts, ImageFacts):
        raise FileRefused(facts.why)
    with replacing(target) as part:
        if not image_defects(facts, limit):
            shutil.copyfile(source, part)
        else:
            with _ONE_DECODED:
                image, profile = _decode(source, facts, limit)
                part.write_bytes(_encode(image, facts, limit, profile=profile))
        repaired = read_image(part, name=target.name)
        if not isinstance(repaired, ImageFacts) or image_defects(repaired, limit):
            raise FileRefused(f"{plain_name(source.name)} could not be made to fit. Please choose another picture.")
    return repaired


def match_image(source: Path, target: Path, limit: ImageLimit, *, shape: tuple[int, int]) -> ImageFacts:
    """Write the middle of `source` to `target`, in the proportions of `shape`, made to fit as by `repair_image`.

    Raises FileRefused if the picture cannot be read or made to fit.
    """
    facts = read_image(source)
    if not isinstance(facts, ImageFacts):
        raise FileRefused(facts.why)
    with replacing(target) as part:
        with _ONE_DECODED:
            image, profile = _decode(source, facts, limit)
            box = centre(image.size, shape)
            size = fitted_size(round(box[2] - box[0]), round(box[3] - box[1]), limit)
            cut = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
            part.write_bytes(_encode(cut, facts, limit, profile=profile))
        matched = read_image(part, name=target.name)
        if not isinstance(matched, ImageFacts) or image_defects(matched, limit):
            raise FileRefused(f"{plain_name(source.name)} could not be made to fit. Please choose another picture.")
    return matched


# Pixels --------------------------------------------------------------------------------------------------------------


def _decode(source: Path, facts: ImageFacts, limit: ImageLimit) -> tuple[Image.Image, bytes | None]:
    """Decode the picture into its final form, in RGB or RGBA, and its colour profile if that still applies."""
    spoken = plain_name(source.name)
    width, height = fitted_size(facts.width, facts.height, limit)
    with source.open("rb") as file, opened(file, spoken) as image:
        turn = orientation(image)
        stored = (height, width) if turn >= 5 else (width, height)
        box = centre(image.size, stored) if is_cropped(*image.size, limit) else None
        if box is None:
            # A JPEG can be decoded at a half, a quarter or an eighth of its size, for as little work and memory.
            image.draft(image.mode, stored)
        try:
            image.load()
            picture = _to_screen(image)
        except Exception as error:  # a broken body makes Pillow's decoders raise nearly anything
            raise FileRefused(f"{spoken} is damaged: only a part can be read. Please choose another one.") from error
        profile = _profile(image)
        if picture.size != stored or box:
            picture = picture.resize(stored, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
        if turn in TURNS:
            picture = picture.transpose(TURNS[turn])
        if picture is image:
            picture = image.copy()  # the file closes here
    picture = picture if limit.alpha else _flat(picture)
    picture.info.clear()  # else Pillow writes some of it into the new file, for example a transparent colour
    return picture, profile


def _to_screen(image: Image.Image) -> Image.Image:
    """Convert the picture to RGB, or to RGBA if it has transparent parts."""
    if image.mode not in SCREEN_MODES:
        return _to_eight_bits(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)  # convert() copies even if the mode is the same


def _to_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode == "CMYK":
        return _from_print(image)
    if image.mode.startswith(("I", "F")):
        # Pillow would cut everything above 255 to white, so the range is squeezed first.
        is_sixteen = image.mode.startswith("I;16")
        wide = image.convert("I") if is_sixteen else image
        low, high = (float(value) for value in wide.getextrema())  # type: ignore[arg-type]  # one band: two numbers
        top = 65535.0 if is_sixteen else high
        bottom = min(0.0, low)
        is_wide = top > 255 or bottom < 0 or image.mode == "F"
        scale = 255.0 / (top - bottom) if is_wide and top > bottom else 1.0
        return wide.point(lambda value: value * scale - bottom * scale).convert("L").convert("RGB")
    return image.convert("RGB")


def _from_print(image: Image.Image) -> Image.Image:
    """Convert CMYK by the file's own colour profile; without a usable one, by plain arithmetic."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                # Pillow does not type the profiles it makes in C.
                ImageCms.createProfile("sRGB"),  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _profile(image: Image.Image) -> bytes | None:
    """Return the colour profile if it still applies to the pixels. A phone's wide colours need it."""
    profile = image.info.get("icc_profile")
    keeps = image.mode in {"RGB", "RGBA", "P"} and isinstance(profile, bytes) and profile[16:20] == b"RGB "
    return profile if keeps else None


def _flat(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


# Bytes ---------------------------------------------------------------------------------------------------------------


def _encode(picture: Image.Image, facts: ImageFacts, limit: ImageLimit, *, profile: bytes | None) -> bytes:
    """Return the file's bytes in the best quality within the limit. Raises FileRefused."""
    first = output_format(facts.format, limit)
    formats = [first, "JPEG"] if first != "JPEG" and "JPEG" in limit.formats else [first]
    while True:
        for to in formats:
            for quality in JPEG_QUALITIES if to in {"JPEG", "WEBP"} else (0,):
                data = _saved(picture, to, quality=quality, profile=profile)
                if len(data) <= limit.max_bytes:
                    return data
        smaller = (round(picture.width * SMALLER), round(picture.height * SMALLER))
        if min(smaller) < limit.min_side:
            most = megabytes(limit.max_bytes, up=False)
            raise FileRefused(f"{plain_name(facts.name)} cannot be made {most} or less. Please choose another picture.")
        picture = picture.resize(fitted_size(*smaller, limit), Image.Resampling.LANCZOS)


def _saved(picture: Image.Image, to: str, *, quality: int, profile: bytes | None) -> bytes:
    out = BytesIO()
    match to:
        case "JPEG":
            # Full colour resolution: chroma halving smears the edges in drawings and text. Not optimize=True: Pillow
            # makes too small a buffer for it and fails on noisy pictures.
            _flat(picture).save(out, "JPEG", quality=quality, subsampling=0, icc_profile=profile)
        case "PNG":
            picture.save(out, "PNG", icc_profile=profile)
        case "WEBP":
            picture.save(out, "WEBP", quality=quality, icc_profile=profile)
        case _:
            _flat(picture).save(out, to)
    return out.getvalue()

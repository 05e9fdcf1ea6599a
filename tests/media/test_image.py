"""Facts of pictures, what limits have to say against them, and repairs."""

from __future__ import annotations

import os
import random
import struct
import zlib
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from services.catalogue.image_to_video import MODELS
from services.catalogue.schema import MB, ImageField, ImageLimit, Side
from services.domain.errors import FileRefused
from services.domain.problems import Repair
from services.media import image_defects, match_image, read_image, repair_image
from services.media.facts import Defect, ImageFacts, Unreadable
from services.media.image import MAX_PIXELS, fitted_size

FIELDS = [field for model in MODELS for field in model.fields if isinstance(field, ImageField)]
OURS = FIELDS[0].limit(Side.OURS)
LIMITS = sorted({field.limit(side) for field in FIELDS for side in Side}, key=repr)
FACTS = ImageFacts(
    name="beach.png", format="PNG", width=1280, height=720, bytes=MB, alpha=False, sideways=False, mode="RGB"
)
ORIENTATION = 0x0112


def encoded(image: Image.Image, to: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, to, **options)
    return out.getvalue()


def exif(orientation: object) -> bytes:
    data = Image.Exif()
    data[ORIENTATION] = orientation
    return data.tobytes()


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def facts_of(folder: Path, data: bytes, name: str = "beach.png") -> ImageFacts:
    facts = read_image(write(folder, name, data))
    assert isinstance(facts, ImageFacts), facts
    return facts


def refusal_of(folder: Path, data: bytes, name: str = "beach.png") -> str:
    facts = read_image(write(folder, name, data))
    assert isinstance(facts, Unreadable), facts
    assert facts.bytes == len(data)
    return facts.why


def png_header(width: int, height: int, *, body: bytes = b"") -> bytes:
    """A PNG that says its size, has whatever body, and ends as it should."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


# Reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "AVIF"])
def test_a_picture_is_known_by_what_it_holds_and_not_by_its_name(tmp_path: Path, to: str) -> None:
    data = encoded(Image.new("RGB", (640, 480), "teal"), to)

    facts = facts_of(tmp_path, data, name="beach.txt")

    assert (facts.format, facts.width, facts.height, facts.bytes) == (to, 640, 480, len(data))
    assert not facts.alpha
    assert not facts.sideways
    assert facts.frames == 1


@pytest.mark.parametrize("to", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_sides_are_told_as_seen(tmp_path: Path, to: str, orientation: int) -> None:
    facts = facts_of(tmp_path, encoded(Image.new("RGB", (640, 480)), to, exif=exif(orientation)))

    assert (facts.width, facts.height) == ((480, 640) if orientation >= 5 else (640, 480))
    assert facts.sideways == (orientation != 1)


def test_a_tiff_that_asks_to_be_turned_is_told_and_written_upright(tmp_path: Path) -> None:
    source = write(tmp_path, "scan.tif", encoded(Image.new("RGB", (640, 480)), "TIFF", exif=exif(6)))

    facts = read_image(source)
    repaired = repair_image(source, tmp_path / "out.jpg", OURS)

    assert isinstance(facts, ImageFacts)
    assert (facts.width, facts.height, facts.sideways) == (480, 640, False)
    assert (repaired.width, repaired.height) == (480, 640)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_asks_for_nothing(tmp_path: Path, orientation: int) -> None:
    assert not facts_of(tmp_path, encoded(Image.new("RGB", (640, 480)), "JPEG", exif=exif(orientation))).sideways


def test_damaged_exif_is_passed_over_without_a_warning(tmp_path: Path) -> None:
    whole = exif(6)
    picture = Image.new("RGB", (640, 480))

    for cut in range(6, len(whole)):
        assert facts_of(tmp_path, encoded(picture, "JPEG", exif=whole[:cut])).format == "JPEG"
        assert facts_of(tmp_path, encoded(picture, "WEBP", exif=whole[:cut])).format == "WEBP"


@pytest.mark.parametrize(
    ("image", "to", "options"),
    [
        (Image.new("RGBA", (400, 400)), "PNG", {}),
        (Image.new("LA", (400, 400)), "PNG", {}),
        (Image.new("RGB", (400, 400)), "PNG", {"transparency": (0, 0, 0)}),
        (Image.new("L", (400, 400)), "PNG", {"transparency": 0}),
        (Image.new("P", (400, 400)), "PNG", {"transparency": 0}),
        (Image.new("P", (400, 400)), "PNG", {"transparency": b"\x00\x80"}),
        (Image.new("P", (400, 400)), "GIF", {"transparency": 0}),
        (Image.new("RGBA", (400, 400)), "WEBP", {}),
        (Image.new("RGBA", (400, 400)), "WEBP", {"lossless": True}),
    ],
)
def test_every_kind_of_transparency_is_seen_and_made_white(
    tmp_path: Path, image: Image.Image, to: str, options: dict[str, object]
) -> None:
    source = write(tmp_path, "logo", encoded(image, to, **options))

    facts = read_image(source)
    repair_image(source, tmp_path / "out", OURS)

    assert isinstance(facts, ImageFacts)
    assert facts.alpha
    with Image.open(tmp_path / "out") as flat:
        assert flat.convert("RGB").getpixel((200, 200)) == (255, 255, 255)


@pytest.mark.parametrize(("to", "frames"), [("WEBP", 3), ("PNG", 3), ("GIF", 2)])
def test_an_animation_is_told_and_its_first_picture_kept(tmp_path: Path, to: str, frames: int) -> None:
    red, *more = (Image.new("RGB", (400, 400), colour) for colour in ("red", "green", "blue"))
    source = write(tmp_path, "dance", encoded(red, to, save_all=True, append_images=more, duration=100))

    facts = read_image(source)
    repaired = repair_image(source, tmp_path / "out", OURS)

    assert isinstance(facts, ImageFacts)
    assert facts.frames == frames
    assert repaired.frames == 1
    with Image.open(tmp_path / "out") as still:
        pixel = still.convert("RGB").getpixel((200, 200))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 240
        assert max(pixel[1:]) < 15


def test_a_camera_s_picture_with_more_behind_it_is_a_plain_jpeg(tmp_path: Path) -> None:
    depth = Image.new("RGB", (100, 100))
    data = encoded(Image.new("RGB", (640, 480)), "MPO", save_all=True, append_images=[depth])

    facts = facts_of(tmp_path, data)

    assert (facts.format, facts.frames, facts.width) == ("JPEG", 1, 640)
    assert image_defects(facts, OURS) == ()


def test_a_film_behind_a_photo_does_no_harm(tmp_path: Path) -> None:
    film = random.Random(1).randbytes(3 * MB)

    assert facts_of(tmp_path, encoded(Image.new("RGB", (640, 480)), "JPEG") + film).format == "JPEG"


def test_reading_never_decodes(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (640, 480), random.Random(1).randbytes(640 * 480 * 3))
    jpeg = bytearray(encoded(noise, "JPEG"))
    jpeg[len(jpeg) // 2 : -2] = bytes(len(jpeg[len(jpeg) // 2 : -2]))
    rubbish = png_header(640, 480, body=b"this was never compressed")

    assert facts_of(tmp_path, rubbish).width == 640
    assert facts_of(tmp_path, bytes(jpeg)).width == 640
    with pytest.raises(FileRefused, match="is damaged"):
        repair_image(write(tmp_path, "beach.png", png_header(3000, 3000, body=b"nothing")), tmp_path / "out", OURS)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("side", [9_000, 20_000, 60_000, 2_000_000_000])
def test_a_bomb_is_refused_by_its_header_with_its_megapixels(tmp_path: Path, side: int) -> None:
    why = refusal_of(tmp_path, png_header(side, side), name="bomb.png")

    assert f"bomb.png has {side * side // 1_000_000:,} megapixels" in why
    assert "above 80 megapixels" in why


def test_a_bomb_in_a_webp_is_refused_before_room_is_made_for_it(tmp_path: Path) -> None:
    side = (16_383 - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + side + side
    lossless = b"WEBPVP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", 16_382 | 16_382 << 14) + bytes(5)
    lossy = b"WEBPVP8 " + struct.pack("<I", 10) + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383)

    for data in (body, lossless, lossy):
        assert "269 megapixels" in refusal_of(tmp_path, b"RIFF" + struct.pack("<I", len(data)) + data)


def test_the_largest_picture_a_vendor_takes_is_opened(tmp_path: Path) -> None:
    assert max(limit.max_side for limit in LIMITS) ** 2 <= MAX_PIXELS
    assert facts_of(tmp_path, png_header(8000, 8000)).width == 8000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello, this is not a picture", "is not a picture that can be read"),
        (bytes(5000), "is not a picture that can be read"),
        (random.Random(3).randbytes(5000), "is not a picture that can be read"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "is a drawing (SVG)"),
        (b"\xef\xbb\xbf\n<SVG width='9'></SVG>", "is a drawing (SVG)"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(100), "is a HEIC photo"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(100), "is a film or a sound"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"<!DOCTYPE html><title>404</title>", "is a web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is not a picture that can be read"),
        (b"\x89PNG\r\n\x1a\n", "is cut off"),
        (b"\xff\xd8\xff", "is cut off"),
        (b"RIFF\x04\x00\x00\x00WEBP", "is not a picture that can be read"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    why = refusal_of(tmp_path, data, name="beach.jpg")

    assert why.startswith(f"beach.jpg {said}")
    assert why.endswith(".")


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path, said in ((tmp_path / "gone.png", "not there any more"), (tmp_path, "not a file"),
                       (tmp_path / "pipe", "not a file")):  # fmt: skip
        facts = read_image(path)
        assert isinstance(facts, Unreadable)
        assert said in facts.why


@pytest.mark.parametrize("to", ["JPEG", "PNG", "BMP", "WEBP"])
def test_a_file_cut_off_anywhere_is_found_out(tmp_path: Path, to: str) -> None:
    thumbnail = encoded(Image.new("RGB", (64, 64)), "JPEG")
    picture = Image.effect_noise((640, 480), 60).convert("RGB")
    data = encoded(picture, to, **({"comment": thumbnail} if to == "JPEG" else {}))
    path = tmp_path / "beach"

    for kept in (1, 5, 20, 40, 200, len(data) // 3, len(data) // 2, len(data) - 200, len(data) - 20):
        path.write_bytes(data[:kept])
        assert isinstance(read_image(path), Unreadable), kept
    path.write_bytes(data)
    assert isinstance(read_image(path), ImageFacts)


SEEDS = [
    encoded(Image.new("RGB", (64, 48)), "JPEG", exif=exif(6)),
    encoded(Image.new("P", (64, 48)), "PNG", transparency=0, exif=exif(3)),
    encoded(Image.new("RGBA", (64, 48)), "WEBP", exif=exif(3)),
    encoded(Image.new("RGB", (64, 48)), "BMP"),
    encoded(Image.new("P", (64, 48)), "GIF", save_all=True, append_images=[Image.new("P", (64, 48), 3)]),
    encoded(Image.new("I;16", (64, 48)), "TIFF"),
    encoded(Image.new("RGB", (64, 48)), "AVIF"),
]


@settings(max_examples=300, deadline=None)
@given(seed=st.sampled_from(SEEDS), hits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8))
def test_no_file_makes_reading_or_repairing_break(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, hits: list[tuple[int, int]]
) -> None:
    data = bytearray(seed)
    for place, value in hits:
        data[place % len(data)] = value
    folder = tmp_path_factory.mktemp("hit")
    source = write(folder, "beach", bytes(data))

    facts = read_image(source)

    if isinstance(facts, ImageFacts) and facts.width * facts.height < 10**7:
        with suppress(FileRefused):
            assert image_defects(repair_image(source, folder / "out", OURS), OURS) == ()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


# Judging -------------------------------------------------------------------------------------------------------------


def only(defects: tuple[Defect, ...]) -> Defect:
    assert len(defects) == 1, defects
    return defects[0]


@pytest.mark.parametrize("limit", LIMITS)
def test_sides_at_the_limit_fit_and_one_pixel_beyond_does_not(limit: ImageLimit) -> None:
    low, high = limit.min_side, limit.max_side

    long = min(high, int(low * (limit.longest_ratio or high)))
    for width, height in ((low, low), (high, high), (low, long), (long, low)):
        assert image_defects(replace(FACTS, width=width, height=height), limit) == ()
    for width, height in ((low - 1, low), (low, low - 1), (high + 1, high), (high, high + 1)):
        defect = only(image_defects(replace(FACTS, width=width, height=height), limit))
        assert defect.message == f"beach.png is {width} × {height} px. Each side must be {low} to {high} px."
        assert not defect.advice


@pytest.mark.parametrize(
    ("width", "height", "repair", "label"),
    [
        (3000, 2000, Repair.RESIZE, "Resize to 2000 × 1333"),
        (300, 400, Repair.RESIZE, "Resize to 360 × 480"),
        (3000, 240, Repair.CROP, "Crop to 2000 × 360"),
        (300, 4000, Repair.CROP, "Crop to 360 × 2000"),
        (4000, 700, Repair.CROP, "Crop to 2000 × 360"),
        (4000, 720, Repair.RESIZE, "Resize to 2000 × 360"),
        (1, 5000, Repair.CROP, "Crop to 360 × 2000"),
        (1, 1, Repair.RESIZE, "Resize to 360 × 360"),
    ],
)
def test_the_button_tells_the_size_and_the_repair_keeps_its_word(
    tmp_path: Path, width: int, height: int, repair: Repair, label: str
) -> None:
    source = write(tmp_path, "beach.png", encoded(Image.new("RGB", (width, height), "teal")))

    fix = only(image_defects(replace(FACTS, width=width, height=height), OURS)).fix
    repaired = repair_image(source, tmp_path / "out.png", OURS)

    assert fix is not None
    assert (fix.repair, fix.label) == (repair, label)
    assert label.endswith(f" {repaired.width} × {repaired.height}")


LONG = replace(OURS, min_side=240, max_side=8000, longest_ratio=8)


@pytest.mark.parametrize(("width", "height"), [(1920, 240), (8000, 1000)])
def test_a_shape_at_the_longest_ratio_fits_and_one_pixel_more_is_cropped(width: int, height: int) -> None:
    limit = replace(LONG, max_side=9000)

    for turned in (False, True):
        at = (height, width) if turned else (width, height)
        over = (height, width + 1) if turned else (width + 1, height)
        assert image_defects(replace(FACTS, width=at[0], height=at[1]), limit) == ()
        fix = only(image_defects(replace(FACTS, width=over[0], height=over[1]), limit)).fix
        assert fix is not None
        assert (fix.repair, fix.label) == (Repair.CROP, f"Crop to {at[0]} × {at[1]}")


def test_a_long_shape_is_told_with_the_longest_one_and_cropped_in_the_middle(tmp_path: Path) -> None:
    source = write(tmp_path, "beach.png", encoded(Image.new("RGB", (3000, 250), "teal")))

    defect = only(image_defects(replace(FACTS, width=3000, height=250), LONG))
    repaired = repair_image(source, tmp_path / "out.png", LONG)

    assert defect.message == "beach.png is 3000 × 250 px. The longer side must be at most 8 times the shorter one."
    assert defect.fix is not None
    assert (defect.fix.repair, defect.fix.label) == (Repair.CROP, "Crop to 2000 × 250")
    assert (repaired.width, repaired.height) == (2000, 250)


@settings(max_examples=300, deadline=None)
@given(
    width=st.integers(1, 9000),
    height=st.integers(1, 9000),
    low=st.integers(1, 500),
    high=st.integers(500, 8000),
    ratio=st.sampled_from([1, 1.5, 2.5, 3, 8]),
)
def test_any_shape_has_a_nearest_one_that_fits(width: int, height: int, low: int, high: int, ratio: float) -> None:
    limit = replace(OURS, min_side=low, max_side=high, longest_ratio=ratio)

    target = fitted_size(width, height, limit)

    assert image_defects(replace(FACTS, width=target[0], height=target[1]), limit) == ()
    if image_defects(replace(FACTS, width=width, height=height), limit) == ():
        assert target == (width, height)


def test_bytes_at_the_limit_fit_and_one_more_does_not() -> None:
    assert image_defects(replace(FACTS, bytes=10 * MB), OURS) == ()
    defect = only(image_defects(replace(FACTS, bytes=10 * MB + 1), OURS))
    assert defect.message == "beach.png is 10.1 MB. It must be at most 10 MB."
    assert defect.fix is not None
    assert (defect.fix.repair, defect.fix.label) == (Repair.COMPRESS, "Compress to 10 MB or less")


@pytest.mark.parametrize(
    ("change", "message", "repair", "label"),
    [
        ({"format": "GIF"}, "is a GIF file. It must be JPEG, PNG, BMP or WEBP.", Repair.CONVERT, "Save as JPEG"),
        ({"alpha": True}, "has a transparent layer.", Repair.FLATTEN, "Make the background white"),
        ({"frames": 24}, "is an animation with 24 pictures.", Repair.STILL, "Keep the first picture"),
        ({"mode": "CMYK"}, "has print colours (CMYK).", Repair.CONVERT, "Convert to screen colours"),
        ({"mode": "I;16"}, "has unusual colours (I;16).", Repair.CONVERT, "Convert to screen colours"),
    ],
)
def test_each_defect_says_what_is_wrong_and_what_the_button_does(
    change: dict[str, object], message: str, repair: Repair, label: str
) -> None:
    defect = only(image_defects(replace(FACTS, **change), OURS))

    assert message in defect.message
    assert defect.fix is not None
    assert (defect.fix.repair, defect.fix.label) == (repair, label)
    assert not defect.advice


def test_a_sideways_picture_is_taken_with_advice() -> None:
    defect = only(image_defects(replace(FACTS, sideways=True), OURS))

    assert defect.advice
    assert defect.fix is not None
    assert defect.fix.label == "Turn it upright"


def test_a_limit_that_takes_transparency_says_nothing_of_it(tmp_path: Path) -> None:
    limit = replace(OURS, alpha=True)
    source = write(tmp_path, "logo.png", encoded(Image.new("RGBA", (300, 400), (9, 9, 9, 99))))

    assert image_defects(replace(FACTS, alpha=True), limit) == ()
    assert repair_image(source, tmp_path / "out.png", limit).alpha


def test_all_that_is_wrong_is_said_at_once() -> None:
    bad = replace(FACTS, format="GIF", width=10, alpha=True, frames=2, bytes=11 * MB, sideways=True, mode="CMYK")

    assert len(image_defects(bad, OURS)) == 7


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.png",
        "two\nlines\r\n.png",
        "photo\u202egnp.exe",
        "海滩日落.png",
        "👩‍👩‍👧🏖️.png",
        "a" * 300 + ".png",
        "half\udcff.png",
        "\x00\x1b[31m.png",
        "   ",
    ],
)
def test_any_file_name_is_told_as_one_short_line_of_plain_text(name: str) -> None:
    message = only(image_defects(replace(FACTS, name=name, width=10), OURS)).message

    told = message.removesuffix(" is 10 × 720 px. Each side must be 360 to 2000 px.")
    assert told != message
    assert 0 < len(told) <= 48
    assert told.isprintable() or "\u200d" in told
    assert told.encode()
    assert "\u202e" not in told


def test_a_name_keeps_what_makes_it_known() -> None:
    def told(name: str) -> str:
        return only(image_defects(replace(FACTS, name=name, width=10), OURS)).message.split(" is 10 ")[0]

    assert told("海滩日落.png") == "海滩日落.png"
    assert told("👩‍👩‍👧.png") == "👩‍👩‍👧.png"
    assert told("holiday " + "x" * 300 + " beach.png").startswith("holiday xxx")
    assert told("holiday " + "x" * 300 + " beach.png").endswith("…xx beach.png")


# Repairing -----------------------------------------------------------------------------------------------------------


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    width = draw(st.integers(1, 5000) | st.sampled_from([1, 239, 240, 359, 360, 2000, 2001, 5000]))
    height = draw(st.integers(1, max(1, min(5000, 2_000_000 // width))))
    mode, to = draw(
        st.sampled_from(
            [
                *(("RGB", to) for to in ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF")),
                *(("RGBA", to) for to in ("PNG", "WEBP", "TIFF")),
                *(("L", to) for to in ("JPEG", "PNG", "BMP")),
                *(("P", to) for to in ("PNG", "GIF", "BMP")),
                *(("1", to) for to in ("PNG", "BMP", "TIFF")),
                ("LA", "PNG"),
                ("CMYK", "JPEG"),
                ("CMYK", "TIFF"),
                ("I;16", "PNG"),
                ("I;16B", "TIFF"),
                ("I", "TIFF"),
                ("F", "TIFF"),
                ("LAB", "TIFF"),
            ]
        )
    )
    options: dict[str, object] = {}
    if to in {"JPEG", "PNG", "WEBP"} and draw(st.booleans()):
        options["exif"] = exif(draw(st.integers(1, 8)))
    plain = Image.new("L" if mode == "P" else mode, (width, height))
    return encoded(plain.convert("P") if mode == "P" else plain, to, **options)


@settings(max_examples=120, deadline=None)
@given(data=pictures(), limit=st.sampled_from(LIMITS))
def test_a_repaired_picture_has_no_defects(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, limit: ImageLimit
) -> None:
    folder = tmp_path_factory.mktemp("repair")
    source = write(folder, "beach", data)
    before = read_image(source)
    assert isinstance(before, ImageFacts)

    told = repair_image(source, folder / "out", limit)

    after = read_image(folder / "out")
    assert after == told
    assert image_defects(told, limit) == ()
    if limit == OURS:
        assert all(image_defects(told, wider) == () for wider in LIMITS)
    if not image_defects(before, limit):
        assert (folder / "out").read_bytes() == data
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_looks_the_same_afterwards(tmp_path: Path, orientation: int) -> None:
    # The corner that is seen at the top left is red, whatever turn is stored.
    upright = Image.new("RGB", (640, 400), "white")
    upright.paste("red", (0, 0, 200, 200))
    back = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}  # fmt: skip
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    source = write(tmp_path, "beach.png", encoded(stored, exif=exif(orientation)))

    facts = repair_image(source, tmp_path / "out.png", OURS)

    assert (facts.width, facts.height, facts.format, facts.sideways) == (640, 400, "PNG", False)
    with Image.open(tmp_path / "out.png") as image:
        assert image.getpixel((100, 100)) == (255, 0, 0)
        assert image.getpixel((500, 300)) == (255, 255, 255)


def test_a_crop_keeps_the_middle(tmp_path: Path) -> None:
    long = Image.new("RGB", (4000, 400), "red")
    long.paste("blue", (1000, 0, 3000, 400))
    source = write(tmp_path, "wide.png", encoded(long))

    facts = repair_image(source, tmp_path / "out.png", OURS)

    assert (facts.width, facts.height) == (2000, 360)
    with Image.open(tmp_path / "out.png") as image:
        assert image.getpixel((1000, 180)) == (0, 0, 255)
        # 2000 of 360 is a strip of 2222 pixels of the original: the red ends show by a hundred on each side.
        assert image.getpixel((20, 180)) == (255, 0, 0)
        assert image.getpixel((150, 180)) == (0, 0, 255)


def test_a_small_png_stays_one_and_a_large_one_becomes_a_jpeg(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (2100, 2100), random.Random(2).randbytes(2100 * 2100 * 3))
    drawing = write(tmp_path, "drawing.png", encoded(Image.new("RGB", (2100, 2100), "teal")))
    photo = write(tmp_path, "photo.png", encoded(noise, compress_level=0))

    assert repair_image(drawing, tmp_path / "out", OURS).format == "PNG"
    large = repair_image(photo, tmp_path / "out", OURS)
    assert large.format == "JPEG"
    assert large.suffix == ".jpg"
    assert large.bytes <= OURS.max_bytes


def test_few_bytes_are_reached_by_quality_and_then_by_size(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (900, 900), random.Random(2).randbytes(900 * 900 * 3))
    source = write(tmp_path, "photo.jpg", encoded(noise, "JPEG", quality=95))

    tight = repair_image(source, tmp_path / "out", replace(OURS, max_bytes=500_000))
    tighter = repair_image(source, tmp_path / "out", replace(OURS, max_bytes=200_000))

    assert (tight.width, tight.bytes <= 500_000) == (900, True)
    assert (tighter.width < 900, tighter.bytes <= 200_000) == (True, True)
    with pytest.raises(FileRefused, match=r"photo\.jpg cannot be made 9\.7 kB or less"):
        repair_image(source, tmp_path / "none", replace(OURS, max_bytes=10_000))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("mode", "to", "value"), [("I;16", "PNG", 32_768), ("I;16B", "TIFF", 32_768), ("L", "PNG", 127), ("I", "TIFF", 127)]
)
def test_grey_of_any_depth_keeps_its_light(tmp_path: Path, mode: str, to: str, value: int) -> None:
    source = write(tmp_path, "grey", encoded(Image.new(mode, (300, 300), value), to))

    repair_image(source, tmp_path / "out", OURS)

    with Image.open(tmp_path / "out") as image:
        assert image.tobytes()[:3] == bytes([127, 127, 127])


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [None, b"not a profile", SRGB])
def test_print_colours_become_screen_colours_even_with_a_useless_profile(tmp_path: Path, profile: bytes | None) -> None:
    cmyk = Image.new("CMYK", (400, 400), (0, 255, 255, 0))
    source = write(tmp_path, "print.jpg", encoded(cmyk, "JPEG", icc_profile=profile))

    facts = repair_image(source, tmp_path / "out.jpg", OURS)

    assert facts.mode == "RGB"
    with Image.open(tmp_path / "out.jpg") as image:
        red, green, blue = image.tobytes()[:3]
        assert (red > 240, green < 20, blue < 20) == (True, True, True)


def test_a_phone_s_wide_colours_keep_their_profile(tmp_path: Path) -> None:
    source = write(tmp_path, "beach.jpg", encoded(Image.new("RGB", (300, 300)), "JPEG", icc_profile=SRGB))

    repair_image(source, tmp_path / "out.jpg", OURS)

    with Image.open(tmp_path / "out.jpg") as image:
        assert image.info["icc_profile"] == SRGB


def test_what_a_camera_wrote_down_about_the_place_is_not_sent_along(tmp_path: Path) -> None:
    source = write(tmp_path, "beach.jpg", encoded(Image.new("RGB", (300, 300)), "JPEG", exif=exif(6)))

    repair_image(source, tmp_path / "out.jpg", OURS)

    with Image.open(tmp_path / "out.jpg") as image:
        assert not image.getexif()


def test_a_repair_may_replace_its_own_source_and_leaves_nothing_else(tmp_path: Path) -> None:
    source = write(tmp_path, "beach.png", encoded(Image.new("RGB", (100, 100))))

    facts = repair_image(source, source, OURS)

    assert facts.width == 360
    assert list(tmp_path.iterdir()) == [source]


def test_an_unreadable_picture_cannot_be_repaired(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"notes\.txt is not a picture"):
        repair_image(write(tmp_path, "notes.txt", b"some words"), tmp_path / "out", OURS)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("shape", [(1600, 900), (900, 1600), (1000, 1000), (2000, 400)])
@pytest.mark.parametrize("size", [(800, 600), (3000, 1000), (400, 2000), (360, 360)])
def test_a_picture_is_cropped_to_the_shape_of_another(
    tmp_path: Path, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    source = write(tmp_path, "last.png", encoded(Image.effect_noise(size, 40).convert("RGB")))

    matched = match_image(source, tmp_path / "matched", OURS, shape=shape)

    assert matched.width / matched.height == pytest.approx(shape[0] / shape[1], rel=0.01)
    assert image_defects(matched, OURS) == ()


def test_what_is_no_picture_cannot_be_cropped(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        match_image(write(tmp_path, "last.png", b"words"), tmp_path / "matched", OURS, shape=(16, 9))
    assert not (tmp_path / "matched").exists()

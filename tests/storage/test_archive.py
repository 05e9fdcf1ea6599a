"""Files appear whole or not at all, once each, and no key leads out of the folder."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from services.domain.errors import FileRefused, NotFound
from services.media.metadata import Recipe, read_recipe
from services.storage.archive import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path / "files")
    made.prepare()
    return made


def film(path: Path, *, frames: int = 30) -> Path:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.time_base = Fraction(1, 30)
        for number in range(frames):
            picture = np.full((192, 320, 3), (number * 5) % 255, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


async def test_a_result_is_taken_in_with_its_pictures(archive: Archive) -> None:
    part = film(archive.incoming / "job-1.part")
    data = part.read_bytes()
    kept = await archive.keep_video(part, job_id="job", number=1)
    assert (kept.width, kept.height, kept.seconds) == (320, 192, pytest.approx(1, abs=0.05))
    assert archive.path(kept.key).read_bytes() == data
    assert kept.sha256 == hashlib.sha256(data).hexdigest()
    for key in (kept.poster_key, kept.thumbnail_key):
        assert key is not None
        with Image.open(archive.path(key)) as picture:
            assert picture.size == (320, 192)
    assert list(archive.incoming.iterdir()) == []


async def test_what_is_no_film_is_refused_and_not_taken_in(archive: Archive, tmp_path: Path) -> None:
    for name, data in {
        "words": b"not a film",
        "nothing": b"",
        "half": film(tmp_path / "a.mp4").read_bytes()[:700],
    }.items():
        part = archive.incoming / name
        part.write_bytes(data)
        with pytest.raises(FileRefused):
            await archive.keep_video(part, job_id="job", number=1)
    assert not list((tmp_path / "files" / "results").rglob("*.mp4"))


async def test_the_same_picture_is_kept_once(archive: Archive, tmp_path: Path) -> None:
    one, two = tmp_path / "one.png", tmp_path / "two.bin"
    Image.effect_noise((400, 300), 40).save(one, "PNG")
    two.write_bytes(one.read_bytes())
    first = await archive.keep_input(one, form="PNG")
    second = await archive.keep_input(two, form="PNG")
    assert first == second
    assert first.key.endswith(".png")
    assert first.thumbnail_key is not None
    assert archive.path(first.thumbnail_key).stat().st_size < one.stat().st_size
    one.unlink()
    assert archive.path(first.key).is_file()


async def test_a_picture_is_kept_as_it_came_with_smaller_ones(archive: Archive) -> None:
    part = archive.incoming / "job-2.part"
    Image.effect_noise((2000, 1000), 60).convert("RGB").save(part, "PNG")
    data = part.read_bytes()
    kept = await archive.keep_picture(part, job_id="job", number=2)
    assert (kept.width, kept.height, kept.seconds, kept.mime) == (2000, 1000, None, "image/png")
    assert archive.path(kept.key).read_bytes() == data
    assert kept.key.endswith("2.png")
    assert kept.poster_key is not None
    assert kept.thumbnail_key is not None
    for key, size in ((kept.poster_key, (1280, 640)), (kept.thumbnail_key, (400, 200))):
        with Image.open(archive.path(key)) as picture:
            assert (picture.format, picture.size) == ("JPEG", size)
    assert list(archive.incoming.iterdir()) == []


async def test_what_is_clear_in_a_picture_is_white_in_its_smaller_ones(archive: Archive) -> None:
    part = archive.incoming / "clear.part"
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(part, "PNG")
    kept = await archive.keep_picture(part, job_id="job", number=1)
    assert kept.poster_key is not None
    with Image.open(archive.path(kept.poster_key)) as picture:
        assert picture.getpixel((150, 150)) == (255, 255, 255)


async def test_what_is_no_whole_picture_is_refused_and_not_taken_in(archive: Archive, tmp_path: Path) -> None:
    whole = tmp_path / "whole.png"
    Image.effect_noise((300, 300), 60).save(whole)
    for name, data in {
        "words": b"not a picture",
        "nothing": b"",
        "half": whole.read_bytes()[: whole.stat().st_size // 2],
        "film": film(tmp_path / "a.mp4").read_bytes(),
    }.items():
        part = archive.incoming / name
        part.write_bytes(data)
        with pytest.raises(FileRefused):
            await archive.keep_picture(part, job_id="job", number=1)
    assert not [path for path in (tmp_path / "files" / "results").rglob("*") if path.is_file()]


async def test_a_clip_that_is_given_has_a_thumbnail(archive: Archive, tmp_path: Path) -> None:
    kept = await archive.keep_input(film(tmp_path / "a.mp4"), form="MP4")
    assert (kept.mime, Path(kept.key).suffix) == ("video/mp4", ".mp4")
    assert kept.thumbnail_key is not None
    with Image.open(archive.path(kept.thumbnail_key)) as picture:
        assert picture.size == (320, 192)
    assert (await archive.keep_input(tmp_path / "a.mp4", form="MP4")) == kept


async def test_an_article_replaces_an_earlier_one_of_its_job(archive: Archive) -> None:
    await archive.keep_article("one", job_id="job")
    kept = await archive.keep_article("二\n", job_id="job")
    assert archive.path(kept.key).read_text(encoding="utf-8") == "二\n"
    assert kept.bytes == len("二\n".encode())


async def test_a_turned_picture_has_an_upright_thumbnail(archive: Archive, tmp_path: Path) -> None:
    sideways = tmp_path / "p.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (800, 400), "red").save(sideways, exif=exif)
    kept = await archive.keep_input(sideways, form="JPEG")
    assert kept.thumbnail_key is not None
    with Image.open(archive.path(kept.thumbnail_key)) as picture:
        assert picture.height > picture.width


async def test_a_kind_that_is_not_ours_is_refused(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg/>")
    with pytest.raises(FileRefused, match="SVG"):
        await archive.keep_input(tmp_path / "a.svg", form="SVG")


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "results/../../secret", "results", "results/none.mp4"])
def test_no_key_leads_out_of_the_folder(archive: Archive, tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(NotFound):
        archive.path(key)


def test_the_folder_is_for_its_owner_only(archive: Archive, tmp_path: Path) -> None:
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0


RECIPE = Recipe(asset="0192a", job="job", family="f", model="m", region="r", prompt="a cat on a mat")


async def test_a_result_carries_its_recipe_and_its_hash_is_that_of_the_whole_file(archive: Archive) -> None:
    part = film(archive.incoming / "job-1.part")
    kept = await archive.keep_video(part, job_id="job", number=1, recipe=RECIPE)
    path = archive.path(kept.key)
    assert read_recipe(path) == RECIPE
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert kept.bytes == path.stat().st_size
    picture = archive.incoming / "job-2.part"
    Image.effect_noise((80, 60), 40).save(picture, "PNG")
    kept = await archive.keep_picture(picture, job_id="job", number=2, recipe=RECIPE)
    assert read_recipe(archive.path(kept.key)) == RECIPE
    assert list(archive.incoming.iterdir()) == []


async def test_the_download_is_whole_until_the_result_has_its_name(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever dies in between finds the download as it came, and goes on with it.
    part = film(archive.incoming / "job-1.part")
    data = part.read_bytes()

    def die(_part: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("services.storage.archive._settle", die)
    with pytest.raises(OSError, match="No space"):
        await archive.keep_video(part, job_id="job", number=1, recipe=RECIPE)
    assert part.read_bytes() == data
    monkeypatch.undo()
    kept = await archive.keep_video(part, job_id="job", number=1, recipe=RECIPE)
    assert read_recipe(archive.path(kept.key)) == RECIPE
    assert not part.exists()  # the copy that was cut off belongs to the janitor


async def test_what_cannot_carry_a_recipe_is_kept_without(archive: Archive) -> None:
    part = archive.incoming / "job-1.part"
    Image.effect_noise((80, 60), 40).save(part, "BMP")
    data = part.read_bytes()
    kept = await archive.keep_picture(part, job_id="job", number=1, recipe=RECIPE)
    assert archive.path(kept.key).read_bytes() == data
    assert list(archive.incoming.iterdir()) == []

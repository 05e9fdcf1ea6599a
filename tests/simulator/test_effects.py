"""Effects: each is unlike the plain zoom and unlike the others, and each has a preview that can be shown."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from services.catalogue import CATALOGUE
from services.catalogue.schema import Choice, ChoiceField
from services.simulator import Clip
from services.simulator.media.artist import QuickArtist
from services.simulator.media.effects import EFFECTS, play_effect
from services.simulator.media.effects.__main__ import MAX_BYTES, SIDE, preview
from services.simulator.media.effects.shapes import figure
from services.simulator.media.film import film_clip
from services.simulator.media.stills import load_planes, move_picture
from tests import ROOT
from tests.rig.simulator import StubArtist, data_uri, desk, picture

PREVIEWS = ROOT / "assets" / "effects"
FRAMES = 16


def choices() -> dict[str, Choice]:
    """Every effect that any model of the catalogue offers, by its value."""
    fields = (
        field
        for model in CATALOGUE.models
        for field in (*model.fields, *(each for offer in model.offers for each in offer.differs))
    )
    offered = (choice for field in fields if isinstance(field, ChoiceField) for choice in field.choices)
    return {str(choice.value): choice for choice in offered if choice.preview}


TEMPLATES = sorted(choices())


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture with two people on it."""
    file = tmp_path_factory.mktemp("effects") / "couple.png"
    figure("couple", 240).save(file)
    return file


def clip(shown: Path, template: str, *, size: tuple[int, int] = (192, 160), seed: int = 3) -> Clip:
    return Clip(
        prompt="",
        width=size[0],
        height=size[1],
        seconds=2,
        fps=FRAMES // 2,
        seed=seed,
        picture=shown,
        template=template,
    )


@cache
def frames(shown: Path, template: str, seed: int = 3) -> NDArray[np.int16]:
    """The luma and colour of every frame: frames x values."""
    planes = play_effect(clip(shown, template, seed=seed))
    return np.stack([each.joined().reshape(-1).astype(np.int16) for each in planes])


def test_the_simulator_knows_every_effect_of_the_catalogue() -> None:
    assert len(TEMPLATES) > 25
    assert set(TEMPLATES) == set(EFFECTS)


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_effect_begins_with_the_picture_and_makes_something_else_of_it(portrait: Path, template: str) -> None:
    played = frames(portrait, template)
    plain = np.stack([each.joined().reshape(-1) for each in move_picture(clip(portrait, ""))])
    bare = load_planes(portrait, (192, 160)).joined().reshape(-1)

    assert played.shape == (FRAMES, 192 * 160 * 3 // 2)
    assert np.abs(played[0] - bare).mean() < 1, "the first frame is the picture"
    assert np.abs(played[6:] - plain[6:]).mean() > 2, "it is not the plain zoom"
    assert np.abs(np.diff(played, axis=0)).mean() > 0.3, "it moves"


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_effect_is_the_same_every_time(portrait: Path, template: str) -> None:
    again = np.stack([each.joined().reshape(-1) for each in play_effect(clip(portrait, template))])

    assert np.array_equal(frames(portrait, template), again)


def test_no_two_effects_look_alike(portrait: Path) -> None:
    alike = [
        (one, other)
        for number, one in enumerate(TEMPLATES)
        for other in TEMPLATES[:number]
        if np.abs(frames(portrait, one)[4:] - frames(portrait, other)[4:]).mean() < 1.5
    ]

    assert alike == []


@pytest.mark.parametrize("template", ["money", "melt"])
def test_another_seed_falls_otherwise(portrait: Path, template: str) -> None:
    assert np.abs(frames(portrait, template, 3) - frames(portrait, template, 4)).mean() > 0.5


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (208, 1040)])
@pytest.mark.parametrize("template", TEMPLATES)
def test_an_effect_fills_every_shape(portrait: Path, template: str, size: tuple[int, int]) -> None:
    shown = next(play_effect(clip(portrait, template, size=size)))

    assert (shown.y.size, shown.u.size) == (size, (size[0] // 2, size[1] // 2))


def test_an_unknown_effect_is_the_plain_zoom(portrait: Path) -> None:
    unknown = list(play_effect(clip(portrait, "of-next-year")))
    plain = list(move_picture(clip(portrait, "")))

    assert all(np.array_equal(one.joined(), other.joined()) for one, other in zip(unknown, plain, strict=True))


def test_a_film_plays_the_effect(portrait: Path, tmp_path: Path) -> None:
    for name, template in (("plain", ""), ("effect", "pupil"), ("again", "pupil")):
        film_clip(clip(portrait, template), tmp_path / name)

    assert (tmp_path / "effect").read_bytes() != (tmp_path / "plain").read_bytes()
    assert (tmp_path / "effect").read_bytes() == (tmp_path / "again").read_bytes()


async def test_the_quick_artist_films_no_effect_of_its_own(portrait: Path, tmp_path: Path) -> None:
    stub = StubArtist()
    quick = QuickArtist(stub)
    for template in ("", "squish", "hug"):
        await quick.film(clip(portrait, template), tmp_path / f"{template}.mp4")

    assert len(stub.clips) == 1


@pytest.mark.parametrize("template", ["squish", ""])
async def test_a_task_orders_the_effect_it_names(home: Path, template: str) -> None:
    (model, offer) = next(
        (model, offer)
        for model in CATALOGUE.models
        for offer in model.offers
        for field in offer.differs
        if isinstance(field, ChoiceField) and any(choice.value == "squish" for choice in field.choices)
    )
    named = {"template": template} if template else {}
    body = {
        "model": offer.id,
        "input": {"img_url": data_uri(picture()), **named},
        "parameters": {"resolution": "480P"},
    }
    async with desk(home) as at:
        task = await at.task(body, region=offer.region)
        answer = await at.ended(task, region=offer.region)

        assert answer["output"]["task_status"] == "SUCCEEDED", (model.id, answer)
        assert [clip.template for clip in at.artist.clips] == [template]


@pytest.mark.parametrize("name", sorted({choice.preview for choice in choices().values()}))
def test_an_effect_has_a_small_moving_preview_that_goes_round(name: str) -> None:
    moving = PREVIEWS / f"{name}.webp"
    with Image.open(moving) as opened:
        shown = []
        for number in range(getattr(opened, "n_frames", 1)):
            opened.seek(number)
            shown.append(np.asarray(opened.convert("RGB"), np.int16))
        assert (opened.format, opened.size, opened.info["loop"]) == ("WEBP", (SIDE, SIDE), 0)

    steps = [float(np.abs(one - other).mean()) for one, other in pairwise(shown)]
    assert len(shown) >= 12
    assert 4_000 < moving.stat().st_size <= MAX_BYTES
    assert float(np.abs(shown[-1] - shown[0]).mean()) <= 2 * max(steps), "no jump from the end to the beginning"


@pytest.mark.parametrize("name", sorted({choice.preview for choice in choices().values()}))
def test_an_effect_has_a_small_still(name: str) -> None:
    still = PREVIEWS / f"{name}.still.webp"
    with Image.open(still) as opened:
        assert (opened.format, opened.size, getattr(opened, "n_frames", 1)) == ("WEBP", (SIDE, SIDE), 1)
    assert still.stat().st_size <= 3_000


def test_there_are_no_other_previews_and_all_are_light() -> None:
    files = [file for file in PREVIEWS.iterdir() if file.suffix == ".webp"]

    assert {file.name.removesuffix(".webp").removesuffix(".still") for file in files} == set(TEMPLATES)
    assert sum(file.stat().st_size for file in files) < 900_000


def test_a_preview_is_drawn_as_it_lies_there() -> None:
    drawn = list(preview("rose"))
    with Image.open(PREVIEWS / "rose.webp") as kept:
        first = np.asarray(kept.convert("RGB"), np.int16)

    assert {frame.size for frame in drawn} == {(SIDE, SIDE)}
    assert np.abs(np.asarray(drawn[0], np.int16) - first).mean() < 8

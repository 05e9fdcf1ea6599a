"""`python -m services.simulator.media.effects OUT`: a moving preview and a still of each effect, as WebP files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from PIL import Image

from services.simulator.media.effects import EFFECTS, perform
from services.simulator.media.effects.stage import Stage
from services.simulator.media.effects.subjects import cat, couple, duck, person
from services.simulator.media.planes import Planes

SIDE = 112
"""Pixels of a preview."""
FRAMES = 18
FRAME_MILLISECONDS = 90
MAX_BYTES = 20_000
_DRAWN = 448
"""Pixels a preview is drawn in, before it is made small: edges and small movements stay smooth."""
_QUALITIES = (80, 72, 65, 58, 52, 46, 40, 35, 30, 25, 20)

_FIGURES: Mapping[Callable[[int], Image.Image], tuple[str, ...]] = {
    duck: ("squish", "rotation", "poke", "inflate", "dissolve", "melt", "icecream"),
    cat: ("flying", "rose", "crystalrose"),
    couple: ("hug", "frenchkiss", "coupleheart"),
}
"""Who shows which effect; a person shows the others."""


def main() -> None:
    """Write the previews of all effects into a folder."""
    parser = argparse.ArgumentParser(prog="python -m services.simulator.media.effects", description=main.__doc__)
    parser.add_argument("out", type=Path, help="folder for NAME.webp and NAME.still.webp")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name in EFFECTS:
        frames = list(preview(name))
        (out / f"{name}.webp").write_bytes(_moving(frames))
        (out / f"{name}.still.webp").write_bytes(_still(frames[FRAMES // 3]))


def preview(name: str) -> Iterator[Image.Image]:
    """The frames of one effect's preview, the last leading into the first."""
    figure = next((figure for figure, names in _FIGURES.items() if name in names), person)
    drawn = Planes.of(np.asarray(figure(_DRAWN)))
    stage = Stage(
        picture=drawn, seconds=FRAMES * FRAME_MILLISECONDS / 1000, chance=np.random.default_rng(7), looped=True
    )
    for planes in perform(EFFECTS[name], stage, frames=FRAMES):
        frame = av.VideoFrame.from_ndarray(planes.joined(), format="yuv420p")
        shown = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
        yield Image.fromarray(shown).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _moving(frames: list[Image.Image]) -> bytes:
    """An endless animation, as fine as the size allows."""
    written = b""
    for quality in _QUALITIES:
        file = BytesIO()
        frames[0].save(
            file, "WEBP", save_all=True, append_images=frames[1:], duration=FRAME_MILLISECONDS, loop=0,
            quality=quality, method=4, minimize_size=True,
        )  # fmt: skip
        written = file.getvalue()
        if len(written) <= MAX_BYTES:
            break
    return written


def _still(frame: Image.Image) -> bytes:
    file = BytesIO()
    frame.save(file, "WEBP", quality=72, method=6)
    return file.getvalue()


if __name__ == "__main__":
    main()

"""`python -m services.simulator.media.effects OUT`: a moving preview and a still of each effect, as WebP files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from services.simulator.media.effects import EFFECTS, perform
from services.simulator.media.effects.shapes import figure
from services.simulator.media.effects.stage import Stage
from services.simulator.media.planes import Planes

SIDE = 112
"""Pixels of a preview."""
FRAMES = 18
FRAME_MILLISECONDS = 90
MAX_BYTES = 20_000
_DRAWN = 448
"""Pixels a preview is drawn in, before it is made small: edges and small movements stay smooth."""

_DUCK = ("squish", "rotation", "poke", "inflate", "dissolve", "melt", "icecream")
_COUPLE = ("hug", "frenchkiss", "coupleheart")
"""The effects that a figure other than the person shows."""


def main() -> None:
    """Write the previews of all effects into a folder."""
    parser = argparse.ArgumentParser(prog="python -m services.simulator.media.effects", description=main.__doc__)
    parser.add_argument("out", type=Path, help="folder for NAME.webp and NAME.still.webp")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name in EFFECTS:
        frames = list(preview(name))
        (out / f"{name}.webp").write_bytes(_moving(frames))
        frames[FRAMES // 3].save(out / f"{name}.still.webp", quality=72, method=6)


def preview(name: str) -> Iterator[Image.Image]:
    """Yield the frames of one effect's preview, the last leading into the first."""
    shown_by = "duck" if name in _DUCK else "couple" if name in _COUPLE else "person"
    drawn = Planes.of(np.asarray(figure(shown_by, _DRAWN)))
    seconds = FRAMES * FRAME_MILLISECONDS / 1000
    stage = Stage(picture=drawn, seconds=seconds, chance=np.random.default_rng(7), looped=True)
    for planes in perform(name, stage, frames=FRAMES):
        yield Image.fromarray(planes.rgb()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _moving(frames: list[Image.Image]) -> bytes:
    """Write an endless animation, as fine as the size allows."""
    file = BytesIO()
    for quality in range(80, 19, -5):
        file = BytesIO()
        more = {"append_images": frames[1:], "duration": FRAME_MILLISECONDS, "loop": 0, "minimize_size": True}
        frames[0].save(file, "WEBP", save_all=True, quality=quality, method=4, **more)
        if file.tell() <= MAX_BYTES:
            break
    return file.getvalue()


if __name__ == "__main__":
    main()

"""The vendor's ready-made effects, in a small way: what each does to a picture is recognisable at a glance.

A template is a row of parts in the order in which they are applied. `warps` bend the picture, `layers` tint it, move
it, cover it and let things fall through it, `shapes` are what they lay over it. The names are the vendor's
(image-to-video and first-and-last-frame references, `template`; the page "Video effects").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from services.simulator.media.artist import Clip
from services.simulator.media.effects import shapes
from services.simulator.media.effects.layers import (
    card,
    dissolved,
    falling,
    laid,
    nearer,
    posed,
    seen_by,
    sized,
    tint,
    warp,
)
from services.simulator.media.effects.shapes import across, bloom, cover, eye, framed, heart, star, thing
from services.simulator.media.effects.stage import Moment, Part, Stage
from services.simulator.media.effects.warps import dance, dent, drip, ripple, squeeze, swell, swirl, together
from services.simulator.media.palettes import chance_of
from services.simulator.media.planes import Planes
from services.simulator.media.stills import load_planes, move_picture

_ICE = ("5480de", "7e8eec", "b68aec", "f09edc")
_PARTY = ("f05474", "fabe42", "52aaf0", "78c882")


def _danced(colour: str, *, count: int = 5, **steps: float) -> tuple[Part, ...]:
    light = partial(shapes.draw, f"oval {colour}be 10 42 90 58", glow=5)
    notes = falling(thing("note", colour), sides=(92, 120), count=count, up=True, pose="tumble")
    return warp(dance, **steps), laid(sized(light, 760), (0.5, 0.94), opacity=0.8), notes


def _flowers(*colours: str) -> tuple[Part, ...]:
    flower = partial(bloom, colours=colours)
    return tuple(
        laid(sized(flower, 330), at, enter=(0, 0.6), spin=14, round_=False, phase=phase)
        for at, phase in (((0.12, 0.93), 0.3), ((0.88, 0.93), 0.6), ((0.5, 0.84), 0.0))
    )


def _hand(at: float, name: str, *, way: int) -> Part:
    return laid(sized(thing(name), 330 * way), (at, 0.55), swing=(way * 90, 0), phase=-0.25)


EFFECTS: Mapping[str, tuple[Part, ...]] = {
    "squish": (warp(squeeze), _hand(0.06, "mitten", way=1), _hand(0.94, "mitten", way=-1)),
    "rotation": (card,),
    "poke": (warp(dent), _hand(0.9, "glove", way=-1)),
    "inflate": (warp(swell),),
    "dissolve": (dissolved, falling(thing("strip", "d8d0c8"), thing("strip", "a8a098"), sides=(30,), count=26)),
    "melt": (warp(drip),),
    "icecream": (
        warp(swirl), tint(lift=22, v=7, colour=-0.12), laid(sized(thing("cone"), 300), (0.5, 0.9), enter=(0, 0.4)),
        falling(*map(partial(thing, "strip"), ("f06088", "5cbee2", "fac44c")), sides=(30,), count=30),
    ),
    "carousel": (
        nearer,
        *(laid(sized(thing("horse", coat), 260), (0.5, 0.66), orbit=(0.42, 0.1), times=0.5, phase=n / 4, hidden=True)
          for n, coat in enumerate(("fcf6ee", "eebc8c") * 2)),
        laid(across("awning"), (0.5, 0.06), enter=(0, -0.2)),
    ),
    "singleheart": (
        nearer, tint(v=8), falling(partial(star, colour="ffd6e0"), sides=(44,), count=10, up=True),
        laid(sized(partial(heart, colour="fa789680"), 360), (0.5, 0.56), beat=0.9, opacity=0.5),
        laid(sized(heart, 220), (0.5, 0.56), beat=0.4, times=2),
    ),
    "dance1": _danced("fa6082", sway=0.26, bounce=0.05),
    "dance2": _danced("4c9cf6", count=6, pace=2, bounce=0.16),
    "dance3": _danced("8c64ec", count=4, pace=0.5, sway=0.36, twist=0.06),
    "dance4": _danced("f69c32", twist=0.17, bounce=0.05),
    "dance5": _danced("34b88c", count=6, jump=0.24, sway=0.12),
    "mermaid": (
        warp(ripple), tint(gain=-0.08, u=12, v=-9, colour=-0.08),
        falling(thing("bubble"), sides=(34, 58, 84), count=16, up=True, pose="still"),
        laid(sized(thing("tail"), 320), (0.74, 0.84), enter=(0, 0.5), spin=50, round_=False),
    ),
    "graduation": (
        nearer, falling(*map(partial(thing, "strip"), _PARTY), sides=(34,), count=24, pose="tumble"),
        falling(thing("cap"), sides=(170, 210), count=6, up=True),
    ),
    "dragon": (
        nearer,
        *(laid(sized(thing("ring"), 34 + 4 * n), orbit=(0.4, 0.3), times=0.5, phase=n * 0.017) for n in range(18)),
        laid(sized(thing("dragon"), 150), orbit=(0.4, 0.3), times=0.5, phase=0.33),
    ),
    "money": (
        nearer, falling(thing("banknote"), sides=(150, 190, 220), count=9, pose="tumble"),
        falling(thing("coin"), sides=(62, 78), count=7, pose="tumble"),
    ),
    "jellyfish": (
        nearer, tint(gain=-0.2, u=14, v=-4), falling(thing("bubble"), sides=(20, 28), count=10, up=True, pose="still"),
        falling(*map(partial(thing, "jellyfish"), ("9670f0", "f07cc4")), sides=(250,), count=6, pose="pulse", up=True),
    ),
    "pupil": (seen_by(eye),),
    "flying": (
        warp(swell, much=-0.5, lift=0.42), tint(lift=10, u=6, v=-4),
        falling(thing("cloud"), sides=(220, 330), count=5, pose="still"),
        laid(sized(thing("cloud"), 620), (0.5, 0.96), enter=(0, 0.4), swing=(40, 10)),
    ),
    "rose": (
        nearer, falling(thing("petal", "ce2c4c"), sides=(44, 58), count=18, pose="tumble"),
        *_flowers("96142f", "b01c3a", "ca2846", "de3e58"),
    ),
    "crystalrose": (
        nearer, tint(u=7, lift=5), falling(star, thing("petal", "96b2f0"), sides=(46, 62), count=18), *_flowers(*_ICE),
    ),
    "hug": (
        warp(together, near=0.15, top=0.3, rock=0.045), tint(lift=5, v=8, u=-6),
        falling(heart, partial(heart, colour="f47092"), sides=(50, 66), count=9, up=True, pose="still"),
    ),
    "frenchkiss": (
        warp(together, near=0.19, top=1), tint(gain=-0.06, v=10, u=4),
        falling(partial(star, colour="ffe2ea"), sides=(50, 72), count=9, up=True),
        laid(sized(partial(heart, colour="e23454"), 150), (0.5, 0.14), enter=(0, 0.1), beat=0.3),
    ),
    "coupleheart": (
        warp(together, near=0.1, top=0.5),
        *(laid(sized(partial(heart, colour=("e23454", "f47092")[n % 2]), 62), at, beat=0.5, phase=n / 20)
          for n, at in enumerate(shapes.heart_points(20))),
    ),
    "hanfu-1": (
        nearer, tint(u=-9, v=5, colour=-0.25), laid(partial(framed, colour="eee0c2", edge="70362a")),
        falling(thing("petal", "f09eb2"), sides=(30, 42), count=13, pose="tumble"),
        laid(sized(thing("branch"), 420), (0.2, 0.2), enter=(-0.5, 0), swing=(0, 10)),
    ),
    "solaron": (
        nearer, tint(u=-26, v=11, lift=4),
        laid(sized(partial(star, colour="ffe28278", tips=16, near=30), 1500), spin=22.5, times=2, opacity=0.5),
        laid(sized(partial(star, colour="fcca52", tips=16, near=40, hole=38), 760), spin=22.5, times=2),
        falling(partial(star, colour="ffe282"), sides=(40, 60), count=14, up=True),
    ),
    "magazine": (posed, laid(cover)),
    "mech1": (
        nearer, tint(gain=-0.16, u=8, v=-3, colour=-0.2),
        laid(partial(framed, colour="2e3a4e", edge="62ecff", hole=0.96)),
        laid(sized(thing("sight", "62ecff"), 470), spin=90, times=2),
    ),
    "mech2": (
        nearer, tint(gain=-0.16, u=-4, v=9, colour=-0.2),
        falling(partial(star, colour="ffbe6e"), sides=(34, 50), count=12, up=True),
        laid(partial(framed, colour="562228", edge="ff8042", hole=0.8)),
        laid(sized(thing("sight", "ff8042"), 600), spin=90),
    ),
}  # fmt: skip
"""By the vendor's name."""


def play_effect(clip: Clip) -> Iterator[Planes]:
    """Yield the frames of a clip with a template, beginning with the picture. An unknown template is a slow zoom."""
    if clip.template not in EFFECTS or clip.picture is None:
        yield from move_picture(clip)
        return
    picture = load_planes(clip.picture, (clip.width, clip.height))
    stage = Stage(picture=picture, seconds=clip.seconds, chance=chance_of(clip, clip.template))
    yield from perform(clip.template, stage, frames=clip.frames)


def perform(template: str, stage: Stage, *, frames: int) -> Iterator[Planes]:
    """Yield so many frames of an effect. In a loop the last leads into the first."""
    layers = [begin(stage) for begin in EFFECTS[template]]
    last = frames if stage.looped else max(1, frames - 1)
    for number in range(frames):
        canvas = stage.picture.copied()
        for layer in layers:
            canvas = layer(canvas, Moment(stage, number / last))
        yield canvas

"""The vendor's ready-made effects, in a small way: what each does to a picture, recognisable at a glance.

Hides how each is made. A name the catalogue has and this table lacks is a slow zoom. The names are the vendor's
(image-to-video and first-and-last-frame references, `template`; list of effects: the page "Video effects").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from services.simulator.media.artist import Clip
from services.simulator.media.effects.couples import heart_of_hearts, hug, kiss
from services.simulator.media.effects.dances import dance
from services.simulator.media.effects.gifts import (
    carousel,
    crystal_roses,
    dragon,
    graduation,
    jellyfishes,
    mermaid,
    money,
    pupil,
    roses,
    singleheart,
)
from services.simulator.media.effects.looks import armour, cover, moon_gate, sun_armour, visor
from services.simulator.media.effects.stage import Draw, Stage
from services.simulator.media.effects.warps import dissolve, flying, icecream, inflate, melt, poke, rotation, squish
from services.simulator.media.palettes import chance_of
from services.simulator.media.planes import Planes
from services.simulator.media.stills import load_planes, move_picture

Effect = Callable[[Stage], Draw]

EFFECTS: Mapping[str, Effect] = {
    "squish": squish,
    "rotation": rotation,
    "poke": poke,
    "inflate": inflate,
    "dissolve": dissolve,
    "melt": melt,
    "icecream": icecream,
    "carousel": carousel,
    "singleheart": singleheart,
    **{f"dance{number}": partial(dance, number=number) for number in range(1, 6)},
    "mermaid": mermaid,
    "graduation": graduation,
    "dragon": dragon,
    "money": money,
    "jellyfish": jellyfishes,
    "pupil": pupil,
    "flying": flying,
    "rose": roses,
    "crystalrose": crystal_roses,
    "hug": hug,
    "frenchkiss": kiss,
    "coupleheart": heart_of_hearts,
    "hanfu-1": moon_gate,
    "solaron": sun_armour,
    "magazine": cover,
    "mech1": visor,
    "mech2": armour,
}
"""By the vendor's name."""


def play_effect(clip: Clip) -> Iterator[Planes]:
    """The frames of a clip with a template: it begins with the picture. An unknown one is a slow zoom."""
    effect = EFFECTS.get(clip.template)
    if effect is None or clip.picture is None:
        yield from move_picture(clip)
        return
    picture = load_planes(clip.picture, (clip.width, clip.height))
    stage = Stage(picture=picture, seconds=clip.seconds, chance=chance_of(clip, clip.template))
    yield from perform(effect, stage, frames=clip.frames)


def perform(effect: Effect, stage: Stage, *, frames: int) -> Iterator[Planes]:
    """So many frames of an effect. In a loop the last leads into the first."""
    draw = effect(stage)
    last = frames if stage.looped else max(1, frames - 1)
    for number in range(frames):
        yield draw(number / last)

"""Effects that bring something to the picture: a merry-go-round, hearts, roses, money, caps, creatures, an eye."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from services.simulator.media.effects.shapes import (
    banknote,
    bubble,
    cap,
    coin,
    confetti,
    crystal_rose,
    dragon_head,
    dragon_ring,
    heart,
    horse,
    jellyfish,
    petal,
    rose,
    sparkle,
    tail_of_fish,
)
from services.simulator.media.effects.sprites import Colour, Drift, Pen, Sprite, spun, swelling, tumbling
from services.simulator.media.effects.stage import TAU, Draw, Floats, Stage, ease, tinted
from services.simulator.media.planes import Planes

_PARTY: tuple[Colour, ...] = ((240, 84, 116), (250, 190, 66), (82, 170, 240), (120, 200, 130))


# One person ----------------------------------------------------------------------------------------------------------


def carousel(stage: Stage) -> Draw:
    """A merry-go-round turns around it, under a striped roof with lights."""
    unit, coats = stage.unit, ((252, 246, 238), (238, 188, 140)) * 2
    sides = [190, 225, 260, 295]
    herd = [swelling(horse(sides[-1] * unit, coat), [side * unit for side in sides]) for coat in coats]
    roofs = [Sprite.of(_roof(stage, lit)) for lit in (0, 1)]
    pitch = stage.width / 8
    rounds = 0.5 if stage.looped else stage.crossings  # half a round looks like a whole one: every second coat is alike

    def draw(part: float) -> Planes:
        canvas = stage.pictured(part)
        entry = stage.entry(part)
        horses = []
        for number, poses in enumerate(herd):
            angle = TAU * (number / len(herd) + rounds * part)
            horses.append((math.sin(angle), -math.cos(angle), number, poses))
        for depth, across, number, poses in sorted(horses):
            if depth < -0.35:
                continue
            nearness = min(len(sides) - 1, max(0, round((depth + 0.35) / 1.35 * (len(sides) - 1))))
            hop = math.sin(TAU * (2 * stage.turns * part + number / len(herd))) * 22 * unit
            x = stage.width / 2 + across * stage.width * 0.52
            y = stage.height * (0.68 + 0.1 * depth) + hop
            poses[nearness].lay_on(canvas, x, y, opacity=entry * ease((depth + 0.35) / 0.3))
        roof = roofs[int(stage.turns * 4 * part) % 2]
        slide = (stage.turns * 2 * pitch * part) % (2 * pitch)
        drop = (1 - entry) * roof.mask.height
        roof.lay_on(canvas, stage.width / 2 + slide - pitch, roof.mask.height / 2 - drop)
        return canvas

    return draw


def _roof(stage: Stage, lit: int) -> Image.Image:
    """A scalloped edge of red and white cloth with bulbs, wider than the frame by four stripes."""
    stripes, pitch = 12, 100 / 12
    pen = Pen(stage.width * 1.5, high=22)
    depth = 100 / 1.5 * (74 * stage.unit / stage.width)
    for number in range(stripes):
        colour = (222, 64, 84) if number % 2 else (255, 248, 240)
        left = number * pitch
        pen.box((left, -5, left + pitch, depth), colour)
        pen.oval((left, depth - pitch * 0.42, left + pitch, depth + pitch * 0.42), colour)
    pen.box((0, depth * 0.66 - 0.7, 100, depth * 0.66 + 0.7), (246, 196, 84))
    for number in range(stripes * 2):
        glows = (number + lit) % 2 == 0
        pen.disc(((number + 0.5) * pitch / 2, depth * 0.66), 0.95, (255, 250, 200) if glows else (200, 140, 50))
    return pen.image()


def singleheart(stage: Stage) -> Draw:
    """One heart beats before it; each beat sends out rings."""
    unit = stage.unit
    hearts = swelling(heart(260 * unit), [(170 + 6 * step) * unit for step in range(16)])
    rings = swelling(_ring_heart(860 * unit), [side * unit for side in range(220, 880, 40)])
    motes = Drift(stage, [spun(sparkle(44 * unit, (255, 214, 224)), steps=6, reach=90)], count=10, up=True)

    def draw(part: float) -> Planes:
        grown = stage.growth(part) if not stage.looped else 1.0
        canvas = tinted(stage.pictured(part), v=5 * grown, u=-1 * grown)
        phase = (stage.turns * part) % 1
        knock = math.exp(-((phase - 0.12) ** 2) / 0.003) + 0.7 * math.exp(-((phase - 0.34) ** 2) / 0.004)
        entry = ease(grown / 0.25)
        middle = (stage.width / 2, stage.height * 0.58)
        for start in (0.12, 0.34):
            age = (phase - start) % 1
            ring = rings[min(len(rings) - 1, int(age * len(rings)))]
            ring.lay_on(canvas, *middle, opacity=0.85 * (1 - age) ** 1.5 * entry)
        motes.lay_on(canvas, part)
        hearts[min(len(hearts) - 1, int(min(1.0, knock) * 15))].lay_on(canvas, *middle, opacity=entry)
        return canvas

    return draw


def _ring_heart(side: float) -> Image.Image:
    """Only the outline of a heart."""
    solid = heart(side, (250, 120, 150))
    inner = heart(side * 0.86, (255, 255, 255)).getchannel("A")
    hole = Image.new("L", solid.size, 0)
    hole.paste(inner, ((solid.width - inner.width) // 2, round((solid.height - inner.height) * 0.46)))
    alpha = np.asarray(solid.getchannel("A"), np.int16) - np.asarray(hole, np.int16)
    flat = Image.new("RGB", solid.size, (250, 120, 150))
    flat.putalpha(Image.fromarray(alpha.clip(0, 255).astype(np.uint8)))
    return flat


def mermaid(stage: Stage) -> Draw:
    """It is under water: bubbles, waves of light, and a mermaid's tail that strokes below."""
    unit = stage.unit
    tails = spun(tail_of_fish(320 * unit).rotate(-24, Image.Resampling.BICUBIC), steps=25, reach=50)
    bubbles = Drift(stage, [[Sprite.of(bubble(side * unit))] for side in (34, 58, 84, 46)], count=16, up=True)

    def draw(part: float) -> Planes:
        grown = 1.0 if stage.looped else ease(part / 0.3)
        time = TAU * stage.turns * part

        def warp(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            near = grown * np.clip(1.2 - np.abs(x), 0, 0.4) / 0.4
            return x + 0.022 * near * np.sin(y * 6 + time), y + 0.016 * near * np.sin(x * 5 + time)

        sea = tinted(stage.warped(warp), gain=1 - 0.08 * grown, u=9 * grown, v=-6 * grown, colour=1 - 0.08 * grown)
        bubbles.lay_on(sea, part)
        stroke = math.sin(time) * 0.5 + 0.5
        rise = (1 - grown) * 420 * unit
        tails[round(stroke * 24)].lay_on(sea, stage.width * 0.5 + 220 * unit, stage.height - 130 * unit + rise)
        return sea

    return draw


def graduation(stage: Stage) -> Draw:
    """Caps are thrown into the air, among confetti."""
    unit = stage.unit
    caps = [spun(cap(side * unit), steps=16) for side in (170, 220, 190)]
    paper = Drift(stage, [tumbling(confetti(34 * unit, each), steps=12) for each in _PARTY], count=22)
    throws = [(0.16, 0.0, 0.86, 1), (0.84, 0.36, 0.8, -1), (0.36, 0.62, 0.97, -1), (0.66, 0.16, 0.92, 1)]

    def draw(part: float) -> Planes:
        canvas = stage.pictured(part)
        paper.lay_on(canvas, part)
        for number, (across, phase, high, way) in enumerate(throws):
            along = (phase + stage.turns * part) % 1
            y = stage.height * (1.14 - high * 4 * along * (1 - along) * 1.02)
            x = stage.width * (0.5 + (across - 0.5) * (0.75 + 0.5 * along))
            poses = caps[number % len(caps)]
            turned = (way * (along * 0.75) - 0.1) % 1
            poses[int(turned * len(poses))].lay_on(canvas, x, y, opacity=stage.entry(part))
        return canvas

    return draw


def dragon(stage: Stage) -> Draw:
    """A small jade dragon winds its way around it."""
    unit, rings, head = stage.unit, 30, dragon_head(170 * stage.unit)
    faces = spun(head, steps=24)
    left_faces = spun(head.transpose(Image.Transpose.FLIP_TOP_BOTTOM), steps=24)
    thick = [
        [spun(dragon_ring(side * unit, fin=fin), steps=12) for side in range(104, 20, -14)] for fin in (True, False)
    ]
    body = [thick[number % 2][number * len(thick[0]) // rings] for number in range(rings)]

    def at(turn: float) -> tuple[float, float]:
        angle = TAU * turn
        x = stage.width / 2 + math.sin(angle) * min(stage.width * 0.4, stage.height * 0.72)
        return x, stage.height * (0.52 + 0.29 * math.sin(2 * angle + 0.6))

    def draw(part: float) -> Planes:
        canvas = stage.pictured(part)
        flights = 1 if stage.looped else max(1, round(stage.seconds / 3))
        here = flights * part + 0.04
        entry = stage.entry(part)
        for number in reversed(range(rings)):
            turn = here - (number + 2.0) * 0.0155
            x, y = at(turn)
            poses = body[number]
            poses[round(heading_at(turn) / 360 * len(poses)) % len(poses)].lay_on(canvas, x, y, opacity=entry)
        heading = heading_at(here)
        faced = faces if heading < 90 or heading > 270 else left_faces
        faced[round(heading / 15) % 24].lay_on(canvas, *at(here), opacity=entry)
        return canvas

    def heading_at(turn: float) -> float:
        (x, y), (next_x, next_y) = at(turn), at(turn + 0.004)
        return math.degrees(math.atan2(-(next_y - y), next_x - x)) % 360

    return draw


def money(stage: Stage) -> Draw:
    """It rains notes and coins."""
    unit = stage.unit
    note = [tumbling(banknote(side * unit), steps=20, lean=30) for side in (190, 150, 220)]
    gold = [tumbling(coin(side * unit), steps=14, lean=10) for side in (62, 78)]
    rain = Drift(stage, [note[0], gold[0], note[1], note[2], gold[1]], count=14)

    def draw(part: float) -> Planes:
        canvas = tinted(stage.pictured(part), u=-3 * stage.entry(part))
        rain.lay_on(canvas, part)
        return canvas

    return draw


def jellyfishes(stage: Stage) -> Draw:
    """Glowing jellyfish rise around it in blue water."""
    unit, phases = stage.unit, 12
    kinds = [
        [Sprite.of(jellyfish(side * unit, step / phases, colour)) for step in range(phases)]
        for side, colour in ((250, (150, 112, 240)), (180, (240, 124, 196)), (320, (92, 150, 246)))
    ]
    swim = [(0.17, 0.1, 0), (0.83, 0.55, 1), (0.5, 0.86, 1), (0.74, 0.98, 2), (0.3, 0.6, 2)]
    air = Drift(stage, [[Sprite.of(bubble(side * unit))] for side in (18, 28)], count=12, up=True)

    def draw(part: float) -> Planes:
        grown = 1.0 if stage.looped else ease(part / 0.3)
        canvas = tinted(stage.pictured(part), gain=1 - 0.2 * grown, u=11 * grown, v=-2 * grown, colour=1 - 0.06 * grown)
        air.lay_on(canvas, part)
        for across, phase, kind in swim:
            along = (phase + stage.crossings * part) % 1
            poses = kinds[kind]
            size = poses[0].mask.height
            y = stage.height + size / 2 - along * (stage.height + size)
            x = stage.width * across + 26 * unit * math.sin(TAU * (along + phase))
            stroke = (2 * stage.turns * part + phase) % 1
            poses[int(stroke * phases)].lay_on(canvas, x, y, opacity=0.9 * grown)
        return canvas

    return draw


def pupil(stage: Stage) -> Draw:
    """The camera draws back until the picture is what an eye sees."""
    eye = Planes.of(_eye(stage))
    rest, wide = 0.4 * min(stage.size) / 2, 1.04 * math.hypot(*stage.size) / 2
    middle = (stage.width / 2, stage.height / 2)
    shine = Sprite.of(Pen(0.34 * min(stage.size)).oval((10, 20, 60, 80), (255, 255, 255, 210)).image(glow=3))

    def draw(part: float) -> Planes:
        back = stage.growth(part)
        radius = wide * (rest / wide) ** back
        zoom = radius / rest
        box = (middle[0] * (1 - 1 / zoom), middle[1] * (1 - 1 / zoom))
        canvas = eye.zoomed((*box, stage.width - box[0], stage.height - box[1]), size=stage.size)
        seen_zoom = min(1.0, 2.12 * radius / min(stage.size))
        seen = tuple(round(side * seen_zoom / 2) * 2 for side in stage.size)
        picture = stage.picture.zoomed((0, 0, *stage.size), size=(seen[0], seen[1]))
        mask = _disc_on(picture.y.size, radius)
        half = mask.resize(picture.u.size, Image.Resampling.BOX)
        Sprite(picture, mask, half).lay_on(canvas, *middle)
        shine.lay_on(canvas, middle[0] - radius * 0.5, middle[1] - radius * 0.55, opacity=0.9 * ease(back * 2 - 1))
        return canvas

    return draw


def _disc_on(size: tuple[int, int], radius: float) -> Image.Image:
    mask = Image.new("L", (size[0], size[1]), 0)
    x, y = size[0] / 2, size[1] / 2
    draw = ImageDraw.Draw(mask)
    for inside, light in ((0, 90), (0.7, 180), (1.4, 255)):
        reach = radius - inside
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=light)
    return mask


def _eye(stage: Stage) -> NDArray[np.uint8]:
    """An eye that fills the frame, its pupil 0.4 of the half short side; rows x columns x 3."""
    reach = min(stage.size) / 2
    rows, columns = np.ogrid[0 : stage.height, 0 : stage.width]
    x, y = (columns - stage.width / 2) / reach, (rows - stage.height / 2) / reach
    far, angle = np.hypot(x, y), np.arctan2(y, x)
    picture = np.empty((stage.height, stage.width, 3), np.float32)
    picture[:] = (246, 244, 242)
    picture -= (np.clip(far - 0.75, 0, 1) * 46)[..., None]
    threads = (
        np.sin(angle * 23 + 0.4 + far * 5) + np.sin(angle * 37 + 2.1 + far * 5) + np.sin(angle * 61 + far * 5)
    ) / 3
    depth = np.clip((far - 0.4) / 0.34, 0, 1)
    iris = np.stack([60 + 60 * (1 - depth), 128 + 40 * (1 - depth), 150 - 20 * (1 - depth)], axis=-1)
    iris += (threads * 26)[..., None]
    iris *= (1 - 0.62 * np.clip((depth - 0.78) / 0.22, 0, 1))[..., None]
    inside = np.clip((0.75 - far) * reach / 3, 0, 1)[..., None]
    picture += inside * (iris - picture)
    picture *= (1 - 0.9 * np.clip((0.43 - far) * reach / 3, 0, 1))[..., None]
    lid = 0.8 * np.sqrt(np.clip(1 - (x / 1.7) ** 2, 0, 1)) - 0.02
    upper, lower = y + lid, lid * 0.92 - y
    opened = np.minimum(upper, lower)
    shade = np.clip(1 - upper / 0.3, 0, 1) * (opened > 0)
    picture *= (1 - 0.4 * shade)[..., None]
    skin = (
        np.broadcast_to(np.array((236, 192, 166), np.float32), picture.shape)
        - (np.clip(-opened, 0, 1.2) * 36)[..., None]
    )
    picture += np.clip(-opened * reach / 3, 0, 1)[..., None] * (skin - picture)
    lashes = np.clip(1 - np.abs(upper + 0.02) / 0.035, 0, 1) + 0.35 * np.clip(1 - np.abs(lower) / 0.02, 0, 1)
    picture += np.clip(lashes, 0, 1)[..., None] * (np.array((70, 44, 44), np.float32) - picture)
    return picture.clip(0, 255).astype(np.uint8)


# One person or animal ------------------------------------------------------------------------------------------------


def roses(stage: Stage) -> Draw:
    """Red roses open along the foot of the picture, petals fall."""
    leaf = [petal(side * stage.unit, (206, 44, 76)) for side in (44, 58)]
    return _flowers(
        stage, [spun(rose(330 * stage.unit), steps=30)], Drift(stage, [tumbling(p) for p in leaf], count=18)
    )


def crystal_roses(stage: Stage) -> Draw:
    """Roses of ice and glass, that glitter."""
    unit = stage.unit
    glitter = [spun(sparkle(side * unit), steps=6, reach=90) for side in (46, 66)]
    chips = tumbling(petal(44 * unit, (150, 178, 240)))
    drift = Drift(stage, [glitter[0], chips, glitter[1]], count=18)
    bloom = _flowers(stage, [spun(crystal_rose(330 * unit), steps=30)], drift)

    def draw(part: float) -> Planes:
        return tinted(bloom(part), u=6 * stage.entry(part), lift=4 * stage.entry(part))

    return draw


def _flowers(stage: Stage, kinds: list[list[Sprite]], drift: Drift) -> Draw:
    """A large flower before the breast and two at the lower corners come up and turn a little."""
    unit = stage.unit
    places = ((0.0, -75, 0.0), (-270, -10, 0.35), (270, -10, 0.7))

    def draw(part: float) -> Planes:
        canvas = stage.pictured(part)
        drift.lay_on(canvas, part)
        for across, down, phase in reversed(places):
            up = 1.0 if stage.looped else ease((part - phase * 0.2) / 0.3)
            poses = kinds[0]
            turned = 0.045 * math.sin(TAU * (stage.turns * part + phase)) + phase * 0.4
            y = stage.height + down * unit + (1 - up) * 400 * unit - 40 * unit
            poses[round(turned * len(poses)) % len(poses)].lay_on(canvas, stage.width / 2 + across * unit, y)
        return canvas

    return draw

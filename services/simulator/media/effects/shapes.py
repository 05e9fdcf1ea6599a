"""What effects add to a picture: each function draws one thing on a clear square of `side` pixels."""

from __future__ import annotations

import math

from PIL import Image

from services.simulator.media.effects.sprites import Colour, Pen, Point
from services.simulator.media.effects.stage import TAU

INK: Colour = (44, 40, 58)
WHITE: Colour = (255, 255, 255)


def turned(points: list[Point], angle: float, *, about: Point = (50, 50)) -> list[Point]:
    """Points turned clockwise about one; `angle` in radians."""
    sine, cosine = math.sin(angle), math.cos(angle)
    return [
        (about[0] + (x - about[0]) * cosine - (y - about[1]) * sine,
         about[1] + (x - about[0]) * sine + (y - about[1]) * cosine)
        for x, y in points
    ]  # fmt: skip


def heart_line(*, reach: float = 46, middle: Point = (50, 49), steps: int = 96) -> list[Point]:
    """The outline of a heart, from its notch clockwise and back."""
    points = []
    for step in range(steps + 1):
        angle = TAU * step / steps
        x = 16 * math.sin(angle) ** 3
        y = 13 * math.cos(angle) - 5 * math.cos(2 * angle) - 2 * math.cos(3 * angle) - math.cos(4 * angle)
        points.append((middle[0] + x * reach / 17, middle[1] - y * reach / 17))
    return points


def heart(side: float, colour: Colour = (232, 62, 92)) -> Image.Image:
    """A heart with a shine."""
    pen = Pen(side).shape(heart_line(), colour)
    return pen.line([(20, 36), (22, 29), (28, 24)], (255, 255, 255, 235), width=5).image()


def petal(side: float, colour: Colour) -> Image.Image:
    """A petal of a rose."""
    points = [(50 + 30 * math.sin(a) * (1 - 0.28 * math.cos(a)), 52 - 42 * math.cos(a)) for a in _round(40)]
    light = _lighter(colour, 0.3)
    inner = [(50 + (x - 50) * 0.62, 54 + (y - 50) * 0.62) for x, y in points]
    return Pen(side).shape(points, colour).shape(inner, light).image()


def rose(side: float) -> Image.Image:
    """A red rose seen from above, petal over petal, with two leaves."""
    pen = Pen(side)
    for angle in (2.5, 4.4):
        leaf = [(50 + 10 * math.sin(a), 20 + 18 * -math.cos(a)) for a in _round(30)]
        pen.shape(turned(leaf, angle), (70, 128, 82))
    shades = ((150, 20, 48), (176, 28, 58), (202, 40, 70), (222, 62, 88))
    for ring, (count, distance, size) in enumerate(((6, 21, 20), (5, 15, 17), (4, 9, 13), (3, 4, 9))):
        for number in range(count):
            angle = TAU * number / count + ring * 0.7
            x, y = 50 + distance * math.cos(angle), 50 + distance * math.sin(angle)
            pen.disc((x, y), size, _darker(shades[ring], 0.16))
            pen.disc((x + 1.3 * math.cos(angle), y + 1.3 * math.sin(angle)), size - 1.6, shades[ring])
    spiral = [(50 + 0.62 * s * math.cos(s * 0.8), 50 + 0.62 * s * math.sin(s * 0.8)) for s in range(14)]
    return pen.line(spiral, (128, 12, 40), width=1.8).image()


def crystal_rose(side: float) -> Image.Image:
    """The same rose cut from ice-blue and pink glass."""
    pen = Pen(side)
    shades = ((84, 128, 222), (126, 142, 236), (182, 138, 236), (240, 158, 220))
    for ring, (count, far, wide) in enumerate(((7, 44, 21), (6, 34, 17), (5, 24, 13), (4, 14, 9))):
        for number in range(count):
            angle = TAU * number / count + ring * 0.5
            tip, left, right, root = (
                (50, 50 - far),
                (50 - wide, 50 - far * 0.62),
                (50 + wide, 50 - far * 0.62),
                (50, 50),
            )
            pen.shape(turned([tip, left, root], angle), (*_lighter(shades[ring], 0.36), 240))
            pen.shape(turned([tip, right, root], angle), (*_darker(shades[ring], 0.1), 240))
            pen.line(turned([left, tip, right], angle), (255, 255, 255, 235), width=0.9)
    return pen.disc((50, 50), 3.4, WHITE).image()


def sparkle(side: float, colour: Colour = WHITE) -> Image.Image:
    """A star of four long points."""
    points = []
    for step in range(8):
        angle, far = TAU * step / 8, 48 if step % 2 == 0 else 8
        points.append((50 + far * math.sin(angle), 50 - far * math.cos(angle)))
    return Pen(side).shape(points, colour).image()


def confetti(side: float, colour: Colour) -> Image.Image:
    """A strip of paper."""
    return Pen(side).box((34, 12, 66, 88), colour, radius=8).image()


def note_of_music(side: float, colour: Colour, *, pair: bool = False) -> Image.Image:
    """A quaver, or two joined."""
    pen = Pen(side)
    if not pair:
        pen.line([(56, 76), (56, 14)], colour, width=7)
        pen.shape([(56, 10), (60, 24), (78, 34), (76, 54), (68, 40), (56, 36)], colour)
        return pen.oval((26, 62, 60, 90), colour).image()
    pen.line([(38, 78), (38, 20)], colour, width=7).line([(84, 70), (84, 12)], colour, width=7)
    pen.shape([(35, 18), (87, 8), (87, 26), (35, 36)], colour)
    return pen.oval((12, 66, 42, 92), colour).oval((58, 58, 88, 84), colour).image()


def banknote(side: float) -> Image.Image:
    """A note of money of no country."""
    green, dark, pale = (120, 176, 128), (58, 112, 76), (214, 232, 206)
    pen = Pen(side).box((2, 26, 98, 74), dark, radius=4).box((4, 28, 96, 72), pale, radius=3)
    pen.box((9, 33, 91, 67), green, radius=2).disc((50, 50), 14, pale).disc((50, 50), 10, dark)
    pen.shape([(50, 42), (57, 50), (50, 58), (43, 50)], pale)
    for x in (17, 83):
        pen.disc((x, 50), 5, pale)
    return pen.image()


def coin(side: float) -> Image.Image:
    """A gold coin."""
    pen = Pen(side).disc((50, 50), 46, (190, 132, 30)).disc((50, 50), 42, (246, 200, 76))
    pen.disc((50, 50), 33, (220, 164, 48)).disc((50, 50), 30, (252, 216, 104))
    return pen.shape([(50, 32), (64, 50), (50, 68), (36, 50)], (206, 146, 38)).image()


def cap(side: float) -> Image.Image:
    """A graduate's cap with a gold tassel."""
    pen = Pen(side).shape([(26, 48), (74, 48), (74, 68), (62, 76), (38, 76), (26, 68)], (34, 36, 62))
    pen.shape([(50, 22), (98, 44), (50, 66), (2, 44)], (58, 62, 104))
    pen.shape([(50, 26), (90, 44), (50, 62), (10, 44)], (74, 80, 128))
    pen.line([(50, 44), (80, 50), (82, 72)], (244, 190, 66), width=3.4)
    return pen.shape([(78, 70), (86, 70), (89, 88), (75, 88)], (244, 190, 66)).disc((50, 44), 4, (244, 190, 66)).image()


def bubble(side: float) -> Image.Image:
    """A bubble of air in water."""
    pen = Pen(side).disc((50, 50), 46, (232, 252, 255, 225)).disc((50, 50), 41, (170, 226, 240, 90))
    return pen.oval((26, 22, 46, 38), (255, 255, 255, 240)).image()


def tail_of_fish(side: float) -> Image.Image:
    """A mermaid's tail that comes up from below: a scaly stem and two broad fins."""
    pen = Pen(side)
    stem = [(34, 100), (40, 70), (46, 46), (54, 46), (62, 70), (70, 100)]
    pen.shape(stem, (30, 146, 150))
    for row in range(6):
        y, half = 96 - row * 9.5, 15 - row * 2.1
        for number in range(5 - row // 2):
            x = 51 + (number - (4 - row // 2) / 2) * 2 * half / (4.6 - row // 2)
            pen.disc((x, y), 3.6, (112, 214, 200)).disc((x, y - 1.4), 3.2, (40, 164, 164))
    for way in (-1, 1):
        upper = [(50 + way * (50 * s), 50 - 44 * math.sin(s * 2.2) - 2 * s) for s in _parts(14)]
        lower = [(50 + way * (50 * s), 52 - 30 * s**2.2 + 6 * math.sin(s * 9) * s) for s in reversed(_parts(14))]
        pen.shape(upper + lower, (52, 186, 186))
        for share in (0.25, 0.5, 0.75):
            ray = [
                (50 + way * 45 * s, 50 - (44 * math.sin(s * 2.2) * share + 20 * s**2 * (1 - share))) for s in _parts(8)
            ]
            pen.line(ray, (150, 232, 220), width=1.5)
    return pen.image()


def jellyfish(side: float, phase: float, colour: tuple[int, int, int]) -> Image.Image:
    """A jellyfish; `phase`, 0 to 1, is where it is in its stroke."""
    stroke = math.sin(TAU * phase)
    pen, wide, high = Pen(side), 33 + 4 * stroke, 33 - 4 * stroke
    light = _lighter(colour, 0.45)
    for number in range(7):
        x = 50 + (number - 3) * wide * 0.25
        thread = [
            (x + (3 + s * 0.35) * math.sin(s * 0.62 + number + TAU * phase), 40 + s * (3.6 + (number % 2) * 0.9))
            for s in range(13)
        ]
        pen.line(thread, (*light, 170), width=3.4 if number % 2 else 2.2)
    dome = [(50 + wide * math.cos(a), 42 - high * math.sin(a)) for a in (math.pi * s / 30 for s in range(31))]
    rim = [(50 - wide + wide * s / 15, 42 + 3.4 * abs(math.sin(s * math.pi / 5))) for s in range(31)]
    pen.shape(dome + rim, (*colour, 225))
    inner = [(50 + (x - 50) * 0.66, 40 + (y - 42) * 0.7) for x, y in dome]
    pen.shape(inner, (*light, 215))
    for x in (38, 50, 62):
        pen.oval((x - 4, 26, x + 4, 38), (*colour, 200))
    return pen.oval((34, 17, 46, 24), (255, 255, 255, 220)).image()


def dragon_head(side: float) -> Image.Image:
    """A friendly dragon looking to the right."""
    jade, gold, mane = (44, 158, 116), (246, 196, 84), (232, 92, 58)
    pen = Pen(side)
    for y, far in ((26, 6), (42, 0), (58, 4), (72, 16)):
        pen.shape([(40, y - 8), (far, y + 4), (42, y + 14)], mane)
    pen.shape([(38, 34), (18, 4), (34, 10), (52, 30)], gold).shape([(52, 30), (40, 2), (56, 10), (62, 28)], gold)
    pen.oval((24, 24, 74, 82), jade).box((48, 42, 97, 72), jade, radius=14)
    pen.box((52, 62, 92, 78), _lighter(jade, 0.35), radius=8).oval((84, 40, 98, 56), jade)
    pen.line([(60, 66), (78, 68), (92, 63)], INK, width=2.4)
    for x in (68, 82):
        pen.shape([(x, 66), (x + 7, 66), (x + 3, 74)], WHITE)
    pen.disc((56, 42), 10, WHITE).disc((59, 42), 5.6, INK).disc((61, 40), 2, WHITE).disc((91, 48), 2.4, INK)
    pen.line([(46, 30), (58, 28), (66, 34)], mane, width=3.4)
    return pen.line([(90, 56), (97, 66), (90, 80), (80, 90)], gold, width=2.6).image()


def dragon_ring(side: float, *, fin: bool) -> Image.Image:
    """One ring of a dragon's body that moves to the right, its back upwards."""
    pen = Pen(side)
    if fin:
        pen.shape([(34, 26), (40, 0), (68, 22)], (232, 92, 58))
    pen.disc((50, 54), 34, (32, 128, 96)).disc((50, 53), 31, (52, 172, 126))
    pen.oval((26, 62, 74, 88), (246, 214, 140))
    return pen.oval((38, 34, 58, 48), (96, 204, 160)).image()


def cloud(side: float) -> Image.Image:
    """A soft cloud."""
    pen = Pen(side)
    for x, y, radius in ((26, 58, 15), (44, 46, 20), (64, 50, 17), (78, 60, 12), (52, 62, 16)):
        pen.disc((x, y), radius, (255, 255, 255, 235))
    return pen.box((14, 58, 88, 74), (255, 255, 255, 235), radius=8).image(glow=2.2)


def cone(side: float) -> Image.Image:
    """A waffle cone, open above."""
    light, dark = (240, 184, 106), (204, 138, 66)
    pen = Pen(side).shape([(22, 6), (78, 6), (50, 100)], light)
    for step in range(1, 6):
        across = 22 + 56 * step / 6
        depth = 94 * step / 6
        pen.line([(across, 6), (22 + 28 * step / 6, 6 + depth)], dark, width=1.8)
        pen.line([(100 - across, 6), (78 - 28 * step / 6, 6 + depth)], dark, width=1.8)
    return pen.box((17, 2, 83, 15), (228, 164, 86), radius=6).box((17, 2, 83, 7), (250, 206, 140), radius=2.5).image()


def pointing_glove(side: float) -> Image.Image:
    """A gloved hand that points to the left."""
    coral, shade = (240, 112, 92), (206, 80, 68)
    pen = Pen(side).box((74, 32, 108, 74), (88, 120, 214), radius=5).box((70, 29, 80, 77), (112, 142, 228), radius=4)
    pen.box((4, 37, 60, 52), shade, radius=7.5).box((4, 35.5, 60, 49.5), coral, radius=7)
    pen.box((40, 33, 74, 76), shade, radius=14).box((41, 33, 73, 73), coral, radius=13)
    for row in range(3):
        pen.box((36, 49 + row * 9, 54, 59 + row * 9), shade, radius=5).box(
            (37, 49.5 + row * 9, 53, 57 + row * 9), coral, radius=4
        )
    return (
        pen.line([(68, 36), (56, 27), (46, 29)], shade, width=10)
        .line([(68, 35), (56, 26), (46, 28)], coral, width=8)
        .image()
    )


def mitten(side: float) -> Image.Image:
    """A mitten that presses to the right."""
    coral, shade = (240, 112, 92), (206, 80, 68)
    pen = Pen(side).box((-10, 36, 32, 68), (88, 120, 214), radius=6).box((28, 32, 40, 72), (112, 142, 228), radius=5)
    pen.line([(52, 36), (58, 16), (66, 12)], shade, width=17).line([(52, 36), (58, 16), (66, 12)], coral, width=15)
    pen.box((36, 26, 90, 80), shade, radius=24).box((37, 26, 90, 78), coral, radius=24)
    return pen.line([(54, 36), (64, 34)], shade, width=2).oval((70, 34, 80, 46), (250, 158, 140)).image()


def horse(side: float, coat: Colour) -> Image.Image:
    """A horse of a merry-go-round on its pole, looking to the left."""
    gold, mane = (246, 196, 84), _darker(coat, 0.35)
    pen = Pen(side).line([(54, -4), (54, 104)], gold, width=4)
    pen.line([(84, 48), (94, 56), (92, 72)], mane, width=6)
    for legs in ([(36, 60), (22, 70), (28, 82)], [(42, 62), (36, 78), (26, 80)], [(72, 60), (80, 72), (72, 84)],
                 [(68, 62), (66, 78), (76, 88)]):  # fmt: skip
        pen.line(legs, _darker(coat, 0.1), width=6.4)
    pen.oval((30, 40, 86, 68), coat).shape([(30, 56), (24, 26), (36, 16), (48, 42)], coat)
    pen.shape([(30, 14), (8, 34), (14, 42), (36, 34)], coat).shape([(30, 18), (34, 8), (38, 20)], coat)
    pen.line([(36, 16), (42, 28), (48, 40)], mane, width=5).disc((25, 26), 2.3, INK)
    return pen.box((46, 38, 66, 52), (226, 76, 96), radius=4).line([(48, 38), (64, 38)], gold, width=3).image()


def blossom(side: float) -> Image.Image:
    """A plum blossom."""
    pen = Pen(side)
    for number in range(5):
        (at,) = turned([(50, 28)], TAU * number / 5)
        pen.disc(at, 19, (226, 128, 150)).disc(at, 16.5, (246, 184, 198))
    for number in range(5):
        (at,) = turned([(50, 38)], TAU * number / 5 + 0.6)
        pen.line([(50, 50), at], (190, 62, 92), width=1.8).disc(at, 2.6, (250, 216, 110))
    return pen.disc((50, 50), 5, (214, 84, 112)).image()


def _parts(steps: int) -> list[float]:
    return [step / steps for step in range(steps + 1)]


def _round(steps: int) -> list[float]:
    return [TAU * step / steps for step in range(steps)]


def _lighter(colour: Colour, share: float) -> tuple[int, int, int]:
    return _towards(colour, 255, share)


def _darker(colour: Colour, share: float) -> tuple[int, int, int]:
    return _towards(colour, 0, share)


def _towards(colour: Colour, end: int, share: float) -> tuple[int, int, int]:
    red, green, blue = (round(each + (end - each) * share) for each in colour[:3])
    return red, green, blue

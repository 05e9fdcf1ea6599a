"""Friendly figures for the previews: a toy duck, a person, a cat and a couple, each before a plain wall."""

from __future__ import annotations

import math

from PIL import Image, ImageFilter

from services.simulator.media.effects.shapes import INK, WHITE
from services.simulator.media.effects.sprites import Colour, Pen, Point
from services.simulator.media.effects.stage import TAU

RGB = tuple[int, int, int]


def duck(side: int) -> Image.Image:
    """For effects that take anything: a toy duck."""
    yellow, shade, orange = (250, 206, 70), (232, 174, 44), (240, 128, 56)
    pen = Pen(side).shape([(76, 58), (90, 44), (88, 70)], shade).oval((22, 48, 84, 86), shade)
    pen.oval((22, 47, 84, 84), yellow).disc((42, 38), 20, shade).disc((42, 37), 19.5, yellow)
    pen.shape([(26, 36), (8, 42), (26, 49)], orange).oval((10, 38, 28, 49), orange)
    pen.line([(11, 43), (26, 43)], (206, 96, 36), width=1.2)
    pen.shape(_blob((62, 66), (17, 10), 0.25), shade).shape(_blob((62, 64), (16, 8.5), 0.25), (252, 218, 104))
    return _before_wall(_with_eyes(pen, ((34, 33),), 3.6), top=(196, 228, 232), bottom=(136, 190, 200))


def person(side: int) -> Image.Image:
    """For effects that take one person."""
    pen = Pen(side)
    _legs(pen, 50, trousers=(66, 82, 132))
    _body(pen, 50, coat=(244, 186, 76))
    _head(pen, (50, 25), hair=(74, 50, 44))
    return _before_wall(pen, top=(236, 224, 234), bottom=(206, 184, 208))


def cat(side: int) -> Image.Image:
    """For effects that take a person or an animal: a sitting cat."""
    grey, dark, pink = (136, 140, 158), (102, 106, 128), (240, 156, 160)
    pen = Pen(side).line(_arc((67, 70), (13, 15), -0.35, 0.28), dark, width=6.5)
    pen.shape(_blob((50, 70), (20, 22), 0), grey).shape(_blob((50, 72), (11, 16), 0), (226, 226, 232))
    for x in (42, 58):
        pen.oval((x - 7, 84, x + 7, 93), grey)
    for way in (-1, 1):
        pen.shape([(50 + way * 20, 36), (50 + way * 19, 10), (50 + way * 4, 24)], grey)
        pen.shape([(50 + way * 17, 30), (50 + way * 17, 16), (50 + way * 8, 24)], pink)
    pen.oval((27, 19, 73, 57), grey).oval((40, 41, 60, 55), (226, 226, 232))
    for way in (-1, 0, 1):
        pen.line([(50 + way * 5, 20), (50 + way * 4, 26)], dark, width=2.2)
    pen.shape([(47, 42), (53, 42), (50, 46)], pink)
    pen.line([(44, 47.5), (47, 49.5), (50, 47), (53, 49.5), (56, 47.5)], INK, width=1.2)
    for way in (-1, 1):
        for y in (44, 48):
            pen.line([(50 + way * 12, y), (50 + way * 26, y - 3 + (y - 44))], (240, 240, 244), width=0.8)
    return _before_wall(_with_eyes(pen, ((40, 36), (60, 36)), 4.2), top=(250, 238, 208), bottom=(234, 206, 160))


def couple(side: int) -> Image.Image:
    """For effects that take two people."""
    pen = Pen(side)
    for x, trousers in ((29, (70, 90, 130)), (71, (88, 70, 110))):
        _legs(pen, x, trousers=trousers)
    auburn = (150, 84, 52)
    pen.box((56, 11, 86, 52), auburn, radius=13)
    _body(pen, 29, coat=(84, 150, 160))
    _body(pen, 71, coat=(240, 170, 96))
    _head(pen, (29, 25), hair=(60, 52, 60))
    _head(pen, (71, 25), hair=auburn)
    return _before_wall(pen, top=(246, 220, 222), bottom=(230, 182, 188))


def _legs(pen: Pen, x: float, *, trousers: Colour) -> None:
    for way in (-1, 1):
        pen.line([(x + way * 4.5, 66), (x + way * 5.5, 88)], trousers, width=7.6)
        pen.oval((x + way * 7 - 6, 87, x + way * 7 + 6, 94), INK)


def _body(pen: Pen, x: float, *, coat: RGB) -> None:
    red, green, blue = coat
    shade = (red * 4 // 5, green * 4 // 5, blue * 4 // 5)
    for way in (-1, 1):
        pen.line([(x + way * 10, 46), (x + way * 16, 56), (x + way * 14, 66)], shade, width=5.6)
        pen.disc((x + way * 14, 68), 3.4, (250, 212, 184))
    pen.box((x - 4, 34, x + 4, 44), (236, 192, 162))
    pen.shape([(x - 9, 41), (x + 9, 41), (x + 14, 48), (x + 11, 72), (x - 11, 72), (x - 14, 48)], coat)
    pen.shape([(x - 4, 40), (x + 4, 40), (x, 46)], (250, 212, 184)).line([(x, 50), (x, 70)], shade, width=1.2)


def _head(pen: Pen, at: Point, *, hair: Colour) -> None:
    x, y = at
    pen.disc((x, y - 2), 14.6, hair).oval((x - 11.6, y - 10, x + 11.6, y + 14), (250, 212, 184))
    pen.shape(_blob((x + 2, y - 10), (12, 5), -0.2), hair)
    for way in (-1, 1):
        pen.disc((x + way * 7.4, y + 6), 2.6, (246, 178, 160))
    pen.line([(x - 3.4, y + 7), (x, y + 8.6), (x + 3.4, y + 7)], (176, 82, 74), width=1.3)
    _with_eyes(pen, ((x - 4.6, y + 1), (x + 4.6, y + 1)), 1.9)


def _with_eyes(pen: Pen, places: tuple[Point, ...], radius: float) -> Pen:
    for x, y in places:
        pen.disc((x, y), radius, INK).disc((x + radius * 0.3, y - radius * 0.35), radius * 0.36, WHITE)
    return pen


def _blob(centre: Point, reach: Point, lean: float) -> list[Point]:
    """An oval that leans."""
    sine, cosine = math.sin(lean), math.cos(lean)
    round_ = [(reach[0] * math.cos(TAU * s / 48), reach[1] * math.sin(TAU * s / 48)) for s in range(48)]
    return [(centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine) for x, y in round_]


def _arc(centre: Point, reach: Point, start: float, end: float) -> list[Point]:
    """Points on an oval between two parts of a turn; 0 is on the right, 0.25 below."""
    turns = [start + (end - start) * step / 24 for step in range(25)]
    return [(centre[0] + reach[0] * math.cos(TAU * t), centre[1] + reach[1] * math.sin(TAU * t)) for t in turns]


def _before_wall(pen: Pen, *, top: RGB, bottom: RGB) -> Image.Image:
    """The figure on a wall that darkens downwards, with a soft shadow under its feet."""
    figure = pen.image()
    wall = Image.new("RGB", (1, 2))
    wall.putpixel((0, 0), top)
    wall.putpixel((0, 1), bottom)
    picture = wall.resize(figure.size, Image.Resampling.BICUBIC)
    side = figure.width
    shadow = Image.new("L", figure.size, 0)
    shadow.paste(70, (round(side * 0.2), round(side * 0.87), round(side * 0.8), round(side * 0.94)))
    picture.paste((60, 50, 70), (0, 0), shadow.filter(ImageFilter.GaussianBlur(side * 0.035)))
    picture.paste(figure, (0, 0), figure)
    return picture

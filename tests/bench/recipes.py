"""Files with recipes, broken in every way: none may crash the reading, hold it up, or get anything past its bounds."""

from __future__ import annotations

import random
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, PngImagePlugin

from services.domain.errors import FileRefused
from services.media.metadata import Foreign, Recipe, embed, read_recipe, strip
from services.media.metadata.recipe import MAX_WORDS
from tests.bench.figures import Table, shown
from tests.rig.clips import Clip, film
from tests.rig.hostile import mp3, wav

_RECIPE = Recipe(asset="a", job="j", family="f", model="m", region="r", prompt="a cat", parameters={"seed": 1})
_HOSTILE = (
    b"\0", b"<script>alert(1)</script>", b'{"wan_studio":1,"asset":"../../x","model":"m"}', b"[" * 3_000, b"\xff" * 64,
    b"\xed\xa0\x80", b'"}]}', b"&quot;", b"\\u0000", b"\\ud800", b"1e999", b"=cmd|' /C calc'!A0", b"</rdf:RDF>",
    b"moov", b"udta", b"ilst", b"IHDR", b"\x7f\xff\xff\xff", b"\0\0\0\x01", b"\x80\0\0\0\0\0\0\0",
)  # fmt: skip

_SHORT = (("preset", "ultrafast"), ("g", "4"))
"""A film in pieces of so few pictures that it has several."""


@dataclass
class Told:
    """What an attack has shown."""

    files: int = 0
    found: int = 0
    """Files in which a recipe was found all the same."""
    slowest_seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    """What went wrong, with the number of its file: the seed makes it again."""


def attack(count: int, *, seed: int, folder: Path) -> Told:
    """Break so many files, read each, put a recipe into it and take its words out."""
    chance, told, sources = random.Random(seed), Told(), _sources(folder)
    path = folder / "broken"
    for number in range(count):
        path.write_bytes(_broken(chance, chance.choice(sources)))
        began = time.perf_counter()
        try:
            found = read_recipe(path)
            told.found += found is not None
            wrong = _harm(found)
        except Exception as error:  # noqa: BLE001 - that nothing comes out of it is what is being asked
            wrong = f"{type(error).__name__}: {error}"
        wrong = wrong or _worked_on(path, folder)
        told.slowest_seconds = max(told.slowest_seconds, time.perf_counter() - began)
        told.files += 1
        if wrong:
            told.broken.append(f"file {number}: {wrong}")
    return told


def compare(count: int, seed: int, folder: Path) -> list[Table]:
    """The figures of an attack as a table. Raises AssertionError where a file did harm."""
    told = attack(count, seed=seed, folder=folder)
    assert not told.broken, told.broken[:20]
    rows = (
        ("files", shown(told.files)),
        ("recipes found all the same", shown(told.found)),
        ("slowest, s", shown(told.slowest_seconds)),
    )
    return [Table(title=f"Broken files with recipes (seed {seed})", columns=("", "figure"), rows=rows)]


def _harm(found: Recipe | Foreign | None) -> str:
    """What came past the bounds."""
    if found is None:
        return ""
    words = [found.prompt, found.negative_prompt, *(str(value) for value in found.parameters.values())]
    if any(len(text) > MAX_WORDS or "\0" in text for text in words):
        return "words out of bounds"
    "".join(words).encode()  # half signs raise
    ids = [found.asset, found.job, found.model, found.family, *found.parents] if isinstance(found, Recipe) else []
    return "an id with signs" if any(set(one) & set("<>\"'& \n\\") or ".." in one for one in ids) else ""


def _worked_on(path: Path, folder: Path) -> str:
    works: tuple[Callable[[], None], ...] = (
        lambda: strip(path, folder / "clean"),
        lambda: embed(path, _RECIPE, target=folder / "whole"),
    )
    for work in works:
        try:
            work()
        except FileRefused:
            continue
        except Exception as error:  # noqa: BLE001 - that nothing else comes out of it is what is being asked
            return f"{type(error).__name__}: {error}"
    return ""


# Breaking ------------------------------------------------------------------------------------------------------------


def _sources(folder: Path) -> list[bytes]:
    """Whole files of each kind, some with the words of other tools."""
    made: list[bytes] = []
    for form in ("PNG", "JPEG", "WEBP"):
        path = folder / f"source.{form.lower()}"
        Image.effect_noise((24, 16), 30).save(path, form)
        embed(path, _RECIPE)
        made.append(path.read_bytes())
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a cat\nNegative prompt: blur\nSteps: 20, Seed: 42, Size: 8x8", zip=True)
    info.add_text("workflow", '{"nodes":[{"type":"CLIPTextEncode","widgets_values":["a cat"]}]}')
    path = folder / "other.png"
    Image.effect_noise((24, 16), 30).save(path, "PNG", pnginfo=info)
    made.append(path.read_bytes())
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b'UNICODE\0{\0"\0p\0r\0o\0m\0p\0t\0"\0:\0"\0a\0"\0}\0'
    path = folder / "other.jpg"
    Image.effect_noise((24, 16), 30).save(path, "JPEG", exif=exif)
    made.append(path.read_bytes())
    path = folder / "source.mp4"
    path.write_bytes(film(Clip(seconds=0.2, width=64, height=48)))
    embed(path, _RECIPE)
    made += [path.read_bytes()] * 2
    path.write_bytes(film(Clip(seconds=0.4, width=64, height=48, flags="frag_keyframe+empty_moov", options=_SHORT)))
    embed(path, _RECIPE)
    return [*made, path.read_bytes(), wav(0.01), b"ID3\x03\0\0\0\0\0\x05a cat" + mp3(0.1)]


def _broken(chance: random.Random, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        at = _place(chance, data)
        match chance.randrange(6):
            case 0:
                data[at : at + 1] = bytes((chance.randrange(256),))
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = chance.choice(_HOSTILE)
            case 3:
                data[at : at + 4] = struct.pack(
                    ">I", chance.choice((0, 1, 7, 8, 1 << 16, (1 << 31) - 1, (1 << 32) - 1))
                )
            case 4:
                piece = data[at : at + chance.randint(1, 400)]
                data[at:at] = piece * chance.randint(1, 20)
            case _:
                del data[at + chance.randrange(200) :]
    return _mended(bytes(data)) if chance.random() < 0.5 else bytes(data)


def _place(chance: random.Random, data: bytearray) -> int:
    """Anywhere, but most often where the recipe is."""
    near = data.find(b"wan_studio")
    if near >= 0 and chance.random() < 0.5:
        return max(0, min(len(data), near + chance.randint(-60, 300)))
    return chance.randrange(len(data) + 1)


def _mended(data: bytes) -> bytes:
    """A PNG whose checksums are right again, so that its reader looks at what is in the chunks."""
    if not data.startswith(b"\x89PNG"):
        return data
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(out)

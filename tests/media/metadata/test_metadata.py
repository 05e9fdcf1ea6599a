"""A recipe goes into a file without touching what is shown, comes out whatever became of it, or leaves no trace."""

from __future__ import annotations

import hashlib
import json
import struct
import time
import zlib
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from services.domain.errors import FileRefused
from services.domain.jobs import Asset, Job
from services.media.metadata import Recipe, RecipeInput, embed, read_json, read_recipe, recipe_of, strip, write_json
from services.media.metadata.other_tools import read_foreign
from services.media.metadata.recipe import MAX_BYTES
from services.media.metadata.xmp import recipe_in
from tests.bench.recipes import attack
from tests.rig.clips import Clip, film
from tests.rig.hostile import mp3, wav

WORDS = 'A 城市 <b>&"quoted"</b> --> ]]> 🙂\nsecond line canary'
RECIPE = Recipe(
    asset="0192aasset",
    job="0192ajob",
    family="some-family",
    model="some-model-1.0",
    region="somewhere",
    prompt=WORDS,
    rewritten_prompt="Better canary",
    parameters={"seed": 7, "ratio": 1.5, "extend": True, "size": "1280*720", "negative_prompt": "blur canary"},
    inputs=(RecipeInput(field="first", name="canary.png", sha256="0" * 64, kind="image", asset="0192given"),),
    parents=("0192parent",),
    created_at=1_790_000_000_000,
)
PICTURES = ("PNG", "JPEG", "WEBP", "WEBP lossless", "PNG palette", "JPEG progressive")


def picture(folder: Path, form: str, **options: object) -> Path:
    path = folder / f"{form.replace(' ', '-').lower()}.bin"
    noise = Image.effect_noise((65, 48), 60).convert("RGB")
    plain, _, kind = form.partition(" ")
    if kind == "palette":
        noise = noise.quantize(16)
    more = {"lossless": True} if kind == "lossless" else {"progressive": True} if kind == "progressive" else {}
    noise.save(path, plain, **more, **options)
    return path


def pixels(path: Path) -> tuple[str, bytes]:
    with Image.open(path) as shown:
        return shown.mode, shown.tobytes()


def packets(path: Path) -> tuple[int | None, list[tuple[object, ...]]]:
    """The length of a clip and all that is in its packets, with what a player shows of them first and last."""
    with av.open(str(path)) as container:
        found = [
            (p.stream.index, p.pts, p.dts, p.duration, p.is_keyframe, hashlib.sha256(bytes(p)).hexdigest())
            for p in container.demux()
            if p.dts is not None
        ]
        streams = [(s.start_time, s.duration, s.frames, s.time_base) for s in container.streams]
        return container.duration, [*streams, *found]


def moving(folder: Path, *, flags: str = "", gop: int = 250) -> Path:
    """A clip with pictures out of order, an edit list and sound."""
    path = folder / "clip.mp4"
    options = (("preset", "ultrafast"), ("bf", "3"), ("g", str(gop)))
    path.write_bytes(film(Clip(seconds=1.2, options=options, flags=flags)))
    return path


def remuxed(source: Path, target: Path, *, flags: str = "") -> Path:
    """What `ffmpeg -i source -c copy target` does: packets and the container's words are copied."""
    options = {"movflags": flags} if flags else {}
    with av.open(str(source)) as read, av.open(str(target), "w", options=options) as written:
        written.metadata.update(read.metadata)
        streams = {stream.index: written.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                written.mux(packet)
    return target


# Sounds --------------------------------------------------------------------------------------------------------------


def heard(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def test_a_clean_copy_of_a_sound_has_no_words_and_every_packet(tmp_path: Path) -> None:
    told = b"canary " * 9
    id3 = b"ID3\x04\0\0\0\0\0\x3f" + told
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 32 + len(told), 1, 1 << 31) + bytes(8)
    ape = ape + told + ape.replace(struct.pack("<I", 1 << 31), struct.pack("<I", 1 << 31))
    lyrics = b"LYRICSBEGIN" + told + b"%06d" % (11 + len(told)) + b"LYRICS200"
    plain = {"wav": wav(0.5), "mp3": mp3(0.5, header=False)}
    worded = {
        "wav": plain["wav"][:12] + chunk(b"LIST", b"INFO" + told) + plain["wav"][12:] + chunk(b"_PMX", told),
        "mp3": id3 + id3 + bytes(40) + plain["mp3"] + lyrics + ape + b"TAG" + told.ljust(125, b"\0"),
    }
    for form, data in worded.items():
        path, clean = tmp_path / f"worded.{form}", tmp_path / f"clean.{form}"
        path.write_bytes(data)
        strip(path, clean)
        assert clean.read_bytes() == plain[form]
        # FFmpeg takes some words at the end for one packet more.
        assert heard(path)[: len(heard(clean))] == heard(clean)


def test_what_is_no_sound_of_these_kinds_cannot_be_made_clean(tmp_path: Path) -> None:
    for name, data in {
        "a.wav": wav(0.2)[:20], "b.mp3": b"ID3\x03\0\0\0\0\0\x01" + b"x" * 50, "c.aac": b"\xff\xf1" + bytes(90),
        "d.txt": b"words", "e": b"", "f.mp3": b"ID3\x03\0\0\x7f\x7f\x7f\x7f", "g.wav": b"RIFF\0\0\0\0WAVE",
    }.items():  # fmt: skip
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(FileRefused):
            strip(path, tmp_path / "clean")
    assert not (tmp_path / "clean").exists()


@given(data=st.binary(max_size=400), head=st.sampled_from([b"", b"ID3\x03\0\0\0\0\0\x09", b"RIFF\0\0\0\0WAVE"]))
def test_no_bytes_break_the_cleaning_of_sounds(data: bytes, head: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "a")
        path.write_bytes(head + data)
        try:
            strip(path, Path(folder, "b"))
        except FileRefused:
            return
        assert Path(folder, "b").stat().st_size <= len(head + data) + 16


# Pictures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", PICTURES)
def test_a_picture_carries_its_recipe_and_keeps_every_pixel(tmp_path: Path, form: str) -> None:
    path = picture(tmp_path, form)
    before = pixels(path)
    embed(path, RECIPE)
    assert read_recipe(path) == RECIPE
    assert pixels(path) == before
    embed(path, replace(RECIPE, prompt="another"))
    assert read_recipe(path) == replace(RECIPE, prompt="another")
    assert b"second line" not in path.read_bytes(), "the first recipe is replaced, not added to"


@pytest.mark.parametrize("form", PICTURES)
def test_a_clean_copy_of_a_picture_has_no_words_and_every_pixel(tmp_path: Path, form: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary description"
    path, clean = picture(tmp_path, form, exif=exif), tmp_path / "clean"
    embed(path, RECIPE)
    strip(path, clean)
    assert b"canary" in path.read_bytes()
    assert b"canary" not in clean.read_bytes()
    assert b"wan" not in clean.read_bytes().lower()
    assert read_recipe(clean) is None
    assert pixels(clean) == pixels(path)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP lossless"])
def test_a_clean_copy_is_shown_upright_as_before(tmp_path: Path, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path, clean = picture(tmp_path, form, exif=exif), tmp_path / "clean"
    strip(path, clean)
    with Image.open(clean) as shown:
        assert dict(shown.getexif()) == {0x0112: 6}


def test_other_words_in_a_picture_stay_beside_the_recipe(tmp_path: Path) -> None:
    theirs = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:l="urn:label#"><l:made>by a machine</l:made></rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    )
    for form in ("PNG", "JPEG", "WEBP"):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", theirs)
        path = picture(tmp_path, form, **({"pnginfo": info} if form == "PNG" else {"xmp": theirs.encode()}))
        embed(path, RECIPE)
        assert read_recipe(path) == RECIPE
        assert b"by a machine" in path.read_bytes()


def test_a_recipe_is_found_after_a_tool_has_written_the_xmp_anew(tmp_path: Path) -> None:
    quoted = write_json(RECIPE).replace('"', "&quot;")
    for packet in (
        f'<rdf:Description xmlns:n1="urn:wan-studio:recipe#">\n <n1:recipe>{quoted}</n1:recipe></rdf:Description>',
        f'<rdf:Description xmlns:n1="urn:wan-studio:recipe#" n1:recipe="{quoted}"/>',
    ):
        path = picture(tmp_path, "JPEG", xmp=packet.encode())
        assert read_recipe(path) == RECIPE


# Films ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", ["", "faststart"])
def test_a_clip_carries_its_recipe_and_keeps_every_packet(tmp_path: Path, flags: str) -> None:
    path = remuxed(moving(tmp_path), tmp_path / "other.mp4", flags=flags)
    before = packets(path)
    embed(path, RECIPE)
    embed(path, RECIPE)
    assert read_recipe(path) == RECIPE
    assert packets(path) == before
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "a player can begin before the end has come"
    with av.open(str(path)) as container:
        assert read_json(container.metadata["comment"]) == RECIPE, "where every other tool looks for a comment"
        assert len(list(container.decode(video=0))) == 36


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_a_recipe_survives_a_new_container(tmp_path: Path, ending: str) -> None:
    path = moving(tmp_path)
    embed(path, replace(RECIPE, prompt="漢" * 3_000))
    copied = remuxed(path, tmp_path / f"renamed.{ending}")
    assert read_recipe(copied) == replace(RECIPE, prompt="漢" * 3_000)


def test_a_clean_copy_of_a_clip_has_no_words_and_every_packet(tmp_path: Path) -> None:
    path, clean = moving(tmp_path), tmp_path / "clean.mp4"
    before = packets(path)
    embed(path, RECIPE)
    for source in (path, remuxed(path, tmp_path / "copy.mp4"), remuxed(path, tmp_path / "copy.mov")):
        expected = before if source == path else packets(source)
        strip(source, clean)
        assert b"canary" in source.read_bytes()
        assert b"canary" not in clean.read_bytes()
        assert b"wan_studio" not in clean.read_bytes()
        assert read_recipe(clean) is None
        assert packets(clean) == expected
        assert clean.stat().st_size <= source.stat().st_size


PIECES = ["frag_keyframe+empty_moov", "frag_keyframe+empty_moov+default_base_moof", "frag_keyframe", "dash", "cmaf"]
"""How FFmpeg writes films in pieces: places from the file's beginning, from each piece, or with pictures in front."""


@pytest.mark.parametrize("flags", PIECES)
def test_a_film_in_pieces_carries_its_recipe_and_keeps_every_packet(tmp_path: Path, flags: str) -> None:
    path = moving(tmp_path, flags=flags, gop=9)
    assert path.read_bytes().count(b"moof") > 1
    before, places = packets(path), pieces(path)
    embed(path, replace(RECIPE, prompt="漢" * 3_000))
    assert read_recipe(path) == replace(RECIPE, prompt="漢" * 3_000)
    assert packets(path) == before
    assert all(data == b"moof" for data in listed_pieces(path)), "the list of pieces leads to pieces"
    assert len(pieces(path)) == len(places)
    copied = remuxed(path, tmp_path / "renamed.mp4")
    assert read_recipe(copied) == replace(RECIPE, prompt="漢" * 3_000)
    with av.open(str(path)) as container:
        container.seek(1_000_000)
        assert next(container.decode(video=0)).time == pytest.approx(0.9, abs=0.2)


def pieces(path: Path) -> list[int]:
    data = path.read_bytes()
    return [at - 4 for at in range(len(data)) if data[at : at + 4] == b"moof"]


def listed_pieces(path: Path) -> list[bytes]:
    """What stands where the list at the end of a film says that pieces begin; version 1, one track after the other."""
    data, found, at = path.read_bytes(), list[bytes](), 0
    while (at := data.find(b"tfra", at + 1)) > 0:
        body = at + 4
        (count,) = struct.unpack_from(">I", data, body + 12)
        wide = data[body] == 1
        step = (16 if wide else 8) + 3
        for number in range(count):
            entry = body + 16 + number * step
            (place,) = struct.unpack_from(">Q" if wide else ">I", data, entry + (8 if wide else 4))
            found.append(data[place + 4 : place + 8])
    return found


def test_a_film_in_pieces_that_breaks_off_is_left_as_it_is(tmp_path: Path) -> None:
    path = moving(tmp_path, flags="frag_keyframe+empty_moov", gop=9)
    data = path.read_bytes()[: pieces(path)[-1] + 50]  # in the middle of a place
    path.write_bytes(data)
    with pytest.raises(FileRefused):
        embed(path, RECIPE)
    assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path], "nothing half done is left"


def test_a_full_hd_clip_takes_well_under_a_second(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.bit_rate = 12_000_000
        frame = av.VideoFrame.from_image(Image.effect_noise((1920, 1080), 40).convert("RGB")).reformat(format="yuv420p")
        for number in range(30):
            frame.pts, frame.time_base = number, Fraction(1, 30)
            encoded = stream.encode(frame)
            container.mux(encoded)
        container.mux(stream.encode(None))
    with path.open("ab") as file:  # as many bytes as 15 seconds have; players pass over them
        file.write(struct.pack(">I4s", 24_000_000, b"free") + bytes(24_000_000 - 8))
    began = time.process_time()
    embed(path, RECIPE)
    assert time.process_time() - began < 1
    assert read_recipe(path) == RECIPE


# The value -----------------------------------------------------------------------------------------------------------


def test_a_recipe_tells_neither_key_nor_link_nor_path_nor_person() -> None:
    job = Job(
        id="0192job", person="canary-person", family="f", model="m", vendor_model="v", region="r",
        account="canary-account", base_url="https://canary-url", demo=False, prompt="a cat", created_at=5, updated_at=5,
        article=({"link": "https://canary-link?Signature=1"},), error_message="canary-error", task_id="canary-task",
        parameters={"seed": 1, "files": ["/canary/list"], "nested": {"key": "canary-nested"}},
        estimated_micros=1, currency="CNY",
    )  # fmt: skip
    file = Asset(
        id="0192in", job_id="0192job", role="first", kind="image", name="/home/canary-folder\\canary-two\\cat.png",
        key="inputs/canary-key", mime="image/png", bytes=1, sha256="a" * 64, created_at=5, parent_id="0192from",
    )  # fmt: skip
    recipe = recipe_of(job, [file], asset_id="0192out")
    assert "canary" not in write_json(recipe)
    assert (recipe.parameters, recipe.parents, recipe.inputs[0].name) == ({"seed": 1}, ("0192from",), "cat.png")
    assert read_json(write_json(recipe)) == recipe


@settings(max_examples=60, deadline=None)
@given(prompt=st.text(max_size=300), number=st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_whatever_is_asked_for_can_be_read_again(prompt: str, number: float) -> None:
    recipe = replace(RECIPE, prompt=prompt, parameters={"n": number})
    text = write_json(recipe)
    assert text.isascii()
    found = read_json(text)
    assert found is not None
    assert write_json(replace(found, prompt="")) == write_json(replace(recipe, prompt=""))
    assert read_json(write_json(found)) == found


def test_a_recipe_is_never_too_long_for_its_place(tmp_path: Path) -> None:
    long = replace(RECIPE, prompt="🙂" * 9_000, rewritten_prompt="漢" * 9_000)
    assert len(write_json(long)) <= MAX_BYTES
    path = picture(tmp_path, "JPEG")
    embed(path, long)
    found = read_recipe(path)
    assert isinstance(found, Recipe)
    assert long.prompt.startswith(found.prompt)
    assert len(found.prompt) > 3_000


@pytest.mark.parametrize(
    "change",
    [
        {"wan_studio": 2}, {"wan_studio": "1"}, {"asset": None}, {"asset": "../../etc/passwd"}, {"model": ["m"]},
        {"model": "<img onerror=x>"}, {"asset": "a" * 200},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_no_recipe(change: dict[str, object]) -> None:
    told = json.loads(write_json(RECIPE)) | change
    assert read_json(json.dumps(told, separators=(",", ":"))) is None


def test_hostile_members_are_left_out() -> None:
    told = json.loads(write_json(RECIPE)) | {
        "prompt": "a\u0000b\u202ec\ud800d",
        "parameters": {"ok": 1, "<b>": 1, "deep": {"a": [1]}, "huge": 1 << 80, "inf": "x" * 9_000},
        "inputs": [1, {"field": "../x", "sha256": "0" * 64, "kind": "image"}, {"field": "a", "sha256": "z"}],
        "parents": ["ok", "<script>", 5],
        "created_at": -3,
    }  # fmt: skip
    found = read_json(json.dumps(told, separators=(",", ":")))
    assert found is not None
    assert found.prompt == "abc\ufffdd"
    assert found.prompt.encode()
    assert found.parameters == {"ok": 1, "inf": "x" * 4_000}
    assert (found.inputs, found.parents, found.created_at) == ((), ("ok",), 0)
    for text in (
        '{"wan_studio":' + "[" * 100_000,
        '{"wan_studio":' + "9" * 10_000,
        '{"wan_studio":NaN}',
        '{"wan_studio":',
    ):
        assert read_json(text) is None


# Other tools ---------------------------------------------------------------------------------------------------------

_A1111 = (
    "a cat, <lora:x:1>\non a mat\nNegative prompt: blur,\nugly\nSteps: 20, Sampler: Euler a, Seed: 42, Size: 512x512"
)
_COMFY = json.dumps(
    {
        "3": {"class_type": "KSampler", "inputs": {"seed": 42, "positive": ["9", 0], "negative": ["7", 0]}},
        "9": {"class_type": "Combine", "inputs": {"conditioning_1": ["6", 0]}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["5", 0], "clip": ["4", 1]}},
        "5": {"class_type": "Text", "inputs": {"string": "a cat on a mat"}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blur"}},
    }
)
_DRAWN = json.dumps(
    {
        "nodes": [
            {"type": "CLIPTextEncode", "widgets_values": ["a cat on a mat"]},
            {"type": "KSampler", "widgets_values": [1]},
        ]
    }
)
_WAN2GP = json.dumps(
    {"type": "WanGP v9", "prompt": "a cat on a mat", "negative_prompt": "blur", "seed": 42, "model_type": "t2v"}
)


def png_with(folder: Path, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text, zip=name == "workflow")
    return picture(folder, "PNG", pnginfo=info)


def test_the_words_of_other_tools_are_understood_in_pictures(tmp_path: Path) -> None:
    invoke = json.dumps({"positive_prompt": "a cat", "negative_prompt": "blur", "seed": 42})
    novel = json.dumps({"prompt": "a cat", "uc": "blur", "seed": 42})
    for tool, texts in {
        "Stable Diffusion web UI": {"parameters": _A1111},
        "ComfyUI": {"prompt": _COMFY, "workflow": _DRAWN},
        "InvokeAI": {"invokeai_metadata": invoke},
        "NovelAI": {"Comment": novel, "Software": "NovelAI"},
        "Fooocus": {"parameters": json.dumps({"prompt": "a cat", "negative_prompt": "blur", "seed": 42})},
    }.items():
        found = read_recipe(png_with(tmp_path, **texts))
        assert found is not None, tool
        assert not isinstance(found, Recipe)
        assert (found.tool, found.seed) == (tool, 42)
        assert found.prompt.startswith("a cat"), tool
        assert found.negative_prompt.startswith("blur"), tool
    drawn = read_recipe(png_with(tmp_path, workflow=_DRAWN))
    assert drawn is not None
    assert drawn.prompt == "a cat on a mat"


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_the_words_of_other_tools_are_understood_in_exif(tmp_path: Path, order: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + _A1111.encode(order)
    for form in ("JPEG", "WEBP"):
        found = read_recipe(picture(tmp_path, form, exif=exif))
        assert found is not None
        assert (found.prompt, found.negative_prompt) == ("a cat, <lora:x:1>\non a mat", "blur,\nugly")
    exif = Image.Exif()
    exif[0x0110] = f"prompt:{_COMFY}"
    found = read_recipe(picture(tmp_path, "WEBP", exif=exif))
    assert found is not None
    assert found.prompt == "a cat on a mat"


@pytest.mark.parametrize("comment", [_WAN2GP, json.dumps({"prompt": _COMFY, "workflow": _DRAWN}), _COMFY])
@pytest.mark.parametrize("ending", ["mp4", "mov"])
def test_the_words_of_other_tools_are_understood_in_clips(tmp_path: Path, comment: str, ending: str) -> None:
    path = moving(tmp_path)
    with av.open(str(path)) as read, av.open(str(tmp_path / f"with.{ending}"), "w") as written:
        written.metadata["comment"] = comment
        streams = {stream.index: written.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                written.mux(packet)
    found = read_recipe(tmp_path / f"with.{ending}")
    assert found is not None
    assert not isinstance(found, Recipe)
    assert (found.prompt, found.negative_prompt, found.seed) == ("a cat on a mat", "blur", 42)
    assert found.tool == ("Wan2GP" if comment == _WAN2GP else "ComfyUI")


def test_files_without_words_have_no_recipe(tmp_path: Path) -> None:
    for data in (b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x08ftyp"):
        path = tmp_path / "plain"
        path.write_bytes(data)
        assert read_recipe(path) is None
        for work in (lambda path: embed(path, RECIPE), lambda path: strip(path, path.with_name("clean"))):
            with pytest.raises(FileRefused):
                work(path)
        assert path.read_bytes() == data
    assert read_recipe(moving(tmp_path)) is None
    assert read_recipe(tmp_path) is None


# Hostile files -------------------------------------------------------------------------------------------------------


def test_packed_text_is_unpacked_up_to_a_bound(tmp_path: Path) -> None:
    bomb = zlib.compress(b"x" * 40_000_000, 6)
    out = BytesIO(picture(tmp_path, "PNG").read_bytes())
    head = out.getvalue()[:33]
    chunk = b"zTXtparameters\0\0" + bomb
    body = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path = tmp_path / "bomb.png"
    path.write_bytes(head + body * 20 + out.getvalue()[33:])
    began = time.process_time()
    assert read_recipe(path) is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "words",
    [
        {"parameters": "a fox\nSteps: 1," + " " * 39_000 + "x"},
        {"parameters": "a fox\nSteps: 1," + " " * 19_000 + "\n" + " " * 19_000 + "x"},
        {"parameters": "a fox\nSteps: 1, " + 'A: "b' * 7_000},
        {"xmp": ("<a:recipe>" + " " * 100 + "x" * 199_800 + "<x") * 20},
        {"xmp": (' a:recipe="' + "x" * 199_900 + "<") * 20},
    ],
)
def test_words_that_are_written_to_keep_the_reader_busy_do_not(words: dict[str, str]) -> None:
    began = time.process_time()
    read_foreign(words)
    recipe_in(words.get("xmp", ""))
    assert time.process_time() - began < 1.5


def test_a_thousand_broken_files_do_no_harm(tmp_path: Path) -> None:
    # `python -m tests.bench recipes` does as many as one likes.
    told = attack(1_000, seed=1, folder=tmp_path)
    assert told.broken == []
    assert told.files == 1_000
    assert told.slowest_seconds < 5
    assert told.found > 50, "many are whole enough to be read"

"""An independent client from npm, `@ai-sdk/alibaba`, unmodified, orders clips from the simulator.

The calls it is asked to make are those of the golden files, so that it also tells whether somebody else, who read the
vendor's pages, would send the same bodies. What it has no words for is told by the shape of the call, never by a model.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from services.catalogue import CATALOGUE
from services.catalogue.schema import Model
from services.catalogue.video_fields import VIDEO_SYNTHESIS
from services.simulator import TRIGGER_WORDS, Clip, QuickArtist, Simulator, serve
from services.simulator.media.artist import Picture
from tests import ROOT
from tests.rig.install import Missing, run_installer
from tests.rig.simulator import picture, tone

SOURCE = ROOT / "tests/node"
GOLDEN = sorted((ROOT / "tests/golden").glob("*.json"))
KEY = "sk-node-0123456789abcdef"
OLDEST_NODE = 20
NEEDS_NODE = (
    f"This test needs Node {OLDEST_NODE} or newer with npm. Install it (https://nodejs.org, or your system's packages) "
    "and run the tests again."
)

EXAMPLE = "https://files.example/"
"""Where the files of the golden calls lie."""
KINDS = {"png": "picture", "jpg": "picture", "wav": "track", "mp3": "track", "mp4": "clip", "mov": "clip"}
"""Which of the files that the test brings stands in for an example, by how its link ends."""
WAYS = {
    "input.img_url": ("image", "image as a data URI", "image as bytes", "frameImages"),
    "input.reference_urls": ("inputReferences", "referenceUrls"),
    "input.audio_url": ("audioUrl",),
}
"""The shapes in which the package gives files, and each way it can be told one. The first is that of the whole call."""
DEPENDS = "input.media"
"""A shape the package gives to some models and not to others: there it may say either, and says which."""
_EFFECTS = "it has no option for an effect"
_PLACES = "it gives a list of media only where its own table of names has one, and knows the kinds of a reference only"
_EDITING = "it has no options for changing a clip"
_FRAMES = "it has frames only as the first picture or in a list of media"
UNSAID = {
    "input.template": _EFFECTS,
    DEPENDS: _PLACES,
    "parameters.audio_setting": _EDITING,
    **dict.fromkeys(("input.first_frame_url", "input.last_frame_url"), _FRAMES),
    **dict.fromkeys(
        (
            *("input.function", "input.ref_images_url", "input.video_url", "input.mask_image_url"),
            *("input.mask_video_url", "input.mask_frame_id", "input.first_clip_url", "input.last_clip_url"),
            *("parameters.obj_or_bg", "parameters.control_condition", "parameters.strength", "parameters.mask_type"),
            *("parameters.expand_ratio", "parameters.expand_mode", "parameters.top_scale", "parameters.bottom_scale"),
            *("parameters.left_scale", "parameters.right_scale"),
        ),
        _EDITING,
    ),
}
"""What the package cannot say, by shape, and why. What it leaves out and is not named here fails the test: the golden
body may be wrong, since somebody else would not send it."""
NOT_THERE = "files that are not there"
KEY_LEFT_OUT = re.compile(r"(?:all but|not send|and|,) ((?:input|parameters)\.\w+)")
ERRORS = {"a wrong key is named", "a wrong key cannot look", "a wrong value is named", "a task that fails says why"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A call to be made. `needed` are the keys of the body without which it makes no sense."""

    id: str
    region: str
    path: str
    body: Mapping[str, object]
    needed: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.id} in {self.region}"


def is_film(model: Model) -> bool:
    """Whether a model is one of video synthesis, wherever its path begins."""
    return model.endpoint.path.endswith("/video-synthesis")


def wishes() -> list[Wish]:
    """One call to each id that any region has, as in its golden file."""
    found = {}
    for path in GOLDEN:
        golden = json.loads(path.read_text(encoding="utf-8"))
        model = CATALOGUE.model(golden["model"])
        assert model, path
        if is_film(model):
            found.setdefault(golden["body"]["model"], wish(golden, model))
    return list(found.values())


def wish(golden: Mapping[str, object], model: Model) -> Wish:
    body, region = golden["body"], golden["region"]
    assert isinstance(body, dict)
    assert isinstance(region, str)
    musts = {f"{each.wire.place}.{each.wire.key}" for each in model.fields_in(region) if each.required and each.wire}
    keys = [(f"{place}.{key}", value) for place in ("input", "parameters") for key, value in body[place].items()]
    linked = with_files(body)
    assert isinstance(linked, dict)
    return Wish(
        id=body["model"],
        region=region,
        path=model.endpoint.path,
        body=linked,
        needed=tuple(key for key, value in keys if key in musts or EXAMPLE in json.dumps(value)),
    )


def with_files(value: object) -> object:
    """A JSON value whose example links are names of the files that the test brings."""
    match value:
        case str() if value.startswith(EXAMPLE):
            return {"file": KINDS[value.rpartition(".")[2]]}
        case dict():
            return {key: with_files(each) for key, each in value.items()}
        case list():
            return [with_files(each) for each in value]
        case _:
            return value


def check_ran(ran: set[str], wanted: Wish) -> int:
    """That the package was tried with a call in every way its shape has. Returns how many clips that made."""
    told = {name.removeprefix(f"{wanted.name}: ") for name in ran if name.startswith(f"{wanted.name}: ")}
    beyond = {each for each in told if each.startswith("beyond the package, ")}
    files = {key for key in wanted.needed if key != "input.prompt"}
    if wanted.path != VIDEO_SYNTHESIS.path:
        assert told == {"beyond the package, it sends every model to one path"}, wanted.name
        return 0
    unsaid = {key for each in told for key in KEY_LEFT_OUT.findall(each)}
    assert unsaid <= UNSAID.keys(), f"{wanted.name}: is the golden body right? If so, say in UNSAID why {unsaid}"
    refused = {NOT_THERE} if files and not beyond else set[str]()
    assert refused <= told, wanted.name
    told -= refused
    if DEPENDS in files:
        assert len(beyond) in {0, len(told)}, wanted.name
        assert told, wanted.name
    elif files - WAYS.keys():
        assert len(beyond) == len(told) == 1, wanted.name
    else:
        whole = {each for each in told if each == "the whole call" or each.startswith("all but ")}
        assert len(whole) == 1, wanted.name
        assert told - whole == {f"{key} by {way}" for key in files for way in WAYS[key][1:]}, wanted.name
    return len(told - beyond)


# Running it ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """The test files with their packages, in a folder of their own."""

    program: str
    folder: Path

    async def run(self, order: Mapping[str, object]) -> set[str]:
        """Run the test with these calls; the names of what passed. Fails where anything did not."""
        (self.folder / "cases.json").write_text(json.dumps(order), encoding="utf-8")
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            self.program,
            "--test",
            "--test-reporter=junit",
            f"--test-reporter-destination={report}",
            "--test-reporter=spec",
            "--test-reporter-destination=stdout",
            "alibaba.test.mjs",
            cwd=self.folder,
            env={**os.environ, "CASES": str(self.folder / "cases.json"), "NODE_OPTIONS": ""},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), 300)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, said.decode(errors="replace")[-6000:]
        return passed(report)


def passed(report: Path) -> set[str]:
    """The names of the cases in a report, all of which must have run and passed."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    names = [case.attrib["name"] for case in cases]
    assert cases, "no test ran"
    assert [case.attrib["name"] for case in cases if len(case)] == [], "failed, skipped or still to be written"
    assert len(set(names)) == len(names), "two cases have one name"
    return set(names)


def find_programs(path: str | None = None) -> tuple[str, str]:
    """Node and npm, looked for where the system does, or in these folders. Raises Missing."""
    program, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if program is None or npm is None:
        raise Missing(NEEDS_NODE)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        raise Missing(f"{NEEDS_NODE} Here is {version}.")
    return program, npm


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Node and the package, installed into a copy: nothing is written into the tree. Raises Missing."""
    program, npm = find_programs()
    folder = tmp_path_factory.mktemp("node") / "tests"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"))
    run_installer(
        [npm, "ci", "--no-audit", "--no-fund", "--prefer-offline", "--prefix", str(folder)],
        otherwise="npm ci --prefix tests/node",
    )
    return Node(program, folder)


@dataclass(frozen=True)
class Copyist:
    """An artist with one clip: what is told here is the conversation, and a film would take its time."""

    clip: Path

    async def film(self, clip: Clip, target: Path) -> None:
        """Hand out the clip."""
        await asyncio.to_thread(shutil.copyfile, self.clip, target)

    async def paint(self, picture: Picture, target: Path) -> None:
        """The package asks for clips only."""
        raise AssertionError(f"nobody asked for {picture.width} x {picture.height}, {target.name}")

    async def close(self) -> None:
        """Nothing to stop."""


@pytest.fixture
async def files(tmp_path: Path) -> Mapping[str, str]:
    """A picture, a sound track and a clip, by kind."""
    (tmp_path / "picture.png").write_bytes(picture(720, 720))
    (tmp_path / "track.wav").write_bytes(tone(4))
    artist = QuickArtist()
    await artist.film(Clip(prompt="a paper boat", width=720, height=720, seconds=3), tmp_path / "clip.mp4")
    await artist.close()
    return {path.stem: str(path) for path in tmp_path.iterdir() if path.stem in KINDS.values()}


@contextmanager
def simulator_command(home: Path) -> Iterator[str]:
    """`python -m services.simulator` as a process; its origin."""
    keys = [f"--key={KEY}={region.id}" for region in CATALOGUE.regions]
    process = subprocess.Popen(
        [sys.executable, "-m", "services.simulator", "--speed=1000", "--no-limits", f"--home={home}", *keys],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield process.stdout.readline().strip().removesuffix("/api/v1")
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def order(origin: str, files: Mapping[str, str], cases: list[Wish]) -> Mapping[str, object]:
    return {
        "origin": origin,
        "key": KEY,
        "refusedPrompt": f"a {TRIGGER_WORDS[0]} thing",
        "files": files,
        "cases": [asdict(each) for each in cases],
    }


@pytest.mark.proof
async def test_every_video_model_in_every_way_the_package_has(node: Node, files: Mapping[str, str], home: Path) -> None:
    simulator = Simulator(
        CATALOGUE,
        home=home,
        speed=1000,
        run_seconds=100,
        limits=False,
        artist=Copyist(Path(files["clip"])),
        keys={KEY: {region.id for region in CATALOGUE.regions}},
    )
    cases = wishes()
    async with serve(simulator) as origin:
        ran = await node.run(order(origin, files, cases))

    offered = {offer.id for model in CATALOGUE.models if is_film(model) for offer in model.offers}
    assert {each.id for each in cases} == offered
    clips = sum(check_ran(ran, each) for each in cases)
    assert len(ran) >= len(cases) + len(ERRORS)
    assert ran >= ERRORS
    assert len(simulator.record.creates) >= clips >= 1
    assert {create.headers["x-dashscope-async"] for create in simulator.record.creates} == {"enable"}


@pytest.mark.proof
async def test_the_simulator_as_a_program_serves_it_too(node: Node, files: Mapping[str, str], home: Path) -> None:
    words = next(each for each in wishes() if set(each.needed) <= {"input.prompt"})
    with simulator_command(home) as origin:
        ran = await node.run(order(origin, files, [words]))

    assert check_ran(ran, words) == 1
    assert ran >= ERRORS


def test_without_node_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"needs Node 20 or newer with npm\. Install it"):
        find_programs(str(tmp_path))


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text(encoding="utf-8"))

    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert list(lock["packages"][""]["devDependencies"]) == ["@ai-sdk/alibaba"]


@pytest.mark.parametrize("inner", ["", "<skipped/>", "<failure/>"])
def test_a_run_that_tried_nothing_or_skipped_is_no_pass(tmp_path: Path, inner: str) -> None:
    case = f'<testcase name="a">{inner}</testcase>' if inner else ""
    (tmp_path / "report.xml").write_text(f"<testsuites>{case}</testsuites>", encoding="utf-8")

    with pytest.raises(AssertionError):
        passed(tmp_path / "report.xml")

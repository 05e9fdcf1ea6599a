"""The change guide of CONTRIBUTING.md, followed to the letter in a copy of the project.

Five changes are made there. Each touches exactly the files that its row of the guide names, and then the page, the API
and the search know what was added.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.rig.starting import Ended, plain_environment, run
from tests.test_architecture import PERMITTED_AT_THE_TOP

SUITES = (
    "tests/catalogue", "tests/request", "tests/components", "tests/environment", "tests/dashscope/errors",
    "tests/gallery/test_search_help.py", "tests/gallery/test_search_syntax.py", "tests/database/test_search.py",
    "tests/simulator/test_sdk.py", "tests/end_to_end/test_every_model.py", "tests/test_docs.py",
    "tests/test_architecture.py",
)  # fmt: skip
"""What a contributor runs after these changes."""
RECORD = """    Model(
        id="{model}",
        family=FAMILY.id,
        title="{title}",
        summary="Invented",
        fields=(
            prompt_field(5000, required=True),
            resolution_field("720P", "1080P", default="720P", explained=""),
            ratio_field("16:9", "1:1", default="16:9"),
            FIVE_SECONDS,
            SEED,
        ),
        endpoint=VIDEO_SYNTHESIS,
        result=ResultShape.VIDEO_URL,
        usage=USAGE_26_SIZED,
        sound=Sound.ALWAYS,
        rewritten_prompt=True,
        sizes=SIZES_27,
        offers=offers_27("{model}"),
        source=PRICES,
        price_source=PRICES,
    ),
"""
FAMILY = '''"""Verse to video: a clip from a poem."""

from services.catalogue.prompt_guides import FROM_WORDS
from services.catalogue.schema import Example, Family, Model, ResultShape, Sound
from services.catalogue.video_fields import (
    FIVE_SECONDS, PRICES, SEED, SIZES_27, USAGE_26_SIZED, VIDEO_SYNTHESIS,
    offers_27, prompt_field, ratio_field, resolution_field,
)

FAMILY = Family(
    id="verse_to_video",
    label="Verse to video",
    icon="newspaper",
    invitation="Write a poem and it becomes a clip.",
    default_model="wan8.8-v2v",
    api_order=("prompt", "model", "resolution", "ratio", "duration", "seed", "region"),
    examples=tuple(Example(title=title, prompt=f"A poem of the {title}") for title in ("sea", "wood", "rain")),
    guide=FROM_WORDS,
)

MODELS = (
'''


# Changes -------------------------------------------------------------------------------------------------------------


class Copy:
    """A copy of the project, and the files that were touched in it by each change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "copy"
        self.home = folder / "home"
        self.touched: dict[str, set[str]] = {}
        self._touched = set[str]()
        ignored = shutil.ignore_patterns("__pycache__", "node_modules", ".artifacts")
        for name in PERMITTED_AT_THE_TOP - {".git"}:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
            else:
                self.folder.mkdir(exist_ok=True)
                shutil.copy2(ROOT / name, self.folder)

    def change(self, row: str) -> None:
        """Make the change of this row of the guide."""
        self._touched = set()
        CHANGES[row](self)
        self.touched[row] = self._touched

    def before(self, path: str, anchor: str, new: str) -> None:
        """Insert text before the one place where the anchor stands."""
        text = (self.folder / path).read_text(encoding="utf-8")
        assert text.count(anchor) == 1, f"{path} has {text.count(anchor)} times {anchor!r}"
        self._write(path, text.replace(anchor, new + anchor))

    def add(self, path: str, text: str) -> None:
        """Write a new file."""
        assert not (self.folder / path).exists()
        self._write(path, text)

    def regenerate(self, path: str, module: str) -> None:
        """Write a generated file again."""
        self._touched.add(path)
        assert self.run("-m", module, "--write").code == 0

    def run(self, *command: str, **environment: str) -> Ended:
        """Run Python in the copy, to its end."""
        return run(*command, environment=self.environment(**environment), cwd=self.folder)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a program that is run in the copy: it imports nothing of the project itself."""
        paths = os.pathsep.join((str(self.folder / "tests/rig/offline"), str(self.folder)))
        return plain_environment(self.home, PYTHONPATH=paths, PYTHONDONTWRITEBYTECODE="", **more)

    def _write(self, path: str, text: str) -> None:
        self._touched.add(path)
        (self.folder / path).write_text(text, encoding="utf-8")


def add_a_model(copy: Copy) -> None:
    record = RECORD.format(model="wan8.8-t2v", title="Wan 8.8 Words")
    copy.before("services/catalogue/text_to_video.py", '    Model(\n        id="wan2.1-t2v-plus",', record)
    _write_its_facts(copy, model="wan8.8-t2v", family="text_to_video")


def add_a_family(copy: Copy) -> None:
    catalogue = "services/catalogue/__init__.py"
    record = RECORD.format(model="wan8.8-v2v", title="Wan 8.8 Verse")
    copy.add("services/catalogue/verse_to_video.py", f"{FAMILY}{record})\n")
    copy.before(catalogue, ")\nfrom services.catalogue.regions", "    verse_to_video,\n")
    copy.before(catalogue, ')\n"""In the order of the tabs."""', "    verse_to_video,\n")
    _write_its_facts(copy, model="wan8.8-v2v", family="verse_to_video")


def _write_its_facts(copy: Copy, *, model: str, family: str) -> None:
    golden = {
        "source": "Invented",
        "family": family,
        "model": model,
        "region": "singapore",
        "given": {"prompt": "A paper boat", "ratio": "1:1", "seed": 42},
        "files": {},
        "body": {
            "model": model,
            "input": {"prompt": "A paper boat"},
            "parameters": {"resolution": "720P", "ratio": "1:1", "seed": 42},
        },
    }
    page = f'Page(family="{family}", regions=BOTH, usage=SIX | {{"size"}}, prices=FULL, prompt=5000)'
    copy.add(f"tests/golden/{model}.json", json.dumps(golden))
    copy.before("tests/catalogue/test_clip_models.py", '    "wan2.7-t2v": Page(', f'    "{model}": {page},\n')
    copy.regenerate("services/catalogue/MODELS.md", "services.catalogue.table")


def add_a_setting(copy: Copy) -> None:
    setting = '    studio_motto: str | None = Field(default=None, description=("A sentence to live by"))\n'
    copy.before("services/settings.py", "    studio_env_file: ", setting)
    copy.regenerate("services/SETTINGS.md", "services.startup.settings_table")


def add_a_filter(copy: Copy) -> None:
    column = '            return jobs.c.parameters["seed"].as_integer()\n'
    copy.before("services/domain/search_query.py", '    CREATED = "created"', '    SEED = "seed"\n')
    copy.before("services/gallery/search_syntax.py", '    "rating": ', '    "seed": Measure.SEED,\n')
    copy.before("services/database/search.py", "        case Measure.CREATED:", f"        case Measure.SEED:\n{column}")
    copy.before("services/gallery/search_help.py", '    ("seconds>", ', '    ("seed:", "Seed"),\n')
    copy.before("services/gallery/search_help.py", '    ("seconds>5", ', '    ("seed:42", "Made with this seed"),\n')
    copy.before("README.md", "| `seconds>5` |", "| `seed:42` | made with this seed |\n")


def add_an_error_code(copy: Copy) -> None:
    words = 'choices("The provider did not like the mood.", "Choose another mood.")'
    row = '        (400, "InvalidMood", "mood is not supported", Refused, _NONE, _MODEL),\n'
    copy.before("services/dashscope/errors/codes.py", "    # Files\n", f'    "InvalidMood": {words},\n')
    copy.before("tests/rig/documented.py", "        # Files\n", row)


CHANGES: Mapping[str, Callable[[Copy], None]] = {
    "add a model": add_a_model,
    "add a family": add_a_family,
    "a setting": add_a_setting,
    "a filter of the search": add_a_filter,
    "an error code of the vendor": add_an_error_code,
}
"""By the row of the guide."""
PLACEHOLDERS = {
    "add a model": {"<family>": "text_to_video", "<model>": "wan8.8-t2v"},
    "add a family": {"<family>": "verse_to_video", "<model>": "wan8.8-v2v"},
}


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which all changes are made."""
    copy = Copy(tmp_path_factory.mktemp("guide"))
    for row in CHANGES:
        copy.change(row)
    return copy


# The guide -----------------------------------------------------------------------------------------------------------


def named_in(guide: str, row: str) -> set[str]:
    """The files and folders that a row of the guide names."""
    table = guide.partition("## Where each change goes")[2].partition("\n## ")[0]
    (touch,) = re.findall(rf"^\| {re.escape(row)} \| (.*) \|$", table, re.M)
    for placeholder, meant in PLACEHOLDERS.get(row, {}).items():
        touch = touch.replace(placeholder, meant)
    return set(re.findall(r"`(.*?)`", touch))


@pytest.mark.parametrize("row", CHANGES)
def test_a_change_touches_exactly_the_files_that_the_guide_names(changed: Copy, row: str) -> None:
    named = named_in((changed.folder / "CONTRIBUTING.md").read_text(encoding="utf-8"), row)
    folders = {name for name in named if name.endswith("/")}

    touched = {next((each for each in folders if path.startswith(each)), path) for path in changed.touched[row]}

    assert touched == named


def test_nothing_else_is_touched(changed: Copy) -> None:
    files = {path.relative_to(changed.folder) for path in changed.folder.rglob("*") if path.is_file()}
    same = {path for path in files if (ROOT / path).is_file() and filecmp.cmp(ROOT / path, changed.folder / path)}

    touched = set[str]().union(*changed.touched.values())
    assert {path.as_posix() for path in files - same if path.suffix != ".pyc"} == touched


# What the studio knows -----------------------------------------------------------------------------------------------

MODEL = {"model": "wan8.8-t2v"}
CALLS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "refused": ("text_to_video", {**MODEL, "prompt": "a sad boat"}),
    "of the model": ("text_to_video", {**MODEL, "prompt": "a paper boat", "ratio": "1:1", "seed": 42}),
    "of the family": ("verse_to_video", {"prompt": "the sea at dusk", "seed": 7}),
    "wrong": ("text_to_video", {**MODEL, "prompt": "x", "duration": 9}),
    "price": ("estimate", {**MODEL, "parameters": {"resolution": "1080P"}}),
    "models": ("list_models", {}),
    "with the seed": ("list_jobs", {"query": "seed:42"}),
    "with others": ("list_jobs", {"query": "-seed:42"}),
}


@pytest.fixture(scope="module")
def seen(changed: Copy) -> dict[str, Any]:  # Any: JSON
    """What the changed studio says."""
    questions = json.dumps({"calls": list(CALLS.values()), "refusal": ("InvalidMood", "mood is not supported")})
    ended = changed.run("-m", "tests.rig.asked", str(changed.home), questions, STUDIO_MOTTO="Slow is smooth")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    return told | dict(zip(CALLS, told["answers"], strict=True))


def test_the_model_is_on_the_page_and_its_works_are_made(seen: dict[str, Any]) -> None:
    job = seen["of the model"]

    assert '"title": "Wan 8.8 Words"' in json.dumps(seen["components"])
    assert {"wan8.8-t2v", "wan8.8-v2v"} <= {model["id"] for model in seen["models"]}
    assert (job["status"], job["error"], job["model_title"]) == ("succeeded", None, "Wan 8.8 Words")
    assert job["outputs"][0]["width"] == job["outputs"][0]["height"]
    assert seen["price"]["estimated"] == 0.75
    assert "always 5 s" in seen["wrong"]["error"]


def test_the_family_has_its_tab_and_its_endpoint(seen: dict[str, Any]) -> None:
    tabs = {each["props"]["id"]: each["props"]["label"] for each in seen["components"] if each["type"] == "tabitem"}
    job = seen["of the family"]

    assert tabs["verse_to_video"] == "Verse to video"
    assert "/verse_to_video" in seen["endpoints"]
    assert (job["status"], job["error"], job["model"]) == ("succeeded", None, "wan8.8-v2v")


def test_the_setting_is_read_and_told(changed: Copy, seen: dict[str, Any]) -> None:
    table = (changed.folder / "services/SETTINGS.md").read_text(encoding="utf-8")

    assert seen["settings"]["studio_motto"] == "Slow is smooth"
    assert "| `STUDIO_MOTTO` | none | A sentence to live by |" in table


def test_the_filter_is_offered_and_finds_its_works_and_no_others(seen: dict[str, Any]) -> None:
    assert [job["prompt"] for job in seen["with the seed"]["items"]] == ["a paper boat"]
    assert [job["prompt"] for job in seen["with others"]["items"]] == ["the sea at dusk", "a sad boat"]
    assert ["seed:", "Seed"] in seen["words"]["search"]["filters"]
    assert ["seed:42", "Made with this seed"] in seen["words"]["search"]["examples"]


def test_the_code_of_a_refusal_is_told_in_its_words(seen: dict[str, Any]) -> None:
    job = seen["refused"]

    assert (job["status"], job["error"]["code"]) == ("failed", "InvalidMood")
    assert job["error"]["message"] == "The provider did not like the mood."
    assert job["error"]["hint"] == "Choose another mood."


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_the_suites_of_what_was_changed_hold(changed: Copy) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *SUITES],
        cwd=changed.folder,
        env=changed.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:]

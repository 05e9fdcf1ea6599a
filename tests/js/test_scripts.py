"""The page's scripts by the tools of their language: style, types, and units of what is pure."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import ROOT
from tests.js import shapes
from tests.rig.install import Missing, run_installer

NEEDS_NODE = (
    "This test needs Node 20.19 or newer with npm. Install it (https://nodejs.org, or your system's packages) and run "
    "the tests again."
)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the scripts with the tools installed beside it: nothing is written into the tree. Raises Missing."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing(NEEDS_NODE)
    copy = tmp_path_factory.mktemp("scripts")
    for part in ("assets/js", "tests/js"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    folder = copy / "tests/js"
    run_installer(
        [npm, "ci", "--no-audit", "--no-fund", "--prefer-offline", "--prefix", str(folder)],
        otherwise="npm ci --prefix tests/js",
    )
    return folder


@pytest.mark.parametrize("script", ["style", "types", "unit"])
def test_the_scripts_hold(tools: Path, script: str) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", script],
        cwd=tools,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:]


def test_the_shapes_are_those_of_the_services() -> None:
    assert shapes.main(["--check"]) == 0


def test_a_shape_that_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="is no JSON"):
        shapes.as_typescript(bytes)

"""Homes of earlier versions open in this one, and people see in them what they saw before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.kept import KEPT, seen

HOMES = sorted(path.name for path in KEPT.iterdir() if (path / "studio.db").is_file())


def test_there_is_an_old_home_and_a_recent_one() -> None:
    assert {"version-3", "version-9"} <= set(HOMES)


@pytest.mark.parametrize("name", HOMES)
async def test_a_kept_home_shows_what_it_showed(name: str, tmp_path: Path) -> None:
    home = Path(shutil.copytree(KEPT / name, tmp_path / name))
    before = json.loads((home / "seen.json").read_text(encoding="utf-8"))

    for _start in range(2):
        assert json.loads(json.dumps(await seen(home))) == before

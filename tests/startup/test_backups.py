"""The command that lists the daily copies of the database and puts one back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from filelock import FileLock

from services.database.backups import Copy, make_copy
from services.startup.backups import main
from tests.database.test_backups import place
from tests.gallery.test_adoption import Place
from tests.rig.treasure import LAST, make

__all__ = ["place"]


def test_the_command_lists_and_puts_back_and_refuses_beside_a_running_studio(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    async def prepare() -> Copy:
        async with place.started():
            await make(place.history, place.archive, 1)
            copy = make_copy(place.home / "studio.db", place.home / "backups", now=LAST)
            await make(place.history, place.archive, 2)
        return copy

    assert main([]) == 0
    assert "No copies" in capsys.readouterr().out
    assert main(["--restore"]) == 1
    copy = asyncio.run(prepare())
    assert main([]) == 0
    assert copy.day in capsys.readouterr().out
    with FileLock(place.home / "studio.lock"):
        assert main(["--restore"]) == 1
    assert "Stop it first" in capsys.readouterr().err
    assert main(["--restore", "2020-01-01"]) == 1
    assert main(["--restore", copy.day]) == 0
    assert "import_command --adopt" in capsys.readouterr().out
    with closing(sqlite3.connect(place.home / "studio.db")) as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    (before,) = place.home.glob("studio-replaced-*.db")
    with closing(sqlite3.connect(before)) as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (2,)


def test_with_postgresql_the_command_says_what_to_use(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUDIO_DATABASE_URL", "postgresql://studio@127.0.0.1:9/studio")
    assert place.home.exists()
    assert main([]) == 2
    assert "pg_dump" in capsys.readouterr().err

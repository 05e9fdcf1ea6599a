"""Databases of every earlier version open in this one, this one's open in the next, and what is newer is refused."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.database.caps import Cap, Period, Scope, Spender
from services.database.jobs import History
from services.database.migrations import comparison
from services.database.reservations import day_of
from services.database.tables import metadata
from services.domain.jobs import place_of
from services.domain.people import EVERYONE
from services.domain.search_query import Find
from services.environment.console import CannotStart
from services.gallery.search_syntax import parse_query
from services.settings import Settings
from services.startup.database import refuse_unusable
from services.startup.doctor import database_line
from tests import ROOT
from tests.kept import KEPT
from tests.rig.postgres import emptied

KINDS = ("sqlite", "postgresql")
VERSIONS = sorted({path.name.split(".")[0] for path in (KEPT / "schemas").glob("*.sql")})
HOMES = sorted(path.name for path in KEPT.iterdir() if (path / "studio.db").is_file())
DONE = {
    "id": "job-1", "sequence": 1, "person": "mei", "family": "text_to_video", "model": "a", "vendor_model": "a",
    "region": "singapore", "account": "s", "base_url": "https://vendor.example", "demo": False, "status": "succeeded",
    "prompt": "a red fox", "parameters": "{}", "created_at": 1_790_000_000_000, "updated_at": 5,
    "cancel_requested": False, "estimated_micros": 500_000, "actual_micros": 300_000, "currency": "USD",
}  # fmt: skip
WAITING = DONE | {"id": "job-2", "sequence": 2, "status": "running", "prompt": "a blue kite", "actual_micros": None}
CLIP = {
    "id": "file-1", "job_id": "job-1", "role": "output", "kind": "video", "name": "a.mp4", "key": "k/a.mp4",
    "mime": "video/mp4", "seconds": 5.04, "bytes": 7, "sha256": "0", "created_at": 5,
}  # fmt: skip
OPEN = """
import asyncio, sys
from services.database.jobs import History

async def start():
    async with History.open(sys.argv[1]):
        pass

asyncio.run(start())
"""


@pytest.fixture(params=KINDS)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}"
    return await emptied(request.getfixturevalue("postgres_url"))


def connected(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("+aiosqlite", ""), poolclass=sa.NullPool)


def make(url: str, version: str) -> None:
    """Make the tables as a program of that version made them, with two jobs and a clip in them."""
    with connected(url).begin() as connection:
        text = (KEPT / "schemas" / f"{version}.{connection.dialect.name}.sql").read_text(encoding="utf-8")
        for statement in filter(str.strip, text.split(";\n")):
            connection.exec_driver_sql(statement)
        present = {column["name"] for column in sa.inspect(connection).get_columns("jobs")}
        for job in (DONE, WAITING):
            later = {"place": place_of(1_790_000_000_000, str(job["id"])), "seconds": 5.0}
            write(connection, "jobs", job | {name: value for name, value in later.items() if name in present})
        write(connection, "assets", CLIP)


def write(connection: sa.Connection, table: str, values: dict[str, object]) -> None:
    named = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({named})"), values)


def differences(url: str) -> list[object]:
    """What of a database is not as the tables are now."""
    with connected(url).connect() as connection:
        options = {name: value for name, value in comparison().items() if name != "target_metadata"}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_a_new_database_has_the_tables_as_they_are(url: str) -> None:
    async with History.open(url):
        assert differences(url) == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_database_of_every_version_becomes_one_of_today(url: str, version: str) -> None:
    make(url, version)
    for _start in range(2):
        async with History.open(url) as history:
            jobs = (await history.page(Find())).items
            assert [one.job.prompt for one in jobs] in (["a red fox", "a blue kite"], ["a blue kite", "a red fox"])
            assert sorted(one.job.place for one in jobs) == sorted(
                place_of(1_790_000_000_000, job_id) for job_id in ("job-1", "job-2")
            )
            assert (await history.with_assets("job-1", owner=EVERYONE)).assets[0].position == 0
    assert differences(url) == []


@pytest.mark.parametrize("version", ["version-1", "version-2", "version-3"])
async def test_what_older_versions_did_not_write_is_filled_in(url: str, version: str) -> None:
    make(url, version)
    async with History.open(url) as history:
        found = await history.page(Find(query=parse_query("fox seconds=5")))
        assert [one.job.id for one in found.items] == ["job-1"]
        cap = Cap(id="c", scope=Scope.ALL, period=Period.DAY, currency="USD", micros=1_000_000)
        spender = Spender(person="mei", demo=False, day=day_of(1_790_000_000_000))
        assert (await history.caps.state(cap, spender)).used == 300_000 + 500_000


async def test_processes_that_start_together_migrate_once(url: str) -> None:
    make(url, "version-2")
    starting = [await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, url, cwd=ROOT) for _ in range(3)]
    assert [await one.wait() for one in starting] == [0, 0, 0]
    assert differences(url) == []
    async with History.open(url) as history:
        assert len((await history.page(Find())).items) == 2


# The next version ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def next_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program whose jobs have a mood, with the revision that the command writes for it."""
    folder = tmp_path_factory.mktemp("next")
    shutil.copytree(ROOT / "services", folder / "services", ignore=shutil.ignore_patterns("__pycache__"))
    tables = folder / "services/database/tables.py"
    text = tables.read_text(encoding="utf-8")
    new = '    sa.Column("remark", _Prose, nullable=False, server_default=""),\n    sa.Column("mood", _Words),\n'
    assert text.count('    sa.Column("remark", _Prose),\n') == 1
    tables.write_text(text.replace('    sa.Column("remark", _Prose),\n', new), encoding="utf-8")
    said = run(folder, "-m", "services.database.migrations", "add a mood to jobs")
    (revision,) = (folder / "services/database/migrations/versions").glob("v10_*.py")
    assert revision.name in said
    written = revision.read_text(encoding="utf-8")
    assert "services" not in written
    # What the one who writes it adds: the rows that have none yet.
    before = "    with op.batch_alter_table"
    fill = "    op.execute(\"UPDATE jobs SET remark = '' WHERE remark IS NULL\")\n"
    revision.write_text(written.replace(before, fill + before, 1), encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str) -> str:
    """Run a program of a copy, and return what it said."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", HOMES)
def test_the_next_column_opens_every_database(next_program: Path, name: str, tmp_path: Path) -> None:
    home = Path(shutil.copytree(KEPT / name, tmp_path / name))
    with closing(sqlite3.connect(home / "studio.db")) as database:
        before = database.execute("SELECT count(*) FROM assets").fetchone()
    run(next_program, "-c", OPEN, f"sqlite+aiosqlite:///{home / 'studio.db'}")
    with closing(sqlite3.connect(home / "studio.db")) as database:
        assert database.execute("SELECT count(*) FROM assets").fetchone() == before
        assert {None} == {row[0] for row in database.execute("SELECT mood FROM jobs")}
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("version", ["version-1", "version-9"])
async def test_a_newer_database_is_refused_in_a_sentence(url: str, version: str, next_program: Path) -> None:
    make(url, version)
    await asyncio.to_thread(run, next_program, "-c", OPEN, url)
    settings = Settings(studio_database_url=url)

    with pytest.raises(CannotStart, match=r"newer Wan Studio: it is at v10, and this one knows up to v09\."):
        async with History.open(url):
            pass
    with pytest.raises(CannotStart, match="newer Wan Studio"):
        refuse_unusable(settings)
    assert database_line(settings).stops
    with connected(url).connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM jobs WHERE mood IS NULL")) == 2

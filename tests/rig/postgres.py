"""A private PostgreSQL for one test run: its own folder, port and process, gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.rig.install import Missing, apt_get, one_at_a_time
from tests.rig.ports import free_port

# Nothing here outlives the run, so nothing needs to reach the disk.
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_connections=200")
START_SECONDS = 30


async def emptied(url: str) -> str:
    """The database with nothing in it, as the studio's own settings would name it."""
    address = url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_async_engine(address)
    async with engine.begin() as connection:
        await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        await connection.execute(sa.text("CREATE SCHEMA public"))
    await engine.dispose()
    return address


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of an empty database `studio`, as SQLAlchemy and DBOS take it, on a server of our own."""
    programs = _find_or_install()
    # Not pytest's folder: the server's user must be able to enter it.
    folder = Path(tempfile.mkdtemp(prefix="studio-pg-"))
    port = free_port()
    try:
        _give_to_server(folder)
        _run(
            [programs / "initdb", "-D", folder / "data", "-U", "studio", "-A", "trust", "-E", "UTF8", "--no-sync"],
            folder,
        )
        with _server(programs, folder, port):
            yield f"postgresql://studio@127.0.0.1:{port}/studio"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(programs: Path, folder: Path, port: int) -> Iterator[None]:
    log, user = folder / "server.log", _server_user()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, *FAST],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    try:
        _wait_until_ready(process, port, log)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: open connections are dropped
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with psycopg.connect(f"postgresql://studio@127.0.0.1:{port}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE studio")
                return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise Missing(f"PostgreSQL did not start. It said:\n{log.read_text(errors='replace')[-2000:]}")


@one_at_a_time()
def _find_or_install() -> Path:
    found = _programs()
    if found:
        return found
    # Debian's package may also start a cluster of its own. Ours has another port and folder.
    apt_get("postgresql")
    found = _programs()
    if not found:
        raise Missing(
            "These tests need PostgreSQL's server programs (initdb, postgres). Install them, for example with "
            "`apt-get install postgresql` or `brew install postgresql`, and run the tests again."
        )
    return found


def _programs() -> Path | None:
    """The folder of initdb and postgres. Debian keeps it off the PATH, one a version."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root; Debian's package brings the user `postgres`."""
    return "postgres" if os.geteuid() == 0 else None


def _give_to_server(folder: Path) -> None:
    user = _server_user()
    if user:
        shutil.chown(folder, user, user)


def _run(command: Sequence[str | Path], folder: Path) -> None:
    user = _server_user()
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        raise Missing(f"`{command[0]}` failed. It said:\n{done.stdout[-2000:]}")

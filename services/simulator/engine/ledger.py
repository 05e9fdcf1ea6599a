"""The simulator's state across a restart: tasks and uploaded objects, in one SQLite file.

Writes go through one thread. A row is in the file before the caller continues, so a killed process loses nothing it has
answered for. Independent of HTTP.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from services.catalogue.schema import ResultShape, Scalar

T = TypeVar("T")


class Status(StrEnum):
    """The states of a task."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def live(self) -> bool:
        """True if it can still change."""
        return self in (Status.PENDING, Status.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One part of a task's result: a file, text between pictures, or a picture that failed alone."""

    file: str = ""
    """The name of a file in the results folder."""
    text: str = ""
    code: str = ""
    message: str = ""
    prompt: str = ""
    """The prompt as rewritten for this picture."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of the vendor. Times are zone-aware and in UTC. `account` is a digest, never a key."""

    id: str
    request_id: str
    account: str
    region: str
    model: str
    """The id on the wire."""
    path: str
    values: dict[str, Scalar]
    media: dict[str, tuple[str, ...]]
    """By field: `file:<name>` of each stored file, or the given URL."""
    shape: ResultShape = ResultShape.VIDEO_URL
    at_once: bool = False
    """True if it was answered in the call itself. It cannot be queried and is in no list."""
    resolves_oss: bool
    seed: int
    wait_seconds: float
    run_seconds: float
    status: Status = Status.PENDING
    submitted_at: datetime
    scheduled_at: datetime | None = None
    ended_at: datetime | None = None
    code: str = ""
    message: str = ""
    usage: dict[str, object] = field(default_factory=dict[str, object])
    actual_prompt: str = ""
    pieces: tuple[Piece, ...] = ()
    verdict: tuple[str, str] | None = None
    """Code and message of its coming failure, if the vendor validates late."""


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One uploaded file: its key, its upload time, and the name of the local file."""

    key: str
    uploaded_at: datetime
    file: str


class Ledger:
    """The SQLite file. Open it once, and close it at the end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="simulator-ledger")
        self._db: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open or create the file."""
        await self._run(self._connect)

    async def close(self) -> None:
        """Close the file and end the thread."""
        await self._run(self._disconnect)
        self._thread.shutdown(wait=False)

    async def save_task(self, task: Task) -> None:
        """Write the current state of a task."""
        row = (task.id, json.dumps(asdict(task), default=datetime.isoformat))
        await self._run(lambda: self._write("INSERT OR REPLACE INTO tasks VALUES (?, ?)", row))

    async def save_object(self, stored: StoredObject) -> None:
        """Write an uploaded object."""
        row = (stored.key, json.dumps(asdict(stored), default=datetime.isoformat))
        await self._run(lambda: self._write("INSERT OR REPLACE INTO objects VALUES (?, ?)", row))

    async def forget(self, *, tasks: list[str], objects: list[str]) -> None:
        """Delete expired tasks and objects."""
        for table, column, ids in (("tasks", "id", tasks), ("objects", "key", objects)):
            for each in ids:
                await self._run(lambda t=table, c=column, i=each: self._write(f"DELETE FROM {t} WHERE {c} = ?", (i,)))  # noqa: S608 - names are ours

    async def tasks(self) -> list[Task]:
        """Return every task, oldest first."""
        return [
            _revive(Task, row) for row in await self._run(lambda: self._read("SELECT row FROM tasks ORDER BY rowid"))
        ]

    async def objects(self) -> list[StoredObject]:
        """Return every uploaded object."""
        return [_revive(StoredObject, row) for row in await self._run(lambda: self._read("SELECT row FROM objects"))]

    async def secret(self, fresh: str) -> str:
        """Return the secret that signs links and policies: `fresh` the first time, the stored one afterwards."""

        def read_or_write() -> str:
            self._write("INSERT OR IGNORE INTO facts VALUES ('secret', ?)", (fresh,))
            return self._read("SELECT value FROM facts WHERE name = 'secret'")[0]

        return await self._run(read_or_write)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _connect(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(self._file, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, row TEXT NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, row TEXT NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _write(self, statement: str, row: tuple[str, ...]) -> None:
        assert self._db is not None, "the ledger is not open"  # noqa: S101 - a bug of ours
        self._db.execute(statement, row)

    def _read(self, statement: str) -> list[str]:
        assert self._db is not None, "the ledger is not open"  # noqa: S101 - a bug of ours
        return [row[0] for row in self._db.execute(statement)]


def _read_media(media: dict[str, list[str] | str]) -> dict[str, tuple[str, ...]]:
    """Return the media of a row. A home of an earlier version has one file for each field."""
    return {name: (given,) if isinstance(given, str) else tuple(given) for name, given in media.items()}


def _read_pieces(pieces: list[dict[str, str]]) -> tuple[Piece, ...]:
    return tuple(Piece(**piece) for piece in pieces)


_READ: dict[str, Callable[[Any], object]] = {"media": _read_media, "shape": ResultShape, "pieces": _read_pieces}
"""Readers for the members of a row that JSON cannot express. Any: they are JSON."""


def _revive(kind: type[T], row: str) -> T:
    # Any: the row is JSON that `save_task` or `save_object` wrote from the same dataclass.
    raw: dict[str, Any] = json.loads(row)
    for each in fields(kind):  # type: ignore[arg-type]  # only ever called with the two dataclasses above
        if each.name.endswith("_at") and raw.get(each.name):
            raw[each.name] = datetime.fromisoformat(raw[each.name])
        elif each.name == "status":
            raw["status"] = Status(raw["status"])
        elif each.name == "verdict" and raw["verdict"]:
            raw["verdict"] = tuple(raw["verdict"])
        elif each.name in _READ and each.name in raw:
            raw[each.name] = _READ[each.name](raw[each.name])
    return kind(**raw)


def new_request_id() -> str:
    """Return an id for one call."""
    return str(uuid.uuid4())

"""The log: a rotating file, as readable lines or as JSON, each line with its job and task.

Hides how a line finds its job and task: from the job being run, or from its own text. Never logs a key or a prompt:
neither may be passed to a logger, and libraries that log URLs are kept at WARNING.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from services.environment.console import say

_LARGEST_FILE_BYTES = 5_000_000
_OLD_FILES = 3
_LONGEST_LINE = 300
_IMPATIENT = re.compile(r"Error: (asyncio\.exceptions\.)?(CancelledError|KeyboardInterrupt)\b")
"""Ctrl+C twice ends the server before it has cleaned up: the user asked for exactly that."""
_PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s"
_NAMED = re.compile(r"(?<!%)%(?:\.\d+)?[a-zA-Z]")
_ID_BEFORE = {"job ": "job_id", "task ": "task_id", "request ": "request_id"}
"""Our log lines name their ids after these words: `job %s task %s running`."""

_job_at_work: ContextVar[str | None] = ContextVar("job_at_work", default=None)


@contextmanager
def about(job_id: str) -> Generator[None, None, None]:
    """Attribute all lines logged inside this context to a job, in any module."""
    token = _job_at_work.set(job_id)
    try:
        yield
    finally:
        _job_at_work.reset(token)


def log_to(home: Path, *, as_json: bool) -> logging.Handler:
    """Log to `logs/studio.log` in a home, as readable lines or as one JSON object per line. Returns the handler."""
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        folder / "studio.log",
        maxBytes=_LARGEST_FILE_BYTES,
        backupCount=_OLD_FILES,
        encoding="utf-8",
        errors="backslashreplace",  # a path need not be UTF-8
    )
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(_PLAIN))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines contain whole signed URLs
    logging.getLogger("alembic").setLevel(logging.WARNING)  # services.database.migrations says what changed
    return handler


def errors_to_console(home: Path) -> logging.Handler:
    """Print every error as one line on the console too, with the path of the log for details. Returns the handler."""
    handler = _Console(level=logging.ERROR)
    handler.setFormatter(OneLine(home / "logs" / "studio.log"))
    logging.getLogger().addHandler(handler)
    return handler


class _Console(logging.Handler):
    """Standard error, which may be closed."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's line."""
        line = self.format(record)
        if not _IMPATIENT.match(line):
            say(line)


class OneLine(logging.Formatter):
    """One short line: the message and the error's type. Tracebacks are in the log."""

    def __init__(self, log_file: Path) -> None:
        super().__init__()
        self._log_file = log_file

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line."""
        lines = [line.strip() for line in record.getMessage().splitlines() if line.strip()]
        # A message of several lines is a traceback; its last line names the error.
        what = lines[-1] if lines else record.name
        error = record.exc_info[1] if record.exc_info else None
        kind = f" ({type(error).__name__})" if error is not None else ""
        return f"Error: {what[:_LONGEST_LINE].rstrip('.')}{kind}. More about it is in {self._log_file}"


class JsonLines(logging.Formatter):
    """One JSON object per line: at (ISO 8601, UTC), level, logger, message, and job_id, task_id, request_id, error."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line of JSON."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **ids_of(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def ids_of(record: logging.LogRecord) -> dict[str, str]:
    """Return the job, task and request ids of a line: from its text, else the job being run."""
    found: dict[str, str] = {}
    working_on = _job_at_work.get()
    if working_on:
        found["job_id"] = working_on
    template, given = str(record.msg), record.args
    if not isinstance(given, tuple):
        return found
    for argument, place in zip(given, _NAMED.finditer(template), strict=False):
        for words, name in _ID_BEFORE.items():
            if template.endswith(words, 0, place.start()) and argument:
                found[name] = str(argument)
    return found

"""One studio for each home: two would handle the same jobs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from services.environment.console import CannotStart
from services.settings import Settings
from services.startup.listening import is_a_studio, origin

LOCK = "studio.lock"


@contextmanager
def only_one_studio(settings: Settings) -> Generator[None, None, None]:
    """Hold the home's lock inside this context. Raises CannotStart if another studio holds it."""
    lock = FileLock(settings.home / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise CannotStart(why_locked(settings)) from error
    except (OSError, NotImplementedError) as error:
        raise CannotStart(
            f"{settings.home / LOCK} cannot be locked ({error}). Set STUDIO_HOME to a folder on a disk of this machine."
        ) from error
    try:
        yield
    finally:
        lock.release()


def is_locked(settings: Settings) -> bool:
    """Return whether a studio is using the home right now."""
    if not (settings.home / LOCK).exists():
        return False
    lock = FileLock(settings.home / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return False


def why_locked(settings: Settings) -> str:
    """Explain which studio is using the home, and what helps."""
    host, port = settings.studio_host, settings.studio_port
    if is_a_studio(host, port):
        return f"Wan Studio is running on {origin(host, port)} already, with the same folder. Open it there."
    return f"Another studio is already using {settings.home}. Stop it first, or set STUDIO_HOME to another folder."

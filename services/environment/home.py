"""The studio's folder: its path, and whether it can be made and written to. Creates nothing anywhere else."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from services.environment.console import CannotStart

ENOUGH_BYTES = 500_000_000
"""With less space than this, a long clip with its poster and thumbnail may not fit."""
_PROBE_BYTES = 1_000_000
"""The minimum that must fit: the database writes its journal before anything can be read or deleted."""
_TEMPORARY = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - where the system keeps them
_SET_IT = "Set STUDIO_HOME to a folder that can be written to."


@dataclass(frozen=True, kw_only=True)
class Home:
    """The result of checking the studio's folder."""

    path: Path
    exists: bool
    free_bytes: int
    problem: str = ""
    """A sentence on why it cannot be used, or an empty string."""

    @property
    def is_low(self) -> bool:
        """Whether little disk space is left."""
        return self.free_bytes < ENOUGH_BYTES


def expanded(given: Path) -> Path:
    """Return the folder as an absolute path. Raises CannotStart if `~` cannot be resolved."""
    text = _with_variables(str(given), os.environ)
    if text.startswith("~"):
        text = _of_person(text)
    if not _is_writable_as_text(text):
        raise CannotStart(
            f"The name of the folder {_plain(text)} has letters that cannot be used here. "
            "Set LANG to C.UTF-8, or STUDIO_HOME to a folder with a plainer name."
        )
    try:
        return Path(text).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links; the current folder was deleted
        raise CannotStart(f"The folder {text} cannot be found ({_reason(error)}). {_SET_IT}") from error


def _is_writable_as_text(text: str) -> bool:
    """Return whether the database can use this path.

    Bytes that are not UTF-8, or a bare C locale, give lone surrogates.
    """
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _plain(text: str) -> str:
    return "".join("?" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def _of_person(text: str) -> str:
    """Replace the `~` at the start of a path with the person's home folder."""
    own = re.fullmatch(r"~([/\\].*)?", text, re.DOTALL) is not None  # not another person's, as in ~mei/films
    named = Path(os.environ.get("USERPROFILE" if os.name == "nt" else "HOME", "")).is_absolute()
    found = _expanduser(text) if named or not own else _from_accounts(text)
    if not found:
        raise CannotStart(
            f"{text} cannot be found, since this account has no home folder here. "
            "Set STUDIO_HOME to the whole path of a folder."
        )
    return found


def _expanduser(text: str) -> str:
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        return ""


def _from_accounts(text: str) -> str:
    """Resolve `~` from the system's list of accounts, which an empty or odd HOME would otherwise hide."""
    if os.name == "nt":
        return _expanduser(text)
    import pwd  # noqa: PLC0415 - is not there on Windows

    try:
        folder = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""
    return f"{folder.rstrip('/')}{text[1:]}" if Path(folder).is_absolute() else ""


def _with_variables(text: str, environ: Mapping[str, str]) -> str:
    """Expand variables such as `$HOME/films` as a shell does. Unknown variables stay as they are."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: environ.get(found[1] or found[2]) or found[0], text)


def look_at_home(path: Path) -> Home:
    """Check whether the folder can be used, without making it."""
    try:
        exists = path.is_dir()
        problem = "" if exists else _why_not_made(path)
        free = shutil.disk_usage(path if exists else path.parent).free if not problem else 0
    except (OSError, ValueError) as error:
        return Home(path=path, exists=False, free_bytes=0, problem=_sentence(path, error))
    if exists and not problem:
        problem = _why_not_written(path)
    return Home(path=path, exists=exists, free_bytes=free, problem=problem)


def _why_not_made(path: Path) -> str:
    """Return why the folder cannot be made, or an empty string.

    Only the folder itself is ever made: a missing parent may mean a missing disk.
    """
    if path.exists():
        return f"{path} is a file, and the studio needs a folder. {_SET_IT}"
    if path.parent.exists() and not path.parent.is_dir():
        return f"{path.parent} is a file, so the folder {path.name} cannot be made in it. {_SET_IT}"
    if not path.parent.is_dir():
        return (
            f"The folder {path.parent} does not exist, so {path.name} cannot be made in it. If it is on a disk that is "
            "not connected, connect it; otherwise make the folder, or set STUDIO_HOME to another one."
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"The folder {path} cannot be made: {path.parent} may not be written to. {_SET_IT}"
    return ""


def _why_not_written(path: Path) -> str:
    """Return why nothing can be written. Tested with a small file, since permissions alone do not show it."""
    probe = path / f".probe-{secrets.token_hex(4)}"
    try:
        with probe.open("xb") as file:
            file.write(b"\0" * _PROBE_BYTES)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return _sentence(path, error)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return ""


def _sentence(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"The disk with {path} is full. Make some room on it and start again; nothing is lost."
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return f"The disk with {path} can only be read, not written to. {_SET_IT}"
    if isinstance(error, PermissionError):
        return f"This account may not write to the folder {path}. Change its rights, or set STUDIO_HOME to another one."
    return f"The folder {path} cannot be used ({_reason(error)}). {_SET_IT}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def make_home(path: Path) -> Home:
    """Make the folder if it is missing, readable by its owner only. Raises CannotStart if it cannot be used."""
    umask = os.umask(0o077)
    os.umask(umask & ~0o700)  # a mask that locks out the owner would make folders that we cannot enter
    home = look_at_home(path)
    if not home.problem and not home.exists:
        try:
            path.mkdir(mode=0o700)
        except OSError as error:
            raise CannotStart(_sentence(path, error)) from error
        home = look_at_home(path)
    if home.problem:
        raise CannotStart(home.problem)
    return home


def settle_temporary_files(home: Path, environ: MutableMapping[str, str]) -> list[str]:
    """Ensure that temporary files have a folder. Returns the changes, as sentences."""
    said: list[str] = []
    own = home / "cache" / "temporary"
    for name in ("TMPDIR", "TEMP", "TMP"):
        given = environ.get(name)
        if given is not None and not (given.strip() and _is_writable(Path(given))):
            said.append(f"{name} names {given}, which is not a folder that can be written to; {own} is used instead.")
            del environ[name]
    if said or _usual_temporary_folder() is None:
        own.mkdir(parents=True, exist_ok=True)
        environ["TMPDIR"] = str(own)
        tempfile.tempdir = None  # look again
    uploads = environ.get("GRADIO_TEMP_DIR")
    if uploads is not None and not _can_be_made(uploads):
        if uploads.strip():
            said.append(
                f"GRADIO_TEMP_DIR names {uploads}, which is not a folder that can be written to; "
                f"{home / 'cache' / 'uploads'} is used instead."
            )
        del environ["GRADIO_TEMP_DIR"]
    return said


def _usual_temporary_folder() -> str | None:
    try:
        found = tempfile.gettempdir()
        # Python falls back to the current folder, which may be any folder.
        return None if found not in _TEMPORARY and Path(found) == Path.cwd() else found
    except FileNotFoundError:  # no temporary folder, or the current folder was deleted
        return None


def _can_be_made(folder: str) -> bool:
    """Return whether the folder, or its nearest existing parent, can be written to."""
    if not folder.strip():
        return False
    try:
        path = Path(folder).absolute()
    except OSError:  # the current folder was deleted
        return False
    return _is_writable(next((near for near in (path, *path.parents) if near.exists()), path))


def _is_writable(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    probe = folder / f".probe-{secrets.token_hex(4)}"
    try:
        probe.touch(exist_ok=False)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return True

"""Installs what a test needs on the machine, or says how a person can. Knows nothing of what it installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

from filelock import FileLock

BEFORE: Mapping[str, str] = dict(os.environ)
"""The environment before the net was switched off: an installer is the one thing that needs it."""

_PATIENT = ["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"]
"""What a machine that has only just started asks for: its net may not be there yet, and it may be installing."""
_PAUSE_SECONDS = 10


class Missing(RuntimeError):
    """Something the tests need is not here and could not be installed. The message says what to do."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Look for something and install it while no other process does: what is half installed can be found already."""
    with FileLock(Path(tempfile.gettempdir()) / f"wan-studio-tests-{getuser()}.lock"):
        yield


def apt_get(package: str) -> bool:
    """Install a Debian package. False where this is not Debian or we are not root; Missing where it failed."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    install = ["install", "-y", "-qq", "--no-install-recommends", package]
    for command in (["update", "-qq"], install):
        run_installer(["apt-get", *_PATIENT, *command], otherwise=f"apt-get install {package}", attempts=3)
    return True


def run_installer(command: Sequence[str], *, otherwise: str, attempts: int = 1) -> None:
    """Run an installer; Missing with its last words, and with what a person can run instead, where it fails."""
    said = ""
    for attempt in range(attempts):
        time.sleep(_PAUSE_SECONDS * attempt)
        done = subprocess.run(
            command,
            env={**BEFORE, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return
        said = done.stdout[-2000:]
    raise Missing(f"`{' '.join(command)}` failed. Try `{otherwise}` yourself. It said:\n{said}")

"""Installs what a test needs on the machine, or says how a person can. Knows nothing of what it installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

from filelock import FileLock

BEFORE: Mapping[str, str] = dict(os.environ)
"""The environment before the net was switched off: an installer is the one thing that needs it."""


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
    run_installer(["apt-get", "update", "-qq"], otherwise=f"apt-get install {package}")
    run_installer(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], otherwise=f"apt-get install {package}"
    )
    return True


def run_installer(command: Sequence[str], *, otherwise: str) -> None:
    """Run an installer; Missing with its last words, and with what a person can run instead, where it fails."""
    done = subprocess.run(
        command,
        env={**BEFORE, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Missing(f"`{' '.join(command)}` failed. Try `{otherwise}` yourself. It said:\n{done.stdout[-2000:]}")

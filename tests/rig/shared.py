"""A folder that all processes of a run of tests share, for what one of them has made and the others need not."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

_VARIABLE = "TESTS_SHARED_FOLDER"


@cache
def shared_folder() -> Path:
    """The folder. The first process that asks makes it, removes it at its end, and tells it to those that it starts."""
    if given := os.environ.get(_VARIABLE):
        return Path(given)
    folder = tempfile.mkdtemp(prefix="studio-shared-")
    os.environ[_VARIABLE] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)

"""Our programs as a person starts them: a command, an environment and a folder; what is said, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import ROOT
from tests.rig.offline import sitecustomize as offline

_LONGEST_SECONDS = 120
_NOT_PASSED_ON = ("PROXY", "SSL_", "CA_BUNDLE", "STUDIO_", "DASHSCOPE_", "GRADIO_TEMP", "TMPDIR", "SSLKEYLOGFILE")


def plain_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment without any proxy, certificate or setting of this machine. The net stays off."""
    kept = {
        name: value for name, value in os.environ.items() if not any(part in name.upper() for part in _NOT_PASSED_ON)
    }
    paths = os.pathsep.join((str(Path(offline.__file__).parent), str(ROOT)))
    ours = {"PYTHONPATH": paths, "STUDIO_HOME": str(home), "STUDIO_PORT": "0", "STUDIO_ENV_FILE": os.devnull}
    return {**kept, **ours, **more}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program ended that was expected to end by itself."""

    code: int
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        """What it said on standard error, line by line."""
        assert "Traceback" not in self.err, self.err
        return self.err.splitlines()


def run(*command: str, environment: Mapping[str, str], cwd: Path, python: str = sys.executable) -> Ended:
    """Run `python COMMAND` to its end."""
    done = subprocess.run(
        [python, *command],
        cwd=cwd,
        env=dict(environment),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    return Ended(
        code=done.returncode, out=done.stdout.decode("utf-8", "replace"), err=done.stderr.decode("utf-8", "replace")
    )


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A studio that listens."""

    url: str
    line: str
    """The line that said so."""
    errors: Path
    process: subprocess.Popen[bytes]

    def err(self) -> str:
        """What it has said on standard error so far."""
        return self.errors.read_text("utf-8", "replace")

    def get(self, path: str) -> httpx.Response:
        """Ask it, whatever the environment of the tests says of proxies."""
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.get(f"{self.url}{path}")


@contextmanager
def serving(environment: Mapping[str, str], *, cwd: Path, app: Path = ROOT / "app.py") -> Iterator[Serving]:
    """Run `python app.py` and go on when it says where it is. It is ended at the end of the block."""
    errors = cwd / "stderr.log"
    with errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, str(app)],
            cwd=cwd,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=err,
            stdin=subprocess.DEVNULL,
        )
    watchdog = threading.Timer(_LONGEST_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode("utf-8", "replace").strip()
        assert line.startswith("Wan Studio on "), (line, errors.read_text("utf-8", "replace")[-4000:])
        yield Serving(url=line.split()[3], line=line, errors=errors, process=process)
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_LONGEST_SECONDS)


def copy_of_the_studio(folder: Path) -> Path:
    """A copy of what is run, for what lies beside app.py. Returns its app.py."""
    folder.mkdir(parents=True)
    for name in ("services", "components", "assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(ROOT / "app.py", folder))

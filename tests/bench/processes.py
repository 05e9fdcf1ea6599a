"""The programs a measurement starts: each in a process group of its own, gone at the end whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests import ROOT

_END_SECONDS = 10


class Failed(Exception):
    """A program under measurement ended badly; the message holds what it said last."""


class Program:
    """A running program that is spoken to over its pipes: lines out, and the end of its input as the word to stop."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    def line(self) -> str:
        """Its next line. Raises Failed where it ended instead."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline().strip()
        if not text:
            raise Failed(self.said())
        return text

    def finish(self, *, seconds: float) -> dict[str, Any]:  # Any: JSON
        """Close its input, wait, and give its last line as JSON. Raises Failed."""
        try:
            out, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"still at work after {seconds:.0f} s\n{self.said()}") from error
        lines = out.strip().splitlines()
        if self.process.returncode != 0 or not lines:
            raise Failed(self.said())
        return json.loads(lines[-1])

    def said(self) -> str:
        """The end of what it wrote to its log."""
        return self._log.read_text(errors="replace")[-3000:]


@contextlib.contextmanager
def program(*command: str, home: Path, **environment: str) -> Iterator[Program]:
    """Run `python COMMAND` from an empty folder, without any setting of this machine."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "program.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=home,
            env=_environment(home, environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=os.name == "posix",
        )
    try:
        yield Program(process, log)
    finally:
        _end(process)


def _environment(home: Path, more: dict[str, str]) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.upper().startswith(("STUDIO_", "DASHSCOPE_", "GRADIO_"))}
    local = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    paths = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    gradio = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    return {**kept, **local, **gradio, "PYTHONPATH": paths, **_own_settings(home), **more}


def _own_settings(home: Path) -> dict[str, str]:
    """The studio's home, and no key that lies beside app.py."""
    return {"STUDIO_HOME": str(home / "studio"), "STUDIO_ENV_FILE": os.devnull}


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    if os.name == "posix":
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal_number)  # it leads a group of its own, named by its id
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_END_SECONDS)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it started and left behind
    else:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far, without its children."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def wait_for(url: str, running: Program, *, seconds: float = 90) -> float:
    """Ask until the address answers 200. Gives the moment (time.perf_counter). Raises Failed."""
    deadline = time.perf_counter() + seconds
    with httpx.Client(trust_env=False, timeout=5) as http:
        while time.perf_counter() < deadline:
            if running.process.poll() is not None:
                raise Failed(running.said())
            with contextlib.suppress(httpx.TransportError):
                if http.get(url).status_code == 200:
                    return time.perf_counter()
            time.sleep(0.02)
    raise Failed(f"{url} did not answer\n{running.said()}")

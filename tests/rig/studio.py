"""A whole studio for a test, in this process, on a simulator at real HTTP; or as a process of its own to be killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from pydantic import SecretStr

from services.catalogue import CATALOGUE, Catalogue
from services.gallery.views import JobView
from services.jobs.pace import Pace
from services.settings import Settings
from services.simulator import QuickArtist, Simulator, serve
from services.studio import Studio
from tests import ROOT
from tests.rig.shared import shared_folder

KEY = "sk-test-0123456789abcdef0123456789abcdef"
QUICK = Pace(poll=0.2, first_poll=0.05, retry=0.1, retry_longest=0.5, settle=0.4)
ENDED = frozenset({"succeeded", "failed", "canceled"})


def quick_artist() -> QuickArtist:
    """One for a simulator; what another has made in this run of tests need not be made again."""
    masters = shared_folder() / "masters"
    masters.mkdir(exist_ok=True)
    return QuickArtist(masters=masters)


@asynccontextmanager
async def simulated(home: Path, **traits: object) -> AsyncIterator[tuple[Simulator, str]]:
    """A quick simulator with ready-made clips, and the base URL of its Singapore."""
    home.mkdir(parents=True, exist_ok=True)
    settings: dict[str, object] = {"speed": 100.0, "run_seconds": 20.0, "artist": quick_artist(), **traits}
    catalogue = settings.pop("catalogue", CATALOGUE)
    assert isinstance(catalogue, Catalogue)
    simulator = Simulator(catalogue, home=home, **settings)  # type: ignore[arg-type]  # traits are checked there
    async with serve(simulator) as origin:
        yield simulator, f"{origin}/singapore/api/v1"


def settings_for(home: Path, base_url: str, **more: object) -> Settings:
    """Settings of a studio that buys at a simulator."""
    values: dict[str, object] = {
        "studio_home": home,
        "dashscope_api_key": SecretStr(KEY),
        "dashscope_base_url": base_url,
        **more,
    }
    return Settings(**values)  # type: ignore[arg-type]  # pydantic checks them


@asynccontextmanager
async def studio_at(
    home: Path, base_url: str, *, catalogue: Catalogue = CATALOGUE, pace: Pace = QUICK, **more: object
) -> AsyncIterator[Studio]:
    """A running studio. A new home is as an earlier start has left it: a second one is ready two seconds sooner."""
    settings = settings_for(home, base_url, **more)
    if settings.database_url.startswith("sqlite") and not (home / "studio.db").exists():
        await _begun_before(home)
    studio = Studio(settings, catalogue=catalogue, pace=pace)
    async with studio.running():
        yield studio


async def _begun_before(home: Path) -> None:
    begun = shared_folder() / "begun"
    if not begun.exists():
        first = Path(tempfile.mkdtemp(dir=shared_folder()))
        async with Studio(settings_for(first, "http://127.0.0.1:9"), pace=QUICK).running():
            pass
        with suppress(OSError):  # another process was quicker
            first.rename(begun)
    home.mkdir(parents=True, exist_ok=True)
    for database in ("studio.db", "engine.db"):
        await asyncio.to_thread(shutil.copyfile, begun / database, home / database)


async def until(
    studio: Studio, job_id: str, good: Callable[[JobView], bool] | None = None, *, seconds: float = 30
) -> JobView:
    """The job, as soon as it is as wanted: at its end, if nothing is said."""
    deadline = time.monotonic() + seconds
    while True:
        job = await studio.job(job_id)
        if good(job) if good else job["status"] in ENDED:
            return job
        assert time.monotonic() < deadline, f"still {job['status']}: {job['attention']}"
        await asyncio.sleep(0.03)


class StudioProcess:
    """`python app.py` as a process of its own."""

    def __init__(self, home: Path, port: int, **environment: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._home = home
        self._environment = {
            **os.environ,
            "STUDIO_HOME": str(home),
            "STUDIO_PORT": str(port),
            "STUDIO_POLL_SECONDS": "1",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, seconds: float = 120) -> None:
        """Start it and wait until it can take jobs."""
        self.launch()
        self.wait_until_ready(seconds=seconds)

    def launch(self) -> None:
        """Start it without waiting."""
        self._home.mkdir(parents=True, exist_ok=True)
        with (self._home / "process.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py")],
                cwd=self._home,
                env=self._environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def wait_until_ready(self, *, seconds: float = 120) -> None:
        """Wait until /healthz answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            try:
                if httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the studio did not start:\n{self.log()}")

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop, as a supervisor would. Returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=30)

    def log(self) -> str:
        """What it printed."""
        return (self._home / "process.log").read_text(errors="replace")[-4000:]

    def jobs(self) -> list[Mapping[str, object]]:
        """All jobs, by its own route."""
        return httpx.get(f"{self.url}/studio/jobs?limit=200", timeout=10).json()["items"]

"""Given to every test: the net is off, the environment is clean, the home is a temporary folder."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from services.settings import Settings
from tests import ROOT
from tests.rig import ports, postgres
from tests.rig.offline import sitecustomize as offline
from tests.rig.shared import shared_folder

NOWHERE = "http://127.0.0.1:9"

# A busy machine is no failure: how long an example takes is not what these tests are about. The same values each time:
# what fails fails for everybody. HYPOTHESIS=explore looks further.
hypothesis.settings.register_profile("studio", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("same", parent=hypothesis.settings.get_profile("studio"), derandomize=True)
hypothesis.settings.load_profile("studio" if os.environ.get("HYPOTHESIS") == "explore" else "same")


def pytest_configure(config: pytest.Config) -> None:
    """Switch the net off for what tests start: Python obeys PYTHONPATH, whatever asks for a proxy is sent nowhere.

    Not in the process that only shares the tests out: those that run them would find no way to install anything.
    """
    shared_folder()
    gc.set_threshold(20_000, 20, 20)  # thousands of tests in one process: looking for garbage took an eighth of a run
    if config.option.dist != "no" and not hasattr(config, "workerinput"):
        return
    os.environ.update(
        PYTHONPATH=os.pathsep.join(
            filter(None, [str(ROOT / "tests/rig/offline"), str(ROOT), os.environ.get("PYTHONPATH")])
        ),
        PYTHONDONTWRITEBYTECODE="1",
        HTTP_PROXY=NOWHERE,
        HTTPS_PROXY=NOWHERE,
        http_proxy=NOWHERE,
        https_proxy=NOWHERE,
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
        GRADIO_ANALYTICS_ENABLED="False",
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        STUDIO_ENV_FILE=os.devnull,  # a developer's own key may lie beside app.py
    )


_DEMO = ("tests/browser/test_forms.py", "tests/browser/test_journeys.py")
"""The files with a browser whose tests share the studio in demo mode."""


class _TwoBrowsers(LoadFileScheduling):
    """Shares files out to the processes of a run, those with a browser to two of them: more crowd each other out."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if not file.startswith("tests/browser/"):
            return file
        return "the demo studio in a browser" if file in _DEMO else "the others in a browser"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _TwoBrowsers:
    """How pytest-xdist asks for it."""
    return _TwoBrowsers(config, log)


@pytest.fixture(autouse=True)
def _no_net() -> Iterator[None]:
    """Fails a test that tried to reach the net, even where the code under test swallowed the refusal."""
    offline.attempts.clear()
    yield
    assert not offline.attempts, f"this test tried to reach {offline.attempts}"


@pytest.fixture(scope="module", autouse=True)
def _forgotten_apps() -> Iterator[None]:
    """FastAPI remembers each function that it looked at, and with it a whole studio that was built for a test."""
    yield
    models = sys.modules.get("fastapi.dependencies.models")
    for remembered in vars(models).values() if models else ():
        if callable(clear := getattr(remembered, "cache_clear", None)):
            clear()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The studio's home of this test; STUDIO_HOME says the same."""
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _clean_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test, and nothing is written into the home of who runs it."""
    for name in list(os.environ):
        if name.startswith(("STUDIO_", "DASHSCOPE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("STUDIO_HOME", str(home))
    monkeypatch.setenv("STUDIO_ENV_FILE", os.devnull)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture
def free_port() -> int:
    """A TCP port of this machine that nothing listens on."""
    return ports.free_port()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database, shared by the run: use a schema or rows of your own."""
    with postgres.cluster() as url:
        yield url

"""Finds Chromium, installs it where it is missing, and starts it so that it reaches this machine only."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.rig.install import Missing, apt_get, one_at_a_time, run_installer

SHELL = "chromium-headless-shell"
"""Chromium without its own windows: the same pages for half of the work."""
NAMES = (SHELL, "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN = Path("/usr/lib/chromium")
PLAYWRIGHT_INSTALL = [sys.executable, "-m", "playwright", "install", "chromium"]
LAUNCH_ARGUMENTS = [
    "--no-sandbox",  # root has none, and only our own page is opened
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@one_at_a_time()
def find_or_install() -> Path:
    """The Chromium to test with. Raises Missing, with what to do, where there is none and none can be installed."""
    found = _on_path() or _of_playwright()
    if found:
        return found
    with suppress(Missing):
        apt_get(SHELL)
    found = _on_path()
    if not found:
        run_installer(PLAYWRIGHT_INSTALL, otherwise="python -m playwright install --with-deps chromium")
        found = _of_playwright()
    if not found:
        raise Missing(f"The browser tests need Chromium. Install it (`apt-get install {SHELL}`) and run them again.")
    return found


def _on_path() -> Path | None:
    found = next((Path(found) for name in NAMES if (found := shutil.which(name))), None)
    if found is None:
        return None
    # Debian's own command is a script that looks around for a second and adds extensions; no test is about those.
    program = DEBIAN / found.name
    return program if program.exists() else found


def _of_playwright() -> Path | None:
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None

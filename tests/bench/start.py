"""Start-up and first page: the studio in demo mode against a Gradio page with nothing but a button."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.bench.figures import Table, shown, spread
from tests.bench.processes import ROOT, Program, program, wait_for
from tests.rig.chromium import LAUNCH_ARGUMENTS, find_or_install
from tests.rig.ports import free_port

_APPS = ("studio", "empty app")
_SEEN = """
const look = () => {
  const seen = [...document.querySelectorAll("button")].some((button) => button.textContent.includes("Generate")
    && button.getClientRects().length > 0 && getComputedStyle(button).visibility === "visible");
  if (seen) window.generateSeen = performance.now(); else requestAnimationFrame(look);
};
look();
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int = 5
    late_seconds: float = 1.5
    """How long after Generate is seen the page may still be fetching what it needs."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A page opened in a browser."""

    seconds: float
    """From the begin of the navigation until Generate can be seen."""
    kilobytes: float
    """As they came over the wire."""
    requests: int


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start of an app, and the page opened twice by a browser that had never been there."""

    healthy: float
    """Seconds from the start of the process to the first 200 of /healthz."""
    page: float
    """Seconds from the start of the process to the first 200 of /."""
    first: Visit
    again: Visit


def compare(plan: Plan, home: Path) -> list[Table]:
    """All starts, one app after the other in turn."""
    starts: dict[str, list[Start]] = {app: [] for app in _APPS}
    chromium = find_or_install()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=LAUNCH_ARGUMENTS)
        try:
            for number in range(plan.rounds):
                for app in _APPS if number % 2 == 0 else _APPS[::-1]:
                    starts[app].append(_start(app, browser, home / f"{app.split()[0]}-{number}", plan=plan))
        finally:
            browser.close()
    return [_table(starts, plan)]


def _start(app: str, browser: Browser, home: Path, *, plan: Plan) -> Start:
    port = free_port()
    began = time.perf_counter()
    with _running(app, port, home) as running:
        url = f"http://127.0.0.1:{port}"
        healthy = wait_for(f"{url}/healthz", running) - began
        page = wait_for(f"{url}/", running) - began
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        try:
            context.add_init_script(_SEEN)
            first, again = (_visit(context, url, late_seconds=plan.late_seconds) for _ in range(2))
        finally:
            context.close()
    return Start(healthy=healthy, page=page, first=first, again=again)


@contextmanager
def _running(app: str, port: int, home: Path) -> Iterator[Program]:
    if app == "studio":
        command, more = [str(ROOT / "app.py")], {"STUDIO_PORT": str(port), "STUDIO_DEMO": "true"}
    else:
        command, more = ["-m", "tests.bench.blank_app", str(port)], {}
    with program(*command, home=home, GRADIO_TEMP_DIR=str(home / "uploads"), **more) as running:
        yield running


def _visit(context: BrowserContext, url: str, *, late_seconds: float) -> Visit:
    sizes: list[float] = []
    asked: list[str] = []
    page = context.new_page()
    try:
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        wire.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
        page.goto(url, wait_until="commit")
        page.wait_for_function("window.generateSeen !== undefined", timeout=60_000)
        seen = page.evaluate("window.generateSeen")
        page.wait_for_timeout(late_seconds * 1000)
    finally:
        page.close()
    outside = [address for address in asked if address.startswith("http")]
    return Visit(seconds=seen / 1000, kilobytes=sum(sizes) / 1000, requests=len(outside))


def _table(starts: dict[str, list[Start]], plan: Plan) -> Table:
    rows = [
        _row("process start to /healthz (s)", [[s.healthy for s in starts[app]] for app in _APPS]),
        _row("process start to / (s)", [[s.page for s in starts[app]] for app in _APPS]),
    ]
    for visit, name in (("first", "first page"), ("again", "page again")):
        for each in fields(Visit):
            label = {"seconds": "Generate seen (s)", "kilobytes": "kB", "requests": "requests"}[each.name]
            values = [[getattr(getattr(s, visit), each.name) for s in starts[app]] for app in _APPS]
            rows.append(_row(f"{name}: {label}", values))
    return Table(
        title="Start-up and first page",
        columns=("", *_APPS, "ratio"),
        rows=tuple(rows),
        notes=(
            f"Median (range) of {plan.rounds} starts each, in turn. The empty app is `gr.Blocks()` with one button",
            "that says Generate, mounted on FastAPI with gzip as the studio is. The studio is in demo mode, with MCP.",
        ),
        raw={app: [asdict(start) for start in starts[app]] for app in _APPS},
    )


def _row(name: str, values: Sequence[Sequence[float]]) -> tuple[str, ...]:
    own, empty = (spread(each) for each in values)
    ratio = shown(own.median / empty.median) if empty.median else "-"
    return (name, str(own), str(empty), ratio)

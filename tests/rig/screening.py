"""The page's own scripts and styles around told jobs: what is shown of a job, without a studio that makes it."""

from __future__ import annotations

import asyncio
import colorsys
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from PIL import Image, ImageDraw, ImageFilter

from components.script_data import shared_data
from tests import ROOT

ASSETS = ROOT / "assets"
STYLES = ("tokens", "theme", "elements", "results", "gallery", "viewer", "reuse", "trust")
Told = dict[str, Any]
LOOK_AGAIN = b"event: refresh\ndata: {}\n\n"

WORDS: Told = {
    **shared_data(),
    "demo": False,
    "families": {
        "pictures": {
            "label": "Images",
            "icon": "image",
            "invitation": "Say what you want to see.",
            "examples": ["A quiet harbour"],
        },
        "clips": {"label": "Reference to video", "icon": "film", "invitation": "Who plays a part?", "examples": []},
    },
    "models": {
        "painter": {"title": "Painter 1", "usual": [30, 60], "calls": {"images": {"image": "image {}"}}},
        "actor": {
            "title": "Actor 1",
            "usual": [60, 300],
            "calls": {"references": {"image": "character{}", "video": "character{}"}},
        },
    },
    "regions": {"singapore": "Singapore", "beijing": "Beijing", "frankfurt": "Frankfurt"},
    "fields": {
        "images": {"label": "Your pictures", "unit": "", "choices": {}},
        "references": {"label": "References", "unit": "", "choices": {}},
        "image": {"label": "Portrait", "unit": "", "choices": {}},
        "audio_file": {"label": "Voice", "unit": "", "choices": {}},
        "n": {"label": "How many", "unit": "", "choices": {}},
        "size": {"label": "Size", "unit": "", "choices": {}},
    },
}


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">STYLES
<style>
* { box-sizing: border-box }
body { margin: 0 }
.room { max-width: 1040px; margin: 24px auto; padding: 0 16px }
</style>
<script src="/studio/static/js/core/early.js"></script>
<script type="application/json" id="studio-words">WORDS</script>
<body class="gradio-container"><main class="studio-element">PART<studio-viewer></studio-viewer>
<studio-reuse></studio-reuse></main>
<script type="module">
import "/studio/static/js/results/stage.js";
import "/studio/static/js/gallery/gallery.js";
import "/studio/static/js/viewer/viewer.js";
import "/studio/static/js/reuse/reuse.js";
import "/studio/static/js/settings/keys.js";
import "/studio/static/js/settings/spend.js";
import "/studio/static/js/settings/admin.js";
window.told = [];
const trigger = (name, data) => window.told.push([name, data]);
const upload = async (file) => ({ path: `/uploads/${file.name}` });
for (const tag of ["studio-viewer", "studio-reuse", "studio-keys"]) {
  document.querySelector(tag)?.bind({ props: { offer: OFFER }, watch() {}, trigger, upload });
}
</script>"""
"""What Gradio does for our elements, done by hand."""


def screen(words: Told, *, show: str, family: str, offer: str = "{}") -> HTMLResponse:
    """A page with one of our elements and the viewer. `show` is stage, gallery, keys, spend or admin."""
    parts = {
        "stage": f'<div class="room"><studio-stage family="{family}"></studio-stage></div>',
        "gallery": '<div id="tab-gallery"><studio-gallery></studio-gallery></div>',
        "keys": '<div class="room settings settings-keys"><studio-keys></studio-keys></div>',
        "spend": '<div class="room"><studio-spend></studio-spend></div>',
        "admin": '<div class="room"><studio-admin></studio-admin></div>',
    }
    styles = "".join(f'<link rel="stylesheet" href="/studio/static/css/{name}.css">' for name in STYLES)
    told = json.dumps(words).replace("<", "\\u003c")
    page = PAGE.replace("STYLES", styles).replace("WORDS", told).replace("PART", parts[show])
    return HTMLResponse(page.replace("OFFER", offer))


def job(number: int, **more: Any) -> Told:  # Any: a JobView's members
    """A finished job, as the studio tells it."""
    minute = f"2026-11-22T10:{number % 60:02}"
    base: Told = {
        "id": f"job-{number}",
        "sequence": number,
        "family": "pictures",
        "model": "painter",
        "model_title": "Painter 1",
        "region": "singapore",
        "status": "succeeded",
        "prompt": f"A harbour in the morning, number {number}",
        "rewritten_prompt": None,
        "parameters": {},
        "inputs": [],
        "created_at": f"{minute}:00.000Z",
        "submitted_at": None,
        "running_at": None,
        "finished_at": f"{minute}:42.000Z",
        "updated_at": f"{minute}:42.000Z",
        "task_id": "task-1",
        "request_id": "request-1",
        "error": None,
        "cost": {"estimated": 0.12, "actual": 0.12, "currency": "USD", "at_most": False},
        "outputs": [],
        "demo": False,
        "cancelable": False,
        "cancel_requested": False,
        "attention": None,
        "remark": None,
        "article": None,
    }
    return base | more


def picture(name: str, *, width: int = 1280, height: int = 1280) -> Told:
    """A picture that was made."""
    url = f"/studio/files/{name}"
    return {
        "id": name,
        "kind": "image",
        "url": url,
        "thumbnail_url": f"{url}/thumbnail",
        "poster_url": f"{url}/poster",
        "width": width,
        "height": height,
        "seconds": None,
        "bytes": 1_400_000,
    }


def article_file(name: str) -> Told:
    """The file that an article was kept in."""
    plain = dict.fromkeys(("thumbnail_url", "poster_url", "width", "height", "seconds"))
    return {"id": name, "kind": "article", "url": f"/studio/files/{name}", "bytes": 900, **plain}


def given(field_name: str, kind: str, name: str, *, position: int = 0, thumbnail: bool = True) -> Told:
    """A file that was given."""
    url = f"/studio/files/{name}"
    thumb = f"{url}/thumbnail" if thumbnail else None
    return {"field": field_name, "kind": kind, "name": name, "url": url, "thumbnail_url": thumb, "position": position}


def region(name: str, **more: object) -> Told:
    """What is told of a region's key."""
    base: Told = {"region": name, "label": name.title(), "found": False, "added": False, "hint": "", "shared": True}
    return base | {"address": "https://vendor.example", "default": False, **more}


@dataclass
class Screening:
    """The jobs that are told, and who asked for what. Serve `app`; open `/?show=stage`."""

    words: Told = field(default_factory=lambda: json.loads(json.dumps(WORDS)))
    jobs: dict[str, Told] = field(default_factory=dict)
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    """The paths of every file that a page asked for."""
    keys: Told = field(default_factory=lambda: {"demo": False, "regions": []})
    answers: dict[str, Told] = field(default_factory=dict)
    """What testing or adding a key answers, by path."""
    posted: list[tuple[str, Told]] = field(default_factory=list)
    _watching: set[asyncio.Queue[bytes]] = field(default_factory=set)

    def tell(self, told: Told) -> None:
        """A job as it now stands: to whoever asks, and to whoever watches."""
        self.jobs[told["id"]] = told
        for queue in self._watching:
            queue.put_nowait(f"event: job\ndata: {json.dumps(told)}\n\n".encode())

    async def until_watched(self) -> None:
        """Wait for a page that listens."""
        async with asyncio.timeout(20):
            while not self._watching:
                await asyncio.sleep(0.02)

    def have_fetched_again(self) -> None:
        """Tell whoever watches that news may have been missed, as after a break."""
        for queue in self._watching:
            queue.put_nowait(LOOK_AGAIN)

    @property
    def app(self) -> FastAPI:
        """The application."""
        app = FastAPI()
        app.mount("/studio/static", StaticFiles(directory=ASSETS))
        app.add_api_route("/", self._page)
        app.add_api_route("/studio/jobs", self._jobs)
        app.add_api_route("/studio/jobs/{job_id}", lambda job_id: self.jobs[job_id])
        app.add_api_route("/studio/summary", lambda: {"demo": False, "region_label": "Singapore", "spent_today": []})
        app.add_api_route("/studio/events", self._events)
        app.add_api_route("/studio/files/{name}", self._file)
        app.add_api_route("/studio/files/{name}/{size}", self._file)
        app.add_api_route("/studio/keys", lambda: self.keys)
        app.add_api_route("/studio/keys/{rest:path}", self._post, methods=["POST"])
        return app

    def _page(self, show: str = "stage", family: str = "pictures", offer: str = "{}") -> HTMLResponse:
        return screen(self.words, show=show, family=family, offer=offer)

    def _jobs(self, family: str = "", status: str = "", limit: int = 60) -> Told:
        found = [one for one in self.jobs.values() if family in ("", one["family"]) and status in ("", one["status"])]
        newest = sorted(found, key=lambda one: one["created_at"], reverse=True)
        return {"items": newest[:limit], "next_cursor": None}

    def _file(self, request: Request, name: str, size: str = "") -> Response:
        self.fetched.append(request.url.path)
        content, mime = self.files.get(name) or (
            drawn(name, {"thumbnail": 400, "poster": 1280}.get(size, 1280)),
            "image/jpeg",
        )
        return Response(content, media_type=mime)

    async def _post(self, request: Request) -> Response:
        self.posted.append((request.url.path, await request.json()))
        answer = self.answers[request.url.path]
        if answer.get("works") and (state := answer.get("then")):
            self.keys = state
        return JSONResponse({name: value for name, value in answer.items() if name != "then"})

    async def _events(self) -> StreamingResponse:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._watching.add(queue)
        try:
            yield LOOK_AGAIN
            while True:
                yield await queue.get()
        finally:
            self._watching.discard(queue)


def drawn(name: str, side: int) -> bytes:
    """A picture that looks like one: a sky, a sun and a sea in the name's own colours. `1x2` in a name is its shape."""
    seed = sum(map(ord, name)) * 37 % 360 / 360
    width, height = (
        (side, side * 9 // 16) if "wide" in name else (side * 3 // 4, side) if "tall" in name else (side, side)
    )
    sky, sea, sun = (_colour(seed, 0.35, 0.92), _colour(seed + 0.52, 0.6, 0.35), _colour(seed + 0.08, 0.75, 0.98))
    small = Image.new("RGB", (64, 64 * height // width or 1))
    pen = ImageDraw.Draw(small)
    for row in range(small.height):
        share = row / small.height
        low, high = (sky, sun) if share < 0.6 else (sea, (12, 18, 26))
        part = share / 0.6 if share < 0.6 else (share - 0.6) / 0.4
        pen.line([(0, row), (64, row)], fill=tuple(int(a + (b - a) * part) for a, b in zip(low, high, strict=True)))
    place = 12 + int(seed * 34)
    pen.ellipse([place, small.height * 0.32, place + 14, small.height * 0.32 + 14], fill=sun)
    large = small.resize((width, height), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(side / 300))
    kept = io.BytesIO()
    large.save(kept, "JPEG", quality=86)
    return kept.getvalue()


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)

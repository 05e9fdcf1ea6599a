"""The comparison without a studio: told jobs, clips of a moving counter with Range, and a place for what is posted."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from tests.rig.screening import ASSETS, WORDS, Told, drawn, job

STYLES = ("tokens", "theme", "elements", "results", "compare")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">STYLES
<style>* { box-sizing: border-box } body { margin: 0 }</style>
<script src="/studio/static/js/core/early.js"></script>
<script type="application/json" id="studio-words">WORDS</script>
<body class="gradio-container"><main class="studio-element"><button id="opener">Compare</button></main>
<script type="module" src="/studio/static/js/compare/compare.js"></script>"""


def compare_page(words: Told) -> HTMLResponse:
    """A page that can open the comparison, and nothing else."""
    styles = "".join(f'<link rel="stylesheet" href="/studio/static/css/{name}.css">' for name in STYLES)
    told = json.dumps(words).replace("<", "\\u003c")
    return HTMLResponse(PAGE.replace("STYLES", styles).replace("WORDS", told))


@lru_cache(maxsize=32)
def counter(seconds: float, *, fps: int = 30, width: int = 160, height: int = 90) -> bytes:
    """A clip in which a bar moves on with every picture and squares tell the picture's number in binary."""
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"}))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        count = round(seconds * fps)
        for number in range(count):
            picture = np.full((height, width, 3), (24, 40, 60), dtype=np.uint8)
            picture[: height // 2, : max(1, width * number // count)] = (240, 140, 90)
            for bit in range(10):
                if number >> bit & 1:
                    picture[height * 2 // 3 :, bit * width // 10 : (bit + 1) * width // 10] = 255
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def film_of(name: str, *, seconds: float, width: int = 1280, height: int = 720) -> Told:
    """A clip that was made, as a job's output."""
    url = f"/studio/files/{name}"
    return {
        "id": name, "kind": "video", "url": url, "thumbnail_url": f"{url}/thumbnail", "poster_url": f"{url}/poster",
        "width": width, "height": height, "seconds": seconds, "bytes": 400_000,
    }  # fmt: skip


@dataclass
class Compared:
    """Jobs and clips that a test tells. Serve `app`."""

    folder: Path
    jobs: dict[str, Told] = field(default_factory=dict)
    posted: list[tuple[str, Told]] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    """Clips that do not come before their event is set."""
    gone: set[str] = field(default_factory=set)
    """Clips that are not there."""
    sheet: str = "<!doctype html><title>Sheet</title>"

    def tell(self, number: int, **more: object) -> str:
        """A job; its id."""
        told = job(number, **more)
        self.jobs[told["id"]] = told
        return told["id"]

    def clip(self, number: int, seconds: float, *, fps: int = 30, **more: object) -> str:
        """A job that made a clip of a moving counter; its id."""
        name = f"clip{number}"
        (self.folder / f"{name}.mp4").write_bytes(counter(seconds, fps=fps))
        return self.tell(number, family="clips", model="actor", model_title="Actor 1",
                         outputs=[film_of(name, seconds=seconds)], **more)  # fmt: skip

    @property
    def app(self) -> FastAPI:
        """The application."""
        app = FastAPI()
        app.mount("/studio/static", StaticFiles(directory=ASSETS))
        app.add_api_route("/", self._page)
        app.add_api_route("/studio/jobs/{job_id}", self._job)
        app.add_api_route("/studio/files/{name}", self._file)
        app.add_api_route("/studio/files/{name}/{size}", self._picture)
        app.add_api_route("/studio/events", lambda: Response(status_code=204))
        app.add_api_route("/studio/{what}", self._post, methods=["POST"])
        return app

    def _page(self) -> HTMLResponse:
        return compare_page(WORDS)

    def _job(self, job_id: str) -> Response:
        found = self.jobs.get(job_id)
        return JSONResponse(found or {"message": "There is no such job."}, status_code=200 if found else 404)

    async def _file(self, name: str) -> Response:
        if name in self.held:
            await self.held[name].wait()
        if name in self.gone:
            return JSONResponse({"message": "This file is not in the archive any more."}, status_code=404)
        path = self.folder / f"{name}.mp4"
        return FileResponse(path, media_type="video/mp4") if path.exists() else self._picture(name, "poster")

    def _picture(self, name: str, size: str) -> Response:
        return Response(drawn(name, {"thumbnail": 400}.get(size, 1280)), media_type="image/jpeg")

    async def _post(self, request: Request, what: str) -> Response:
        assert request.headers["x-studio"] == "1"
        self.posted.append((f"/studio/{what}", await request.json()))
        if what == "sheets":
            headers = {"Content-Disposition": 'attachment; filename="comparison.html"'}
            return HTMLResponse(self.sheet, headers=headers)
        return JSONResponse({"jobs": []})

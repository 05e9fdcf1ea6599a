"""What the simulator's tests share: a simulator on a free port with an artist without codecs, and sample files."""

from __future__ import annotations

import asyncio
import base64
import io
import math
import struct
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from services.catalogue import CATALOGUE, Catalogue
from services.simulator import Clip, Clock, Picture, Simulator, VirtualClock, serve

SYNTHESIS = "/services/aigc/video-generation/video-synthesis"
AT_ONCE = "/services/aigc/multimodal-generation/generation"
ASYNC = {"X-DashScope-Async": "enable"}


class StubArtist:
    """Writes a few bytes for every clip and picture and remembers what was ordered."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.pictures: list[Picture] = []

    async def film(self, clip: Clip, target: Path) -> None:
        """Write the bytes."""
        self.clips.append(clip)
        await asyncio.to_thread(target.write_bytes, bytes(range(256)) * 40)

    async def paint(self, picture: Picture, target: Path) -> None:
        """Write a picture of the right size in one colour."""
        self.pictures.append(picture)
        drawn = Image.new("RGB", (picture.width, picture.height), "teal")
        await asyncio.to_thread(drawn.save, target)

    async def close(self) -> None:
        """Nothing to stop."""


@dataclass(frozen=True)
class Desk:
    """A simulator that is being served and a client with a key."""

    simulator: Simulator
    origin: str
    http: httpx.AsyncClient
    artist: StubArtist

    @property
    def clock(self) -> VirtualClock:
        """The clock, where the test gave a virtual one."""
        assert isinstance(self.simulator.clock, VirtualClock)
        return self.simulator.clock

    async def create(
        self, body: Mapping[str, object], *, region: str = "", path: str = SYNTHESIS, **headers: str
    ) -> httpx.Response:
        """Send a create call."""
        prefix = f"/{region}" if region else ""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(f"{prefix}/api/v1{path}", json=body, headers={**ASYNC, **extra})

    async def task(self, body: Mapping[str, object], **more: str) -> str:
        """Create a task that must be taken; its id."""
        reply = await self.create(body, **more)
        assert reply.status_code == 200, reply.text
        return reply.json()["output"]["task_id"]

    async def query(self, task_id: str, *, region: str = "") -> dict[str, Any]:
        """The answer to one query."""
        prefix = f"/{region}" if region else ""
        reply = await self.http.get(f"{prefix}/api/v1/tasks/{task_id}")
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def status(self, task_id: str) -> str:
        """How a task stands."""
        return (await self.query(task_id))["output"]["task_status"]

    async def ended(self, task_id: str, *, region: str = "") -> dict[str, Any]:
        """The answer to the first query after the task's end."""
        for _ in range(2000):
            answer = await self.query(task_id, region=region)
            if answer["output"]["task_status"] not in {"PENDING", "RUNNING"}:
                return answer
            await asyncio.sleep(0.01)
        raise AssertionError(f"task {task_id} does not end")

    async def until(self, task_id: str, status: str) -> None:
        """Wait in real time, while a virtual clock stands still, until a task stands so."""
        for _ in range(500):
            if await self.status(task_id) == status:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"task {task_id} is {await self.status(task_id)}, not {status}")


@asynccontextmanager
async def desk(
    home: Path,
    *,
    catalogue: Catalogue = CATALOGUE,
    clock: Clock | None = None,
    key: str = "sk-test",
    **options: Any,
) -> AsyncIterator[Desk]:
    """A served simulator; fast and without limits where the options do not say otherwise."""
    artist = StubArtist()
    given: dict[str, Any] = {"artist": artist, "speed": 1000.0, "limits": False, "run_seconds": 10.0, **options}
    simulator = Simulator(catalogue, home=home, clock=clock, **given)
    async with (
        serve(simulator) as origin,
        httpx.AsyncClient(base_url=origin, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as http,
    ):
        yield Desk(simulator, origin, http, artist)


def words(model: str = "wan2.6-t2v", prompt: object = "a paper boat", **parameters: object) -> dict[str, object]:
    """The body of a text to video call."""
    return {"model": model, "input": {"prompt": prompt}, "parameters": parameters}


def picture(width: int = 640, height: int = 480, *, form: str = "PNG", mode: str = "RGB") -> bytes:
    """A picture file."""
    drawn = Image.linear_gradient("L").resize((width, height)).convert(mode)
    file = io.BytesIO()
    drawn.save(file, form)
    return file.getvalue()


def data_uri(content: bytes, mime: str = "image/png") -> str:
    """A file as a data URI."""
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def tone(seconds: float, *, rate: int = 8000) -> bytes:
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as track:
        track.setnchannels(1)
        track.setsampwidth(2)
        track.setframerate(rate)
        samples = (int(9000 * math.sin(n / 6)) for n in range(int(seconds * rate)))
        track.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return file.getvalue()


async def upload(desk: Desk, content: bytes, *, model: str, name: str = "file.bin", **changes: str) -> httpx.Response:
    """Upload a file as the documents say; `changes` replace members of the form."""
    policy = (await desk.http.get("/api/v1/uploads", params={"action": "getPolicy", "model": model})).json()["data"]
    form = {
        "OSSAccessKeyId": policy["oss_access_key_id"],
        "Signature": policy["signature"],
        "policy": policy["policy"],
        "x-oss-object-acl": policy["x_oss_object_acl"],
        "x-oss-forbid-overwrite": policy["x_oss_forbid_overwrite"],
        "key": f"{policy['upload_dir']}/{name}",
        "success_action_status": "200",
    } | changes
    async with httpx.AsyncClient(trust_env=False) as storage:
        reply = await storage.post(policy["upload_host"], data=form, files={"file": (name, content)})
    reply.extensions["key"] = form["key"]
    return reply

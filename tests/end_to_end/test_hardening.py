"""What a stranger may not do: read this machine's files, see other sites' secrets, run their own script."""

from __future__ import annotations

import asyncio
import html
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from app import create_app
from tests.rig.calling import called
from tests.rig.served import served
from tests.rig.studio import ENDED, KEY, settings_for, simulated

SECRET_FILE = "/etc/passwd"
FORGERIES = (
    SECRET_FILE,
    {"path": SECRET_FILE},
    {"path": SECRET_FILE, "meta": {"_type": "gradio.FileData"}},
    {"path": SECRET_FILE, "url": "http://127.0.0.1/x", "meta": {"_type": "gradio.FileData"}},
    {"path": "../../../../etc/passwd", "meta": {"_type": "gradio.FileData"}},
    [{"path": SECRET_FILE, "meta": {"_type": "gradio.FileData"}}],
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one studio for all attacks of this file."""
    folder = tmp_path_factory.mktemp("hardening")
    async with simulated(folder / "vendor") as (_simulator, url):
        settings = settings_for(folder / "home", url, studio_poll_seconds=0.2)
        async with (
            served(create_app(settings)) as origin,
            httpx.AsyncClient(base_url=origin, timeout=60, limits=httpx.Limits(max_keepalive_connections=0)) as http,
        ):
            yield http


async def listen(client: httpx.AsyncClient, dependency: dict[str, object], data: list[object]) -> str:
    """Call a listener of the page by its number, private or not, and give everything it answers."""
    session = secrets.token_hex(4)
    joined = await client.post(
        "/gradio_api/queue/join",
        json={"data": data, "fn_index": dependency["id"], "session_hash": session, "event_data": None},
    )
    if joined.status_code != 200:
        return joined.text
    told = ""
    async with client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
        async for line in stream.aiter_lines():
            told += line
            if "process_completed" in line or "close_stream" in line or "unexpected_error" in line:
                break
    return told


async def test_no_endpoint_that_takes_a_file_reads_this_machine(client: httpx.AsyncClient) -> None:
    config = (await client.get("/config")).json()
    kinds = {component["id"]: component for component in config["components"]}
    takes_files = ("image", "audio", "video", "file", "api", "uploadbutton", "gallery")
    attempts: list[tuple[dict[str, object], list[object]]] = []
    tried: set[tuple[str, str, bool]] = set()
    for number, dependency in enumerate(config["dependencies"]):
        components = [kinds[number] for number in dependency["inputs"]]
        # One of each kind: what is asked of the others is the same code once more.
        places = {(c["type"], str(c.get("api_info"))): place for place, c in enumerate(components)}
        for (kind, shape), place in places.items():
            if kind not in takes_files:
                continue
            known = (kind, shape, dependency["api_visibility"] == "public")
            # Every forgery at the first listener of a kind, one at each of the others, in turn.
            forgeries = (FORGERIES[number % len(FORGERIES)],) if known in tried else FORGERIES
            tried.add(known)
            for forgery in forgeries:
                data: list[object] = [None if c["type"] in takes_files else c["props"].get("value") for c in components]
                data[place] = forgery
                attempts.append((dependency, data))
    assert len(attempts) >= 2 * len(FORGERIES)
    for start in range(0, len(attempts), 4):
        some = attempts[start : start + 4]
        for told in await asyncio.gather(*(listen(client, *attempt) for attempt in some)):
            assert "root:" not in told
    kept = [path for path in (Path(str(p)) for p in _all_files(client)) if b"root:x:0" in path.read_bytes()]
    assert kept == []
    # "/etc/passwd" is a fine prompt; a job that was made with the file would have it among its inputs.
    assert [job["inputs"] for job in (await client.get("/studio/jobs")).json()["items"] if job["inputs"]] == []


def _all_files(client: httpx.AsyncClient) -> list[Path]:
    import os

    return [path for path in Path(os.environ["STUDIO_HOME"]).rglob("*") if path.is_file()]


async def test_a_named_endpoint_refuses_a_path_it_did_not_hand_out(client: httpx.AsyncClient) -> None:
    for forgery in FORGERIES:
        told = await called(client, "image_to_video", image=forgery, prompt="x")
        assert "event: error" in told
        assert "root:" not in told


async def test_request_headers_are_never_sent_back(client: httpx.AsyncClient, tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    Image.new("RGB", (400, 400), "red").save(picture)
    with picture.open("rb") as handle:
        uploaded = (await client.post("/gradio_api/upload", files={"files": handle})).json()[0]
    reply = await client.get(
        f"/gradio_api/file={uploaded}",
        headers={"Range": "bytes=0-1", "Cookie": "session=SECRET", "Authorization": "Bearer SECRET"},
    )
    assert reply.status_code == 206
    assert "SECRET" not in str(reply.headers)


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/", "/healthz", "/studio/jobs", "/studio/static/css/tokens.css", "/nothing/here"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert "object-src 'none'" in headers["content-security-policy"]


async def test_other_sites_are_kept_out(client: httpx.AsyncClient) -> None:
    evil = {"Origin": "https://evil.example"}
    reply = await client.get("/studio/jobs", headers=evil)
    assert "access-control-allow-origin" not in reply.headers
    assert (await client.get("/", headers={**evil, "Host": "studio.example"})).headers.get(
        "access-control-allow-origin"
    ) is None
    for path in ("/gradio_api/queue/join", "/gradio_api/upload", "/studio/jobs/x/cancel", "/gradio_api/run/get_job"):
        assert (await client.post(path, headers=evil, json={})).status_code == 403
    assert (await client.post("/studio/jobs/x/cancel")).status_code == 409  # a plain form has no such header


async def test_the_studio_fetches_no_address_for_others(client: httpx.AsyncClient) -> None:
    for address in ("http://127.0.0.1:9/x", "https://example.com/x"):
        assert (await client.get(f"/gradio_api/file={address}")).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/file=/etc/passwd", "/studio/files/../../etc/passwd", "/studio/files/%2e%2e%2fstudio.db",
     "/studio/static/..%2f..%2fapp.py", "/studio/static/../../app.py", "/studio/files/x/../../studio.db"],
)  # fmt: skip
async def test_no_path_leads_out_of_the_folders(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path)
    assert reply.status_code in (403, 404, 422)
    assert "root:" not in reply.text


async def test_hostile_words_and_names_never_become_markup(client: httpx.AsyncClient, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>${alert(1)}{{alert(1)}}</script><script>alert(1)</script>"
    await called(client, "text_to_video", prompt=hostile, model="wan2.6-t2v", duration=2)
    items: list[dict[str, object]] = []
    while not items or items[0]["status"] not in ENDED:
        await asyncio.sleep(0.1)
        items = (await client.get("/studio/jobs")).json()["items"]
    assert items[0]["prompt"] == hostile  # kept as written, and JSON wherever it goes
    page = (await client.get("/")).text
    assert hostile not in page
    assert hostile not in html.unescape(page)


async def test_the_key_is_in_nothing_that_can_be_asked_for(client: httpx.AsyncClient) -> None:
    paths = [
        "/",
        "/config",
        "/healthz",
        "/studio/summary",
        "/studio/jobs",
        "/gradio_api/info",
        "/gradio_api/mcp/schema",
    ]
    for path in paths:
        assert KEY not in (await client.get(path)).text
    for script in re.findall(r'src="(/studio/static/[^"]+)"', (await client.get("/")).text):
        assert KEY not in (await client.get(script)).text


async def test_parent_documentation_is_not_public(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert '"openapi"' not in (await client.get(path)).text

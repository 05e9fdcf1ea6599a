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
from tests.rig.clips import Clip, film, write
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


@pytest.mark.parametrize("everywhere", [False, pytest.param(True, marks=pytest.mark.proof)])
async def test_no_endpoint_that_takes_a_file_reads_this_machine(client: httpx.AsyncClient, everywhere: bool) -> None:
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
            # Every forgery at the first listener of a kind; as a proof one at each of the others, too, in turn.
            if known in tried and not everywhere:
                continue
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


async def test_no_chooser_of_files_reads_this_machine(client: httpx.AsyncClient, tmp_path: Path) -> None:
    picture = tmp_path / "private.png"
    Image.new("RGB", (1234, 777), "red").save(picture)
    clip = write(tmp_path, "private.mp4", film(Clip(width=1234, height=778)))
    config = (await client.get("/config")).json()
    kinds = {component["id"]: component for component in config["components"]}
    choosers = {number for number, each in kinds.items() if "<studio-files" in str(each["props"].get("html_template"))}
    tried = 0
    for dependency in config["dependencies"]:
        if not {event for _, event in dependency["targets"]} & {"click", "change"}:
            continue
        names = [str(kinds[number]["props"].get("elem_id", "")) for number in dependency["inputs"]]
        data: list[object] = [kinds[number]["props"].get("value") for number in dependency["inputs"]]
        for place, name in enumerate(names):
            if name.endswith(("-prompt", "-foot")):
                data[place] = "a fox and character1" if name.endswith("-prompt") else {"ready": True}
        for place, number in enumerate(dependency["inputs"]):
            for path in (picture, clip) if number in choosers else ():
                told = await listen(client, dependency, [*data[:place], [str(path)], *data[place + 1 :]])
                assert "1234 " not in told, names[place]
                assert "process_completed" in told or "is_valid" in told
                tried += 1
    assert tried > 2 * len(choosers)
    assert [job["inputs"] for job in (await client.get("/studio/jobs")).json()["items"] if job["inputs"]] == []


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
    for host in ("studio.example", "localhost"):
        page = await client.get("/", headers={**evil, "Host": host})
        assert "access-control-allow-origin" not in page.headers
    for path in ("/gradio_api/queue/join", "/gradio_api/upload", "/studio/jobs/x/cancel", "/gradio_api/run/get_job"):
        assert (await client.post(path, headers=evil, json={})).status_code == 403
    assert (await client.post("/studio/jobs/x/cancel")).status_code == 409  # a plain form has no such header


async def test_the_studio_fetches_no_address_for_others(client: httpx.AsyncClient) -> None:
    for address in ("http://127.0.0.1:9/x", "https://example.com/x"):
        assert (await client.get(f"/gradio_api/file={address}")).status_code == 403


async def test_a_page_whose_name_was_made_to_point_here_is_refused(client: httpx.AsyncClient) -> None:
    port = client.base_url.port
    for name in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "[::", "127.0.0.1@evil.example"):
        for path in ("/", "/studio/jobs", "/gradio_api/info"):
            refused = await client.get(path, headers={"Host": name})
            assert (refused.status_code, refused.headers["x-content-type-options"]) == (403, "nosniff")
        same = {"Host": name, "Origin": f"http://{name}", "X-Studio": "1"}
        for path in ("/studio/jobs/x/cancel", "/gradio_api/call/get_job", "/gradio_api/mcp/"):
            assert (await client.post(path, headers=same, json={"data": ["x"]})).status_code == 403
    for name in (
        "localhost",
        f"localhost:{port}",
        "127.0.0.1",
        "[::1]:7860",
        "LOCALHOST",
        "192.168.1.7:7860",
        "a-desk",
    ):
        assert (await client.get("/studio/jobs", headers={"Host": name})).status_code == 200


@pytest.mark.parametrize(
    ("path", "megabytes"),
    [("/gradio_api/call/get_job", 33), ("/gradio_api/queue/join", 33), ("/gradio_api/upload", 1_200)],
)
async def test_nobody_brings_more_than_can_be_meant(client: httpx.AsyncClient, path: str, megabytes: int) -> None:
    async def coming() -> AsyncIterator[bytes]:
        yield b'{"data": ["'
        for _ in range(megabytes):
            yield b"x" * (1 << 20)
        yield b'"]}'

    assert b" 413 " in await _announced(client, path, bytes_to_come=megabytes << 20)
    if megabytes < 100:
        reply = await client.post(path, content=coming(), headers={"Content-Type": "application/json"})
        assert reply.status_code == 400
    assert (await client.get("/healthz")).status_code == 200


async def _announced(client: httpx.AsyncClient, path: str, *, bytes_to_come: int) -> bytes:
    """How an answer begins to a request that says how much it will bring, and brings nothing yet."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {bytes_to_come}\r\n\r\n"
    writer.write(head.encode())
    told = await reader.readline()
    writer.close()
    return told


async def test_a_tool_is_called_here_and_not_where_its_caller_says(client: httpx.AsyncClient) -> None:
    brought: list[bytes] = []

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        brought.append(await reader.read(1000))
        writer.close()

    stranger = await asyncio.start_server(listening, "127.0.0.1", 0)
    address = f"127.0.0.1:{stranger.sockets[0].getsockname()[1]}"
    async with stranger:
        for named in (
            {"Host": address},
            {"X-Forwarded-Host": address},
            {"Host": address, "Origin": f"http://{address}"},
        ):
            assert "no such job" in await tool(client, "get_job", {"job_id": "x"}, **named)
    assert brought == []


async def tool(client: httpx.AsyncClient, name: str, arguments: dict[str, object], **headers: str) -> str:
    """Call an MCP tool and give the text of its answer."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    accepted = {"Accept": "application/json, text/event-stream"}
    return (await client.post("/gradio_api/mcp/", json=call, headers={**accepted, **headers})).text


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


async def test_no_sign_that_cannot_be_stored_breaks_a_route(client: httpx.AsyncClient) -> None:
    page = {"X-Studio": "1", "Content-Type": "application/json"}
    for sign in ("\\u0000", "\\ud83d", "x" * 3000):
        name = f'"a{sign}"'
        for path, body in {
            "shelf": f'{{"jobs": [{name}], "add_tags": ["a"]}}',
            "bin": f'{{"jobs": [{name}]}}',
            "bin/restore": f'{{"jobs": [{name}]}}',
            "bin/empty": f'{{"jobs": [{name}]}}',
            "exports": f'{{"jobs": [{name}], "query": {name}, "collection": {name}}}',
            "sheets": f'{{"jobs": [{name}], "title": {name}}}',
            "collections": f'{{"name": {name}}}',
            "estimate": f'{{"steps": [{{"model": {name}, "values": {{{name}: {name}}}}}]}}',
        }.items():
            reply = await client.post(f"/studio/{path}", content=body, headers=page)
            assert reply.status_code < 500, (path, sign, reply.text)
        for endpoint, more in (("get_job", ""), ("list_jobs", f", {name}, null, null, 1")):
            data = f'{{"data": [{name}{more}]}}'
            call = await client.post(f"/gradio_api/call/{endpoint}", content=data, headers=page)
            told = await client.get(f"/gradio_api/call/{endpoint}/{call.json()['event_id']}")
            assert '"error": null' not in told.text
    for path in ("jobs/%00", "files/%00", "files/%00/frame", "jobs/%00/relatives", f"changes?since={10**30}"):
        assert (await client.get(f"/studio/{path}")).status_code in (200, 404)


async def test_parent_documentation_is_not_public(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert '"openapi"' not in (await client.get(path)).text


async def test_nobody_is_told_how_often_each_endpoint_was_called(client: httpx.AsyncClient) -> None:
    for path in ("/monitoring", "/monitoring/summary", "/monitoring/x"):
        assert (await client.get(path)).status_code == 403

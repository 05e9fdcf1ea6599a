"""The document and the files of the page: as light as promised, sent once, and kept by the browser."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.types import Receive, Scope, Send

from app import create_app
from components.document import Document
from services.catalogue import CATALOGUE
from tests.rig.served import served
from tests.rig.studio import settings_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_BYTES = 350_000
MOST_PARTS = 380
MOST_LISTENERS = 70
MOST_TARGETS = 260
"""What the listeners listen to, all told: Gradio looks through all of it for each part."""
MOST_WAKES_A_SECOND = 150
"""Of the event loop. Gradio's queue alone would wake it some 700 times."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings_for(tmp_path_factory.mktemp("document"), "http://127.0.0.1:9/")
    async with served(create_app(settings)) as origin, httpx.AsyncClient(base_url=origin, timeout=60) as http:
        yield http


def config_in(document: str) -> dict[str, Any]:
    found = re.search(r"window\.gradio_config = (\{.*?\});</script>", document, re.S)
    assert found
    return json.loads(found[1])


async def test_the_document_is_light(client: httpx.AsyncClient) -> None:
    document = (await client.get("/")).text
    config = config_in(document)

    assert len(document.encode()) < MOST_BYTES
    assert len(config["components"]) < MOST_PARTS
    assert len(config["dependencies"]) < MOST_LISTENERS
    assert sum(len(listener["targets"]) for listener in config["dependencies"]) < MOST_TARGETS


async def test_the_page_does_not_carry_the_named_endpoints_which_are_all_there(client: httpx.AsyncClient) -> None:
    config = config_in((await client.get("/")).text)
    named = (await client.get("/gradio_api/info")).json()["named_endpoints"]
    tools = {tool["name"] for tool in (await client.get("/gradio_api/mcp/schema")).json()}

    assert "api" not in {part["type"] for part in config["components"]}
    assert {f"/{family.id}" for family in CATALOGUE.families} < set(named)
    assert {"/list_models", "/estimate", "/get_job", "/list_jobs"} < set(named)
    assert len(tools) == len(named)
    assert "Write what you see" not in str(named)  # the form's own words are not among them
    prompt = next(one for one in named["/text_to_video"]["parameters"] if one["parameter_name"] == "prompt")
    assert prompt["type"] == {"type": "string"}


@pytest.mark.parametrize("path", ["/endpoints", "/endpoints/"])
async def test_the_endpoints_have_no_page_of_their_own(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path)
    assert (reply.status_code, reply.headers["location"]) == (307, "/")


async def test_a_document_that_the_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/?__theme=dark")
    again = await client.get("/", headers={"If-None-Match": first.headers["etag"]})
    other = await client.get("/", headers={"If-None-Match": 'W/"000000000000000000000000"'})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (other.status_code, other.text) == (200, first.text)
    for reply in (first, again):
        assert "frame-ancestors 'self'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "br"), ("gzip, br;q=0", "gzip"), ("gzip;q=0.5", "gzip"), ("identity", None), ("", None)],
)
async def test_it_is_sent_in_a_coding_that_the_browser_takes(
    client: httpx.AsyncClient, accepted: str, coding: str | None
) -> None:
    for path in ("/", await script_of(client)):
        reply = await client.get(path, headers={"Accept-Encoding": accepted})
        assert reply.headers.get("content-encoding") == coding
        assert "Accept-Encoding" in reply.headers["vary"]
        assert reply.text == (await client.get(path)).text


async def test_each_address_of_the_studio_gets_a_document_for_it(client: httpx.AsyncClient) -> None:
    roots = {
        config_in((await client.get("/", headers=headers)).text)["root"]
        for headers in (
            {"Host": "studio"},
            {"Host": "studio:8080"},
            {"Host": "studio", "X-Forwarded-Host": "wan.test", "X-Forwarded-Proto": "https"},
        )
    }
    assert roots == {"http://studio", "http://studio:8080", "https://wan.test"}


async def test_the_head_is_in_the_document_and_asks_no_other_host(client: httpx.AsyncClient) -> None:
    head = (await client.get("/")).text.partition("</head>")[0]

    assert re.search(r'<link rel="stylesheet" href="/studio/static/\w{12}/css/studio\.css">', head)
    assert json.loads(re.findall(r'id="studio-words">(.*?)</script>', head)[0])["families"]
    assert not re.findall(r'<(?:script|link)[^>]+(?:src|href)="(?:https?:)?//', head)


async def script_of(client: httpx.AsyncClient) -> str:
    return re.findall(r'src="(/studio/static/\w{12}/js/studio\.js)"', (await client.get("/")).text)[0]


async def test_files_of_this_version_are_kept_for_good_and_others_are_asked_for_again(
    client: httpx.AsyncClient,
) -> None:
    script = await script_of(client)
    folder = script.removesuffix("/js/studio.js")
    for name in ("js/studio.js", "js/later.js", "css/studio.css", "css/spend.css", "icons/x.svg", "js/core/worker.js"):
        now, then = await client.get(f"{folder}/{name}"), await client.get(f"/studio/static/000000000000/{name}")
        assert now.status_code == 200
        assert now.headers["cache-control"] == "public, max-age=31536000, immutable"
        if name not in ("js/studio.js", "js/later.js", "css/studio.css"):  # joined at this version
            assert (then.status_code, then.content) == (200, now.content)
        assert "immutable" not in then.headers.get("cache-control", "")

    assert (await client.get(f"{folder}/js/nothing.js")).status_code == 404
    assert "immutable" not in (await client.get(f"{folder}/js/nothing.js")).headers.get("cache-control", "")
    assert (await client.get(f"{folder}/..%2f..%2fapp.py")).status_code == 404
    assert (await client.post(script)).status_code == 405
    assert (await client.head(script)).headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_page_from_before_an_update_gets_the_scripts_of_today(client: httpx.AsyncClient) -> None:
    today = await client.get((await script_of(client)).replace("studio.js", "later.js"))
    then = await client.get("/studio/static/000000000000/js/later.js")

    assert then.text == today.text
    assert then.headers["cache-control"] == "no-cache"


async def test_a_studio_that_has_nothing_to_do_seldom_wakes(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/healthz")).status_code == 200
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]  # of the loop that serves it
    select, woken = selector.select, []
    monkeypatch.setattr(selector, "select", lambda timeout=None: (woken.append(timeout), select(timeout))[1])

    await asyncio.sleep(2)

    assert 0 < len(woken) < 2 * MOST_WAKES_A_SECOND


@dataclass
class Gradio:
    """In the place of Gradio: it counts how often it writes a document."""

    status: int = 200
    written: int = 0
    seen: Mapping[str, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.written += 1
        self.seen = {name.decode(): value.decode() for name, value in scope["headers"]} | {
            "query": scope["query_string"].decode()
        }
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b"<head></head>", "more_body": True})
        await send({"type": "http.response.body", "body": b"<body>"})


def asking(gradio: Gradio) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Document(gradio, head="<title>Wan</title>"))
    return httpx.AsyncClient(transport=transport, base_url="http://studio")


async def test_gradio_writes_a_document_once_for_anybody() -> None:
    gradio = Gradio()
    async with asking(gradio) as client:
        replies = [await client.get(f"/?visit={visit}", headers={"Cookie": "session=1"}) for visit in range(5)]

    assert {reply.text for reply in replies} == {"<head><title>Wan</title></head><body>"}
    assert gradio.written == 1
    assert gradio.seen == {"host": "studio", "query": ""}


async def test_few_documents_are_kept_whatever_hosts_are_asked_for() -> None:
    gradio = Gradio()
    document = Document(gradio, head="")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=document), base_url="http://studio") as client:
        for number in range(40):
            await client.get("/", headers={"Host": f"name{number}"})
        await client.get("/", headers={"Host": "name39"})

    assert gradio.written == 40
    assert Counter(key[2] for key in document._kept) == Counter(f"name{number}" for number in range(24, 40))


async def test_what_is_no_page_is_passed_on_and_not_kept() -> None:
    gradio = Gradio(status=401)
    async with asking(gradio) as client:
        replies = [await client.get("/"), await client.get("/"), await client.post("/"), await client.get("/info")]

    assert [reply.status_code for reply in replies] == [401] * 4
    assert gradio.written == 6

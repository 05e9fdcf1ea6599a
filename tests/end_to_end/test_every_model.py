"""Every model through `gradio_client`, as another program would: click to file, and errors one can act on."""

from __future__ import annotations

import asyncio
import json
import time
from ast import literal_eval
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from av.container import InputContainer
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from app import create_app
from services.catalogue import CATALOGUE
from services.catalogue.schema import AudioLimit, FileField, ImageLimit, VideoLimit
from services.simulator import Answer, Route, Simulator
from services.simulator.api.record import shortened
from services.storage.inputs import paths_of
from tests.rig.given import Samples, SlowFilms, Values, Way, every_region, fillings, make_samples, unhurried, ways
from tests.rig.served import served
from tests.rig.studio import ENDED, ROOT, settings_for, simulated, studio_at, until

GOLDEN = {path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "tests/golden").glob("*.json")}


class Caller:
    """A program that uses the studio's API."""

    def __init__(self, url: str, simulator: Simulator, threads: ThreadPoolExecutor) -> None:
        self.url = url
        self._threads = threads
        self.simulator = simulator
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._lines = asyncio.Semaphore(4)  # gradio_client breaks off calls where many share its one stream

    async def call(self, name: str, **values: Any) -> Any:
        """One call of a named endpoint."""
        async with self._connecting:
            client = self._client or await self._aside(partial(Client, self.url, verbose=False))
            self._client = client
        async with self._lines:
            return await self._aside(partial(client.predict, **values, api_name=name))

    async def _aside(self, call: Callable[[], Any]) -> Any:
        """In threads of the caller's own: those of the loop are the studio's, which lives in this process, too."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def all_ended(self, *, seconds: float = 240) -> None:
        """Wait until no job is under way, by the route that costs least to ask."""
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            while any(
                job["status"] not in ENDED for job in (await client.get("/studio/jobs?limit=200")).json()["items"]
            ):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.3)

    async def ended(self, job_id: str) -> dict[str, Any]:
        """The job at its end."""
        deadline = time.monotonic() + 60
        while (job := await self.call("/get_job", job_id=job_id))["status"] not in ENDED:
            assert time.monotonic() < deadline, job
            await asyncio.sleep(0.2)
        return job


@pytest.fixture
async def caller(home: Path, tmp_path: Path) -> AsyncIterator[Caller]:
    """A studio with a key for every region; Singapore is the default one."""
    catalogue = unhurried(CATALOGUE)
    async with simulated(tmp_path / "vendor", catalogue=catalogue, limits=False, artist=SlowFilms()) as (
        simulator,
        url,
    ):
        settings = settings_for(home, url, studio_poll_seconds=0.2, **every_region(url))
        async with served(create_app(settings, catalogue=catalogue)) as origin:
            with ThreadPoolExecutor(4) as threads:
                yield Caller(origin, simulator, threads)


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", [family.id for family in CATALOGUE.families])
async def test_every_model_works_in_every_mode_and_region(caller: Caller, tmp_path: Path, family: str) -> None:
    told = {model["id"] for model in await caller.call("/list_models", family=family)}
    assert told == {model.id for model in CATALOGUE.of_family(family)}
    await _all_are_made(caller, list(_orders(family, make_samples(tmp_path / "samples"))))


async def test_every_family_works(caller: Caller, tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "samples")
    await _all_are_made(caller, [next(_orders(family.id, samples)) for family in CATALOGUE.families])


async def _all_are_made(caller: Caller, orders: Sequence[tuple[Way, Values]]) -> None:
    """Order all at once; each ends as it was ordered, and nothing else was bought."""
    jobs = await asyncio.gather(*(_order(caller, way, given) for way, given in orders))

    await caller.all_ended()
    for (way, given), job in zip(orders, jobs, strict=True):
        ended = await caller.ended(job["id"])
        assert (ended["status"], ended["error"]) == ("succeeded", None), way
        assert (ended["family"], ended["region"]) == (way.model.family, way.region)
        _holds_its_price(ended)
        kept = [(each["field"], each["position"]) for each in ended["inputs"]]
        assert sorted(kept) == sorted(_places(way, given)), way
        await _is_as_ordered(caller, way, ended)
    bought = Counter((create.model, create.region) for create in caller.simulator.creates)
    wanted = Counter((offer.id, way.region) for way, _ in orders if (offer := way.model.offer(way.region)))
    assert bought == wanted


def _orders(family: str, samples: Samples) -> Iterator[tuple[Way, Values]]:
    """Every way with as many files as go together; each file of the form at least once in one of the regions."""
    seen: set[object] = set()
    for way in ways(CATALOGUE):
        if way.model.family == family:
            filled = list(fillings(CATALOGUE, way, samples))
            alike = (way.model.id, way.fields)
            yield from ((way, given) for given in (filled[:1] if alike in seen else filled))
            seen.add(alike)


def _places(way: Way, given: Values) -> list[tuple[str, int]]:
    """Field and position of each file."""
    return [
        (name, position)
        for name, value in given.items()
        if isinstance(way.model.field(name, way.region, given), FileField)
        for position, _ in enumerate(paths_of(value))
    ]


async def _order(caller: Caller, way: Way, given: Values) -> dict[str, Any]:
    """Upload the files and order, as a program would; the estimate for the same values is the price that is told."""
    files = {name for name in given if isinstance(way.model.field(name, way.region, given), FileField)}
    plain = {name: value for name, value in given.items() if name not in files}
    uploads = {name: _handles(given[name]) for name in files}
    job = await caller.call(f"/{way.model.family}", model=way.model.id, region=way.region, **plain, **uploads)
    assert job["cost"]["estimated"] > 0
    if not _counts_files(way, given):
        told = await caller.call("/estimate", model=way.model.id, region=way.region, parameters=plain)
        assert job["cost"]["estimated"] == pytest.approx(told["estimated"]), way
    return job


def _handles(value: object) -> Any:
    return [handle_file(path) for path in paths_of(value)] if isinstance(value, list) else handle_file(str(value))


def _counts_files(way: Way, given: Values) -> bool:
    """Whether the price hangs on how long a file is, which an estimate without files cannot know."""
    bill = way.model.bill
    return any(isinstance(way.model.field(name, way.region, given), FileField) for name in (*bill.count, bill.given))


def _holds_its_price(job: dict[str, Any]) -> None:
    told, actual = job["cost"]["estimated"], job["cost"]["actual"]
    assert actual == pytest.approx(told) or (job["cost"]["at_most"] and 0 < actual < told), job["model"]


async def _is_as_ordered(caller: Caller, way: Way, job: dict[str, Any]) -> None:
    """Every file that was made is whole, and what it says it is; there are as many as were paid for."""
    assert job["outputs"], way
    for output in job["outputs"]:
        match output["kind"]:
            case "video":
                await _plays(caller, output)
            case "image":
                await _shows(caller, output)
            case "article":
                await _reads(caller, job, output)
            case kind:
                raise AssertionError(kind)
    kinds = Counter(output["kind"] for output in job["outputs"])
    if way.model.result.is_video:
        assert kinds == {"video": 1}, way
    elif job["article"] is None:
        assert kinds == {"image": job["parameters"]["n"]} or job["cost"]["at_most"], way
    else:
        assert kinds["article"] == 1, way
        assert kinds["image"] >= 1


async def _plays(caller: Caller, output: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=caller.url) as client:
        reply = await client.get(output["url"])
        part = await client.get(output["url"], headers={"Range": "bytes=4-7"})
        thumbnail = await client.get(output["thumbnail_url"])
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert len(reply.content) == output["bytes"]
    with av.open(BytesIO(reply.content), "r") as container:
        assert isinstance(container, InputContainer)
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (output["width"], output["height"])
        assert stream.codec_context.name == "h264"
        assert next(container.decode(stream)).width == output["width"]


async def _shows(caller: Caller, output: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=caller.url) as client:
        own, poster, thumbnail = [await client.get(output[name]) for name in ("url", "poster_url", "thumbnail_url")]
    assert len(own.content) == output["bytes"]
    with Image.open(BytesIO(own.content)) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (output["width"], output["height"]))
    for reply, most in ((poster, 1280), (thumbnail, 400)):
        with Image.open(BytesIO(reply.content)) as small:
            assert max(small.size) <= most


async def _reads(caller: Caller, job: dict[str, Any], output: dict[str, Any]) -> None:
    """An article has words and pictures in their order, and its Markdown names each picture."""
    pictures = [each["id"] for each in job["outputs"] if each["kind"] == "image"]
    assert [part["output"] for part in job["article"] if "output" in part] == pictures
    assert any(part.get("text", "").strip() for part in job["article"])
    async with httpx.AsyncClient(base_url=caller.url) as client:
        text = (await client.get(output["url"])).text
    assert text.count("![") == len(pictures)


# On the wire ----------------------------------------------------------------------------------------------------------


def _one_of_each_family() -> dict[str, dict[str, Any]]:
    """The golden call of each family with the most files."""
    by_files = sorted(GOLDEN.items(), key=lambda named: len(named[1]["files"]))
    return dict({golden["family"]: (name, golden) for name, golden in by_files}.values())


@pytest.mark.parametrize(
    "goldens",
    [pytest.param(_one_of_each_family(), id="families"), pytest.param(GOLDEN, id="all", marks=pytest.mark.proof)],
)
async def test_every_body_on_the_wire_is_its_golden_one_with_the_very_files(
    home: Path, tmp_path: Path, goldens: dict[str, dict[str, Any]]
) -> None:
    """Data URI, upload and address: whatever stands for a file in a body, the vendor gets the bytes that were given."""
    samples = make_samples(tmp_path / "samples")
    async with (
        simulated(tmp_path / "vendor", catalogue=unhurried(CATALOGUE), limits=False, artist=SlowFilms()) as (
            simulator,
            url,
        ),
        studio_at(home, url, catalogue=unhurried(CATALOGUE), **every_region(url)) as studio,
    ):
        jobs = [
            await studio.submit(
                family=golden["family"],
                model=golden["model"],
                region=golden["region"],
                given=golden["given"] | {field: _local(urls, samples) for field, urls in golden["files"].items()},
            )
            for golden in goldens.values()
        ]
        for name, job in zip(goldens, jobs, strict=True):
            ended = await until(studio, job["id"], seconds=120)
            assert (ended["status"], ended["error"]) == ("succeeded", None), name
        wanted = [_sent(golden["body"], _path_of(golden), golden["region"]) for golden in goldens.values()]
        sent = [_sent(create.body, create.path, create.region) for create in simulator.creates]
        assert sorted(sent) == sorted(wanted)
        for create in simulator.creates:
            uploads = [url for url in _addresses(create.body) if url.startswith("oss://")]
            assert ("x-dashscope-ossresourceresolve" in create.headers) is bool(uploads), create.model
            assert all(_stored(simulator, url) in _bytes_of(samples) for url in uploads), create.model


async def test_where_uploads_are_not_to_be_had_a_picture_goes_inside_the_call_and_nothing_else_is_bought(
    home: Path, tmp_path: Path
) -> None:
    samples = make_samples(tmp_path / "samples")
    content = samples.picture.read_bytes()
    inside = f"data:image/png;base64,{b64encode(content).decode()}"
    async with (
        simulated(tmp_path / "vendor", catalogue=unhurried(CATALOGUE), limits=False, artist=SlowFilms()) as (
            simulator,
            url,
        ),
        studio_at(home, url, catalogue=unhurried(CATALOGUE), **every_region(url)) as studio,
    ):
        simulator.faults.add(Route.POLICY, Answer(403, "AccessDenied", "Access denied."), times=10_000)
        for way in ways(CATALOGUE):
            given = next(fillings(CATALOGUE, way, samples))
            files = [each for each in way.fields if isinstance(each, FileField) and each.name in given]
            if not files or way.region != way.model.offers[0].region:
                continue
            fits = all(each.data_uri for each in files)
            before = len(simulator.creates)
            job = await studio.submit(family=way.model.family, model=way.model.id, region=way.region, given=given)
            ended = await until(studio, job["id"], seconds=60)
            bought = simulator.creates[before:]
            assert (ended["status"], len(bought)) == (("succeeded", 1) if fits else ("failed", 0)), way
            for create in bought:
                sent = [str(address) for address in _addresses(create.body)]
                assert sent == [shortened(inside)] * len(sent), way
                assert "x-dashscope-ossresourceresolve" not in create.headers
        assert simulator.creates, "no picture went inside a call"


def _sent(body: Any, path: str, region: str) -> str:
    """A call as one line that can be sorted, its addresses left out."""
    return json.dumps([region, path, _without_addresses(body)], sort_keys=True, ensure_ascii=False)


def _path_of(golden: dict[str, Any]) -> str:
    model = CATALOGUE.model(golden["model"])
    assert model is not None
    live = bool(model.live) and golden["given"].get(model.live) is True
    return model.endpoint.at_once if live else model.endpoint.path


def _local(urls: Any, samples: Samples) -> Any:
    if isinstance(urls, list):
        return [_local(url, samples) for url in urls]
    kind = (
        AudioLimit if urls.endswith((".mp3", ".wav")) else VideoLimit if urls.endswith((".mp4", ".mov")) else ImageLimit
    )
    return samples.of(kind)


def _bytes_of(samples: Samples) -> set[bytes]:
    return {path.read_bytes() for path in (samples.picture, samples.voice, samples.clip)}


def _stored(simulator: Simulator, url: str) -> bytes:
    storage = simulator.world.storage
    return (storage.place_for(url.removeprefix("oss://"))).read_bytes()


def _without_addresses(body: Any) -> Any:
    """A body with one word in the place of every address."""
    match body:
        case dict():
            return {key: _without_addresses(value) for key, value in body.items()}
        case list():
            return [_without_addresses(value) for value in body]
        case str() if body.startswith(("https://", "oss://", "data:")):
            return "an address"
        case _:
            return body


def _addresses(body: Any) -> Iterator[str]:
    match body:
        case dict():
            for value in body.values():
                yield from _addresses(value)
        case list():
            for value in body:
                yield from _addresses(value)
        case str() if body.startswith(("https://", "oss://", "data:")):
            yield body
        case _:
            return


# The studio as a program sees it --------------------------------------------------------------------------------------


async def test_problems_are_told_by_field_with_their_repair(caller: Caller, tmp_path: Path) -> None:
    tiny = tmp_path / "tiny.png"
    Image.new("RGBA", (100, 90)).save(tiny)
    with pytest.raises(AppError) as refused:
        await caller.call("/image_to_video", image=handle_file(tiny), prompt="x" * 1600)
    told = str(refused.value)
    assert "image:" in told
    assert "100 × 90" in told
    assert "prompt: Prompt has 1,600 characters" in told
    for values, words in [
        ({"prompt": " "}, "Write a prompt"),
        ({"prompt": "x", "model": "wan9"}, "no model 'wan9'"),
        ({"prompt": "x", "region": "mars"}, "mars"),
        ({"prompt": "x", "region": "virginia", "model": "wan2.1-t2v-plus"}, "not offered in Virginia"),
        ({"prompt": "x", "seed": -1}, "Seed is -1"),
    ]:
        with pytest.raises(AppError, match=words):
            await caller.call("/text_to_video", **values)
    assert caller.simulator.creates == []


async def test_jobs_are_listed_found_and_canceled(caller: Caller) -> None:
    first = await caller.call("/text_to_video", prompt="a red fox", duration=2)
    second = await caller.call("/text_to_video", prompt="a blue boat", duration=2)
    for job in (first, second):
        await caller.ended(job["id"])
    page = await caller.call("/list_jobs", limit=1)
    assert [job["prompt"] for job in page["items"]] == ["a blue boat"]
    rest = await caller.call("/list_jobs", cursor=page["next_cursor"])
    assert [job["prompt"] for job in rest["items"]] == ["a red fox"]
    assert [job["id"] for job in (await caller.call("/list_jobs", query="fox"))["items"]] == [first["id"]]
    assert (await caller.call("/cancel_job", job_id=first["id"]))["status"] == "succeeded"
    with pytest.raises(AppError, match="no such job"):
        await caller.call("/get_job", job_id="nobody")


async def test_the_tools_for_mcp_are_the_endpoints(caller: Caller) -> None:
    async with httpx.AsyncClient(base_url=caller.url, timeout=30) as client:
        tools = (await client.get("/gradio_api/mcp/schema")).json()
    names = {str(tool["name"]) for tool in tools}
    wanted = {family.id for family in CATALOGUE.families}
    wanted |= {"get_job", "cancel_job", "hide_job", "decide_job", "list_jobs", "list_models", "estimate"}
    assert {name for name in wanted if any(found.endswith(name) for found in names)} == wanted
    assert len(names) == len(wanted), "a private listener of the page has become a tool"


async def test_an_assistant_gives_files_as_text(caller: Caller, tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "samples")
    picture, voice = (Path(str(samples.of(kind))) for kind in (ImageLimit, AudioLimit))
    async with httpx.AsyncClient(base_url=caller.url, timeout=60) as client:
        with picture.open("rb") as file:
            (uploaded,) = (await client.post("/gradio_api/upload", files={"files": file})).json()
        address = f"https://studio.example/gradio_api/file={uploaded}"
        whole = f"data:image/png;base64,{b64encode(picture.read_bytes()).decode()}"
        sound = f"data:audio/wav;base64,{b64encode(voice.read_bytes()).decode()}"
        for name, given, roles in (
            ("image_to_video", {"prompt": "x", "image": whole, "audio_file": sound}, ["image", "audio_file"]),
            ("image_to_video", {"prompt": "x", "image": uploaded}, ["image"]),
            ("reference_to_video", {"prompt": "character1 waves", "references": [address, whole]}, ["references"] * 2),
        ):
            told = await _by_tool(client, name, given)
            job = await caller.ended(literal_eval(told)["id"])
            assert (job["status"], job["error"]) == ("succeeded", None)
            assert sorted(one["field"] for one in job["inputs"]) == sorted(roles)
        made = len(caller.simulator.creates)
        for other in (
            "/etc/passwd", "file:///etc/passwd", "../../etc/passwd", f"{uploaded}/../../../studio.db", "x" * 5000, "\0",
            "https://x.example/gradio_api/file=/etc/passwd", "https://x.example/gradio_api/file=%2e%2e/%2e%2e/studio.db",
            "http://127.0.0.1:9/a.png", "http://[::1]/a.png", "http://169.254.169.254/",
            "data:,", "data:image/png;base64,@@", "data:../../../evil;base64,aGk=", "",
        ):  # fmt: skip
            told = await _by_tool(client, "image_to_video", {"prompt": "x", "image": other})
            assert any(words in told for words in ("not uploaded", "data address", "fetched", "image: ")), (other, told)
            assert "root:" not in told
        assert len(caller.simulator.creates) == made


async def _by_tool(client: httpx.AsyncClient, name: str, arguments: Mapping[str, object]) -> str:
    """What an MCP tool answers, as text."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    headers = {"Accept": "application/json, text/event-stream"}
    told = (await client.post("/gradio_api/mcp/", json=call, headers=headers)).text
    (content,) = json.loads(told.partition("data:")[2])["result"]["content"]
    return str(content["text"])

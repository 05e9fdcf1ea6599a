"""Keys: which serves which region, how one is tried without buying anything, and that none is ever shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from services.catalogue import CATALOGUE
from services.dashscope.api_keys import Accounts
from services.domain.errors import NotConfigured, StudioError
from services.settings import Settings

SINGAPORE_KEY = "sk-belongs-to-singapore"
BEIJING_KEY = "sk-belongs-to-beijing"
HOMES = {
    "dashscope-intl.aliyuncs.com": SINGAPORE_KEY,
    "dashscope.aliyuncs.com": BEIJING_KEY,
    "ws-1.eu-central-1.maas.aliyuncs.com": "sk-belongs-to-frankfurt",
}


class Vendor:
    """The vendor's list of tasks, as each region answers it."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.headers["authorization"] != f"Bearer {HOMES.get(request.url.host)}":
            return httpx.Response(401, json={"code": "InvalidApiKey", "message": "Invalid API-key provided."})
        page = {"total": 0, "data": [], "total_page": 0, "page_no": 1, "page_size": 10, "request_id": "r"}
        return httpx.Response(200, json=page)


@asynccontextmanager
async def accounts_with(vendor: Vendor, **settings: object) -> AsyncIterator[Accounts]:
    values = {"dashscope_api_key": SecretStr(SINGAPORE_KEY), **settings}
    given = Settings(**values)
    async with Accounts(given, CATALOGUE, transport=httpx.MockTransport(vendor)).open() as accounts:
        yield accounts


async def test_a_working_key_is_told_with_its_region_and_nothing_is_bought() -> None:
    vendor = Vendor()
    async with accounts_with(vendor) as accounts:
        tested = await accounts.test("singapore")

    assert (tested.works, tested.region) == (True, "singapore")
    assert "belongs to Singapore" in tested.message
    assert {(request.method, request.url.path) for request in vendor.asked} == {("GET", "/api/v1/tasks/")}


async def test_a_key_of_another_region_is_told_as_such_and_not_kept() -> None:
    async with accounts_with(Vendor()) as accounts:
        tested = await accounts.add("virginia", BEIJING_KEY)

        assert (tested.works, tested.region) == (False, "beijing")
        assert "belongs to Beijing" in tested.message
        assert accounts.regions == ("singapore",)


async def test_an_added_key_serves_its_region_at_once() -> None:
    async with accounts_with(Vendor()) as accounts:
        tested = await accounts.add("beijing", f" {BEIJING_KEY}\n")

        assert tested.works
        assert accounts.regions == ("singapore", "beijing")
        job = accounts.for_new_job("beijing")
        assert await accounts.client(alias=job.alias, region="beijing", base_url=job.base_url) is not None
        state = next(state for state in accounts.key_states() if state.region == "beijing")
        assert (state.found, state.added, state.shared, state.hint) == (True, True, True, BEIJING_KEY[-4:])
        assert BEIJING_KEY not in repr(accounts.key_states())


async def test_a_region_without_a_shared_address_needs_its_workspace() -> None:
    async with accounts_with(Vendor()) as accounts:
        with pytest.raises(StudioError, match="id of your workspace"):
            await accounts.add("frankfurt", "sk-belongs-to-frankfurt")
        with pytest.raises(StudioError, match="letters, digits"):
            await accounts.add("frankfurt", "sk-belongs-to-frankfurt", workspace="evil.example/")

        tested = await accounts.add("frankfurt", "sk-belongs-to-frankfurt", workspace="ws-1")

        assert tested.works
        assert not accounts.is_shared("frankfurt")
        assert accounts.for_new_job("frankfurt").base_url == "https://ws-1.eu-central-1.maas.aliyuncs.com/api/v1"


async def test_a_key_and_an_address_for_each_region_come_from_the_settings() -> None:
    address = "https://ws-1.eu-central-1.maas.aliyuncs.com/api/v1"
    keys = {"frankfurt": SecretStr("sk-belongs-to-frankfurt")}
    async with accounts_with(Vendor(), dashscope_api_keys=keys) as accounts:
        assert accounts.regions == ("singapore",)
        with pytest.raises(NotConfigured, match="no workspace address"):
            accounts.for_new_job("frankfurt")
    async with accounts_with(
        Vendor(), dashscope_api_keys=keys, dashscope_base_urls={"frankfurt": f"{address}/"}
    ) as accounts:
        assert accounts.regions == ("singapore", "frankfurt")
        assert accounts.for_new_job("frankfurt").base_url == address
        assert (await accounts.test("frankfurt")).works


async def test_a_job_stays_with_the_key_it_was_bought_with() -> None:
    async with accounts_with(Vendor()) as accounts:
        before = accounts.for_new_job("singapore")
        HOMES["dashscope-intl.aliyuncs.com"] = "sk-a-second-key-of-singapore"
        try:
            assert (await accounts.add("singapore", "sk-a-second-key-of-singapore")).works
        finally:
            HOMES["dashscope-intl.aliyuncs.com"] = SINGAPORE_KEY
        after = accounts.for_new_job("singapore")

        assert before.alias != after.alias
        for account in (before, after):
            client = await accounts.client(alias=account.alias, region="singapore", base_url=account.base_url)
            assert client is not None
            assert client.account.alias == account.alias


@pytest.mark.parametrize("key", ["", "sk-1", "schlüssel-mit-umlaut"])
async def test_what_is_no_key_is_not_even_tried(key: str) -> None:
    vendor = Vendor()
    async with accounts_with(vendor) as accounts:
        with pytest.raises(StudioError, match="does not look like a key"):
            await accounts.add("beijing", key)
    assert vendor.asked == []


async def test_a_vendor_that_does_not_answer_says_nothing_of_the_key() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    settings = Settings(dashscope_api_key=SecretStr(SINGAPORE_KEY))
    async with Accounts(settings, CATALOGUE, transport=httpx.MockTransport(broken)).open() as accounts:
        tested = await accounts.test("singapore")

    assert tested.works is None
    assert "could not be asked" in tested.message


async def test_demo_mode_takes_no_keys() -> None:
    async with accounts_with(Vendor(), studio_demo=True) as accounts:
        with pytest.raises(StudioError, match="demo mode"):
            await accounts.add("beijing", BEIJING_KEY)

"""The browser of the journeys: it starts, and it reaches this machine only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser
from playwright.async_api import Error as BrowserError

from tests.rig import chromium as rig


async def test_a_page_of_this_machine_is_shown_and_no_other_is_reached(browser: Browser, free_port: int) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<h1>Here</h1>")
        await writer.drain()
        writer.close()

    async with await browser.new_page() as page:
        async with await asyncio.start_server(answer, "127.0.0.1", free_port):
            await page.goto(f"http://127.0.0.1:{free_port}/")
            shown = await page.inner_text("h1")

        assert shown == "Here"
        with pytest.raises(BrowserError, match=r"ERR_NAME_NOT_RESOLVED|ERR_PROXY_CONNECTION_FAILED"):
            await page.goto("http://example.org/")


def test_a_browser_that_is_there_is_found(chromium: Path) -> None:
    assert chromium.exists()
    assert rig.find_or_install() == chromium

"""A job made again: "Use these settings" brings back files in their order, modes and numbers; Generate sends them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from PIL import Image
from playwright.async_api import Browser, expect

from components.mount import mount_page
from services.web import add_routes
from tests.browser.steps import complaints_of, generate
from tests.rig.served import served
from tests.rig.studio import simulated, studio_at, until

EDIT = {"prompt": "Put image 1 into image 2", "n": 2, "size": "1K"}
ARTICLE = {"prompt": "A walk", "enable_interleave": True, "stream": True, "max_images": 2}


@pytest.mark.parametrize(
    ("asked", "colours"),
    [(EDIT, ["gold", "teal", "firebrick"]), (ARTICLE, ["gold"])],
    ids=["edit", "article"],
)
async def test_use_these_settings_makes_the_same_again(
    browser: Browser, home: Path, tmp_path: Path, asked: dict[str, object], colours: list[str]
) -> None:
    pictures: list[str] = []
    for number, colour in enumerate(colours):
        path = tmp_path / f"picture {number} 图.png"
        Image.new("RGB", (640, 640), colour).save(path)
        pictures.append(str(path))
    app = FastAPI()
    async with simulated(tmp_path / "vendor", speed=60.0) as (_simulator, url), studio_at(home, url) as studio:
        add_routes(app, studio)
        mount_page(app, studio)
        given = {**asked, "images": pictures}
        first = await until(
            studio, (await studio.submit(family="generate_image", model="wan2.6-image", given=given))["id"]
        )
        assert first["status"] == "succeeded"
        async with served(app) as origin:
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            page = await context.new_page()
            complaints = complaints_of(page)
            await page.goto(f"{origin}/#gallery")
            await page.locator(f'.tile[data-job="{first["id"]}"]').click()
            await page.locator("dialog.viewer").get_by_role("button", name="Remix").click()
            await expect(page.locator("#generate_image-prompt textarea")).to_have_value(str(asked["prompt"]))
            await expect(page.locator(".notice")).to_have_text("The form has these settings now.")
            await generate(page, "generate_image")
            await expect(page.locator("#generate_image-stage .card")).to_have_count(2)
            assert not complaints
            await context.close()

        jobs = (await studio.jobs())["items"]
        again = await until(studio, next(one["id"] for one in jobs if one["id"] != first["id"]))
        assert (again["prompt"], again["parameters"]) == (first["prompt"], first["parameters"])
        ordered = [
            [one["name"] for one in sorted(job["inputs"], key=lambda one: one["position"])] for job in (first, again)
        ]
        assert ordered[0] == ordered[1] == [Path(path).name for path in pictures]

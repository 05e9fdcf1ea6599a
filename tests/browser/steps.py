"""What a person does on the page, step by step, and what a test waits for in between."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.rig.studio import StudioProcess

CLIP = 60_000
"""How many milliseconds a clip of the demo may take."""
HOSTILE = (
    "<img src=x onerror='window.hacked=1'> {{value}} ${window.hacked=2} </textarea><script>window.hacked=3</script>"
)


def complaints_of(page: Page) -> list[str]:
    """Fills with what the browser complains of."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda said: heard.append(said.text) if "Content Security Policy" in said.text else None,
    )
    return heard


async def open_studio(page: Page, studio: StudioProcess, tab: str = "") -> None:
    await page.goto(f"{studio.url}/{tab}")
    family = tab.removeprefix("#") if tab.endswith("_video") else "text_to_video"
    # The foot is filled once the draft is restored.
    await expect(page.locator(f"#{family}-foot .outcome span").first).not_to_be_empty()


async def open_tab(page: Page, name: str) -> None:
    """Open a tab; its form, where it has one, is then as the browser remembers it."""
    await page.locator(f"#tab-{name}-button").click()
    if name.endswith("_video"):
        await expect(page.locator(f"#{name}-foot .outcome span").first).not_to_be_empty()


async def write_prompt(page: Page, family: str, words: str) -> None:
    await page.locator(f"#{family}-prompt textarea").fill(words)


async def choose_model(page: Page, title: str, family: str = "text_to_video") -> None:
    picker = page.locator(f"#{family}-model")
    await picker.locator(".model").click()
    await picker.get_by_role("option", name=re.compile(rf"^{re.escape(title)}\b")).first.click()
    await expect(picker.locator(".model b")).to_have_text(title)


async def generate(page: Page, family: str) -> None:
    button = page.locator(f"#{family}-generate")
    await expect(button).to_have_class(re.compile("primary"))
    await button.click()


async def expect_playing(page: Page, selector: str) -> None:
    """The video has pictures, and its time goes on when it is played."""
    video = page.locator(selector)
    await video.wait_for(timeout=CLIP)
    await video.evaluate("video => { video.muted = true; return video.play(); }")
    await page.wait_for_function(
        "selector => { const v = document.querySelector(selector); return v.videoWidth > 0 && v.currentTime > 0.2; }",
        arg=selector,
    )


_AT_REST = """async () => {
  await document.fonts.ready;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const ends = (one) => one.effect.getComputedTiming().endTime !== Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""


async def at_rest(page: Page) -> None:
    """Wait until what has arrived is drawn, and what moves and will stop has stopped."""
    await page.evaluate(_AT_REST)

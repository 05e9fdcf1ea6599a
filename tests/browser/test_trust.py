"""Money and time as the page tells them, in a real Chromium: places in line, decisions, failures, the Spend tab."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from app import create_app
from services.catalogue import CATALOGUE
from services.settings import Settings
from tests.browser.conftest import ARTIFACTS
from tests.browser.steps import complaints_of
from tests.rig.screening import Screening, job
from tests.rig.served import served

TIMES = {"queue_p50": 30.0, "queue_p90": 60.0, "run_p50": 210.0, "run_p90": 420.0}
EXPECTED = TIMES | {"samples": 48, "documented": False}


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def active(status: str, **more: Any) -> dict[str, Any]:
    """A job under way, as the studio tells it."""
    base: dict[str, Any] = {
        "created_at": ago(20),
        "finished_at": None,
        "cost": {"estimated": 0.5, "actual": None, "currency": "USD", "at_most": False},
        "stoppable": "free",
        "cancelable": True,
        "expected": None,
        "place_in_line": None,
        "on_arrival": "keep",
        "decision_wanted": False,
    }
    return job(1, status=status, **(base | more))


def failed(**error: Any) -> dict[str, Any]:
    base = {"code": "DataInspectionFailed", "message": "The words were refused.", "hint": "Say it differently."}
    cost = {"estimated": 0.5, "actual": 0, "currency": "USD", "at_most": False}
    told = base | {"request_id": "request-9", "detail": None, "input": "words", "billed": "no", "action": "edit_prompt"}
    return job(1, status="failed", cost=cost, error=told | error)


class Asked:
    """What a page asked to be done, and what it is answered: the job as it then stands, or a refusal."""

    def __init__(self, screening: Screening, **then: Any) -> None:
        self.screening, self.then = screening, then
        self.bodies: list[Any] = []
        self.refuse = ""

    async def __call__(self, route: Route) -> None:
        assert "x-studio" in route.request.headers
        self.bodies.append(route.request.post_data_json)
        if self.refuse:
            await route.fulfill(status=409, json={"message": self.refuse})
            return
        told = self.screening.jobs["job-1"]
        told = told | self.then | {"sequence": told["sequence"] + 1}
        self.screening.jobs["job-1"] = told
        await route.fulfill(json=told)


async def shown(page: Page, origin: str, screening: Screening, told: dict[str, Any]) -> Any:
    screening.tell(told)
    await page.goto(f"{origin}/?show=stage")
    card = page.locator('.card[data-job="job-1"]')
    await expect(card).to_be_visible()
    return card


# Time ----------------------------------------------------------------------------------------------------------------


async def test_a_waiting_job_says_its_place_and_how_long_such_jobs_took(
    page: Page, origin: str, screening: Screening
) -> None:
    line = {"place": 3, "of": 12, "lanes": 2, "busy": 2}
    card = await shown(page, origin, screening, active("queued", place_in_line=line, expected=EXPECTED))
    await expect(card.locator(".usual")).to_have_text(
        " · number 3 of 12 in line, 2 at a time · then usually 4 min, 9 in 10 within 8 min"
    )
    await expect(card.locator(".usual")).to_have_attribute("title", "Measured on 48 jobs like this one")

    screening.tell(active("pending", sequence=2))  # news tell no outlook: what was known of the time stands
    await expect(card.locator(".usual")).to_have_text(" · usually 4 min, 9 in 10 within 8 min")


async def test_before_anything_was_measured_it_is_the_providers_word(
    page: Page, origin: str, screening: Screening
) -> None:
    told = EXPECTED | {"documented": True, "samples": 0}
    card = await shown(page, origin, screening, active("pending", expected=told))
    await expect(card.locator(".usual")).to_have_text(" · the provider says 30 to 60 s")


async def test_a_job_that_takes_longer_than_most_says_so(page: Page, origin: str, screening: Screening) -> None:
    told = active("running", stoppable="no", cancelable=False, running_at=ago(600), expected=EXPECTED)
    card = await shown(page, origin, screening, told)
    await expect(card.locator(".usual")).to_have_text(" · longer than usual, and still going")


# Stopping ------------------------------------------------------------------------------------------------------------


async def test_a_running_job_is_kept_or_hidden_and_says_what_it_costs_either_way(
    page: Page, origin: str, screening: Screening, artifacts: Path
) -> None:
    hides = Asked(screening, on_arrival="hide")
    await page.route("**/studio/jobs/job-1/arrival", hides)
    told = active("running", stoppable="no", cancelable=False, running_at=ago(60), expected=EXPECTED)
    card = await shown(page, origin, screening, told)
    choice = card.get_by_role("group", name="When it arrives")
    await expect(choice).to_contain_text("It cannot be stopped any more, and costs $0.50 either way.")
    await expect(card.locator('[data-act="cancel"]')).to_have_count(0)
    await expect(choice.get_by_role("button", name="Keep it")).to_have_attribute("aria-pressed", "true")
    await choice.get_by_role("button", name="Hide it").click()
    await expect(choice.get_by_role("button", name="Hide it")).to_have_attribute("aria-pressed", "true")
    assert hides.bodies == [{"on_arrival": "hide"}]
    await page.screenshot(path=artifacts / "trust-running.png")


async def test_a_race_is_told_as_a_race(page: Page, origin: str, screening: Screening) -> None:
    card = await shown(page, origin, screening, active("submitting", stoppable="race"))
    await expect(card).to_contain_text("Stopped in time it is free; otherwise it goes on and costs $0.50.")
    await expect(card.get_by_role("button", name="Try to stop it")).to_be_visible()
    screening.tell(active("submitting", stoppable="race", cancel_requested=True, sequence=2))
    await expect(card.get_by_role("button", name="Try to stop it")).to_have_count(0)
    await expect(card).to_contain_text("Stopping it.")


async def test_a_refusal_is_said_beside_the_button_and_it_can_be_pressed_again(
    page: Page, origin: str, screening: Screening
) -> None:
    asked = Asked(screening, status="canceled")
    asked.refuse = "It has just begun."
    await page.route("**/studio/jobs/job-1/cancel", asked)
    card = await shown(page, origin, screening, active("pending"))
    await card.get_by_role("button", name="Cancel, free").click()
    await expect(card.get_by_role("alert")).to_have_text("It has just begun.")
    await expect(card.get_by_role("button", name="Cancel, free")).to_be_enabled()


# Deciding ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "decision"), [("Send it again", "send"), ("Let it go", "drop")])
async def test_a_person_decides_where_nobody_knows_and_is_told_the_worst_first(
    page: Page, origin: str, screening: Screening, name: str, decision: str
) -> None:
    asked = Asked(screening, status="canceled", decision_wanted=False)
    await page.route("**/studio/jobs/job-1/decide", asked)
    card = await shown(page, origin, screening, active("unknown", stoppable="race", decision_wanted=True))
    group = card.get_by_role("group", name="Your decision")
    await expect(group).to_contain_text("you pay twice: $1.00 instead of $0.50")
    await page.screenshot(path=ARTIFACTS / f"trust-decision-{decision}.png")
    await card.get_by_role("button", name=name).click()
    await expect(group).to_have_count(0)
    agreed = {"agreed": {"amount": 0.5, "currency": "USD"}} if decision == "send" else {}
    assert asked.bodies == [{"decision": decision} | agreed]


@pytest.mark.parametrize(
    ("about", "why", "choices"),
    [
        (
            "unlisted",
            "The provider's answer was lost, and its list of orders did not show this one within 6 minutes.",
            [
                "You get your result for $0.50. If the first order turns up after all you get that too, for $0.50 "
                "more.",
                "Nothing more is sent. If the order turns up after all, it is kept for you and costs $0.50.",
            ],
        ),
        (
            "refused",
            "The provider is full just now. It was sent 3 times and not taken; nothing was bought.",
            [
                "It waits for its turn again. It costs $0.50 if the provider takes it.",
                "Nothing more is sent. Nothing was bought.",
            ],
        ),
    ],
)
async def test_what_was_not_taken_waits_for_a_person_and_says_what_either_costs(
    page: Page, origin: str, screening: Screening, about: str, why: str, choices: list[str]
) -> None:
    told = active("queued", decision_wanted=True, decision_about=about, attention=why)
    card = await shown(page, origin, screening, told)
    group = card.get_by_role("group", name="Your decision")
    await expect(group).to_contain_text(why)
    await expect(group.locator("dd")).to_have_text(choices)
    await expect(card.locator(".state")).to_contain_text("Waiting for you")
    await expect(card.locator(".steps")).to_have_count(0)
    await expect(card.get_by_role("button", name="Cancel, free")).to_have_count(0)
    await page.screenshot(path=ARTIFACTS / f"trust-decision-{about}.png")


# Failures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "name", "event"),
    [
        ("edit_prompt", "Edit the words", "studio:recall"),
        ("choose_file", "Choose another file", "studio:recall"),
        ("change_model", "Change the model", "studio:recall"),
        ("try_again", "Try again", "studio:again"),
        ("wait", "Try again later", "studio:again"),
        ("open_keys", "Open the keys", "studio:add-key"),
        ("an_action_of_tomorrow", "Edit and try again", "studio:recall"),
    ],
)
async def test_every_failure_has_one_button_that_does_what_helps(
    page: Page, origin: str, screening: Screening, action: str, name: str, event: str
) -> None:
    card = await shown(page, origin, screening, failed(action=action))
    await page.evaluate("(event) => document.addEventListener(event, () => { window.heard = event; })", event)
    await expect(card.locator(".said .acts button")).to_have_count(1)
    await expect(card.get_by_role("button", name="Edit and try again")).to_have_count(int(name == "Edit and try again"))
    await card.get_by_role("button", name=name, exact=True).click()
    assert await page.evaluate("window.heard") == event


async def test_a_failure_says_which_input_it_is_about_and_that_nothing_was_charged(
    page: Page, origin: str, screening: Screening
) -> None:
    card = await shown(page, origin, screening, failed())
    await expect(card.locator(".about-input")).to_have_text("Your words")
    await expect(card.locator(".billed")).to_have_text("Nothing was charged.")


async def test_an_unknown_code_keeps_the_providers_words_and_is_copied_for_support(
    page: Page, origin: str, screening: Screening
) -> None:
    told = failed(code="Odd.New", detail="strange <b>thing</b>", input="none", billed="unknown", action="copy_request")
    card = await shown(page, origin, screening, told)
    await expect(card.locator(".billed")).to_contain_text("It is not certain whether it was charged.")
    await card.locator(".own-words summary").click()
    await expect(card.locator(".own-words p")).to_have_text("strange <b>thing</b>")
    await card.get_by_role("button", name="Copy it for support").click()
    await expect(card.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert "Request: request-9" in copied
    assert "Code: Odd.New" in copied
    assert "harbour" not in copied  # never the words of the prompt


# Spend and admin -----------------------------------------------------------------------------------------------------

TODAY = datetime.now().astimezone().date().isoformat()


def spent(amount: float, jobs: int, **name: str) -> dict[str, Any]:
    return {"currency": "USD", "spent": amount, "open": 0.0, "unsure": 0.0, "jobs": jobs, **name}


SPEND = {
    "everybody": True,
    "totals": [spent(12.4, 31) | {"open": 0.5}, spent(3.0, 2) | {"currency": "CNY"}],
    "by_person": [spent(9.4, 20, person="ann"), spent(3.0, 11, person="<b>bo</b>")],
    "by_model": [spent(10.0, 11, model="painter"), spent(2.4, 20, model="unheard-of")],
    "by_day": [spent(12.4, 31, day=TODAY), spent(3.0, 2, day=TODAY) | {"currency": "CNY"}],
}
CAP = {"id": "1", "scope": "person", "person": None, "period": "day", "currency": "USD", "fixed": True}


async def told_of_money(page: Page, spend: dict[str, Any], *, caps: tuple[dict[str, Any], ...] = ()) -> list[str]:
    """Answer for the studio; gives the questions for what was spent."""
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(json=spend | {"caps": list(caps)})

    await page.route("**/studio/spend?*", answer)
    return asked


async def test_what_was_spent_stands_by_day_model_and_person_and_currencies_are_never_added_up(
    page: Page, origin: str, artifacts: Path
) -> None:
    await told_of_money(page, SPEND, caps=(CAP | {"amount": 5.0, "used": 4.5, "left": 0.5},))
    await page.goto(f"{origin}/?show=spend")
    dollars, yuan = page.locator('.sums[data-currency="USD"]'), page.locator('.sums[data-currency="CNY"]')
    await expect(dollars.locator(".amount")).to_have_text("$12.40")
    await expect(dollars.locator(".total")).to_contain_text("$0.50 more is held for what is under way")
    await expect(yuan.locator(".amount")).to_have_text("¥3.00")
    models = dollars.locator(".ranking").filter(has_text="By model").locator("tbody tr")
    await expect(models.first).to_contain_text("Painter 1")
    await expect(models.last).to_contain_text("unheard-of")
    await expect(dollars.locator(".ranking").filter(has_text="By person")).to_contain_text("<b>bo</b>")
    if datetime.now().astimezone().day > 1:
        await expect(dollars.locator(".by-day li").last).to_have_attribute("title", f"{await today(page)}: $12.40")
    meter = page.get_by_role("meter", name="You, today")
    await expect(meter).to_have_attribute("aria-valuetext", "$4.50 of $5.00")
    await expect(page.locator(".cap")).to_contain_text("$0.50 left")
    await page.screenshot(path=artifacts / "spend.png", full_page=True)


async def today(page: Page) -> str:
    return str(
        await page.evaluate("new Date().toLocaleDateString(undefined, { day: 'numeric', month: 'short' })"),
    )


async def test_another_time_is_asked_for_and_the_table_to_keep_follows(page: Page, origin: str) -> None:
    asked = await told_of_money(page, SPEND)
    await page.goto(f"{origin}/?show=spend")
    await expect(page.locator(".amount").first).to_be_visible()
    assert asked[-1].endswith(f"from={TODAY[:8]}01&to={TODAY}")
    await page.get_by_role("button", name="From … to").click()
    await page.get_by_label("From", exact=True).fill("2026-03-04")
    await page.get_by_label("From", exact=True).dispatch_event("change")
    await expect(page.get_by_role("link", name="CSV")).to_have_attribute(
        "href", f"/studio/spend.csv?from=2026-03-04&to={TODAY}"
    )
    assert asked[-1].endswith(f"from=2026-03-04&to={TODAY}")


async def test_where_nothing_was_spent_it_says_so(page: Page, origin: str) -> None:
    await told_of_money(page, {"totals": [], "by_person": [], "by_model": [], "by_day": []})
    await page.goto(f"{origin}/?show=spend")
    await expect(page.locator(".nothing")).to_contain_text("Nothing was spent in this time.")


async def test_an_admin_sets_a_cap_and_takes_it_away_and_those_of_the_settings_stay(
    page: Page, origin: str, artifacts: Path
) -> None:
    await told_of_money(page, SPEND)
    fixed = CAP | {"amount": 5.0, "used": None, "left": None}
    known, posted = [fixed], []

    async def caps(route: Route) -> None:
        if route.request.method == "POST":
            assert "x-studio" in route.request.headers
            posted.append(route.request.post_data_json)
            known.append(CAP | {"id": "2", "fixed": False, "used": 1.0, "left": 19.0, **posted[-1], "amount": 20.0})
        await route.fulfill(json=known)

    async def drop(route: Route) -> None:
        known.pop()
        await route.fulfill(json={"dropped": "2"})

    await page.route("**/studio/caps", caps)
    await page.route("**/studio/caps/2/drop", drop)
    await page.goto(f"{origin}/?show=spend")
    await page.get_by_text("Set caps").click()
    await expect(page.locator(".set-caps li")).to_have_text(["Each person: $5.00 a daySetting"])
    await page.get_by_label("Whose money").select_option("one")
    await page.get_by_label("Name of the person").fill("ann")
    await page.get_by_label("Amount").fill("20")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.locator(".set-caps li").last).to_contain_text("ann: $20.00 a month")
    assert posted == [{"scope": "person", "person": "ann", "period": "month", "amount": "20", "currency": "USD"}]
    await page.screenshot(path=artifacts / "caps.png", full_page=True)
    await page.get_by_role("button", name="Take away: ann").click()
    await expect(page.locator(".set-caps li")).to_have_count(1)


async def test_caps_are_only_set_by_admins(page: Page, origin: str) -> None:
    await told_of_money(page, SPEND | {"everybody": False})
    await page.goto(f"{origin}/?show=spend")
    await expect(page.locator(".amount").first).to_be_visible()
    await expect(page.locator(".set-caps")).to_be_hidden()


async def test_an_admin_sees_lines_failures_and_the_disk_and_nobody_else_anything(
    page: Page, origin: str, artifacts: Path
) -> None:
    line = {"bucket": "b", "model": "painter", "region": "singapore", "waiting": 7, "busy": 2, "lanes": 3, "limit": 5}
    told = {
        "jobs": {"waiting": 7, "working": 2, "unknown": 1},
        "queues": [line | {"per_second": 2, "cooldown_until": None, "refusals": 4}],
        "errors": [{"code": "Throttling", "count": 3, "message": "Too <i>fast</i>.", "last_at": ago(60)}],
        "disk": {"free": 2 * 1024**3, "total": 100 * 1024**3, "used": 1024**3, "low": True},
        "loop": {"blocked": 0, "longest_ms": 0.0},
        "ready": True,
    }
    await page.goto(f"{origin}/?show=admin")
    await expect(page.locator("studio-admin")).to_be_hidden()

    await page.route("**/studio/admin", lambda route: route.fulfill(json=told))
    await page.reload()
    row = page.locator(".watched tbody tr").first
    await expect(row).to_contain_text("Painter 1, Singapore")
    await expect(row).to_contain_text("2 of 3")
    await expect(row).to_contain_text("2 a second · 3 at once instead of 5, as it lately allowed · refused 4 times")
    await expect(page.locator(".watched").last).to_contain_text("Too <i>fast</i>.")
    await expect(page.locator('.vital[data-tone="bad"]')).to_contain_text("2.0 GB")
    await page.screenshot(path=artifacts / "admin.png")


# The whole studio ----------------------------------------------------------------------------------------------------


async def test_at_the_cap_the_form_offers_what_still_fits_and_the_spend_tab_tells_the_rest(
    browser: Browser, home: Path, artifacts: Path
) -> None:
    family = CATALOGUE.families[0]
    catalogue = replace(CATALOGUE, families=(family,), models=CATALOGUE.of_family(family.id))
    settings = Settings(studio_home=home, studio_cap_day="0.30 USD")
    async with (
        served(create_app(settings, catalogue=catalogue)) as origin,
        await browser.new_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        complaints = complaints_of(page)
        await page.goto(origin)
        foot = page.locator(f"#{family.id}-foot")
        await expect(foot).to_contain_text("of the studio's cap of $0.30 a day")
        await page.locator(f"#{family.id}-prompt textarea").fill("A paper boat")
        offer = foot.get_by_role("button", name="Use ")
        await expect(offer).to_be_visible()
        await page.screenshot(path=artifacts / "cap.png")
        await offer.click()
        await expect(foot).not_to_contain_text("cap of $0.30")
        await expect(page.locator(f"#{family.id}-prompt textarea")).to_have_value("A paper boat")

        await page.locator("#tab-spend-button").click()
        await expect(page.get_by_role("meter", name="Everybody, today")).to_have_attribute(
            "aria-valuetext", "$0.00 of $0.30"
        )
        await expect(page.locator(".nothing")).to_contain_text("In the demo nothing is billed")
        await page.screenshot(path=artifacts / "spend-tab.png")
        assert not complaints

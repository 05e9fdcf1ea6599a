"""What a job that failed tells whoever made it: what, about what, for what money, and what to press."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.domain.jobs import Asset, Job
from services.gallery.error_view import ErrorView, error_view
from services.simulator import Answer, Route, Simulator
from services.studio import Studio
from tests.database.test_jobs import a_job, an_asset
from tests.rig.studio import simulated, studio_at, until


def told(*files: Asset, **changes: object) -> ErrorView:
    values: dict[str, object] = {"error_code": "InternalError", "error_message": "It broke.", "actual_micros": 0}
    view = error_view(a_job(1, **{**values, **changes}), files)
    assert view is not None
    return view


def given(job: Job, kind: str) -> Asset:
    return replace(an_asset(job, "a_field"), kind=kind)


def test_a_job_without_an_error_tells_none() -> None:
    assert error_view(a_job(1), ()) is None


def test_everything_is_told_of_one_that_failed() -> None:
    assert told(
        error_code="DataInspectionFailed",
        error_message="The words did not pass the provider's content check.",
        error_hint="Change it.",
        error_detail="Input text data may contain inappropriate content.",
        request_id="r-1",
    ) == ErrorView(
        code="DataInspectionFailed",
        message="The words did not pass the provider's content check.",
        hint="Change it.",
        request_id="r-1",
        detail="Input text data may contain inappropriate content.",
        input="words",
        billed="no",
        action="edit_prompt",
    )


@pytest.mark.parametrize(
    ("micros", "demo", "billed"),
    [(0, False, "no"), (4_000, False, "yes"), (None, False, "unknown"), (None, True, "no"), (4_000, True, "no")],
)
def test_whether_money_was_taken_is_what_the_books_say(micros: int | None, demo: bool, billed: str) -> None:
    assert told(actual_micros=micros, demo=demo)["billed"] == billed


@pytest.mark.parametrize(
    ("kinds", "expected"), [(["image"], "picture"), (["audio"], "sound"), (["video", "video"], "video"), ([], "none")]
)
def test_the_only_kind_of_file_that_was_given_is_the_one_it_is_about(kinds: list[str], expected: str) -> None:
    files = [given(a_job(1), kind) for kind in kinds]
    assert told(*files, error_code="InvalidFile.Size")["input"] == expected


def test_of_several_kinds_none_is_blamed() -> None:
    files = [given(a_job(1), kind) for kind in ("image", "audio")]
    assert told(*files, error_code="InvalidFile.Size")["input"] == "none"


def test_what_was_made_is_no_input() -> None:
    assert told(an_asset(a_job(1)), error_code="InvalidFile.Size")["input"] == "none"


def test_the_words_are_meant_where_there_is_nothing_else() -> None:
    assert told(error_code="DataInspectionFailed")["input"] == "words"
    assert told(error_code="DataInspectionFailed", prompt=" ")["input"] == "none"


def test_an_unknown_code_keeps_its_raw_text_and_offers_to_copy_it() -> None:
    view = told(error_code="Frobnicated", error_detail="The frobnicator is dry.", request_id="r-2")
    assert (view["code"], view["detail"], view["request_id"]) == ("Frobnicated", "The frobnicator is dry.", "r-2")
    assert (view["input"], view["action"]) == ("none", "copy_request")


# Through the whole studio --------------------------------------------------------------------------------------------


@pytest.fixture
async def vendor(tmp_path: Path) -> AsyncIterator[tuple[Simulator, str]]:
    async with simulated(tmp_path / "vendor") as both:
        yield both


@pytest.fixture
async def studio(home: Path, vendor: tuple[Simulator, str]) -> AsyncIterator[Studio]:
    async with studio_at(home, vendor[1]) as running:
        yield running


async def error_of(studio: Studio, prompt: str = "a cat on a wall") -> ErrorView:
    job = await studio.submit(family="text_to_video", model="wan2.6-t2v", given={"prompt": prompt, "duration": 2})
    ended = await until(studio, job["id"])
    assert ended["status"] == "failed"
    assert ended["error"] is not None
    return ended["error"]


async def test_refused_words_are_to_be_edited_and_cost_nothing(studio: Studio) -> None:
    error = await error_of(studio, "something forbidden")
    assert (error["input"], error["billed"], error["action"]) == ("words", "no", "edit_prompt")
    assert error["request_id"]


@pytest.mark.parametrize(
    ("status", "code", "about", "action"),
    [
        (401, "InvalidApiKey", "account", "open_keys"),
        (400, "Arrearage", "account", "open_billing"),
        (404, "ModelNotFound", "account", "change_model"),
        (418, "Frobnicated", "none", "copy_request"),
    ],
)
async def test_a_refused_create_is_told_with_one_thing_to_do(
    studio: Studio, vendor: tuple[Simulator, str], status: int, code: str, about: str, action: str
) -> None:
    vendor[0].faults.add(Route.CREATE, Answer(status, code, "In the provider's own words: see https://x.example/?k=1"))
    error = await error_of(studio)
    assert (error["code"], error["input"], error["billed"], error["action"]) == (code, about, "no", action)
    assert error["detail"] == "In the provider's own words: see (removed)"
    assert vendor[0].creates == []

"""Every documented code has words for people, and a branch for programs."""

from __future__ import annotations

import ast

import pytest

from services.dashscope import (
    EXPLANATIONS,
    Action,
    Explanation,
    Fault,
    Subject,
    code_of,
    error_from_reply,
    explain,
    explain_error,
    words_of,
)
from services.dashscope.errors.codes import ALIASES, STUDIO_EXPLANATIONS
from services.dashscope.errors.mapping import failure, outcome_unknown, unreachable
from services.dashscope.errors.messages import READINGS
from services.dashscope.errors.text import INPUTS, Kind
from services.domain import errors
from services.domain.errors import (
    KeyRefused,
    NotTaken,
    OutcomeUnknown,
    Refused,
    Throttled,
    Unavailable,
    VendorError,
)
from tests import ROOT
from tests.rig.documented import DOCUMENTED, Documented


@pytest.mark.parametrize("row", DOCUMENTED, ids=lambda row: f"{row.status}-{row.code}-{row.message[:24]}")
def test_every_documented_error_tells_what_happened_about_what_for_what_money_and_what_to_do(row: Documented) -> None:
    error = error_from_reply(row.status, {"code": row.code, "message": row.message, "request_id": "r"})
    told = explain(row.code, row.message)
    assert type(error) is row.branch
    assert (told.which, told.charged, told.action) == (row.which, False, row.action)
    assert error.message == told.happened
    assert (error.code, error.http_status, error.request_id) == (row.code, row.status, "r")
    assert explain_error(error) == told


def test_every_code_with_words_is_documented_and_every_documented_one_has_words() -> None:
    documented = {row.code for row in DOCUMENTED if row.code}
    heads_of_families = {"BadRequest", "InvalidFile", "InvalidImage"}
    of_our_side = {"APIConnectionError"}
    assert documented == (EXPLANATIONS.keys() | ALIASES.keys()) - heads_of_families - of_our_side


def test_every_code_that_the_studio_gives_itself_has_words() -> None:
    raised = {
        name for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, VendorError)
    }
    given = {
        keyword.value.value
        for path in (ROOT / "services").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in raised
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert {"DemoEnded", "CheckLost"} <= given, "the calls were not found"
    assert given <= STUDIO_EXPLANATIONS.keys() | EXPLANATIONS.keys()


@pytest.mark.parametrize(
    "explanation",
    [*EXPLANATIONS.values(), *STUDIO_EXPLANATIONS.values(), *(reading.means for reading in READINGS)],
    ids=lambda explanation: explanation.happened[:40],
)
def test_words_are_short_and_plain(explanation: Explanation) -> None:
    for sentence in (explanation.happened, explanation.advice):
        assert sentence.endswith(".")
        assert len(sentence) <= 120
        assert not any(jargon in sentence for jargon in ("HTTP", "API", "JSON", "URL", "parameter", "{", "_"))


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("InvalidFile.SomethingNew", "InvalidFile"),
        ("InvalidImage.Odd.Deeper", "InvalidImage"),
        ("InternalError.Gpu", "InternalError"),
        ("Throttling.Moon", "Throttling"),
        ("BadRequest.Odd", "BadRequest"),
        ("invalidapikey", "InvalidApiKey"),
    ],
)
def test_a_new_member_of_a_known_family_is_told_as_the_family(code: str, family: str) -> None:
    assert explain(code) == explain(family)


def test_an_unknown_code_is_told_honestly() -> None:
    assert "does not know" in explain("Frobnicated").happened
    assert explain("") == explain("Frobnicated")


@pytest.mark.parametrize(
    ("code", "message", "holds"),
    [
        ("InvalidParameter", "url error, please check url！", "address"),
        ("InvalidParameter", "Model not exist.", "does not know this model"),
        ("InvalidParameter", "The size is not match xxxxxx", "shape"),
        ("InvalidParameter", "size must be in 1080*1920,1920*1080", "shape"),
        ("InvalidParameter", "Input should be '1080P' or '720P': resolution", "shape"),
        ("InvalidParameter", "Duration should be between 2 and 15", "length"),
        ("InvalidParameter", "duration customization is not supported", "length"),
        ("InvalidParameter", "Field required: input.img_url", "could not read"),
        ("InvalidParameter", "Required parameter(prompt) missing or invalid", "could not read"),
        ("InvalidParameter", "Failed to decode the image", "broken"),
        ("InvalidParameter", "image length and width do not meet the model restrictions", "too large or too small"),
        ("InvalidParameter", "Unable to download the media resource", "could not fetch"),
        ("InvalidParameter", "something else entirely", "one of the values"),
        ("AccessDenied", "current user api does not support synchronous calls", "in a way"),
        ("Throttling.AllocationQuota", "Free allocated quota exceeded.", "free quota"),
        ("Throttling.AllocationQuota", "Allocated quota exceeded, please increase your quota limit.", "Too many"),
        ("DataInspectionFailed", "Output data may contain inappropriate content.", "held back"),
        ("InvalidURL", "The input audio is longer than 20s.", "does not fit"),
        ("InvalidURL", "Required URL is missing or invalid", "could not fetch"),
    ],
)
def test_the_message_is_read_where_a_code_says_little(code: str, message: str, holds: str) -> None:
    assert holds in explain(code, message).happened


@pytest.mark.parametrize(
    ("code", "message", "which", "action"),
    [
        ("InvalidFile.Duration", "The audio duration is wrong", Subject.SOUND, Action.CHOOSE_FILE),
        ("InvalidFile.Size", "input.first_frame_url is too large", Subject.PICTURE, Action.CHOOSE_FILE),
        ("InvalidFile.Size", "https://vendor.example/a.MP4 is too large", Subject.VIDEO, Action.CHOOSE_FILE),
        ("InvalidFile.Size", "image2video failed", Subject.NONE, Action.CHOOSE_FILE),
        ("IPInfringementSuspect", "The input image is suspected", Subject.PICTURE, Action.CHOOSE_FILE),
        ("IPInfringementSuspect", "The prompt is suspected", Subject.WORDS, Action.EDIT_PROMPT),
        ("DataInspectionFailed", "Input or output data may contain", Subject.NONE, Action.EDIT_PROMPT),
        ("InternalError", "image server down", Subject.NONE, Action.TRY_AGAIN),
    ],
)
def test_what_a_message_names_is_what_it_is_about(code: str, message: str, which: Subject, action: Action) -> None:
    told = explain(code, message)
    assert (told.which, told.action) == (which, action)


@pytest.mark.parametrize(
    ("code", "given", "which"),
    [
        ("InvalidFile.Size", {Subject.WORDS, Subject.PICTURE}, Subject.PICTURE),
        ("InvalidFile.Size", {Subject.PICTURE, Subject.SOUND}, Subject.NONE),
        ("InvalidFile.Duration", {Subject.PICTURE, Subject.SOUND}, Subject.SOUND),
        ("InvalidURL.Timeout", {Subject.WORDS, Subject.VIDEO}, Subject.VIDEO),
        ("DataInspectionFailed", {Subject.WORDS}, Subject.WORDS),
        ("DataInspectionFailed", {Subject.WORDS, Subject.PICTURE}, Subject.NONE),
        ("DataInspectionFailed", set(), Subject.NONE),
        ("InvalidFile.NoHuman", {Subject.SOUND}, Subject.PICTURE),
        ("InternalError", {Subject.PICTURE}, Subject.NONE),
        ("Arrearage", {Subject.PICTURE}, Subject.ACCOUNT),
    ],
)
def test_where_only_one_input_can_be_meant_it_is_told(code: str, given: set[Subject], which: Subject) -> None:
    assert explain(code, given=given).which is which


def test_a_file_that_the_content_check_refused_is_to_be_chosen_anew() -> None:
    assert explain("DataInspectionFailed", given={Subject.PICTURE}).action is Action.CHOOSE_FILE


def test_what_was_made_is_never_taken_for_what_was_given() -> None:
    told = explain("DataInspectionFailed", "Output data may contain inappropriate content.", given=INPUTS)
    assert (told.which, told.action) == (Subject.RESULT, Action.EDIT_PROMPT)


def test_whose_fault_it_is() -> None:
    faults = {
        "InvalidFile.Size": Fault.YOU,
        "Arrearage": Fault.ACCOUNT,
        "InternalError": Fault.PROVIDER,
        "BadRequest.EmptyModel": Fault.STUDIO,
    }
    assert {code: explain(code).fault for code in faults} == faults


def test_the_classes_that_have_no_code_explain_themselves() -> None:
    assert explain_error(outcome_unknown()).charged is None
    assert "reached" in explain_error(unreachable()).happened
    assert explain_error(Refused("x", code="ResultGone")).charged is True
    assert explain_error(error_from_reply(403, "")).fault is Fault.ACCOUNT
    assert explain_error(Throttled("x", http_status=429)).kind is Kind.THROTTLED
    assert isinstance(explain_error(VendorError("x", http_status=200)), Explanation)


def test_an_error_without_a_code_is_kept_under_its_branch_and_told_alike_afterwards() -> None:
    for status in (400, 401, 402, 429, 500):
        error = error_from_reply(status, "")
        assert explain(code_of(error)).action is explain_error(error).action
    assert code_of(KeyRefused("x", code="AccessDenied")) == "AccessDenied"
    assert explain(code_of(VendorError("x"))).action is Action.COPY_REQUEST


def test_the_vendors_own_words_are_kept_without_links_and_keys() -> None:
    said = (
        "Failed to download https://bucket.example/cat.png?Signature=abc&x=1 with sk-0123abc, data:image/png;base64,AA."
    )
    kept = words_of(Refused("x", vendor_message=said)) or ""
    assert kept == "Failed to download (removed) with (removed), (removed)"
    assert words_of(Refused("x", vendor_message="  ")) is None
    assert len(words_of(Refused("x", vendor_message="a" * 5_000)) or "") == 500


def test_a_task_that_failed_was_taken_whatever_its_code() -> None:
    for row in DOCUMENTED:
        assert not isinstance(failure(row.code, row.message), NotTaken | OutcomeUnknown)


def test_no_create_call_is_repeated_that_may_have_been_taken() -> None:
    for row in DOCUMENTED:
        error = error_from_reply(row.status, {"code": row.code, "message": row.message}, creating=True)
        certain = row.status == 503 or (400 <= row.status < 500 and row.status != 408) or row.branch is not Unavailable
        assert isinstance(error, OutcomeUnknown) is not certain, row.code


@pytest.mark.parametrize("body", [None, "", [], {"code": 5, "message": None}, {"code": ["x"]}, 7, "x" * 9999])
def test_any_body_makes_an_error(body: object) -> None:
    for status in (200, 301, 400, 401, 404, 418, 429, 500, 503, 599):
        error = error_from_reply(status, body)
        assert error.message
        assert len(error.vendor_message) <= 2000

"""Every documented code has words for people, and a branch for programs."""

from __future__ import annotations

import pytest

from services.dashscope import EXPLANATIONS, Explanation, Fault, Subject, error_from_reply, explain, explain_error
from services.dashscope.errors import failure, outcome_unknown, unreachable
from services.dashscope.explanations import ALIASES, STUDIO_EXPLANATIONS, Kind
from services.errors import (
    BillingStopped,
    ContentRefused,
    KeyRefused,
    NotTaken,
    OutcomeUnknown,
    Refused,
    Throttled,
    Unavailable,
    VendorError,
)

# The vendor's list, "Error codes" of Model Studio: HTTP status, code, and what a reading call makes of it.
DOCUMENTED: tuple[tuple[int, str, type[VendorError]], ...] = (
    (400, "InvalidParameter", Refused),
    (400, "InvalidParameter.DataInspection", Refused),
    (400, "DataInspectionFailed", ContentRefused),
    (400, "IPInfringementSuspect", ContentRefused),
    (400, "CustomRoleBlocked", ContentRefused),
    (400, "FaqRuleBlocked", ContentRefused),
    (400, "InvalidURL", Refused),
    (400, "InvalidURL.ConnectionRefused", Refused),
    (400, "InvalidURL.Timeout", Refused),
    *(
        (400, f"InvalidFile.{rule}", Refused)
        for rule in (
            "Size",
            "Duration",
            "Format",
            "Resolution",
            "FPS",
            "AspectRatio",
            "ImageSize",
            "NoHuman",
            "MultiHuman",
            "BodyProportion",
            "FacePose",
            "FullFace",
            "Openerror",
            "FrontBody",
            "FullBody",
            "BodyPose",
            "FaceNotMatch",
            "Content",
            "Value",
            "Template.Content",
        )
    ),
    *((400, f"InvalidImage.{rule}", Refused) for rule in ("FileFormat", "ImageSize", "NoHumanFace")),
    (400, "InvalidImageResolution", Refused),
    (400, "InvalidImageFormat", Refused),
    (400, "InvalidPerson", Refused),
    *(
        (400, f"BadRequest.{rule}", Refused)
        for rule in (
            "EmptyInput",
            "EmptyParameters",
            "EmptyModel",
            "IllegalInput",
            "InputDownloadFailed",
            "UnsupportedFileFormat",
            "ResourceNotExist",
        )
    ),
    (400, "Arrearage", BillingStopped),
    (400, "UnsupportedOperation", Refused),
    (401, "InvalidApiKey", KeyRefused),
    (401, "invalid_api_key", KeyRefused),
    (401, "NOT AUTHORIZED", KeyRefused),
    (403, "AccessDenied", KeyRefused),
    (403, "AccessDenied.Unpurchased", BillingStopped),
    (403, "Model.AccessDenied", KeyRefused),
    (403, "Workspace.AccessDenied", KeyRefused),
    (403, "App.AccessDenied", KeyRefused),
    (403, "AllocationQuota.FreeTierOnly", BillingStopped),
    (404, "ModelNotFound", Refused),
    (404, "model_not_found", Refused),
    (404, "WorkSpaceNotFound", Refused),
    (404, "NotFound", Refused),
    (408, "RequestTimeOut", Unavailable),
    (409, "Conflict", Refused),
    (413, "BadRequest.TooLarge", Refused),
    (429, "Throttling", Throttled),
    (429, "Throttling.RateQuota", Throttled),
    (429, "LimitRequests", Throttled),
    (429, "limit_requests", Throttled),
    (429, "Throttling.BurstRate", Throttled),
    (429, "limit_burst_rate", Throttled),
    (429, "Throttling.AllocationQuota", Throttled),
    (429, "insufficient_quota", Throttled),
    (429, "CommodityNotPurchased", BillingStopped),
    (429, "PrepaidBillOverdue", BillingStopped),
    (429, "PostpaidBillOverdue", BillingStopped),
    (500, "InternalError", Unavailable),
    *((500, f"InternalError.{part}", Unavailable) for part in ("Algo", "FileUpload", "Upload", "Timeout")),
    (500, "RequestTimeOut", Unavailable),
    (500, "SystemError", Unavailable),
    (500, "ModelServiceFailed", Unavailable),
    (500, "RewriteFailed", Unavailable),
    (503, "ModelUnavailable", Unavailable),
    (503, "ModelServingError", Unavailable),
)


@pytest.mark.parametrize(("status", "code", "branch"), DOCUMENTED)
def test_every_documented_code_has_its_words_and_its_branch(status: int, code: str, branch: type[VendorError]) -> None:
    assert code in EXPLANATIONS or code in ALIASES
    error = error_from_reply(status, {"code": code, "message": "as documented", "request_id": "r"})
    assert type(error) is branch
    assert error.message == explain(code, "as documented").happened
    assert (error.code, error.http_status, error.request_id) == (code, status, "r")


@pytest.mark.parametrize("code", [code for _, code, _ in DOCUMENTED])
def test_no_documented_code_takes_money(code: str) -> None:
    assert explain(code).charged is False


@pytest.mark.parametrize("code", [*EXPLANATIONS, *STUDIO_EXPLANATIONS])
def test_words_are_short_and_plain(code: str) -> None:
    explanation = explain(code)
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
    ("code", "message", "which"),
    [
        ("DataInspectionFailed", "Input text data may contain inappropriate content.", Subject.WORDS),
        ("DataInspectionFailed", "Input image data may contain inappropriate content.", Subject.PICTURE),
        ("DataInspectionFailed", "Output data may contain inappropriate content.", Subject.RESULT),
        ("InvalidFile.Duration", "The audio duration is wrong", Subject.SOUND),
        ("InvalidURL", "Allowed types are: .wav, .mp3.", Subject.SOUND),
        ("InvalidFile.NoHuman", "", Subject.PICTURE),
        ("InvalidFile.Size", "", Subject.NONE),
        ("InternalError", "image server down", Subject.NONE),
    ],
)
def test_what_it_is_about_is_told(code: str, message: str, which: Subject) -> None:
    assert explain(code, message).which is which


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


def test_a_task_that_failed_was_taken_whatever_its_code() -> None:
    for _, code, _ in DOCUMENTED:
        assert not isinstance(failure(code, ""), NotTaken | OutcomeUnknown)


def test_no_create_call_is_repeated_that_may_have_been_taken() -> None:
    for status, code, branch in DOCUMENTED:
        error = error_from_reply(status, {"code": code}, creating=True)
        certain = status in (429, 503) or branch is not Unavailable
        assert isinstance(error, OutcomeUnknown) is not certain, code


@pytest.mark.parametrize("body", [None, "", [], {"code": 5, "message": None}, {"code": ["x"]}, 7, "x" * 9999])
def test_any_body_makes_an_error(body: object) -> None:
    for status in (200, 301, 400, 401, 404, 418, 429, 500, 503, 599):
        error = error_from_reply(status, body)
        assert error.message
        assert len(error.vendor_message) <= 2000

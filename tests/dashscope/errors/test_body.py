"""Errors of gateways and codes inside codes: read, explained, and sorted into what may be sent again."""

from __future__ import annotations

import httpx
import pytest

from services.dashscope import Action, Subject, code_of, error_from_reply, explain, explain_error
from services.dashscope.errors.body import read_error_body, repeated_code
from services.dashscope.errors.mapping import failure, is_refusal
from services.domain.errors import (
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
from tests.rig.dashscope import Vendor, client, created

PARAMETER = "InternalError.Algo.InvalidParameter"
INSPECTED = "InternalError.Algo.DataInspectionFailed"


def ordered(status: int, body: object) -> VendorError:
    return error_from_reply(status, body, creating=True)


# Codes inside codes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "action"),
    [
        (400, PARAMETER, "something odd", Refused, Action.CHANGE_MODEL),
        (400, PARAMETER, "Range of input length should be [1, 800]", Refused, Action.EDIT_PROMPT),
        (400, INSPECTED, "Input text data may contain inappropriate content.", ContentRefused, Action.EDIT_PROMPT),
        (500, INSPECTED, "Output data may contain inappropriate content.", ContentRefused, Action.EDIT_PROMPT),
        (400, f"{INSPECTED}.Text", "", ContentRefused, Action.EDIT_PROMPT),
        (400, "InternalError.IPInfringementSuspect", "", ContentRefused, Action.EDIT_PROMPT),
        (400, "InvalidParameter.DataInspectionFailed", "", ContentRefused, Action.EDIT_PROMPT),
        (400, "InternalError.Algo.InvalidParameter.DataInspection", "", Refused, Action.CHOOSE_FILE),
        (400, "InvalidParameter.InvalidFile.Duration", "", Refused, Action.CHOOSE_FILE),
        (400, "BadRequest.InvalidURL", "", Refused, Action.TRY_AGAIN),
        (400, "InternalError.Algo.Arrearage", "", BillingStopped, Action.OPEN_BILLING),
        (401, "InternalError.InvalidApiKey", "", KeyRefused, Action.OPEN_KEYS),
        (429, "InternalError.Algo.Throttling.RateQuota", "", Throttled, Action.WAIT),
        (400, "SystemError.ModelNotFound", "", Refused, Action.CHANGE_MODEL),
        (400, "Somewhere.New.DataInspectionFailed", "", ContentRefused, Action.EDIT_PROMPT),
        # The first part decides if it is not only a wrapper.
        (400, "InvalidFile.NotFound", "", Refused, Action.CHOOSE_FILE),
        (400, "InvalidURL.AccessDenied", "", Refused, Action.TRY_AGAIN),
        # A 4xx with a code that speaks of a breakdown is a no all the same.
        (400, "InternalError.Algo", "no such voice", Refused, Action.COPY_REQUEST),
        (400, "InternalError.Algo.SomethingNew", "", Refused, Action.COPY_REQUEST),
        (400, "SystemError", "", Refused, Action.COPY_REQUEST),
        (422, "ModelServiceFailed", "", Refused, Action.COPY_REQUEST),
        (403, "InternalError.Algo.Odd", "", KeyRefused, Action.OPEN_KEYS),
        (429, "InternalError", "", Throttled, Action.WAIT),
    ],
)
async def test_the_most_specific_known_part_of_a_code_decides_then_the_status(
    status: int, code: str, message: str, kind: type[VendorError], action: Action
) -> None:
    error = ordered(status, {"code": code, "message": message, "request_id": "r"})
    assert type(error) is kind
    assert (error.code, error.vendor_message, error.request_id) == (code, message, "r")
    assert explain_error(error).action is action
    assert explain(code_of(error), message, happened=error.message).action is action, "as it is told later"


@pytest.mark.parametrize("code", ["InternalError.Algo.SomethingNew", PARAMETER, INSPECTED, "NeverHeardOf.Either"])
async def test_a_no_in_the_vendors_envelope_is_asked_once(code: str) -> None:
    vendor = Vendor(httpx.Response(400, json={"code": code, "message": "m", "request_id": "r"}), created())
    async with client(vendor) as dashscope:
        with pytest.raises(Refused):
            await dashscope.create("/services/x", {})
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalError.Algo.SomethingNew"), (500, "InternalError.Algo"), (502, "Odd.Code"), (408, "RequestTimeOut")],
)
def test_a_breakdown_leaves_it_open_whether_a_task_was_made(status: int, code: str) -> None:
    assert isinstance(ordered(status, {"code": code, "message": "m"}), OutcomeUnknown)
    assert isinstance(error_from_reply(status, {"code": code, "message": "m"}), Unavailable)


@pytest.mark.parametrize("status", [400, 429, 503])
def test_a_full_provider_that_says_so_took_nothing(status: int) -> None:
    assert isinstance(ordered(status, {"code": "ModelUnavailable", "message": "Model is unavailable"}), NotTaken)


def test_a_task_that_failed_the_content_check_offers_no_second_try() -> None:
    error = failure(INSPECTED, "Output data may contain inappropriate content.")
    assert type(error) is ContentRefused
    told = explain_error(error)
    assert (told.which, told.action) == (Subject.RESULT, Action.EDIT_PROMPT)
    inside = failure("InternalError.Algo", f"<400> {INSPECTED}: Input image data may contain inappropriate content.")
    assert type(inside) is ContentRefused
    assert explain_error(inside).which is Subject.PICTURE


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (f"<400> {PARAMETER}: Range of n", PARAMETER),
        (f"litellm.BadRequestError: DashscopeException - <400> {PARAMETER}: x", PARAMETER),
        ("<html>", ""),
        ("a <b>: c", ""),
        ("<400> : nothing", ""),
        ("", ""),
    ],
)
def test_a_code_that_a_message_repeats_is_found(message: str, code: str) -> None:
    assert repeated_code(message) == code


# Gateways ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            403,
            {
                "error": {
                    "message": "用户额度不足, 剩余额度: ¥0",
                    "type": "new_api_error",
                    "code": "insufficient_user_quota",
                }
            },
            BillingStopped,
            "用户额度不足",
        ),
        (401, {"error": {"message": "该令牌额度已用尽", "type": "new_api_error", "code": ""}}, BillingStopped, "令牌"),
        (
            400,
            {"error": {"message": "Budget has been exceeded! Max budget: 1", "type": "budget_exceeded", "code": "400"}},
            BillingStopped,
            "Budget",
        ),
        (402, {"error": {"message": "pay", "code": 402}}, BillingStopped, "pay"),
        (
            400,
            {"error": {"code": "invalid_parameter_error", "param": None, "message": f"<400> {INSPECTED}: Input text"}},
            ContentRefused,
            "Input text",
        ),
        (400, {"error": {"message": "no", "type": "invalid_request_error", "code": None}}, Refused, "no"),
        (401, {"error": {"message": "bad key", "type": "authentication_error"}}, KeyRefused, "bad key"),
        (429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, Throttled, "slow down"),
        (
            429,
            {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}},
            Throttled,
            "You",
        ),
        (404, {"error": {"message": "no model", "code": "model_not_found"}}, Refused, "no model"),
        (403, {"detail": "Not enough credits left, quota exceeded"}, BillingStopped, "credits"),
        (403, {"detail": "Forbidden"}, KeyRefused, "Forbidden"),
        (
            422,
            {"detail": [{"loc": ["body", "model"], "msg": "field required", "type": "missing"}]},
            Refused,
            "body.model: field required",
        ),
        (400, {"errors": [{"code": "InvalidFile.Size", "message": "too large"}]}, Refused, "too large"),
        (401, {"error": "invalid_token", "error_description": "expired"}, KeyRefused, "expired"),
        (400, {"error": "plain words"}, Refused, "plain words"),
        (400, {"Code": "InvalidApiKey", "Message": "m", "RequestId": "R"}, KeyRefused, "m"),
        (400, {"type": "https://example.com/out", "title": "Bad", "detail": "worse"}, Refused, "worse"),
        (403, "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>", KeyRefused, "No."),
        (
            413,
            "<html><head><title>413 Too Large</title></head><body><h1>413 Too Large</h1>nginx</body></html>",
            Refused,
            "413",
        ),
        (400, [{"message": "in a list"}], Refused, "in a list"),
    ],
)
def test_a_gateways_refusal_is_read_and_is_a_no(status: int, body: object, kind: type[VendorError], words: str) -> None:
    error = ordered(status, body)
    assert type(error) is kind
    assert words in error.vendor_message
    assert "<" not in error.vendor_message.replace("<400>", "")
    assert explain(code_of(error), error.vendor_message, happened=error.message).happened == error.message


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "bad gateway", "code": 502}},
        {"error": {"message": "upstream", "type": "upstream_error"}},
        {"detail": "Internal Server Error"},
        {"error": None},
        "<html>Bad Gateway</html>",
    ],
)
def test_a_gateways_breakdown_leaves_it_open(body: object) -> None:
    assert isinstance(ordered(502, body), OutcomeUnknown)
    assert isinstance(ordered(200, body), OutcomeUnknown)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"error": {"code": "insufficient_user_quota", "message": "m"}}, True),
        ({"code": "InvalidParameter", "message": "m"}, True),
        ({"output": {"task_status": "FAILED", "code": "InternalError"}}, False),
        ({"data": [], "error": None}, False),
        ({"request_id": "r"}, False),
        ({}, False),
        ("text", False),
    ],
)
def test_a_refusal_is_told_from_an_answer(body: object, refusal: bool) -> None:
    assert is_refusal(body) is refusal


@pytest.mark.parametrize(
    "body", [None, 7, {"error": {"error": {"error": {"error": {"code": "deep"}}}}}, {"errors": [[[]]]}, {"detail": {}}]
)
def test_an_odd_shape_says_nothing_and_breaks_nothing(body: object) -> None:
    assert read_error_body(body).code == ""


def test_a_long_body_is_cut() -> None:
    assert len(read_error_body({"detail": [{"msg": "x" * 9_000}] * 9}).message) <= 2_000
    assert len(read_error_body("<html>" + "<p>word</p>" * 90_000).message) <= 2_000

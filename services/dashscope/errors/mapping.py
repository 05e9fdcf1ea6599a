"""Conversion of the vendor's replies into the branches of services.domain.errors.

The one question that matters for money is whether the same call may be sent again. A create call that broke in the
middle may have been taken: "unavailable" for a reading call is an unknown outcome for a create call.
"""

from __future__ import annotations

import re
from typing import assert_never

from services.dashscope.errors.body import read_error_body
from services.dashscope.errors.codes import (
    EXPLANATIONS,
    OUTCOME_UNKNOWN,
    STREAM_LOST,
    STREAM_LOST_CODE,
    STUDIO_EXPLANATIONS,
    UNANSWERED,
    UNKNOWN_ERROR,
    UNKNOWN_REFUSALS,
    UNREACHABLE,
)
from services.dashscope.errors.explain import explain, find
from services.dashscope.errors.gateway_codes import QUOTA_USED_UP, says_quota_is_used_up
from services.dashscope.errors.text import Action, Explanation, Fault, Kind, Subject
from services.domain.errors import (
    BillingStopped,
    ContentRefused,
    KeyRefused,
    OutcomeUnknown,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
    VendorError,
)
from services.domain.json_values import is_mapping

__all__ = [
    "EXPLANATIONS",
    "Action",
    "Explanation",
    "Fault",
    "Kind",
    "Subject",
    "broken_stream",
    "code_of",
    "error_from_reply",
    "explain",
    "explain_error",
    "failure",
    "is_of_what_was_given",
    "is_refusal",
    "nothing_given",
    "orders_in_vain",
    "outcome_unknown",
    "unavailable",
    "unreachable",
    "words_of",
]

# Envoy, which runs in front of DashScope, also answers 503 with this text if the request had reached the service and
# the connection broke afterwards.
_BROKE_BEHIND_GATEWAY = re.compile(r"reset before headers(?!.*(connection failure|connection timeout|overflow))", re.S)
# Envoy's text if it certainly passed nothing on.
_NOT_PASSED_ON = re.compile(r"connection failure|connection timeout|overflow|no healthy upstream", re.I)

_CODELESS = {401: "InvalidApiKey", 404: "NotFound", 413: "BadRequest.TooLarge"}
"""The code implied by a status alone, for a gateway on the way that answers without the vendor's code."""

# A signed link gives access to a person's file, and some messages repeat the key they were called with.
_SECRETS = re.compile(r"(?:https?|oss)://[^\s\"'<>]+|data:[^\s\"'<>]+|\bsk-[\w-]+")
_WORDS_KEPT = 500


def error_from_reply(http_status: int, body: object, *, creating: bool = False) -> VendorError:
    """Convert a reply into its error. `body` is the parsed JSON, or the text if there was none.

    The most specific documented part of the code decides, then the HTTP status. With `creating`, any reply that leaves
    open whether a task was made is OutcomeUnknown.
    """
    said = read_error_body(body)
    code = said.code or _CODELESS.get(http_status, "")
    known = _meaning(code, http_status, said.message)
    kind = known.kind if known else _kind_of_status(http_status, said.message)
    branch, explanation = _class_of(kind), known or UNKNOWN_REFUSALS.get(kind, UNKNOWN_ERROR)
    if creating and _leaves_open(kind, http_status, says_why=bool(known or _NOT_PASSED_ON.search(said.message))):
        branch, explanation = OutcomeUnknown, OUTCOME_UNKNOWN
    return branch(
        explanation.happened,
        code=code,
        http_status=http_status,
        request_id=said.request_id,
        vendor_message=said.message,
    )


def is_refusal(body: object) -> bool:
    """Return True if a reply is an error and nothing else. A service may refuse with a success status."""
    if not is_mapping(body) or body.get("output") is not None or body.get("data") is not None:
        return False
    return bool(read_error_body(body).code)


def failure(code: str, message: str, *, request_id: str = "") -> VendorError:
    """Return the error of a task that the vendor took and that failed. Never NotTaken: it was taken."""
    known = find(code, message)
    branch: type[VendorError] = VendorError
    if known and known.kind not in (Kind.THROTTLED, Kind.NO_CAPACITY, Kind.BROKEN):
        branch = _class_of(known.kind)
    happened = (known or UNKNOWN_ERROR).happened
    return branch(happened, code=code, http_status=200, request_id=request_id, vendor_message=message)


def forgotten() -> VendorError:
    """Return the error of a task without a result that the vendor no longer knows. Whether it was billed is unknown."""
    return failure("UNKNOWN", "")


def nothing_given() -> VendorError:
    """Return the error of a task that the vendor finished with an empty result."""
    return failure("NoResult", "")


def orders_in_vain() -> VendorError:
    """Return the error of a job that was submitted several times in a row without result."""
    return failure("OrdersInVain", "")


def unreachable() -> Unreachable:
    """Return the error of a connection that was not made."""
    return Unreachable(UNREACHABLE.happened)


def unavailable() -> Unavailable:
    """Return the error of a reading call that broke."""
    return Unavailable(UNANSWERED.happened)


def outcome_unknown() -> OutcomeUnknown:
    """Return the error of a create call that broke after it may have left."""
    return OutcomeUnknown(OUTCOME_UNKNOWN.happened)


def broken_stream() -> OutcomeUnknown:
    """Return the error of a stream that ended, or fell silent, before it was finished."""
    return OutcomeUnknown(STREAM_LOST.happened, code=STREAM_LOST_CODE)


def explain_error(error: VendorError) -> Explanation:
    """Explain an error to people, by its class if that says more than its code."""
    match error:
        case OutcomeUnknown():
            return STUDIO_EXPLANATIONS.get(error.code, OUTCOME_UNKNOWN)
        case Unreachable():
            return UNREACHABLE
        case _:
            pass
    known = _meaning(error.code, error.http_status, error.vendor_message)
    if known:
        return known
    if error.http_status == 0 or error.http_status >= 400:
        return UNKNOWN_REFUSALS.get(_kind_of_status(error.http_status, ""), UNKNOWN_ERROR)
    return UNKNOWN_ERROR


def is_of_what_was_given(error: VendorError) -> bool:
    """Return True if a reply with a success status is a documented complaint about the inputs of a job.

    Such a complaint is about the job, not about a call, a key, a bill or the rate.
    """
    known = find(error.code, error.vendor_message)
    is_about_it = known is not None and known.fault is Fault.YOU and error.code != "UnsupportedOperation"
    return is_about_it and error.http_status == 200


def code_of(error: VendorError) -> str:
    """Return the code under which an error is stored: the vendor's, or if it gave none one that names the branch."""
    return error.code or ("Failed" if type(error) is VendorError else type(error).__name__)


def words_of(error: VendorError) -> str | None:
    """Return the vendor's own words for the user to see: without links and keys, 500 characters at most."""
    said = _SECRETS.sub("(removed)", error.vendor_message).strip()
    return said[:_WORDS_KEPT] or None


def _meaning(code: str, http_status: int, message: str) -> Explanation | None:
    """Return the meaning of a reply by its code and message, or None if only its status can decide.

    A 4xx is a refusal. A code that speaks of a breakdown does not change that: the vendor answers
    `InternalError.Algo.<Reason>` with 400.
    """
    known = find(code, message)
    if known and known.kind is Kind.BROKEN and _is_a_no(http_status):
        known = None
    if known is None or known in (UNKNOWN_REFUSALS[Kind.REFUSED], UNKNOWN_REFUSALS[Kind.KEY]):
        return QUOTA_USED_UP if says_quota_is_used_up(http_status, message) else known
    return known


def _is_a_no(http_status: int) -> bool:
    """Check that a status means nothing was taken. 408 does not: the time ran out after the call was received."""
    return 400 <= http_status < 500 and http_status != 408


def _leaves_open(kind: Kind, http_status: int, *, says_why: bool) -> bool:
    """Return True if a create call with this reply may have made a task all the same.

    A 503 without a reason may come from any proxy on the way, and from behind any of them.
    """
    if kind is Kind.NO_CAPACITY:
        return not (says_why and (http_status == 503 or _is_a_no(http_status)))
    return kind is Kind.BROKEN


def _kind_of_status(http_status: int, text: str) -> Kind:
    match http_status:
        case 401 | 403:
            return Kind.KEY
        case 402:
            return Kind.BILLING
        case 429:
            return Kind.THROTTLED
        case 503 if not _BROKE_BEHIND_GATEWAY.search(text):
            return Kind.NO_CAPACITY
        case 408:
            return Kind.BROKEN
        case status if 300 <= status < 500:
            return Kind.REFUSED
        case _:
            return Kind.BROKEN


def _class_of(kind: Kind) -> type[VendorError]:
    match kind:
        case Kind.REFUSED:
            return Refused
        case Kind.KEY:
            return KeyRefused
        case Kind.BILLING:
            return BillingStopped
        case Kind.CONTENT:
            return ContentRefused
        case Kind.THROTTLED:
            return Throttled
        case Kind.NO_CAPACITY | Kind.BROKEN:
            return Unavailable
        case _:
            assert_never(kind)

"""The meaning of an error code for people, read together with its message and the job's inputs.

Hides the search: the codes (codes.py), the details that messages add to them (messages.py), families of codes, other
spellings. HTTP statuses and exceptions are unknown here; mapping.py handles them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from services.dashscope.errors.body import repeated_code
from services.dashscope.errors.codes import ALIASES, EXPLANATIONS, STUDIO_EXPLANATIONS, UNKNOWN_ERROR, UNKNOWN_REFUSALS
from services.dashscope.errors.gateway_codes import GATEWAY_EXPLANATIONS, QUOTA_USED_UP
from services.dashscope.errors.messages import READINGS, SUBJECTS
from services.dashscope.errors.text import FILES, Action, Explanation, Kind, Subject

_ALL: Mapping[str, Explanation] = {**GATEWAY_EXPLANATIONS, **STUDIO_EXPLANATIONS, **EXPLANATIONS}
_CODES = {code.lower(): code for code in _ALL} | {alias.lower(): code for alias, code in ALIASES.items()}
_WRAPPERS = frozenset(
    {
        "InternalError",
        "InternalError.Algo",
        "InvalidParameter",
        "BadRequest",
        "SystemError",
        "ModelServiceFailed",
        "ModelServingError",
    }
)
"""Codes that the vendor puts in front of another one: `InternalError.Algo.DataInspectionFailed`."""
_NOT_INSIDE = frozenset({"NotFound", "Conflict", "UNKNOWN"})
"""Codes that are plain words. Behind another code they need not have their usual meaning."""
_BY_SENTENCE = {explanation.happened: explanation for explanation in (*UNKNOWN_REFUSALS.values(), QUOTA_USED_UP)}


def find(code: str, vendor_message: str = "") -> Explanation | None:
    """Return the meaning of a code, read together with its message; None for an undocumented code."""
    known = _most_specific(code, repeated_code(vendor_message))
    text = vendor_message.lower()
    reading = next((r for r in READINGS if r.code == known and any(part in text for part in r.holds)), None)
    if reading:
        explanation = reading.means
    elif known:
        explanation = _ALL[known]
    else:
        return None
    named = next((subject for subject, name in SUBJECTS if subject in explanation.may_be and name.search(text)), None)
    return _about(explanation, named) if named else explanation


def explain(code: str, vendor_message: str = "", *, given: Collection[Subject] = (), happened: str = "") -> Explanation:
    """Return the meaning of a code for people. An undocumented code gets an honest general sentence.

    `given` are the kinds of input the job had. If an error can be about only one of them, it is reported as about that.
    `happened` is the sentence that was stored with the job, if there is one. It decides if the HTTP status of the
    response contradicted its code.
    """
    explanation = _BY_SENTENCE.get(happened) or find(code, vendor_message) or UNKNOWN_ERROR
    left = explanation.may_be.intersection(given) if explanation.which is Subject.NONE else frozenset[Subject]()
    return _about(explanation, next(iter(left))) if len(left) == 1 else explanation


def _about(explanation: Explanation, subject: Subject) -> Explanation:
    """Return the same error, known to be about this input. Refused content is changed at the input it came from."""
    refused_file = explanation.kind is Kind.CONTENT and subject in FILES
    action = Action.CHOOSE_FILE if refused_file else explanation.action
    return replace(explanation, which=subject, may_be=frozenset(), action=action)


def _most_specific(code: str, repeated: str) -> str:
    """Return the documented code that decides, or "". A code in the message decides if the reply only wraps it."""
    own, inner = _known(code), _known(repeated)
    own_is_general = not own or own in _WRAPPERS or own in GATEWAY_EXPLANATIONS
    return inner if inner and own_is_general and inner not in _WRAPPERS - {"InvalidParameter"} else own


def _known(code: str) -> str:
    """Return the documented code that is the most specific part of this one, or "".

    `InvalidFile.Anything` is an `InvalidFile`. `InternalError.Algo.DataInspectionFailed.Text` is a
    `DataInspectionFailed`: behind a wrapper, the wrapped code decides.
    """
    parts = code.strip().lower().split(".")
    head = next((known for end in range(len(parts), 0, -1) if (known := _CODES.get(".".join(parts[:end])))), "")
    if head and head not in _WRAPPERS:
        return head
    for end in range(len(parts), 0, -1):
        for start in range(1, end):
            known = _CODES.get(".".join(parts[start:end]), "")
            if known and known not in _NOT_INSIDE and len(parts[:end]) > len(head.split(".")):
                return known
    return head

"""What an error code means for people, read together with its message and with what the job was given.

Hides how it is found: the codes (codes.py), what messages add to them (messages.py), families of codes, other
spellings. It knows no HTTP status and no exception: errors.py does.
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
"""Codes that are plain words: behind another code they need not mean what they mean by themselves."""
_BY_SENTENCE = {explanation.happened: explanation for explanation in (*UNKNOWN_REFUSALS.values(), QUOTA_USED_UP)}


def find(code: str, vendor_message: str = "") -> Explanation | None:
    """What a code means, read together with its message; None for a code nobody has documented."""
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
    """What a code means for people. One that nobody has documented gets an honest general sentence.

    `given` are the kinds of input the job had: if an error can be about only one of them, it is told as about that.
    `happened` is the sentence that was kept with the job, if there is one: it decides if the HTTP status of the answer
    said otherwise than its code.
    """
    explanation = _BY_SENTENCE.get(happened) or find(code, vendor_message) or UNKNOWN_ERROR
    left = explanation.may_be.intersection(given) if explanation.which is Subject.NONE else frozenset[Subject]()
    return _about(explanation, next(iter(left))) if len(left) == 1 else explanation


def _about(explanation: Explanation, subject: Subject) -> Explanation:
    """The same error, known to be about this input. What the content check refused is changed where it was given."""
    refused_file = explanation.kind is Kind.CONTENT and subject in FILES
    action = Action.CHOOSE_FILE if refused_file else explanation.action
    return replace(explanation, which=subject, may_be=frozenset(), action=action)


def _most_specific(code: str, repeated: str) -> str:
    """The documented code that decides, or "". A code in the message decides if the answer's own only wraps it."""
    own, inner = _known(code), _known(repeated)
    own_is_general = not own or own in _WRAPPERS or own in GATEWAY_EXPLANATIONS
    return inner if inner and own_is_general and inner not in _WRAPPERS - {"InvalidParameter"} else own


def _known(code: str) -> str:
    """The documented code that is the most specific part of this one, or "".

    `InvalidFile.Anything` is an `InvalidFile`. `InternalError.Algo.DataInspectionFailed.Text` is a
    `DataInspectionFailed`: behind a wrapper, what it wraps decides.
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

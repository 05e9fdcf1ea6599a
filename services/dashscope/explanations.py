"""What an error code means for people, read together with its message and with what the job was given.

Hides how it is found: the codes (codes.py), what messages add to them (messages.py), families of codes, other
spellings. It knows no HTTP status and no exception: errors.py does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from services.dashscope.codes import ALIASES, EXPLANATIONS, STUDIO_EXPLANATIONS, UNKNOWN_ERROR
from services.dashscope.messages import READINGS, SUBJECTS
from services.dashscope.wording import FILES, Action, Explanation, Kind, Subject

_CODES = {code.lower(): code for code in (*EXPLANATIONS, *STUDIO_EXPLANATIONS)} | {
    alias.lower(): code for alias, code in ALIASES.items()
}


def find(code: str, vendor_message: str = "") -> Explanation | None:
    """What a code means, read together with its message; None for a code nobody has documented."""
    known = _known(code)
    text = vendor_message.lower()
    reading = next((r for r in READINGS if r.code == known and any(part in text for part in r.holds)), None)
    if reading:
        explanation = reading.means
    elif known:
        explanation = EXPLANATIONS[known] if known in EXPLANATIONS else STUDIO_EXPLANATIONS[known]
    else:
        return None
    named = next((subject for subject, name in SUBJECTS if subject in explanation.may_be and name.search(text)), None)
    return _about(explanation, named) if named else explanation


def explain(code: str, vendor_message: str = "", *, given: Collection[Subject] = ()) -> Explanation:
    """What a code means for people. One that nobody has documented gets an honest general sentence.

    `given` are the kinds of input the job had: where an error can be about only one of them, it is told as about that.
    """
    explanation = find(code, vendor_message) or UNKNOWN_ERROR
    left = explanation.may_be.intersection(given) if explanation.which is Subject.NONE else frozenset[Subject]()
    return _about(explanation, next(iter(left))) if len(left) == 1 else explanation


def _about(explanation: Explanation, subject: Subject) -> Explanation:
    """The same error, known to be about this input. What the content check refused is changed where it was given."""
    refused_file = explanation.kind is Kind.CONTENT and subject in FILES
    action = Action.CHOOSE_FILE if refused_file else explanation.action
    return replace(explanation, which=subject, may_be=frozenset(), action=action)


def _known(code: str) -> str:
    """The documented code, or the family it belongs to: InvalidFile.Anything is an InvalidFile. "" for neither."""
    name = code.strip().lower()
    while name:
        if name in _CODES:
            return _CODES[name]
        name = name.rpartition(".")[0]
    return ""

"""The parts of an error's explanation, and constructors for the common shapes. It knows no code and no message.

The data: codes.py (the codes that the vendor documents) and messages.py (codes that mean several things). The search:
explain.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The party that can fix the error."""

    YOU = "you"
    ACCOUNT = "account"
    PROVIDER = "provider"
    STUDIO = "studio"


class Subject(StrEnum):
    """The subject of an error: one of the inputs, the result, the account, or none of them."""

    WORDS = "words"
    PICTURE = "picture"
    SOUND = "sound"
    VIDEO = "video"
    RESULT = "result"
    ACCOUNT = "account"
    NONE = "none"


FILES = frozenset({Subject.PICTURE, Subject.SOUND, Subject.VIDEO})
INPUTS = FILES | {Subject.WORDS}


class Action(StrEnum):
    """The one thing to do about an error: the action of the button beside it."""

    EDIT_PROMPT = "edit_prompt"
    """Open the form, filled from this job, at the prompt."""
    CHOOSE_FILE = "choose_file"
    """Open the form, filled from this job, at the files."""
    CHANGE_MODEL = "change_model"
    """Open the form, filled from this job, at the model and its choices."""
    TRY_AGAIN = "try_again"
    """Make exactly the same again. It is a new job, with its own price."""
    WAIT = "wait"
    """Make the same again, but not at once."""
    OPEN_KEYS = "open_keys"
    """Open the keys in Settings."""
    OPEN_BILLING = "open_billing"
    """Open the account's bill on the vendor's site."""
    COPY_REQUEST = "copy_request"
    """Copy the ids and the vendor's own words, for a request for help."""


class Kind(StrEnum):
    """The program's possible reaction to an error: the branch of services.domain.errors that it becomes."""

    REFUSED = "refused"
    KEY = "key"
    BILLING = "billing"
    CONTENT = "content"
    THROTTLED = "throttled"
    NO_CAPACITY = "no capacity"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An error for people: what happened, its subject, whether money was taken, and what to do."""

    happened: str
    fault: Fault
    which: Subject = Subject.NONE
    may_be: frozenset[Subject] = frozenset()
    """The inputs it can be about if `which` is not set. The job's inputs may leave only one of them."""
    charged: bool | None = False
    """True if money was taken; None if that is not yet known."""
    advice: str
    """The next step for the user."""
    action: Action
    kind: Kind = Kind.REFUSED


CHOOSE_OTHER = "Choose another file, or let the studio repair this one, and try again."
LATER = "Wait a few minutes and try again."
AGAIN = "Try again. If it fails again, wait a few minutes."
LOOK_AT_BILL = "Look at the bill in Model Studio before making it again."


def words(happened: str, advice: str) -> Explanation:
    """Explain an unsuitable prompt."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.WORDS, advice=advice, action=Action.EDIT_PROMPT
    )


def choices(happened: str, advice: str) -> Explanation:
    """Explain an unsuitable value of the form."""
    return Explanation(happened=happened, fault=Fault.YOU, advice=advice, action=Action.CHANGE_MODEL)


def picture(happened: str, advice: str = CHOOSE_OTHER) -> Explanation:
    """Explain an unsuitable picture."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.PICTURE, advice=advice, action=Action.CHOOSE_FILE
    )


def sound(happened: str, advice: str = CHOOSE_OTHER) -> Explanation:
    """Explain an unsuitable sound."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.SOUND, advice=advice, action=Action.CHOOSE_FILE
    )


def video(happened: str, advice: str = CHOOSE_OTHER) -> Explanation:
    """Explain an unsuitable input clip."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.VIDEO, advice=advice, action=Action.CHOOSE_FILE
    )


def file(happened: str, advice: str = CHOOSE_OTHER, *, may_be: frozenset[Subject] = FILES) -> Explanation:
    """Explain an unsuitable file whose kind the code does not state."""
    return Explanation(happened=happened, fault=Fault.YOU, may_be=may_be, advice=advice, action=Action.CHOOSE_FILE)


def content(
    happened: str, advice: str, *, which: Subject = Subject.NONE, may_be: frozenset[Subject] = frozenset()
) -> Explanation:
    """Explain a refusal by a content check."""
    return Explanation(
        happened=happened,
        fault=Fault.YOU,
        which=which,
        may_be=may_be,
        advice=advice,
        action=Action.CHOOSE_FILE if which in FILES else Action.EDIT_PROMPT,
        kind=Kind.CONTENT,
    )


def account(happened: str, advice: str, *, action: Action, kind: Kind) -> Explanation:
    """Explain an error of the account, its key or its bill."""
    return Explanation(
        happened=happened, fault=Fault.ACCOUNT, which=Subject.ACCOUNT, advice=advice, action=action, kind=kind
    )


def provider(
    happened: str, advice: str = AGAIN, *, action: Action = Action.TRY_AGAIN, kind: Kind = Kind.BROKEN
) -> Explanation:
    """Explain a failure on the vendor's side."""
    return Explanation(happened=happened, fault=Fault.PROVIDER, advice=advice, action=action, kind=kind)


def studio(happened: str) -> Explanation:
    """Explain a mistake of the studio itself."""
    return Explanation(
        happened=happened,
        fault=Fault.STUDIO,
        advice="Try another model. If it happens again, report it with the details below.",
        action=Action.CHANGE_MODEL,
    )


def lost(happened: str, *, charged: bool | None = None) -> Explanation:
    """Explain a result, made or possibly made, that did not reach us. `charged` is None if it cannot be known."""
    return Explanation(
        happened=happened,
        fault=Fault.PROVIDER,
        which=Subject.RESULT,
        charged=charged,
        advice=LOOK_AT_BILL,
        action=Action.OPEN_BILLING,
        kind=Kind.BROKEN,
    )

"""What an explanation of an error is made of, and the few shapes ours come in. It knows no code and no message.

The data: codes.py (what the vendor documents) and messages.py (codes that mean several things). The finding:
explanations.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Who can put it right."""

    YOU = "you"
    ACCOUNT = "account"
    PROVIDER = "provider"
    STUDIO = "studio"


class Subject(StrEnum):
    """What it is about: one of the inputs, what was made, the account, or none of them."""

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
    """The one thing to do about it: what the button beside it does."""

    EDIT_PROMPT = "edit_prompt"
    """Open the form, filled like this job, at the words."""
    CHOOSE_FILE = "choose_file"
    """Open the form, filled like this job, at the files."""
    CHANGE_MODEL = "change_model"
    """Open the form, filled like this job, at the model and its choices."""
    TRY_AGAIN = "try_again"
    """Make the very same again; it is a new job, with its own price."""
    WAIT = "wait"
    """The same again, but not at once."""
    OPEN_KEYS = "open_keys"
    """Open the keys in Settings."""
    OPEN_BILLING = "open_billing"
    """Look at the account's bill, at the provider."""
    COPY_REQUEST = "copy_request"
    """Copy the ids and the provider's own words, to ask for help with."""


class Kind(StrEnum):
    """What a program can do about it: the branch of services.domain.errors that it becomes."""

    REFUSED = "refused"
    KEY = "key"
    BILLING = "billing"
    CONTENT = "content"
    THROTTLED = "throttled"
    NO_CAPACITY = "no capacity"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An error for people: what happened, about what, whether money was taken, and what to do."""

    happened: str
    fault: Fault
    which: Subject = Subject.NONE
    may_be: frozenset[Subject] = frozenset()
    """The inputs it can be about, where `which` does not say; what the job was given may leave only one of them."""
    charged: bool | None = False
    """Whether money was taken; None where nobody knows yet."""
    advice: str
    """What to do now."""
    action: Action
    kind: Kind = Kind.REFUSED


CHOOSE_OTHER = "Choose another file, or let the studio repair this one, and try again."
LATER = "Wait a few minutes and try again."
AGAIN = "Try again. If it fails again, wait a few minutes."
LOOK_AT_BILL = "Look at the bill in Model Studio before making it again."


def words(happened: str, advice: str) -> Explanation:
    """The prompt will not do."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.WORDS, advice=advice, action=Action.EDIT_PROMPT
    )


def choices(happened: str, advice: str) -> Explanation:
    """A value of the form will not do."""
    return Explanation(happened=happened, fault=Fault.YOU, advice=advice, action=Action.CHANGE_MODEL)


def picture(happened: str, advice: str = CHOOSE_OTHER) -> Explanation:
    """A picture will not do."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.PICTURE, advice=advice, action=Action.CHOOSE_FILE
    )


def sound(happened: str, advice: str = CHOOSE_OTHER) -> Explanation:
    """A sound will not do."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.SOUND, advice=advice, action=Action.CHOOSE_FILE
    )


def video(happened: str, advice: str = CHOOSE_OTHER) -> Explanation:
    """A clip that was given will not do."""
    return Explanation(
        happened=happened, fault=Fault.YOU, which=Subject.VIDEO, advice=advice, action=Action.CHOOSE_FILE
    )


def file(happened: str, advice: str = CHOOSE_OTHER, *, may_be: frozenset[Subject] = FILES) -> Explanation:
    """A file will not do, and the code does not say of which kind it is."""
    return Explanation(happened=happened, fault=Fault.YOU, may_be=may_be, advice=advice, action=Action.CHOOSE_FILE)


def content(
    happened: str, advice: str, *, which: Subject = Subject.NONE, may_be: frozenset[Subject] = frozenset()
) -> Explanation:
    """A content check said no."""
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
    """The account, its key or its bill stand in the way."""
    return Explanation(
        happened=happened, fault=Fault.ACCOUNT, which=Subject.ACCOUNT, advice=advice, action=action, kind=kind
    )


def provider(
    happened: str, advice: str = AGAIN, *, action: Action = Action.TRY_AGAIN, kind: Kind = Kind.BROKEN
) -> Explanation:
    """The provider could not."""
    return Explanation(happened=happened, fault=Fault.PROVIDER, advice=advice, action=action, kind=kind)


def studio(happened: str) -> Explanation:
    """The studio itself made a mistake."""
    return Explanation(
        happened=happened,
        fault=Fault.STUDIO,
        advice="Try another model. If it happens again, report it with the details below.",
        action=Action.CHANGE_MODEL,
    )


def lost(happened: str, *, charged: bool | None = None) -> Explanation:
    """What was made, or may have been, did not reach us. `charged` is None where nobody can know."""
    return Explanation(
        happened=happened,
        fault=Fault.PROVIDER,
        which=Subject.RESULT,
        charged=charged,
        advice=LOOK_AT_BILL,
        action=Action.OPEN_BILLING,
        kind=Kind.BROKEN,
    )

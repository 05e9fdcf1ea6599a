"""The tree of errors: drawn as it is, and each with a sentence for the user."""

from __future__ import annotations

import inspect
import pickle

import pytest

from services.domain import errors
from services.domain.errors import (
    BillingStopped,
    ContentRefused,
    InvalidRequest,
    KeyRefused,
    NotTaken,
    OutcomeUnknown,
    Refused,
    StudioError,
    Throttled,
    Unavailable,
    Unreachable,
    VendorError,
)
from services.domain.problems import Problem

CLASSES = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, StudioError)]


def drawn() -> dict[str, str]:
    """Each class in the module's drawing, with the one it hangs from."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip(" │├└─").partition(" ")[0]
        if not isinstance(getattr(errors, name, None), type):
            continue
        depth = line.index(name)
        above = [(at, parent) for at, parent in above if at < depth]
        parents[name] = above[-1][1] if above else ""
        above.append((depth, name))
    return parents


def test_the_drawing_shows_the_classes_as_they_are() -> None:
    bases = {found.__name__: found.__bases__[0].__name__ for found in CLASSES}

    assert drawn() == bases | {"StudioError": ""}


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_every_error_says_what_it_means(found: type[StudioError]) -> None:
    assert inspect.getdoc(found)


def test_the_message_is_the_sentence() -> None:
    assert StudioError("There is no such job.").message == "There is no such job."


def test_an_invalid_request_keeps_its_problems_and_says_them_all() -> None:
    problems = (Problem(field="prompt", message="Write a prompt."), Problem(field="seed", message="Seed is -1."))

    error = InvalidRequest(problems)

    assert error.problems == problems
    assert error.message == "Write a prompt. Seed is -1."


def test_a_vendors_error_keeps_the_vendors_words_apart_from_ours() -> None:
    error = Throttled(
        "Too many at once. Try again in a minute.",
        code="Throttling.RateQuota",
        http_status=429,
        request_id="r-1",
        vendor_message="Requests rate limit exceeded",
    )

    assert error.message == "Too many at once. Try again in a minute."
    assert (error.code, error.http_status, error.request_id) == ("Throttling.RateQuota", 429, "r-1")
    assert error.vendor_message == "Requests rate limit exceeded"


def test_an_error_survives_the_way_through_a_process_pool() -> None:
    error = pickle.loads(pickle.dumps(KeyRefused("The key was refused.", code="InvalidApiKey", http_status=401)))

    assert isinstance(error, KeyRefused)
    assert (error.message, error.code, error.http_status) == ("The key was refused.", "InvalidApiKey", 401)


@pytest.mark.parametrize("found", [Unreachable, Throttled, Unavailable])
def test_what_was_not_taken_may_be_sent_again(found: type[VendorError]) -> None:
    assert issubclass(found, NotTaken)
    assert not issubclass(found, Refused | OutcomeUnknown)


@pytest.mark.parametrize("found", [KeyRefused, BillingStopped, ContentRefused, OutcomeUnknown])
def test_what_was_refused_or_is_unknown_may_not(found: type[VendorError]) -> None:
    assert not issubclass(found, NotTaken)

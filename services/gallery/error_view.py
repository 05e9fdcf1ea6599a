"""Why a job failed, as the page, the API and MCP see it. Hides how a stored code becomes an input and an action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypedDict

from services.dashscope import Subject, explain
from services.domain.jobs import Asset, Job

Billed = Literal["no", "yes", "unknown"]

SUBJECT_OF_KIND = {"image": Subject.PICTURE, "audio": Subject.SOUND, "video": Subject.VIDEO}


class ErrorView(TypedDict):
    """Why a job failed, the input at fault, whether it was billed, and the one thing to do."""

    code: str
    """The vendor's own code, or the studio's if the vendor has none for it."""
    message: str
    """The failure, in a sentence."""
    hint: str | None
    """The next step for the person, in a sentence."""
    request_id: str | None
    """The request id that the vendor's support asks for."""
    detail: str | None
    """The vendor's own words, without links and keys, for a person who is asked for help."""
    input: str
    """The subject of the error: words, picture, sound, video, result, account or none."""
    billed: Billed
    """Whether this job was billed; the amount is the job's cost."""
    action: str
    """The action of the one button.

    One of edit_prompt, choose_file, change_model, try_again, wait, open_keys, open_billing or copy_request. The first
    three open the form filled like this job.
    """


def error_view(job: Job, files: Iterable[Asset]) -> ErrorView | None:
    """Return why a job failed, or None if it did not.

    `files` are the job's. Its inputs identify the one at fault if the vendor does not name it.
    """
    if job.error_message is None:
        return None
    explanation = explain(
        job.error_code or "",
        job.error_detail or "",
        given=frozenset(_given(job, files)),
        happened=job.error_message,
    )
    return ErrorView(
        code=job.error_code or "",
        message=job.error_message,
        hint=job.error_hint,
        request_id=job.request_id,
        detail=job.error_detail,
        input=str(explanation.which),
        billed=_billed(job),
        action=str(explanation.action),
    )


def _billed(job: Job) -> Billed:
    """Return whether a job was billed, by its own books.

    A failed task costs nothing, but the precheck before it may have cost something. A lost answer is not known to have
    been free. A demo is never billed.
    """
    if job.demo or job.actual_micros == 0:
        return "no"
    return "unknown" if job.actual_micros is None else "yes"


def _given(job: Job, files: Iterable[Asset]) -> Iterator[Subject]:
    if job.prompt.strip():
        yield Subject.WORDS
    for file in files:
        if not file.is_output and file.kind in SUBJECT_OF_KIND:
            yield SUBJECT_OF_KIND[file.kind]

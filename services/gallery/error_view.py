"""Why a job failed, as the page, the API and MCP see it. Hides how a kept code becomes an input and an action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypedDict

from services.dashscope import Subject, explain
from services.domain.jobs import Asset, Job

Billed = Literal["no", "yes", "unknown"]

SUBJECT_OF_KIND = {"image": Subject.PICTURE, "audio": Subject.SOUND, "video": Subject.VIDEO}


class ErrorView(TypedDict):
    """Why a job failed, about which input, whether money was taken, and the one thing to do."""

    code: str
    """The provider's own code, or the studio's for what the provider has none for."""
    message: str
    """What happened, in a sentence."""
    hint: str | None
    """What to do now, in a sentence."""
    request_id: str | None
    """What the provider's support asks for."""
    detail: str | None
    """The provider's own words, without links and keys: for whoever is asked for help."""
    input: str
    """What it is about: words, picture, sound, video, result, account or none."""
    billed: Billed
    """Whether money was taken for this job; the amount is the job's cost."""
    action: str
    """What the one button does: edit_prompt, choose_file, change_model, try_again, wait, open_keys, open_billing or
    copy_request. The first three open the form filled like this job."""


def error_view(job: Job, files: Iterable[Asset]) -> ErrorView | None:
    """Why a job failed, or None where it did not. `files` are the job's; those that were given tell which one is meant
    where the provider does not say."""
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
    """By the job's own books: a failed task costs nothing, but the check before it may have, and a lost answer is not
    known to have been free. Nothing of a demo is ever billed."""
    if job.demo or job.actual_micros == 0:
        return "no"
    return "unknown" if job.actual_micros is None else "yes"


def _given(job: Job, files: Iterable[Asset]) -> Iterator[Subject]:
    if job.prompt.strip():
        yield Subject.WORDS
    for file in files:
        if not file.is_output and file.kind in SUBJECT_OF_KIND:
            yield SUBJECT_OF_KIND[file.kind]

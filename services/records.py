"""The records of the studio's memory: jobs, submissions, assets. Plain values; services.history stores them.

Times are whole milliseconds since 1970 (UTC), money is whole millionths of the currency beside it.

A job's states; every arrow is one call of `History.change`:

    queued -> uploading -> submitting -> pending -> running -> saving -> succeeded
    any but saving and succeeded -> failed | canceled        saving -> failed (the vendor's 24 hours are over)
    submitting -> unknown (a create call's answer was lost) -> pending (adopted) | queued (it was not bought)
    submitting -> running -> saving     a live job: one call, answered bit by bit, without a task
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """The states of a job."""

    QUEUED = "queued"
    UPLOADING = "uploading"
    SUBMITTING = "submitting"
    PENDING = "pending"
    RUNNING = "running"
    SAVING = "saving"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether nothing will happen any more."""
        return self in FINAL


FINAL = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED})


class SubmissionState(StrEnum):
    """What is known of one intent to create a task."""

    OPEN = "open"
    """Written before the POST; its answer has not been seen."""
    TAKEN = "taken"
    """The vendor took it: the task id is known."""
    NOT_TAKEN = "not_taken"
    """The vendor certainly did not take it, or the task list shows that it was not bought."""
    LOST = "lost"
    """A live call of which nothing came back: nobody can tell whether it was bought, and it is not sent again."""


class CheckState(StrEnum):
    """What is known of one question to the vendor that is answered at once."""

    OPEN = "open"
    """Written before the call; its answer has not been seen."""
    PASSED = "passed"
    REFUSED = "refused"
    LOST = "lost"
    """The answer will not come: it may have been billed. Only somebody's new job asks again."""
    NOT_TAKEN = "not_taken"
    """The vendor certainly did not take the question: nothing was billed."""


ArticleItem = Mapping[str, str]
"""One item of an article: {"text": words}, {"output": id of a picture's asset}, or, as long as the picture is not on
our disk, {"link": its address at the vendor}. A link is a key to somebody's picture: never shown, never logged."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job, as it stands in its row."""

    id: str
    sequence: int = 0
    """The number of the latest change of any job; grows with every change."""
    person: str
    family: str
    model: str
    """Our id of the model."""
    vendor_model: str
    """The id that is sent in this region."""
    region: str
    account: str
    """The alias of the vendor key: pinned, never the key."""
    base_url: str
    demo: bool
    status: JobStatus = JobStatus.QUEUED
    prompt: str
    rewritten_prompt: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON
    created_at: int
    submitted_at: int | None = None
    running_at: int | None = None
    finished_at: int | None = None
    updated_at: int
    task_id: str | None = None
    request_id: str | None = None
    cancel_requested: bool = False
    attention: str | None = None
    """A sentence on what is unusual just now, or None."""
    remark: str | None = None
    """A sentence that stays with the result, or None."""
    article: Sequence[ArticleItem] | None = field(default=None, repr=False)
    """Words and pictures in their order, where the work is an article; it grows while a live job runs."""
    error_code: str | None = None
    error_message: str | None = None
    error_hint: str | None = None
    estimated_micros: int
    actual_micros: int | None = None
    currency: str


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One intent to create a task: the row that stands before money is spent."""

    id: int
    job_id: str
    attempt: int
    account: str
    vendor_model: str
    state: SubmissionState
    started_at: int
    lost_at: int | None = None
    """When it became clear that the answer would not come."""
    task_id: str | None = None
    live: bool = False
    """Whether it is one call without a task: the vendor's task list knows nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question to the vendor about a file, billed whatever the answer: the row that stands before the call."""

    id: int
    account: str
    vendor_check: str
    """The vendor's id of the check."""
    sha256: str
    """Of the file that it is about."""
    job_id: str
    """The job that asked, and pays."""
    state: CheckState
    code: str = ""
    message: str = ""
    """Why not, in the vendor's words."""
    micros: int
    currency: str
    asked_at: int
    answered_at: int | None = None


@dataclass(frozen=True)
class OpenSubmission:
    """An intent whose answer has not been seen, and the words it was made with."""

    submission: Submission
    prompt: str


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file, made or given. Keys are paths below the archive's folder."""

    id: str
    job_id: str
    role: str
    """`output`, or the name of the field it was given for."""
    kind: str
    """video, image, audio or article."""
    position: int = 0
    """The order within its role, for those that have several."""
    name: str
    key: str
    poster_key: str | None = None
    thumbnail_key: str | None = None
    mime: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    bytes: int
    sha256: str
    created_at: int


@dataclass(frozen=True)
class JobWithAssets:
    """A job and its files."""

    job: Job
    assets: tuple[Asset, ...]


@dataclass(frozen=True)
class Page:
    """One page of jobs, newest first, and where the next begins (None at the end)."""

    items: tuple[JobWithAssets, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Find:
    """What to look for. Absent means anything."""

    person: str | None = None
    demo: bool | None = None
    query: str | None = None
    family: str | None = None
    statuses: tuple[JobStatus, ...] = ()


def new_id(now_ms: int) -> str:
    """An id that sorts by time and cannot be guessed."""
    return f"{now_ms:012x}{secrets.token_hex(10)}"

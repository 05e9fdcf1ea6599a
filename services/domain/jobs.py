"""The studio's records: jobs, submissions and assets. Plain values; services.database.jobs stores them.

Times are whole milliseconds since 1970 (UTC). Money is whole millionths of the currency beside it.

The states of a job (every arrow is one call of `History.change`):

    queued -> uploading -> submitting -> pending -> running -> saving -> succeeded
    any but saving and succeeded -> failed | canceled        saving -> failed (the vendor's 24 hours are over)
    submitting -> unknown (a create call's answer was lost) -> pending (adopted) | queued (not listed: a person decides)
    submitting -> running -> saving     a live job: one call with a streamed answer and no task
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any

OUTPUT = "output"
"""The role of a made asset. The role of a given file is the name of its field."""


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
        """Whether the job will not change state again."""
        return self in FINAL


class OnArrival(StrEnum):
    """How to treat a result that can no longer be stopped, once it arrives."""

    KEEP = "keep"
    HIDE = "hide"
    """Download it, since it is paid for, and put it into the bin."""


class Decision(StrEnum):
    """The question to a person about a job that the studio will not resend by itself, or their answer."""

    WANTED = "wanted"
    """Question: it may have been bought, and the vendor's task list does not settle it."""
    UNLISTED = "unlisted"
    """Question: the answer was lost, and the vendor's task list shows no task. It was most likely not bought."""
    REFUSED = "refused"
    """Question: the vendor declined it several times. It was not bought."""
    RESTORED = "restored"
    """Question: the database is an older copy, and the job may have been submitted since. It is never looked up."""
    SEND = "send"
    DROP = "drop"

    @property
    def is_open(self) -> bool:
        """Whether the question is still unanswered."""
        return self in (Decision.WANTED, Decision.RESTORED, Decision.UNLISTED, Decision.REFUSED)


FINAL = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED})


class SubmissionState(StrEnum):
    """The known state of one intent to create a task."""

    OPEN = "open"
    """Written before the POST. Its answer has not been seen."""
    TAKEN = "taken"
    """The vendor took it. The task id is known."""
    NOT_TAKEN = "not_taken"
    """The vendor certainly did not take it, or the task list shows that it was not bought."""
    LOST = "lost"
    """It is unknown whether it was bought, and it is never resent automatically.

    Either a live call returned nothing, or the answer was lost and a person gave it up, or a day passed.
    """


class Because(StrEnum):
    """The reason why a submission was not taken."""

    REFUSED = "refused"
    """The vendor refused it, and would refuse it again."""
    FULL = "full"
    """The vendor has no capacity at the moment."""
    THROTTLED = "throttled"
    """The vendor says that requests come too fast."""
    UNLISTED = "unlisted"
    """Its answer was lost, and the vendor's task list did not show a task in time."""


class PrecheckState(StrEnum):
    """The known state of one precheck, a call to the vendor that is answered at once."""

    OPEN = "open"
    """Written before the call. Its answer has not been seen."""
    PASSED = "passed"
    REFUSED = "refused"
    LOST = "lost"
    """The answer will not come, and the call may have been billed. Only a new job repeats it."""
    NOT_TAKEN = "not_taken"
    """The vendor certainly did not take the call. Nothing was billed."""


ArticleItem = Mapping[str, str]
"""One item of an article: {"text": words} or {"output": id of a picture's asset}.

Until the picture is on our disk, it is {"link": its URL at the vendor}. A link gives access to a person's picture:
never show it, never log it.
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job, as stored in its row."""

    id: str
    sequence: int = 0
    """The change number of its latest change. It grows with every change of any job."""
    person: str
    family: str
    model: str
    """Our id of the model."""
    vendor_model: str
    """The id that is sent in this region."""
    region: str
    account: str
    """The alias of the vendor key. It is pinned, and is never the key itself."""
    base_url: str
    demo: bool
    status: JobStatus = JobStatus.QUEUED
    prompt: str
    rewritten_prompt: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])  # Any: JSON
    created_at: int
    submitted_at: int | None = None
    running_at: int | None = None
    finished_at: int | None = None
    updated_at: int
    task_id: str | None = None
    request_id: str | None = None
    cancel_requested: bool = False
    attention: str | None = None
    """A sentence on anything unusual at the moment, or None."""
    remark: str | None = None
    """A sentence that stays with the result, or None."""
    article: Sequence[ArticleItem] | None = field(default=None, repr=False)
    """Text and pictures in order, if the result is an article. It grows while a live job runs."""
    error_code: str | None = None
    error_message: str | None = None
    error_hint: str | None = None
    error_detail: str | None = None
    """The vendor's own message, without links and keys, or None."""
    estimated_micros: int
    actual_micros: int | None = None
    currency: str
    place: int = 0
    """The position among all jobs, highest first for newest first. Set when the job is written."""
    seconds: float | None = None
    """The length of the longest clip or sound made, to a tenth of a second. None if there is no clip or sound."""
    favourite: bool = False
    rating: int = 0
    """1 to 5, or 0 if not rated."""
    deleted_at: int | None = None
    """When it was put into the bin, or None."""
    purged_at: int | None = None
    """When it was deleted from the bin for good. Only its cost is kept then, and it is never shown."""
    expires_at: int | None = None
    """When the vendor deletes the result. Known once the task has succeeded there."""
    imported: bool = False
    """Whether it was imported from files and not made here."""
    source_job: str | None = None
    """The job that this one repeats or remixes."""
    batch: str | None = None
    """The id shared by the jobs of one batch, or None."""
    priority: int = 0
    """1 if urgent: the job goes before the rest, in a slot that is kept free for urgent jobs."""
    dispatched_at: int | None = None
    """When it was given a slot. It may be sent only after that."""
    scheduled_at: int | None = None
    """When the vendor started, by the vendor's own clock."""
    ended_at: int | None = None
    """When the vendor finished, by the vendor's own clock."""
    on_arrival: OnArrival = OnArrival.KEEP
    decision: Decision | None = None
    """None while no person has to decide."""
    rests_until: int | None = None
    """The earliest time at which it is given a slot."""
    sends_allowed: int = 3
    """How many of its submissions may fail before a person is asked."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One intent to create a task. Its row is written before money is spent."""

    id: int
    job_id: str
    attempt: int
    account: str
    vendor_model: str
    state: SubmissionState
    started_at: int
    lost_at: int | None = None
    """When it became certain that the answer would not come."""
    task_id: str | None = None
    live: bool = False
    """Whether it is one call without a task. The vendor's task list does not show it."""
    because: Because | None = None
    """The reason why it was not taken, if that is its state."""

    @property
    def was_lost(self) -> bool:
        """Whether its answer was lost and a task may exist at the vendor."""
        return self.lost_at is not None and not self.live


@dataclass(frozen=True, kw_only=True)
class PrecheckRun:
    """One precheck of a file at the vendor, billed for any answer. Its row is written before the call."""

    id: int
    account: str
    vendor_check: str
    """The vendor's id of the precheck."""
    sha256: str
    """Of the checked file."""
    job_id: str
    """The job that asked, and that pays."""
    state: PrecheckState
    code: str = ""
    message: str = ""
    """The reason for a refusal, in the vendor's words."""
    micros: int
    currency: str
    asked_at: int
    answered_at: int | None = None


@dataclass(frozen=True)
class OpenSubmission:
    """An intent that may or may not have been bought, and the prompt it was made with."""

    submission: Submission
    prompt: str

    @property
    def given_up(self) -> bool:
        """Whether its job no longer waits for the task."""
        return self.submission.state is not SubmissionState.OPEN


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file, made or given. Its keys are paths below the archive's folder."""

    id: str
    job_id: str
    role: str
    """OUTPUT, or the name of the field that the file was given for."""
    kind: str
    """video, image, audio or article."""
    position: int = 0
    """The order within its role, if the role has several files."""
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
    parent_id: str | None = None
    """The asset that a given file is, or was cut from. It may belong to another studio and be unknown here."""
    moment: str | None = None
    """The part cut from the parent: `first`, `last`, seconds as text, or `sound`. None for the whole file."""

    @property
    def is_output(self) -> bool:
        """True if it was made, False if it was given."""
        return self.role == OUTPUT


@dataclass(frozen=True)
class JobWithAssets:
    """A job, its files, and the tags and collections its person has put it in."""

    job: Job
    assets: tuple[Asset, ...]
    tags: tuple[str, ...] = ()
    """By name."""
    collections: tuple[str, ...] = ()
    """The ids of its collections."""
    parent_jobs: Mapping[str, str] = field(default_factory=dict[str, str])
    """The job of each parent, by the parent's asset id. Only parents known here that belong to the same person."""


@dataclass(frozen=True)
class Page:
    """One page of jobs, newest first.

    `next_cursor` leads to older jobs, and is None at the end. `previous_cursor` leads to newer jobs when passed with
    `newer=True`, and is None if the page begins at the newest job.
    """

    items: tuple[JobWithAssets, ...]
    next_cursor: str | None
    previous_cursor: str | None = None
    remarks: tuple[str, ...] = ()
    """Sentences on anything requested that does not exist, for example a collection."""


def new_id(now_ms: int) -> str:
    """Return a new id that sorts by time and cannot be guessed."""
    return f"{now_ms:012x}{secrets.token_hex(10)}"


def output_id(job: Job, number: int) -> str:
    """Return the id of output `number` of a job, counted from 1; the article is 0.

    It is the same for every process that saves the output, and sorts by the time of the job.
    """
    return f"{job.created_at:012x}{blake2b(f'{job.id}/{number}'.encode(), digest_size=10).hexdigest()}"


def place_of(created_at: int, job_id: str) -> int:
    """Return the position of a job among all: its time, then 20 bits derived from its id.

    Two jobs can get the same place. The code that writes them moves the second one up to the next free place.
    """
    bits = int.from_bytes(blake2b(job_id.encode(), digest_size=4).digest()) & _PLACES_PER_MS - 1
    return max(created_at, 0) * _PLACES_PER_MS + bits


def first_place_at(created_at: int) -> int:
    """Return the lowest place of a time in milliseconds. Everything made earlier has a lower place."""
    return created_at * _PLACES_PER_MS


_PLACES_PER_MS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The asset that a given file is, or was cut from."""

    asset: str
    """The id of the asset. It may belong to another studio."""
    moment: str | None = None
    """The part cut from it: `first`, `last`, seconds as text, or `sound`. None for the whole file."""

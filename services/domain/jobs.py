"""The records of the studio's memory: jobs, submissions, assets. Plain values; services.database.jobs stores them.

Times are whole milliseconds since 1970 (UTC), money is whole millionths of the currency beside it.

A job's states; every arrow is one call of `History.change`:

    queued -> uploading -> submitting -> pending -> running -> saving -> succeeded
    any but saving and succeeded -> failed | canceled        saving -> failed (the vendor's 24 hours are over)
    submitting -> unknown (a create call's answer was lost) -> pending (adopted) | queued (not listed: a person decides)
    submitting -> running -> saving     a live job: one call, answered bit by bit, without a task
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any

OUTPUT = "output"
"""The role of an asset that was made. A given file has the name of its field."""


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


class OnArrival(StrEnum):
    """What happens to a work that cannot be stopped any more, once it is there."""

    KEEP = "keep"
    HIDE = "hide"
    """It is fetched, since it is paid for, and goes into the bin."""


class Decision(StrEnum):
    """What a person is asked about a job that the studio will not send again by itself, or what they answered."""

    WANTED = "wanted"
    """Asked: it may have been bought, and the vendor's task list does not tell."""
    UNLISTED = "unlisted"
    """Asked: the answer was lost, and the vendor's task list does not show a task. It was most likely not bought."""
    REFUSED = "refused"
    """Asked: the vendor did not take it several times. It was not bought."""
    RESTORED = "restored"
    """A person is asked: the database is an older copy, and it may have been ordered since. It is never looked up."""
    SEND = "send"
    DROP = "drop"

    @property
    def is_open(self) -> bool:
        """Whether the question is not answered yet."""
        return self in (Decision.WANTED, Decision.RESTORED, Decision.UNLISTED, Decision.REFUSED)


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
    """Nobody can tell whether it was bought, and it is not sent again by itself: a live call of which nothing came
    back, or an answer that was lost and given up by a person, or after a day."""


class Because(StrEnum):
    """Why a submission was not taken."""

    REFUSED = "refused"
    """The vendor said no, and will again."""
    FULL = "full"
    """The vendor said that it cannot take it just now."""
    THROTTLED = "throttled"
    """The vendor said that orders come too fast."""
    UNLISTED = "unlisted"
    """Its answer was lost, and the vendor's task list did not show a task in time."""


class PrecheckState(StrEnum):
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
    error_detail: str | None = None
    """What the provider itself said, without links and keys, or None."""
    estimated_micros: int
    actual_micros: int | None = None
    currency: str
    place: int = 0
    """Where it stands among all jobs: newest first is highest place first. Given when the job is written."""
    seconds: float | None = None
    """The length of the longest clip or sound that was made, to a tenth; None where nothing of the kind was."""
    favourite: bool = False
    rating: int = 0
    """1 to 5; 0 where nobody gave one."""
    deleted_at: int | None = None
    """Since when it has been in the bin, or None."""
    purged_at: int | None = None
    """When it left the bin for good: then only what it cost is left of it, and nobody is shown it."""
    expires_at: int | None = None
    """When the provider drops the result; known once the task has succeeded there."""
    imported: bool = False
    """Whether it was not made here but taken in from files."""
    source_job: str | None = None
    """The job that this one is again, or was remixed from."""
    batch: str | None = None
    """What the jobs of one order have in common, or None."""
    priority: int = 0
    """1 for what is urgent: it goes before the rest in a slot that is kept free for it."""
    dispatched_at: int | None = None
    """When it was given a slot: only then it may be sent."""
    scheduled_at: int | None = None
    """When the vendor began, by the vendor's own clock."""
    ended_at: int | None = None
    """When the vendor ended, by the vendor's own clock."""
    on_arrival: OnArrival = OnArrival.KEEP
    decision: Decision | None = None
    """None as long as nobody has to decide."""
    rests_until: int | None = None
    """Not given a slot before this time."""
    sends_allowed: int = 3
    """How many orders of it may come to nothing before a person is asked."""


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
    because: Because | None = None
    """Why it was not taken, if that is its state."""

    @property
    def was_lost(self) -> bool:
        """Whether its answer was lost while a task may exist at the vendor."""
        return self.lost_at is not None and not self.live


@dataclass(frozen=True, kw_only=True)
class PrecheckRun:
    """One question to the vendor about a file, billed whatever the answer: the row that stands before the call."""

    id: int
    account: str
    vendor_check: str
    """The vendor's id of the check."""
    sha256: str
    """Of the file that it is about."""
    job_id: str
    """The job that asked, and pays."""
    state: PrecheckState
    code: str = ""
    message: str = ""
    """Why not, in the vendor's words."""
    micros: int
    currency: str
    asked_at: int
    answered_at: int | None = None


@dataclass(frozen=True)
class OpenSubmission:
    """An intent of which it is not known whether it was bought, and the words it was made with."""

    submission: Submission
    prompt: str

    @property
    def given_up(self) -> bool:
        """Whether its job does not wait for its task any more."""
        return self.submission.state is not SubmissionState.OPEN


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file, made or given. Keys are paths below the archive's folder."""

    id: str
    job_id: str
    role: str
    """OUTPUT, or the name of the field it was given for."""
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
    parent_id: str | None = None
    """The asset that a given file is, or was cut from. It may be another studio's, and unknown here."""
    moment: str | None = None
    """What was cut out of the parent: `first`, `last`, seconds as text, `sound`; None for the whole file."""

    @property
    def is_output(self) -> bool:
        """True if it was made, False if it was given."""
        return self.role == OUTPUT


@dataclass(frozen=True)
class JobWithAssets:
    """A job, its files, and how its person has put it in order."""

    job: Job
    assets: tuple[Asset, ...]
    tags: tuple[str, ...] = ()
    """By name."""
    collections: tuple[str, ...] = ()
    """Ids of the collections it lies in."""
    parent_jobs: Mapping[str, str] = field(default_factory=dict)
    """The job of each parent that is known here and belongs to the same person, by the parent's asset id."""


@dataclass(frozen=True)
class Page:
    """One page of jobs, newest first.

    `next_cursor` leads to older ones, None at the end; `previous_cursor` leads, asked with `newer=True`, to newer ones,
    None where the page began at the newest.
    """

    items: tuple[JobWithAssets, ...]
    next_cursor: str | None
    previous_cursor: str | None = None
    remarks: tuple[str, ...] = ()
    """Sentences on what was asked for and is not there, for example a collection."""


def new_id(now_ms: int) -> str:
    """An id that sorts by time and cannot be guessed."""
    return f"{now_ms:012x}{secrets.token_hex(10)}"


def output_id(job: Job, number: int) -> str:
    """The id of output `number` of a job, counted from 1; its article is 0. It is the same whoever saves it, and sorts
    by the time of the job."""
    return f"{job.created_at:012x}{blake2b(f'{job.id}/{number}'.encode(), digest_size=10).hexdigest()}"


def place_of(created_at: int, job_id: str) -> int:
    """Where a job stands among all: by its time, and within a millisecond by 20 bits that its id decides.

    Two jobs can meet on one place; who writes them moves the second up until it is free.
    """
    bits = int.from_bytes(blake2b(job_id.encode(), digest_size=4).digest()) & _PLACES_PER_MS - 1
    return max(created_at, 0) * _PLACES_PER_MS + bits


def first_place_at(created_at: int) -> int:
    """The lowest place of a time in milliseconds: everything made before stands below."""
    return created_at * _PLACES_PER_MS


_PLACES_PER_MS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a given file is, or was cut from."""

    asset: str
    """The id of the asset; it may be another studio's."""
    moment: str | None = None
    """What was cut out of it: `first`, `last`, seconds as text, `sound`; None for the whole file."""

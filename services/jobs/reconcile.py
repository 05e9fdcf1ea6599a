"""A create call's answer was lost: was the task bought? The vendor's task list decides, never a second POST.

The list names neither the job nor its words; a task is told by account, model and time, less the tasks that other
submissions have, and, where several are left, by the words that the vendor repeats once a task has ended. One that was
the only one, and then tells other words, is given up again.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from services.dashscope import LONGEST_WINDOW, Task, TaskStatus, forgotten
from services.errors import KeyRefused, NotTaken, Refused, VendorError
from services.jobs.canceling import drop_if_canceled
from services.jobs.context import Context
from services.lanes import UNKNOWN_HOLDS_MS
from services.records import Decision, Job, JobStatus, OpenSubmission, Submission

log = logging.getLogger(__name__)

_CLOCKS_APART = timedelta(minutes=2)
"""How far the vendor's clock may be from ours. Too wide costs patience, too narrow would buy a task twice."""
_LONGEST_CALL = timedelta(minutes=3)
"""No create call lasts longer, its repeats included: a crash says nothing of when the call would have ended. But the
machine may sleep in the middle of one, or its clock be put right: what was created after that counts by its words."""
_LOOKS_AT_LEAST = 2
_LOOK_AGAIN_SECONDS = 5.0
_ASK_AFTER_MS = 120_000
"""How long the list may be out of reach before a person is asked; where the vendor says no, they are asked at once."""
_FORGOTTEN_AFTER_MS = 24 * 3_600_000
"""The vendor keeps a task for so long (wan-video-api.md 7)."""
_LONG_WORDS = 200
"""Nobody else's prompt begins with the same so many signs."""
_VARIANT = re.compile(r"-us$|-\d{4}-\d{2}-\d{2}$")
_ON_THE_WAY = frozenset({JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING})
_LOOKED_UP = frozenset({JobStatus.UNKNOWN})

_ASKING = "The provider's answer was lost. Asking whether it took your order; nothing is ever ordered twice."
_CANNOT_READ = (
    "The provider's answer was lost and its list of orders cannot be read just now. "
    "Looking again by itself; nothing is ever ordered twice."
)
_COULD_NOT_READ = (
    "The provider's answer was lost, and its list of orders cannot be read, so nobody can tell whether this was "
    "bought. The studio keeps looking; you can wait, or decide."
)
_MAY_NOT_READ = (
    "The provider's answer was lost, and your key may not read its list of orders, so nobody can tell whether this was "
    "bought. Put the key right in Settings and it is looked up; or decide."
)
_CANNOT_TELL = (
    "The provider's answer was lost. Its list of orders has one that may be this or somebody else's, and does not say "
    "which words it was made from, so nobody can tell whether this was bought. You can wait, or decide."
)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A task nobody has claimed. `prompt` is None as long as the vendor does not tell it; of pictures it never does."""

    task_id: str
    created_at: datetime
    prompt: str | None
    ended: bool
    billed: bool = True
    """Whether it costs something, as far as is known."""


class _Found(Enum):
    """What a look at the list has led to."""

    SETTLED = auto()
    NOTHING_YET = auto()
    DOUBT = auto()
    """A person has to say: it may have been bought, and the vendor will not tell."""


class _Unreadable(Exception):
    """The vendor's list cannot be read just now."""

    def __init__(self, *, refused: bool, key_refused: bool = False) -> None:
        super().__init__()
        self.refused = refused
        """Whether the vendor says no: asking again by itself will hardly help."""
        self.key_refused = key_refused
        """Whether that is because of the key."""


async def reconcile(context: Context, job: Job, submission: Submission) -> None:
    """Settle an open submission: adopted, proved not bought, or given up by a person or after a day."""
    submission = await context.history.ledger.lose(submission, lost_at=context.clock())
    if job.status is not JobStatus.UNKNOWN:
        await context.change(job.id, only_from=_ON_THE_WAY, status=JobStatus.UNKNOWN, decision=None, attention=_ASKING)
    looks, trouble_since = 0, 0
    again = pause = min(_LOOK_AGAIN_SECONDS, max(context.pace.settle / 3, 0.05))
    while True:
        job = await context.history.job(job.id)
        if job.status is not JobStatus.UNKNOWN:
            return
        try:
            candidates = await _look(context, job, submission)
        except _Unreadable as trouble:
            trouble_since = trouble_since or context.clock()
            waited = context.clock() - trouble_since
            ask = trouble.refused or waited >= _ASK_AFTER_MS
            await _tell(context, job, key_refused=trouble.key_refused, ask=ask)
            pause = min(pause * 2, max(context.pace.retry_longest, again))
        else:
            looks, trouble_since = looks + 1, 0
            match await _settle(context, job, submission, candidates, looks=looks):
                case _Found.SETTLED:
                    return
                case _Found.NOTHING_YET:
                    pause = again
                    await _withdraw_question(context, job)
                case _Found.DOUBT:
                    pause = min(pause * 2, max(context.pace.retry_longest, again))
                    await _ask(context, job, _CANNOT_TELL)
        if context.clock() - submission.started_at > _FORGOTTEN_AFTER_MS:
            await _give_up(context, job, submission)
            return
        await context.pause(job.id, pause)


async def _tell(context: Context, job: Job, *, key_refused: bool, ask: bool) -> None:
    """Say that the list cannot be read, and after a while let a person decide. The studio goes on looking."""
    if not ask:
        await context.say(job, _CANNOT_READ if job.decision is None else job.attention)
        return
    await _ask(context, job, _MAY_NOT_READ if key_refused else _COULD_NOT_READ)


async def _ask(context: Context, job: Job, why: str) -> None:
    if job.decision is not Decision.WANTED or job.attention != why:
        log.warning("job %s: a person has to decide, the task list does not tell", job.id)
        await context.change(job.id, only_from=_LOOKED_UP, decision=Decision.WANTED, attention=why)


async def _withdraw_question(context: Context, job: Job) -> None:
    if job.decision is not None or job.attention != _ASKING:
        await context.change(job.id, only_from=_LOOKED_UP, decision=None, attention=_ASKING)


async def _give_up(context: Context, job: Job, submission: Submission) -> None:
    """After a day the vendor has forgotten every task of then: nobody will ever know."""
    values = await context.failure(job, forgotten())
    if await context.history.ledger.give_up(submission, **values, decision=None, updated_at=context.clock()):
        await context.announce(job.id)


async def _settle(
    context: Context, job: Job, submission: Submission, candidates: Sequence[Candidate], *, looks: int
) -> _Found:
    rivals = await context.history.ledger.rivals(submission)
    task_id = choose(submission.id, rivals, candidates)
    if task_id is not None:
        taken = await context.history.ledger.take(
            submission,
            task_id=task_id,
            status=JobStatus.PENDING,
            submitted_at=submission.started_at,
            updated_at=context.clock(),
            attention=None,
            decision=None,
        )
        if taken is not None:
            log.info("job %s adopted task %s", submission.job_id, task_id)
            await context.announce(submission.job_id)
        return _Found.SETTLED if taken is not None else _Found.NOTHING_YET
    mine = next((rival for rival in rivals if rival.submission.id == submission.id), None)
    waited = (context.clock() - (submission.lost_at or submission.started_at)) / 1000
    if mine is None or looks < _LOOKS_AT_LEAST or waited < context.pace.settle:
        return _Found.NOTHING_YET
    if any(fits(mine, one) or may_yet_fit(mine, one) for one in candidates):
        return _Found.NOTHING_YET
    if any(never_tells(mine, one) for one in candidates):
        return _Found.DOUBT
    return _Found.SETTLED if await _send_again(context, job, submission) else _Found.NOTHING_YET


async def _send_again(context: Context, job: Job, submission: Submission) -> bool:
    """It was not bought, so sending it is safe. False where somebody settled it otherwise just now."""
    if not await context.history.ledger.close(submission):
        return False
    log.info("job %s was not bought, sending it", job.id)
    # A lane is not kept for ever: after that long somebody else has it.
    has_lane = context.clock() - (job.dispatched_at or 0) < UNKNOWN_HOLDS_MS
    await context.change(
        job.id,
        only_from=_LOOKED_UP,
        status=JobStatus.QUEUED,
        dispatched_at=job.dispatched_at if has_lane else None,
        attention=None,
        decision=None,
    )
    await drop_if_canceled(context, job.id)
    return True


async def disown(context: Context, job: Job, task: Task) -> bool:
    """Give up a task that was adopted while it did not tell its words, and now tells others: somebody else bought it
    with the same account. False for every other task. The job is then looked up anew."""
    submission = await context.history.ledger.latest(job.id)
    adopted = submission is not None and submission.lost_at is not None and submission.task_id == task.task_id
    if submission is None or not adopted or task.orig_prompt is None or same_words(task.orig_prompt, job.prompt):
        return False
    again = await context.history.ledger.disown(
        submission,
        status=JobStatus.UNKNOWN,
        submitted_at=None,
        running_at=None,
        scheduled_at=None,
        attention=_ASKING,
        decision=None,
        updated_at=context.clock(),
    )
    if again is not None:
        log.warning("job %s task %s is somebody else's: looking the order up again", job.id, task.task_id)
        await context.announce(job.id)
    return again is not None


async def _look(context: Context, job: Job, submission: Submission) -> tuple[Candidate, ...]:
    """The unclaimed tasks around a submission. Raises _Unreadable where the vendor cannot be asked."""
    vendor = await context.vendor(job)
    if vendor is None:
        raise _Unreadable(refused=False)
    start, _ = window(submission)
    end = _latest(submission)
    start = max(start, end - LONGEST_WINDOW)
    try:
        listed = await vendor.list_tasks(model=submission.vendor_model, start=start, end=end)
        listed = [task for task in listed if not is_another(task.model, submission.vendor_model)]
        ids = [task.task_id for task in listed]
        known = await context.history.ledger.known_tasks(account=submission.account, task_ids=ids)
        found = []
        for task in listed:
            if task.task_id in known:
                continue
            details = await vendor.query(task.task_id)
            found.append(
                Candidate(
                    task_id=task.task_id,
                    created_at=task.created_at,
                    prompt=details.orig_prompt,
                    ended=details.status in (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELED),
                    billed=details.status not in (TaskStatus.FAILED, TaskStatus.CANCELED),
                )
            )
    except VendorError as error:
        refused = isinstance(error, Refused) and not isinstance(error, NotTaken)
        log.info("job %s: the task list cannot be read (%s)", job.id, error.code or type(error).__name__)
        raise _Unreadable(refused=refused, key_refused=isinstance(error, KeyRefused)) from error
    return tuple(found)


def is_another(listed: str, asked: str) -> bool:
    """Whether a row is of another model than was asked for: not every list sorts by it. Names that differ only by a
    region or a date may be the same model's."""
    return bool(listed) and _plain(listed) != _plain(asked)


def _plain(model: str) -> str:
    return _VARIANT.sub("", model.lower().replace("wanx", "wan", 1))


def window(submission: Submission) -> tuple[datetime, datetime]:
    """Between which times a task of this submission was created, unless the clock has jumped meanwhile."""
    start = datetime.fromtimestamp(submission.started_at / 1000, UTC)
    end = start + _LONGEST_CALL
    if submission.lost_at is not None:
        end = min(end, datetime.fromtimestamp(submission.lost_at / 1000, UTC))
    return start - _CLOCKS_APART, end + _CLOCKS_APART


def _latest(submission: Submission) -> datetime:
    """Until when a task of this submission may have been created: until its answer was given up, whatever the clock did
    meanwhile."""
    _, end = window(submission)
    if submission.lost_at is None:
        return end
    return max(end, datetime.fromtimestamp(submission.lost_at / 1000, UTC) + _CLOCKS_APART)


def fits(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Whether a task could be this submission's. One from after its time must have told the same words."""
    start, end = window(rival.submission)
    if not start <= candidate.created_at <= _latest(rival.submission):
        return False
    if candidate.prompt is None:
        return candidate.created_at <= end
    return same_words(candidate.prompt, rival.prompt)


def same_words(told: str, sent: str) -> bool:
    """Whether the vendor repeats the words that were sent. It may tidy up their spaces, or cut what is long."""
    told, sent = (" ".join(unicodedata.normalize("NFC", words).split()) for words in (told, sent))
    return told == sent or (len(told) >= _LONG_WORDS and sent.startswith(told))


def may_yet_fit(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Whether a task from after a submission's time could turn out to be its own, once it tells its words."""
    return not candidate.ended and _wordless_and_late(rival, candidate)


def never_tells(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Whether a task from after a submission's time was bought by nobody knows whom: it has ended without its words."""
    return candidate.ended and candidate.billed and _wordless_and_late(rival, candidate)


def _wordless_and_late(rival: OpenSubmission, candidate: Candidate) -> bool:
    _, end = window(rival.submission)
    return candidate.prompt is None and end < candidate.created_at <= _latest(rival.submission)


def choose(submission_id: int, rivals: Sequence[OpenSubmission], candidates: Sequence[Candidate]) -> str | None:
    """The task that is this submission's, or None where that is not certain (yet).

    One task that fits nobody else is certain. Where several tasks and submissions fit each other, it is certain once
    every such task has told its words or has ended: what still fits then was bought with the same words, and is given
    out in the order of time.
    """
    group, tasks = _entangled(submission_id, rivals, candidates)
    certain = len(group) == len(tasks) == 1 or all(task.prompt is not None or task.ended for task in tasks)
    if not tasks or not certain:
        return None
    left = sorted(tasks, key=lambda task: (task.prompt is None, task.created_at, task.task_id))
    given: dict[int, Candidate] = {}
    ordered = sorted(group, key=lambda one: (one.submission.started_at, one.submission.id))
    for rival in ordered:
        _give(rival, left, given)
    # What was given up has its share, so that who comes after it gets their own; but where there are too few, a task
    # that nobody asks for any more goes to somebody who does.
    spare = [given.pop(rival.submission.id) for rival in ordered if rival.given_up and rival.submission.id in given]
    for rival in ordered:
        if not rival.given_up and rival.submission.id not in given:
            _give(rival, spare, given)
    own = given.get(submission_id)
    return own.task_id if own else None


def _give(rival: OpenSubmission, left: list[Candidate], given: dict[int, Candidate]) -> None:
    own = next((task for task in left if fits(rival, task)), None)
    if own is not None:
        given[rival.submission.id] = own
        left.remove(own)


def _entangled(
    submission_id: int, rivals: Sequence[OpenSubmission], candidates: Sequence[Candidate]
) -> tuple[list[OpenSubmission], list[Candidate]]:
    """The submission with every other that could claim the same tasks, however indirectly, and those tasks."""
    group = [rival for rival in rivals if rival.submission.id == submission_id]
    while True:
        tasks = [task for task in candidates if any(fits(rival, task) for rival in group)]
        wider = [rival for rival in rivals if rival in group or any(fits(rival, task) for task in tasks)]
        if len(wider) == len(group):
            return group, tasks
        group = wider

"""Which task belongs to which submission whose answer was lost. Pure: knows no database and no HTTP.

The list names neither the job nor its prompt. A task is identified by account, model and time, without the tasks that
other submissions have. If several are left, the prompt decides, which the vendor repeats once a task has ended.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.domain.jobs import OpenSubmission, Submission

Window = tuple[datetime, datetime]

_CLOCKS_APART = timedelta(minutes=2)
"""The largest assumed difference between the vendor's clock and ours.

Too wide costs patience; too narrow would buy a task twice.
"""
_LONGEST_CALL = timedelta(minutes=3)
"""The longest create call, its retries included: a crash does not show when the call would have ended.

But the machine may sleep in the middle of a call, or its clock may be corrected: a task created after this time is
matched by its prompt.
"""
_LONG_WORDS = 200
"""No two people's prompts begin with the same text of this many characters."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A task that no submission has claimed.

    `prompt` is None while the vendor does not report it; for pictures it never does.
    """

    task_id: str
    created_at: datetime
    prompt: str | None
    ended: bool
    billed: bool = True
    """True if it is billed, as far as is known."""


def window(submission: Submission) -> Window:
    """Return the time window for this submission's task, unless the clock jumped meanwhile."""
    start = datetime.fromtimestamp(submission.started_at / 1000, UTC)
    end = start + _LONGEST_CALL
    if submission.lost_at is not None:
        end = min(end, datetime.fromtimestamp(submission.lost_at / 1000, UTC))
    return start - _CLOCKS_APART, end + _CLOCKS_APART


def whole_window(submission: Submission) -> Window:
    """Return the time window for this submission's task, allowing for clock jumps."""
    return window(submission)[0], latest(submission)


def latest(submission: Submission) -> datetime:
    """Return the latest creation time of this submission's task, allowing for clock jumps.

    That is the time when its answer was given up.
    """
    _, end = window(submission)
    if submission.lost_at is None:
        return end
    return max(end, datetime.fromtimestamp(submission.lost_at / 1000, UTC) + _CLOCKS_APART)


def fits(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Return whether a task could be this submission's. A task from after its window must repeat its prompt."""
    start, end = window(rival.submission)
    if not start <= candidate.created_at <= latest(rival.submission):
        return False
    if candidate.prompt is None:
        return candidate.created_at <= end
    return same_words(candidate.prompt, rival.prompt)


def same_words(told: str, sent: str) -> bool:
    """Return whether `told` is the prompt that was sent. The vendor may tidy up spaces, or cut long prompts."""
    told, sent = (" ".join(unicodedata.normalize("NFC", words).split()) for words in (told, sent))
    return told == sent or (len(told) >= _LONG_WORDS and sent.startswith(told))


def may_yet_fit(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Return whether a task from after a submission's window could still be its own, once its prompt is reported."""
    return not candidate.ended and _wordless_and_late(rival, candidate)


def never_tells(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Return True if a task from after a submission's window has ended without a prompt: its buyer stays unknown."""
    return candidate.ended and candidate.billed and _wordless_and_late(rival, candidate)


def _wordless_and_late(rival: OpenSubmission, candidate: Candidate) -> bool:
    _, end = window(rival.submission)
    return candidate.prompt is None and end < candidate.created_at <= latest(rival.submission)


def choose(submission_id: int, rivals: Sequence[OpenSubmission], candidates: Sequence[Candidate]) -> str | None:
    """Return the id of this submission's task, or None if that is not certain (yet).

    One task that fits no other submission is certain. If several tasks and submissions fit each other, it is certain
    once every such task has reported its prompt or has ended. Tasks that still fit then were made from the same prompt,
    and are assigned in the order of time.
    """
    group, tasks = _entangled(submission_id, rivals, candidates)
    certain = len(group) == len(tasks) == 1 or all(task.prompt is not None or task.ended for task in tasks)
    if not tasks or not certain:
        return None
    own = _given(group, tasks).get(submission_id)
    return own.task_id if own else None


def _given(group: Sequence[OpenSubmission], tasks: Sequence[Candidate]) -> dict[int, Candidate]:
    """Assign a task to each submission.

    A submission that was given up gets its share, so that the next ones get their own. If there are too few tasks, its
    task goes to a submission that still waits for one.
    """
    left = sorted(tasks, key=lambda task: (task.prompt is None, task.created_at, task.task_id))
    given: dict[int, Candidate] = {}
    ordered = sorted(group, key=lambda one: (one.submission.started_at, one.submission.id))
    for rival in ordered:
        _give(rival, left, given)
    spare = [given.pop(rival.submission.id) for rival in ordered if rival.given_up and rival.submission.id in given]
    for rival in sorted(ordered, key=lambda one: one.given_up):
        if rival.submission.id not in given:
            _give(rival, spare, given)
    return given


def _give(rival: OpenSubmission, left: list[Candidate], given: dict[int, Candidate]) -> None:
    own = next((task for task in left if fits(rival, task)), None)
    if own is not None:
        given[rival.submission.id] = own
        left.remove(own)


def _entangled(
    submission_id: int, rivals: Sequence[OpenSubmission], candidates: Sequence[Candidate]
) -> tuple[list[OpenSubmission], list[Candidate]]:
    """Return the submission with all others that could claim the same tasks, however indirectly, and those tasks."""
    group = [rival for rival in rivals if rival.submission.id == submission_id]
    while True:
        tasks = [task for task in candidates if any(fits(rival, task) for rival in group)]
        wider = [rival for rival in rivals if rival in group or any(fits(rival, task) for task in tasks)]
        if len(wider) == len(group):
            return group, tasks
        group = wider

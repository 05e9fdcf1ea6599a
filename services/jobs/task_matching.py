"""Which task belongs to which order whose answer was lost. Pure: knows no database and no HTTP.

The list names neither the job nor its prompt. A task is told by account, model and time, less the tasks that other
submissions have. If several are left, the prompt decides, which the vendor repeats once a task has ended.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.domain.jobs import OpenSubmission, Submission

Window = tuple[datetime, datetime]

_CLOCKS_APART = timedelta(minutes=2)
"""How far the vendor's clock may be from ours. Too wide costs patience, too narrow would buy a task twice."""
_LONGEST_CALL = timedelta(minutes=3)
"""No create call lasts longer, its repeats included: a crash says nothing of when the call would have ended. But the
machine may sleep in the middle of one, or its clock be put right: what was created after that counts by its words."""
_LONG_WORDS = 200
"""Nobody else's prompt begins with the same so many signs."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A task that no submission has. `prompt` is None while the vendor does not tell it; of pictures it never does."""

    task_id: str
    created_at: datetime
    prompt: str | None
    ended: bool
    billed: bool = True
    """Whether it costs something, as far as is known."""


def window(submission: Submission) -> Window:
    """Between which times a task of this submission was created, unless the clock has jumped meanwhile."""
    start = datetime.fromtimestamp(submission.started_at / 1000, UTC)
    end = start + _LONGEST_CALL
    if submission.lost_at is not None:
        end = min(end, datetime.fromtimestamp(submission.lost_at / 1000, UTC))
    return start - _CLOCKS_APART, end + _CLOCKS_APART


def whole_window(submission: Submission) -> Window:
    """Between which times a task of this submission was created, whatever the clock did meanwhile."""
    return window(submission)[0], latest(submission)


def latest(submission: Submission) -> datetime:
    """Until when a task of this submission may have been created: until its answer was given up, whatever the clock did
    meanwhile."""
    _, end = window(submission)
    if submission.lost_at is None:
        return end
    return max(end, datetime.fromtimestamp(submission.lost_at / 1000, UTC) + _CLOCKS_APART)


def fits(rival: OpenSubmission, candidate: Candidate) -> bool:
    """Whether a task could be this submission's. One from after its time must have told the same words."""
    start, end = window(rival.submission)
    if not start <= candidate.created_at <= latest(rival.submission):
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
    return candidate.prompt is None and end < candidate.created_at <= latest(rival.submission)


def choose(submission_id: int, rivals: Sequence[OpenSubmission], candidates: Sequence[Candidate]) -> str | None:
    """The task that is this submission's, or None if that is not certain (yet).

    One task that fits no other submission is certain. If several tasks and submissions fit each other, it is certain
    once every such task has told its prompt or has ended: what still fits then was bought with the same words, and is
    given out in the order of time.
    """
    group, tasks = _entangled(submission_id, rivals, candidates)
    certain = len(group) == len(tasks) == 1 or all(task.prompt is not None or task.ended for task in tasks)
    if not tasks or not certain:
        return None
    own = _given(group, tasks).get(submission_id)
    return own.task_id if own else None


def _given(group: Sequence[OpenSubmission], tasks: Sequence[Candidate]) -> dict[int, Candidate]:
    """Each submission's task. One that was given up has its share, so that the next ones get their own; but if there
    are too few, its task goes to a submission that still waits for one."""
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
    """The submission with every other that could claim the same tasks, however indirectly, and those tasks."""
    group = [rival for rival in rivals if rival.submission.id == submission_id]
    while True:
        tasks = [task for task in candidates if any(fits(rival, task) for rival in group)]
        wider = [rival for rival in rivals if rival in group or any(fits(rival, task) for task in tasks)]
        if len(wider) == len(group):
            return group, tasks
        group = wider

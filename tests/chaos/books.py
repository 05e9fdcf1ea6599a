"""The books of a run compared: what the provider took and made against what the studio has and says. Pure.

What must not be:

- *lost*: a work that was made and is billed is neither whole on our disk, nor does the studio say that it is lost; or
  the studio says that nothing was billed; or a job has somebody else's work; or one that was answered for is not there.
- *bought twice*: more tasks than somebody asked for, or a person was asked to send again what was taken and listed.
- *unmentioned*: a task that no job has, though the provider's list showed it.
- *starved*: a job that was not sent for long, while others of its model were in doubt.
- *unresolved*: a job that has not ended, though nobody is asked to decide.
- *late*: a work that was there for long while the studio was well, and was not fetched.
- *leaked*: the key stands in a file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

from services.domain.jobs import FINAL, Because, Decision, JobStatus, Submission, SubmissionState
from services.simulator.engine.ledger import Status

STARVED_SECONDS = 20.0
"""So long a job may wait for its first order: the lanes of a run are many, and its works short."""
LATE_SECONDS = 15.0
"""So long a work may lie at the provider while the studio is well, troubles of the way included."""
KEPT_MS = 24 * 3_600_000
"""So long the provider keeps a work."""


@dataclass(frozen=True, kw_only=True)
class Bought:
    """A task as the provider remembers it. Times are milliseconds of the run's own clock."""

    task_id: str
    tag: str
    """Which order it is of; nothing where somebody else's program bought it with the same account."""
    status: Status
    at_once: bool
    """Whether it was answered in the same call, and has no id that a studio could know."""
    files: int
    """How many were made."""
    ended_at: int | None
    taken_at: int | None = None
    """When the provider took the order: 24 hours later it forgets the task, however lately that has ended."""

    @property
    def billed(self) -> bool:
        """Whether it costs something."""
        return self.status is Status.SUCCEEDED


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A job as the studio has it."""

    job_id: str
    tag: str
    status: JobStatus
    decision: Decision | None
    error_code: str | None
    remark: str | None
    actual_micros: int | None
    submissions: tuple[Submission, ...]
    whole_files: int
    """Results that are on the disk as their rows say, and can be read to their end."""
    broken_files: int
    """Results with a row that are not."""
    finished_at: int | None
    created_at: int = 0
    source_job: str | None = None
    """The job whose late task this one is."""

    @property
    def claims(self) -> tuple[str, ...]:
        """The tasks that it says are its own."""
        return tuple(one.task_id for one in self.submissions if one.task_id)

    @property
    def given_up(self) -> int:
        """How many of its orders may have been taken without anybody knowing, which the job says."""
        return sum(one.state is SubmissionState.LOST for one in self.submissions)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is wrong, one sentence each."""

    lost: tuple[str, ...] = ()
    bought_twice: tuple[str, ...] = ()
    unmentioned: tuple[str, ...] = ()
    starved: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    leaked: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is."""
        return not any(getattr(self, one.name) for one in fields(self))


def compare(
    bought: Sequence[Bought],
    kept: Sequence[Kept],
    *,
    gone_codes: Iterable[str],
    gone_words: Iterable[str],
    well: Callable[[int, int], float],
    leaks: Sequence[str] = (),
    answered: Iterable[str] = (),
    unlisted: Iterable[str] = (),
    throttled: bool = False,
) -> Findings:
    """Compare the books. `gone_codes` and `gone_words` are those that say that a work, or a part of it, is lost; `well`
    tells for how many seconds a studio could have worked between two moments; `answered` are the ids of jobs that a
    person was given, `unlisted` of those that a person sent again because the list did not show them. `throttled` says
    that orders came too fast: then fewer lanes are used, and who waits for one is not starved."""
    books = _Books(bought, kept, gone_codes=frozenset(gone_codes), gone_words=frozenset(gone_words), well=well)
    books.look()
    known = {job.job_id for job in kept}
    return Findings(
        lost=(
            *books.lost,
            *(f"{job_id} was answered for, and is in no table" for job_id in answered if job_id not in known),
        ),
        bought_twice=(*books.twice, *_sent_too_early(kept, frozenset(unlisted))),
        unmentioned=tuple(books.unmentioned),
        starved=() if throttled else tuple(_starved(kept, well)),
        unresolved=tuple(_unresolved(kept)),
        late=tuple(books.late),
        leaked=tuple(leaks),
    )


def _sent_too_early(kept: Sequence[Kept], unlisted: frozenset[str]) -> Iterable[str]:
    """The list lags for less long than the studio waits: a task must be found before a person is asked."""
    for job in kept:
        if job.source_job in unlisted:
            yield f"{job.source_job} ({job.tag}) was sent again, and its first task turned up as {job.job_id}"


def _starved(kept: Sequence[Kept], well: Callable[[int, int], float]) -> Iterable[str]:
    for job in kept:
        first = min((one.started_at for one in job.submissions), default=None)
        waited = well(job.created_at, first) if first is not None and job.source_job is None else 0.0
        if waited > STARVED_SECONDS:
            yield f"{job.job_id} ({job.tag}) was sent after {waited:.1f} s"


def _unresolved(kept: Sequence[Kept]) -> Iterable[str]:
    for job in kept:
        if job.status not in FINAL and not (job.decision and job.decision.is_open):
            yield f"{job.job_id} ({job.tag}) is still {job.status}"


class _Books:
    def __init__(
        self,
        bought: Sequence[Bought],
        kept: Sequence[Kept],
        *,
        gone_codes: frozenset[str],
        gone_words: frozenset[str],
        well: Callable[[int, int], float],
    ) -> None:
        self._bought = bought
        self._kept = kept
        self._gone_codes = gone_codes
        self._gone_words = gone_words
        self._well = well
        self.lost: list[str] = []
        self.twice: list[str] = []
        self.unmentioned: list[str] = []
        self.late: list[str] = []

    def look(self) -> None:
        """Go through everything."""
        owners: dict[str, list[Kept]] = defaultdict(list)
        for job in self._kept:
            for task_id in job.claims:
                owners[task_id].append(job)
            if len(job.claims) > 1 and job.given_up == 0:
                self.twice.append(f"{job.job_id} ({job.tag}) has the tasks {', '.join(job.claims)}")
        for task in self._bought:
            mine = owners[task.task_id]
            if len(mine) > 1:
                self.lost.append(f"task {task.task_id} ({task.tag}) belongs to {len(mine)} jobs")
            if mine and task.billed:
                self._look_at(task, mine[0])
            if mine and not task.tag:
                self.lost.append(f"task {task.task_id} is a stranger's, and {mine[0].job_id} ({mine[0].tag}) has it")
        for tag in dict.fromkeys(task.tag for task in self._bought if task.tag):
            nobodys = [t for t in self._bought if t.tag == tag and t.billed and not owners[t.task_id]]
            self._look_at_unclaimed(tag, nobodys)

    def _look_at(self, task: Bought, job: Kept) -> None:
        """A task that was billed, and the job whose it is."""
        name = f"task {task.task_id} of {job.job_id} ({job.tag})"
        if job.status is JobStatus.SUCCEEDED:
            if job.broken_files:
                self.lost.append(f"{name}: {job.broken_files} files are broken")
            elif job.whole_files < task.files and not self._says_so(job):
                self.lost.append(f"{name}: {job.whole_files} of {task.files} files are here")
            elif job.whole_files < task.files:
                self._avoidable(task, name)
            self._time(task, job, name)
        elif job.status not in FINAL:
            pass  # it is told as unresolved
        elif job.error_code not in self._gone_codes or job.actual_micros == 0:
            self.lost.append(f"{name}: the job says {job.status}, {job.error_code}, cost {job.actual_micros}")
        else:
            self._avoidable(task, name)

    def _says_so(self, job: Kept) -> bool:
        """Whether the job itself says that some of it is lost; other remarks excuse nothing."""
        return any(words in (job.remark or "") for words in self._gone_words)

    def _time(self, task: Bought, job: Kept, name: str) -> None:
        if task.ended_at is None or job.finished_at is None:
            return
        waited = self._well(task.ended_at, job.finished_at)
        if waited > LATE_SECONDS:
            self.late.append(f"{name}: fetched after {waited:.1f} s")

    def _avoidable(self, task: Bought, name: str) -> None:
        if task.ended_at is None:
            return
        known_from = task.ended_at if task.taken_at is None else task.taken_at
        waited = self._well(task.ended_at, max(task.ended_at, known_from + KEPT_MS))
        if waited > LATE_SECONDS:
            self.late.append(f"{name}: lost, though there were {waited:.1f} s to fetch it")

    def _look_at_unclaimed(self, tag: str, nobodys: Sequence[Bought]) -> None:
        """Tasks of an order that no job says are its own: each must be one of which a job says that nobody knows."""
        jobs = [job for job in self._kept if job.tag == tag]
        live = [task for task in nobodys if task.at_once]
        lasting = [task for task in nobodys if not task.at_once]
        taken = sum(
            one.live and one.state in (SubmissionState.TAKEN, SubmissionState.LOST)
            for job in jobs
            for one in job.submissions
        )
        if len(live) > taken:
            self._unknown(tag, jobs, len(live) - taken)
        for job in jobs if live else ():
            if job.status is JobStatus.FAILED and (job.actual_micros == 0 or job.error_code not in self._gone_codes):
                self.lost.append(f"live {job.job_id} ({tag}): {job.error_code}, cost {job.actual_micros}")
            elif job.status is JobStatus.SUCCEEDED and job.broken_files:
                self.lost.append(f"live {job.job_id} ({tag}): {job.broken_files} files are broken")
        told = sum(job.given_up for job in jobs)
        if len(lasting) > told:
            self._unknown(tag, jobs, len(lasting) - told)

    def _unknown(self, tag: str, jobs: Sequence[Kept], count: int) -> None:
        """So many works were bought that are in no book: twice where their order is served all the same."""
        again = any(len(job.submissions) > 1 for job in jobs)
        what = f"{count} of {tag} bought that no job knows"
        unlisted = any(one.because is Because.UNLISTED for job in jobs for one in job.submissions)
        (self.unmentioned if unlisted else self.twice if again else self.lost).append(what)

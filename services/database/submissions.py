"""Submissions: one row for each intent to create a task, written before money is spent.

An open submission means that the vendor may have accepted a create call. While it is open, nothing is resubmitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.database.caps import Caps
from services.database.reservations import hold_lost
from services.database.rows import change_job, next_sequence, submission_of
from services.database.tables import jobs, submissions
from services.domain.errors import NotFound
from services.domain.jobs import Because, Job, OpenSubmission, Submission, SubmissionState

_TASKS_LAST_MS = 24 * 3_600_000
"""The vendor forgets a task after this time (milliseconds), so no submission can still claim an older one."""


@dataclass(frozen=True, kw_only=True)
class Sendings:
    """How often a job was submitted in vain."""

    in_vain: int
    """Submissions that the vendor could not take, or whose answer was lost and whose task was not found."""
    throttled: int
    """Submissions that came too fast: each is resubmitted when it is due again."""


class Submissions:
    """The submissions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def latest(self, job_id: str) -> Submission | None:
        """Return the job's newest submission, or None if none was ever written."""
        statement = sa.select(submissions).where(submissions.c.job_id == job_id).order_by(submissions.c.attempt.desc())
        async with self._engine.connect() as connection:
            row = (await connection.execute(statement.limit(1))).mappings().one_or_none()
        return submission_of(row) if row else None

    async def open(self, job: Job, *, attempt: int, started_at: int, live: bool = False) -> Submission:
        """Write the submission, before the POST. The database refuses a second row for the same attempt."""
        values = {
            "job_id": job.id,
            "attempt": attempt,
            "account": job.account,
            "vendor_model": job.vendor_model,
            "state": str(SubmissionState.OPEN),
            "started_at": started_at,
            "live": live,
        }
        async with self._engine.begin() as connection:
            row = (await connection.execute(submissions.insert().values(values).returning(*submissions.c))).mappings()
            return submission_of(row.one())

    async def close(self, submission: Submission, *, because: Because) -> bool:
        """Record that the vendor did not take it. Returns False if it was settled otherwise meanwhile."""
        async with self._engine.begin() as connection:
            return await _settled(connection, submission, SubmissionState.NOT_TAKEN, because=str(because))

    async def withdraw(self, submission: Submission) -> bool:
        """Remove a submission that never left this machine. Returns False if it was settled otherwise meanwhile."""
        statement = submissions.delete().where(
            submissions.c.id == submission.id, submissions.c.state == str(SubmissionState.OPEN)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def close_unlisted(self, submission: Submission, **job_values: Any) -> Job | None:
        """Record that the vendor's list shows no task for it, and change the job, in one transaction.

        Returns None if it was settled otherwise meanwhile; then nothing was changed.
        """
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            unlisted = {"because": str(Because.UNLISTED)}
            if not await _settled(connection, submission, SubmissionState.NOT_TAKEN, **unlisted):
                return None
            return await change_job(connection, submission.job_id, sequence=sequence, **job_values)

    async def sendings(self, job_id: str) -> Sendings:
        """Return how often a job was submitted in vain."""
        statement = (
            sa.select(submissions.c.state, submissions.c.because, sa.func.count())
            .where(submissions.c.job_id == job_id)
            .group_by(submissions.c.state, submissions.c.because)
        )
        async with self._engine.connect() as connection:
            counts = {(state, because): count for state, because, count in await connection.execute(statement)}
        not_taken = str(SubmissionState.NOT_TAKEN)
        in_vain = {
            (not_taken, str(Because.FULL)),
            (not_taken, str(Because.UNLISTED)),
            (str(SubmissionState.LOST), None),
        }
        return Sendings(
            in_vain=sum(count for key, count in counts.items() if key in in_vain),
            throttled=counts.get((not_taken, str(Because.THROTTLED)), 0),
        )

    async def give_up(self, submission: Submission, **job_values: Any) -> Job | None:
        """Record that it can no longer be known whether it was bought, and change the job, in one transaction.

        Returns None if it was settled otherwise meanwhile; then nothing was changed.
        """
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            if not await _settled(connection, submission, SubmissionState.LOST):
                return None
            return await change_job(connection, submission.job_id, sequence=sequence, **job_values)

    async def send_again(self, submission: Submission, job: Job, *, caps: Caps, **job_values: Any) -> Job | None:
        """Record that it is unknown whether it was bought and that its job is submitted anew, in one transaction.

        Both are held from then on. Returns None as with `give_up`. Raises OverCap if a cap does not allow for both.
        """
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            await caps.enforce(connection, [job])
            if not await _settled(connection, submission, SubmissionState.LOST):
                return None
            await hold_lost(connection, job)
            return await change_job(connection, submission.job_id, sequence=sequence, **job_values)

    async def lose(self, submission: Submission, *, lost_at: int) -> Submission:
        """Record when the answer was given up, unless that is known already."""
        statement = (
            submissions.update()
            .where(submissions.c.id == submission.id)
            .values(lost_at=sa.func.coalesce(submissions.c.lost_at, lost_at))
            .returning(*submissions.c)
        )
        async with self._engine.begin() as connection:
            return submission_of((await connection.execute(statement)).mappings().one())

    async def take(self, submission: Submission, *, task_id: str, **job_values: Any) -> Job | None:
        """Store the task id with the submission and with the job, in one transaction: the receipt for the money.

        Returns None if the task id already belongs to another submission, or this one was settled otherwise; then
        nothing was changed.
        """
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            known = sa.select(submissions.c.id).where(
                submissions.c.account == submission.account,
                submissions.c.task_id == task_id,
                submissions.c.id != submission.id,
            )
            if (await connection.execute(known)).first() is not None:
                return None
            if not await _settled(connection, submission, SubmissionState.TAKEN, task_id=task_id):
                return None
            return await change_job(connection, submission.job_id, sequence=sequence, task_id=task_id, **job_values)

    async def disown(self, submission: Submission, **job_values: Any) -> Job | None:
        """Record that a task it was matched with is not its own after all, and reopen it.

        Returns None if it has another task, or none, by now; then nothing was changed.
        """
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            statement = submissions.update().where(
                submissions.c.id == submission.id,
                submissions.c.state == str(SubmissionState.TAKEN),
                submissions.c.task_id == submission.task_id,
            )
            again = statement.values(state=str(SubmissionState.OPEN), task_id=None)
            if (await connection.execute(again)).rowcount != 1:
                return None
            return await change_job(connection, submission.job_id, sequence=sequence, task_id=None, **job_values)

    async def end_live(self, submission: Submission, *, state: SubmissionState, **job_values: Any) -> Job:
        """Record how a live call ended, with the submission and with the job, in one transaction."""
        async with self._engine.begin() as connection:
            sequence = await next_sequence(connection)
            await connection.execute(
                submissions.update().where(submissions.c.id == submission.id).values(state=str(state))
            )
            job = await change_job(connection, submission.job_id, sequence=sequence, **job_values)
        if job is None:
            raise NotFound("There is no such job.")
        return job

    async def lost_lately(self, *, now: int) -> tuple[Submission, ...]:
        """Return the submissions whose answer was lost and whose task was not found, oldest first.

        Only those recent enough for the vendor to still keep their tasks. Those still being looked up are not among
        them.
        """
        statement = (
            sa.select(submissions)
            .where(
                submissions.c.lost_at.is_not(None),
                submissions.c.live.is_(False),
                submissions.c.started_at > now - _TASKS_LAST_MS,
                _is_given_up(),
            )
            .order_by(submissions.c.started_at, submissions.c.id)
        )
        async with self._engine.connect() as connection:
            return tuple(submission_of(row) for row in (await connection.execute(statement)).mappings())

    async def taken_since(self, submission: Submission, *, since: int) -> dict[str, int]:
        """Return the tasks of the same account and model taken since a time, each with its time. Milliseconds."""
        statement = sa.select(submissions.c.task_id, submissions.c.started_at).where(
            submissions.c.account == submission.account,
            submissions.c.vendor_model == submission.vendor_model,
            submissions.c.state == str(SubmissionState.TAKEN),
            submissions.c.live.is_(False),
            submissions.c.lost_at.is_(None),
            submissions.c.started_at >= since,
        )
        async with self._engine.connect() as connection:
            return {task_id: at for task_id, at in await connection.execute(statement) if task_id}

    async def may_take_late(self, connection: AsyncConnection, submission: Submission, *, task_id: str) -> bool | None:
        """Return whether a submission that was given up is its job's newest, so the job may take a task with it.

        Returns None if it is no longer given up, or another submission has the task.
        """
        known = sa.select(submissions.c.id).where(
            submissions.c.account == submission.account, submissions.c.task_id == task_id
        )
        mine = sa.select(submissions.c.id).where(submissions.c.id == submission.id, _is_given_up())
        if (await connection.scalar(known)) is not None or (await connection.scalar(mine)) is None:
            return None
        newest = sa.select(sa.func.max(submissions.c.attempt)).where(submissions.c.job_id == submission.job_id)
        return await connection.scalar(newest) == submission.attempt

    async def take_late(
        self, connection: AsyncConnection, submission: Submission, *, task_id: str, job_id: str
    ) -> None:
        """Store the task id with a submission that was given up. It belongs to this job from now on."""
        moved = {} if job_id == submission.job_id else {"job_id": job_id, "attempt": 1}
        await connection.execute(
            submissions.update()
            .where(submissions.c.id == submission.id)
            .values(state=str(SubmissionState.TAKEN), because=None, task_id=task_id, **moved)
        )

    async def rivals(self, submission: Submission) -> tuple[OpenSubmission, ...]:
        """Return the submissions that may have created the same tasks as this one, including it, oldest first.

        They are those of its account and model whose answer has not arrived, and those whose task was not found.
        """
        statement = (
            sa.select(submissions, jobs.c.prompt)
            .join(jobs, jobs.c.id == submissions.c.job_id)
            .where(
                submissions.c.account == submission.account,
                submissions.c.vendor_model == submission.vendor_model,
                sa.or_(submissions.c.state == str(SubmissionState.OPEN), _is_given_up()),
                submissions.c.live.is_(False),
                submissions.c.started_at > submission.started_at - _TASKS_LAST_MS,
            )
            .order_by(submissions.c.started_at, submissions.c.id)
        )
        async with self._engine.connect() as connection:
            rows = [dict(row) for row in (await connection.execute(statement)).mappings()]
        return tuple(OpenSubmission(prompt=row.pop("prompt"), submission=submission_of(row)) for row in rows)

    async def known_tasks(self, *, account: str, task_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these task ids that a submission already has."""
        statement = sa.select(submissions.c.task_id).where(
            submissions.c.account == account, submissions.c.task_id.in_(list(task_ids))
        )
        async with self._engine.connect() as connection:
            return frozenset(task_id for task_id in await connection.scalars(statement) if task_id)


def _is_given_up() -> sa.ColumnElement[bool]:
    """Build the condition that the answer was lost and no task was found in time."""
    return sa.or_(
        submissions.c.state == str(SubmissionState.LOST),
        sa.and_(submissions.c.state == str(SubmissionState.NOT_TAKEN), submissions.c.because == str(Because.UNLISTED)),
    )


async def _settled(
    connection: AsyncConnection, submission: Submission, state: SubmissionState, **values: object
) -> bool:
    """Settle an open submission. Returns False if it is not open."""
    statement = submissions.update().where(
        submissions.c.id == submission.id, submissions.c.state == str(SubmissionState.OPEN)
    )
    return (await connection.execute(statement.values(state=str(state), **values))).rowcount == 1

"""A live job: one call that answers piece by piece, shown and stored while it runs.

There is no task to poll afterwards. Received pieces are written to the job's row a few times a second, so a broken
connection, or a studio that was killed, loses neither text nor picture links. The call is never made again. Pictures
are downloaded at once, beside the stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from services.dashscope import DashScope, Piece, broken_stream
from services.domain.articles import grow
from services.domain.errors import NotTaken, OutcomeUnknown, Refused, StudioError, VendorError
from services.domain.jobs import ArticleItem, Job, JobStatus, Submission, SubmissionState
from services.domain.money import to_micros
from services.domain.people import EVERYONE
from services.jobs.context import Context
from services.jobs.steps.backoff import note_not_taken
from services.jobs.steps.download import fetch
from services.request import Request, billed

log = logging.getLogger(__name__)

_WRITE_SECONDS = 0.2
"""The shortest interval between two writes of the row: five updates a second look smooth to any reader."""
_AT_WORK = frozenset({JobStatus.SUBMITTING, JobStatus.RUNNING})
_BROKE = "The connection broke before the article was finished."
_ARRIVED = "This is what arrived; what was made is billed."


async def make_live(
    context: Context,
    vendor: DashScope,
    request: Request,
    body: Mapping[str, object],
    *,
    submission: Submission,
    uses_oss: bool,
) -> None:
    """Make the live call and store its answer. The job is then ready to be saved, or has ended.

    Raises NotTaken if the same request may be sent again.
    """
    draft = _Draft(context, vendor, await context.history.job(submission.job_id, owner=EVERYONE), request)
    error: VendorError | None = None
    async with draft.kept():
        try:
            async with aclosing(vendor.stream(request.model.endpoint.at_once, body, uses_oss=uses_oss)) as pieces:
                async for piece in pieces:
                    draft.add(piece)
        except VendorError as caught:
            error = caught
        await draft.stop_writing()
        async with draft.one_writer:
            await _end(context, submission, draft, error)
    if isinstance(error, NotTaken) and not draft.items:
        raise error


async def settle_interrupted(context: Context, job: Job, submission: Submission) -> None:
    """End a live job whose call was interrupted. The call is over, and the received pieces are kept."""
    log.warning("job %s: live call interrupted", job.id)
    if job.article:
        values = {"remark": f"{_BROKE} {_ARRIVED}", "request_id": job.request_id, "actual_micros": job.actual_micros}
        await _write_end(context, submission, SubmissionState.TAKEN, _TO_BE_SAVED | values)
    else:
        await _write_end(context, submission, SubmissionState.LOST, await context.failure(job, broken_stream()))


async def _end(context: Context, submission: Submission, draft: _Draft, error: VendorError | None) -> None:
    """Record how the call ended."""
    job = draft.job
    if error is None or draft.items:
        log.info("job %s: stream %s", job.id, f"broke ({error.code})" if error else "complete")
        values = {
            "remark": _remark(error),
            "request_id": draft.request_id,
            "actual_micros": draft.micros if error or draft.micros is not None else job.estimated_micros,
            "article": [*draft.items],
        }
        await _write_end(context, submission, SubmissionState.TAKEN, _TO_BE_SAVED | values)
        return
    match error:
        case NotTaken() as error:
            await note_not_taken(context, submission, error)
        case Refused():
            await _write_end(context, submission, SubmissionState.NOT_TAKEN, await context.failure(job, error))
        case _:
            lost = await context.failure(job, _nothing_came(error))
            await _write_end(context, submission, SubmissionState.LOST, lost)


def _nothing_came(error: VendorError) -> VendorError:
    lost = broken_stream()
    lost.request_id, lost.vendor_message = error.request_id, error.vendor_message
    return lost


def _remark(error: VendorError | None) -> str | None:
    if error is None:
        return None
    return f"{_BROKE if isinstance(error, OutcomeUnknown) else error.message} {_ARRIVED}"


_TO_BE_SAVED: dict[str, Any] = {"status": JobStatus.SAVING, "attention": None}
"""The call is over; only pictures remain to be downloaded."""


async def _write_end(
    context: Context, submission: Submission, state: SubmissionState, job_values: Mapping[str, Any]
) -> None:
    """Record that the call is over, changing the submission and the job in one transaction.

    Otherwise a crash in between would send it again, or leave it open for ever. `job_values` is as in History.change.
    """
    await context.history.submissions.end_live(submission, state=state, updated_at=context.clock(), **job_values)
    await context.announce(submission.job_id)


class _Draft:
    """An article while it is received, and the row that stores it."""

    def __init__(self, context: Context, vendor: DashScope, job: Job, request: Request) -> None:
        self.job = job
        self.items: list[ArticleItem] = []
        self.request_id: str | None = None
        self.micros: int | None = None
        self.one_writer = asyncio.Lock()
        """Held while the article is written: an older version must not overwrite a newer one."""
        self._context = context
        self._vendor = vendor
        self._request = request
        self._began_at: int | None = None
        self._new = asyncio.Event()
        self._over = False
        self._tasks = asyncio.TaskGroup()
        self._writing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None, None]:
        """Write added pieces and download their pictures inside this context. It ends when the last picture is done."""
        async with self._tasks:
            self._writing = self._tasks.create_task(self._write_often())
            yield

    def add(self, piece: Piece) -> None:
        """Add a received piece."""
        for part in piece.parts:
            grow(self.items, text=part.text, link=part.url)
            if part.url:
                self._tasks.create_task(self._fetch(len(self.items) - 1, part.url))
        self.request_id = piece.request_id or self.request_id
        amount = billed(self._request, piece.usage)
        if amount is not None:
            self.micros = to_micros(amount)
        self._began_at = self._began_at or self._context.clock()
        self._new.set()

    async def stop_writing(self) -> None:
        """Stop writing received pieces. Only `_fetch` still writes its pictures."""
        self._over = True
        self._new.set()
        if self._writing:
            await self._writing

    async def _write_often(self) -> None:
        while True:
            await self._new.wait()
            self._new.clear()
            if self._over:
                return
            try:
                await self._write()
            except Exception:
                # A locked database must not end a stream that is paid for: the next write contains everything.
                log.exception("job %s: its article could not be written, continuing", self.job.id)
                self._new.set()
            await self._context.sleep(_WRITE_SECONDS)

    async def _write(self) -> None:
        async with self.one_writer:
            await self._context.change(
                self.job.id,
                only_from=_AT_WORK,
                status=JobStatus.RUNNING,
                submitted_at=self._began_at,
                running_at=self._began_at,
                request_id=self.request_id,
                actual_micros=self.micros,
                article=[*self.items],
                attention=None,
            )

    async def _fetch(self, index: int, url: str) -> None:
        number = sum("text" not in item for item in self.items[: index + 1])
        try:
            picture = (await fetch(self._context, self._vendor, self.job, url, number=number)).asset
        except (StudioError, OSError) as error:
            log.info("job %s: picture %d not downloaded yet (%s)", self.job.id, number, type(error).__name__)
            return  # its link stays in the row, and `save` downloads it
        async with self.one_writer:
            announced = self.items[index]
            self.items[index] = {"output": picture.id}
            try:
                await self._context.change(self.job.id, files=(picture,), article=[*self.items])
            except Exception:
                # As above: the link stays, and the picture is downloaded again when the job is saved.
                log.exception("job %s: picture %d could not be recorded", self.job.id, number)
                self.items[index] = announced

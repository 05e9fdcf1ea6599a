"""The endpoints for submitted jobs, and the form of errors for callers. They are also MCP tools."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr

from components.caller import asking
from services.domain.errors import InvalidRequest, StudioError
from services.domain.jobs import Decision, OnArrival
from services.gallery.views import JobsView, JobView
from services.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_JSON = dict[str, Any]  # Any: JSON for callers
_Word = TypeVar("_Word", bound=StrEnum)


def told(error: StudioError) -> gr.Error:
    """Convert an error for a caller: every problem with its field and, if there is one, its repair."""
    if isinstance(error, InvalidRequest):
        lines = [
            f"{problem.field}: {problem.message}" + (f" ({problem.fix.label}.)" if problem.fix else "")
            for problem in error.problems
        ]
        return gr.Error("\n".join(lines), print_exception=False)
    return gr.Error(error.message, print_exception=False)


def job_endpoints(studio: Studio) -> tuple[Callable[..., Awaitable[object]], ...]:
    """Build the endpoint functions. Each has the name of its endpoint."""

    async def get_job(job_id: str) -> _JSON:
        """One job: its state, cost, error and files.

        Args:
            job_id: The id that the job was returned with.

        Returns:
            id, family, model, region, status (queued, uploading, submitting, pending, running, saving, succeeded,
            failed, canceled or unknown), prompt, parameters, created_at, task_id, error, cost and outputs.
        """
        return await _or_told(studio.job(job_id, person=asking(studio)))

    async def cancel_job(job_id: str) -> _JSON:
        """Cancel a job that the provider has not begun; that costs nothing. A running one can only be hidden.

        Args:
            job_id: The id that the job was returned with.

        Returns:
            The job as it stands now.
        """
        return await _or_told(studio.cancel(job_id, person=asking(studio)))

    async def hide_job(job_id: str, on_arrival: str = "hide") -> _JSON:
        """Put a work that cannot be stopped any more into the bin when it arrives. It is billed all the same.

        Args:
            job_id: The id that the job was returned with.
            on_arrival: `hide`, or `keep` to have it in the gallery after all.

        Returns:
            The job as it stands now.
        """
        wish = _one_of(OnArrival, on_arrival, told="`on_arrival` is `hide` or `keep`.")
        return await _or_told(studio.arrive(job_id, wish, person=asking(studio)))

    async def decide_job(job_id: str, decision: str) -> _JSON:
        """Decide about a job whose decision_wanted is true. Ask your user first.

        Args:
            job_id: The id that the job was returned with.
            decision: `send` to order it again, or `drop` to let it go. With decision_about `unknown`, sending it again
                may be billed twice; with `unlisted` hardly; with `refused` nothing was bought so far.

        Returns:
            The job as it stands now.
        """
        decided = _one_of(Decision, decision, told="The decision is `send` or `drop`.")
        return await _or_told(studio.decide(job_id, decided, person=asking(studio)))

    async def list_jobs(
        query: str | None = None,
        family: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 60,
    ) -> _JSON:
        """Jobs, newest first, a page at a time.

        Args:
            query: Words that the prompt must have, and filters such as `model:wan2.6-t2v seconds>5 fav tag:cats
                before:2026-11`, as in the gallery's search.
            family: Only this family, for example text_to_video.
            status: Only jobs in this state.
            cursor: The next_cursor of the page before; absent, the first page.
            limit: How many at most, up to 200.

        Returns:
            items (jobs) and next_cursor, which is null on the last page.
        """
        found = studio.jobs(
            query=query, family=family, status=status, cursor=cursor, limit=limit, person=asking(studio)
        )
        return await _or_told(found)

    return get_job, cancel_job, hide_job, decide_job, list_jobs


def _one_of(words: type[_Word], given: object, *, told: str) -> _Word:
    try:
        return words(str(given).strip().lower())
    except ValueError:
        raise gr.Error(told, print_exception=False) from None


async def _or_told(answer: Awaitable[JobView | JobsView]) -> _JSON:
    try:
        return dict(await answer)
    except StudioError as error:
        raise told(error) from error

"""What can be said of a job's future: its place in line and how long such works take. Asks nobody outside."""

from __future__ import annotations

from services.domain.jobs import Job
from services.jobs.scheduling import QueuePosition, has_slot
from services.jobs.service import Jobs
from services.jobs.timing import Expected, Timing
from services.views import ExpectedView, Outlook, PlaceView


def outlook_of(job: Job, *, jobs: Jobs, timing: Timing) -> Outlook:
    """What is known now."""
    place = None if has_slot(job) else jobs.place(job.id)
    return Outlook(
        place_in_line=_place_view(place) if place else None,
        expected=None if job.status.final else _expected_view(timing.expected(job)),
    )


def _place_view(place: QueuePosition) -> PlaceView:
    return PlaceView(place=place.place, of=place.of, lanes=place.slots, busy=place.busy)


def _expected_view(expected: Expected) -> ExpectedView:
    return ExpectedView(
        queue_p50=round(expected.queue_at(0.5), 1),
        queue_p90=round(expected.queue_at(0.9), 1),
        run_p50=round(expected.run_at(0.5), 1),
        run_p90=round(expected.run_at(0.9), 1),
        samples=expected.samples,
        documented=expected.samples == 0,
    )

"""A job as the page, the API and MCP see it: plain JSON, one shape everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, assert_never

from services.catalogue import Catalogue
from services.catalogue.schema import Model
from services.domain.articles import shown
from services.domain.clock import iso
from services.domain.jobs import Asset, Decision, Job, JobStatus, JobWithAssets, Page
from services.gallery.error_view import ErrorView, error_view
from services.jobs.scheduling import QueuePosition, has_slot
from services.jobs.service import Jobs
from services.jobs.timing import Expected, Timing

_CANCELABLE = frozenset(
    {JobStatus.QUEUED, JobStatus.UPLOADING, JobStatus.SUBMITTING, JobStatus.PENDING, JobStatus.UNKNOWN}
)


class CostView(TypedDict):
    """Money. `actual` is null until it is known; while a live job runs, it is the cost so far.

    `currency` is an ISO code. `at_most` means that the vendor may make, and bill, less than was estimated.
    """

    estimated: float
    actual: float | None
    currency: str
    at_most: bool


class OutputView(TypedDict):
    """One output, of the kind video, image, audio or article.

    `name` is the file name for saving it. URLs are the studio's own; sizes are pixels, seconds and bytes. A picture's
    thumbnail has 400 px at most, its poster 1280; its `url` is the original.
    """

    id: str
    kind: str
    name: str
    url: str
    thumbnail_url: str | None
    poster_url: str | None
    width: int | None
    height: int | None
    seconds: float | None
    bytes: int


class InputView(TypedDict):
    """One input file. `position` is its position among those of the same field, from 0.

    `parent` is the id of the asset that it is or was cut from, which may be another studio's; `parent_job` is that
    asset's job if it is known here. `moment` is the cut: first, last, seconds as text, sound, or null.
    """

    id: str
    parent: str | None
    parent_job: str | None
    moment: str | None
    field: str
    position: int
    kind: str
    name: str
    url: str
    thumbnail_url: str | None


class PlaceView(TypedDict):
    """The position of a job that waits for a slot: its place in the queue, the queue's length, and the busy slots."""

    place: int
    of: int
    lanes: int
    busy: int


class ExpectedView(TypedDict):
    """How long such jobs take, in seconds, split into waiting at the vendor and running.

    `documented` means that the vendor's own figures are used: nothing like it was made here yet, and `samples` is 0.
    """

    queue_p50: float
    queue_p90: float
    run_p50: float
    run_p90: float
    samples: int
    documented: bool


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The expected future of a job; a page requests it for unfinished jobs."""

    place_in_line: PlaceView | None = None
    expected: ExpectedView | None = None


NO_OUTLOOK = Outlook()


class JobView(TypedDict):
    """One job. Times are ISO 8601 in UTC."""

    id: str
    sequence: int
    family: str
    model: str
    model_title: str
    region: str
    status: str
    prompt: str
    rewritten_prompt: str | None
    parameters: dict[str, Any]  # Any: JSON
    inputs: list[InputView]
    created_at: str
    submitted_at: str | None
    running_at: str | None
    finished_at: str | None
    updated_at: str
    task_id: str | None
    request_id: str | None
    error: ErrorView | None
    cost: CostView
    outputs: list[OutputView]
    demo: bool
    cancelable: bool
    cancel_requested: bool
    attention: str | None
    remark: str | None
    """A sentence that stays with the result."""
    article: list[dict[str, str]] | None
    """Text and pictures in order: {"text": words} or {"output": id of one of the outputs}."""
    place: str
    """A whole number too large for a JavaScript number; a page is ordered by it, highest first."""
    person: str
    favourite: bool
    rating: int
    """1 to 5, or 0."""
    tags: list[str]
    collections: list[str]
    """Ids."""
    deleted_at: str | None
    """When it was moved to the bin."""
    imported: bool
    expires_at: str | None
    """When the vendor drops the result."""
    safe: str | None
    """The place of the results, null if there are none.

    `disk` if every result is verified on the studio's disk, `provider` while one is only at the vendor.
    """
    source_job: str | None
    """The job that this one repeats, or was remixed from."""
    batch: str | None
    """An id that all jobs of one batch share."""
    priority: int
    """0 for the normal order, 1 before the person's other jobs, 2 before the jobs of all people."""
    place_in_line: PlaceView | None
    expected: ExpectedView | None
    stoppable: str | None
    """The effect of stopping it: `free` costs nothing, `no` is too late, `race` may be too late. Null once finished."""
    on_arrival: str
    """`keep`, or `hide` for a job whose result goes to the bin when it arrives."""
    decision_wanted: bool
    """Whether a person has to decide between resubmitting and dropping it."""
    decision_about: str | None
    """Why a person has to decide, null if no decision is needed.

    `unknown`: it may have been bought. `unlisted`: the answer was lost, and the vendor's list does not show it.
    `refused`: the vendor did not take it several times, so it was not bought.
    """


class JobsView(TypedDict):
    """A page of jobs, newest first.

    `next_cursor` leads to older ones and is null on the last page; `previous_cursor` leads to newer ones with
    `newer=1`. `remarks` are sentences about parts of the query that were not understood.
    """

    items: list[JobView]
    next_cursor: str | None
    previous_cursor: str | None
    remarks: list[str]


def job_view(found: JobWithAssets, catalogue: Catalogue, *, outlook: Outlook = NO_OUTLOOK) -> JobView:
    """Return a job as a page or an API caller sees it."""
    job = found.job
    model = catalogue.model(job.model)
    return JobView(
        id=job.id,
        sequence=job.sequence,
        family=job.family,
        model=job.model,
        model_title=model.title if model else job.model,
        region=job.region,
        status=str(job.status),
        prompt=job.prompt,
        rewritten_prompt=job.rewritten_prompt,
        parameters=dict(job.parameters),
        inputs=[_input(asset, found.parent_jobs) for asset in found.assets if not asset.is_output],
        created_at=iso(job.created_at),
        submitted_at=_time(job.submitted_at),
        running_at=_time(job.running_at),
        finished_at=_time(job.finished_at),
        updated_at=iso(job.updated_at),
        task_id=job.task_id,
        request_id=job.request_id,
        error=error_view(job, found.assets),
        cost=CostView(
            estimated=job.estimated_micros / 1_000_000,
            actual=None if job.actual_micros is None else job.actual_micros / 1_000_000,
            currency=job.currency,
            at_most=model is not None and any(mode.at_most for mode in model.modes_on(job.parameters)),
        ),
        outputs=[_output(asset) for asset in found.assets if asset.is_output],
        demo=job.demo,
        cancelable=_is_cancelable(job, model),
        cancel_requested=job.cancel_requested,
        attention=job.attention,
        remark=job.remark,
        article=None if job.article is None else shown(job.article),
        place=str(job.place),
        person=job.person,
        favourite=job.favourite,
        rating=job.rating,
        tags=list(found.tags),
        collections=list(found.collections),
        deleted_at=_time(job.deleted_at),
        imported=job.imported,
        expires_at=_time(job.expires_at),
        safe=_safe(found),
        source_job=job.source_job,
        batch=job.batch,
        priority=job.priority,
        place_in_line=outlook.place_in_line,
        expected=outlook.expected,
        stoppable=_stoppable(job, model),
        on_arrival=str(job.on_arrival),
        decision_wanted=_decision_about(job) is not None,
        decision_about=_decision_about(job),
    )


def _decision_about(job: Job) -> str | None:
    if job.status.final or job.decision is None or not job.decision.is_open:
        return None
    about = job.decision in (Decision.UNLISTED, Decision.REFUSED)
    return str(job.decision) if about else "unknown"


def _safe(found: JobWithAssets) -> str | None:
    job = found.job
    if job.status is JobStatus.SAVING or any("link" in item for item in job.article or ()):
        return "provider"
    return "disk" if job.status is JobStatus.SUCCEEDED and any(a.is_output for a in found.assets) else None


def _is_cancelable(job: Job, model: Model | None) -> bool:
    return job.status in _CANCELABLE and not job.cancel_requested and _stoppable(job, model) != "no"


def _stoppable(job: Job, model: Model | None) -> str | None:
    """Return the effect of stopping a job. A live job has no task that could be canceled once it was sent."""
    match job.status:
        case JobStatus.QUEUED | JobStatus.UPLOADING | JobStatus.PENDING:
            return "free"
        case JobStatus.SUBMITTING | JobStatus.UNKNOWN:
            live = model is not None and bool(model.live) and job.parameters.get(model.live) is True
            return "no" if live and job.status is JobStatus.SUBMITTING else "race"
        case JobStatus.RUNNING | JobStatus.SAVING:
            return "no"
        case JobStatus.SUCCEEDED | JobStatus.FAILED | JobStatus.CANCELED:
            return None
        case _:
            assert_never(job.status)


def page_view(
    page: Page,
    catalogue: Catalogue,
    *,
    remarks: Sequence[str] = (),
    outlook: Callable[[Job], Outlook] = lambda _job: NO_OUTLOOK,
) -> JobsView:
    """Return a page of jobs. `remarks` are those of the query; the page's own follow them."""
    return JobsView(
        items=[job_view(found, catalogue, outlook=outlook(found.job)) for found in page.items],
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        remarks=[*remarks, *page.remarks],
    )


def _time(milliseconds: int | None) -> str | None:
    return iso(milliseconds) if milliseconds else None


def _url(asset: Asset, picture: str = "") -> str:
    return f"/studio/files/{asset.id}{picture}"


def _output(asset: Asset) -> OutputView:
    return OutputView(
        id=asset.id,
        kind=asset.kind,
        name=asset.name,
        url=_url(asset),
        thumbnail_url=_url(asset, "/thumbnail") if asset.thumbnail_key else None,
        poster_url=_url(asset, "/poster") if asset.poster_key else None,
        width=asset.width,
        height=asset.height,
        seconds=asset.seconds,
        bytes=asset.bytes,
    )


def _input(asset: Asset, parent_jobs: Mapping[str, str]) -> InputView:
    return InputView(
        id=asset.id,
        parent=asset.parent_id,
        parent_job=parent_jobs.get(asset.parent_id or ""),
        moment=asset.moment,
        field=asset.role,
        position=asset.position,
        kind=asset.kind,
        name=asset.name,
        url=_url(asset),
        thumbnail_url=_url(asset, "/thumbnail") if asset.thumbnail_key else None,
    )


def outlook_of(job: Job, *, jobs: Jobs, timing: Timing) -> Outlook:
    """Return the queue position and the usual durations of a job, as currently known. Asks no vendor."""
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

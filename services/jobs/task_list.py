"""The vendor's task list, read for submissions whose answer was lost: unclaimed tasks, and the lag of the list.

The vendor does not document how long a new task takes to appear in the list. So the lag is measured: the list must show
the tasks that are known to exist. While one of them is missing, the absence of another task proves nothing.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.dashscope import LONGEST_WINDOW, DashScope, ListedTask, TaskStatus
from services.database.submissions import Submissions
from services.domain.errors import KeyRefused, NotTaken, Refused, VendorError
from services.domain.jobs import Job, Submission
from services.jobs.task_matching import Candidate, Window

log = logging.getLogger(__name__)

_KNOWN_FOR_MS = 3_600_000
"""Tasks accepted within this time before a lost submission, or since, are looked for in the list to measure its lag."""
_FRESH_MS = 1_000
"""A task accepted less than this ago is too new to measure the lag."""
_LAG_COUNTS_MS = 24 * 3_600_000
_LISTED_FOR_MS = 23 * 3_600_000
"""The vendor drops a task, also from its list, after 24 hours: an older one is not missing (wan-video-api.md 7)."""
_LONGEST_LAG_MS = 3_600_000
"""A list that lacks a task for longer than this is not late: it may never show such a task."""
_ENDED_KEPT = 2_000
_VARIANT = re.compile(r"-us$|-\d{4}-\d{2}-\d{2}$")
_ENDED = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELED})


@dataclass(frozen=True, kw_only=True)
class Look:
    """The result of one look at the list."""

    candidates: tuple[Candidate, ...]
    behind: bool
    """True if the list lacks a task that is known to exist."""


class ListUnreadable(Exception):
    """The vendor's list cannot be read at the moment."""

    def __init__(self, *, refused: bool, key_refused: bool = False) -> None:
        super().__init__()
        self.refused = refused
        """True if the vendor refused: retrying will hardly help."""
        self.key_refused = key_refused
        """True if it refused because of the key."""


class TaskList:
    """The task lists of all accounts, as this process has read them."""

    def __init__(
        self,
        submissions: Submissions,
        *,
        vendor: Callable[[Job], Awaitable[DashScope | None]],
        clock: Callable[[], int],
    ) -> None:
        self._submissions = submissions
        self._vendor = vendor
        self._clock = clock
        self._lags: dict[str, list[tuple[int, int]]] = {}
        self._ended: OrderedDict[str, Candidate] = OrderedDict()

    async def look(self, job: Job, submission: Submission, windows: Sequence[Window]) -> Look:
        """Read the list of the submission's account and model.

        Candidates are the unclaimed tasks that were created in one of the windows. Raises ListUnreadable.
        """
        vendor = await self._vendor(job)
        if vendor is None:
            raise ListUnreadable(refused=False)
        now = self._clock()
        first, last = min(start for start, _ in windows), max(end for _, end in windows)
        since = max(_ms(first), submission.started_at - _KNOWN_FOR_MS, now - _LISTED_FOR_MS)
        known = await self._submissions.taken_since(submission, since=since)
        end = max(last, _moment(now) + timedelta(minutes=2)) if known else last
        try:
            listed = await self._listed(vendor, submission.vendor_model, first, end)
            found = await self._candidates(vendor, submission, listed, windows)
        except VendorError as error:
            refused = isinstance(error, Refused) and not isinstance(error, NotTaken)
            log.info("job %s: the task list cannot be read (%s)", job.id, error.code or type(error).__name__)
            raise ListUnreadable(refused=refused, key_refused=isinstance(error, KeyRefused)) from error
        behind = self._measure(submission.account, {task.task_id for task in listed}, known, now=now)
        return Look(candidates=found, behind=behind)

    def lag_seconds(self, account: str) -> float:
        """Return the longest lag seen in an account's list within a day."""
        now = self._clock()
        return max((lag for at, lag in self._lags.get(account, ()) if now - at < _LAG_COUNTS_MS), default=0) / 1000

    async def _listed(self, vendor: DashScope, model: str, start: datetime, end: datetime) -> list[ListedTask]:
        start = max(start, end - LONGEST_WINDOW)
        return [
            task
            for task in await vendor.list_tasks(model=model, start=start, end=end)
            if not is_another(task.model, model)
        ]

    async def _candidates(
        self, vendor: DashScope, submission: Submission, listed: Sequence[ListedTask], windows: Sequence[Window]
    ) -> tuple[Candidate, ...]:
        within = [task for task in listed if any(start <= task.created_at <= end for start, end in windows)]
        ids = [task.task_id for task in within]
        known = await self._submissions.known_tasks(account=submission.account, task_ids=ids)
        return tuple([await self._details(vendor, task) for task in within if task.task_id not in known])

    async def _details(self, vendor: DashScope, task: ListedTask) -> Candidate:
        """Return the details of a task. A task that has ended does not change and is queried once."""
        if task.task_id in self._ended:
            return self._ended[task.task_id]
        details = await vendor.query(task.task_id)
        candidate = Candidate(
            task_id=task.task_id,
            created_at=task.created_at,
            prompt=details.orig_prompt,
            ended=details.status in _ENDED,
            billed=details.status not in (TaskStatus.FAILED, TaskStatus.CANCELED),
        )
        if candidate.ended:
            self._ended[task.task_id] = candidate
            while len(self._ended) > _ENDED_KEPT:
                self._ended.popitem(last=False)
        return candidate

    def _measure(self, account: str, listed: set[str], known: Mapping[str, int], *, now: int) -> bool:
        """Record the lag of an account's list. Returns True if a task that is known to exist is missing."""
        missing = [now - taken_at for task_id, taken_at in known.items() if task_id not in listed]
        lag = min(max(missing, default=0), _LONGEST_LAG_MS)
        if lag < _FRESH_MS:
            return False
        kept = [one for one in self._lags.get(account, []) if now - one[0] < _LAG_COUNTS_MS and one[1] > lag]
        self._lags[account] = [*kept, (now, lag)]
        log.info("account %s: the task list is at least %.0f s behind", account, lag / 1000)
        return True


def is_another(listed: str, asked: str) -> bool:
    """Return True if a row is of another model than the requested one.

    Not every list filters by model. Names that differ only by a region or a date may be the same model's.
    """
    return bool(listed) and _plain(listed) != _plain(asked)


def _plain(model: str) -> str:
    return _VARIANT.sub("", model.lower().replace("wanx", "wan", 1))


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)

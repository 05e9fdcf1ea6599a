"""Filters of the task list. Source: reference, section 7.7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.simulator.api.replies import VENDOR_ZONE, api_key_id
from services.simulator.engine.ledger import Task
from services.simulator.engine.refusal import Refusal

_LONGEST = timedelta(hours=24)
_STATUSES = {"PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "SUSPENDED", "UNKNOWN"}
_MAX_NUMBER = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Filter:
    """The filters and the page of a list call."""

    start: datetime
    end: datetime
    task_id: str | None
    model: str | None
    status: str | None
    region: str | None
    api_key_id: str | None
    page_no: int
    page_size: int

    def fits(self, task: Task, *, region_codes: Mapping[str, str]) -> bool:
        """Return True if a task matches. Compares its submission time in whole seconds, like the filters."""
        return (
            self.start <= task.submitted_at.replace(microsecond=0) <= self.end
            and self.task_id in (None, task.id)
            and self.model in (None, task.model)
            and self.status in (None, task.status)
            and self.region in (None, region_codes.get(task.region, task.region))
            and self.api_key_id in (None, api_key_id(task))
        )


def read_filter(query: Mapping[str, str], *, now: datetime) -> Filter:
    """Return the filters of a query string. Raises Refusal if a value is invalid.

    Unknown keys are ignored. Empty values count as absent.
    """
    given = {key: value for key, value in query.items() if value}
    start, end = _moment(given.get("start_time"), "start_time"), _moment(given.get("end_time"), "end_time")
    if start is None and end is None:
        start, end = now - _LONGEST, now
    elif start is None and end is not None:
        start = end - _LONGEST
    elif start is not None and end is None:
        end = min(now, start + _LONGEST) if start <= now else start
    if start is None or end is None or start > end or end - start > _LONGEST:
        raise _refused("start_time")
    status = given.get("status")
    if status is not None and status not in _STATUSES:
        raise _refused("status")
    return Filter(
        start=start,
        end=end,
        task_id=given.get("task_id"),
        model=given.get("model_name"),
        status=status,
        region=given.get("region"),
        api_key_id=given.get("api_key_id"),
        page_no=_number(given.get("page_no"), "page_no", default=1),
        page_size=_number(given.get("page_size"), "page_size", default=10),
    )


def _moment(text: str | None, key: str) -> datetime | None:
    """Return the time written as YYYYMMDDhhmmss in the vendor's zone. Raises Refusal if it is malformed."""
    if text is None:
        return None
    if len(text) != 14 or not (text.isascii() and text.isdecimal()):
        raise _refused(key)
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=VENDOR_ZONE)
    except ValueError as error:
        raise _refused(key) from error


def _number(text: str | None, key: str, *, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 7 or not 1 <= int(text) <= _MAX_NUMBER:
        raise _refused(key)
    return int(text)


def _refused(key: str) -> Refusal:
    return Refusal(400, "InvalidParameter", f"Required parameter({key}) missing or invalid, please check.")

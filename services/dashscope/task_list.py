"""The account's task list, read to its last page. Hides pages and the time windows of the queries.

A missed row could be bought a second time, so any doubt about a page or a row is raised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from services.dashscope import replies
from services.dashscope.replies import ListedTask
from services.domain.errors import VendorError

PAGE_SIZE = 10
"""Rows per page of the task list: the vendor's default. Its maximum is not documented."""

MOST_PAGES = 1000
LONGEST_WINDOW = timedelta(hours=24)
_WIDEST = timedelta(hours=15)
"""With eight hours of doubt about the zone, this stays under the vendor's 24."""


async def every_page(
    ask: Callable[[Mapping[str, str]], Awaitable[object]], query: Mapping[str, str]
) -> list[ListedTask]:
    """Return the rows of all pages. Raises VendorError if one is unreadable or is not the requested one."""
    tasks: list[ListedTask] = []
    for number in range(1, MOST_PAGES + 1):
        page = replies.read_page(await ask({**query, "page_no": str(number), "page_size": str(PAGE_SIZE)}))
        if page.number != number:
            raise VendorError(
                "The provider gave an answer this studio does not understand.",
                http_status=200,
                vendor_message=f"page {page.number} of the task list where {number} was asked for",
            )
        tasks += page.tasks
        if not page.tasks or number >= page.pages:
            return tasks
    raise VendorError("The account has too many tasks in this time to search them all.")


def windows(start: datetime, end: datetime) -> tuple[tuple[str, str], ...]:
    """Return the time windows to query, in the vendor's format: YYYYMMDDhhmmss without a zone.

    Beijing reads them as UTC+8. Whether other regions do is not documented, and a window eight hours off would hide a
    task that was bought. So each window covers both readings, and the rows' own epoch times decide.
    """
    if end - start > _WIDEST:
        middle = start + (end - start) / 2
        return (*windows(start, middle), *windows(middle, end))
    later = (end + timedelta(seconds=1)).astimezone(replies.VENDOR_TIME)
    return ((_stamp(start.astimezone(UTC)), _stamp(later)),)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"

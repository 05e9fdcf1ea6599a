"""The vendor's replies, parsed once into our own values. Only this module knows the shape of a reply.

Shapes: Model Studio's video references and "Manage asynchronous tasks", read against recorded traffic (tests/recorded).
An unknown word or shape fails loudly: a guess here would lose a result or buy one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import TypeGuard

from services.dashscope.errors.mapping import explain, failure
from services.domain.errors import Refused, VendorError
from services.domain.json_values import is_list, mapping_in

log = logging.getLogger(__name__)

_LONGEST_WORD = 40
VENDOR_TIME = timezone(timedelta(hours=8))
"""The service writes its times in UTC+8 without saying so, as a recorded Date header beside `submit_time` shows."""


class TaskStatus(StrEnum):
    """The state of a task as the vendor reports it."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"
    """No such task: never there, another account's, or older than 24 hours."""
    OTHER = "OTHER"
    """An undocumented word, kept in `Task.word`. Such a task has not ended."""

    @property
    def ended(self) -> bool:
        """True if it will not change any more."""
        return self in (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELED, TaskStatus.UNKNOWN)


@dataclass(frozen=True)
class Created:
    """A task that now exists, and costs money when it succeeds."""

    task_id: str
    status: TaskStatus
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a result, in its place: words, or the link of a clip or picture. One of the two is empty."""

    text: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    """A link that lives 24 hours. Like words, kept out of logs."""


@dataclass(frozen=True)
class Failure:
    """The reason, in the vendor's words, why one picture of several was not made."""

    code: str
    message: str

    def error(self) -> VendorError:
        """Return the failure as an error for people."""
        return failure(self.code, self.message)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The answer to a question that is answered at once."""

    passed: bool
    code: str
    message: str
    """The reason for a refusal, in the vendor's words."""
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """The state of a task at one query. Times are UTC and None if the service did not state them."""

    task_id: str
    status: TaskStatus
    word: str = ""
    """The vendor's own word for `status`, 40 characters at most."""
    request_id: str
    """The vendor's id of this query, not of the create call."""
    submitted_at: datetime | None
    scheduled_at: datetime | None
    ended_at: datetime | None
    parts: tuple[Part, ...]
    """The results, in their order; empty unless it succeeded."""
    failures: tuple[Failure, ...]
    """The pictures that failed alone while others were made."""
    orig_prompt: str | None = field(repr=False)
    actual_prompt: str | None = field(repr=False)
    """The prompt as the vendor rewrote it, if it is given."""
    code: str
    message: str
    """The vendor's words on a failure."""
    usage: Mapping[str, object]

    @property
    def result_urls(self) -> tuple[str, ...]:
        """The links among the parts."""
        return tuple(part.url for part in self.parts if part.url)

    def error(self) -> VendorError:
        """Return the reason why there is no result.

        Only for a task that failed, or that the vendor does not (or no longer) know.
        """
        if self.status not in (TaskStatus.FAILED, TaskStatus.UNKNOWN):
            raise ValueError(f"a task that is {self.status} has no error")
        code = self.code or (self.status.value if self.status is TaskStatus.UNKNOWN else "")
        return failure(code, self.message, request_id=self.request_id)


@dataclass(frozen=True, kw_only=True)
class ListedTask:
    """One row of the account's task list: every program's tasks, without a prompt."""

    task_id: str
    model: str
    status: TaskStatus
    created_at: datetime
    """UTC, to the millisecond."""
    request_id: str
    api_key_id: str


@dataclass(frozen=True)
class ListPage:
    """One page of the task list."""

    tasks: tuple[ListedTask, ...]
    number: int
    pages: int


@dataclass(frozen=True, kw_only=True)
class UploadPolicy:
    """Credentials for one upload into the vendor's temporary storage, good for five minutes."""

    host: str
    folder: str
    max_bytes: int | None
    form: tuple[tuple[str, str], ...]
    """The form's fixed fields, in order."""


# Replies -------------------------------------------------------------------------------------------------------------


def read_created(reply: object) -> Created | None:
    """Return the task that a create call made, or None if the reply contains none."""
    output = mapping_in(mapping_in(reply).get("output"))
    task_id = output.get("task_id")
    if not isinstance(task_id, str) or not task_id:
        return None
    word = (_text(output.get("task_status")).strip() or TaskStatus.PENDING.value).upper()
    if word not in TaskStatus.__members__:
        # The task is bought. Its id must not be lost over a word; the first query shows the word with the job.
        log.warning("task %s was created with unknown status %r", task_id, word[:_LONGEST_WORD])
        word = TaskStatus.PENDING.value
    return Created(task_id, TaskStatus(word), _text(mapping_in(reply).get("request_id")))


def read_task(reply: object) -> Task:
    """Read a reply to a query. Raises VendorError if it names no status."""
    top = mapping_in(reply)
    request_id = _text(top.get("request_id"))
    output = mapping_in(top.get("output"))
    status = _status(output.get("task_status"), request_id)
    prompts = _prompt_holders(output)
    return Task(
        task_id=_text(output.get("task_id")),
        status=status,
        word="".join(letter for letter in str(output.get("task_status")) if letter.isprintable())[:_LONGEST_WORD],
        request_id=request_id,
        submitted_at=_time(output.get("submit_time")),
        scheduled_at=_time(output.get("scheduled_time")),
        ended_at=_time(output.get("end_time")),
        parts=_result(output) if status is TaskStatus.SUCCEEDED else (),
        failures=tuple(_failures(output)) if status is TaskStatus.SUCCEEDED else (),
        orig_prompt=_first_text(prompts, "orig_prompt"),
        actual_prompt=_first_text(prompts, "actual_prompt"),
        code=_text(output.get("code")) or _text(top.get("code")),
        message=_text(output.get("message")) or _text(top.get("message")),
        usage=dict(mapping_in(top.get("usage"))),
    )


def read_page(reply: object) -> ListPage:
    """Read one page of the task list. Raises VendorError if it is unreadable: a missed row could be bought twice."""
    top = mapping_in(reply)
    request_id = _text(top.get("request_id"))
    rows, number, pages = top.get("data"), top.get("page_no"), _pages(top)
    if rows is None and top.get("total") == 0:
        rows = list[object]()  # some services leave an empty list out
    if number is None and _is_whole(top.get("data"), pages=pages, total=top.get("total")):
        number = pages = 1
    if not is_list(rows) or not _is_count(number) or pages is None:
        raise _unreadable("a task list", request_id)
    return ListPage(tuple(_listed(mapping_in(row), request_id) for row in rows), number, pages)


def read_policy(reply: object, *, file_name: str) -> UploadPolicy:
    """Read the credentials to upload a file under this name. Raises Refused if a member is missing."""
    top = mapping_in(reply)
    data = mapping_in(top.get("data"))
    needed = ("policy", "signature", "upload_dir", "upload_host", "oss_access_key_id")
    if not all(_text(data.get(name)) for name in needed):
        said = _unreadable("an upload policy", _text(top.get("request_id"))).vendor_message
        happened = explain("UploadRefused").happened
        raise Refused(happened, code="UploadRefused", http_status=200, vendor_message=said)
    folder = _text(data.get("upload_dir")).rstrip("/")
    megabytes = data.get("max_file_size_mb")
    return UploadPolicy(
        host=_text(data.get("upload_host")),
        folder=folder,
        max_bytes=megabytes * 1024 * 1024 if _is_count(megabytes) else None,
        form=(
            ("OSSAccessKeyId", _text(data.get("oss_access_key_id"))),
            ("Signature", _text(data.get("signature"))),
            ("policy", _text(data.get("policy"))),
            ("x-oss-object-acl", _text(data.get("x_oss_object_acl")) or "private"),
            ("x-oss-forbid-overwrite", _text(data.get("x_oss_forbid_overwrite")) or "true"),
            ("key", f"{folder}/{file_name}"),
            ("success_action_status", "200"),
        ),
    )


def read_checked(reply: object) -> Checked | None:
    """Return the answer to a question, or None if the reply contains none. Source: wan-video-api.md 4.1."""
    output = mapping_in(mapping_in(reply).get("output"))
    passed = output.get("check_pass")
    if not isinstance(passed, bool):
        return None
    code, message = _text(output.get("code")), _text(output.get("message"))
    return Checked(passed=passed, code=code, message=message, request_id=_text(mapping_in(reply).get("request_id")))


def read_parts(output: object) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Return the parts in `choices` in order, and each choice's finish reason. Shape: wan-image-api.md 1.5.

    The service gives one choice for each picture, or one choice with words and pictures in turn.
    """
    parts: list[Part] = []
    reasons: list[str] = []
    choices = mapping_in(output).get("choices")
    for choice in map(mapping_in, choices if is_list(choices) else ()):
        reasons.append(_text(choice.get("finish_reason")))
        content = mapping_in(choice.get("message")).get("content")
        items: list[object] = content if is_list(content) else [{"text": content}]
        for item in map(mapping_in, items):
            link, words = _text(item.get("image")) or _text(item.get("video")), _text(item.get("text"))
            if link:
                parts.append(Part(url=link))
            elif words:
                parts.append(Part(text=words))
    return tuple(parts), tuple(reasons)


# Members -------------------------------------------------------------------------------------------------------------


def _result(output: Mapping[str, object]) -> tuple[Part, ...]:
    parts, _reasons = read_parts(output)
    return (*parts, *(Part(url=link) for link in dict.fromkeys(_links(output))))


def _failures(output: Mapping[str, object]) -> Iterator[Failure]:
    """Yield the results that have a reason instead of a link. Shape: wan-image-api.md 2.2."""
    results = output.get("results")
    for result in map(mapping_in, results if is_list(results) else ()):
        code, message = _text(result.get("code")), _text(result.get("message"))
        if (code or message) and not _text(result.get("url")):
            yield Failure(code, message)


def _links(output: Mapping[str, object]) -> Iterator[str]:
    """Yield every link of a result, in any of the places that the model families use."""
    results = output.get("results")
    holders: list[object] = [output, results, *(results if is_list(results) else ())]
    for holder in map(mapping_in, holders):
        link = _text(holder.get("video_url")) or (_text(holder.get("url")) if holder is not output else "")
        if link:
            yield link


def _prompt_holders(output: Mapping[str, object]) -> tuple[Mapping[str, object], ...]:
    results = output.get("results")
    return (output, *(mapping_in(result) for result in results)) if is_list(results) else (output,)


def _first_text(holders: tuple[Mapping[str, object], ...], key: str) -> str | None:
    return next((text for holder in holders if (text := _text(holder.get(key)))), None)


def _is_whole(rows: object, *, pages: int | None, total: object) -> bool:
    """Return True if a page without a page number holds all rows."""
    return is_list(rows) and (pages == 1 or (_is_count(total) and len(rows) >= total))


def _pages(page: Mapping[str, object]) -> int | None:
    """Return the number of pages, from either way of stating it."""
    pages, rows, each = page.get("total_page"), page.get("total"), page.get("page_size")
    if pages is None and _is_count(rows) and _is_count(each) and each:
        return -(-rows // each)
    return pages if _is_count(pages) else None


def _listed(row: Mapping[str, object], request_id: str) -> ListedTask:
    task_id, created = _text(row.get("task_id")), _moment(row.get("gmt_create"))
    if not task_id or created is None:
        raise _unreadable("a row of the task list", request_id)
    return ListedTask(
        task_id=task_id,
        model=_text(row.get("model_name")),
        status=_status(row.get("status"), request_id),
        created_at=created,
        request_id=_text(row.get("request_id")),
        api_key_id=str(row.get("api_key_id") or ""),
    )


def _status(word: object, request_id: str) -> TaskStatus:
    if isinstance(word, str) and word.strip():
        known = word.strip().upper()
        return TaskStatus(known) if known in TaskStatus.__members__ else TaskStatus.OTHER
    raise VendorError(
        "The provider gave an answer this studio does not understand.",
        request_id=request_id,
        http_status=200,
        vendor_message=f"task_status {str(word)[:80]!r}",
    )


def _unreadable(what: str, request_id: str) -> VendorError:
    return VendorError(
        "The provider gave an answer this studio does not understand.",
        request_id=request_id,
        http_status=200,
        vendor_message=f"{what} of an unknown shape",
    )


def _time(value: object) -> datetime | None:
    """Parse a time in a query's format. Return None for anything else: no result is given up over a time."""
    try:
        told = datetime.fromisoformat(_text(value).strip())
        return (told if told.tzinfo else told.replace(tzinfo=VENDOR_TIME)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _moment(milliseconds: object) -> datetime | None:
    """Parse a time in the list's format, in milliseconds since 1970."""
    if not _is_count(milliseconds):
        return None
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC) + timedelta(milliseconds=milliseconds % 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0

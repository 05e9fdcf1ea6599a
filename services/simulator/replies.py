"""The shapes of what the service answers, as recorded and documented. Source: reference, sections 7.4 to 7.8, and the
recorded replies. Holds no state."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from xml.sax.saxutils import escape

from starlette.responses import Response

from services.simulator.ledger import Status, Task

VENDOR_ZONE = timezone(timedelta(hours=8))
"""Times without a zone in answers are of this zone (recorded: Date header against submit_time)."""


def new_request_id() -> str:
    """An id for one call."""
    return str(uuid.uuid4())


def json_reply(body: Mapping[str, object], *, now: datetime, http_status: int = 200, charset: bool = False) -> Response:
    """A JSON answer of the gateway. The task calls name their charset, the others do not."""
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
        status_code=http_status,
        headers={
            "content-type": "application/json;charset=UTF-8" if charset else "application/json",
            "vary": "Accept-Encoding",
            "server": "istio-envoy",
            "date": http_date(now),
        },
    )


def error_reply(http_status: int, code: str, message: str, *, now: datetime, charset: bool = False) -> Response:
    """An error of the gateway: code, message and request_id at the top, no output."""
    body = {"code": code, "message": message, "request_id": new_request_id()}
    return json_reply(body, now=now, http_status=http_status, charset=charset)


def oss_error(http_status: int, code: str, message: str, *, now: datetime, extra: str = "") -> Response:
    """An error of the object storage: XML."""
    request_id = uuid.uuid4().hex[:24].upper()
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n'
        f"  <Code>{escape(code)}</Code>\n  <Message>{escape(message)}</Message>\n"
        f"  <RequestId>{request_id}</RequestId>\n  <HostId>localhost</HostId>\n{extra}</Error>\n"
    )
    headers = {"content-type": "application/xml", "x-oss-request-id": request_id, **oss_headers(now)}
    return Response(body, status_code=http_status, headers=headers)


def oss_headers(now: datetime) -> dict[str, str]:
    """What every answer of the object storage carries."""
    return {"server": "AliyunOSS", "date": http_date(now)}


def http_date(now: datetime) -> str:
    """A time as HTTP writes it."""
    return format_datetime(now.astimezone(timezone.utc), usegmt=True)  # noqa: UP017 - email.utils wants this very zone


def created(task: Task) -> dict[str, object]:
    """The answer to a create call that was taken."""
    return {"output": {"task_status": Status.PENDING, "task_id": task.id}, "request_id": task.request_id}


def unknown(task_id: str) -> dict[str, object]:
    """The answer to a query for a task that is foreign, expired or never was."""
    return {"request_id": new_request_id(), "output": {"task_id": task_id, "task_status": "UNKNOWN"}}


def queried(task: Task, *, video_url: str) -> dict[str, object]:
    """The answer to a query. HTTP 200 in every state; only a finished task has a link and a usage."""
    output: dict[str, object] = {"task_id": task.id, "task_status": task.status}
    match task.status:
        case Status.PENDING:
            output |= {"submit_time": _local(task.submitted_at)}
        case Status.RUNNING:
            output |= _times(task)
        case Status.CANCELED:
            output |= {"submit_time": _local(task.submitted_at), "end_time": _local(task.ended_at)}
        case Status.FAILED:
            output |= {"code": task.code, "message": task.message}
        case Status.SUCCEEDED:
            output |= _times(task) | {"end_time": _local(task.ended_at), "orig_prompt": task.values.get("prompt", "")}
            if task.actual_prompt:
                output["actual_prompt"] = task.actual_prompt
            output["video_url"] = video_url
            return {"request_id": new_request_id(), "output": output, "usage": task.usage}
    return {"request_id": new_request_id(), "output": output}


def _times(task: Task) -> dict[str, object]:
    return {"submit_time": _local(task.submitted_at), "scheduled_time": _local(task.scheduled_at)}


def _local(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(VENDOR_ZONE).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def listed(
    tasks: Sequence[Task], *, page_no: int, page_size: int, region_codes: Mapping[str, str]
) -> dict[str, object]:
    """One page of the task list; `tasks` are all that match, in order."""
    first = (page_no - 1) * page_size
    return {
        "total": len(tasks),
        "data": [_row(task, region_codes) for task in tasks[first : first + page_size]],
        "total_page": math.ceil(len(tasks) / page_size),
        "page_no": page_no,
        "request_id": new_request_id(),
        "page_size": page_size,
    }


def _row(task: Task, region_codes: Mapping[str, str]) -> dict[str, object]:
    service = task.path.removeprefix("/services/").replace("/", ":")
    row: dict[str, object] = {
        "api_key_id": str(int(task.account[:6], 16)),
        "caller_parent_id": str(int(task.account[:12], 16)).zfill(16),
        "caller_uid": str(int(task.account[:12], 16)).zfill(16),
        "gmt_create": _millis(task.submitted_at),
        "model_name": task.model,
        "region": region_codes.get(task.region, task.region),
        "request_id": task.request_id,
        "status": task.status,
        "task_id": task.id,
        "user_api_unique_key": f"apikey:v1:{service}:{task.model}",
    }
    if task.scheduled_at:
        row["start_time"] = _millis(task.scheduled_at)
    if task.ended_at:
        row["end_time"] = _millis(task.ended_at)
    return row


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

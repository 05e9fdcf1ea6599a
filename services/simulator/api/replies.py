"""The shapes of the vendor's replies, as recorded and documented.

Source: reference, sections 7.4 to 7.8, and the recorded replies. Holds no state.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import assert_never
from xml.sax.saxutils import escape

from starlette.responses import Response

from services.catalogue.schema import ResultShape
from services.simulator.engine.ledger import Piece, Status, Task, new_request_id

VENDOR_ZONE = timezone(timedelta(hours=8))
"""The zone of times that replies give without a zone (recorded: Date header against submit_time)."""


def json_reply(body: Mapping[str, object], *, now: datetime, http_status: int = 200, charset: bool = False) -> Response:
    """Return a JSON reply of the gateway. The task calls name their charset, the others do not."""
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
    """Return an error of the gateway: code, message and request_id at the top level, no output."""
    body = {"code": code, "message": message, "request_id": new_request_id()}
    return json_reply(body, now=now, http_status=http_status, charset=charset)


def oss_error(http_status: int, code: str, message: str, *, now: datetime, extra: str = "") -> Response:
    """Return an error of the object storage, as XML."""
    request_id = uuid.uuid4().hex[:24].upper()
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n'
        f"  <Code>{escape(code)}</Code>\n  <Message>{escape(message)}</Message>\n"
        f"  <RequestId>{request_id}</RequestId>\n  <HostId>localhost</HostId>\n{extra}</Error>\n"
    )
    headers = {"content-type": "application/xml", "x-oss-request-id": request_id, **oss_headers(now)}
    return Response(body, status_code=http_status, headers=headers)


def oss_headers(now: datetime) -> dict[str, str]:
    """Return the headers of every reply of the object storage."""
    return {"server": "AliyunOSS", "date": http_date(now)}


def http_date(now: datetime) -> str:
    """Format a time for an HTTP header."""
    return format_datetime(now.astimezone(timezone.utc), usegmt=True)  # noqa: UP017 - email.utils wants this very zone


def created(task: Task) -> dict[str, object]:
    """Return the reply to an accepted create call."""
    return {"output": {"task_status": Status.PENDING, "task_id": task.id}, "request_id": task.request_id}


def unknown(task_id: str) -> dict[str, object]:
    """Return the reply to a query for a task that is another account's, expired or never existed."""
    return {"request_id": new_request_id(), "output": {"task_id": task_id, "task_status": "UNKNOWN"}}


Link = Callable[[str], str]
"""Maps the name of a result to its signed link."""


def queried(task: Task, link: Link) -> dict[str, object]:
    """Return the reply to a query. HTTP 200 in every state; only a finished task has links and usage."""
    output: dict[str, object] = {"task_id": task.id, "task_status": task.status}
    match task.status:
        case Status.PENDING:
            output |= {"submit_time": _local(task.submitted_at)}
        case Status.RUNNING:
            output |= _times(task) | _metrics(task)
        case Status.CANCELED:
            output |= {"submit_time": _local(task.submitted_at), "end_time": _local(task.ended_at)}
        case Status.FAILED:
            output |= {"code": task.code, "message": task.message} | _metrics(task)
        case Status.SUCCEEDED:
            output |= _times(task) | {"end_time": _local(task.ended_at), **_result(task, link)}
            return {"request_id": new_request_id(), "output": output, "usage": task.usage}
        case _:
            assert_never(task.status)
    return {"request_id": new_request_id(), "output": output}


def at_once(task: Task, link: Link) -> dict[str, object]:
    """Return the reply to a call that waited for its result. Source: wan-image-api.md 1.5."""
    return {"output": _result(task, link), "usage": task.usage, "request_id": task.request_id}


def checked(output: Mapping[str, object]) -> dict[str, object]:
    """Return the reply to a precheck. Source: wan-video-api.md 4.1."""
    return {"output": dict(output), "usage": {"image_count": 1}, "request_id": new_request_id()}


def _result(task: Task, link: Link) -> Mapping[str, object]:
    """Return the result of a task, in the shape of its model."""
    links = [link(piece.file) for piece in task.pieces if piece.file]
    match task.shape:
        case ResultShape.VIDEO_URL:
            told = {"actual_prompt": task.actual_prompt} if task.actual_prompt else {}
            return {"orig_prompt": _prompt(task)} | told | {"video_url": links[0]}
        case ResultShape.RESULTS_VIDEO_URL:
            return {"results": {"video_url": links[0]}}
        case ResultShape.CHOICES:
            return {"choices": _choices(task, link), "finished": True}
        case ResultShape.RESULTS:
            return {"results": [_picture(task, piece, link) for piece in task.pieces]} | _metrics(task)
        case _:
            assert_never(task.shape)


def _choices(task: Task, link: Link) -> list[dict[str, object]]:
    """Return one choice with all parts in order if there is text, else one choice for each picture."""
    parts = [content_of(piece, link) for piece in task.pieces if not piece.code]
    if any(piece.text for piece in task.pieces):
        return [choice(parts, finish_reason="stop")]
    return [choice([part], finish_reason="stop") for part in parts]


def content_of(piece: Piece, link: Link) -> dict[str, str]:
    """Return one part of a message."""
    if piece.text:
        return {"type": "text", "text": piece.text}
    return {"type": "image", "image": link(piece.file)}


def choice(content: Sequence[Mapping[str, str]], *, finish_reason: str) -> dict[str, object]:
    """Return one choice with its message."""
    return {"finish_reason": finish_reason, "message": {"role": "assistant", "content": list(content)}}


def _picture(task: Task, piece: Piece, link: Link) -> dict[str, str]:
    if piece.code:
        return {"code": piece.code, "message": piece.message}
    told = {"actual_prompt": piece.prompt} if piece.prompt else {}
    return {"orig_prompt": _prompt(task)} | told | {"url": link(piece.file)}


def _metrics(task: Task) -> dict[str, object]:
    """Count the finished pictures of a task, if each can fail alone. Recorded for a running task."""
    if task.shape is not ResultShape.RESULTS:
        return {}
    number = task.values.get("n")
    total = len(task.pieces) or (number if isinstance(number, int) else 1)
    made, lost = sum(bool(piece.file) for piece in task.pieces), sum(bool(piece.code) for piece in task.pieces)
    if task.status is Status.FAILED:
        lost = total - made
    return {"task_metrics": {"TOTAL": total, "SUCCEEDED": made, "FAILED": lost}}


def _prompt(task: Task) -> str:
    return str(task.values.get("prompt", ""))


def _times(task: Task) -> dict[str, object]:
    return {"submit_time": _local(task.submitted_at), "scheduled_time": _local(task.scheduled_at)}


def _local(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(VENDOR_ZONE).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def listed(
    tasks: Sequence[Task], *, page_no: int, page_size: int, region_codes: Mapping[str, str]
) -> dict[str, object]:
    """Return one page of the task list. `tasks` are all matches, in order."""
    first = (page_no - 1) * page_size
    return {
        "total": len(tasks),
        "data": [_row(task, region_codes) for task in tasks[first : first + page_size]],
        "total_page": math.ceil(len(tasks) / page_size),
        "page_no": page_no,
        "request_id": new_request_id(),
        "page_size": page_size,
    }


def api_key_id(task: Task) -> str:
    """Return the number that identifies the API key of a task."""
    return str(int(task.account[:6], 16))


def _row(task: Task, region_codes: Mapping[str, str]) -> dict[str, object]:
    service = task.path.removeprefix("/services/").replace("/", ":")
    row: dict[str, object] = {
        "api_key_id": api_key_id(task),
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

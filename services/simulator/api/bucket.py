"""The object storage over HTTP: uploads by form, results by signed link. Refusals are XML, as in OSS."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from services.simulator.api.broken import CutBody
from services.simulator.api.faults import Cut, Expired
from services.simulator.api.replies import oss_error, oss_headers
from services.simulator.engine.clock import Clock
from services.simulator.engine.storage import MAX_UPLOAD_BYTES, Storage, StorageRefusal

_FORM_OVERHEAD = 64 * 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")


class Bucket:
    """The upload and download routes of the storage."""

    def __init__(self, storage: Storage, *, folder: Path, clock: Clock) -> None:
        self._storage = storage
        self._folder = folder
        self._clock = clock

    async def upload(self, request: Request) -> Response:
        """Store a file from a form. Fields after `file` are not read, as in OSS."""
        try:
            if int(request.headers.get("content-length") or 0) > MAX_UPLOAD_BYTES + _FORM_OVERHEAD:
                raise StorageRefusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
            async with request.form(max_files=4, max_fields=60) as form:
                fields, file = _before_file(form)
                self._storage.admit(fields)
                if file is None:
                    raise StorageRefusal(400, "InvalidArgument", "POST requires exactly one file upload per request.")
                target = self._storage.place_for(fields["key"])
                await asyncio.to_thread(_write, file.file, target)
            await self._storage.keep(fields["key"])
        except StorageRefusal as refusal:
            return self._refused(refusal)
        except HTTPException:
            return self._refused(
                StorageRefusal(400, "MalformedPOSTRequest", "The body of your POST request is not well-formed.")
            )
        wanted = fields.get("success_action_status", "")
        status = int(wanted) if wanted in {"200", "201"} else 204
        return Response(status_code=status, headers=oss_headers(self._clock.now()) | _request_id())

    async def download(self, request: Request) -> Response:
        """Return a result, whole or a range of it."""
        name, query = request.path_params["name"], request.query_params
        expires = query.get("Expires", "")
        fault = getattr(request.state, "fault", None)
        try:
            if not expires.isdecimal() or len(expires) > 12 or "Signature" not in query:
                raise StorageRefusal(403, "AccessDenied", "You have no right to access this object.")
            self._storage.verify(
                request.url.path,
                expires=expires,
                key_id=query.get("OSSAccessKeyId", ""),
                signature=query["Signature"],
            )
            if isinstance(fault, Expired):
                raise self._storage.expired(expires)
            file = self._folder / Path(name).name
            if not await asyncio.to_thread(file.is_file):
                raise StorageRefusal(404, "NoSuchKey", "The specified key does not exist.")
        except StorageRefusal as refusal:
            return self._refused(refusal)
        headers = oss_headers(self._clock.now()) | _request_id()
        headers["etag"] = await asyncio.to_thread(_etag, file)
        if isinstance(fault, Cut):
            return await asyncio.to_thread(_cut, file, fault.at_byte, request.headers.get("range", ""), headers)
        return FileResponse(file, media_type=_media_type(file), headers=headers)

    def _refused(self, refusal: StorageRefusal) -> Response:
        return oss_error(refusal.http_status, refusal.code, refusal.message, now=self._clock.now(), extra=refusal.extra)


def _before_file(form: FormData) -> tuple[dict[str, str], UploadFile | None]:
    """Return the form fields before the file, and the file."""
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if name == "file":
            return fields, value if isinstance(value, UploadFile) else None
        if isinstance(value, str):
            fields[name] = value
    return fields, None


def _write(source: BinaryIO, target: Path) -> None:
    """Write an upload atomically: the target exists whole or not at all."""
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
    with part.open("wb") as file:
        shutil.copyfileobj(source, file, 1024 * 1024)
    part.replace(target)


def _media_type(file: Path) -> str:
    return "image/png" if file.suffix == ".png" else "video/mp4"


def _etag(file: Path) -> str:
    """Return the ETag that OSS gives a plain object: the MD5 of its bytes."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False))
    return f'"{digest.hexdigest().upper()}"'


def _request_id() -> dict[str, str]:
    return {"x-oss-request-id": uuid.uuid4().hex[:24].upper()}


def _cut(file: Path, at_byte: int, wanted: str, headers: dict[str, str]) -> Response:
    """Return the body up to the byte of the fault, with its full length promised."""
    content = file.read_bytes()
    asked = _RANGE.match(wanted)
    start = int(asked[1]) if asked else 0
    rest = content[start:]
    headers = headers | {"content-type": _media_type(file), "accept-ranges": "bytes"}
    if asked:
        headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return CutBody(rest[:at_byte], promised=len(rest), headers=headers, http_status=206 if asked else 200)

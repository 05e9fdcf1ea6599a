"""Upload the files of a request for the vendor to read. Repeating it is free: uploads are kept 48 hours."""

from __future__ import annotations

import asyncio
import base64

from services.catalogue.schema import FilesField
from services.dashscope import DashScope
from services.domain.errors import NotTaken, Refused
from services.domain.jobs import Asset
from services.request import Request, files_to_send
from services.storage.archive import Archive

Urls = dict[str, str | list[str]]
"""The URL of each file by field name; a list of URLs, in order, for a list of files."""

_INLINE_BYTES = 7 * 1024 * 1024
"""The largest file to send inside the body if uploads are not available.

Source: wan-image-api.md 1.4 (a general limit of 10 MiB for a data URI, which adds a third), checked 2026-11-22.
"""


async def upload_files(archive: Archive, vendor: DashScope, request: Request, assets: tuple[Asset, ...]) -> Urls:
    """Upload every file of the request. A file used in two places is uploaded once. Raises VendorError, FileRefused."""
    sent: dict[str, str] = {}
    urls: Urls = {}
    for field in files_to_send(request):
        own = sorted((a for a in assets if a.role == field.name), key=lambda asset: asset.position)
        for asset in own:
            if asset.key not in sent:
                sent[asset.key] = await upload(archive, vendor, request.offer.id, asset, inline=field.data_uri)
        urls[field.name] = [sent[a.key] for a in own] if isinstance(field, FilesField) else sent[own[0].key]
    return urls


async def upload(archive: Archive, vendor: DashScope, vendor_model: str, asset: Asset, *, inline: bool) -> str:
    """Upload one file for one vendor model and return its URL. If `inline`, the URL may be a data URI of the file."""
    path = archive.path(asset.key)
    try:
        return await vendor.upload(vendor_model, path, name=path.name)
    except (Refused, NotTaken):
        # Whether every region accepts uploads is not documented, and the storage is another host that may be
        # unreachable by itself. A small file can be sent inside the body.
        if not inline or asset.bytes > _INLINE_BYTES:
            raise
    return await asyncio.to_thread(_data_uri, archive, asset)


def uses_oss(urls: Urls) -> bool:
    """Return whether any of the URLs is in the vendor's own storage, which a call must declare."""
    every = (url for value in urls.values() for url in ([value] if isinstance(value, str) else value))
    return any(url.startswith("oss://") for url in every)


def _data_uri(archive: Archive, asset: Asset) -> str:
    data = base64.b64encode(archive.path(asset.key).read_bytes()).decode("ascii")
    return f"data:{asset.mime};base64,{data}"

"""Files from callers of the endpoints: the value returned by an upload, or one line of text.

A program passes the value that its upload returned. An assistant passes text, since a tool accepts nothing else: the
URL of an upload, any public URL, or the file itself as a `data:` URL.
"""

from __future__ import annotations

import binascii
import logging
import secrets
from asyncio import to_thread
from base64 import b64decode
from mimetypes import guess_extension
from pathlib import Path
from typing import cast
from urllib.parse import unquote, unquote_to_bytes

import gradio as gr
from gradio.processing_utils import async_ssrf_protected_download
from gradio.utils import get_upload_folder

from services.domain.json_values import mapping_in

log = logging.getLogger(__name__)

_UPLOAD = "/gradio_api/file="
_NOT_UPLOADED = "This file was not uploaded. Upload it first, then send what the upload returned."


async def handed_in(value: object) -> str | list[str]:
    """Return the path of a file, or of each file in a list. Only files in the upload folder. Raises gr.Error."""
    # cast: a list from outside may contain anything, and each item is checked
    return [await _one(each) for each in cast("list[object]", value)] if isinstance(value, list) else await _one(value)


async def _one(value: object) -> str:
    named = value if isinstance(value, str) else mapping_in(value).get("path")
    text = named if isinstance(named, str) else ""
    if text.startswith("data:"):
        return await to_thread(_unpacked, text)
    if _UPLOAD in text:  # our own URL, under any name that the caller uses for us: no download
        return _uploaded(unquote(text.partition(_UPLOAD)[2]))
    return await _fetched(text) if text.startswith(("https://", "http://")) else _uploaded(text)


def _uploaded(text: str) -> str:
    folder = Path(get_upload_folder()).resolve()
    try:
        path = Path(text).resolve()
        is_one = path.is_relative_to(folder) and path.is_file()
    except (OSError, ValueError) as error:  # not a valid file name on any system
        raise _told(_NOT_UPLOADED) from error
    if not is_one:
        raise _told(_NOT_UPLOADED)
    return str(path)


def _unpacked(text: str) -> str:
    """Write a file from a data URL (RFC 2397) into the upload folder. Returns its path."""
    head, comma, body = text.removeprefix("data:").partition(",")
    kind, *marks = (part.strip().lower() for part in head.split(";"))
    try:
        content = b64decode(body, validate=True) if "base64" in marks else unquote_to_bytes(body)
    except (binascii.Error, ValueError) as error:
        raise _told("The file in this data address is damaged. Please send it again.") from error
    if not comma or not content:
        raise _told("There is no file in this data address. Please send it again.")
    folder = Path(get_upload_folder()) / secrets.token_hex(16)
    folder.mkdir(parents=True)
    path = folder / f"file{guess_extension(kind) or ''}"
    path.write_bytes(content)
    return str(path.resolve())


async def _fetched(address: str) -> str:
    """Download a public URL. Gradio resolves the name first, and refuses addresses inside a network."""
    try:
        return _uploaded(await async_ssrf_protected_download(address, get_upload_folder()))
    except gr.Error:
        raise
    except Exception as error:
        # Gradio raises all kinds of errors: unknown names, refusals, broken connections.
        log.info("a file could not be downloaded for a caller: %s", type(error).__name__)
        raise _told("The file at this address could not be fetched. Please upload it and send its address.") from error


def _told(message: str) -> gr.Error:
    return gr.Error(message, print_exception=False)

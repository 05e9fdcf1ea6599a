"""Files as callers of the endpoints hand them in: as an upload returned them, or as one line of text.

A program sends back what its upload returned. An assistant writes text, since a tool takes nothing else: the address of
an upload, any public address, or the file itself as a `data:` address.
"""

from __future__ import annotations

import binascii
import logging
import secrets
from asyncio import to_thread
from base64 import b64decode
from collections.abc import Mapping
from mimetypes import guess_extension
from pathlib import Path
from typing import cast
from urllib.parse import unquote, unquote_to_bytes

import gradio as gr
from gradio.processing_utils import async_ssrf_protected_download
from gradio.utils import get_upload_folder

log = logging.getLogger(__name__)

_UPLOAD = "/gradio_api/file="
_NOT_UPLOADED = "This file was not uploaded. Upload it first, then send what the upload returned."


async def handed_in(value: object) -> str | list[str]:
    """The path of a file, or of each of a list: only of files where uploads lie. Raises gr.Error."""
    # cast: a list from outside may hold anything, and each item is looked at
    return [await _one(each) for each in cast("list[object]", value)] if isinstance(value, list) else await _one(value)


async def _one(value: object) -> str:
    named = value.get("path") if isinstance(value, Mapping) else value
    text = named if isinstance(named, str) else ""
    if text.startswith("data:"):
        return await to_thread(_unpacked, text)
    if _UPLOAD in text:  # ours, under whatever name the caller reaches us: nothing is fetched
        return _uploaded(unquote(text.partition(_UPLOAD)[2]))
    return await _fetched(text) if text.startswith(("https://", "http://")) else _uploaded(text)


def _uploaded(text: str) -> str:
    folder = Path(get_upload_folder()).resolve()
    try:
        path = Path(text).resolve()
        is_one = path.is_relative_to(folder) and path.is_file()
    except (OSError, ValueError) as error:  # no system has such a name
        raise _told(_NOT_UPLOADED) from error
    if not is_one:
        raise _told(_NOT_UPLOADED)
    return str(path)


def _unpacked(text: str) -> str:
    """A file that came in its address (RFC 2397), put where uploads lie."""
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
    """What lies behind a public address. Gradio looks where the name leads, and goes nowhere inside a network."""
    try:
        return _uploaded(await async_ssrf_protected_download(address, get_upload_folder()))
    except gr.Error:
        raise
    except Exception as error:
        # Gradio lets out whatever it trips over: names that lead nowhere, refusals, broken connections.
        log.info("a file could not be fetched for a caller: %s", type(error).__name__)
        raise _told("The file at this address could not be fetched. Please upload it and send its address.") from error


def _told(message: str) -> gr.Error:
    return gr.Error(message, print_exception=False)

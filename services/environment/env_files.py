"""Reads `.env` in any encoding that an editor or a shell may have used.

Names of settings are ASCII, and so are most values. A file in a foreign encoding is therefore still usable. Only a
value with other letters cannot be trusted, and `EnvFile.unreadable` names it.
"""

from __future__ import annotations

import codecs
import locale
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

_LONGEST_BYTES = 1_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # starts with the bytes of the next one, so it is checked first
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WRITTEN_FOR_A_SHELL = re.compile(r"^[ \t]*(?:\$env:|set[ \t]+)(?=[A-Za-z_]\w*[ \t]*=)", re.IGNORECASE | re.MULTILINE)
"""PowerShell's `$env:NAME=` and cmd's `set NAME=`, which people paste into the file."""


@dataclass(frozen=True, kw_only=True)
class EnvFile:
    """One settings file."""

    path: Path
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values by name, as written. A name without `=` is left out."""
    unreadable: frozenset[str] = frozenset()
    """Names of values with unreadable letters, because the file is not saved as UTF-8."""
    bad_lines: tuple[int, ...] = ()
    """Numbers of the lines that are not settings."""
    refused: str = ""
    """A sentence on why the file was not read at all, or an empty string."""
    skipped: str = ""
    """A sentence on why the file is ignored although no setting is wrong, or an empty string."""


def read_env_file(path: Path) -> EnvFile | None:
    """Read a file. Returns None if there is none. Never raises."""
    try:
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as file:
            raw = file.read(_LONGEST_BYTES + 1)
    except FileNotFoundError:
        return None if not path.is_symlink() else EnvFile(path=path, refused=f"{path} leads to a file that is missing.")
    except NotADirectoryError:
        return None
    except OSError as error:
        why = error.strerror or str(error)
        return EnvFile(path=path, refused=f"{path} cannot be read ({why}). Make it readable, or move it away.")
    if len(raw) > _LONGEST_BYTES:
        return EnvFile(path=path, refused=f"{path} is too large for a file of settings. Please check what it is.")
    return _read(path, raw)


def _folder(path: Path) -> EnvFile:
    if (path / "pyvenv.cfg").exists():  # some people name their virtual environment `.env`
        return EnvFile(path=path)
    return EnvFile(path=path, skipped=f"{path} is a folder, so no settings are read from it. It should be a text file.")


def _read(path: Path, raw: bytes) -> EnvFile:
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # it warns of lines that `bad_lines` reports
    text = _WRITTEN_FOR_A_SHELL.sub("", _text(raw))
    values = {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None}
    bad = tuple(binding.original.line for binding in parse_stream(StringIO(text)) if binding.error)
    unreadable = frozenset(name for name, value in values.items() if _has_unread_bytes(value))
    return EnvFile(path=path, values=values, unreadable=unreadable, bad_lines=bad)


def _text(raw: bytes) -> str:
    """Decode the text. Bytes that cannot be read become lone surrogates."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace").replace("\ufffd", "\udcff")
    wide = _wide_encoding(raw)
    for encoding in filter(None, (wide, "utf-8", _of_this_machine())):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "surrogateescape")


def _wide_encoding(raw: bytes) -> str:
    """Detect UTF-16 without a mark: names are ASCII, so every other byte is zero."""
    even, odd = raw[0::2].count(0), raw[1::2].count(0)
    if max(even, odd) * 4 < len(raw):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _of_this_machine() -> str:
    """Return the legacy encoding of this machine, such as GBK on a Chinese Windows."""
    name = locale.getencoding()
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return ""
    return "" if known in {"ascii", "utf-8"} else known


def _has_unread_bytes(value: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in value)

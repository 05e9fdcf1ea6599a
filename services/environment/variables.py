"""The variables that are set, their values and origins: the environment first, then the settings files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from services.environment.env_files import EnvFile

ENVIRONMENT = "the environment"
ENV_FILE = "STUDIO_ENV_FILE"
"""Names the one settings file to read, instead of those in the usual places."""
BESIDE_APP = Path(__file__).resolve().parent.parent.parent / ".env"
"""The path of the file according to the README."""
USUAL_PLACES = (BESIDE_APP, Path(".env"))
"""The paths of the settings files. The file in the current folder takes precedence."""

_UNSEEN = "\ufeff\u200b\u200c\u200d\u2060"
"""Invisible letters that are included when text is copied from a web page."""
_QUOTES = ('""', "''", "``", "“”", "‘’", "„“", "«»")


@dataclass(frozen=True, kw_only=True)
class Given:
    """One variable that is set."""

    name: str
    """The name, as written."""
    value: str
    """The value, without quotes and spaces around it. Never empty."""
    origin: str
    """`the environment`, or the path of a file."""


def cleaned(text: str) -> str:
    """Return the text without spaces, line ends and quotes around it.

    A quote is removed only if its match is at the other end and not in between: `"mei","omar"` stays whole.
    """
    while True:
        before, text = text, text.strip().strip(_UNSEEN)
        for opening, closing in _QUOTES:
            inner = text[1:-1]
            if len(text) > 1 and text[0] == opening and text[-1] == closing and not {opening, closing} & set(inner):
                text = inner
        if text == before:
            return text


def places(configured: object, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files to read, lowest precedence first. `configured` is the value in the settings class."""
    if configured is None:
        return ()
    chosen = cleaned(environ.get(ENV_FILE, ""))
    if chosen and configured == USUAL_PLACES:
        return (Path(chosen),)
    named = configured if _is_several(configured) else (configured,)
    found: dict[Path, None] = {}
    for name in named:
        with suppress(OSError, RuntimeError):  # the current folder was deleted
            found[Path(str(name)).expanduser().absolute()] = None
    return tuple(found)


def _is_several(configured: object) -> TypeGuard[Sequence[object]]:
    return isinstance(configured, Sequence) and not isinstance(configured, str)


def gathered(environ: Mapping[str, str], files: Sequence[EnvFile]) -> dict[str, Given]:
    """Return every set variable, by its name in capitals.

    The source with the highest precedence wins. Empty values are ignored.
    """
    found: dict[str, Given] = {}
    sources = [(str(file.path), file.values) for file in files]
    for origin, values in [*sources, (ENVIRONMENT, environ)]:
        # A name in capitals overrides the same name in small letters.
        for name in sorted(values, key=str.isupper):
            value = cleaned(values[name])
            if value:
                found[name.upper()] = Given(name=name, value=value, origin=origin)
    return found

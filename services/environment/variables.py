"""Which variable is set, to what, and where: the environment first, then the files of settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from services.environment.env_files import EnvFile

ENVIRONMENT = "the environment"
ENV_FILE = "STUDIO_ENV_FILE"
"""Names the one file of settings to read, instead of those in the usual places."""
BESIDE_APP = Path(__file__).resolve().parent.parent.parent / ".env"
"""Where the README says that the file lies."""
USUAL_PLACES = (BESIDE_APP, Path(".env"))
"""Where settings are looked for: what lies in the folder that a program is started from counts more."""

_UNSEEN = "\ufeff\u200b\u200c\u200d\u2060"
"""Letters that show nothing and come along when something is copied from a web page."""
_QUOTES = ('""', "''", "``", "“”", "‘’", "„“", "«»")


@dataclass(frozen=True, kw_only=True)
class Given:
    """One variable that is set."""

    name: str
    """As written."""
    value: str
    """Without quotes and spaces around it; never empty."""
    origin: str
    """`the environment`, or the path of a file."""


def cleaned(text: str) -> str:
    """The text without spaces, line ends and quotes around it.

    A quote is taken off only if its other half is at the other end and nowhere between: `"mei","omar"` stays whole.
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
    """The files to look at, the one that counts least first. `configured` is what the settings' class names."""
    if configured is None:
        return ()
    chosen = cleaned(environ.get(ENV_FILE, ""))
    if chosen and configured == USUAL_PLACES:
        return (Path(chosen),)
    named = configured if isinstance(configured, Sequence) and not isinstance(configured, str) else (configured,)
    found: dict[Path, None] = {}
    for name in named:
        with suppress(OSError, RuntimeError):  # the current folder was deleted
            found[Path(str(name)).expanduser().absolute()] = None
    return tuple(found)


def gathered(environ: Mapping[str, str], files: Sequence[EnvFile]) -> dict[str, Given]:
    """Every variable that is set, by its name in capitals. What counts most wins; an empty one counts for nothing."""
    found: dict[str, Given] = {}
    sources = [(str(file.path), file.values) for file in files]
    for origin, values in [*sources, (ENVIRONMENT, environ)]:
        # A name in capitals counts more than the same in small letters.
        for name in sorted(values, key=str.isupper):
            value = cleaned(values[name])
            if value:
                found[name.upper()] = Given(name=name, value=value, origin=origin)
    return found

"""Output to the console. Never fails, even if the console is closed or supports ASCII only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TextIO

EXIT_CODE = 2
"""Exit code of a program that cannot start as requested."""
INTERRUPTED_EXIT_CODE = 130
"""Exit code after Ctrl+C, as in a shell."""


class CannotStart(Exception):
    """The program cannot start. `sentences` give the reason and the remedy, one per line."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


def say(sentence: str, *, to: TextIO | None = None) -> None:
    """Write one line, to standard error by default."""
    stream = to if to is not None else sys.stderr
    if stream is None:  # pythonw has no console
        return
    line = f"{sentence}\n"
    with contextlib.suppress(OSError, ValueError):  # closed, or no longer read
        try:
            stream.write(line)
        except UnicodeEncodeError:
            stream.write(line.encode("ascii", "backslashreplace").decode("ascii"))
        stream.flush()


def say_all(sentences: Sequence[str]) -> None:
    """Write each sentence to standard error, one per line."""
    for sentence in sentences:
        say(sentence)


def let_every_letter_through() -> None:
    """Make print and the log's console lines safe for a console with a limited character set."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(OSError, ValueError):
                reconfigure(errors="backslashreplace")

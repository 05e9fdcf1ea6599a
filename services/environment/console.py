"""What is said to the person at the console. Never fails: a console may be closed, or know no letters but ASCII."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TextIO

EXIT_CODE = 2
"""How a program ends that cannot start as it was asked to."""
INTERRUPTED_EXIT_CODE = 130
"""How a program ends that was stopped with Ctrl+C, as a shell has it."""


class CannotStart(Exception):
    """The program cannot start. `sentences` say why and what helps, a line each."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


def say(sentence: str, *, to: TextIO | None = None) -> None:
    """Write one line, to standard error if nothing else is named."""
    stream = to if to is not None else sys.stderr
    if stream is None:  # pythonw has no console
        return
    line = f"{sentence}\n"
    with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads any more
        try:
            stream.write(line)
        except UnicodeEncodeError:
            stream.write(line.encode("ascii", "backslashreplace").decode("ascii"))
        stream.flush()


def say_all(sentences: Sequence[str]) -> None:
    """Write a line for each sentence to standard error."""
    for sentence in sentences:
        say(sentence)


def let_every_letter_through() -> None:
    """Make print and the log's console lines survive a console that knows only some letters."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(OSError, ValueError):
                reconfigure(errors="backslashreplace")

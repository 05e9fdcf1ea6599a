"""The worker process: reads clips from its input, a JSON line each, films them and answers.

Started by `artist.FilmArtist` only. Ends when its input does, which is when its parent ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

from services.simulator.artist import Clip
from services.simulator.film import film_clip


def main() -> None:
    """Work behind everyone else until the parent is gone; Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):  # Windows has no nice
        os.nice(5)
    work(sys.stdin, sys.stdout)


def work(orders: TextIO, answers: TextIO) -> None:
    """Film what is ordered until there are no more orders."""
    for line in orders:
        order = json.loads(line)
        given = order["clip"]
        for name in ("picture", "last", "track"):
            given[name] = Path(given[name]) if given[name] else None
        try:
            film_clip(Clip(**given), Path(order["target"]))
            answer = "done"
        except Exception as error:  # noqa: BLE001 - the next clip may be fine; whoever ordered this one is told
            answer = f"{type(error).__name__}: {error}".replace("\n", " ")
        answers.write(f"{answer}\n")
        answers.flush()


if __name__ == "__main__":
    main()

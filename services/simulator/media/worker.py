"""The worker process: reads orders for clips and pictures from stdin, one JSON line each, and makes them.

It answers each order on stdout. Started by `artist.FilmArtist` only. Ends with its input, which is when its parent
ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, TextIO

from services.simulator.media.artist import Clip, Picture, Treatment
from services.simulator.media.film import film_clip
from services.simulator.media.painter import paint_picture


def main() -> None:
    """Work at low priority until the parent is gone. Ctrl-C is left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):  # Windows has no nice
        os.nice(5)
    work(sys.stdin, sys.stdout)


def work(orders: TextIO, answers: TextIO) -> None:
    """Make each ordered clip or picture until the input ends."""
    for line in orders:
        order = json.loads(line)
        try:
            if "picture" in order:
                paint_picture(_picture(order["picture"]), Path(order["target"]))
            else:
                film_clip(_clip(order["clip"]), Path(order["target"]))
            answer = "done"
        except Exception as error:  # noqa: BLE001 - the next one may be fine; whoever ordered this one is told
            answer = f"{type(error).__name__}: {error}".replace("\n", " ")
        answers.write(f"{answer}\n")
        answers.flush()


# Any: both are JSON that `artist` wrote from the same dataclass.
def _clip(given: dict[str, Any]) -> Clip:
    for name in ("picture", "last", "track", "footage"):
        given[name] = Path(given[name]) if given[name] else None
    given["references"] = tuple(Path(each) for each in given["references"])
    given["treatment"], given["margins"] = Treatment(given["treatment"]), tuple(given["margins"])
    return Clip(**given)


def _picture(given: dict[str, Any]) -> Picture:
    given["given"] = tuple(Path(each) for each in given["given"])
    return Picture(**given)


if __name__ == "__main__":
    main()

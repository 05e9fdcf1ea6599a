"""A process looking at itself while it works: CPU, memory and threads, four times a second, from a thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

_EVERY_SECONDS = 0.25


@dataclass(kw_only=True)
class Looks:
    """What was seen, oldest first: seconds since 1970, CPU-seconds so far, resident bytes, threads."""

    seen: list[tuple[float, float, int, int]] = field(default_factory=list)

    def look(self) -> None:
        """Look once."""
        process = psutil.Process(os.getpid())
        with process.oneshot():
            self.seen.append((time.time(), time.process_time(), process.memory_info().rss, process.num_threads()))


@contextmanager
def looking() -> Iterator[Looks]:
    """Look until the block ends, at its begin and its end too."""
    looks, ended = Looks(), threading.Event()

    def run() -> None:
        while not ended.wait(_EVERY_SECONDS):
            looks.look()

    looks.look()
    thread = threading.Thread(target=run, name="looks", daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        ended.set()
        thread.join()
        looks.look()

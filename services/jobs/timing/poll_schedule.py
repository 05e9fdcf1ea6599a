"""When to poll a task, so that its end is noticed soonest for a given number of polls. Pure.

For a task that ends with the hazard `h(t)`, polling at a rate `n(t)` proportional to the square root of h gives the
shortest delay for that number of polls (J. B. Keller, Optimum checking schedules, 1974): rarely while the task can
hardly be ready, often when it is due, rarely again when it is late. No schedule that looks at one task alone does
better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

_STEPS = 160
_REACH = 4.0
"""The range covered, in widths on each side of the middle."""
_OTHERS = 1.2
"""The number of polls spent on the queue time and on the end itself."""
_SPARED = 0.025
"""This share of the other polls, divided by the width, is reserved for tasks that take longer than expected.

A narrow schedule polls often then.
"""
_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True)
class PollSchedule:
    """The pauses for one group of jobs. Create it with `schedule_for`."""

    middle: float
    """The middle of the logarithm of its duration in seconds."""
    width: float
    scale: float
    """The pause is this divided by the square root of the hazard."""

    def pause(self, elapsed: float) -> float:
        """Return the seconds until the next poll of a task that has run for `elapsed` seconds."""
        first = self.scale / math.sqrt(self._hazard(elapsed))
        # If the hazard grows during the pause, its value at that time decides.
        for _ in range(3):
            first = (first + self.scale / math.sqrt(self._hazard(elapsed + first / 2))) / 2
        return first

    def _hazard(self, seconds: float) -> float:
        seconds = max(seconds, 1e-3)
        far = (math.log(seconds) - self.middle) / self.width
        left = _NORMAL.cdf(-far)
        if left < 1e-12:
            return max(far / (self.width * seconds), 1e-12)
        return max(_NORMAL.pdf(far) / (self.width * seconds) / left, 1e-12)


def schedule_for(*, middle: float, width: float, every: float) -> PollSchedule:
    """Build the schedule that polls as often, in total, as polling every `every` seconds would."""
    asked = mean = 0.0
    step = 2 * _REACH / _STEPS
    for number in range(_STEPS):
        far = -_REACH + (number + 0.5) * step
        seconds = math.exp(middle + width * far)
        density, left = _NORMAL.pdf(far) / (width * seconds), _NORMAL.cdf(-far)
        asked += math.sqrt(density * left) * seconds * width * step
        mean += seconds * _NORMAL.pdf(far) * step
    planned = max(0.5, 1 - _SPARED / width) * mean / every - _OTHERS
    return PollSchedule(middle=middle, width=width, scale=asked / max(1.0, planned))

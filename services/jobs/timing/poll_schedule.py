"""When to ask for a task again, so that its end is noticed soonest for a number of questions. Pure.

Who may ask `n(t)` times a second of a task that ends with the hazard `h(t)` waits least for so many questions where n
grows as the square root of h (J. B. Keller, Optimum checking schedules, 1974): rarely while it can hardly be ready,
often where it is due, rarer again where it is late. No schedule that looks at one task alone does better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

_STEPS = 160
_REACH = 4.0
"""How many widths about the middle are looked at."""
_OTHERS = 1.2
"""So many questions go to the time in line and to the end itself."""
_SPARED = 0.025
"""This share of the rest, by the width, is kept for what comes later than believed: a narrow plan asks often then."""
_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True)
class PollSchedule:
    """The pauses for one kind of work. Make it with `schedule_for`."""

    middle: float
    """Of the logarithm of the seconds it takes."""
    width: float
    scale: float
    """The pause is this by the root of the hazard."""

    def pause(self, elapsed: float) -> float:
        """Seconds until the next question about a task that has run for `elapsed` seconds."""
        first = self.scale / math.sqrt(self._hazard(elapsed))
        # Where the hazard grows within the pause, what it will be by then decides.
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
    """The plan that asks as often, all in all, as asking every so many seconds would."""
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

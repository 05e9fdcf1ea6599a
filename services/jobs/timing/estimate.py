"""What is believed of how long something takes, and how measured times change it. Pure: numbers in, numbers out.

Times are taken as log-normal. What came before any measurement, be it the provider's own word or what is known of a
wider group, counts as a few measurements; the latest ones weigh most, so that drift is followed. What is stated is
the time of the next one (a Student t), which is why few measurements give a wide range.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

_HALF_LIFE = 12.0
"""After so many newer ones a measurement weighs half: fits a slow trend, a step and a daily cycle (tests.bench eta)."""
_PRIOR_MEANS = 0.4
"""How many measurements what was believed before counts for: of the middle, and of the spread."""
_PRIOR_SPREADS = 3.0
_Z90 = NormalDist().inv_cdf(0.9)
_LEAST_SPREAD = 0.05
"""Nothing is more regular than this: what is written down is rounded, and the provider's machines are not all alike."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """How long the next one takes, as a logarithm of seconds."""

    middle: float
    spread: float
    means: float
    """What the middle rests on, in measurements."""
    spreads: float
    """What the spread rests on; above 2."""

    @classmethod
    def of_range(cls, least: float, most: float) -> Estimate:
        """From a documented range in seconds: four of five are believed to lie within it."""
        middle = (math.log(least) + math.log(most)) / 2
        spread = max((math.log(most) - math.log(least)) / 2 / _Z90, 0.3)
        return cls(middle=middle, spread=spread, means=1e6, spreads=1e6)

    def learn(self, logs: Sequence[float]) -> Estimate:
        """What is believed after these, oldest first: normal-inverse-chi-squared, each weighing less than the next."""
        if not logs:
            return self
        weights = [0.5 ** ((len(logs) - 1 - place) / _HALF_LIFE) for place in range(len(logs))]
        count = math.fsum(weights)
        mean = math.fsum(w * x for w, x in zip(weights, logs, strict=True)) / count
        around = math.fsum(w * (x - mean) ** 2 for w, x in zip(weights, logs, strict=True))
        means, spreads = _PRIOR_MEANS + count, _PRIOR_SPREADS + count
        moved = _PRIOR_MEANS * count / means * (mean - self.middle) ** 2
        # One that is far off says more of the middle than of the spread; the prior's own doubt is as wide as it is.
        squares = _PRIOR_SPREADS * self.spread**2 + around + min(moved, self.spread**2)
        return Estimate(
            middle=(_PRIOR_MEANS * self.middle + count * mean) / means,
            spread=max(math.sqrt(squares / spreads), _LEAST_SPREAD),
            means=means,
            spreads=spreads,
        )

    def learn_in_turn(self, groups: Iterable[Sequence[float]]) -> Estimate:
        """What is believed after several groups, the widest first; each is what the next one begins with."""
        belief = self
        for logs in groups:
            belief = belief.learn(logs)
        return belief

    @property
    def width(self) -> float:
        """The spread of the next one's logarithm, doubt about the middle and the spread itself included."""
        return self.spread * math.sqrt((1 + 1 / self.means) * self.spreads / (self.spreads - 2))

    def within(self, share: float) -> float:
        """The logarithm below which the next one stays with this chance, 0 to 1."""
        scale = self.spread * math.sqrt(1 + 1 / self.means)
        return self.middle + scale * _student(share, degrees=self.spreads)


def _student(share: float, *, degrees: float) -> float:
    """Student's t at a share: Cornish and Fisher's series, good to 1 % from four degrees of freedom."""
    z = NormalDist().inv_cdf(share)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3

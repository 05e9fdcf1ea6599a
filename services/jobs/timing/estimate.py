"""An estimate of a duration, and how measured times change it. Pure: numbers in, numbers out.

Times are modeled as log-normal. The prior, which is the vendor's documented range or the estimate of a wider group,
counts as a few measurements. The latest measurements weigh most, to follow drift. The stated time is a prediction for
the next sample (a Student t), which is why few measurements give a wide range.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

_HALF_LIFE = 12.0
"""A measurement's weight halves after this many newer ones.

This fits a slow trend, a step and a daily cycle (tests.bench eta).
"""
_PRIOR_MEANS = 0.4
"""How many measurements the prior counts for: here for the middle, below for the spread."""
_PRIOR_SPREADS = 3.0
_Z90 = NormalDist().inv_cdf(0.9)
_LEAST_SPREAD = 0.05
"""The smallest spread: stored times are rounded, and the vendor's machines are not all alike."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The predicted duration of the next sample, as a logarithm of seconds."""

    middle: float
    spread: float
    means: float
    """The weight behind the middle, in measurements."""
    spreads: float
    """The weight behind the spread, in measurements; above 2."""

    @classmethod
    def of_range(cls, least: float, most: float) -> Estimate:
        """Build an estimate from a documented range in seconds, which is assumed to cover four of five samples."""
        middle = (math.log(least) + math.log(most)) / 2
        spread = max((math.log(most) - math.log(least)) / 2 / _Z90, 0.3)
        return cls(middle=middle, spread=spread, means=1e6, spreads=1e6)

    def learn(self, logs: Sequence[float]) -> Estimate:
        """Return the estimate updated by these samples, oldest first.

        The update is normal-inverse-chi-squared; each sample weighs less than the next.
        """
        if not logs:
            return self
        weights = [0.5 ** ((len(logs) - 1 - place) / _HALF_LIFE) for place in range(len(logs))]
        count = math.fsum(weights)
        mean = math.fsum(w * x for w, x in zip(weights, logs, strict=True)) / count
        around = math.fsum(w * (x - mean) ** 2 for w, x in zip(weights, logs, strict=True))
        means, spreads = _PRIOR_MEANS + count, _PRIOR_SPREADS + count
        moved = _PRIOR_MEANS * count / means * (mean - self.middle) ** 2
        # A sample far off says more about the middle than about the spread; the prior's own doubt is as wide as the
        # prior.
        squares = _PRIOR_SPREADS * self.spread**2 + around + min(moved, self.spread**2)
        return Estimate(
            middle=(_PRIOR_MEANS * self.middle + count * mean) / means,
            spread=max(math.sqrt(squares / spreads), _LEAST_SPREAD),
            means=means,
            spreads=spreads,
        )

    def learn_in_turn(self, groups: Iterable[Sequence[float]]) -> Estimate:
        """Return the estimate updated by several groups, the widest first. Each result is the next group's prior."""
        belief = self
        for logs in groups:
            belief = belief.learn(logs)
        return belief

    @property
    def width(self) -> float:
        """The spread of the next sample's logarithm, including uncertainty about the middle and the spread itself."""
        return self.spread * math.sqrt((1 + 1 / self.means) * self.spreads / (self.spreads - 2))

    def within(self, share: float) -> float:
        """Return the logarithm that the next sample does not exceed with this probability, 0 to 1."""
        scale = self.spread * math.sqrt(1 + 1 / self.means)
        return self.middle + scale * _student(share, degrees=self.spreads)


def _student(share: float, *, degrees: float) -> float:
    """Return Student's t at a share by the Cornish-Fisher series, accurate to 1 % from four degrees of freedom."""
    z = NormalDist().inv_cdf(share)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3

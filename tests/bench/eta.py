"""How true the stated times are: histories with drift, replayed; each work is foretold from those before it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.jobs.timing.estimate import Estimate
from tests.bench.figures import Table, shown

Drift = Literal["none", "slow trend", "step of 1.6", "daily cycle"]
DRIFTS: dict[Drift, Callable[[int, int], float]] = {
    "none": lambda _number, _works: 0.0,
    "slow trend": lambda number, works: math.log(2) * number / works,
    "step of 1.6": lambda number, works: math.log(1.6) if number >= works // 2 else 0.0,
    "daily cycle": lambda number, _works: 0.3 * math.sin(2 * math.pi * number / 60),
}
"""By what the logarithm of the time is moved, from the number of the work and how many there are. A day has 60."""
_LATEST = 60
LEVELS = 4
"""Family, model, quality, length: where all works are alike the same ones teach each of them."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is replayed."""

    histories: int = 60
    works: int = 200
    warm: int = 30
    """So many are measured before any statement is judged."""
    spread: float = 0.45
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Truth:
    """How often what was stated held."""

    within_p90: float
    """The share of works that were done by the stated p90."""
    within_p50: float
    bias: float
    """The stated median by the true one of that moment: 1.1 says ten percent too much, on (geometric) average."""
    width: float
    """The stated p90 by the stated median: what is always right because it is wide is of no use."""
    least_p90: float
    """The share within p90 in the worst quarter of the replay, over all histories: drift shows there."""


def replay(drift: Drift, plan: Plan) -> Truth:
    """Foretell every work after the first `warm` from those before it, learning as it goes."""
    moved = DRIFTS[drift]
    documented = Estimate.of_range(60, 300)
    hits, halves, biases, widths = [], [], [], []
    chance = random.Random(plan.seed)
    for _ in range(plan.histories):
        own = math.log(313) + chance.gauss(0, 0.4)
        past: list[float] = []
        for number in range(plan.works):
            true = own + moved(number, plan.works)
            took = chance.gauss(true, plan.spread)
            if number >= plan.warm:
                belief = documented.learn_in_turn([past[-_LATEST:]] * LEVELS)
                half, most = belief.within(0.5), belief.within(0.9)
                hits.append((number, took <= most))
                halves.append(took <= half)
                biases.append(half - true)
                widths.append(most - half)
            past.append(took)
    quarter = (plan.works - plan.warm) / 4
    quarters = [[hit for n, hit in hits if int((n - plan.warm) / quarter) == part] for part in range(4)]
    return Truth(
        within_p90=sum(hit for _, hit in hits) / len(hits),
        within_p50=sum(halves) / len(halves),
        bias=math.exp(math.fsum(biases) / len(biases)),
        width=math.exp(math.fsum(widths) / len(widths)),
        least_p90=min(sum(part) / len(part) for part in quarters),
    )


def coverage(plan: Plan, *, samples: int) -> float:
    """How often the next work is done by the stated p90 after so few measured ones, without drift."""
    chance = random.Random(plan.seed)
    held = 0
    tries = plan.histories * 20
    for _ in range(tries):
        own = math.log(134) + chance.gauss(0, 0.4)  # about the middle of the documented range
        belief = Estimate.of_range(60, 300).learn_in_turn(
            [[chance.gauss(own, plan.spread) for _ in range(samples)]] * LEVELS
        )
        held += chance.gauss(own, plan.spread) <= belief.within(0.9)
    return held / tries


def compare(plan: Plan, home: Path) -> list[Table]:
    """Every drift, and how it is with few samples."""
    found = {drift: replay(drift, plan) for drift in DRIFTS}
    rows = tuple(
        (
            drift,
            *(f"{value:.1%}" for value in (t.within_p90, t.least_p90, t.within_p50)),
            f"{t.bias - 1:+.1%}",
            shown(t.width),
        )
        for drift, t in found.items()
    )
    few = {count: coverage(plan, samples=count) for count in (0, 1, 3, 5, 10, 30)}
    columns = ("drift", "within p90", "worst quarter", "within p50", "median too high", "p90 / p50")
    notes = (
        f"{plan.histories} histories of {plan.works} works each (log-normal, spread {plan.spread}); each is foretold",
        f"from those before it, after the first {plan.warm}. 90 % and 50 % would be perfect.",
    )
    raw = {"drifts": {drift: vars(truth) for drift, truth in found.items()}, "few": few}
    return [
        Table(title="Stated times that held", columns=columns, rows=rows, notes=notes, raw=raw),
        Table(
            title="With few measured works, no drift",
            columns=("measured", "within p90"),
            rows=tuple((str(count), f"{share:.1%}") for count, share in few.items()),
        ),
    ]

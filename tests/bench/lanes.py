"""Lanes: many people with many jobs each at one account, in virtual time, for each pair of published limits.

The turns and the limits are the studio's own; the provider, who may take less than it publishes, is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from services.catalogue import CATALOGUE
from services.catalogue.schema import RateLimit
from services.jobs.scheduling.fairness import Waiting
from services.jobs.scheduling.limits import Limits
from tests.bench.figures import Table, percentile, shown
from tests.rig.day_of_slots import Day, Outcome, Vendor

_BEGUN = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    people: int = 20
    jobs_each: int = 50
    run_seconds: float = 60.0
    """The middle of the run times, which are log-normal."""
    small_jobs: int = 10
    """Single jobs of people who have nothing else, spread over the work of the others."""
    seeds: tuple[int, ...] = (1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What several days of the same kind came to: the worst of them. See Outcome."""

    published: RateLimit
    takes: int
    """How many jobs the provider really takes at once."""
    fairness: float
    idle_share: float
    empty_share: float
    refusals: int
    trials_refused: int
    after_the_first: int
    hours: float
    small_wait: float
    """Seconds that a small job waited, the 90th of a hundred."""


def compare(plan: Plan, home: Path) -> list[Table]:
    """Each pair of limits that the catalogue has, with a provider that keeps its word and with one that takes less.

    Nothing is written to `home`: it is all in virtual time.
    """
    del home
    kept = [_worst(plan, rate, takes=rate.running) for rate in _published()]
    less = [_worst(plan, rate, takes=takes) for rate in _published() for takes in range(1, rate.running)]
    each = f"{plan.people} people x {plan.jobs_each} jobs of about {plan.run_seconds:.0f} s"
    return [
        _table(f"Lanes, {each}", kept, plan),
        _table(f"The same where the provider takes fewer than it publishes, {each}", less, plan),
    ]


def _published() -> list[RateLimit]:
    rates = {(o.rate.running, o.rate.submits_per_second): o.rate for m in CATALOGUE.models for o in m.offers}
    return [rates[pair] for pair in sorted(rates, reverse=True)]


def _worst(plan: Plan, rate: RateLimit, *, takes: int) -> Result:
    days = [_day(plan, rate, takes=takes, seed=seed) for seed in plan.seeds]
    small = [wait for day in days for name, wait in day.waits.items() if name.startswith("small")]
    return Result(
        published=rate,
        takes=takes,
        fairness=min(day.fairness for day in days),
        idle_share=max(day.idle_share for day in days),
        empty_share=max(day.empty_share for day in days),
        refusals=max(day.refusals for day in days),
        trials_refused=max(day.trials_refused for day in days),
        after_the_first=max(day.after_the_first for day in days),
        hours=max(day.seconds for day in days) / 3600,
        small_wait=percentile(small, 0.9),
    )


def _day(plan: Plan, rate: RateLimit, *, takes: int, seed: int) -> Outcome:
    limits = Limits(bucket="one", running_limit=rate.running, per_second=rate.submits_per_second)
    vendor = Vendor(running=takes, per_second=rate.submits_per_second)
    day = Day(vendor=vendor, published=limits, run_seconds=plan.run_seconds, seed=seed)
    for person in range(plan.people):
        for number in range(plan.jobs_each):
            since = _BEGUN + person * 2_000 + number
            day.ask(Waiting(job_id=f"{person}-{number}", person=f"p{person}", since=since, batch=f"b{person}"))
    whole = plan.people * plan.jobs_each * plan.run_seconds * 1000 / takes
    for number in range(plan.small_jobs):
        since = _BEGUN + round(whole * (number + 1) / (plan.small_jobs + 1))
        day.ask(Waiting(job_id=f"small {number}", person=f"s{number}", since=since))
    return day.play()


def _table(title: str, results: Sequence[Result], plan: Plan) -> Table:
    rows = tuple(
        (
            f"{r.published.running} at once, {r.published.submits_per_second} a second",
            str(r.takes),
            f"{r.fairness:.3f}",
            f"{r.idle_share * 100:.2f}",
            f"{r.empty_share * 100:.2f}",
            str(r.refusals),
            str(r.trials_refused),
            str(r.after_the_first),
            shown(r.small_wait),
            shown(r.hours),
        )
        for r in results
    )
    columns = (
        "published", "taken at once", "Jain", "idle lanes (%)", "empty (%)", "refused", "as trials",
        "over a known limit", "small job waits (s)", "hours",
    )  # fmt: skip
    notes = (
        f"The worst of {len(plan.seeds)} days each. Idle: lanes given to nobody while somebody waited. Empty: the",
        "same as the provider sees it; an end is noticed after one second, and orders keep their distance.",
        "As trials: an hour after a refusal one lane more is tried, then ever more seldom; a refusal costs nothing.",
        "Over a known limit: refused after the first, and no trial.",
    )
    raw = {"plan": asdict(plan), "results": [asdict(result) for result in results]}
    return Table(title=title, columns=columns, rows=rows, notes=notes, raw=raw)

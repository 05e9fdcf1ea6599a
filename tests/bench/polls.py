"""Three schedules of asking whether a task is done, on simulated run times: questions, and how late the end is seen."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from services.jobs.pace import Pace
from services.jobs.steps.poll import LONGEST_POLLS, next_pause
from services.jobs.steps.poll_many import ROUNDS
from services.jobs.timing.estimate import Estimate
from services.jobs.timing.poll_schedule import PollSchedule as Schedule
from services.jobs.timing.poll_schedule import schedule_for
from tests.bench.eta import LEVELS
from tests.bench.figures import Table, percentile, shown

LEAST, MEDIAN, MOST = 59.0, 313.0, 1003.0
"""Run times in the vendor's own samples, seconds (peers.md 4.3)."""
_STEPS_OF_LADDER = 3
_LADDER_LONGEST = 5.0
_STRIPES = 60


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is simulated."""

    tasks: int = 4000
    batch: int = 100
    seed: int = 1
    spreads: tuple[float, ...] = (0.7, 0.5, 0.35, 0.25, 0.15)
    """Of the logarithm of the run time, within one kind of work; 0.7 is the vendor's samples of all kinds together."""
    learnt: int = 30
    """How many works of the kind were measured before."""
    at_once: int = 5
    """Works at the vendor together: as many as most models allow."""
    queue_seconds: tuple[float, float] = (0.0, 15.0)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a schedule took."""

    questions: float
    """A task, the first one included."""
    lags: tuple[float, ...]

    @property
    def lag(self) -> float:
        """Seconds from the end to its notice, on average."""
        return math.fsum(self.lags) / len(self.lags)


Task = tuple[float, float]
"""Seconds in the vendor's line and in work."""
Pause = Callable[[float, float | None], float]
"""From the seconds since the order, and since it was seen at work or None, to the next pause."""


def draw(chance: random.Random, *, spread: float, plan: Plan) -> Task:
    """A task of a log-normal kind; none is quicker or slower than any of the vendor's samples."""
    while True:
        run = MEDIAN * math.exp(chance.gauss(0, spread))
        if LEAST <= run <= MOST:
            return chance.uniform(*plan.queue_seconds), run


def ask(tasks: Sequence[Task], schedule: Callable[[], Pause]) -> Asked:
    """Follow each task until its end is seen."""
    questions, lags = 0, []
    for queue, run in tasks:
        pause, now = schedule(), 0.0
        while True:
            questions += 1
            if now >= queue + run:
                break
            now += pause(now, now - queue if now >= queue else None)
        lags.append(now - queue - run)
    return Asked(questions=questions / len(tasks), lags=tuple(lags))


def fixed(seconds: float = 15.0) -> Callable[[], Pause]:
    """Every so many seconds."""
    return lambda: lambda _now, _worked: seconds


def ladder() -> Pause:
    """The vendor's own package: a second, doubled at every third question, five at most."""
    step, wait = 0, 1.0

    def pause(_now: float, _worked: float | None) -> float:
        nonlocal step, wait
        step += 1
        if wait < _LADDER_LONGEST and step % _STEPS_OF_LADDER == 0:
            wait = min(wait * 2, _LADDER_LONGEST)
        return wait

    return pause


def planned(schedule: Schedule, *, sure: bool) -> Callable[[], Pause]:
    """The studio's, as services.jobs.steps.poll asks."""
    pace = Pace()

    def pause(now: float, worked: float | None) -> float:
        elapsed = now if worked is None else worked
        return next_pause(pace, plan=schedule, elapsed=elapsed, at_work=worked is not None, sure=sure, waiting=1)

    return lambda: pause


def in_rounds(chance: random.Random, tasks: Sequence[Task], *, at_once: int) -> Asked:
    """The studio's for so many at once, as services.jobs.steps.poll_many asks."""
    pace = Pace()
    every, alone = ROUNDS * pace.poll / at_once, LONGEST_POLLS * pace.poll
    questions, lags = 0.0, []
    for queue, run in tasks:
        phase, end = chance.uniform(0, every), queue + run
        begun = phase + math.ceil((queue - phase) / every) * every if queue > phase else phase
        noticed = phase + math.ceil((end - phase) / every) * every
        own = 2 + math.floor(max(0.0, begun) / pace.poll) + math.floor((noticed - begun) / alone)
        questions += own + 1 + noticed / every / at_once
        lags.append(noticed - end)
    return Asked(questions=questions / len(tasks), lags=tuple(lags))


def learnt(chance: random.Random, *, spread: float, plan: Plan) -> Schedule:
    """The plan after so many works of the kind; before any, the vendor's range."""
    times = [math.log(draw(chance, spread=spread, plan=plan)[1]) for _ in range(plan.learnt)]
    belief = Estimate.of_range(60, 300).learn_in_turn([times] * LEVELS)
    return schedule_for(middle=belief.middle, width=belief.width, every=Pace().poll)


def least_lag(times: Sequence[float], *, questions: float) -> float:
    """Nobody who looks at one task alone can notice sooner with so many questions (Keller 1974), on average.

    It knows the distribution exactly, and spends nothing on the line and on the first and the last question.
    """
    ordered = sorted(times)
    step = (MOST - LEAST) / _STRIPES
    shares = [bisect_right(ordered, LEAST + place * step) / len(ordered) for place in range(_STRIPES + 1)]
    root = math.fsum(
        math.sqrt((after - before) / step * (1 - (after + before) / 2)) * step for before, after in pairwise(shares)
    )
    return root**2 / (2 * questions)


def simulate(spread: float, plan: Plan) -> tuple[dict[str, Asked], float]:
    """The schedules on the same tasks, and the least lag there is; the studio learns anew for each `batch` of them."""
    chance = random.Random(plan.seed)
    tasks: list[Task] = []
    studio: list[Asked] = []
    for _ in range(0, plan.tasks, plan.batch):
        schedule = learnt(chance, spread=spread, plan=plan)
        some = [draw(chance, spread=spread, plan=plan) for _ in range(plan.batch)]
        studio.append(ask(some, planned(schedule, sure=plan.learnt > 0)))
        tasks += some
    every = ask(tasks, fixed())
    found = {
        "every 15 s": every,
        "package's ladder": ask(tasks, ladder),
        f"studio, {plan.at_once} at once": in_rounds(chance, tasks, at_once=plan.at_once),
        "studio": Asked(
            questions=math.fsum(each.questions for each in studio) / len(studio),
            lags=tuple(lag for each in studio for lag in each.lags),
        ),
    }
    return found, least_lag([run for _, run in tasks], questions=every.questions)


def compare(plan: Plan, home: Path) -> list[Table]:
    """Each spread with the three schedules, on the same tasks."""
    rows, raw = [], []
    for spread in plan.spreads:
        found, least = simulate(spread, plan)
        for name, asked in found.items():
            late = percentile(asked.lags, 0.95)
            rows.append((f"{spread} {name}", shown(asked.questions), shown(asked.lag), shown(late), shown(least)))
            raw.append(
                {"spread": spread, "schedule": name, "questions": asked.questions, "lag": asked.lag, "p95": late}
            )
    notes = (
        f"{plan.tasks:,} simulated works each: log-normal, {LEAST:.0f}-{MOST:.0f} s, median {MEDIAN:.0f} s, 0-15 s in",
        f"the line. The studio has measured {plan.learnt} others of the kind before. Spread: of the logarithm,",
        "within one kind. Least: what no schedule of single questions can better at as many questions as every 15 s;",
        f"with {plan.at_once} at once one question is asked for all of them, a part of which counts for each.",
    )
    columns = ("spread, schedule", "questions", "lag (s), mean", "lag (s), 95 %", "least lag (s)")
    return [Table(title="When to ask", columns=columns, rows=tuple(rows), notes=notes, raw={"runs": raw})]

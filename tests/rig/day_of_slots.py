"""A long day of many people at one bucket, in virtual time: the real turns and limits, a vendor that may take less than
it publishes, and what came of it.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.jobs.scheduling.fairness import Busy, Snapshot, Waiting, next_ones
from services.jobs.scheduling.limits import Limits, at_turn, next_turn, refused, taken, tried

_NOTICED_AFTER_MS = 1_000
"""Between the end of a task and the poll that sees it."""


@dataclass
class Vendor:
    """Takes `running` tasks at once and `per_second` orders in any second, whatever it publishes."""

    running: int
    per_second: int
    tasks: set[str] = field(default_factory=set)
    orders: list[int] = field(default_factory=list)

    def takes(self, job_id: str, *, now: int) -> bool:
        """Whether one more order fits; then it is at work."""
        lately = [moment for moment in self.orders if moment > now - 1000]
        if len(self.tasks) >= self.running or len(lately) >= self.per_second:
            return False
        self.orders.append(now)
        self.tasks.add(job_id)
        return True


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a day came to."""

    refusals: int
    trials_refused: int
    """Of these, trials of one slot more: how a limit is found again that was lifted."""
    after_the_first: int
    """Of these, later than the first and no trial: over a limit that was known."""
    idle_share: float
    """Of the slots that the vendor had, while somebody waited: not given to anybody."""
    empty_share: float
    """The same as the vendor sees it: an end may not be noticed yet, and an order keeps its distance."""
    fairness: float
    """Jain's index of the jobs that each person had begun, at the worst moment while everybody still waited, from the
    tenth round on."""
    seconds: float
    served: Mapping[str, int]
    waits: Mapping[str, float]
    """Seconds between asking and being sent, by job."""


class Day:
    """Plays a day."""

    def __init__(self, *, vendor: Vendor, published: Limits, run_seconds: float, seed: int) -> None:
        self._vendor = vendor
        self._limits = published
        self._run_seconds = run_seconds
        self._chance = random.Random(seed)
        self._now = 1_000_000
        self._waiting: dict[str, Waiting] = {}
        self._busy: dict[str, Waiting] = {}
        self._served: dict[str, int] = {}
        self._begun: Counter[str] = Counter()
        self._refusals: list[int] = []
        self._trials_refused = 0
        self._is_trial = False
        self._events: list[tuple[int, int, str, str]] = []
        self._numbers = itertools.count()
        self._coming: dict[str, Waiting] = {}
        self._waits: dict[str, float] = {}
        self._fairness = 1.0
        self._idle = self._empty = self._could = 0.0

    def ask(self, job: Waiting) -> None:
        """Somebody asks for a job at its time."""
        self._coming[job.job_id] = job
        self._at(job.since, "ask", job.job_id)

    def play(self) -> Outcome:
        """Until nobody waits and nothing is at work."""
        begin = self._events[0][0]
        while self._events:
            moment, _number, what, job_id = heapq.heappop(self._events)
            self._account(moment)
            self._now = moment
            self._happen(what, job_id)
            self._give()
        assert not self._waiting
        assert not self._busy
        return Outcome(
            refusals=len(self._refusals),
            trials_refused=self._trials_refused,
            after_the_first=max(0, len(self._refusals) - 1 - self._trials_refused),
            idle_share=self._idle / self._could if self._could else 0.0,
            empty_share=self._empty / self._could if self._could else 0.0,
            fairness=self._fairness,
            seconds=(self._now - begin) / 1000,
            served=dict(self._begun),
            waits=self._waits,
        )

    def _happen(self, what: str, job_id: str) -> None:
        if what == "ask":
            self._waiting[job_id] = self._coming[job_id]
        elif what == "send" and job_id in self._busy:
            self._send(job_id)
        elif what == "end":
            self._vendor.tasks.discard(job_id)
            self._at(self._now + _NOTICED_AFTER_MS, "seen", job_id)
        elif what == "seen":
            del self._busy[job_id]

    def _send(self, job_id: str) -> None:
        if self._now < self._limits.cooldown_until:
            self._at(next_turn(self._limits, now=self._now), "send", job_id)
            return
        if self._vendor.takes(job_id, now=self._now):
            self._limits = taken(self._limits, at_vendor=len(self._vendor.tasks))
            self._is_trial &= len(self._vendor.tasks) < self._limits.slots
            job = self._busy[job_id]
            self._begun[job.person] += 1
            self._waits[job_id] = (self._now - job.since) / 1000
            self._measure()
            run = self._chance.lognormvariate(0, 0.4) * self._run_seconds
            self._at(self._now + round(run * 1000), "end", job_id)
            return
        self._refusals.append(self._now)
        self._trials_refused += self._is_trial
        self._is_trial = False
        self._limits = refused(
            self._limits,
            now=self._now,
            others=len(self._vendor.tasks),
            first_pause_ms=5000,
            jitter=self._chance.random(),
        )
        for unsent in [one for one in self._busy if one not in self._waits]:
            self._waiting[unsent] = self._busy.pop(unsent)
        self._at(self._limits.cooldown_until, "look", "")

    def _give(self) -> None:
        if not self._waiting or self._now < self._limits.cooldown_until:
            return
        if len(self._busy) >= self._limits.slots:
            more = tried(self._limits, now=self._now)
            self._is_trial |= more is not self._limits
            self._limits = more
        snapshot = Snapshot(
            slots=self._limits.slots,
            busy=[Busy(person=job.person, priority=job.priority, batch=job.batch) for job in self._busy.values()],
            waiting=[*self._waiting.values()],
            served=self._served,
        )
        for job in next_ones(snapshot):
            self._busy[job.job_id] = self._waiting.pop(job.job_id)
            self._served[job.person] = self._now
            turn = next_turn(self._limits, now=self._now)
            self._limits = at_turn(self._limits, turn)
            self._at(turn, "send", job.job_id)

    def _measure(self) -> None:
        people = {job.person for job in self._coming.values()}
        everybody_waits = people == {job.person for job in self._waiting.values()}
        if everybody_waits and sum(self._begun.values()) >= 10 * len(people):
            self._fairness = min(self._fairness, jain([self._begun[person] for person in people]))

    def _account(self, moment: int) -> None:
        if self._waiting:
            slots = min(self._vendor.running, self._limits.running_limit)
            self._could += (moment - self._now) * slots
            self._idle += (moment - self._now) * max(0, slots - len(self._busy))
            self._empty += (moment - self._now) * max(0, slots - len(self._vendor.tasks))

    def _at(self, moment: int, what: str, job_id: str) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), what, job_id))


def jain(shares: list[int]) -> float:
    """1 where all have the same, 1/n where one has everything."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0

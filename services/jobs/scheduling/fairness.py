"""Whose turn it is: from who waits and who has slots, the order in which slots are given. Pure; knows no database.

A person with fewer slots goes before one with more, and of those with equally many the one who was served longest ago;
so twenty people with fifty jobs each go round and round, and nobody waits behind somebody else's batch. A person's own
jobs come by priority, then by age. Where a bucket has two slots or more, one of them goes to what is urgent first; as
long as nothing is urgent, everybody has it: no slot is ever kept empty.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

FIRST = 1
"""The priority of a job that comes before all others of its person; it changes nothing between people."""
URGENT = 2
"""The priority from which on a job is urgent among everybody's. Only an admin gives it."""
_SLOTS_FOR_AN_URGENT_ONE = 2
"""Fewer slots are never told apart: one slow urgent job would stop everybody else."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A job that has no slot yet."""

    job_id: str
    person: str
    since: int
    """When it was asked for. Milliseconds."""
    priority: int = 0
    batch: str | None = None
    """The batch that it is one of, or None where it was asked for by itself."""


@dataclass(frozen=True, kw_only=True)
class Busy:
    """A job that has a slot."""

    person: str
    priority: int = 0
    batch: str | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One bucket, an account's slots for one of the vendor's models, at one moment."""

    slots: int
    """How many jobs may be at work at once."""
    busy: Sequence[Busy]
    waiting: Sequence[Waiting]
    served: Mapping[str, int] = field(default_factory=dict)
    """When each person was given a slot last. Milliseconds; who never was is not in it."""

    @property
    def free(self) -> int:
        """How many slots can be given now."""
        return max(0, self.slots - len(self.busy))


def next_ones(snapshot: Snapshot) -> tuple[Waiting, ...]:
    """Who is given a slot now: as many as are free, in the order of turns."""
    turns = order(snapshot)
    return tuple(job for job, _slot in zip(turns, range(snapshot.free), strict=False))


def order(snapshot: Snapshot) -> Iterator[Waiting]:
    """All who wait, in the order in which they would be given slots if nobody else came."""
    lines = _Lines(snapshot)
    since_urgent = 0 if lines.urgent_at_work else snapshot.slots
    for _job in snapshot.waiting:
        # What holds the urgent slot ends some time; for the order to come it counts as one round of all slots.
        urgent_turn = snapshot.slots >= _SLOTS_FOR_AN_URGENT_ONE and since_urgent >= snapshot.slots
        job = (lines.pop_urgent() if urgent_turn else None) or lines.pop()
        since_urgent = 1 if lines.is_urgent(job) else since_urgent + 1
        yield job


class _Lines:
    """Everybody's own line, and who stands first."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._jobs_of = Counter(job.person for job in (*snapshot.waiting, *snapshot.busy))
        self._slots = Counter(job.person for job in snapshot.busy)
        self._served = dict(snapshot.served)
        self._turn = max(self._served.values(), default=0)
        self._lines: dict[str, deque[Waiting]] = {}
        for job in sorted(snapshot.waiting, key=lambda job: (-job.priority, job.since, job.job_id)):
            self._lines.setdefault(job.person, deque()).append(job)
        self._people = [self._rank(person) for person in self._lines]
        heapq.heapify(self._people)
        self._urgent = [self._rank(p) for p, line in self._lines.items() if self.is_urgent(line[0])]
        heapq.heapify(self._urgent)
        self.urgent_at_work = any(self._is_urgent(job.person, job.priority, job.batch) for job in snapshot.busy)

    def is_urgent(self, job: Waiting) -> bool:
        """Whether an admin marked it so, or it is small: the only job that its person has here, asked for by itself."""
        return self._is_urgent(job.person, job.priority, job.batch)

    def pop(self) -> Waiting:
        """The next of all."""
        job = self._first_of(self._people)
        if job is None:
            raise IndexError("nobody waits")
        return job

    def pop_urgent(self) -> Waiting | None:
        """The next of those who are urgent, or None."""
        return self._first_of(self._urgent)

    def _first_of(self, people: list[_Rank]) -> Waiting | None:
        while people:
            rank = heapq.heappop(people)
            person = rank[-1]
            line = self._lines.get(person)
            if not line or rank != self._rank(person):
                continue  # this place is out of date: who was served stands in again below
            if people is self._urgent and not self.is_urgent(line[0]):
                continue
            job = line.popleft()
            self._serve(person, line)
            return job
        return None

    def _serve(self, person: str, line: deque[Waiting]) -> None:
        self._turn += 1
        self._slots[person] += 1
        self._served[person] = self._turn
        if not line:
            del self._lines[person]
            return
        heapq.heappush(self._people, self._rank(person))
        if self.is_urgent(line[0]):
            heapq.heappush(self._urgent, self._rank(person))

    def _rank(self, person: str) -> _Rank:
        """Where a person stands among all; the lowest is next. Never served comes first, then who came first."""
        first = self._lines[person][0]
        return self._slots[person], self._served.get(person, -1), first.since, person

    def _is_urgent(self, person: str, priority: int, batch: str | None) -> bool:
        return priority >= URGENT or (batch is None and self._jobs_of[person] == 1)


_Rank = tuple[int, int, int, str]

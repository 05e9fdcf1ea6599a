"""The order of granting slots to waiting jobs. Pure: knows no database.

A person with fewer slots comes before one with more. Among people with equally many, the one served longest ago comes
first: twenty people with fifty jobs each rotate, and no person waits behind another person's batch. A person's own jobs
are ordered by priority, then by age. If a bucket has two slots or more, one of them goes to urgent jobs first. While no
job is urgent, any job may have it: no slot is ever kept empty.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

FIRST = 1
"""The priority of a job that comes before all others of its person. It changes nothing between people."""
URGENT = 2
"""Jobs of this priority or higher are urgent among all people's jobs. Only an admin sets it."""
_SLOTS_FOR_AN_URGENT_ONE = 2
"""With fewer slots, none is set aside for urgent jobs: one slow urgent job would stop all others."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A job that has no slot yet."""

    job_id: str
    person: str
    since: int
    """When it was created, in milliseconds."""
    priority: int = 0
    batch: str | None = None
    """The batch it belongs to, or None if it was created by itself."""


@dataclass(frozen=True, kw_only=True)
class Busy:
    """A job that holds a slot."""

    person: str
    priority: int = 0
    batch: str | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One bucket at one moment."""

    slots: int
    """How many jobs may be at the vendor at once."""
    busy: Sequence[Busy]
    waiting: Sequence[Waiting]
    served: Mapping[str, int] = field(default_factory=dict[str, int])
    """When each person was last granted a slot, in milliseconds. People who never were are missing."""

    @property
    def free(self) -> int:
        """How many slots can be granted now."""
        return max(0, self.slots - len(self.busy))


def next_ones(snapshot: Snapshot) -> tuple[Waiting, ...]:
    """Return the jobs to grant a slot to now: as many as there are free slots, in order."""
    turns = order(snapshot)
    return tuple(job for job, _slot in zip(turns, range(snapshot.free), strict=False))


def order(snapshot: Snapshot) -> Iterator[Waiting]:
    """Yield all waiting jobs in the order they would be granted slots if no other job were added."""
    lines = _Lines(snapshot)
    since_urgent = 0 if lines.urgent_at_work else snapshot.slots
    for _job in snapshot.waiting:
        # The job in the urgent slot will end at some time; in this forecast it counts as one round of all slots.
        urgent_turn = snapshot.slots >= _SLOTS_FOR_AN_URGENT_ONE and since_urgent >= snapshot.slots
        job = (lines.pop_urgent() if urgent_turn else None) or lines.pop()
        since_urgent = 1 if lines.is_urgent(job) else since_urgent + 1
        yield job


class _Lines:
    """Each person's own queue, and which person is next."""

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
        """Return True if an admin marked the job urgent, or it is its person's only job here and in no batch."""
        return self._is_urgent(job.person, job.priority, job.batch)

    def pop(self) -> Waiting:
        """Remove and return the next job."""
        job = self._first_of(self._people)
        if job is None:
            raise IndexError("nobody waits")
        return job

    def pop_urgent(self) -> Waiting | None:
        """Remove and return the next urgent job, or return None if there is none."""
        return self._first_of(self._urgent)

    def _first_of(self, people: list[_Rank]) -> Waiting | None:
        while people:
            rank = heapq.heappop(people)
            person = rank[-1]
            line = self._lines.get(person)
            if not line or rank != self._rank(person):
                continue  # an outdated entry: a person who was served has a new one
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
        """Return a person's sort key; the lowest is next.

        People never served come first, then the person whose first job is older.
        """
        first = self._lines[person][0]
        return self._slots[person], self._served.get(person, -1), first.since, person

    def _is_urgent(self, person: str, priority: int, batch: str | None) -> bool:
        return priority >= URGENT or (batch is None and self._jobs_of[person] == 1)


_Rank = tuple[int, int, int, str]

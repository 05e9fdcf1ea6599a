"""Who is next, what refusals teach, and a day of twenty people."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jobs.scheduling.fairness import FIRST, URGENT, Busy, Snapshot, Waiting, next_ones, order
from services.jobs.scheduling.limits import Limits, at_turn, next_turn, refused, taken, tried
from tests.rig.day_of_slots import Day, Outcome, Vendor

HOUR = 3_600_000


def waiting(job_id: str, person: str, since: int = 0, *, priority: int = 0, batch: str | None = "b") -> Waiting:
    return Waiting(job_id=job_id, person=person, since=since, priority=priority, batch=batch)


def ordered(slots: int, *jobs: Waiting, busy: tuple[Busy, ...] = (), served: Mapping[str, int] | None = None) -> str:
    return " ".join(job.job_id for job in order(Snapshot(slots=slots, busy=busy, waiting=jobs, served=served or {})))


# Turns ---------------------------------------------------------------------------------------------------------------


def test_people_take_turns_however_many_each_has_asked_for() -> None:
    jobs = [waiting(f"a{n}", "a", n) for n in range(4)] + [waiting(f"b{n}", "b", 10 + n) for n in range(2)]
    assert ordered(1, *jobs) == "a0 b0 a1 b1 a2 a3"


def test_who_has_fewer_lanes_goes_first_and_then_who_was_served_longest_ago() -> None:
    jobs = [waiting(f"{person}{n}", person) for person in "abc" for n in range(2)]
    busy = (Busy(person="a", batch="b"),)
    assert ordered(1, *jobs, busy=busy, served={"a": 30, "b": 20, "c": 10}) == "c0 b0 a0 c1 b1 a1"


def test_a_persons_own_jobs_come_by_priority_then_by_age() -> None:
    jobs = [waiting("old", "a", 1), waiting("new", "a", 2), waiting("first", "a", 3, priority=FIRST)]
    assert ordered(1, *jobs) == "first old new"


def test_what_somebody_wants_first_of_their_own_takes_nothing_from_others() -> None:
    jobs = [waiting(f"{person}{n}", person, n) for person in "ab" for n in range(2)]
    first = waiting("first", "b", 9, priority=FIRST)
    assert ordered(3, *jobs, first) == "a0 first a1 b0 b1"


def test_one_of_several_lanes_goes_to_what_is_urgent() -> None:
    batch = [waiting(f"a{n}", "a", n) for n in range(4)]
    hurry = [waiting(f"u{n}", "u", 100 + n, priority=URGENT) for n in range(3)]
    served = {"u": 500}
    assert ordered(3, *batch, *hurry, served=served).startswith("u0 a0")
    assert ordered(1, *batch, *hurry, served=served).startswith("a0"), "a single slot is never kept for anything"
    busy = (Busy(person="u", priority=URGENT, batch="b"),)
    assert ordered(3, *batch, *hurry, busy=busy, served=served).startswith("a0"), "it is taken already"


def test_the_only_thing_somebody_wants_does_not_wait_behind_batches() -> None:
    jobs = [waiting(f"{person}{n}", person, n) for person in "abcd" for n in range(3)]
    single = waiting("one", "z", 999, batch=None)
    served = {"z": 10_000}
    assert ordered(2, *jobs, single, served=served).startswith("one")
    assert not ordered(2, *jobs, waiting("one", "z", 999), served=served).startswith("one")


def test_only_free_lanes_are_given() -> None:
    jobs = tuple(waiting(f"a{n}", "a", n) for n in range(9))
    busy = (Busy(person="a", batch="b"),) * 3
    assert [job.job_id for job in next_ones(Snapshot(slots=5, busy=busy, waiting=jobs))] == ["a0", "a1"]
    assert next_ones(Snapshot(slots=2, busy=busy, waiting=jobs)) == ()


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.integers(0, 99), st.integers(0, 1), st.sampled_from([None, "b"])),
        max_size=40,
    ),
    st.integers(1, 6),
)
def test_everybody_is_in_line_exactly_once(asked: list[tuple[str, int, int, str | None]], slots: int) -> None:
    jobs = [waiting(str(n), who, since, priority=p, batch=b) for n, (who, since, p, b) in enumerate(asked)]
    line = [job.job_id for job in order(Snapshot(slots=slots, busy=(), waiting=jobs))]
    assert sorted(line) == sorted(job.job_id for job in jobs)


def test_a_line_of_thousands_is_put_in_order_quickly() -> None:
    chance = random.Random(1)
    jobs = [waiting(str(n), f"p{chance.randrange(100)}", n, priority=n % 7 == 0) for n in range(5000)]
    assert len([*order(Snapshot(slots=5, busy=(), waiting=jobs))]) == 5000


# Limits --------------------------------------------------------------------------------------------------------------


def limits(running: int = 5, per_second: int = 5) -> Limits:
    return Limits(bucket="singapore-1/m", running_limit=running, per_second=per_second)


def test_a_refusal_teaches_how_many_are_taken_just_now() -> None:
    after = refused(limits(), now=1000, others=3, first_pause_ms=5000, jitter=0)
    assert (after.slots, after.cooldown_until) == (3, 6000)
    assert refused(after, now=1200, others=2, first_pause_ms=5000, jitter=0) == after, "it was on its way already"


def test_a_refusal_with_nobody_at_work_is_about_the_pace_only() -> None:
    after = refused(limits(), now=0, others=0, first_pause_ms=5000, jitter=0)
    assert after.slots == 5
    pauses = []
    now = 0
    for _ in range(6):
        after = refused(after, now=now, others=0, first_pause_ms=5000, jitter=0)
        pauses.append((after.cooldown_until - now) // 1000)
        now = after.cooldown_until
    assert pauses == [5, 10, 20, 40, 60, 60]
    assert taken(after, at_vendor=1).refusals == 0


def test_a_pause_is_shaken_so_that_processes_do_not_come_back_together() -> None:
    ends = {refused(limits(), now=0, others=1, first_pause_ms=5000, jitter=j / 10).cooldown_until for j in range(10)}
    assert len(ends) == 10
    assert min(ends) >= 5000
    assert max(ends) <= 7500


def test_more_is_tried_after_an_hour_and_then_step_by_step() -> None:
    after = refused(limits(), now=0, others=2, first_pause_ms=5000, jitter=0)
    assert tried(after, now=HOUR - 1).slots == 2
    more = taken(tried(after, now=HOUR), at_vendor=3)
    assert (more.slots, more.refusals) == (3, 0)
    assert tried(more, now=HOUR + 59_000).slots == 3
    assert tried(more, now=HOUR + 60_000).slots == 4
    all_back = tried(tried(more, now=HOUR + 60_000), now=HOUR + 120_000)
    assert (all_back.slots, all_back.learned_limit, all_back.next_trial_at) == (5, None, None)


def test_a_trial_is_proved_only_by_an_order_that_fills_it() -> None:
    after = refused(limits(), now=0, others=2, first_pause_ms=5000, jitter=0)
    assert taken(after, at_vendor=2).refusals == 1
    trial = tried(after, now=HOUR)
    assert taken(trial, at_vendor=2).refusals == 1, "another had just ended"
    assert taken(trial, at_vendor=3).refusals == 0


def test_a_trial_that_is_refused_is_not_repeated_soon() -> None:
    after = refused(limits(), now=0, others=2, first_pause_ms=5000, jitter=0)
    again = refused(tried(after, now=HOUR), now=HOUR + 1, others=2, first_pause_ms=5000, jitter=0)
    assert again.slots == 2
    assert tried(again, now=4 * HOUR).slots == 2
    assert tried(again, now=5 * HOUR + 1).slots == 3


@pytest.mark.parametrize("per_second", [1, 2, 5, 10])
def test_orders_are_evenly_spaced_and_one_that_is_half_a_second_late_trips_nothing(per_second: int) -> None:
    known, turns = limits(per_second=per_second), []
    for _ in range(30):
        turn = next_turn(known, now=1_000_000)
        known = at_turn(known, turn)
        turns.append(turn)
    for index in range(len(turns)):
        assert sum(turns[index] <= moment < turns[index] + 1490 for moment in turns) <= per_second
    assert turns[-1] - turns[0] <= 29 * 1600 / per_second


# A day ---------------------------------------------------------------------------------------------------------------


def twenty_people(
    vendor: Vendor, *, run_seconds: float, running: int = 5, per_second: int = 5, seed: int = 1
) -> Outcome:
    """Each asks for fifty, one after the other within an hour's first minutes."""
    day = Day(vendor=vendor, published=limits(running, per_second), run_seconds=run_seconds, seed=1)
    for person in range(20):
        for number in range(50):
            since = 1_000_000 + person * 2_000 + number
            day.ask(waiting(f"{person:02}-{number:02}", f"p{person:02}", since, batch=f"b{person}"))
    return day.play()


@pytest.mark.parametrize(("running", "per_second"), [(5, 5), (2, 2), (2, 1), (1, 5)])
def test_twenty_people_with_fifty_jobs_share_fairly_and_trip_no_limit(running: int, per_second: int) -> None:
    vendor = Vendor(running=running, per_second=per_second)
    outcome = twenty_people(vendor, run_seconds=60, running=running, per_second=per_second)
    assert outcome.refusals == 0
    assert outcome.fairness >= 0.95
    assert outcome.idle_share <= outcome.empty_share < 0.02
    assert set(outcome.served.values()) == {50}


@pytest.mark.parametrize("truth", [1, 2, 3, 4])
def test_a_vendor_that_takes_less_than_it_publishes_refuses_once(truth: int) -> None:
    """Pictures: a thousand are made before it is time to try for more."""
    outcome = twenty_people(Vendor(running=truth, per_second=5), run_seconds=2.0 * truth)
    assert outcome.refusals == 1
    assert outcome.after_the_first == 0
    assert outcome.fairness >= 0.95
    assert outcome.idle_share < 0.02


def test_over_a_whole_day_more_is_tried_seldom_and_nothing_idles() -> None:
    outcome = twenty_people(Vendor(running=3, per_second=5), run_seconds=180)
    assert outcome.seconds > 12 * 3600
    assert outcome.refusals <= 4
    assert outcome.idle_share <= outcome.empty_share < 0.02
    assert outcome.fairness >= 0.95


def test_a_small_job_waits_for_one_lane_only_while_batches_are_made() -> None:
    day = Day(vendor=Vendor(running=5, per_second=5), published=limits(), run_seconds=60, seed=3)
    for person in range(20):
        for number in range(20):
            day.ask(waiting(f"{person}-{number}", f"p{person}", 1_000_000 + number, batch="b"))
    for hour in range(1, 4):
        day.ask(waiting(f"small {hour}", f"z{hour}", 1_000_000 + hour * 900_000, batch=None))
    outcome = day.play()
    assert all(outcome.waits[f"small {hour}"] < 60 for hour in range(1, 4))

"""Which task belongs to which lost answer: the rule that stands between a lost connection and paying twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.jobs import OpenSubmission, Submission, SubmissionState
from services.jobs.task_list import is_another
from services.jobs.task_matching import Candidate, choose, may_yet_fit, never_tells

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def lost(
    number: int, *, at: float = 0, prompt: str = "a fox", given_up: bool = False, noticed: float = 5
) -> OpenSubmission:
    started = int((NOON + timedelta(seconds=at)).timestamp() * 1000)
    return OpenSubmission(
        Submission(
            id=number,
            job_id=f"job-{number}",
            attempt=1,
            account="a",
            vendor_model="m",
            state=SubmissionState.LOST if given_up else SubmissionState.OPEN,
            started_at=started,
            lost_at=started + round(noticed * 1000),
        ),
        prompt,
    )


def task(name: str, *, at: float = 1, prompt: str | None = None, ended: bool = False) -> Candidate:
    return Candidate(task_id=name, created_at=NOON + timedelta(seconds=at), prompt=prompt, ended=ended)


def test_one_task_for_one_lost_answer_is_adopted() -> None:
    assert choose(1, [lost(1)], [task("t")]) == "t"


def test_words_are_the_same_however_a_service_tidies_them_up() -> None:
    jumped = lost(1, prompt=" a caf\u00e9\r\n\n by the sea ", noticed=3600)
    assert choose(1, [jumped], [task("t", at=1800, prompt="a cafe\u0301 by the sea")]) == "t"
    assert choose(1, [jumped], [task("t", at=1800, prompt="a cafe by the sea")]) is None


@pytest.mark.parametrize(
    ("listed", "asked", "another"),
    [
        ("wan2.6-t2v", "wan2.6-t2v", False),
        ("", "wan2.6-t2v", False),
        ("wan2.6-t2v", "wan2.6-t2v-us", False),
        ("wan2.7-t2v-2026-04-25", "wan2.7-t2v", False),
        ("wan2.1-t2v-turbo", "wanx2.1-t2v-turbo", False),
        ("wan2.6-i2v-flash", "wan2.6-i2v", True),
        ("wan2.6-i2v", "wan2.6-t2v", True),
    ],
)
def test_a_row_of_another_model_is_told_by_its_name(listed: str, asked: str, another: bool) -> None:
    assert is_another(listed, asked) is another


def test_a_task_from_another_time_is_nobodys() -> None:
    assert choose(1, [lost(1)], [task("t", at=-600)]) is None
    assert choose(1, [lost(1)], [task("t", at=1200)]) is None


def test_what_was_created_after_the_clock_jumped_in_mid_call_counts_by_its_words() -> None:
    """The machine slept, or its clock was put right, between the intent and the call; then the studio was killed."""
    hours = 23 * 3600
    order = lost(1, noticed=hours + 10)
    untold, ours = task("t", at=hours), task("t", at=hours, prompt="a fox")
    assert choose(1, [order], [untold]) is None, "from another time, and nobody knows whose"
    assert may_yet_fit(order, untold), "so nothing is sent again before it has told its words"
    assert choose(1, [order], [ours]) == "t"
    assert choose(1, [order], [task("t", at=hours, prompt="a boat")]) is None
    for other in (task("t", at=hours, prompt="a boat"), task("t", at=hours, ended=True), task("t", at=hours + 600)):
        assert not may_yet_fit(order, other)


def test_what_ended_without_its_words_is_told_by_nobody() -> None:
    """Of pictures the vendor never repeats the words."""
    order = lost(1, noticed=7200)
    ended = task("t", at=3600, ended=True)
    assert never_tells(order, ended)
    assert not never_tells(order, replace(ended, billed=False)), "nothing was bought with it"
    for other in (task("t", at=1, ended=True), task("t", at=3600, prompt="a boat", ended=True), task("t", at=3600)):
        assert not never_tells(order, other)


def test_a_task_with_other_words_is_nobodys() -> None:
    assert choose(1, [lost(1)], [task("t", prompt="a boat")]) is None


def test_two_look_alikes_wait_until_they_tell_their_words() -> None:
    rivals = [lost(1, prompt="a fox"), lost(2, prompt="a boat")]
    assert choose(1, rivals, [task("t1"), task("t2")]) is None
    told = [task("t1", prompt="a boat", ended=True), task("t2", prompt="a fox", ended=True)]
    assert (choose(1, rivals, told), choose(2, rivals, told)) == ("t2", "t1")


def test_two_jobs_with_the_same_words_get_a_task_each_in_the_order_of_time() -> None:
    rivals = [lost(1, at=0), lost(2, at=2)]
    told = [task("late", at=3, prompt="a fox"), task("early", at=1, prompt="a fox")]
    assert (choose(1, rivals, told), choose(2, rivals, told)) == ("early", "late")


def test_one_task_for_two_identical_jobs_goes_to_the_first_only() -> None:
    rivals = [lost(1, at=0), lost(2, at=2)]
    told = [task("only", prompt="a fox", ended=True)]
    assert (choose(1, rivals, told), choose(2, rivals, told)) == ("only", None)


def test_somebody_elses_task_beside_ours_is_told_apart_by_its_words() -> None:
    assert choose(1, [lost(1)], [task("ours"), task("theirs")]) is None
    assert choose(1, [lost(1)], [task("ours"), task("theirs", prompt="a boat", ended=True)]) == "ours"


def test_what_was_given_up_has_its_share_so_that_the_next_gets_its_own() -> None:
    rivals = [lost(1, at=0, given_up=True), lost(2, at=2)]
    told = [task("early", at=1, prompt="a fox"), task("late", at=3, prompt="a fox")]
    assert choose(2, rivals, told) == "late"


def test_what_was_given_up_gets_its_task_if_nothing_else_needs_it() -> None:
    rivals = [lost(1, at=0, given_up=True), lost(2, at=2)]
    told = [task("early", at=1, prompt="a fox"), task("late", at=3, prompt="a fox")]
    assert (choose(1, rivals, told), choose(2, rivals, told)) == ("early", "late")
    assert choose(1, rivals, told[:1]) is None


def test_a_task_that_nobody_waits_for_goes_to_somebody_who_does() -> None:
    rivals = [lost(1, at=0, given_up=True), lost(2, at=2)]
    assert choose(2, rivals, [task("only", prompt="a fox", ended=True)]) == "only"


def test_beside_what_was_given_up_nothing_is_taken_before_it_tells_its_words() -> None:
    rivals = [lost(1, prompt="a boat", given_up=True), lost(2)]
    assert choose(2, rivals, [task("one")]) is None
    assert choose(2, rivals, [task("one", prompt="a boat", ended=True)]) is None


@given(
    st.lists(st.tuples(st.sampled_from(["a fox", "a boat"]), st.booleans()), min_size=1, max_size=5),
    st.lists(st.sampled_from(["a fox", "a boat"]), max_size=6),
)
def test_of_tasks_that_told_their_words_as_many_are_claimed_as_can_be(
    orders: list[tuple[str, bool]], words: list[str]
) -> None:
    rivals = [lost(n, at=n, prompt=prompt, given_up=up) for n, (prompt, up) in enumerate(orders)]
    tasks = [task(f"t{n}", at=10 + n, prompt=prompt, ended=True) for n, prompt in enumerate(words)]
    claims = [claim for n, (_, up) in enumerate(orders) if not up and (claim := choose(n, rivals, tasks))]
    assert len(claims) == len(set(claims))
    for prompt in ("a fox", "a boat"):
        waiting = sum(words_of == prompt and not up for words_of, up in orders)
        claimed = sum(claim == one.task_id for claim in claims for one in tasks if one.prompt == prompt)
        assert claimed == min(waiting, words.count(prompt))


@given(
    st.lists(st.sampled_from(["a fox", "a boat"]), min_size=1, max_size=5),
    st.lists(st.tuples(st.sampled_from([None, "a fox", "a boat"]), st.floats(-10, 60), st.booleans()), max_size=6),
)
def test_no_task_is_ever_given_to_two(prompts: list[str], tasks: list[tuple[str | None, float, bool]]) -> None:
    rivals = [lost(number, at=number, prompt=prompt) for number, prompt in enumerate(prompts)]
    found = [task(f"t{n}", at=at, prompt=prompt, ended=ended) for n, (prompt, at, ended) in enumerate(tasks)]
    chosen = [choice for rival in rivals if (choice := choose(rival.submission.id, rivals, found))]
    assert len(chosen) == len(set(chosen))

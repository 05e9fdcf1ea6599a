"""The fire drill finds what must not be, plans alike from one seed, and finds nothing in the studio as it is."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import struct
from dataclasses import replace
from pathlib import Path

import av
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from services.domain.jobs import Asset, Because, Decision, JobStatus, Submission, SubmissionState
from services.simulator import Answer, Drop, Garbage, Route
from services.simulator.engine.ledger import Status
from tests.chaos import scorecard
from tests.chaos.books import KEPT_MS, LATE_SECONDS, STARVED_SECONDS, Bought, Findings, Kept, compare
from tests.chaos.clock import Healthy, SharedClock
from tests.chaos.disk import can_mount, disk_at
from tests.chaos.drill import BAD, Drill, carry_out
from tests.chaos.plan import plan_of
from tests.chaos.reading import files_with, is_whole, tables_with
from tests.chaos.weather import Weather
from tests.rig.clips import Clip, film, write
from tests.rig.postgres import emptied

FEW, MANY = 2, int(os.environ.get("CHAOS_RUNS", "40"))
"""Runs of the drill: among the other tests, and as a proof."""


def sent(attempt: int = 1, *, task_id: str | None = "t1", **changes: object) -> Submission:
    one = Submission(
        id=attempt,
        job_id="j1",
        attempt=attempt,
        account="a",
        vendor_model="m",
        state=SubmissionState.TAKEN if task_id else SubmissionState.NOT_TAKEN,
        started_at=0,
        task_id=task_id,
    )
    return replace(one, **changes)


MADE = Bought(task_id="t1", tag="order-1-1", status=Status.SUCCEEDED, at_once=False, files=1, ended_at=1_000)
SAVED = Kept(
    job_id="j1",
    tag="order-1-1",
    status=JobStatus.SUCCEEDED,
    decision=None,
    error_code=None,
    remark=None,
    actual_micros=500_000,
    submissions=(sent(),),
    whole_files=1,
    broken_files=0,
    finished_at=2_000,
)


def found(bought: list[Bought], kept: list[Kept], *, well: float = 0.0) -> Findings:
    return compare(bought, kept, gone_codes=("UNKNOWN",), gone_words=("could be fetched",), well=lambda _s, _e: well)


# The books ------------------------------------------------------------------------------------------------------------


def test_a_work_that_was_bought_once_and_saved_is_no_finding() -> None:
    assert found([MADE], [SAVED]).clean


def test_a_second_task_for_one_order_is_bought_twice() -> None:
    again = replace(SAVED, submissions=(sent(1, task_id=None), sent(2)))
    findings = found([MADE, replace(MADE, task_id="t2")], [again])
    assert len(findings.bought_twice) == 1
    assert not findings.lost


def test_a_second_task_that_a_person_decided_for_is_not() -> None:
    decided = sent(1, task_id=None, state=SubmissionState.LOST)
    again = replace(SAVED, submissions=(decided, sent(2)))
    assert found([MADE, replace(MADE, task_id="t2")], [again]).clean


def test_two_tasks_of_one_job_are_bought_twice() -> None:
    both = replace(SAVED, submissions=(sent(1), sent(2, task_id="t2")))
    assert found([MADE, replace(MADE, task_id="t2")], [both]).bought_twice


def test_look_alikes_have_a_task_each() -> None:
    other = replace(SAVED, job_id="j2", submissions=(sent(task_id="t2"),))
    assert found([MADE, replace(MADE, task_id="t2")], [SAVED, other]).clean
    assert found([MADE], [SAVED, replace(other, submissions=(sent(),))]).lost


def test_a_file_that_is_broken_or_missing_is_lost() -> None:
    assert found([MADE], [replace(SAVED, broken_files=1, whole_files=0)]).lost
    assert found([replace(MADE, files=2)], [SAVED]).lost
    said = replace(SAVED, remark="Sent again, as you decided. Not everything could be fetched.")
    assert found([replace(MADE, files=2)], [said]).clean
    assert found([replace(MADE, files=2)], [said], well=LATE_SECONDS + 1).late
    assert found([replace(MADE, files=2)], [replace(SAVED, remark="Sent again, as you decided.")]).lost


def test_a_clip_that_breaks_off_or_is_not_what_its_row_says_is_not_whole(tmp_path: Path) -> None:
    source, whole = (
        write(tmp_path, "source.mp4", film(Clip(seconds=2, noise=True, sound=False))),
        tmp_path / "whole.mp4",
    )
    with av.open(source) as given, av.open(whole, "w", options={"movflags": "faststart"}) as written:
        stream = written.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(given.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                written.mux(packet)
    content = whole.read_bytes()
    cut = write(tmp_path, "cut.mp4", content[: len(content) * 2 // 3])
    assert is_whole(_asset(whole, seconds=2), whole)
    assert not is_whole(_asset(whole, seconds=3), whole)
    assert not is_whole(replace(_asset(whole, seconds=2), sha256="other"), whole)
    assert not is_whole(_asset(cut, seconds=2), cut), "its first picture can be shown all the same"


def _asset(file: Path, *, seconds: float) -> Asset:
    content = file.read_bytes()
    return Asset(
        id="a1",
        job_id="j1",
        role="output",
        kind="video",
        name=file.name,
        key=file.name,
        mime="video/mp4",
        seconds=seconds,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        created_at=0,
    )


def test_a_strangers_work_is_nobodys_here() -> None:
    theirs = replace(MADE, task_id="t9", tag="")
    assert found([MADE, theirs], [SAVED]).clean
    assert found([MADE, theirs], [SAVED, replace(SAVED, job_id="j2", submissions=(sent(task_id="t9"),))]).lost


def test_what_somebody_was_answered_for_must_be_there() -> None:
    def books(answered: list[str]) -> Findings:
        return compare([MADE], [SAVED], gone_codes=(), gone_words=(), well=lambda _s, _e: 0, answered=answered)

    assert books(["j1"]).clean
    assert books(["j1", "j2"]).lost


def test_a_work_that_no_job_knows_is_lost() -> None:
    assert found([MADE], [replace(SAVED, submissions=(sent(task_id=None),))]).lost
    assert found([MADE], []).lost


def test_what_is_told_as_lost_must_not_be_told_as_free() -> None:
    told = replace(SAVED, status=JobStatus.FAILED, error_code="UNKNOWN", actual_micros=None, whole_files=0)
    assert found([MADE], [told]).clean
    assert found([MADE], [replace(told, actual_micros=0)]).lost
    assert found([MADE], [replace(told, error_code="InvalidParameter")]).lost
    assert found([MADE], [replace(told, status=JobStatus.CANCELED, error_code=None)]).lost


def test_what_could_have_been_fetched_in_time_is_late() -> None:
    told = replace(SAVED, status=JobStatus.FAILED, error_code="UNKNOWN", actual_micros=None, whole_files=0)
    assert found([MADE], [told], well=LATE_SECONDS + 1).late
    assert found([MADE], [SAVED], well=LATE_SECONDS + 1).late


def test_what_ended_when_the_provider_had_forgotten_it_could_not_be_fetched() -> None:
    """The clocks moved by two days while it was in work."""
    told = replace(SAVED, status=JobStatus.FAILED, error_code="UNKNOWN", actual_micros=None, whole_files=0)
    ended = replace(MADE, taken_at=0, ended_at=2 * KEPT_MS)

    def books(task: Bought) -> Findings:
        return compare(
            [task], [told], gone_codes=("UNKNOWN",), gone_words=(), well=lambda start, end: (end - start) / 1000
        )

    assert books(ended).clean
    assert books(replace(ended, ended_at=KEPT_MS - 60_000)).late


def test_a_job_that_has_not_ended_is_unresolved_unless_somebody_is_asked() -> None:
    open_ = replace(SAVED, status=JobStatus.UNKNOWN, submissions=(sent(task_id=None, state=SubmissionState.OPEN),))
    assert found([], [open_]).unresolved
    assert found([], [replace(open_, decision=Decision.WANTED)]).clean


def test_a_job_that_was_sent_late_is_starved() -> None:
    late = replace(SAVED, submissions=(sent(started_at=9_000),))
    assert found([MADE], [late], well=STARVED_SECONDS + 1).starved
    assert not found([MADE], [late], well=STARVED_SECONDS - 1).starved


def test_a_late_task_of_what_a_person_sent_again_was_asked_for_too_early() -> None:
    twin = replace(SAVED, job_id="j2", source_job="j1", submissions=(sent(task_id="t2"),))
    books = [MADE, replace(MADE, task_id="t2")], [SAVED, twin]
    quiet = {"gone_codes": (), "gone_words": (), "well": lambda _s, _e: 0.0}
    assert compare(*books, **quiet).clean, "nobody was asked because of the list"
    assert compare(*books, **quiet, unlisted=["j1"]).bought_twice


def test_a_task_of_an_order_that_counts_as_not_listed_is_mentioned_by_nothing() -> None:
    forgotten = sent(1, task_id=None, because=Because.UNLISTED)
    assert found([MADE], [replace(SAVED, submissions=(forgotten,), whole_files=0)]).unmentioned


def test_a_live_work_is_never_ordered_again() -> None:
    live = replace(MADE, at_once=True)
    job = replace(SAVED, submissions=(sent(task_id=None, state=SubmissionState.TAKEN, live=True),))
    assert found([live], [job]).clean
    assert not found([live, replace(live, task_id="t2")], [job]).clean


def test_what_was_not_billed_is_nobodys_loss() -> None:
    assert found([replace(MADE, status=Status.CANCELED)], []).clean


def test_a_key_in_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.log").write_bytes(b"\0\xff key sk-secret \0")
    (tmp_path / "b.log").write_text("nothing")
    assert files_with("sk-secret", [tmp_path]) == ["a.log"]
    assert files_with("sk-secret", [tmp_path / "deep" / "a.log", tmp_path / "b.log"]) == ["a.log"]
    assert not compare([], [], gone_codes=(), gone_words=(), well=lambda _s, _e: 0, leaks=["a.log"]).clean


async def test_a_key_in_a_table_is_found(postgres_url: str) -> None:
    url = await emptied(postgres_url)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE notes (words text)"))
        await connection.execute(sa.text("INSERT INTO notes VALUES ('the key is sk-secret.')"))
    await engine.dispose()
    assert await tables_with("sk-secret", url) == ["public.notes"]
    assert await tables_with("sk-other", url) == []


# The stage ------------------------------------------------------------------------------------------------------------


def test_one_seed_is_one_plan() -> None:
    def plan(seed: int) -> object:
        return plan_of(seed, jobs=8, postgresql=False, picture="p.png")

    assert plan(7) == plan(7)
    assert plan(7) != plan(8)
    plans = [plan_of(n, jobs=8, postgresql=False, picture="p") for n in range(20)]
    assert all(plan.jobs == (14 if plan.spell else 8) for plan in plans)
    assert {plan.spell for plan in plans} == {True, False}


def test_the_clock_is_one_for_all_and_tells_real_time_again(tmp_path: Path) -> None:
    ours, theirs = SharedClock(tmp_path / "clock"), SharedClock(tmp_path / "clock")
    before = ours.now_ms()
    ours.move(25)
    after = theirs.now_ms()
    assert 25 * 3_600_000 <= after - before < 25 * 3_600_000 + 5_000
    assert ours.real_of(after) - ours.real_of(before) < 5_000
    assert ours.real_of(before + KEPT_MS) - ours.real_of(before) < 5_000, "what was jumped over took no time"
    ours.close()
    theirs.close()


def test_only_the_time_in_which_a_studio_could_work_counts() -> None:
    times = iter([1_000, 4_000, 6_000])
    healthy = Healthy(now=lambda: next(times))
    healthy.note(well=True)
    healthy.note(well=False)
    healthy.note(well=True)
    assert healthy.seconds_between(0, 7_000) == 4.0
    assert healthy.seconds_between(2_000, 5_000) == 2.0
    assert healthy.seconds_between(5_000, 2_000) == 0.0


def test_the_weather_drops_a_fifth_of_the_orders_and_clears_up() -> None:
    weather = Weather.of(3)
    faults = [weather.next(Route.CREATE) for _ in range(2_000)]
    throttled = Answer(429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
    drops = [fault for fault in faults if isinstance(fault, Drop | Garbage | Answer) and fault != throttled]
    assert {type(fault) for fault in drops} == {Drop, Garbage, Answer}
    assert 0.17 < len(drops) / len(faults) < 0.23
    assert 0.4 < sum(drop.taken for drop in drops) / len(drops) < 0.6
    assert 0.07 < sum(weather.next(Route.QUERY) is not None for _ in range(2_000)) / 2_000 < 0.13
    assert 0.26 < sum(weather.next(Route.DOWNLOAD) is not None for _ in range(2_000)) / 2_000 < 0.34
    weather.calm = True
    assert [weather.next(Route.CREATE) for _ in range(100)] == [None] * 100


def test_in_a_spell_every_order_breaks_and_none_is_taken() -> None:
    weather = Weather.of(4)
    weather.spell = True
    faults = [weather.next(Route.CREATE) for _ in range(50)]
    assert not any(fault.taken for fault in faults if isinstance(fault, Drop | Garbage | Answer))
    assert None not in faults


def test_time_is_what_the_loops_had_of_it(tmp_path: Path) -> None:
    """A machine that is busy with something else makes no studio late."""
    pulse = tmp_path / "pulse"
    pulse.write_bytes(b"".join(struct.pack("q", at) for at in range(1_000, 2_000, 100)) + b"half")
    healthy = Healthy(now=lambda: 0, beats=[pulse])
    healthy.note(well=True)
    assert healthy.seconds_between(1_000, 9_000) == pytest.approx(0.9)
    assert healthy.seconds_between(1_400, 1_600) == pytest.approx(0.2)
    assert healthy.seconds_between(5_000, 9_000) == 0


def test_a_full_disk_takes_nothing_more_until_it_is_freed(tmp_path: Path) -> None:
    with disk_at(tmp_path / "disk") as disk:
        writer = multiprocessing.get_context("spawn")
        target = disk.folder / "large"

        def fits() -> bool:
            pipe, theirs = writer.Pipe()
            process = writer.Process(target=_write, args=(theirs, target))
            process.start()
            assert process.pid is not None
            disk.watch(process.pid)
            pipe.send("write")
            answer = pipe.recv()
            process.join()
            return answer

        assert fits()
        disk.fill()
        assert not fits()
        disk.free()
        assert fits()
    assert can_mount() or target.exists()


def _write(pipe: object, target: Path) -> None:
    pipe.recv()  # type: ignore[attr-defined]  # a connection
    try:
        target.with_suffix(f".{os.getpid()}").write_bytes(bytes(100_000))
        target.write_bytes(bytes(100_000))
    except OSError:
        pipe.send(False)  # type: ignore[attr-defined]
    else:
        pipe.send(True)  # type: ignore[attr-defined]


# The scorecard --------------------------------------------------------------------------------------------------------


def test_the_document_says_what_the_scorecard_says() -> None:
    document = scorecard.DOCUMENT.read_text(encoding="utf-8")
    score = json.loads(scorecard.SCORE.read_text(encoding="utf-8"))
    assert scorecard.with_scorecard(document, score) == document
    assert {name: score[name] for name in BAD} == dict.fromkeys(BAD, 0)


def test_a_document_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="reliability:begin"):
        scorecard.with_scorecard("# Wan Studio", {})


# The drill ------------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
@pytest.mark.parametrize("runs", [FEW, pytest.param(MANY, marks=pytest.mark.proof)])
def test_nothing_is_lost_or_bought_twice_whenever_the_studio_is_killed(tmp_path: Path, runs: int) -> None:
    findings: list[str] = []
    score = carry_out(Drill(runs=runs, keep=True), home=tmp_path, say=findings.append)
    assert findings == []
    assert score.clean
    assert score.runs == runs
    assert score.counts["kills"] + score.counts["ended by themselves"] >= 3 * runs
    if runs == MANY:
        assert score.counts["kills"] > 2.5 * runs
        assert score.jobs > 4 * runs, "most of what people wanted was ordered"

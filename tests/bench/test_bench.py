"""The bench runs, and counts rightly. That its figures are good is for a person to judge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.bench import checks, polling
from tests.bench.figures import Table, percentile, render, shown, spread
from tests.bench.vendor import over_limit, peak


def test_queries_above_the_limit_are_those_with_twenty_in_the_second_before() -> None:
    evenly = [number / 18.5 for number in range(200)]
    burst = [number / 1000 for number in range(30)]
    assert over_limit(evenly) == 0
    assert over_limit(burst) == 10
    assert over_limit([*burst, *(2 + moment for moment in burst)]) == 20
    assert (peak(evenly), peak(burst), peak([])) == (19, 30, 0)


def test_figures_keep_three_digits_and_their_range() -> None:
    assert [shown(value) for value in (0, 0.01234, 0.1234, 1.234, 12.34, 1234.5)] == [
        "0",
        "0.012",
        "0.12",
        "1.23",
        "12.3",
        "1,234",
    ]
    assert str(spread([3, 1, 2])) == "2.00 (1.00-3.00)"
    assert str(spread([2])) == "2.00"
    assert percentile([4, 1, 3, 2], 0.5) == 3
    assert percentile([4, 1, 3, 2], 1.0) == 4


def test_a_table_is_aligned() -> None:
    table = Table(title="T", columns=("", "a", "long"), rows=(("row", "1", "2"), ("another", "100", "3")), notes=("n",))
    assert render(table).splitlines() == [
        "T",
        "",
        "           a  long",
        "-------  ---  ----",
        "row        1     2",
        "another  100     3",
        "",
        "n",
    ]


@pytest.mark.proof
def test_both_sides_bring_every_clip_and_only_the_studio_keeps_to_the_limit(tmp_path: Path) -> None:
    plan = polling.Plan(sizes=(3,), run_seconds=1.0, over_seconds=0.3)
    sides: tuple[polling.Side, ...] = ("studio", "sdk")
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda s: polling.judge(s, 3, polling.measure(s, 3, plan=plan, home=tmp_path / s)), sides))
    for run in runs:
        assert (run.clips, len(run.lags)) == (3, 3)
        assert min(run.lags) >= 0
        assert run.queries >= 3
        assert run.cpu_per_job > 0
        assert run.rss_peak >= run.rss_idle > 0
    assert len(runs[0].saved) == 3
    assert runs[0].over == 0


@pytest.mark.proof
@pytest.mark.parametrize("plan", [checks.Plan(rounds=1, short_seconds=3, long_minutes=1, clip_height=240)])
def test_every_sample_is_a_file_that_can_be_read(tmp_path: Path, plan: checks.Plan) -> None:
    (table,) = checks.compare(plan, tmp_path)
    assert len(table.rows) == 7
    for name, raw in table.raw.items():
        assert isinstance(raw, dict), name
        assert min(*raw["check_ms"], *raw["decode_ms"]) > 0

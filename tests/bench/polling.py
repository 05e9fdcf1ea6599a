"""The studio's jobs against the official package's `call` in threads: CPU, memory, queries and finish lag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tests.bench.figures import Table, percentile, shown
from tests.bench.processes import program
from tests.bench.vendor import over_limit, peak

_MB = 1e6
_SAVES_SECONDS = 120
_NEVER_SECONDS = 100_000.0

Side = Literal["studio", "sdk"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    sizes: tuple[int, ...] = (50, 500)
    """Jobs at once."""
    run_seconds: float = 60.0
    """How long the vendor works on each, give or take a quarter. In real time: the pauses between polls are what is
    compared. A minute is the shortest of the vendor's samples, and the worst for a studio that asks at its leisure."""
    over_seconds: float = 25.0
    """The jobs are asked for evenly over this time, so that they also end one after the other, as real ones do."""
    held: int = 1000
    """Jobs in flight at once for the memory's sake."""
    hold_seconds: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one side took for some jobs."""

    side: Side
    jobs: int
    clips: int
    """How many came back as succeeded."""
    cpu_per_job: float
    """CPU-seconds of the side's process, from the first job to the last."""
    waiting_cpu: float
    """Share of a core while all jobs were at the vendor and none had ended; 0 where there was no such time."""
    rss_idle: float
    rss_peak: float
    """Megabytes."""
    threads: int
    lags: tuple[float, ...]
    """Seconds from the vendor's end of a task to the moment the side knows (the studio then shows it as saving)."""
    saved: tuple[float, ...]
    """Seconds from the vendor's end of a task to the clip on the disk, its pictures made. Empty for the package."""
    queries: int
    peak: int
    over: int


def measure(side: Side, jobs: int, *, plan: Plan, home: Path, limits: bool = False, hold: float = 0) -> dict[str, Any]:
    """Run one side on a simulator of its own. Gives what both have told. Any: JSON."""
    run_seconds = _NEVER_SECONDS if hold else plan.run_seconds
    with ExitStack() as stack:
        word = "limits" if limits else "free"
        folder = home / "simulator"
        vendor = stack.enter_context(
            program("-m", "tests.bench.vendor", str(folder), str(run_seconds), word, home=home / "vendor")
        )
        asked = [vendor.line(), str(jobs), str(plan.over_seconds)]
        more = [str(hold)] if side == "studio" else []
        buyer = stack.enter_context(program("-m", f"tests.bench.{side}_side", *asked, *more, home=home / side))
        longest = plan.over_seconds + plan.run_seconds + hold + _SAVES_SECONDS + jobs
        told = buyer.finish(seconds=longest)
        return {"side": told, "vendor": vendor.finish(seconds=60)}


def judge(side: Side, jobs: int, told: Mapping[str, Any]) -> Run:
    """The figures of a run."""
    own, vendor = told["side"], told["vendor"]
    looks: Sequence[Sequence[float]] = own["looks"]
    ended: dict[str, float] = vendor["ended"]
    queries = [moment for moment in vendor["queries"] if moment >= own["began"]]
    knows, saved = _ends(side, own)
    first_end = min(ended.values(), default=own["began"])
    return Run(
        side=side,
        jobs=jobs,
        clips=len(saved) if side == "studio" else len(knows),
        cpu_per_job=(looks[-1][1] - looks[0][1]) / jobs,
        waiting_cpu=_share_of_core(looks, own.get("in_flight", _all_asked(own, jobs)), first_end),
        rss_idle=looks[0][2] / _MB,
        rss_peak=max(look[2] for look in looks) / _MB,
        threads=int(max(look[3] for look in looks)),
        lags=tuple(knows[task] - ended[task] for task in knows if task in ended),
        saved=tuple(saved[task] - ended[task] for task in saved if task in ended),
        queries=len(queries),
        peak=peak(queries),
        over=over_limit(queries),
    )


def _ends(side: Side, own: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """By task: when the side knew that it had ended, and when its clip was saved."""
    if side == "sdk":
        return {each["task"]: each["at"] for each in own["back"] if each["status"] == "SUCCEEDED"}, {}
    named = {own["tasks"][job]: states for job, states in own["seen"].items() if job in own["tasks"]}
    knows = {task: states["saving"] for task, states in named.items() if "saving" in states}
    return knows, {task: states["succeeded"] for task, states in named.items() if "succeeded" in states}


def _all_asked(own: Mapping[str, Any], jobs: int) -> float:
    """When the package had begun all its calls: as soon as its threads have stopped growing in number."""
    most = max(look[3] for look in own["looks"])
    return min(look[0] for look in own["looks"] if look[3] >= most) if jobs else 0.0


def _share_of_core(looks: Sequence[Sequence[float]], since: float, until: float) -> float:
    within = [look for look in looks if since + 1 <= look[0] <= until - 1]
    if len(within) < 2:
        return 0.0
    return (within[-1][1] - within[0][1]) / (within[-1][0] - within[0][0])


def compare(plan: Plan, home: Path) -> list[Table]:
    """All runs. The smallest go side by side at the same time, the larger ones one after the other."""
    runs: list[Run] = []
    for jobs in plan.sizes:
        sides: tuple[Side, ...] = ("studio", "sdk")
        at_once = len(sides) if jobs == min(plan.sizes) else 1
        with ThreadPoolExecutor(at_once) as pool:
            told = list(pool.map(lambda s, n=jobs: measure(s, n, plan=plan, home=home / f"{s}-{n}"), sides))
        runs += [judge(side, jobs, each) for side, each in zip(sides, told, strict=True)]
    with ThreadPoolExecutor(2) as pool:  # memory and lost clips do not mind company
        held = pool.submit(measure, "studio", plan.held, plan=plan, home=home / "held", hold=plan.hold_seconds)
        largest = max(plan.sizes)
        strict = pool.submit(measure, "sdk", largest, plan=plan, home=home / "strict", limits=True)
        tables = [_main_table(runs, plan)]
        tables.append(_strict_table(judge("sdk", largest, strict.result()), runs, largest))
        tables.append(_held_table(held.result(), plan))
    return tables


def _main_table(runs: Sequence[Run], plan: Plan) -> Table:
    columns = tuple(f"{run.jobs} jobs, {'studio' if run.side == 'studio' else 'package'}" for run in runs)
    rows = (
        ("clips that came back", *(str(run.clips) for run in runs)),
        ("CPU per job (ms), all told", *(shown(run.cpu_per_job * 1000) for run in runs)),
        ("CPU while all wait (% of a core)", *(shown(run.waiting_cpu * 100) for run in runs)),
        ("memory above idle (MB), peak", *(shown(run.rss_peak - run.rss_idle) for run in runs)),
        ("memory (MB), peak", *(shown(run.rss_peak) for run in runs)),
        ("threads, peak", *(str(run.threads) for run in runs)),
        ("end known after (s), median", *(_seconds(run.lags, 0.5) for run in runs)),
        ("end known after (s), 95 %", *(_seconds(run.lags, 0.95) for run in runs)),
        ("clip on disk after (s), median", *(_seconds(run.saved, 0.5) for run in runs)),
        ("clip on disk after (s), 95 %", *(_seconds(run.saved, 0.95) for run in runs)),
        ("queries per job", *(shown(run.queries / run.jobs) for run in runs)),
        ("queries in the busiest second", *(str(run.peak) for run in runs)),
        ("queries above the vendor's 20/s", *(f"{run.over:,}" for run in runs)),
    )
    notes = (
        f"Each task runs {plan.run_seconds:.0f} s ± 25 % in real time; all asked for within {plan.over_seconds:.0f} s.",
        "The package is `VideoSynthesis.call` in a thread a job: it neither fetches the clip nor keeps to the vendor's",
        "20 queries a second, so here the simulator lets it. The studio does both, writes each step to its database",
        "(fsync), makes a poster and a thumbnail, and tells one open page.",
    )
    raw = {"plan": asdict(plan), "runs": [_plain(run) for run in runs]}
    return Table(title="Polling", columns=("", *columns), rows=rows, notes=notes, raw=raw)


def _strict_table(strict: Run, runs: Sequence[Run], jobs: int) -> Table:
    own = next(run for run in runs if run.side == "studio" and run.jobs == jobs)
    rows = (
        ("studio", f"{own.clips} of {own.jobs}", str(own.over)),
        ("package", f"{strict.clips} of {strict.jobs}", f"{strict.over:,}"),
    )
    return Table(
        title=f"{jobs} jobs where the vendor's 20 queries a second are enforced",
        columns=("", "clips that came back", "queries answered 429"),
        rows=rows,
        notes=("The package gives up on a task at the first 429; the clip is made and billed all the same.",),
        raw={"sdk": _plain(strict)},
    )


def _held_table(told: Mapping[str, Any], plan: Plan) -> Table:
    own = told["side"]
    looks = own["looks"]
    queries = [moment for moment in told["vendor"]["queries"] if moment >= own["began"]]
    idle, most = looks[0][2] / _MB, max(look[2] for look in looks) / _MB
    share = _share_of_core(looks, own["in_flight"], looks[-1][0])
    figures = {
        "memory above idle (MB)": most - idle,
        "memory (MB)": most,
        "threads": max(look[3] for look in looks),
        "CPU while all wait (% of a core)": share * 100,
        "queries in the busiest second": peak(queries),
        "queries above the vendor's 20/s": over_limit(queries),
        "asked for to all at the vendor (s)": own["in_flight"] - own["asked"],
    }
    return Table(
        title=f"{plan.held:,} jobs in flight in one studio process",
        columns=("", "studio"),
        rows=tuple((name, str(value) if isinstance(value, int) else shown(value)) for name, value in figures.items()),
        raw=dict(figures),
    )


def _seconds(lags: Sequence[float], share: float) -> str:
    return shown(percentile(lags, share)) if lags else "-"


def _plain(run: Run) -> dict[str, object]:
    lags: dict[str, object] = {
        f"{name}_{label}": percentile(values, share)
        for name, values in (("known", run.lags), ("saved", run.saved))
        for label, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
        if values
    }
    return {k: v for k, v in asdict(run).items() if k not in ("lags", "saved")} | lags

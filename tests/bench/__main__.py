"""`python -m tests.bench [PART|all] [--quick] [--json FILE]`: measure, print the tables. PARTs: see `--help`.

`parity` counts where page and simulator disagree, over `--cases` inputs of `--seed`; `recipes` breaks so many
files and reads them; `staying` is an hour at the gallery. None of them is part of `all`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from tests.bench import checks, eta, gallery, lanes, pages, parity, polling, polls, recipes, start, staying
from tests.bench.figures import Table, machine, render

Part = Callable[[Path], list[Table]]

_FULL: dict[str, Part] = {
    "checks": lambda home: checks.compare(checks.Plan(), home),
    "start": lambda home: start.compare(start.Plan(), home),
    "pages": lambda home: pages.compare(pages.Plan(), home),
    "polling": lambda home: polling.compare(polling.Plan(), home),
    "gallery": lambda home: gallery.compare(gallery.Plan(), home),
    "lanes": lambda home: lanes.compare(lanes.Plan(), home),
    "eta": lambda home: eta.compare(eta.Plan(), home),
    "polls": lambda home: polls.compare(polls.Plan(), home),
}
_QUICK: dict[str, Part] = {
    "checks": lambda home: checks.compare(checks.Plan(rounds=2, long_minutes=1), home),
    "start": lambda home: start.compare(start.Plan(rounds=1, late_seconds=0.5), home),
    "pages": lambda home: pages.compare(
        pages.Plan(pages=50, window_seconds=1, rounds=1, jobs=1, run_seconds=0.5, settle_seconds=0.5), home
    ),
    "polling": lambda home: polling.compare(
        polling.Plan(sizes=(10,), run_seconds=2, over_seconds=1, held=50, hold_seconds=2), home
    ),
    "gallery": lambda home: gallery.compare(gallery.Plan(items=(100, 2_000), rounds=5), home),
    "lanes": lambda home: lanes.compare(lanes.Plan(people=10, jobs_each=20, small_jobs=4, seeds=(1,)), home),
    "eta": lambda home: eta.compare(eta.Plan(histories=15), home),
    "polls": lambda home: polls.compare(polls.Plan(tasks=500), home),
}


def main() -> None:
    """Measure what was asked for, one part after the other, and print as it comes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument(
        "part",
        nargs="?",
        default="all",
        choices=["all", "parity", "recipes", "staying", *_FULL],
        help="what to measure (all)",
    )
    parser.add_argument("--quick", action="store_true", help="a look in a minute; the figures mean little")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure to a file")
    parser.add_argument("--cases", type=int, default=10_000, help="inputs for parity, files for recipes (10000)")
    parser.add_argument("--seed", type=int, default=1, help="which of them (1)")
    parser.add_argument("--items", type=_sizes, metavar="N,N", help="how many jobs the gallery has (100,10000,200000)")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both", help="of the gallery")
    options = parser.parse_args()

    where = machine()
    print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in where.items()), end="\n\n")
    cases = min(options.cases, 500) if options.quick else options.cases
    parts = {**(_QUICK if options.quick else _FULL), "parity": lambda _: parity.compare(cases, options.seed)}
    parts["recipes"] = lambda home: recipes.compare(cases, options.seed, home)
    parts["staying"] = lambda home: staying.compare(_stay_of(options), home)
    if options.items or options.database != "both":
        parts["gallery"] = lambda home: gallery.compare(_gallery_plan(options), home)
    tables: list[Table] = []
    for name in _FULL if options.part == "all" else [options.part]:
        began = time.monotonic()
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="wan-bench-", ignore_cleanup_errors=True) as home:
            found = parts[name](Path(home))
        print("\n".join(render(table) for table in found), flush=True)
        print(f"{name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        tables += found
    if options.json:
        told = {"machine": where, "quick": options.quick, "tables": [asdict(table) for table in tables]}
        options.json.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=str), encoding="utf-8")


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(","))


def _stay_of(options: argparse.Namespace) -> staying.Plan:
    return staying.Plan(items=2_000, rounds=5, warm=1) if options.quick else staying.Plan()


def _gallery_plan(options: argparse.Namespace) -> gallery.Plan:
    plan = gallery.Plan(rounds=5, items=(100, 2_000)) if options.quick else gallery.Plan()
    databases = plan.databases if options.database == "both" else (options.database,)
    return replace(plan, items=options.items or plan.items, databases=databases)


if __name__ == "__main__":
    main()

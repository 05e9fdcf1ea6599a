"""`python -m tests.bench [parity|polling|start|checks|pages|all] [--quick] [--json FILE]`: measure, print the tables.

`parity` counts where page and simulator disagree, over `--cases` inputs of `--seed`; it is not part of `all`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.bench import checks, pages, parity, polling, start
from tests.bench.figures import Table, machine, render

Part = Callable[[Path], list[Table]]

_FULL: dict[str, Part] = {
    "checks": lambda home: checks.compare(checks.Plan(), home),
    "start": lambda home: start.compare(start.Plan(), home),
    "pages": lambda home: pages.compare(pages.Plan(), home),
    "polling": lambda home: polling.compare(polling.Plan(), home),
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
}


def main() -> None:
    """Measure what was asked for, one part after the other, and print as it comes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument(
        "part", nargs="?", default="all", choices=["all", "parity", *_FULL], help="what to measure (all)"
    )
    parser.add_argument("--quick", action="store_true", help="a look in a minute; the figures mean little")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure to a file")
    parser.add_argument("--cases", type=int, default=10_000, help="inputs for parity (10000)")
    parser.add_argument("--seed", type=int, default=1, help="which inputs for parity (1)")
    options = parser.parse_args()

    where = machine()
    print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in where.items()), end="\n\n")
    cases = min(options.cases, 500) if options.quick else options.cases
    parts = {**(_QUICK if options.quick else _FULL), "parity": lambda _: parity.compare(cases, options.seed)}
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


if __name__ == "__main__":
    main()

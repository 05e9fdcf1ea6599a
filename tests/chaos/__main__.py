"""`python -m tests.chaos --runs N --seed S`: kill studios under a failing provider, compare the books, print the score.

Ends with 1 where anything was lost, bought twice, left open, late or leaked. A run is repeated with its seed and
`--runs 1`; `--write` puts the score into SCORECARD.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos import scorecard
from tests.chaos.drill import Drill, carry_out


def main() -> int:
    """Read the command line and do it."""
    options = _parser().parse_args()
    drill = Drill(
        runs=options.runs,
        seed=options.seed,
        database=options.database,
        jobs=options.jobs,
        at_once=options.at_once,
        keep=options.keep,
    )
    home = Path(tempfile.mkdtemp(prefix="wan-chaos-"))
    score = carry_out(drill, home=home, say=lambda text: print(text, flush=True))
    told = score.told(drill)
    print(scorecard.as_text(told))
    print(f"\n{score.seconds:.0f} s, {score.seconds / max(1, score.runs):.1f} s a run")
    if options.json:
        options.json.write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
    if options.write:
        scorecard.write(told)
    if not score.clean:
        print(f"seeds with findings: {', '.join(map(str, score.failing))}")
        if options.keep:
            print(f"their folders: {home}")
    _clear(home, keep=options.keep and not score.clean)
    return 0 if score.clean else 1


def _clear(home: Path, *, keep: bool) -> None:
    if not keep:
        shutil.rmtree(home, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=40, help="how many (40)")
    parser.add_argument("--seed", type=int, default=1, help="of the first; each has the next one (1)")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both", help="(both)")
    parser.add_argument("--jobs", type=int, default=8, help="how many each run orders (8)")
    parser.add_argument("--at-once", type=int, default=4, help="how many runs at a time (4)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the score to a file")
    parser.add_argument("--keep", action="store_true", help="keep the folders of runs with findings")
    parser.add_argument("--write", action="store_true", help="put the score into SCORECARD.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""The reliability scorecard: the score of a drill as a table, in SCORECARD.md.

Knows nothing of how it came about. SCORECARD.md and the score beside it always say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SCORE = Path(__file__).with_name("scorecard.json")
DOCUMENT = Path(__file__).with_name("SCORECARD.md")
BEGIN, END = "<!-- reliability:begin -->", "<!-- reliability:end -->"

_MET = {
    "kills": "times a studio was killed with -9",
    "creates_dropped_before": "orders not taken, whose answer was lost or said nothing",
    "creates_dropped_after": "orders taken, whose answer was lost or said nothing",
    "listed_late": "runs in which the list of orders lagged",
    "spells": "runs in which every order of a model broke for a while",
    "decisions": "decisions of a person",
    "throttled": "orders refused as too fast",
    "polls_failed": "questions about a task that failed",
    "lists_failed": "looks at the list of orders that failed",
    "uploads_failed": "uploads that failed",
    "downloads_cut": "downloads cut off",
    "disk_full": "times the disk was full",
    "clock_jumps": "jumps of the clock by up to 49 hours",
}
_BAD = {
    "lost": "works paid for and lost without a word",
    "bought_twice": "works bought twice",
    "unmentioned": "works bought that nothing in the studio mentions",
    "starved": "jobs that waited behind others whose orders broke",
    "unresolved": "jobs without an end",
    "late": "works fetched late, or lost though there was time",
    "leaked": "files with the key in them",
}


def rows(score: Mapping[str, Any]) -> list[tuple[str, int]]:  # Any: JSON
    """What was done and met, and what must be zero, in words."""
    met = score["met"]
    return [
        ("runs", score["runs"]),
        ("jobs", score["jobs"]),
        *((words, met.get(name, 0)) for name, words in _MET.items()),
        *((words, score[name]) for name, words in _BAD.items()),
    ]


def as_text(score: Mapping[str, Any]) -> str:
    """The table for a terminal."""
    width = max(len(words) for words, _ in rows(score))
    return "\n".join(f"{words.ljust(width)}  {count:>8,}" for words, count in rows(score))


def as_markdown(score: Mapping[str, Any]) -> str:
    """The table for SCORECARD.md."""
    where, bad = score["machine"], set(_BAD.values())
    lines = ["| What happened | How often |", "|---|---:|"]
    lines += [f"| **{words}** | **{n:,}** |" if words in bad else f"| {words} | {n:,} |" for words, n in rows(score)]
    return "\n".join(
        [
            *lines,
            "",
            f"Measured {str(where['date']).partition(' ')[0]} on {where['system']}, {where['cores']} cores, Python "
            f"{where['python']}; {score['runs_on_postgresql']:,} of the runs on PostgreSQL with two processes. Again: "
            f"`python -m tests.chaos --runs {score['runs']} --seed {score['seed']}`. As JSON: "
            "[scorecard.json](scorecard.json).",
        ]
    )


def write(score: Mapping[str, Any], *, document: Path = DOCUMENT, file: Path = SCORE) -> None:
    """Keep a score, and have the document say the same. Raises ValueError if it has no place for it."""
    text = with_scorecard(document.read_text(encoding="utf-8"), score)
    file.write_text(json.dumps(score, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    document.write_text(text, encoding="utf-8")


def with_scorecard(text: str, score: Mapping[str, Any]) -> str:
    """Return a document with the scorecard between its markers. Raises ValueError if they are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{as_markdown(score)}\n{END}{after}"

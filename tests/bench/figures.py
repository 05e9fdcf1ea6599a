"""Figures and the plain tables they stand in. Knows nothing of what is measured."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What several looks at one thing gave."""

    median: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """The median, and the range where there is one."""
        if self.count < 2:
            return shown(self.median)
        return f"{shown(self.median)} ({shown(self.low)}-{shown(self.high)})"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a heading. `notes` say what has to be known to read it; `raw` is the same for a program."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    raw: dict[str, object] = field(default_factory=dict)


def spread(values: Sequence[float]) -> Spread:
    """Median and range of at least one value."""
    return Spread(median=statistics.median(values), low=min(values), high=max(values), count=len(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share (0 to 1) of the values lie: the nearest one that was seen."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def shown(number: float) -> str:
    """Three digits that matter; whole numbers whole."""
    if number == 0 or abs(number) >= 100:
        return f"{number:,.0f}"
    if abs(number) >= 10:
        return f"{number:.1f}"
    return f"{number:.2f}" if abs(number) >= 0.1 else f"{number:.3f}"


def render(table: Table) -> str:
    """The table as text, numbers to the right."""
    lines = [table.columns, *table.rows]
    widths = [max(len(row[column]) for row in lines) for column in range(len(table.columns))]
    text = [table.title, ""]
    for number, row in enumerate(lines):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        text.append("  ".join(cells).rstrip())
        if number == 0:
            text.append("  ".join("-" * width for width in widths))
    return "\n".join([*text, "", *table.notes]).rstrip() + "\n"


def machine() -> dict[str, object]:
    """When and where this was measured. Nothing in it names the machine or who runs it."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None  # Windows has none
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load_before": round(load, 1) if load is not None else None,
    }

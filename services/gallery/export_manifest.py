"""The parts of an export besides the files: their names, and the recipes as a table and as JSON. Pure.

Names are readable and differ in their number, regardless of the prompts. A cell of the table is never a formula.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from services.catalogue import Catalogue
from services.domain.jobs import Asset, JobWithAssets
from services.media.metadata import recipe_of, write_json

_LONGEST_WORDS = 40
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings of a cell that a spreadsheet may treat as a formula, including the wide characters of Asian keyboards."""
COLUMNS = (
    "file", "date", "family", "model", "region", "prompt", "negative_prompt", "rewritten_prompt", "parameters",
    "inputs", "seconds", "width", "height", "bytes", "cost", "currency", "favourite", "rating", "tags", "task_id",
    "request_id", "job", "asset", "sha256", "note",
)  # fmt: skip
BOM = "\ufeff".encode()
"""Without it, spreadsheets decode the table wrongly."""


@dataclass
class Naming:
    """Assigns names in order. With `words`, a name holds the beginning of the prompt."""

    catalogue: Catalogue
    words: bool = True
    given: dict[str, str] = field(default_factory=dict[str, str])
    """The name of each file, by asset id."""
    missing: dict[str, str] = field(default_factory=dict[str, str])
    """Why a file is missing, by asset id."""
    _count: int = 0

    def name(self, found: JobWithAssets) -> list[Asset]:
        """Assign names to the outputs of a job. Returns the outputs."""
        made = [asset for asset in found.assets if asset.is_output]
        article = any(asset.kind == "article" for asset in made)
        stem = self._stem(found)
        if article:
            self._count += 1
            # The text of an article refers to its pictures by their own names.
            self.given |= {asset.id: f"{stem}_{self._count:04}/{_part(asset.name, most=100)}" for asset in made}
            return made
        for asset in made:
            self._count += 1
            suffix = PurePosixPath(asset.key).suffix
            self.given[asset.id] = f"{stem}_{self._count:04}{suffix}"
        return made

    def _stem(self, found: JobWithAssets) -> str:
        job = found.job
        known = self.catalogue.family(job.family)
        parts = [time.strftime("%Y-%m-%d", time.localtime(job.created_at / 1000)), known.label if known else job.family]
        if self.words:
            parts.append(job.prompt[: 4 * _LONGEST_WORDS])
        return "_".join(part for text in parts if (part := _part(text, most=_LONGEST_WORDS)))


def _part(text: str, *, most: int) -> str:
    """Return a part of a file name valid on every system: letters and numbers of any script, with `-._` between."""
    kept = "".join(sign if sign.isalnum() or sign in "._" else "-" for sign in text)
    return "-".join(piece for piece in kept.split("-") if piece)[:most].strip("-._")


# Recipes --------------------------------------------------------------------------------------------------------------


def table(jobs: Sequence[JobWithAssets], naming: Naming) -> bytes:
    """Return the rows of these jobs, a row for each file."""
    text = io.StringIO()
    writer = csv.writer(text)
    for found in jobs:
        writer.writerows(
            [safe_cell(row[name]) for name in COLUMNS]
            for asset in found.assets
            if asset.is_output and asset.id in naming.given
            for row in (_row(found, asset, naming),)
        )
    return text.getvalue().encode()


def table_head() -> bytes:
    """Return the beginning of the table: the byte order mark and the header row."""
    return BOM + (",".join(COLUMNS) + "\r\n").encode()


def safe_cell(value: object) -> str:
    """Return a cell that is read as text, regardless of its first character."""
    text = "" if value is None else str(value)
    if isinstance(value, str) and text.lstrip(" ").startswith(_FORMULAS):
        return f"'{text}"
    return text


def listed(jobs: Sequence[JobWithAssets], naming: Naming) -> list[str]:
    """Return the JSON of each output of these jobs: its name, its recipe and its facts."""
    return [
        json.dumps(_entry(found, asset, naming), ensure_ascii=False, separators=(",", ":"))
        for found in jobs
        for asset in found.assets
        if asset.is_output and asset.id in naming.given
    ]


def _entry(found: JobWithAssets, asset: Asset, naming: Naming) -> dict[str, Any]:  # Any: JSON
    row = _row(found, asset, naming)
    names = ("seconds", "width", "height", "bytes", "sha256", "cost", "currency", "favourite", "rating", "note")
    return {
        "file": row["file"],
        "recipe": json.loads(write_json(recipe_of(found.job, _given(found), asset_id=asset.id))),
        **{name: row[name] for name in names if row[name] not in (None, "")},
        "tags": list(found.tags),
    }


def _given(found: JobWithAssets) -> list[Asset]:
    return [asset for asset in found.assets if not asset.is_output]


def _row(found: JobWithAssets, asset: Asset, naming: Naming) -> Mapping[str, Any]:  # Any: cells of every kind
    job = found.job
    micros = job.estimated_micros if job.actual_micros is None else job.actual_micros
    return {
        "file": "" if asset.id in naming.missing else naming.given[asset.id],
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(job.created_at / 1000)),
        "family": job.family,
        "model": job.model,
        "region": job.region,
        "prompt": job.prompt,
        "negative_prompt": str(job.parameters.get("negative_prompt") or ""),
        "rewritten_prompt": job.rewritten_prompt or "",
        "parameters": json.dumps(dict(job.parameters), ensure_ascii=False),
        "inputs": "; ".join(f"{one.role}: {one.name}" for one in _given(found)),
        "seconds": asset.seconds,
        "width": asset.width,
        "height": asset.height,
        "bytes": asset.bytes,
        "cost": micros / 1_000_000,
        "currency": job.currency,
        "favourite": "yes" if job.favourite else "",
        "rating": job.rating or None,
        "tags": ", ".join(found.tags),
        "task_id": job.task_id or "",
        "request_id": job.request_id or "",
        "job": job.id,
        "asset": asset.id,
        "sha256": asset.sha256,
        "note": naming.missing.get(asset.id, ""),
    }

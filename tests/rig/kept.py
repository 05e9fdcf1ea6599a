"""A gallery of told jobs that can be kept in order: paged both ways, searched, marked, binned, put together.

What the real routes do is tested with them; this one is as quick with 5,000 jobs as with five, and fails on demand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, HTTPException, Request

from tests.rig.screening import Screening, Told, article_file, job, picture

NEWEST = datetime(2026, 11, 22, 18, tzinfo=UTC)
SHAPES = ("wide", "square", "tall")


def kept_job(number: int, *, before: timedelta = timedelta(), **more: Any) -> Told:  # Any: a JobView's members
    """The job of this number: the higher, the newer. Pictures of three shapes in turn, unless `outputs` says other."""
    created = NEWEST - before
    told = job(number, outputs=[picture(f"{SHAPES[number % 3]}-{number}", **_sides(number))])
    times = {name: created.isoformat().replace("+00:00", "Z") for name in ("created_at", "finished_at", "updated_at")}
    place = str((int(created.timestamp() * 1000) << 20) + number)
    order = {"favourite": False, "rating": 0, "tags": [], "collections": [], "deleted_at": None}
    rest = {"person": "local", "imported": False, "expires_at": None, "safe": "disk", "source_job": None}
    return told | times | order | rest | {"place": place} | more


def clip(name: str, *, seconds: float = 5.0) -> Told:
    """A clip that was made."""
    return picture(name, width=1280, height=720) | {"kind": "video", "seconds": seconds}


def article() -> list[Told]:
    """What an article leaves: its pictures and its words."""
    return [picture("wide-article", width=1280, height=720), article_file("words")]


def _sides(number: int) -> dict[str, int]:
    return ({"width": 1280, "height": 720}, {"width": 1024, "height": 1024}, {"width": 960, "height": 1280})[number % 3]


@dataclass
class Kept(Screening):
    """Told jobs with all that the gallery asks for."""

    collections: dict[str, Told] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    """The questions for pages, in their order."""
    down: bool = False
    kept_back: dict[str, str] = field(default_factory=dict)
    """Jobs that do not go into the bin, and why."""
    sweeps: list[bool] = field(default_factory=list)

    def fill(self, count: int, *, apart: timedelta = timedelta(minutes=7)) -> None:
        """So many jobs, told to nobody yet."""
        for number in range(count):
            told = kept_job(count - number, before=apart * number)
            self.jobs[told["id"]] = told

    @property
    def app(self) -> FastAPI:
        """The application."""
        app = FastAPI()
        app.add_api_route("/studio/jobs", self._page_of_jobs)
        app.add_api_route("/studio/tags", self._tags)
        app.add_api_route("/studio/collections", lambda: [self._with_count(one) for one in self.collections.values()])
        app.add_api_route("/studio/disk", lambda: DISK)
        app.add_api_route("/studio/shelf", self._mark, methods=["POST"])
        app.add_api_route("/studio/bin", self._discard, methods=["POST"])
        app.add_api_route("/studio/bin/restore", self._restore, methods=["POST"])
        app.add_api_route("/studio/bin/empty", self._empty, methods=["POST"])
        app.add_api_route("/studio/collections", self._collect, methods=["POST"])
        app.add_api_route("/studio/collections/{one}", self._rename, methods=["POST"])
        app.add_api_route("/studio/collections/{one}/drop", self._drop, methods=["POST"])
        app.add_api_route("/studio/exports", self._export, methods=["POST"])
        app.add_api_route("/studio/janitor", self._sweep, methods=["POST"])
        app.mount("", super().app)
        return app

    def _page_of_jobs(self, request: Request) -> Told:
        if self.down:
            raise HTTPException(503)
        asked = dict(request.query_params)
        self.asked.append(asked)
        found = sorted(filter(lambda one: self._fits(one, asked), self.jobs.values()), key=place, reverse=True)
        limit, cursor = int(asked.get("limit", 60)), int(asked.get("cursor") or 0)
        if asked.get("newer"):
            above = [one for one in found if place(one) > cursor]
            items = above[-limit:]
        else:
            items = [one for one in found if not cursor or place(one) < cursor][:limit]
        first, last = (place(items[0]), place(items[-1])) if items else (0, 0)
        return {
            "items": items,
            "next_cursor": str(last) if items and last > place(found[-1]) else None,
            "previous_cursor": str(first) if items and first < place(found[0]) else None,
            "remarks": ["There is no filter “colour”."] if "colour:" in asked.get("query", "") else [],
        }

    def _fits(self, one: Told, asked: dict[str, str]) -> bool:
        if bool(one["deleted_at"]) != (asked.get("deleted") == "true"):
            return False
        if asked.get("collection") and asked["collection"] not in one["collections"]:
            return False
        return all(_holds(one, part) for part in asked.get("query", "").split())

    async def _mark(self, request: Request) -> Told:
        sent = await request.json()
        for one in self._named(sent):
            one |= {name: sent[name] for name in ("favourite", "rating") if name in sent}
            for name, add, take in (("tags", "add_tags", "remove_tags"), ("collections", "add_to", "remove_from")):
                one[name] = sorted({*one[name], *sent.get(add, [])} - set(sent.get(take, [])))
            self._changed(one)
        return {"jobs": self._named(sent)}

    def _named(self, sent: Told) -> list[Told]:
        return [self.jobs[one] for one in sent["jobs"]]

    def _changed(self, one: Told) -> None:
        self.tell(one | {"sequence": one["sequence"] + 100_000})

    async def _discard(self, request: Request) -> Told:
        moved = [one for one in self._named(await request.json()) if one["id"] not in self.kept_back]
        for one in moved:
            self._changed(one | {"deleted_at": "2026-11-22T17:00:00.000Z"})
        return {"moved": len(moved), "kept": [{"job": one, "why": why} for one, why in self.kept_back.items()]}

    async def _restore(self, request: Request) -> Told:
        moved = self._named(await request.json())
        for one in moved:
            self._changed(one | {"deleted_at": None})
        return {"moved": len(moved), "kept": []}

    async def _empty(self, request: Request) -> Told:
        wanted = (await request.json())["jobs"]
        gone = [one for one, told in self.jobs.items() if told["deleted_at"] and (wanted is None or one in wanted)]
        for one in gone:
            del self.jobs[one]
        return {"removed": len(gone), "bytes": 1_400_000 * len(gone)}

    def _tags(self) -> list[Told]:
        worn = [name for one in self.jobs.values() for name in one["tags"]]
        return [{"name": name, "count": worn.count(name)} for name in sorted(set(worn))]

    def _with_count(self, one: Told) -> Told:
        return one | {"count": sum(one["id"] in told["collections"] for told in self.jobs.values())}

    async def _collect(self, request: Request) -> Told:
        made = {"id": f"c-{len(self.collections)}", "name": (await request.json())["name"], "person": "local"}
        self.collections[made["id"]] = made
        return made

    async def _rename(self, request: Request, one: str) -> Told:
        self.collections[one]["name"] = (await request.json())["name"]
        return self.collections[one]

    async def _drop(self, one: str) -> Told:
        del self.collections[one]
        return {"dropped": one}

    async def _export(self, request: Request) -> Told:
        sent = await request.json()
        self.posted.append(("/studio/exports", sent))
        return {"url": "/studio/static/icons/check.svg", "files": len(sent["jobs"]), "bytes": 5}

    async def _sweep(self, request: Request) -> Told:
        dry_run = (await request.json())["dry_run"]
        self.sweeps.append(dry_run)
        found = {"name": "results/lost.mp4", "bytes": 7_340_032, "why": "No work needs it."}
        return {"files": [found], "count": 1, "bytes": found["bytes"], "removed": not dry_run}


def place(one: Told) -> int:
    """Where a job stands."""
    return int(one["place"])


def _holds(one: Told, part: str) -> bool:
    if part == "fav":
        return bool(one["favourite"])
    if found := re.fullmatch(r"(family|status|tag):(.+)", part):
        name, value = found.groups()
        return value in one["tags"] if name == "tag" else one[name] == value
    return part.casefold() in one["prompt"].casefold() or ":" in part


DISK: Told = {
    "total": 500 * 2**30,
    "free": 312 * 2**30,
    "families": [
        {
            "family": "clips",
            "label": "Reference to video",
            "bytes": 31 * 2**30,
            "months": [{"month": f"2026-{month:02}", "bytes": (month - 5) * 2**30} for month in range(6, 12)],
        },
        {
            "family": "pictures",
            "label": "Images",
            "bytes": 4 * 2**30,
            "months": [{"month": f"2026-{month:02}", "bytes": 2**30} for month in range(8, 12)],
        },
    ],
    "bin": 2**28,
    "inputs": 2**29,
}

"""Homes of earlier versions, and what people see in one.

Each folder is a home as the program of that version left it: `studio.db`, the results and inputs in `files`, and
`seen.json`, what people saw of it on the day on which it was put here. `python -m tests.kept HOME` prints what people
see in a home.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.catalogue import CATALOGUE
from services.database.caps import Spender
from services.database.jobs import History
from services.domain.people import EVERYONE
from services.domain.search_query import Find
from services.gallery.search_syntax import names_of, parse_query
from services.gallery.views import job_view
from services.money.spending import Spending
from tests import ROOT

KEPT = ROOT / "tests/kept"
SEARCHES = (
    "", "fox", "狐狸", '"paper boat"', "-fox", "fav", "rating>=3", "tag:print", "kind:video", "status:failed",
    "family:image", "seconds>4", "cost<1", "by:mei", 'in:"For print"', "before:2025-10-22", "is:imported",
)  # fmt: skip


async def seen(home: Path) -> Mapping[str, Any]:  # Any: JSON
    """Open a home's database as a start does, and return what people see of it."""
    async with History.open(f"sqlite+aiosqlite:///{home / 'studio.db'}") as history:
        names = names_of(CATALOGUE.families, CATALOGUE.models)
        found: dict[str, list[str]] = {}
        jobs: dict[str, Any] = {}
        for text in SEARCHES:
            for demo in (False, True):
                query = parse_query(text, names=names)
                page = await history.page(Find(demo=demo, query=query), limit=60)
                found[f"{text}{' (demo)' if demo else ''}"] = [one.job.prompt for one in page.items]
                jobs |= {one.job.id: job_view(one, CATALOGUE) for one in page.items}
        binned = await history.page(Find(demo=False, deleted=True), limit=60)
        organized, spender = history.organized, Spender(person="mei", demo=False, day="2025-10-25")
        return {
            "jobs": jobs,
            "searches": found,
            "bin": [one.job.prompt for one in binned.items],
            "tags": sorted(tag.name for tag in await organized.tags(person=EVERYONE, demo=False)),
            "collections": [[one.name, one.count] for one in await organized.collections(person=EVERYONE, demo=False)],
            "caps": sorted(
                [str(state.cap.scope), str(state.cap.period), state.cap.micros, state.left]
                for state in await history.caps.states(spender)
            ),
            "spent": {
                day: await Spending(history.engine).today(person=EVERYONE, demo=False, day=day)
                for day in ("2025-10-20", "2025-10-21", "2025-10-24")
            },
            "unfinished": [[job.prompt, str(job.status), job.decision] for job in await history.unfinished()],
            "doubtful": [
                one.job_id for one in [await history.submissions.latest(job) for job in sorted(jobs)] if one is not None
            ],
            "files": sorted(await history.files.in_use(_keys(home))),
        }


def _keys(home: Path) -> list[str]:
    """The keys of the files that a home has."""
    files = home / "files"
    return sorted(path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file())

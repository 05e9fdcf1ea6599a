"""One of several processes that share a database: it orders some works, and carries jobs of all until it is ended.

python -m tests.rig.member HOME FILES BASE_URL DATABASE_URL COUNT

Prints a line when it is ready, and one whenever it takes a step of a job up or is done with it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from services.catalogue import CATALOGUE
from services.dashscope.api_keys import Accounts
from services.database.jobs import History
from services.domain.clock import now_ms
from services.domain.people import LOCAL
from services.jobs.build import Order, jobs_of
from services.jobs.service import Jobs
from services.jobs.workers import Workers
from services.monitoring.tracing import Tracing
from services.request import parse
from services.storage.archive import Archive
from tests.rig.contexts import context_on
from tests.rig.studio import QUICK, settings_for

FAMILY, MODEL = "text_to_video", "wan2.6-t2v"


class Printing:
    """A tracer that prints when a span begins and ends."""

    @contextmanager
    def start_as_current_span(self, name: str, *, attributes: Mapping[str, str]) -> Iterator[None]:
        """One step of a job."""
        tell(word="begin", step=name, job=attributes["studio.job_id"])
        try:
            yield
        finally:
            tell(word="end", step=name, job=attributes["studio.job_id"])


def tell(**words: object) -> None:
    """Print a line of JSON."""
    print(json.dumps({"at": time.time(), **words}), flush=True)


async def _nobody(_job_id: str) -> None:
    """Nobody watches."""


async def _from_nowhere(_path: Path, _sha256: str) -> None:
    """No file is given."""


async def _run(home: Path, files: Path, base_url: str, database_url: str, count: int) -> None:
    settings = settings_for(home, base_url, studio_database_url=database_url)
    archive = Archive(files)
    archive.prepare()
    home.mkdir(parents=True, exist_ok=True)
    async with History.open(settings.database_url) as history:
        workers = Workers(history.engine)
        async with Accounts(settings, CATALOGUE, sharers=lambda: workers.size).open() as accounts:
            context = context_on(
                history,
                workers=workers,
                archive=archive,
                accounts=accounts,
                announce=_nobody,
                pace=QUICK,
                span=Tracing(Printing()).span,
            )
            async with Jobs.open(context, home=home, database_url=settings.database_url) as jobs:
                tell(word="ready", process=workers.name)
                for number in range(count):
                    given = {"prompt": f"{home.name} {number}", "duration": 2}
                    request = parse(CATALOGUE, family=FAMILY, model_id=MODEL, region="singapore", given=given)
                    order = Order(request=request, given=given, person=LOCAL, copies=1, source=None, demo=False)
                    account = accounts.for_new_job("singapore")
                    await jobs.start(
                        await jobs_of(order, account=account, archive=archive, trace=_from_nowhere, now=now_ms())
                    )
                await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])))

"""Several processes share a database: what one changes, pages of another see, and both learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.database.jobs import History
from services.domain.jobs import JobStatus, JobWithAssets
from services.jobs.remote_changes import RemoteChanges
from tests.rig.postgres import emptied
from tests.rig.works import a_job


class Ears:
    """What was heard."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, JobStatus]] = []
        self.models: list[str] = []

    def tell(self, found: Sequence[JobWithAssets]) -> None:
        self.jobs += [(one.job.id, one.job.status) for one in found]

    async def learn(self, vendor_model: str) -> None:
        self.models.append(vendor_model)


async def test_what_another_process_changes_is_told_here_and_learnt_from(postgres_url: str, tmp_path: Path) -> None:
    url = await emptied(postgres_url)
    async with (
        History.open(url) as ours,
        History.open(url) as theirs,
    ):
        ears = Ears()
        sharers = 1
        hearing = RemoteChanges(ours, sharers=lambda: sharers, tell=ears.tell, learn=ears.learn)
        before = await theirs.add(a_job())
        await hearing.listen()
        assert ears.jobs == [], "alone there is nothing to hear"
        sharers = 2
        await hearing.listen()
        assert ears.jobs == [], "what was before is no news"
        await theirs.change(before.id, status=JobStatus.RUNNING)
        await hearing.listen()
        assert (ears.jobs, ears.models) == ([(before.id, JobStatus.RUNNING)], [])
        await theirs.change(before.id, status=JobStatus.SAVING)
        await hearing.listen()
        assert (ears.jobs[1:], ears.models) == ([(before.id, JobStatus.SAVING)], [before.vendor_model])
        await hearing.listen()
        assert len(ears.jobs) == 2, "nothing is told twice"


async def test_a_process_alone_hears_nothing(tmp_path: Path) -> None:
    async with History.open(f"sqlite+aiosqlite:///{tmp_path / 'studio.db'}") as history:
        ears = Ears()
        hearing = RemoteChanges(history, sharers=lambda: 1, tell=ears.tell, learn=ears.learn)
        job = await history.add(a_job())
        for _ in range(2):
            await history.change(job.id, status=JobStatus.SAVING)
            await hearing.listen()
        assert (ears.jobs, ears.models) == ([], [])

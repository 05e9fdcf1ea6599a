"""Jobs of a database that was put back from an older copy: they may have been ordered since.

Such a job is never sent and never looked up by itself: the time in which it may have been ordered is not known, and a
list of orders that does not show it proves nothing. A person decides, or its result is found in the archive. Which jobs
are held, and how that is written down: services.database.restored_jobs.
"""

from __future__ import annotations

from services.domain.jobs import Decision, Job, JobStatus


def is_held(job: Job) -> bool:
    """Whether a job waits for a person's word, and for nothing else."""
    return job.status is JobStatus.UNKNOWN and job.decision is Decision.RESTORED

"""What the steps of a job work with, built for a test from a database and whatever the test hands in."""

from __future__ import annotations

from typing import Any

from services.catalogue import CATALOGUE, Catalogue
from services.database.jobs import History
from services.jobs.context import Context
from services.jobs.scheduling import Slots
from services.jobs.timing import Samples, Timing
from services.jobs.workers import Workers


def context_on(
    history: History,
    *,
    catalogue: Catalogue = CATALOGUE,
    workers: Workers | None = None,
    **given: Any,  # members of Context
) -> Context:
    """A context on this database. `given` are the other members."""
    return Context(
        history=history,
        slots=Slots(history.engine),
        workers=workers or Workers(history.engine),
        timing=Timing(Samples(history.engine), catalogue),
        catalogue=catalogue,
        **given,
    )

"""What the steps of a job work with, built for a test from a database and whatever the test hands in."""

from __future__ import annotations

from typing import Any

from services.catalogue import CATALOGUE, Catalogue
from services.crew import Crew
from services.database.jobs import History
from services.jobs import Context
from services.lanes import Board
from services.timing import Times, Timing


def context_on(
    history: History,
    *,
    catalogue: Catalogue = CATALOGUE,
    workers: Crew | None = None,
    **given: Any,  # members of Context
) -> Context:
    """A context on this database. `given` are the other members."""
    return Context(
        history=history,
        slots=Board(history.engine),
        workers=workers or Crew(history.engine),
        timing=Timing(Times(history.engine), catalogue),
        catalogue=catalogue,
        **given,
    )

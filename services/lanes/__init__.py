"""Lanes: how many jobs of an account and model may be at the vendor at once, and who is next.

The jobs' table is the queue. `turns` says whose turn it is, `limits` what refusals teach; both are pure. `board` gives
lanes in the database, where all processes obey one limit, and `dispatcher` looks at it whenever something has changed.
"""

from __future__ import annotations

from services.lanes.board import Board, has_lane
from services.lanes.dispatcher import Dispatcher, Place
from services.lanes.turns import FIRST, URGENT

__all__ = ["FIRST", "URGENT", "Board", "Dispatcher", "Place", "has_lane"]

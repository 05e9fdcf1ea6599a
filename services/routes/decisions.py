"""What a person decides of a job under way: about a lost order, and about what cannot be stopped any more."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import APIRouter, Request

from services.domain.errors import StudioError
from services.domain.jobs import Decision, OnArrival
from services.money.agreed import agreed_in
from services.routes.bodies import json_body
from services.routes.people import Check, OwnPage
from services.studio import Studio
from services.views import JobView

_LONGEST_BODY = 256
_Word = TypeVar("_Word", bound=StrEnum)


def router(studio: Studio) -> APIRouter:
    """The routes /studio/jobs/{id}/decide and /studio/jobs/{id}/arrival."""
    routes = APIRouter(prefix="/studio/jobs", dependencies=[OwnPage])

    @routes.post("/{job_id}/decide", response_model=None)
    async def decide(job_id: str, request: Request, person: Check) -> JobView:
        sent = await _sent(request)
        decision = _word(sent, "decision", (Decision.SEND, Decision.DROP))
        agreed = agreed_in(sent["agreed"]) if "agreed" in sent else None
        return await studio.decide(job_id, decision, person=person, agreed=agreed)

    @routes.post("/{job_id}/arrival", response_model=None)
    async def arrival(job_id: str, request: Request, person: Check) -> JobView:
        on_arrival = _word(await _sent(request), "on_arrival", tuple(OnArrival))
        return await studio.arrive(job_id, on_arrival, person=person)

    return routes


async def _sent(request: Request) -> dict[str, Any]:  # Any: JSON from outside
    return await json_body(request, limit=_LONGEST_BODY, what="a decision")


def _word(sent: Mapping[str, object], name: str, words: tuple[_Word, ...]) -> _Word:
    """One of some words in a body. Raises StudioError."""
    known = next((word for word in words if word == sent.get(name)), None)
    if known is None:
        raise StudioError(f"`{name}` is {' or '.join(f'`{word}`' for word in words)}.")
    return known

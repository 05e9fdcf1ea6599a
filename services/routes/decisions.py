"""What a person decides of a job under way: about a lost order, and about what cannot be stopped any more."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter, Request

from services.errors import StudioError
from services.records import Decision, OnArrival
from services.routes.bodies import json_body
from services.routes.people import Asking, OwnPage
from services.studio import Studio
from services.views import JobView

_LONGEST_BODY = 256
_Word = TypeVar("_Word", bound=StrEnum)


def router(studio: Studio) -> APIRouter:
    """The routes /studio/jobs/{id}/decide and /studio/jobs/{id}/arrival."""
    routes = APIRouter(prefix="/studio/jobs", dependencies=[OwnPage])

    @routes.post("/{job_id}/decide", response_model=None)
    async def decide(job_id: str, request: Request, person: Asking) -> JobView:
        decision = await _word(request, "decision", (Decision.SEND, Decision.DROP))
        return await studio.decide(job_id, decision, person=person)

    @routes.post("/{job_id}/arrival", response_model=None)
    async def arrival(job_id: str, request: Request, person: Asking) -> JobView:
        return await studio.arrive(job_id, await _word(request, "on_arrival", tuple(OnArrival)), person=person)

    return routes


async def _word(request: Request, name: str, words: tuple[_Word, ...]) -> _Word:
    """One of some words in a body. Raises StudioError."""
    sent = (await json_body(request, limit=_LONGEST_BODY, what="a decision")).get(name)
    known = next((word for word in words if word == sent), None)
    if known is None:
        raise StudioError(f"`{name}` is {' or '.join(f'`{word}`' for word in words)}.")
    return known

"""Organising jobs: marks, tags, collections, the bin, the disk. Plain JSON; the views define the form of a job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from services.catalogue import Catalogue
from services.domain.clock import iso
from services.domain.errors import StudioError
from services.domain.jobs import JobWithAssets
from services.domain.json_values import list_in
from services.domain.people import Person
from services.gallery.views import job_view
from services.studio import MOST_JOBS, Collection, DiscardReceipt, Marks, Studio
from services.web.caller import Caller, OwnPage
from services.web.request_body import json_body

_LONGEST_BODY = 128 * 1024
"""Room for a thousand ids and some text."""
_LONGEST_NAME_BODY = 4_096


def router(studio: Studio) -> APIRouter:
    """Build the routes of the shelf, the bin and the disk."""
    routes = APIRouter(prefix="/studio")
    _add_marks(routes, studio)
    _add_bin(routes, studio)
    _add_collections(routes, studio)
    _add_disk(routes, studio)
    return routes


def _add_marks(routes: APIRouter, studio: Studio) -> None:
    @routes.post("/shelf", dependencies=[OwnPage])
    async def mark(request: Request, person: Caller) -> Response:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a list of changes")
        found = await studio.services.organizer.mark(person, job_ids_in(sent), _marks_in(sent))
        return Response(await asyncio.to_thread(_as_json, found, studio.catalogue), media_type="application/json")

    @routes.get("/tags")
    async def tags(person: Caller) -> list[dict[str, Any]]:
        return [asdict(tag) for tag in await studio.services.organizer.tags(person)]


def _add_bin(routes: APIRouter, studio: Studio) -> None:
    @routes.post("/bin", dependencies=[OwnPage])
    async def discard(request: Request, person: Caller) -> dict[str, Any]:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a list of works")
        return _receipt(await studio.services.organizer.discard(person, job_ids_in(sent)))

    @routes.post("/bin/restore", dependencies=[OwnPage])
    async def restore(request: Request, person: Caller) -> dict[str, Any]:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a list of works")
        return _receipt(await studio.services.organizer.restore(person, job_ids_in(sent)))

    @routes.post("/bin/empty", dependencies=[OwnPage])
    async def empty(request: Request, person: Caller) -> dict[str, Any]:
        sent = await json_body(request, limit=_LONGEST_BODY, what="a list of works")
        if "jobs" not in sent:
            raise StudioError("Say which works: `jobs` is a list of ids, or null for all in the bin.")
        ids = None if sent["jobs"] is None else job_ids_in(sent)
        emptied = await studio.services.cleanup.empty(person, ids, demo=studio.demo)
        return {"removed": len(emptied.job_ids), "bytes": emptied.bytes}


def _add_collections(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/collections")
    async def collections(person: Caller) -> list[dict[str, Any]]:
        return [_collection(one, person) for one in await studio.services.organizer.collections(person)]

    @routes.post("/collections", dependencies=[OwnPage])
    async def make(request: Request, person: Caller) -> dict[str, Any]:
        return _collection(await studio.services.organizer.make_collection(person, await _name_in(request)), person)

    @routes.post("/collections/{collection_id}", dependencies=[OwnPage])
    async def rename(collection_id: str, request: Request, person: Caller) -> dict[str, Any]:
        renamed = await studio.services.organizer.rename_collection(person, collection_id, await _name_in(request))
        return _collection(renamed, person)

    @routes.post("/collections/{collection_id}/drop", dependencies=[OwnPage])
    async def drop(collection_id: str, person: Caller) -> dict[str, Any]:
        await studio.services.organizer.drop_collection(person, collection_id)
        return {"dropped": collection_id}


def _add_disk(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/disk")
    async def disk(person: Caller) -> dict[str, Any]:
        return asdict(await studio.services.usage.use(person))

    @routes.post("/janitor", dependencies=[OwnPage])
    async def janitor(request: Request, person: Caller) -> dict[str, Any]:
        sent = await json_body(request, limit=_LONGEST_NAME_BODY, what="what the janitor is to do")
        dry_run = sent.get("dry_run", True)
        if not isinstance(dry_run, bool):
            raise StudioError("`dry_run` is true to look only, or false to remove what was found.")
        return asdict(await studio.services.cleanup.sweep(person, dry_run=dry_run))


# Between JSON and values ---------------------------------------------------------------------------------------------


def job_ids_in(sent: dict[str, Any]) -> tuple[str, ...]:  # Any: JSON from outside
    """Return the ids in the member `jobs`. Raises StudioError if there are none, or too many."""
    ids = _texts_in(sent, "jobs")
    if not ids:
        raise StudioError("Choose something first: `jobs` is a list of ids.")
    if len(ids) > MOST_JOBS:
        raise StudioError(f"That is too many at once: choose up to {MOST_JOBS:,}.")
    return ids


def _texts_in(sent: dict[str, Any], name: str) -> tuple[str, ...]:
    texts = texts_in(sent.get(name, []))
    if texts is None:
        raise StudioError(f"`{name}` is a list of texts.")
    return texts


def texts_in(value: object) -> tuple[str, ...] | None:
    """Return a list of texts, or None if the value is anything else."""
    each = list_in(value)
    is_one = isinstance(value, list) and all(isinstance(one, str) for one in each)
    return tuple(cast("list[str]", each)) if is_one else None


def _marks_in(sent: dict[str, Any]) -> Marks:
    favourite, rating = sent.get("favourite"), sent.get("rating")
    if favourite is not None and not isinstance(favourite, bool):
        raise StudioError("`favourite` is true or false.")
    if rating is not None and type(rating) is not int:
        raise StudioError("`rating` is a whole number from 0 to 5.")
    return Marks(
        favourite=favourite,
        rating=rating,
        add_tags=_texts_in(sent, "add_tags"),
        remove_tags=_texts_in(sent, "remove_tags"),
        add_to=_texts_in(sent, "add_to"),
        remove_from=_texts_in(sent, "remove_from"),
    )


async def _name_in(request: Request) -> str:
    sent = await json_body(request, limit=_LONGEST_NAME_BODY, what="a collection")
    name = sent.get("name")
    if not isinstance(name, str):
        raise StudioError("A collection needs a `name`.")
    return name


def _receipt(receipt: DiscardReceipt) -> dict[str, Any]:
    return {"moved": len(receipt.moved), "kept": [asdict(one) for one in receipt.kept]}


def _collection(one: Collection, person: Person) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "count": one.count,
        "person": one.person,
        "mine": one.person == person.name,
        "created_at": iso(one.created_at),
    }


def _as_json(found: Sequence[JobWithAssets], catalogue: Catalogue) -> bytes:
    """Serialise jobs as JSON. A thousand of them take a while: call it in a thread."""
    views = [job_view(one, catalogue) for one in found]
    return json.dumps({"jobs": views}, ensure_ascii=False, separators=(",", ":")).encode()

"""The recipe of a dropped file, in the words of the page: plain JSON. Nothing is stored."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, TypedDict

from services.catalogue import Catalogue
from services.catalogue.schema import Scalar
from services.database.jobs import History
from services.domain.clock import iso
from services.domain.errors import NotFound
from services.domain.people import Person
from services.media.file_type import HEAD_BYTES, Kind, look
from services.media.metadata import Foreign, Recipe, read_recipe

_KINDS = {Kind.PICTURE: "image", Kind.SOUND: "audio", Kind.FILM: "video"}


class RecipeView(TypedDict):
    """A file's recipe. All words in it are from outside: show them as text only."""

    kind: str
    """`studio` for ours, `foreign` for another tool's, `none`."""
    tool: str
    media: str | None
    """The type of the file itself: image, video, audio, or null."""
    family: str | None
    family_label: str | None
    model: str | None
    model_title: str | None
    known: bool
    """Whether this studio has the model."""
    region: str | None
    prompt: str
    rewritten_prompt: str | None
    negative_prompt: str
    seed: int | None
    parameters: dict[str, Scalar]
    fits: list[str]
    """The parameters that the model has a field for."""
    inputs: list[dict[str, Any]]  # Any: JSON
    created_at: str | None
    moment: str | None
    """The cut taken from the result: first, last, seconds as text, sound; null for the whole."""
    whole: bool
    """Whether the file is the whole result rather than a cut of it."""
    asset: str | None
    job: str | None
    """The job that made it, if it belongs to this person and still exists."""


class RecipeViews:
    """Reads recipes for the page."""

    def __init__(self, *, history: History, catalogue: Catalogue) -> None:
        self._history = history
        self._catalogue = catalogue

    async def read(self, path: Path, *, person: Person) -> RecipeView:
        """Read a file's recipe. Never raises because of the content; raises OSError if the file cannot be read."""
        found, media = await asyncio.to_thread(_looked_at, path)
        match found:
            case Recipe():
                return await self._ours(found, media, person)
            case Foreign():
                return _view(
                    "foreign",
                    media,
                    tool=found.tool,
                    prompt=found.prompt,
                    negative_prompt=found.negative_prompt,
                    seed=found.seed,
                    parameters=dict(found.parameters),
                )
            case None:
                return _view("none", media)

    async def _ours(self, recipe: Recipe, media: str | None, person: Person) -> RecipeView:
        model = self._catalogue.model(recipe.model)
        family = self._catalogue.family(model.family if model else recipe.family)
        names = {field.name for field in model.every_field(recipe.region)} if model else set[str]()
        seed = recipe.parameters.get("seed")
        return _view(
            "studio",
            media,
            tool=recipe.studio,
            family=family.id if family else recipe.family,
            family_label=family.label if family else None,
            model=model.id if model else recipe.model,
            model_title=model.title if model else None,
            known=model is not None,
            region=recipe.region,
            prompt=recipe.prompt,
            rewritten_prompt=recipe.rewritten_prompt,
            negative_prompt=recipe.negative_prompt,
            seed=seed if isinstance(seed, int) else None,
            parameters=dict(recipe.parameters),
            fits=[name for name in recipe.parameters if name in names],
            inputs=[
                {"field": one.field, "position": one.position, "name": one.name, "kind": one.kind, "sha256": one.sha256}
                for one in recipe.inputs
            ],
            created_at=_time(recipe.created_at),
            moment=recipe.moment,
            whole=recipe.moment is None,
            asset=recipe.asset,
            job=await self._job(recipe.asset, person),
        )

    async def _job(self, asset_id: str, person: Person) -> str | None:
        try:
            asset = await self._history.asset(asset_id, owner=person.scope)
            found = await self._history.with_assets(asset.job_id, owner=person.scope)
        except NotFound:
            return None
        return found.job.id if found.job.deleted_at is None else None


def _view(kind: str, media: str | None, **told: Any) -> RecipeView:  # Any: members of every kind
    empty = RecipeView(
        kind=kind,
        tool="",
        media=media,
        family=None,
        family_label=None,
        model=None,
        model_title=None,
        known=False,
        region=None,
        prompt="",
        rewritten_prompt=None,
        negative_prompt="",
        seed=None,
        parameters={},
        fits=[],
        inputs=[],
        created_at=None,
        moment=None,
        whole=False,
        asset=None,
        job=None,
    )
    members: dict[str, Any] = {**empty, **told}
    return RecipeView(**members)


def _looked_at(path: Path) -> tuple[Recipe | Foreign | None, str | None]:
    with path.open("rb") as file:
        kind = look(file.read(HEAD_BYTES))
    return read_recipe(path), _KINDS.get(kind)


def _time(milliseconds: int) -> str | None:
    try:
        return iso(milliseconds) if milliseconds else None
    except (ValueError, OverflowError):
        return None  # a date beyond the calendar's range

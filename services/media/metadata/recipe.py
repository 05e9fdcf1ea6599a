"""The recipe of a file: the value, its writing, and its reading from untrusted text.

All text is hostile until it has passed `read_json`: sizes, depth, types and characters are bounded here, once. Nothing
in a recipe opens anything: it has no key, no link, no path and no person.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import NoReturn, cast

from services.catalogue.schema import Scalar
from services.domain.jobs import Asset, Job
from services.domain.json_values import list_in, mapping_in

VERSION = 1
MARK = '{"wan_studio":'
"""The beginning of every recipe. ASCII without a character that XML would change, so it can be found verbatim."""
MAX_BYTES = 56_000
"""A JPEG's segment and the text of a MOV both end at 64 kB, and they hold more than the recipe."""
MAX_WORDS = 20_000
"""Characters of a prompt that are read."""
MAX_MOMENT = 20

_MAX_PARAMETERS, _MAX_TEXT, _MAX_INPUTS, _MAX_NUMBER = 64, 4_000, 64, 1 << 63
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NEGATIVE = "negative_prompt"


@dataclass(frozen=True, kw_only=True)
class RecipeInput:
    """One input file."""

    field: str
    position: int = 0
    """Its place among those of the same field, from 0."""
    name: str
    sha256: str
    kind: str
    """image, audio or video."""
    asset: str | None = None
    """Its id in the studio that made the result."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything needed to make a file again."""

    version: int = VERSION
    studio: str = "Wan Studio"
    asset: str
    """The id of the file, in the studio that made it."""
    job: str
    family: str
    model: str
    region: str
    prompt: str
    rewritten_prompt: str | None = None
    parameters: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    inputs: tuple[RecipeInput, ...] = ()
    parents: tuple[str, ...] = ()
    """Ids of the assets that the input files are, or were cut from."""
    created_at: int = 0
    """The time of the request, in milliseconds since 1970."""
    moment: str | None = None
    """The part of the asset, if the file is not all of it.

    It is `first`, `last`, seconds as text, `sound`, or `fits` for a copy that was made to fit.
    """

    @property
    def negative_prompt(self) -> str:
        """The negative prompt; empty if none was given."""
        return str(self.parameters.get(_NEGATIVE) or "")


def recipe_of(job: Job, given: Sequence[Asset], *, asset_id: str) -> Recipe:
    """Return the recipe of the file `asset_id` that a job makes from its input files."""
    return Recipe(
        asset=asset_id,
        job=job.id,
        family=job.family,
        model=job.model,
        region=job.region,
        prompt=job.prompt,
        rewritten_prompt=job.rewritten_prompt,
        parameters={name: value for name, value in job.parameters.items() if isinstance(value, Scalar)},
        inputs=tuple(
            RecipeInput(
                field=one.role,
                position=one.position,
                name=_file_name(one.name),
                sha256=one.sha256,
                kind=one.kind,
                asset=one.id,
            )
            for one in given
        ),
        parents=tuple(dict.fromkeys(one.parent_id for one in given if one.parent_id)),
        created_at=job.created_at,
    )


# Writing -------------------------------------------------------------------------------------------------------------


def write_json(recipe: Recipe) -> str:
    """Return the recipe as compact JSON in ASCII, MAX_BYTES at most. If the text is too long, its end is dropped."""
    text = _json(recipe)
    if len(text) > MAX_BYTES:
        recipe = replace(recipe, rewritten_prompt=None)
        text = _json(recipe)
    while len(text) > MAX_BYTES and (recipe.prompt or recipe.parameters):
        # A character is at most twelve letters of JSON.
        kept = max(0, len(recipe.prompt) - max(64, (len(text) - MAX_BYTES) // 12))
        recipe = replace(recipe, prompt=recipe.prompt[:kept], parameters=recipe.parameters if recipe.prompt else {})
        text = _json(recipe)
    return text if len(text) <= MAX_BYTES else _json(replace(recipe, inputs=(), parents=()))


def _json(recipe: Recipe) -> str:
    told = {
        "wan_studio": recipe.version,
        "studio": recipe.studio,
        "asset": recipe.asset,
        "job": recipe.job,
        "family": recipe.family,
        "model": recipe.model,
        "region": recipe.region,
        "created_at": recipe.created_at,
        "moment": recipe.moment,
        "prompt": recipe.prompt,
        "rewritten_prompt": recipe.rewritten_prompt,
        "parameters": dict(recipe.parameters),
        "inputs": [
            {
                "field": one.field,
                "position": one.position,
                "name": one.name,
                "sha256": one.sha256,
                "kind": one.kind,
                "asset": one.asset,
            }
            for one in recipe.inputs
        ],
        "parents": list(recipe.parents),
    }
    text = json.dumps({k: v for k, v in told.items() if v is not None}, ensure_ascii=True, separators=(",", ":"))
    # These occur only inside strings. Without them the text is the same in XML and out of it.
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


# Reading -------------------------------------------------------------------------------------------------------------


def read_json(text: str) -> Recipe | None:
    """Return the recipe in a text that begins with one, or None if there is no valid one. Never raises."""
    told = loaded(text, begins=MARK)
    if told is None or told.get("wan_studio") != VERSION:
        return None
    ids = {name: _id(told.get(name)) for name in ("asset", "job", "family", "model", "region")}
    if not ids["asset"] or not ids["model"]:
        return None
    moment = plain(told.get("moment"), most=MAX_MOMENT)
    return Recipe(
        studio=plain(told.get("studio"), most=60),
        asset=ids["asset"],
        job=ids["job"],
        family=ids["family"],
        model=ids["model"],
        region=ids["region"],
        prompt=plain(told.get("prompt")),
        rewritten_prompt=plain(told.get("rewritten_prompt")) or None,
        parameters=scalars(mapping_in(told.get("parameters"))),
        inputs=_inputs(told.get("inputs")),
        parents=_ids(told.get("parents")),
        created_at=_whole(told.get("created_at")),
        moment=moment or None,
    )


def loaded(text: str, *, begins: str = "", most: int = 4_000_000) -> Mapping[str, object] | None:
    """Return the JSON object at the beginning of a text; None if there is none or it is too long or too deep."""
    if len(text) > most or not text.startswith(begins):
        return None
    try:
        told: object = json.JSONDecoder(parse_constant=_no_number).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", told) if isinstance(told, dict) else None  # cast: the names in JSON are texts


def plain(value: object, *, most: int = MAX_WORDS) -> str:
    """Return a text of at most `most` characters that may be stored and shown.

    It has no half characters, and no control characters but line ends and tabs. Anything but a text becomes an empty
    one.
    """
    if not isinstance(value, str):
        return ""
    short = value[: 2 * most]
    whole = short.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    # Cc are control characters, and the overrides of direction can make a text read as another one.
    kept = (c for c in whole if c in "\n\t" or (unicodedata.category(c) != "Cc" and not "\u202a" <= c <= "\u202e"))
    return "".join(kept)[:most].strip()


def scalars(told: Mapping[str, object]) -> dict[str, Scalar]:
    """Return the members of a JSON object that a form could hold, bounded in number and size."""
    found: dict[str, Scalar] = {}
    for name, value in told.items():
        if len(found) >= _MAX_PARAMETERS:
            break
        if not _NAME.fullmatch(name):
            continue
        if isinstance(value, str):
            found[name] = plain(value, most=_MAX_TEXT)
        elif isinstance(value, int | float) and _is_plain_number(value):
            found[name] = value
    return found


def _is_plain_number(value: float) -> bool:
    return math.isfinite(value) if isinstance(value, float) else abs(value) < _MAX_NUMBER


def _inputs(told: object) -> tuple[RecipeInput, ...]:
    found: list[RecipeInput] = []
    for each in list_in(told)[:_MAX_INPUTS]:
        one = mapping_in(each)
        wanted, sha256, kind = one.get("field"), one.get("sha256"), one.get("kind")
        if not isinstance(wanted, str) or not isinstance(sha256, str) or kind not in ("image", "audio", "video"):
            continue
        if not _NAME.fullmatch(wanted) or not _SHA256.fullmatch(sha256):
            continue
        position = min(_whole(one.get("position")), _MAX_INPUTS)
        name = _file_name(plain(one.get("name"), most=200))
        asset = _id(one.get("asset")) or None
        found.append(
            RecipeInput(field=wanted, position=position, name=name, sha256=sha256, kind=str(kind), asset=asset)
        )
    return tuple(found)


def _file_name(name: str) -> str:
    """Return a name without the folders it may have come from."""
    return PurePosixPath(PureWindowsPath(name).name).name[:200]


def _ids(told: object) -> tuple[str, ...]:
    return tuple(found for one in list_in(told)[:_MAX_INPUTS] if (found := _id(one)))


def _id(value: object) -> str:
    return value if isinstance(value, str) and _ID.fullmatch(value) and ".." not in value else ""


def _whole(value: object) -> int:
    return value if type(value) is int and 0 <= value < 1 << 52 else 0


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")

"""What a task comes to: the clip to film, the usage that is billed, the rewritten prompt, how long it all takes.

Plain functions over the catalogue's records.
"""

from __future__ import annotations

import math
import random
import re
from typing import assert_never

from services.catalogue.schema import Model, SizeField, Sound, UsageKey
from services.catalogue.video import PIXELS
from services.media.facts import ImageFacts
from services.request import Request, follow_shape, output_seconds, output_tier
from services.simulator.judge import Refusal

TRIGGER_WORDS = ("forbidden", "违禁内容")
"""A prompt with one of these fails the content check. ("Forbidden City" is a place and passes.)"""

_TRIGGER = re.compile(rf"\b{TRIGGER_WORDS[0]}\b(?!\s+city)|{TRIGGER_WORDS[1]}", re.IGNORECASE)

RUN_SECONDS = (59.0, 313.0, 1003.0)
"""Shortest, median and longest run in the vendor's own sample answers (20 of them; reference, peers 4.3)."""
_SPREAD = 0.75
"""Standard deviation of the logarithm of the same samples."""
WAIT_SECONDS = 15.0
"""Longest usual wait before a run, in the same samples."""

_SECONDS_WITHOUT_A_FIELD = 5
_FLOURISHES = (
    "Soft natural light, shallow depth of field, slow and steady camera, rich detail and a calm cinematic mood.",
    "Wide cinematic framing, gentle camera movement, warm highlights, fine texture and lifelike motion.",
    "Film-like colours, layered depth, delicate light on every surface, smooth and unhurried motion.",
)


def moderate(prompt: str) -> None:
    """Refuse words that fail the content check. Raises Refusal."""
    if _TRIGGER.search(prompt):
        raise Refusal(400, "DataInspectionFailed", "Input data may contain inappropriate content.")


def draw_times(chance: random.Random, *, fixed_run: float | None, speed: float) -> tuple[float, float]:
    """Seconds of waiting and of running: as the vendor's samples spread, or of a fixed run, over the speed."""
    shortest, median, longest = RUN_SECONDS
    run = min(longest, max(shortest, median * math.exp(chance.gauss(0, _SPREAD))))
    wait = chance.uniform(0, WAIT_SECONDS)
    if fixed_run is not None:
        run, wait = fixed_run, wait * fixed_run / median
    return wait / speed, run / speed


def clip_seconds(request: Request) -> int:
    """How long the clip will be."""
    return int(output_seconds(request)) or _SECONDS_WITHOUT_A_FIELD


def clip_sound(request: Request) -> bool:
    """Whether the clip will have sound."""
    match request.model.sound:
        case Sound.NONE:
            return False
        case Sound.ALWAYS:
            return True
        case Sound.CHOSEN:
            return request.values.get("audio") is not False
        case _:
            assert_never(request.model.sound)


def clip_size(request: Request, picture: ImageFacts | None) -> tuple[int, int]:
    """Width and height: as asked, or the picture's shape at the tier's area."""
    for each in request.fields:
        if isinstance(each, SizeField) and (size := each.find(request.values.get(each.name))):
            return size.width, size.height
    area = PIXELS.get(output_tier(request), PIXELS["720P"])
    if picture is None:
        return follow_shape(16, 9, pixels=area)
    return follow_shape(picture.width, picture.height, pixels=area)


def usage_of(request: Request, size: tuple[int, int]) -> dict[str, object]:
    """The `usage` of a finished task, with the keys of the model's family. Source: reference, 7.5."""
    return {key.partition(":")[0]: _usage_value(key, request, size) for key in request.model.usage}


def _usage_value(key: UsageKey, request: Request, size: tuple[int, int]) -> object:
    match key:
        case UsageKey.DURATION | UsageKey.OUTPUT_SECONDS | UsageKey.VIDEO_DURATION:
            return clip_seconds(request)
        case UsageKey.INPUT_SECONDS:
            return 0
        case UsageKey.SIZE | UsageKey.RATIO_IS_SIZE:
            return f"{size[0]}*{size[1]}"
        case UsageKey.RATIO_IS_STANDARD:
            return "standard"
        case UsageKey.TIER:
            return int(output_tier(request).rstrip("Pp") or 0)
        case UsageKey.COUNT:
            return 1
        case UsageKey.AUDIO:
            return clip_sound(request)
        case _:
            assert_never(key)


def rewrite(model: Model, request: Request, *, seed: int) -> str:
    """The prompt as the service enriched it, or nothing where it does not tell."""
    if not model.rewritten_prompt or request.values.get("prompt_extend") is not True or not request.prompt:
        return ""
    return f"{request.prompt.rstrip(' .。')}. {_FLOURISHES[seed % len(_FLOURISHES)]}"

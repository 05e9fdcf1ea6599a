"""The outcome of a task: length and size, billed usage, rewritten prompt, and duration.

Plain functions over the catalogue's records.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from typing import assert_never

from services.catalogue.schema import Sound, UsageKey
from services.catalogue.video_fields import PIXELS
from services.media.facts import AudioFacts, ImageFacts, VideoFacts
from services.request import Request, follow_shape, frame_size, output_count, output_seconds, output_tier
from services.simulator.engine.refusal import Refusal

TRIGGER_WORDS = ("forbidden", "违禁内容")
"""A prompt that contains one of these fails the content check. ("Forbidden City" is a place and passes.)"""

LOSS_WORDS = ("smudge", "污渍")
"""A prompt that contains one of these loses its last picture of several.

That picture behaves as if it had failed the content check alone.
"""

_TRIGGER = re.compile(rf"\b{TRIGGER_WORDS[0]}\b(?!\s+city)|{TRIGGER_WORDS[1]}", re.IGNORECASE)
_LOSS = re.compile(rf"\b{LOSS_WORDS[0]}\b|{LOSS_WORDS[1]}", re.IGNORECASE)

RUN_SECONDS = (59.0, 313.0, 1003.0)
"""Shortest, median and longest run in the vendor's sample answers (20 of them; reference, peers 4.3)."""
_SPREAD = 0.75
"""Standard deviation of the logarithm of the same samples."""
SAMPLED = (60, 300)
"""The vendor's documented duration of the sampled clips. Other jobs run as long as the vendor documents."""
WAIT_SECONDS = 15.0
"""Longest usual wait before a run, in the same samples."""

_SECONDS_WITHOUT_A_FIELD = 5
_SIZE_WITHOUT_A_FIELD = (1280, 1280)
_USUAL_PICTURES = 3
_TOKENS_OF_A_PICTURE = 124
_NUMBER_WORDS = (
    {str(number): number for number in range(1, 13)}
    | {
        word: number + 1
        for words in ("one two three four five six seven eight nine ten eleven twelve", "一 二 三 四 五 六 七 八 九 十")
        for number, word in enumerate(words.split())
    }
    | {"两": 2}
)
_NUMBER = re.compile(
    rf"(?<!\w)({'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))})[\s-]*"
    r"(?:pictures?|images?|illustrations?|steps?|scenes?|panels?|parts?|days?|stops?|[张幅个步]|场景)",
    re.IGNORECASE,
)
_FLOURISHES = (
    "Soft natural light, shallow depth of field, slow and steady camera, rich detail and a calm cinematic mood.",
    "Wide cinematic framing, gentle camera movement, warm highlights, fine texture and lifelike motion.",
    "Film-like colours, layered depth, delicate light on every surface, smooth and unhurried motion.",
)


def moderate(prompt: str) -> None:
    """Check a prompt's content. Raises Refusal if it contains a forbidden word."""
    if _TRIGGER.search(prompt):
        raise Refusal(400, "DataInspectionFailed", "Input data may contain inappropriate content.")


def loses_one(prompt: str) -> bool:
    """Return True if the prompt loses one picture of several."""
    return _LOSS.search(prompt) is not None


def draw_times(
    chance: random.Random, *, fixed_run: float | None, speed: float, usual: tuple[int, int] = SAMPLED
) -> tuple[float, float]:
    """Draw the seconds of waiting and of running, divided by the speed.

    They spread like the vendor's samples or documented times, or follow a fixed run time.
    """
    sampled_shortest, sampled_median, sampled_longest = RUN_SECONDS
    shortest, median, longest = RUN_SECONDS
    spread = _SPREAD
    if usual != SAMPLED:
        shortest, longest = float(usual[0]), float(usual[1])
        median = math.sqrt(shortest * longest)
        spread = _SPREAD * math.log(longest / shortest) / math.log(sampled_longest / sampled_shortest)
    run = min(longest, max(shortest, median * math.exp(chance.gauss(0, spread))))
    wait = chance.uniform(0, WAIT_SECONDS)
    if fixed_run is not None:
        run, wait = fixed_run, wait * fixed_run / sampled_median
    return wait / speed, run / speed


def clip_seconds(request: Request) -> float:
    """Return the length of the clip in seconds, as an int if it is a whole number."""
    return _plain(output_seconds(request) or _SECONDS_WITHOUT_A_FIELD)


def given_clip_seconds(request: Request) -> float:
    """Return the seconds of the input clips that are billed too, without the bill's own limit."""
    files = request.files(request.model.bill.given)
    return _plain(math.fsum(facts.seconds for facts in files if isinstance(facts, VideoFacts)))


def _plain(seconds: float) -> float:
    rounded = round(seconds, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def clip_sound(request: Request) -> bool:
    """Return True if the clip will have sound. If the vendor does not say, it has if an input file has."""
    match request.model.sound:
        case Sound.NONE:
            return False
        case Sound.ALWAYS:
            return True
        case Sound.CHOSEN:
            return request.values.get("audio") is not False
        case Sound.UNSAID:
            return any(
                isinstance(facts, AudioFacts) or (isinstance(facts, VideoFacts) and facts.sound)
                for facts in request.every_file()
            )
        case _:
            assert_never(request.model.sound)


def work_size(request: Request) -> tuple[int, int]:
    """Return width and height: as requested, or an input's shape at the tier's area. A clip's sides are even."""
    size = frame_size(request)
    if not request.model.result.is_video:
        return size or _SIZE_WITHOUT_A_FIELD
    if size is None:
        area = PIXELS.get(output_tier(request), PIXELS["720P"])
        shaped = next((f for f in request.every_file() if isinstance(f, ImageFacts | VideoFacts)), None)
        size = follow_shape(shaped.width, shaped.height, pixels=area) if shaped else follow_shape(16, 9, pixels=area)
    return size[0] // 2 * 2, size[1] // 2 * 2


def picture_count(request: Request) -> int:
    """Return how many pictures are made: the requested number.

    If that is only a maximum, the number that the prompt names.
    """
    most = max(1, output_count(request))
    if not any(mode.at_most for mode in request.model.modes_on(request.values)):
        return most
    named = _NUMBER.search(request.prompt)
    wanted = _NUMBER_WORDS.get(named[1].lower(), 0) if named else 0
    return min(most, wanted or _USUAL_PICTURES)


@dataclass(frozen=True, kw_only=True)
class Made:
    """The parts of a job made so far, for its usage."""

    size: tuple[int, int] = (0, 0)
    pictures: int = 0
    letters: int = 0


def usage_of(request: Request, made: Made) -> dict[str, object]:
    """Return the `usage` of a job, with its model family's keys. Source: reference, 7.5; pictures 1.5 and 1.7."""
    return {key.partition(":")[0]: _usage_value(key, request, made) for key in request.model.usage}


def _usage_value(key: UsageKey, request: Request, made: Made) -> object:  # noqa: PLR0911, PLR0912 - one for each key
    match key:
        case UsageKey.DURATION:
            return _plain(clip_seconds(request) + given_clip_seconds(request))
        case UsageKey.OUTPUT_SECONDS | UsageKey.VIDEO_DURATION:
            return clip_seconds(request)
        case UsageKey.INPUT_SECONDS:
            return given_clip_seconds(request)
        case UsageKey.SIZE | UsageKey.RATIO_IS_SIZE:
            return f"{made.size[0]}*{made.size[1]}"
        case UsageKey.RATIO_IS_STANDARD:
            return "standard"
        case UsageKey.RATIO_IS_MODE:
            return "pro" if "pro" in output_tier(request) else "standard"
        case UsageKey.RATIO:
            return request.values.get("ratio", "")
        case UsageKey.TIER:
            return int("".join(filter(str.isdecimal, output_tier(request))) or 0)
        case UsageKey.FPS:
            return request.model.fps_at(output_tier(request))
        case UsageKey.COUNT:
            return 1
        case UsageKey.AUDIO:
            return clip_sound(request)
        case UsageKey.IMAGE_COUNT:
            return made.pictures
        case UsageKey.INPUT_TOKENS | UsageKey.OUTPUT_TOKENS | UsageKey.TOTAL_TOKENS:
            return _tokens(key, request, made)
        case _:
            assert_never(key)


def _tokens(key: UsageKey, request: Request, made: Made) -> int:
    """Count the tokens. Only articles have them, and they are never billed."""
    if not made.letters:
        return 0
    read, written = 20 + len(request.prompt) // 3, made.letters // 3 + made.pictures * _TOKENS_OF_A_PICTURE
    return {UsageKey.INPUT_TOKENS: read, UsageKey.OUTPUT_TOKENS: written}.get(key, read + written)


def rewrite(request: Request, *, seed: int) -> str:
    """Return the prompt as the vendor enriched it, or an empty string if the vendor does not return it."""
    if not request.model.rewritten_prompt or request.values.get("prompt_extend") is not True or not request.prompt:
        return ""
    return f"{request.prompt.rstrip(' .。')}. {_FLOURISHES[seed % len(_FLOURISHES)]}"

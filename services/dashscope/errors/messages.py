"""Codes with several meanings, distinguished by the vendor's message. Data only; explain.py reads it.

The vendor's own pages sort them the same way: by code first, by a part of the message second (Model Studio, "Error
codes": https://help.aliyun.com/zh/model-studio/error-code). Texts vary in case and punctuation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.dashscope.errors.codes import (
    BAD_BODY,
    BAD_PICTURE,
    FREE_QUOTA,
    LINK_FAILED,
    NO_MODEL,
    PICTURE_SIZE,
    TOO_LARGE,
)
from services.dashscope.errors.text import (
    Explanation,
    Kind,
    Subject,
    choices,
    content,
    file,
    provider,
    sound,
    studio,
    video,
    words,
)


@dataclass(frozen=True)
class Reading:
    """A code with another meaning if its message, in lower case, contains one of these parts."""

    code: str
    holds: tuple[str, ...]
    means: Explanation


_REFUSED_AGAIN = "Change it before you try again: as it is, it would be refused again."
_OTHER_FILE = "Choose another file: the same one would be refused again."
_OTHER_WORDS = "Say it in other words and try again."
_SHORTER = "Write it shorter, or in other words."
_WRONG_WAY = studio("The studio called the provider in a way this model does not take.")

_INSPECTED = (
    Reading(
        "DataInspectionFailed",
        ("input or output",),
        content("The provider's content check did not let this through.", _REFUSED_AGAIN),
    ),
    Reading(
        "DataInspectionFailed",
        ("output",),
        content(
            "What was made did not pass the provider's content check, so it was held back.",
            _OTHER_WORDS,
            which=Subject.RESULT,
        ),
    ),
    Reading(
        "DataInspectionFailed",
        ("input text", "prompt"),
        content("The words did not pass the provider's content check.", _REFUSED_AGAIN, which=Subject.WORDS),
    ),
    Reading(
        "DataInspectionFailed",
        ("input image", "picture"),
        content("The picture did not pass the provider's content check.", _OTHER_FILE, which=Subject.PICTURE),
    ),
    Reading(
        "DataInspectionFailed",
        ("input video",),
        content("The clip did not pass the provider's content check.", _OTHER_FILE, which=Subject.VIDEO),
    ),
    Reading(
        "DataInspectionFailed",
        ("input audio",),
        content("The sound did not pass the provider's content check.", _OTHER_FILE, which=Subject.SOUND),
    ),
    Reading(
        "IPInfringementSuspect",
        ("output",),
        content(
            "What was made may show a protected brand or character, so it was held back.",
            _OTHER_WORDS,
            which=Subject.RESULT,
        ),
    ),
)

# The order matters: the first matching reading is taken, so the narrow ones come first.
_PARAMETERS = (
    Reading("InvalidParameter", ("url error",), studio("The studio used the wrong address for this model.")),
    Reading("InvalidParameter", ("model not exist",), NO_MODEL),
    Reading(
        "InvalidParameter",
        (
            "field required",
            "required parameter",
            "required body",
            "no messages found",
            "lack of image or text",
            "length only support",
        ),
        BAD_BODY,
    ),
    Reading("InvalidParameter", ("stream mode", "stream parameter"), _WRONG_WAY),
    Reading(
        "InvalidParameter",
        ("green network",),
        content(
            "The picture did not pass the provider's content check.", "Choose another picture.", which=Subject.PICTURE
        ),
    ),
    Reading(
        "InvalidParameter",
        ("size is not supported for the data inspection",),
        choices(
            "The picture, or the one to be made, is too small, too large or too narrow to be checked.",
            "Choose another shape or quality, or another picture.",
        ),
    ),
    Reading("InvalidParameter", ("download", "media resource", "the provided url"), LINK_FAILED),
    Reading(
        "InvalidParameter",
        ("image format", "decode the image", "files format", "corrupted file"),
        BAD_PICTURE,
    ),
    Reading("InvalidParameter", ("image length and width", "size of input image", "image size"), PICTURE_SIZE),
    Reading("InvalidParameter", ("data-uri",), TOO_LARGE),
    Reading(
        "InvalidParameter",
        ("audio duration", "audio length", "audio file", "input audio"),
        sound("The sound does not fit this model."),
    ),
    Reading(
        "InvalidParameter",
        ("video duration", "video length", "video file", "input video"),
        video("The clip that was given does not fit this model."),
    ),
    Reading(
        "InvalidParameter",
        ("num_images", "range of n "),
        choices("This model does not make so many pictures at once.", "Choose another number of pictures."),
    ),
    Reading(
        "InvalidParameter",
        ("duration",),
        choices("This model does not make clips of this length.", "Choose another length, or another model."),
    ),
    Reading(
        "InvalidParameter",
        ("size", "resolution"),
        choices("This model does not make this shape or quality.", "Choose another shape, or another model."),
    ),
    Reading(
        "InvalidParameter",
        ("input length", "prompt"),
        words("The provider did not accept the prompt.", _SHORTER),
    ),
    Reading(
        "InvalidParameter",
        ("seed",),
        choices("The provider did not accept the seed.", "Leave the seed empty."),
    ),
)

_REST = (
    Reading(
        "InvalidParameter.DataInspection",
        ("format is not supported",),
        file("A file is of a kind the provider's content check cannot read."),
    ),
    Reading(
        "InvalidURL",
        ("longer than", "larger than", "allowed types", "image format is"),
        file("A file does not fit this model."),
    ),
    Reading("AccessDenied", ("synchronous calls",), _WRONG_WAY),
    # The one error that the pages give no code: the header and the body disagree about streaming.
    Reading("", ("stream parameter",), _WRONG_WAY),
    Reading(
        "AccessDenied",
        ("policy expired",),
        provider("The permission to upload had expired.", "Try again.", kind=Kind.NO_CAPACITY),
    ),
    Reading("Throttling.AllocationQuota", ("free allocated", "free tier", "free quota"), FREE_QUOTA),
)

READINGS = (*_INSPECTED, *_PARAMETERS, *_REST)

# The name of a thing, by itself or as a part of a member's name: img_url, input.audio_url, first_frame; not text2video.
SUBJECTS: tuple[tuple[Subject, re.Pattern[str]], ...] = tuple(
    (subject, re.compile(rf"(?<![a-z0-9])(?:{names})s?(?![a-z0-9])|{endings}"))
    for subject, names, endings in (
        (Subject.SOUND, "audio|sound|voice|mp3|wav", r"\.(?:mp3|wav)\b"),
        (Subject.VIDEO, "video|clip", r"\.(?:mp4|mov)\b"),
        (Subject.PICTURE, "image|picture|img|first_frame|last_frame", r"\.(?:jpe?g|png|bmp|webp)\b"),
        (Subject.WORDS, "prompt|text|words", r"input text"),
    )
)
"""The names that identify the subject of a message, in search order."""

"""Prompt guides for clips: the vendor's formula part by part, with the words that its guide suggests for each.

Each family uses only the helpful parts: a clip that starts from a picture already has its subject.
"""

from datetime import date

from services.catalogue.schema import Guide, Part, Source

_GUIDE = Source(
    page="Text to video prompt guide",
    url="https://help.aliyun.com/zh/model-studio/text-to-video-prompt",
    checked=date(2026, 11, 22),
)

SUBJECT = Part(label="Subject", hint="Who or what it is about, and how they look.")
SCENE = Part(label="Scene", hint="Where it is, and what is around.")
MOTION = Part(label="Motion", hint="What moves: how far, how fast, and what comes of it.")
CAMERA = Part(
    label="Camera",
    hint="How the camera moves.",
    words=(
        "fixed camera",
        "push in",
        "pull out",
        "pan left",
        "pan right",
        "tilt up",
        "tilt down",
        "crane up",
        "tracking shot",
        "orbit",
        "handheld",
        "drone fly-through",
    ),
)
FRAMING = Part(
    label="Framing",
    hint="How near, from where, and through which lens.",
    words=(
        "extreme close-up",
        "close-up",
        "medium shot",
        "full shot",
        "wide shot",
        "eye level",
        "over the shoulder",
        "high angle",
        "low angle",
        "top-down",
        "aerial",
        "Dutch tilt",
        "wide lens",
        "telephoto",
        "fisheye",
        "symmetrical",
        "two-shot",
    ),
)
LIGHT = Part(
    label="Light",
    hint="Where it comes from, how hard it is, and the time of day.",
    words=(
        "daylight",
        "firelight",
        "moonlight",
        "neon light",
        "overcast",
        "soft light",
        "hard light",
        "side light",
        "backlight",
        "rim light",
        "dawn",
        "dusk",
        "sunset",
        "night",
    ),
)
TONE = Part(
    label="Colours",
    hint="The mood of the colours.",
    words=("warm tones", "cool tones", "mixed tones", "high saturation", "low saturation", "high contrast"),
)
STYLE = Part(
    label="Style",
    hint="What it should look like, if not like life.",
    words=(
        "3D cartoon",
        "clay",
        "felt",
        "puppet",
        "pixel art",
        "8-bit",
        "stop-motion paper",
        "black-and-white animation",
        "ink painting",
        "steampunk",
        "VHS",
        "tilt-shift",
        "time-lapse",
    ),
)
SPOKEN = Part(label="Spoken words", hint="What somebody says, word for word.", pattern='"{}"')
VOICE = Part(
    label="Voice",
    hint="Feeling, tone, speed and accent of who speaks.",
    words=("No dialogue.", "singing", "in dialect"),
)
SOUNDS = Part(
    label="Sounds",
    hint="What makes the sound, what it does, and how the place echoes.",
    words=("sounds of nature", "city ambience", "room ambience", "ASMR"),
)
MUSIC = Part(
    label="Music",
    hint="The style of the background music.",
    words=("beat-matched", "none"),
    pattern="background music: {}",
)

_SOUND = (SPOKEN, VOICE, SOUNDS, MUSIC)

FROM_WORDS = Guide(
    parts=(SUBJECT, SCENE, MOTION, FRAMING, CAMERA, LIGHT, TONE, STYLE, *_SOUND),
    source=_GUIDE,
)
FROM_PICTURE = Guide(parts=(MOTION, CAMERA, *_SOUND), source=_GUIDE)
BETWEEN_PICTURES = Guide(
    parts=(Part(label="Change", hint="What becomes of the first picture until it is the last one."), CAMERA),
    source=_GUIDE,
)
WITH_REFERENCES = Guide(
    parts=(
        Part(
            label="Who does what",
            hint="Name each reference as the form shows it, and say what it does.",
        ),
        SCENE,
        SPOKEN,
        VOICE,
        SOUNDS,
        MUSIC,
    ),
    source=_GUIDE,
)
CHANGING = Guide(
    parts=(
        Part(label="Change", hint="What should become different."),
        Part(label="Keep", hint="What should stay as it is.", pattern="keep {} as it is"),
        LIGHT,
        TONE,
        STYLE,
    ),
    source=_GUIDE,
)

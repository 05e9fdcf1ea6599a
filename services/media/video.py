"""Clips: their facts, and their defects under a limit.

Hides PyAV's reading side. Facts come from the packets' times, since headers lie and files break off; no picture is
decoded. Nothing here is asynchronous: call it from a thread.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.container
from av.error import FFmpegError
from av.stream import Disposition

from services.catalogue.schema import MB, VideoLimit
from services.domain.errors import FileRefused
from services.domain.problems import Fix, Repair
from services.media.facts import Defect, Unreadable, VideoFacts
from services.media.file_type import HEAD_BYTES, MATROSKA, Kind, look
from services.media.files import size_of
from services.media.mp4_boxes import Boxes, read_boxes
from services.media.shapes import encoded_frame, video_frame
from services.media.text import a, listed, megabytes, plain_name, seconds, sides, too_long

MAX_CLIP_BYTES = 1024 * MB
"""Larger clips are not opened. A clip is never read into memory, so this only bounds the time it takes."""

MAX_FRAME_PIXELS = 36_000_000
"""A little more than 8K (7680 × 4320). A decoder keeps a dozen such pictures; larger ones are not opened."""

DECODER_LIMIT = {"max_pixels": str(MAX_FRAME_PIXELS)}
"""FFmpeg's own option: a frame is never larger, regardless of the file's claims."""

COUNTED_SECONDS = 600.0
"""The end of counting: far beyond any limit."""

TOLERANCE_SECONDS = 0.05
"""The tolerated excess length of a clip: cameras and editors end it at a whole picture."""

TOLERANCE_FPS = 0.05
"""The tolerated deviation of the rate: 29.97 is called 30 everywhere, and a phone's rate wavers."""

_MOST_PACKETS = 1_000_000
_OPEN_SECONDS = 20
"""FFmpeg gives up by itself after so many seconds, in case a file makes it loop."""

_MISSING_SECONDS = 0.5
"""How much shorter than its header says a clip may be before it counts as cut off."""

_FORMATS = {"mov": "MP4", "avi": "AVI", "matroska": "MKV", "mpegts": "MPEG-TS", "asf": "WMV"}
"""The formats opened, by FFmpeg's name. Play lists and scripts are not: they open other files and addresses."""

_ODD_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""As for sound: titles may be in any encoding. Any: only the older versions know this argument."""


# Reading -------------------------------------------------------------------------------------------------------------


def read_video(path: Path, *, name: str | None = None) -> VideoFacts | Unreadable:
    """Return the facts of a clip, or a sentence that says why it is unusable.

    Never raises because of a file's contents. The length is that of the moving picture, right to some hundredths of a
    second, up to COUNTED_SECONDS; the rate is the mean of the pictures present. `name` is the person's name for the
    file, if the path has another.
    """
    spoken = plain_name(name or path.name)
    size = 0
    try:
        size = size_of(path, spoken, most=MAX_CLIP_BYTES)
        with path.open("rb") as file, opened(file, size, spoken) as film:
            times = _times(film)
            width, height = _seen(film)
            return VideoFacts(
                name=spoken,
                format=film.format,
                width=width,
                height=height,
                seconds=times.seconds,
                fps=round(times.fps, 3),
                bytes=size,
                sound=film.sound is not None,
                codec=film.stream.codec_context.name,
                whole=times.whole,
            )
    except FileRefused as refusal:
        return Unreadable(name=spoken, bytes=size, why=refusal.message)
    except (OSError, FFmpegError):
        return Unreadable(name=spoken, bytes=size, why=_not_a_clip(spoken))


@dataclass(frozen=True)
class Film:
    """An open clip: its moving picture, and its first sound track if it has one."""

    container: av.container.InputContainer
    stream: av.VideoStream
    sound: av.AudioStream | None
    format: str
    turned: bool
    """True if its header asks for a quarter turn."""
    spoken: str


@contextmanager
def opened(file: BinaryIO, size: int, spoken: str) -> Generator[Film, None, None]:
    """Yield the clip in an open file of `size` bytes, its claims bounded. Raises FileRefused."""
    boxes = _refuse_other_kinds(file, size, spoken)
    turned = boxes.turned or _is_turned(file, spoken)
    with _container(file, spoken) as container:
        sound = next((one for one in container.streams.audio if _is_known(one)), None)
        # A cover picture counts as a video stream, but is not one.
        films = (one for one in container.streams.video if not one.disposition & Disposition.attached_pic)
        stream = next(films, None)
        if stream is None:
            what = "is a sound file: it has no picture" if container.streams.audio else "has no picture in it"
            raise FileRefused(f"{spoken} {what}. Please choose a clip.")
        if not _is_known(stream):
            raise FileRefused(f"{spoken} is in a coding that cannot be read here. Please save it as MP4 (H.264) first.")
        _refuse_huge(stream, spoken)
        yield Film(container, stream, sound, _format_name(container, stream, boxes), turned, spoken)


def _container(file: BinaryIO, spoken: str) -> av.container.InputContainer:
    file.seek(0)
    options = {"format_whitelist": ",".join(_FORMATS), **DECODER_LIMIT}
    try:
        # An open file, not a path: FFmpeg takes a path for an address, and believes its ending.
        return av.open(file, "r", options=options, timeout=_OPEN_SECONDS, buffer_size=MB, **_ODD_TAGS)
    except (FFmpegError, OSError, ValueError) as error:
        raise FileRefused(_not_a_clip(spoken)) from error


def _is_turned(file: BinaryIO, spoken: str) -> bool:
    """Return True if a Matroska clip has a quarter turn, which is known only once its first picture is decoded."""
    file.seek(0)
    if file.read(len(MATROSKA)) != MATROSKA:
        return False
    with _container(file, spoken) as container:
        try:
            container.streams.video[0].codec_context.options = DECODER_LIMIT
            return next(container.decode(video=0)).rotation % 180 != 0
        except (FFmpegError, StopIteration, IndexError, AttributeError, ValueError):
            return False  # no readable picture: the rest of the reading reports it


def _is_known(stream: av.VideoStream | av.AudioStream) -> bool:
    # PyAV's types do not show it: a stream in a coding unknown to FFmpeg has no context.
    return getattr(stream, "codec_context", None) is not None


def _refuse_other_kinds(file: BinaryIO, size: int, spoken: str) -> Boxes:
    """Refuse a file that is no clip, with a kind message that names its type, and check a possible clip for traps."""
    file.seek(0)
    match look(file.read(HEAD_BYTES)):
        case Kind.PICTURE:
            raise FileRefused(f"{spoken} is a picture. Please choose a clip.")
        case Kind.SOUND:
            raise FileRefused(f"{spoken} is a sound file: it has no picture. Please choose a clip.")
        case Kind.UNKNOWN:
            raise FileRefused(_not_a_clip(spoken))
        case Kind.FILM:
            pass
    boxes = read_boxes(file, size)
    if boxes.bomb:
        raise FileRefused(_not_a_clip(spoken))
    if boxes.brand and not boxes.whole:
        raise FileRefused(f"{spoken} is cut off: its end is missing. Please save or download it again.")
    return boxes


def _refuse_huge(stream: av.VideoStream, spoken: str) -> None:
    pixels = stream.codec_context.width * stream.codec_context.height
    if pixels > MAX_FRAME_PIXELS:
        limit = MAX_FRAME_PIXELS // 1_000_000
        found = -(-pixels // 1_000_000)
        raise FileRefused(f"{spoken} has {found:,} megapixels. Clips above {limit} megapixels are not opened.")
    if pixels <= 0:
        # FFmpeg found no size, or one so large that it would not decode.
        raise FileRefused(_no_picture(spoken))


def _no_picture(spoken: str) -> str:
    return f"{spoken} has no picture that can be read. Please choose another clip."


def _not_a_clip(spoken: str) -> str:
    return f"{spoken} is not a clip that can be read. Please choose another one."


def _format_name(container: av.container.InputContainer, stream: av.VideoStream, boxes: Boxes) -> str:
    name = container.format.name.split(",")[0]
    if name == "mov":
        return "MOV" if boxes.brand in {"", "qt  "} else "MP4"
    if name == "matroska" and stream.codec_context.name in {"vp8", "vp9", "av1", "libdav1d"}:
        return "WEBM"
    return _FORMATS.get(name, name.upper())


def _seen(film: Film) -> tuple[int, int]:
    width, height = film.stream.codec_context.width, film.stream.codec_context.height
    return (height, width) if film.turned else (width, height)


@dataclass(frozen=True)
class _Times:
    seconds: float
    fps: float
    whole: bool


def _times(film: Film) -> _Times:
    """Return the length by the packets' times, and the rate by their number. Raises FileRefused if there are none."""
    tick = float(film.stream.time_base or 0)  # once: making a fraction of each packet takes longer than reading it
    first, last, end, count, whole = 0, 0, 0, 0, True
    try:
        for packet in film.container.demux(film.stream):
            moment = packet.dts if packet.pts is None else packet.pts
            if moment is None or packet.is_discard:
                continue  # the end; or a picture that an editor left in the file and wants unseen
            whole = whole and not packet.is_corrupt
            first, last = (min(first, moment), max(last, moment)) if count else (moment, moment)
            end = max(end, moment + (packet.duration or 0))
            count += 1
            if (last - first) * tick >= COUNTED_SECONDS or count >= _MOST_PACKETS:
                return _Times(COUNTED_SECONDS, count / max((end - first) * tick, 1e-3), True)
    except FFmpegError:
        whole = False  # the file breaks off here: its length ends here
    if end <= last and count > 1:
        end = last + round((last - first) / (count - 1))  # the last picture is shown as long as the others
    length = (end - first) * tick
    if count == 0 or length <= 0:
        raise FileRefused(_no_picture(film.spoken))
    told = (film.stream.duration or 0) * tick
    return _Times(min(length, COUNTED_SECONDS), count / length, whole and told - length <= _MISSING_SECONDS)


# Checking ------------------------------------------------------------------------------------------------------------


def video_defects(facts: VideoFacts, limit: VideoLimit) -> tuple[Defect, ...]:
    """Return all defects of a clip under a limit, each with the number found and the number needed.

    No repair is offered if none could make the clip fit: none makes a clip longer, and all of them end in MP4.
    """
    found = (
        _format_defect(facts, limit),
        _whole_defect(facts),
        _seconds_defect(facts, limit),
        _sides_defect(facts, limit),
        _ratio_defect(facts, limit),
        _fps_defect(facts, limit),
        _bytes_defect(facts, limit),
    )
    is_lost = facts.seconds < limit.min_seconds or "MP4" not in limit.formats
    return tuple(replace(defect, fix=None) if is_lost else defect for defect in found if defect)


def _format_defect(facts: VideoFacts, limit: VideoLimit) -> Defect | None:
    if facts.format in limit.formats:
        return None
    message = f"{plain_name(facts.name)} is {a(facts.format)} file. It must be {listed(limit.formats)}."
    return Defect(message=message, fix=Fix(Repair.CONVERT, "Save as MP4"))


def _whole_defect(facts: VideoFacts) -> Defect | None:
    if facts.whole:
        return None
    message = f"{plain_name(facts.name)} is damaged or cut off after {seconds(facts.seconds)}."
    return Defect(message=message, fix=Fix(Repair.CONVERT, "Keep what can be read"))


def _seconds_defect(facts: VideoFacts, limit: VideoLimit) -> Defect | None:
    wanted = f"It must be {limit.min_seconds:g} to {limit.max_seconds:g} s long."
    name = plain_name(facts.name)
    if facts.seconds > limit.max_seconds + TOLERANCE_SECONDS:
        over = facts.seconds >= COUNTED_SECONDS
        length = f"over {COUNTED_SECONDS / 60:g} minutes" if over else seconds(facts.seconds, up=True)
        fix = Fix(Repair.TRIM, f"Keep the first {limit.max_seconds:g} s")
        return Defect(message=f"{name} is {length} long. {wanted}", fix=fix)
    if facts.seconds < limit.min_seconds:
        return Defect(message=f"{name} is {seconds(facts.seconds, up=False)} long. {wanted}")
    return None


def _sides_defect(facts: VideoFacts, limit: VideoLimit) -> Defect | None:
    low, high = limit.min_side or 1, limit.max_side
    found = (facts.width, facts.height)
    if min(found) >= low and (high is None or max(found) <= high):
        return None
    wanted = _span(limit.min_side, high)
    message = f"{plain_name(facts.name)} is {sides(*found)} px. Each side must be {wanted} px."
    return Defect(message=message, fix=_shape_fix(facts, limit))


def _ratio_defect(facts: VideoFacts, limit: VideoLimit) -> Defect | None:
    if limit.longest_ratio is None or not video_frame(limit).is_long(facts.width, facts.height):
        return None
    message = too_long(facts.name, (facts.width, facts.height), longest_ratio=limit.longest_ratio)
    return Defect(message=message, fix=_shape_fix(facts, limit))


def _shape_fix(facts: VideoFacts, limit: VideoLimit) -> Fix:
    frame = encoded_frame(limit)
    target = sides(*frame.fitted(facts.width, facts.height))
    if frame.is_cropped(facts.width, facts.height):
        return Fix(Repair.CROP, f"Crop to {target}")
    return Fix(Repair.RESIZE, f"Resize to {target}")


def _fps_defect(facts: VideoFacts, limit: VideoLimit) -> Defect | None:
    low, high = limit.min_fps, limit.max_fps
    too_few = low is not None and facts.fps < low - TOLERANCE_FPS
    too_many = high is not None and facts.fps > high + TOLERANCE_FPS
    if not (too_few or too_many):
        return None
    message = f"{plain_name(facts.name)} has {facts.fps:.4g} pictures a second. It must have {_span(low, high)}."
    return Defect(message=message, fix=Fix(Repair.CONVERT, f"Make it {low if too_few else high:g} a second"))


def _span(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}"


def _bytes_defect(facts: VideoFacts, limit: VideoLimit) -> Defect | None:
    if facts.bytes <= limit.max_bytes:
        return None
    most = megabytes(limit.max_bytes, up=False)
    message = f"{plain_name(facts.name)} is {megabytes(facts.bytes)}. It must be at most {most}."
    return Defect(message=message, fix=Fix(Repair.COMPRESS, f"Make it {most} or less"))

"""Check that a downloaded clip or picture is complete. Hides PyAV.

A correct length proves little: the vendor's own file may be cut short, or end in garbage. So every packet is read, and
the end is decoded from the last key frame. It takes about a second. A picture is decoded to its last pixel when it is
stored; here only its end is checked. Call it from a thread.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import av
from av.error import FFmpegError

from services.media.facts import VideoFacts
from services.media.video import read_video

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_TAIL_BYTES = 4096
_OF_BOXES = frozenset({"MP4", "MOV"})


def clip_is_whole(path: Path) -> bool:
    """Return whether a clip can be read from start to end. Never raises because of the file's contents."""
    facts = read_video(path, name=path.name)
    return isinstance(facts, VideoFacts) and facts.whole and _has_all_bytes(path, facts) and _ends_well(path)


def _has_all_bytes(clip: Path, facts: VideoFacts) -> bool:
    """Return True if no top-level box of an MP4 claims to extend past the end of the file: sound may come last."""
    if facts.format not in _OF_BOXES:
        return True
    size, start = facts.bytes, 0
    with clip.open("rb") as file:
        while start + 8 <= size:
            file.seek(start)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:  # the true length follows the name
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                return True  # 0 means "to the end of the file"; anything else is no box: FFmpeg has judged it
            start += length
    return start <= size


def _ends_well(clip: Path) -> bool:
    """Return whether the frames from the last key frame on can be decoded."""
    try:
        with clip.open("rb") as file, av.open(file, "r") as container:
            stream = container.streams.video[0]
            if stream.duration:
                container.seek((stream.start_time or 0) + stream.duration, stream=stream)
            # Frames before the last may depend on frames that were skipped: their defects mean nothing.
            last = deque(container.decode(stream), maxlen=1)
            return bool(last) and not last[0].is_corrupt
    except (FFmpegError, OSError, IndexError, ValueError):
        return False


def picture_is_whole(path: Path) -> bool:
    """Return whether a picture's last bytes exist: a PNG can be shown without them.

    Never raises because of the file's contents.
    """
    with path.open("rb") as file:
        if file.read(len(_PNG)) != _PNG:
            return True  # for other formats the decoder notices a missing end
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return _PNG_END in file.read()

"""Facts of media files, checks against limits, and repairs.

The readers and repairs open files and take time: call them from a thread. The checks are pure.
"""

from services.media.audio import audio_defects, read_audio, repair_audio
from services.media.image import image_defects, read_image
from services.media.image_repair import match_image, repair_image
from services.media.read_any import read_file
from services.media.video import read_video, video_defects
from services.media.video_repair import repair_video

__all__ = [
    "audio_defects",
    "image_defects",
    "match_image",
    "read_audio",
    "read_file",
    "read_image",
    "read_video",
    "repair_audio",
    "repair_image",
    "repair_video",
    "video_defects",
]

"""Clips: their facts, and what a limit has to say against them."""

from __future__ import annotations

from services.catalogue.schema import VideoLimit
from services.media.facts import Defect, VideoFacts


def video_defects(facts: VideoFacts, limit: VideoLimit) -> tuple[Defect, ...]:
    """What is wrong with a clip."""
    raise NotImplementedError(facts, limit)

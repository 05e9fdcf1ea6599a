"""Tests of `services.media.metadata`."""

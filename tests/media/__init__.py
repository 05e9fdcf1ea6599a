"""Tests of `services.media`."""

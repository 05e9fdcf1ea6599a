"""Tests of `services.gallery`."""
